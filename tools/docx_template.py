"""Makes include/templates/docx/spravka.docx, the Word template of the справка.

`python -m tools.docx_template` writes it anew. It may be edited in Word instead:
what counts are its tags (`{{ kind_title }}` …) and the ids of its styles, in `STYLES`.
Page and type follow ГОСТ Р 7.0.97-2016: margins 30, 10, 20, 20 mm, Times New Roman 13,
1.15 lines, indent 12.5 mm, the page's number centred in the upper margin from page 2.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from roadmap.paths import TEMPLATES
from roadmap.reports.formats.archive import reproducible
from roadmap.reports.formats.docx import SPRAVKA
from roadmap.reports.formats.wordml import (
    BODY,
    FIGURE_CAPTION,
    HEADINGS,
    LIST_ITEM,
    LIST_NUMBERING,
    PICTURE,
    SECTION_END,
    TABLE_CAPTION,
    TABLE_NOTE,
    TABLE_TEXT,
    element,
    field,
    nodes,
    paragraph,
    run,
    tag,
    twips,
)

FONT = "Times New Roman"
ACCENT, INK_2 = "1B4E8C", "465162"

_KEPT = (
    "Normal", "Header", "Footer", "Heading 1", "Heading 2", "Default Paragraph Font",
    "Normal Table", "No List",
)  # fmt: skip
_LEFTOVERS = ("thumbnail", "stylesWithEffects", "customXml", "webSettings")


def make_template() -> bytes:
    """The template as a DOCX file; the same bytes every time."""
    import docx
    from docx.shared import Mm

    document = docx.Document()
    for style in list(document.styles):
        if style.name not in _KEPT:
            style.element.getparent().remove(style.element)
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin, section.right_margin = Mm(30), Mm(10)
    section.top_margin, section.bottom_margin = Mm(20), Mm(20)
    section.header_distance = section.footer_distance = Mm(10)
    section.different_first_page_header_footer = True
    _set_defaults(document)
    _add_styles(document)
    _set_numbering(document)
    _set_page_number(section)
    _write_body(document)
    _set_settings(document)
    _set_properties(document)
    _drop_leftovers(document)
    out = io.BytesIO()
    document.save(out)
    return reproducible(out.getvalue())


def _fonts() -> str:
    return element("rFonts", ascii=FONT, hAnsi=FONT, eastAsia=FONT, cs=FONT)


def _set_defaults(document: Any) -> None:
    defaults = document.styles.element.find(tag("w:docDefaults"))
    defaults.clear()
    run_defaults = element(
        "rPr",
        _fonts(),
        element("sz", val=26),
        element("szCs", val=26),
        element("lang", val="ru-RU", eastAsia="ru-RU", bidi="ar-SA"),
    )
    defaults.extend(
        nodes(element("rPrDefault", run_defaults), element("pPrDefault", element("pPr")))
    )


def _add_styles(document: Any) -> None:
    styles = document.styles.element
    for existing in list(styles):
        if existing.get(tag("w:styleId")) in {"Normal", "Heading1", "Heading2"}:
            styles.remove(existing)

    def add(
        style_id: str, name: str, *, size: float = 13, bold: bool = False, color: str = "",
        align: str = "left", before: float = 0, after: float = 0, line: float = 1.15,
        first_mm: float = 0, left_mm: float = 0, right_mm: float = 0, keep_next: bool = False,
        spacing: float = 0, extra: str = "", outline: int | None = None,
        numbering: tuple[str, int] | None = None, is_default: bool = False,
    ) -> None:  # fmt: skip
        # The order of the elements is the schema's (CT_PPrBase, CT_RPr).
        number, level = numbering or ("", 0)
        paragraph_properties = element(
            "pPr",
            element("keepNext") if keep_next else "",
            element("numPr", element("ilvl", val=level), element("numId", val=number))
            if numbering
            else "",
            extra,
            element(
                "spacing",
                before=round(before * 20),
                after=round(after * 20),
                line=round(line * 240),
                lineRule="auto",
            ),
            element("ind", left=twips(left_mm), right=twips(right_mm), firstLine=twips(first_mm)),
            element("jc", val=align),
            element("outlineLvl", val=outline) if outline is not None else "",
        )
        run_properties = element(
            "rPr",
            _fonts(),
            element("b") if bold else "",
            element("color", val=color) if color else "",
            element("spacing", val=round(spacing * 20)) if spacing else "",
            element("sz", val=round(size * 2)),
        )
        attributes: dict[str, str | int] = {"type": "paragraph", "styleId": style_id}
        style = element(
            "style",
            element("name", val=name),
            "" if is_default else element("basedOn", val="Normal"),
            element("qFormat"),
            paragraph_properties,
            run_properties,
            **attributes | ({"default": 1} if is_default else {}),
        )
        styles.extend(nodes(style))

    rule = element("pBdr", element("left", val="single", sz=24, space=10, color=ACCENT))
    right_tab = element("tabs", element("tab", val="right", pos=twips(170)))
    two_tabs = element(
        "tabs",
        element("tab", val="right", pos=twips(124), leader="none"),
        element("tab", val="right", pos=twips(170), leader="none"),
    )
    add("Normal", "Normal", is_default=True)
    add(BODY, "Текст справки", align="both", first_mm=12.5)
    for level, style_id in HEADINGS.items():
        add(
            style_id, f"heading {level}", bold=True, before=16, after=9, keep_next=True,
            outline=level - 1, numbering=("1", level - 1),
        )  # fmt: skip
    add("OrgName", "Наименование организации", align="center")
    add("OrgShort", "Краткое наименование", size=12, align="center", after=15)
    add("DocKind", "Вид документа", size=15, bold=True, align="center", after=9, spacing=1)
    add("Details", "Реквизиты", extra=right_tab)
    add("Place", "Место составления", align="center", after=11)
    add("Subject", "Заголовок к тексту", right_mm=52, after=12)
    add("MainPoints", "Главное", left_mm=5, right_mm=5, before=12, after=6, extra=rule)
    add(LIST_ITEM, "Пункт перечня", align="both", first_mm=12.5)
    add(TABLE_CAPTION, "Название таблицы", size=11, line=1, before=9, after=2.5, keep_next=True)
    add(TABLE_TEXT, "Текст таблицы", size=11, line=1)
    add(TABLE_NOTE, "Примечание к таблице", size=10, line=1, before=2.5, after=6, color=INK_2)
    add(PICTURE, "Рисунок", align="center", line=1, before=12, after=6, keep_next=True)
    add(FIGURE_CAPTION, "Название рисунка", size=12, align="center", after=9)
    add(SECTION_END, "Конец раздела", size=1, line=1)
    add(
        "Signature500",
        "Подпись руководителя",
        before=30,
        after=18,
        extra=two_tabs,
        keep_next=True,
    )
    add("Executor", "Исполнитель", size=10, line=1, color=INK_2, keep_next=True)


def _set_numbering(document: Any) -> None:
    """Numbering 1: headings «3.», «3.1.»; abstract 2: a list's items «1.»."""

    def level(index: int, text: str, style: str | None, first_mm: float) -> str:
        return element(
            "lvl",
            element("start", val=1),
            element("numFmt", val="decimal"),
            element("pStyle", val=style) if style else "",
            element("suff", val="space"),
            element("lvlText", val=text),
            element("lvlJc", val="left"),
            element("pPr", element("ind", left=0, firstLine=twips(first_mm))),
            ilvl=index,
        )

    headings = [level(0, "%1.", HEADINGS[1], 0), level(1, "%1.%2.", HEADINGS[2], 0)]
    numbering = document.part.numbering_part.element
    for child in list(numbering):
        numbering.remove(child)
    several = element("multiLevelType", val="multilevel")
    single = element("multiLevelType", val="singleLevel")
    items = level(0, "%1.", None, 12.5)
    numbering.extend(
        nodes(
            element("abstractNum", several, *headings, abstractNumId=1),
            element("abstractNum", single, items, abstractNumId=LIST_NUMBERING),
            element("num", element("abstractNumId", val=1), numId=1),
        )
    )


