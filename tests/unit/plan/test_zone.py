"""Whose time a moment is told in: of the plan that it belongs to, else of the latest plan."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from roadmap.plan.new_year import next_plan
from roadmap.plan.region import LocalTime
from roadmap.plan.zone import WITHOUT_A_PLAN, home_time, occasion_time
from support.plans import SMALL_PLANS, small_plan

URALS = LocalTime(ZoneInfo("Asia/Yekaterinburg"), "время Екатеринбурга")
MOSCOW = LocalTime(ZoneInfo("Europe/Moscow"), "МСК")


def two_plans(folder: Path) -> Path:
    """That of 2021 keeps Moscow's time, the later one does not."""
    text = (SMALL_PLANS / "2021.yaml").read_text(encoding="utf-8")
    later = (
        next_plan(text, small_plan(), 2027, "2027")
        .replace("time_zone: Europe/Moscow", f"time_zone: {URALS.zone.key}")
        .replace("time_zone_name: МСК", f"time_zone_name: {URALS.name}")
    )
    (folder / "2021.yaml").write_text(text, encoding="utf-8")
    (folder / "2027.yaml").write_text(later, encoding="utf-8")
    return folder


def test_what_belongs_to_no_plan_is_told_in_the_time_of_the_latest(tmp_path: Path) -> None:
    assert home_time(two_plans(tmp_path)) == URALS


def test_an_occasion_is_told_in_the_time_of_its_own_plan(tmp_path: Path) -> None:
    folder = two_plans(tmp_path)
    assert occasion_time("2021/march_analysis", folder) == MOSCOW
    assert occasion_time("2027/march_analysis", folder) == URALS
    assert occasion_time("2031/march_analysis", folder) == URALS


def test_without_a_plan_there_is_a_time_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "2021.yaml").write_text("year: 2021\n", encoding="utf-8")
    assert home_time(tmp_path) == occasion_time("2021/march_analysis", tmp_path) == WITHOUT_A_PLAN


def test_a_moment_has_the_zone_of_its_time() -> None:
    moment = MOSCOW.at(1_616_742_840_000)
    assert moment == datetime(2021, 3, 26, 10, 14, tzinfo=MOSCOW.zone)
    assert URALS.at(1_616_742_840_000).utcoffset() == timedelta(hours=5)
