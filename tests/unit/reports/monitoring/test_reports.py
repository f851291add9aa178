"""The monitorings of June and September and the December summary: what they say, to whom, and
what their content is hashed over."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, update

import support.monitoring_rows as rows
from roadmap.indicators.status import WORDS
from roadmap.reports.compose import compose, load_model
from roadmap.reports.corrections import corrections
from roadmap.reports.formats.letter import Envelope, render_letter
from roadmap.reports.model import Figure, Numbered, ReportModel, Sheet, Table
from roadmap.reports.package import render_package
from roadmap.reports.words.show import show
from roadmap.russian import natural_key
from roadmap.store.engine import open_engine
from roadmap.store.tables import (
    indicator_gap,
    indicator_result,
    load_batch,
    metadata,
    monitoring_scope,
    phase_run,
    run_municipality,
)
from support.model_text import text_of
from support.monitoring_rows import (
    ANSWERS_TO,
    DECEMBER,
    JUNE,
    REGION,
    RUNS,
    SEPTEMBER,
    MadeMonitoring,
    buyskiy,
    december,
    june,
    neyskiy,
    plan,
    september,
)
from support.plans import whole_plan

Composed = Callable[..., ReportModel]
ENVELOPE = Envelope(
    revision=1,
    replaces=None,
    corrections=(),
    test_addressee=None,
    generated_at=datetime(2021, 6, 30, 7, 5, tzinfo=UTC),
    local_time=whole_plan().local_time,
)


@pytest.fixture
def composed(engine: Engine) -> Composed:
    def made(run: MadeMonitoring, unit: str = "buyskiy") -> ReportModel:
        run.insert(engine)
        return _composed(engine, run.run, unit)

    return made


def _composed(engine: Engine, run_id: str, unit: str) -> ReportModel:
    compose(engine, plan(), run_id, ANSWERS_TO)
    with engine.connect() as db:
        return load_model(db, run_id, unit)


def _text(model: ReportModel) -> str:
    """Everything that the model says, with plain spaces."""
    told = json.dumps(model.model_dump(mode="json"), ensure_ascii=False)
    return told.replace("\u00a0", " ").replace("\u200b", "")


def _table(model: ReportModel, table_id: str) -> list[dict[str, str]]:
    """Rows of a table of the document as they are shown, by the keys of its columns."""
    assert model.document is not None
    found = [b for b in model.document.blocks if isinstance(b, Table) and b.id == table_id]
    assert len(found) == 1, table_id
    return _rows(found[0])


def _rows(table: Table) -> list[dict[str, str]]:
    return [
        {
            key: show(cell.value).replace("\u00a0", " ").replace("\u200b", "")
            for key, cell in cells.items()
        }
        for cells in table.cells()
    ]


def _sheet(model: ReportModel, title: str) -> Sheet:
    return next(sheet for sheet in model.appendix if sheet.title == title)


def _paragraphs(model: ReportModel) -> str:
    assert model.document is not None
    told = [getattr(block, "text", "") for block in model.document.blocks]
    told += [" ".join(b.items) for b in model.document.blocks if isinstance(b, Numbered)]
    return " ".join(told).replace("\u00a0", " ")


def _plain(text: str) -> str:
    return text.replace("\u00a0", " ")


# -- The answer ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "headline"),
    [
        ("buyskiy", "Исполнено 2 из 5 мероприятий, срок которых наступил"),
        ("neyskiy", "Исполнены все 5 мероприятий, срок которых наступил"),
        (REGION, "Исполнено 4 из 9 мероприятий, срок которых наступил"),
    ],
)
def test_the_headline_says_how_many_of_the_due_measures_are_executed(
    composed: Composed, unit: str, headline: str
) -> None:
    model = composed(june(), unit)
    assert _plain(model.letter.headline) == headline
    assert model.document is not None
    assert _plain(model.document.main[0]) == f"{headline}."


def test_the_subject_names_project_phase_and_addressee(composed: Composed) -> None:
    assert composed(june()).letter.subject == (
        "500+ | Первый этап мониторинга (июнь 2021 г.) | Буйский муниципальный район"
    )


def test_an_addressee_with_everything_done_is_told_that_nothing_is_asked(
    composed: Composed,
) -> None:
    model = composed(june(), "neyskiy")
    assert model.letter.attention == ()
    assert "Действий не требуется" in _plain(model.letter.preheader)
    assert "Ответ на это письмо не требуется" in _plain(model.letter.request_rest)
    assert "действий не требуется" in _paragraphs(model)
    assert "Всё есть" in _rows(_sheet(model, "Чего не хватает").table)[0]["code"]


def test_an_addressee_with_something_missing_is_asked_for_an_answer(composed: Composed) -> None:
    letter = composed(june()).letter
    assert "до 09.07.2021" in _plain(letter.request)
    assert letter.attention


def test_a_measure_without_a_date_is_never_counted(composed: Composed) -> None:
    """3 has no schedule: neither due nor done, and said to be so."""
    told = _paragraphs(composed(june()))
    assert "В счёт входят мероприятия № 2, 5, 6, 7 и 11." in told
    assert "Срок мероприятия № 3 не определён" in told
    third = _table(composed_again(composed), "measures")[2]
    assert third["status"] == "○ срок не определён"


def composed_again(composed: Composed) -> ReportModel:
    """June once more, under a run of its own."""
    return composed(june(run_id="7" * 32))


def test_no_data_is_a_status_of_its_own(composed: Composed) -> None:
    unit = buyskiy()
    unit.results["5.1"] = (None, 1, None, "no_data")
    unit.results["5.0"] = (None, 1, None, "no_data")
    unit.gaps = [gap for gap in unit.gaps if gap[0] != "5.1"]
    model = composed(june(unit, neyskiy()))
    fifth = _table(model, "measures")[4]
    assert fifth["fact"] == "5.0: н/д; 5.1: н/д"
    assert fifth["status"] == "нет данных"
    # Nobody is to blame that a file did not come.
    assert not any("5.1" in item.title for item in model.letter.attention)


def test_without_a_counted_measure_the_headline_says_so(composed: Composed) -> None:
    assert "на отчётную дату нет" in _plain(composed(june(scope=())).letter.headline)


# -- What is missing -------------------------------------------------------------------------


def test_missing_documents_are_named_by_school_and_document(composed: Composed) -> None:
    found = _table(composed(june()), "missing")
    assert {
        "code": "11.1",
        "who": "Школа № 101 (условная)",
        "what": "концепция развития; антирисковая программа «Низкая учебная мотивация обучающихся»",
        "due": "31.12.2021",
    } in found


def test_a_person_is_named_by_role_and_schools_once(composed: Composed) -> None:
    """A curator of two schools is one curator."""
    found = [row for row in _table(composed(june()), "missing") if row["code"] == "6.2"]
    assert [row["who"] for row in found] == [
        "Куратор: Школа № 102 (условная), Школа № 103 (условная)"
    ]


def test_the_sheet_has_one_fact_per_row_and_room_for_what_was_done(composed: Composed) -> None:
    table = _sheet(composed(june()), "Чего не хватает").table
    assert [column.title for column in table.columns][-2:] == ["Что сделано", "Дата"]
    assert len([row for row in _rows(table) if row["code"] == "11.1"]) == 2
    assert all(row["done"] == row["day"] == "" for row in _rows(table))


def test_nobodys_name_or_code_stands_in_a_report(composed: Composed) -> None:
    assert "p2" not in _text(composed(june()))


def test_a_municipality_reads_nothing_of_anothers_schools(composed: Composed) -> None:
    text = _text(composed(june()))
    assert "Школа № 101" in text
    for foreign in ("Школа № 2 (условная)", "Школа № 10 (условная)", "55-а", "город Нея"):
        assert foreign not in text


def test_a_unit_that_fails_where_the_target_is_met_is_not_missing(composed: Composed) -> None:
    """Of 15 registered events one was cancelled, and 14 are enough."""
    run = june()
    run.units[0].gaps.append(("8.1", "event", None, None, "Отменённый семинар"))
    assert "Отменённый семинар" not in _text(composed(run, REGION))


def test_the_region_reads_what_is_missing_by_municipality_and_its_own(
    engine: Engine, composed: Composed
) -> None:
    run = june()
    run.insert(engine)
    gap = {"run_id": run.run, "municipality_id": REGION, "person_id": None, "school_id": None}
    with engine.begin() as db:
        db.execute(
            insert(indicator_gap),
            [
                gap | {"indicator": "1.1", "unit_kind": "document", "detail": "положение"},
                gap | {"indicator": "8.2", "unit_kind": "seminar", "detail": "С5"},
            ],
        )
    found = _table(_composed(engine, run.run, REGION), "missing")
    groups = [row["code"] for row in found if len(row) == 1]
    assert groups == ["Буйский муниципальный район", "Регион в целом"]
    regional = [row["what"] for row in found if row.get("who") == "Оператор плана-графика"]
    assert regional == [
        "нет документа: положение",
        "не хватает 1 семинара до 5; не проведён семинар С5",
    ]


# -- What is asked ---------------------------------------------------------------------------


def test_an_item_stands_for_each_indicator_that_is_not_met(composed: Composed) -> None:
    items = composed(june()).letter.attention
    codes = [code for item in items for code in re.findall(r"\d+\.\d", _plain(item.title))]
    assert codes == ["5.1", "11.1", "13.1"]
    problem = _plain(items[1].problem)
    assert problem.startswith("Выполнено 2 из 3, не хватает: 1 школа (мероприятие № 11).")
    assert "Школа № 101 (условная) — концепция развития" in problem


def test_what_was_missed_for_good_is_asked_for_once_and_named_all_the_same(
    composed: Composed,
) -> None:
    """The webinar of 12.03: March asks for its recording by 09.04, June no more."""
    advice = plan().measure("6").indicators[1].recommendation
    assert advice is not None
    assert advice.once
    assert advice.due < plan().phase(JUNE).as_of
    model = composed(june())
    assert not [item for item in model.letter.attention if "6.2" in item.title]
    assert [row for row in _table(model, "missing") if row["code"] == "6.2"]
    assert _plain(model.letter.attention_more or "").endswith(
        "Показатель 6.2 исполнен не полностью, но время прошло и этого не исправить: действий по"
        " нему не требуется."
    )


def _made_good(engine: Engine, run: MadeMonitoring, on: str = "2021-04-06") -> None:
    """The curator who missed the webinar of 12.03 has studied its recording."""
    run.insert(engine)
    with engine.begin() as db:
        made = update(indicator_gap).where(indicator_gap.c.indicator == "6.2")
        assert db.execute(made.values(compensated_on=on)).rowcount == 2  # of two schools


def test_a_done_substitute_is_told_beside_the_figure_and_no_more_asked_for(engine: Engine) -> None:
    _made_good(engine, june())
    words = "не участвовали: 1 куратор; компенсировано: 1 (изучили запись 06.04.2021)"
    model = _composed(engine, RUNS[JUNE], "buyskiy")
    for rows_of in (_table(model, "indicators"), _rows(_sheet(model, "Показатели").table)):
        row = next(row for row in rows_of if row["code"] == "6.2")
        assert row["missing"] == words
    assert model.letter.figures is not None
    shown = next(
        row for row in model.letter.figures.rows if row.label.startswith("Кураторы школ уч")
    )
    assert "компенсировано: 1 (изучили запись 06.04.2021)" in _plain(shown.note or "")
    assert _plain(show(shown.cells[0].value)) == "1 из 2"
    assert not [row for row in _table(model, "missing") if row["code"] == "6.2"]
    assert _plain(model.letter.attention_more or "").endswith(
        "Показатель 6.2 исполнен не полностью, пропущенное компенсировано: действий по нему не"
        " требуется."
    )
    region = _composed(engine, RUNS[JUNE], REGION)
    row = next(row for row in _table(region, "indicators") if row["code"] == "6.2")
    assert row["missing"] == words


def test_of_the_department_nobody_asks_what_was_missed_for_good(composed: Composed) -> None:
    letter = composed(june(), REGION).letter
    assert not [item for item in letter.attention if item.title.startswith("Показатель 6.")]
    assert "6.2 исполнен" in _plain(letter.attention_more or "")


def test_what_the_plan_asks_by_a_day_that_has_passed_is_asked_by_the_day_of_the_answer(
    composed: Composed,
) -> None:
    item = composed(june()).letter.attention[0]
    recommendation = plan().measure("5").indicators[1].recommendation
    assert recommendation is not None
    assert recommendation.due < date(2021, 6, 30)
    assert item.due == date(2021, 7, 9)


def test_a_letter_has_five_items_at_the_most_and_tells_where_the_rest_stand(
    composed: Composed,
) -> None:
    letter = composed(june(), REGION).letter
    assert len(letter.attention) == 5
    assert re.match(r"Ещё \d — в отчёте, раздел \d\. ", _plain(letter.attention_more or ""))


def test_the_department_is_not_asked_to_write_a_municipalitys_act(composed: Composed) -> None:
    item = next(i for i in composed(june(), REGION).letter.attention if "5.1" in i.title)
    assert "контроль" in item.recommendation
    assert "Буйский МР" in _plain(item.problem)


# -- The order's table -----------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["buyskiy", REGION])
@pytest.mark.parametrize("make", [june, september, december], ids=[JUNE, SEPTEMBER, DECEMBER])
def test_the_orders_texts_stand_in_the_table_verbatim_and_in_sequence(
    composed: Composed, make: Callable[[], MadeMonitoring], unit: str
) -> None:
    run = make()
    found = _table(composed(run, unit), "measures")
    numbers = plan().phase(run.phase).reports
    assert [row["number"] for row in found] == list(numbers)
    for row, number in zip(found, numbers, strict=True):
        measure = plan().measure(number)
        texts = [row["text"], row["when"], row["indicator"]]
        assert texts == [measure.text, measure.date_text, measure.indicator_text]


def test_a_summary_reports_all_seventeen_measures(composed: Composed) -> None:
    assert len(_table(composed(december()), "measures")) == 17


def test_an_act_is_confirmed_by_its_requisites(composed: Composed) -> None:
    fifth = _table(composed(june(), "neyskiy"), "measures")[4]
    assert fifth["confirmation"] == (
        "постановление от 12.04.2021 № 55-а, https://npa.example.org/neya/2021/55-a; "
        "программа от 12.04.2021 № 56-а"
    )


def test_an_event_is_confirmed_by_its_day_a_page_by_its_link(composed: Composed) -> None:
    found = {row["number"]: row["confirmation"] for row in _table(composed(june()), "measures")}
    assert found["6"] == "вебинар 12.03.2021"
    assert "https://portal.example.org/projects/500plus/index.html" in found["4"]
    # A draft confirms nothing.
    assert found["1"] == "положение о проекте от 15.02.2021 № 161"


def test_a_paper_is_confirmed_by_the_day_it_was_prepared_and_beside_it_by_its_approval(
    composed: Composed,
) -> None:
    model = composed(december(), REGION)
    found = {row["number"]: row["confirmation"] for row in _table(model, "measures")}
    assert "подготовлена 31.03.2021; утверждена: сведений нет" in found["7"]
    assert "подготовлена 31.08.2021; утверждена: Справка от 02.09.2021 № 41" in found["14"]
    assert "подготовлены 30.09.2021; утверждены: сведений нет" in found["17"]


def test_documents_in_medk_confirm_from_an_agreed_state_on(composed: Composed) -> None:
    model = composed(june(), "neyskiy")
    eleventh = next(row for row in _table(model, "measures") if row["number"] == "11")
    told = "ИС МЭДК: согласовано документов — 1, последний 12.05.2021"
    assert eleventh["confirmation"] == told


def test_what_the_region_executes_is_said_to_be_so(composed: Composed) -> None:
    notes = {row["number"]: row["note"] for row in _table(composed(june()), "measures")}
    assert "исполняет регион" in notes["8"]
    assert "исполняет регион" not in notes["6"]
    assert "по региону: 6.3 — есть" in notes["6"]


def test_a_running_measure_is_told_by_its_interim_rule(composed: Composed) -> None:
    assert "не выполняется" in _table(composed(june()), "measures")[9]["note"]


def test_a_status_is_a_whole_word_with_its_sign(composed: Composed) -> None:
    statuses = {row["status"] for row in _table(composed(june(), REGION), "measures")}
    assert len(statuses) >= 4
    assert {
        status.removeprefix("● ").removeprefix("▲ ").removeprefix("○ ") for status in statuses
    } <= set(WORDS.values())


# -- Since June ------------------------------------------------------------------------------


def test_september_says_what_changed_since_june(engine: Engine, composed: Composed) -> None:
    june().insert(engine)
    model = composed(september())
    told = _paragraphs(model)
    assert "На 30.06.2021 было исполнено 2 из 5 мероприятий, на 30.09.2021 — 4 из 8." in told
    assert "На 30.06.2021 было исполнено 2 из 5" in _plain(" ".join(model.letter.lead))
    changed = _table(model, "changes")
    assert ["5.1", "0 из 1, ▲ не исполнено", "1 из 1, ● исполнено с нарушением срока"] in [
        [row["code"], row["before"], row["now"]] for row in changed
    ]
    assert "6.2" not in [row["code"] for row in changed]


def test_what_june_did_not_tell_is_new_and_not_changed(engine: Engine, composed: Composed) -> None:
    """13.3 stood outside June's own letter, 14 was not reported by it."""
    june().insert(engine)
    model = composed(september())
    assert not {"13.3", "14.2", "15.1"} & {row["code"] for row in _table(model, "changes")}
    assert "Впервые приводятся мероприятия № 14 и 15" in _paragraphs(model)


