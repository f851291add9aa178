"""Kinds of assessment procedures are data, read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from roadmap.paths import PROCEDURES
from roadmap.plan.checks import contradictions
from roadmap.plan.model import Plan
from roadmap.plan.procedures import ProceduresError, kinds, low_of, read_procedures, scales
from support.plans import small_plan


def test_each_kind_has_a_scale_with_the_words_of_its_low_result() -> None:
    assert {kind.scale for kind in kinds().values()} <= set(scales())
    assert low_of(["marks"]) == "отметок «2»"
    assert low_of(["marks", "levels"]) == "низких результатов"


@pytest.mark.parametrize(
    ("grade", "name"), [(9, "КР-9"), (10, "ДР-10")], ids=["ninth grade", "another"]
)
def test_a_paper_may_be_called_otherwise_in_one_grade(grade: int, name: str) -> None:
    assert kinds()["rdr"].paper_name(grade) == name


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("scale: levels", "scale: stars", "у вида fg шкалы «stars» нет"),
        ("waves: [main]", "waves: [winter]", "winter"),
        ('paper: "ДР-{grade}"', 'paper: "ДР-{year}"', "только {grade}"),
        ("drawn: true", "coloured: true", "coloured: лишнее поле"),
        ("main_subjects: [читательская", "main_subjects: [глобальная", "нет среди subjects"),
        ("fg:\n", "fg: [\n", "procedures.yaml» не принят"),
    ],
)
def test_a_slip_in_the_file_is_told_with_its_place(
    tmp_path: Path, was: str, now: str, told: str
) -> None:
    text = PROCEDURES.read_text(encoding="utf-8")
    assert was in text
    path = tmp_path / "procedures.yaml"
    path.write_text(text.replace(was, now), encoding="utf-8")
    with pytest.raises(ProceduresError) as refused:
        read_procedures(path)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "pisa"}, "phases[0].procedures[0].kind: «pisa» — такого вида процедур нет"),
        ({"wave": "main"}, "phases[0].procedures[0].wave: у вида vpr такого нет"),
    ],
)
def test_a_plan_names_kinds_and_waves_that_there_are(change: dict[str, str], told: str) -> None:
    said = small_plan().model_dump(mode="json")
    said["phases"][0]["procedures"][0] |= change
    problems = contradictions(Plan.model_validate(said), lambda _: True)
    assert told in " ".join(f"{path}: {text}" for path, text in problems)
