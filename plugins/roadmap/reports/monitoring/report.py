"""The whole report model of a monitoring (June, September) and of the December summary."""

from __future__ import annotations

from roadmap.reports.facts.run import Facts
from roadmap.reports.model import ReportModel
from roadmap.reports.monitoring.appendix import compose_appendix
from roadmap.reports.monitoring.attention import attention, not_asked
from roadmap.reports.monitoring.changes import changes_items
from roadmap.reports.monitoring.document import compose_document
from roadmap.reports.monitoring.letter import compose_letter
from roadmap.reports.monitoring.summary import explanation, headline, summarise
from roadmap.reports.parts.measures import shown_indicators
from roadmap.reports.parts.report import report_of


def compose_monitoring(facts: Facts) -> ReportModel:
    """The model of one addressee; ModelDisagrees where a key figure isn't in its place.

    The phase's report decides between a monitoring and the year's summary. ValueError when the
    facts were read without the state of a monitoring.
    """
    summary = summarise(facts)
    answer = headline(facts, summary)
    items = (*attention(facts, summary.missing_items), *changes_items(facts))
    main = (f"{answer}.", *explanation(facts, summary))
    past = not_asked(facts)
    document, draft = compose_document(facts, summary, main, items, past)
    section = draft.number_of("recommendations")
    letter, in_letter = compose_letter(facts, summary, answer, items, section, past)
    sheets, in_sheets = compose_appendix(facts, summary, shown_indicators(facts))
    placed = (*in_letter, *draft.placed, *in_sheets)
    return report_of(facts, letter, document, sheets, placed=placed)
