import io
import re
from math import ceil

from lxml import etree
from PIL import Image

import support.report_models as factory
from roadmap.reports.charts import bar, canvas, drawing
from roadmap.reports.model import (
    BarChart,
    NotHeld,
    Pair,
    PairChart,
    PairGroup,
    Share,
    Suppressed,
    Value,
)

SVG = "{http://www.w3.org/2000/svg}"


def _texts(chart: drawing.AnyChart) -> list[str]:
    root = etree.fromstring(drawing.chart_svg(chart))
    return [node.text for node in root.iter(f"{SVG}text")]


def test_every_bar_says_its_number_and_what_it_is_of() -> None:
    texts = _texts(factory.marks_chart())
    assert {"34,2\u00a0%", "13 из\u00a038", "менее 5\u00a0уч."} <= set(texts)
    assert {"регион\u00a018,6\u00a0%", "порог\u00a030\u00a0%"} <= set(texts)
    assert factory.NASTY.split(" &")[0] in " ".join(texts)


def test_only_what_reached_the_threshold_is_red() -> None:
    svg = drawing.chart_svg(factory.marks_chart()).decode()
    assert len(re.findall(r'style="fill: #a3221b"', svg)) == 2  # the bars of one school
    assert len(re.findall(r'style="fill: #7f8b9b"', svg)) == 2


def test_letters_are_nine_points_at_150_millimetres() -> None:
    svg = drawing.chart_svg(factory.marks_chart()).decode()
    assert set(re.findall(r"font-size: ([\d.]+)px", svg)) == {"9"}
    width = re.search(r'width="([\d.]+)pt"', svg)
    assert width is not None
    assert abs(float(width.group(1)) - 150 * 72 / 25.4) < 0.1


def test_the_picture_asks_for_nothing_from_outside() -> None:
    svg = drawing.chart_svg(factory.marks_chart())
    assert b"<!DOCTYPE" not in svg
    assert b"href" not in svg.replace(b"xmlns:xlink", b"")


def test_the_same_chart_gives_the_same_bytes() -> None:
    chart = factory.marks_chart()
    drawing.chart_svg.cache_clear()
    first = drawing.chart_svg(chart)
    drawing.chart_svg.cache_clear()
    assert drawing.chart_svg(chart) == first
    png = drawing.chart_png(chart)
    assert drawing.chart_png(chart) == png
    assert Image.open(io.BytesIO(png)).width == ceil(150 / 25.4 * 300)


def test_no_number_is_crossed_by_a_line() -> None:
    assert bar._beside(10, 20, [15.0, 40.0]) == 15.0 + canvas.GAP_MM
    assert bar._beside(10, 20, [15.0, 35.0]) == 35.0 + canvas.GAP_MM
    assert bar._beside(10, 20, [5.0, 60.0]) == 10


def test_a_long_chart_is_divided_so_that_each_part_stands_on_a_page() -> None:
    many = {f"Школа № {n} (условная)": {"Русский язык": (4, 5, 6, 7), "Математика": None}
            for n in range(1, 61)}  # fmt: skip
    chart = factory.marks_chart(many)
    parts = drawing.pictures(chart)
    assert len(parts) > 1
    assert all(drawing.height_mm(part) <= drawing.TALLEST_MM for part in parts)
    assert [bar for part in parts for group in part.groups for bar in group.bars] == [
        bar for group in chart.groups for bar in group.bars
    ]


def test_a_chart_without_bars_is_still_drawn() -> None:
    assert drawing.chart_svg(BarChart(groups=())).startswith(b"<svg")


# -- Then and now ----------------------------------------------------------------------------


def _pair(label: str, previous: Value, current: Value, **changes: bool) -> Pair:
    is_joined = isinstance(previous, Share) and isinstance(current, Share)
    made = {"is_joined": is_joined} | changes
    return Pair(label=label, previous=previous, current=current, **made)


def _pairs(*pairs: Pair) -> PairChart:
    group = PairGroup(title="Математика", pairs=pairs)
    return PairChart(previous="ВПР осень 2020", current="ВПР весна 2021", groups=(group,))


QUARTER, THIRD = Share(numerator=3, denominator=12), Share(numerator=4, denominator=12)


def _count(chart: PairChart, pattern: str) -> int:
    return len(re.findall(pattern, drawing.chart_svg(chart).decode()))


def test_a_change_has_a_value_at_both_ends_and_the_dots_are_named_once() -> None:
    texts = _texts(_pairs(_pair("Школа А", QUARTER, THIRD), _pair("Школа Б", THIRD, QUARTER)))
    assert texts.count("25,0\u00a0%") == texts.count("33,3\u00a0%") == 2
    assert {"+8,3\u00a0п.\u00a0п.", "\u22128,3\u00a0п.\u00a0п."} <= set(texts)
    assert texts.count("ВПР осень 2020") == texts.count("ВПР весна 2021") == 1


def test_what_can_not_be_compared_is_not_joined_and_gives_no_change() -> None:
    line = 'stroke-width: 1.6"'
    joined = _pairs(_pair("Школа А", QUARTER, THIRD))
    apart = _pairs(_pair("Школа А", QUARTER, THIRD, is_joined=False))
    assert (_count(joined, line), _count(apart, line)) == (1, 0)
    assert "не\u00a0сравнивается" in _texts(apart)
    assert not [text for text in _texts(apart) if "п.\u00a0п." in text]


def test_a_small_group_is_a_word_and_not_a_dot() -> None:
    both = _pairs(_pair("Школа А", QUARTER, THIRD))
    small = _pairs(_pair("Школа А", Suppressed(), THIRD))
    none = _pairs(_pair("Школа А", Suppressed(), NotHeld()))
    dots = "stroke-width: 1.1;"
    assert [_count(chart, dots) for chart in (both, small, none)] == [2, 1, 0]
    assert "менее 5\u00a0уч." in _texts(small)
    assert drawing.chart_svg(_pairs()).startswith(b"<svg")


def test_only_what_became_worse_is_red() -> None:
    red = "(?i)#a3221b"
    calm = _pairs(_pair("Школа А", QUARTER, THIRD))
    worse = _pairs(_pair("Школа А", QUARTER, THIRD, is_worse=True))
    assert _count(calm, red) == 0
    assert _count(worse, red) > 3


def test_a_long_chart_of_changes_is_divided_between_pages() -> None:
    pairs = [_pair(f"Школа № {n} (условная)", QUARTER, THIRD) for n in range(1, 61)]
    parts = drawing.pictures(_pairs(*pairs))
    assert len(parts) > 1
    assert all(drawing.height_mm(part) <= drawing.TALLEST_MM for part in parts)
    assert [p for part in parts for group in part.groups for p in group.pairs] == pairs
    assert all("ВПР осень 2020" in _texts(part) for part in parts)
