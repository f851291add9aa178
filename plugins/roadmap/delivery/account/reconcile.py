"""Accounting for every expected letter of a run (docs/architecture.md, «The account of a run»).

expected = accepted (bounced included) + awaiting approval + blocked + pending + unknown +
rejected + exhausted + suppressed + cancelled. What is expected is counted from the frozen
contacts, what became of it from `run_outcome` and the ledger: so a recipient that a failed
task forgot shows as «не учтено», and the sum does not hold. So does an outcome whose letter
is not this recipient's of this occasion and mode: nobody is counted by another one's letter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Engine

from roadmap import russian
from roadmap.delivery.account.fate import Fate, advice, fate_of_outcome, sentence
from roadmap.delivery.ledger import brakes, moves
from roadmap.delivery.ledger.brakes import Brakes
from roadmap.delivery.letters import contacts
from roadmap.delivery.letters.operator_text import (
    CONTROL_DAG,
    filled_in,
    lower_first,
    without_stop,
)
from roadmap.delivery.letters.planning import NO_RECIPIENT
from roadmap.delivery.transport import without_addresses
from roadmap.evidence.freeze import sample_sentence
from roadmap.plan.model import LocalTime
from roadmap.plan.zone import occasion_time
from roadmap.store.sql import sql

# In the order of the equation, with the words that the operator reads.
CATEGORIES: Mapping[str, str] = {
    "accepted": "принято почтовым сервером",
    "awaiting_approval": "ждёт согласования",
    "blocked": "письма нет",
    "pending": "в очереди",
    "unknown": "исход неизвестен",
    "rejected": "отклонено сервером",
    "exhausted": "попытки исчерпаны",
    "suppressed": "то же содержание, не отправлялось",
    "cancelled": "отменено",
}
# A letter of a test run did not reach its addressee, so its words differ.
_ACCEPTED_WORDS: Mapping[str, str] = {
    "redirect": "принято сервером для проверочного адреса",
    "dry": "составлено и проверено, не отправлялось",
}
UNACCOUNTED = "unaccounted"
_OF_STATE = {
    "held": "awaiting_approval",
    "ready": "pending",
    "claimed": "pending",
    "in_doubt": "pending",
    "retry": "pending",
    "unknown": "unknown",
    "accepted": "accepted",
    "bounced": "accepted",
    "rejected": "rejected",
    "exhausted": "exhausted",
    "cancelled": "cancelled",
}
_UNSETTLED = frozenset(
    {"awaiting_approval", "blocked", "pending", "unknown", "rejected", "exhausted", UNACCOUNTED}
)
_NOTHING_NEW: Mapping[str, str] = {
    "live": "Уже отправлено всем",
    "redirect": "Проверочные письма уже отправлены всем",
    "dry": "Проверка без отправки уже прошла для всех",
}


@dataclass(frozen=True)
class AccountLine:
    """One expected recipient: what became of the letter, and why."""

    municipality_id: str
    name: str
    recipient_id: str
    category: str  # of CATEGORIES, or `unaccounted`
    words: str  # for the operator
    reason: str | None
    revision: int | None
    message_id: str | None
    fate: Fate | None = None
    is_unexpected: bool = False  # an outcome of somebody whom the run did not expect

    @property
    def is_open(self) -> bool:
        """Does it ask the operator for something, or for patience?"""
        return (
            self.category in _UNSETTLED
            or self.fate is Fate.BOUNCED
            or self.is_unexpected
            or (self.category == "cancelled" and self.fate is not Fate.SUPERSEDED)
        )


@dataclass(frozen=True)
class Reconciliation:
    """The account of one run; its texts are for the operator, Russian, without addresses.

    `holds`: what keeps letters of this run back as a whole, each with its reason and what to
    do; Russian sentences. `local_time` is that of the moments in the lines' words.
    """

    run_id: str
    occasion: str
    mode: str
    as_of: date
    local_time: LocalTime
    expected: int
    lines: tuple[AccountLine, ...]
    holds: tuple[str, ...]
    sample: str | None = None  # «Проверочная выборка: 3 из 13»

    @property
    def time_zone_name(self) -> str:
        return self.local_time.name

    @property
    def categories(self) -> Mapping[str, str]:
        """CATEGORIES in the words that are true of this run's mode."""
        return categories(self.mode)

    @property
    def counts(self) -> Mapping[str, int]:
        """By CATEGORIES, all of them."""
        tally = Counter(line.category for line in self.lines)
        return {category: tally[category] for category in CATEGORIES}

    @property
    def bounced(self) -> int:
        return sum(line.fate is Fate.BOUNCED and line.category == "accepted" for line in self.lines)

    @property
    def unaccounted(self) -> int:
        """By how much the sum misses what was expected; below zero: somebody was not expected."""
        return self.expected - sum(self.counts.values())

    @property
    def open(self) -> tuple[AccountLine, ...]:
        """The lines that ask the operator for something, or for patience."""
        return tuple(line for line in self.lines if line.is_open)

    @property
    def others(self) -> tuple[AccountLine, ...]:
        return tuple(line for line in self.lines if not line.is_open)

    @property
    def is_balanced(self) -> bool:
        return self.unaccounted == 0 and not any(
            line.category == UNACCOUNTED for line in self.lines
        )

    @property
    def is_settled(self) -> bool:
        """Nothing is left to do: the sum holds, and every letter is where it should be.

        A letter that waits for approval, that expired or that came back has told nobody.
        """
        return self.is_balanced and not self.open

    @property
    def headline(self) -> str:
        """«Отправлено всем 13», or «не всем» and how many, or «уже отправлено»; in addressees."""
        if not self.lines:
            return "Писем нет: адресатов нет"
        everybody = {line.municipality_id for line in self.lines}
        left = {
            line.municipality_id
            for line in self.lines
            if line.category not in ("accepted", "suppressed") or line.fate is Fate.BOUNCED
        }
        kind = {"live": "Отправлено", "redirect": "Проверочные письма отправлены"}.get(
            self.mode, "Проверка без отправки прошла"
        )
        whom = "всем" if self.mode != "dry" else "для всех"
        if left or any(line.is_unexpected for line in self.lines):
            return f"{kind} не {whom}: {len(everybody) - len(left)} из {len(everybody)}"
        if all(line.category == "suppressed" for line in self.lines):
            return f"{_NOTHING_NEW[self.mode]} {len(everybody)}: нового нет"
        return f"{kind} {whom} {len(everybody)}"

    @property
    def text(self) -> str:
        """The account as the task's log has it."""
        return filled_in("email/operator_summary.txt.j2", self.local_time, result=self)


