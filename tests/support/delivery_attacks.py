"""Attacks on what the ledger's machine has no part of: receipts, replies, time, operator's mail.

Each is a short course of the real sender with a real mail server on a fresh database, and raises
Wrong where a letter goes, or is believed to have gone, that must not. `MUTANTS` says which broken
code each of them has to find.
"""

from __future__ import annotations

import select as sockets
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from airflow.exceptions import AirflowException, AirflowFailException
from sqlalchemy import Engine, select

from roadmap.delivery import settings as settings_of
from roadmap.delivery.account.alarms import Alarm, ToTell
from roadmap.delivery.ledger import brakes, moves
from roadmap.delivery.letters import to_operator
from roadmap.delivery.proof import proofs
from roadmap.delivery.proof.receipts import Receipts
from roadmap.delivery.sending import sender, smtp
from roadmap.delivery.sending.sender import SendSummary, send_run
from roadmap.delivery.transport import MailServerUnavailable
from roadmap.store.tables import delivery
from roadmap_airflow import send_operator
from support.ledger_machine import Wrong
from support.ledger_mutants import Change, Mutant, changed_code, changed_sql
from support.ledger_world import SETTINGS, make_due, make_run, plan_all, send, states
from support.mail_client import QUICK, plain
from support.smtp_server import SmtpServer

DEMO = replace(SETTINGS, is_demo=True)
_ALL = ("buyskiy", "neya", "buy")

Attack = Callable[[Engine, Path], None]


def _hold(holds: bool, wrong: str) -> None:
    if not holds:
        raise Wrong(wrong)


def _is_off(engine: Engine) -> bool:
    with engine.begin() as db:
        return brakes.standing(db, moves.db_now_ms(db)).is_off


def _go(engine: Engine, server: SmtpServer, receipts: Receipts | None = None) -> SendSummary:
    return send_run(
        engine, "run-1", _ALL, plain(server.port), DEMO,
        stop=threading.Event(), soft_deadline_seconds=60, actor="attack", receipts=receipts,
    )  # fmt: skip


def _plan(engine: Engine, *addressees: str, filler: int = 0) -> None:
    make_run(engine, contacts={key: (f"{key}@example.org",) for key in addressees})
    plan_all(engine, filler=filler)


# -- A database put back, on a machine that has not its receipts ---------------------------------


def without_its_receipts(engine: Engine, folder: Path) -> None:
    """One of three letters has left; then the folder is empty, or there is none any more."""
    _plan(engine, *_ALL)
    with SmtpServer(["accept", "451_mail", "451_mail"]) as server:
        first = Receipts(folder / "first")
        first.folder.mkdir()
        _go(engine, server, first)
        make_due(engine)
        for receipts in (Receipts(folder / "another"), None):
            if receipts is not None:
                receipts.folder.mkdir()
            _go(engine, server, receipts)
            _hold(len(server.accepted) == 1, "sent by a database without its receipts")
            _hold(_is_off(engine), "sending goes on without the receipts")
            brakes.start(engine, "operator", "сверено")


def an_unreadable_folder(engine: Engine, folder: Path) -> None:
    """Before any letter has left: what can't be read is no first use."""
    _plan(engine, *_ALL)
    (folder / "file").write_text("", encoding="utf-8")
    with SmtpServer() as server:
        _go(engine, server, Receipts(folder / "file"))
        _hold(
            server.accepted == [] and _is_off(engine), "sent beside receipts that nobody can read"
        )


# -- What the mail server says -------------------------------------------------------------------


def a_stale_reply(engine: Engine, _folder: Path) -> None:
    """After the first letter the server says more, before anybody has asked, and hangs up.

    So no answer to the next command can come behind it, where another check would see both.
    """
    _plan(engine, *_ALL)
    read_reply = smtp.SmtpTransport.read_reply

    def and_more(transport: smtp.SmtpTransport) -> Any:
        reply = read_reply(transport)
        if len(server.accepted) == 1:
            (connection,) = server._sockets
            connection.sendall(b"554 5.7.1 spam\r\n")
            connection.shutdown(socket.SHUT_WR)
            sockets.select([transport._sock()], [], [], 5)
        return reply

    with SmtpServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(smtp.SmtpTransport, "read_reply", and_more)
        with suppress(MailServerUnavailable):  # as a refusal about us would be told
            send(engine, server)
        found = Counter(states(engine).values())
    _hold(found == {"accepted": 3}, f"a stale reply was charged to a letter: {dict(found)}")


def a_refusal_before_the_answer(engine: Engine, _folder: Path) -> None:
    """A stale reply that comes with the answer, before it."""
    _plan(engine, "buy")
    said = {"stale_rcpt": b"550 5.1.1 no such user\r\n250 ok\r\n"}
    with SmtpServer(list(said), says=said) as server:
        send(engine, server)
        make_due(engine)
        send(engine, server)
    _hold(states(engine) == {"buy": "accepted"}, f"the stale reply was believed: {states(engine)}")


