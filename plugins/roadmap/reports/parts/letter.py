"""The letter of an analysis and of a monitoring: what is asked and what it is put together of."""

from __future__ import annotations

from collections.abc import Sequence

from roadmap import russian
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import AttentionItem, Letter, LetterFigures
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.words.wording import title
from roadmap.russian import NBSP

ITEMS = 5  # as many as a letter has room for
FIGURES = "letter-figures"
# A longer table would push the HTML past the size at which mail programs cut it.
ROWS_IN_TABLE = 30


def letter_of(
    facts: Facts,
    headline: str,
    lead: Sequence[str | None],
    items: Sequence[AttentionItem],
    section: int,
    figures: LetterFigures | None,
    numbers: Sequence[str],
    past: str = "",
) -> Letter:
    """The letter of one addressee.

    `section` of its document lists all of `items`; `numbers` are the measures that order it;
    `past` is said of what nobody is asked for any more.
    """
    preheader = sentence(facts, "preheader", headline=headline)
    if facts.is_region:
        request = sentence(facts, "request_region"), sentence(facts, "request_region_rest")
    elif items:
        alone = None if facts.schools else sentence(facts, "request_rest_alone")
        request = sentence(facts, "request"), alone or sentence(facts, "request_rest")
    else:
        nothing = None if facts.schools else sentence(facts, "request_nothing")
        quiet = nothing or sentence(facts, "request_quiet")
        request = quiet, sentence(facts, "request_quiet_rest")
        preheader = sentence(facts, "preheader_quiet", headline=headline)
    name = title(" ".join(facts.addressee.name.split()))
    subject = sentence(facts, "subject", phase=facts.run.phase.title, name=name)
    more = len(items) - ITEMS
    rest = sentence(facts, "attention_more", n=more, section=section) if more > 0 else ""
    return Letter(
        # Plain spaces, so that a search for the subject finds it.
        subject=subject.replace(NBSP, " "),
        preheader=preheader,
        period=russian.month(facts.run.as_of),
        greeting=sentence(facts, "greeting"),
        headline=headline,
        lead=tuple(filter(None, lead)),
        request=request[0],
        request_rest=request[1],
        attention=tuple(items[:ITEMS]),
        attention_more=" ".join(filter(None, (rest, past))) or None,
        figures=figures,
        basis=sentence(facts, "basis", numbers=numbers),
    )
