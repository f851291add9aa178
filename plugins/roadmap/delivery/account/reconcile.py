"""Accounting for every expected letter of a run (docs/architecture.md, «The account of a run»).

expected = accepted (bounced included) + awaiting approval + blocked + pending + unknown +
rejected + exhausted + suppressed + cancelled. What is expected is counted from the frozen
contacts, what became of it from `run_outcome` and the ledger: so a recipient that a failed
task forgot shows as «не учтено», and the sum does not hold. So does an outcome whose letter
is not this recipient's of this occasion and mode: nobody is counted by another one's letter.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import Engine

from roadmap import russian
from roadmap.decision import LETTER_DECISION_OF, LETTER_DECISIONS
from roadmap.delivery.account.fate import Fate, advice, cause, fate_of_outcome, sentence
from roadmap.delivery.account.rehearsal import Sendings, if_it_were_live
from roadmap.delivery.ledger import brakes, moves
from roadmap.delivery.ledger.brakes import Brakes
from roadmap.delivery.letters import contacts
from roadmap.delivery.letters.operator_text import (
    CONTROL_DAG,
    filled_in,
    say,
    title,
    without_stop,
)
from roadmap.delivery.letters.planning import NO_RECIPIENT, is_for_earlier_letters
from roadmap.delivery.transport import without_addresses
from roadmap.evidence.freeze import sample_sentence
from roadmap.plan.load import load_plans
from roadmap.plan.model import is_occasion, is_reminder, occasion_due
from roadmap.plan.region import REGION, LocalTime
from roadmap.plan.zone import home_time, occasion_time
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
    "cancelled": "снято с отправки",
}
# A letter of a test run did not reach its addressee, so its words differ.
_ACCEPTED_WORDS: Mapping[str, str] = {
    "redirect": "принято сервером для проверочного адреса",
    "dry": "проверено без отправки",
}
UNACCOUNTED = "unaccounted"
_WORDS = "delivery/_account.j2"
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
    "live": "Уже отправлено",
    "redirect": "Проверочные письма уже отправлены",
    "dry": "Проверка без отправки уже прошла",
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
    decision: str | None = None  # what a person decided about the letter, when and why
    is_correction: bool = False  # of a letter that the recipient has

    @property
    def is_open(self) -> bool:
        """Does it ask the operator for something, or for patience?

        What a person decided not to send is closed: there is nothing left to do.
        """
        if self.fate in (Fate.GIVEN_UP, Fate.SUPERSEDED):
            return self.is_unexpected
        return (
            self.category in _UNSETTLED
            or self.category == "cancelled"
            or self.fate is Fate.BOUNCED
            or self.is_unexpected
        )


@dataclass(frozen=True)
class Reconciliation:
    """The account of one run; its texts are for the operator, Russian, without addresses.

    `holds`: what keeps letters of this run back as a whole, each with its reason and what to
    do; `details`: what stands below the headline; Russian sentences. `local_time` is that of the
    moments in the lines' words. `sendings`: what a live run sent, what a rehearsal would send.
    """

    run_id: str
    occasion: str
    mode: str
    as_of: date
    started_ms: int
    local_time: LocalTime
    expected: int
    lines: tuple[AccountLine, ...]
    holds: tuple[str, ...]
    sample: str | None = None  # «Проверочная выборка: 3 из 13»
    sendings: Sendings = field(default_factory=Sendings)
    details: tuple[str, ...] = ()
    is_whole: bool = True  # to addressees, to all of them

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
            return "Писем нет: писать некому"
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
        if self.mode == "live" and not self.is_whole:
            whom = "всем выбранным"
        if left or any(line.is_unexpected for line in self.lines):
            text = f"{kind} не {whom}: {len(everybody) - len(left)} из {len(everybody)}"
            decided = {x.municipality_id for x in self.lines if x.fate is Fate.GIVEN_UP}
            return f"{text}, решено не отправлять: {len(decided)}" if decided else text
        to = f"{whom} {len(everybody)}"
        if len(everybody) == 1:
            to = "одному адресату" if self.mode != "dry" else "для одного адресата"
        if all(line.category == "suppressed" for line in self.lines):
            return f"{_NOTHING_NEW[self.mode]} {to}: нового нет"
        if self.mode == "live" and self.sendings.corrections and not self.sendings.first:
            corrected = f"Исправления отправлены: {len(self.sendings.corrections)}"
            same = len(self.sendings.same)
            return f"{corrected}, без изменений {same}" if same else corrected
        return f"{kind} {to}"

    @property
    def text(self) -> str:
        """The account as the task's log has it."""
        phase = title(self.occasion, "live", load_plans()[0])  # the mode stands below
        return filled_in("email/operator_summary.txt.j2", self.local_time, result=self, phase=phase)


