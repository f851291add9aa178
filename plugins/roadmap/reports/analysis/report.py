"""The whole report model of an analysis: letter, справка, appendix, school pages."""

from __future__ import annotations

from roadmap.reports.analysis import dynamics
from roadmap.reports.analysis.appendix import compose_appendix
from roadmap.reports.analysis.attention import attention
from roadmap.reports.analysis.document import LIMITS_SECTION, compose_document
from roadmap.reports.analysis.letter import compose_letter
from roadmap.reports.analysis.school_page import compose_school_page
from roadmap.reports.analysis.summary import explanation, headline, summarise
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import ReportModel
from roadmap.reports.parts.measures import shown_indicators
from roadmap.reports.parts.report import report_of


def compose_analysis(facts: Facts) -> ReportModel:
    """The model of one addressee; ModelDisagrees where a key figure isn't in its place."""
    summary = summarise(facts)
    answer = headline(facts, summary)
    items = attention(facts, LIMITS_SECTION)
    rest = (dynamics.answer(facts), *explanation(facts, summary))
    document, draft = compose_document(facts, summary, (f"{answer}.", *filter(None, rest)), items)
    section = draft.number_of("recommendations")
    letter, in_letter = compose_letter(facts, summary, answer, items, section, LIMITS_SECTION)
    sheets, in_sheets = compose_appendix(facts, shown_indicators(facts), items)
    has_pages = facts.run.phase.school_pages and not facts.is_region
    schools = [compose_school_page(facts, s) for s in facts.schools] if has_pages else ()
    placed = (*in_letter, *draft.placed, *in_sheets)
    return report_of(facts, letter, document, sheets, schools, placed)
