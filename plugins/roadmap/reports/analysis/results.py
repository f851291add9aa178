"""Results of assessment procedures as tables, charts and sentences; any analysis uses them.

Order of units everywhere: schools by natural order of names, the municipality's total, the
region last. Nothing is sorted by value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby
from typing import Literal

from roadmap.analysis.read import Hidden, Level, Paper, PaperResult
from roadmap.analysis.shares import Journal, wilson
from roadmap.plan.model import Procedure
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import (
    Bar,
    BarChart,
    BarGroup,
    Cell,
    Count,
    Figure,
    Mean,
    Share,
    Suppressed,
    Table,
)
from roadmap.reports.parts.draft import Laid
from roadmap.reports.parts.tables import Given, KeyFigure, Rows, number, text
from roadmap.reports.words.show import NO_DATA, points
from roadmap.reports.words.wording import named, say, subject_dative, title
from roadmap.russian import natural_key

MAIN_SUBJECTS = ("русский язык", "математика")
# Bars of so many schools in two subjects still stand on one page with their table.
BARS_ON_ONE_FIGURE = 12
BARS_AT_MOST = 36

_WORDING = "analysis"


# -- Words -----------------------------------------------------------------------------------


def paper_label(paper: Paper) -> str:
    """«ВПР, программа 5 класса», for use inside a sentence."""
    return say(_WORDING, "paper", kind=paper.kind, grade=paper.grade)


def subject_order(subject: str) -> tuple[int, str]:
    """Sort key of subjects: русский язык, математика, then by alphabet."""
    main = subject in MAIN_SUBJECTS
    return (MAIN_SUBJECTS.index(subject) if main else len(MAIN_SUBJECTS), subject)


def threshold_text(percent: float) -> str:
    """«30»: the plan's threshold as a sentence writes it."""
    return f"{percent:g}".replace(".", ",")


def unit_name(facts: Facts, result: PaperResult) -> str:
    """What a report calls the unit of a result."""
    match result.level:
        case Level.SCHOOL if facts.is_region:
            municipality = facts.run.municipalities[result.municipality_id].name
            return say(
                _WORDING, "school_of", school=named(result.name), municipality=named(municipality)
            )
        case Level.SCHOOL:
            return named(result.name)
        case Level.MUNICIPALITY if facts.is_region:
            return named(result.name)
        case level:
            return say(_WORDING, "unit", level=level)


# -- Values ----------------------------------------------------------------------------------


def low_share(result: PaperResult) -> Share | None:
    """Share of «2», or of those below the minimum; None where nothing may be shown."""
    if result.marks is not None:
        return Share(numerator=result.marks.two, denominator=result.marks.participants)
    if result.exam is not None:
        return Share(numerator=result.exam.below_minimum, denominator=result.exam.participants)
    return None


def suppressed(result: PaperResult) -> Suppressed:
    """The sign of a unit with too few participants, or of a total of which nothing is left."""
    return Suppressed(fewer_than=result.least_participants)


def reaches(share: Share, percent: float) -> bool:
    """Whether the share reaches the threshold; exactly reaching it counts."""
    return 100 * share.numerator >= Fraction(str(percent)) * share.denominator


def low_totals(facts: Facts) -> tuple[PaperResult, ...]:
    """The addressee's totals of marks that reach the threshold, paper by paper."""
    percent = facts.run.plan.analysis.low_share_percent
    level = Level.PARTICIPANTS if facts.is_region else Level.MUNICIPALITY
    return tuple(
        r
        for r in at(facts.results, level)
        if r.marks is not None and (share := low_share(r)) is not None and reaches(share, percent)
    )


def result_cells(result: PaperResult) -> dict[str, Given]:
    """What tables say of a result, by column; empty where it may not be shown.

    `low` is the share of «2», or of those below the minimum.
    """
    low, marks, exam = low_share(result), result.marks, result.exam
    if low is None:
        return {}
    n = low.denominator
    cells: dict[str, Given] = {
        "participants": Count(n=n),
        "low_n": Count(n=low.numerator),
        "low": Cell(value=low, at_threshold=is_at_threshold(result)),
    }
    if marks is not None:
        counted = {
            "three": marks.three,
            "four": marks.four,
            "five": marks.five,
            "passed": marks.passed,
            "good": marks.good,
        }
        cells |= {key: Share(numerator=k, denominator=n) for key, k in counted.items()}
        cells["mean"] = Mean(total=marks.total, n=n)
    if exam is not None:
        cells["minimum"] = Count(n=exam.minimum)
        cells["mean"] = Mean(total=exam.score_sum, n=n, digits=1)
        cells["high"] = Count(n=exam.high_scores)
    return cells


