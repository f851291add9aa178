"""The whole report model of a monitoring (June, September) and of the December summary."""

from __future__ import annotations

from roadmap.reports.facts.run import Facts
from roadmap.reports.model import ReportModel
from roadmap.reports.monitoring.appendix import compose_appendix
from roadmap.reports.monitoring.attention import attention
from roadmap.reports.monitoring.document import compose_document
from roadmap.reports.monitoring.letter import compose_letter
from roadmap.reports.monitoring.summary import explanation, headline, summarise
from roadmap.reports.parts.draft import check_places, key_figures
from roadmap.reports.parts.measures import shown_indicators


def compose_monitoring(facts: Facts) -> ReportModel:
    """The model of one addressee; draft.ModelDisagrees where a key figure isn't in its place.

    The phase's report decides between a monitoring and the year's summary. ValueError when the
    facts were read without the state of a monitoring.
    """
    run = facts.run
    summary = summarise(facts)
    answer = headline(facts, summary)
    items = attention(facts, summary.missing_items)
    composed = compose_document(facts, summary, (f"{answer}.", *explanation(facts, summary)), items)
    letter = compose_letter(facts, summary, answer, items, composed.recommendations_section)
    appendix = compose_appendix(facts, summary, shown_indicators(facts))
    figures = key_figures((*letter.placed, *composed.placed, *appendix.placed))
    check_places(letter.letter, composed.document, appendix.sheets, figures)
    return ReportModel(
        plan_year=run.plan.year,
        phase=run.phase.code,
        occasion=run.occasion,
        as_of=run.as_of,
        addressee=facts.addressee,
        institution=run.institution,
        letter=letter.letter,
        document=composed.document,
        appendix=appendix.sheets,
        schools=(),
        key_figures=figures,
    )
