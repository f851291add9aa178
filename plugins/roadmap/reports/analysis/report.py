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
from roadmap.reports.parts.draft import check_places, key_figures
from roadmap.reports.parts.measures import shown_indicators


def compose_analysis(facts: Facts) -> ReportModel:
    """The model of one addressee; draft.ModelDisagrees where a key figure isn't in its place."""
    run = facts.run
    summary = summarise(facts)
    answer = headline(facts, summary)
    items = attention(facts, LIMITS_SECTION)
    told = (dynamics.answer(facts), *explanation(facts, summary))
    main = (f"{answer}.", *filter(None, told))
    composed = compose_document(facts, summary, main, items)
    letter = compose_letter(
        facts, summary, answer, items, composed.recommendations_section, LIMITS_SECTION
    )
    appendix = compose_appendix(facts, shown_indicators(facts), items)
    figures = key_figures((*letter.placed, *composed.placed, *appendix.placed))
    check_places(letter.letter, composed.document, appendix.sheets, figures)
    has_pages = run.phase.school_pages and not facts.is_region
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
        schools=tuple(compose_school_page(facts, s) for s in facts.schools) if has_pages else (),
        key_figures=figures,
    )
