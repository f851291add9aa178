"""The registers of the whole order: what each takes, and what it sets aside with which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadmap.datasets.catalogue import DATASETS
from roadmap.datasets.medk_documents import ANTI_RISK_PROGRAMME, NOT_UPLOADED
from roadmap.evidence.names import plan_words
from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers import register
from roadmap.evidence.registers.vocabulary import with_words
from roadmap.evidence.schemas import check
from roadmap.evidence.sources import load_sources
from roadmap.plan.load import load_plan
from support.evidence_files import (
    ACKNOWLEDGEMENTS,
    CHANGES,
    DIRECTIONS,
    EVENTS,
    EVENTS_WITH_HOSTS,
    MECHANISMS,
    MEDK_DOCUMENTS,
    OWN_SCHEDULE,
    PROGRAMMES,
    PUBLICATIONS,
    REGIONAL_ACTS,
    RISKS,
    SHEETS,
    SURVEYS,
    read_register,
    table_csv,
    workbook,
)

HEADINGS = {
    "events": EVENTS_WITH_HOSTS,
    "regional_acts": REGIONAL_ACTS,
    "own_schedule": OWN_SCHEDULE,
    "medk_surveys": SURVEYS,
    "medk_documents": MEDK_DOCUMENTS,
    "risk_profiles": RISKS,
    "medk_changes": CHANGES,
    "municipal_mechanisms": MECHANISMS,
    "programmes": PROGRAMMES,
    "directions": DIRECTIONS,
    "acknowledgements": ACKNOWLEDGEMENTS,
    "publications": PUBLICATIONS,
}
ROWS: dict[str, list[Any]] = {
    "events": [
        "st-1", 9, "Стажировка", None, "Урок в малокомплектной школе", date(2021, 5, 20),
        "проведено", 12, "prog-1", "школа-лидер", "Лицей № 17 (условный)",
        "Русский язык", 5, "Низкая учебная мотивация обучающихся", "Текст",
    ],
    "regional_acts": [
        "act-376", "Приказ об утверждении  плана-графика (№ 376)", "376", date(2021, 3, 19),
        "https://department.example.org/376", "утверждён",
    ],
    "own_schedule": [3, date(2021, 9, 15), "Письмо от 02.07.2021"],
    "medk_surveys": ["школа", None, "SH-101", "Анкета родителей", "закрыта", date(2021, 3, 25)],
    "medk_documents": [
        "SH-101", "антирисковая программа", "Низкая учебная мотивация обучающихся",
        "согласован куратором", date(2021, 5, 20),
    ],
    "risk_profiles": [
        "SH-101", "Низкая учебная мотивация обучающихся", "высокая", "да", date(2021, 4, 20),
    ],
    "medk_changes": [
        "SH-101", "Низкая учебная мотивация обучающихся", "1", "частично",
        "https://medk.example.org/SH-101/motivation", date(2021, 6, 10),
    ],
    "municipal_mechanisms": ["buyskiy", "Методы сбора", 1, date(2021, 3, 30)],
    "programmes": [
        "prog-1", 9, "Урок в малокомплектной школе", "Лицей № 17 (условный)", "утверждена",
        date(2021, 5, 12), "школа-лидер",
    ],
    "directions": [
        "dir-1", 2022, "Стажировки на базе школ-лидеров", "Итоги мероприятия 16", "утверждено",
        date(2021, 12, 27),
    ],
    "acknowledgements": ["buyskiy", "SH-101", "март", "05.04.2021"],
    "publications": [
        "n-1", "vk", "новость", "Стажировка прошла", "https://vk.example.org/n-1", "2021-05-21",
    ],
}  # fmt: skip
FACTS: dict[str, dict[str, Any]] = {
    "event": {
        "event_id": "st-1", "measure": "9", "kind": "стажировка", "seminar_id": None,
        "title": "Урок в малокомплектной школе", "held_on": "2021-05-20", "state": "held",
        "participants": 12, "programme_id": "prog-1", "host_kind": "leader_school",
        "host": "Лицей № 17 (условный)", "subject": "русский язык", "grade": 5,
        "factor": "motivation", "block": "текст",
    },
    "regional_act": {
        "act_id": "act-376", "document": "приказ об утверждении плана-графика (№ 376)",
        "number": "376", "signed_on": "2021-03-19",
        "link": "https://department.example.org/376", "state": "approved",
    },
    "own_schedule_date": {"measure": "3", "due_on": "2021-09-15", "basis": "Письмо от 02.07.2021"},
    "survey": {
        "respondent": "school", "person_id": None, "school_id": "SH-101",
        "questionnaire": "анкета родителей", "state": "closed", "closed_on": "2021-03-25",
    },
    "medk_document": {
        "school_id": "SH-101", "kind": "антирисковая программа", "factor": "motivation",
        "state": "согласован куратором", "state_on": "2021-05-20",
    },
    "risk": {
        "school_id": "SH-101", "factor": "motivation", "level": "high", "is_activated": 1,
        "assessed_on": "2021-04-20",
    },
    "positive_change": {
        "school_id": "SH-101", "factor": "motivation", "stage": 1, "mark": "partly",
        "evidence": "https://medk.example.org/SH-101/motivation", "marked_on": "2021-06-10",
    },
    "mechanism_score": {
        "municipality_id": "buyskiy", "component": "collection", "score": 1,
        "recommended_on": "2021-03-30",
    },
    "programme": {
        "programme_id": "prog-1", "measure": "9", "title": "Урок в малокомплектной школе",
        "host": "Лицей № 17 (условный)", "state": "approved", "approved_on": "2021-05-12",
        "host_kind": "leader_school",
    },
    "direction": {
        "direction_id": "dir-1", "for_year": 2022, "title": "Стажировки на базе школ-лидеров",
        "basis": "Итоги мероприятия 16", "state": "approved", "approved_on": "2021-12-27",
    },
    "acknowledgement": {
        "school_id": "SH-101", "phase": "march_analysis", "received_on": "2021-04-05",
    },
    "publication": {
        "publication_id": "n-1", "channel": "vk", "kind": "news", "title": "Стажировка прошла",
        "link": "https://vk.example.org/n-1", "published_on": "2021-05-21",
    },
}  # fmt: skip


def content(name: str, *rows: Sequence[Any], heading: Sequence[str] | None = None) -> bytes:
    table = [heading or HEADINGS[name], *rows]
    return workbook(SHEETS[name], table) if name in SHEETS else table_csv(table)


def read(name: str, *rows: Sequence[Any]) -> Parsed:
    """What intake would store: the reader, then the rules of the table."""
    return check(read_register(name, content(name, *rows), "файл.xlsx"), "файл.xlsx")


def changed(name: str, **cells: Any) -> list[Any]:
    """The sound row of the register with cells changed: `c2=...` is the second column."""
    other = list(ROWS[name])
    for column, value in cells.items():
        other[int(column.removeprefix("c")) - 1] = value
    return other


def said(parsed: Parsed) -> list[dict[str, Any]]:
    """The facts without their places in the file."""
    (rows,) = parsed.facts.values()
    return [
        {key: value for key, value in row.items() if key not in ("sheet", "row")} for row in rows
    ]


@pytest.mark.parametrize(("name", "table"), list(zip(ROWS, FACTS, strict=True)))
def test_a_right_row_of_each_register_becomes_its_fact(name: str, table: str) -> None:
    parsed = read(name, ROWS[name])
    assert (parsed.rejected, parsed.warnings, parsed.rows_accepted) == ((), (), 1)
    assert list(parsed.facts) == [table]
    assert said(parsed) == [FACTS[table]]


def test_every_register_has_its_cases_here_or_beside_this_file() -> None:
    first = {
        "registry_municipalities",
        "registry_schools",
        "registry_people",
        "contacts",
        "attendance",
        "municipal_acts",
        "documents",
        "vpr_scales",  # test_scales: the shipped scales say what its rows may be
        "indicator_values",  # test_indicator_values: a plan says what its indicators are
    }
    assert set(DATASETS) == {*HEADINGS, *first}


@pytest.mark.parametrize("name", list(ROWS))
def test_a_column_of_personal_data_refuses_the_file_whole(name: str) -> None:
    rows = ([*ROWS[name], "Примеров Пример"],)
    with pytest.raises(FileRefused) as refusal:
        read_register(name, content(name, *rows, heading=[*HEADINGS[name], "ФИО директора"]))
    assert refusal.value.code == "PERSONAL_DATA"
    assert "Примеров" not in refusal.value.message


@pytest.mark.parametrize("name", [name for name in ROWS if name not in ("events", "programmes")])
def test_a_missing_column_refuses_the_file_and_is_named(name: str) -> None:
    *heading, last = HEADINGS[name]
    with pytest.raises(FileRefused) as refusal:
        read_register(name, content(name, ROWS[name][:-1], heading=heading))
    assert refusal.value.code == "HEADER"
    assert f"«{last}»" in refusal.value.message


BAD = [
    # register, what is wrong with it, rule, what the message says
    ("events", {"c10": "завод"}, "CHOICE", "«завод» вместо «школа-лидер», «школа проекта»"),
    ("events", {"c9": "про грамма"}, "TYPE", "вместо кода"),
    ("events", {"c13": None}, "MISSING", "«Предмет» и «Класс» называют вместе"),
    ("events", {"c12": None}, "MISSING", "Впишите оба или ни одного"),
    ("events", {"c15": "танцы"}, "CHOICE", "«танцы» нет в перечне"),
    ("events", {"c12": None, "c13": None}, "MISSING", "у блока не назван предмет"),
    ("regional_acts", {"c1": None}, "MISSING", "столбец A «Код акта»"),
    ("regional_acts", {"c6": "подписан"}, "CHOICE", "«утверждён» или «проект»"),
    ("regional_acts", {"c4": "вчера"}, "TYPE", "«вчера» вместо даты"),
    ("own_schedule", {"c1": "третье"}, "TYPE", "«третье» вместо номера мероприятия"),
    ("own_schedule", {"c1": "1,2"}, "TYPE", "Впишите номер как в плане: 8 или 1.2"),
    ("own_schedule", {"c2": None}, "MISSING", "Впишите «Срок»"),
    ("own_schedule", {"c2": date(2022, 1, 1)}, "PERIOD", "Дата вне года плана: 01.01.2022"),
    ("medk_surveys", {"c1": "учитель"}, "CHOICE", "«куратор» или «школа»"),
    ("medk_surveys", {"c3": None}, "MISSING", "Впишите код школы"),
    ("medk_surveys", {"c1": "куратор"}, "MISSING", "Впишите код куратора"),
    ("medk_surveys", {"c6": None}, "CONTRADICTION", "у закрытой анкеты нет даты закрытия"),
    ("medk_surveys", {"c5": "открыта"}, "CONTRADICTION", "у открытой анкеты есть дата"),
    ("medk_documents", {"c2": "устав"}, "CHOICE", "«концепция развития», «среднесрочная"),
    ("medk_documents", {"c3": None}, "MISSING", "у антирисковой программы не указан фактор"),
    ("medk_documents", {"c5": None}, "MISSING", "нет даты состояния"),
    ("risk_profiles", {"c3": "огромная"}, "CHOICE", "«высокая», «средняя» или «низкая»"),
    ("risk_profiles", {"c4": "наверное"}, "CHOICE", "«да» или «нет»"),
    ("risk_profiles", {"c1": None}, "MISSING", "столбец A «Код школы»"),
    ("medk_changes", {"c2": "Низкая цифровая грамотность"}, "CHOICE", "нет в перечне"),
    ("medk_changes", {"c3": "3"}, "CHOICE", "«3» вместо «1» или «2»"),
    ("medk_changes", {"c4": "улучшение"}, "CHOICE", "«да», «частично» или «нет»"),
    ("medk_changes", {"c6": None}, "MISSING", "нет даты отметки"),
    ("municipal_mechanisms", {"c2": "Кадры"}, "CHOICE", "«Кадры»"),
    ("municipal_mechanisms", {"c3": 3}, "CHOICE", "«0», «1» или «2»"),
    ("municipal_mechanisms", {"c3": None}, "MISSING", "столбец C «Балл»"),
    ("programmes", {"c6": None}, "CONTRADICTION", "утверждение без даты"),
    ("directions", {"c6": None}, "CONTRADICTION", "утверждение без даты"),
    ("directions", {"c2": 22}, "RANGE", "год вне разумных границ"),
    ("acknowledgements", {"c3": "май"}, "CHOICE", "«март», «июнь», «август»"),
    ("publications", {"c3": "статья"}, "CHOICE", "вместо «страница» или «новость»."),
    ("publications", {"c5": "не ссылка"}, "TYPE", "ссылка не похожа на адрес страницы"),
    ("publications", {"c5": "javascript:alert(1)"}, "TYPE", "https://"),
    ("publications", {"c6": None}, "MISSING", "столбец F «Дата»"),
]


@pytest.mark.parametrize(
    ("cell", "number"), [(8, "8"), (8.0, "8"), (1.2, "1.2"), ("1.10", "1.10"), (" 2.1.3 ", "2.1.3")]
)
def test_the_number_of_a_measure_is_its_text(cell: Any, number: str) -> None:
    (row,) = said(read("own_schedule", changed("own_schedule", c1=cell)))
    assert row["measure"] == number


@pytest.mark.parametrize("cell", ["08", "1,2", "0", "№ 8", "8.", date(2021, 2, 1)])
def test_what_is_no_number_of_a_measure_is_set_aside(cell: Any) -> None:
    (rejected,) = read("own_schedule", changed("own_schedule", c1=cell)).rejected
    assert rejected.rule == "TYPE"


@pytest.mark.parametrize(("name", "cells", "rule", "says"), BAD)
def test_a_bad_row_is_set_aside_with_its_place_and_no_other(
    name: str, cells: dict[str, Any], rule: str, says: str
) -> None:
    sound = _another(name)
    parsed = read(name, sound, changed(name, **cells))
    (rejected,) = parsed.rejected
    assert (rejected.rule, rejected.row) == (rule, 3)
    assert says in rejected.message
    assert rejected.message.startswith(("Строка не принята: ", "Дата вне года плана: "))
    assert "Файл «файл.xlsx»" in rejected.message and "строка 3" in rejected.message
    assert (parsed.rows_read, parsed.rows_accepted, len(said(parsed))) == (2, 1, 1)


@pytest.mark.parametrize(
    ("day", "accepted"),
    [(date(2022, 12, 31), 1), (date(2023, 1, 1), 0), (date(2020, 12, 31), 0)],
)
def test_a_day_of_a_roadmap_of_two_years_is_of_either(day: date, accepted: int) -> None:
    options = with_words(load_sources()["own_schedule"].options_of(2021), 2021)
    context = ReaderContext("файл.xlsx", 2021, options, last_year=2022)
    rows = (_another("own_schedule"), changed("own_schedule", c2=day))
    parsed = register.read(content("own_schedule", *rows), context)
    assert parsed.rows_accepted == 1 + accepted
    for rejected in parsed.rejected:
        assert f"Дата вне лет 2021–2022 плана: {day:%d.%m.%Y}" in rejected.message


def _another(name: str) -> list[Any]:
    """A sound row about something else: another code, school, measure."""
    if name == "own_schedule":
        return changed(name, c1=2)
    if name == "municipal_mechanisms":
        return changed(name, c1="galich")
    column = {"medk_surveys": "c3", "acknowledgements": "c2"}.get(name, "c1")
    return changed(name, **{column: "other-1"})


def test_every_register_has_a_bad_row_among_the_cases() -> None:
    assert {name for name, *_ in BAD} == set(ROWS)


def test_an_unknown_factor_is_told_with_the_nearest_names() -> None:
    bad = changed("risk_profiles", c2="Низкая мотивация обучающихся")
    (rejected,) = read("risk_profiles", ROWS["risk_profiles"], bad).rejected
    assert rejected.rule == "CHOICE"
    assert rejected.message == (
        "Строка не принята: «Низкая мотивация обучающихся» нет в перечне (похоже на «Низкая "
        "учебная мотивация обучающихся»). Файл «файл.xlsx», лист «Риски», строка 3, столбец B "
        "«Фактор риска». Впишите «Фактор риска» словами перечня (docs/formats.md)."
    )


def test_an_unknown_state_is_told_with_the_captions_that_there_are() -> None:
    bad = changed("medk_documents", c1="SH-102", c4="принят")
    (rejected,) = read("medk_documents", ROWS["medk_documents"], bad).rejected
    captions = load_sources()["medk_documents"].options["choices"]["state"]
    assert len(captions) == 6
    assert all(f"«{caption}»" in rejected.message for caption in captions)


@pytest.mark.parametrize(
    "written",
    ["  НИЗКАЯ  учебная мотивация\u00a0обучающихся", "Низкая учебная мотивация", "motivation"],
)
def test_a_factor_is_known_by_its_name_its_other_names_and_its_code(written: str) -> None:
    assert said(read("risk_profiles", changed("risk_profiles", c2=written))) == [FACTS["risk"]]


@pytest.mark.parametrize("written", ["март", "Март", "march_analysis"])
def test_a_phase_is_known_by_its_month_and_its_code(written: str) -> None:
    parsed = read("acknowledgements", changed("acknowledgements", c3=written))
    assert said(parsed) == [FACTS["acknowledgement"]]


def test_the_scope_of_acknowledgements_is_their_municipality() -> None:
    assert read("acknowledgements", ROWS["acknowledgements"]).scope == "buyskiy"
    with pytest.raises(FileRefused) as refusal:
        read("acknowledgements", ROWS["acknowledgements"], changed("acknowledgements", c1="galich"))
    assert refusal.value.code == "SCOPE"
    assert {read(name, ROWS[name]).scope for name in ROWS if name != "acknowledgements"} == {"all"}


def test_events_without_the_new_columns_stay_valid() -> None:
    old = content("events", ROWS["events"][: len(EVENTS)], heading=EVENTS)
    parsed = check(read_register("events", old), "events.xlsx")
    nothing = dict.fromkeys(
        ("programme_id", "host_kind", "host", "subject", "grade", "factor", "block")
    )
    assert said(parsed) == [{**FACTS["event"], **nothing}]
    assert parsed.warnings == ()


def test_a_date_that_lies_ahead_is_no_fault() -> None:
    ahead = [
        read("own_schedule", changed("own_schedule", c2=date(2021, 12, 31))),
        read("medk_surveys", changed("medk_surveys", c6=date(2021, 12, 31))),
        # The letter of December is answered in January.
        read("acknowledgements", changed("acknowledgements", c4="20.01.2022")),
    ]
    assert [parsed.rows_accepted for parsed in ahead] == [1, 1, 1]


def test_a_document_never_uploaded_needs_no_date_and_is_no_fact() -> None:
    absent = changed("medk_documents", c4=NOT_UPLOADED, c5=None)
    parsed = read("medk_documents", ROWS["medk_documents"], absent)
    assert (parsed.rows_accepted, parsed.rejected) == (2, ())
    assert said(parsed) == [FACTS["medk_document"]]


def test_a_risk_that_is_not_marked_yet_is_no_fact_and_no_no() -> None:
    unmarked = changed("medk_changes", c1="SH-102", c4=None, c5=None, c6=None)
    parsed = read("medk_changes", ROWS["medk_changes"], unmarked)
    assert (parsed.rows_accepted, parsed.rejected) == (2, ())
    assert said(parsed) == [FACTS["positive_change"]]


@pytest.mark.parametrize("written", [1, "1", "1 этап", "Первый"])
def test_a_stage_is_known_by_its_number_and_in_words(written: Any) -> None:
    assert said(read("medk_changes", changed("medk_changes", c3=written))) == [
        FACTS["positive_change"]
    ]


def test_words_are_no_link_to_evidence_and_the_mark_stays() -> None:
    parsed = read("medk_changes", changed("medk_changes", c5="акт на столе"))
    assert said(parsed) == [FACTS["positive_change"] | {"evidence": None}]
    assert "Ссылка не похожа на адрес страницы" in parsed.warnings[0]


def test_marks_of_both_stages_stand_side_by_side() -> None:
    second = changed("medk_changes", c3="2", c4="да", c6=date(2021, 9, 20))
    parsed = read("medk_changes", ROWS["medk_changes"], second)
    assert (parsed.rejected, [row["stage"] for row in said(parsed)]) == ((), [1, 2])


def test_a_factor_beside_another_document_is_dropped_and_told() -> None:
    parsed = read("medk_documents", changed("medk_documents", c2="концепция развития"))
    assert said(parsed)[0]["factor"] is None
    assert "Фактор риска указан не у антирисковой программы" in parsed.warnings[0]


@pytest.mark.parametrize(("name", "state"), [("programmes", "проект"), ("directions", "проект")])
def test_the_date_of_a_draft_is_no_day_of_approval(name: str, state: str) -> None:
    (fact,) = said(read(name, changed(name, c5=state)))
    assert (fact["state"], fact["approved_on"]) == ("draft", None)
    assert said(read(name, changed(name, c5=state, c6=None))) == [fact]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("regional_acts", {"c3": "377"}),
        ("own_schedule", {"c2": date(2021, 10, 1)}),
        ("medk_surveys", {"c5": "открыта", "c6": None}),
        ("medk_documents", {"c4": "загружен"}),
        ("risk_profiles", {"c4": "нет"}),
        ("medk_changes", {"c4": "нет"}),
        ("programmes", {"c3": "Другая"}),
        ("directions", {"c3": "Другое"}),
        ("publications", {"c4": "Другой заголовок"}),
        ("events", {"c7": "отменено"}),
    ],
)
def test_two_rows_that_contradict_each_other_are_both_set_aside(
    name: str, cells: dict[str, Any]
) -> None:
    parsed = read(name, ROWS[name], changed(name, **cells), _another(name))
    assert [item.rule for item in parsed.rejected] == ["CONFLICTING_DUPLICATE"] * 2
    assert "строки 2, 3" in parsed.rejected[0].message
    assert len(said(parsed)) == 1


def test_states_of_one_document_on_different_days_are_its_history() -> None:
    parsed = read(
        "medk_documents",
        changed("medk_documents", c4="загружен", c5=date(2021, 5, 1)),
        ROWS["medk_documents"],
    )
    assert (parsed.rejected, len(said(parsed))) == ((), 2)


def test_the_plans_words_are_those_of_the_register() -> None:
    measure = load_plan("2021").measure("11")
    words = load_sources()["medk_documents"].options["choices"]
    kinds = {plan_words(str(kind)) for kind in measure.rules["documents_of_each_school"]}  # type: ignore[union-attr]
    states = {plan_words(str(state)) for state in measure.rules["counted_states"]}  # type: ignore[union-attr]
    assert kinds and kinds | {ANTI_RISK_PROGRAMME} <= set(words["kind"].values())
    assert states and states | {NOT_UPLOADED} <= set(words["state"])


@pytest.mark.parametrize("name", [name for name in ROWS if name != "acknowledgements"])
@settings(deadline=None, max_examples=8)
@given(data=st.data())
def test_the_order_of_rows_and_their_repetition_change_no_fact(
    name: str, data: st.DataObject
) -> None:
    rows = [ROWS[name], _another(name)]
    order = data.draw(st.lists(st.sampled_from(rows), min_size=2, max_size=6))
    parsed = read_register(name, table_csv([HEADINGS[name], *map(_as_text, order)]))
    kept = said(replace(check(parsed, "файл.csv"), rejected=()))
    wanted = [fact for row in rows if row in order for fact in said(read(name, row))]
    assert sorted(map(str, kept)) == sorted(map(str, wanted))


def _as_text(row: Sequence[Any]) -> list[Any]:
    return [f"{cell:%d.%m.%Y}" if isinstance(cell, date) else cell for cell in row]
