"""Who is written to: decisions of T0 (docs/delivery.md §5.4), all the way to the outcome rows."""

from __future__ import annotations

import email.policy
import hashlib
import threading
import uuid
from dataclasses import replace
from datetime import date, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select, update

from roadmap.delivery.account.alarms import find_alarms
from roadmap.delivery.account.reconcile import reconcile, state_of_phase
from roadmap.delivery.decisions.settle import settle
from roadmap.delivery.ledger import moves
from roadmap.delivery.ledger.moves import ClaimScope
from roadmap.delivery.ledger.releases import release_run
from roadmap.delivery.letters.planning import (
    Outcome,
    Past,
    UnknownAddressee,
    deadline_ms,
    decide,
    next_revision,
    plan_deliveries,
)
from roadmap.evidence.request import LiveRefused
from roadmap.plan.model import Plan
from roadmap.reports.formats.letter import Envelope, LetterText
from roadmap.reports.model import Cell, ReportModel, Words
from roadmap.reports.package import Package, PackageFile, PackageHeld
from roadmap.store.tables import (
    delivery,
    delivery_event,
    load_batch,
    message,
    phase_run,
    recipient,
    report,
    report_file,
    run_batch,
    run_dataset,
    run_finding,
    run_municipality,
    run_outcome,
    told_report,
)
from support.ledger_world import (
    NAMES,
    NOW_MS,
    OCCASION,
    SETTINGS,
    make_due,
    make_run,
    send,
    states,
)
from support.plans import small_plan
from support.report_models import make_model
from support.smtp_server import SmtpServer

PLAN = small_plan()
PLAN_TIME = PLAN.local_time
BUY: dict[str, Any] = {"addressees": ("buy",), "contacts": {"buy": ("a@example.org",)}}


def model_of(municipality_id: str, headline: str = "Порог достигнут у 1 школы из 3") -> ReportModel:
    made = make_model()
    addressee = made.addressee.model_copy(
        update={"municipality_id": municipality_id, "name": NAMES[municipality_id]}
    )
    letter = made.letter.model_copy(update={"headline": headline})
    return made.model_copy(update={"addressee": addressee, "letter": letter})


def store(engine: Engine, run_id: str, *models: ReportModel) -> None:
    with engine.begin() as db:
        for model in models:
            db.execute(
                report.insert(),
                {
                    "run_id": run_id,
                    "municipality_id": model.addressee.municipality_id,
                    "content_sha256": model.content_sha256(),
                    "model": model.model_dump_json(),
                },
            )


class Renderer:
    """Small files instead of the four formats; what it was asked for is kept."""

    def __init__(self, folder: Path, held: tuple[str, ...] = (), broken: tuple[str, ...] = ()):
        self.folder, self.held, self.broken = folder, held, broken
        self.asked: list[tuple[str, Envelope]] = []

    def __call__(self, model: ReportModel, envelope: Envelope) -> Package:
        whose = model.addressee.municipality_id
        self.asked.append((whose, envelope))
        if whose in self.held:
            raise PackageHeld(("Число в справке и в приложении разошлось (27,4 и 27,5).",))
        if whose in self.broken:
            raise ZeroDivisionError
        content = f"%PDF {model.letter.headline}".encode()
        sha256 = hashlib.sha256(content).hexdigest()
        path = f"{whose}/{sha256}.pdf"
        (self.folder / whose).mkdir(exist_ok=True)
        # As the real one does: two planners may write and read this file at one moment.
        part = self.folder / f"{uuid.uuid4().hex}.part"
        part.write_bytes(content)
        part.replace(self.folder / path)
        said = (
            f"Взамен направленного {envelope.replaces.on:%d.%m.%Y}"
            f" (редакция {envelope.replaces.revision})\n"
            if envelope.replaces
            else ""
        )
        text = f"{said}{model.letter.headline}, редакция {envelope.revision}"
        mark = "ПРОВЕРКА. " if envelope.test_addressee else ""
        return Package(
            LetterText(f"{mark}{model.letter.subject}", f"<p>{text}</p>", text),
            (
                PackageFile(
                    "pdf", "", "Справка.pdf", "application/pdf", sha256, len(content), 1, path
                ),
            ),
        )


@pytest.fixture
def renderer(tmp_path: Path) -> Renderer:
    return Renderer(tmp_path)


def plan_run(
    engine: Engine,
    renderer: Renderer,
    run_id: str = "run-1",
    *,
    addressees: tuple[str, ...] = ("buyskiy", "neya", "buy"),
    headlines: dict[str, str] | None = None,
    settings=SETTINGS,
    plan: Plan = PLAN,
    **changes,
) -> tuple[Outcome, ...]:
    """Make a run with its reports, and plan it."""
    make_run(engine, run_id, **changes)
    headline = headlines or {}
    store(
        engine,
        run_id,
        *(model_of(key, headline[key]) if key in headline else model_of(key) for key in addressees),
    )
    return again(engine, renderer, run_id, addressees, settings, plan)


def again(
    engine: Engine,
    renderer: Renderer,
    run_id: str = "run-1",
    addressees: tuple[str, ...] = ("buyskiy", "neya", "buy"),
    settings=SETTINGS,
    plan: Plan = PLAN,
) -> tuple[Outcome, ...]:
    outcomes = plan_deliveries(
        engine, plan, run_id, addressees, renderer.folder, settings, NOW_MS, renderer
    )
    release_run(engine, run_id)  # as the run's own `approve` does
    return outcomes


def kinds(outcomes: tuple[Outcome, ...]) -> dict[str, str]:
    return {one.municipality_id: one.outcome for one in outcomes}


def deliveries(engine: Engine, municipality_id: str):
    with engine.begin() as db:
        return db.execute(
            select(delivery)
            .where(delivery.c.municipality_id == municipality_id)
            .order_by(delivery.c.revision, delivery.c.recipient_id)
        ).all()


def counted_rows(engine: Engine) -> tuple[int, ...]:
    with engine.begin() as db:
        return tuple(
            len(db.execute(select(table)).all())
            for table in (delivery, message, run_outcome, report_file)
        )


# -- The whole way -----------------------------------------------------------------------------


def test_each_expected_recipient_gets_one_letter_and_one_outcome(
    any_engine: Engine, renderer: Renderer
):
    contacts = {"buyskiy": ("a@example.org", "b@example.org"), "neya": ("c@example.org",)}
    outcomes = plan_run(any_engine, renderer, addressees=("buyskiy", "neya"), contacts=contacts)
    assert [one.outcome for one in outcomes] == ["planned"] * 3
    assert counted_rows(any_engine) == (3, 3, 3, 2)
    with any_engine.begin() as db:
        kept = db.execute(select(run_outcome)).all()
        assert moves.broken_chains(db) == ()
    assert {(row.recipient_id, row.delivery_id) for row in kept} == {
        (one.recipient_id, one.delivery_id) for one in outcomes
    }
    assert len(renderer.asked) == 2  # once per addressee, however many recipients


def test_the_same_task_once_more_changes_nothing(any_engine: Engine, renderer: Renderer):
    first = plan_run(any_engine, renderer)
    before = counted_rows(any_engine)
    assert again(any_engine, renderer) == first
    assert counted_rows(any_engine) == before
    assert len(renderer.asked) == 3


