"""What every chart is drawn with: colours, letters of nine points, a sheet in millimetres.

No legend, grid, axis numbers or title (docs/look.md §4). The same chart drawn twice gives the same
bytes.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from roadmap.reports.words.typeface import SANS, SANS_BOLD, text_width_mm

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

INK, INK_2, INK_3 = "#18202B", "#465162", "#616C7C"
BAR, THRESHOLD = "#7F8B9B", "#A3221B"

SIZE_PT = 9.0
LABELS_MM = 58.0  # at most, for the names on the left
TITLE_MM = 6.0
ROW_MM = 6.0
LINE_MM = 3.7  # every further line of a name
GROUP_GAP_MM = 4.0
GAP_MM = 2.4  # between a bar, its number and a line that must not run through it
LEAST_SCALE = 10.0  # percent: shares of one or two percent stay short bars
_CAP_HALF_MM = 1.13  # half the height of a capital letter at 9 pt


def width_of(text: str, *, bold: bool = False) -> float:
    """Width of the text in mm as the chart writes it."""
    return text_width_mm(text, SANS_BOLD if bold else SANS, SIZE_PT)


def wrapped(text: str, room: float) -> tuple[str, ...]:
    """The text in lines no wider than `room` mm; a longer word has a line of its own."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width_of(longer) > room + 0.01:
            lines.append(word)
        else:
            lines[-1] = longer
    return tuple(lines)


def sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty picture of `width` by `height` mm: x and y are mm from its upper left corner."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 25.4, height / 25.4), dpi=72, frameon=False)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0), autoscale_on=False)
    axes.set_axis_off()
    return figure, axes


def write(axes: Axes, x: float, y: float, text: str, color: str, *, bold: bool = False) -> None:
    """Text that begins at x, its capitals centred on y."""
    axes.text(x, y + _CAP_HALF_MM, text, color=color, font=_font(bold), parse_math=False)


def write_label(axes: Axes, lines: tuple[str, ...], middle: float) -> None:
    """A name on the left, in as many lines as it needs, centred on `middle`."""
    first = middle - LINE_MM * (len(lines) - 1) / 2
    for index, text in enumerate(lines):
        write(axes, 0, first + index * LINE_MM, text, INK_2)


@cache
def _font(bold: bool) -> FontProperties:
    from matplotlib.font_manager import FontProperties

    # Arial where there is one, else the metric-equal font that is shipped: SVG names both.
    return FontProperties(
        family=["Arial", "Liberation Sans"],
        size=SIZE_PT,
        weight="bold" if bold else "normal",
        fname=str(SANS_BOLD if bold else SANS),
    )
