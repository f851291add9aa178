"""What changed between two reports of one occasion, in words and figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from roadmap.reports.model import (
    AttentionItem,
    Numbered,
    Paragraph,
    ReportModel,
    Row,
    Table,
    Value,
    Words,
)
from roadmap.reports.words.show import show, show_with_unit
from roadmap.reports.words.wording import say

_WORDING = "shared"
AT_MOST = 5
# Columns of the appendix's sheet «Показатели» (reports.parts.measures.indicators_sheet_table).
_CODE, _TITLE, _REACHED, _WHOLE, _STATUS = 0, 1, 5, 6, 8


def changes(previous: ReportModel, current: ReportModel) -> tuple[str, ...]:
    """What a recipient of `previous` finds different in `current`: at most five, then «и ещё N».

    Only what is the addressee's own is told: a correction is never made for the region's
    sake. Empty when the own content is the same. ValueError when they are reports of
    different addressees or occasions.
    """
    if (previous.occasion, previous.addressee.municipality_id) != (
        current.occasion,
        current.addressee.municipality_id,
    ):
        raise ValueError("reports of different addressees or occasions can't be compared")
    if previous.content_sha256() == current.content_sha256():
        return ()
    told = [
        *_identity(previous, current),
        *_headline(previous, current),
        *_figures(previous, current),
        *_indicators(previous, current),
        *_items(previous, current),
    ]
    # What no headline, figure or indicator tells is told cell by cell, else text by text.
    told = told or list(_cells(previous, current)) or list(_texts(previous, current))
    if not told:
        return (say(_WORDING, "other"),)
    if len(told) <= AT_MOST:
        return tuple(told)
    return (*told[:AT_MOST], say(_WORDING, "more", n=len(told) - AT_MOST))


def _identity(previous: ReportModel, current: ReportModel) -> Iterable[str]:
    if previous.as_of != current.as_of:
        yield say(_WORDING, "as_of", before=previous.as_of, after=current.as_of)
    before, after = previous.addressee.name, current.addressee.name
    if before != after:
        yield say(_WORDING, "name", before=before, after=after)


def _headline(previous: ReportModel, current: ReportModel) -> Iterable[str]:
    if previous.letter.headline != current.letter.headline:
        yield say(_WORDING, "headline", headline=current.letter.headline)


def _figures(previous: ReportModel, current: ReportModel) -> Iterable[str]:
    before, after = _own_figures(previous), _own_figures(current)
    for name, value in after.items():
        if name not in before:
            yield say(_WORDING, "figure_new", name=name, after=_told(value))
        elif before[name] != value:
            yield say(_WORDING, "figure", name=name, before=_told(before[name]), after=_told(value))
    for name, value in before.items():
        if name not in after:
            yield say(_WORDING, "figure_gone", name=name, before=_told(value))


def _own_figures(model: ReportModel) -> dict[str, Value]:
    """Key figures that stand in at least one own row; by name."""
    rows = {sheet.table.id: sheet.table.rows for sheet in model.appendix}
    return {
        figure.name: figure.value
        for figure in model.key_figures
        if any(
            place.view == "appendix" and rows[place.table_id][place.row].own
            for place in figure.places
        )
    }


def _told(value: Value) -> str:
    return show_with_unit(value)


def _indicators(previous: ReportModel, current: ReportModel) -> Iterable[str]:
    before = {_text(row, _CODE): row for row in _indicator_rows(previous)}
    for row in _indicator_rows(current):
        old = before.get(_text(row, _CODE))
        if old is None:
            continue
        code, title = _text(row, _CODE), _text(row, _TITLE)
        if _text(old, _STATUS) != _text(row, _STATUS):
            yield say(
                _WORDING,
                "status",
                code=code,
                title=title,
                before=_text(old, _STATUS),
                after=_text(row, _STATUS),
            )
        elif (_text(old, _REACHED), _text(old, _WHOLE)) != (
            _text(row, _REACHED),
            _text(row, _WHOLE),
        ):
            yield say(
                _WORDING, "fact", code=code, title=title, before=_reached(old), after=_reached(row)
            )


def _indicator_rows(model: ReportModel) -> tuple[Row, ...]:
    return tuple(
        row
        for sheet in model.appendix
        if sheet.table.id == "indicators"
        for row in sheet.table.rows
        if row.own
    )


def _text(row: Row, column: int) -> str:
    return show(row.cells[column].value)


def _reached(row: Row) -> str:
    reached, whole = row.cells[_REACHED].value, row.cells[_WHOLE].value
    return f"{show(reached)} из {show(whole)}" if whole.kind == "count" else show(reached)


def _items(previous: ReportModel, current: ReportModel) -> Iterable[str]:
    before, after = _by_matter(previous), _by_matter(current)
    for matter, item in after.items():
        if matter not in before:
            # The same title with another problem is a matter that was made more precise.
            titles = {old.title for old in before.values()}
            yield say(
                _WORDING,
                "item_changed" if item.title in titles else "item_new",
                title=item.title,
                problem=item.problem,
            )
    titles = {item.title for item in after.values()}
    for matter, item in before.items():
        if matter not in after and item.title not in titles:
            yield say(_WORDING, "item_gone", title=item.title)


def _by_matter(model: ReportModel) -> dict[tuple[str, str], AttentionItem]:
    return {(item.title, item.problem): item for item in model.letter.attention}


# -- What is told only where nothing above tells it -------------------------------------------


def _cells(previous: ReportModel, current: ReportModel) -> Iterator[str]:
    """Each own cell that reads otherwise, once, though several tables may show it."""
    before = {table.id: table for table in _own_tables(previous)}
    said: set[str] = set()
    for table in _own_tables(current):
        if table.id not in before:
            continue
        for sentence in _cells_of(before[table.id], table):
            if sentence not in said:
                said.add(sentence)
                yield sentence


def _cells_of(before: Table, after: Table) -> Iterator[str]:
    old = dict(_labelled(before))
    for key, row in _labelled(after):
        if key not in old:
            continue
        was = _by_title(before, old[key])
        for title, value in _by_title(after, row).items():
            if title in was and was[title] != value:
                yield say(
                    _WORDING,
                    "cell",
                    table=after.caption,
                    row=key[0],
                    column=title,
                    before=_told(was[title]),
                    after=_told(value),
                )


def _labelled(table: Table) -> Iterator[tuple[tuple[str, int], Row]]:
    """Own rows with what names them: the words they begin with, and how often these came."""
    seen: Counter[str] = Counter()
    group = ""
    for row in table.rows:
        if row.kind == "group":
            group = _first_words(row)
        elif row.own:
            label = ", ".join(words for words in (group, _first_words(row)) if words)
            seen[label] += 1
            yield (label, seen[label]), row


def _own_tables(model: ReportModel) -> Iterator[Table]:
    blocks = model.document.blocks if model.document is not None else ()
    blocks += tuple(block for school in model.schools for block in school.document.blocks)
    tables = [block for block in blocks if isinstance(block, Table)]
    tables += [sheet.table for sheet in model.appendix]
    return (table for table in tables if table.own)


def _first_words(row: Row) -> str:
    """What names the row: the words that it begins with."""
    words: list[str] = []
    for cell in row.cells[:2]:
        if not isinstance(cell.value, Words):
            break
        words.append(cell.value.text)
    return ", ".join(words)


def _by_title(table: Table, row: Row) -> dict[str, Value]:
    titles = [
        f"{column.group} {column.title}" if column.group else column.title
        for column in table.columns
    ]
    return {title: cell.value for title, cell in zip(titles, row.cells, strict=False) if cell.own}


def _texts(previous: ReportModel, current: ReportModel) -> Iterator[str]:
    """Own sentences that were not there before."""
    before = set(_own_texts(previous))
    for text in _own_texts(current):
        if text not in before:
            yield say(_WORDING, "text", text=text)


def _own_texts(model: ReportModel) -> Iterator[str]:
    yield from model.letter.lead
    if model.document is None:
        return
    yield from model.document.main
    for block in model.document.blocks:
        if isinstance(block, Paragraph) and block.own:
            yield block.text
        elif isinstance(block, Numbered) and block.own:
            yield from block.items