def an_acceptance_that_is_none(engine: Engine, _folder: Path) -> None:
    """250 and then 554; a refusal that goes on as acceptance; one whose lines differ."""
    said = {
        "then_refused_dot": b"250 2.0.0 queued\r\n554 5.7.1 no\r\n",
        "goes_on_dot": b"550-5.7.1 no\r\n250 2.0.0 queued\r\n",
        "differs_dot": b"250-2.0.0 queued\r\n550 5.7.1 no\r\n",
    }
    _plan(engine, *_ALL)
    with SmtpServer(list(said), says=said) as server:
        send(engine, server)
    _hold(set(states(engine).values()) == {"unknown"}, f"believed: {states(engine)}")


# -- Leases, patience, tries ---------------------------------------------------------------------


def a_server_slower_than_a_lease(engine: Engine, _folder: Path) -> None:
    """The letter goes once, at its first try, however long its body takes."""
    patience = settings_of.Patience()
    steps = (patience.opening, patience.mail, patience.rcpt, patience.data, patience.block)
    _hold(patience.lease_ms > 1000 * max(steps), "a step may outlast the lease")
    _hold(patience.in_doubt_lease_ms > 1000 * patience.reply, "the reply may outlast the lease")
    _plan(engine, "buy", filler=2_000_000)
    with pytest.MonkeyPatch.context() as patch, SmtpServer(bytes_per_second=1_500_000) as server:
        patch.setattr(moves, "LEASE_MS", 600)
        send(engine, server, over=plain(server.port, replace(QUICK, block=60, reply=60)))
    with engine.begin() as db:
        row = db.execute(select(delivery)).one()
    _hold((row.state, row.attempts) == ("accepted", 1), f"{row.state} by try {row.attempts}")


def a_letter_too_large_for_its_time(_engine: Engine, _folder: Path) -> None:
    """Settings by which no letter could be through before its task is ended are refused."""
    values = {
        "ROADMAP_FROM_ADDRESS": "a@example.org",
        "ROADMAP_OPERATOR_ADDRESS": "o@example.org",
        "ROADMAP_LARGEST_LETTER_MB": "100",
    }
    with suppress(settings_of.SettingsError):
        settings_of.settings_from(values)
        raise Wrong("settings whose limits do not fit one another were taken")


def not_now_for_ever(engine: Engine, _folder: Path) -> None:
    """No letter is tried more often than it may be."""
    _plan(engine, "buy")
    with SmtpServer(default="450_rcpt") as server:
        for _ in range(SETTINGS.max_attempts + 2):
            send(engine, server)
            make_due(engine)
    with engine.begin() as db:
        row = db.execute(select(delivery)).one()
    found = (row.state, row.attempts)
    _hold(found == ("exhausted", SETTINGS.max_attempts), f"{row.state} by try {row.attempts}")


# -- The operator's mail -------------------------------------------------------------------------


def _tell(engine: Engine) -> None:
    told = ToTell((Alarm("switch:1", "Вся отправка остановлена."),), ())
    to_operator.plan_operator_letter(
        engine, SETTINGS, "delivery_alarms", "switch:1", actor="attack", roadmap_alarms=told
    )


def told_again_after_a_lost_reply(engine: Engine, _folder: Path) -> None:
    """The task that tells the operator is tried again: one letter, of which the ledger knows."""
    with SmtpServer(["accept_then_rst"]) as server:
        for _ in range(2):
            _tell(engine)
            with suppress(OSError):  # of one that knows no ledger
                sender.send_operator_letters(
                    engine, plain(server.port), DEMO, soft_deadline_seconds=60, actor="attack"
                )
    found = states(engine)
    _hold(len(server.accepted) == 1, f"the operator got {len(server.accepted)} letters of one")
    _hold(found == {"operator": "unknown"}, f"the ledger says {found}")


def told_where_others_read(engine: Engine, _folder: Path) -> None:
    """No letter to the operator, nor a rehearsal, goes to a far server in clear."""
    make_run(engine, mode="redirect")
    plan_all(engine, mode="redirect")
    _tell(engine)
    with SmtpServer() as server:
        far = replace(plain(server.port), host="mail.example.org")
        with suppress(settings_of.UnsafeLive):
            sender.send_operator_letters(
                engine, far, DEMO, soft_deadline_seconds=60, actor="attack"
            )
        with suppress(settings_of.UnsafeLive):
            send_run(
                engine, "run-1", _ALL, far, DEMO,
                stop=threading.Event(), soft_deadline_seconds=60, actor="attack",
            )  # fmt: skip
    _hold(server.connections == 0, "a letter went where others can read it")


# -- Whose letters wait --------------------------------------------------------------------------


