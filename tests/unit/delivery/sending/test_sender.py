"""Sending to a mail server that misbehaves: rows S1-S18 and A2-A5 of docs/delivery.md §6."""

from __future__ import annotations

import hashlib
import select as sockets
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from itertools import repeat

import pytest
from sqlalchemy import Engine, select, update

from roadmap.delivery import settings as settings_of
from roadmap.delivery.ledger import moves
from roadmap.delivery.ledger.moves import ClaimScope
from roadmap.delivery.sending import sender
from roadmap.delivery.sending.sender import backoff_ms, refuse_unsafe_run, send_due, send_run
from roadmap.delivery.sending.smtp import SmtpTransport, transports
from roadmap.delivery.settings import UnsafeLive
from roadmap.delivery.transport import DryTransport, MailServerUnavailable
from roadmap.store.tables import control, delivery, delivery_event, message, relay
from support.ledger_world import (
    SCOPE,
    SETTINGS,
    end_leases,
    make_due,
    make_run,
    plan_all,
    send,
    states,
)
from support.mail_client import QUICK, plain
from support.smtp_server import SmtpServer


@pytest.fixture
def planned(engine: Engine) -> Engine:
    """Three letters, one each for three municipalities."""
    make_run(engine)
    plan_all(engine)
    return engine


@pytest.fixture
def one(engine: Engine) -> Engine:
    make_run(engine, contacts={"buy": ("a@example.org",)})
    plan_all(engine)
    return engine


def rows(engine: Engine):
    with engine.begin() as db:
        return db.execute(select(delivery).order_by(delivery.c.delivery_id)).all()


def copies(server: SmtpServer) -> Counter:
    return Counter(hashlib.sha256(letter.content).hexdigest() for letter in server.accepted)


def chains_hold(engine: Engine) -> bool:
    with engine.begin() as db:
        return moves.broken_chains(db) == ()


def test_letters_leave_over_one_connection_byte_for_byte(any_engine: Engine):
    make_run(any_engine)
    plan_all(any_engine)
    with SmtpServer() as server:
        summary = send(any_engine, server)
    assert (summary.accepted, summary.pending) == (3, 0)
    assert server.connections == 1
    assert set(copies(server)) == {row.payload_sha256 for row in rows(any_engine)}
    assert sorted(letter.recipient for letter in server.accepted) == [
        "buy@example.org",
        "buyskiy@example.org",
        "neya@example.org",
    ]
    assert server.commands[-1] == "QUIT"
    assert {row.last_code for row in rows(any_engine)} == {250}
    assert chains_hold(any_engine)


def test_a_second_call_sends_nothing(planned: Engine):
    with SmtpServer() as server:
        send(planned, server)
        again = send(planned, server)
    assert again.accepted == 0
    assert set(copies(server).values()) == {1}


@pytest.mark.parametrize("behaviour", ["rst_after_dot", "accept_then_rst", "garbage"])
def test_s1_s2_s7_a_lost_reply_is_unknown_and_is_never_sent_again(one: Engine, behaviour: str):
    with SmtpServer([behaviour]) as server:
        assert send(one, server).unknown == 1
        make_due(one)
        end_leases(one)
        again = send(one, server)
    assert states(one) == {"buy": "unknown"}
    assert (again.accepted, server.bodies) == (0, 1)


@pytest.mark.parametrize("behaviour", ["accept_late", "unfinished"])
def test_s3_s7_a_reply_after_our_patience_is_unknown(one: Engine, behaviour: str):
    with SmtpServer([behaviour], late_seconds=2.0) as server:
        summary = send(one, server)
    assert (summary.unknown, summary.accepted) == (1, 0)
    assert len(server.accepted) == 1


ACCEPTANCE = b"250 2.0.0 queued\r\n"
NO_ACCEPTANCE = {
    "another good word": b"220 2.0.0 queued\r\n",
    "leave": b"221 bye\r\n",
    "a word of another 2xx": b"251 queued elsewhere\r\n",
    "a refusal that goes on as acceptance": b"550-5.7.1 no\r\n250 2.0.0 queued\r\n",
    "acceptance that goes on as a refusal": b"250-2.0.0 queued\r\n550 5.7.1 no\r\n",
    "acceptance, then a refusal": ACCEPTANCE + b"554 5.7.1 no\r\n",
    "acceptance twice": ACCEPTANCE * 2,
    "a refusal, then acceptance": b"554 5.7.1 no\r\n" + ACCEPTANCE,
    "acceptance, then half a line": ACCEPTANCE + b"2",
}


