"""Sentences: values are data, plurals agree, missing values are errors."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from roadmap.paths import TEMPLATES
from roadmap.reports.words.wording import (
    _environment,
    listed,
    named,
    say,
    subject_dative,
    title,
)


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (1, "у 1 школы из 30"),
        (2, "у 2 школ из 30"),
        (5, "у 5 школ из 30"),
        (11, "у 11 школ из 30"),
        (21, "у 21 школы из 30"),
    ],
)
def test_schools_agree_with_their_number(n: int, text: str) -> None:
    said = say(
        "analysis",
        "headline_reached",
        threshold="30",
        low_of="низких результатов",
        reached=n,
        total=30,
        subjects=["физике"],
    )
    assert text in said.replace("\u00a0", " ")


def test_a_value_that_looks_like_a_template_stays_as_it_is() -> None:
    for nasty in ("{{ 7*7 }}", "{% for x in y %}", "<script>", "=cmd()"):
        said = say("shared", "subject", phase=nasty, name=nasty)
        assert said.count(nasty) == 2
        assert "49" not in said


def test_a_sentence_without_its_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        say("shared", "request")


def test_a_sentence_that_is_not_written_is_an_error() -> None:
    with pytest.raises(KeyError, match="no_such"):
        say("shared", "no_such")


def test_templates_can_not_reach_into_python() -> None:
    template = _environment().from_string("{{ ''.__class__.__mro__ }}")
    with pytest.raises(SecurityError):
        template.render()


def test_every_wording_file_compiles() -> None:
    files = sorted((TEMPLATES / "wording").rglob("*.j2"))
    assert len(files) == 6
    for file in files:
        name = file.relative_to(TEMPLATES / "wording").as_posix()
        assert _environment().get_template(name).module is not None


def test_names_do_not_break_after_the_number_sign() -> None:
    assert named("  Школа  № 101 ") == "Школа №\u00a0101"
    assert named("a\nb") == "a b"


def test_a_year_stays_with_its_season() -> None:
    assert named("ДР-10 осень 2020") == "ДР-10 осень\u00a02020"
    assert named("приказ от 19.03.2021") == "приказ от\u00a019.03.2021"


def test_lists_and_subjects_are_declined() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b и\u00a0c"
    assert subject_dative("русский язык") == "русскому языку"
    assert subject_dative("астрономия") == "предмету «астрономия»"
    assert title("муниципальный район") == "Муниципальный район"