def _set_page_number(section: Any) -> None:
    header = section.header
    header.is_linked_to_previous = False
    for old in list(header._element):
        header._element.remove(old)
    number = field("PAGE", run("2", size_pt=11))
    centred = element("jc", val="center")
    header._element.extend(nodes(paragraph("Header", number, properties=centred)))
    first = section.first_page_header
    first.is_linked_to_previous = False


def _write_body(document: Any) -> None:
    body = document.element.body
    for old in list(body)[:-1]:
        body.remove(old)
    blank = "_" * 18
    content = [
        paragraph("OrgName", run("{{ institution_kind }}")),
        paragraph("OrgName", run("{{ institution_name }}", bold=True)),
        paragraph("OrgShort", run("({{ institution_short }})")),
        paragraph("DocKind", run("{{ kind_title }}")),
        paragraph(
            "Details", run("{{ long_date }}"), element("r", element("tab")), run(f"№ {blank}")
        ),
        paragraph("Place", run("{{ place }}")),
        paragraph("Subject", run("{{ subject }} "), run("{{ subject_strong }}", bold=True)),
        paragraph(BODY, run("{%p if main %}")),
        paragraph("MainPoints", run("Главное.", bold=True), run(" {{ main }}")),
        paragraph(BODY, run("{%p endif %}")),
        paragraph(BODY, run("{{p body }}")),
        paragraph(
            "Signature500",
            run("Руководитель {{ institution_short }}"),
            element("r", element("tab")),
            run("_" * 14),
            element("r", element("tab")),
            run(blank),
        ),
        paragraph("Executor", run("Исполнитель: {{ contact_name }}")),
        paragraph("Executor", run("тел. {{ contact_phone }}")),
    ]
    body[:0] = nodes(*content)


def _set_settings(document: Any) -> None:
    # Word 2013 and later: a table's edge stands on the margin. The order of settings counts,
    # so it takes the place of the old one.
    settings = document.settings.element
    old = settings.find(tag("w:compat"))
    mode = element(
        "compatSetting",
        name="compatibilityMode",
        uri="http://schemas.microsoft.com/office/word",
        val=15,
    )
    settings.replace(old, *nodes(element("compat", mode)))


def _set_properties(document: Any) -> None:
    properties = document.core_properties
    properties.author = properties.last_modified_by = ""
    properties.title = properties.comments = properties.subject = properties.keywords = ""
    properties.created = properties.modified = datetime(2021, 1, 1, tzinfo=UTC)
    properties.language = "ru-RU"
    properties.revision = 1


def _drop_leftovers(document: Any) -> None:
    """Parts of the library's own template that say nothing here: a thumbnail, old styles."""
    for relations in (document.part.package.rels, document.part.rels):
        for key, relation in list(relations.items()):
            if relation.reltype.rsplit("/", 1)[1] in _LEFTOVERS:
                del relations[key]


if __name__ == "__main__":
    (TEMPLATES / SPRAVKA).parent.mkdir(parents=True, exist_ok=True)
    (TEMPLATES / SPRAVKA).write_bytes(make_template())