def test_a_rerun_with_the_same_content_says_already_sent_and_sends_nothing(
    any_engine: Engine, renderer: Renderer
):
    plan_run(any_engine, renderer)
    with SmtpServer() as server:
        send(any_engine, server)
        second = plan_run(any_engine, renderer, "run-2")
        send(any_engine, server)
    assert len(server.accepted) == 3
    assert kinds(second) == dict.fromkeys(("buyskiy", "neya", "buy"), "suppressed")
    assert all(one.reason.startswith("Уже отправлено ") for one in second)
    assert reconcile(any_engine, "run-2").is_settled


@pytest.mark.parametrize("again_as", ["run-1", "run-2"])
def test_a_letter_that_waits_past_its_deadline_is_cancelled_only_for_one_that_takes_its_place(
    any_engine: Engine, renderer: Renderer, again_as: str
):
    """Its deadline may have passed only by a clock that is wrong for a moment."""
    plan_run(any_engine, renderer, **BUY)
    with any_engine.begin() as db:
        db.execute(update(delivery).values(expires_ms=1))
    if again_as == "run-2":
        renderer.held = ("buy",)
        assert kinds(plan_run(any_engine, renderer, "run-2", **BUY)) == {"buy": "blocked"}
        assert [one.state for one in deliveries(any_engine, "buy")] == ["ready"]
        renderer.held = ()
    assert kinds(again(any_engine, renderer, again_as, ("buy",))) == {"buy": "planned"}
    late, anew = deliveries(any_engine, "buy")
    assert (late.state, late.last_detail, anew.state) == ("cancelled", "expired", "ready")
    with SmtpServer() as server:
        assert send(any_engine, server).accepted == 1
    assert len(server.accepted) == 1


def test_a_letter_planned_while_the_database_s_clock_is_behind_is_not_late_at_once(
    any_engine: Engine, renderer: Renderer, monkeypatch: pytest.MonkeyPatch
):
    with any_engine.begin() as db:
        now_ms = moves.db_now_ms(db)
    with monkeypatch.context() as wrong:
        wrong.setattr(moves, "db_now_ms", lambda _: NOW_MS - 400 * 24 * 3_600_000)
        plan_run(any_engine, renderer, **BUY)
    (one,) = deliveries(any_engine, "buy")
    assert one.expires_ms == NOW_MS + SETTINGS.expiry_ms < now_ms


def test_only_whose_content_changed_gets_a_correction(engine: Engine, renderer: Renderer):
    plan_run(engine, renderer)
    with SmtpServer() as server:
        send(engine, server)
        second = plan_run(engine, renderer, "run-2", headlines={"neya": "Порог не достигнут"})
        send(engine, server)
    assert kinds(second) == {"buyskiy": "suppressed", "neya": "planned", "buy": "suppressed"}
    first, correction = deliveries(engine, "neya")
    assert (first.state, correction.state, correction.revision) == ("accepted", "accepted", 2)
    back = message_from_bytes(server.accepted[-1].content, policy=email.policy.default)
    assert "Взамен направленного" in back.get_body(("plain",)).get_content()
    assert back["Message-ID"] == correction.message_id != first.message_id
    envelope = renderer.asked[-1][1]
    assert (envelope.revision, envelope.replaces.revision) == (2, 1)
    said = " ".join(envelope.corrections).replace("\u00a0", " ").casefold()
    assert "порог не достигнут" in said


def in_kamchatka(plan: Plan) -> Plan:
    there = {"time_zone": "Asia/Kamchatka", "time_zone_name": "время Камчатки"}
    return plan.model_copy(update={"region": plan.region.model_copy(update=there)})


def test_letters_speak_in_the_time_of_their_plan_not_of_the_latest(
    engine: Engine, renderer: Renderer
):
    far = in_kamchatka(PLAN)
    plan_run(engine, renderer, plan=far)
    with SmtpServer() as server:
        send(engine, server)
    with engine.connect() as db:
        accepted = delivery_event.c.to_state == "accepted"
        moments = db.execute(select(delivery_event.c.at_ms).where(accepted)).scalars().all()
    times = [datetime.fromtimestamp(at / 1000, ZoneInfo("Asia/Kamchatka")) for at in moments]
    again = plan_run(engine, renderer, "run-2", plan=far, headlines={"neya": "Порог не достигнут"})
    letter = message_from_bytes(server.accepted[0].content, policy=email.policy.default)
    assert letter["Date"].datetime.utcoffset() == timedelta(hours=12)
    envelope = renderer.asked[-1][1]
    assert envelope.local_time == far.local_time
    assert envelope.replaces.on in {one.date() for one in times}
    said = {one.reason for one in again if one.outcome == "suppressed"}
    assert said
    assert said <= {f"Уже отправлено {one:%d.%m.%Y в %H:%M}." for one in times}


def test_without_a_contact_the_letter_is_blocked_and_the_others_go(
    engine: Engine, renderer: Renderer
):
    outcomes = plan_run(
        engine,
        renderer,
        contacts={"buyskiy": ("a@example.org",), "neya": (), "buy": ("b@example.org",)},
    )
    assert kinds(outcomes) == {"buyskiy": "planned", "neya": "blocked", "buy": "planned"}
    blocked = next(one for one in outcomes if one.outcome == "blocked")
    assert blocked.recipient_id == "-"
    assert blocked.reason == (
        "Письмо не составлено: у адресата нет действующего адреса на 31.03.2021. Впишите адрес"
        " в «Контакты», лист «Получатели», и запустите этап для"
        " «муниципальный район город Нея и Нейский район»."
    )


def test_a_failed_check_holds_one_letter_and_lets_the_others_go(engine: Engine, tmp_path: Path):
    outcomes = plan_run(engine, Renderer(tmp_path, held=("neya",)))
    assert kinds(outcomes) == {"buyskiy": "planned", "neya": "blocked", "buy": "planned"}
    reason = next(one.reason for one in outcomes if one.outcome == "blocked")
    assert reason == ("Письмо задержано: Число в справке и в приложении разошлось (27,4 и 27,5).")


def test_a_failure_nobody_foresaw_is_raised_after_the_others_were_planned(
    engine: Engine, tmp_path: Path
):
    with pytest.raises(ExceptionGroup) as failed:
        plan_run(engine, Renderer(tmp_path, broken=("buyskiy",)))
    assert failed.group_contains(ZeroDivisionError)
    assert states(engine) == {"neya": "ready", "buy": "ready"}
    lines = {line.municipality_id: line.category for line in reconcile(engine, "run-1").lines}
    assert lines == {"buyskiy": "blocked", "neya": "pending", "buy": "pending"}
    assert kinds(again(engine, Renderer(tmp_path))) == dict.fromkeys(lines, "planned")


def test_an_address_outside_the_allow_list_is_blocked_without_naming_it(
    engine: Engine, renderer: Renderer
):
    outcomes = plan_run(
        engine, renderer, addressees=("buy",), contacts={"buy": ("a@elsewhere.example",)}
    )
    assert [one.outcome for one in outcomes] == ["blocked"]
    assert "@" not in outcomes[0].reason
    assert "elsewhere" not in outcomes[0].reason