def test_without_a_june_run_september_says_so(composed: Composed) -> None:
    model = composed(september())
    assert "сравнить не с чем" in _paragraphs(model)
    assert "changes" not in [getattr(block, "id", "") for block in model.document.blocks]  # type: ignore[union-attr]


def test_a_rehearsal_of_june_is_no_june(engine: Engine, composed: Composed) -> None:
    june(mode="dry").insert(engine)
    assert "сравнить не с чем" in _paragraphs(composed(september()))


def test_june_compares_with_nothing(composed: Composed) -> None:
    assert "сравнить" not in _text(composed(june()))


def test_nothing_changed_is_said(engine: Engine, composed: Composed) -> None:
    june().insert(engine)
    later = september()
    later.units[0].results["5.1"] = buyskiy().results["5.1"]
    assert "собственные показатели не изменились" in _paragraphs(composed(later))


def test_what_the_region_changed_since_june_corrects_nobody_else(
    engine: Engine, composed: Composed
) -> None:
    """Nor does it number the tables anew, which texts that are hashed name."""
    june().insert(engine)
    before = composed(september())
    with engine.begin() as db:
        db.execute(
            update(indicator_result)
            .where(
                indicator_result.c.run_id == RUNS[SEPTEMBER], indicator_result.c.indicator == "8.2"
            )
            .values(numerator=5, shortfall=0, status="done")
        )
    after = _composed(engine, RUNS[SEPTEMBER], "buyskiy")
    assert "(8.2): было 4, ▲ исполнено частично, стало 5, ● исполнено." in _paragraphs(after)
    assert "(8.2): было" not in _paragraphs(before)
    assert after.content_sha256() == before.content_sha256()


