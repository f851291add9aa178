"""Positive changes in МЭДК: per school and risk, by stage, and what is asked where they lack."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Engine

from roadmap.plan.model import ChangesAdvice, Plan, PositiveChanges
from roadmap.reports.compose import compose, load_model
from roadmap.reports.model import AttentionItem, ReportModel, Table
from roadmap.reports.words.show import show
from support.monitoring_rows import (
    ANSWERS_TO,
    JUNE,
    REGION,
    REGISTERS,
    MadeMonitoring,
    december,
    june,
    plan,
    september,
)

Composed = Callable[..., ReportModel]
MOTIVATION = "Низкая учебная мотивация обучающихся"
PARENTS = "Низкий уровень вовлечённости родителей"
STAFF = "Дефицит педагогических кадров"


@pytest.fixture
def composed(engine: Engine) -> Composed:
    def made(run: MadeMonitoring, unit: str = "buyskiy") -> ReportModel:
        run.insert(engine)
        compose(engine, plan(), run.run, ANSWERS_TO)
        with engine.connect() as db:
            return load_model(db, run.run, unit)

    return made


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u200b", "")


def rows(model: ReportModel, table_id: str) -> list[list[str]]:
    assert model.document is not None
    (table,) = [b for b in model.document.blocks if isinstance(b, Table) and b.id == table_id]
    return [[plain(show(cell.value)) for cell in row.cells] for row in table.rows]


def told(model: ReportModel) -> str:
    assert model.document is not None
    return plain(" ".join(getattr(block, "text", "") for block in model.document.blocks))


def asked(model: ReportModel) -> dict[str, AttentionItem]:
    items = model.letter.attention
    return {plain(item.title): item for item in items if "озитивн" in item.title}


def with_marks(*marks: dict[str, object]) -> dict[str, list[dict[str, object]]]:
    given = {"evidence": None, "stage": 1, "mark": "no", "marked_on": "2021-06-10"}
    return REGISTERS | {"positive_change": [given | mark for mark in marks]}


# -- What is shown ---------------------------------------------------------------------------


def test_june_shows_the_first_stage_school_by_school_and_risk_by_risk(composed: Composed) -> None:
    assert rows(composed(june()), "positive-changes") == [
        ["Школа № 101 (условная)"],
        [MOTIVATION, "да", "не приложено", "10.06.2021"],
        [PARENTS, "н/д", "–", "–"],
        ["Школа № 102 (условная)"],
        [STAFF, "частично", "приложено", "10.06.2021"],
        ["Школа № 103 (условная)", "активированных рисков нет, отметки не ожидаются"],
    ]


def test_a_risk_that_the_school_has_not_activated_is_not_asked_for(composed: Composed) -> None:
    marks = with_marks({"school_id": "s101", "factor": "staff"})
    shown = rows(composed(june(registers=marks)), "positive-changes")
    assert [row for row in shown if row[0] == STAFF] == [[STAFF, "н/д", "–", "–"]]  # of № 102
    assert not any("нет" in row for row in shown)


def test_september_shows_both_stages_and_what_changed(composed: Composed) -> None:
    model = composed(september())
    assert rows(model, "positive-changes") == [
        ["Школа № 101 (условная)"],
        [MOTIVATION, "да", "частично", "стало хуже", "приложено"],
        [PARENTS, "н/д", "нет", "–", "–"],
        ["Школа № 102 (условная)"],
        [STAFF, "частично", "да", "стало лучше", "приложено"],
        ["Школа № 103 (условная)", "активированных рисков нет, отметки не ожидаются"],
    ]
    assert (
        "С 1 этапа стало лучше — 1, без изменений — 0, стало хуже — 1, сравнить не с чем — 1. "
        "Стало хуже: Школа № 101 (условная) — низкая учебная мотивация обучающихся."
    ) in told(model)


def test_a_mark_made_after_the_day_that_is_judged_is_not_known(composed: Composed) -> None:
    marks = with_marks({"school_id": "s101", "factor": "motivation", "marked_on": "2021-07-01"})
    shown = rows(composed(june(registers=marks)), "positive-changes")
    assert shown[1] == [MOTIVATION, "н/д", "–", "–"]


@pytest.mark.parametrize(
    ("dataset", "says"),
    [
        ("medk_changes", "Это не значит, что изменений не произошло."),
        ("risk_profiles", "Рисковые профили школ не поступили"),
    ],
)
def test_without_data_the_report_says_so_and_asks_for_nothing(
    composed: Composed, dataset: str, says: str
) -> None:
    received = tuple({"events", "medk_changes", "risk_profiles"} - {dataset})
    model = composed(june(received=received, missing=(dataset,)))
    assert says in told(model)
    assert "без отметки" not in told(model)
    assert asked(model) == {}
    assert "Изменения" not in {sheet.title for sheet in model.appendix}


def assessed_but(*schools: str) -> dict[str, list[dict[str, object]]]:
    kept = [row for row in REGISTERS["risk"] if row["school_id"] not in schools]
    return REGISTERS | {"risk": kept}


def test_of_a_school_without_a_risk_profile_nothing_is_known(composed: Composed) -> None:
    model = composed(june(registers=assessed_but("s102", "s103")))
    assert rows(model, "positive-changes")[3:] == [
        ["Школа № 102 (условная)", "рисковый профиль не поступил"],
        ["Школа № 103 (условная)", "рисковый профиль не поступил"],
    ]
    assert (
        "Рисковый профиль 2 школ не поступил, неизвестно, какие риски активированы: "
        "Школа № 102 (условная); Школа № 103 (условная)."
    ) in told(model)


def told_as(run: MadeMonitoring, **changes: object) -> Plan:
    """The plan whose phase of the run tells of the positive changes otherwise."""
    phase = plan().phase(run.phase)
    told = phase.positive_changes or PositiveChanges(stage=2)
    return plan().model_copy(
        update={
            "phases": tuple(
                one.model_copy(update={"positive_changes": told.model_copy(update=changes)})
                if one.code == run.phase
                else one
                for one in plan().phases
            )
        }
    )


def test_a_school_without_a_risk_profile_is_asked_for_it_where_the_plan_says_how(
    engine: Engine,
) -> None:
    run = june(registers=assessed_but("s102", "s103"))
    asked_too = told_as(run, recommendations=advice_with_profile())
    run.insert(engine)
    compose(engine, asked_too, run.run, ANSWERS_TO)
    with engine.connect() as db:
        own, region = (load_model(db, run.run, unit) for unit in ("buyskiy", REGION))
    (item,) = [row for row in rows(own, "recommendations") if "профиль" in row[1]]
    assert item[1:3] == [
        "Рисковый профиль не поступил. 2 школы: Школа № 102 (условная); Школа № 103 (условная).",
        "Закрыть анкеты школы",
    ]
    (item,) = [row for row in rows(region, "recommendations") if "профиль" in row[1]]
    assert item[1:3] == [
        "Рисковый профиль не поступил. 2 школы: Буйский МР.",
        "Взять исполнение на контроль",
    ]


def advice_with_profile() -> ChangesAdvice:
    advice = plan().phase(JUNE).positive_changes
    assert advice is not None
    assert advice.recommendations is not None
    profile = advice.recommendations.no_mark.model_copy(update={"text": "Закрыть анкеты школы"})
    return advice.recommendations.model_copy(update={"no_profile": profile})


def test_the_summary_of_the_year_tells_of_the_second_stage_and_asks_for_no_mark(
    engine: Engine,
) -> None:
    run = december()
    run.insert(engine)
    compose(engine, told_as(run), run.run, ANSWERS_TO)
    with engine.connect() as db:
        model = load_model(db, run.run, "buyskiy")
    assert "По итогам 2 этапа позитивные изменения отмечены" in told(model)
    assert "С 1 этапа стало лучше" in told(model)
    assert rows(model, "positive-changes")
    assert asked(model) == {}


def test_a_profile_of_a_later_day_is_not_known_yet(composed: Composed) -> None:
    late = [
        row | ({"assessed_on": "2021-07-01"} if row["school_id"] == "s103" else {})
        for row in REGISTERS["risk"]
    ]
    shown = rows(composed(june(registers=REGISTERS | {"risk": late})), "positive-changes")
    assert shown[-1] == ["Школа № 103 (условная)", "рисковый профиль не поступил"]


def test_of_schools_without_profiles_alone_the_report_does_not_say_that_they_have_no_risks(
    composed: Composed,
) -> None:
    text = told(composed(june(registers=assessed_but("s101", "s102", "s103"))))
    assert "Рисковый профиль 3 школ не поступил" in text
    assert "Активированных рисков у школ" not in text


def test_the_region_sums_no_zeros_where_no_profile_came(composed: Composed) -> None:
    model = composed(june(registers=assessed_but("s103", "s201", "s210")), REGION)
    assert rows(model, "changes-units") == [
        ["Буйский муниципальный район", "3", "1", "1", "0", "1", "1"],
        ["Муниципальный район город Нея и Нейский район", *["н/д"] * 6],
        ["Регион", "3", "1", "1", "0", "1", "1"],
    ]
    assert (
        "Рисковый профиль 3 школ не поступил, неизвестно, какие риски активированы: "
        "Буйский МР; Нейский МР."
    ) in told(model)
    (sheet,) = [sheet for sheet in model.appendix if sheet.title == "Изменения"]
    shown = [[plain(show(cell.value)) for cell in row.cells] for row in sheet.table.rows]
    assert [row[1:] for row in shown if row[2] == "рисковый профиль не поступил"] == [
        [school, "рисковый профиль не поступил", *["н/д"] * 4]
        for school in ("Школа № 103 (условная)", "Школа № 2 (условная)", "Школа № 10 (условная)")
    ]


def test_a_municipality_reads_of_its_own_schools_alone(composed: Composed) -> None:
    model = composed(june(), "neyskiy")
    assert [row[0] for row in rows(model, "positive-changes")] == [
        "Школа № 2 (условная)", MOTIVATION, "Школа № 10 (условная)", STAFF,
    ]  # fmt: skip
    (sheet,) = [sheet for sheet in model.appendix if sheet.title == "Изменения"]
    assert "s101" not in sheet.model_dump_json()
    assert asked(model) == {}


# -- The region ------------------------------------------------------------------------------


def test_the_region_sums_by_municipality_and_by_risk_by_alphabet(composed: Composed) -> None:
    model = composed(june(), REGION)
    assert rows(model, "changes-units") == [
        ["Буйский муниципальный район", "3", "1", "1", "0", "1", "1"],
        ["Муниципальный район город Нея и Нейский район", "2", "2", "0", "0", "0", "0"],
        ["Регион", "5", "3", "1", "0", "1", "1"],
    ]
    assert rows(model, "changes-risks") == [
        [STAFF, "2", "1", "1", "0", "0", "0"],
        [MOTIVATION, "2", "2", "0", "0", "0", "1"],
        [PARENTS, "1", "0", "0", "0", "1", "0"],
        ["Регион", "5", "3", "1", "0", "1", "1"],
    ]


def test_the_region_reads_what_moved_between_the_stages(composed: Composed) -> None:
    units = rows(composed(september(), REGION), "changes-units")
    assert [row[-2:] for row in units] == [["1", "1"], ["0", "0"], ["1", "1"]]


def test_the_regions_appendix_has_every_school_and_risk_with_its_link(composed: Composed) -> None:
    model = composed(june(), REGION)
    (sheet,) = [sheet for sheet in model.appendix if sheet.title == "Изменения"]
    shown = [[plain(show(cell.value)) for cell in row.cells] for row in sheet.table.rows]
    assert len(shown) == 5
    assert shown[2][2:] == [
        STAFF, "частично", "приложено", "https://medk.example.org/s102/staff", "10.06.2021",
    ]  # fmt: skip


# -- What is asked ---------------------------------------------------------------------------


def test_each_matter_is_asked_of_its_schools_with_a_day_and_a_confirmation(
    composed: Composed,
) -> None:
    model = composed(june())
    items = {item.title: item for item in model.letter.attention}
    assert model.document is not None
    (table,) = [
        b for b in model.document.blocks if isinstance(b, Table) and b.id == "recommendations"
    ]
    asked_for = {
        plain(show(row["matter"].value)).partition(": ")[0]: [
            plain(show(row[key].value)) for key in ("matter", "addressee", "due", "proof")
        ]
        for row in table.cells()
        if "озитивн" in show(row["matter"].value)
    }
    assert len(items) == 5  # the letter's; the document has all
    assert list(asked_for) == [
        "Позитивные изменения не отмечены в ИС МЭДК. 1 риск",
        "Позитивных изменений нет или они частичные. 1 риск",
        "Позитивные изменения не подтверждены. 1 риск",
    ]
    unmarked, unchanged, unproved = asked_for.values()
    assert unmarked[0].endswith("Школа № 101 (условная) — низкий уровень вовлечённости родителей.")
    assert unchanged[0].endswith("Школа № 102 (условная) — дефицит педагогических кадров.")
    assert unproved[0].endswith("Школа № 101 (условная) — низкая учебная мотивация обучающихся.")
    assert [one[1:] for one in asked_for.values()] == [
        ["Куратор школы, директор школы", "09.07.2021",
         "Отметка «да», «частично» или «нет» в ИС МЭДК"],
        ["Директор школы", "15.09.2021", "Обновлённая антирисковая программа в ИС МЭДК"],
        ["Директор школы", "09.07.2021", "Ссылка на подтверждение в ИС МЭДК"],
    ]  # fmt: skip


def test_a_change_that_did_not_come_needs_no_evidence(composed: Composed) -> None:
    marks = with_marks({"school_id": "s101", "factor": "motivation", "mark": "no"})
    model = composed(june(registers=marks))
    assert "Позитивные изменения не подтверждены" not in told(model) + str(asked(model))
    assert rows(model, "positive-changes")[1] == [MOTIVATION, "нет", "–", "10.06.2021"]


def test_the_department_takes_the_changes_under_control(composed: Composed) -> None:
    marks = with_marks(
        *({"school_id": school, "factor": factor, "mark": "yes", "evidence": "https://a.example/1"}
          for school, factor in (("s101", "motivation"), ("s101", "parents"), ("s102", "staff"),
                                 ("s201", "motivation")))
    )  # fmt: skip
    run = june(registers=marks)
    for unit in run.units:
        unit.results = dict.fromkeys(unit.results, (1, 1, 0, "done"))
    model = composed(run, REGION)
    item = asked(model)["Позитивные изменения не отмечены в ИС МЭДК"]
    assert plain(item.problem) == "1 риск: Нейский МР."
    assert (plain(item.recommendation), item.due) == (
        "Взять исполнение на контроль",
        date(2021, 7, 9),
    )
