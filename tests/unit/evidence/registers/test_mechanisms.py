"""The check-list of the municipal management cycle: its criteria, and what its rows may not say."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from roadmap.datasets.municipal_mechanisms import DATASET
from roadmap.evidence.names import comparable
from roadmap.evidence.registers.mechanisms import MechanismsError, component_words, mechanisms
from roadmap.evidence.schemas import check
from roadmap.paths import MECHANISMS
from support.evidence_files import MECHANISMS as HEADING
from support.evidence_files import read_register, workbook


def test_the_cycle_has_nine_components_and_every_score_of_each_means_something() -> None:
    cycle = mechanisms()
    assert list(cycle.components) == [
        "goals", "indicators", "collection", "monitoring", "analysis", "recommendations",
        "measures", "decisions", "effectiveness",
    ]  # fmt: skip
    assert cycle.weak == (0, 1)
    for component in cycle.components.values():
        assert sorted(component.scores) == [0, 1, 2]
        assert len(set(component.scores.values())) == 3


def test_no_two_weak_components_get_the_same_advice() -> None:
    advice = [one.recommendation.text for one in mechanisms().components.values()]
    assert len(set(advice)) == len(advice)
    assert mechanisms().none_weak.text not in advice


def test_advice_is_due_so_many_days_after_the_day_that_the_letter_judges() -> None:
    assert mechanisms().components["goals"].recommendation.due(date(2021, 3, 31)) == date(
        2021, 4, 30
    )


def test_a_file_may_name_a_component_by_its_name_its_short_name_or_its_code() -> None:
    words = component_words()
    assert {words[name] for name in ("Методы сбора", "collection")} == {"collection"}
    assert len({comparable(name) for name in words}) == len(words)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("name: Цели", "title: Цели", "поле components.goals.name: поля нет"),
        ("      2: цели определены, обоснованы и измеримы\n", "", "описаны не все баллы"),
        ("due_days: 30", "due_days: 0", "due_days: «0» меньше 1"),
        ("components:", "components: [", "не принят: "),
    ],
)
def test_wrong_criteria_name_the_place_and_what_to_mend_there(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    text = MECHANISMS.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "mechanisms.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(MechanismsError, match=says):
        mechanisms(path)


def test_a_municipality_has_one_date_of_its_recommendations() -> None:
    rows = [
        HEADING,
        ["buyskiy", "Цели", 1, date(2021, 3, 24)],
        ["buyskiy", "Анализ", 2, date(2021, 3, 25)],
        ["galich", "Цели", 1, date(2021, 3, 24)],
        ["galich", "Анализ", 2, None],
    ]
    parsed = read_register("municipal_mechanisms", workbook(DATASET.sheet or "", rows))
    checked = check(parsed, "файл.xlsx")
    assert [(one.rule, one.row) for one in checked.rejected] == [
        ("CONTRADICTION", 2),
        ("CONTRADICTION", 3),
    ]
    assert {row["municipality_id"] for row in checked.facts["mechanism_score"]} == {"galich"}
