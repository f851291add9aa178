"""Scales are data, checked when they are read, and cross a process as plain data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from roadmap.evidence.scales import ScalesError, options_for


def test_the_scales_of_both_years_are_there_and_cross_as_json():
    options = options_for("vpr")
    assert json.loads(json.dumps(options)) == options
    assert set(options["scales"]) >= {"2020", "2021"}
    assert options["scales"]["2020"]["математика"]["5"] == {"max": 20, "3": 7, "4": 11, "5": 15}
    papers = sum(len(grades) for grades in options["scales"]["2021"].values())
    assert papers == 17  # docs/domain.md §3.3.1 lists as many


def test_the_minima_of_the_exams_of_2020():
    minima = options_for("ege")["scales"]["2020"]
    assert minima["русский язык"] == 36
    assert minima["информатика"] == 40
    assert len(minima) >= 9


def test_a_source_without_scales_gets_none():
    assert options_for(None) == {}


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ('математика: {5: {max: 20, "3": 11, "4": 7, "5": 15}}', "математика.5"),
        ('математика: {5: {max: 14, "3": 7, "4": 11, "5": 15}}', "математика.5"),
        ("математика: {5: {max: 20}}", "математика.5"),
        ("математика: [", "не читается"),
    ],
)
def test_a_wrong_scale_is_refused_with_its_path(tmp_path: Path, text: str, inside: str):
    (tmp_path / "vpr_2020.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScalesError, match=inside):
        options_for("vpr", tmp_path)
