"""Faults put into the ledger, the sender and the planner on purpose, one at a time.

A test that cannot tell the real code from one of these is worth nothing. A mutant is a
change of text: of a SQL file, or of a function's source. The old text must be there, so a
mutant whose place is gone says so instead of becoming the real code.
"""

from __future__ import annotations

import inspect
import shutil
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from roadmap.delivery.decisions import settle
from roadmap.delivery.ledger import moments, moves, refusals
from roadmap.delivery.letters import planning
from roadmap.delivery.proof import proofs
from roadmap.delivery.sending import sender, smtp
from roadmap.store import sql as sql_files


@dataclass(frozen=True)
class Change:
    """`old` becomes `new`: in include/sql/delivery/<place>.sql, or in a function's source."""

    place: str | tuple[Any, str]  # the SQL file; or whose attribute the function is
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    name: str
    changes: tuple[Change, ...]

    def __str__(self) -> str:
        return self.name.replace(" ", "_")

    @contextmanager
    def alive(self, folder: Path) -> Iterator[None]:
        """While this lasts the code is wrong; `folder` is empty and takes the SQL files."""
        with pytest.MonkeyPatch.context() as patch:
            files = [change for change in self.changes if isinstance(change.place, str)]
            if files:
                shutil.copytree(sql_files.SQL, folder / "sql")
                patch.setattr(sql_files, "SQL", folder / "sql")
            for change in self.changes:
                if isinstance(change.place, str):
                    file = folder / "sql" / "delivery" / f"{change.place}.sql"
                    text = file.read_text(encoding="utf-8")
                    file.write_text(_changed(text, change), encoding="utf-8")
                else:
                    owner, name = change.place
                    patch.setattr(owner, name, _rewritten(getattr(owner, name), change))
            sql_files.sql.cache_clear()
            try:
                yield
            finally:
                sql_files.sql.cache_clear()


def _changed(text: str, change: Change) -> str:
    assert text.count(change.old) == 1, f"{change.place}: no such place: {change.old}"
    return text.replace(change.old, change.new)


def _rewritten(function: Any, change: Change) -> Any:
    """The changed function, or property."""
    if isinstance(function, property):
        function = function.fget
    source = _changed(textwrap.dedent(inspect.getsource(function)), change)
    names: dict[str, Any] = {}
    module = sys.modules[function.__module__]
    exec(compile(source, "<mutant>", "exec"), vars(module) | names, names)  # noqa: S102
    made = names[function.__name__]
    assert callable(made) or isinstance(made, property)
    return made


def changed_sql(name: str, file: str, old: str, new: str = "") -> Mutant:
    return Mutant(name, (Change(file, old, new),))


def changed_code(name: str, owner: Any, function: str, old: str, new: str) -> Mutant:
    return Mutant(name, (Change((owner, function), old, new),))