def categories(mode: str) -> Mapping[str, str]:
    """CATEGORIES in the words that are true of this mode."""
    return {**CATEGORIES, "accepted": _ACCEPTED_WORDS.get(mode, CATEGORIES["accepted"])}


def reconcile(engine: Engine, run_id: str) -> Reconciliation:
    """Account for the letters of one run as the ledger stands now; writes nothing."""
    with engine.connect() as db, db.begin():
        run = db.execute(sql("delivery/run"), {"run_id": run_id}).one()
        everybody = contacts.expected(db, run_id)
        named = db.execute(sql("delivery/addressee_names"), {"run_id": run_id}).all()
        rows = db.execute(sql("delivery/outcomes_of_run"), {"run_id": run_id}).all()
        now_ms = moves.db_now_ms(db)
        standing = brakes.standing(db, now_ms)
        sample = sample_sentence(db, run_id)
    names = {row.municipality_id: row.name for row in named}
    local_time = occasion_time(run.occasion)
    outcomes = {(row.municipality_id, row.recipient_id): row for row in rows}
    # «Получатель 1 из 2» is the same one wherever it is said: by their addresses' order.
    place = {
        (addressee, recipient_id): number
        for addressee, theirs in everybody.items()
        for number, recipient_id in enumerate([r.recipient_id for r in theirs] or [NO_RECIPIENT])
    }
    ordered = sorted(
        place.keys() | outcomes.keys(),
        key=lambda key: (
            russian.natural_key(names.get(key[0], key[0])),
            place.get(key, len(place)),
            key[1],
        ),
    )
    lines = []
    for key in ordered:
        name, row = _who(key, ordered, names), outcomes.get(key)
        line = _line(key, name, row, categories(run.mode), standing, now_ms, local_time)
        if key not in place:
            reason = "Этого получателя запуск не ожидал. Запустите этап заново."
            line = replace(line, is_unexpected=True, reason=reason)
        lines.append(line)
    has_waiting = any(line.category == "pending" for line in lines)
    return Reconciliation(
        run_id=run_id,
        occasion=run.occasion,
        mode=run.mode,
        as_of=date.fromisoformat(run.as_of),
        local_time=local_time,
        expected=len(place),
        lines=tuple(lines),
        holds=_holds(standing, run.occasion, run.mode, local_time, has_waiting=has_waiting),
        sample=sample,
    )


