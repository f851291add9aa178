"""Stopping all sending and letting it go on, by a person's decision, and what waits meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Engine

from roadmap import russian
from roadmap.decision import DecisionRefused, SendingAction, checked_reason
from roadmap.delivery.ledger import brakes
from roadmap.delivery.ledger.moves import Clock, db_now_ms
from roadmap.delivery.letters.operator_text import by_calendar, title
from roadmap.delivery.proof.proofs import ProofSource, settle_unknown
from roadmap.plan.model import Plan
from roadmap.store.sql import sql

_WHAT_NEXT = (
    "Ждущие письма отправит «Доставка: проверка и досылка» в ближайшие пять минут; "
    "потом очистите «Сверку» этапа."
)


class ControlRefused(DecisionRefused):
    """There is nothing to let go on; the message says, in Russian, what there is."""


def control(
    engine: Engine,
    action: SendingAction,
    *,
    actor: str,
    reason: str,
    occasion: str | None = None,
    mode: str = "live",
    plans: Iterable[Plan] = (),
    sources: Sequence[ProofSource] = (),
    clock: Clock = db_now_ms,
) -> str:
    """Pull or let go a brake; what was done, in Russian, phases under the names of `plans`.

    `occasion` and `mode` choose the paused occasion to go on with; None: all that are paused,
    in any mode. Before all sending goes on, `sources` are asked: what is proven to have gone by
    now, as it may be after a restore, goes no second time. Asking for what is so already changes
    nothing. DecisionRefused where the reason says nothing, or the chosen occasion is not paused.
    """
    reason, known = checked_reason(reason), tuple(plans)
    if action == "stop":
        is_done = brakes.stop(engine, actor, reason, clock=clock)
        return "Вся отправка остановлена." if is_done else "Отправка уже была остановлена."
    if action == "start":
        looked = settle_unknown(engine, sources, actor, clock)
        is_done = brakes.start(engine, actor, reason, clock)
        said = f"Отправка продолжена. {_WHAT_NEXT}" if is_done else "Отправка не была остановлена."
        return " ".join([said, *looked.unavailable])
    with engine.connect() as db, db.begin():
        standing = brakes.standing(db, clock(db))
    paused = sorted(standing.paused, key=by_calendar(known))
    chosen = paused if occasion is None else [(occasion, mode)]
    done = [key for key in chosen if brakes.go_on(engine, *key, actor, reason, clock)]
    if occasion is not None and not done:
        there_are = ", ".join(title(*key, known) for key in paused) or "ни одной"
        raise ControlRefused(
            f"Не приостановлено: {title(occasion, mode, known)}. Приостановлены: {there_are}."
        )
    if not done:
        return "Приостановленных рассылок нет."
    said = f"Продолжено: {', '.join(title(*key, known) for key in done)}."
    return said if standing.is_off else f"{said} {_WHAT_NEXT}"


def what_waits(engine: Engine, plans: Iterable[Plan]) -> tuple[str, ...]:
    """A Russian line for each occasion with letters that wait."""
    known = tuple(plans)
    with engine.connect() as db, db.begin():
        waiting = db.execute(sql("delivery/waiting_letters")).all()
    order = by_calendar(known)
    lines = [
        f"В очереди: {title(one.occasion, one.mode, known)} — "
        f"{russian.counted(one.letters, 'письмо', 'письма', 'писем')}"
        for one in sorted(waiting, key=lambda one: order((one.occasion, one.mode)))
    ]
    return tuple(lines) or ("В очереди писем нет",)


def what_holds_back(engine: Engine, plans: Iterable[Plan]) -> tuple[str, ...]:
    """A Russian line for each brake that holds letters back, with its reason."""
    known = tuple(plans)
    with engine.connect() as db, db.begin():
        held_by = brakes.standing(db, db_now_ms(db))
    lines = []
    if held_by.is_off:
        lines.append(f"Вся отправка остановлена: {held_by.off_reason or 'причина не записана'}")
    if held_by.breaker_until_ms is not None:
        reason = russian.lower_first(held_by.breaker_reason or "причина не записана")
        lines.append(f"Почтовому серверу дан перерыв: {reason}")
    for occasion, mode in sorted(held_by.paused, key=by_calendar(known)):
        reason = russian.lower_first(held_by.paused[occasion, mode])
        lines.append(f"Приостановлена рассылка {title(occasion, mode, known)}: {reason}")
    return tuple(lines)
