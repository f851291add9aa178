"""Scales are data, checked when they are read, and cross a process as plain data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from roadmap.evidence.scales import ScalesError, options_for


def test_scales_cross_a_process_as_json():
    options = options_for("vpr")
    assert json.loads(json.dumps(options)) == options
    assert options["scales"]["2020"]["математика"]["5"] == {"max": 20, "3": 7, "4": 11, "5": 15}


def test_years_that_share_a_paper_share_its_scale_unless_its_tasks_changed():
    scales = options_for("vpr")["scales"]
    papers = {
        year: {
            (subject, grade): scale
            for subject, grades in of.items()
            for grade, scale in grades.items()
        }
        for year, of in scales.items()
    }
    assert len(papers["2021"]) == 31
    assert papers["2021"].keys() - papers["2022"].keys() == {("история", "6"), ("география", "7")}
    assert papers["2022"].items() <= papers["2021"].items()
    assert {paper for paper, scale in papers["2020"].items() if papers["2021"][paper] != scale} == {
        ("биология", "8")
    }  # 35 points in autumn, 36 in spring


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
