"""The справка of an analysis: its ten sections in the order of docs/domain.md §6.1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from roadmap.analysis.dynamics import previous_procedures
from roadmap.analysis.objectivity import unsupported
from roadmap.analysis.read import KINDS, Level, PaperResult, Verdict
from roadmap.evidence.sources import load_sources
from roadmap.indicators.read import IndicatorResult
from roadmap.plan.model import REGION, Procedure, Slice
from roadmap.reports.analysis.dynamics import dynamics
from roadmap.reports.analysis.results import (
    at,
    by_grade,
    low_share,
    low_totals,
    of_procedure,
    paper_label,
    shown_levels,
    suppressed,
    threshold_text,
    written_by_own,
)
from roadmap.reports.analysis.results_charts import share_figures
from roadmap.reports.analysis.results_sentences import comparison_sentence, reached_sentence
from roadmap.reports.analysis.results_tables import exams_table, journal_table, marks_table
from roadmap.reports.analysis.summary import Summary, conclusions, ordering_measure
from roadmap.reports.facts.run import Facts, Run, School
from roadmap.reports.model import (
    AttentionItem,
    Count,
    Day,
    Document,
    NoData,
    NotHeld,
    Table,
    Value,
)
from roadmap.reports.parts.attention import item_cells
from roadmap.reports.parts.draft import Draft, Placed
from roadmap.reports.parts.measures import (
    Shown,
    fact_value,
    indicators_table,
    shown_indicators,
    status_word,
)
from roadmap.reports.parts.tables import (
    Cells,
    Given,
    Rows,
    foreign,
    number,
    table_of,
    text,
)
from roadmap.reports.words.wording import named, say, title

_WORDING = "analysis"
# Of these a municipality is told by their kind, of others only how many there are.
_TOLD_FINDINGS = (
    "UNKNOWN_SCHOOL",
    "SCHOOL_LEFT",
    "FOREIGN_SCHOOL",
    "NO_COORDINATOR",
    "NO_CURATOR",
    "TOTAL_DISAGREES",
)
# The last of the ten sections, where findings are told; the document checks it.
LIMITS_SECTION = 10


@dataclass(frozen=True)
class Composed:
    """The document, where its key figures stand, and the section that lists what to do."""

    document: Document
    placed: tuple[Placed, ...]
    recommendations_section: int


def compose_document(
    facts: Facts, summary: Summary, main: Sequence[str], items: Sequence[AttentionItem]
) -> Composed:
    """The document of one addressee; `items` are all that needs attention."""
    draft = Draft()
    shown = shown_indicators(facts)
    _basis(draft, facts)
    _general(draft, facts)
    _results(draft, facts)
    _objectivity(draft, facts)
    draft.section("dynamics", say(_WORDING, "s_dynamics"))
    dynamics(draft, facts)
    _deficits(draft, facts)
    _measures(draft, facts, shown)
    draft.section("conclusions", say(_WORDING, "s_conclusions"))
    draft.numbered(conclusions(facts, summary, shown))
    _recommendations(draft, items)
    _limits(draft, facts)
    return Composed(
        Document(
            kind_title=say(_WORDING, "document_kind"),
            dated=facts.run.as_of,
            subject=say(_WORDING, "document_subject", kinds=_kinds(facts)),
            subject_strong=named(facts.run.plan.region_name)
            if facts.is_region
            else title(named(facts.addressee.name)),
            main=tuple(main)[:3],
            blocks=draft.blocks,
        ),
        draft.placed,
        draft.number_of("recommendations"),
    )


def _kinds(facts: Facts) -> list[str]:
    """What the analysis is of, as the order lists it: «ВПР, ОГЭ, ЕГЭ, …», without what was
    not held."""
    held = {p.kind for p in facts.run.phase.procedures if p.not_held is None}
    return [kind for kind in KINDS if kind in held]


# -- 1, 2: basis, general facts --------------------------------------------------------------


def _basis(draft: Draft, facts: Facts) -> None:
    run = facts.run
    draft.section("basis", say(_WORDING, "s_basis"))
    measure = ordering_measure(run.plan, run.phase)
    basis = say(_WORDING, "document_basis", measure=measure, order=run.plan.order)
    if run.plan.based_on:
        orders = [say(_WORDING, "basis_order", order=order) for order in run.plan.based_on]
        basis = f"{basis} {say(_WORDING, 'basis_after', orders=orders)}"
    draft.paragraph(basis)
    draft.paragraph(
        say(_WORDING, "aim", schools=len(facts.schools), as_of=run.as_of, table=draft.next_table)
    )
    columns = (
        text("procedure", "Процедура", 92),
        text("received", "Выгрузка", 26),
        number("schools", "Школ", 18),
        number("works", "Выполнено работ", 34),
    )
    rows = (_source_cells(facts, procedure) for procedure in run.phase.procedures)
    notes = (f"{say(_WORDING, 'note_signs')} {_note_works(run)}",)
    draft.table(table_of("sources", columns, rows, say(_WORDING, "caption_sources"), notes))


def _source_cells(facts: Facts, procedure: Procedure) -> Cells:
    name = {"procedure": procedure.title}
    received = facts.run.received_on(procedure)
    if procedure.not_held is not None or received is None:
        sign = NoData() if procedure.not_held is None else NotHeld()
        return name | dict.fromkeys(("received", "schools", "works"), sign)
    results = at(of_procedure(facts.results, procedure), Level.SCHOOL)
    return name | {
        "received": foreign(Day(on=received)),
        "schools": Count(n=len({r.unit_id for r in results})),
        "works": _works(results),
    }


def _note_works(run: Run) -> str:
    return say(_WORDING, "note_works", least=run.least)


def _works(results: Sequence[PaperResult]) -> Value:
    """Works written; those of small groups are left out, so that no difference tells them."""
    shown = [r.participants or 0 for r in results if r.hidden is None]
    if shown:
        return Count(n=sum(shown))
    return suppressed(results[0]) if results else NotHeld()


def _general(draft: Draft, facts: Facts) -> None:
    draft.section("schools", say(_WORDING, "s_schools"))
    people = _people(facts.indicators)
    if facts.is_region:
        municipalities = len({s.municipality_id for s in facts.schools})
        told = say(
            _WORDING,
            "schools_region",
            schools=len(facts.schools),
            municipalities=municipalities,
            table=draft.next_table,
        )
        draft.paragraph(f"{told} {people}".strip())
        draft.table(_municipalities_table(facts))
        return
    told = say(_WORDING, "schools", schools=len(facts.schools))
    order = say(_WORDING, "schools_order", table=draft.next_table)
    draft.paragraph(" ".join(filter(None, (told, people, order))))
    draft.table(_participants_table(facts))


def _people(indicators: Iterable[IndicatorResult]) -> str:
    """How many coordinators and curators there are: the denominators of their attendance."""
    found = {
        r.indicator.parameters["role"]: r.denominator
        for r in indicators
        if "role" in r.indicator.parameters
    }
    coordinators, curators = found.get("coordinator"), found.get("curator")
    if coordinators is None or curators is None:
        return ""
    return say(_WORDING, "people", coordinators=coordinators, curators=curators)


def _participants_table(facts: Facts) -> Table:
    held = [p for p in facts.run.phase.procedures if p.not_held is None]
    columns = (text("unit", "ОО", 80), *(number(p.key, p.short_title, 30) for p in held))
    rows = []
    for school in facts.schools:
        cells: dict[str, Given] = {"unit": named(school.name)}
        for procedure in held:
            results = [
                r for r in of_procedure(facts.results, procedure) if r.unit_id == school.school_id
            ]
            is_received = facts.run.received_on(procedure) is not None
            cells[procedure.key] = _works(results) if is_received else NoData()
        rows.append(cells)
    caption, notes = (
        say(_WORDING, "caption_participants"),
        (_note_works(facts.run),),
    )
    return table_of("participants", columns, rows, caption, notes)


def _municipalities_table(facts: Facts) -> Table:
    columns = (
        text("unit", "Муниципалитет", 66),
        number("schools", "Школ", 16),
        *(
            number(kind, title(say(_WORDING, "verdict", verdict=kind)), 26, "Вывод, школ")
            for kind in Verdict
        ),
    )
    rows = Rows("document", "municipalities", columns)
    for key, addressee in facts.run.municipalities.items():
        if key != REGION:
            schools = [s for s in facts.schools if s.municipality_id == key]
            found = [v.verdict for v in facts.verdicts if v.municipality_id == key]
            rows.add({"unit": title(named(addressee.name)), **_verdict_cells(schools, found)})
    every = _verdict_cells(facts.schools, [v.verdict for v in facts.verdicts])
    rows.add({"unit": say(_WORDING, "total"), **every}, "total")
    return rows.laid(say(_WORDING, "caption_municipalities")).table


def _verdict_cells(schools: Sequence[School], found: Sequence[Verdict]) -> dict[str, Given]:
    of_kinds = {kind.value: Count(n=found.count(kind)) for kind in Verdict}
    return {"schools": Count(n=len(schools)), **of_kinds}


# -- 3: results ------------------------------------------------------------------------------


def _results(draft: Draft, facts: Facts) -> None:
    draft.section("results", say(_WORDING, "s_results"))
    for procedure in facts.run.phase.procedures:
        results = written_by_own(facts, of_procedure(facts.results, procedure))
        if procedure.not_held is not None:
            reason = procedure.not_held
            draft.paragraph(say(_WORDING, "not_held", title=procedure.title, reason=reason))
        elif facts.run.received_on(procedure) is None:
            draft.paragraph(say(_WORDING, "not_received", title=procedure.title))
        elif not results:
            draft.paragraph(say(_WORDING, "nobody", title=procedure.title))
        else:
            for grade, of_grade in by_grade(results):
                _grade(draft, facts, procedure, grade, of_grade)
    if facts.is_region:
        _schools_verdict(draft, facts)


def _grade(
    draft: Draft,
    facts: Facts,
    procedure: Procedure,
    grade: int,
    results: Sequence[PaperResult],
) -> None:
    """One subsection: where to look, the table, the chart, what it says, the comparison."""
    kind, short = procedure.kind, procedure.short_title
    where = say(_WORDING, "heading", kind=kind, procedure=short, grade=grade)
    full = short if kind == "vpr" else procedure.title
    heading = say(_WORDING, "heading", kind=kind, procedure=full, grade=grade)
    table_id = f"{procedure.kind}/{procedure.year}/{procedure.wave}/{grade}"
    shown = shown_levels(facts, results)
    make = exams_table if procedure.kind == "ege" else marks_table
    figures = (
        share_figures(facts, table_id, where, results)
        if procedure.kind == "vpr" and not facts.is_region
        else ()
    )
    draft.subsection(heading)
    draft.paragraph(_where_to_look(draft, len(figures)))
    draft.table(make(facts, table_id, where, shown))
    for figure in figures:
        draft.figure(figure)
    if not facts.is_region:
        draft.paragraph(reached_sentence(facts, results))
    comparison = comparison_sentence(facts, results)
    if comparison is not None:
        draft.paragraph(comparison, own=facts.is_region)


def _where_to_look(draft: Draft, figures: int) -> str:
    pictures = [str(draft.next_figure + n) for n in range(figures)]
    return say(_WORDING, "see_results", table=draft.next_table, figures=pictures)


def _schools_verdict(draft: Draft, facts: Facts) -> None:
    draft.subsection(say(_WORDING, "s_schools_verdict"))
    draft.paragraph(say(_WORDING, "see_schools", table=draft.next_table))
    columns = (
        text("unit", "ОО", 70),
        number("papers", "Работ с выводом", 30),
        number("low_papers", "Из них достигли порога", 30),
        text("verdict", "Вывод", 40),
    )
    rows = Rows("document", "schools", columns)
    for key, addressee in facts.run.municipalities.items():
        found = [v for v in facts.verdicts if v.municipality_id == key]
        if found:
            rows.group(title(named(addressee.name)))
        for one in found:
            rows.add(
                {
                    "unit": named(one.name),
                    "papers": Count(n=one.papers),
                    "low_papers": Count(n=one.low_papers),
                    "verdict": say(_WORDING, "verdict", verdict=one.verdict),
                }
            )
    draft.table(rows.laid(say(_WORDING, "caption_schools")))


# -- 4, 5, 6: objectivity, dynamics, deficits ------------------------------------------------


def _objectivity(draft: Draft, facts: Facts) -> None:
    draft.section("objectivity", say(_WORDING, "s_objectivity"))
    own = written_by_own(facts, [r for r in facts.results if r.paper.kind == "vpr"])
    levels = (
        (Level.MUNICIPALITY, Level.PARTICIPANTS, Level.REGION)
        if facts.is_region
        else (Level.SCHOOL, Level.MUNICIPALITY, Level.REGION)
    )
    table = journal_table(facts, "journal", at(own, *levels))
    if table is None:
        draft.paragraph(say(_WORDING, "journal_none"))
    else:
        autumn = next((r.paper.year for r in own if r.paper.wave == "autumn"), None)
        draft.paragraph(say(_WORDING, "journal", table=draft.next_table, autumn=autumn))
        draft.table(table)
    before = previous_procedures(facts.run.phase)
    has_previous = any(facts.run.received_on(procedure) is not None for procedure in before)
    absent = unsupported(facts.run.phase.procedures, has_previous=has_previous)
    if absent:
        draft.paragraph(say(_WORDING, "markers_none"))
        draft.numbered(
            say(
                _WORDING,
                "marker_none",
                title=title(marker.group_title),
                papers=marker.paper_titles,
                reason=marker.reason,
            )
            for marker in absent
        )


def _deficits(draft: Draft, facts: Facts) -> None:
    draft.section("deficits", say(_WORDING, "s_deficits"))
    level = Level.PARTICIPANTS if facts.is_region else Level.MUNICIPALITY
    threshold = threshold_text(facts.run.plan.analysis.low_share_percent)
    found = [
        say(
            _WORDING,
            "deficit",
            subject=r.paper.subject,
            where=paper_label(r.paper),
            share=low_share(r),
        )
        for r in low_totals(facts)
    ]
    if found:
        draft.paragraph(
            say(
                _WORDING,
                "deficits",
                is_region=facts.is_region,
                threshold=threshold,
                found=found,
            )
        )
    elif any(r.marks is not None for r in at(facts.results, level)):
        draft.paragraph(
            say(_WORDING, "deficits_none", is_region=facts.is_region, threshold=threshold)
        )
    else:
        draft.paragraph(say(_WORDING, "deficits_unknown", least=facts.run.least))
    draft.paragraph(say(_WORDING, "deficits_limits"))


# -- 7: measures -----------------------------------------------------------------------------


def _measures(draft: Draft, facts: Facts, shown: Sequence[Shown]) -> None:
    run = facts.run
    draft.section("measures", say(_WORDING, "s_measures"))
    if shown:
        numbers = _numbers(run.phase.reports)
        told = say(_WORDING, "measures", table=draft.next_table, numbers=numbers, as_of=run.as_of)
        if any(not s.is_own for s in shown):
            told = f"{told} {say(_WORDING, 'measures_regional')}"
        draft.paragraph(told)
        draft.table(indicators_table(facts, "document", "indicators", shown).table)
    else:
        draft.paragraph(say(_WORDING, "measures_none"))
    if facts.is_region:
        _by_municipality(draft, facts, shown)
    outside = [
        indicator.code
        for number in run.phase.reports
        for indicator in run.plan.measure(number).indicators
        if run.phase.code in indicator.outside_letter_of
    ]
    if outside:
        draft.paragraph(say(_WORDING, "measures_outside", codes=outside))


def _numbers(numbers: Sequence[int]) -> str:
    """«5–8» for a run of numbers, «5, 7» for others."""
    ordered = sorted(numbers)
    if len(ordered) > 2 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"{ordered[0]}–{ordered[-1]}"
    return ", ".join(map(str, ordered))


def _by_municipality(draft: Draft, facts: Facts, shown: Sequence[Shown]) -> None:
    sliced = [s for s in shown if s.result.indicator.slice is Slice.MUNICIPALITY]
    if not sliced or not facts.by_municipality:
        return
    draft.paragraph(say(_WORDING, "measures_by_municipality", table=draft.next_table))
    columns = [text("unit", "Муниципалитет", 56)]
    for one in sliced:
        columns += [
            number(f"{one.code}/fact", "факт", 17, one.code),
            text(f"{one.code}/status", "статус", 26, one.code),
        ]
    rows = []
    for key, results in facts.by_municipality.items():
        found = {r.indicator.code: r for r in results}
        cells: dict[str, Given] = {"unit": title(named(facts.run.municipalities[key].name))}
        for one in sliced:
            result = found.get(one.code)
            cells[f"{one.code}/fact"] = NoData() if result is None else fact_value(result)
            status = NoData() if result is None else status_word(result.status)
            cells[f"{one.code}/status"] = status
        rows.append(cells)
    caption = say(_WORDING, "caption_by_municipality")
    draft.table(table_of("by-municipality", columns, rows, caption))


# -- 9, 10: recommendations, limits ----------------------------------------------------------


def _recommendations(draft: Draft, items: Sequence[AttentionItem]) -> None:
    draft.section("recommendations", say(_WORDING, "s_recommendations"))
    if not items:
        draft.paragraph(say(_WORDING, "nothing_to_do"))
        return
    draft.paragraph(say(_WORDING, "recommendations", n=len(items), table=draft.next_table))
    columns = (
        number("number", "№", 8),
        text("matter", "Выявленная проблема (показатель, значение)", 46),
        text("recommendation", "Рекомендация", 38),
        text("addressee", "Адресат", 28),
        text("due", "Срок", 21),
        text("proof", "Подтверждение", 36),
    )
    caption = say(_WORDING, "s_recommendations")
    draft.table(table_of("recommendations", columns, item_cells(items), caption))
    draft.paragraph(say(_WORDING, "no_sanctions"))


def _limits(draft: Draft, facts: Facts) -> None:
    run = facts.run
    draft.section("limits", say(_WORDING, "s_limits"))
    limits = [
        say(_WORDING, "limit_small", least=run.least),
        say(_WORDING, "limit_no_ranking"),
    ]
    exams = [r.paper.year for r in at(facts.results, Level.SCHOOL) if r.paper.kind == "ege"]
    if exams:
        limits.insert(1, say(_WORDING, "limit_ege", year=max(exams)))
    draft.paragraph(" ".join(limits))
    titles = _dataset_titles()
    absent = [titles.get(d.dataset, d.dataset) for d in run.datasets if d.state != "received"]
    if absent:
        draft.paragraph(say(_WORDING, "datasets_missing", titles=absent))
    _findings(draft, facts)
    draft.paragraph(say(_WORDING, "attachments", is_region=facts.is_region))


@cache
def _dataset_titles() -> dict[str, str]:
    return {dataset: source.title for dataset, source in load_sources().items()}


def _findings(draft: Draft, facts: Facts) -> None:
    """The department reads each finding; a municipality only how many concern it and of what
    kind: the operator's sentences may name files and schools of others."""
    if not facts.findings:
        draft.paragraph(say(_WORDING, "findings_none" if facts.is_region else "limit_none"))
        return
    if facts.is_region:
        # Of the data, not of the department's results: a new one alone is no correction.
        draft.paragraph(say(_WORDING, "findings_region", n=len(facts.findings)), own=False)
        draft.numbered((named(finding.message) for finding in facts.findings), own=False)
        return
    counts: dict[str, int] = {}
    for finding in facts.findings:
        rule = finding.rule if finding.rule in _TOLD_FINDINGS else "OTHER"
        counts[rule] = counts.get(rule, 0) + 1
    draft.paragraph(" ".join(say(_WORDING, "finding", rule=r, n=n) for r, n in counts.items()))