def a_letter_in_another_s_hands(engine: Engine, _folder: Path) -> None:
    """The task that sends does not try again for what it may not take, and says so."""
    _plan(engine, "buy")
    moves.claim(engine, moves.ClaimScope(), "another")
    with SmtpServer() as server:
        summary = _go(engine, server)
    try:
        send_operator.refuse_to_be_green(summary)
    except AirflowFailException:
        return
    except AirflowException as waits:
        raise Wrong(f"tried again though another sender has it: {waits}") from None
    raise Wrong("green, though a letter is in another sender's hands")


# -- Which broken code is found by which ---------------------------------------------------------


MUTANTS: Mapping[Attack, tuple[Mutant, ...]] = MappingProxyType(
    {
        without_its_receipts: (
            changed_code(
                "a folder without its mark is first use", proofs, "_fault",
                "return _NO_MARK if mark is None and now.has_armed else None", "return None",
            ),
            changed_code(
                "receipts that are no longer kept are not missed", proofs, "_notice_no_folder",
                "if not (had_one", "if True or not (had_one",
            ),
        ),
        an_unreadable_folder: (
            Mutant(
                "a folder that can't be read is first use",
                (
                    Change(
                        (proofs, "notice_restore"),
                        "return stop_without_receipts(engine, actor, clock)", "return None",
                    ),
                    Change(
                        (sender._Letter, "_settle_by_receipt"),
                        "    except OSError:\n", "    except OSError:\n        return None\n",
                    ),
                ),
            ),
        ),
        a_stale_reply: (
            changed_code(
                "bytes before a command are not looked at", smtp.Dialogue, "_put_in_turn",
                "if self.has_spoken():", "if False:",
            ),
        ),
        a_refusal_before_the_answer: (
            changed_code(
                "what follows a refusal is not looked at", smtp.SmtpTransport, "_ask",
                "if dialogue.unread:", "if False:",
            ),
        ),
        an_acceptance_that_is_none: (
            changed_code(
                "what follows the acceptance is not looked at", smtp.SmtpTransport, "read_reply",
                "if dialogue.unread:", "if False:",
            ),
            changed_code(
                "the last line of a reply counts", smtp.Dialogue, "read_reply",
                "if len(codes) == 1 else -1", "if codes else -1",
            ),
        ),
        a_server_slower_than_a_lease: (
            changed_code(
                "the lease is not made longer", sender._Lease, "keep",
                "if 6000 * (now - self._since) < moves.LEASE_MS:", "if now:",
            ),
            changed_code(
                "the lease is shorter than the patience", settings_of.Patience, "lease_ms",
                "1200 * longest", "900 * longest",
            ),
            changed_code(
                "the doubt is shorter than the wait for the reply",
                settings_of.Patience, "in_doubt_lease_ms", "self.reply + 300", "self.reply - 300",
            ),
        ),
        a_letter_too_large_for_its_time: (
            changed_code(
                "limits of time are not added up", settings_of, "_refuse_impossible",
                "if in_all <= TASK_LIMIT_SECONDS:", "if in_all:",
            ),
        ),
        not_now_for_ever: (
            changed_code(
                "tries beyond the most", sender._Letter, "_postpone",
                "if self.held.attempts >= self.settings.max_attempts:", "if False:",
            ),
        ),
        told_again_after_a_lost_reply: (
            changed_code(
                "each try tells the operator anew", to_operator, "plan_operator_letter",
                "{content_sha256[:32]}", "{now_ms}",
            ),
            changed_code(
                "the operator's mail goes around the ledger", sender, "send_operator_letters",
                "    return _drain(\n",
                "    with engine.connect() as db:\n"
                "        waiting = db.exec_driver_sql('select rfc822 from message').scalars()\n"
                "        client = server.open('example.org').client\n"
                "        for content in waiting:\n"
                "            to = settings.operator_address\n"
                "            client.sendmail(settings.from_address, to, content)\n"
                "    return _drain(\n",
            ),
        ),
        told_where_others_read: (
            changed_code(
                "the operator is written to in clear", settings_of, "refuse_readable",
                'if mode != "dry" and not is_private:',
                'if mode not in ("dry", "operator") and not is_private:',
            ),
            changed_code(
                "a rehearsal goes in clear", settings_of, "refuse_readable",
                'if mode != "dry" and not is_private:',
                'if mode not in ("dry", "redirect") and not is_private:',
            ),
        ),
        a_letter_in_another_s_hands: (
            changed_code(
                "what another has is waited for", send_operator, "refuse_to_be_green",
                "if summary.leased == summary.pending:", "if False:",
            ),
            changed_sql(
                "what is in doubt counts as waiting", "pending",
                "state in ('claimed', 'in_doubt') then 1", "state = 'in_doubt' then 1",
            ),
        ),
    }
)  # fmt: skip
