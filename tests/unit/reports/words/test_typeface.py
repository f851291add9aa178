from hypothesis import given
from hypothesis import strategies as st

from roadmap.reports.words import typeface
from roadmap.reports.words.typeface import SANS, SERIF, SERIF_BOLD, SOFT_HYPHEN


def test_the_fonts_are_shipped_with_their_licence() -> None:
    files = {path.name for path in typeface.FONTS.iterdir()}
    assert "OFL.txt" in files
    assert len(files) == 5


def test_bold_is_wider_and_a_soft_hyphen_takes_no_room() -> None:
    plain = typeface.text_width_mm("Школа", SERIF, 11)
    assert typeface.text_width_mm("Школа", SERIF_BOLD, 11) > plain
    assert typeface.text_width_mm(f"Шко{SOFT_HYPHEN}ла", SERIF, 11) == plain


def test_headings_are_divided_as_a_school_teaches() -> None:
    shown = [
        typeface.hyphenated(word).replace(SOFT_HYPHEN, "-")
        for word in ("Успеваемость, %", "Участников", "Средняя", "ВПР")
    ]
    assert shown == ["Успе-вае-мость, %", "Участ-ни-ков", "Средняя", "ВПР"]


def test_a_word_is_not_broken_at_a_no_break_space() -> None:
    together = typeface.widest_word_mm("менее 5\u00a0уч.", SERIF, 11)
    assert together == typeface.text_width_mm("5\u00a0уч.", SERIF, 11) or together == (
        typeface.text_width_mm("менее", SERIF, 11)
    )
    assert typeface.widest_word_mm("а\u00a0б", SANS, 9) > typeface.widest_word_mm("а б", SANS, 9)


@given(st.text())
def test_hyphenating_changes_no_letter(text: str) -> None:
    plain = text.replace(SOFT_HYPHEN, "")
    assert typeface.hyphenated(plain).replace(SOFT_HYPHEN, "") == plain


@given(st.text())
def test_what_is_printed_can_stand_in_xml(text: str) -> None:
    from lxml import etree

    node = etree.Element("t")
    node.text = typeface.printable(text)
