"""The справка of an analysis: its ten sections in the order of docs/domain.md §6.1."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from operator import attrgetter

from roadmap.analysis.dynamics import previous_procedures
from roadmap.analysis.objectivity import unsupported
from roadmap.analysis.read import Hidden, Level, PaperResult, Verdict
from roadmap.plan.model import Plan, Procedure, Slice
from roadmap.plan.procedures import kinds
from roadmap.plan.region import REGION
from roadmap.reports.analysis.dynamics import dynamics
from roadmap.reports.analysis.mechanisms import mechanisms
from roadmap.reports.analysis.results import (
    as_told,
    at,
    by_grade,
    low_share,
    low_totals,
    low_words,
    of_procedure,
    paper_label,
    shown_levels,
    suppressed,
    total_level,
    written_by_own,
)
from roadmap.reports.analysis.results_charts import share_figures
from roadmap.reports.analysis.results_sentences import comparison_sentence, reached_sentence
from roadmap.reports.analysis.results_tables import journal_table, results_table
from roadmap.reports.analysis.summary import Summary, conclusions, ordering_measure
from roadmap.reports.facts.run import Facts, School
from roadmap.reports.model import (
    AttentionItem,
    Count,
    Day,
    Document,
    NoData,
    NotHeld,
    Suppressed,
    Table,
    Value,
)
from roadmap.reports.parts.document import (
    document_of,
    missing_datasets,
    outside_codes,
    recommendations,
)
from roadmap.reports.parts.draft import Draft
from roadmap.reports.parts.measures import (
    Shown,
    fact_value,
    indicators_table,
    shown_indicators,
    status_word,
)
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.tables import Cells, Given, Rows, columns, foreign, number, table_of
from roadmap.reports.words.wording import named, title

# A municipality reads how many there are of each of these rules; of others only their number.
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


def compose_document(
    facts: Facts, summary: Summary, main: Sequence[str], items: Sequence[AttentionItem]
) -> tuple[Document, Draft]:
    """The document of one addressee and its draft; `items` are all that needs attention."""
    draft = Draft()
    shown = shown_indicators(facts)
    _basis(draft, facts)
    _general(draft, facts)
    if facts.schools:
        _results(draft, facts)
        _objectivity(draft, facts)
        draft.section("dynamics", sentence(facts, "s_dynamics"))
        dynamics(draft, facts)
        _deficits(draft, facts)
    else:
        # The ten sections stay, so that what cites one by its number finds it.
        for section, heading in (
            ("results", sentence(facts, "s_results")),
            ("objectivity", sentence(facts, "s_objectivity")),
            ("dynamics", sentence(facts, "s_dynamics")),
            ("deficits", sentence(facts, "s_deficits")),
        ):
            draft.section(section, heading)
            draft.paragraph(sentence(facts, "no_schools"))
    _measures(draft, facts, shown)
    draft.section("conclusions", sentence(facts, "s_conclusions"))
    draft.numbered(conclusions(facts, summary, shown))
    recommendations(draft, facts, items)
    if items:
        draft.paragraph(sentence(facts, "no_sanctions"))
    _limits(draft, facts)
    # What the analysis is of, as the order lists it, without what was not held.
    held = {p.kind for p in facts.run.phase.procedures if p.not_held is None}
    listed = [kind.listed for code, kind in kinds().items() if code in held]
    subject = sentence(facts, "document_subject", kinds=listed)
    return document_of(facts, draft, subject, main), draft


# -- 1, 2: basis, general facts --------------------------------------------------------------


def _basis(draft: Draft, facts: Facts) -> None:
    run = facts.run
    draft.section("basis", sentence(facts, "s_basis"))
    measure = ordering_measure(run.plan, run.phase)
    basis = sentence(facts, "document_basis", measure=measure)
    if run.plan.based_on:
        orders = [sentence(facts, "basis_order", order=order) for order in run.plan.based_on]
        basis = f"{basis} {sentence(facts, 'basis_after', orders=orders)}"
    draft.paragraph(basis)
    draft.paragraph(sentence(facts, "aim", schools=len(facts.schools), table=draft.next_table))
    rows = (_source_cells(facts, procedure) for procedure in run.phase.procedures)
    notes = (f"{sentence(facts, 'note_signs')} {sentence(facts, 'note_works')}",)
    heads, caption = columns("sources"), sentence(facts, "caption_sources")
    draft.table(table_of("sources", heads, rows, caption, notes))


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


def _works(results: Sequence[PaperResult]) -> Value:
    """Works written; those of small groups are left out, so that no difference tells them."""
    shown = [r.participants or 0 for r in results if r.hidden is None]
    if shown:
        return Count(n=sum(shown))
    if not results:
        return NotHeld()
    return suppressed(replace(results[0], hidden=Hidden.NOTHING_LEFT))


def _general(draft: Draft, facts: Facts) -> None:
    draft.section("schools", sentence(facts, "s_schools"))
    people = _people(facts)
    if facts.is_region:
        municipalities = len({s.municipality_id for s in facts.schools})
        text = sentence(
            facts,
            "schools_region",
            schools=len(facts.schools),
            municipalities=municipalities,
            table=draft.next_table,
        )
        draft.paragraph(f"{text} {people}".strip())
        draft.table(_municipalities_table(facts))
        return
    if not facts.schools:
        draft.paragraph(sentence(facts, "no_schools"))
        return
    text = sentence(facts, "schools", schools=len(facts.schools))
    order = sentence(facts, "schools_order", table=draft.next_table)
    draft.paragraph(" ".join(filter(None, (text, people, order))))
    draft.table(_participants_table(facts))


def _people(facts: Facts) -> str:
    """How many coordinators and curators there are: the denominators of their attendance."""
    by_role = {
        r.indicator.parameters["role"]: r.denominator
        for r in facts.indicators
        if "role" in r.indicator.parameters
    }
    coordinators, curators = by_role.get("coordinator"), by_role.get("curator")
    if coordinators is None or curators is None:
        return ""
    return sentence(facts, "people", coordinators=coordinators, curators=curators)


def _participants_table(facts: Facts) -> Table:
    held = [p for p in facts.run.phase.procedures if p.not_held is None]
    heads = (*columns("participants"), *(number(p.key, p.short_title, 30) for p in held))
    rows = []
    for school in facts.schools:
        cells: dict[str, Given] = {"unit": named(school.name)}
        for procedure in held:
            results = [
                r for r in of_procedure(facts.results, procedure) if r.unit_id == school.school_id
            ]
            is_received = facts.run.received_on(procedure) is not None
            works = _works(results) if is_received else NoData()
            if isinstance(works, Suppressed):  # of one school
                works = Suppressed(fewer_than=works.fewer_than, in_every_work=True)
            cells[procedure.key] = works
        rows.append(cells)
    caption, note = sentence(facts, "caption_participants"), sentence(facts, "note_works")
    return table_of("participants", heads, rows, caption, (note,))


def _municipalities_table(facts: Facts) -> Table:
    group = sentence(facts, "group_verdict")
    heads = (
        *columns("municipalities"),
        *(
            number(kind, title(sentence(facts, "verdict", verdict=kind)), 26, group)
            for kind in Verdict
        ),
    )
    rows = Rows("document", "municipalities", heads)
    for key, addressee in facts.run.municipalities.items():
        if key != REGION:
            schools = [s for s in facts.schools if s.municipality_id == key]
            verdicts = [v.verdict for v in facts.verdicts if v.municipality_id == key]
            rows.add({"unit": title(named(addressee.name)), **_verdict_cells(schools, verdicts)})
    every = _verdict_cells(facts.schools, [v.verdict for v in facts.verdicts])
    rows.add({"unit": sentence(facts, "total"), **every}, "total")
    return rows.laid(sentence(facts, "caption_municipalities")).table


def _verdict_cells(schools: Sequence[School], verdicts: Sequence[Verdict]) -> dict[str, Given]:
    of_kinds = {kind.value: Count(n=verdicts.count(kind)) for kind in Verdict}
    return {"schools": Count(n=len(schools)), **of_kinds}


# -- 3: results ------------------------------------------------------------------------------


def _results(draft: Draft, facts: Facts) -> None:
    draft.section("results", sentence(facts, "s_results"))
    for procedure in facts.run.phase.procedures:
        results = written_by_own(of_procedure(facts.results, procedure))
        if procedure.not_held is not None:
            reason = procedure.not_held
            draft.paragraph(sentence(facts, "not_held", title=procedure.title, reason=reason))
        elif facts.run.received_on(procedure) is None:
            draft.paragraph(sentence(facts, "not_received", title=procedure.title))
        elif not results:
            draft.paragraph(sentence(facts, "nobody", title=procedure.title))
        else:
            for grade, of_grade in by_grade(results):
                _grade(draft, facts, procedure, grade, of_grade)
            for text in as_told(facts, results):
                draft.paragraph(text)
    if facts.is_region:
        _schools_verdict(draft, facts)


def _grade(
    draft: Draft, facts: Facts, procedure: Procedure, grade: int, results: Sequence[PaperResult]
) -> None:
    """One subsection: where to look, the table, the chart, what it says, the comparison."""
    kind, short = kinds()[procedure.kind], procedure.short_title
    beside = kind.beside_title(grade)
    where = sentence(facts, "heading", procedure=short, beside=beside)
    full = procedure.title if beside is None else short
    heading = sentence(facts, "heading", procedure=full, beside=beside)
    table_id = f"{procedure.kind}/{procedure.year}/{procedure.wave}/{grade}"
    shown = shown_levels(facts, results)
    figures = (
        share_figures(facts, table_id, where, results) if kind.drawn and not facts.is_region else ()
    )
    draft.subsection(heading)
    pictures = [str(draft.next_figure + n) for n in range(len(figures))]
    see = {"table": draft.next_table, "figures": pictures, "low_of": low_words(results)}
    draft.paragraph(sentence(facts, "see_results", **see))
    draft.table(results_table(facts, table_id, where, shown))
    for figure in figures:
        draft.figure(figure)
    if not facts.is_region:
        draft.paragraph(reached_sentence(facts, results))
    comparison = comparison_sentence(facts, results)
    if comparison is not None:
        draft.paragraph(comparison, own=facts.is_region)


def _schools_verdict(draft: Draft, facts: Facts) -> None:
    draft.subsection(sentence(facts, "s_schools_verdict"))
    draft.paragraph(sentence(facts, "see_schools", table=draft.next_table))
    rows = Rows("document", "schools", columns("schools"))
    for key, addressee in facts.run.municipalities.items():
        verdicts = [v for v in facts.verdicts if v.municipality_id == key]
        if verdicts:
            rows.group(title(named(addressee.name)))
        for one in verdicts:
            rows.add(
                {
                    "unit": named(one.name),
                    "papers": Count(n=one.papers),
                    "low_papers": Count(n=one.low_papers),
                    "verdict": sentence(facts, "verdict", verdict=one.verdict),
                }
            )
    draft.table(rows.laid(sentence(facts, "caption_schools")))


# -- 4, 5, 6: objectivity, dynamics, deficits ------------------------------------------------


def _objectivity(draft: Draft, facts: Facts) -> None:
    draft.section("objectivity", sentence(facts, "s_objectivity"))
    own = written_by_own([r for r in facts.results if r.paper.kind == "vpr"])
    levels = (
        (Level.MUNICIPALITY, Level.PARTICIPANTS, Level.REGION)
        if facts.is_region
        else (Level.SCHOOL, Level.MUNICIPALITY, Level.REGION)
    )
    table = journal_table(facts, "journal", at(own, *levels))
    if table is None:
        draft.paragraph(sentence(facts, "journal_none"))
    else:
        autumn = next((r.paper.year for r in own if r.paper.wave == "autumn"), None)
        draft.paragraph(sentence(facts, "journal", table=draft.next_table, autumn=autumn))
        draft.table(table)
        of_journal = attrgetter("journal_as_told_on")
        for text in as_told(facts, own, of_journal, has_threshold=False):
            draft.paragraph(text)
    before = previous_procedures(facts.run.phase)
    has_previous = any(facts.run.received_on(procedure) is not None for procedure in before)
    absent = unsupported(facts.run.phase.procedures, has_previous=has_previous)
    if absent:
        draft.paragraph(sentence(facts, "markers_none"))
        draft.numbered(
            sentence(
                facts,
                "marker_none",
                title=title(marker.group_title),
                papers=marker.paper_titles,
                reason=marker.reason,
            )
            for marker in absent
        )


def _deficits(draft: Draft, facts: Facts) -> None:
    draft.section("deficits", sentence(facts, "s_deficits"))
    level, low = total_level(facts), low_totals(facts)
    papers = [
        sentence(
            facts,
            "deficit",
            subject=r.paper.subject,
            where=paper_label(r.paper),
            share=low_share(r),
        )
        for r in low
    ]
    if papers:
        draft.paragraph(sentence(facts, "deficits", low_of=low_words(low), phrases=papers))
    elif any(r.marks is not None for r in at(facts.results, level)):
        draft.paragraph(sentence(facts, "deficits_none"))
    else:
        draft.paragraph(sentence(facts, "deficits_unknown"))
    draft.paragraph(sentence(facts, "deficits_limits"))


# -- 7: measures -----------------------------------------------------------------------------


def _measures(draft: Draft, facts: Facts, shown: Sequence[Shown]) -> None:
    run = facts.run
    draft.section("measures", sentence(facts, "s_measures"))
    if shown:
        numbers = _numbers(run.plan, run.phase.reports)
        text = sentence(facts, "measures", table=draft.next_table, numbers=numbers)
        if any(not s.is_own for s in shown):
            text = f"{text} {sentence(facts, 'measures_regional')}"
        draft.paragraph(text)
        draft.table(indicators_table(facts, "document", "indicators", shown).table)
    else:
        draft.paragraph(sentence(facts, "measures_none"))
    if facts.is_region:
        _by_municipality(draft, facts, shown)
    mechanisms(draft, facts)
    outside = outside_codes(facts)
    if outside:
        draft.paragraph(sentence(facts, "measures_outside", codes=outside))


def _numbers(plan: Plan, reported: Collection[str]) -> str:
    """«5–8» of rows that follow each other in the plan, «5, 7» of others."""
    places = [
        place
        for place, one in enumerate(plan.measures)
        if one.number in reported and one.indicators
    ]
    numbers = [plan.measures[place].number for place in places]
    if len(places) > 2 and places[-1] - places[0] == len(places) - 1:
        return f"{numbers[0]}–{numbers[-1]}"
    return ", ".join(numbers)


def _by_municipality(draft: Draft, facts: Facts, shown: Sequence[Shown]) -> None:
    sliced = [s for s in shown if s.result.indicator.slice is Slice.MUNICIPALITY]
    if not sliced or not facts.by_municipality:
        return
    draft.paragraph(sentence(facts, "measures_by_municipality", table=draft.next_table))
    heads = columns("by-municipality")
    for one in sliced:
        heads += columns("by-municipality/indicator", f"{one.code}/", one.code)
    rows = []
    for key, results in facts.by_municipality.items():
        by_code = {r.indicator.code: r for r in results}
        cells: dict[str, Given] = {"unit": title(named(facts.run.municipalities[key].name))}
        for one in sliced:
            result = by_code.get(one.code)
            cells[f"{one.code}/fact"] = NoData() if result is None else fact_value(result)
            status = NoData() if result is None else status_word(result.status)
            cells[f"{one.code}/status"] = status
        rows.append(cells)
    caption = sentence(facts, "caption_by_municipality")
    draft.table(table_of("by-municipality", heads, rows, caption))


# -- 10: limits ------------------------------------------------------------------------------


def _limits(draft: Draft, facts: Facts) -> None:
    draft.section("limits", sentence(facts, "s_limits"))
    limits = [sentence(facts, "limit_small"), sentence(facts, "limit_no_ranking")]
    received = {result.paper.procedure for result in at(facts.results, Level.SCHOOL)}
    limits[1:1] = [
        sentence(facts, "limit_procedure", caution=procedure.caution)
        for procedure in facts.run.phase.procedures
        if procedure.caution and procedure.key in received
    ]
    draft.paragraph(" ".join(limits))
    missing_datasets(draft, facts)
    _findings(draft, facts)
    draft.paragraph(sentence(facts, "attachments", pages=not facts.is_region and facts.schools))


def _findings(draft: Draft, facts: Facts) -> None:
    """The department reads each finding; a municipality only how many concern it and of what
    kind: the operator's sentences may name files and schools of others."""
    if not facts.findings:
        draft.paragraph(sentence(facts, "findings_none" if facts.is_region else "limit_none"))
        return
    if facts.is_region:
        # About the data, not the department's results: a new one alone must cause no correction.
        draft.paragraph(sentence(facts, "findings_region", n=len(facts.findings)), own=False)
        draft.numbered((named(finding.message) for finding in facts.findings), own=False)
        return
    counts: dict[str, int] = {}
    for finding in facts.findings:
        rule = finding.rule if finding.rule in _TOLD_FINDINGS else "OTHER"
        counts[rule] = counts.get(rule, 0) + 1
    draft.paragraph(" ".join(sentence(facts, "finding", rule=r, n=n) for r, n in counts.items()))