def test_changed_content_before_sending_takes_the_place_of_the_waiting_letter(
    engine: Engine, renderer: Renderer
):
    plan_run(engine, renderer, **BUY)
    second = plan_run(engine, renderer, "run-2", **BUY, headlines={"buy": "Иначе"})
    assert kinds(second) == {"buy": "planned"}
    old, new = deliveries(engine, "buy")
    assert (old.state, old.last_detail) == ("cancelled", "superseded")
    assert (new.state, new.revision) == ("ready", 2)
    envelope = renderer.asked[-1][1]
    assert (envelope.revision, envelope.replaces) == (1, None)  # nobody received the first
    line = reconcile(engine, "run-1").lines[0]
    assert (line.category, line.words, line.reason) == (
        "cancelled",
        "заменено новой редакцией",
        None,
    )


def test_while_the_last_letter_is_unknown_nothing_is_planned(engine: Engine, renderer: Renderer):
    plan_run(engine, renderer, **BUY)
    with SmtpServer(["accept_then_rst"]) as server:
        send(engine, server)
        second = plan_run(engine, renderer, "run-2", **BUY, headlines={"buy": "Иначе"})
        send(engine, server)
    assert kinds(second) == {"buy": "blocked"}
    assert second[0].reason.startswith("Исход прежнего письма неизвестен")
    assert len(deliveries(engine, "buy")) == 1
    assert server.bodies == 1


def settle_unknown(engine: Engine, how: str) -> None:
    """The operator's word on the one letter that is unknown."""
    with engine.begin() as db:
        found = db.execute(select(delivery.c.delivery_id).where(delivery.c.state == "unknown"))
        now_ms = moves.db_now_ms(db)
        assert moves.move(
            db, how, found.scalar_one(), "unknown", now_ms=now_ms, actor="operator", detail=how
        )


@pytest.mark.parametrize("has_other_between", [False, True])
def test_what_was_given_up_as_unknown_is_not_planned_again_whatever_waited_since(
    engine: Engine, renderer: Renderer, has_other_between: bool
):
    plan_run(engine, renderer, **BUY)
    with SmtpServer(["accept_then_rst"]) as server:
        send(engine, server)
        settle_unknown(engine, "give_up")
        if has_other_between:
            plan_run(engine, renderer, "run-2", **BUY, headlines={"buy": "Иначе"})
        again = plan_run(engine, renderer, "run-3", **BUY)
        send(engine, server)
    assert [(one.outcome, one.reason) for one in again] == [
        ("blocked", "Исход прежнего письма неизвестен; решено не отправлять повторно.")
    ]
    assert len(server.accepted) == 1
    assert {row.state for row in deliveries(engine, "buy")} == {"cancelled"}


def test_what_came_back_to_the_accepted_content_after_a_lost_correction_goes_for_a_reason_only(
    engine: Engine, renderer: Renderer
):
    """Another content may have arrived since: «already sent» would not be true."""
    plan_run(engine, renderer, **BUY)
    with SmtpServer(["accept", "accept_then_rst"]) as server:
        send(engine, server)
        plan_run(engine, renderer, "run-2", headlines={"buy": "Ошибочно"}, **BUY)
        send(engine, server)
        settle_unknown(engine, "give_up")
        (back,) = plan_run(engine, renderer, "run-3", **BUY)
        assert back.outcome == "blocked"
        assert "исход более нового письма неизвестен" in back.reason
        assert "«Причина исправления»" in back.reason
        assert not reconcile(engine, "run-3").is_settled
        (told,) = plan_run(engine, renderer, "run-4", reason="Верны прежние сведения", **BUY)
        assert told.outcome == "planned"
        send(engine, server)
        (again,) = plan_run(engine, renderer, "run-5", **BUY)
    assert again.outcome == "suppressed"
    assert [row.state for row in deliveries(engine, "buy")] == ["accepted", "cancelled", "accepted"]
    assert len(server.accepted) == 3


@pytest.mark.parametrize("how", ["allow-list", "size"])
def test_what_the_sender_itself_refused_is_planned_again_once_its_cause_is_mended(
    engine: Engine, renderer: Renderer, how: str
):
    """The mail server had no word of it, so nothing stands against another try."""
    plan_run(engine, renderer, **BUY)
    if how == "allow-list":
        elsewhere = replace(SETTINGS, allowed_domains=frozenset({"example.com"}))
        with SmtpServer() as server:
            send(engine, server, settings=elsewhere)
            (still,) = again(engine, renderer, addressees=("buy",), settings=elsewhere)
        assert still.outcome == "blocked"
        says = "почтовый домен адреса не разрешён"
    else:
        with SmtpServer(features=("SIZE 100",)) as server:
            send(engine, server)
        says = "больше, чем принимает почтовый сервер"
    assert states(engine) == {"buy": "rejected"}
    assert server.accepted == []
    if how == "size":
        assert says in reconcile(engine, "run-1").text
    (mended,) = again(engine, renderer, addressees=("buy",))
    assert mended.outcome == "planned"
    with SmtpServer() as server:
        send(engine, server)
    assert len(server.accepted) == 1
    assert states(engine) == {"buy": "accepted"}


def test_a_report_composed_anew_in_the_run_that_was_sent_still_says_what_changed(
    engine: Engine, renderer: Renderer
):
    plan_run(engine, renderer, **BUY)
    with SmtpServer() as server:
        send(engine, server)
    anew = model_of("buy", "Порог не достигнут")
    with engine.begin() as db:
        db.execute(
            update(report).values(
                content_sha256=anew.content_sha256(), model=anew.model_dump_json()
            )
        )
    assert kinds(again(engine, renderer, addressees=("buy",))) == {"buy": "planned"}
    envelope = renderer.asked[-1][1]
    assert "порог не достигнут" in " ".join(envelope.corrections).replace("\xa0", " ").casefold()
    # Nothing came in since, so it is the rules or the words that are others.
    assert envelope.reason == "уточнены правила расчёта или слова отчёта, сведения прежние"


def test_a_correction_of_a_letter_whose_report_was_not_kept_says_no_changes(
    engine: Engine, renderer: Renderer
):
    plan_run(engine, renderer, **BUY)
    with SmtpServer() as server:
        send(engine, server)
    with engine.begin() as db:
        db.execute(told_report.delete())
    second = plan_run(engine, renderer, "run-2", headlines={"buy": "Иначе"}, **BUY)
    assert kinds(second) == {"buy": "planned"}
    assert renderer.asked[-1][1].corrections == ()


def with_act(number: str, own_words: str | None) -> ReportModel:
    """The report of `buy` with a cell that only in part is its own."""
    made = model_of("buy")
    at = next(n for n, sheet in enumerate(made.appendix) if sheet.table.rows)
    sheet = made.appendix[at]
    row = sheet.table.rows[-1]
    words = Words(text=f"письмо департамента от 05.04.2021; приказ № {number}")
    cell = Cell(value=words, own=False, own_words=own_words)
    mixed = row.model_copy(update={"cells": (*row.cells[:-1], cell), "own": True})
    rows = (*sheet.table.rows[:-1], mixed)
    table = sheet.table.model_copy(update={"rows": rows})
    sheets = list(made.appendix)
    sheets[at] = sheet.model_copy(update={"table": table})
    return made.model_copy(update={"appendix": tuple(sheets)})


def plan_report(engine: Engine, renderer: Renderer, run_id: str, model: ReportModel) -> str:
    """What is decided for `buy`, and the letter sent where one is planned."""
    make_run(engine, run_id, contacts=BUY["contacts"])
    store(engine, run_id, model)
    with SmtpServer() as server:
        (outcome,) = again(engine, renderer, run_id, ("buy",))
        send(engine, server)
    return outcome.outcome