# -- Choosing --------------------------------------------------------------------------------


def of_procedure(results: Iterable[PaperResult], procedure: Procedure) -> tuple[PaperResult, ...]:
    return tuple(
        r
        for r in results
        if (r.paper.kind, r.paper.year, r.paper.wave)
        == (procedure.kind, procedure.year, procedure.wave)
    )


def by_grade(results: Iterable[PaperResult]) -> tuple[tuple[int, tuple[PaperResult, ...]], ...]:
    """Results of one procedure by the programme's grade, in order."""
    ordered = sorted(results, key=lambda r: r.paper.grade)
    return tuple((g, tuple(found)) for g, found in groupby(ordered, lambda r: r.paper.grade))


def by_paper(
    results: Iterable[PaperResult],
) -> tuple[tuple[Paper, tuple[PaperResult, ...]], ...]:
    """Results by paper, in the order in which they come."""
    found: dict[Paper, list[PaperResult]] = {}
    for result in results:
        found.setdefault(result.paper, []).append(result)
    return tuple((paper, tuple(of_paper)) for paper, of_paper in found.items())


def at(results: Iterable[PaperResult], *levels: Level) -> tuple[PaperResult, ...]:
    return tuple(r for r in results if r.level in levels)


def only(results: Iterable[PaperResult], level: Level) -> PaperResult | None:
    """The one result of the level, None where there is none."""
    return next((r for r in results if r.level is level), None)


def written_by_own(facts: Facts, results: Iterable[PaperResult]) -> tuple[PaperResult, ...]:
    """Results of papers that at least one participating school of the addressee wrote."""
    found = tuple(results)
    written = {r.paper for r in found if r.level is Level.SCHOOL}
    return tuple(r for r in found if r.paper in written)


def shown_levels(facts: Facts, results: Sequence[PaperResult]) -> tuple[PaperResult, ...]:
    """A municipality's table shows its schools; the region's, municipalities in main subjects.

    Schools of the whole region stand in the appendix: here they would fill forty pages.
    """
    if not facts.is_region:
        return at(results, Level.SCHOOL, Level.MUNICIPALITY, Level.REGION)
    return tuple(
        r
        for r in at(results, Level.MUNICIPALITY, Level.PARTICIPANTS, Level.REGION)
        if r.level is not Level.MUNICIPALITY
        or (r.paper.subject in MAIN_SUBJECTS and r.marks is not None)
        or (r.paper.subject in MAIN_SUBJECTS and r.hidden is not None and r.paper.kind != "ege")
    )


# -- Tables ----------------------------------------------------------------------------------


def marks_table(facts: Facts, table_id: str, where: str, results: Sequence[PaperResult]) -> Laid:
    """«Статистика по отметкам»: a group of rows per subject. `where` ends the caption."""
    share = "Доля отметок, %"
    columns = (
        text("unit", unit_column(facts), 44),
        number("participants", "Участников", 21),
        number("low", "«2»", 12, share),
        number("three", "«3»", 12, share),
        number("four", "«4»", 12, share),
        number("five", "«5»", 12, share),
        number("passed", "Успеваемость, %", 26),
        number("good", "Качество знаний, %", 21),
        number("mean", "Средняя отметка", 19),
    )
    notes = (*_notes(facts, results), say(_WORDING, "note_rounding"))
    rows = _rows_by_subject(facts, Rows("document", table_id, columns), results)
    return rows.laid(say(_WORDING, "caption_marks", where=where), (" ".join(notes),))


def exams_table(facts: Facts, table_id: str, where: str, results: Sequence[PaperResult]) -> Laid:
    """ЕГЭ: a group of rows per subject, with its minimum."""
    below = "Ниже минимального балла"
    columns = (
        text("unit", unit_column(facts), 58),
        number("participants", "Участников", 22),
        number("low_n", "чел.", 20, below),
        number("low", "%", 20, below),
        number("mean", "Средний балл", 22),
        number("high", "81–100 баллов, чел.", 26),
    )
    rows = _rows_by_subject(facts, Rows("document", table_id, columns), results)
    caption = say(_WORDING, "caption_exams", where=where)
    return rows.laid(caption, (" ".join(_notes(facts, results)),))


def unit_column(facts: Facts) -> str:
    return "Муниципалитет" if facts.is_region else "ОО"


def _rows_by_subject(facts: Facts, rows: Rows, results: Sequence[PaperResult]) -> Rows:
    for paper, of_paper in by_paper(results):
        rows.group(_group_title(paper, of_paper))
        for result in of_paper:
            _add(facts, rows, result)
        if only(of_paper, Level.REGION) is None:
            # The row stays, so that nothing of the addressee's own moves when the region comes.
            rows.message(say(_WORDING, "region_row"), NO_DATA, own=False)
    return rows


