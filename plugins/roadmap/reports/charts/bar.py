"""Bar charts: horizontal bars from zero, each with its number and what it is of beside it.

The region is a dark tick and the threshold a dashed line, both labelled where they stand.
Grey for all, red for what reached the threshold (docs/look.md §4).
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
from roadmap.reports.model import Bar, BarChart, BarGroup, Share
from roadmap.reports.words.show import show, show_with_unit
from roadmap.reports.words.typeface import printable
from roadmap.russian import NBSP, decimal, integer

_BAR_MM = 3.2
# The lines that stand through a group: colour, width in points, dashes.
_LOOKS: dict[str, tuple[str, float, tuple[float, ...]]] = {
    "region": (INK, 1.3, ()),
    "threshold": (THRESHOLD, 1.1, (2.2, 1.6)),
}


def height_mm(chart: BarChart, width_mm: float) -> float:
    return _plan(chart, width_mm).height


# -- Where everything stands, in mm from the upper left corner ------------------------------


@dataclass(frozen=True)
class _PlannedBar:
    bar: Bar
    lines: tuple[str, ...]
    top: float
    height: float

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


@dataclass(frozen=True)
class _PlannedGroup:
    group: BarGroup
    title_y: float
    marks_y: float  # of the labels of tick and line
    bars: tuple[_PlannedBar, ...]

    @property
    def top(self) -> float:
        return self.bars[0].top if self.bars else self.marks_y

    @property
    def bottom(self) -> float:
        return self.bars[-1].top + self.bars[-1].height if self.bars else self.top


@dataclass(frozen=True)
class _Plan:
    width: float
    height: float
    zero: float  # x of the axis
    per_percent: float
    groups: tuple[_PlannedGroup, ...]

    def x(self, percent: float) -> float:
        return self.zero + percent * self.per_percent


def _plan(chart: BarChart, width: float) -> _Plan:
    bars = [bar for group in chart.groups for bar in group.bars]
    labels = min(
        LABELS_MM,
        max((width_of(printable(bar.label)) for bar in bars), default=0.0),
    )
    zero = labels + 2 * GAP_MM
    numbers = max(
        (width_of(show_with_unit(b.value), bold=True) + width_of(_of(b)) for b in bars), default=0.0
    )
    scale = max(
        LEAST_SCALE,
        chart.threshold or 0.0,
        *(group.region.percent for group in chart.groups if group.region),
        *(bar.value.percent for bar in bars if isinstance(bar.value, Share)),
    )
    plan = _Plan(
        width=width,
        height=0.0,
        zero=zero,
        per_percent=(width - zero - numbers - 3 * GAP_MM) / scale,
        groups=(),
    )
    y, groups = 0.0, []
    for group in chart.groups:
        planned = _plan_group(plan, chart, group, y, labels)
        groups.append(planned)
        y = planned.bottom + GROUP_GAP_MM
    return replace(plan, height=max(y - GROUP_GAP_MM, TITLE_MM) + 1.0, groups=tuple(groups))


def _plan_group(
    plan: _Plan, chart: BarChart, group: BarGroup, top: float, labels: float
) -> _PlannedGroup:
    title_y = marks_y = top + TITLE_MM / 2
    starts = [start for _, start, _, _ in _marks(plan, chart, group)]
    title_end = width_of(printable(group.title), bold=True) + GAP_MM
    if starts and min(starts) < title_end:
        marks_y += TITLE_MM - 1.0  # the title would run into the labels
    y, bars = marks_y + TITLE_MM / 2, []
    for bar in group.bars:
        lines = wrapped(printable(bar.label), labels)
        height = ROW_MM + LINE_MM * (len(lines) - 1)
        bars.append(_PlannedBar(bar, lines, y, height))
        y += height
    return _PlannedGroup(group, title_y, marks_y, tuple(bars))


def _marks(plan: _Plan, chart: BarChart, group: BarGroup) -> list[tuple[float, float, str, str]]:
    """The tick of the region and the line of the threshold: x, where its label starts, label,
    which of the two. The left one's label ends at it, the right one's begins there."""
    marks = []
    if group.region is not None:
        marks.append(
            (plan.x(group.region.percent), f"регион{NBSP}{show_with_unit(group.region)}", "region")
        )
    if chart.threshold is not None:
        digits = 0 if chart.threshold == int(chart.threshold) else 1
        text = f"порог{NBSP}{decimal(chart.threshold, digits)}{NBSP}%"
        marks.append((plan.x(chart.threshold), text, "threshold"))
    marks.sort()
    placed = []
    for index, (x, text, which) in enumerate(marks):
        is_left = which == "region" if len(marks) == 1 else index == 0
        placed.append((x, x - width_of(text) if is_left else x, text, which))
    return placed


def _of(bar: Bar) -> str:
    if not isinstance(bar.value, Share):
        return ""
    return f"{integer(bar.value.numerator)} из{NBSP}{integer(bar.value.denominator)}"


# -- Drawing ---------------------------------------------------------------------------------


def draw(chart: BarChart, width_mm: float) -> bytes:
    """The chart as SVG."""
    plan = _plan(chart, width_mm)
    sheet = Sheet(plan.width, plan.height)
    for group in plan.groups:
        sheet.write(0, group.title_y, printable(group.group.title), INK, bold=True)
        marks = _marks(plan, chart, group.group)
        for planned in group.bars:
            _draw_bar(sheet, plan, planned, [mark[0] for mark in marks])
        sheet.line((plan.zero, group.top), (plan.zero, group.bottom), INK_2, 0.6)
        for x, start, text, which in marks:
            color, width, dashes = _LOOKS[which]
            sheet.line((x, group.top), (x, group.bottom), color, width, dashes)
            sheet.write(start, group.marks_y, text, color)
    return sheet.svg()


def _draw_bar(sheet: Sheet, plan: _Plan, planned: _PlannedBar, marks: list[float]) -> None:
    bar, middle = planned.bar, planned.middle
    sheet.write_label(planned.lines, middle)
    if not isinstance(bar.value, Share):
        sheet.write(plan.zero + GAP_MM / 2, middle, show(bar.value), INK_3)
        return
    length = bar.value.percent * plan.per_percent
    color = THRESHOLD if bar.at_threshold else BAR
    sheet.bar((plan.zero, middle - _BAR_MM / 2), length, _BAR_MM, color)
    number, of = show_with_unit(bar.value), _of(bar)
    number_width = width_of(number, bold=bar.at_threshold)
    both = number_width + GAP_MM + width_of(of)
    x = _beside(plan.zero + length + GAP_MM, both, marks)
    sheet.write(x, middle, number, THRESHOLD if bar.at_threshold else INK, bold=bar.at_threshold)
    sheet.write(x + number_width + GAP_MM, middle, of, INK_3)


def _beside(x: float, width: float, lines: list[float]) -> float:
    """`x`, or the first place to its right where no line runs through the text."""
    for line in sorted(lines):
        if x - GAP_MM / 2 < line < x + width + GAP_MM:
            x = line + GAP_MM
    return x
