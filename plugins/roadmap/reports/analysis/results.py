"""Results of assessment procedures: which are shown, what they are called, what a row tells.

Order of units everywhere: schools by natural order of names, the municipality's total, the
region last. Nothing is sorted by value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from typing import Literal

from roadmap.analysis.read import Hidden, Level, Paper, PaperResult
from roadmap.analysis.shares import Journal
from roadmap.plan.model import Procedure
from roadmap.plan.procedures import MAIN_SUBJECTS, kinds, low_of, scales
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Cell, Column, Count, Mean, Share, Suppressed
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.tables import Given, KeyFigure, columns
from roadmap.reports.words.wording import named, title
from roadmap.russian import natural_key

# -- Words -----------------------------------------------------------------------------------


def paper_label(paper: Paper) -> str:
    """«ВПР, программа 5 класса», for use inside a sentence."""
    return named(kinds()[paper.kind].paper_name(paper.grade))


def scale_of(result: PaperResult) -> str:
    """The code of the result's scale: of an exam in points base mathematics is marked."""
    code = kinds()[result.paper.kind].scale
    return "marks" if result.marks is not None and scales()[code].in_points else code


def low_words(results: Iterable[PaperResult]) -> str:
    """What the share of low results of these is of: «отметок «2»»."""
    return low_of(scale_of(result) for result in results)


def is_main(paper: Paper) -> bool:
    """Whether the paper is in one of the main subjects of its kind."""
    return paper.subject in kinds()[paper.kind].main_subjects


def work(facts: Facts, result: PaperResult) -> str:
    """«математика (ВПР, программа 5 класса)»."""
    subject, where = result.paper.subject, paper_label(result.paper)
    return sentence(facts, "work", subject=subject, where=where)


def as_told(
    facts: Facts,
    results: Iterable[PaperResult],
    day: Callable[[PaperResult], date | None] = attrgetter("as_told_on"),
    *,
    has_threshold: bool = True,
    has_unit: bool = True,
) -> tuple[str, ...]:
    """Of which day the figures are that stand as an earlier letter told them, and what the newer
    results say of the threshold where that is something else; nothing where none stands so.

    `day`: None for results that don't; `has_unit`: the works are told with their units.
    """
    stand: dict[tuple[date, bool | None], list[str]] = {}
    for result in results:
        on = day(result)
        if on is not None:
            is_low = result.is_low if has_threshold and result.is_verdict_other else None
            whose = work(facts, result)
            if has_unit:
                whose = sentence(facts, "work_of", unit=unit_name(facts, result), work=whose)
            stand.setdefault((on, is_low), []).append(whose)
    return tuple(
        sentence(facts, "as_told", on=on, whose=whose)
        if is_low is None
        else sentence(facts, "as_told_but_threshold", on=on, is_low=is_low, whose=whose)
        for (on, is_low), whose in stand.items()
    )


def subject_order(subject: str) -> tuple[int, str]:
    """Sort key of subjects: русский язык, математика, then by alphabet."""
    main = subject in MAIN_SUBJECTS
    return (MAIN_SUBJECTS.index(subject) if main else len(MAIN_SUBJECTS), subject)


def unit_name(facts: Facts, result: PaperResult) -> str:
    """What a report calls the unit of a result."""
    match result.level:
        case Level.SCHOOL if facts.is_region:
            municipality = facts.run.municipalities[result.municipality_id].name
            return sentence(
                facts, "school_of", school=named(result.name), municipality=named(municipality)
            )
        case Level.SCHOOL:
            return named(result.name)
        case Level.MUNICIPALITY if facts.is_region:
            return named(result.name)
        case level:
            return sentence(facts, "unit", level=level)


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
    return Suppressed(
        fewer_than=result.least_participants,
        in_every_school=result.hidden is Hidden.NOTHING_LEFT,
    )


def reaches(share: Share, percent: float) -> bool:
    """Whether the share reaches the threshold; exactly reaching it counts."""
    return 100 * share.numerator >= Fraction(str(percent)) * share.denominator