def _group_title(paper: Paper, results: Sequence[PaperResult]) -> str:
    minimum = next((r.exam.minimum for r in results if r.exam is not None), None)
    if minimum is None:
        return title(paper.subject)
    return say(_WORDING, "subject_with_minimum", subject=paper.subject, minimum=minimum)


def _add(facts: Facts, rows: Rows, result: PaperResult) -> None:
    label = row_label(facts, result)
    match result.hidden:
        case Hidden.SMALL:
            rows.message(label, say(_WORDING, "row_small", least=facts.run.least))
        case Hidden.NOTHING_LEFT:
            rows.message(label, say(_WORDING, "all_small", least=facts.run.least))
        case Hidden.DIFFERENCE:
            rows.message(label, say(_WORDING, "region_hidden"), own=False)
        case None:
            rows.add(
                {"unit": label, **result_cells(result)},
                row_kind(facts, result),
                own=is_own(facts, result),
                figures={"low": share_figure(facts, result)},
            )


def is_own(facts: Facts, result: PaperResult) -> bool:
    """The region's figures are shown to a municipality and are not its own."""
    return facts.is_region or result.level in (Level.SCHOOL, Level.MUNICIPALITY)


def is_at_threshold(result: PaperResult) -> bool:
    """Only schools are marked: the rule speaks of schools."""
    return result.level is Level.SCHOOL and result.is_low is True


def row_kind(facts: Facts, result: PaperResult) -> Literal["data", "total", "comparison"]:
    match result.level:
        case Level.SCHOOL:
            return "data"
        case Level.MUNICIPALITY:
            return "data" if facts.is_region else "total"
        case Level.PARTICIPANTS:
            return "total"
        case Level.REGION:
            return "comparison"


def row_label(facts: Facts, result: PaperResult) -> str:
    is_partial = result.small_schools > 0
    match result.level:
        case Level.SCHOOL:
            return named(result.name)
        case Level.MUNICIPALITY if facts.is_region:
            return f"{title(named(result.name))}{'*' if is_partial else ''}"
        case Level.MUNICIPALITY:
            return say(_WORDING, "municipality_total", is_partial=is_partial)
        case Level.PARTICIPANTS:
            return say(_WORDING, "participants_total", is_partial=is_partial)
        case Level.REGION:
            return say(_WORDING, "region_row")


def _notes(facts: Facts, results: Sequence[PaperResult]) -> tuple[str, ...]:
    """What the signs of this very table mean; a sign that isn't there is not explained."""
    notes = []
    if any(r.small_schools for r in results if r.level is not Level.REGION):
        notes.append(say(_WORDING, "note_partial", least=facts.run.least))
    if any(is_at_threshold(r) for r in results):
        percent = threshold_text(facts.run.plan.analysis.low_share_percent)
        notes.append(say(_WORDING, "note_threshold", threshold=percent))
    if not facts.is_region and _is_a_school_absent(facts, results):
        notes.append(say(_WORDING, "note_absent"))
    return tuple(notes)


def _is_a_school_absent(facts: Facts, results: Sequence[PaperResult]) -> bool:
    return any(
        len(at(of_paper, Level.SCHOOL)) < len(facts.schools) for _, of_paper in by_paper(results)
    )


def share_figure(facts: Facts, result: PaperResult) -> KeyFigure | None:
    """The share of low results as a key figure; None where it is hidden."""
    if low_share(result) is None or result.hidden is not None:
        return None
    name = say(
        _WORDING,
        "key_share",
        exam=result.marks is None,
        subject=result.paper.subject,
        where=paper_label(result.paper),
        unit=unit_name(facts, result),
    )
    return (result.paper.key, result.level, result.unit_id), name


# -- Agreement with the journal --------------------------------------------------------------


def journal_table(facts: Facts, table_id: str, results: Sequence[PaperResult]) -> Table | None:
    """Lowered, confirmed, raised marks of ВПР, summed over papers; None without any.

    Papers compared for fewer than `least_participants` are not among the results at all.
    """
    share = "Доля отметок, %"
    columns = (
        text("unit", unit_column(facts), 60),
        number("compared", "Сравнено отметок", 26),
        number("lowered", "понизили", 27, share),
        number("confirmed", "подтвердили", 32, share),
        number("raised", "повысили", 27, share),
    )
    groups = (
        *((title(subject), (subject,)) for subject in MAIN_SUBJECTS),
        (say(_WORDING, "other_subjects"), _other_subjects(results)),
    )
    rows = Rows("document", table_id, columns)
    for heading, subjects in groups:
        found = [r for r in results if r.journal is not None and r.paper.subject in subjects]
        if any(is_own(facts, r) for r in found):
            rows.group(heading)
            _add_journals(facts, rows, found)
    if not len(rows):
        return None
    notes = (say(_WORDING, "note_journal", least=facts.run.least),)
    return rows.laid(say(_WORDING, "caption_journal"), notes).table


