"""Sentences that are declared beside an indicator's query, in its about.yaml."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from roadmap.indicators.about import about
from roadmap.paths import SQL
from roadmap.reports.words.wording import say_declared

STEMS = sorted(path.name for path in (SQL / "indicators").iterdir())


@pytest.mark.parametrize("stem", STEMS)
def test_it_is_said_with_what_is_known_of_a_missing_unit(stem: str) -> None:
    declared = about(stem)
    for words in declared.units.values():
        if words.missing is None:
            continue
        for detail in ("", "Концепция"):
            told = say_declared(words.missing, title="Название", detail=detail)
            assert "None" not in told
            assert told or not detail
    for sentence in (declared.shortfall, declared.shortfall_of_one):
        if sentence is not None:
            assert say_declared(sentence, units="2 школы")


def test_a_value_that_is_not_given_is_an_error_and_a_name_is_no_template() -> None:
    with pytest.raises(UndefinedError, match="unit"):
        say_declared("нет документа: {{ unit }}", title="", detail="")
    assert say_declared("нет: {{ detail }}", detail="{{ 7*7 }}") == "нет: {{ 7*7 }}"
