"""Whoever edits a plan is told all that is wrong with it at once, else what is left to fill in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from roadmap.paths import PLANS, ROOT
from roadmap.plan.check_file import check_file, left_to_fill
from roadmap.plan.load import load_plan
from roadmap_cli.new_year import write_draft
from support.plans import WHOLE_PLANS

GOOD = (WHOLE_PLANS / "2021.yaml").read_text(encoding="utf-8")


def written(folder: Path, *changes: tuple[str, str], name: str = "2021.yaml") -> Path:
    """A file of the year's plan with pieces of its text replaced where each is first met."""
    text = GOOD
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def line_of(path: Path, piece: str) -> int:
    """The line of the file in which that piece is first met."""
    lines = path.read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if piece in line)


def checked(path: Path | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "roadmap_cli.check_plan", "--file", str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "plugins")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_field_that_is_none_is_told_at_once_with_its_line_and_what_to_write(tmp_path: Path):
    path = written(
        tmp_path,
        ("run_day: 2021-03-31", "run_day: 2021-02-30"),
        ("closed: true", "closd: true"),
        ('code: "6.1"', "code: 6.1"),
    )
    found = check_file(path)
    assert found.faults == (
        "closed: поля нет, а оно обязательно: допишите его",
        f"строка {line_of(path, 'closd')}, closd: лишнее поле, такого здесь не бывает: исправьте "
        "название или удалите",
        f"строка {line_of(path, 'code: 6.1')}, measures[5].indicators[0].code: «6.1» — нужен текст "
        "(числа и да/нет — в кавычках)",
        f"строка {line_of(path, '2021-02-30')}, phases[0].run_day: «2021-02-30» — такого дня нет",
    )
    assert found.lines[0] == "План не принят: файл «2021.yaml», 4\xa0ошибки."
    assert "Остальное станет видно, когда каждое поле записано верно." in found.lines[-1]
    assert found.lines[-1].endswith("этапы этого плана не запускаются.")


def test_every_contradiction_is_told_at_once(tmp_path: Path):
    path = written(
        tmp_path,
        ("run_day: 2021-03-31", "run_day: 2021-02-26"),
        ("target: 14", "target: 13.5"),
        ("year: 2021\norder", "year: 2022\norder"),
        ("phases:\n  - code: march_analysis", "phases:\n  - code: march_analyses"),
    )
    found = check_file(path)
    told = {fault.partition(": ")[0] for fault in found.faults}
    assert {
        f"строка {line_of(path, 'year: 2022')}, year",
        f"строка {line_of(path, 'target: 13.5')}, measures[7].indicators[0].target",
        f"строка {line_of(path, 'run_day: 2021-02-26')}, phases[0].run_day",
    } <= told
    assert any("нет этапа «march_analysis»" in fault for fault in found.faults)
    numbers = [
        int(number) for number in re.findall(r"^строка (\d+)", "\n".join(found.faults), re.M)
    ]
    assert numbers == sorted(numbers)
    assert "Остальное" not in found.lines[-1]


def test_what_is_missing_is_told_at_the_line_of_what_should_hold_it(tmp_path: Path):
    path = written(tmp_path, ("    approval: {required: false}\n", ""))
    (fault,) = check_file(path).faults
    where = line_of(path, "code: march_analysis")
    assert fault.startswith(f"строка {where}, phases[0].approval: поля нет")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"year: 2021\nyear: 2022\n- 1\n", "строка 3: это не YAML: отступ не такой"),
        (b"year: 2021\nyear: 2022\nclosed: 1\nclosed: 2\n", "строка 2: ключ «year» повторён"),
        ("place: Буй".encode("cp1251"), "текст не в кодировке UTF-8"),
        (b"", "«ничего» — нужны поля с отступом"),
    ],
)
def test_a_file_that_is_no_yaml_or_no_plan_is_told_so(tmp_path: Path, content: bytes, fault: str):
    (tmp_path / "2021.yaml").write_bytes(content)
    found = check_file(tmp_path / "2021.yaml")
    assert found.plan is None
    assert found.faults[0].startswith(fault)


def test_a_file_of_any_other_name_may_hold_any_year(tmp_path: Path):
    assert check_file(written(tmp_path, name="draft.yaml")).faults == ()
    (fault,) = check_file(written(tmp_path, name="2027.yaml")).faults
    assert "в файле «2027.yaml» план «2021»" in fault


def test_of_a_valid_plan_its_runs_are_told_and_nothing_is_left(tmp_path: Path):
    told = check_file(written(tmp_path)).lines
    assert told[0] == "План 2021 года («2021.yaml») записан верно."
    assert told[1] == "Запуски этапов (МСК):"
    assert told[2].startswith("  31.03.2021 10:00  ")
    assert len(told) == 2 + 5


def test_of_a_draft_all_that_is_left_is_told_until_it_is_filled_in(tmp_path: Path):
    for source in (WHOLE_PLANS / "2021.yaml", PLANS / "working_days.yaml"):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    path = tmp_path / "2035.yaml"
    draft = write_draft("2035", None, "2021", tmp_path)
    told = left_to_fill(draft)
    assert told[0] == "Осталось заполнить:"
    left = [line.split(" — ")[0].strip() for line in told[1:]]
    assert left == [
        "order.number, order.date", "based_on", "measures", "phases", "in_force",
        *(
            f"not_comparable, этап «Август: комплексный анализ», «{procedure}»"
            for procedure in ("ВПР весна 2035", "ЕГЭ 2035", "ОГЭ 2035", "КР-9 весна 2035")
        ),
        "include/scales/ege_2034.yaml", "include/scales/ege_2035.yaml",
        "include/scales/vpr_2034.yaml", "include/scales/vpr_2035.yaml",
        "include/plans/working_days.yaml",
    ]  # fmt: skip
    filled = re.sub(r"\n +not_comparable: .*", "", path.read_text("utf-8"))
    for field, value in (
        ("  number", '"1"'),
        ("  date", "2035-01-09"),
        ("\nin_force", "2035-01-09"),
    ):
        filled = filled.replace(f"{field}: null", f"{field}: {value}", 1)
    path.write_text(filled, encoding="utf-8")
    told = left_to_fill(load_plan("2035", tmp_path))
    assert [line for line in told[1:] if not line.startswith("  include/")] == []


def test_the_command_ends_with_an_error_only_where_the_plan_may_not_be_used(tmp_path: Path):
    good = checked(written(tmp_path))
    assert (good.returncode, good.stderr) == (0, "")
    assert "записан верно" in good.stdout
    bad = checked(written(tmp_path, ("closed: true", "closed: да")))
    assert (bad.returncode, bad.stderr) == (1, "")
    assert "closed: «да» — нужно true или false" in bad.stdout


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("", "Не указано: FILE=…"),
        ("/nowhere/2027.yaml", "Файла «/nowhere/2027.yaml» нет."),
        ("/", "«/» не читается"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_one_line(file: str, told: str):
    done = checked(file)
    assert done.returncode == 1
    assert done.stderr.startswith(told)
    assert len(done.stderr.splitlines()) == 1