def low_totals(facts: Facts) -> tuple[PaperResult, ...]:
    """The addressee's totals of marks that reach the threshold, paper by paper."""
    percent = facts.run.plan.analysis.low_share_percent
    level = total_level(facts)
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
    return tuple(r for r in results if r.paper.procedure == procedure.key)


def by_grade(results: Iterable[PaperResult]) -> tuple[tuple[int, tuple[PaperResult, ...]], ...]:
    """Results of one procedure by the programme's grade, in order."""
    ordered = sorted(results, key=lambda r: r.paper.grade)
    return tuple((g, tuple(group)) for g, group in groupby(ordered, lambda r: r.paper.grade))


def by_paper(results: Iterable[PaperResult]) -> tuple[tuple[Paper, tuple[PaperResult, ...]], ...]:
    """Results by paper, in the order in which they come."""
    papers: dict[Paper, list[PaperResult]] = {}
    for result in results:
        papers.setdefault(result.paper, []).append(result)
    return tuple((paper, tuple(of_paper)) for paper, of_paper in papers.items())


def at(results: Iterable[PaperResult], *levels: Level) -> tuple[PaperResult, ...]:
    return tuple(r for r in results if r.level in levels)


def only(results: Iterable[PaperResult], level: Level) -> PaperResult | None:
    """The one result of the level, None where there is none."""
    return next((r for r in results if r.level is level), None)


def written_by_own(results: Iterable[PaperResult]) -> tuple[PaperResult, ...]:
    """Results of papers that at least one participating school of the addressee wrote."""
    results = tuple(results)
    written = {r.paper for r in results if r.level is Level.SCHOOL}
    return tuple(r for r in results if r.paper in written)


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
        or (is_main(r.paper) and r.marks is not None)
        or (
            is_main(r.paper)
            and r.hidden is not None
            and not scales()[kinds()[r.paper.kind].scale].in_points
        )
    )


# -- Rows -----------------------------------------------------------------------------------


def unit_columns(facts: Facts, table: str) -> tuple[Column, ...]:
    """The columns of a table whose rows are schools, for the region municipalities."""
    return columns(table, unit=sentence(facts, "column_unit"))


def total_level(facts: Facts) -> Level:
    """Of which level the addressee's own total is."""
    return Level.PARTICIPANTS if facts.is_region else Level.MUNICIPALITY


def unit_order(result: PaperResult) -> tuple[int, object, str]:
    """Sort key of units: schools by natural order of names, totals, the region."""
    return (list(Level).index(result.level), natural_key(result.name), result.unit_id)


def is_own(facts: Facts, result: PaperResult) -> bool:
    """The region's figures are shown to a municipality and are not its own."""
    return facts.is_region or result.level in (Level.SCHOOL, Level.MUNICIPALITY)


def is_at_threshold(result: PaperResult) -> bool:
    """Whether tables emphasise the share: only of schools, for which the threshold is defined."""
    return result.shows_threshold


def has_low_results(result: PaperResult) -> bool:
    """Whether the school has to act by the paper: by the newest results, whatever is shown."""
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
            return sentence(facts, "municipality_total", is_partial=is_partial)
        case Level.PARTICIPANTS:
            return sentence(facts, "participants_total", is_partial=is_partial)
        case Level.REGION:
            return sentence(facts, "region_row")


def share_figure(facts: Facts, result: PaperResult) -> KeyFigure | None:
    """The share of low results as a key figure; None where it is hidden."""
    if low_share(result) is None or result.hidden is not None:
        return None
    name = sentence(
        facts,
        "key_share",
        low_of=low_words((result,)),
        subject=result.paper.subject,
        where=paper_label(result.paper),
        unit=unit_name(facts, result),
    )
    return (result.paper.key, result.level, result.unit_id), name


def journal_cells(journal: Journal) -> dict[str, Given]:
    """Shares of the compared marks that were lowered, confirmed, raised."""
    return {
        key: Share(numerator=getattr(journal, key), denominator=journal.compared)
        for key in ("lowered", "confirmed", "raised")
    }
