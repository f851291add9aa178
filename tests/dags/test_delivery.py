"""The watch over deliveries, the settling of unknown letters and the switch, run for real."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from sqlalchemy import Engine, delete, select, update

from roadmap.delivery.proof.proofs import notice_restore
from roadmap.delivery.proof.receipts import Receipt, Receipts
from roadmap.paths import ROOT
from roadmap.store.tables import control_event, delivery, run_outcome
from support.ledger_world import lose_reply, make_run, plan_all, states
from support.march_world import Letters, free_ports, mailbox

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

VAR = Path(os.environ["AIRFLOW_HOME"]).parent / "var-delivery"
OPERATOR = "operator@example.org"


@dataclass(frozen=True)
class World:
    """A roadmap database with planned letters, a mailbox, Airflow's database."""

    engine: Engine
    letters: Letters
    database: Path

    def run(self, dag_id: str, **conf: Any) -> dict[str, str]:
        """State of each task of a new run of the DAG."""
        bag = DagBag(str(ROOT / "dags" / f"{dag_id}.py"))
        dag_run = bag.dags[dag_id].test(logical_date=None, run_conf=conf or None)
        return {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}

    def reports(self) -> list[Any]:
        """The letters to addressees."""
        return [letter for letter in self.letters.all() if str(letter["To"]) != OPERATOR]

    def notices(self) -> list[Any]:
        """The letters to the operator."""
        return [letter for letter in self.letters.all() if str(letter["To"]) == OPERATOR]


@pytest.fixture(scope="module")
def mail() -> Iterator[Letters]:
    VAR.mkdir(parents=True, exist_ok=True)
    for command in (["airflow", "db", "migrate"], ["airflow", "pools", "set", "smtp", "2", "-"]):
        subprocess.run(command, check=True, capture_output=True)
    before = {k: os.environ[k] for k in ("AIRFLOW_CONN_SMTP_DEFAULT", "AIRFLOW_CONN_ROADMAP_DB")}
    ports = free_ports()
    smtp = json.loads(before["AIRFLOW_CONN_SMTP_DEFAULT"]) | {"port": ports.mail}
    os.environ["AIRFLOW_CONN_SMTP_DEFAULT"] = json.dumps(smtp)
    with mailbox(VAR, ports) as letters:
        yield letters
    os.environ.update(before)


