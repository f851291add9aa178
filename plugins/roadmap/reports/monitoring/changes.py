"""Positive changes per school and risk (№ 13): a stage of МЭДК's monitoring, and in the second one
what changed since the first.

Asked for are the risks that a school activated and no others. A risk without a mark has no data:
that is never told as «нет», nor is a school without a risk profile told to have no risks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from roadmap.evidence.registers.risk_factors import factor_names
from roadmap.indicators.read import asked_by
from roadmap.plan.model import PositiveChanges, Recommendation
from roadmap.reports.facts.changes import MARKS, RiskOfSchool
from roadmap.reports.facts.run import Facts, School
from roadmap.reports.model import AttentionItem, Column, Count, Day, NoData, NotHeld, Sheet, Value
from roadmap.reports.monitoring.lines import state_of
from roadmap.reports.monitoring.matrix import municipalities
from roadmap.reports.parts.appendix import sheet
from roadmap.reports.parts.draft import Draft, Laid
from roadmap.reports.parts.sentences import sentence, shortened
from roadmap.reports.parts.tables import Cells, Rows, columns
from roadmap.reports.words.wording import named, title
from roadmap.russian import natural_key

_FIRST, _SECOND = 1, 2
_NAMED = 4  # so many schools are named in one item; the rest stand in the document's table
# What is asked of a school, each with words of its own, in the order in which it is told.
_MATTERS: dict[str, Callable[[RiskOfSchool, int], bool]] = {
    "no_mark": lambda risk, stage: stage not in risk.marks,
    "not_changed": lambda risk, stage: _mark(risk, stage) in ("no", "partly"),
    "no_evidence": lambda risk, stage: _has_no_evidence(risk, stage),
}


def _mark(risk: RiskOfSchool, stage: int) -> str | None:
    return risk.marks[stage].mark if stage in risk.marks else None


def _has_no_evidence(risk: RiskOfSchool, stage: int) -> bool:
    """Whether a change is claimed and nothing proves it."""
    return _mark(risk, stage) in ("yes", "partly") and not risk.marks[stage].evidence


def _moved(risk: RiskOfSchool) -> str | None:
    """better, worse or same between the stages; None where one of them has no mark."""
    before, now = _mark(risk, _FIRST), _mark(risk, _SECOND)
    if before is None or now is None:
        return None
    step = MARKS.index(now) - MARKS.index(before)
    return "same" if step == 0 else "better" if step > 0 else "worse"


def told_changes(facts: Facts) -> PositiveChanges | None:
    """The stage that the report tells of; None where the phase tells of none, where there are no
    data (of an export or of risk profiles that did not come nothing may be said) or no schools."""
    is_told = facts.schools and not _absent(facts)
    return facts.run.phase.positive_changes if is_told else None


def _absent(facts: Facts) -> tuple[str, ...]:
    """The datasets without which nothing is known of the changes, as far as they did not come."""
    states = {dataset.dataset: dataset.state for dataset in facts.run.datasets}
    return tuple(
        name for name in ("medk_changes", "risk_profiles") if states.get(name) != "received"
    )


def _risks(facts: Facts) -> list[RiskOfSchool]:
    """By municipality, school and name of the risk."""
    places = {school.school_id: place for place, school in enumerate(facts.schools)}
    units = list(facts.run.municipalities)
    return sorted(
        state_of(facts).risks,
        key=lambda r: (units.index(r.municipality_id), places[r.school_id], _risk_name(r.factor)),
    )


def _schools(facts: Facts) -> list[School]:
    """Of municipalities that take part, by municipality and name."""
    units = list(facts.run.municipalities)
    own = (school for school in facts.schools if school.municipality_id in units)
    return sorted(own, key=lambda school: units.index(school.municipality_id))


def _without_profile(facts: Facts) -> list[School]:
    """Schools of which it is not known what risks they activated."""
    assessed = state_of(facts).assessed
    return [school for school in _schools(facts) if school.school_id not in assessed]


def _risk_name(factor: str) -> str:
    return named(factor_names().get(factor, factor))


# -- The section -----------------------------------------------------------------------------


def changes_section(draft: Draft, facts: Facts) -> None:
    """The section of the document; nothing in a phase that tells of no stage."""
    told = facts.run.phase.positive_changes
    if told is None:
        return
    draft.section("positive_changes", sentence(facts, "s_positive", stage=told.stage))
    if not facts.schools:
        draft.paragraph(sentence(facts, "no_schools"))
        return
    if told_changes(facts) is None:
        draft.paragraph(sentence(facts, "positive_absent", datasets=_absent(facts)))
        return
    risks, unknown = _risks(facts), _without_profile(facts)
    marks = Counter(_mark(risk, told.stage) for risk in risks)
    draft.paragraph(
        sentence(
            facts,
            "positive",
            stage=told.stage,
            risks=len(risks),
            marks=[marks[mark] for mark in reversed(MARKS)],
            unmarked=marks[None],
            unknown=len(unknown),
            names=_names_of_schools(facts, unknown),
            is_known=len(unknown) < len(_schools(facts)),
        )
    )
    if not risks:
        return
    if told.stage == _SECOND:
        _moves(draft, facts, risks)
    draft.paragraph(sentence(facts, "positive_table", table=draft.next_table))
    if not facts.is_region:
        draft.table(_by_school(facts, told.stage, risks))
        return
    draft.table(_summed(facts, told.stage, "changes-units", _by_unit(facts, risks)))
    draft.table(_summed(facts, told.stage, "changes-risks", _by_risk(risks)))


def _names_of_schools(facts: Facts, schools: Sequence[School]) -> list[str]:
    """The region names municipalities, a municipality its schools."""
    if not facts.is_region:
        return shortened(facts, [named(school.name) for school in schools])
    units = {named(facts.run.municipalities[one.municipality_id].short_name) for one in schools}
    return shortened(facts, sorted(units, key=natural_key))


def _moves(draft: Draft, facts: Facts, risks: Sequence[RiskOfSchool]) -> None:
    """What changed since the first stage, and by name where it became worse."""
    moves = Counter(_moved(risk) for risk in risks)
    worse = [risk for risk in risks if _moved(risk) == "worse"]
    draft.paragraph(
        sentence(
            facts,
            "positive_moved",
            better=moves["better"],
            same=moves["same"],
            worse=moves["worse"],
            unknown=moves[None],
            names=_names(facts, worse),
        )
    )


def _by_school(facts: Facts, stage: int, risks: Sequence[RiskOfSchool]) -> Laid:
    """Every school of the municipality with its activated risks, also one that has none."""
    rows = Rows("document", "positive-changes", columns(f"positive/{stage}"))
    unknown = _without_profile(facts)
    for school in facts.schools:
        of_school = [risk for risk in risks if risk.school_id == school.school_id]
        if not of_school:
            no_profile = sentence(facts, "positive_no_profile")
            no_risks = sentence(facts, "positive_no_risks")
            rows.message(named(school.name), no_profile if school in unknown else no_risks)
            continue
        rows.group(named(school.name))
        for risk in of_school:
            rows.add(_cells(facts, stage, risk))
    caption = sentence(facts, "caption_positive", stage=stage, by="")
    return rows.laid(caption, [sentence(facts, "note_positive")])


def _cells(facts: Facts, stage: int, risk: RiskOfSchool) -> Cells:
    mark = risk.marks.get(stage)
    moved = _moved(risk)
    is_asked = mark is not None and mark.mark != "no"
    proof = sentence(facts, "evidence", is_there=bool(mark and mark.evidence))
    return {
        "risk": _risk_name(risk.factor),
        "first": _shown_mark(facts, _mark(risk, _FIRST)),
        "second": _shown_mark(facts, _mark(risk, _SECOND)),
        "moved": NotHeld() if moved is None else sentence(facts, "moved", way=moved),
        "proof": proof if is_asked else NotHeld(),
        "link": mark.evidence if mark and mark.evidence else NotHeld(),
        "on": NotHeld() if mark is None else Day(on=mark.on),
    }


def _shown_mark(facts: Facts, mark: str | None) -> Value | str:
    return NoData() if mark is None else sentence(facts, "mark", mark=mark)


# -- The region's sums -----------------------------------------------------------------------


def _by_unit(facts: Facts, risks: Sequence[RiskOfSchool]) -> dict[str, list[RiskOfSchool]]:
    """By alphabet, also a municipality whose schools have no risk."""
    with_schools = {school.municipality_id for school in facts.schools}
    return {
        title(named(facts.run.municipalities[unit].name)): [
            risk for risk in risks if risk.municipality_id == unit
        ]
        for unit in municipalities(facts)
        if unit in with_schools
    }


def _by_risk(risks: Sequence[RiskOfSchool]) -> dict[str, list[RiskOfSchool]]:
    names = sorted({_risk_name(risk.factor) for risk in risks}, key=natural_key)
    return {name: [risk for risk in risks if _risk_name(risk.factor) == name] for name in names}


def _summed(facts: Facts, stage: int, table_id: str, groups: dict[str, list[RiskOfSchool]]) -> Laid:
    by = "units" if table_id == "changes-units" else "risks"
    heads: tuple[Column, ...] = columns(
        f"positive_sums/{stage}", label=sentence(facts, "column_positive", by=by)
    )
    rows = Rows("document", table_id, heads)
    unknown = _without_profile(facts)
    known_units = {s.municipality_id for s in _schools(facts) if s not in unknown}
    nothing_known = {
        title(named(facts.run.municipalities[school.municipality_id].name))
        for school in unknown
        if school.municipality_id not in known_units
    }
    for label, risks in groups.items():
        sums = _sums(stage, risks)
        is_unknown = by == "units" and label in nothing_known
        rows.add({"label": label, **(dict.fromkeys(sums, NoData()) if is_unknown else sums)})
    everything = [risk for risks in groups.values() for risk in risks]
    rows.add({"label": sentence(facts, "region_row"), **_sums(stage, everything)}, "total")
    note = [sentence(facts, "note_positive_unknown")] if unknown else []
    return rows.laid(sentence(facts, "caption_positive", stage=stage, by=by), note)


def _sums(stage: int, risks: Sequence[RiskOfSchool]) -> Cells:
    marks = Counter(_mark(risk, stage) for risk in risks)
    moves = Counter(_moved(risk) for risk in risks)
    counts = {
        "risks": len(risks),
        **{mark: marks[mark] for mark in MARKS},
        "unmarked": marks[None],
        "unproved": sum(_has_no_evidence(risk, stage) for risk in risks),
        "better": moves["better"],
        "worse": moves["worse"],
    }
    return {key: Count(n=n) for key, n in counts.items()}


# -- The appendix ----------------------------------------------------------------------------


def changes_sheet(facts: Facts) -> Sheet | None:
    """Every school and risk in a row, the region's for all municipalities; None without data."""
    told = told_changes(facts)
    if told is None:
        return None
    heads = columns(f"sheet/positive/{told.stage}")
    rows = Rows("appendix", "positive-changes", heads if facts.is_region else heads[1:])
    risks, unknown = _risks(facts), _without_profile(facts)
    for school in _schools(facts):
        place: Cells = {
            "municipality": title(named(facts.run.municipalities[school.municipality_id].name)),
            "school": named(school.name),
        }
        if school in unknown:
            why = sentence(facts, "positive_no_profile")
            nothing = {head.key: NoData() for head in heads}
            rows.add({**nothing, **place, "risk": why})
        for risk in risks:
            if risk.school_id == school.school_id:
                rows.add({**place, **_cells(facts, told.stage, risk)})
    return sheet(
        facts,
        sentence(facts, "tab_positive"),
        sentence(facts, "caption_positive", stage=told.stage, by=""),
        sentence(facts, "note_positive"),
        rows.laid().table,
    )


