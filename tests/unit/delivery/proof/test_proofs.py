"""Evidence: what proves an unknown letter, and what is noticed when a copy is put back (D4)."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select, update

from roadmap.delivery.ledger import brakes, moves
from roadmap.delivery.ledger.moves import ClaimScope
from roadmap.delivery.proof.proofs import (
    Doubtful,
    ProofUnavailable,
    ReceiptSource,
    notice_restore,
    settle_unknown,
)
from roadmap.delivery.proof.receipts import Mark, Receipt, Receipts
from roadmap.delivery.sending.sender import SendSummary, send_due
from roadmap.delivery.sending.smtp import transports
from roadmap.store.engine import open_engine
from roadmap.store.tables import control, control_event, delivery, delivery_event, message
from support.ledger_world import (
    SCOPE,
    SETTINGS,
    everybody,
    letter,
    make_due,
    make_run,
    plan_all,
    states,
)
from support.mail_client import plain
from support.smtp_server import SmtpServer

ALL = {"buyskiy", "neya", "buy"}


@dataclass
class Said:
    """A source that proves what it is told to, and remembers what it was asked."""

    proof: Mapping[str, str]
    kind: str = "relay_log"
    asked: list[Doubtful] = field(default_factory=list)

    def find(self, letters: Sequence[Doubtful]) -> Mapping[str, str]:
        self.asked += letters
        return self.proof


class Away:
    kind = "journal"

    def find(self, letters: Sequence[Doubtful]) -> Mapping[str, str]:
        raise ProofUnavailable("Ящик копий не отвечает.")


@pytest.fixture
def receipts(tmp_path: Path) -> Receipts:
    folder = tmp_path / "receipts"
    folder.mkdir()
    return Receipts(folder)


@pytest.fixture
def planned(any_engine: Engine) -> Engine:
    make_run(any_engine)
    plan_all(any_engine)
    return any_engine


def send(engine: Engine, server: SmtpServer, receipts: Receipts | None = None) -> SendSummary:
    return send_due(
        engine,
        SCOPE,
        transports(plain(server.port)),
        replace(SETTINGS, pause_after_unknown=100, pause_after_rejected=100),
        threading.Event(),
        "sender-1",
        receipts=receipts,
    )


def copies(server: SmtpServer) -> Counter[str]:
    return Counter(taken.message_id for taken in server.accepted)


def last_events(engine: Engine) -> dict[str, tuple[str | None, str | None]]:
    """Of each letter's last event: phase and detail."""
    with engine.begin() as db:
        rows = db.execute(select(delivery_event).order_by(delivery_event.c.seq))
        return {row.delivery_id: (row.phase, row.detail) for row in rows}


def ids(engine: Engine) -> dict[str, str]:
    with engine.begin() as db:
        rows = db.execute(select(delivery.c.municipality_id, delivery.c.delivery_id))
        return {row.municipality_id: row.delivery_id for row in rows}


def is_off(engine: Engine) -> bool:
    with engine.begin() as db:
        return brakes.standing(db, moves.db_now_ms(db)).is_off


def chains_hold(engine: Engine) -> bool:
    with engine.begin() as db:
        return moves.broken_chains(db) == ()


# -- Settling what is unknown --------------------------------------------------------------------


@pytest.fixture
def unknown(planned: Engine) -> Engine:
    """Three letters, the mail server cut the line after each dot."""
    with planned.begin() as db:
        db.execute(control.insert(), {"k": "incarnation", "v": "one"})
    with SmtpServer(default="accept_then_rst") as server:
        send(planned, server)
    assert set(states(planned).values()) == {"unknown"}
    return planned


def test_a_proven_letter_is_accepted_and_the_ledger_says_by_what(unknown: Engine):
    neya = ids(unknown)["neya"]
    settled = settle_unknown(unknown, [Said({neya: "4ABC 26.03.2021"})], "delivery_watch")
    assert (settled.accepted, settled.still_unknown) == (1, 2)
    assert states(unknown) == {"buyskiy": "unknown", "neya": "accepted", "buy": "unknown"}
    assert last_events(unknown)[neya] == ("evidence", "relay_log: 4ABC 26.03.2021")
    assert chains_hold(unknown)


def test_no_proof_changes_nothing(unknown: Engine):
    before = last_events(unknown)
    settled = settle_unknown(unknown, [Said({}), Said({})], "delivery_watch")
    assert (settled.accepted, settled.still_unknown) == (0, 3)
    assert last_events(unknown) == before


