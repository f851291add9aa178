"""The municipal management cycle: what its check-list shows, and the recommendations that follow
from weak components. What is not scored is «нет данных», never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from roadmap.evidence.registers.mechanisms import Advice
from roadmap.evidence.registers.mechanisms import mechanisms as criteria
from roadmap.plan.region import REGION
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import AttentionItem, Count, NoData, Value
from roadmap.reports.parts.draft import Draft
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.tables import Cells, columns, number, table_of
from roadmap.reports.words.wording import named, title


def mechanism_items(facts: Facts) -> Iterable[AttentionItem]:
    """The recommendations to one municipality, in the order of the cycle; one to keep what there is
    where no component is weak, and none unless every component is scored."""
    cycle, scores = criteria(), _own(facts)
    if not scores or _unscored(scores):
        return
    weak = [code for code in cycle.components if scores.get(code) in cycle.weak]
    for code in weak:
        component = cycle.components[code]
        problem = sentence(
            facts,
            "mechanism_problem",
            score=scores[code],
            meaning=component.scores[scores[code]],
        )
        heading = sentence(facts, "mechanism_title", component=component.name)
        yield _item(facts, heading, problem, component.recommendation)
    if not weak:
        heading = sentence(facts, "s_mechanisms")
        yield _item(
            facts, heading, sentence(facts, "mechanisms_sound", weak=cycle.weak), cycle.none_weak
        )


def incomplete(facts: Facts) -> str:
    """What a partly filled check-list of the municipality lacks; empty where it lacks nothing, or
    where there is none."""
    scores = _own(facts)
    if not scores or not (absent := _unscored(scores)):
        return ""
    return sentence(facts, "mechanisms_incomplete", scored=len(scores), absent=absent)


def _unscored(scores: Mapping[str, int]) -> list[str]:
    return [one.name for code, one in criteria().components.items() if code not in scores]


def _item(facts: Facts, heading: str, problem: str, advice: Advice) -> AttentionItem:
    return AttentionItem(
        title=heading,
        problem=problem,
        recommendation=named(advice.text),
        who=named(advice.addressee),
        due=advice.due(facts.run.as_of),
        confirmation=named(advice.confirmation),
    )


def mechanisms(draft: Draft, facts: Facts) -> None:
    """The subsection with the scores: of one municipality by component, of the region by
    municipality, by alphabet."""
    if facts.mechanisms is None:
        return
    draft.subsection(sentence(facts, "s_mechanisms"))
    if facts.is_region:
        _of_region(draft, facts, facts.mechanisms)
    elif scores := _own(facts):
        _of_municipality(draft, facts, scores)
    else:
        draft.paragraph(sentence(facts, "mechanisms_absent"))


def _own(facts: Facts) -> Mapping[str, int]:
    return (facts.mechanisms or {}).get(facts.addressee.municipality_id, {})


def _score(scores: Mapping[str, int], code: str) -> Value:
    return Count(n=scores[code]) if code in scores else NoData()


def _of_municipality(draft: Draft, facts: Facts, scores: Mapping[str, int]) -> None:
    components = criteria().components
    lacking = incomplete(facts)
    is_whole = not lacking
    table, weak = draft.next_table, criteria().weak
    draft.paragraph(sentence(facts, "mechanisms", table=table, is_whole=is_whole, weak=weak))
    rows: list[Cells] = [
        {
            "component": component.name,
            "score": _score(scores, code),
            "meaning": named(component.scores[scores[code]]) if code in scores else NoData(),
        }
        for code, component in components.items()
    ]
    caption = sentence(facts, "caption_mechanisms")
    draft.table(table_of("mechanisms", columns("mechanisms"), rows, caption))
    if lacking:
        draft.paragraph(lacking)


def _of_region(draft: Draft, facts: Facts, by_unit: Mapping[str, Mapping[str, int]]) -> None:
    components = criteria().components
    names = {
        unit: title(named(addressee.name))
        for unit, addressee in facts.run.municipalities.items()
        if unit != REGION
    }
    table, weak = draft.next_table, criteria().weak
    draft.paragraph(sentence(facts, "mechanisms", table=table, is_whole=True, weak=weak))
    heads = (
        *columns("mechanisms/region"),
        *(number(code, component.heading, 22) for code, component in components.items()),
    )
    rows: list[Cells] = [
        {"unit": name, **{code: _score(by_unit.get(unit, {}), code) for code in components}}
        for unit, name in names.items()
    ]
    draft.table(table_of("mechanisms", heads, rows, sentence(facts, "caption_mechanisms")))
    if absent := [name for unit, name in names.items() if unit not in by_unit]:
        draft.paragraph(sentence(facts, "mechanisms_region_absent", names=absent))
    partly = [name for unit, name in names.items() if unit in by_unit and _unscored(by_unit[unit])]
    if partly:
        draft.paragraph(sentence(facts, "mechanisms_region_incomplete", names=partly))
