"""Every word of the order that carries meaning moves a number, or is waived (docs/order.md)."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from roadmap.indicators.status import Status
from roadmap.plan.load import load_plan
from roadmap.plan.model import Measure
from support.meaning import Mutant, Word, resolves, survives, words_of_the_page
from support.whole_year import JudgedYear

PLAN = load_plan("2021")
WORDS = words_of_the_page()
MEASURES = [PLAN.measure(n) for n in dict.fromkeys(word.measure for word in WORDS)]
# Conjunctions and prepositions, and what is left of «ОО из числа школ включенных в проект».
FUNCTION_WORDS = {"и", "в", "на", "по", "для", "с", "из", "о"}


def registered() -> tuple[Mutant, ...]:
    """The mutants of all measures."""
    found: list[Mutant] = []
    for path in sorted(Path(__file__).parent.glob("test_measure_*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found += module.MUTANTS
    return tuple(found)


MUTANTS = registered()


def of(measure: Measure) -> list[Word]:
    return [word for word in WORDS if word.measure == measure.number]


def whole_text(measure: Measure) -> str:
    return " | ".join((measure.text, measure.date_text, measure.indicator_text))


def places(quote: str, text: str) -> list[tuple[int, int]]:
    """Where the words stand as whole words."""
    return [m.span() for m in re.finditer(rf"(?<!\w){re.escape(quote)}(?!\w)", text)]


@pytest.mark.parametrize("measure", MEASURES, ids=lambda m: str(m.number))
def test_words_stand_in_the_order_verbatim_and_in_its_sequence(measure: Measure) -> None:
    text = whole_text(measure)
    firsts = []
    for word in of(measure):
        for quote in word.quotes:
            assert places(quote, text), f"«{quote}» is not in № {measure.number}"
        firsts.append(places(word.name, text)[0])
    assert firsts == sorted(firsts)
    assert len({word.name for word in of(measure)}) == len(of(measure))


@pytest.mark.parametrize("measure", MEASURES, ids=lambda m: str(m.number))
def test_no_word_that_carries_meaning_is_left_out(measure: Measure) -> None:
    text = whole_text(measure)
    covered = [
        place for word in of(measure) for quote in word.quotes for place in places(quote, text)
    ]
    left_out = [
        found[0]
        for found in re.finditer(r"\w+", text)
        if not any(start <= found.start() < end for start, end in covered)
    ]
    assert set(left_out) <= FUNCTION_WORDS


@pytest.mark.parametrize("word", WORDS, ids=lambda w: f"{w.measure}")
def test_a_word_is_bound_to_what_exists_or_waived_with_a_reason(word: Word) -> None:
    measure = PLAN.measure(word.measure)
    assert word.bound_to or word.waived_because
    for path in word.bound_to:
        assert resolves(PLAN, measure, path), path


@pytest.mark.parametrize("measure", MEASURES, ids=lambda m: str(m.number))
def test_what_the_plan_waives_in_print_are_words_of_the_table(measure: Measure) -> None:
    quotes = [quote for word in of(measure) for quote in word.quotes]
    for waiver in measure.waivers:
        assert any(waiver.words in quote for quote in quotes), waiver.words


def test_waived_words_that_change_how_a_figure_is_read_are_waived_in_print() -> None:
    told = [word for word in WORDS if word.is_told]
    assert [(word.measure, word.name) for word in told] == [
        ("5", "регламентирующие работу в проекте"),
        ("10", "для учителей-предметников"),
    ]
    for word in told:
        waivers = PLAN.measure(word.measure).waivers
        assert any(waiver.words in word.quotes for waiver in waivers), word.name


def test_a_path_that_leads_nowhere_is_found() -> None:
    measure = PLAN.measure("8")
    for path in ("8.1.target", "8.2.sql", "rules.only_within_seminar", "window.ends",
                 "phases.march_analysis.procedures", "event.seminar_id"):  # fmt: skip
        assert resolves(PLAN, measure, path), path
    for path in ("8.1.basis", "9.1.target", "rules.news_per_month", "window.on",
                 "phases.may.procedures", "event.topic_of_the_day", "8.1", "event"):  # fmt: skip
        assert not resolves(PLAN, measure, path), path


def test_every_bound_word_has_its_mutant_and_every_mutant_its_word() -> None:
    bound = {(word.measure, word.name) for word in WORDS if word.bound_to}
    assert bound == {(mutant.measure, mutant.words) for mutant in MUTANTS}


def test_evidence_that_satisfies_all_words_meets_every_indicator(meaning: JudgedYear) -> None:
    for measure in PLAN.measures:
        for indicator in measure.indicators:
            found, missing = meaning.judged(indicator.code)
            assert (indicator.code, found.status, missing) == (indicator.code, Status.DONE, ())


def test_every_mutant_is_killed(meaning: JudgedYear, capsys: pytest.CaptureFixture[str]) -> None:
    bound = sum(bool(word.bound_to) for word in WORDS)
    alive = [
        f"{mutant.indicator} {mutant.words}, {mutant.breaks}: {why}"
        for mutant in MUTANTS
        if (why := survives(meaning, mutant))
    ]
    with capsys.disabled():
        print(
            f"\nwords {len(WORDS)}: bound {bound}, waived {len(WORDS) - bound}; "
            f"mutants {len(MUTANTS)}, killed {len(MUTANTS) - len(alive)}"
        )
    assert not "\n".join(alive)
