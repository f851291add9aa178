"""Sheets of the appendix that any report has: «О файле», «Показатели», «Внимание».

One fact per row, numbers native; a report adds the sheets that are its own
(`analysis_appendix`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from roadmap.plan.model import Procedure
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import (
    AttentionItem,
    Cell,
    Column,
    Count,
    Day,
    Row,
    Sheet,
    Table,
    Value,
    Words,
)
from roadmap.reports.parts.draft import Placed
from roadmap.reports.parts.measures import Shown, indicators_sheet_table
from roadmap.reports.parts.results import words
from roadmap.reports.words.show import NO_DATA
from roadmap.reports.words.wording import named, say, title

_WORDING = "shared"
_EMPTY = Words(text="")


@dataclass(frozen=True)
class Appendix:
    sheets: tuple[Sheet, ...]
    placed: tuple[Placed, ...]


def sheet(
    facts: Facts, tab: str, heading: str, signs: str, table: Table, subtitle: str | None = None
) -> Sheet:
    """A sheet with its three lines above the table; without `subtitle` name and as-of date."""
    if subtitle is None:
        name = title(named(facts.addressee.name))
        subtitle = say(_WORDING, "subtitle", name=name, as_of=facts.run.as_of)
    return Sheet(title=tab, heading=heading, subtitle=subtitle, signs=signs, table=table)


def about_sheet(facts: Facts, heading: str, signs_text: str) -> Sheet:
    """«О файле»: whose, as of when, from what sources, what the signs mean, whom to ask."""
    run = facts.run
    contact = run.institution
    rows = [
        _about_row(say(_WORDING, "label_whose"), Words(text=title(named(facts.addressee.name)))),
        _about_row(say(_WORDING, "label_period"), Words(text=run.phase.title)),
        _about_row(say(_WORDING, "label_as_of"), Day(on=run.as_of)),
        *(_source_row(facts, procedure) for procedure in run.phase.procedures),
        _about_row(
            say(_WORDING, "label_signs"),
            Words(text=signs_text),
        ),
        _about_row(
            say(_WORDING, "label_contact"),
            Words(
                text=say(
                    _WORDING,
                    "contact",
                    name=contact.contact_name,
                    organisation=contact.short_name,
                    phone=contact.contact_phone,
                    address=contact.contact_address,
                )
            ),
        ),
    ]
    table = Table(
        id="about",
        caption="",
        columns=(Column(title="Что", width=44), Column(title="Сведения", width=84)),
        rows=tuple(rows),
    )
    return sheet(facts, say(_WORDING, "about"), heading, "", table)


def _about_row(label: str, value: Value, own: bool = True) -> Row:
    return Row(cells=(words(label), Cell(value=value, own=own)))


def _source_row(facts: Facts, procedure: Procedure) -> Row:
    label = say(_WORDING, "label_source", title=procedure.title)
    received = facts.run.received_on(procedure)
    if procedure.not_held is not None:
        text = say(_WORDING, "source_not_held", reason=procedure.not_held)
        return _about_row(label, Words(text=text))
    if received is None:
        return _about_row(label, Words(text=NO_DATA))
    # The day of a file is no one's own: a file sent again unchanged corrects nobody.
    return _about_row(label, Words(text=say(_WORDING, "source_received", day=received)), own=False)


def indicators_sheet(facts: Facts, shown: Sequence[Shown]) -> Sheet:
    """«Показатели»: the indicators that the report shows."""
    return sheet(
        facts,
        say(_WORDING, "s_indicators"),
        say(_WORDING, "heading_indicators"),
        say(_WORDING, "signs_indicators"),
        indicators_sheet_table(facts, "indicators", shown),
    )


def attention_sheet(facts: Facts, items: Sequence[AttentionItem]) -> Sheet:
    """«Внимание»: the letter's list with empty columns to fill in."""
    columns = (
        Column(title="№", align="right", width=5),
        Column(title="Что", width=24),
        Column(title="Показатель, значение", width=38),
        Column(title="Рекомендация", width=30),
        Column(title="Кто", width=18),
        Column(title="Срок", width=12),
        Column(title="Подтверждение", width=18),
        Column(title="Что сделано", width=24),
        Column(title="Дата", width=11),
    )
    rows = [
        Row(
            cells=(
                Cell(value=Count(n=number)),
                words(item.title),
                words(item.problem),
                words(item.recommendation),
                words(item.who),
                Cell(value=Day(on=item.due)),
                words(item.confirmation),
                Cell(value=_EMPTY),
                Cell(value=_EMPTY),
            )
        )
        for number, item in enumerate(items, start=1)
    ]
    if not rows:
        nothing = words(say(_WORDING, "nothing"))
        empty = Cell(value=_EMPTY)
        rows = [Row(cells=(empty, nothing, *(empty for _ in columns[2:])))]
    table = Table(id="attention", caption="", columns=columns, rows=tuple(rows))
    return sheet(
        facts,
        say(_WORDING, "attention"),
        say(_WORDING, "heading_attention"),
        say(_WORDING, "signs_to_fill"),
        table,
    )
