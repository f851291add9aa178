"""The letter that reminds of a due date: who gets one, and what it says."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, insert, select

from roadmap.reports.checks.leak import RegistrySchool
from roadmap.reports.compose import compose, load_model
from roadmap.reports.formats.letter import Envelope, render_letter
from roadmap.reports.model import ReportModel
from roadmap.reports.package import render_package
from roadmap.store.tables import indicator_gap, run_municipality
from support.analysis_rows import ANSWERS_TO, RUN, MadeMunicipality, MadeRun, MadeSchool, plan
from support.plans import whole_plan

ACTS = "reminder/2021-03-31/14"  # of measure 5, 17.03.2021
YEAR_END = "reminder/2021-12-31/3"  # of measures 11 and 17


def municipality(key: str, **more: object) -> MadeMunicipality:
    name = f"{key.capitalize()} муниципальный район"
    schools = [MadeSchool(f"{key}-1", "Школа № 2 (условная)"),
               MadeSchool(f"{key}-2", "Школа № 10 (условная)")]  # fmt: skip
    return MadeMunicipality(key, name, name, key, schools=schools, **more)  # type: ignore[arg-type]


def run_of(phase: str, *municipalities: MadeMunicipality) -> MadeRun:
    as_of = plan().phase(phase).as_of.isoformat()
    return MadeRun(list(municipalities), phase=phase, as_of=as_of, regional={})


def told(engine: Engine, made: MadeRun) -> tuple[str, ...]:
    made.insert(engine)
    return compose(engine, plan(), RUN, ANSWERS_TO)


def model_of(engine: Engine, key: str) -> ReportModel:
    with engine.connect() as db:
        return load_model(db, RUN, key)


LATE = {"5.1": (0, 1, 1, "in_progress")}
NO_ACT = [("5.1", "legal_acts", None, None)]


def test_who_misses_something_is_reminded_and_nobody_else(engine: Engine) -> None:
    late = municipality("late", indicators=LATE, gaps=NO_ACT)
    done = municipality("done", indicators={"5.1": (1, 1, 0, "in_progress")})
    unknown = municipality("unknown", indicators={"5.1": (None, None, None, "no_data")})
    assert told(engine, run_of(ACTS, late, done, unknown)) == ("late",)
    with engine.connect() as db:
        selected = db.scalars(
            select(run_municipality.c.municipality_id).where(run_municipality.c.is_selected == 1)
        )
        # The account of the run expects letters of these alone.
        assert list(selected) == ["late"]


def test_a_reminder_says_what_is_missing_until_when_and_of_which_measure(engine: Engine) -> None:
    told(engine, run_of(ACTS, municipality("late", indicators=LATE, gaps=NO_ACT)))
    letter = model_of(engine, "late").letter
    assert letter.subject == ("500+ | Напоминание о сроке 31.03.2021 | Late муниципальный район")
    assert letter.headline.replace("\u00a0", " ") == (
        "До 31.03.2021 осталось 14 дней: по мероприятию № 5 исполнено не всё"
    )
    lead = " ".join(letter.lead).replace("\u00a0", " ")
    assert plan().measure("5").text.replace("\n", " ") in lead
    (item,) = letter.attention
    problem = item.problem.replace("\u00a0", " ")
    assert problem == "Выполнено 0 из 1. Не хватает: нормативно-правовой документ."
    assert item.due.isoformat() == "2021-03-31"


def test_schools_are_named_with_what_each_of_them_lacks(engine: Engine) -> None:
    made = run_of(
        YEAR_END,
        municipality(
            "late",
            indicators={"11.1": (0, 2, 2, "in_progress")},
            gaps=[("11.1", "school", None, "late-2"), ("11.1", "school", None, "late-1")],
        ),
    )
    made.insert(engine)
    with engine.begin() as db:
        for detail in ("концепция развития", "risk/staff"):
            db.execute(
                insert(indicator_gap),
                {
                    "run_id": RUN, "indicator": "11.1", "municipality_id": "late",
                    "unit_kind": "school", "school_id": "late-2", "detail": detail,
                },
            )  # fmt: skip
    compose(engine, plan(), RUN, ANSWERS_TO)
    (item,) = model_of(engine, "late").letter.attention
    assert item.problem.replace("\u00a0", " ") == (
        "Выполнено 0 из 2. Не хватает: Школа № 2 (условная); "
        "Школа № 10 (условная) — антирисковая программа «Дефицит педагогических "
        "кадров», концепция развития."
    )


def test_who_is_missing_in_any_part_is_named_persons_by_role_and_school(engine: Engine) -> None:
    late = municipality(
        "late",
        indicators={"17.1": (3, 6, 3, "in_progress")},
        gaps=[
            ("17.1/school", "school", None, "late-1"),
            ("17.1/curator", "curator", "kur-01", "late-1"),
            ("17.1/curator", "curator", "kur-01", "late-2"),
            ("17.1/coordinator", "coordinator", "kor", None),
        ],
    )
    told(engine, run_of(YEAR_END, late))
    (item,) = model_of(engine, "late").letter.attention
    assert item.problem.replace("\u00a0", " ").endswith(
        "Не хватает: 1 муниципальный координатор; куратор (Школа № 2 (условная),"
        " Школа № 10 (условная)); Школа № 2 (условная)."
    )


def test_a_reminder_is_a_letter_alone_and_passes_the_checks(
    engine: Engine, tmp_path, envelope: Envelope
) -> None:
    told(engine, run_of(ACTS, municipality("late", indicators=LATE, gaps=NO_ACT)))
    model = model_of(engine, "late")
    registry = (RegistrySchool("x", "other", "Школа № 77 (условная)", "440077", "77001"),)
    package = render_package(model, envelope, tmp_path, RUN, registry)
    assert [file.kind for file in package.files] == ["html", "text"]
    assert "Во вложении" not in package.letter.html
    assert "среднее по" not in package.letter.text
    assert package.letter == render_letter(model, envelope, ())


@pytest.fixture
def envelope() -> Envelope:
    from datetime import UTC, datetime

    return Envelope(
        1, None, (), None, datetime(2021, 3, 17, 9, tzinfo=UTC), whole_plan().local_time
    )