@pytest.fixture
def world(mail: Letters, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Three municipalities with a planned letter each, and an empty mailbox."""
    connection = {"conn_type": "sqlite", "host": str(tmp_path / "roadmap.db")}
    monkeypatch.setenv("AIRFLOW_CONN_ROADMAP_DB", json.dumps(connection))
    monkeypatch.setenv("ROADMAP_RECEIPTS_FOLDER", str(tmp_path / "receipts"))
    for letter in mail.folder.glob("*.eml"):
        letter.unlink()
    make_run(engine)
    plan_all(engine)
    with engine.begin() as db:
        rows = db.execute(
            select(delivery.c.run_id, delivery.c.municipality_id, delivery.c.recipient_id,
                   delivery.c.delivery_id)
        ).mappings()  # fmt: skip
        planned = [dict(row) | {"outcome": "planned"} for row in rows]
        db.execute(run_outcome.insert(), planned)
    receipts = Receipts(tmp_path / "receipts")
    receipts.folder.mkdir()
    assert notice_restore(engine, receipts, "test") is None
    engine.dispose()  # what was written is in the one file
    return World(engine, mail, tmp_path / "roadmap.db")


def decide(world: World, decision: str, **changes: Any) -> dict[str, str]:
    """Settle the letter of the town of Буй in the form's way."""
    conf = {"message_id": message_id(world), "decision": decision, "reason": "в журнале нет"}
    return world.run("settle_delivery", **(conf | changes))


def message_id(world: World) -> str:
    with world.engine.connect() as db:
        found = select(delivery.c.message_id).where(delivery.c.municipality_id == "buy")
        return str(db.execute(found).scalar_one())


def kept_by_airflow(dag_id: str) -> set[str]:
    """All words in the XComs of a DAG's runs."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        values = session.scalars(select(XComModel.value).where(XComModel.dag_id == dag_id)).all()
    return set(re.findall(r"[\w@.<>-]+", json.dumps(values))) - {"batch", "phase_run"}


def test_the_watch_sends_what_an_interrupted_run_left_and_is_green(world):
    assert set(world.run("delivery_watch").values()) == {"success"}
    assert len(world.reports()) == 3
    assert world.notices() == []


def test_sending_stops_and_goes_on_by_a_person_and_the_operator_is_told_once(world, caplog):
    stop = world.run("sending_control", action="stop", reason="проверяем адреса")
    assert set(stop.values()) == {"success"}
    assert "— 3 письма" in caplog.text.replace("\xa0", " ")

    states_now = world.run("delivery_watch")
    assert (states_now["send_left"], states_now["alarms"]) == ("success", "failed")
    assert world.run("delivery_watch")["alarms"] == "failed"
    assert world.reports() == []
    (notice,) = world.notices()  # of two red runs, and no other letter about them
    assert str(notice["To"]) == "operator@example.org"
    assert "проверяем адреса" in notice.get_body(("html",)).get_content()

    world.run("sending_control", action="start", reason="адреса верны")
    assert set(world.run("delivery_watch").values()) == {"success"}
    assert len(world.reports()) == 3
    assert len(world.notices()) == 1
    with world.engine.connect() as db:
        done = db.execute(
            select(control_event.c.action, control_event.c.actor, control_event.c.reason)
            .where(control_event.c.scope == "all")
            .order_by(control_event.c.at_ms)
        ).all()
    assert done == [
        ("stop", "dag_test", "проверяем адреса"), ("start", "dag_test", "адреса верны")
    ]  # fmt: skip


def test_an_unknown_letter_goes_once_more_when_a_person_says_so_and_only_once(world, capsys):
    lose_reply(world.engine, "buy")
    assert world.run("delivery_watch")["alarms"] == "failed"
    assert len(world.reports()) == 2  # the machine does not send it again
    (notice,) = world.notices()
    text = notice.get_body(("html",)).get_content()
    assert "городской округ город Буй, «Март: комплексный анализ» 2021" in text
    assert html.escape(message_id(world)) in text

    assert set(decide(world, "resend", municipality="buy").values()) == {"success"}
    kept = kept_by_airflow("settle_delivery")
    assert sorted(kept) == ["buy", "run-1"]
    assert decide(world, "resend") == {
        "decide": "failed", "send_again": "upstream_failed", "reconcile": "upstream_failed"
    }  # fmt: skip
    assert "Решать нечего: состояние письма — «принято почтовым" in capsys.readouterr().out
    assert len(world.reports()) == 3
    assert [str(one["Message-ID"]) for one in world.reports()].count(message_id(world)) == 1


def test_what_a_receipt_proves_is_not_sent_again_by_a_person_either(world, tmp_path, capsys):
    lose_reply(world.engine, "buy")
    with world.engine.connect() as db:
        row = db.execute(select(delivery).where(delivery.c.municipality_id == "buy")).one()
    world.engine.dispose()
    Receipts(tmp_path / "receipts").keep(
        Receipt(row.delivery_id, 1, row.message_id, 250, "queued", 5, row.payload_sha256)
    )
    assert decide(world, "resend")["decide"] == "failed"
    assert "Решать нечего: состояние письма — «принято почтовым" in capsys.readouterr().out
    assert states(world.engine)["buy"] == "accepted"
    assert world.reports() == []


@pytest.mark.parametrize(
    ("dag_id", "slip", "says"),
    [
        ("settle_delivery", {"message_id": "0a1b"}, "Письма с таким Message-ID нет"),
        ("settle_delivery", {"reason": "но"}, "напишите причину, хотя бы одно слово"),
        ("sending_control", {"occasion": "2021/june_monitoring"}, "Не приостановлено: «Июнь"),
        ("sending_control", {"reason": " "}, "напишите причину, хотя бы одно слово"),
        ("held_file", {"code": "%"}, "код файла — 8 знаков"),
        ("held_file", {"code": "0a1b2c3d"}, "файла с таким кодом нет"),
    ],
)
def test_a_slip_in_the_form_of_a_decision_is_one_letter_with_the_reason_and_what_to_do(
    world, dag_id, slip, says
):
    right = {
        "settle_delivery": {"message_id": message_id(world), "decision": "give_up"},
        "sending_control": {"action": "go_on"},
        "held_file": {"code": "0a1b2c3d", "decision": "keep"},
    }[dag_id]
    states_now = world.run(dag_id, **({"reason": "в журнале нет"} | right | slip))
    assert list(states_now.values()).count("failed") == 1
    (notice,) = world.notices()
    text = html.unescape(notice.get_body(("html",)).get_content())
    assert says in text
    assert "снова и заполните форму заново. Очищать эту задачу не нужно" in text


def test_a_decision_that_sends_nothing_skips_the_sending_and_accounts_for_the_run(world):
    lose_reply(world.engine, "buy")
    done = decide(world, "give_up")
    assert done == {"decide": "success", "send_again": "skipped", "reconcile": "failed"}
    assert world.reports() == []
    assert states(world.engine)["buy"] == "cancelled"


def test_a_database_put_back_from_a_copy_sends_nothing_a_second_time(world, tmp_path):
    copy = tmp_path / "copy.db"
    shutil.copyfile(world.database, copy)
    assert set(world.run("delivery_watch").values()) == {"success"}
    assert len(world.reports()) == 3
    world.engine.dispose()
    shutil.copyfile(copy, world.database)

    assert world.run("delivery_watch")["alarms"] == "failed"
    assert len(world.reports()) == 3
    (notice,) = world.notices()
    assert "База данных восстановлена из копии" in notice.get_body(("html",)).get_content()
    assert set(states(world.engine).values()) == {"accepted"}  # by the receipts


@pytest.mark.parametrize("ended", ["failed", "gone"])
def test_the_watch_does_not_overtake_a_phase_that_goes_on_and_sends_what_it_left_behind(
    world, ended
):
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.types import DagRunType

    with world.engine.begin() as db:
        db.execute(update(delivery).values(released_ms=None))
    world.engine.dispose()
    with create_session() as session:
        # As make_run says: which DAG, and who asked for the phase run.
        run = DagRun("march_analysis", run_id="test", run_type=DagRunType.MANUAL, state="running")
        session.add(run)
    assert set(world.run("delivery_watch").values()) == {"success"}
    assert world.reports() == []

    with create_session() as session:
        theirs = DagRun.run_id == "test"
        if ended == "gone":
            session.execute(delete(DagRun).where(theirs))
        else:
            session.execute(update(DagRun).where(theirs).values(state=ended))
    assert set(world.run("delivery_watch").values()) == {"success"}
    assert len(world.reports()) == 3
    with create_session() as session:
        session.execute(delete(DagRun).where(theirs))


def test_a_task_of_the_watch_that_fails_stops_no_letter_and_is_itself_an_alarm(world, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_ROADMAP_JOURNAL", '{"conn_type": "http"}')
    assert world.run("delivery_watch") == {
        "look_after": "success", "find_stuck_runs": "success", "find_evidence": "failed",
        "send_left": "success", "alarms": "failed",
    }  # fmt: skip
    assert len(world.reports()) == 3
    (notice,) = world.notices()  # and none about the failed task itself
    assert "Задача «Доказательства» не выполнена" in notice.get_body(("html",)).get_content()


WAITING = {"pending": 2}


@pytest.mark.parametrize(
    ("left", "is_tried_again", "words"),
    [
        (WAITING, True, "Ждут повторной отправки: 2. Задача повторится сама."),
        (
            {**WAITING, "breaker_until_ms": 9, "breaker_reason": "Сервер не отвечает."},
            True,
            "Почтовому серверу дан перерыв. Сервер не отвечает. Задача повторится сама.",
        ),
        ({"pending": 3, "leased": 1}, True, "Ждут повторной отправки: 2."),
        # a dead sender's letter: nobody can take it before its lease is over
        (
            {"pending": 2, "leased": 2, "breaker_until_ms": 9, "breaker_reason": "x"},
            False,
            "Не отправлено: 2. Эти письма взял другой отправитель: он ещё передаёт их или был "
            "прерван. Повторять задачу незачем",
        ),
        ({**WAITING, "is_switched_off": True}, False, "Вся отправка остановлена."),
        (
            {**WAITING, "paused_reason": "Отклонено подряд 5"},
            False,
            "Рассылка приостановлена. Отклонено подряд 5.",
        ),
        # whoever has to act is named first, whatever else holds the letters
        (
            {**WAITING, "is_switched_off": True, "breaker_until_ms": 9, "breaker_reason": "x"},
            False,
            "Вся отправка остановлена.",
        ),
    ],
)
def test_a_sending_task_is_never_green_with_letters_left_and_waits_only_for_the_server(
    left, is_tried_again, words
):
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    from roadmap.delivery.sending.sender import SendSummary
    from roadmap_airflow.send_operator import refuse_to_be_green

    with pytest.raises(AirflowException, match=re.escape(words)) as refusal:
        refuse_to_be_green(SendSummary(**left))
    assert isinstance(refusal.value, AirflowFailException) is not is_tried_again


@pytest.mark.parametrize("held", [{}, {"is_switched_off": True}, {"paused_reason": "отказы"}])
def test_what_holds_back_no_letter_of_the_task_does_not_make_it_red(held):
    from roadmap.delivery.sending.sender import SendSummary
    from roadmap_airflow.send_operator import refuse_to_be_green

    refuse_to_be_green(SendSummary(accepted=1, **held))


@pytest.mark.parametrize(
    ("mode", "then"),
    [
        ("live", "письма уйдут сами."),
        ("redirect", "письма сами уйдут на проверочный адрес."),
        ("dry", "письма проверятся сами, адресатам ничего не уйдёт."),
    ],
)
@pytest.mark.parametrize("held", [{"is_switched_off": True}, {"paused_reason": "Отказы"}])
def test_a_stopped_task_says_what_becomes_of_the_letters_of_its_mode(mode, then, held):
    from airflow.sdk.exceptions import AirflowFailException

    from roadmap.delivery.sending.sender import SendSummary
    from roadmap_airflow.send_operator import refuse_to_be_green

    with pytest.raises(AirflowFailException) as refusal:
        refuse_to_be_green(SendSummary(mode=mode, pending=2, **held))
    assert str(refusal.value).endswith(then)
