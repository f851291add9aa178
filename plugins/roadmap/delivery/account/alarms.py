"""What stands wrong with the letters, and when the operator is told of it.

Everything is read from the ledger at once, so that an alarm ends by itself when its cause is
gone. The table `alarm` only remembers what was told: a new alarm is told at once, one that
stands is told again a day later, one that ended is forgotten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Text, bindparam, delete, select, update

from roadmap import russian
from roadmap.delivery.account.fate import fate_of_letter, sentence
from roadmap.delivery.ledger import brakes, moves
from roadmap.delivery.ledger.brakes import Brakes
from roadmap.delivery.ledger.moves import Clock, db_now_ms
from roadmap.delivery.letters.operator_text import CONTROL_DAG, by_calendar, title
from roadmap.plan.model import Plan
from roadmap.plan.zone import home_time
from roadmap.store.sql import sql
from roadmap.store.tables import alarm as alarm_table

TELL_AGAIN_MS = 24 * 3_600_000
_HOUR_MS = 3_600_000
_NAMED = 5  # municipalities named in one sentence; the others are counted


@dataclass(frozen=True)
class Alarm:
    """Something that a person has to see. `sentence` is Russian and holds no address."""

    key: str  # the same as long as it is the same trouble
    sentence: str


@dataclass(frozen=True)
class ToTell:
    """What goes into one letter to the operator; `new` and `standing` together are all alarms."""

    new: tuple[Alarm, ...]
    standing: tuple[Alarm, ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.standing)

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        return self.new + self.standing


@dataclass(frozen=True)
class Overdue:
    """Letters of one occasion and mode that wait longer than they may, by addressee."""

    occasion: str
    mode: str
    names: tuple[str, ...]


# -- What stands wrong ---------------------------------------------------------------------------


def find_alarms(
    engine: Engine, plans: Iterable[Plan], overdue_hours: int, clock: Clock = db_now_ms
) -> tuple[Alarm, ...]:
    """Every alarm that stands now, the gravest first. `plans` name the phases of occasions."""
    known = tuple(plans)
    with engine.connect() as db, db.begin():
        now_ms = clock(db)
        held_by = brakes.standing(db, now_ms)
        waiting = db.execute(sql("delivery/waiting_letters")).all()
        return (
            *_switch(brakes.last_stop(db, now_ms), held_by, waiting, known),
            *_breaker(db, waiting),
            *_pauses(held_by, waiting, known),
            *_broken_chains(db),
            *_letters(db, known, held_by, now_ms),
            *_not_told(db, now_ms),
            *(
                _overdue(one, overdue_hours, known)
                for one in overdue(db, overdue_hours, now_ms, only_idle=False)
            ),
        )


def overdue(
    db: Connection, overdue_hours: int, now_ms: int, *, only_idle: bool
) -> tuple[Overdue, ...]:
    """Letters that wait for longer than `overdue_hours`, by occasion and mode.

    `only_idle`: only those that nobody has taken for so long, though they were due. A letter
    that the mail server puts off again and again is overdue, but not idle.
    """
    before_ms = now_ms - overdue_hours * _HOUR_MS
    names_of: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in db.execute(sql("delivery/overdue_letters"), {"before_ms": before_ms}):
        if not only_idle or row.idle_since_ms <= before_ms:
            names_of[row.occasion, row.mode].append(row.name)
    return tuple(Overdue(*key, tuple(dict.fromkeys(names))) for key, names in names_of.items())


def _switch(
    last: Any, held_by: Brakes, waiting: Sequence[Any], plans: Sequence[Plan]
) -> Iterator[Alarm]:
    if not held_by.is_off:
        return
    reason = _ended(held_by.off_reason or "причина не записана")
    if held_by.is_restored:
        yield Alarm(
            f"restored:{last.at_ms}",
            f"Отправка остановлена. {reason} Затем запустите «{CONTROL_DAG}», «продолжить всю "
            "отправку».",
        )
    elif waiting:
        in_order = sorted(((one.occasion, one.mode) for one in waiting), key=by_calendar(plans))
        occasions = ", ".join(title(*campaign, plans) for campaign in in_order)
        yield Alarm(
            f"switch:{last.at_ms if last else 0}",
            f"Вся отправка остановлена, {_how_many(waiting)}: {occasions}. "
            f"Причина: {reason} Когда она устранена, запустите «{CONTROL_DAG}», «продолжить "
            "всю отправку».",
        )


def _breaker(db: Connection, waiting: Sequence[Any]) -> Iterator[Alarm]:
    # The alarm stands until the server takes a letter, also between two rests. Letters planned
    # after the last rest do not count: the server was not asked about any of them yet.
    row = db.execute(sql("delivery/rest_that_letters_waited_in")).first()
    if row is not None:
        by_mail = [one for one in waiting if one.mode != "dry"]
        who = _how_many(by_mail) if by_mail else "ждёт письмо оператору"
        yield Alarm(
            "breaker",
            f"Почтовый сервер не принимает писем, {who}. "
            f"{_ended(row.reason or 'Причина не записана')} Следующая попытка — после "
            f"{moment(row.open_until_ms)}, сама. Проверьте почтовый сервер и соединение "
            "«smtp_default».",
        )


def _pauses(held_by: Brakes, waiting: Sequence[Any], plans: Sequence[Plan]) -> Iterator[Alarm]:
    letters = {(one.occasion, one.mode): one for one in waiting}
    for occasion, mode in sorted(held_by.paused, key=by_calendar(plans)):
        reason = held_by.paused[occasion, mode]
        if (occasion, mode) in letters:
            yield Alarm(
                f"paused:{occasion}:{mode}",
                f"Рассылка приостановлена: {title(occasion, mode, plans)}, "
                f"{_how_many([letters[occasion, mode]])}. {_ended(reason)} Когда причина "
                f"устранена, запустите «{CONTROL_DAG}», «продолжить приостановленную рассылку».",
            )


def _broken_chains(db: Connection) -> Iterator[Alarm]:
    for delivery_id in moves.broken_chains(db):
        yield Alarm(
            f"chain:{delivery_id}",
            f"Журнал письма с Message-ID {delivery_id[:32]} не объясняет его состояния: "
            "строку меняли помимо программы. Ничего не исправляйте в базе, сообщите в поддержку.",
        )


def _letters(
    db: Connection, plans: Sequence[Plan], held_by: Brakes, now_ms: int
) -> Iterator[Alarm]:
    statement = sql("delivery/letters_for_a_person").bindparams(
        bindparam("closed_plans", type_=Text, expanding=True)
    )
    closed = [plan.code for plan in plans if plan.closed]
    for row in db.execute(statement, {"closed_plans": closed}):
        whose = f"{row.name}, {title(row.occasion, row.mode, plans)}, редакция {row.revision}"
        fate = fate_of_letter(row, held_by, now_ms)
        yield Alarm(
            f"{row.state}:{row.delivery_id}:{row.send_epoch}",
            f"{whose}. {sentence(fate, row, held_by)}",
        )


def _not_told(db: Connection, now_ms: int) -> Iterator[Alarm]:
    # One key for all, and a day: a letter about a letter that was lost may be lost as well.
    since = {"since_ms": now_ms - TELL_AGAIN_MS}
    lost = db.execute(sql("delivery/operator_letters_lost"), since).scalar_one()
    if lost:
        yield Alarm(
            "operator",
            f"Письма оператору за последние сутки отклонены, не ушли или неизвестно, дошли ли: "
            f"{lost}. Сами они больше не отправляются. О чём они, сказано в журналах красных задач "
            "и «Сверки»; проверьте почтовый сервер и ROADMAP_OPERATOR_ADDRESS. Через сутки эта "
            "тревога снимется сама.",
        )


def _overdue(late: Overdue, hours: int, plans: Sequence[Plan]) -> Alarm:
    return Alarm(
        f"overdue:{late.occasion}:{late.mode}",
        f"Письма ждут отправки дольше {hours}{russian.NBSP}ч: "
        f"{title(late.occasion, late.mode, plans)} — {named(late.names)}. Проверьте почтовый "
        "сервер; почему письма отложены, сказано в журнале задачи «Отправка оставшегося».",
    )


# -- Words ---------------------------------------------------------------------------------------


def named(names: Sequence[str]) -> str:
    """The first five addressees by name, and how many more there are."""
    ordered = sorted(names, key=russian.natural_key)
    more = len(ordered) - _NAMED
    return ", ".join(ordered[:_NAMED]) + (f" и ещё {more}" if more > 0 else "")


def moment(moment_ms: int) -> str:
    """«26.03.2021 в 10:14 (МСК)»: of what belongs to no one plan."""
    here = home_time()
    return f"{here.at(moment_ms):%d.%m.%Y в %H:%M} ({here.name})"


def _how_many(waiting: Sequence[Any]) -> str:
    n = sum(one.letters for one in waiting)
    verb = russian.plural(n, "ждёт", "ждут", "ждут")
    return f"{verb} {russian.counted(n, 'письмо', 'письма', 'писем')}"


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


# -- Who was told --------------------------------------------------------------------------------


def note(engine: Engine, standing: Sequence[Alarm], clock: Clock = db_now_ms) -> ToTell:
    """Remember what stands, forget what ended; what the operator is to be told now.

    Nothing, as long as every alarm was told within the last day; else one letter with all.
    """
    with engine.begin() as db:
        now_ms = clock(db)
        keys = {one.key for one in standing}
        remembered = set(db.execute(select(alarm_table.c.alarm_key)).scalars())
        for ended in remembered - keys:
            db.execute(delete(alarm_table).where(alarm_table.c.alarm_key == ended))
        for one in standing:
            db.execute(
                sql("delivery/note_alarm"),
                {"alarm_key": one.key, "sentence": one.sentence, "now_ms": now_ms},
            )
        rows = db.execute(select(alarm_table.c.alarm_key, alarm_table.c.told_ms))
        told_ms = {row.alarm_key: row.told_ms for row in rows}
    new = tuple(one for one in standing if told_ms[one.key] is None)
    old = tuple(one for one in standing if told_ms[one.key] is not None)
    # Told at a moment to come: then the clock was wrong, and nobody would be told for long.
    is_due = any(at is None or not now_ms - TELL_AGAIN_MS < at <= now_ms for at in told_ms.values())
    return ToTell(new, old) if is_due else ToTell((), ())


def mark_told(engine: Engine, alarms: Iterable[Alarm], clock: Clock = db_now_ms) -> None:
    """The letter with these alarms went to the operator."""
    keys = [one.key for one in alarms]
    with engine.begin() as db:
        db.execute(
            update(alarm_table).where(alarm_table.c.alarm_key.in_(keys)).values(told_ms=clock(db))
        )
