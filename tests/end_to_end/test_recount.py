"""Every figure in every report of the demo year, counted anew from the files of its inbox."""

from __future__ import annotations

import ast
import copy
import dataclasses
import email
import email.policy
import json
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, select

from bench.stages import composed
from end_to_end.year_world import Year, whole_year
from recount import marks
from recount.reports import Report, Step, recount, stored
from roadmap.plan.load import load_plan
from roadmap.plan.zone import home_time
from roadmap.reports.checks.leak import Registry, check_leak, read_registry
from roadmap.reports.compose import load_model
from roadmap.reports.formats.letter import Envelope, LetterText, render_letter
from roadmap.reports.model import Addressee
from roadmap.store.tables import delivery, phase_run, report, run_outcome
from support.march_world import MARCH
from support.moved_on import letters_again_by, moved_on

ROOT = Path(__file__).resolve().parents[2]
PHASES = (
    "march_analysis",
    "march_analysis",  # again, on a corrected file
    "june_monitoring",
    "august_analysis",
    "september_monitoring",
    "december_summary",
)
ADDRESSEES = 13  # twelve municipalities and the department
READERS = {"python_calamine", "yaml"}
TAMPERED = 30

# The first test waits for a whole year, which takes minutes where others run beside it.
pytestmark = pytest.mark.timeout(1500)

Model = dict[str, Any]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    """The demo year, every letter sent."""
    with whole_year(tmp_path_factory.mktemp("year")) as done:
        yield done


@pytest.fixture(scope="module")
def steps(year: Year) -> list[Step]:
    return recount(ROOT, [(step.phase, step.folder) for step in year.steps])


@pytest.fixture(scope="module")
def models(year: Year) -> list[list[Model]]:
    return stored(year.database)


def test_the_recount_shares_no_code_with_the_library():
    ours = {path.stem for path in (ROOT / "plugins").iterdir()}
    files = sorted((ROOT / "tests" / "recount").glob("*.py"))
    imported = {
        name.split(".")[0]
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in _imported(node)
    }
    assert len(files) >= 8
    assert "roadmap" in ours
    assert not imported & ours
    assert imported <= READERS | {"recount"} | set(sys.stdlib_module_names)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_every_phase_of_the_year_is_settled(year: Year):
    assert tuple(step.phase for step in year.steps) == PHASES
    for step in year.steps:
        assert step.outcome.is_settled, f"{step.phase}: {step.outcome.text}"


def test_no_package_of_the_year_is_held_and_in_other_hands_many_would_be(year: Year):
    """Every letter and file of all phases passed the leak check, which sees what is foreign.

    The same letters, read as if they went to the next municipality, are leaks.
    """
    passed, held = 0, set()
    for run_id, registry, addressees in _runs(year):
        for addressee, other in zip(addressees, [*addressees[1:], addressees[0]], strict=True):
            letter = _letter_of(year, run_id, addressee)
            own, theirs = _reader(addressee), _reader(other)
            assert check_leak(own, registry, letter, ()) == ()
            passed += 1
            if check_leak(theirs, registry, letter, ()):
                held.add((run_id, addressee))
    assert passed == (ADDRESSEES - 1) * len(PHASES)
    assert len(held) >= ADDRESSEES - 1
    with year.place.engine.connect() as db:
        outcomes = Counter(db.execute(select(run_outcome.c.outcome)).scalars())
    assert set(outcomes) == {"planned", "suppressed"}
    assert outcomes["planned"] >= ADDRESSEES * len(set(PHASES))


def _runs(year: Year) -> list[tuple[str, Registry, list[str]]]:
    """Each run, its registry, its municipalities."""
    with year.place.engine.connect() as db:
        ids = db.execute(select(phase_run.c.run_id).order_by(phase_run.c.started_ms)).scalars()
        return [(run_id, read_registry(db, run_id), _municipalities(db, run_id)) for run_id in ids]


def _municipalities(db: Connection, run_id: str) -> list[str]:
    stored = select(report.c.municipality_id).where(report.c.run_id == run_id)
    return sorted(one for one in db.execute(stored).scalars() if one != "region")


def _letter_of(year: Year, run_id: str, addressee: str) -> LetterText:
    with year.place.engine.connect() as db:
        model = load_model(db, run_id, addressee)
    return render_letter(
        model, Envelope(1, None, (), None, datetime(2021, 12, 31, tzinfo=UTC), home_time()), ()
    )


def _reader(municipality_id: str) -> Addressee:
    name = municipality_id
    return Addressee(municipality_id=name, name=name, genitive=name, short_name=name)


def test_every_figure_of_every_report_is_recounted(steps: list[Step], models: list[list[Model]]):
    objections, looked_at = [], 0
    assert [len(reports) for reports in models] == [ADDRESSEES] * len(PHASES)
    for step, reports in zip(steps, models, strict=True):
        for model in reports:
            assert model["phase"] == step.phase["code"]
            report = Report(model, step)
            objections += report.objections()
            looked_at += report.looked_at
    assert objections == []
    assert looked_at > 150_000


def test_a_changed_figure_is_found(steps: list[Step], models: list[list[Model]]):
    chance = random.Random(2021)
    kinds = set()
    for _ in range(TAMPERED):
        step, reports = chance.choice(list(zip(steps, models, strict=True)))
        model = copy.deepcopy(chance.choice(reports))
        value = chance.choice(list(_figures(model)))
        before = json.dumps(value, ensure_ascii=False)
        kinds.add(value["kind"])
        _change(value)
        assert Report(model, step).objections(), f"{before} was changed in {model['occasion']}"
    assert kinds >= {"share", "count"}