@pytest.mark.parametrize("said", NO_ACCEPTANCE.values(), ids=NO_ACCEPTANCE)
def test_s7_only_one_unmixed_250_with_nothing_after_it_is_acceptance(
    any_engine: Engine, said: bytes
):
    make_run(any_engine, contacts={"buy": ("a@example.org",)})
    plan_all(any_engine)
    with SmtpServer(["odd_dot"], says={"odd_dot": said}) as server:
        summary = send(any_engine, server)
        assert (summary.accepted, summary.rejected, summary.unknown) == (0, 0, 1)
        make_due(any_engine)
        end_leases(any_engine)
        send(any_engine, server)
    assert (states(any_engine), server.bodies) == ({"buy": "unknown"}, 1)
    assert chains_hold(any_engine)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"250-2.0.0 queued\r\n250-as\r\n250 17\r\n", id="in three lines"),
        pytest.param(b"250 \r\n", id="without a word"),
        pytest.param(b"250\n", id="without a blank, ended by LF alone"),
    ],
)
def test_a_250_of_several_lines_or_of_no_words_is_acceptance(one: Engine, said: bytes):
    with SmtpServer(["odd_dot"], says={"odd_dot": said}) as server:
        assert send(one, server).accepted == 1
    assert states(one) == {"buy": "accepted"}


def test_a_stale_reply_is_charged_to_no_other_letter(
    planned: Engine, monkeypatch: pytest.MonkeyPatch
):
    """The server says more when the first letter is through: it is no answer to the next MAIL."""
    read_reply = SmtpTransport.read_reply

    def and_the_server_says_more(transport: SmtpTransport):
        reply = read_reply(transport)
        if len(server.accepted) == 1:
            (connection,) = server._sockets
            connection.sendall(b"554 5.7.1 spam\r\n")
            assert sockets.select([transport._sock()], [], [], 5)[0]  # it has come
        return reply

    monkeypatch.setattr(SmtpTransport, "read_reply", and_the_server_says_more)
    with SmtpServer() as server:
        assert send(planned, server).accepted == 3
    assert server.connections == 2  # begun anew, at no letter's charge
    assert {row.attempts for row in rows(planned)} == {1}
    assert set(copies(server).values()) == {1}


@pytest.mark.parametrize("phase", ["mail", "rcpt"])
@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"250 ok\r\n550 5.1.1 no such user\r\n", id="then a refusal"),
        pytest.param(b"550 5.1.1 no such user\r\n250 ok\r\n", id="a refusal, then the answer"),
    ],
)
def test_what_the_server_says_out_of_turn_is_charged_to_no_letter(
    any_engine: Engine, phase: str, said: bytes
):
    make_run(any_engine, contacts={"buy": ("a@example.org",)})
    plan_all(any_engine)
    with SmtpServer([f"twice_{phase}"], says={f"twice_{phase}": said}) as server:
        assert send(any_engine, server).postponed == 1
        assert server.bodies == 0
        make_due(any_engine)
        assert send(any_engine, server).accepted == 1
    assert server.connections == 2


@pytest.mark.parametrize("size", ["9" * 5000, "-1", "0x7", "many", ""])
def test_a_size_that_is_no_number_limits_nothing_and_leaves_no_letter_claimed(
    one: Engine, size: str
):
    with SmtpServer(features=(f"SIZE {size}",)) as server:
        assert send(one, server).accepted == 1
    assert states(one) == {"buy": "accepted"}


@pytest.mark.parametrize("behaviour", ["451_dot", "421_dot", "450_rcpt", "421_in_body", "rst_data"])
def test_s4_s6_s9_not_now_waits_and_is_sent_later_once(one: Engine, behaviour: str):
    with SmtpServer([behaviour]) as server:
        first = send(one, server)
        assert (first.postponed, first.pending) == (1, 1)
        assert send(one, server).accepted == 0  # its time has not come
        make_due(one)
        assert send(one, server).accepted == 1
    assert set(copies(server).values()) == {1}
    assert rows(one)[0].send_epoch == 2
    assert chains_hold(one)


def test_s5_no_for_good_is_said_once(one: Engine):
    with SmtpServer(["554_dot"]) as server:
        assert send(one, server).rejected == 1
        make_due(one)
        send(one, server)
    assert server.bodies == 1
    assert (rows(one)[0].state, rows(one)[0].last_code) == ("rejected", 554)