MUTANTS = (
    # -- the five that every sender without a ledger has
    changed_sql(
        "no fence",
        "mark_in_doubt",
        "    and claim_token = :claim_token\n    and lease_until_ms > :now_ms\n",
    ),
    Mutant(
        "the reaper returns in_doubt to retry",
        (
            Change(
                "reap_in_doubt",
                "set state = 'unknown',",
                "set state = 'retry', send_epoch = send_epoch + 1, not_before_ms = :now_ms,",
            ),
            Change(
                (moves, "move"),
                '"to_state": step.target',
                "\"to_state\": 'retry' if name == 'reap_in_doubt' else step.target",
            ),
        ),
    ),
    changed_sql(
        "the run is in the key",
        "run",
        "    occasion,",
        "    occasion || '/' || run_id as occasion,",
    ),
    changed_code(
        "a lost reply is tried again",
        sender._Letter,
        "_finish",
        'return self._settle("doubt", phase="dot", detail=str(lost))',
        'return self._postpone(("in_doubt",), "dot", None, str(lost))',
    ),
    changed_code("no frozen check", sender._Letter, "_finish", "> FROZEN_SECONDS", "> 10**9"),
    # -- the ledger
    changed_sql("accepted by anybody", "accept", "\n    and claim_token = :claim_token", ""),
    changed_sql("postponed by anybody", "postpone", "\n    and claim_token = :claim_token", ""),
    changed_sql("doubted by anybody", "doubt", "\n    and claim_token = :claim_token", ""),
    changed_sql("claimed without comparing", "claim", "\n    and state = :from_state", ""),
    changed_sql(
        "the switch is not asked at the dot",
        "mark_in_doubt",
        "exists (select 1 from control where k = 'sending_enabled' and v = '1')",
        "1 = 1",
    ),
    Mutant(
        "sent again at once",
        (
            Change("resend", "\n    and updated_ms <= :now_ms - 900000", ""),
            Change((settle, "_refuse"), "now_ms < earliest_ms", "False"),
        ),
    ),
    changed_sql(
        "a late reply overrules the operator",
        "accept_by_proof",
        "\n    and state = :from_state",
        "",
    ),
    changed_sql("the same epoch once more", "postpone", "    send_epoch = send_epoch + 1,\n"),
    changed_sql(
        "the reaper forgets the claimed",
        "lapsed_leases",
        "state in ('claimed', 'in_doubt')",
        "state = 'in_doubt'",
    ),
    Mutant(
        "the reaper does not look at the lease",
        (
            Change("lapsed_leases", "\n    and lease_until_ms < :now_ms", ""),
            Change("reap_in_doubt", "\n    and lease_until_ms < :now_ms", ""),
            Change("reap_claimed", "\n    and lease_until_ms < :now_ms", ""),
        ),
    ),
    changed_code(
        "whose sender dies is tried for ever",
        moves,
        "reap",
        "row.attempts >= max_attempts",
        "False",
    ),
    Mutant(
        "claimed before its run lets it go",
        (
            Change("claim_candidate", "\n    and (run_id is null or released_ms is not null)", ""),
            Change("claim", "\n    and (run_id is null or released_ms is not null)", ""),
        ),
    ),
    changed_sql(
        "an event that tells nothing", "write_event", "    version,\n", "    version + 1,\n"
    ),
    changed_code(
        "the daily cap is not counted",
        moves,
        "mark_in_doubt",
        "_count_towards_daily_cap(db, held, cap, now_ms)",
        "pass",
    ),
    # -- the sender
    changed_code(
        "the dot goes before the mark",
        sender._Letter,
        "_finish",
        "    try:\n        counted_from = moves.mark_in_doubt(",
        "    try:\n        transport.send_dot()\n        transport.send_dot = lambda: None\n"
        "        counted_from = moves.mark_in_doubt(",
    ),
    changed_code(
        "sent though the mark failed",
        sender._Letter,
        "_finish",
        "transport.abandon()\n"
        '        states = ("in_doubt", "claimed", "in_doubt")\n'
        '        return self._postpone(states, "arm", None, type(broken).__name__)',
        "counted_from = time.monotonic()",
    ),
    changed_code(
        "sent though not marked",
        sender._Letter,
        "_finish",
        "if counted_from is None:\n        transport.abandon()\n        return self._not_marked()",
        "if counted_from is None:\n        counted_from = time.monotonic()",
    ),
    changed_code(
        "receipts are ignored",
        sender._Letter,
        "_finish",
        "settled = self._settle_by_receipt()",
        "settled = None",
    ),
    changed_code(
        "receipts of earlier tries are ignored",
        proofs,
        "already_taken",
        "if _is_of(one, held))",
        "if _is_of(one, held) and one.send_epoch == held.send_epoch)",
    ),
    changed_code(
        "what a wrong clock wrote stays",
        moments,
        "reset_far",
        "for kind in (row.kind for row in rows if row.found):",
        "for kind in ():",
    ),
    Mutant(
        "one look cancels what is late",
        tuple(
            Change(
                file,
                "(select looked_before_ms from relay where looked_ms <= :now_ms)",
                ":now_ms",
            )
            for file in ("past_deadline", "cancel_late")
        ),
    ),
    changed_code(
        "a refusal to relay is charged to the letter",
        refusals,
        "about",
        "if _fault_in(text) is not None:\n        return About.US",
        "if _fault_in(text) is not None:\n        return About.RECIPIENT",
    ),
    changed_sql(
        "tries go on where a person said to try anew",
        "resume",
        "    attempts = 0,\n",
    ),
    changed_code(
        "the server's word before the dot is not heard",
        sender._Letter,
        "send",
        "if self.transport.has_spoken():",
        "if False:",
    ),
    changed_code(
        "any good word is taken for acceptance",
        sender._Letter,
        "_finish",
        "reply.code == ACCEPTED",
        "200 <= reply.code <= 299",
    ),
    changed_code(
        "a refusal of MAIL is charged to the letter",
        refusals,
        "about",
        "return About.SIZE if is_size else About.US",
        "return About.SIZE if is_size else About.RECIPIENT",
    ),
    changed_sql(
        "a refusal about us counts as a try", "take_back", "    attempts = attempts - 1,\n"
    ),
    changed_code(
        "a refusal about us counts to the daily cap",
        moves,
        "settle",
        'if is_done and name == "take_back":',
        "if False:",
    ),
    changed_code(
        "any refusal gives its place in the daily cap back",
        moves,
        "settle",
        'if is_done and name == "take_back":',
        'if is_done and from_states == ("in_doubt",):',
    ),
    changed_code(
        "not now is taken for never",
        sender._Letter,
        "_refused",
        "500 <= reply.code <= 599",
        "400 <= reply.code <= 599",
    ),
    changed_code(
        "never is taken for not now",
        sender._Letter,
        "_refused",
        "500 <= reply.code <= 599",
        "False",
    ),
    changed_code(
        "a dot that broke in TLS is taken for unsent",
        smtp.SmtpTransport,
        "send_dot",
        "is_tls = isinstance(sock, ssl.SSLSocket)",
        "is_tls = False",
    ),
    # -- the planner
    changed_code(
        "planned beside what is unknown",
        planning,
        "decide",
        "if last.state in _BLOCKING:",
        'if last.state in _BLOCKING and last.state != "unknown":',
    ),
    changed_sql(
        "what was given up is planned again",
        "deliveries_of_addressee",
        "cancelled.from_state as cancelled_from",
        "null as cancelled_from",
    ),
    changed_code(
        "what was accepted is planned again",
        planning,
        "decide",
        'if past.state == "accepted"]',
        'if past.state == "never"]',
    ),
)
