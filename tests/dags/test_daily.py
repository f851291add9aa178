"""The daily intake and the calendar watch, run for real: Airflow, SQLite, the demo's mailbox."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from airflow.dag_processing.dagbag import DagBag
from sqlalchemy import Engine, select

from roadmap.paths import ROOT
from roadmap.plan.load import load_plan
from roadmap.plan.model import Plan
from roadmap.plan.windows import OnDay, Period
from roadmap.store.engine import open_engine
from roadmap.store.migrate import upgrade
from roadmap.store.tables import delivery, held_file_decision, phase_run
from roadmap_airflow.defaults import HOME_ZONE
from roadmap_demo.generate import generate
from support.march_world import Letters, free_ports, mailbox
from support.plans import small_plan

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

VAR = Path(os.environ["AIRFLOW_HOME"]).parent / "var"
TODAY = datetime.now(HOME_ZONE).date()
IN_TWO_WEEKS = TODAY + timedelta(days=14)


@dataclass(frozen=True)
class World:
    """The demo's spring in an inbox, an empty roadmap database, a mailbox, Airflow's database."""

    engine: Engine
    letters: Letters
    inbox: Path

    def run(self, dag_id: str, **conf: Any) -> dict[tuple[str, int], str]:
        """State of each task of a new run of the DAG, by task and map index."""
        bag = DagBag(str(ROOT / "dags" / f"{dag_id}.py"))
        dag_run = bag.dags[dag_id].test(logical_date=None, run_conf=conf or None)
        return {(ti.task_id, ti.map_index): str(ti.state) for ti in dag_run.get_task_instances()}

    def new_letters(self, before: int) -> list[Any]:
        return self.letters.all()[before:]


def prolong_the_project(registry: Path) -> None:
    """Let the participating schools of 2021 take part to this day."""
    book = openpyxl.load_workbook(registry)
    (sheet,) = book.worksheets
    (ends,) = [cell for row in sheet.iter_rows() for cell in row if cell.value == "В проекте по"]
    rows = range(ends.row + 1, sheet.max_row + 1)
    assert any(sheet.cell(row, ends.column).value for row in rows)
    for row in rows:
        sheet.cell(row, ends.column).value = None
    book.save(registry)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    VAR.mkdir(parents=True, exist_ok=True)
    generate(VAR / "inbox", until=date(2021, 4, 30))
    prolong_the_project(VAR / "inbox" / "2021" / "registry" / "schools.xlsx")
    for name in ("archive", "reports"):
        (VAR / name).mkdir(exist_ok=True)
    for command in (["airflow", "db", "migrate"], ["airflow", "pools", "set", "smtp", "2", "-"]):
        subprocess.run(command, check=True, capture_output=True)
    engine = open_engine(f"sqlite:///{VAR / 'roadmap.db'}")
    upgrade(engine)
    ports = free_ports()
    before = os.environ["AIRFLOW_CONN_SMTP_DEFAULT"]
    connection = json.loads(before) | {"port": ports.mail}
    os.environ["AIRFLOW_CONN_SMTP_DEFAULT"] = json.dumps(connection)
    with mailbox(VAR, ports) as letters:
        yield World(engine, letters, VAR / "inbox")
    os.environ["AIRFLOW_CONN_SMTP_DEFAULT"] = before
    engine.dispose()


@pytest.fixture(scope="module")
def first_intake(world: World) -> dict[tuple[str, int], str]:
    return world.run("evidence_intake")


@pytest.fixture
def plan_is(monkeypatch: pytest.MonkeyPatch) -> Callable[[Plan], None]:
    """Makes a plan the only one that there is."""

    def make(plan: Plan) -> None:
        monkeypatch.setattr("roadmap.plan.load.load_plan", lambda _year, *_folders: plan)
        monkeypatch.setattr("roadmap.plan.load.load_plans", lambda: ((plan,), ()))

    return make


def plan_of_today() -> Plan:
    """The year's plan, in force since today and open; measure 6 is due in two weeks."""
    plan = load_plan("2021")
    measures = tuple(
        measure.model_copy(update={"window": OnDay(kind="on", on=IN_TWO_WEEKS)})
        if measure.number == "6"
        else measure
        for measure in plan.measures
    )
    return plan.model_copy(update={"closed": False, "in_force": TODAY, "measures": measures})