def test_s8_one_refused_recipient_stops_no_other(planned: Engine):
    with SmtpServer(["550_rcpt"]) as server:
        summary = send(planned, server)
    assert (summary.rejected, summary.accepted) == (1, 2)
    assert server.connections == 1


def test_s8_the_server_s_words_are_kept_without_addresses(one: Engine):
    with SmtpServer(["550_rcpt"]) as server:
        send(one, server)
    with one.begin() as db:
        said = db.execute(select(delivery_event.c.detail)).scalars().all()
    assert any("no such user" in (text or "") for text in said)
    assert not any("@" in (text or "") for text in [*said, rows(one)[0].last_detail])


def test_s10_a_line_cut_in_the_body_is_tried_again_and_exhausted_not_doubted(engine: Engine):
    make_run(engine, contacts={"buy": ("a@example.org",)})
    plan_all(engine, filler=3_000_000)
    with SmtpServer(default="rst_body") as server:
        outcomes = []
        for _ in range(3):
            summary = send(engine, server)
            outcomes.append((summary.postponed, summary.exhausted, summary.unknown))
            make_due(engine)
        send(engine, server)
    assert outcomes == [(1, 0, 0), (1, 0, 0), (0, 1, 0)]
    assert states(engine) == {"buy": "exhausted"}
    assert server.accepted == []


def test_s12_a_server_that_hangs_up_after_each_letter_gets_them_all(planned: Engine):
    with SmtpServer(default="close_after") as server:
        assert send(planned, server).accepted == 3
    assert set(copies(server).values()) == {1}
    assert server.connections == 3


def test_s13_a_greeting_of_refusal_charges_no_letter(planned: Engine):
    with (
        SmtpServer(greeting=b"554 go away\r\n") as server,
        pytest.raises(MailServerUnavailable, match="не впустил"),
    ):
        send(planned, server)
    assert set(states(planned).values()) == {"ready"}
    assert {row.attempts for row in rows(planned)} == {0}


def test_s13_nobody_listens(planned: Engine):
    with SmtpServer() as server:
        port = server.port
    closed = transports(plain(port))
    with pytest.raises(MailServerUnavailable):
        send_due(planned, SCOPE, closed, SETTINGS, threading.Event(), "s")
    assert set(states(planned).values()) == {"ready"}


def test_s14_not_now_for_ever_is_exhausted(one: Engine):
    with SmtpServer(default="451_dot") as server:
        for _ in range(5):
            send(one, server)
            make_due(one)
    assert (states(one)["buy"], server.bodies) == ("exhausted", 3)


def test_s15_252_is_a_yes(planned: Engine):
    with SmtpServer(default="252_rcpt") as server:
        assert send(planned, server).accepted == 3


def test_s16_a_server_that_wants_a_password_rejects_no_letter(planned: Engine):
    with SmtpServer(["530_mail"]) as server, pytest.raises(MailServerUnavailable):
        send(planned, server)
    assert set(states(planned).values()) == {"ready"}


ABOUT_US = (
    ("553_mail", "не разрешает отправлять от нашего адреса (код 553)"),
    ("550_mail", "не разрешает отправлять от нашего адреса (код 550)"),
    ("503_rcpt", "отказал, когда ему назвали адрес получателя (код 503)"),
    ("554_rcpt", "не берётся пересылать наши письма (код 554)"),
    ("502_data", "отказал, когда ему начали передавать письмо (код 502)"),
    ("550_dot", "не доверяет нашему домену или серверу (код 550)"),
)


@pytest.mark.parametrize(("behaviour", "says"), ABOUT_US)
def test_s16_a_refusal_about_us_stops_sending_harms_no_letter_and_ends_with_its_cause(
    any_engine: Engine, behaviour: str, says: str
):
    make_run(any_engine)
    plan_all(any_engine)
    with SmtpServer(default=behaviour) as server:
        with pytest.raises(MailServerUnavailable) as refused:
            send(any_engine, server)
        assert says in str(refused.value)
        assert "Адреса ни при чём" in str(refused.value)
        assert server.count("MAIL") == 1  # the others were not even tried
        state = "retry" if behaviour == "550_dot" else "ready"
        assert Counter(row.state for row in rows(any_engine)) == Counter(
            {"ready": 2, state: 1} if state == "retry" else {"ready": 3}
        )
        assert {row.attempts for row in rows(any_engine)} == {0}
        resting = send(any_engine, server)
        assert (resting.accepted, resting.breaker_reason) == (0, str(refused.value))
        end_rest(any_engine)
        server.default = "accept"  # mended
        assert send(any_engine, server).accepted == 3
    assert set(copies(server).values()) == {1}
    assert {row.attempts for row in rows(any_engine)} == {1}
    assert chains_hold(any_engine)


