from hypothesis import given
from hypothesis import strategies as st

import support.report_models as factory
from roadmap.reports.formats import layout
from roadmap.reports.formats.layout import (
    LANDSCAPE_MM,
    PORTRAIT_MM,
    LaidFigure,
    LaidHeading,
    LaidTable,
    lay_out,
)
from roadmap.reports.model import Column, Heading, Row, Table
from roadmap.reports.words.typeface import SERIF, text_width_mm


def _blocks() -> list[layout.LaidBlock]:
    return [block for part in lay_out(factory.document()) for block in part.blocks]


def test_headings_tables_and_figures_are_numbered_in_order_of_appearance() -> None:
    blocks = _blocks()
    assert [b.number for b in blocks if isinstance(b, LaidHeading)] == [
        "1.", "2.", "2.1.", "2.2.", "3.", "4.",
    ]  # fmt: skip
    tables = [b for b in blocks if isinstance(b, LaidTable)]
    assert [table.number for table in tables] == [1, 2, 3, 4]
    assert tables[0].title == "Таблица\u00a01\u00a0— Процедуры и источники данных"
    assert [b.number for b in blocks if isinstance(b, LaidFigure)] == [1]


def test_a_table_too_wide_for_the_page_turns_its_whole_section() -> None:
    parts = lay_out(factory.document())
    assert [part.landscape for part in parts] == [False, True, False]
    turned = parts[1].blocks
    assert isinstance(turned[0], LaidHeading)
    assert isinstance(turned[1], LaidTable)
    assert turned[1].size_pt >= 10
    assert sum(turned[1].widths_mm) <= LANDSCAPE_MM + 1e-6


def test_neighbours_with_one_group_get_one_heading_over_them() -> None:
    table = next(b for b in _blocks() if isinstance(b, LaidTable) and b.number == 2)
    upper, lower = table.head
    assert [(cell.text, cell.span, cell.rows) for cell in upper][1:3] == [
        ("Участ\u00adни\u00adков", 1, 2),
        ("Доля отметок, %", 4, 1),
    ]
    assert [cell.text for cell in lower] == ["«2»", "«3»", "«4»", "«5»"]
    assert [cell.span for cell in table.rows[0].cells] == [9]  # the label of a group
    assert [cell.span for cell in table.rows[3].cells] == [1, 8]  # fewer than five took part


def test_a_heading_never_stays_alone_before_a_turned_page() -> None:
    document = factory.document()
    two = (Heading(level=1, text="А"), Heading(level=2, text="Б"), factory.wide_table())
    parts = lay_out(document.model_copy(update={"blocks": two}))
    assert [len(part.blocks) for part in parts] == [3]


@given(
    st.lists(
        st.tuples(
            st.text("абвгд ", min_size=1, max_size=30),
            st.floats(min_value=1, max_value=100),
            st.text("жзикл 12345", max_size=40),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_widths_fill_the_page_and_hold_every_word(columns: list[tuple[str, float, str]]) -> None:
    table = Table(
        id="t",
        caption="",
        columns=tuple(
            Column(key=str(n), title=title, width=width)
            for n, (title, width, _) in enumerate(columns)
        ),
        rows=(Row(cells=tuple(factory.words(text) for _, _, text in columns)),),
    )
    laid = layout._laid_table(table, 1)
    room = LANDSCAPE_MM if laid.landscape else PORTRAIT_MM
    assert abs(sum(laid.widths_mm) - room) < 1e-6
    least = layout._least_widths(table, laid.rows, laid.size_pt)
    if sum(least) <= room:
        assert all(w >= n - 1e-6 for w, n in zip(laid.widths_mm, least, strict=True))


def test_a_word_of_a_heading_is_divided_once_at_the_most() -> None:
    assert layout._heading_mm("подтвердили", 11) < text_width_mm("подтвердили", SERIF, 11)
    assert layout._heading_mm("подтвердили", 11) >= text_width_mm("вердили", SERIF, 11)
    assert layout._heading_mm("«2»", 11) == text_width_mm("«2»", SERIF, 11)


def test_a_name_gets_room_also_where_its_figures_are_hidden() -> None:
    name = "Боровская основная школа имени первого учителя (условная)"
    numbers = tuple(
        Column(key=str(n), title="Участников", width=10, align="right") for n in range(6)
    )
    hidden = Row(kind="message", cells=(factory.words(name), factory.words("менее 5 участников")))
    shown = Row(cells=(factory.words("Регион"), *(factory.words("5 468") for _ in numbers)))
    table = Table(
        id="t",
        caption="",
        columns=(Column(key="unit", title="ОО", width=10), *numbers),
        rows=(hidden, hidden, shown),
    )
    widths = layout._laid_table(table, 1).widths_mm
    assert widths[0] > 2 * max(widths[1:])


def test_a_sentence_never_stands_a_word_to_a_line() -> None:
    long = "Внести изменения в муниципальные правовые и программные документы и сообщить номер"
    table = Table(
        id="t",
        caption="",
        columns=tuple(Column(key=str(n), title="Столбец", width=10) for n in range(4)),
        rows=(Row(cells=tuple(factory.words(text) for text in (long * 5, long, "да", "нет"))),),
    )
    widths = layout._laid_table(table, 1).widths_mm
    assert widths[0] > widths[1] >= 28


def test_sections_are_counted_anew_in_every_chapter() -> None:
    levels = (1, 2, 2, 1, 2)
    blocks = tuple(Heading(level=level, text="А") for level in levels)
    parts = lay_out(factory.document().model_copy(update={"blocks": blocks}))
    assert [block.number for block in parts[0].blocks if isinstance(block, LaidHeading)] == [
        "1.", "1.1.", "1.2.", "2.", "2.1.",
    ]  # fmt: skip