# -- The year --------------------------------------------------------------------------------


def test_the_summary_tells_the_final_state_of_the_year(engine: Engine, composed: Composed) -> None:
    for run in (june(), september()):
        run.insert(engine)
    model = composed(december())
    assert _plain(model.letter.headline) == "За год исполнено 5 из 10 мероприятий"
    fifth = next(row for row in _table(model, "course") if row["number"] == "5")
    # In the made-up year the act was taken back.
    assert [fifth[JUNE], fifth[SEPTEMBER], fifth["now"]] == [
        "▲ исполнено частично",
        "● исполнено с нарушением срока",
        "▲ исполнено частично",
    ]
    assert [row["number"] for row in _table(model, "course")] == [str(n) for n in range(1, 18)]


def test_a_date_that_came_later_does_not_rewrite_an_earlier_monitoring(
    engine: Engine, composed: Composed
) -> None:
    june(own_schedule={1: "2021-04-15"}).insert(engine)
    model = composed(december(own_schedule={1: "2021-04-15", 2: "2021-09-15"}))
    second = next(row for row in _table(model, "course") if row["number"] == "2")
    assert (second[JUNE], second["now"]) == ("○ срок не определён", "● исполнено")


def test_what_stays_undone_is_told_with_its_reason(composed: Composed) -> None:
    model = composed(december())
    told = _paragraphs(model)
    assert "№ 11 завершает год со статусом «исполнено частично» (не хватает: 1 школа)" in told
    assert [row["who"] for row in _table(model, "missing")] == ["Школа № 101 (условная)"]


