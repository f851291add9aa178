"""Bar charts: horizontal bars from zero, each with its number and what it is of beside it.

No legend, grid, axis numbers or title; the region is a dark tick and the threshold a dashed
line, both labelled where they stand. Grey for all, red for what reached the threshold
(look §4). The same chart drawn twice gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from roadmap.reports.model import Bar, BarChart, BarGroup, Share
from roadmap.reports.show import show, show_with_unit
from roadmap.reports.typeface import SANS, SANS_BOLD, printable, text_width_mm
from roadmap.russian import NBSP, decimal, integer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH_MM = 150.0
TALLEST_MM = 200.0  # of one picture: it must stand on a page with its caption

INK, INK_2, INK_3 = "#18202B", "#465162", "#616C7C"
BAR, THRESHOLD = "#7F8B9B", "#A3221B"

_SIZE_PT = 9.0
_LABELS_MM = 58.0  # at most, for the names on the left
_TITLE_MM = 6.0
_ROW_MM = 6.0
_LINE_MM = 3.7  # every further line of a name
_BAR_MM = 3.2
_GROUP_GAP_MM = 4.0
_GAP_MM = 2.4  # between a bar, its number and a line that must not run through it
_CAP_HALF_MM = 1.13  # half the height of a capital letter at 9 pt
_LEAST_SCALE = 10.0  # percent: shares of one or two percent stay short bars


@lru_cache(maxsize=64)  # DOCX and PDF show the same picture
def bar_chart_svg(chart: BarChart, width_mm: float = WIDTH_MM) -> bytes:
    """The chart as SVG with real text, `width_mm` wide."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    figure = _figure(chart, width_mm)
    out = io.BytesIO()
    # The salt and the absent date keep the bytes the same on every drawing.
    with matplotlib.rc_context({"svg.hashsalt": "500+", "svg.fonttype": "none"}):
        FigureCanvasSVG(figure).print_svg(
            out, metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        )
    # Without the prolog: a document type declaration is nothing that a document needs.
    return b"<svg" + out.getvalue().partition(b"<svg")[2]


