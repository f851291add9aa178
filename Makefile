# `make` lists the targets, in Russian: the operator reads them. CI calls the same ones.
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
YEAR ?=
# Whoever still writes YEAR=2027 means the plan of that year, never another one.
PLAN ?= $(or $(YEAR),2021)
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
export YEAR FROM AS_OF KNOWN_AT MODE SAMPLE MUNICIPALITIES REASON RUN TO MUNICIPALITY INDICATOR QUERY DATASET FILE

VENV := .venv
PY := PYTHONPATH=plugins $(VENV)/bin/python
RUNTIME := $(VENV)/.runtime
TOOLS := $(VENV)/.tools

.PHONY: help
help: ## показать этот перечень
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(RUNTIME): requirements.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

$(TOOLS): $(RUNTIME) requirements-dev.txt
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

.PHONY: run
run: $(RUNTIME) ## учебный год в настоящем Airflow: пять этапов, страница Airflow, почтовый ящик, письма (PORT=8080)
	exec env $(PY) -m roadmap_cli.run --port $(PORT)

.PHONY: phase
phase: $(RUNTIME) ## один этап в этом окне (PHASE= PLAN= AS_OF= KNOWN_AT= KNOWN_BY=loaded|received MODE=live|redirect|dry SAMPLE= MUNICIPALITIES= REASON=)
	exec env $(PY) -m roadmap_cli.phase --phase $(PHASE) --plan $(PLAN) --as-of "$$AS_OF" \
		--known-at "$$KNOWN_AT" --known-by $(KNOWN_BY) --mode "$$MODE" --sample "$$SAMPLE" --municipalities "$$MUNICIPALITIES" \
		--reason "$$REASON" --port $(PORT)

.PHONY: new-year
new-year: $(RUNTIME) ## черновик плана нового года (PLAN=2027 FROM=2021; у кода не вида 2027 — и YEAR=2027)
	exec env $(PY) -m roadmap_cli.new_year --plan $(PLAN) --year "$$YEAR" --from "$$FROM"

.PHONY: check-plan
check-plan: $(RUNTIME) ## все ошибки файла плана, или что осталось заполнить (FILE=include/plans/2027.yaml)
	@exec env $(PY) -m roadmap_cli.check_plan --file "$$FILE"

.PHONY: forms
forms: $(RUNTIME) ## бланки с перечнями для тех, кто заполняет сведения, в var/forms (PLAN=2021)
	@exec env $(PY) -m roadmap_cli.forms --plan $(PLAN)

.PHONY: explain
explain: $(RUNTIME) ## откуда взялось число (RUN=latest:march_analysis MUNICIPALITY=region INDICATOR=6.2; QUERY=1 — и запрос)
	@exec env $(PY) -m roadmap_cli.explain --run "$$RUN" --municipality "$$MUNICIPALITY" \
		--indicator "$$INDICATOR" --query "$$QUERY"

.PHONY: letter
letter: $(RUNTIME) ## письма запуска ещё раз, из того, что он сохранил (RUN=latest:june_monitoring TO=buyskiy)
	@exec env $(PY) -m roadmap_cli.letter --run "$$RUN" --to "$$TO"

.PHONY: why
why: $(RUNTIME) ## почему муниципалитет ничего не получил (MUNICIPALITY=buyskiy PHASE=march_analysis PLAN=2021 или RUN=); без него — как стоит этап
	@exec env $(PY) -m roadmap_cli.why --municipality "$$MUNICIPALITY" --phase "$(PHASE)" \
		--plan $(PLAN) --run "$$RUN"

.PHONY: rejected
rejected: $(RUNTIME) ## какие файлы и строки не приняты и почему, когда бы их ни прочитали (PLAN=2021 DATASET=contacts)
	@exec env $(PY) -m roadmap_cli.rejected --plan $(PLAN) --dataset "$$DATASET"

.PHONY: overdue
overdue: $(RUNTIME) ## не ждут ли письма, пока никто их не отправляет; если да, код завершения 1; для cron, рядом с Airflow
	@exec env $(PY) -m roadmap_cli.overdue

.PHONY: test
test: $(TOOLS) ## установить нужное и прогнать все тесты; чего установить нельзя, перечислено в конце
	tests/install_system_software
	$(VENV)/bin/python -m pytest $(PYTEST_ARGS)

.PHONY: faults
faults: $(TOOLS) ## прервать отправку в каждой точке её пути, сотни раз; в конце таблица (ROUNDS=20)
	tests/install_system_software
	FAULTS_ROUNDS=$(ROUNDS) $(VENV)/bin/python -m pytest $(PYTEST_ARGS) -o timeout=3600 tests/faults \
		tests/unit/delivery/ledger/test_ledger_machine.py

.PHONY: lint
lint: $(TOOLS) ## ruff (с правилами AIR), mypy, import-linter, схема файла compose
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	PYTHONPATH=plugins:. $(VENV)/bin/lint-imports
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yaml

.PHONY: bench
bench: $(TOOLS) ## скорость, как отношения, измеренные за один запуск
	PYTHONPATH=plugins:. $(VENV)/bin/python -m bench

.PHONY: lock
lock: ## записать requirements.txt и requirements-dev.txt заново, для Python 3.11–3.13
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv
	for name in requirements requirements-dev; do
		UV_CUSTOM_COMPILE_COMMAND="make lock" $(VENV)/bin/uv pip compile --quiet --universal \
			--python-version 3.11 --generate-hashes $$name.in --output-file $$name.txt
	done

.PHONY: clean
clean: ## забыть учебный год: базы, файлы, письма (var/)
	rm -rf var