def test_an_upgrade_corrects_no_letter_whose_mixed_cells_were_not_told_apart(
    engine: Engine, renderer: Renderer
):
    before_upgrade = with_act("202-п", None)
    now = with_act("202-п", "приказ № 202-п")
    assert before_upgrade.content_sha256() != now.content_sha256()
    assert plan_report(engine, renderer, "run-1", before_upgrade) == "planned"
    assert plan_report(engine, renderer, "run-2", now) == "suppressed"


def test_an_act_that_was_mended_in_a_mixed_cell_is_sent(engine: Engine, renderer: Renderer):
    """Beside a letter of before the upgrade, and beside one of after."""
    assert plan_report(engine, renderer, "run-1", with_act("202-п", None)) == "planned"
    mended = with_act("203-п", "приказ № 203-п")
    assert plan_report(engine, renderer, "run-2", mended) == "planned"
    assert plan_report(engine, renderer, "run-3", mended) == "suppressed"
    again_mended = with_act("204-п", "приказ № 204-п")
    assert plan_report(engine, renderer, "run-4", again_mended) == "planned"
    (told,) = renderer.asked[-1][1].corrections
    assert "203-п" in told
    assert "204-п" in told


def test_the_same_mailbox_in_other_letters_gets_no_second_letter(
    engine: Engine, renderer: Renderer
):
    with SmtpServer() as server:
        for number, address in enumerate(("Head@example.org", "head@Example.org")):
            outcomes = plan_run(
                engine, renderer, f"run-{number}", addressees=("buy",),
                contacts={"buy": (address,)},
            )  # fmt: skip
            send(engine, server)
            assert reconcile(engine, f"run-{number}").is_settled
    assert kinds(outcomes) == {"buy": "suppressed"}
    assert [letter.recipient for letter in server.accepted] == ["Head@example.org"]


# -- Contacts of several phases ----------------------------------------------------------------

JUNE = "2021/june_monitoring"


def make_june(engine: Engine, renderer: Renderer, address: str, run_id: str) -> None:
    """A live run of June whose only contact is this address, planned."""
    make_run(
        engine, run_id, occasion=JUNE, phase="june_monitoring", as_of=date(2021, 6, 30),
        known_at_ms=JULY_MS, started_ms=JULY_MS, contacts={"buy": (address,)},
    )  # fmt: skip
    store(engine, run_id, model_of("buy", "Июнь"))
    plan_deliveries(engine, PLAN, run_id, ("buy",), renderer.folder, SETTINGS, JULY_MS, renderer)
    release_run(engine, run_id)


JULY_MS = 1_625_050_800_000  # 30.06.2021, 14:00 in Moscow


def test_a_past_phase_that_runs_again_stops_no_letter_of_a_newer_one(
    engine: Engine, renderer: Renderer
):
    march = {"addressees": ("buy",), "contacts": {"buy": ("old@example.org",)}}
    plan_run(engine, renderer, **march)
    make_june(engine, renderer, "new@example.org", "june")
    with SmtpServer() as server:
        send(engine, server)
        plan_run(engine, renderer, "run-2", headlines={"buy": "Иначе"}, **march)
        send(engine, server, scope=ClaimScope())
    assert sorted(letter.recipient for letter in server.accepted) == [
        "new@example.org", "old@example.org",
    ]  # fmt: skip


def test_what_waits_for_an_address_that_a_newer_phase_replaced_is_cancelled_and_told(
    engine: Engine, renderer: Renderer
):
    plan_run(engine, renderer, addressees=("buy",), contacts={"buy": ("old@example.org",)})
    make_june(engine, renderer, "new@example.org", "june")
    with SmtpServer() as server:
        send(engine, server, scope=ClaimScope())
    assert [letter.recipient for letter in server.accepted] == ["new@example.org"]
    (march, _) = sorted(deliveries(engine, "buy"), key=lambda row: row.occasion != OCCASION)
    assert (march.state, march.last_detail) == ("cancelled", "recipient_replaced")
    assert not reconcile(engine, "run-1").is_settled
    plans = [PLAN.model_copy(update={"closed": False})]
    (alarm,) = find_alarms(engine, plans, 3)
    assert alarm.sentence.startswith("городской округ город Буй, ")
    assert "редакция 1. Адрес сменился, прежнее письмо не ушло." in alarm.sentence
    with engine.begin() as db:
        now_ms = moves.db_now_ms(db)
    make_run(
        engine, "run-2", started_ms=now_ms, known_at_ms=now_ms,
        contacts={"buy": ("new@example.org",)},
    )  # fmt: skip
    store(engine, "run-2", model_of("buy"))
    plan_deliveries(engine, PLAN, "run-2", ("buy",), renderer.folder, SETTINGS, now_ms, renderer)
    assert find_alarms(engine, plans, 3) == ()


def test_a_planner_that_dies_before_it_writes_stops_no_letter_that_waits(
    engine: Engine, tmp_path: Path, renderer: Renderer
):
    plan_run(engine, renderer, addressees=("buy",), contacts={"buy": ("old@example.org",)})

    class Dying(Renderer):
        def __call__(self, model: ReportModel, envelope: Envelope) -> Package:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plan_run(
            engine, Dying(tmp_path), "run-2", addressees=("buy",),
            contacts={"buy": ("new@example.org",)},
        )  # fmt: skip
    with SmtpServer() as server:
        assert send(engine, server).accepted == 1
    assert [letter.recipient for letter in server.accepted] == ["old@example.org"]


def test_a_new_recipient_joins_the_revision_that_the_others_have(
    engine: Engine, renderer: Renderer
):
    plan_run(engine, renderer, **BUY)
    with SmtpServer() as server:
        send(engine, server)
    second = plan_run(
        engine, renderer, "run-2", addressees=("buy",),
        contacts={"buy": ("a@example.org", "b@example.org")},
    )  # fmt: skip
    assert sorted(one.outcome for one in second) == ["planned", "suppressed"]
    assert [row.revision for row in deliveries(engine, "buy")] == [1, 1]


def test_a_correction_says_instead_of_only_to_who_received_the_first(
    engine: Engine, renderer: Renderer
):
    plan_run(engine, renderer, **BUY)
    with SmtpServer() as server:
        send(engine, server)
    plan_run(
        engine, renderer, "run-2", addressees=("buy",),
        contacts={"buy": ("a@example.org", "b@example.org")}, headlines={"buy": "Иначе"},
    )  # fmt: skip
    assert [row.revision for row in deliveries(engine, "buy")] == [1, 2, 2]
    envelopes = sorted((envelope.revision for _, envelope in renderer.asked[1:]))
    assert envelopes == [1, 2]


def test_a_waiting_letter_to_an_address_that_ended_is_cancelled(engine: Engine, renderer: Renderer):
    buy = {"addressees": ("buy",)}
    plan_run(engine, renderer, contacts={"buy": ("old@example.org",)}, **buy)
    plan_run(engine, renderer, "run-2", contacts={"buy": ("new@example.org",)}, **buy)
    rows = {row.last_detail: row.state for row in deliveries(engine, "buy")}
    assert rows == {"recipient_inactive": "cancelled", None: "ready"}
    with engine.begin() as db:
        kept = db.execute(select(recipient.c.addr, recipient.c.active)).all()
    assert {tuple(row) for row in kept} == {("old@example.org", 0), ("new@example.org", 1)}