def _figures(node: Any) -> Iterator[dict[str, Any]]:
    """Numbers of tables and charts, and what is hidden; key figures only repeat them."""
    if isinstance(node, dict):
        if node.get("kind") in {"share", "count", "mean", "suppressed"}:
            yield node
        for name, child in node.items():
            if name != "key_figures":
                yield from _figures(child)
    elif isinstance(node, list):
        for child in node:
            yield from _figures(child)


def _change(value: dict[str, Any]) -> None:
    match value["kind"]:
        case "share":
            value["numerator"] += 1 if value["numerator"] < value["denominator"] else -1
        case "count":
            value["n"] += 1
        case "mean":
            value["total"] += 1
        case "suppressed":
            value.clear()
            value.update(kind="count", n=3)


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("headline", lambda text: text.replace("Исполнено 3", "Исполнено 4")),
        ("lead", lambda text: text.replace("№\xa06 и\xa011", "№\xa06")),
        ("figure", lambda text: text.replace("1 из", "2 из")),
        ("status", lambda text: text.replace("частично", "")),
    ],
)
def test_a_changed_sentence_is_found(steps: list[Step], models: list[list[Model]], place, change):
    number = PHASES.index("june_monitoring")
    model = copy.deepcopy(
        next(m for m in models[number] if m["addressee"]["municipality_id"] == "buyskiy")
    )
    letter = model["letter"]
    before = json.dumps(letter, ensure_ascii=False)
    if place == "headline":
        letter["headline"] = change(letter["headline"])
    elif place == "lead":
        letter["lead"] = [change(text) for text in letter["lead"]]
    else:
        for row in letter["figures"]["rows"]:
            cell = row["cells"][0 if place == "figure" else 1]["value"]
            cell["text"] = change(cell["text"])
    assert json.dumps(letter, ensure_ascii=False) != before
    assert Report(model, steps[number]).objections()


def test_a_changed_mark_in_a_file_is_found(year: Year, models: list[list[Model]], tmp_path: Path):
    number = PHASES.index("june_monitoring")
    seen = [(step.phase, step.folder) for step in year.steps[: number + 1]]
    folder = shutil.copytree(year.steps[number].folder, tmp_path / "seen")
    log = folder / "2021" / "attendance" / "webinar-2021-06.csv"
    log.write_bytes(log.read_bytes().replace("да".encode("cp1251"), "нет".encode("cp1251"), 1))
    seen[-1] = seen[-1][0], folder
    step = recount(ROOT, seen)[-1]
    assert any(Report(model, step).objections() for model in models[number])


def test_another_rule_is_found(
    steps: list[Step], models: list[list[Model]], monkeypatch: pytest.MonkeyPatch
):
    """A threshold that is not reached by exactly 30 %."""
    monkeypatch.setattr(marks, "THRESHOLD", 30.01)
    kostroma = next(m for m in models[0] if m["addressee"]["municipality_id"] == "kostroma")
    assert Report(kostroma, steps[0]).objections()


def test_a_table_that_nobody_recounts_is_an_objection(steps: list[Step], models: list[list[Model]]):
    model = copy.deepcopy(models[2][0])
    tables = [block for block in model["document"]["blocks"] if block["kind"] == "table"]
    tables[0]["id"] = "unheard-of"
    assert any("nobody recounts" in text for text in Report(model, steps[2]).objections())


# -- Made again --------------------------------------------------------------------------------


def test_every_letter_of_the_year_is_made_again_byte_for_byte_whatever_moved_on(
    year: Year, tmp_path: Path
) -> None:
    """From its run's id, by a repository whose plan, templates and program were edited since."""
    engine = year.place.engine
    with engine.connect() as connection:
        runs = connection.scalars(select(phase_run.c.run_id).order_by(phase_run.c.started_ms)).all()
        letters = connection.scalar(select(func.count()).select_from(delivery))
    assert len(runs) == len(PHASES)
    again = letters_again_by(moved_on(tmp_path / "later"), engine, list(runs))
    assert len(again) == letters > 5 * ADDRESSEES
    assert [letter.delivery_id for letter in again if not letter.is_same] == []
    sent = {message.get("X-Report-Key"): message for message in year.letters.all()}
    for letter in again:
        assert letter.rfc822 is not None
        made = email.message_from_bytes(letter.rfc822, policy=email.policy.default)
        assert made.as_bytes() == sent[letter.delivery_id].as_bytes()


@pytest.mark.parametrize("phase", sorted(set(PHASES)))
def test_a_phase_run_again_at_the_end_of_the_year_corrects_nobody(
    year: Year, models: list[list[Model]], phase: str
):
    """What came in since, the date of a schedule among it, says nothing new of the phase's day.

    `models` are read before there are more runs than those of the year.
    """
    engine, plan = year.place.engine, load_plan("2021")
    sent = _hashes(engine, year.steps[_last(phase)].outcome.run_id)
    again = dataclasses.replace(MARCH, phase=phase, mode="dry")
    now_ms = time.time_ns() // 1_000_000
    run_id, addressees = composed(engine, plan, again, year.place.settings.reply_to, now_ms)
    assert len(addressees) == ADDRESSEES
    assert _hashes(engine, run_id) == sent


def _last(phase: str) -> int:
    return max(place for place, one in enumerate(PHASES) if one == phase)


def _hashes(engine: Engine, run_id: str) -> dict[str, str]:
    of_run = select(report.c.municipality_id, report.c.content_sha256)
    with engine.connect() as db:
        found = db.execute(of_run.where(report.c.run_id == run_id))
        return {row.municipality_id: row.content_sha256 for row in found}