def test_only_approved_directions_of_the_next_year_are_told(composed: Composed) -> None:
    told = _paragraphs(composed(december()))
    assert "На 2022 год определено 1 направление" in told
    assert "Сопровождение школ второй год подряд" in told
    assert "Черновик" not in told


def test_without_directions_the_summary_says_so(composed: Composed) -> None:
    run = december(registers=rows.REGISTERS)
    assert "на отчётную дату не утверждены" in _paragraphs(composed(run))


def test_internships_are_split_by_host(composed: Composed) -> None:
    told = _paragraphs(composed(december(), REGION))
    assert re.search(r"\(16\.1\): .* — 21; .* — 25; .* — 27\.", told)
    parts = [row["what"] for row in _table(composed(december(run_id="e" * 32), REGION), "year")]
    assert sum(part.startswith("— ") for part in parts) == 3


def test_participants_of_a_webinar_are_told_share_by_share(composed: Composed) -> None:
    told = _paragraphs(composed(june()))
    assert "муниципальные координаторы — 1 из 1; кураторы школ — 1 из 2" in told


# -- The region ------------------------------------------------------------------------------


def test_the_matrix_holds_every_municipality_and_indicator_by_alphabet(composed: Composed) -> None:
    model = composed(june(neyskiy(), buyskiy()), REGION)
    tables = [
        block
        for block in model.document.blocks  # type: ignore[union-attr]
        if isinstance(block, Table) and block.id.startswith("matrix")
    ]
    assert tables
    codes = [column.title for table in tables for column in table.columns[1:]]
    assert codes == ["2.1", "3.1", "3.2", "5.0", "5.1", "6.1", "6.2", "7.2", "11.1", "13.1"]
    for table in tables:
        names = [row["unit"] for row in _rows(table)[:-1]]
        assert names == sorted(names, key=natural_key)
        assert table.rows[-1].kind == "total"
    assert _rows(tables[-1])[0]["6.2"] == "1 из 2, ▲ исполнено частично"


