"""The letter that reminds a municipality of a due date: what is missing, by name, and no more.

Who misses nothing gets none; nor does the region, which is not asked to do anything. Indicators
without data remind nobody, because the register may be late rather than the people.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from roadmap import russian
from roadmap.indicators.about import about, stem_of
from roadmap.indicators.read import Gap, IndicatorResult
from roadmap.plan.model import Indicator
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import AttentionItem, Letter, ReportModel
from roadmap.reports.monitoring.missing import document_name
from roadmap.reports.parts.measures import is_by_number, reached_number
from roadmap.reports.parts.report import report_of
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.words.wording import named, title
from roadmap.russian import NBSP, natural_key

_ITEMS = 5  # as many as a letter has room for
# Kinds of units that have sentences of their own here.
_NAMED_APART = ("coordinator", "curator", "school", "municipality")


def compose_reminder(facts: Facts) -> ReportModel | None:
    """The report of one addressee: a letter alone; None where nothing is missing."""
    missed = () if facts.is_region else _missed(facts)
    return report_of(facts, _letter(facts, missed)) if missed else None


def _missed(facts: Facts) -> tuple[tuple[IndicatorResult, tuple[Gap, ...]], ...]:
    """Known shortfalls of the addressee's own indicators, each with the units that are missing;
    of a number that misses its target without any."""
    missed = []
    for result in facts.indicators:
        gaps = tuple(g for g in facts.gaps if g.whole_code == result.indicator.code)
        if result.shortfall and (gaps or is_by_number(result)):
            missed.append((result, gaps))
    return tuple(missed)


def _letter(facts: Facts, missed: Sequence[tuple[IndicatorResult, tuple[Gap, ...]]]) -> Letter:
    run = facts.run
    due = run.phase.reply_by.on
    measures = list({r.measure.number: r.measure for r, _ in missed}.values())
    numbers = [measure.number for measure in measures]
    headline = sentence(facts, "headline", due=due, days=(due - run.as_of).days, measures=numbers)
    name = title(" ".join(facts.addressee.name.split()))
    return Letter(
        subject=sentence(facts, "subject", phase=run.phase.title, name=name).replace(NBSP, " "),
        preheader=sentence(
            facts,
            "preheader",
            headline=headline,
        ),
        period=russian.month(run.as_of),
        greeting=sentence(facts, "greeting"),
        headline=headline,
        lead=(
            *(sentence(facts, "measure", number=m.number, text=m.text, due=due) for m in measures),
            sentence(facts, "known_until", day=run.as_of),
        ),
        request=sentence(facts, "request", due=due),
        request_rest=sentence(facts, "request_rest"),
        attention=tuple(_item(facts, result, gaps) for result, gaps in missed[:_ITEMS]),
        attention_more=sentence(
            facts, "more", codes=[result.indicator.code for result, _ in missed[_ITEMS:]]
        )
        if len(missed) > _ITEMS
        else None,
        figures=None,
        basis=sentence(
            facts,
            "basis",
            numbers=numbers,
        ),
    )


def _item(facts: Facts, result: IndicatorResult, gaps: Sequence[Gap]) -> AttentionItem:
    indicator, advice = result.indicator, result.indicator.recommendation
    return AttentionItem(
        title=sentence(facts, "indicator_title", code=indicator.code, title=indicator.title),
        problem=f"{reached_number(result)}."
        if is_by_number(result)
        else sentence(
            facts,
            "problem",
            numerator=result.numerator,
            denominator=result.denominator,
            missing=missing_units(facts, indicator, gaps),
        ),
        recommendation=named(advice.text) if advice else sentence(facts, "recommendation"),
        who=named(advice.addressee) if advice else sentence(facts, "who"),
        # The plan's own day is for the letter after the due date; this one comes before it.
        due=facts.run.phase.reply_by.on,
        confirmation=named(advice.confirmation) if advice else sentence(facts, "execution_proof"),
    )


def missing_units(facts: Facts, indicator: Indicator, gaps: Sequence[Gap]) -> list[str]:
    """The units of one indicator by name: coordinators, curators with their schools, schools
    with what each of them lacks, any other by its kind; in natural order of names, persons
    without names."""
    units: list[str] = []
    coordinators = {gap.person_id for gap in gaps if gap.unit_kind == "coordinator"}
    if coordinators:
        units.append(sentence(facts, "coordinators", n=len(coordinators)))
    units += sorted(
        (
            sentence(facts, "curator", schools=_school_names(of_person))
            for _, of_person in _by(gaps, "curator", "person_id")
        ),
        key=natural_key,
    )
    units += sorted(
        (
            sentence(
                facts,
                "school",
                name=", ".join(_school_names(of_school)),
                details=sorted(
                    {
                        document_name(gap.detail)
                        for gap in of_school
                        if gap.detail and not gap.detail.isdigit()  # a stage, no document
                    }
                ),
            )
            for _, of_school in _by(gaps, "school", "school_id")
        ),
        key=natural_key,
    )
    others = (g for g in gaps if g.unit_kind not in _NAMED_APART)
    units += sorted({_other(facts, indicator, gap) for gap in others}, key=natural_key)
    if any(gap.unit_kind == "municipality" for gap in gaps):
        units.append(sentence(facts, "municipality"))
    return units


def _other(facts: Facts, indicator: Indicator, gap: Gap) -> str:
    words = about(stem_of(indicator, gap.indicator_code)).units[gap.unit_kind]
    detail = document_name(gap.detail) if gap.detail else ""
    return sentence(facts, "unit", name=words.name, measure=gap.measure, detail=detail)


def _by(gaps: Sequence[Gap], unit_kind: str, key: str) -> list[tuple[str, list[Gap]]]:
    of_kind = [gap for gap in gaps if gap.unit_kind == unit_kind]
    of_kind.sort(key=lambda gap: getattr(gap, key) or "")
    return [
        (unit, list(of_unit)) for unit, of_unit in groupby(of_kind, key=lambda g: getattr(g, key))
    ]


def _school_names(gaps: Sequence[Gap]) -> list[str]:
    return sorted({named(gap.school_name) for gap in gaps if gap.school_name}, key=natural_key)