def _other_subjects(results: Iterable[PaperResult]) -> tuple[str, ...]:
    return tuple(sorted({r.paper.subject for r in results} - set(MAIN_SUBJECTS)))


def _add_journals(facts: Facts, rows: Rows, results: Sequence[PaperResult]) -> None:
    sums: dict[tuple[Level, str], Journal] = {}
    first: dict[tuple[Level, str], PaperResult] = {}
    for result in results:
        unit = (result.level, result.unit_id)
        first.setdefault(unit, result)
        if result.journal is not None:
            sums[unit] = _added(sums.get(unit, Journal(0, 0, 0)), result.journal)
    order = list(Level)
    for unit in sorted(sums, key=lambda u: (order.index(u[0]), natural_key(first[u].name), u[1])):
        # The sums leave no school out, whatever one of the papers does.
        result = replace(first[unit], small_schools=0)
        rows.add(
            {
                "unit": row_label(facts, result),
                "compared": Count(n=sums[unit].compared),
                **journal_cells(sums[unit]),
            },
            row_kind(facts, result),
            own=is_own(facts, result),
        )


def journal_cells(journal: Journal) -> dict[str, Given]:
    """Shares of the compared marks that were lowered, confirmed, raised."""
    return {
        key: Share(numerator=getattr(journal, key), denominator=journal.compared)
        for key in ("lowered", "confirmed", "raised")
    }


def _added(one: Journal, other: Journal) -> Journal:
    return Journal(
        one.lowered + other.lowered, one.confirmed + other.confirmed, one.raised + other.raised
    )


# -- Charts ----------------------------------------------------------------------------------


def share_figures(
    facts: Facts, figure_id: str, where: str, results: Sequence[PaperResult]
) -> tuple[Figure, ...]:
    """Bars of the share of «2» by school in the main subjects.

    One figure, or one per subject where the bars would not stand on a page; none where no
    share may be shown or where there are more schools than bars can stand on a page.
    """
    shown = [
        (paper, of_paper)
        for paper, of_paper in by_paper(results)
        if paper.subject in MAIN_SUBJECTS
        and any(low_share(r) is not None for r in at(of_paper, Level.SCHOOL))
    ]
    schools = max((len(at(of_paper, Level.SCHOOL)) for _, of_paper in shown), default=0)
    if not shown or schools > BARS_AT_MOST:
        return ()
    if schools <= BARS_ON_ONE_FIGURE:
        return (_figure(facts, figure_id, where, shown),)
    return tuple(
        _figure(facts, f"{figure_id}/{number}", f"{where}, {paper.subject}", [(paper, of_paper)])
        for number, (paper, of_paper) in enumerate(shown, start=1)
    )


def _figure(
    facts: Facts,
    figure_id: str,
    where: str,
    shown: Sequence[tuple[Paper, Sequence[PaperResult]]],
) -> Figure:
    threshold = facts.run.plan.analysis.low_share_percent
    groups = tuple(_bar_group(title(paper.subject), of_paper) for paper, of_paper in shown)
    return Figure(
        id=figure_id,
        caption=say(_WORDING, "caption_chart_shares", where=where),
        alt=chart_alt(groups, threshold),
        chart=BarChart(groups=groups, threshold=threshold),
    )


def _bar_group(heading: str, results: Sequence[PaperResult]) -> BarGroup:
    region = only(results, Level.REGION)
    return BarGroup(
        title=heading,
        bars=tuple(
            Bar(
                label=named(result.name),
                value=low_share(result) or suppressed(result),
                at_threshold=is_at_threshold(result),
            )
            for result in at(results, Level.SCHOOL)
        ),
        region=low_share(region) if region is not None else None,
    )


def chart_alt(groups: Sequence[BarGroup], threshold: float) -> str:
    """Every number of the chart in words."""
    told = []
    for group in groups:
        bars = [_bar_in_words(bar) for bar in group.bars]
        if group.region is not None:
            bars.append(say(_WORDING, "chart_region", share=group.region))
        told.append(say(_WORDING, "chart_group", subject=group.title, bars=bars))
    return say(_WORDING, "chart_alt", threshold=threshold_text(threshold), groups=told)


