"""Stopping all sending and letting it go on, by a person's decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, select

from roadmap.decision import DecisionRefused
from roadmap.delivery.decisions.control import ControlRefused, control, what_holds_back, what_waits
from roadmap.delivery.ledger import brakes, moves
from roadmap.delivery.proof.proofs import Doubtful, ProofUnavailable
from roadmap.store.tables import control_event, delivery
from support.ledger_world import OCCASION, SCOPE, make_run, plan_all, states
from support.plans import small_plan

OTHER = "2021/june_monitoring"
SOON = (
    "Ждущие письма отправит «Доставка: проверка и досылка» в ближайшие пять минут; "
    "потом очистите «Сверку» этапа."
)


@pytest.fixture
def planned(any_engine: Engine) -> Engine:
    make_run(any_engine)
    plan_all(any_engine)
    return any_engine


def decide(engine: Engine, action, **changes) -> str:
    return control(engine, action, **({"actor": "ivanova", "reason": "так надо"} | changes))


def events(engine: Engine) -> list[tuple[str, str, str, str]]:
    found = control_event.c
    with engine.begin() as db:
        rows = db.execute(
            select(found.action, found.scope, found.actor, found.reason).order_by(found.at_ms)
        )
        return [tuple(row) for row in rows]


def is_claimable(engine: Engine) -> bool:
    held = moves.claim(engine, SCOPE, "one")
    if held is not None:
        assert moves.settle(engine, held, "release", ("claimed",), phase="data")
    return held is not None


def test_a_stop_holds_every_letter_and_a_start_lets_them_go(planned: Engine):
    assert decide(planned, "stop") == "Вся отправка остановлена."
    assert not is_claimable(planned)
    assert decide(planned, "start") == f"Отправка продолжена. {SOON}"
    assert is_claimable(planned)
    assert sorted(events(planned)) == [
        ("start", "all", "ivanova", "так надо"), ("stop", "all", "ivanova", "так надо")
    ]  # fmt: skip


@dataclass(frozen=True)
class Journal:
    """A mailbox of copies that has those letters, or can't be asked."""

    has: frozenset[str] = frozenset()
    is_away: bool = False
    kind: str = "journal"

    def find(self, letters: Sequence[Doubtful]) -> Mapping[str, str]:
        if self.is_away:
            raise ProofUnavailable("Ящик копий не отвечает.")
        asked = {letter.delivery_id for letter in letters}
        return dict.fromkeys(asked & self.has, "копия")


def test_what_had_gone_before_a_restore_goes_no_second_time_at_once_after_the_word_to_go_on(
    planned: Engine,
):
    """Nobody has looked between the stop and the start: the watch comes every five minutes."""
    with planned.begin() as db:
        gone = db.execute(
            select(delivery.c.delivery_id).where(delivery.c.municipality_id == "buy")
        ).scalar_one()
    brakes.stop_restored(planned, "watch", "База данных восстановлена из копии.")
    sources = [Journal(is_away=True), Journal(frozenset({gone}))]
    said = decide(planned, "start", sources=sources)
    assert said == f"Отправка продолжена. {SOON} Ящик копий не отвечает."
    assert states(planned) == {"buyskiy": "ready", "neya": "ready", "buy": "accepted"}


def test_what_is_so_already_changes_nothing_and_is_said(planned: Engine):
    assert decide(planned, "start") == "Отправка не была остановлена."
    decide(planned, "stop")
    assert decide(planned, "stop") == "Отправка уже была остановлена."
    assert decide(planned, "go_on") == "Приостановленных рассылок нет."
    assert len(events(planned)) == 1


def test_all_paused_occasions_go_on_where_none_is_named(planned: Engine):
    for occasion, mode in ((OCCASION, "live"), (OTHER, "dry"), (OTHER, "redirect")):
        brakes.pause(planned, occasion, mode, "sender", "отказы")
    assert decide(planned, "go_on", plans=[small_plan()]).replace("\xa0", " ") == (
        "Продолжено: «Март: комплексный анализ» 2021 года, "
        "«Июнь: первый этап мониторинга» 2021 года (проверка без отправки), "
        f"«Июнь: первый этап мониторинга» 2021 года (проверочная отправка). {SOON}"
    )
    assert is_claimable(planned)


def test_the_named_occasion_alone_goes_on(planned: Engine):
    for mode in ("live", "redirect"):
        brakes.pause(planned, OCCASION, mode, "sender", "отказы")
    decide(planned, "go_on", occasion=OCCASION, mode="redirect")
    assert not is_claimable(planned)


def test_to_go_on_with_what_is_not_paused_is_refused_and_told_what_is(planned: Engine):
    brakes.pause(planned, OCCASION, "live", "sender", "отказы")
    with pytest.raises(ControlRefused) as refused:
        decide(planned, "go_on", occasion=OTHER, plans=[small_plan()])
    assert str(refused.value).replace("\xa0", " ") == (
        "Не приостановлено: «Июнь: первый этап мониторинга» 2021 года. Приостановлены: "
        "«Март: комплексный анализ» 2021 года."
    )
    assert not is_claimable(planned)


def test_going_on_with_a_paused_occasion_does_not_start_a_stopped_sending(planned: Engine):
    brakes.pause(planned, OCCASION, "live", "sender", "отказы")
    decide(planned, "stop")
    assert SOON not in decide(planned, "go_on")
    assert not is_claimable(planned)


@pytest.mark.parametrize("reason", ["", "..", "a@example.org"])
def test_without_a_reason_nothing_is_done(planned: Engine, reason: str):
    with pytest.raises(DecisionRefused):
        decide(planned, "stop", reason=reason)
    assert is_claimable(planned)


def test_the_log_says_what_waits_and_what_holds_it(planned: Engine):
    brakes.pause(planned, OCCASION, "live", "sender", "Отклонено подряд 5.")
    brakes.trip(planned, "Почтовый сервер не отвечает.", at_once=True)
    decide(planned, "stop", reason="проверяем адреса")
    march = "«Март: комплексный анализ» 2021 года"
    plans = [small_plan()]
    assert [line.replace("\xa0", " ") for line in what_holds_back(planned, plans)] == [
        "Вся отправка остановлена: проверяем адреса",
        "Почтовому серверу дан перерыв: почтовый сервер не отвечает.",
        f"Приостановлена рассылка {march}: отклонено подряд 5.",
    ]
    assert [line.replace("\xa0", " ") for line in what_waits(planned, plans)] == [
        f"В очереди: {march} — 3 письма"
    ]


def test_the_log_says_that_nothing_waits(any_engine: Engine):
    assert what_waits(any_engine, [small_plan()]) == ("В очереди писем нет",)
    assert what_holds_back(any_engine, [small_plan()]) == ()
