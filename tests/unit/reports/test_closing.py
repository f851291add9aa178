"""The letter about the end of a window: who gets it, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine

from roadmap.reports.compose import compose, load_model
from roadmap.reports.formats.letter import Envelope, render_letter
from roadmap.reports.model import Letter, ReportModel
from support.analysis_rows import ANSWERS_TO, RUN, MadeMunicipality, MadeRun, plan

APRIL = "closing/2021-04-30/1"  # of measure 8
NOVEMBER = "closing/2021-11-30/1"  # of measures 10 and 16
Found = tuple[int | None, int | None, int | None, str]


def told(engine: Engine, phase: str, regional: dict[str, Found]) -> Letter:
    """The department's letter of a run whose region reached that."""
    return reported(engine, phase, regional).letter


def reported(engine: Engine, phase: str, regional: dict[str, Found]) -> ReportModel:
    """The department's report of such a run; nobody else has one."""
    one = MadeMunicipality("buyskiy", "Буйский район", "Буйского района", "Буйский район")
    as_of = plan().phase(phase).as_of.isoformat()
    MadeRun([one], phase=phase, as_of=as_of, regional=regional).insert(engine)
    assert compose(engine, plan(), RUN, ANSWERS_TO) == ("region",)
    with engine.connect() as db:
        return load_model(db, RUN, "region")


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_the_department_hears_what_was_reached_and_what_was_not(engine: Engine) -> None:
    letter = told(engine, APRIL, {"8.1": (12, None, 2, "partly"), "8.2": (5, None, 0, "done")})
    assert plain(letter.subject).startswith("500+ | Окончание срока 30.04.2021 | ")
    assert plain(letter.headline) == "30.04.2021 истёк срок мероприятия № 8: исполнено не всё"
    measure, until = map(plain, letter.lead)
    assert plan().measure("8").text.rstrip(".") in measure
    assert "(показатель 8.1) — 12 при цели 14, не хватает 2 мероприятий до 14" in measure
    assert "(показатель 8.2) — 5 при цели 5." in measure
    assert until == (
        "Учтено то, что произошло по 30.04.2021 включительно и поступило до составления письма."
    )
    assert letter.attention == ()
    assert plain(letter.attention_more or "") == (
        "Не исполнено полностью мероприятие № 8: чего не хватает, сказано выше."
    )


def test_the_letter_about_an_end_is_as_reviewed(
    engine: Engine, golden: Callable[[str, str], None]
) -> None:
    found: dict[str, Found] = {"8.1": (12, None, 2, "partly"), "8.2": (5, None, 0, "done")}
    local = plan().local_time
    composed = datetime(2021, 5, 4, 9, 5, tzinfo=local.zone)
    envelope = Envelope(1, None, (), None, composed, local)
    letter = render_letter(reported(engine, APRIL, found), envelope, ())
    golden("closing_letter_region.html", letter.html)
    golden("closing_letter_region.txt", letter.text)


def test_several_measures_that_ended_that_day_are_one_letter(engine: Engine) -> None:
    found: dict[str, Found] = {"10.1": (5, None, 0, "done"), "16.1": (None, None, None, "no_data")}
    letter = told(engine, NOVEMBER, found)
    assert plain(letter.headline) == (
        "30.11.2021 истёк срок мероприятий № 10 и 16: исполнено 1 из 2, по № 16 нет данных"
    )
    assert [plain(text).partition(" «")[0] for text in letter.lead[:2]] == [
        "Мероприятие № 10", "Мероприятие № 16",
    ]  # fmt: skip
    assert plain(letter.lead[1]).endswith("сведения не поступили.")
    assert plain(letter.attention_more or "") == (
        "Об исполнении мероприятия № 16 сведения не поступили."
    )


def test_where_nothing_came_the_letter_does_not_say_that_something_was_left_undone(
    engine: Engine,
) -> None:
    nothing: Found = (None, None, None, "no_data")
    letter = told(engine, APRIL, {"8.1": nothing, "8.2": nothing})
    headline = "30.04.2021 истёк срок мероприятия № 8: нет данных об исполнении"
    assert plain(letter.headline) == headline
    assert plain(letter.preheader) == f"{headline}. Ответ не требуется"
    assert plain(letter.attention_more or "") == (
        "Об исполнении мероприятия № 8 сведения не поступили."
    )


def test_words_of_the_order_that_a_figure_does_not_check_are_named_beside_it(
    engine: Engine,
) -> None:
    letter = told(engine, NOVEMBER, {"10.1": (5, None, 0, "done"), "16.1": (1, None, 0, "done")})
    (waiver,) = plan().measure("16").waivers
    assert plain(letter.lead[2]).lower() == f"16.1: {waiver.sentence.lower()}."


def test_a_letter_about_an_end_asks_for_no_answer(engine: Engine) -> None:
    letter = told(engine, APRIL, {"8.1": (14, None, 0, "done"), "8.2": (5, None, 0, "done")})
    assert plain(letter.headline) == "30.04.2021 истёк срок мероприятия № 8: исполнено"
    assert plain(letter.preheader).endswith("исполнено. Ответ не требуется")
    assert plain(letter.request_rest) == "Ответ на это письмо не требуется."
    assert letter.attention_more is None
