"""What changed between two reports of one occasion, in words and figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from roadmap.reports.model import (
    OWN_JOIN,
    AttentionItem,
    Cell,
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
_REQUISITES = "confirmation"  # the column that names acts and papers


def corrections(previous: ReportModel, current: ReportModel) -> tuple[str, ...]:
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
    texts = [
        *_head(previous, current),
        *_figures(previous, current),
        *_indicators(previous, current),
        *_items(previous, current),
        *_requisites(previous, current),
    ]
    # What no headline, figure or indicator says is said cell by cell, else text by text.
    texts = texts or list(_cells(previous, current)) or list(_texts(previous, current))
    if not texts:
        return (say(_WORDING, "other"),)
    if len(texts) <= AT_MOST:
        return tuple(texts)
    return (*texts[:AT_MOST], say(_WORDING, "more", n=len(texts) - AT_MOST))


def told_own_words(previous: ReportModel, current: ReportModel) -> bool:
    """Whether a report from before the own words of mixed cells were told apart showed those of
    `current`, as far as its text can tell."""
    shown = {cell.value.text for cell in _mixed_cells(previous) if isinstance(cell.value, Words)}
    return all(
        any(piece in text for text in shown)
        for cell in _mixed_cells(current)
        for piece in (cell.own_words or "").split(OWN_JOIN)
        if piece
    )


def _mixed_cells(model: ReportModel) -> Iterator[Cell]:
    """Cells that are not own as a whole, in own rows of own tables."""
    for _, table in _own_tables(model):
        for row in table.rows:
            yield from (cell for cell in row.cells if row.own and not cell.own)


def _head(previous: ReportModel, current: ReportModel) -> Iterable[str]:
    """The as-of date, the addressee's name, the headline."""
    if previous.as_of != current.as_of:
        yield say(_WORDING, "as_of", before=previous.as_of, after=current.as_of)
    before, after = previous.addressee.name, current.addressee.name
    if before != after:
        yield say(_WORDING, "name", before=before, after=after)
    if previous.letter.headline != current.letter.headline:
        yield say(_WORDING, "headline", headline=current.letter.headline)


def _figures(previous: ReportModel, current: ReportModel) -> Iterable[str]:
    before, after = _own_figures(previous), _own_figures(current)
    for name, value in after.items():
        if name not in before:
            yield say(_WORDING, "figure_new", name=name, after=show_with_unit(value))
        elif before[name] != value:
            yield say(
                _WORDING,
                "figure",
                name=name,
                before=show_with_unit(before[name]),
                after=show_with_unit(value),
            )
    for name, value in before.items():
        if name not in after:
            yield say(_WORDING, "figure_gone", name=name, before=show_with_unit(value))


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


def _indicators(previous: ReportModel, current: ReportModel) -> Iterable[str]:
    before = _indicators_of(previous)
    for code, now in _indicators_of(current).items():
        was = before.get(code)
        if was is None:
            continue
        which = {"code": code, "title": show(now["title"])}
        if was["status"] != now["status"]:
            status, new_status = show(was["status"]), show(now["status"])
            yield say(_WORDING, "status", **which, before=status, after=new_status)
        elif any(was[key] != now[key] for key in ("reached", "whole")):
            yield say(_WORDING, "fact", **which, before=_reached(was), after=_reached(now))


def _indicators_of(model: ReportModel) -> dict[str, dict[str, Value]]:
    """The values of the appendix's own indicators, by code and column."""
    return {
        show(cells["code"].value): {key: cell.value for key, cell in cells.items()}
        for sheet in model.appendix
        if sheet.table.id == "indicators"
        for row, cells in zip(sheet.table.rows, sheet.table.cells(), strict=True)
        if row.own
    }


def _reached(values: dict[str, Value]) -> str:
    reached, whole = values["reached"], values["whole"]
    return (
        say(_WORDING, "part_of", part=show(reached), whole=show(whole))
        if whole.kind == "count"
        else show(reached)
    )


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


