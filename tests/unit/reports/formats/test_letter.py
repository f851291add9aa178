"""The letter: what stands in it, in which order, and that mail programs can show it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import html as lxml_html
from sqlalchemy import Engine

import support.analysis_rows as rows
from roadmap.plan.region import LocalTime
from roadmap.reports.compose import compose, load_model
from roadmap.reports.formats.letter import (
    MAX_HTML_BYTES,
    Attachment,
    Envelope,
    LetterText,
    LetterTooLong,
    Replaced,
    render_letter,
)
from roadmap.reports.model import ReportModel
from support.analysis_rows import VPR_5_MA, VPR_5_RU, MadeSchool, buyskiy, made_run
from support.plans import whole_plan

NASTY = "Школа № 7 <script>alert(1)</script> & {{ 7*7 }} =cmd()"
FIRST = Envelope(
    1,
    None,
    (),
    None,
    datetime(2021, 3, 31, 10, 5, tzinfo=ZoneInfo("Europe/Moscow")),
    whole_plan().local_time,
)
FILES = (
    Attachment("Справка_500+_Буйский_МР_2021-03.pdf", "аналитическая справка", 6, None, 217_000),
    Attachment(
        "Справка_500+_Буйский_МР_2021-03.docx", "та же справка для правки", None, None, 86_000
    ),
    Attachment("Приложение_500+_Буйский_МР_2021-03.xlsx", "все показатели", None, 4, 31_500),
)


@pytest.fixture
def model_of(engine: Engine) -> Callable[..., ReportModel]:
    def made(unit: str = "buyskiy", run: rows.MadeRun | None = None) -> ReportModel:
        (run or made_run()).insert(engine)
        compose(engine, rows.plan(), rows.RUN, rows.ANSWERS_TO)
        with engine.connect() as db:
            return load_model(db, rows.RUN, unit)

    return made


def _run_of(*schools: MadeSchool) -> rows.MadeRun:
    made = buyskiy()
    made.schools = list(schools)
    made.gaps = []
    return made_run(made)


def _school(number: int, name: str | None = None) -> MadeSchool:
    marks = {VPR_5_RU: (9, 9, 8, 3), VPR_5_MA: (3, 9, 8, 3)}
    return MadeSchool(f"x{number}", name or f"Школа № {number} (условная)", marks=marks)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u00a0", " "))


@pytest.mark.parametrize("unit", ["buyskiy", "neyskiy", "region"])
def test_the_letter_is_as_reviewed(
    model_of: Callable[..., ReportModel], golden: Callable[[str, str], None], unit: str
) -> None:
    letter = render_letter(model_of(unit), FIRST, FILES)
    golden(f"march_letter_{unit}.html", letter.html)
    golden(f"march_letter_{unit}.txt", letter.text)


def test_the_subject_names_project_phase_and_addressee(
    model_of: Callable[..., ReportModel],
) -> None:
    letter = render_letter(model_of(), FIRST, FILES)
    assert (
        letter.subject == "500+ | Комплексный анализ (март 2021 г.) | Буйский муниципальный район"
    )


@pytest.mark.parametrize("part", ["html", "text"])
def test_both_parts_say_the_same_things_in_the_same_order(
    model_of: Callable[..., ReportModel], part: str
) -> None:
    letter = render_letter(model_of(), FIRST, FILES)
    if part == "html":
        body = lxml_html.fromstring(letter.html).find("body")
        for hidden in body.find_class("preheader"):
            hidden.drop_tree()
        told = _plain(body.text_content())
    else:
        told = _plain(letter.text)
    order = [
        "ОГБОУ ДПО «КОИРО»",
        "Уважаемые коллеги!",
        "достигнут у 1 школы из 3",
        "У одной школы порог не достигнут",
        "31.03.2021",
        "Просим сообщить о принятых мерах",
        "16.04.2021",
        "1. Школа № 101 (условная)",
        "Кто: муниципальный координатор и куратор школы.",
        "3. Управленческий цикл: анализ результатов мониторинга",
        "34,2 %",
        "13 из 38 чел.",
        "Ваше муниципальное образование",
        "27,4 %",
        "В среднем по региону",
        "Справка_500+_Буйский_МР_2021-03.pdf",
        "6 л., PDF, 212 КБ",
        "4 листа, XLSX, 31 КБ",
        "Примерова Анна Условная",
        "roadmap@example.org",
        "мероприятие № 7 плана-графика",
        "31.03.2021 в 10:05 (МСК), редакция 1.",
        "Показаны только школы вашего муниципального образования",
    ]
    place = 0
    for piece in order:
        found = told.lower().find(piece.lower(), place)
        assert found >= 0, f"{piece} not after {told[place - 40 : place]}"
        place = found


def test_nothing_to_heed_is_said(model_of: Callable[..., ReportModel]) -> None:
    letter = render_letter(model_of("neyskiy"), FIRST, FILES)
    for part in (letter.html, letter.text):
        assert "Замечаний нет, действий не требуется." in _plain(part.replace("&nbsp;", " "))
        assert "Рекомендуем" not in part


def test_what_is_not_executed_is_never_called_nothing_to_heed(
    model_of: Callable[..., ReportModel],
) -> None:
    undone = "Не исполнено полностью мероприятие № 8."
    calm = model_of("neyskiy")
    model = calm.model_copy(
        update={"letter": calm.letter.model_copy(update={"attention_more": undone})}
    )
    letter = render_letter(model, FIRST, FILES)
    for part in (letter.html, letter.text):
        assert undone in _plain(part.replace("&nbsp;", " "))
        assert "Замечаний нет" not in _plain(part.replace("&nbsp;", " "))


def test_a_correction_says_what_it_replaces_and_what_changed(
    model_of: Callable[..., ReportModel],
) -> None:
    envelope = replace(
        FIRST,
        revision=2,
        replaces=Replaced(date(2021, 3, 31), 1),
        corrections=("было 1, стало 2",),
        reason="Уточнён протокол <1>.",
    )
    letter = render_letter(model_of(), envelope, FILES)
    for part in (letter.html, letter.text):
        told = _plain(part.replace("&nbsp;", " "))
        assert "Взамен направленного 31.03.2021 (редакция 1)." in told
        assert "Причина: Уточнён протокол" in told
        assert "<1>" not in part or part is letter.text
        assert told.index("было 1, стало 2") < told.index("Уважаемые коллеги")
        assert "редакция 2." in told
    assert letter.subject == (
        "Исправление (редакция 2): 500+ | Комплексный анализ (март 2021 г.) | "
        "Буйский муниципальный район"
    )
    plain = render_letter(model_of_again(model_of), FIRST, FILES)
    assert "Взамен" not in plain.text + plain.html
    assert "Исправление" not in plain.subject


def test_a_test_of_a_correction_says_both_in_the_inbox(
    model_of: Callable[..., ReportModel],
) -> None:
    envelope = replace(
        FIRST,
        revision=2,
        replaces=Replaced(date(2021, 3, 31), 1),
        test_addressee="Буйский муниципальный район",
    )
    letter = render_letter(model_of(), envelope, FILES)
    assert letter.subject.startswith("ПРОВЕРКА. Исправление (редакция 2): 500+ | ")


def model_of_again(model_of: Callable[..., ReportModel]) -> ReportModel:
    """The model made before, read from the same database."""
    engine = model_of.__closure__[0].cell_contents  # type: ignore[attr-defined]
    with engine.connect() as db:
        return load_model(db, rows.RUN, "buyskiy")


def test_a_test_letter_says_so_first_of_all(model_of: Callable[..., ReportModel]) -> None:
    envelope = replace(FIRST, test_addressee="Буйский муниципальный район")
    letter = render_letter(model_of(), envelope, FILES)
    assert letter.subject.startswith("ПРОВЕРКА. 500+ | ")
    banner = "ПРОВЕРОЧНАЯ ОТПРАВКА. Адресат по плану: Буйский муниципальный район"
    assert letter.text.startswith(banner)
    assert banner in _plain(lxml_html.fromstring(letter.html).text_content())


def test_the_time_is_the_plans_and_called_as_the_plan_calls_it(
    model_of: Callable[..., ReportModel],
) -> None:
    envelope = replace(FIRST, generated_at=datetime(2021, 3, 31, 21, 30, tzinfo=UTC))
    assert "01.04.2021 в 00:30 (МСК)" in _plain(render_letter(model_of(), envelope, ()).text)
    further = replace(
        envelope, local_time=LocalTime(ZoneInfo("Asia/Yekaterinburg"), "время Екатеринбурга")
    )
    letter = render_letter(model_of_again(model_of), further, ())
    for part in (letter.text, lxml_html.fromstring(letter.html).text_content()):
        assert "01.04.2021 в 02:30 (время Екатеринбурга)" in " ".join(_plain(part).split())
        assert "МСК" not in part
    with pytest.raises(ValueError, match="aware"):
        replace(FIRST, generated_at=datetime(2021, 3, 31))  # noqa: DTZ001


def test_names_are_text_in_both_parts(model_of: Callable[..., ReportModel]) -> None:
    model = model_of(run=_run_of(_school(7, NASTY), _school(8)))
    letter = render_letter(model, FIRST, ())
    assert "<script" not in letter.html
    assert NASTY in _plain(lxml_html.fromstring(letter.html).text_content())
    assert NASTY in _plain(letter.text)


# -- What mail programs can show -------------------------------------------------------------


def _letters(model_of: Callable[..., ReportModel]) -> LetterText:
    return render_letter(model_of(), FIRST, FILES)


def test_the_html_is_a_document_that_a_screen_reader_can_walk(
    model_of: Callable[..., ReportModel],
) -> None:
    page = lxml_html.fromstring(_letters(model_of).html)
    assert page.get("lang") == "ru"
    assert page.findtext("head/title")
    assert len(page.findall(".//h1")) == 1
    assert [h.text_content() for h in page.findall(".//h2")] == [
        "Требует внимания",
        "Цифры",
        "Во вложении",
        "Контакты",
    ]
    tables = page.findall(".//table")
    data = [table for table in tables if table.get("role") != "presentation"]
    assert len(tables) > 10
    assert len(data) == 1
    assert data[0].find("caption") is not None
    assert [th.get("scope") for th in data[0].findall(".//thead//th")] == ["col"] * 3
    assert {th.get("scope") for th in data[0].findall(".//tbody//th")} == {"row"}


def test_the_html_needs_no_network_and_no_goodwill(model_of: Callable[..., ReportModel]) -> None:
    text = _letters(model_of).html
    page = lxml_html.fromstring(text)
    for tag in ("img", "script", "form", "link", "iframe", "svg", "object"):
        assert not page.findall(f".//{tag}"), tag
    links = [a.get("href") for a in page.findall(".//a")]
    assert links == ["mailto:roadmap@example.org"]
    for trick in ("url(", "flex", "grid", "position", "@font-face", "background-image"):
        assert trick not in text, trick
    assert text.count("@media") == 1
    assert "max-width: 680px" in text


def test_every_ground_has_its_ink_so_that_inversion_stays_readable(
    model_of: Callable[..., ReportModel],
) -> None:
    page = lxml_html.fromstring(_letters(model_of).html)
    grounds = 0
    for node in page.iter():
        style = node.get("style") or ""
        if "background-color" not in style or node.get("class") in ("bar", "rule", "preheader"):
            continue
        grounds += 1
        if node.get("class") != "ground" and node.get("class") != "heed":
            assert re.search(r"(?<!-)color:", style), node.get("class")
        if node.tag == "td":
            assert node.get("bgcolor"), node.get("class")
    assert grounds >= 6


def test_a_long_letter_stays_below_what_mail_programs_cut(
    model_of: Callable[..., ReportModel],
) -> None:
    longest = "Муниципальное бюджетное общеобразовательное учреждение средняя школа имени Героя"
    schools = [_school(n, f"{longest} № {n} (условная)") for n in range(1, 31)]
    pages = [
        Attachment(f"Школа_{n}_500+_2021-03.pdf", "результаты школы", 1, None, 40_000)
        for n in range(1, 31)
    ]
    letter = render_letter(model_of(run=_run_of(*schools)), FIRST, (*FILES, *pages))
    assert letter.html.count('scope="row"') == 32
    assert "30 файлов, 30 л., PDF, 1,1 МБ" in _plain(letter.text)
    assert all(page.file_name in letter.html for page in pages)
    assert 40_000 < len(letter.html.encode()) < MAX_HTML_BYTES


def test_a_letter_that_would_be_cut_does_not_leave(model_of: Callable[..., ReportModel]) -> None:
    with pytest.raises(LetterTooLong, match="buyskiy"):
        render_letter(model_of(), FIRST, FILES * 200)


def test_plain_text_keeps_to_72_columns(model_of: Callable[..., ReportModel]) -> None:
    text = _letters(model_of).text
    lines = text.split("\n")
    assert len(lines) > 50
    assert max(map(len, lines)) <= 72
    assert "ДО 16.04.2021" in text.replace("\u00a0", " ")
    assert "\n\n\n" not in text
    assert not any(line.endswith(" ") for line in lines)


@pytest.mark.parametrize("part", ["html", "text"])
def test_typography_of_the_letter(model_of: Callable[..., ReportModel], part: str) -> None:
    letter = _letters(model_of)
    told = letter.text if part == "text" else lxml_html.fromstring(letter.html).text_content()
    told = re.sub(r"body \{.*?\n\}", "", told, flags=re.DOTALL)
    assert " - " not in told
    assert not re.search(r"\d %", told)
    assert part == "html" or '"' not in told


def test_the_same_model_gives_the_same_letter(model_of: Callable[..., ReportModel]) -> None:
    model: Any = model_of()
    assert render_letter(model, FIRST, FILES) == render_letter(model, FIRST, FILES)