def test_an_exhausted_letter_is_tried_anew_when_the_phase_runs_again(
    engine: Engine, renderer: Renderer
):
    plan_run(engine, renderer, **BUY)
    with SmtpServer(["451_dot"] * 3) as server:
        for _ in range(3):
            send(engine, server)
            make_due(engine)
        assert states(engine) == {"buy": "exhausted"}
        second = plan_run(engine, renderer, "run-2", **BUY)
        assert kinds(second) == {"buy": "planned"}
        send(engine, server)
    assert states(engine) == {"buy": "accepted"}
    assert len(server.accepted) == 1


def test_a_rejected_letter_waits_for_another_address(engine: Engine, renderer: Renderer):
    contacts = {"buy": ("a@example.org",)}
    plan_run(engine, renderer, addressees=("buy",), contacts=contacts)
    with SmtpServer(["550_rcpt"]) as server:
        send(engine, server)
        same = plan_run(engine, renderer, "run-2", addressees=("buy",), contacts=contacts)
        assert kinds(same) == {"buy": "blocked"}
        assert "из-за адреса" in str(same[0].reason)
        other = plan_run(
            engine, renderer, "run-3", addressees=("buy",),
            contacts={"buy": ("b@example.org",)},
        )  # fmt: skip
        assert kinds(other) == {"buy": "planned"}
        send(engine, server)
    assert [letter.recipient for letter in server.accepted] == ["b@example.org"]


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [("554_dot", "адрес ни при чём"), ("552_rcpt", "ящик получателя переполнен")],
)
def test_what_was_refused_for_another_cause_is_told_so_and_not_blamed_on_the_address(
    engine: Engine, renderer: Renderer, behaviour: str, says: str
):
    contacts = {"buy": ("a@example.org",)}
    plan_run(engine, renderer, addressees=("buy",), contacts=contacts)
    with SmtpServer([behaviour]) as server:
        send(engine, server)
    again = {"addressees": ("buy",), "contacts": contacts}
    for run_id, reason in (("run-2", None), ("run-3", "Адрес верен")):
        (found,) = plan_run(engine, renderer, run_id, reason=reason, **again)
        assert found.outcome == "blocked"
        assert says in str(found.reason)
        assert "Неверный адрес" not in str(found.reason)
        assert "«отказ устранён, отправить снова»" in str(found.reason)


def test_a_correction_without_its_reason_is_blocked_where_the_plan_asks_for_one(
    engine: Engine, renderer: Renderer
):
    phases = tuple(
        phase.model_copy(update={"correction_needs_reason": True}) for phase in PLAN.phases
    )
    strict = PLAN.model_copy(update={"phases": phases})
    contacts = {"buy": ("a@example.org",)}
    plan_run(engine, renderer, plan=strict, addressees=("buy",), contacts=contacts)
    with SmtpServer() as server:
        send(engine, server)
    changed = {"addressees": ("buy",), "contacts": contacts, "headlines": {"buy": "Иначе"}}
    assert kinds(plan_run(engine, renderer, "run-2", plan=strict, **changed)) == {"buy": "blocked"}
    given_ = plan_run(engine, renderer, "run-3", plan=strict, reason="Уточнён протокол", **changed)
    assert kinds(given_) == {"buy": "planned"}
    assert deliveries(engine, "buy")[-1].reason == "Уточнён протокол"
    assert renderer.asked[-1][1].reason == "Уточнён протокол"


def test_a_correction_nobody_gave_a_reason_for_names_the_evidence_that_came_in_since(
    engine: Engine, renderer: Renderer
):
    contacts = {"buy": ("a@example.org",)}
    plan_run(engine, renderer, addressees=("buy",), contacts=contacts)
    with SmtpServer() as server:
        send(engine, server)
    make_run(engine, "run-2", contacts=contacts)
    with engine.begin() as db:
        state = {"need": "needed", "state": "received", "batches": 1}
        db.execute(
            run_dataset.insert(),
            [{"run_id": "run-2", "dataset": name, **state} for name in ("contacts", "events")],
        )
        batch = select(load_batch).where(load_batch.c.batch_id == "contacts-run-2")
        row = db.execute(batch).mappings().one()
        db.execute(load_batch.insert(), {**row, "batch_id": "events-2", "dataset": "events"})
        db.execute(run_batch.insert(), {"run_id": "run-2", "batch_id": "events-2"})
    store(engine, "run-2", model_of("buy", "Иначе"))
    again(engine, renderer, "run-2", ("buy",))
    assert deliveries(engine, "buy")[-1].reason == (
        "после прежнего письма поступили новые сведения: «Мероприятия»"
    )


def test_where_approval_is_asked_letters_wait_for_it(engine: Engine, renderer: Renderer):
    phases = tuple(
        phase.model_copy(update={"approval": phase.approval.model_copy(update={"required": True})})
        for phase in PLAN.phases
    )
    plan_run(engine, renderer, plan=PLAN.model_copy(update={"phases": phases}))
    assert set(states(engine).values()) == {"held"}
    with SmtpServer() as server:
        assert send(engine, server).accepted == 0
    account = reconcile(engine, "run-1")
    assert account.counts["awaiting_approval"] == 3
    assert not account.is_settled  # nobody was told anything: no run is green for that


def datasets(engine: Engine, **states: tuple[str, str]) -> None:
    """Say of each dataset whether run-1 needs it, and what became of it."""
    with engine.begin() as db:
        db.execute(
            run_dataset.insert(),
            [
                {"run_id": "run-1", "dataset": dataset, "need": need, "state": state, "batches": 0}
                for dataset, (need, state) in states.items()
            ],
        )


@pytest.mark.parametrize(
    ("state", "to_do"),
    [("missing", "Положите файлы в папку приёма"), ("refused", "Исправьте файлы")],
)
def test_without_a_needed_dataset_no_letter_is_made_and_the_reason_names_it(
    any_engine: Engine, renderer: Renderer, state: str, to_do: str
):
    make_run(any_engine)
    store(any_engine, "run-1", *map(model_of, ("buyskiy", "neya", "buy")))
    datasets(
        any_engine,
        vpr_marks=("needed", state),
        contacts=("needed", "received"),
        ege_protocols=("told", "missing"),
    )
    outcomes = again(any_engine, renderer)
    assert kinds(outcomes) == dict.fromkeys(("buyskiy", "neya", "buy"), "blocked")
    (reason,) = {one.reason for one in outcomes}
    assert reason is not None
    assert "«ВПР: статистика по отметкам». " in reason
    assert to_do in reason
    assert "ЕГЭ" not in reason
    assert renderer.asked == []
    assert not reconcile(any_engine, "run-1").is_settled


def test_who_is_not_in_the_registry_gets_no_letter_and_the_others_go(
    any_engine: Engine, renderer: Renderer
):
    make_run(any_engine)
    store(any_engine, "run-1", *map(model_of, ("buyskiy", "neya", "buy")))
    told = {"run_id": "run-1", "rule": "MUNICIPALITY_NOT_IN_REGISTRY", "message": "Нет в реестре."}
    with any_engine.begin() as db:
        db.execute(
            run_finding.insert(), [told | {"municipality_id": one} for one in ("neya", None)]
        )
    outcomes = again(any_engine, renderer)
    assert kinds(outcomes) == {"buyskiy": "planned", "neya": "blocked", "buy": "planned"}
    assert [one.reason for one in outcomes if one.outcome == "blocked"] == ["Нет в реестре."]


