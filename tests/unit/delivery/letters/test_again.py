"""Letters that can't be made again say so (that others can: tests/end_to_end/test_recount)."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from roadmap.delivery.letters.again import NotKept, letters_again
from support.ledger_world import make_run, plan_all


def test_a_run_without_letters_has_nothing_to_make_again(engine: Engine) -> None:
    make_run(engine)
    with pytest.raises(NotKept, match="повторять нечего"):
        list(letters_again(engine, "run-1", "buyskiy"))


def test_a_letter_of_before_sources_were_kept_says_so(engine: Engine) -> None:
    make_run(engine)
    plan_all(engine)
    with pytest.raises(NotKept, match="не сохранены"):
        list(letters_again(engine, "run-1"))
