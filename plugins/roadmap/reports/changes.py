"""What changed between two reports of one occasion, in words and figures."""

from __future__ import annotations

from collections.abc import Iterable

from roadmap.reports.model import AttentionItem, ReportModel, Row, Value
from roadmap.reports.show import show, show_with_unit
from roadmap.reports.wording import say

_WORDING = "changes"
AT_MOST = 5
# Columns of the appendix's sheet «Показатели» (reports.measures.indicators_sheet_table).
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
            sentence = "item_changed" if item.title in titles else "item_new"
            yield say(_WORDING, sentence, title=item.title, problem=item.problem)
    titles = {item.title for item in after.values()}
    for matter, item in before.items():
        if matter not in after and item.title not in titles:
            yield say(_WORDING, "item_gone", title=item.title)


def _by_matter(model: ReportModel) -> dict[tuple[str, str], AttentionItem]:
    return {(item.title, item.problem): item for item in model.letter.attention}