# -- What is asked ---------------------------------------------------------------------------


def changes_items(facts: Facts) -> tuple[AttentionItem, ...]:
    """One item per matter: no mark, no whole change, no evidence, each with its schools and risks,
    and no risk profile, with its schools.

    A municipality's is addressed to them; the region's takes it under control.
    """
    told = told_changes(facts)
    if told is None or told.recommendations is None:
        return ()
    advice = told.recommendations
    asked = {
        "no_mark": advice.no_mark,
        "not_changed": advice.not_changed,
        "no_evidence": advice.no_evidence,
    }
    risks = _risks(facts)
    found = ((m, [r for r in risks if is_open(r, told.stage)]) for m, is_open in _MATTERS.items())
    items = [
        _item(
            facts,
            matter,
            sentence(facts, "positive_problem", n=len(of_it), names=_names(facts, of_it)),
            asked[matter],
        )
        for matter, of_it in found
        if of_it
    ]
    unknown = _without_profile(facts)
    if unknown and advice.no_profile is not None:
        names = _names_of_schools(facts, unknown)
        problem = sentence(facts, "positive_profile_problem", n=len(unknown), names=names)
        items.append(_item(facts, "no_profile", problem, advice.no_profile))
    return tuple(items)


def _item(facts: Facts, matter: str, problem: str, advice: Recommendation) -> AttentionItem:
    heading = sentence(facts, "positive_title", matter=matter)
    phase = facts.run.phase
    if facts.is_region:
        return AttentionItem(
            title=heading,
            problem=problem,
            recommendation=sentence(facts, "take_control"),
            who=sentence(facts, "control_who"),
            due=phase.reply_by.on,
            confirmation=sentence(facts, "execution_proof"),
        )
    return AttentionItem(
        title=heading,
        problem=problem,
        recommendation=named(advice.text),
        who=named(advice.addressee),
        due=asked_by(advice, facts.run.as_of, phase.reply_by.on),
        confirmation=named(advice.confirmation),
    )


def _names(facts: Facts, risks: Iterable[RiskOfSchool]) -> list[str]:
    """The region names municipalities, a municipality its schools with their risks."""
    if facts.is_region:
        units = {named(facts.run.municipalities[r.municipality_id].short_name) for r in risks}
        return shortened(facts, sorted(units, key=natural_key))
    schools = {school.school_id: named(school.name) for school in facts.schools}
    names = [
        sentence(
            facts, "positive_unit", who=schools[school], risks=[_risk_name(r.factor) for r in of_it]
        )
        for school, of_it in groupby(risks, key=lambda risk: risk.school_id)
    ]
    more = len(names) - _NAMED
    return names if more <= 1 else [*names[:_NAMED], sentence(facts, "and_more", n=more)]
