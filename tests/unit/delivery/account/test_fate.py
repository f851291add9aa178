"""One answer to what became of a letter: the account, «why» and the alarms say the same."""

from __future__ import annotations

from types import MappingProxyType, SimpleNamespace

import pytest

from roadmap.delivery.account.fate import Fate, fate_of_letter, fate_of_outcome, sentence
from roadmap.delivery.ledger.brakes import Brakes
from roadmap.delivery.ledger.moves import MOVES

NOW_MS = 1_617_000_000_000
FREE = Brakes(False, None, None, None, MappingProxyType({}))
STATES = {state for move in MOVES.values() for state in (*move.sources, move.target)} - {"new"}


def letter(state: str = "ready", **changed: object) -> SimpleNamespace:
    row = {
        "outcome": "planned", "reason": None, "recipient_id": "r", "delivery_id": "d",
        "occasion": "2021/march_analysis", "mode": "live", "state": state, "last_code": None,
        "last_detail": None, "last_phase": None, "not_before_ms": NOW_MS,
        "expires_ms": NOW_MS + 1, "is_released": True, "is_active": True, "is_given_up": False,
        "message_id": "<1@example.org>", "doubted_ms": NOW_MS,
    }  # fmt: skip
    return SimpleNamespace(**row | changed)


@pytest.mark.parametrize("state", sorted(STATES))
def test_every_state_of_the_ledger_has_a_fate_with_words(state: str):
    one = letter(state)
    fate = fate_of_letter(one, FREE, NOW_MS)
    assert fate is fate_of_outcome(one, FREE, NOW_MS)
    said = sentence(fate, one, FREE)
    assert "None" not in said
    if fate is not Fate.ACCEPTED:
        assert said[0].isupper()
        assert said.count(".") >= 2


@pytest.mark.parametrize(
    ("phase", "code", "text", "fate", "says"),
    [
        ("rcpt", 550, "5.1.1 no such user", Fate.REJECTED, "Проверьте адрес"),
        ("rcpt", 552, "5.2.2 full", Fate.MAILBOX_FULL, "освободить место"),
        ("dot", 554, "5.7.1 spam", Fate.REFUSED_CONTENT, "адрес ни при чём"),
        ("dot", 552, "5.3.4 too big", Fate.TOO_LARGE, "увеличить предел"),
        ("mail", 553, "5.7.1 not owned", Fate.REFUSED_US, "ROADMAP_FROM_ADDRESS"),
    ],
)
def test_a_refusal_is_told_as_what_it_is_and_how_the_same_letter_goes_again(
    phase: str, code: int, text: str, fate: Fate, says: str
):
    one = letter("rejected", last_code=code, last_detail=text, last_phase=phase)
    assert fate_of_letter(one, FREE, NOW_MS) is fate
    said = sentence(fate, one, FREE)
    assert says in said
    assert ("Проверьте адрес" in said) == (fate is Fate.REJECTED)
    assert "«отказ устранён, отправить снова», Message-ID <1@example.org>." in said


def test_a_letter_whose_time_is_over_is_not_said_to_leave_by_itself():
    late = letter(expires_ms=NOW_MS)
    assert fate_of_letter(late, FREE, NOW_MS) is Fate.EXPIRED
    assert "не уйдёт" in sentence(Fate.EXPIRED, late, FREE)
    assert "не ушло" in sentence(Fate.EXPIRED, letter("cancelled"), FREE)


def test_a_letter_that_expires_before_its_next_try_is_not_said_to_leave_by_itself():
    late = letter("retry", not_before_ms=NOW_MS + 2, expires_ms=NOW_MS + 1)
    assert fate_of_letter(late, FREE, NOW_MS) is Fate.EXPIRED
    assert "к нему письмо не уйдёт" in sentence(Fate.EXPIRED, late, FREE)


@pytest.mark.parametrize("state", ["ready", "retry"])
def test_a_letter_that_its_run_has_not_let_go_waits_for_the_run(state: str):
    waiting = letter(state, is_released=False)
    assert fate_of_letter(waiting, FREE, NOW_MS) is Fate.AWAITS_RUN
    said = sentence(Fate.AWAITS_RUN, waiting, FREE)
    assert "дойдёт до «Согласования». Ничего делать не нужно" in said


def test_the_whole_switch_goes_before_a_pause_and_a_pause_before_the_servers_rest():
    paused = MappingProxyType({("2021/march_analysis", "live"): "отклонено подряд 5"})
    assert fate_of_letter(letter(), Brakes(True, "сверка", NOW_MS, "", paused), NOW_MS) is Fate.OFF
    held = Brakes(False, None, NOW_MS + 1, "нет связи", paused)
    assert fate_of_letter(letter(), held, NOW_MS) is Fate.PAUSED
    resting = Brakes(False, None, NOW_MS + 1, "нет связи", MappingProxyType({}))
    assert fate_of_letter(letter(), resting, NOW_MS) is Fate.BREAKER
    assert "до 29.03.2021 в 09:40: нет связи." in sentence(Fate.BREAKER, letter(), resting)
    assert fate_of_letter(letter(mode="dry"), resting, NOW_MS) is Fate.QUEUED


def test_a_letter_with_the_same_content_that_came_back_later_is_not_called_delivered():
    again = letter("bounced", outcome="suppressed")
    assert fate_of_outcome(again, FREE, NOW_MS) is Fate.BOUNCED
    assert fate_of_outcome(letter("accepted", outcome="suppressed"), FREE, NOW_MS) is (
        Fate.SAME_CONTENT
    )


def test_a_decision_without_its_letter_is_none():
    gone = letter()
    gone.state = None
    assert fate_of_outcome(gone, FREE, NOW_MS) is Fate.UNDECIDED
    assert fate_of_outcome(None, FREE, NOW_MS) is Fate.UNDECIDED