def test_a_dataset_whose_absence_is_only_said_stops_no_letter(
    any_engine: Engine, renderer: Renderer
):
    make_run(any_engine)
    store(any_engine, "run-1", *map(model_of, ("buyskiy", "neya", "buy")))
    datasets(any_engine, vpr_marks=("needed", "received"), ege_protocols=("told", "refused"))
    outcomes = again(any_engine, renderer)
    assert kinds(outcomes) == dict.fromkeys(("buyskiy", "neya", "buy"), "planned")


# -- Modes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["redirect", "dry"])
def test_test_letters_never_count_as_sent(engine: Engine, renderer: Renderer, mode: str):
    plan_run(engine, renderer, "test-1", mode=mode)
    with SmtpServer() as server:
        send(engine, server, scope=ClaimScope(mode=mode))
        live = plan_run(engine, renderer, "run-1")
        send(engine, server)
    assert set(kinds(live).values()) == {"planned"}
    assert {row.revision for row in deliveries(engine, "buy")} == {1}
    assert all(envelope.replaces is None for _, envelope in renderer.asked)
    told = [envelope.test_addressee for _, envelope in renderer.asked]
    assert told == [NAMES["buyskiy"], NAMES["neya"], NAMES["buy"], None, None, None]
    assert "считаются отправленными" in reconcile(engine, "test-1").text


@pytest.mark.parametrize("in_force", [None, date(2021, 3, 27)], ids=["a draft", "tomorrow"])
def test_a_plan_not_in_force_writes_to_the_operator_only(
    engine: Engine, renderer: Renderer, in_force: date | None
):
    plan_run(engine, renderer, plan=PLAN.model_copy(update={"in_force": in_force}))
    with engine.begin() as db:
        assert db.execute(select(phase_run.c.mode)).scalar_one() == "redirect"
        assert set(db.execute(select(delivery.c.mode)).scalars()) == {"redirect"}
    with SmtpServer() as server:
        assert send(engine, server).accepted == 0
        send(engine, server, scope=ClaimScope(mode="redirect"))
    assert {letter.recipient for letter in server.accepted} == {"test@example.org"}


@pytest.mark.parametrize(
    "other", [{"as_of": date(2021, 3, 15)}, {"known_at_ms": NOW_MS - 1}], ids=["as_of", "known_at"]
)
def test_another_day_or_moment_is_not_sent_live(engine: Engine, renderer: Renderer, other: dict):
    with pytest.raises(LiveRefused, match="проверочные письма"):
        plan_run(engine, renderer, "run-1", **other)
    assert counted_rows(engine) == (0, 0, 0, 0)
    assert set(kinds(plan_run(engine, renderer, "r2", mode="dry", **other)).values()) == {"planned"}


def test_a_redirect_outside_the_allow_list_is_blocked(engine: Engine, renderer: Renderer):
    elsewhere = replace(SETTINGS, redirect_to="test@elsewhere.example")
    outcomes = plan_run(engine, renderer, mode="redirect", settings=elsewhere)
    assert set(kinds(outcomes).values()) == {"blocked"}


def test_a_rehearsal_of_another_day_leaves_live_recipients_valid(
    engine: Engine, renderer: Renderer
):
    plan_run(engine, renderer)
    plan_run(
        engine, renderer, "test-1", mode="dry", addressees=("buy",),
        contacts={"buy": ("other@example.org",)},
    )  # fmt: skip
    with SmtpServer() as server:
        assert send(engine, server).accepted == 3


def test_who_is_no_addressee_of_the_run_is_refused(engine: Engine, renderer: Renderer):
    make_run(engine)
    with pytest.raises(UnknownAddressee):
        again(engine, renderer, addressees=("region",))


def test_a_file_that_changed_after_the_checks_is_not_sent(engine: Engine, tmp_path: Path):
    class Tampering(Renderer):
        def __call__(self, model: ReportModel, envelope: Envelope) -> Package:
            package = super().__call__(model, envelope)
            (self.folder / package.files[0].path).write_bytes(b"other")
            return package

    outcomes = plan_run(engine, Tampering(tmp_path))
    assert set(kinds(outcomes).values()) == {"blocked"}
    assert "изменился после проверки" in outcomes[0].reason


@pytest.mark.parametrize("planners", [3])
def test_planners_at_once_write_one_letter_per_key(
    any_engine: Engine, renderer: Renderer, planners: int
):
    for number in range(planners):
        make_run(any_engine, f"run-{number}")
        store(any_engine, f"run-{number}", *(model_of(key) for key in ("buyskiy", "neya", "buy")))
    found: list[Outcome] = []
    threads = [
        threading.Thread(
            target=lambda run: found.extend(again(any_engine, renderer, run)),
            args=(f"run-{number}",),
        )
        for number in range(planners)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {one.outcome for one in found} == {"planned"}
    assert len({one.delivery_id for one in found}) == 3
    assert len(found) == 9
    assert counted_rows(any_engine)[:2] == (3, 3)


# -- What a run says that corrects somebody, and what a rehearsal answers -----------------------

CHANGED = {"neya": "Порог не достигнут"}


def told(engine: Engine, run_id: str) -> str:
    return reconcile(engine, run_id).text.replace("\u00a0", " ")


def test_a_correction_run_says_how_many_went_and_to_whom(any_engine: Engine, renderer: Renderer):
    plan_run(any_engine, renderer)
    with SmtpServer() as server:
        send(any_engine, server)
        plan_run(any_engine, renderer, "run-2", headlines=CHANGED)
        send(any_engine, server)
    result = reconcile(any_engine, "run-2")
    assert result.is_settled
    assert result.headline == "Исправления отправлены: 1, без изменений 2"
    went = f"Отправлено: 1 исправление ({NAMES['neya']}), 2 без изменений."
    assert went in told(any_engine, "run-2")
    assert reconcile(any_engine, "run-1").headline == "Отправлено всем 3"


def test_a_revision_after_one_that_never_left_is_no_correction(engine: Engine, renderer: Renderer):
    plan_run(engine, renderer)
    plan_run(engine, renderer, "run-2", headlines=CHANGED)
    with SmtpServer() as server:
        send(engine, server)
    result = reconcile(engine, "run-2")
    assert [line.revision for line in result.lines if line.name == NAMES["neya"]] == [2]
    assert result.headline == "Отправлено всем 3"
    assert "исправлен" not in result.text.lower()


@pytest.mark.parametrize("mode", ["redirect", "dry"])
@pytest.mark.parametrize(
    ("live", "headlines", "planned", "answer"),
    [
        ((), {}, 3, "Настоящая отправка: 3 первых письма."),
        (
            ("buyskiy", "neya", "buy"), {}, 0,
            "Настоящей отправке отправлять нечего: уже отправлено всем 3.",
        ),
        (
            ("buyskiy", "neya", "buy"), CHANGED, 1,
            f"Настоящая отправка: 1 исправление ({NAMES['neya']}), 2 без изменений.",
        ),
        (
            ("buyskiy", "neya"), CHANGED, 2,
            f"Настоящая отправка: 1 исправление ({NAMES['neya']}), 1 без изменений, 1 первое"
            " письмо.",
        ),
    ],
    ids=["nothing was sent", "nothing is new", "one changed", "one changed, one had nothing"],
)  # fmt: skip
def test_a_rehearsal_says_what_a_live_run_then_does(
    engine: Engine,
    renderer: Renderer,
    mode: str,
    live: tuple[str, ...],
    headlines: dict[str, str],
    planned: int,
    answer: str,
):
    with SmtpServer() as server:
        if live:
            contacts = {key: (f"{key}@example.org",) for key in live}
            plan_run(engine, renderer, addressees=live, contacts=contacts)
            send(engine, server)
        plan_run(engine, renderer, "test", mode=mode, headlines=headlines)
        send(engine, server, scope=ClaimScope(mode=mode))
        assert answer in told(engine, "test")
        outcomes = plan_run(engine, renderer, "run-2", headlines=headlines)
    assert sum(one.outcome == "planned" for one in outcomes) == planned


def test_a_rehearsal_names_who_would_get_nothing_and_why(engine: Engine, renderer: Renderer):
    plan_run(engine, renderer)
    with SmtpServer(["accept_then_rst"]) as server:
        send(engine, server)
    (lost,) = (line.name for line in reconcile(engine, "run-1").open)
    plan_run(engine, renderer, "test", mode="dry", headlines=dict.fromkeys(NAMES, "Иначе"))
    text = told(engine, "test")
    assert f"{lost} — не отправится: исход прежнего письма неизвестен." in text
    assert "Настоящая отправка: 2 исправления (" in text


@pytest.mark.parametrize(
    "other", [{"as_of": date(2021, 3, 30)}, {"known_at_ms": NOW_MS - 1}], ids=["day", "moment"]
)
def test_a_rehearsal_of_another_day_or_moment_promises_nothing(
    engine: Engine, renderer: Renderer, other: dict[str, Any]
):
    plan_run(engine, renderer, "test", mode="dry", **other)
    text = told(engine, "test")
    assert "Адресатам такой отчёт не отправляется" in text
    assert "Настоящая отправка" not in text


@pytest.mark.parametrize("mode", ["redirect", "dry"])
def test_a_rehearsal_promises_no_letter_that_could_not_be_made(
    engine: Engine, renderer: Renderer, mode: str
):
    renderer.held = ("neya",)
    plan_run(engine, renderer, "test", mode=mode)
    assert "Настоящая отправка: 2 первых письма." in told(engine, "test")


def test_a_rehearsal_knows_of_a_letter_that_waits_in_the_queue(engine: Engine, renderer: Renderer):
    plan_run(engine, renderer)
    plan_run(engine, renderer, "test", mode="dry")
    assert "Настоящая отправка: 3 уже в очереди." in told(engine, "test")


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("redirect", "Уже отправлено на проверочный адрес "),
        ("dry", "Уже проверено без отправки "),
    ],
)
def test_a_rehearsal_twice_never_says_that_the_addressee_has_it(
    engine: Engine, renderer: Renderer, mode: str, says: str
):
    plan_run(engine, renderer, mode=mode)
    with SmtpServer() as server:
        send(engine, server, scope=ClaimScope(mode=mode))
    second = plan_run(engine, renderer, "run-2", mode=mode)
    assert all(one.reason.startswith(says) for one in second)