def _holds(
    standing: Brakes, occasion: str, mode: str, local_time: LocalTime, *, has_waiting: bool
) -> tuple[str, ...]:
    """The brakes that concern this run; a dry letter needs no mail server, nor its rest."""
    go_on = f"Продолжить: запустите «{CONTROL_DAG}»."
    holds = []
    if standing.is_off:
        holds.append(f"Вся отправка остановлена{_because(standing.off_reason)}. {go_on}")
    if standing.holds(occasion, mode):
        reason = standing.paused[occasion, mode]
        holds.append(f"Рассылка этого этапа приостановлена{_because(reason)}. {go_on}")
    if has_waiting and mode != "dry" and standing.breaker_until_ms is not None:
        holds.append(
            f"Пауза из-за почтового сервера{_because(standing.breaker_reason)}."
            f" Отправка продолжится сама: {_moment(standing.breaker_until_ms, local_time)}."
        )
    return tuple(holds)


def _because(reason: str | None) -> str:
    """«: причина», without the full stop that ours begins anew; people write reasons, too."""
    plain = without_stop(lower_first(without_addresses(reason or "")))
    return f": {plain}" if plain else ""


def _who(key: tuple[str, str], ordered: list[tuple[str, str]], names: Mapping[str, str]) -> str:
    """The addressee's name, and which of its recipients, where there are several."""
    theirs = [other for other in ordered if other[0] == key[0]]
    name = names.get(key[0], key[0])
    if len(theirs) == 1:
        return str(name)
    return f"{name}, получатель {theirs.index(key) + 1} из {len(theirs)}"


def _line(
    key: tuple[str, str],
    name: str,
    row: Any | None,
    words_of: Mapping[str, str],
    standing: Brakes,
    now_ms: int,
    local_time: LocalTime,
) -> AccountLine:
    municipality_id, recipient_id = key
    fate = fate_of_outcome(row, standing, now_ms)
    if row is None or (row.outcome == "planned" and row.state is None):
        return AccountLine(
            municipality_id, name, recipient_id, UNACCOUNTED, "не учтено",
            "Решения о письме нет: запуск не записал его, или письма нет в журнале рассылки."
            " Перезапустите «Письма и документы».", None, None,
        )  # fmt: skip
    category = row.outcome if row.outcome != "planned" else _OF_STATE[row.state]
    return AccountLine(
        municipality_id=municipality_id,
        name=name,
        recipient_id=recipient_id,
        category=category,
        words=_words(words_of[category], category, row, local_time),
        reason=_reason(fate, row, standing),
        revision=row.revision if category != "suppressed" else None,
        message_id=row.message_id if category != "suppressed" else None,
        fate=fate,
    )


def _words(words: str, category: str, row: Any, local_time: LocalTime) -> str:
    if category == "accepted" and row.accepted_ms is not None:
        words += f" {_moment(row.accepted_ms, local_time)}"
    if row.state == "bounced":
        words += ", вернулось"
    if category == "pending" and row.state == "retry":
        words += f": повтор {_moment(row.not_before_ms, local_time)}"
    return words


def _reason(fate: Fate, row: Any, standing: Brakes) -> str | None:
    """The run's own reason, unless something became of the letter since."""
    if row.reason and fate is not Fate.BOUNCED:
        return str(row.reason)
    match fate:
        case Fate.ACCEPTED | Fate.SAME_CONTENT:
            return None
        case Fate.OFF | Fate.PAUSED:  # why, and what to do, is said once for the whole run
            return "Письмо уйдёт, когда отправку продолжат."
        case Fate.QUEUED | Fate.RETRY | Fate.AWAITS_APPROVAL:  # the words of the category say it
            return advice(fate, row)
        case _:
            return sentence(fate, row, standing)


def _moment(moment_ms: int, local_time: LocalTime) -> str:
    return local_time.at(moment_ms).strftime("%d.%m.%Y, %H:%M")
