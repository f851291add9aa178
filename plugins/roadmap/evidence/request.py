"""What is asked of a phase, in the form, by a command or by the calendar: read, and refused at once
where it can't be done as it is asked.

Nothing here needs evidence, so that a slip of the form is found before anything is taken in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from roadmap import russian
from roadmap.decision import LONGEST_REASON
from roadmap.evidence.intake import KnownBy
from roadmap.plan.model import Phase, Plan
from roadmap.plan.region import REGION

_DAY = re.compile(
    r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})|(?P<y2>\d{4})-(?P<m2>\d{1,2})-(?P<d2>\d{1,2})",
    re.ASCII,
)
_SHOWN = 40  # characters of what was entered; a field of a form holds any text
_END_OF_DAY = time(23, 59, 59)


class FreezeRefused(ValueError):
    """The run cannot begin; the message is the Russian sentence for the operator."""


class LiveRefused(FreezeRefused):
    """This run may write to nobody but a test address; the message says why, in Russian."""


@dataclass(frozen=True)
class RunRequest:
    """What the scheduler or a person asked for.

    `as_of` None means the plan's date of the phase; `known_at_ms` None means now; `known_by` says
    what a moment of the past knows: what had been loaded by then, or all that had been received; no
    `municipalities` means all. `mode` is live, redirect or dry. `sample` of a test writes to so
    many of those asked for, drawn at random; None means to all of them.
    """

    plan_code: str
    phase: str
    mode: str
    as_of: date | None
    known_at_ms: int | None
    municipalities: tuple[str, ...]
    reason: str | None
    requested_by: str
    sample: int | None = None
    known_by: KnownBy = "loaded"

    def mode_under(self, plan: Plan, now_ms: int) -> str:
        """The mode of the run: a plan that is not in force writes to nobody but a test address."""
        today = plan.local_time.at(now_ms).date()
        return "redirect" if self.mode == "live" and not plan.is_in_force(today) else self.mode


def one_line(text: str | None) -> str | None:
    """What was entered, in one line; None where the field is empty."""
    return " ".join((text or "").split()) or None


def read_request(
    plan: Plan, phase: str, fields: Mapping[str, Any], requested_by: str
) -> RunRequest:
    """What the form's fields ask for; empty ones mean what the plan says.

    Days and moments are texts: Airflow's own field of a date turns one that does not exist into
    an empty one. FreezeRefused, naming the field, where one is not
    understood, or a municipality is none of the plan's.
    """
    return RunRequest(
        plan_code=plan.code,
        phase=phase,
        mode=fields["mode"],
        as_of=_read_as_of(fields.get("as_of")),
        known_at_ms=_read_moment(plan, fields.get("known_at")),
        known_by=fields.get("known_by") or "loaded",
        municipalities=_read_municipalities(plan, fields.get("municipalities")),
        reason=one_line(fields.get("reason")),
        requested_by=requested_by,
        sample=_read_sample(fields.get("sample")),
    )


def _read_as_of(text: str | None) -> date | None:
    entered = one_line(text)
    return None if entered is None else _read_day("По состоянию на", entered, entered)


def _read_day(field: str, entered: str, day: str) -> date:
    found = _DAY.fullmatch(day)
    if found is None:
        raise _not_understood(field, entered, "не понять, какой это день", "31.03.2021")
    year, month, of_month = (int(found[name] or found[f"{name}2"]) for name in ("y", "m", "d"))
    try:
        return date(year, month, of_month)
    except ValueError:
        raise _not_understood(field, entered, "такого дня нет", "31.03.2021") from None


def _read_moment(plan: Plan, text: str | None) -> int | None:
    """UTC milliseconds; a moment without an offset is of the plan's zone, a day alone is over."""
    field, entered = "По сведениям на момент", one_line(text)
    if entered is None:
        return None
    day, _, clock = entered.replace("T", " ", 1).partition(" ")
    on = _read_day(field, entered, day)
    try:
        at = time.fromisoformat(clock.strip().rjust(5, "0")) if clock else _END_OF_DAY
    except ValueError:
        why = "не понять, какой это час"
        raise _not_understood(field, entered, why, "31.03.2021 18:00") from None
    moment = datetime.combine(on, at)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=plan.local_time.zone)
    return int(moment.timestamp() * 1000)