def events_by_asset() -> Counter[str]:
    """How often each dataset's asset was updated, as Airflow's database has it."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session

    with create_session() as session:
        names = select(AssetModel.name).join(AssetEvent, AssetEvent.asset_id == AssetModel.id)
        return Counter(session.scalars(names))


def rows_in_the_grid() -> list[tuple[str, str | None]]:
    """What the grid shows of each mapped task of the calendar, by task."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    with create_session() as session:
        ours = (TaskInstance.dag_id == "calendar_watch", TaskInstance.map_index >= 0)
        found = select(TaskInstance.task_id, TaskInstance.rendered_map_index).where(*ours)
        return [(task, shown) for task, shown in session.execute(found)]


def test_the_intake_takes_in_what_arrived_and_is_green_whatever_was_refused(world, first_intake):
    taken = {state for (task, _), state in first_intake.items() if task == "take_in"}
    assert taken == {"success"}
    assert first_intake["tell_operator", -1] == "success"


def test_an_asset_is_updated_only_where_its_dataset_changed(world, first_intake):
    updated = events_by_asset()
    assert updated["Реестр школ"] == 1
    assert updated["ВПР: статистика по отметкам"] == 1
    assert updated["ОГЭ: протоколы РЦОИ"] == 0  # nothing of it comes before summer


def test_one_letter_tells_the_operator_what_to_mend(world, first_intake):
    (letter,) = [x for x in world.letters.all() if "замечания" in str(x["Subject"])]
    assert str(letter["To"]) == "operator@example.org"
    text = letter.get_body(("html",)).get_content()
    assert "Файл не принят." in text
    assert "Файл принят, кроме названных строк." in text
    assert "контакты" in text.lower()
    assert "@" not in text.replace("imya@example.org", "")  # no address of a contact


def test_what_lies_there_unchanged_is_not_told_again(world, first_intake):
    before, updated = len(world.letters.all()), events_by_asset()
    states = world.run("evidence_intake")
    assert set(states.values()) == {"success"}
    assert world.new_letters(before) == []
    assert events_by_asset() == updated