def test_a_source_is_asked_only_about_what_is_open(unknown: Engine):
    neya = ids(unknown)["neya"]
    first, second = Said({neya: "1"}), Said({})
    settle_unknown(unknown, [first, second], "delivery_watch")
    assert {one.delivery_id for one in first.asked} == set(ids(unknown).values())
    assert {one.delivery_id for one in second.asked} == set(ids(unknown).values()) - {neya}


def test_a_source_is_told_what_a_proof_must_fit(unknown: Engine):
    source = Said({})
    settle_unknown(unknown, [source], "delivery_watch")
    with unknown.begin() as db:
        rows = {row.delivery_id: row for row in db.execute(select(delivery))}
    assert len(source.asked) == 3
    for one in source.asked:
        row = rows[one.delivery_id]
        assert (one.message_id, one.payload_sha256) == (row.message_id, row.payload_sha256)
        assert one.send_epoch == row.send_epoch
        assert one.written_at.isoformat() == "2021-03-26T10:14:00+03:00"


def test_a_source_that_proves_what_nobody_asked_is_not_believed(planned: Engine):
    neya = ids(planned)["neya"]
    settled = settle_unknown(planned, [Said({neya: "1", "f" * 64: "2"})], "delivery_watch")
    assert (settled.accepted, settled.still_unknown) == (0, 0)
    assert set(states(planned).values()) == {"ready"}


def test_a_letter_whose_bytes_were_changed_stops_no_other_from_being_proven(unknown: Engine):
    known = ids(unknown)
    with unknown.begin() as db:
        neya = select(delivery.c.message_id).where(delivery.c.municipality_id == "neya")
        db.execute(
            update(message).where(message.c.message_id == neya.scalar_subquery()).values(rfc822=b"")
        )
    source = Said(dict.fromkeys(known.values(), "4ABC"))
    settled = settle_unknown(unknown, [source], "delivery_watch")
    assert (settled.accepted, settled.still_unknown) == (2, 1)
    assert states(unknown)["neya"] == "unknown"


def test_a_source_that_is_away_stops_no_other(unknown: Engine):
    neya = ids(unknown)["neya"]
    settled = settle_unknown(unknown, [Away(), Said({neya: "1"})], "delivery_watch")
    assert settled.accepted == 1
    assert settled.unavailable == ("Ящик копий не отвечает.",)


def test_a_reference_is_kept_without_addresses(unknown: Engine):
    neya = ids(unknown)["neya"]
    settle_unknown(unknown, [Said({neya: "to=<neya@example.org> sent"})], "delivery_watch")
    assert "@" not in (last_events(unknown)[neya][1] or "")


# -- Receipts ------------------------------------------------------------------------------------


def test_d3_a_receipt_heals_what_the_database_did_not_hear(
    planned: Engine, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
):
    class Died(BaseException):
        pass

    def die(*_args: object) -> bool:
        raise Died

    with SmtpServer() as server:
        with monkeypatch.context() as patch, pytest.raises(Died):
            patch.setattr(moves, "accept", die)
            send(planned, server, receipts)
        with planned.begin() as db:
            db.execute(
                update(delivery).where(delivery.c.state == "in_doubt").values(lease_until_ms=1)
            )
        send(planned, server, receipts)
        assert Counter(states(planned).values()) == {"unknown": 1, "accepted": 2}
        settled = settle_unknown(planned, [ReceiptSource(receipts)], "delivery_watch")
    assert (settled.accepted, settled.still_unknown) == (1, 0)
    assert set(states(planned).values()) == {"accepted"}
    assert set(copies(server).values()) == {1}
    assert len(copies(server)) == 3


def kept_for(engine: Engine, municipality_id: str, **changes) -> Receipt:
    with engine.begin() as db:
        row = db.execute(
            select(delivery).where(delivery.c.municipality_id == municipality_id)
        ).one()
    made = Receipt(
        row.delivery_id, row.send_epoch, row.message_id, 250, "ok", 5, row.payload_sha256
    )
    return replace(made, **changes)


def test_a_receipt_of_an_earlier_try_proves_as_much(unknown: Engine, receipts: Receipts):
    receipts.keep(kept_for(unknown, "neya"))
    with unknown.begin() as db:
        db.execute(update(delivery).values(send_epoch=3))
    assert settle_unknown(unknown, [ReceiptSource(receipts)], "w").accepted == 1


