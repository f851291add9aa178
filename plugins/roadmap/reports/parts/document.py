"""What the documents of an analysis and of a monitoring have in common."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from roadmap.evidence.sources import load_sources
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import AttentionItem, Count, Day, Document
from roadmap.reports.parts.draft import Draft
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.tables import Cells, columns, table_of
from roadmap.reports.words.wording import named, title


def document_of(facts: Facts, draft: Draft, subject: str, main: Sequence[str]) -> Document:
    """The document of what is drafted; of `main` three sentences have room."""
    name = facts.run.plan.region.name if facts.is_region else title(facts.addressee.name)
    return Document(
        kind_title=sentence(facts, "document_kind"),
        dated=facts.run.as_of,
        subject=subject,
        subject_strong=named(name),
        main=tuple(main)[:3],
        blocks=draft.blocks,
    )


def recommendations(
    draft: Draft, facts: Facts, items: Sequence[AttentionItem], past: str = ""
) -> None:
    """The section that lists what to do, who and by when; `past`: what is not asked any more."""
    heading = sentence(facts, "s_recommendations")
    draft.section("recommendations", heading)
    if past:
        draft.paragraph(past)
    if not items:
        if not past:
            draft.paragraph(sentence(facts, "nothing_to_do"))
        return
    draft.paragraph(sentence(facts, "recommendations", n=len(items), table=draft.next_table))
    heads = columns(f"recommendations/{facts.run.phase.report}")
    draft.table(table_of("recommendations", heads, item_cells(items), heading))


def item_cells(items: Sequence[AttentionItem]) -> list[Cells]:
    """What tables say of each thing to heed, in the document and in the appendix."""
    return [
        {
            "number": Count(n=place),
            "title": item.title,
            "problem": item.problem,
            "matter": f"{item.title}. {item.problem}",
            "recommendation": item.recommendation,
            "who": item.who,
            "addressee": title(item.who),
            "due": Day(on=item.due),
            "confirmation": item.confirmation,
            "proof": title(item.confirmation),
        }
        for place, item in enumerate(items, start=1)
    ]


def outside_codes(facts: Facts) -> list[str]:
    """Indicators that judge this very report, so that it can't tell them."""
    run = facts.run
    return [
        indicator.code
        for number in run.phase.reports
        for indicator in run.plan.measure(number).indicators
        if run.phase.code in indicator.outside_letter_of
    ]


def missing_datasets(draft: Draft, facts: Facts) -> None:
    """Which kinds of evidence did not come."""
    titles = [dataset_title(d.dataset) for d in facts.run.datasets if d.state != "received"]
    if titles:
        draft.paragraph(sentence(facts, "datasets_missing", titles=titles))


def dataset_title(dataset: str) -> str:
    """What a kind of evidence is called for people; its code where sources.yaml has no title."""
    source = _sources().get(dataset)
    return source.title if source is not None else dataset


_sources = cache(load_sources)
