"""The next year's plan is a draft with every year moved and nothing said of the year before."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadmap.paths import PLANS, ROOT
from roadmap.plan.due import due_date, start_date
from roadmap.plan.load import load_plan, load_plans
from roadmap.plan.model import Plan
from roadmap.plan.new_year import (
    NOT_COMPARABLE,
    NewYearRefused,
    broken_promises,
    moved_day,
    moved_text,
    next_plan,
)
from roadmap.plan.schedule import phase_events
from roadmap.plan.working_days import is_working_day
from roadmap_cli.new_year import summary, write_draft
from support.plans import WHOLE_PLANS, whole_plan

TEXT = (WHOLE_PLANS / "2021.yaml").read_text(encoding="utf-8")
PLAN = whole_plan()
YEARS = range(2022, 2031)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of plans: the one of the year, and the working days that are shipped."""
    for path in (WHOLE_PLANS / "2021.yaml", PLANS / "working_days.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def draft(folder: Path, year: int) -> Plan:
    return write_draft(str(year), None, "2021", folder)


def test_the_command_writes_a_plan_that_is_valid(folder: Path) -> None:
    command = [sys.executable, "-m", "roadmap_cli.new_year", "--plan", "2027", "--from", "2021"]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "plugins")}
    done = subprocess.run(
        [*command, "--plans", str(folder)], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Записан черновик плана 2027 года" in done.stdout
    assert "30.12.2027 10:00  Итоги реализации проекта (декабрь 2027 г.)" in done.stdout
    plans, errors = load_plans(folder)
    assert errors == ()
    assert [plan.year for plan in plans] == [2021, 2027]
    before = (folder / "2027.yaml").read_bytes()
    again = subprocess.run(
        [*command, "--plans", str(folder)], env=env, capture_output=True, text=True, check=False
    )
    assert again.returncode == 1
    assert "План 2027 года уже есть" in again.stderr
    assert "Traceback" not in again.stderr
    assert (folder / "2027.yaml").read_bytes() == before


@pytest.mark.parametrize("year", YEARS)
def test_every_year_of_the_decade_can_be_drafted(folder: Path, year: int) -> None:
    plan = draft(folder, year)
    assert plan == load_plan(str(year), folder)
    assert list(broken_promises(plan, PLAN, year)) == []
    assert (plan.in_force, plan.closed, plan.order.number, plan.order.date) == (
        None, False, None, None,
    )  # fmt: skip
    assert sorted(path.name for path in folder.iterdir()) == [
        "2021.yaml", f"{year}.yaml", "working_days.yaml",
    ]  # fmt: skip
    for phase in plan.phases:
        (event,) = phase_events(phase.code, [plan])
        assert is_working_day(event.run_at.date())
        assert event.data_interval_start.date() <= event.run_at.date()
        assert (event.run_at.year, event.closed) == (year, False)


@pytest.mark.parametrize("year", [2027, 2028])
def test_days_are_those_of_the_earlier_plan_in_the_new_year(folder: Path, year: int) -> None:
    plan, shift = draft(folder, year), year - 2021
    found = {m.number: (start_date(m.window), due_date(m.window)) for m in plan.measures}
    for measure in PLAN.measures:
        starts, due = start_date(measure.window), due_date(measure.window)
        assert found[measure.number] == (
            starts and moved_day(starts, shift),
            due and moved_day(due, shift),
        )
    for before, after in zip(PLAN.phases, plan.phases, strict=True):
        assert after.as_of == moved_day(before.as_of, shift)
        assert after.reply_by.on == moved_day(before.reply_by.on, shift)
        assert after.run_at == time(10, 0)


def test_titles_codes_and_procedures_move_with_the_year(folder: Path) -> None:
    plan = draft(folder, 2027)
    by_code = {i.code: i for measure in plan.measures for i in measure.indicators}
    assert by_code["6.1"].parameters["event"] == "webinar-2027-03-12"
    assert by_code["6.1"].recommendation is not None
    assert by_code["6.1"].recommendation.text.startswith("Изучить запись вебинара 12.03.2027")
    assert plan.measure("6").date_text == "12 марта 2027 г."
    assert plan.measure("17").indicator_text.endswith("направления работы в 2028 г.")
    march, august = plan.phase("march_analysis"), plan.phase("august_analysis")
    assert march.title == "Комплексный анализ (март 2027 г.)"
    assert [procedure.key for procedure in march.procedures] == [
        "vpr/2026/autumn", "ege/2026/main", "rdr/2026/autumn", "oge/2026/main",
    ]  # fmt: skip
    assert {comparison.current for comparison in august.comparisons} == {
        procedure.key for procedure in august.procedures
    }


def test_what_was_so_in_one_year_only_is_not_told_of_the_next(folder: Path) -> None:
    """That exams were cancelled, that classes were others, which orders there were."""
    plan = draft(folder, 2027)
    assert any(p.not_held for phase in PLAN.phases for p in phase.procedures)  # else no case
    assert any(p.caution for phase in PLAN.phases for p in phase.procedures)
    assert not any(p.not_held or p.caution for phase in plan.phases for p in phase.procedures)
    comparisons = [c for phase in plan.phases for c in phase.comparisons]
    assert len(comparisons) == 4
    assert {(c.not_comparable, c.caution) for c in comparisons} == {(NOT_COMPARABLE, None)}
    assert plan.based_on == ()
    documents = plan.measure("1").rules["required_documents"]
    assert isinstance(documents, tuple)
    assert "приказ об участии в проекте" in documents
    text = (folder / "2027.yaml").read_text("utf-8")
    _, _, body = text.partition("\nyear: 2027\n")
    assert body
    assert re.findall(r"2021|2020|2022|№ 376|№ 161|отменен|\b161\b|\b376\b", body) == []


def test_no_comment_of_the_draft_names_a_year_but_its_header(folder: Path) -> None:
    draft(folder, 2027)
    header, _, body = (folder / "2027.yaml").read_text("utf-8").partition("\nyear: 2027\n")
    assert "ПРОЕКТ плана-графика" in header
    assert "in_force" in header
    comments = [line for line in body.splitlines() if line.lstrip().startswith("#")]
    assert len(comments) > 20  # what explains a rule stays
    assert not [line for line in comments if re.search(r"\b(19|20)\d\d\b", line)]


def test_a_plan_that_is_there_is_never_overwritten(folder: Path) -> None:
    (folder / "2027.yaml").write_text("чужой файл", encoding="utf-8")
    with pytest.raises(NewYearRefused, match=r"План 2027 года уже есть: файл «2027\.yaml»"):
        draft(folder, 2027)
    assert (folder / "2027.yaml").read_text("utf-8") == "чужой файл"


@pytest.mark.parametrize(
    ("code", "source", "told"),
    [
        ("2021", "2021", "уже есть"),
        ("2020", "2021", "Новый план делают на год позже"),
        ("2100", "2021", "не позже 2099"),
        ("2020", None, "Нет плана раньше 2020 года"),
    ],
)
def test_a_year_that_can_t_be_made_is_told(
    folder: Path, code: str, source: str | None, told: str
) -> None:
    with pytest.raises(NewYearRefused, match=told):
        write_draft(code, None, source, folder)
    assert len(list(folder.iterdir())) == 2


def test_a_plan_written_in_another_way_is_refused_and_nothing_is_left(folder: Path) -> None:
    """The text is edited line by line; what escapes that is found when it is read again."""
    path = folder / "2021.yaml"
    odd = TEXT.replace("in_force: 2021-03-19", '"in_force": 2021-03-19')
    assert odd != TEXT
    path.write_text(odd, encoding="utf-8")
    with pytest.raises(NewYearRefused, match="План 2027 года не записан"):
        draft(folder, 2027)
    assert not (folder / "2027.yaml").exists()


def test_without_from_the_latest_earlier_plan_is_taken(folder: Path) -> None:
    draft(folder, 2027)
    assert write_draft("2029", None, None, folder).measure("6").date_text == "12 марта 2029 г."
    header = (folder / "2029.yaml").read_text("utf-8")
    assert "повторяют план 2027 года с другими" in header
    assert write_draft("2025", None, None, folder).year == 2025


def test_a_year_whose_transfers_are_unknown_says_so(folder: Path) -> None:
    told = (
        "  include/plans/working_days.yaml — переносы выходных 2029 года, когда они утверждены: "
        "до тех пор дни запуска могут сдвинуться"
    )
    assert told in summary(draft(folder, 2029), folder)
    assert not [line for line in summary(draft(folder, 2027), folder) if "переносы" in line]


@pytest.mark.parametrize(
    ("text", "years", "moved"),
    [
        ("Март-апрель 2021 г.", 6, "Март-апрель 2027 г."),
        ("29 февраля 2024 г.", 1, "28 февраля 2025 г."),
        ("28 февраля 2021 года", 3, "29 февраля 2024 года"),
        ("on: 2024-02-29", 4, "on: 2028-02-29"),
        ("до 29.02.2024", 2, "до 28.02.2026"),
        ("webinar-2021-06", 6, "webinar-2027-06"),
        ("ege/2020/main", 6, "ege/2026/main"),
        ("last_year: 2022", 6, "last_year: 2028"),
        (
            "{kind: yearly, starts: 09-01, ends: 05-31}",
            6,
            "{kind: yearly, starts: 09-01, ends: 05-31}",
        ),
        (
            "{kind: dates, on: [2021-03-01, 2022-09-01]}",
            6,
            "{kind: dates, on: [2027-03-01, 2028-09-01]}",
        ),
        ("2021-13-99", 6, "2027-13-99"),
        ("школа № 12021, 14 мероприятий, 500+", 6, "школа № 12021, 14 мероприятий, 500+"),
        ("(0000) 00-00-00", 6, "(0000) 00-00-00"),
    ],
)
def test_years_in_a_text_move_and_other_numbers_do_not(text: str, years: int, moved: str) -> None:
    assert moved_text(text, years) == moved


@given(st.dates(date(2000, 1, 1), date(2060, 12, 31)), st.integers(1, 39))
def test_a_moved_day_keeps_its_month_and_nearly_its_number(day: date, years: int) -> None:
    moved = moved_day(day, years)
    assert (moved.year, moved.month) == (day.year + years, day.month)
    assert moved.day == day.day or (day.month == 2 and (moved + timedelta(1)).month == 3)


@given(st.dates(date(2000, 1, 1), date(2060, 12, 31)), st.integers(1, 39))
def test_a_day_in_a_text_moves_as_a_day_does(day: date, years: int) -> None:
    moved = moved_day(day, years)
    assert moved_text(f"{day:%Y-%m-%d}", years) == f"{moved:%Y-%m-%d}"
    assert moved_text(f"{day:%d.%m.%Y}", years) == f"{moved:%d.%m.%Y}"


def test_the_text_alone_says_nothing_of_another_year() -> None:
    with pytest.raises(NewYearRefused):
        next_plan(TEXT, PLAN, 2021, "2021")