def end_rest(engine: Engine) -> None:
    """Let the time pass that the mail server is given to rest."""
    with engine.begin() as db:
        db.execute(update(relay).values(open_until_ms=1))


def test_s16_one_recipient_s_server_that_seems_to_speak_of_us_holds_up_nobody_else(
    planned: Engine,
):
    with SmtpServer(by_address={"buy@example.org": repeat("554_rcpt")}) as server:
        for _ in range(4):
            with suppress(MailServerUnavailable):
                send(planned, server)
            end_rest(planned)
        assert states(planned) == {"buy": "ready", "buyskiy": "accepted", "neya": "accepted"}


@pytest.mark.parametrize(
    ("behaviour", "code"), [("552_rcpt", 552), ("554_dot", 554), ("550_rcpt", 550)]
)
def test_a_refusal_of_the_content_or_the_recipient_is_the_letter_s_own(
    planned: Engine, behaviour: str, code: int
):
    with SmtpServer([behaviour]) as server:
        summary = send(planned, server)
    assert (summary.rejected, summary.accepted) == (1, 2)
    assert {row.last_code for row in rows(planned) if row.state == "rejected"} == {code}


def test_s17_a_letter_too_large_for_the_server_is_not_begun(one: Engine):
    with SmtpServer(features=("SIZE 100",)) as server:
        assert send(one, server).rejected == 1
    assert rows(one)[0].last_detail.startswith("too_large")
    assert rows(one)[0].last_code is None  # the server was not asked
    assert "DATA" not in server.commands


def test_s17_a_letter_above_our_own_limit_is_not_begun(one: Engine):
    with SmtpServer() as server:
        assert send(one, server, settings=replace(SETTINGS, largest_letter=100)).rejected == 1
    assert rows(one)[0].last_detail.startswith("too_large: ")
    assert server.commands == []


@pytest.fixture
def large(any_engine: Engine) -> Engine:
    make_run(any_engine, contacts={"buy": ("a@example.org",)})
    plan_all(any_engine, filler=2_000_000)
    return any_engine