@pytest.mark.parametrize("other", [{"payload_sha256": "0" * 64}, {"message_id": "<x@example.org>"}])
def test_a_receipt_of_other_bytes_proves_nothing(unknown: Engine, receipts: Receipts, other: dict):
    receipts.keep(kept_for(unknown, "neya", **other))
    assert settle_unknown(unknown, [ReceiptSource(receipts)], "w").accepted == 0
    assert states(unknown)["neya"] == "unknown"


# -- D4: the database is put back from a copy ------------------------------------------------------


def test_a_run_of_sending_notices_nothing(planned: Engine, receipts: Receipts):
    with SmtpServer(["451_dot", "550_rcpt", "accept_then_rst"]) as server:
        for _ in range(4):
            assert notice_restore(planned, receipts, "s") is None
            send(planned, server, receipts)
            make_due(planned)
        assert notice_restore(planned, receipts, "s") is None
    assert not is_off(planned)
    assert receipts.mark() == Mark(*_incarnation_and_events(planned))
    assert len(server.accepted) == 2


def _incarnation_and_events(engine: Engine) -> tuple[str, int]:
    with engine.begin() as db:
        name = db.execute(select(control.c.v).where(control.c.k == "incarnation")).scalar_one()
        return name, len(db.execute(select(delivery_event.c.seq)).all())


@dataclass
class Copied:
    """A database that can be copied aside and put back, as an administrator would."""

    engine: Engine
    path: Path

    def copy(self) -> None:
        self.engine.dispose()  # folds the WAL into the file
        shutil.copyfile(self.path, self.path.with_suffix(".copy"))

    def put_back(self) -> None:
        self.engine.dispose()
        for part in ("", "-wal", "-shm"):
            Path(f"{self.path}{part}").unlink(missing_ok=True)
        shutil.copyfile(self.path.with_suffix(".copy"), self.path)


@pytest.fixture
def copied(engine: Engine) -> Iterator[Copied]:
    path = Path(str(engine.url.database))
    again = open_engine(f"sqlite:///{path}")
    make_run(again)
    yield Copied(again, path)
    again.dispose()


@pytest.mark.parametrize("was_looked_before", [True, False])
def test_d4_what_was_sent_before_the_copy_came_back_leaves_no_second_time(
    copied: Copied, receipts: Receipts, was_looked_before: bool, caplog: pytest.LogCaptureFixture
):
    plan_all(copied.engine)
    with SmtpServer() as server:
        if was_looked_before:
            notice_restore(copied.engine, receipts, "s")
        copied.copy()
        send(copied.engine, server, receipts)
        notice_restore(copied.engine, receipts, "s")
        copied.put_back()
        assert set(states(copied.engine).values()) == {"ready"}

        with caplog.at_level(logging.INFO):
            said = notice_restore(copied.engine, receipts, "s")
        assert said is not None
        assert said.startswith("Отправка остановлена. База данных восстановлена из копии.")
        assert "не будет отправлено повторно: 3\u00a0письма" in said
        assert "Сверьте письма с журналом почтового сервера" in said
        assert is_off(copied.engine)
        assert set(states(copied.engine).values()) == {"accepted"}
        assert "@" not in caplog.text + said

        assert brakes.start(copied.engine, "operator", "сверено")
        assert notice_restore(copied.engine, receipts, "s") is None
        send(copied.engine, server, receipts)
    assert len(copies(server)) == 3
    assert set(copies(server).values()) == {1}
    assert not is_off(copied.engine)
    assert chains_hold(copied.engine)


def test_d4_the_letters_that_had_not_gone_go_after_the_operator_s_word(
    copied: Copied, receipts: Receipts
):
    plan_all(copied.engine)
    with SmtpServer(["accept", "451_mail", "451_mail"]) as server:
        copied.copy()
        send(copied.engine, server, receipts)
        assert len(server.accepted) == 1
        copied.put_back()
        assert notice_restore(copied.engine, receipts, "s") is not None
        assert Counter(states(copied.engine).values()) == {"accepted": 1, "ready": 2}
        send(copied.engine, server, receipts)
        assert len(server.accepted) == 1  # nothing leaves while it is stopped
        brakes.start(copied.engine, "operator", "сверено")
        send(copied.engine, server, receipts)
    assert set(states(copied.engine).values()) == {"accepted"}
    assert set(copies(server).values()) == {1}


