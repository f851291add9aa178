"""Pupil protocols of both years: every dirt of real files, and nothing of a pupil is kept."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict, replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers.vpr_protocols import read
from roadmap.evidence.scales import options_for
from roadmap.evidence.sources import load_sources
from support.workbooks import book, csv_bytes, one_sheet, parts_of, with_parts

OPTIONS = {**load_sources()["vpr_protocols"].options_of(2021), **options_for("vpr")}
NAME_2020 = "Проведение работы по математике, 5 класс. ВПР 2020.xlsx"
NAME_2021 = "Проведение работы по русскому языку, 4 класс. ВПР 2021.xlsx"
MA5 = ReaderContext(NAME_2020, 2021, OPTIONS)  # 7 / 11 / 15 of 20
RU4 = ReaderContext(NAME_2021, 2021, OPTIONS)  # 14 / 24 / 33 of 38

HEAD_2020 = ["groups", "user", "id", "code", "otc", "gender", "klass", "var-1", "var-2", "sum",
             "a-1-grade", "a-2-grade", "Учебник", "a-3-grade", "mtime"]  # fmt: skip
HEAD_2021 = ["логин школы", "регион", "номер обучающегося", "код обучающегося",
             "отметка за предыдущую четверть/триместр", "пол", "класс", "вариант", "всего баллов",
             "балл за 1", "балл за 2", "Учебник", None, None]  # fmt: skip

JOURNAL_2022 = "Отметка за предыдущий триместр/ четверть/полугодие"
HEAD_2022 = ["Пользователь", "Код региона", "Регион", "Муниципалитет", "Школа", "Дата загрузки",
             "Код", "Вариант", "1 (1б)", "2.1(3б)", "17К1 (10 б)", "18 (9б)",
             "Наименование класса", "Пол", JOURNAL_2022, "Итого баллов"]  # fmt: skip
OB6 = ReaderContext(
    "Проведение работы по обществознанию, 6 класс. ВПР 2022.xlsx",
    2022,
    OPTIONS | {"scales": {"2022": OPTIONS["scales"]["2021"]}},  # 9 / 15 / 20 of 23
)


_code = count(1)  # of a pupil: no two in a school have the same; the grade stands before it


def pupil(
    score: object = "12",
    journal: object = "4",
    login: str = "sch440123",
    tag: str | None = "reg44_vpr_m004",
    variant: object = "3",
    second: object = None,
    code: str | None = None,
    tasks: object = None,
) -> list[object]:
    groups = None if tag is None else f"reg44,{tag},vpr_2020_5"
    own = f"6{next(_code):04}" if code is None else code
    first = score if tasks is None else tasks
    return [groups, login, "500001", own, journal, " ж\u00a0", "а(2)", variant, second, score,
            first, "Х" if first else None, "x ", "не пройдена тема", "2020-10-09"]  # fmt: skip


def pupil_2021(
    score: object = "25",
    journal: object = "4",
    login: str = "sch440123",
    municipality: str = "Буйский муниципальный район",
    variant: object = "7",
    code: str | None = None,
) -> list[object]:
    own = f"4{next(_code):04}" if code is None else code
    return [login, municipality, "1", own, journal, "м", "НЕТ", variant, score,
            score, "X", "Иванов и др.", "без заголовка", None]  # fmt: skip


def pupil_2022(
    score: object, journal: object = "4", variant: object = "7", login: str = "edu440123"
) -> list[object]:
    tasks = [score, "X", "0", "N"] if score else [None] * 4
    return [login, "44", "Костромская обл.", "reg44_m019 | Нейский муниципальный район",
            "МОУ СОШ № 1", "04.10.2022", f"7{next(_code):04}", variant, *tasks, "6а", "ж",
            journal, score]  # fmt: skip


def parsed(*pupils: list[object], context: ReaderContext = MA5, above: int = 0) -> Parsed:
    head = HEAD_2020 if context.file_name == NAME_2020 else HEAD_2021
    return read(one_sheet([*[[]] * above, head, *pupils], "Sheet1"), context)


def parsed_as(name: str, *pupils: list[object]) -> Parsed:
    """A table of 2020 under that name."""
    return read(one_sheet([HEAD_2020, *pupils], "Sheet1"), replace(MA5, file_name=name))


def marks(parsed: Parsed, school: int = 0) -> list[object]:
    fact = parsed.facts["mark_result"][school]
    return [fact[f"mark_{mark}"] for mark in (2, 3, 4, 5)]


def journal(parsed: Parsed) -> list[object]:
    return [
        [fact[name] for name in ("lowered", "confirmed", "raised", "compared")]
        for fact in parsed.facts["journal_result"]
    ]


# -- Layouts and names -----------------------------------------------------------------------


def test_the_layout_of_2020():
    found = parsed(pupil("6"), pupil("7"), pupil("11"), pupil("20"))
    assert found.scope == "vpr/2020/autumn/5/математика"
    (fact,) = found.facts["mark_result"]
    assert (fact["school_scheme"], fact["school_ref"]) == ("vpr_login", "440123")
    assert fact["municipality_ref"] == "reg44_vpr_m004"
    assert (fact["level"], fact["restored"], fact["row"]) == ("school", 0, None)
    assert marks(found) == [1, 1, 1, 1]


def test_the_layout_of_2021():
    found = parsed(pupil_2021("13"), pupil_2021("14"), pupil_2021("38"), context=RU4)
    assert found.scope == "vpr/2021/spring/4/русский язык"
    assert found.facts["mark_result"][0]["municipality_ref"] == "буйский муниципальный район"
    assert marks(found) == [1, 1, 0, 1]


@pytest.mark.parametrize(
    ("name", "what", "asked"),
    [
        # The papers of MA5 of autumn 2020 came under these names as well.
        ("Проведение работы по математике, 7 класс. ВПР 2020.xlsx",
         "по имени это 7 класс, а коды участников начинаются с 6", "класс"),
        ("Проведение работы по математике, 6 класс. ВПР 2021.xlsx",
         "по имени он 2021 года, а таблица — 2020 года", "год"),
    ],
)  # fmt: skip
def test_pupils_codes_name_the_grade_and_the_layout_the_year(name: str, what: str, asked: str):
    with pytest.raises(FileRefused) as refusal:
        parsed_as(name, *[pupil("7") for _ in range(10)])
    assert (refusal.value.code, refusal.value.message) == (
        "FILE_NAME",
        f"Файл не принят: {what}. Файл «{name}». "
        f"Проверьте {asked} в имени файла и, если нужно, переименуйте его.",
    )


@pytest.mark.parametrize("grade", [5, 6])
def test_in_autumn_the_programme_s_grade_and_the_pupils_own_are_both_right(grade: int):
    name = f"Проведение работы по математике, {grade} класс. ВПР 2020.xlsx"
    assert parsed_as(name, *[pupil("7") for _ in range(10)]).rows_accepted == 10


def test_codes_that_are_few_or_not_alike_name_no_grade():
    name = "Проведение работы по математике, 7 класс. ВПР 2020.xlsx"
    assert parsed_as(name, *[pupil("7") for _ in range(9)]).rows_accepted == 9
    mixed = [pupil("7", code=f"{4 + n % 4}{n:04}") for n in range(20)]
    assert parsed_as(name, *mixed).rows_accepted == 20


def test_many_scores_above_the_maximum_ask_for_the_name():
    few = [pupil("7") for _ in range(39)]
    assert "Верно ли" not in parsed(*few, pupil("21")).rejected[0].message
    (told,) = parsed(*few, *[pupil("21") for _ in range(3)]).rejected
    assert "Верно ли названы в имени файла класс и предмет?" in told.message


@pytest.mark.parametrize("journal_title", [JOURNAL_2022, JOURNAL_2022.replace("/ ", "/")])
def test_the_layout_of_2022(journal_title):
    head = [journal_title if title == JOURNAL_2022 else title for title in HEAD_2022]
    rows = [pupil_2022("8"), pupil_2022("9", journal="3"), pupil_2022("21"),
            pupil_2022(None, variant="отсутствовал", journal=None)]  # fmt: skip
    textbooks = [["Пользователь", "Класс", "Учебник"], ["edu440123", "6а", "Иванов и др."]]
    found = read(book({"Классы": textbooks, "Протокол": [head, *rows]}), OB6)
    assert found.scope == "vpr/2022/autumn/6/обществознание"
    (fact,) = found.facts["mark_result"]
    assert (fact["school_ref"], fact["municipality_ref"]) == (
        "440123", "нейский муниципальный район",
    )  # fmt: skip
    assert (fact["participants"], fact["absent"], fact["sheet"]) == (3, 1, "Протокол")
    assert marks(found) == [1, 1, 0, 1]
    assert found.warnings == ()


def test_task_headings_that_add_up_to_another_paper_are_told():
    head = [title.replace("(9б)", "(19б)") if title else title for title in HEAD_2022]
    found = read(one_sheet([head, pupil_2022("8")], "Протокол"), OB6)
    assert found.warnings == (
        "Наибольший балл по заголовкам заданий — 33, по шкале — 23. Проверьте имя файла и шкалу.",
    )


def test_absentees_of_2022_carry_0_and_are_absent():
    """One in four is absent: set aside, they refused the whole file."""
    absent = [pupil_2022("0", variant="отсутствовал", journal=None) for _ in range(2)]
    found = read(one_sheet([HEAD_2022, pupil_2022("9"), *absent], "Протокол"), OB6)
    (fact,) = found.facts["mark_result"]
    assert (fact["participants"], fact["absent"], found.rejected) == (1, 2, ())


@pytest.mark.parametrize(
    "headings",
    [
        ["16 (1) (1б)", "16(2) (3б)", "17К1 (10б)", "5(9б)"],
        ["1К1 (4б)", "1К2 (6б) ", "2(13 б)", "3"],
    ],
)
def test_no_other_maximum_is_told_where_the_headings_do_not_say_one(headings):
    head = [*HEAD_2022[:8], *headings, *HEAD_2022[12:]]
    found = read(one_sheet([head, pupil_2022("8")], "Протокол"), OB6)
    assert found.warnings == ()


def test_a_csv_of_2021_in_cp1251_is_read_the_same():
    rows = [HEAD_2021, pupil_2021("13"), pupil_2021("38")]
    context = replace(RU4, file_name=NAME_2021.replace(".xlsx", ".csv"))
    assert marks(read(csv_bytes(rows), context)) == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        (NAME_2020, "vpr/2020/autumn/5/математика"),
        ("Проведение работы по русскому языку, 7 класс (по образцу 7 класса). ВПР 2020.xlsx",
         "vpr/2020/autumn/7/русский язык"),
        ("Проведение работы по окружающему миру, 4 класс. ВПР 2021.xlsx",
         "vpr/2021/spring/4/окружающий мир"),
        ("ПРОВЕДЕНИЕ РАБОТЫ ПО ОБЩЕСТВОЗНАНИЮ, 6 КЛАСС. ВПР 2020.XLSX",
         "vpr/2020/autumn/6/обществознание"),
    ],
)  # fmt: skip
def test_grade_and_subject_come_from_the_file_name(name, scope):
    rows = [HEAD_2020, pupil("1")] if "2020" in name else [HEAD_2021, pupil_2021("1")]
    assert read(one_sheet(rows), replace(MA5, file_name=name)).scope == scope


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("протокол.xlsx", "FILE_NAME"),
        ("Проведение работы по музыке, 5 класс. ВПР 2020.xlsx", "SUBJECT"),
        ("Проведение работы по математике, 5 класс. ВПР 2022.xlsx", "PERIOD"),
    ],
)
def test_a_file_name_that_tells_no_known_paper_refuses_the_file(name, code):
    with pytest.raises(FileRefused) as caught:
        read(one_sheet([HEAD_2020, pupil()]), replace(MA5, file_name=name))
    assert caught.value.code == code
    assert name in caught.value.message


# -- Without a scale -------------------------------------------------------------------------

WITHOUT_A_SCALE = OB6.options | {"scales": {}}


def test_a_paper_without_a_scale_is_taken_in_without_marks_and_told():
    rows = [pupil_2022(score, journal) for score, journal in zip("22457", "33445", strict=True)]
    absent = pupil_2022(None, variant="отсутствовал", journal=None)
    content = one_sheet([HEAD_2022, *rows, absent], "Протокол")
    found = read(content, replace(OB6, options=WITHOUT_A_SCALE))
    assert found.facts["mark_result"] == found.facts["journal_result"] == []
    school = found.facts["score_result"][0]
    assert (school["participants"], school["absent"], school["score_sum"]) == (5, 1, 20)
    assert [school[f"journal_{mark}"] for mark in (2, 3, 4, 5)] == [0, 2, 2, 1]
    assert school["gap_2"] is None
    assert (found.scale, found.rows_accepted) == ("", 6)
    assert found.warnings == ()
    assert found.without_marks == (
        "Нет шкалы отметок на 2022 год для работы «обществознание, 6 класс»: приняты участники, "
        "отсутствовавшие, баллы и отметки по журналу, отметок за работу нет. Впишите шкалу в "
        "vpr/scales/scales.xlsx, лист «Шкалы»: отметки будут поставлены при следующем приёме."
    )


OF_2020 = {"waves": OPTIONS["waves"]}


def test_without_a_scale_the_maximum_is_what_the_headings_say():
    """23 by the tasks of 2022; the headings of 2020 say nothing."""
    content = one_sheet([HEAD_2022, pupil_2022("24"), pupil_2022("9")], "Протокол")
    found = read(content, replace(OB6, options=WITHOUT_A_SCALE))
    assert [kept.rule for kept in found.rejected] == ["SCORE_ABOVE_MAXIMUM"]
    assert (
        parsed(pupil("99"), context=replace(MA5, options=WITHOUT_A_SCALE | OF_2020)).rejected == ()
    )


def test_a_column_of_years_is_no_column_of_scores_even_where_nobody_says_the_maximum():
    context = replace(MA5, options=WITHOUT_A_SCALE | OF_2020)
    found = parsed(pupil("2021"), pupil("12"), context=context)
    assert [(kept.rule, kept.rows) for kept in found.rejected] == [("SCORE_ABOVE_MAXIMUM", 1)]


def test_the_scale_by_which_marks_were_given_is_told_to_the_batch():
    assert parsed(pupil("7")).scale == "20: 7, 11, 15"


# -- Sums ------------------------------------------------------------------------------------


def sums(parsed: Parsed, level: str = "school") -> list[dict[str, object]]:
    return [fact for fact in parsed.facts["score_result"] if fact["level"] == level]


def test_sums_of_a_school_by_its_scores_and_journal_marks():
    pupils = [("6", "4"), ("7", "3"), ("7", "5"), ("12", "4"), ("20", None), ("20", "5")]
    (school,) = sums(parsed(*[pupil(score, mark) for score, mark in pupils]))
    assert (school["score_sum"], school["score_squares"]) == (72, 1078)
    assert (school["pair_scores"], school["pair_squares"], school["pair_products"]) == (
        52,
        678,
        228,
    )
    assert school["gap_2"] == 2  # «2» against 4, «3» against 5
    # Ranks of scores 1, 2.5, 2.5, 4, 5; of journal marks 2.5, 1, 4.5, 2.5, 4.5.
    assert school["rank_gaps"] == 4 * (1.5**2 + 1.5**2 + 2**2 + 1.5**2 + 0.5**2)
    assert school["score_ties"] == 2**3 - 2


@pytest.mark.parametrize(("pupils", "kept"), [(4, None), (5, 60)])
def test_of_fewer_than_five_pupils_nothing_but_their_number_is_kept(pupils, kept):
    (school,) = sums(parsed(*[pupil("12") for _ in range(pupils)]))
    assert (school["participants"], school["score_sum"], school["pair_products"]) == (
        pupils, kept, kept and 240,
    )  # fmt: skip
    assert (school["absent"], school["rank_gaps"]) == (0, 0 if kept else None)


def test_scores_of_small_schools_stand_in_the_sums_of_municipality_and_region():
    found = parsed(
        *[pupil("12", login="sch440101") for _ in range(4)],
        pupil("6", login="sch440102"),
        *[pupil("7", login="sch440201", tag="reg44_vpr_m005") for _ in range(4)],
        pupil("9", login="sch440301", tag=None),
    )
    by_name = {row["municipality_ref"]: row["score_sum"] for row in sums(found, "municipality")}
    assert by_name == {"reg44_vpr_m004": 54, "reg44_vpr_m005": None}
    (region,) = sums(found, "region")
    assert (region["participants"], region["score_sum"], region["absent"]) == (10, 91, None)
    assert {row["score_sum"] for row in sums(found)} == {None}


def around(fact: dict[str, object]) -> list[list[object]]:
    return [[fact[f"around_{mark}_{at}"] for at in (1, 2, 3, 4)] for mark in (3, 4, 5)]


def test_the_four_scores_around_each_boundary_are_counted():
    """7 / 11 / 15 of 20: whether «3» begins with a spike."""
    (school,) = sums(parsed(*[pupil(score) for score in ("5", "6", "7", "7", "8", "11", "20")]))
    assert around(school) == [[1, 1, 2, 1], [0, 0, 1, 0], [0, 0, 0, 0]]
    (small,) = sums(parsed(*[pupil("7") for _ in range(4)]))
    assert around(small) == [[None] * 4] * 3


def test_a_histogram_is_kept_of_fifty_pupils_and_of_no_school():
    fifty = [pupil(score) for score in ("7", "8") for _ in range(25)]
    counts = parsed(*fifty).facts["score_count"]
    assert {(row["level"], row["score"], row["pupils"]) for row in counts} == {
        ("municipality", 7, 25), ("municipality", 8, 25), ("region", 7, 25), ("region", 8, 25),
    }  # fmt: skip
    assert parsed(*fifty[1:]).facts["score_count"] == []


def tasks(parsed: Parsed) -> list[dict[str, object]]:
    return [fact for fact in parsed.facts["task_result"] if fact["level"] == "school"]


def with_tasks(score: str, *points: str) -> list[object]:
    row = pupil(score)
    row[10:12] = points
    return row


def test_points_by_task_and_by_mark_and_who_left_a_task_out():
    """6 is «2», 7 is «3», 12 is «4»; without any sign in the tasks nobody knows them."""
    rows = [with_tasks("6", "1", "X")] * 3 + [with_tasks("12", "2", "Х")] * 3
    (school,) = tasks(parsed(*[[*row[:3], f"6{n:04}", *row[4:]] for n, row in enumerate(rows)],
                             with_tasks("7", "", "")))  # fmt: skip
    assert (school["pupils"], school["points"], school["left_out"]) == (6, "9 0", "0 6")
    assert [school[f"pupils_{mark}"] for mark in (2, 3, 4, 5)] == [3, 0, 3, 0]
    assert [school[f"points_{mark}"] for mark in (2, 3, 4, 5)] == ["3 0", None, "6 0", None]


def test_points_of_one_or_two_pupils_with_a_mark_cannot_be_had_from_the_others():
    """Of the two with «2» nothing, and of the three with «3» neither: the rest would tell."""
    marks_of = [("6", 2), ("7", 3), ("12", 4)]
    rows = [with_tasks(score, "1", "1") for score, pupils in marks_of for _ in range(pupils)]
    (school,) = tasks(parsed(*rows))
    assert school["points"] == "9 9"
    assert [school[f"points_{mark}"] for mark in (2, 3, 4)] == [None, None, "4 4"]


def test_points_of_fewer_than_five_pupils_stand_in_the_region_only():
    small = [with_tasks("6", "1", "1") for _ in range(4)]
    found = parsed(*small, pupil("6", login="sch440999", tag="reg44_vpr_m005", tasks="3"))
    assert [(row["level"], row["points"]) for row in found.facts["task_result"]] == [
        ("region", "7 4")
    ]


def test_tasks_are_named_as_the_headings_do():
    of_2020 = parsed(pupil("6")).facts["paper_task"]
    assert [(task["position"], task["task"], task["maximum"]) for task in of_2020] == [
        (1, "1", None), (2, "2", None),
    ]  # fmt: skip
    of_2022 = read(one_sheet([HEAD_2022, pupil_2022("8")], "Протокол"), OB6).facts["paper_task"]
    assert [(task["task"], task["maximum"]) for task in of_2022] == [
        ("1", 1), ("2.1", 3), ("17К1", 10), ("18", 9),
    ]  # fmt: skip


def test_points_of_whom_the_source_counts_among_the_absent_are_in_no_sum():
    context = replace(MA5, options=OPTIONS | {"one_part": "absent"})
    both = [pupil("12", second="4", tasks="2") for _ in range(5)]
    found = parsed(*both, pupil("12", second="отсутствовал", tasks="2"), context=context)
    (school,) = tasks(found)
    assert (school["pupils"], school["points"]) == (5, "10 0")


def test_a_heading_moved_down_is_found():
    assert marks(parsed(pupil("6"), above=5)) == [1, 0, 0, 0]


@pytest.mark.parametrize(("missing", "layout"), [("sum", HEAD_2020), ("всего баллов", HEAD_2021)])
def test_a_renamed_heading_is_named_in_the_form_that_the_file_has(missing, layout):
    head = ["итог" if title == missing else title for title in layout]
    with pytest.raises(FileRefused, match=f"нет столбца «{missing}»") as caught:
        read(one_sheet([head, pupil()]), MA5)
    assert caught.value.code == "HEADER"


# -- Dirt ------------------------------------------------------------------------------------


def test_absent_pupils_are_counted_and_are_no_participants():
    absent = pupil(None, None, variant="отсутствовал")
    found = parsed(pupil("6"), absent, pupil(None, None, variant=" Отсутствовал\u00a0"))
    fact = found.facts["mark_result"][0]
    assert (fact["participants"], fact["absent"]) == (1, 2)
    assert (found.rows_read, found.rows_accepted, found.rejected) == (3, 3, ())


def test_a_total_of_0_beside_points_for_tasks_is_set_aside():
    """As 2 it would be wrong: in one real paper the totals of half of the pupils were lost."""
    found = parsed(pupil("6"), pupil("0", tasks="5"), pupil("0", tasks="X"))
    assert [(kept.rule, kept.rows) for kept in found.rejected] == [("TOTAL_ZERO", 1)]
    assert found.rejected[0].message.startswith("Первичный балл — 0, а баллы за задания есть: 1")
    assert marks(found) == [2, 0, 0, 0]


def test_totals_that_are_not_the_sum_of_their_tasks_are_counted_and_told():
    unknown = pupil("7")
    unknown[10:13] = [None, None, None]  # without any task there is no sum
    after_the_textbook = pupil("7", tasks="7")
    after_the_textbook[13] = "3"  # no task, whatever its heading says
    found = parsed(pupil("7", tasks="6"), pupil("7", tasks="9"), unknown, after_the_textbook)
    assert marks(found) == [0, 4, 0, 0]
    told = "Первичный балл не равен сумме баллов за задания, взят он: 2\u00a0строки."
    assert found.warnings == (f"{told} Проверьте итоги в протоколе.",)


def test_points_without_a_total_make_nobody_absent():
    found = parsed(pupil("6"), pupil(None, variant=None, tasks="5"))
    assert [(kept.rule, kept.rows) for kept in found.rejected] == [("SCORE_MISSING", 1)]
    assert found.facts["mark_result"][0]["absent"] == 0


@pytest.mark.parametrize(
    ("decision", "participants", "absent", "aside", "told"),
    [
        ("participant", 4, 1, [], "2\u00a0участника; учтены среди участников."),
        ("absent", 2, 3, [], "2\u00a0участника; учтены среди отсутствовавших."),
        ("set_aside", 2, 1, [("ONE_PART", 2)], None),
    ],
)
def test_who_wrote_one_part_of_two_days_is_judged_by_the_source_and_told(
    decision, participants, absent, aside, told
):
    context = replace(RU4, file_name=NAME_2020, options=OPTIONS | {"one_part": decision})
    missed = "отсутствовал"
    found = parsed(
        *[pupil("12", "2", second="4") for _ in range(2)],
        pupil("12", second=missed),
        pupil("12", variant=missed, second="4"),
        pupil(None, None, variant=missed, second=missed),
        context=context,
    )
    fact = found.facts["mark_result"][0]
    assert (fact["participants"], fact["absent"]) == (participants, absent)
    assert [(kept.rule, kept.rows) for kept in found.rejected] == aside
    said = [w for w in found.warnings if "одну часть" in w]
    to_do = "Если считать их нужно иначе, исправьте поле «one_part» в файле include/sources.yaml."
    assert said == (
        [f"Написали только одну часть двухдневной работы: {told} {to_do}"] if told else []
    )
    assert sum(journal(found)[0][:3]) == participants


def test_a_second_column_of_variants_that_nobody_uses_makes_no_two_parts():
    set_aside = replace(MA5, options=OPTIONS | {"one_part": "set_aside"})
    found = parsed(pupil("6"), pupil("7"), context=set_aside)
    assert (found.facts["mark_result"][0]["participants"], found.rejected) == (2, ())


def test_a_school_where_nobody_wrote_gives_no_fact():
    found = parsed(pupil("6"), pupil(None, None, "sch440200", variant="отсутствовал"))
    assert [fact["school_ref"] for fact in found.facts["mark_result"]] == ["440123"]
    assert "Никто не писал работу: 1\u00a0школа. Проверьте, так ли это." in found.warnings


def test_who_wrote_one_of_two_variants_took_part():
    found = parsed(pupil("12", variant="3", second="отсутствовал"))
    assert found.facts["mark_result"][0]["participants"] == 1


@pytest.mark.parametrize(
    ("score", "rule"),
    [
        ("30", "SCORE_ABOVE_MAXIMUM"),
        (92.0, "SCORE_ABOVE_MAXIMUM"),
        (None, "SCORE_MISSING"),
        ("ж", "SCORE_TYPE"),
        ("-1", "SCORE_TYPE"),
        ("3,5", "SCORE_TYPE"),
        ("1e309", "SCORE_TYPE"),
    ],
)
def test_a_score_that_cannot_be_is_set_aside_by_count_and_the_file_loads(score, rule):
    found = parsed(pupil("6"), pupil(score), pupil(score))
    (kept,) = found.rejected
    assert (kept.rule, kept.rows, kept.row) == (rule, 2, None)
    assert kept.message.startswith(rejection_words(rule))
    assert "столбец J «sum»" in kept.message
    assert (found.rows_read, found.rows_accepted) == (3, 1)
    assert marks(found) == [1, 0, 0, 0]


@pytest.mark.parametrize(
    "cell", [b'<c r="J%d" t="e"><v>#VALUE!</v></c>', b'<c r="J%d"><f>SUM(K2:M2)</f></c>']
)
def test_a_score_in_error_or_never_calculated_makes_nobody_absent(cell):
    """With no variant, too: before, such pupils were counted as absent and the file was taken."""
    absent = [pupil(None, variant=None, tasks="X") for _ in range(2)]
    content = one_sheet([HEAD_2020, pupil("6"), *absent], "Sheet1")
    parts = parts_of(content)
    sheet = parts["xl/worksheets/sheet1.xml"]
    for number in (3, 4):
        sheet = re.sub(rb'(?=<c r="K%d")' % number, cell % number, sheet)
    found = read(with_parts(content, {"xl/worksheets/sheet1.xml": sheet}), MA5)
    assert [(kept.rule, kept.rows) for kept in found.rejected] == [("SCORE_ERROR", 2)]
    (fact,) = found.facts["mark_result"]
    assert (fact["participants"], fact["absent"]) == (1, 0)


def rejection_words(rule: str) -> str:
    return {
        "SCORE_ABOVE_MAXIMUM": "Первичный балл больше наибольшего: 2\u00a0строки.",
        "SCORE_MISSING": "Первичного балла нет, хотя указан вариант или есть баллы за задания: 2",
        "SCORE_TYPE": "Первичный балл — не целое число: 2\u00a0строки.",
    }[rule]


def test_an_absent_pupil_with_a_score_is_a_contradiction():
    found = parsed(pupil("6"), pupil("12", variant="отсутствовал"))
    assert [(kept.rule, kept.rows) for kept in found.rejected] == [("ABSENT_WITH_SCORE", 1)]


@pytest.mark.parametrize("score", [12, 12.0, "12", " 12\u00a0", "12.0", "12,0"])
def test_a_score_is_a_number_however_it_is_stored(score):
    assert marks(parsed(pupil(score))) == [0, 0, 1, 0]


@pytest.mark.parametrize(
    ("cell", "mark"),
    [
        ("4", 4), ("\u00a04", 4), ("3\u00a0", 3), (4.0, 4), ("4.0", 4), ("З", 3), ("з", 3), (5, 5),
        (None, 0), ("нет отметки", 0), ("нет ", 0), ("н/а", 0), ("1", 0), ("6", 0), ("8", 0),
        ("ж", 0), ("*", 0), ("45", 0), ("3,5", 0),
    ],
)  # fmt: skip
def test_journal_marks_as_found(cell, mark):
    found = parsed(pupil("12", cell))  # 12 of 20 is «4»
    assert found.facts["mark_result"][0]["participants"] == 1
    expected = {0: [], 3: [[0, 0, 1, 1]], 4: [[0, 1, 0, 1]], 5: [[1, 0, 0, 1]]}[mark]
    assert journal(found) == expected
    told = "Без отметки по журналу: 1\u00a0участник. Делать ничего не нужно."
    assert found.warnings == (() if mark else (told,))


def test_sch_and_edu_are_one_school_and_other_logins_are_set_aside():
    logins = ["sch440123", "edu440123", "SCH440123 ", "sch44012", "", "Иванова", "sch440123x"]
    found = parsed(*(pupil("6", login=login) for login in logins))
    assert marks(found) == [3, 0, 0, 0]
    assert [(kept.rule, kept.rows) for kept in found.rejected] == [("SCHOOL_LOGIN", 4)]
    assert "столбец B «user»" in found.rejected[0].message


def test_a_municipality_written_differently_is_the_more_frequent_one_and_told():
    tags = ["reg44_vpr_m004", "reg44_vpr_m007", "reg44_vpr_m007"]
    found = parsed(*(pupil("6", tag=tag) for tag in tags))
    assert found.facts["mark_result"][0]["municipality_ref"] == "reg44_vpr_m007"
    assert "Муниципалитет указан по-разному" in found.warnings[0]
    assert parsed(pupil("6", tag=None)).facts["mark_result"][0]["municipality_ref"] is None


@pytest.mark.parametrize(
    ("one", "context"), [(pupil, MA5), (pupil_2021, RU4)], ids=["2020", "2021"]
)
def test_a_pupil_s_row_that_stands_twice_counts_once(one, context):
    again = one(code="50001")
    again[2] = "500002"  # a second upload numbers its rows anew
    found = parsed(one(code="50001"), one(code="50002"), again, context=context)
    assert found.facts["mark_result"][0]["participants"] == 2
    assert (found.rows_read, found.rows_accepted, found.rejected) == (3, 3, ())
    (told,) = found.warnings
    assert told.startswith("Повторённые строки одного участника, взяты один раз: 1\u00a0строка.")


def test_a_file_uploaded_twice_counts_every_pupil_once():
    school = [pupil(code=f"5{number:04}") for number in range(1500)]
    without_codes = [pupil(code="")] * 2
    found = parsed(*school, *without_codes, *school)
    assert found.facts["mark_result"][0]["participants"] == 1502
    assert (found.rows_read, found.rows_accepted) == (3002, 3002)
    assert any(warning.startswith("Повторённые строки") for warning in found.warnings)


def test_rows_alike_without_a_pupil_s_code_or_with_another_score_are_different_pupils():
    alike = [pupil(code=""), pupil(code=""), pupil(code="50001"), pupil("13", code="50001")]
    assert parsed(*alike).facts["mark_result"][0]["participants"] == 4


def test_empty_rows_between_and_below_pupils_are_no_pupils():
    found = parsed(pupil("6"), [], pupil("7"), [None, None, ""], [])
    assert found.rows_read == 2


def test_a_workbook_with_a_second_filled_sheet_says_so():
    content = book({"Sheet1": [HEAD_2020, pupil("6")], "Пояснения": [["x"]]})
    assert "не прочитаны: «Пояснения»" in read(content, MA5).warnings[-1]


# -- What holds for any protocol -------------------------------------------------------------

_PUPILS = st.lists(
    st.builds(
        pupil,
        score=st.sampled_from([*map(str, range(23)), None, "ж"]),
        journal=st.sampled_from(["2", "3", "4", "5", "З", "", "ж"]),
        login=st.sampled_from(["sch440123", "edu440123", "sch440200", "?"]),
        variant=st.sampled_from(["1", "отсутствовал"]),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(_PUPILS)
def test_every_row_is_counted_exactly_once(pupils):
    found = parsed(*pupils)
    facts = found.facts["mark_result"]
    for fact in facts:
        assert sum(fact[f"mark_{mark}"] for mark in (2, 3, 4, 5)) == fact["participants"] > 0
    for fact in found.facts["journal_result"]:
        assert fact["compared"] == fact["lowered"] + fact["confirmed"] + fact["raised"] > 0
    rejected = Counter({kept.rule: kept.rows for kept in found.rejected})
    assert found.rows_read == len(pupils) == found.rows_accepted + rejected.total()
    usable = [
        row for row in pupils
        if row[1] != "?" and row[7] == "1" and row[9] is not None and str(row[9]).isdigit()
        and int(str(row[9])) <= 20
    ]  # fmt: skip
    assert sum(fact["participants"] for fact in facts) == len(usable)


def test_nothing_of_a_pupil_is_kept():
    """Marks every cell that belongs to a pupil and looks for the marks in all that is kept."""
    row = pupil("99", "СЕКРЕТ-1")
    row[2:4] = ["СЕКРЕТ-2", "СЕКРЕТ-3"]
    row[5:7] = ["СЕКРЕТ-4", "СЕКРЕТ-5"]
    row[10:15] = [f"СЕКРЕТ-{n}" for n in range(6, 11)]
    bad_login = pupil("6", login="СЕКРЕТ-11")
    found = parsed(row, bad_login, [*pupil("12", "СЕКРЕТ-12")])
    assert len(found.rejected) == 2
    assert "СЕКРЕТ" not in json.dumps(asdict(found), ensure_ascii=False)
