# `make` lists the targets. CI calls the same ones.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3.11
# Whole files side by side, one worker per core: fixtures of a file are made once. In the order
# of their folders, which has the few slow tests of whole runs first: xdist's own order has the
# files with the most tests first, and ends with one core at the slowest.
PYTEST_ARGS ?= -n auto --dist loadfile --no-loadscope-reorder
# Of each fault on each database, in `make faults`.
ROUNDS ?= 20
PORT ?= 8080
PHASE ?= march_analysis
YEAR ?= 2021
FROM ?=
AS_OF ?=
KNOWN_AT ?=
KNOWN_BY ?= loaded
MODE ?= live
MUNICIPALITIES ?=
REASON ?=
SAMPLE ?=
RUN ?=
TO ?=
MUNICIPALITY ?=
INDICATOR ?=
DATASET ?=
FILE ?=
# Their values reach the shell as values, whatever quotes are in them.
export FROM AS_OF KNOWN_AT MODE SAMPLE MUNICIPALITIES REASON RUN TO MUNICIPALITY INDICATOR QUERY DATASET FILE

VENV := .venv
PY := PYTHONPATH=plugins $(VENV)/bin/python
RUNTIME := $(VENV)/.runtime
TOOLS := $(VENV)/.tools

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(RUNTIME): requirements.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

$(TOOLS): $(RUNTIME) requirements-dev.txt
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

.PHONY: run
run: $(RUNTIME) ## the demo year, five phases in a real Airflow: UI, mailbox, letters (PORT=8080)
	exec env $(PY) -m roadmap_cli.run --port $(PORT)

.PHONY: phase
phase: $(RUNTIME) ## one phase in the foreground (PHASE= YEAR= AS_OF= KNOWN_AT= KNOWN_BY=loaded|received MODE=live|redirect|dry SAMPLE= MUNICIPALITIES= REASON=)
	exec env $(PY) -m roadmap_cli.phase --phase $(PHASE) --year $(YEAR) --as-of "$$AS_OF" \
		--known-at "$$KNOWN_AT" --known-by $(KNOWN_BY) --mode "$$MODE" --sample "$$SAMPLE" --municipalities "$$MUNICIPALITIES" \
		--reason "$$REASON" --port $(PORT)

.PHONY: new-year
new-year: $(RUNTIME) ## the draft plan of a year (YEAR=2027 FROM=2021)
	exec env $(PY) -m roadmap_cli.new_year --year $(YEAR) --from "$$FROM"

.PHONY: check-plan
check-plan: $(RUNTIME) ## all that is wrong with a plan's file, or what is left to fill in (FILE=include/plans/2027.yaml)
	@exec env $(PY) -m roadmap_cli.check_plan --file "$$FILE"

.PHONY: explain
explain: $(RUNTIME) ## where a number comes from (RUN=latest:march_analysis MUNICIPALITY=region INDICATOR=6.2, QUERY=1: the query, too)
	@exec env $(PY) -m roadmap_cli.explain --run "$$RUN" --municipality "$$MUNICIPALITY" \
		--indicator "$$INDICATOR" --query "$$QUERY"

.PHONY: letter
letter: $(RUNTIME) ## a run's letters made again from what it kept (RUN=latest:june_monitoring TO=buyskiy)
	@exec env $(PY) -m roadmap_cli.letter --run "$$RUN" --to "$$TO"

.PHONY: why
why: $(RUNTIME) ## why a municipality got nothing (MUNICIPALITY=buyskiy PHASE=march_analysis YEAR=2021, or RUN=); without it, how the phase stands
	@exec env $(PY) -m roadmap_cli.why --municipality "$$MUNICIPALITY" --phase "$(PHASE)" \
		--year $(YEAR) --run "$$RUN"

.PHONY: rejected
rejected: $(RUNTIME) ## which files and rows are not accepted, and why, whenever they were read (YEAR=2021 DATASET=contacts)
	@exec env $(PY) -m roadmap_cli.rejected --year $(YEAR) --dataset "$$DATASET"

.PHONY: overdue
overdue: $(RUNTIME) ## do letters wait while nobody sends them? exit 1 if so; for cron, beside Airflow
	@exec env $(PY) -m roadmap_cli.overdue

.PHONY: test
test: $(TOOLS) ## set up and pass all tests; what can't be installed is listed at the end
	tests/install_system_software
	$(VENV)/bin/python -m pytest $(PYTEST_ARGS)

.PHONY: faults
faults: $(TOOLS) ## kill senders at every point of their way, hundreds of times; a table at the end (ROUNDS=20)
	tests/install_system_software
	FAULTS_ROUNDS=$(ROUNDS) $(VENV)/bin/python -m pytest $(PYTEST_ARGS) -o timeout=3600 tests/faults \
		tests/unit/delivery/ledger/test_ledger_machine.py

.PHONY: lint
lint: $(TOOLS) ## ruff (with Airflow's AIR rules), mypy, import-linter, the compose file's schema
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	PYTHONPATH=plugins:. $(VENV)/bin/lint-imports
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yaml

.PHONY: bench
bench: $(TOOLS) ## the figures of speed, as ratios taken in one run
	PYTHONPATH=plugins:. $(VENV)/bin/python -m bench

.PHONY: lock
lock: ## write requirements.txt and requirements-dev.txt anew, for Python 3.11 to 3.13
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv
	for name in requirements requirements-dev; do
		UV_CUSTOM_COMPILE_COMMAND="make lock" $(VENV)/bin/uv pip compile --quiet --universal \
			--python-version 3.11 --generate-hashes $$name.in --output-file $$name.txt
	done

.PHONY: clean
clean: ## forget the demo: databases, files, letters (var/)
	rm -rf var
