"""Sheets of the appendix that any report has: «О файле», «Показатели», «Внимание».

One fact per row, numbers native; a report adds the sheets that are its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from roadmap.reports.facts.run import Facts
from roadmap.reports.model import AttentionItem, Day, Sheet, Table
from roadmap.reports.parts.document import item_cells
from roadmap.reports.parts.measures import Shown, indicators_table
from roadmap.reports.parts.tables import Cells, Given, columns, table_of
from roadmap.reports.words.wording import named, say, title

_WORDING = "shared"


def sheet(
    facts: Facts, tab: str, heading: str, signs: str, table: Table, subtitle: str | None = None
) -> Sheet:
    """A sheet with its three lines above the table; without `subtitle` name and as-of date."""
    if subtitle is None:
        name = title(named(facts.addressee.name))
        subtitle = say(_WORDING, "subtitle", name=name, as_of=facts.run.as_of)
    return Sheet(title=tab, heading=heading, subtitle=subtitle, signs=signs, table=table)


def about_sheet(
    facts: Facts, heading: str, signs_text: str, sources: Iterable[tuple[str, Given]]
) -> Sheet:
    """«О файле»: whose, as of when, from what sources, what the signs mean, whom to ask."""
    contact = facts.run.institution
    lines: tuple[tuple[str, Given], ...] = (
        (say(_WORDING, "label_whose"), title(named(facts.addressee.name))),
        (say(_WORDING, "label_period"), facts.run.phase.title),
        (say(_WORDING, "label_as_of"), Day(on=facts.run.as_of)),
        *((say(_WORDING, "label_source", title=source), state) for source, state in sources),
        (say(_WORDING, "label_signs"), signs_text),
        (
            say(_WORDING, "label_contact"),
            say(
                _WORDING,
                "contact",
                name=contact.contact_name,
                organisation=contact.short_name,
                phone=contact.contact_phone,
                address=contact.contact_address,
            ),
        ),
    )
    rows = ({"label": label, "told": words} for label, words in lines)
    table = table_of("about", columns("about"), rows)
    return sheet(facts, say(_WORDING, "about"), heading, "", table)


def indicators_sheet(facts: Facts, shown: Sequence[Shown]) -> Sheet:
    """«Показатели»: the indicators that the report shows."""
    return sheet(
        facts,
        say(_WORDING, "s_indicators"),
        say(_WORDING, "heading_indicators"),
        say(_WORDING, "signs_indicators"),
        indicators_table(facts, "appendix", "indicators", shown).table,
    )


def attention_sheet(facts: Facts, items: Sequence[AttentionItem]) -> Sheet:
    """«Внимание»: the letter's list with empty columns to fill in."""
    heads = columns("attention")
    rows: list[Cells] = [{**one, "done": "", "day": ""} for one in item_cells(items)]
    if not rows:
        empty = dict.fromkeys((column.key for column in heads), "")
        rows = [{**empty, "title": say(_WORDING, "nothing")}]
    table = table_of("attention", heads, rows)
    return sheet(
        facts,
        say(_WORDING, "attention"),
        say(_WORDING, "heading_attention"),
        say(_WORDING, "signs_to_fill"),
        table,
    )
