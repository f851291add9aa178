"""Charts as files: SVG with real text for documents, PNG for programs that show no SVG.

What a chart looks like is said in `bar` and `pair`. The same chart drawn twice
gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, cast

import typst

from roadmap.paths import TEMPLATES
from roadmap.reports.charts import bar, pair
from roadmap.reports.charts.canvas import INK_2, THRESHOLD
from roadmap.reports.model import BarChart, BarGroup, PairChart, PairGroup
from roadmap.reports.words.typeface import FONTS

__all__ = [
    "INK_2",
    "TALLEST_MM",
    "THRESHOLD",
    "WIDTH_MM",
    "chart_png",
    "chart_svg",
    "height_mm",
    "pictures",
]

WIDTH_MM = 150.0
TALLEST_MM = 200.0  # of one picture: it must stand on a page with its caption

AnyChart = BarChart | PairChart
_PICTURE = TEMPLATES / "pdf" / "picture.typ"
_Group = BarGroup | PairGroup


@lru_cache(maxsize=64)  # DOCX and PDF show the same picture
def chart_svg(chart: AnyChart) -> bytes:
    """The chart as SVG with real text, WIDTH_MM wide."""
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "none"}):
        if isinstance(chart, BarChart):
            return bar.draw(chart, WIDTH_MM)
        return pair.draw(chart, WIDTH_MM)


def chart_png(chart: AnyChart, dpi: int = 300) -> bytes:
    """The same picture as PNG, for programs that show no SVG: Typst draws the SVG."""
    svg = chart_svg(chart).decode()
    # One page, so the bytes of one picture.
    png = _compiler().compile(
        format="png", ppi=dpi, sys_inputs={"svg": svg, "width_mm": str(WIDTH_MM)}
    )
    return cast("bytes", png)


@cache
def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS]
    )
    return typst.Compiler(_PICTURE, root=_PICTURE.parent, font_paths=fonts)


def height_mm(chart: AnyChart) -> float:
    if isinstance(chart, BarChart):
        return bar.height_mm(chart, WIDTH_MM)
    return pair.height_mm(chart, WIDTH_MM)


def pictures(chart: AnyChart, tallest_mm: float = TALLEST_MM) -> tuple[AnyChart, ...]:
    """The chart in as many parts as pages need; a divided group repeats its title."""
    if height_mm(chart) <= tallest_mm:
        return (chart,) if chart.groups else ()
    parts: list[list[_Group]] = [[]]
    for group in (piece for whole in chart.groups for piece in _pieces(chart, whole, tallest_mm)):
        if parts[-1] and height_mm(_with_groups(chart, [*parts[-1], group])) > tallest_mm:
            parts.append([])
        parts[-1].append(group)
    return tuple(_with_groups(chart, groups) for groups in parts if groups)


def _pieces(chart: AnyChart, group: _Group, tallest_mm: float) -> Iterator[_Group]:
    rows: list[Any] = []
    for row in group.bars if isinstance(group, BarGroup) else group.pairs:
        longer = _with_groups(chart, [_with_rows(group, [*rows, row])])
        if rows and height_mm(longer) > tallest_mm:
            yield _with_rows(group, rows)
            rows = []
        rows.append(row)
    yield _with_rows(group, rows)


def _with_rows(group: _Group, rows: list[Any]) -> _Group:
    name = "bars" if isinstance(group, BarGroup) else "pairs"
    return group.model_copy(update={name: tuple(rows)})


def _with_groups(chart: AnyChart, groups: list[_Group]) -> AnyChart:
    return chart.model_copy(update={"groups": tuple(groups)})
