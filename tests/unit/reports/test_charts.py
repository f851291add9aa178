import io
import re

from lxml import etree
from PIL import Image

import report_models as factory
from roadmap.reports import charts
from roadmap.reports.model import BarChart

SVG = "{http://www.w3.org/2000/svg}"


def _texts(chart: BarChart) -> list[str]:
    root = etree.fromstring(charts.bar_chart_svg(chart))
    return [node.text for node in root.iter(f"{SVG}text")]


def test_every_bar_says_its_number_and_what_it_is_of() -> None:
    texts = _texts(factory.marks_chart())
    assert {"34,2\u00a0%", "13 из\u00a038", "менее 5\u00a0уч."} <= set(texts)
    assert {"регион\u00a018,6\u00a0%", "порог\u00a030\u00a0%"} <= set(texts)
    assert factory.NASTY.split(" &")[0] in " ".join(texts)


def test_only_what_reached_the_threshold_is_red() -> None:
    svg = charts.bar_chart_svg(factory.marks_chart()).decode()
    assert len(re.findall(r'style="fill: #a3221b"', svg)) == 2  # the bars of one school
    assert len(re.findall(r'style="fill: #7f8b9b"', svg)) == 2


def test_letters_are_nine_points_at_150_millimetres() -> None:
    svg = charts.bar_chart_svg(factory.marks_chart()).decode()
    assert set(re.findall(r"font-size: ([\d.]+)px", svg)) == {"9"}
    width = re.search(r'width="([\d.]+)pt"', svg)
    assert width is not None
    assert abs(float(width.group(1)) - 150 * 72 / 25.4) < 0.1


def test_the_picture_asks_for_nothing_from_outside() -> None:
    svg = charts.bar_chart_svg(factory.marks_chart())
    assert b"<!DOCTYPE" not in svg
    assert b"href" not in svg.replace(b"xmlns:xlink", b"")


def test_the_same_chart_gives_the_same_bytes() -> None:
    chart = factory.marks_chart()
    charts.bar_chart_svg.cache_clear()
    first = charts.bar_chart_svg(chart)
    charts.bar_chart_svg.cache_clear()
    assert charts.bar_chart_svg(chart) == first
    png = charts.bar_chart_png(chart)
    assert charts.bar_chart_png(chart) == png
    assert Image.open(io.BytesIO(png)).width == int(150 / 25.4 * 300)


def test_no_number_is_crossed_by_a_line() -> None:
    assert charts._beside(10, 20, [15.0, 40.0]) == 15.0 + charts._GAP_MM
    assert charts._beside(10, 20, [15.0, 35.0]) == 35.0 + charts._GAP_MM
    assert charts._beside(10, 20, [5.0, 60.0]) == 10


def test_a_long_chart_is_divided_so_that_each_part_stands_on_a_page() -> None:
    many = {f"Школа № {n} (условная)": {"Русский язык": (4, 5, 6, 7), "Математика": None}
            for n in range(1, 61)}  # fmt: skip
    chart = factory.marks_chart(many)
    parts = charts.pictures(chart)
    assert len(parts) > 1
    assert all(charts.height_mm(part) <= charts.TALLEST_MM for part in parts)
    assert [bar for part in parts for group in part.groups for bar in group.bars] == [
        bar for group in chart.groups for bar in group.bars
    ]


def test_a_chart_without_bars_is_still_drawn() -> None:
    assert charts.bar_chart_svg(BarChart(groups=())).startswith(b"<svg")