def test_the_appendix_has_the_whole_matrix_in_one_sheet(composed: Composed) -> None:
    table = _sheet(composed(june(), REGION), "Матрица").table
    assert len(table.columns) == 11
    assert "Матрица" not in [sheet.title for sheet in composed_again(composed).appendix]


def test_the_region_reads_both_shares_by_municipality(composed: Composed) -> None:
    """Of all counted measures, and of those alone whose date has come."""
    found = {}
    for row in _table(composed(june(), REGION), "executed"):
        unit, *shares = row.values()
        found[unit] = shares
    assert found["Буйский муниципальный район"] == ["2", "5", "40,0", "2", "4", "50,0"]
    # 4, 9 and 11 last the whole period; the region is not the sum of its municipalities.
    assert found["Регион"] == ["4", "9", "44,4", "2", "6", "33,3"]


def test_the_chart_draws_what_the_table_says_and_says_it_in_words(composed: Composed) -> None:
    model = composed(june(), REGION)
    figure = next(b for b in model.document.blocks if isinstance(b, Figure))  # type: ignore[union-attr]
    assert "Буйский муниципальный район — 40,0 %, 2 из 5" in _plain(figure.alt)
    assert "5 из 5" in _plain(figure.alt)


def test_the_regions_order_does_not_follow_the_values(composed: Composed) -> None:
    """Nothing ranks: whoever has done more stands where the alphabet puts him."""
    best, worst = buyskiy(), neyskiy()
    best.executed, worst.executed = set(neyskiy().executed), set()
    names = [row["unit"] for row in _table(composed(june(worst, best), REGION), "executed")]
    assert names[0] == "Буйский муниципальный район"
    again = june(buyskiy(), neyskiy(), run_id="8" * 32)
    assert [row["unit"] for row in _table(composed(again, REGION), "executed")] == names


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(executed=st.sets(st.sampled_from(["2", "5", "6", "7", "11"])))
def test_headline_table_and_list_of_the_rest_always_agree(executed: set[str]) -> None:
    engine = open_engine("sqlite://")
    metadata.create_all(engine)
    unit = buyskiy()
    unit.executed = executed
    run = june(unit, neyskiy())
    run.insert(engine)
    own = _composed(engine, run.run, "buyskiy")
    with engine.connect() as db:
        region = load_model(db, run.run, REGION)
    engine.dispose()
    counted = {"2", "5", "6", "7", "11"}
    done, whole = re.findall(r"\d+", own.letter.headline) if len(executed) < 5 else ("5", "5")
    assert (int(done), int(whole)) == (len(executed), len(counted))
    row = next(r for r in _table(region, "executed") if r["unit"].startswith("Буйский"))
    assert (row["executed"], row["counted"]) == (str(len(executed)), "5")
    named = re.search(
        r"Не исполнен\w+ полностью мероприяти\w+ № ([\d, и]+)\.", _plain(" ".join(own.letter.lead))
    )
    assert set(re.findall(r"\d+", named.group(1) if named else "")) == (counted - executed)