def _read_municipalities(plan: Plan, codes: Iterable[str] | None) -> tuple[str, ...]:
    known = {municipality.id for municipality in plan.municipalities} | {REGION}
    asked = tuple(codes or ())
    unknown = [f"«{code[:_SHOWN]}»" for code in asked if code not in known]
    if unknown:
        raise FreezeRefused(
            f"Запуск не начат: в плане {russian.of_plan(plan.code)} нет муниципалитетов с кодами "
            f"{', '.join(unknown)}. Исправьте «Муниципалитеты»."
        )
    return asked


def _read_sample(number: float | None) -> int | None:
    if number is None:
        return None
    if number != int(number):
        raise FreezeRefused(
            "Запуск не начат: «Сколько адресатов проверить» — целое число от 1. Впишите его или"
            " оставьте поле пустым."
        )
    return int(number)


def _not_understood(field: str, entered: str, why: str, example: str) -> FreezeRefused:
    shown = entered if len(entered) <= _SHOWN else f"{entered[:_SHOWN]}…"
    return FreezeRefused(
        f"Запуск не начат: «{field}» — «{shown}»: {why}. Впишите, например, {example} или"
        " оставьте поле пустым."
    )


def refuse_request(plan: Plan, phase: Phase, request: RunRequest, now_ms: int) -> None:
    """FreezeRefused where what is asked for can't be done at this moment, whatever evidence there
    is; LiveRefused where letters to addressees would tell another day."""
    _refuse_sample(request)
    _refuse_reason(one_line(request.reason))
    first, last = plan.years
    if request.as_of is not None and not first <= request.as_of.year <= last:
        of_plan = f"{first} года" if first == last else f"{first}–{last} годов"
        raise FreezeRefused(
            f"Запуск не начат: «По состоянию на» — {russian.day(request.as_of)}, а план — "
            f"{of_plan}. Впишите день этого года, выберите другой «План» или оставьте "
            "поле пустым."
        )
    known_at_ms = now_ms if request.known_at_ms is None else request.known_at_ms
    if known_at_ms > now_ms:
        raise FreezeRefused(
            "Запуск не начат: момент, на который известны сведения, ещё не наступил. "
            "Укажите прошедший момент или оставьте поле пустым."
        )
    as_of = (request.as_of or phase.as_of).isoformat()
    refuse_live_rehearsal(plan, phase, request.mode_under(plan, now_ms), as_of, known_at_ms, now_ms)


def _refuse_reason(reason: str | None) -> None:
    if "@" in (reason or ""):
        raise FreezeRefused(
            "Запуск не начат: уберите из причины исправления адрес электронной почты, причина "
            "войдёт в письма."
        )
    if len(reason or "") > LONGEST_REASON or not (reason or "").isprintable():
        raise FreezeRefused(
            f"Запуск не начат: причина исправления — не больше {LONGEST_REASON} знаков, без "
            "невидимых."
        )


def _refuse_sample(request: RunRequest) -> None:
    if request.sample is None:
        return
    if request.sample < 1:
        raise FreezeRefused(
            "Запуск не начат: выборка меньше одного адресата. Впишите число от 1 или оставьте"
            " поле «Сколько адресатов проверить» пустым."
        )
    if request.mode == "live":
        raise FreezeRefused(
            "Запуск не начат: случайная выборка бывает только у проверки, письма адресатам уходят"
            " всем. Выберите «Отправить всё на проверочный адрес» или «Ничего не отправлять»,"
            " либо оставьте поле «Сколько адресатов проверить» пустым."
        )


def refuse_live_rehearsal(
    plan: Plan, phase: Phase, mode: str, as_of: str, known_at_ms: int, started_ms: int
) -> None:
    """Letters to addressees tell the plan's day as it is known now; anything else is a test.

    And they tell it no sooner than the phase's window begins: who tries out a phase in February
    must not write to everybody about the end of March. LiveRefused otherwise. `as_of` is ISO;
    moments are UTC milliseconds.
    """
    if mode != "live":
        return
    if plan.local_time.at(started_ms).date() < phase.starts:
        why = f"Этап ещё не начался: письма адресатам — не раньше {russian.day(phase.starts)}."
    elif as_of != phase.as_of.isoformat():
        why = f"Отчётная дата запуска — не дата плана ({russian.day(phase.as_of)})."
    elif known_at_ms < started_ms:
        why = "Задан момент, на который известны сведения."
    else:
        return
    raise LiveRefused(
        f"{why} Такой запуск отправляет только проверочные письма: выберите"
        " «Отправить всё на проверочный адрес» или «Ничего не отправлять»."
    )
