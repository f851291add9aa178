"""What every chart is drawn with: colours, letters of nine points, lines and dots in millimetres.

No legend, grid, axis numbers or title (look §4). The same chart drawn twice gives the same
bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from roadmap.reports.words.typeface import SANS, SANS_BOLD, text_width_mm

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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


class Canvas:
    """A figure of `width` by `height` mm; y grows downwards from the upper left corner."""

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.figure import Figure
        from matplotlib.font_manager import FontProperties
        from matplotlib.transforms import Affine2D

        self.figure: Figure = Figure(figsize=(width / 25.4, height / 25.4), dpi=72, frameon=False)
        self._millimetres = (
            Affine2D().scale(1 / 25.4, -1 / 25.4).translate(0, height / 25.4)
            + self.figure.dpi_scale_trans
        )
        # Arial where there is one, else the metric-equal font that is shipped: SVG names both.
        families = ["Arial", "Liberation Sans"]
        self._fonts = {
            False: FontProperties(family=families, size=SIZE_PT, fname=str(SANS)),
            True: FontProperties(
                family=families, size=SIZE_PT, weight="bold", fname=str(SANS_BOLD)
            ),
        }

    def write(self, x: float, y: float, text: str, color: str, *, bold: bool = False) -> None:
        """Text that begins at x, its capitals centred on y."""
        from matplotlib.text import Text

        self.figure.add_artist(
            Text(
                x, y + _CAP_HALF_MM, text, color=color, fontproperties=self._fonts[bold],
                transform=self._millimetres, parse_math=False, clip_on=False,
            )
        )  # fmt: skip

    def label(self, lines: tuple[str, ...], middle: float) -> None:
        """A name on the left, in as many lines as it needs, centred on `middle`."""
        first = middle - LINE_MM * (len(lines) - 1) / 2
        for index, text in enumerate(lines):
            self.write(0, first + index * LINE_MM, text, INK_2)

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        color: str,
        points: float,
        *,
        dashed: bool = False,
    ) -> None:
        from matplotlib.lines import Line2D

        self.figure.add_artist(
            Line2D(
                [start[0], end[0]], [start[1], end[1]], color=color, linewidth=points,
                transform=self._millimetres, dashes=(2.2, 1.6) if dashed else (None, None),
                solid_capstyle="butt", clip_on=False,
            )
        )  # fmt: skip

    def bar(self, x: float, y: float, width: float, height: float, color: str) -> None:
        from matplotlib.patches import Rectangle

        self.figure.add_artist(
            Rectangle(
                (x, y), width, height, linewidth=0, facecolor=color,
                transform=self._millimetres, clip_on=False,
            )
        )  # fmt: skip

    def dot(self, x: float, y: float, radius: float, color: str, *, hollow: bool = False) -> None:
        """A full disc, or a ring on white that hides the line below it."""
        from matplotlib.patches import Circle

        self.figure.add_artist(
            Circle(
                (x, y), radius, linewidth=1.1, edgecolor=color,
                facecolor="#FFFFFF" if hollow else color, transform=self._millimetres,
                clip_on=False, zorder=3,
            )
        )  # fmt: skip
