"""Charts of change: a ring for the share then, a disc for the share now, a line between them.

Both values stand at the ends, the change at the right edge; the dots are named once, where
they stand. What can't be compared is not joined. Grey for all, red for what became worse
(docs/look.md §4).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from roadmap.reports.charts.canvas import (
    BAR,
    GAP_MM,
    GROUP_GAP_MM,
    INK,
    INK_2,
    INK_3,
    LABELS_MM,
    LEAST_SCALE,
    LINE_MM,
    ROW_MM,
    THRESHOLD,
    TITLE_MM,
    Sheet,
    width_of,
    wrapped,
)
from roadmap.reports.model import Pair, PairChart, PairGroup, Points, Share, Value
from roadmap.reports.words.show import show, show_with_unit
from roadmap.reports.words.typeface import printable

_DOT_MM = 1.25
_NAMES_MM = 5.0  # the line with the names of the dots
_AXIS_ENDS_MM = 1.0
_MARGIN_MM = 0.7  # letters may reach beyond their measure


@dataclass(frozen=True)
class _PlannedPair:
    pair: Pair
    lines: tuple[str, ...]
    middle: float
    height: float
    is_named: bool  # the names of the dots stand above it


@dataclass(frozen=True)
class _PlannedGroup:
    title: str
    title_y: float
    pairs: tuple[_PlannedPair, ...]
    bottom: float


@dataclass(frozen=True)
class _Plan:
    width: float
    height: float
    zero: float
    per_percent: float
    groups: tuple[_PlannedGroup, ...]

    def x(self, share: Share) -> float:
        return self.zero + share.percent * self.per_percent


def height_mm(chart: PairChart, width_mm: float) -> float:
    return _plan(chart, width_mm).height


def draw(chart: PairChart, width_mm: float) -> bytes:
    """The chart as SVG."""
    plan = _plan(chart, width_mm)
    sheet = Sheet(plan.width, plan.height)
    for group in plan.groups:
        sheet.write(0, group.title_y, group.title, INK, bold=True)
        for first in group.pairs[:1]:
            top = first.middle - first.height / 2 + _AXIS_ENDS_MM
            sheet.line((plan.zero, top), (plan.zero, group.bottom - _AXIS_ENDS_MM), INK_2, 0.6)
        for planned in group.pairs:
            if planned.is_named:
                _draw_names(sheet, plan, chart, planned)
            _draw_pair(sheet, plan, planned)
    return sheet.svg()


# -- Where everything stands, in mm from the upper left corner ------------------------------


def _plan(chart: PairChart, width: float) -> _Plan:
    pairs = [pair for group in chart.groups for pair in group.pairs]
    labels = min(LABELS_MM, max((width_of(printable(p.label)) for p in pairs), default=0.0))
    numbers = max(
        (width_of(show_with_unit(v), bold=True) for p in pairs for v in _shares(p)), default=0.0
    )
    edge = max((width_of(_at_the_edge(pair), bold=True) for pair in pairs), default=0.0)
    zero = labels + numbers + 3 * GAP_MM
    scale = max(LEAST_SCALE, *(v.percent for p in pairs for v in _shares(p)), 0.0)
    plan = _Plan(
        width=width,
        height=0.0,
        zero=zero,
        per_percent=(width - zero - numbers - edge - 4 * GAP_MM) / scale,
        groups=(),
    )
    y, groups = 0.0, []
    for number, group in enumerate(chart.groups):
        planned = _plan_group(group, y, labels, names_the_dots=number == 0)
        groups.append(planned)
        y = planned.bottom + GROUP_GAP_MM
    return replace(plan, height=max(y - GROUP_GAP_MM, TITLE_MM) + 1.0, groups=tuple(groups))


def _plan_group(
    group: PairGroup, top: float, labels: float, *, names_the_dots: bool
) -> _PlannedGroup:
    y = top + TITLE_MM
    named = _named_pair(group) if names_the_dots else None
    planned = []
    for index, pair in enumerate(group.pairs):
        lines = wrapped(printable(pair.label), labels)
        height = ROW_MM + LINE_MM * (len(lines) - 1)
        if index == named:
            y += _NAMES_MM - 1.0
        planned.append(_PlannedPair(pair, lines, y + height / 2, height, index == named))
        y += height
    return _PlannedGroup(printable(group.title), top + TITLE_MM / 2, tuple(planned), y)


def _named_pair(group: PairGroup) -> int | None:
    """The pair above which the dots are named: the first with both, else with one of them."""
    for shares in (2, 1):
        for index, pair in enumerate(group.pairs):
            if len(_shares(pair)) >= shares:
                return index
    return None


def _shares(pair: Pair) -> tuple[Share, ...]:
    return tuple(v for v in (pair.previous, pair.current) if isinstance(v, Share))


def _at_the_edge(pair: Pair) -> str:
    """The change; where there is none, why: what stands in place of a share."""
    previous, current = pair.previous, pair.current
    if isinstance(previous, Share) and isinstance(current, Share):
        if pair.is_joined:
            return show_with_unit(Points(previous=previous, current=current))
        return "не\u00a0сравнивается"
    missing: Value = current if isinstance(previous, Share) else previous
    return show(missing)


# -- Drawing ---------------------------------------------------------------------------------


def _draw_names(sheet: Sheet, plan: _Plan, chart: PairChart, planned: _PlannedPair) -> None:
    """The names above their dots: the left one ends at its dot, the right one begins there."""
    pair = planned.pair
    y = planned.middle - planned.height / 2 - _NAMES_MM / 2 + 1.0
    named = [
        (plan.x(value), printable(name))
        for value, name in ((pair.previous, chart.previous), (pair.current, chart.current))
        if isinstance(value, Share)
    ]
    named.sort(key=lambda one: one[0])
    x, name = named[-1]
    right = min(x - _DOT_MM, plan.width - width_of(name))
    sheet.write(right, y, name, INK_3)
    if len(named) == 2:
        x, name = named[0]
        left = min(x + _DOT_MM, right - GAP_MM) - width_of(name)
        sheet.write(max(left, 0.0), y, name, INK_3)


def _draw_pair(sheet: Sheet, plan: _Plan, planned: _PlannedPair) -> None:
    pair, y = planned.pair, planned.middle
    color = THRESHOLD if pair.is_worse else BAR
    sheet.write_label(planned.lines, y)
    edge = _at_the_edge(pair)
    shares = _shares(pair)
    is_bold = pair.is_worse and len(shares) == 2
    quiet = THRESHOLD if is_bold else INK_2 if pair.is_joined else INK_3
    x = plan.width - _MARGIN_MM - width_of(edge, bold=is_bold)
    sheet.write(x, y, edge, quiet, bold=is_bold)
    if pair.is_joined and len(shares) == 2:
        sheet.line((plan.x(shares[0]), y), (plan.x(shares[1]), y), color, 1.6)
    for value, is_previous in ((pair.previous, True), (pair.current, False)):
        if isinstance(value, Share):
            # A ring is white inside: it hides the line below it.
            sheet.dot((plan.x(value), y), _DOT_MM, color, "#FFFFFF" if is_previous else color)
            _write_value(sheet, plan, pair, value, y, is_previous=is_previous)


def _write_value(
    sheet: Sheet, plan: _Plan, pair: Pair, value: Share, y: float, *, is_previous: bool
) -> None:
    """The share beside its dot, away from the other one."""
    other = pair.current if is_previous else pair.previous
    is_left = isinstance(other, Share) and (
        value.percent < other.percent or (value.percent == other.percent and is_previous)
    )
    text = show_with_unit(value)
    is_bold = pair.is_worse and not is_previous
    away = _DOT_MM + GAP_MM / 2
    x = plan.x(value) + away
    if is_left:
        width = width_of(text, bold=is_bold)
        x = plan.x(value) - away - width
        if x < plan.zero + GAP_MM / 2:
            x = min(x, plan.zero - GAP_MM / 2 - width)  # the axis must not run through it
    sheet.write(x, y, text, THRESHOLD if is_bold else INK, bold=is_bold)
