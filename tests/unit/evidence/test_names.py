"""Names are compared, never guessed; logins are six digits whatever stands before them."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadmap.evidence.names import (
    FILE_NAME_LENGTH,
    cleaned,
    cleaned_file_name,
    login_digits,
    masked_code,
    masked_login,
    mixed_word,
    municipality_ref,
    near,
    school_ref,
)

BUY_AND_BUYSKIY = ["городской округ город Буй", "Буйский муниципальный район"]


@pytest.mark.parametrize(
    "written",
    ["г. Кострома", "г.Кострома", "город Кострома", "  ГОРОД\u00a0 Кострома ", "«город Кострома»"],
)
def test_a_city_is_one_however_it_is_written(written: str) -> None:
    assert municipality_ref(written) == "город кострома"


def test_buy_is_not_buyskiy() -> None:
    assert len({municipality_ref(name) for name in BUY_AND_BUYSKIY}) == 2


def test_a_decomposed_letter_equals_a_composed_one() -> None:
    assert municipality_ref("Буи\u0306ский район") == municipality_ref("Буйский район")


def test_a_dash_between_words_does_not_tell_names_apart() -> None:
    assert municipality_ref("городской округ – город Галич") == municipality_ref(
        "городской округ - город Галич"
    )


def test_near_names_are_offered_and_far_ones_are_not() -> None:
    assert near("Буйскй муниципальный район", BUY_AND_BUYSKIY)[0] == BUY_AND_BUYSKIY[1]
    assert near("111", BUY_AND_BUYSKIY) == ()


def test_a_school_is_one_with_and_without_a_space_after_the_sign() -> None:
    assert school_ref("Школа №101 (условная)") == school_ref("школа № 101  (Условная)")


@pytest.mark.parametrize(
    "written", ["sch440123", "edu440123", "EDU440123", " sch440123 ", "440123", "sсh440123"]
)
def test_one_login_under_all_its_forms(written: str) -> None:
    assert login_digits(written) == "440123"


@pytest.mark.parametrize("written", ["sch44012", "sch4401234", "xyz440123", "", "МОУ СОШ № 2"])
def test_what_is_no_login_is_none(written: str) -> None:
    assert login_digits(written) is None


def test_masks_show_enough_to_find_and_not_enough_to_learn() -> None:
    assert masked_login("440127") == "sch44•••7"
    assert masked_code("111002") == "11•••2"
    assert masked_code("12") == "••"


def test_look_alike_letters_of_another_alphabet_are_noticed() -> None:
    assert mixed_word("Наша Шкoла") == "Шкoла"  # a Latin o
    assert mixed_word("Школа") is mixed_word("sch440123") is mixed_word("Лицей IT 5") is None


@given(st.text(max_size=40))
def test_nothing_invisible_survives_cleaning(text: str) -> None:
    kept = cleaned(text)
    assert kept == cleaned(kept)
    assert not set(kept) & {"\n", "\r", "\x00", "\u202e", "\u200b", "\u2028", "\x85", "\u00a0"}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("../../etc/cron.d/x", "x"),
        ("/abs", "abs"),
        ("C:\\dir\\файл.xlsx", "файл.xlsx"),
        ("a\x00b\nc\u202e.xlsx", "ab c.xlsx"),
        ("\u202e", "без имени"),
        ("письмо ivan@example.org.xlsx", "письмо •@•"),
    ],
)
def test_a_file_name_is_metadata_and_no_path(written: str, kept: str) -> None:
    assert cleaned_file_name(written) == kept


@given(st.text(string.ascii_letters + "./\\ \n", min_size=1, max_size=400))
def test_a_file_name_is_short_and_on_one_line(name: str) -> None:
    kept = cleaned_file_name(name)
    assert 0 < len(kept) <= FILE_NAME_LENGTH
    assert "/" not in kept and "\\" not in kept and "\n" not in kept


def test_a_long_file_name_keeps_its_ending() -> None:
    assert cleaned_file_name("я" * 300 + ".xlsx").endswith("я.xlsx")
