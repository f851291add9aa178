"""Airflow itself is killed, cleared, doubled and paused: one letter per key all the same.

The faults A1-A8 and A11-A13 of docs/delivery.md §6 in a live Airflow (`airflow_live`), with a
mail server that takes its time over each letter, so that they hit in the middle of sending.
What is sent is what the delivery watch finds due; A4, A5 and A11 hit a phase's own DAG too.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from conftest import create_all
from faults.airflow_letters import DRAIN, OPEN, WATCH, Scene, many_recipients
from faults.airflow_live import (
    LiveAirflow,
    eventually,
    is_alive,
    kill_process,
    live_airflow,
    parent_of,
)
from faults.airflow_phase import PHASE, PhaseScene, phase_scene
from faults.checker import Verdict
from faults.rounds import IS_LONG
from faults.world import CountingServer, World, make_world
from roadmap.delivery.ledger import brakes
from roadmap.store.engine import open_engine

RECIPIENTS = 60
BATCHES = 48
HOUR_MS = 3_600_000
TAKEN_OR_UNKNOWN = frozenset({"accepted", "unknown"})
long = pytest.mark.long
pytestmark = [pytest.mark.airflow, pytest.mark.postgres, pytest.mark.timeout(1200)]
Tell = Callable[[str, str, Verdict], None]
MakeScene = Callable[[str], Scene]


@pytest.fixture(scope="module")
def server() -> Iterator[CountingServer]:
    with CountingServer() as server:
        yield server


@pytest.fixture(scope="module")
def airflow(
    tmp_path_factory: pytest.TempPathFactory, server: CountingServer
) -> Iterator[LiveAirflow]:
    folder = tmp_path_factory.mktemp("airflow")
    with live_airflow(folder, server.port, has_phases=IS_LONG) as airflow:
        for dag_id in (WATCH, DRAIN, *((PHASE,) if IS_LONG else ())):
            airflow.unpause(dag_id)
        yield airflow


@pytest.fixture(scope="module")
def world(airflow: LiveAirflow, server: CountingServer) -> Iterator[World]:
    engine = open_engine(f"sqlite:///{airflow.var / 'roadmap.db'}")
    create_all(engine)
    world = make_world(engine, server, RECIPIENTS)
    # The first of them are of every municipality.
    world.recipients = tuple(sorted(world.recipients, key=lambda one: one[1].recipient_id))
    yield world
    engine.dispose()


@pytest.fixture
def scene(airflow: LiveAirflow, world: World, server: CountingServer) -> Iterator[MakeScene]:
    yield lambda name: Scene(airflow, world, f"2021/faults/{name}", len(server.accepted))
    server.pace_seconds = 0


def judge(
    tell: Tell, name: str, here: Scene | PhaseScene, ends: frozenset[str] = TAKEN_OR_UNKNOWN
) -> Verdict:
    """The verdict, told; clean, and every letter came to one of these ends."""
    verdict = here.verdict()
    tell(name, "Airflow", verdict)
    assert verdict.is_clean, verdict
    assert verdict.planned > 0
    assert set(here.states()) <= ends
    return verdict


def test_a1_the_task_s_process_is_killed(scene: MakeScene, tell: Tell):
    here = scene("a1")
    here.plan(30)
    here.pace(0.3)
    run = here.watch()
    for _ in range(2):
        here.wait_for_letters(3)
        kill_process(here.sender(WATCH, run))
        here.kills += 1
    here.until_done()

    verdict = judge(tell, "A1 task killed", here)
    assert len(verdict.unknown) <= here.kills
    assert verdict.accepted_by_server + len(verdict.unknown) >= verdict.planned
    (sent,) = here.airflow.tasks(WATCH, run, "send_left")
    assert sent.tries == 1 + here.kills  # Airflow itself went on with the same task


@long
def test_a2_the_supervisor_is_killed_and_its_orphan_sends_on(scene: MakeScene, tell: Tell):
    here = scene("a2")
    here.plan(40)
    here.pace(0.6)
    run = here.watch()
    here.wait_for_letters(2)
    orphan = here.sender(WATCH, run)
    supervisor = parent_of(orphan)
    kill_process(supervisor)
    here.kills += 1
    here.wait_for_letters(3)
    assert is_alive(orphan)
    assert parent_of(orphan) != supervisor
    here.pace(2.0)  # however slow the machine, there are letters left for both
    here.wait_for_senders(2)  # Airflow gave the task up, and started it again beside its orphan
    here.until_done()

    assert judge(tell, "A2 supervisor killed", here).accepted_by_server == len(here.letters)


@long
def test_a3_the_scheduler_is_killed_and_starts_the_task_again(scene: MakeScene, tell: Tell):
    here = scene("a3")
    here.plan(60)
    here.pace(0.6)
    here.watch()
    here.wait_for_letters(2)
    here.airflow.kill("scheduler")
    here.kills += 1
    here.wait_for_letters(3)  # nobody told the task
    time.sleep(7)  # longer than the health check's threshold
    here.pace(2.0)
    here.airflow.start("scheduler")
    here.wait_for_senders(2)
    here.until_done()

    verdict = judge(tell, "A3 scheduler killed", here)
    assert len(verdict.unknown) <= here.kills


def test_a4_two_runs_send_the_same_letters_at_once(scene: MakeScene, tell: Tell):
    here = scene("a4")
    here.plan(60)
    here.pace(1.0)
    run = here.drain()  # three tasks, one of each municipality
    watch = here.watch()
    here.wait_for_senders(4)
    here.blows += 1
    here.pace(0)
    here.airflow.wait_for_run(DRAIN, run)
    here.airflow.wait_for_run(WATCH, watch)
    here.until_done()

    verdict = judge(tell, "A4 two runs at once", here)
    assert verdict.accepted_by_server == len(here.letters)
    assert verdict.unknown == ()


def test_a5_tasks_are_cleared_and_marked_while_they_send_and_afterwards(
    scene: MakeScene, tell: Tell
):
    here, airflow = scene("a5"), scene("a5").airflow
    here.plan(36)
    here.pace(1.5)
    run = here.drain()
    eventually(lambda: len(airflow.running(DRAIN, run, "send")) == 3, 60)
    here.wait_for_letters(2)
    before = airflow.running(DRAIN, run, "send")
    airflow.clear(DRAIN, run, [("send", 0)])
    airflow.mark(DRAIN, run, "send", 1, "success")
    airflow.mark(DRAIN, run, "send", 2, "failed")
    eventually(lambda: not any(is_alive(one.pid or 0) for one in before))
    here.blows += len(before)
    left = here.states()
    assert any(left[state] for state in OPEN)  # marking as done sends nothing
    here.pace(0)
    assert airflow.wait_for_run(DRAIN, run) == "failed"
    here.until_done()

    verdict = judge(tell, "A5 cleared and marked", here)
    assert len(verdict.unknown) <= here.blows
    taken = len(here.taken())
    airflow.clear(DRAIN, run, ["send"])
    assert airflow.wait_for_run(DRAIN, run) == "success"
    airflow.clear(DRAIN, run, [("send", 1)])
    assert airflow.wait_for_run(DRAIN, run) == "success"
    assert [one.state for one in airflow.tasks(DRAIN, run, "send")] == ["success"] * 3
    assert len(here.taken()) == taken


@long
def test_a6_airflow_s_database_is_away_for_longer_than_heartbeats_wait(
    scene: MakeScene, tell: Tell
):
    here = scene("a6")
    here.plan(50)
    here.pace(0.6)
    run = here.watch()
    here.wait_for_letters(2)
    sender = here.sender(WATCH, run)
    here.airflow.metadata.crash()
    here.blows += 1
    here.wait_for_letters(1)  # the ledger is another database
    here.pace(2.0)
    eventually(lambda: not is_alive(sender), 60)
    assert any(here.states()[state] for state in OPEN)  # it was ended, and had not done its work
    here.airflow.metadata.start()
    here.until_done()

    verdict = judge(tell, "A6 Airflow's database away", here)
    assert len(verdict.unknown) <= here.blows


@long
def test_a7_where_nothing_runs_nothing_is_sent_and_the_check_from_outside_says_so(
    scene: MakeScene, tell: Tell
):
    here, airflow = scene("a7"), scene("a7").airflow
    here.plan(5, ago_ms=4 * HOUR_MS)
    airflow.pause(WATCH)
    run = here.watch()
    airflow.kill("scheduler")
    here.kills += 1
    status, said = overdue(airflow)
    then = here.states()
    airflow.start("scheduler")  # before anything is asserted: the other scenarios need it
    assert status == 1, said
    assert "Письма ждут дольше 3 ч, и никто их не отправляет" in said
    assert "@" not in said
    assert then == {"ready": 5}
    time.sleep(3)
    assert here.states() == {"ready": 5}
    airflow.unpause(WATCH)
    airflow.wait_for_run(WATCH, run)
    here.until_done()
    assert judge(tell, "A7 paused, no scheduler", here).accepted_by_server == 5
    status, said = overdue(airflow)
    assert status == 0, said


def overdue(airflow: LiveAirflow) -> tuple[int, str]:
    """What the check says that somebody else's cron runs."""
    done = subprocess.run(
        [sys.executable, "-m", "roadmap_cli.overdue"],
        env=airflow.env, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@long
def test_a8_another_version_is_deployed_while_letters_go(scene: MakeScene, tell: Tell):
    here, airflow = scene("a8"), scene("a8").airflow
    here.plan(30)
    here.pace(0.4)
    run = here.watch()
    here.wait_for_letters(3)
    with airflow.deployed(
        {
            "dags/delivery_watch.py": ("Доставка: проверка и досылка", "Другая версия"),
            "include/templates/email/*.j2": (None, "Другие слова"),
            "plugins/roadmap/delivery/letters/message.py": ("X-Report-Key", "X-Other-Key"),
        }
    ):
        airflow.parse("delivery_watch")
        eventually(lambda: airflow.title("delivery_watch") == "Другая версия", 60)
        kill_process(here.sender(WATCH, run))  # the next try is of the new version
        here.kills += 1
        here.wait_for_letters(3)
        here.until_done()
    airflow.parse("delivery_watch")

    verdict = judge(tell, "A8 other code, other words", here)  # which compares every byte
    assert len(verdict.unknown) <= here.kills


@long
def test_a12_the_switch_stops_all_senders_and_lets_the_rest_go_later(scene: MakeScene, tell: Tell):
    here, airflow = scene("a12"), scene("a12").airflow
    here.plan(60)
    here.pace(1.0)
    run = here.drain()
    watch = here.watch()
    senders = 4
    here.wait_for_senders(senders)
    brakes.stop(here.world.engine, "operator", "проверка выключателя")
    here.blows += 1
    taken = len(here.taken())
    assert airflow.wait_for_run(DRAIN, run) == "failed"
    assert airflow.wait_for_run(WATCH, watch) == "failed"
    assert len(here.taken()) - taken <= senders  # what was on its way
    assert here.states()["ready"] > 0
    taken = len(here.taken())
    assert airflow.wait_for_run(WATCH, here.watch()) == "failed"
    assert len(here.taken()) == taken

    brakes.start(here.world.engine, "operator", "проверено")
    here.until_done()
    assert judge(tell, "A12 switched off", here).accepted_by_server == len(here.letters)


@long
def test_a13_more_addressees_than_airflow_maps_go_in_batches(
    airflow: LiveAirflow, world: World, server: CountingServer, tell: Tell
):
    everybody = World(world.engine, server, many_recipients(world.engine, 1100))
    here = Scene(airflow, everybody, "2021/faults/a13", len(server.accepted))
    here.plan(1100, filler=0)
    run = here.drain()
    assert airflow.wait_for_run(DRAIN, run, seconds=400) == "success"
    assert len(airflow.tasks(DRAIN, run, "send")) <= BATCHES

    verdict = judge(tell, "A13 1100 addressees", here)
    assert verdict.accepted_by_server == 1100


# -- a phase's own DAG: last, because the database becomes that of the demo year ------------------


@pytest.fixture(scope="module")
def phase(airflow: LiveAirflow, world: World, server: CountingServer) -> Iterator[PhaseScene]:
    with phase_scene(airflow, world, server) as scene:
        yield scene


@long
def test_a11_an_address_that_changes_after_planning_gets_the_letter_and_the_old_one_does_not(
    phase: PhaseScene, tell: Tell
):
    """And A4: the phase's own run and a backfill of it at once; and A5, on its tasks."""
    airflow = phase.airflow
    brakes.stop(phase.engine, "operator", "адреса проверяются")
    first = phase.trigger("planned")
    assert airflow.wait_for_run(PHASE, first, 300) == "failed"
    assert set(phase.states()) == {"ready"}
    assert phase.taken() == []
    old, new = phase.change_address()
    brakes.start(phase.engine, "operator", "адреса проверены")

    phase.server.pace_seconds = 3.0
    second = phase.trigger("changed")
    phase.backfill()
    eventually(lambda: len(airflow.running(PHASE, second, "send")) >= 2, 300)
    running = [one.map_index for one in airflow.running(PHASE, second, "send")]
    airflow.clear(PHASE, second, [("send", running[0])])
    airflow.mark(PHASE, second, "send", running[1], "success")
    phase.blows += 2
    phase.until_done()

    verdict = judge(tell, "A4, A5, A11 a phase", phase, TAKEN_OR_UNKNOWN | {"cancelled"})
    assert len(verdict.unknown) <= phase.blows
    assert phase.states()["cancelled"] == 1
    assert phase.state_at(old) == ("cancelled", "recipient_inactive")
    assert phase.state_at(new)[0] in {"accepted", "unknown"}
    recipients = [mail.recipient for mail in phase.taken()]
    assert new in recipients
    assert old not in recipients
    assert set(recipients) == phase.addresses()
    assert len(recipients) == len(set(recipients))  # one letter for each address
    assert len(phase.runs()) == 3  # two by hand, one of the backfill

    for cleared in (["send"], [("send", 0)], [("render", 0)], ["reconcile"]):
        airflow.clear(PHASE, second, cleared)
        airflow.wait_for_run(PHASE, second, 200)
    assert [mail.recipient for mail in phase.taken()] == recipients