def bar_chart_png(chart: BarChart, width_mm: float = WIDTH_MM, dpi: int = 300) -> bytes:
    """The chart as PNG, for programs that show no SVG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = _figure(chart, width_mm)
    figure.set_dpi(dpi)
    out = io.BytesIO()
    # Packing harder costs more time than all the drawing and saves a few kilobytes.
    FigureCanvasAgg(figure).print_png(
        out, metadata={"Software": None}, pil_kwargs={"compress_level": 4}
    )
    return out.getvalue()


def height_mm(chart: BarChart, width_mm: float = WIDTH_MM) -> float:
    return _plan(chart, width_mm).height


def pictures(chart: BarChart, tallest_mm: float = TALLEST_MM) -> tuple[BarChart, ...]:
    """The chart in as many parts as pages need; a divided group repeats its title."""
    parts: list[list[BarGroup]] = [[]]
    for group in (piece for whole in chart.groups for piece in _pieces(chart, whole, tallest_mm)):
        with_it = chart.model_copy(update={"groups": (*parts[-1], group)})
        if parts[-1] and height_mm(with_it) > tallest_mm:
            parts.append([])
        parts[-1].append(group)
    return tuple(chart.model_copy(update={"groups": tuple(groups)}) for groups in parts if groups)


def _pieces(chart: BarChart, group: BarGroup, tallest_mm: float) -> Iterator[BarGroup]:
    bars: list[Bar] = []
    for bar in group.bars:
        longer = group.model_copy(update={"bars": (*bars, bar)})
        if bars and height_mm(chart.model_copy(update={"groups": (longer,)})) > tallest_mm:
            yield group.model_copy(update={"bars": tuple(bars)})
            bars = []
        bars.append(bar)
    yield group.model_copy(update={"bars": tuple(bars)})


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
        _LABELS_MM,
        max((text_width_mm(printable(bar.label), SANS, _SIZE_PT) for bar in bars), default=0.0),
    )
    zero = labels + 2 * _GAP_MM
    numbers = max(
        (_width(show_with_unit(b.value), bold=True) + _width(_of(b)) for b in bars), default=0.0
    )
    scale = max(
        _LEAST_SCALE,
        chart.threshold or 0.0,
        *(group.region.percent for group in chart.groups if group.region),
        *(bar.value.percent for bar in bars if isinstance(bar.value, Share)),
    )
    plan = _Plan(
        width=width,
        height=0.0,
        zero=zero,
        per_percent=(width - zero - numbers - 3 * _GAP_MM) / scale,
        groups=(),
    )
    y, groups = 0.0, []
    for group in chart.groups:
        planned = _plan_group(plan, chart, group, y, labels)
        groups.append(planned)
        y = planned.bottom + _GROUP_GAP_MM
    return replace(plan, height=max(y - _GROUP_GAP_MM, _TITLE_MM) + 1.0, groups=tuple(groups))


def _plan_group(
    plan: _Plan, chart: BarChart, group: BarGroup, top: float, labels: float
) -> _PlannedGroup:
    title_y = marks_y = top + _TITLE_MM / 2
    starts = [start for _, start, _, _ in _marks(plan, chart, group)]
    title_end = _width(printable(group.title), bold=True) + _GAP_MM
    if starts and min(starts) < title_end:
        marks_y += _TITLE_MM - 1.0  # the title would run into the labels
    y, bars = marks_y + _TITLE_MM / 2, []
    for bar in group.bars:
        lines = _wrapped(printable(bar.label), labels)
        height = _ROW_MM + _LINE_MM * (len(lines) - 1)
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
        placed.append((x, x - _width(text) if is_left else x, text, which))
    return placed


def _wrapped(text: str, room: float) -> tuple[str, ...]:
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _width(longer) > room + 0.01:
            lines.append(word)
        else:
            lines[-1] = longer
    return tuple(lines)


def _of(bar: Bar) -> str:
    if not isinstance(bar.value, Share):
        return ""
    return f"{integer(bar.value.numerator)} из{NBSP}{integer(bar.value.denominator)}"


def _width(text: str, *, bold: bool = False) -> float:
    return text_width_mm(text, SANS_BOLD if bold else SANS, _SIZE_PT)


# -- Drawing ---------------------------------------------------------------------------------


def _figure(chart: BarChart, width_mm: float) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle
    from matplotlib.text import Text
    from matplotlib.transforms import Affine2D

    plan = _plan(chart, width_mm)
    figure = Figure(figsize=(plan.width / 25.4, plan.height / 25.4), dpi=72, frameon=False)
    millimetres = (
        Affine2D().scale(1 / 25.4, -1 / 25.4).translate(0, plan.height / 25.4)
        + figure.dpi_scale_trans
    )
    # Arial where there is one, else the metric-equal font that is shipped: the SVG names both.
    families = ["Arial", "Liberation Sans"]
    fonts = {
        False: FontProperties(family=families, size=_SIZE_PT, fname=str(SANS)),
        True: FontProperties(family=families, size=_SIZE_PT, weight="bold", fname=str(SANS_BOLD)),
    }

    def write(x: float, y: float, text: str, color: str, *, bold: bool = False) -> None:
        figure.add_artist(
            Text(
                x, y + _CAP_HALF_MM, text, color=color, fontproperties=fonts[bold],
                transform=millimetres, parse_math=False, clip_on=False,
            )
        )  # fmt: skip

    def line(x: float, y0: float, y1: float, color: str, points: float, dashed: bool) -> None:
        figure.add_artist(
            Line2D(
                [x, x], [y0, y1], color=color, linewidth=points, transform=millimetres,
                dashes=(2.2, 1.6) if dashed else (None, None), solid_capstyle="butt",
                clip_on=False,
            )
        )  # fmt: skip

    for group in plan.groups:
        write(0, group.title_y, printable(group.group.title), INK, bold=True)
        marks = _marks(plan, chart, group.group)
        for planned in group.bars:
            bar, middle = planned.bar, planned.middle
            first = middle - _LINE_MM * (len(planned.lines) - 1) / 2
            for index, text in enumerate(planned.lines):
                write(0, first + index * _LINE_MM, text, INK_2)
            if not isinstance(bar.value, Share):
                write(plan.zero + _GAP_MM / 2, middle, show(bar.value), INK_3)
                continue
            length = bar.value.percent * plan.per_percent
            figure.add_artist(
                Rectangle(
                    (plan.zero, middle - _BAR_MM / 2), length, _BAR_MM, linewidth=0,
                    facecolor=THRESHOLD if bar.at_threshold else BAR, transform=millimetres,
                    clip_on=False,
                )
            )  # fmt: skip
            number, of = show_with_unit(bar.value), _of(bar)
            number_width = _width(number, bold=bar.at_threshold)
            both = number_width + _GAP_MM + _width(of)
            x = _beside(plan.zero + length + _GAP_MM, both, [mark[0] for mark in marks])
            write(x, middle, number, THRESHOLD if bar.at_threshold else INK, bold=bar.at_threshold)
            write(x + number_width + _GAP_MM, middle, of, INK_3)
        line(plan.zero, group.top, group.bottom, INK_2, 0.6, dashed=False)
        for x, start, text, which in marks:
            is_region = which == "region"
            color = INK if is_region else THRESHOLD
            line(x, group.top, group.bottom, color, 1.3 if is_region else 1.1, not is_region)
            write(start, group.marks_y, text, color)
    return figure


def _beside(x: float, width: float, lines: list[float]) -> float:
    """`x`, or the first place to its right where no line runs through the text."""
    for line in sorted(lines):
        if x - _GAP_MM / 2 < line < x + width + _GAP_MM:
            x = line + _GAP_MM
    return x
