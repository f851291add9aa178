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
# A letter of a test run went to nobody it is addressed to, and must not read as if it had.
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
_UNEXPECTED: Mapping[str, Any] = {
    "is_unexpected": True,
    "reason": "Этого получателя запуск не ожидал. Запустите этап заново.",
}
_UNSETTLED = frozenset(
    {"awaiting_approval", "blocked", "pending", "unknown", "rejected", "exhausted"}
)
_TOLD = frozenset({"accepted", "suppressed"})


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
    is_bounced: bool = False
    is_superseded: bool = False
    is_unexpected: bool = False  # an outcome of somebody whom the run did not expect


@dataclass(frozen=True)
class Reconciliation:
    """The account of one run. `text` is for the operator, Russian, without addresses.

    `holds`: what keeps letters of this run back as a whole, each with its reason and what to
    do; Russian sentences.
    """

    run_id: str
    occasion: str
    mode: str
    as_of: date
    expected: int
    counts: Mapping[str, int]  # by CATEGORIES, all of them
    bounced: int
    lines: tuple[AccountLine, ...]
    holds: tuple[str, ...]
    headline: str
    text: str
    sample: str | None = None  # «Проверочная выборка: 3 из 13»

    @property
    def time_zone_name(self) -> str:
        """What people call the time of the moments in the lines' words."""
        return occasion_time(self.occasion).name

    @property
    def categories(self) -> Mapping[str, str]:
        """CATEGORIES in the words that are true of this run's mode."""
        return categories(self.mode)

    @property
    def unaccounted(self) -> int:
        """By how much the sum misses what was expected; below zero: somebody was not expected."""
        return self.expected - sum(self.counts.values())

    @property
    def open(self) -> tuple[AccountLine, ...]:
        """The lines that ask the operator for something, or for patience."""
        return tuple(line for line in self.lines if _is_open(line))

    @property
    def told(self) -> tuple[AccountLine, ...]:
        """All the other lines."""
        return tuple(line for line in self.lines if not _is_open(line))

    @property
    def is_balanced(self) -> bool:
        return self.expected == sum(self.counts.values()) and not any(
            line.category == UNACCOUNTED for line in self.lines
        )

    @property
    def is_settled(self) -> bool:
        """Nothing is left to do: the sum holds, and every letter is where it should be.

        A letter that waits for approval, that expired or that came back has told nobody.
        """
        return self.is_balanced and not self.open


def categories(mode: str) -> Mapping[str, str]:
    """CATEGORIES in the words that are true of this mode."""
    return {**CATEGORIES, "accepted": _ACCEPTED_WORDS.get(mode, CATEGORIES["accepted"])}


def _is_open(line: AccountLine) -> bool:
    return (
        line.category in _UNSETTLED
        or line.category == UNACCOUNTED
        or line.is_bounced
        or line.is_unexpected
        or (line.category == "cancelled" and not line.is_superseded)
    )


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
    expected = {
        (addressee, one)
        for addressee, theirs in everybody.items()
        for one in ([r.recipient_id for r in theirs] or [NO_RECIPIENT])
    }
    found = {(row.municipality_id, row.recipient_id): row for row in rows}
    # «Получатель 1 из 2» is the same one wherever it is said: by their addresses' order.
    place = {
        (addressee, one.recipient_id): number
        for addressee, theirs in everybody.items()
        for number, one in enumerate(theirs)
    }
    ordered = sorted(
        expected | found.keys(),
        key=lambda key: (
            russian.natural_key(names.get(key[0], key[0])),
            place.get(key, len(place)),
            key[1],
        ),
    )
    lines = tuple(
        replace(
            _line(
                key, _who(key, ordered, names), found.get(key), categories(run.mode),
                standing, now_ms,
            ),
            **({} if key in expected else _UNEXPECTED),
        )
        for key in ordered
    )  # fmt: skip
    has_waiting = any(line.category == "pending" for line in lines)
    tally = Counter(line.category for line in lines)
    counts = {category: tally[category] for category in CATEGORIES}
    bounced = sum(line.is_bounced and line.category == "accepted" for line in lines)
    result = Reconciliation(
        run_id=run_id,
        occasion=run.occasion,
        mode=run.mode,
        as_of=date.fromisoformat(run.as_of),
        expected=len(expected),
        counts=counts,
        bounced=bounced,
        lines=lines,
        holds=_holds(standing, run.occasion, run.mode, has_waiting=has_waiting),
        headline=headline(run.mode, lines, unexpected=bool(found.keys() - expected)),
        text="",
        sample=sample,
    )
    text = filled_in("email/operator_summary.txt.j2", occasion_time(run.occasion), result=result)
    return replace(result, text=text)


def _holds(standing: Brakes, occasion: str, mode: str, *, has_waiting: bool) -> tuple[str, ...]:
    """The brakes that concern this run; a dry letter needs no mail server, nor its rest."""
    said = []
    if standing.is_off:
        said.append(
            f"Вся отправка остановлена{_because(standing.off_reason)}."
            f" Продолжить: запустите «{CONTROL_DAG}»."
        )
    if standing.holds(occasion, mode):
        reason = standing.paused[occasion, mode]
        said.append(
            f"Рассылка этого этапа приостановлена{_because(reason)}."
            f" Продолжить: запустите «{CONTROL_DAG}»."
        )
    if has_waiting and mode != "dry" and standing.breaker_until_ms is not None:
        said.append(
            f"Пауза из-за почтового сервера{_because(standing.breaker_reason)}."
            f" Отправка продолжится сама: {_moment(standing.breaker_until_ms, occasion)}."
        )
    return tuple(said)


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
        words=_words(words_of[category], category, row),
        reason=_reason(fate, row, standing),
        revision=row.revision if category != "suppressed" else None,
        message_id=row.message_id if category != "suppressed" else None,
        is_bounced=fate is Fate.BOUNCED,
        is_superseded=fate is Fate.SUPERSEDED,
    )


def _words(words: str, category: str, row: Any) -> str:
    if category == "accepted" and row.accepted_ms is not None:
        words += f" {_moment(row.accepted_ms, row.occasion)}"
    if row.state == "bounced":
        words += ", вернулось"
    if category == "pending" and row.state == "retry":
        words += f": повтор {_moment(row.not_before_ms, row.occasion)}"
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


_NOTHING_NEW = {
    "live": "Уже отправлено всем",
    "redirect": "Проверочные письма уже отправлены всем",
    "dry": "Проверка без отправки уже прошла для всех",
}


def headline(mode: str, lines: tuple[AccountLine, ...], *, unexpected: bool) -> str:
    """«Отправлено всем 13», or «не всем» and how many, or «уже отправлено»; in addressees."""
    everybody = {line.municipality_id for line in lines}
    left = {line.municipality_id for line in lines if line.category not in _TOLD}
    left |= {line.municipality_id for line in lines if line.is_bounced}
    kind = {"live": "Отправлено", "redirect": "Проверочные письма отправлены"}.get(
        mode, "Проверка без отправки прошла"
    )
    whom = "всем" if mode != "dry" else "для всех"
    if lines and all(line.category == "suppressed" for line in lines) and not (left or unexpected):
        return f"{_NOTHING_NEW[mode]} {len(everybody)}: нового нет"
    if not lines:
        return "Писем нет: адресатов нет"
    if left or unexpected:
        return f"{kind} не {whom}: {len(everybody) - len(left)} из {len(everybody)}"
    return f"{kind} {whom} {len(everybody)}"


def _moment(moment_ms: int, occasion: str) -> str:
    return occasion_time(occasion).at(moment_ms).strftime("%d.%m.%Y, %H:%M")
