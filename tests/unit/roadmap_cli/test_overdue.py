"""The check from outside: letters that wait while nobody sends them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from roadmap.delivery.ledger import brakes
from roadmap.paths import ROOT
from roadmap.store.tables import delivery, delivery_event
from roadmap_cli.overdue import NoDatabase, database_url, overdue_letters
from support.ledger_world import make_run, plan_all

HOUR_MS = 3_600_000


def url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def wait(engine: Engine, hours: int) -> None:
    """Let the letters have waited for so long."""
    with engine.begin() as db:
        db.execute(
            update(delivery).values(not_before_ms=delivery.c.not_before_ms - hours * HOUR_MS)
        )
        db.execute(update(delivery_event).values(at_ms=delivery_event.c.at_ms - hours * HOUR_MS))


@pytest.fixture
def planned(any_engine: Engine) -> Engine:
    make_run(any_engine)
    plan_all(any_engine)
    return any_engine


def test_letters_that_nobody_sends_are_told_after_three_hours(planned: Engine):
    wait(planned, 2)
    assert overdue_letters(url(planned)) == ()
    wait(planned, 2)
    first, advice = overdue_letters(url(planned))
    assert "ждут дольше 3 ч, и никто их не отправляет: «Март: комплексный анализ»" in first
    assert "Буйский муниципальный район" in first
    assert "Проверьте, что Airflow работает" in advice
    assert "@" not in first + advice


def test_the_hours_are_those_of_the_alarms(planned: Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ROADMAP_OVERDUE_HOURS", "9")
    wait(planned, 8)
    assert overdue_letters(url(planned)) == ()
    wait(planned, 2)
    assert "дольше 9 ч" in overdue_letters(url(planned))[0]


def test_letters_that_somebody_holds_back_are_told_with_who_does(planned: Engine):
    wait(planned, 4)
    brakes.pause(planned, "2021/march_analysis", "live", "sender", "отказы")
    assert "Рассылка приостановлена" in overdue_letters(url(planned))[-1]
    brakes.stop(planned, "ivanova", "проверяем")
    assert "Вся отправка остановлена" in overdue_letters(url(planned))[-1]


def test_a_letter_that_is_tried_again_and_again_is_in_somebody_s_hands(planned: Engine):
    wait(planned, 4)
    with planned.begin() as db:
        later = delivery.c.not_before_ms + 5 * HOUR_MS
        db.execute(update(delivery).values(state="retry", not_before_ms=later))
    assert overdue_letters(url(planned)) == ()


def test_a_database_that_is_not_there_is_told_and_not_made(tmp_path: Path):
    missing = tmp_path / "none.db"
    with pytest.raises(NoDatabase, match="Файла базы данных"):
        overdue_letters(f"sqlite:///{missing}")
    assert not missing.exists()


def test_an_empty_database_is_no_good_news(bare_engine: Engine):
    bare_engine.connect().close()  # the file is there
    with pytest.raises(NoDatabase, match="ещё пуста"):
        overdue_letters(url(bare_engine))


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ('{"conn_type": "sqlite", "host": "/data/roadmap.db"}', "sqlite:////data/roadmap.db"),
        (
            '{"conn_type": "postgres", "host": "db", "port": 5432, "login": "r",'
            ' "password": "p@s/s", "schema": "roadmap"}',
            "postgresql+psycopg://r:p%40s%2Fs@db:5432/roadmap",
        ),
        ("postgres://r:p%40s@db/roadmap", "postgresql+psycopg://r:p%40s@db/roadmap"),
    ],
)
def test_the_connection_is_read_as_airflow_has_it(connection: str, expected: str):
    assert database_url({"AIRFLOW_CONN_ROADMAP_DB": connection}) == expected


@pytest.mark.parametrize("connection", ["", "{", '{"conn_type": "mysql", "host": "db"}', "none"])
def test_a_connection_that_is_no_use_is_told(connection: str):
    with pytest.raises(NoDatabase, match="roadmap_db"):
        database_url({"AIRFLOW_CONN_ROADMAP_DB": connection})


def test_the_command_says_yes_or_no_by_its_exit_code_and_needs_no_airflow(
    engine: Engine, tmp_path: Path
):
    make_run(engine)
    plan_all(engine)
    connection = {"conn_type": "sqlite", "host": engine.url.database}
    (tmp_path / "airflow").mkdir()
    (tmp_path / "airflow" / "__init__.py").write_text("raise SystemExit('imports Airflow')")
    env = os.environ | {
        "AIRFLOW_CONN_ROADMAP_DB": json.dumps(connection),
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT / 'plugins'}",
    }

    def check() -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "roadmap_cli.overdue"],
            env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stderr == ""
        return done.returncode, done.stdout

    assert check() == (0, "Просроченных писем нет.\n")
    wait(engine, 4)
    status, output = check()
    assert status == 1
    assert "никто их не отправляет" in output
