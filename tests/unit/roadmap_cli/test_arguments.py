"""A slip in a command is answered in Russian, with what may stand there instead."""

from __future__ import annotations

import pytest

from roadmap_cli.phase_dag import phase_arguments

ASKED = ["--phase=march_analysis", "--plan=2021"]


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        (
            "--plan=двадцать",
            "PLAN: «двадцать» — не код плана: латинские буквы, цифры и дефис, не больше 40.",
        ),
        (
            "--mode=test",
            "MODE: «test» — нет такого. Есть: live (письма адресатам), redirect (письма на "
            "проверочный адрес), dry (ничего не отправлять).",
        ),
        (
            "--known-by=all",
            "KNOWN_BY: «all» — нет такого. Есть: loaded (по загруженному), received (по всему "
            "поступившему).",
        ),
        ("--sample=ноль", "SAMPLE: «ноль» — не число адресатов от 1."),
    ],
)
def test_a_slip_is_told_by_its_name_with_what_may_stand_there(slip: str, says: str):
    with pytest.raises(SystemExit) as refused:
        phase_arguments("").parse_args([*ASKED, slip])
    assert str(refused.value) == says
