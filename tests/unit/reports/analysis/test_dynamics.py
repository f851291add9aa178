"""What August says about the change since March: what is compared, what is hidden, who is asked."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, update

import support.analysis_rows as rows
from roadmap.analysis.dynamics import Change, changes
from roadmap.analysis.read import Hidden, Level, Paper, PaperResult
from roadmap.analysis.shares import Exam, Marks
from roadmap.plan.model import Phase, Plan
from roadmap.reports.analysis import dynamics
from roadmap.reports.checks.parity import check_parity
from roadmap.reports.compose import compose, load_model
from roadmap.reports.formats.docx import render_docx
from roadmap.reports.formats.letter import Envelope, render_letter
from roadmap.reports.formats.pdf import render_pdf, render_school_page
from roadmap.reports.formats.rendered import RenderedFile
from roadmap.reports.formats.xlsx import render_xlsx
from roadmap.reports.model import (
    Document,
    Figure,
    Heading,
    Numbered,
    PairChart,
    Paragraph,
    Points,
    ReportModel,
    Share,
    Table,
)
from roadmap.reports.words.show import show
from roadmap.store.tables import indicator_result, load_batch, paper_result, run_batch
from support.analysis_rows import (
    ANSWERS_TO,
    REGION,
    RUN,
    VPR_5_RU,
    VPR_6_RU,
    MadeMunicipality,
    MadeSchool,
)
from support.august_rows import NOW_5_RU, NOW_6_RU, NOW_EGE_PH, THEN_EGE_PH, august_run, buyskiy
from support.model_text import text_of
from support.plans import whole_plan

ENVELOPE = Envelope(
    1, None, (), None, datetime(2021, 8, 31, 7, 5, tzinfo=UTC), whole_plan().local_time
)


@pytest.fixture
def composed(engine: Engine) -> Callable[..., ReportModel]:
    def made(run: rows.MadeRun | None = None, unit: str = "buyskiy") -> ReportModel:
        (run or august_run()).insert(engine)
        return _again(engine, unit)

    return made


def _again(engine: Engine, unit: str) -> ReportModel:
    compose(engine, rows.plan(), RUN, ANSWERS_TO)
    with engine.connect() as db:
        return load_model(db, RUN, unit)


def _plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def _section(document: Document | None, title: str) -> list[Any]:
    """The blocks of one section."""
    assert document is not None
    found, is_inside = [], False
    for block in document.blocks:
        if isinstance(block, Heading) and block.level == 1:
            is_inside = _plain(block.text) == title
        elif is_inside:
            found.append(block)
    assert found, title
    return found


def _said(document: Document | None, title: str = "Динамика") -> str:
    told: list[str] = []
    for block in _section(document, title):
        if isinstance(block, Paragraph | Heading):
            told.append(block.text)
        elif isinstance(block, Numbered):
            told.extend(block.items)
    return _plain(" ".join(told))


def _tables(model: ReportModel) -> list[Table]:
    assert model.document is not None
    tables = [b for b in model.document.blocks if isinstance(b, Table)]
    return [table for table in tables if table.id.startswith("dynamics/")]


def _row(table: Table, label: str, after: str = "") -> list[str]:
    """The row with that label; `after`: below the group with that title."""
    is_below = not after
    for row in table.rows:
        texts = [_plain(show(cell.value)) for cell in row.cells]
        is_below = is_below or texts[0] == after
        if is_below and texts[0] == label:
            return texts
    raise AssertionError(f"{table.id} has no row {label}")


def _sheet(model: ReportModel) -> Table:
    return next(s.table for s in model.appendix if s.table.id == "dynamics")


def _municipality(*schools: MadeSchool) -> MadeMunicipality:
    made = buyskiy()
    made.schools = list(schools)
    return made


def _school(number: int, **marks: tuple[rows.Marks, rows.Marks]) -> MadeSchool:
    """A school with marks then and now in русский язык of the programmes 5 and 6."""
    papers = {"five": (VPR_5_RU, NOW_5_RU), "six": (VPR_6_RU, NOW_6_RU)}
    school = MadeSchool(f"x{number}", f"Школа № {number} (условная)")
    for name, (then, now) in marks.items():
        before, after = papers[name]
        school.marks |= {before: then, after: now}
    return school


CALM = ((4, 10, 8, 3), (3, 10, 9, 3))  # 16 % and 12 %
GROWN = ((2, 60, 30, 8), (13, 50, 30, 7))  # 2 % and 13 %, of a hundred
GROWN_BY_CHANCE = ((0, 4, 3, 1), (1, 4, 3, 0))  # nobody of 8, one of 8
LOW_TWICE = ((15, 20, 10, 5), (15, 20, 10, 5))  # 30 % twice


# -- What is compared ------------------------------------------------------------------------


def test_the_first_analysis_of_a_year_compares_with_nothing(engine: Engine) -> None:
    rows.made_run().insert(engine)
    model = _again(engine, "buyskiy")
    assert _said(model.document).startswith("Сопоставимых процедур нет: это первый анализ года.")
    assert _tables(model) == []
    assert "dynamics" not in {sheet.table.id for sheet in model.appendix}
    assert not [lead for lead in model.letter.lead if "предыдущим анализом" in lead]


def test_each_unit_has_its_share_then_and_now_and_the_change_in_points(
    composed: Callable[..., ReportModel],
) -> None:
    main = _tables(composed())[0]
    school = _row(main, "Школа № 101 (условная)", "Программа 5 класса")
    assert school == [
        "Школа № 101 (условная)", "34,2", "48,6", "+14,4", "32,4", "29,7", "\u22122,7",
    ]  # fmt: skip
    assert _row(main, "Муниципалитет*")[1:4] == ["27,4", "32,4", "+4,9"]
    assert _row(main, "Регион")[1:4] == ["18,6", "15,6", "\u22123,0"]


def test_the_sheet_has_the_numbers_of_both_years_as_numbers(
    composed: Callable[..., ReportModel],
) -> None:
    book = openpyxl.load_workbook(io.BytesIO(render_xlsx(composed())))
    sheet = book["Динамика"]
    values = [_plain(str(cell.value or "")) for cell in sheet[6]]
    assert values[:5] == ["Школа № 101 (условная)", "ВПР весна 2021", "5", "Русский язык",
                          "ВПР осень 2020"]  # fmt: skip
    assert [cell.value for cell in sheet[6]][5:12] == [38, 13, 34.2, 37, 18, 48.6, 14.4]
    change = sheet[6][11]
    assert change.number_format == '+0.0" ▲";"\u2212"0.0;0.0'
    assert change.font.b
    assert _plain(sheet[6][12].value) == "рост на 10 п. п. и более, порог в оба года"


def test_a_paper_whose_minimum_changed_is_named_with_both_and_stands_in_no_table(
    composed: Callable[..., ReportModel],
) -> None:
    model = composed()
    assert "изменился минимальный балл — физика (36 и 39)" in _said(model.document)
    exams = next(t for t in _tables(model) if "ege" in t.id)
    groups = [_plain(show(row.cells[0].value)) for row in exams.rows if row.kind == "group"]
    assert groups == ["Русский язык", "Математика"]
    refused = [row.cells for row in _sheet(model).rows if show(row.cells[-1].value)]
    assert "изменился минимальный балл" in {_plain(show(cells[-1].value)) for cells in refused}
    assert {show(cells[11].value) for cells in refused} == {"–"}


def test_what_the_plan_declares_not_comparable_is_told_with_its_reason(
    composed: Callable[..., ReportModel],
) -> None:
    told = _said(composed().document)
    assert "ОГЭ 2021 и ОГЭ 2020: экзамены 2020 года отменены, сравнивать не с чем." in told
    assert "КР-9 весна 2021 и ДР-10 осень 2020: работы разных классов" in told
    assert "данные о ней не поступили — история, программа 5 класса" in told


def test_what_to_bear_in_mind_is_told_beside_the_tables(
    composed: Callable[..., ReportModel],
) -> None:
    told = _said(composed().document)
    assert "При сравнении следует учитывать: осенью 2020 года" in told


def test_without_the_files_of_march_nothing_is_compared_and_that_is_said(
    composed: Callable[..., ReportModel], engine: Engine
) -> None:
    august_run(received_before=[]).insert(engine)
    with engine.begin() as db:
        db.execute(delete(paper_result).where(paper_result.c.year == 2020))
    model = _again(engine, "buyskiy")
    told = _said(model.document)
    assert told.startswith("Сопоставить результаты с предыдущим анализом не с чем")
    assert "Всероссийские проверочные работы, осень 2020 года: сведения не поступили" in told
    assert _tables(model) == []
    assert not [lead for lead in model.letter.lead if "предыдущим анализом" in lead]


# -- What is hidden --------------------------------------------------------------------------


def test_a_change_stands_only_between_two_shares(composed: Callable[..., ReportModel]) -> None:
    model, found = composed(), 0
    for table in (*_tables(model), _sheet(model)):
        for row in table.rows:
            values = [cell.value for cell in row.cells]
            for at, value in enumerate(values):
                if isinstance(value, Points):
                    # In the sheet two numbers of people stand between the shares.
                    then = values[at - 4] if table.id == "dynamics" else values[at - 2]
                    assert (then, values[at - 1]) == (value.previous, value.current)
                    found += 1
    assert found > 40


def test_a_small_school_keeps_its_row_and_has_no_change(
    composed: Callable[..., ReportModel],
) -> None:
    model = composed()
    row = _row(_tables(model)[0], "Школа № 103 (условная)", "Программа 5 класса")
    assert row[1:4] == ["менее 5 уч.", "16,7", "–"]
    assert row[4:] == ["менее 5 уч.", "менее 5 уч.", "–"]


def test_the_region_is_not_compared_where_it_would_give_another_school_away(
    composed: Callable[..., ReportModel], engine: Engine
) -> None:
    august_run().insert(engine)
    with engine.begin() as db:
        db.execute(
            update(paper_result)
            .where(paper_result.c.level == "municipality", paper_result.c.year == 2020)
            .values(elsewhere_schools=1)
        )
    model = _again(engine, "buyskiy")
    # The March figures of the region stay hidden, and so does what could be subtracted.
    assert _row(_tables(model)[0], "Регион")[1:4] == ["–", "15,6", "–"]
    assert _row(_tables(model)[0], "Муниципалитет*")[3] == "+4,9"


@st.composite
def _results(draw: st.DrawFn, kind: str, year: int) -> PaperResult:
    """A result of one school as `read.papers` may give it: shown, or hidden and empty."""
    hidden = draw(st.none() | st.sampled_from(list(Hidden)))
    two, rest = draw(st.integers(0, 60)), draw(st.integers(5, 60))
    minimum = draw(st.sampled_from([27, 36]))
    spring = "spring" if year == 2021 else "autumn"
    grade, wave = (5, spring) if kind == "vpr" else (11, "main")
    shown = hidden is None
    return PaperResult(
        paper=Paper(kind, year, wave, grade, "математика"),
        level=Level.SCHOOL,
        unit_id="s1",
        municipality_id="buyskiy",
        name="Школа № 1 (условная)",
        schools=1,
        small_schools=0,
        hidden=hidden,
        participants=two + rest if shown else None,
        absent=None,
        marks=Marks(two, rest, 0, 0) if shown and kind == "vpr" else None,
        exam=Exam(two + rest, two, minimum, 0, 0) if shown and kind == "ege" else None,
        journal=None,
        is_journal_small=False,
        is_low=draw(st.booleans()) if shown else None,
        least_participants=5,
    )


def _compared(now: PaperResult, then: PaperResult) -> Change | None:
    plan: Plan = rows.plan()
    phase: Phase = plan.phase("august_analysis")
    return next(iter(changes(plan, phase, [now], [then])), None)


PAIRS = st.sampled_from(["vpr", "ege"]).flatmap(
    lambda kind: st.tuples(_results(kind, 2021), _results(kind, 2020))
)


@given(PAIRS)
def test_a_change_is_shown_only_if_both_shares_are_shown(
    pair: tuple[PaperResult, PaperResult],
) -> None:
    change = _compared(*pair)
    assert change is not None
    cells = dynamics.change_cells(change)
    then_cell, now_cell, value = cells["then"], cells["now"], cells["change"].value
    both = isinstance(then_cell, Share) and isinstance(now_cell, Share)
    if isinstance(value, Points):
        assert both
        assert (value.previous, value.current) == (then_cell, now_cell)
        shown = Fraction(str(value.current.percent)) - Fraction(str(value.previous.percent))
        assert change.points is not None
        assert float(shown) == pytest.approx(float(change.points))
    if change.reason is not None:
        assert not isinstance(value, Points)
        assert not dynamics.is_marked(change)


# -- Who is asked ----------------------------------------------------------------------------


def test_a_school_whose_low_results_grew_is_asked_about_even_below_the_threshold(
    composed: Callable[..., ReportModel],
) -> None:
    model = composed(august_run(_municipality(_school(1, five=GROWN), _school(2, five=CALM))))
    (item,) = model.letter.attention
    assert item.title == "Школа №\u00a01 (условная)"
    assert _plain(item.problem) == (
        "Доля низких результатов выросла на 10 п. п. и более: по русскому языку (ВПР, программа "
        "5 класса) — с 2,0 % до 13,0 % (13 из 100 чел.), +11,0 п. п."
    )
    assert item.due.isoformat() == "2021-09-17"
    answer = next(lead for lead in model.letter.lead if "предыдущим" in lead)
    assert "выросла на 10 п. п. и более у одной школы из 2." in _plain(answer)


def test_growth_just_below_the_limit_is_no_matter(composed: Callable[..., ReportModel]) -> None:
    almost = ((2, 60, 30, 8), (11, 50, 30, 9))  # 2 % and 11 %
    model = composed(august_run(_municipality(_school(1, five=almost), _school(2, five=CALM))))
    assert model.letter.attention == ()
    answer = next(lead for lead in model.letter.lead if "предыдущим" in lead)
    assert "ни у одной школы не выросла на 10 п. п. и более." in _plain(answer)
    assert "ни у одной школы не выросла" in _said(model.document)


def test_growth_that_may_be_chance_is_said_to(composed: Callable[..., ReportModel]) -> None:
    model = composed(
        august_run(_municipality(_school(1, five=GROWN_BY_CHANCE), _school(2, five=GROWN)))
    )
    by_chance, sure = (_plain(item.problem) for item in model.letter.attention)
    assert by_chance.endswith("При таком числе участников рост может быть случайным.")
    assert "случайным" not in sure


def test_low_results_in_both_years_are_named(composed: Callable[..., ReportModel]) -> None:
    model = composed(
        august_run(_municipality(_school(1, five=LOW_TWICE, six=LOW_TWICE), _school(2, five=CALM)))
    )
    (item,) = model.letter.attention
    assert "Порог 30 % достигнут в оба года: по русскому языку" in _plain(item.problem)
    concluded = _said(model.document, "Выводы")
    assert "в оба года): Школа № 1 (условная)." in concluded
    assert "Школа № 2" not in concluded


def test_low_twice_counts_although_the_minimum_changed(
    composed: Callable[..., ReportModel],
) -> None:
    school = _school(1, five=CALM)
    school.exams = {THEN_EGE_PH: (10, 3, 400, 0), NOW_EGE_PH: (10, 4, 400, 0)}
    model = composed(august_run(_municipality(school, _school(2, five=CALM))))
    (item,) = model.letter.attention
    assert "Порог 30 % достигнут в оба года: по физике (ЕГЭ)." in _plain(item.problem)
    assert "выросла" not in item.problem


def test_with_one_school_the_answer_counts_no_schools(
    composed: Callable[..., ReportModel],
) -> None:
    model = composed(august_run(_municipality(_school(1, five=GROWN))))
    answer = next(lead for lead in model.letter.lead if "предыдущим" in lead)
    assert _plain(answer) == (
        "По сравнению с предыдущим анализом доля низких результатов выросла на 10 п. п. и более."
    )


def test_the_region_lists_the_schools_with_growth_under_their_municipalities(
    composed: Callable[..., ReportModel],
) -> None:
    model = composed(unit=REGION)
    listed = next(t for t in _tables(model) if t.id == "dynamics/schools")
    labels = [_plain(show(row.cells[0].value)) for row in listed.rows]
    assert labels == [
        "Буйский муниципальный район", "Школа № 101 (условная)", "Школа № 102 (условная)",
    ]  # fmt: skip
    titles = [item.title for item in model.letter.attention]
    assert "Рост доли низких результатов" in titles


# -- Pictures --------------------------------------------------------------------------------


def _charts(model: ReportModel) -> list[Figure]:
    return [
        block
        for block in _section(model.document, "Динамика")
        if isinstance(block, Figure) and isinstance(block.chart, PairChart)
    ]


def test_the_text_alternative_has_every_number_of_the_chart(
    composed: Callable[..., ReportModel],
) -> None:
    figures = _charts(composed())
    assert len(figures) == 2
    numbers = 0
    for figure in figures:
        assert isinstance(figure.chart, PairChart)
        for group in figure.chart.groups:
            for pair in group.pairs:
                for value in (pair.previous, pair.current):
                    assert show(value) in figure.alt
                    numbers += 1
    assert numbers > 15


def test_only_the_school_that_grew_is_marked_in_the_chart(
    composed: Callable[..., ReportModel],
) -> None:
    totals, grown = (figure.chart for figure in _charts(composed()))
    assert isinstance(totals, PairChart)
    assert isinstance(grown, PairChart)
    assert not any(pair.is_worse for group in totals.groups for pair in group.pairs)
    marked = [pair.label for group in grown.groups for pair in group.pairs if pair.is_worse]
    assert [_plain(label) for label in marked] == [
        "Школа № 101 (условная)", "Школа № 102 (условная)",
    ]  # fmt: skip
    assert all(p.is_joined or p.label for group in grown.groups for p in group.pairs)


def test_the_schools_page_shows_the_change_and_stays_one_page(
    composed: Callable[..., ReportModel],
) -> None:
    model = composed()
    page = model.schools[0]
    main = next(b for b in page.document.blocks if isinstance(b, Table) and b.id == "school-main")
    assert [_plain(c.title) for c in main.columns].count("п. п.") == 2
    assert "+14,4" in [show(cell.value) for cell in main.rows[0].cells]
    charts = [b.chart for b in page.document.blocks if isinstance(b, Figure)]
    assert [chart.kind for chart in charts] == ["pairs"]
    for school in model.schools:
        assert render_school_page(model, school.document).pages == 1


# -- Whose it is -----------------------------------------------------------------------------


def test_the_results_of_the_region_in_either_year_are_not_the_addressees_own(
    composed: Callable[..., ReportModel], engine: Engine
) -> None:
    before = composed()
    with engine.begin() as db:
        db.execute(
            update(paper_result)
            .where(paper_result.c.level == "region", paper_result.c.kind == "vpr")
            .values(mark_2=paper_result.c.mark_2 + 7, participants=paper_result.c.participants + 7)
        )
    after = _again(engine, "buyskiy")
    assert after != before
    assert after.content_sha256() == before.content_sha256()


def test_what_the_own_schools_had_in_march_is_the_addressees_own(
    composed: Callable[..., ReportModel], engine: Engine
) -> None:
    before = composed()
    with engine.begin() as db:
        db.execute(
            update(paper_result)
            .where(paper_result.c.unit_id == "s102", paper_result.c.year == 2020)
            .where(paper_result.c.kind == "vpr", paper_result.c.grade == 6)
            .values(mark_2=paper_result.c.mark_2 + 1, mark_3=paper_result.c.mark_3 - 1)
        )
    assert _again(engine, "buyskiy").content_sha256() != before.content_sha256()


def test_the_indicators_of_this_very_report_stay_outside_it(
    composed: Callable[..., ReportModel], engine: Engine
) -> None:
    before = composed()
    assert "14.1 и 14.2" in _said(before.document, "Реализация мероприятий дорожной карты")
    with engine.begin() as db:
        for code, unit in (("14.1", REGION), ("14.2", "buyskiy"), ("14.2", REGION)):
            db.execute(
                indicator_result.insert(),
                {
                    "run_id": RUN,
                    "indicator": code,
                    "municipality_id": unit,
                    "numerator": 1,
                    "denominator": 1,
                    "target": 100.0,
                    "shortfall": 0,
                    "status": "done",
                },
            )
    assert _again(engine, "buyskiy") == before


def test_a_day_on_which_a_file_of_march_came_corrects_nobody(
    composed: Callable[..., ReportModel], engine: Engine
) -> None:
    before = composed()
    with engine.begin() as db:
        ids = db.execute(run_batch.select()).scalars().all()
        assert ids
        db.execute(update(load_batch).values(received_ms=load_batch.c.received_ms + 86_400_000))
    assert _again(engine, "buyskiy").content_sha256() == before.content_sha256()


def test_a_change_is_read_back_from_every_format(composed: Callable[..., ReportModel]) -> None:
    model = composed(august_run(_municipality(_school(1, five=GROWN), _school(2, five=CALM))))
    letter = render_letter(model, ENVELOPE, [])
    assert model.document is not None
    files = (
        RenderedFile("pdf", "", "a.pdf", render_pdf(model, model.document).content),
        RenderedFile("docx", "", "a.docx", render_docx(model, model.document)),
        RenderedFile("xlsx", "", "a.xlsx", render_xlsx(model)),
    )
    assert check_parity(model, letter, files) == ()
    changed = next(f for f in model.key_figures if isinstance(f.value, Points))
    assert _plain(changed.name) == (
        "изменение доли отметок «2» по русскому языку (ВПР, программа 5 класса), "
        "Школа № 1 (условная)"
    )
    assert isinstance(changed.value, Points)
    other = Points(previous=changed.value.current, current=changed.value.previous)
    wrong = model.model_copy(update={"key_figures": (changed.model_copy(update={"value": other}),)})
    told = check_parity(wrong, letter, files)
    assert [where for where in ("DOCX", "приложении") if any(where in one for one in told)] == [
        "DOCX", "приложении",
    ]  # fmt: skip


# -- As reviewed -----------------------------------------------------------------------------


def test_august_is_ordered_by_measure_14_and_names_what_it_analyses(
    composed: Callable[..., ReportModel],
) -> None:
    model = composed()
    assert "мероприятие № 14" in _plain(model.letter.basis)
    assert "пункта 14" in _said(model.document, "Основание, цель и источники")
    assert model.letter.subject.startswith("500+ | Комплексный анализ (август 2021 г.) | ")
    assert model.document is not None
    assert "(ВПР, ОГЭ, ЕГЭ, региональные диагностические работы)" in _plain(model.document.subject)
    told = " ".join(_plain(lead) for lead in model.letter.lead)
    assert "Учтены ВПР весна 2021, ОГЭ 2021, КР-9 весна 2021 и ЕГЭ 2021." in told


@pytest.mark.parametrize("unit", ["buyskiy", REGION])
def test_the_letter_and_the_model_of_august_are_as_reviewed(
    composed: Callable[..., ReportModel], golden: Callable[[str, str], None], unit: str
) -> None:
    model = composed(unit=unit)
    letter = render_letter(model, ENVELOPE, [])
    golden(f"august_letter_{unit}.txt", letter.text)
    golden(f"august_letter_{unit}.html", letter.html)
    assert model.document is not None
    golden(f"august_dynamics_{unit}.txt", text_of(*_section(model.document, "Динамика")))


def test_nothing_to_heed_stays_nothing_to_heed(composed: Callable[..., ReportModel]) -> None:
    model = composed(unit="neyskiy")
    assert model.letter.attention == ()
    assert "ни у одной школы не выросла" in _said(model.document)
