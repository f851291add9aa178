"""What needs attention after an analysis: schools with low results, weak components of the
management cycle, people who did not take part, what else is missing, schools at risk; schools by
alphabet, never by value.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from roadmap.analysis.read import SchoolVerdict, Verdict
from roadmap.indicators.about import Register, about_each
from roadmap.indicators.read import Gap, IndicatorResult
from roadmap.plan.due import due_date
from roadmap.plan.model import IndicatorKind
from roadmap.plan.region import REGION
from roadmap.reports.analysis import dynamics
from roadmap.reports.analysis.mechanisms import mechanism_items
from roadmap.reports.analysis.results import has_low_results
from roadmap.reports.analysis.results_sentences import low_papers_sentence
from roadmap.reports.facts.run import Facts, School
from roadmap.reports.model import AttentionItem
from roadmap.reports.parts.attention import MISSED, advised
from roadmap.reports.parts.measures import is_by_number, missing, reached_number
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.words.wording import named
from roadmap.russian import natural_key

# Units that have sentences of their own, by the register that confirms them.
_NAMED_APART: dict[Register, tuple[str, ...]] = {"event": ("coordinator", "curator")}


def attention(facts: Facts, findings_section: int) -> tuple[AttentionItem, ...]:
    """All items of the addressee; `findings_section` is where the document lists findings."""
    if facts.is_region:
        return tuple(_of_region(facts, findings_section))
    return (
        *(_low_school(facts, v) for v in facts.verdicts if v.verdict is Verdict.LOW),
        *mechanism_items(facts),
        *_people(facts),
        *_other_indicators(facts),
        *(_grown_school(facts, school) for school in _grown(facts)),
        *(_low_school(facts, v) for v in facts.verdicts if v.verdict is Verdict.RISK),
    )


def school_items(facts: Facts, school_id: str) -> tuple[AttentionItem, ...]:
    """What concerns one school: its results and its curator."""
    return (
        *(_low_school(facts, v) for v in facts.verdicts if v.school_id == school_id and _is_low(v)),
        *(_grown_school(facts, s) for s in _grown(facts) if s.school_id == school_id),
        *_curators(facts, school_id),
    )


def _item(facts: Facts, title: str, problem: str, todo: str, who: str, proof: str) -> AttentionItem:
    return AttentionItem(
        title=title,
        problem=problem,
        recommendation=todo,
        who=who,
        due=facts.run.phase.reply_by.on,
        confirmation=proof,
    )


# -- Schools ---------------------------------------------------------------------------------


def _is_low(verdict: SchoolVerdict) -> bool:
    return verdict.verdict in (Verdict.LOW, Verdict.RISK)


def _low_school(facts: Facts, verdict: SchoolVerdict) -> AttentionItem:
    results = [r for r in facts.results if r.unit_id == verdict.school_id]
    low = low_papers_sentence(facts, results)
    problem = f"{low} {dynamics.school_problem(facts, verdict.school_id)}".rstrip()
    subjects = {r.paper.subject for r in results if has_low_results(r)}
    advice = (
        (
            sentence(facts, "risk"),
            sentence(facts, "curator_who"),
            sentence(facts, "risk_confirmation"),
        )
        if verdict.verdict is Verdict.RISK
        else (
            sentence(facts, "results", subjects=len(subjects)),
            sentence(facts, "results_who"),
            sentence(facts, "results_confirmation"),
        )
    )
    return _item(facts, named(verdict.name), problem, *advice)


def _grown(facts: Facts) -> tuple[School, ...]:
    """Schools whose low results grew and that the verdict does not name already."""
    named_already = {v.school_id for v in facts.verdicts if _is_low(v)}
    return tuple(s for s in dynamics.worse_schools(facts) if s.school_id not in named_already)


def _grown_school(facts: Facts, school: School) -> AttentionItem:
    return _item(
        facts,
        named(school.name),
        dynamics.school_problem(facts, school.school_id),
        sentence(facts, "growth"),
        sentence(facts, "curator_who"),
        sentence(facts, "growth_confirmation"),
    )


# -- People, other indicators ----------------------------------------------------------------


def _missed(facts: Facts, register: Register | None = None) -> tuple[IndicatorResult, ...]:
    """The addressee's indicators that are due, not met and not made good by a substitute;
    those that the register confirms."""
    return tuple(
        r
        for r in facts.indicators
        if r.status in MISSED
        and not r.is_compensated
        and (register is None or register in (one.confirmed_by for one in about_each(r.indicator)))
    )


def _gaps(facts: Facts, result: IndicatorResult, unit_kind: str) -> tuple[Gap, ...]:
    """The units of that kind that are missing in the indicator."""
    code = result.indicator.code
    return tuple(g for g in facts.gaps if g.indicator_code == code and g.unit_kind == unit_kind)


def _people(facts: Facts) -> Iterable[AttentionItem]:
    """Coordinators and curators who did not take part."""
    for result in _missed(facts, "event"):
        coordinators = {g.person_id for g in _gaps(facts, result, "coordinator")}
        if coordinators:
            number, on = result.measure.number, _day_of(result)
            problem = sentence(facts, "coordinator", n=len(coordinators), on=on, measure=number)
            yield advised(facts, result, sentence(facts, "coordinator_role"), problem)
    yield from _curators(facts)


def _curators(facts: Facts, school_id: str | None = None) -> Iterable[AttentionItem]:
    """Curators who did not take part, in order of their schools; of one school its curator.

    They are named by the schools that they lead: persons have no names here.
    """
    for result in sorted(_missed(facts, "event"), key=lambda r: r.indicator.code):
        gaps = sorted(_gaps(facts, result, "curator"), key=lambda g: (g.person_id or "", _name(g)))
        persons = [tuple(group) for _, group in groupby(gaps, key=lambda g: g.person_id)]
        for group in sorted(persons, key=lambda group: _name(group[0])):
            if school_id is not None and school_id not in {gap.school_id for gap in group}:
                continue
            schools = [named(gap.school_name) for gap in group if gap.school_name]
            title = ", ".join(schools) or sentence(facts, "title_curator")
            on, number = _day_of(result), result.measure.number
            problem = sentence(facts, "curator", on=on, measure=number)
            yield advised(facts, result, title, problem)


def _name(gap: Gap) -> tuple[object, ...]:
    return natural_key(gap.school_name or "")


def _other_indicators(facts: Facts) -> Iterable[AttentionItem]:
    """What is missed beside persons, who have sentences of their own."""
    for result in _missed(facts):
        apart = {
            kind
            for declared in about_each(result.indicator)
            for kind in _NAMED_APART.get(declared.confirmed_by, ())
        }
        code = result.indicator.code
        others = (g for g in facts.gaps if g.whole_code == code and g.unit_kind not in apart)
        if not apart or any(others):
            yield advised(facts, result, _title(facts, result), _problem(facts, result))


def _day_of(result: IndicatorResult) -> object:
    return due_date(result.measure.window)


def _title(facts: Facts, result: IndicatorResult) -> str:
    indicator = result.indicator
    return sentence(facts, "indicator_title", code=indicator.code, title=indicator.title)


def _problem(facts: Facts, result: IndicatorResult) -> str:
    number, shortfall = result.measure.number, missing(result)
    match result.indicator.kind:
        case IndicatorKind.FACT:
            return sentence(facts, "region_fact", measure=number)
        case _ if is_by_number(result):
            problem = reached_number(result)
            return sentence(facts, "region_number", problem=problem, measure=number)
        case IndicatorKind.COUNT:
            done = result.numerator
            return sentence(
                facts, "region_count", numerator=done, shortfall=shortfall, measure=number
            )
        case _:
            return sentence(
                facts,
                "region_indicator",
                numerator=result.numerator,
                denominator=result.denominator,
                shortfall=shortfall,
                measure=number,
            )


# -- Of the region ---------------------------------------------------------------------------


def _of_region(facts: Facts, findings_section: int) -> Iterable[AttentionItem]:
    who = sentence(facts, "region_low_who", operator=facts.run.institution.short_name)
    proof = sentence(facts, "region_low_confirmation")
    low = [v for v in facts.verdicts if v.verdict is Verdict.LOW]
    if low:
        problem = sentence(facts, "region_low", n=len(low), municipalities=_municipalities(low))
        todo = sentence(facts, "region_low_todo")
        yield _item(facts, sentence(facts, "region_low_title"), problem, todo, who, proof)
    grown = dynamics.worse_schools(facts)
    if grown:
        n, municipalities = len(grown), _municipalities(grown)
        problem = sentence(facts, "region_worse", n=n, municipalities=municipalities)
        todo = sentence(facts, "region_worse_todo")
        yield _item(facts, sentence(facts, "region_worse_title"), problem, todo, who, proof)
    for result in _missed(facts):
        problem = _problem(facts, result)
        if result.indicator.kind is IndicatorKind.SHARE:
            problem = f"{problem} {_where(facts, result)}".rstrip()
        yield advised(facts, result, _title(facts, result), problem)
    if facts.findings:
        yield _item(
            facts,
            sentence(facts, "region_findings_title"),
            # Without their number: one more finding alone is no correction of the report.
            sentence(facts, "region_findings", section=findings_section),
            sentence(facts, "region_findings_todo"),
            sentence(facts, "region_findings_who"),
            sentence(facts, "region_findings_confirmation"),
        )


def _municipalities(schools: Iterable[SchoolVerdict | School]) -> int:
    return len({school.municipality_id for school in schools})


def _where(facts: Facts, result: IndicatorResult) -> str:
    """In which municipalities a share of the region is missed."""
    names = sorted(
        {
            named(facts.run.municipalities[g.municipality_id].name)
            for g in facts.gaps
            if g.indicator_code == result.indicator.code
            and g.municipality_id in facts.run.municipalities
            and g.municipality_id != REGION
        },
        key=natural_key,
    )
    return sentence(facts, "region_by_municipality", names=names) if names else ""