def test_d4_a_copy_from_before_the_letters_were_planned(copied: Copied, receipts: Receipts):
    with SmtpServer() as server:
        copied.copy()
        plan_all(copied.engine)
        notice_restore(copied.engine, receipts, "s")
        send(copied.engine, server, receipts)
        copied.put_back()
        assert states(copied.engine) == {}
        assert notice_restore(copied.engine, receipts, "s") is not None
        assert is_off(copied.engine)
        brakes.start(copied.engine, "operator", "сверено")
        assert notice_restore(copied.engine, receipts, "s") is None  # noticed once
        # Planned anew the letters have the same keys and frozen bytes of another moment.
        _plan_others(copied.engine)
        said = notice_restore(copied.engine, receipts, "s")
        assert said is not None
        assert "Исход неизвестен: 3\u00a0письма" in said
        assert set(states(copied.engine).values()) == {"unknown"}
        brakes.start(copied.engine, "operator", "сверено")
        settle_unknown(copied.engine, [ReceiptSource(receipts)], "w")
        send(copied.engine, server, receipts)
    assert set(states(copied.engine).values()) == {"unknown"}  # other bytes: a person decides
    assert len(server.accepted) == 3


def _plan_others(engine: Engine) -> None:
    for key, theirs in everybody(engine).items():
        made = letter(key, theirs[0], content="b")
        with engine.begin() as db:
            now = moves.db_now_ms(db)
            assert moves.plan(db, made, now_ms=now, expires_ms=now + 10**9, actor="test")


def test_d4_fewer_events_than_were_seen_stop_everything(planned: Engine, receipts: Receipts):
    incarnation = _seen(planned, receipts).incarnation
    receipts.write_mark(Mark(incarnation, 1000))
    said = notice_restore(planned, receipts, "s")
    assert said is not None
    assert "не хватает записей: 997" in said
    assert is_off(planned)
    assert set(states(planned).values()) == {"ready"}


def test_d4_another_database_stops_everything(planned: Engine, receipts: Receipts):
    _seen(planned, receipts)
    with planned.begin() as db:
        db.execute(delete(control).where(control.c.k == "incarnation"))
    assert "другая база" in (notice_restore(planned, receipts, "s") or "")
    assert is_off(planned)
    assert notice_restore(planned, receipts, "s") is None


def _seen(engine: Engine, receipts: Receipts) -> Mark:
    assert notice_restore(engine, receipts, "s") is None
    mark = receipts.mark()
    assert mark is not None
    return mark


def test_d4_who_stopped_sending_before_is_told_of_the_copy_too(planned: Engine, receipts: Receipts):
    incarnation = _seen(planned, receipts).incarnation
    brakes.stop(planned, "operator", "плановые работы")
    receipts.write_mark(Mark(incarnation, 1000))
    assert notice_restore(planned, receipts, "s") is not None
    with planned.begin() as db:
        rows = db.execute(select(control_event.c.action).order_by(control_event.c.at_ms)).scalars()
        assert set(rows) == {"stop", "restored"}


def test_d4_a_letter_on_its_way_to_be_accepted_is_no_sign(planned: Engine, receipts: Receipts):
    _seen(planned, receipts)
    held = moves.claim(planned, SCOPE, "s")
    assert held is not None
    assert moves.mark_in_doubt(planned, held, 20) is not None
    receipts.keep(
        Receipt(
            held.delivery_id, held.send_epoch, held.message_id, 250, "ok", 5, held.payload_sha256
        )
    )
    assert notice_restore(planned, receipts, "s") is None
    assert not is_off(planned)


def test_d4_a_person_who_lets_a_letter_go_again_is_not_overruled_as_by_a_copy(
    unknown: Engine, receipts: Receipts
):
    """What the receipt says was known when it was decided: the database has that mark in doubt."""
    receipts.write_mark(Mark(*_incarnation_and_events(unknown)))
    receipts.keep(kept_for(unknown, "neya"))
    let_it_go_again(unknown, "neya")
    assert notice_restore(unknown, receipts, "s") is None
    assert states(unknown)["neya"] == "retry"
    assert not is_off(unknown)


