"""One page for one school: its own results, within its municipality's package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from roadmap.analysis.dynamics import Change
from roadmap.analysis.read import Level, Paper, PaperResult, SchoolVerdict, Verdict
from roadmap.plan.procedures import MAIN_SUBJECTS
from roadmap.reports.analysis import dynamics
from roadmap.reports.analysis.attention import school_items
from roadmap.reports.analysis.results import (
    as_told,
    at,
    is_at_threshold,
    low_share,
    low_words,
    paper_label,
    result_cells,
    suppressed,
    work,
)
from roadmap.reports.analysis.results_charts import bars_figure
from roadmap.reports.facts.run import Facts, School
from roadmap.reports.model import (
    Bar,
    BarGroup,
    Column,
    Document,
    Figure,
    NotHeld,
    SchoolPage,
    Table,
)
from roadmap.reports.parts.draft import Draft
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.tables import Given, columns, foreign, table_of
from roadmap.reports.words.wording import named, title

_Region = Mapping[Paper, PaperResult]
_Changes = Mapping[Paper, Change]  # empty: the phase compares with nothing
# More rows and the chart would not stand on one page together.
_ROWS_BESIDE_CHART = 16
_LINES_BESIDE_CHART = 20
_LETTERS_IN_LINE = 95


def compose_school_page(facts: Facts, school: School) -> SchoolPage:
    """The page of one school of the addressee."""
    own = tuple(r for r in at(facts.results, Level.SCHOOL) if r.unit_id == school.school_id)
    papers = {r.paper for r in own}
    region = {r.paper: r for r in at(facts.results, Level.REGION) if r.paper in papers}
    draft = Draft()
    draft.section("results", sentence(facts, "page_results"))
    changes = {
        c.current.paper: c
        for c in dynamics.shown_changes(facts)
        if c.current.level is Level.SCHOOL and c.current.unit_id == school.school_id
    }
    main = _main_table(facts, own, region, changes)
    other = _other_table(facts, own, region, changes)
    for table in (main, other):
        if table is not None:
            draft.table(table)
    small = [work(facts, r) for r in own if r.hidden is not None]
    remarks = [*as_told(facts, own, has_unit=False)]
    if small:
        remarks.append(sentence(facts, "small", works=small))
    elif main is None and other is None:
        remarks.append(sentence(facts, "nothing"))
    if changes and not dynamics.school_problem(facts, school.school_id):
        # What grew stands among the recommendations, with its figures.
        is_compared = any(c.points is not None for c in changes.values())
        remarks.append(sentence(facts, "dynamics_calm" if is_compared else "dynamics_none"))
    for remark in remarks:
        draft.paragraph(remark)
    todo = _recommendations(facts, school)
    rows = sum(len(table.rows) for table in (main, other) if table is not None)
    figure = dynamics.school_figure(facts, tuple(changes.values())) or _figure(facts, own)
    if figure is not None and _is_room(rows, (*remarks, *todo), is_compared=bool(changes)):
        draft.figure(figure)
    draft.section("recommendations", sentence(facts, "page_recommendations"))
    if todo:
        draft.numbered(todo)
    else:
        draft.paragraph(sentence(facts, "nothing_to_do"))
    verdict = next((v for v in facts.verdicts if v.school_id == school.school_id), None)
    return SchoolPage(
        school_id=school.school_id,
        name=named(school.name),
        document=Document(
            kind_title=sentence(facts, "page_kind"),
            dated=facts.run.as_of,
            subject=sentence(facts, "page_subject"),
            subject_strong=named(school.name),
            main=(
                _main_sentence(facts, verdict),
                sentence(facts, "page_as_of", municipality=title(named(facts.addressee.name))),
            ),
            blocks=draft.blocks,
        ),
    )


def _recommendations(facts: Facts, school: School) -> tuple[str, ...]:
    return tuple(
        sentence(
            facts,
            "recommendation",
            problem=item.problem,
            todo=item.recommendation,
            who=item.who,
            due=item.due,
        )
        for item in school_items(facts, school.school_id)
    )


def _is_room(rows: int, texts: Sequence[str], *, is_compared: bool) -> bool:
    """Whether the chart stands on one page with its tables and what is said below them.

    Where years are compared the recommendations are long, and their lines count like rows.
    """
    if not is_compared:
        return rows <= _ROWS_BESIDE_CHART
    lines = sum(-(-len(text) // _LETTERS_IN_LINE) for text in texts)
    return rows + lines <= _LINES_BESIDE_CHART


def _main_sentence(facts: Facts, verdict: SchoolVerdict | None) -> str:
    if verdict is None or (verdict.verdict is Verdict.NO_VERDICT and not verdict.small_papers):
        return sentence(facts, "main_no_data")
    if verdict.verdict is Verdict.NO_VERDICT:
        return sentence(facts, "main_no_verdict")
    return sentence(
        facts, "main", verdict=verdict.verdict, low=verdict.low_papers, papers=verdict.papers
    )


def _is_main(result: PaperResult) -> bool:
    return result.paper.kind == "vpr" and result.paper.subject in MAIN_SUBJECTS


def _main_table(
    facts: Facts, own: Sequence[PaperResult], region: _Region, changes: _Changes
) -> Table | None:
    """ВПР in русский and математика: a row per programme, three columns per subject, and the
    change where the phase compares."""
    main = [r for r in own if _is_main(r) and r.hidden is None]
    if not main:
        return None
    compared = (changes.get(r.paper) for r in main)
    then = next((c.comparison.previous.short_title for c in compared if c is not None), None)
    heads = columns("school-main")
    for subject in MAIN_SUBJECTS:
        heads += _of_change(columns("school-main/subject", f"{subject}/", title(subject)), changes)
    rows = []
    for grade in sorted({r.paper.grade for r in main}):
        cells: dict[str, Given] = {"programme": sentence(facts, "page_grade", grade=grade)}
        of_grade = {r.paper.subject: r for r in own if _is_main(r) and r.paper.grade == grade}
        for subject in MAIN_SUBJECTS:
            cells |= _cells(of_grade.get(subject), region, changes, f"{subject}/")
        rows.append(cells)
    notes = (sentence(facts, "note_points", then=then),) if then else ()
    return table_of("school-main", heads, rows, sentence(facts, "page_caption_main"), notes)


def _other_table(
    facts: Facts, own: Sequence[PaperResult], region: _Region, changes: _Changes
) -> Table | None:
    others = [r for r in own if not _is_main(r) and r.hidden is None]
    if not others:
        return None
    heads = _of_change(columns("school-other"), changes)
    rows = ({"work": title(work(facts, r)), **_cells(r, region, changes)} for r in others)
    return table_of("school-other", heads, rows, sentence(facts, "page_caption_other"))


def _of_change(heads: tuple[Column, ...], changes: _Changes) -> tuple[Column, ...]:
    """The columns, of which the last is there only where the phase compares."""
    return heads if changes else heads[:-1]


def _cells(
    result: PaperResult | None, region: _Region, changes: _Changes, of: str = ""
) -> dict[str, Given]:
    """Participants, share of low results, the region's share (not the school's own), change."""
    whole = region.get(result.paper) if result is not None else None
    of_region = low_share(whole) if whole is not None else None
    change = changes.get(result.paper) if result is not None else None
    sign = NotHeld() if result is None else suppressed(result)
    cells = {"participants": sign, "low": sign, **(result_cells(result) if result else {})}
    return {
        f"{of}participants": cells["participants"],
        f"{of}low": cells["low"],
        f"{of}region": foreign(of_region or NotHeld()),
        f"{of}change": dynamics.change_cells(change)["change"],
    }


def _figure(facts: Facts, own: Sequence[PaperResult]) -> Figure | None:
    groups = []
    for subject in MAIN_SUBJECTS:
        bars = tuple(
            Bar(label=title(paper_label(r.paper)), value=share, at_threshold=is_at_threshold(r))
            for r in own
            if _is_main(r) and r.paper.subject == subject
            if (share := low_share(r)) is not None
        )
        if bars:
            # Each programme has a region of its own, so one tick would say nothing.
            groups.append(BarGroup(title=title(subject), bars=bars))
    if not groups:
        return None
    low = low_words(r for r in own if _is_main(r))
    return bars_figure(facts, "school", sentence(facts, "page_caption_chart"), groups, low)
