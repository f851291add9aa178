"""Words of registers that stand elsewhere: the risk factors of a year, the phases of a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from roadmap.evidence.names import comparable
from roadmap.evidence.registers.risk_factors import (
    RiskFactorsError,
    factor_names,
    risk_factors,
)
from roadmap.evidence.registers.vocabulary import with_words
from roadmap.paths import RISK_FACTORS
from roadmap.plan.load import load_plan
from support.evidence_files import PLAN


def test_the_profile_of_2021_has_twelve_factors_and_the_merged_one_fewer() -> None:
    by_year = {year: list(risk_factors(year)) for year in (2020, 2021, 2022)}
    assert {year: len(codes) for year, codes in by_year.items()} == {2020: 8, 2021: 12, 2022: 8}
    merged = {"motivation", "wellbeing", "discipline"}
    assert merged <= set(by_year[2021])
    assert not merged & set(by_year[2022])
    assert "environment" in by_year[2022] and "environment" not in by_year[2021]


def test_a_list_holds_until_the_next_one() -> None:
    assert list(risk_factors(2027)) == list(risk_factors(2022))
    assert list(risk_factors(2019)) == list(risk_factors(2020))


def test_every_factor_has_a_name_whatever_year_it_is_of() -> None:
    names = factor_names()
    assert len(names) == 13
    assert names["parents"] == "Низкий уровень вовлечённости родителей"
    assert len({comparable(name) for name in names.values()}) == 13


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("name: Дефицит педагогических кадров", "title: Дефицит", "factors.staff.name"),
        ("    - staff\n", "    - stuff\n", "нет в factors: stuff"),
        ("Недостаток педагогических кадров", "Низкая учебная мотивация", "у двух факторов"),
        ("years:", "years: [", "это не YAML"),
    ],
)
def test_a_wrong_list_of_factors_names_the_place(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    text = RISK_FACTORS.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "risk_factors.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RiskFactorsError, match=says):
        risk_factors(2021, path)


def test_every_way_to_write_a_factor_of_the_year_means_its_code() -> None:
    words = with_words({"register": "risk_profiles"}, PLAN)["choices"]["factor"]
    for code, factor in risk_factors(2021).items():
        assert {words[name] for name in (factor.name, *factor.aliases, code)} == {code}


def test_every_phase_of_the_plan_is_named_by_its_month() -> None:
    words = with_words({"register": "acknowledgements"}, PLAN)["choices"]["phase"]
    assert {words[month] for month in ("март", "июнь", "август", "сентябрь", "декабрь")} == {
        phase.code for phase in load_plan("2021").phases
    }


def test_words_of_a_vocabulary_stand_beside_those_of_the_source() -> None:
    options = {"register": "medk_documents", "choices": {"state": ["загружен"]}}
    assert set(with_words(options, PLAN)["choices"]) == {"state", "factor"}
    assert with_words({"register": "contacts"}, PLAN) == {"register": "contacts"}
    assert with_words({"wave": "main"}, PLAN) == {"wave": "main"}


def test_readers_of_exports_are_told_the_plan_s_municipalities() -> None:
    options = with_words({"municipalities": "plan", "waves": {}}, PLAN)
    municipalities = load_plan("2021").municipalities
    assert options == {"municipalities": [one.name for one in municipalities], "waves": {}}