def test_d4_the_log_proves_more_while_sending_is_stopped(planned: Engine, receipts: Receipts):
    """Another machine's receipts are not here; its letters are in the relay's log."""
    buy = ids(planned)["buy"]
    assert settle_unknown(planned, [Said({buy: "4ABC"})], "w").accepted == 0
    receipts.write_mark(Mark(_seen(planned, receipts).incarnation, 1000))
    notice_restore(planned, receipts, "s")
    assert settle_unknown(planned, [Said({buy: "4ABC"})], "w").accepted == 1
    assert states(planned) == {"buyskiy": "ready", "neya": "ready", "buy": "accepted"}
    assert chains_hold(planned)


# -- The receipts themselves are gone (a new machine) ----------------------------------------------


@pytest.fixture
def half_sent(planned: Engine, receipts: Receipts) -> Engine:
    """One letter of three has gone out, and the receipts know it."""
    notice_restore(planned, receipts, "s")
    with SmtpServer(["accept", "451_mail", "451_mail"]) as server:
        assert send(planned, server, receipts).accepted == 1
    make_due(planned)
    return planned


def stops(engine: Engine) -> list[str]:
    with engine.begin() as db:
        rows = db.execute(select(control_event).order_by(control_event.c.at_ms))
        return [row.reason for row in rows if row.action == "restored"]


def test_an_empty_folder_before_the_first_letter_is_first_use(planned: Engine, receipts: Receipts):
    assert notice_restore(planned, receipts, "s") is None
    assert receipts.mark() is not None
    assert not is_off(planned)


@pytest.mark.parametrize("is_there", [True, False], ids=["empty", "missing"])
def test_a_folder_without_its_mark_beside_letters_that_left_stops_sending_until_a_person_goes_on(
    half_sent: Engine, tmp_path: Path, is_there: bool
):
    elsewhere = Receipts(tmp_path / "elsewhere")
    if is_there:
        elsewhere.folder.mkdir()
    said = notice_restore(half_sent, elsewhere, "s")
    assert said is not None
    assert said.startswith("Отправка остановлена. Папка квитанций пуста или не та")
    assert "Верните папку квитанций с прежней машины" in said
    with SmtpServer() as server:
        assert send(half_sent, server, elsewhere).accepted == 0
        assert server.accepted == []
        elsewhere.folder.mkdir(exist_ok=True)
        notice_restore(half_sent, elsewhere, "s")
        brakes.start(half_sent, "operator", "папки больше нет, письма сверены")
        assert notice_restore(half_sent, elsewhere, "s") is None
        assert send(half_sent, server, elsewhere).accepted == 2


def test_the_folder_brought_back_proves_what_had_gone_since_the_copy(
    copied: Copied, receipts: Receipts, tmp_path: Path
):
    plan_all(copied.engine)
    notice_restore(copied.engine, receipts, "s")
    with SmtpServer(["accept", "451_mail", "451_mail"]) as server:
        send(copied.engine, server, receipts)
        copied.copy()
        make_due(copied.engine)
        send(copied.engine, server, receipts)
        copied.put_back()
        elsewhere = Receipts(tmp_path / "elsewhere")
        elsewhere.folder.mkdir()
        assert notice_restore(copied.engine, elsewhere, "s") is not None
        for path in receipts.folder.iterdir():
            shutil.copy(path, elsewhere.folder)
        assert notice_restore(copied.engine, elsewhere, "s") is not None
        assert set(states(copied.engine).values()) == {"accepted"}
        brakes.start(copied.engine, "operator", "папка на месте")
        send(copied.engine, server, elsewhere)
    assert set(copies(server).values()) == {1}


def test_a_folder_partly_brought_back_proves_that_part_and_stops_for_the_rest(
    half_sent: Engine, receipts: Receipts, tmp_path: Path
):
    partly = Receipts(tmp_path / "partly")
    partly.folder.mkdir()
    waiting = [key for key, state in states(half_sent).items() if state == "retry"]
    partly.keep(kept_for(half_sent, waiting[0], send_epoch=7))
    assert notice_restore(half_sent, partly, "s") is not None
    assert is_off(half_sent)
    assert states(half_sent)[waiting[0]] == "accepted"
    assert states(half_sent)[waiting[1]] == "retry"


def test_receipts_that_can_t_be_read_stop_sending(planned: Engine, tmp_path: Path):
    (tmp_path / "file").write_text("")
    said = notice_restore(planned, Receipts(tmp_path / "file"), "s")
    assert said is not None
    assert "Папка квитанций не читается" in said
    assert is_off(planned)
    settled = settle_unknown(planned, [ReceiptSource(Receipts(tmp_path / "file"))], "w")
    assert len(settled.unavailable) == 1  # and the letters that wait can't be looked up there


