"""Reports on rows «1.10» under sections, one with who is responsible, one without an indicator."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from roadmap.evidence.own_schedule import plan_of_run
from roadmap.indicators.evaluate import evaluate
from roadmap.indicators.explain import explain
from roadmap.indicators.read import measure_statuses
from roadmap.plan.due import monitoring_scope
from roadmap.reports.compose import compose, load_model
from roadmap.reports.model import ReportModel, Table
from roadmap.reports.words.show import show
from roadmap_cli.explain import in_russian
from support.analysis_rows import ANSWERS_TO
from support.model_text import text_of
from support.other_roadmap import (
    NUMBERS,
    RESPONSIBLE,
    RESULT,
    SECTIONS,
    UNMEASURED,
    declared,
    other_roadmap,
    other_year,
    problems,
)
from support.plans import small_plan
from support.run_rows import RUN_ID
from support.whole_year import BUYSKIY, GALICH, REGION, put_year

PLAN = other_roadmap()
JUNE = ("2021-06-30", "june_monitoring")


@pytest.fixture
def june(engine: Engine) -> Engine:
    return run(engine, *JUNE)


def run(engine: Engine, as_of: str, phase: str) -> Engine:
    rows = other_year()
    for table in ("monitoring_scope", "measure_status"):
        del rows[table]
    rows["run_municipality"] = [*rows["run_municipality"], {"municipality_id": REGION}]
    put_year(engine, PLAN, rows, as_of=as_of, phase=phase)
    evaluate(engine, PLAN, RUN_ID)
    assert set(compose(engine, PLAN, RUN_ID, ANSWERS_TO)) == {BUYSKIY, GALICH, REGION}
    return engine


def model(engine: Engine, unit: str) -> ReportModel:
    with engine.connect() as connection:
        return load_model(connection, RUN_ID, unit)


def said(engine: Engine, unit: str) -> str:
    return text_of(model(engine, unit)).replace("~", " ")


def table(engine: Engine, unit: str, name: str) -> Table:
    blocks = model(engine, unit).document.blocks
    return next(one for one in blocks if isinstance(one, Table) and one.id == name)


def rows(found: Table) -> list[dict[str, str]]:
    keys = [column.key for column in found.columns]
    shown = ([show(cell.value).replace("\u00a0", " ") for cell in row.cells] for row in found.rows)
    return [dict(zip(keys, cells, strict=False)) for cells in shown]


# -- Numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [REGION, BUYSKIY])
def test_rows_stand_in_the_order_of_the_plan(june: Engine, unit: str) -> None:
    numbers = [row["number"] for row in rows(table(june, unit, "measures"))]
    numbers = [number for number in numbers if number not in SECTIONS.values()]
    assert numbers == [
        "1.1", "1.2", "1.3", "1.4", "1.10", "2.1", "2.2", "2.3", "2.10", "2.11", "3.1", "3.2",
    ]  # fmt: skip


def test_what_is_measured_is_measured_as_under_numbers_of_another_form(june: Engine) -> None:
    """The codes are others, the statuses and what a monitoring counts are not."""
    with june.connect() as connection:
        plan = plan_of_run(connection, PLAN, RUN_ID)
        statuses = measure_statuses(connection, PLAN, RUN_ID, REGION)
    scope = monitoring_scope(plan, "3.1", plan.phase("june_monitoring").as_of)
    assert scope == ("1.1", "1.2", "1.3", "1.4", "1.10", "2.1", "2.2", "2.3", "2.10")
    assert [one.measure.number for one in statuses] == [
        NUMBERS[int(measure.number)] for measure in small_plan().measures
    ]
    assert "пунктов 3.1 и 3.2 плана-графика" in said(june, REGION)


# -- Sections and what a roadmap says of a row ---------------------------------------------------


@pytest.mark.parametrize("unit", [REGION, BUYSKIY])
@pytest.mark.parametrize("name", ["measures", "indicators"])
def test_each_section_stands_once_over_its_rows(june: Engine, unit: str, name: str) -> None:
    found = table(june, unit, name)
    headings = [show(row.cells[0].value) for row in found.rows if row.kind == "group"]
    assert [heading.replace("\u00a0", " ") for heading in headings] == list(SECTIONS.values())


def test_the_appendix_says_of_each_row_in_columns_what_the_roadmap_says(june: Engine) -> None:
    sheets = {one.table.id: one.table for one in model(june, REGION).appendix}
    found = {row["number"]: row for row in rows(sheets["measures"])}
    assert found["2.11"]["section"] == SECTIONS["2"]
    assert (found["1.10"]["responsible"], found["1.10"]["result"]) == (RESPONSIBLE, RESULT)
    assert (found["1.10"]["text"], found["2.1"]["responsible"]) == (
        "Изменения в муниципальных актах", "–",
    )  # fmt: skip
    of_codes = {row["code"]: row["section"] for row in rows(sheets["indicators"])}
    assert of_codes["3.1.1"] == SECTIONS["3"]


def test_a_row_names_who_is_responsible_and_its_document_where_the_roadmap_does(
    june: Engine,
) -> None:
    for unit in (REGION, BUYSKIY):
        found = {row["number"]: row.get("text", "") for row in rows(table(june, unit, "measures"))}
        assert found["1.10"].endswith(
            f"Ответственный: {RESPONSIBLE}. Документ-результат: {RESULT}."
        )
        assert found["2.1"] == "Вебинар"


def test_who_asks_where_a_number_comes_from_reads_the_section_and_who_is_responsible(
    june: Engine,
) -> None:
    with june.connect() as connection:
        found = explain(connection, "latest:june_monitoring:any", REGION, "1.10.1", lambda _: PLAN)
    told = in_russian(found)
    assert f"Раздел: {SECTIONS['1']}" in told
    assert f"Ответственный: {RESPONSIBLE}" in told
    assert f"Документ-результат: {RESULT}" in told


# -- A row without an indicator ------------------------------------------------------------------


@pytest.mark.parametrize("unit", [REGION, BUYSKIY])
def test_a_row_without_an_indicator_is_told_as_that_and_by_its_date(
    june: Engine, unit: str
) -> None:
    found = {row["number"]: row for row in rows(table(june, unit, "measures"))}["2.11"]
    assert found["indicator"] == "показатель планом не установлен"
    assert (found["target"], found["fact"]) == ("–", "–")
    assert found["status"] == "срок наступил 10.06.2021"
    assert "исполн" not in " ".join(found.values())


@pytest.mark.parametrize("run_of", [JUNE, ("2021-12-31", "december_summary")])
def test_a_row_without_an_indicator_counts_neither_as_done_nor_as_undone(
    engine: Engine, run_of: tuple[str, str]
) -> None:
    run(engine, *run_of)
    text = said(engine, REGION)
    assert "Для мероприятия № 2.11 показатель планом не установлен, в счёт оно не входит." in text
    told = model(engine, REGION).letter
    assert "2.11" not in " ".join((told.headline, *told.lead))
    counted = text[text.index("В счёт вход") :].partition(". ")[0]
    assert "2.10" in counted and "2.11" not in counted


# -- What contradicts ----------------------------------------------------------------------------


def changed(number: str, **fields: Any) -> dict[str, str]:
    said_of = declared()
    next(one for one in said_of["measures"] if one["number"] == number).update(fields)
    return problems(said_of)


def test_a_row_of_a_plan_with_sections_names_one_that_there_is() -> None:
    assert changed("1.1", section=None) == {
        "measures[0].section": "назовите раздел: в плане есть разделы (sections)"
    }
    assert changed("1.1", section=4) == {"measures[0].section": "раздела «4» среди sections нет"}
    assert changed("1.1", section="Раздел") == {
        "measures[0].section": "«Раздел» — нужно код раздела: 1, 1.1 или латинское слово"
    }


def test_rows_stand_by_section_in_the_order_of_the_sections() -> None:
    assert changed("1.10", section=3) == {
        f"measures[{place}].section": "мероприятие раздела «2» стоит после раздела «3»: "
        "мероприятия идут по разделам, в порядке sections"
        for place in range(5, 10)
    }


def test_a_section_without_rows_and_one_that_stands_twice_are_refused() -> None:
    said_of = declared()
    said_of["sections"] += [{"code": 4, "title": "Раздел 4"}, {"code": 1, "title": "Раздел 1"}]
    assert problems(said_of) == {
        "sections[3]": "в разделе «4» нет ни одного мероприятия",
        "sections[4].code": "раздел «1» указан дважды",
    }


def test_a_text_of_an_indicator_and_its_indicators_stand_together() -> None:
    assert changed("2.1", indicator_text=None) == {
        "measures[5].indicator_text": "показатели перечислены, а текста их нет"
    }
    (path,) = changed("2.11", indicator_text="Проведены консультации")
    assert path == "measures[9].indicators"


@pytest.mark.parametrize("name", ["reminders", "closings"])
def test_of_a_row_without_an_indicator_no_letter_about_its_date_is_sent(name: str) -> None:
    said_of = declared()
    said_of[name]["measures"].append(UNMEASURED["number"])
    place = len(said_of[name]["measures"]) - 1
    assert problems(said_of) == {
        f"{name}.measures[{place}]": "у мероприятия № 2.11 нет показателя: сообщить о его "
        "исполнении нечего"
    }