# -- How the phase as a whole stands --------------------------------------------------------------


def plan_for(engine: Engine, renderer: Renderer, run_id: str, chosen: str) -> None:
    """A later run of the form's «Муниципалитеты»: the others take part and are not chosen."""
    make_run(engine, run_id, started_ms=NOW_MS + 1, known_at_ms=NOW_MS + 1)
    with engine.begin() as db:
        db.execute(
            update(run_municipality)
            .where(run_municipality.c.run_id == run_id)
            .where(run_municipality.c.municipality_id != chosen)
            .values(is_selected=0)
        )
    store(engine, run_id, model_of(chosen))
    again(engine, renderer, run_id, (chosen,))


def test_a_green_run_for_some_or_for_a_test_says_that_the_phase_is_not_done(
    any_engine: Engine, renderer: Renderer
):
    plan_run(any_engine, renderer)
    with SmtpServer(["accept_then_rst"]) as server:
        send(any_engine, server)
        (lost,) = reconcile(any_engine, "run-1").open
        other = next(key for key in ("buyskiy", "neya") if key != lost.municipality_id)
        plan_for(any_engine, renderer, "some", other)
        plan_run(any_engine, renderer, "test", mode="dry", started_ms=NOW_MS + 2)
        send(any_engine, server, scope=ClaimScope(mode="dry"))
    for run_id in ("some", "test"):
        result = reconcile(any_engine, run_id)
        assert result.is_settled
        assert (
            result.headline
            == {
                "some": "Уже отправлено одному адресату: нового нет",
                "test": "Проверка без отправки прошла для всех 3",
            }[run_id]
        )
        assert (
            "Этап в целом (последняя отправка каждому адресату): отправлено не всем: 2 из 3."
            f" Требуют внимания: {lost.name}."
        ) in result.text
    assert "Этап в целом" not in reconcile(any_engine, "run-1").text


def test_a_run_for_whoever_had_nothing_makes_the_phase_whole(engine: Engine, renderer: Renderer):
    renderer.held = ("neya",)
    plan_run(engine, renderer)
    with SmtpServer() as server:
        send(engine, server)
        assert state_of_phase(engine, OCCASION).headline == "Отправлено не всем: 2 из 3"
        renderer.held = ()
        plan_for(engine, renderer, "some", "neya")
        send(engine, server)
    whole = state_of_phase(engine, OCCASION)
    assert (whole.headline, whole.is_settled, whole.expected) == ("Отправлено всем 3", True, 3)
    assert reconcile(engine, "some").headline == "Отправлено одному адресату"
    assert reconcile(engine, "run-1").headline == "Отправлено не всем: 2 из 3"


def test_a_phase_that_was_only_rehearsed_has_sent_nothing(engine: Engine, renderer: Renderer):
    plan_run(engine, renderer, "test", mode="redirect")
    assert state_of_phase(engine, OCCASION) is None
    text = told(engine, "test")
    assert "Этап в целом: адресатам ещё ничего не отправлялось." in text


# -- What a person decided not to send ------------------------------------------------------------


@pytest.mark.parametrize("is_run_again", [False, True])
def test_what_a_person_decided_not_to_send_is_closed_and_told(
    any_engine: Engine, renderer: Renderer, is_run_again: bool
):
    plan_run(any_engine, renderer)
    with SmtpServer(["accept_then_rst"]) as server:
        send(any_engine, server)
    (lost,) = reconcile(any_engine, "run-1").open
    settle(
        any_engine, lost.message_id, "give_up", actor="Иванова", reason="журнала сервера нет"
    )  # fmt: skip
    if is_run_again:
        plan_run(any_engine, renderer, "run-2")
    result = reconcile(any_engine, "run-2" if is_run_again else "run-1")
    assert result.is_settled
    assert result.headline == "Отправлено не всем: 2 из 3, решено не отправлять: 1"
    assert f"{lost.name}: решено не отправлять" in result.text
    (told,) = (line.decision for line in result.lines if line.name == lost.name)
    assert told.startswith("Решение «не знаем, не отправлять»: Иванова, ")
    assert told.endswith("причина: журнала сервера нет.")
    assert told in result.text