def test_what_was_not_accepted_is_printed_again_whenever_somebody_asks(world, first_intake, caplog):
    with caplog.at_level("WARNING", "roadmap"):
        assert world.run("rejected_rows")["tell", -1] == "success"
    told = [one.message for one in caplog.records if one.name == "roadmap"]
    assert any("принят с замечаниями" in line for line in told)
    assert any(line.startswith("— ") and re.search(r"строка \d+", line) for line in told)
    command = [sys.executable, "-m", "roadmap_cli.rejected", "--plan", "2021"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == told
    assert "@" not in printed.replace("imya@example.org", "")  # no address of a contact


def test_who_asks_by_the_year_as_before_plans_had_codes_is_told_of_the_plan_of_that_year(
    world, first_intake, caplog
):
    told = {}
    for year in (2020, 2021):
        caplog.clear()
        with caplog.at_level("WARNING", "roadmap"):
            assert world.run("rejected_rows", year=year)["tell", -1] == "success"
        told[year] = [one.message for one in caplog.records if one.name == "roadmap"]
    assert told[2020] == []
    assert told[2021] != []


def test_a_file_refused_today_is_told_alone(world, first_intake):
    before = len(world.letters.all())
    spoilt = world.inbox / "2021" / "attendance" / "spoilt.csv"
    spoilt.write_text("Ничего;Здесь\n1;2\n", encoding="utf-8")
    (spoilt.parent / "spoilt.csv.ready").touch()
    try:
        states = world.run("evidence_intake")
    finally:
        spoilt.unlink()
    assert set(states.values()) == {"success"}
    (letter,) = world.new_letters(before)
    text = letter.get_body(("html",)).get_content()
    assert str(letter["Subject"]) == "500+: замечания к файлам — 1"
    assert "spoilt.csv" in text
    assert "Участие в мероприятиях" in text
    assert "Лежат непринятыми" in text
    assert "spoilt.csv, папка attendance, план 2021 года" in text


def test_a_file_that_a_dry_phase_refused_first_is_told_by_the_daily_intake_and_one_out_of_place(
    world, first_intake
):
    from roadmap.evidence.intake import take_in
    from roadmap.evidence.sources import load_sources
    from roadmap.plan.load import load_plan

    before = len(world.letters.all())
    spoilt = world.inbox / "2021" / "attendance" / "taken.csv"
    lost = world.inbox / "2021" / "contacts.txt"
    for path in (spoilt, lost):
        path.write_text("Ничего;Нигде\n1;2\n", encoding="utf-8")
        (path.parent / f"{path.name}.ready").touch()
    try:
        now_ms = int(datetime.now(HOME_ZONE).timestamp() * 1000)
        source = load_sources()["attendance"]
        taken = take_in(
            world.engine, source, world.inbox, VAR / "archive", load_plan("2021"), now_ms
        )
        assert taken.refused
        world.run("evidence_intake")
        world.run("evidence_intake")
    finally:
        spoilt.unlink()
        lost.unlink()
    (letter,) = world.new_letters(before)
    text = letter.get_body(("html",)).get_content()
    assert "taken.csv" in text
    assert "Файл никому не принадлежит и не принят. Файл «contacts.txt», папка плана." in text


def test_a_file_that_covers_less_is_held_and_a_person_decides_in_airflow(
    world, first_intake, caplog
):
    before = len(world.letters.all())
    registry = world.inbox / "2021" / "registry" / "people.xlsx"
    whole = registry.read_bytes()
    book = openpyxl.load_workbook(registry)
    book.worksheets[0].delete_rows(5, 1000)
    book.save(registry)
    (registry.parent / "people.xlsx.ready").touch()
    try:
        world.run("evidence_intake")
        (letter,) = world.new_letters(before)
        text = letter.get_body(("html",)).get_content()
        assert "Файл придержан и ждёт вашего решения." in text
        assert "Файл не заменил прежние сведения: в нём заметно меньше." in text
        (code,) = re.findall(r"«Файл меньше прежнего: решить», код ([0-9a-f]{8})", text)
        decided = {"code": code, "reason": "сверено с институтом"}
        states = world.run("held_file", decision="keep", **decided)
        assert set(states.values()) == {"success"}
        assert "Решено: «оставить прежний»" in caplog.text
        states = world.run("held_file", decision="replace", **decided)
        assert set(states.values()) == {"success"}
        assert "принято" in caplog.text
        caplog.clear()
        world.run("held_file", decision="replace", **decided)
        assert "По этому решению он уже принят." in caplog.text
        assert "Файл не принят." not in caplog.text
        with world.engine.connect() as db:
            kept = db.execute(select(held_file_decision)).all()
        assert [(one.decision, one.reason) for one in kept] == [
            ("keep", "сверено с институтом"),
            ("replace", "сверено с институтом"),
        ]
        assert world.run("held_file", decision="keep", **decided)["decide", -1] == "failed"
    finally:
        registry.write_bytes(whole)
        world.run("evidence_intake")


def test_with_nothing_to_remind_of_the_watch_is_green_and_writes_to_nobody(world, plan_is):
    plan_is(load_plan("2021"))  # closed: neither reminds nor misses
    before = len(world.letters.all())
    states = world.run("calendar_watch")
    assert states["watch_runs", -1] == "success"
    assert states["find_reminders", -1] == "success"
    assert {state for (task, _), state in states.items() if task in {"send", "reconcile"}} == {
        "skipped"
    }
    assert world.new_letters(before) == []


def test_a_due_date_reminds_those_who_miss_something_once(world, first_intake, plan_is):
    plan_is(plan_of_today())
    before = len(world.letters.all())
    states = world.run("calendar_watch")
    assert set(states.values()) == {"success"}
    by_addressee = defaultdict(list)
    for letter in world.new_letters(before):
        by_addressee[str(letter["To"]) == "operator@example.org"].append(letter)
    reminders, (account,) = by_addressee[False], by_addressee[True]
    assert reminders
    subject = str(account["Subject"])
    assert subject.startswith("500+: Отправлено всем ")
    assert subject.endswith(f" — Напоминание о сроке {IN_TWO_WEEKS:%d.%m.%Y}")
    said = account.get_body(("html",)).get_content()
    assert ", получатель 2 из 2" in said
    assert re.search(r"\w@\w", said) is None
    addressed = [str(letter["To"]) for letter in reminders]
    assert len(set(addressed)) == len(addressed) < 16
    assert all(f"{IN_TWO_WEEKS:%d.%m.%Y}" in str(letter["Subject"]) for letter in reminders)
    with world.engine.connect() as db:
        occasions = db.execute(select(phase_run.c.occasion)).scalars().all()
    assert occasions == [f"2021/reminder/{IN_TWO_WEEKS}/14"]
    title = f"Напоминание о сроке {IN_TWO_WEEKS:%d.%m.%Y}"
    named = {"freeze", "check", "compose", "approve", "reconcile"}
    assert {task: shown for task, shown in rows_in_the_grid() if task in named} == dict.fromkeys(
        named, title
    )

    again = world.run("calendar_watch")
    assert {state for (task, _), state in again.items() if task == "send"} == {"skipped"}, again
    assert len(world.letters.all()) == before + len(reminders) + 1


def test_on_the_day_after_a_window_closed_the_department_and_the_operator_hear_of_it_once(
    world, first_intake, plan_is
):
    yesterday = TODAY - timedelta(days=1)
    year = load_plan("2021")
    window = Period(kind="period", starts=date(2021, 3, 1), ends=yesterday)
    measures = tuple(
        measure.model_copy(update={"window": window}) if measure.number == "8" else measure
        for measure in year.measures
    )
    plan_is(year.model_copy(update={"closed": False, "in_force": yesterday, "measures": measures}))
    before = len(world.letters.all())
    world.run("calendar_watch")
    letters = world.new_letters(before)
    (account,) = [one for one in letters if str(one["To"]) == "operator@example.org"]
    told = [one for one in letters if one is not account]
    assert told
    assert {str(one["Subject"]).split(" | ")[1] for one in told} == {
        f"Окончание срока {yesterday:%d.%m.%Y}"
    }
    with world.engine.connect() as db:
        addressees = select(delivery.c.municipality_id).where(
            delivery.c.occasion == f"2021/closing/{yesterday}/1"
        )
        assert set(db.scalars(addressees)) == {"region"}
    said = account.get_body(("html",)).get_content().replace("\u00a0", " ")
    assert "истёк срок мероприятия № 8" in said
    assert "(показатель 8.1)" in said

    world.run("calendar_watch")
    assert len(world.letters.all()) == before + len(letters)


def test_a_missed_run_is_red_says_what_to_do_and_is_mailed(world, plan_is, caplog):
    spring = small_plan().model_copy(update={"closed": False, "in_force": date(2021, 3, 19)})
    plan_is(spring.model_copy(update={"reminders": None, "phases": spring.phases[:1]}))
    before = len(world.letters.all())
    states = world.run("calendar_watch")
    assert states["watch_runs", -1] == "failed"
    assert "запуска 31.03.2021 в 10:00 (МСК) не было" in caplog.text
    (letter,) = world.new_letters(before)
    assert "Пропущенные запуски" in str(letter["Subject"])


def test_a_green_run_that_did_nothing_is_told_as_missed(world, plan_is, caplog):
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunType

    spring = small_plan().model_copy(update={"closed": False, "in_force": date(2021, 3, 19)})
    plan_is(spring.model_copy(update={"reminders": None, "phases": spring.phases[:1]}))
    with create_session() as session:
        begins = datetime(2021, 3, 1, tzinfo=HOME_ZONE)
        session.add(
            DagRun(
                dag_id="march_analysis",
                run_id="green_and_empty",
                run_type=DagRunType.MANUAL,
                logical_date=begins,
                run_after=begins,
                state=DagRunState.SUCCESS,
            )
        )
    states = world.run("calendar_watch")
    assert states["watch_runs", -1] == "failed"
    assert "есть, но ничего не сделал" in caplog.text