# -- The hash --------------------------------------------------------------------------------


def test_indicators_of_the_own_letter_never_change_the_hash(
    engine: Engine, composed: Composed
) -> None:
    """13.2 and 13.3 speak of this very report: sending it may not change it."""
    before = composed(june())
    with engine.begin() as db:
        for unit in ("buyskiy", "neyskiy", REGION):
            db.execute(
                insert(indicator_result),
                {
                    "run_id": RUNS[JUNE],
                    "indicator": "13.3",
                    "municipality_id": unit,
                    "numerator": 3,
                    "denominator": 3,
                    "target": 100.0,
                    "shortfall": 0,
                    "status": "done",
                },
            )
        db.execute(delete(indicator_gap).where(indicator_gap.c.indicator == "13.3"))
    after = _composed(engine, RUNS[JUNE], "buyskiy")
    assert after.content_sha256() == before.content_sha256()
    assert after == before
    assert "Показатели 13.2 и 13.3 оценивают сам этот отчёт" in _paragraphs(after)
    assert "13.3" not in json.dumps(after.appendix[1].model_dump(mode="json"))


def test_what_the_region_does_is_shown_to_a_municipality_and_not_hashed(
    engine: Engine, composed: Composed
) -> None:
    before = composed(june())
    with engine.connect() as db:
        region = load_model(db, RUNS[JUNE], REGION)
    with engine.begin() as db:
        db.execute(
            update(indicator_result)
            .where(indicator_result.c.indicator == "8.2")
            .values(numerator=5, shortfall=0, status="done")
        )
    after = _composed(engine, RUNS[JUNE], "buyskiy")
    assert after != before
    assert after.content_sha256() == before.content_sha256()
    with engine.connect() as db:
        assert load_model(db, RUNS[JUNE], REGION).content_sha256() != region.content_sha256()