def test_a_folder_that_can_t_be_written_stops_sending_and_says_so(
    planned: Engine, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
):
    def is_full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", is_full)
        said = notice_restore(planned, receipts, "s")
    assert said is not None
    assert "нельзя записать" in said
    assert is_off(planned)
    brakes.start(planned, "operator", "место есть")
    assert notice_restore(planned, receipts, "s") is None


def test_a_stop_that_stands_is_written_once_and_anew_when_a_person_went_on_in_vain(
    half_sent: Engine, tmp_path: Path
):
    (tmp_path / "file").write_text("")
    for _ in range(3):
        assert notice_restore(half_sent, Receipts(tmp_path / "file"), "s") is not None
    assert len(stops(half_sent)) == 1
    brakes.start(half_sent, "operator", "исправлено")
    assert notice_restore(half_sent, Receipts(tmp_path / "file"), "s") is not None
    assert is_off(half_sent)
    assert len(stops(half_sent)) == 2


def test_a_folder_that_is_no_longer_set_stops_sending_once(half_sent: Engine, receipts: Receipts):
    said = notice_restore(half_sent, None, "s")
    assert said is not None
    assert "ROADMAP_RECEIPTS_FOLDER" in said
    assert is_off(half_sent)
    brakes.start(half_sent, "operator", "квитанций больше не храним")
    assert notice_restore(half_sent, None, "s") is None
    assert "другая база" in (notice_restore(half_sent, receipts, "s") or "")


def test_a_database_that_never_had_receipts_beside_it_may_do_without(planned: Engine):
    with SmtpServer() as server:
        assert send(planned, server).accepted == 3
    assert notice_restore(planned, None, "s") is None
    assert not is_off(planned)


def test_letters_that_never_left_this_machine_are_no_reason_to_stop(
    any_engine: Engine, receipts: Receipts
):
    make_run(any_engine, mode="dry")
    plan_all(any_engine, mode="dry")
    with SmtpServer() as server:
        send_due(
            any_engine, ClaimScope(mode="dry"), transports(plain(server.port)), SETTINGS,
            threading.Event(), "s",
        )  # fmt: skip
    assert notice_restore(any_engine, receipts, "s") is None


# -- Receipts of any epoch are looked at before a letter is armed ----------------------------------


def let_it_go_again(engine: Engine, municipality_id: str) -> None:
    """A person decides, a while after the doubt, that the letter is to be sent again."""
    later, delivery_id = moves.LEASE_MS * 100, ids(engine)[municipality_id]
    with engine.begin() as db:
        now_ms = moves.db_now_ms(db) + later
        assert moves.move(
            db, "resend", delivery_id, "unknown", now_ms=now_ms,
            actor="operator", detail="operator: не дошло", expires_ms=now_ms + later,
        )  # fmt: skip
    make_due(engine)


def test_a_letter_whose_250_came_after_the_decision_to_resend_is_accepted_and_not_sent(
    unknown: Engine, receipts: Receipts
):
    late = kept_for(unknown, "neya")
    let_it_go_again(unknown, "neya")
    let_it_go_again(unknown, "buy")
    receipts.keep(late)
    with SmtpServer() as server:
        assert send(unknown, server, receipts).accepted == 2
        assert copies(server).keys() == {kept_for(unknown, "buy").message_id}
    assert states(unknown) == {"buyskiy": "unknown", "neya": "accepted", "buy": "accepted"}
    assert last_events(unknown)[late.delivery_id] == ("arm", "receipt: 250 ok")
    assert chains_hold(unknown)


def test_a_receipt_of_other_bytes_holds_no_letter_back(unknown: Engine, receipts: Receipts):
    receipts.keep(kept_for(unknown, "neya", payload_sha256="0" * 64))
    let_it_go_again(unknown, "neya")
    with SmtpServer() as server:
        assert send(unknown, server, receipts).accepted == 1
        assert len(server.accepted) == 1


def test_receipts_that_can_t_be_read_at_the_dot_stop_sending_and_give_the_letter_back(
    planned: Engine, tmp_path: Path
):
    (tmp_path / "file").write_text("")
    with SmtpServer() as server:
        done = send(planned, server, Receipts(tmp_path / "file"))
        assert server.accepted == []
    assert done.is_switched_off
    assert set(states(planned).values()) == {"ready"}
    assert "не читается" in stops(planned)[0]