def categories(mode: str) -> Mapping[str, str]:
    """CATEGORIES in the words that are true of this mode."""
    return {**CATEGORIES, "accepted": _ACCEPTED_WORDS.get(mode, CATEGORIES["accepted"])}


def reconcile(engine: Engine, run_id: str) -> Reconciliation:
    """Account for the letters of one run as the ledger stands now; writes nothing.

    A rehearsal, and a run for some, also say how the phase as a whole stands.
    """
    account = _account(engine, run_id)
    if account.is_whole:
        return account
    whole = say(_WORDS, "whole_phase", account.local_time, state_of_phase(engine, account.occasion))
    return replace(account, details=(*account.details, whole))


def state_of_phase(engine: Engine, occasion: str) -> Reconciliation | None:
    """How the letters to addressees stand: of each, by the newest live run that was for them.

    Runs before the newest one for everybody do not count. None where nothing was live.
    """
    with engine.connect() as db, db.begin():
        runs = db.scalars(sql("delivery/live_runs_of_occasion"), {"occasion": occasion}).all()
    newest: Reconciliation | None = None
    lines: dict[str, list[AccountLine]] = {}
    for run_id in runs:
        account = _account(engine, run_id)
        newest = newest or account
        of_run = defaultdict(list)
        for line in account.lines:
            of_run[line.municipality_id].append(line)
        lines = of_run | lines
        if account.is_whole:
            break
    if newest is None:
        return None
    together = tuple(line for addressee in lines.values() for line in addressee)
    return replace(
        newest,
        lines=together,
        expected=sum(not line.is_unexpected for line in together),
        sendings=Sendings(),
        details=(),
        is_whole=True,
    )


def nothing_to_approve(engine: Engine, run_id: str) -> str | None:
    """Why no letter of the run can be approved, in Russian; None where there is one."""
    with engine.connect() as db, db.begin():
        rows = db.execute(sql("delivery/outcomes_counted"), {"run_id": run_id})
        counts = {row.outcome: row.recipients for row in rows}
    if counts.get("planned"):
        return None
    return say(_WORDS, "nothing_to_approve", home_time(), counts)


def _account(engine: Engine, run_id: str) -> Reconciliation:
    with engine.connect() as db, db.begin():
        run = db.execute(sql("delivery/run"), {"run_id": run_id}).one()
        everybody = contacts.expected(db, run_id)
        named = db.execute(sql("delivery/addressee_names"), {"run_id": run_id}).all()
        rows = db.execute(sql("delivery/outcomes_of_run"), {"run_id": run_id}).all()
        now_ms = moves.db_now_ms(db)
        standing = brakes.standing(db, now_ms)
        sample = sample_sentence(db, run_id)
        decided = db.execute(sql("delivery/decisions_of_run"), {"run_id": run_id}).all()
        is_known = not is_reminder(run.phase) or not db.scalar(
            sql("delivery/unknown_at_due"),
            {"run_id": run_id, "due": occasion_due(run.phase).isoformat()},
        )
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
        line = replace(line, decision=_decision(line, row, decided, local_time))
        if key not in place:
            reason = "Этого получателя запуск не ожидал. Запустите этап заново."
            line = replace(line, is_unexpected=True, reason=reason)
        lines.append(line)
    has_waiting = any(line.category == "pending" for line in lines)
    sendings: Sendings | None
    if run.mode == "live":
        sendings = _sent(lines, names)
    else:
        in_order = {
            addressee: [
                x
                for x in everybody[addressee]
                if _is_made(outcomes.get((addressee, x.recipient_id)))
            ]
            for addressee in dict.fromkeys(key[0] for key in ordered if key[0] in everybody)
        }
        sendings = if_it_were_live(engine, run, in_order, names)
    is_for_all = all(
        row.is_selected for row in named if row.is_participating or row.municipality_id == REGION
    )
    return Reconciliation(
        run_id=run_id,
        occasion=run.occasion,
        mode=run.mode,
        as_of=date.fromisoformat(run.as_of),
        started_ms=run.started_ms,
        local_time=local_time,
        expected=len(place),
        lines=tuple(lines),
        holds=_holds(standing, run.occasion, run.mode, local_time, has_waiting=has_waiting),
        sample=sample,
        sendings=sendings or Sendings(),
        details=_details(run, lines, sendings, named, local_time, is_known=is_known),
        is_whole=is_occasion(run.phase) or (run.mode == "live" and is_for_all),
    )


def _is_made(row: Any | None) -> bool:
    """Whether a rehearsal made this letter, or would have but for its own earlier letters."""
    if row is None:
        return False
    return row.outcome != "blocked" or is_for_earlier_letters(row.reason or "")