def test_what_a_municipality_does_corrects_it_and_the_department_alone(
    engine: Engine, composed: Composed
) -> None:
    composed(june())
    with engine.connect() as db:
        before = {u: load_model(db, RUNS[JUNE], u) for u in ("buyskiy", "neyskiy", REGION)}
    with engine.begin() as db:
        for unit in ("buyskiy", REGION):
            db.execute(
                update(indicator_result)
                .where(
                    indicator_result.c.indicator == "6.2",
                    indicator_result.c.municipality_id == unit,
                )
                .values(numerator=2, shortfall=0, status="done")
            )
    compose(engine, plan(), RUNS[JUNE], ANSWERS_TO)
    with engine.connect() as db:
        changed = {
            unit
            for unit, model in before.items()
            if load_model(db, RUNS[JUNE], unit).content_sha256() != model.content_sha256()
        }
    assert changed == {"buyskiy", REGION}


def test_a_mended_act_corrects_its_municipality_and_is_named_though_it_shares_a_cell(
    engine: Engine, composed: Composed
) -> None:
    """5 is confirmed by the department's letters, too: those are not the municipality's own."""
    composed(june())
    with engine.connect() as db:
        before = {u: load_model(db, RUNS[JUNE], u) for u in ("buyskiy", "neyskiy")}
    act = metadata.tables["municipal_act"]
    with engine.begin() as db:
        db.execute(update(act).where(act.c.number == "55-а").values(number="56-а"))
    compose(engine, plan(), RUNS[JUNE], ANSWERS_TO)
    with engine.connect() as db:
        after = {u: load_model(db, RUNS[JUNE], u) for u in before}
    fifth = next(
        cells
        for cells in _sheet(after["neyskiy"], "Мероприятия").table.cells()
        if show(cells["number"].value) == "5"
    )
    assert not fifth["confirmation"].own
    assert corrections(before["buyskiy"], after["buyskiy"]) == ()
    (told,) = corrections(before["neyskiy"], after["neyskiy"])
    assert "55-а" in told
    assert "56-а" in told
    # Beside another change it is named as well.
    other = before["neyskiy"].letter.model_copy(update={"headline": "Иначе"})
    several = corrections(before["neyskiy"].model_copy(update={"letter": other}), after["neyskiy"])
    assert told in several
    assert len(several) == 2