def test_s18_a_server_that_takes_a_letter_for_longer_than_a_lease_gets_it_once(
    large: Engine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(moves, "LEASE_MS", 600)
    with SmtpServer(bytes_per_second=1_500_000) as server:
        patient = plain(server.port, replace(QUICK, block=60, reply=60))
        assert send(large, server, over=patient).accepted == 1
    assert rows(large)[0].attempts == 1
    assert set(copies(server).values()) == {1}


def test_s18_whose_lease_was_lost_in_the_body_sends_no_dot(
    large: Engine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(moves, "LEASE_MS", 600)
    stop = threading.Event()

    def lost(engine: Engine, held: moves.Claim, clock: moves.Clock) -> bool:
        end_leases(engine)
        moves.reap(engine, "reaper")
        stop.set()
        return False

    monkeypatch.setattr(moves, "extend_lease", lost)
    with SmtpServer(bytes_per_second=1_500_000) as server:
        summary = send(large, server, stop=stop)
    assert (server.bodies, summary.pending) == (0, 1)
    assert states(large) == {"buy": "retry"}


def test_s18_a_server_too_slow_for_the_letter_is_left_and_the_reason_told_in_the_end(
    large: Engine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(settings_of, "PATIENCE", replace(settings_of.PATIENCE, block=0.2))
    quick = replace(SETTINGS, slowest_bytes_per_second=20_000_000)
    with SmtpServer(bytes_per_second=300_000) as server:
        for _ in range(SETTINGS.max_attempts + 1):
            send(large, server, settings=quick)
            make_due(large)
    (row,) = rows(large)
    assert (row.state, row.attempts, row.last_detail) == ("exhausted", 3, "too_slow")
    assert server.bodies == 0


def test_a14_a_stop_gives_back_what_is_not_yet_on_its_way(planned: Engine):
    stop = threading.Event()
    stop.set()
    with SmtpServer() as server:
        summary = send(planned, server, stop=stop)
    assert (summary.accepted, summary.pending) == (0, 3)
    assert set(states(planned).values()) == {"ready"}


def test_a12_the_switch_stops_the_loop_before_the_dot(planned: Engine):
    with planned.begin() as db:
        db.execute(update(control).values(v="0"))
    with SmtpServer() as server:
        summary = send(planned, server)
    assert summary.is_switched_off
    assert (server.bodies, summary.pending) == (0, 3)
    assert set(states(planned).values()) == {"ready"}


@pytest.mark.parametrize("senders", [2, 4])
def test_a4_senders_in_parallel_send_one_letter_per_key(any_engine: Engine, senders: int):
    make_run(
        any_engine,
        contacts={key: tuple(f"{key}{n}@example.org" for n in range(6)) for key in ("buy", "neya")},
    )
    plan_all(any_engine)
    with SmtpServer() as server:
        threads = [
            threading.Thread(target=send, args=(any_engine, server), kwargs={"actor": f"s{n}"})
            for n in range(senders)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert {row.state for row in rows(any_engine)} == {"accepted"}
    assert (len(copies(server)), set(copies(server).values())) == (12, {1})
    assert chains_hold(any_engine)


@pytest.mark.parametrize("is_in_doubt", [False, True], ids=["claimed", "in doubt"])
def test_what_another_sender_holds_is_told_apart_from_what_waits(
    planned: Engine, is_in_doubt: bool
):
    held = moves.claim(planned, SCOPE, "dead sender")
    assert held is not None
    if is_in_doubt:
        assert moves.mark_in_doubt(planned, held, cap=20) is not None
    with SmtpServer(["451_mail"]) as server:
        summary = send(planned, server)
    assert (summary.accepted, summary.pending, summary.leased) == (1, 2, 1)
    assert "ещё в очереди: 1; у другого отправителя: 1" in str(summary)


def test_a2_who_lost_the_lease_does_not_send_the_dot(one: Engine, monkeypatch: pytest.MonkeyPatch):
    has_spoken = SmtpTransport.has_spoken
    stop = threading.Event()

    def sleep_past_the_lease(transport: SmtpTransport) -> bool:
        end_leases(one)
        moves.reap(one, "reaper")
        stop.set()
        return has_spoken(transport)

    monkeypatch.setattr(SmtpTransport, "has_spoken", sleep_past_the_lease)
    with SmtpServer() as server:
        summary = send(one, server, stop=stop)
    assert (server.bodies, summary.pending) == (0, 1)
    assert states(one) == {"buy": "retry"}


def test_f15_a_process_frozen_before_the_dot_sends_none(
    one: Engine, monkeypatch: pytest.MonkeyPatch
):
    mark = moves.mark_in_doubt

    def mark_and_freeze(*given, **named):
        since = mark(*given, **named)
        time.sleep(0.05)
        return since

    monkeypatch.setattr(moves, "mark_in_doubt", mark_and_freeze)
    monkeypatch.setattr(sender, "FROZEN_SECONDS", 0.01)
    with SmtpServer() as server:
        assert send(one, server).unknown == 1
    assert server.bodies == 0
    assert states(one) == {"buy": "unknown"}


def test_f17_a_time_out_of_the_task_at_the_dot_is_a_doubt(
    one: Engine, monkeypatch: pytest.MonkeyPatch
):
    def interrupted(transport: SmtpTransport):
        raise KeyboardInterrupt

    monkeypatch.setattr(SmtpTransport, "read_reply", interrupted)
    with SmtpServer() as server, pytest.raises(KeyboardInterrupt):
        send(one, server)
    assert states(one) == {"buy": "unknown"}


def test_changed_bytes_are_not_sent(one: Engine):
    # The keys refuse a changed hash; only somebody with the database in hand can change bytes.
    with one.begin() as db:
        db.execute(update(message).values(rfc822=b"From: x\r\n\r\n"))
    with SmtpServer() as server:
        assert send(one, server).rejected == 1
    assert server.commands == []


def test_an_address_outside_the_list_is_not_written_to(one: Engine):
    elsewhere = replace(SETTINGS, allowed_domains=frozenset({"example.com"}))
    with SmtpServer() as server:
        assert send(one, server, settings=elsewhere).rejected == 1
    assert server.commands == []


def test_a_mailbox_for_which_letters_of_two_municipalities_wait_gets_neither(any_engine: Engine):
    make_run(any_engine, contacts={"buy": ("edu@example.org",), "neya": ("EDU@example.org",)})
    plan_all(any_engine)
    with SmtpServer() as server:
        summary = send(any_engine, server)
    assert server.commands == []
    assert summary.accepted == 0
    assert {row.last_detail for row in rows(any_engine)} == {"shared_mailbox"}


def test_the_allow_list_takes_whole_domains_only():
    assert SETTINGS.allows("a@EXAMPLE.org")
    lookalike = "evil-example.org"  # ends alike, and is another domain
    assert not SETTINGS.allows(f"a@{lookalike}")
    assert not SETTINGS.allows("a@example.org.evil.example")


def test_the_daily_cap_puts_a_letter_off_to_the_next_day(one: Engine):
    capped = replace(SETTINGS, cap_per_recipient_day=1)
    with SmtpServer(["451_dot"]) as server:
        send(one, server, settings=capped)
        make_due(one)
        assert send(one, server, settings=capped).postponed == 1
        assert server.bodies == 1
        assert rows(one)[0].last_detail == "daily_cap"
        # A cap that is raised holds today.
        make_due(one)
        raised = replace(SETTINGS, cap_per_recipient_day=2)
        assert send(one, server, settings=raised).accepted == 1


def test_a_redirected_letter_goes_to_the_test_address_and_keeps_its_to(engine: Engine):
    make_run(engine, mode="redirect", contacts={"buy": ("a@example.org",)})
    plan_all(engine, mode="redirect")
    with SmtpServer() as server:
        assert send(engine, server).accepted == 0  # not in the live scope
        assert send(engine, server, scope=ClaimScope(mode="redirect")).accepted == 1
    assert [letter.recipient for letter in server.accepted] == ["test@example.org"]
    assert b"To: a@example.org\r\n" in server.accepted[0].content


def test_a_live_run_over_sqlite_to_a_far_server_is_refused_before_a_letter_is_claimed(
    engine: Engine,
):
    make_run(engine)
    plan_all(engine)
    far = replace(plain(587), host="mail.example.org", is_verified_tls=True)
    demo = replace(SETTINGS, is_demo=True)
    for settings in (SETTINGS, demo):
        with pytest.raises(UnsafeLive, match="SQLite"):
            refuse_unsafe_run(engine, "run-1", far, settings)
        with pytest.raises(UnsafeLive, match="SQLite"):
            send_run(
                engine, "run-1", ["buy"], far, settings,
                stop=threading.Event(), soft_deadline_seconds=1, actor="test",
            )  # fmt: skip
    assert set(states(engine).values()) == {"ready"}
    make_run(engine, "test-1", mode="redirect")
    refuse_unsafe_run(engine, "test-1", far, SETTINGS)
    with SmtpServer() as server:
        summary = send_run(
            engine, "run-1", ["buy", "neya"], plain(server.port), demo,
            stop=threading.Event(), soft_deadline_seconds=60, actor="test",
        )  # fmt: skip
    assert (summary.accepted, summary.pending) == (2, 0)
    assert states(engine) == {"buy": "accepted", "neya": "accepted", "buyskiy": "ready"}


def test_a_dry_letter_opens_no_connection(engine: Engine):
    make_run(engine, mode="dry", contacts={"buy": ("a@example.org",)})
    plan_all(engine, mode="dry")
    assert isinstance(transports(plain(25))("dry"), DryTransport)
    with SmtpServer() as server:
        summary = send(engine, server, scope=ClaimScope(mode="dry"))
    assert str(summary) == "Проверено без отправки: 1\u00a0письмо."
    assert (server.connections, server.accepted) == (0, [])


def test_a_sender_works_off_the_main_thread(one: Engine):
    with SmtpServer() as server:
        thread = threading.Thread(target=send, args=(one, server))
        thread.start()
        thread.join(30)
    assert states(one) == {"buy": "accepted"}


def test_waiting_grows_and_never_falls_together():
    middle = [backoff_ms(n, lambda: 0.5) // 60_000 for n in range(1, 9)]
    assert middle == [1, 5, 15, 30, 60, 120, 120, 120]
    assert backoff_ms(1, lambda: 0.0) == 48_000
    assert backoff_ms(1, lambda: 1.0) == 72_000


def test_a_line_that_begins_with_a_dot_arrives_as_it_was():
    content = b"Subject: x\r\n\r\n.\r\n..two\r\n.one\r\n"
    with SmtpServer() as server:
        transport = SmtpTransport(plain(server.port))
        transport.open()
        transport.begin("a@example.org", "b@example.org", len(content))
        transport.send_body(content, 10)
        transport.send_dot()
        assert transport.read_reply().code == 250
        transport.quit()
    assert [letter.content for letter in server.accepted] == [content]