def _sent(lines: Sequence[AccountLine], names: Mapping[str, str]) -> Sendings:
    """What went by addressee: corrections, first letters, and who has the same content."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        if line.category == "accepted" and line.fate is not Fate.BOUNCED:
            kinds[line.municipality_id].add("corrections" if line.is_correction else "first")
        elif line.category == "suppressed":
            kinds[line.municipality_id].add("same")

    def of(kind: str) -> tuple[str, ...]:
        # Of an addressee whose recipients differ the first by alphabet counts.
        return tuple(names.get(key, key) for key, theirs in kinds.items() if min(theirs) == kind)

    return Sendings(corrections=of("corrections"), first=of("first"), same=of("same"))


def _details(
    run: Any,
    lines: Sequence[AccountLine],
    sendings: Sendings | None,
    named: Sequence[Any],
    local_time: LocalTime,
    *,
    is_known: bool,
) -> tuple[str, ...]:
    if not lines:
        takes_part = any(one.is_participating for one in named)
        is_told = takes_part and is_reminder(run.phase)
        chosen = [one.name for one in named if one.is_selected and not one.is_participating]
        as_of = date.fromisoformat(run.as_of)
        return (say(_WORDS, "nobody", local_time, is_told, is_known, as_of, chosen),)
    if sendings is None:
        return (say(_WORDS, "only_a_test", local_time),)
    if run.mode == "live" and not sendings.corrections:
        return ()
    text = say(_WORDS, "sent" if run.mode == "live" else "if_live", local_time, sendings)
    return (text,) if text else ()


def _decision(
    line: AccountLine, row: Any | None, decided: Sequence[Any], local_time: LocalTime
) -> str | None:
    """What a person decided about the line's letter, or about the one that stands in its way."""
    for one in reversed(decided):
        is_its_own = row is not None and one.delivery_id == row.delivery_id
        is_in_its_way = line.fate is Fate.GIVEN_UP and one.recipient_id == line.recipient_id
        if is_its_own or is_in_its_way:
            word = LETTER_DECISIONS[LETTER_DECISION_OF[one.from_state, one.to_state]]
            return say(_WORDS, "decision", local_time, word, one)
    return None


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
    plain = without_stop(russian.lower_first(without_addresses(reason or "")))
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
            "Решения о письме нет: запуск ещё идёт или не записал его, или письма нет в журнале"
            " рассылки. Запуск закончен — очистите «Письма и документы».", None, None,
        )  # fmt: skip
    category = row.outcome if row.outcome != "planned" else _OF_STATE[row.state]
    return AccountLine(
        municipality_id=municipality_id,
        name=name,
        recipient_id=recipient_id,
        category=category,
        words=_words(words_of[category], category, row, local_time, fate, standing),
        reason=_reason(fate, row, standing),
        revision=row.revision if category != "suppressed" else None,
        message_id=row.message_id if category != "suppressed" else None,
        fate=fate,
        is_correction=category == "accepted" and row.correction_reason is not None,
    )


def _words(
    words: str, category: str, row: Any, local_time: LocalTime, fate: Fate, standing: Brakes
) -> str:
    if fate is Fate.GIVEN_UP:
        return "решено не отправлять"
    if category == "cancelled":
        return cause(fate, row, standing)
    if category == "accepted" and row.accepted_ms is not None:
        words += f" {_moment(row.accepted_ms, local_time)}"
    if row.state == "bounced":
        words += ", вернулось"
    if category == "pending" and row.state == "retry":
        words += f": повтор {_moment(row.not_before_ms, local_time)}"
    return words


_WHEN_SENDING_GOES_ON = {
    "live": "Письмо уйдёт, когда отправку продолжат.",
    "redirect": "Письмо уйдёт на проверочный адрес, когда отправку продолжат.",
    "dry": "Письмо проверят, когда отправку продолжат; адресату ничего не уйдёт.",
}


def _reason(fate: Fate, row: Any, standing: Brakes) -> str | None:
    """The run's own reason, unless something became of the letter since."""
    if row.reason and fate is not Fate.BOUNCED:
        return str(row.reason)
    match fate:
        case Fate.ACCEPTED | Fate.SAME_CONTENT | Fate.SUPERSEDED:
            return None
        case Fate.OFF | Fate.PAUSED:  # why, and what to do, is said once for the whole run
            return _WHEN_SENDING_GOES_ON[row.mode]
        case Fate.QUEUED | Fate.RETRY | Fate.AWAITS_APPROVAL | Fate.GIVEN_UP:
            return advice(fate, row)  # what happened, the line's words say
        case _ if row.state == "cancelled":
            return advice(fate, row)
        case _:
            return sentence(fate, row, standing)


def _moment(moment_ms: int, local_time: LocalTime) -> str:
    return local_time.at(moment_ms).strftime("%d.%m.%Y, %H:%M")