def test_neither_the_moment_of_the_run_nor_of_its_files_is_hashed(
    engine: Engine, composed: Composed
) -> None:
    before = composed(june())
    with engine.begin() as db:
        db.execute(update(phase_run).values(known_at_ms=phase_run.c.known_at_ms + 86_400_000))
        db.execute(update(load_batch).values(received_ms=load_batch.c.received_ms - 86_400_000))
    assert _composed(engine, RUNS[JUNE], "buyskiy").content_sha256() == before.content_sha256()


def test_composing_again_gives_the_same(engine: Engine, composed: Composed) -> None:
    june().insert(engine)
    september().insert(engine)
    first = composed(december())
    assert _composed(engine, RUNS[DECEMBER], "buyskiy") == first


def test_who_takes_no_part_any_more_does_not_break_the_regions_report(
    engine: Engine, composed: Composed
) -> None:
    """A gap of a municipality that is no addressee stands under no name."""
    run = june()
    run.insert(engine)
    with engine.begin() as db:
        db.execute(
            update(run_municipality)
            .where(run_municipality.c.municipality_id == "neyskiy")
            .values(is_participating=0)
        )
        db.execute(delete(monitoring_scope).where(monitoring_scope.c.measure == "1"))
    assert "город Нея" not in _text(_composed(engine, run.run, REGION))


# -- The whole package -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "unit", "name"),
    [
        (june, "buyskiy", "Отчёт_500+_Буйский_МР_2021-06"),
        (december, REGION, "Итоговый_отчёт_500+_Регион_2021-12"),
    ],
    ids=["june", "december"],
)
def test_the_package_is_made_read_back_and_named_by_its_kind(
    composed: Composed,
    tmp_path: Path,
    make: Callable[[], MadeMonitoring],
    unit: str,
    name: str,
) -> None:
    model = composed(make(), unit)
    assert model.key_figures
    package = render_package(model, ENVELOPE, tmp_path, "r", ())
    names = [file.file_name for file in package.files]
    assert f"{name}.docx" in names
    assert f"{name}.pdf" in names
    assert "(он же для правки" in _plain(package.letter.text)
    assert {figure.places[0].view for figure in model.key_figures} >= {"document"}


GOLDENS = {
    "june": [(JUNE, "buyskiy"), (JUNE, "neyskiy"), (JUNE, REGION)],
    "september": [(SEPTEMBER, "buyskiy"), (SEPTEMBER, REGION)],
    "december": [(DECEMBER, "buyskiy"), (DECEMBER, REGION)],
}


def test_letters_and_models_are_as_reviewed(
    engine: Engine, golden: Callable[[str, str], None]
) -> None:
    for run in (june(), september(), december()):
        run.insert(engine)
        compose(engine, plan(), run.run, ANSWERS_TO)
    with engine.connect() as db:
        for month, found in GOLDENS.items():
            for phase, unit in found:
                model = load_model(db, RUNS[phase], unit)
                letter = render_letter(model, ENVELOPE, ())
                golden(f"{month}_letter_{unit}.html", letter.html)
                golden(f"{month}_letter_{unit}.txt", letter.text)
                golden(f"{month}_model_{unit}.txt", text_of(model))