def test_a_letter_that_arrived_by_a_person_s_word_says_whose(engine: Engine, renderer: Renderer):
    plan_run(engine, renderer, **BUY)
    with SmtpServer(["accept_then_rst"]) as server:
        send(engine, server)
    (lost,) = reconcile(engine, "run-1").open
    settle(engine, lost.message_id, "arrived", actor="Иванова", reason="получатель подтвердил")
    result = reconcile(engine, "run-1")
    assert result.headline == "Отправлено одному адресату"
    assert "Решение «дошло»: Иванова, " in result.text


# -- Decisions, in any history -----------------------------------------------------------------

STATES = (
    "held", "ready", "claimed", "in_doubt", "unknown", "retry", "accepted", "rejected",
    "exhausted", "cancelled", "bounced",
)  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> list[Past]:
    """At most the last one is unfinished, as the ledger's index has it."""
    finished = ("accepted", "rejected", "cancelled", "bounced", "exhausted")
    length = draw(st.integers(0, 5))
    history = []
    for n in range(length):
        state = draw(st.sampled_from(STATES if n == length - 1 else finished))
        before = st.sampled_from(["held", "ready", "retry", "exhausted", "unknown"])
        refusals = st.sampled_from(
            [
                (550, "5.1.1 no such user"),
                (552, "too_large: says the mail server itself"),
                (None, "domain_not_allowed"),
                (None, "too_large: 2 > 1"),
            ]
        )
        code, detail = draw(refusals) if state == "rejected" else (None, None)
        history.append(
            Past(
                delivery_id=f"d{n}",
                recipient_id="r",
                revision=n + 1,
                content_sha256=draw(st.sampled_from("abc")),
                state=state,
                run_id=draw(st.sampled_from(["run-1", "run-2"])),
                accepted_ms=NOW_MS if state == "accepted" else None,
                cancelled_from=draw(before) if state == "cancelled" else None,
                last_code=code,
                last_detail=detail,
                is_late=state in ("held", "ready", "retry") and draw(st.booleans()),
            )
        )
    return history


@given(
    history=histories(),
    content=st.sampled_from("abc"),
    has_reason=st.booleans(),
    needs_reason=st.booleans(),
)
def test_no_history_leads_to_a_second_letter_of_what_was_accepted_or_may_have_gone(
    history: list[Past], content: str, has_reason: bool, needs_reason: bool
):
    decision = decide(
        history,
        content,
        "run-1",
        has_reason=has_reason,
        needs_reason=needs_reason,
        local_time=PLAN_TIME,
    )
    last = history[-1] if history else None
    accepted = [past for past in history if past.state == "accepted"]
    given_up = [past for past in history if past.cancelled_from == "unknown"]
    may_have_gone = sorted([*accepted, *given_up], key=lambda past: past.revision)
    if decision.kind == "plan" and last is not None:
        assert last.state not in ("claimed", "in_doubt", "unknown", "bounced")
        assert not may_have_gone or may_have_gone[-1].content_sha256 != content
        # What was accepted goes again only after another content that may have arrived, and
        # because a person says why.
        assert not accepted or accepted[-1].content_sha256 != content or has_reason
        assert not accepted or has_reason or not needs_reason
        # A mail server that refused a content for good is not asked again.
        is_same = last.content_sha256 == content
        assert not (last.state == "rejected" and is_same) or last.last_code is None
        unfinished = last.state in ("held", "ready", "retry", "exhausted")
        assert (decision.late or decision.drops) == (last if unfinished else None)
        assert decision.late is None or decision.late.is_late
    if decision.kind in ("keep", "resume"):
        assert decision.keeps == last
        assert last.content_sha256 == content
    if decision.kind in ("blocked", "suppressed"):
        assert decision.reason
    if decision.kind == "suppressed":
        assert may_have_gone[-1] == accepted[-1]
    if decision.drops is not None:
        assert decision.drops.content_sha256 != content
    if decision.kind != "plan":
        assert decision.late is None


@given(
    history=histories().filter(bool),
    in_hand=st.sampled_from(["claimed", "in_doubt", "unknown"]),
    content=st.sampled_from("abc"),
    has_reason=st.booleans(),
    needs_reason=st.booleans(),
)
def test_while_the_last_letter_is_on_its_way_or_unknown_nothing_is_planned_or_dropped(
    history: list[Past], in_hand: str, content: str, has_reason: bool, needs_reason: bool
):
    last = replace(history[-1], state=in_hand, cancelled_from=None, accepted_ms=None, is_late=False)
    decision = decide(
        [*history[:-1], last],
        content,
        "run-1",
        has_reason=has_reason,
        needs_reason=needs_reason,
        local_time=PLAN_TIME,
    )
    is_same_task = last.run_id == "run-1" and last.content_sha256 == content
    assert decision.kind == ("keep" if is_same_task else "blocked")
    assert decision.drops is None


@given(history=histories(), content=st.sampled_from("abc"))
def test_a_revision_s_number_is_new_for_its_recipient(history: list[Past], content: str):
    number = next_revision(history, "r", content)
    assert number not in {past.revision for past in history}
    joined = next_revision(history, "another", content)
    assert joined in (number, number - 1)


def test_the_real_package_travels_whole(engine: Engine, tmp_path: Path):
    """Four formats, rendered and checked, arrive as they were put away."""
    make_run(engine, contacts={"neya": ("a@example.org",)})
    store(engine, "run-1", model_of("neya"))
    outcomes = plan_deliveries(
        engine, PLAN, "run-1", ("neya",), tmp_path / "reports", SETTINGS, NOW_MS
    )
    assert [(one.outcome, one.reason) for one in outcomes] == [("planned", None)]
    release_run(engine, "run-1")
    with SmtpServer() as server:
        send(engine, server)
    back = message_from_bytes(server.accepted[0].content, policy=email.policy.default)
    with engine.begin() as db:
        manifest = db.execute(
            select(report_file).where(report_file.c.file_kind.not_in(("html", "text")))
        ).all()
    sent = {
        part.get_filename(): hashlib.sha256(part.get_content()).hexdigest()
        for part in back.iter_attachments()
    }
    assert sent == {row.file_name: row.sha256 for row in manifest}
    assert {name.rpartition(".")[2] for name in sent} == {"pdf", "docx", "xlsx"}
    assert reconcile(engine, "run-1").headline == "Отправлено одному адресату"


@pytest.mark.parametrize(
    ("now", "deadline"),
    [
        ("2021-06-27 09:00", "2021-07-01 00:00"),  # the due date, 30.06, is nearer than five days
        ("2021-06-16 09:00", "2021-06-21 09:00"),
        ("2021-08-01 09:00", "2021-08-06 09:00"),  # a year that is run afterwards
    ],
)
def test_a_reminder_leaves_not_later_than_on_its_due_date(now: str, deadline: str):
    def at(said: str) -> int:
        return int(datetime.fromisoformat(f"{said}+03:00").timestamp() * 1000)

    reminder = PLAN.phase("reminder/2021-06-30/3")
    assert deadline_ms(PLAN, reminder, SETTINGS.expiry_ms, at(now)) == at(deadline)
    far = in_kamchatka(PLAN)  # where that day ends sooner
    if deadline == "2021-07-01 00:00":
        assert deadline_ms(far, reminder, SETTINGS.expiry_ms, at(now)) == at("2021-06-30 15:00")
    march = PLAN.phase("march_analysis")
    assert deadline_ms(PLAN, march, SETTINGS.expiry_ms, at(now)) == at(now) + SETTINGS.expiry_ms