def _requisites(previous: ReportModel, current: ReportModel) -> Iterator[str]:
    """Each own act or paper that is named otherwise though its figures stayed; no line above says
    it. Once, where the document and the appendix show it."""
    before = dict(_own_tables(previous))
    seen = set()
    for place, table in _own_tables(current):
        if place not in before or _REQUISITES not in _titles(table):
            continue
        old = dict(_labelled(before[place]))
        for label, now in _labelled(table):
            was = old.get(label, {})
            changed = {key for key in was.keys() | now.keys() if was.get(key) != now.get(key)}
            is_named = _REQUISITES in was.keys() & now.keys()
            if changed == {_REQUISITES} and is_named and label not in seen:
                seen.add(label)
                yield _cell_changed(table, label, _REQUISITES, was[_REQUISITES], now[_REQUISITES])


# -- What is said only where nothing above says it --------------------------------------------


def _cells(previous: ReportModel, current: ReportModel) -> Iterator[str]:
    """Each own cell that reads otherwise, once, though several tables may show it."""
    before = dict(_own_tables(previous))
    sentences = (
        sentence
        for place, table in _own_tables(current)
        if place in before
        for sentence in _cells_of(before[place], table)
    )
    yield from dict.fromkeys(sentences)


def _cells_of(before: Table, after: Table) -> Iterator[str]:
    old = dict(_labelled(before))
    titles = _titles(after)
    # A table that was stored before columns had keys is found by what stands above them.
    old_keys = {title: key for key, title in _titles(before).items()}
    for label, cells in _labelled(after):
        was = old.get(label, {})
        for key, value in cells.items():
            then = key if key in was else old_keys.get(titles[key])
            if then in was and was[then] != value:
                yield _cell_changed(after, label, key, was[then], value)


def _cell_changed(table: Table, label: _Label, key: str, before: Value, after: Value) -> str:
    return say(
        _WORDING,
        "cell",
        table=table.caption,
        row=label[0],
        column=_titles(table)[key],
        before=show_with_unit(before),
        after=show_with_unit(after),
    )


def _titles(table: Table) -> dict[str, str]:
    """What stands above each column, by its key."""
    return {
        column.key: f"{column.group} {column.title}" if column.group else column.title
        for column in table.columns
    }


_Label = tuple[str, int]  # the words that a row begins with, and how often these came


def _labelled(table: Table) -> Iterator[tuple[_Label, dict[str, Value]]]:
    """The own values of own rows by column, with what names the row."""
    seen: Counter[str] = Counter()
    group = ""
    for row, cells in zip(table.rows, table.cells(), strict=True):
        if row.kind == "group":
            group = _first_words(row)
        elif row.own:
            label = ", ".join(words for words in (group, _first_words(row)) if words)
            seen[label] += 1
            own = {key: _own_value(cell) for key, cell in cells.items()}
            yield (label, seen[label]), {k: value for k, value in own.items() if value is not None}


def _own_value(cell: Cell) -> Value | None:
    """What of the cell is the addressee's own; None where nothing is."""
    if cell.own:
        return cell.value
    return None if cell.own_words is None else Words(text=cell.own_words or "–")


def _own_tables(model: ReportModel) -> Iterator[tuple[tuple[str, str], Table]]:
    """Each own table with its view and id; a view is the document, the appendix or a school."""
    views = {"document": model.document.blocks if model.document is not None else ()}
    views |= {school.school_id: school.document.blocks for school in model.schools}
    for view, blocks in views.items():
        yield from (((view, b.id), b) for b in blocks if isinstance(b, Table) and b.own)
    yield from ((("appendix", s.table.id), s.table) for s in model.appendix if s.table.own)


def _first_words(row: Row) -> str:
    words: list[str] = []
    for cell in row.cells[:2]:
        if not (cell.own and isinstance(cell.value, Words)):
            break
        words.append(cell.value.text)
    return ", ".join(words)


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