def _bar_in_words(bar: Bar) -> str:
    match bar.value:
        case Suppressed(fewer_than=least):
            return say(_WORDING, "chart_small", name=bar.label, least=least)
        case share:
            return say(_WORDING, "chart_bar", name=bar.label, share=share)


# -- Sentences -------------------------------------------------------------------------------


def reached_sentence(facts: Facts, results: Sequence[PaperResult]) -> str:
    """Which schools reached the threshold in which subject, with their shares."""
    threshold = threshold_text(facts.run.plan.analysis.low_share_percent)
    found = []
    for paper, of_paper in by_paper(results):
        low = [r for r in of_paper if is_at_threshold(r)]
        schools = [
            say(_WORDING, "reached_school", name=unit_name(facts, r), share=low_share(r))
            for r in low
        ]
        if schools:
            found.append(say(_WORDING, "reached_in", subject=paper.subject, schools=schools))
    if found:
        return say(_WORDING, "reached_by_schools", threshold=threshold, found=found)
    if any(r.hidden is None for r in at(results, Level.SCHOOL)):
        return say(_WORDING, "not_reached", threshold=threshold, least=facts.run.least)
    return say(_WORDING, "all_papers_small", least=facts.run.least)


def comparison_sentence(facts: Facts, results: Sequence[PaperResult]) -> str | None:
    """The addressee's total against the region, main subjects; None where either is hidden.

    Where the region's share lies inside the 95 % interval of the total, the sentence says
    that the difference may be chance.
    """
    level = Level.PARTICIPANTS if facts.is_region else Level.MUNICIPALITY
    phrases: list[str] = []
    by_chance: list[str] = []
    for paper, of_paper in by_paper(results):
        total, region = only(of_paper, level), only(of_paper, Level.REGION)
        if paper.subject not in MAIN_SUBJECTS or total is None or region is None:
            continue
        share, other = low_share(total), low_share(region)
        if share is None or other is None:
            continue
        difference = points(share, other)
        phrases.append(say(_WORDING, "compared", subject=paper.subject, difference=difference))
        if difference and _may_be_chance(share, other):
            by_chance.append(subject_dative(paper.subject))
    if not phrases:
        return None
    exams = any(r.exam is not None for r in results)
    told = [say(_WORDING, "comparison", exams=exams, is_region=facts.is_region, phrases=phrases)]
    if by_chance:
        some = by_chance if len(by_chance) < len(phrases) else []
        told.append(say(_WORDING, "chance", subjects=some))
    return " ".join(told)


def _may_be_chance(share: Share, region: Share) -> bool:
    interval = wilson(share.numerator, share.denominator)
    return interval.low <= region.numerator / region.denominator <= interval.high


def low_papers_sentence(results: Sequence[PaperResult], threshold: str) -> str:
    """The problem of one school, of whose results `results` are: its low papers in figures.

    Up to three are named with their shares; more are told by subjects and range.
    """
    low = [r for r in results if is_at_threshold(r)]
    marks = [r for r in low if r.marks is not None]
    exams = [r for r in low if r.exam is not None]
    told = []
    if len(marks) > 3:
        shares = sorted((s for s in map(low_share, marks) if s is not None), key=_fraction)
        subjects = sorted({r.paper.subject for r in marks}, key=subject_order)
        told.append(
            say(
                _WORDING,
                "many_low_marks",
                threshold=threshold,
                n=len(marks),
                papers=sum(r.marks is not None and r.is_low is not None for r in results),
                has_exams=any(r.exam is not None and r.is_low is not None for r in results),
                least=shares[0],
                most=shares[-1],
                subjects=[subject_dative(subject) for subject in subjects],
            )
        )
    elif marks:
        told.append(_few_low_marks(marks, threshold))
    if exams:
        found = [
            say(_WORDING, "low_exam", share=low_share(r), subject=r.paper.subject) for r in exams
        ]
        told.append(say(_WORDING, "low_exams", threshold=threshold, found=found))
    return " ".join(told)


def _few_low_marks(low: Sequence[PaperResult], threshold: str) -> str:
    found = [
        say(
            _WORDING,
            "low_marks_in",
            found=[
                say(_WORDING, "low_marks", share=low_share(r), subject=r.paper.subject)
                for r in of_label
            ],
            where=label,
        )
        for label, of_label in groupby(low, lambda r: paper_label(r.paper))
    ]
    return say(_WORDING, "few_low_marks", threshold=threshold, found=found)


def _fraction(share: Share) -> Fraction:
    return Fraction(share.numerator, share.denominator)
