"""What every chart is drawn with: colours, letters of nine points, a sheet in millimetres.

No legend, grid, axis numbers or title (docs/look.md §4). The same chart drawn twice gives the same
bytes.
"""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

from roadmap.reports.words.typeface import SANS, SANS_BOLD, text_width_mm

if TYPE_CHECKING:
    from matplotlib.backend_bases import GraphicsContextBase
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path

Point = tuple[float, float]

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
_PT_PER_MM = 72 / 25.4
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


class Sheet:
    """A picture of `width` by `height` mm: x and y are mm from its upper left corner.

    It is written by matplotlib's renderer of SVG alone: all is arranged here already, and a
    Figure would measure every text again. What is drawn later lies above.
    """

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.backends.backend_svg import RendererSVG
        from matplotlib.transforms import Affine2D

        self._out = io.StringIO()
        self._renderer = RendererSVG(
            width * _PT_PER_MM,
            height * _PT_PER_MM,
            self._out,
            # The same bytes on every drawing: no date, and no version.
            metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")),
        )
        # For shapes the renderer counts from below.
        self._to_points = Affine2D().translate(0, -height).scale(_PT_PER_MM, -_PT_PER_MM)

    def svg(self) -> bytes:
        """The finished picture; without the prolog, since no document needs a document type."""
        self._renderer.finalize()
        return b"<svg" + self._out.getvalue().encode().partition(b"<svg")[2]

    def write(self, x: float, y: float, text: str, color: str, *, bold: bool = False) -> None:
        """Text that begins at x, its capitals centred on y."""
        at = x * _PT_PER_MM, (y + _CAP_HALF_MM) * _PT_PER_MM
        self._renderer.draw_text(self._pen(color), *at, text, _font(bold), angle=0)

    def write_label(self, lines: tuple[str, ...], middle: float) -> None:
        """A name on the left, in as many lines as it needs, centred on `middle`.

        A group of the picture, so that who reads it back takes the lines for one text.
        """
        first = middle - LINE_MM * (len(lines) - 1) / 2
        self._renderer.open_group("label")
        for index, text in enumerate(lines):
            self.write(0, first + index * LINE_MM, text, INK_2)
        self._renderer.close_group("label")

    def line(
        self, start: Point, end: Point, color: str, width_pt: float, dashes: tuple[float, ...] = ()
    ) -> None:
        """`dashes` are lengths of dash and gap in widths of the line; none make it solid."""
        from matplotlib.path import Path

        pen = self._pen(color, width_pt)
        if dashes:
            pen.set_dashes(0, [length * width_pt for length in dashes])
        self._renderer.draw_path(pen, Path((start, end)), self._to_points)

    def bar(self, corner: Point, width: float, height: float, color: str) -> None:
        """A filled rectangle; `corner` is its upper left one."""
        from matplotlib.path import Path

        self._fill(Path.unit_rectangle(), (width, height), corner, color, self._pen(color, 0))

    def dot(self, middle: Point, radius: float, color: str, inside: str) -> None:
        """A disc, or a ring where `inside` is of another colour."""
        from matplotlib.path import Path

        pen = self._pen(color, 1.1)
        pen.set_joinstyle("miter")
        self._fill(Path.unit_circle(), (radius, radius), middle, inside, pen)

    def _fill(
        self, path: Path, scale: Point, at: Point, color: str, pen: GraphicsContextBase
    ) -> None:
        from matplotlib.colors import to_rgb
        from matplotlib.transforms import Affine2D

        place = Affine2D().scale(*scale).translate(*at) + self._to_points
        self._renderer.draw_path(pen, path, place, to_rgb(color))

    def _pen(self, color: str, width_pt: float = 0) -> GraphicsContextBase:
        pen = self._renderer.new_gc()
        pen.set_foreground(color)
        pen.set_linewidth(width_pt)
        return pen


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
