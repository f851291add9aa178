"""The March analysis of one addressee: what it says, what it hides, what it is hashed over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

import support.analysis_rows as rows
from roadmap.analysis.read import Level
from roadmap.reports.compose import compose, load_model
from roadmap.reports.corrections import corrections
from roadmap.reports.formats.letter import Envelope
from roadmap.reports.formats.native import native
from roadmap.reports.model import (
    Document,
    Figure,
    Heading,
    KeyFigure,
    NoData,
    NotHeld,
    Numbered,
    Paragraph,
    Place,
    ReportModel,
    Share,
    Suppressed,
    Table,
    canonical_json,
)
from roadmap.reports.package import render_package
from roadmap.reports.parts.report import ModelDisagrees, check_places
from roadmap.reports.words.show import show
from roadmap.russian import natural_key
from roadmap.store.tables import (
    indicator_result,
    load_batch,
    paper_result,
    phase_run,
    report,
    run_finding,
    run_municipality,
)
from support.analysis_rows import (
    ANSWERS_TO,
    RDR_RU,
    REGION,
    REGION_MARKS,
    RUN,
    VPR_5_MA,
    VPR_5_RU,
    VPR_6_RU,
    MadeMunicipality,
    MadeSchool,
    buyskiy,
    made_run,
    neyskiy,
)
from support.model_text import text_of
from support.run_rows import put_letter

ENVELOPE = Envelope(
    1, None, (), None, datetime(2021, 3, 31, 7, 5, tzinfo=UTC), rows.plan().local_time
)
NASTY = "Школа № 7 <script>alert(1)</script> {{ 7*7 }} =cmd()"


@pytest.fixture
def composed(engine: Engine) -> Callable[..., ReportModel]:
    def made(run: rows.MadeRun, unit: str = "buyskiy") -> ReportModel:
        run.insert(engine)
        compose(engine, rows.plan(), RUN, ANSWERS_TO)
        return _load(engine, unit)

    return made


def _load(engine: Engine, unit: str) -> ReportModel:
    with engine.connect() as db:
        return load_model(db, RUN, unit)


def _again(engine: Engine, unit: str) -> ReportModel:
    compose(engine, rows.plan(), RUN, ANSWERS_TO)
    return _load(engine, unit)


def _strings(node: Any) -> Iterator[str]:
    """Every sentence and label of a model, as a reader meets it."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from _strings(value)


def _texts(model: ReportModel) -> list[str]:
    found = list(_strings(model.model_dump(mode="json")))
    assert len(found) > 200
    return found


def _tables(document: Document) -> list[Table]:
    return [block for block in document.blocks if isinstance(block, Table)]


def _table(model: ReportModel, table_id: str) -> Table:
    found = [table for table in _tables(model.document) if table.id == table_id]
    found += [sheet.table for sheet in model.appendix if sheet.table.id == table_id]
    return found[0]


def _appendix(model: ReportModel, table_id: str) -> Table:
    return next(sheet.table for sheet in model.appendix if sheet.table.id == table_id)


def _prose(document: Document) -> str:
    told = []
    for block in document.blocks:
        if isinstance(block, Paragraph | Heading):
            told.append(block.text)
        elif isinstance(block, Numbered):
            told.extend(block.items)
    return " ".join([*document.main, *told]).replace("\u00a0", " ")


def _school(number: int, **changes: Any) -> MadeSchool:
    marks = {VPR_5_RU: (2, 9, 8, 3), VPR_5_MA: (3, 9, 8, 3)}
    made = {"school_id": f"x{number}", "name": f"Школа № {number} (условная)", "marks": marks}
    return MadeSchool(**(made | changes))


def _municipality(*schools: MadeSchool, **changes: Any) -> MadeMunicipality:
    made = buyskiy()
    made.schools = list(schools)
    made.indicators = neyskiy().indicators
    made.gaps = []
    for name, value in changes.items():
        setattr(made, name, value)
    return made


# -- Who gets a report -----------------------------------------------------------------------


def test_every_selected_addressee_gets_a_report_and_the_region_comes_last(engine: Engine) -> None:
    made_run().insert(engine)
    assert compose(engine, rows.plan(), RUN, ANSWERS_TO) == ("buyskiy", "neyskiy", REGION)
    with engine.connect() as db:
        stored = db.execute(select(report)).mappings().all()
    assert len(stored) == 3
    for row in stored:
        model = ReportModel.model_validate_json(row["model"])
        assert row["content_sha256"] == model.content_sha256()
        assert row["model"] == canonical_json(model.model_dump(mode="json"))
        assert model.institution.contact_address == ANSWERS_TO


def test_who_is_not_selected_or_takes_no_part_gets_no_report(engine: Engine) -> None:
    other = MadeMunicipality("galich", "городской округ – город Галич", "города", "г. Галич")
    made_run(buyskiy(), neyskiy(), other).insert(engine)
    with engine.begin() as db:
        key = run_municipality.c.municipality_id
        db.execute(update(run_municipality).where(key == "neyskiy").values(is_selected=0))
        db.execute(update(run_municipality).where(key == "galich").values(is_participating=0))
    assert compose(engine, rows.plan(), RUN, ANSWERS_TO) == ("buyskiy", REGION)


def test_composing_again_gives_the_same_bytes(engine: Engine) -> None:
    made_run().insert(engine)
    compose(engine, rows.plan(), RUN, ANSWERS_TO)
    with engine.connect() as db:
        before = db.execute(select(report.c.model)).scalars().all()
    compose(engine, rows.plan(), RUN, ANSWERS_TO)
    with engine.connect() as db:
        assert db.execute(select(report.c.model)).scalars().all() == before


def test_a_run_that_is_not_there_is_an_error(engine: Engine) -> None:
    with pytest.raises(LookupError):
        compose(engine, rows.plan(), "f" * 32, ANSWERS_TO)
    with engine.connect() as db, pytest.raises(LookupError):
        load_model(db, RUN, "buyskiy")


# -- What stands in it -----------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["buyskiy", "neyskiy", "region"])
def test_the_model_is_as_reviewed(
    composed: Callable[..., ReportModel], golden: Callable[[str, str], None], unit: str
) -> None:
    """buyskiy has something of everything, neyskiy nothing to heed and the longest name."""
    model = composed(made_run(), unit)
    golden(f"march_model_{unit}.txt", text_of(model))


def test_the_documents_text_is_laid_out_in_the_order_of_a_spravka(
    composed: Callable[..., ReportModel],
) -> None:
    model = composed(made_run())
    headings = [
        block.text
        for block in model.document.blocks
        if isinstance(block, Heading) and block.level == 1
    ]
    assert headings == [
        "Основание, цель и\u00a0источники",
        "Общие сведения",
        "Результаты по\u00a0процедурам",
        "Объективность результатов",
        "Динамика",
        "Дефициты",
        "Реализация мероприятий дорожной карты",
        "Выводы",
        "Адресные рекомендации",
        "Ограничения и\u00a0приложения",
    ]


@pytest.mark.parametrize("unit", ["buyskiy", "region"])
def test_every_table_and_figure_is_named_in_the_text_before_it_appears(
    composed: Callable[..., ReportModel], unit: str
) -> None:
    told, tables, figures = "", 0, 0
    for block in composed(made_run(), unit).document.blocks:
        if isinstance(block, Paragraph):
            told += " " + block.text.replace("\u00a0", " ")
        elif isinstance(block, Table):
            tables += 1
            assert re.search(rf"таблиц[аеу] {tables}\b", told), block.id
        elif isinstance(block, Figure):
            figures += 1
            assert re.search(rf"рисунк[аеу]х? (\d и )?{figures}\b", told), block.id
    assert tables >= 9
    assert figures == (2 if unit == "buyskiy" else 0)


@pytest.mark.parametrize("unit", ["buyskiy", "neyskiy", "region"])
def test_typography_is_that_of_a_document(composed: Callable[..., ReportModel], unit: str) -> None:
    for text in _texts(composed(made_run(), unit)):
        assert " - " not in text
        assert '"' not in text
        assert not re.search(r"\d %", text), text
        assert "100.0" not in text
        assert ".." not in text
        assert "  " not in text
        assert not re.search(r"№ \d", text), text


def test_deficits_are_subjects_whose_total_reaches_the_threshold(
    composed: Callable[..., ReportModel],
) -> None:
    low = {VPR_5_RU: (6, 6, 5, 3), VPR_5_MA: (1, 10, 6, 3)}
    model = composed(made_run(_municipality(_school(1, marks=low), _school(2, marks=low))))
    prose = _prose(model.document)
    assert "русский язык (ВПР, программа 5 класса) — 30,0 %, 12 из 40 чел. Какие" in prose
    assert "вместе порог 30 % достигнут в 1 работе" in prose
    assert ".." not in prose


def test_the_region_names_schools_of_one_name_with_their_municipality(
    composed: Callable[..., ReportModel],
) -> None:
    low = {VPR_5_RU: (9, 5, 5, 1), VPR_5_MA: (9, 5, 5, 1)}
    other = neyskiy()
    other.schools = [_school(1, school_id="y1", marks=low)]
    model = composed(made_run(_municipality(_school(1, marks=low)), other), REGION)
    told = "Школа № 1 (условная) (Буйский МР), Школа № 1 (условная) (Нейский МР)"
    assert told in _prose(model.document)
    assert len({figure.name for figure in model.key_figures}) == len(model.key_figures)


def test_schools_stand_in_natural_order_in_every_table(
    composed: Callable[..., ReportModel],
) -> None:
    schools = [_school(n) for n in (10, 2, 1)]
    model = composed(made_run(_municipality(*schools)))
    checked = 0
    for table in [*_tables(model.document), *(s.table for s in model.appendix)]:
        named = [show(row.cells[0].value) for row in table.rows if row.kind == "data"]
        own = list(dict.fromkeys(n for n in named if n.startswith("Школа")))
        if own:
            checked += 1
            assert own == sorted(own, key=natural_key)
            assert len(own) == 3
    assert checked >= 3
    assert model.letter.figures is not None
    labels = [row.label for row in model.letter.figures.rows][:3]
    assert [label.split("№\u00a0")[1][:2].strip() for label in labels] == ["1", "2", "10"]


def test_names_are_shown_as_they_are_whatever_they_look_like(
    composed: Callable[..., ReportModel],
) -> None:
    model = composed(made_run(_municipality(_school(7, name=NASTY), _school(8))))
    shown = [text.replace("\u00a0", " ") for text in _texts(model)]
    assert sum(NASTY in text for text in shown) >= 5
    assert not any("49" in text and "7*7" not in text for text in shown if "Школа № 7" in text)


def test_a_sign_outside_the_fonts_stops_no_letter(
    composed: Callable[..., ReportModel], tmp_path: Path
) -> None:
    name = "Школа ☀ № 7 им. Сте\u0301пина 🎓学"
    model = composed(made_run(_municipality(_school(7, name=name), _school(8))))
    assert any("Школа №\u00a07 им. Степина ?" in text for text in _texts(model))
    package = render_package(model, ENVELOPE, tmp_path, RUN, ())
    assert {"pdf", "docx", "xlsx"} <= {file.kind for file in package.files}
    assert "Степина ?" in package.letter.text.replace("\u00a0", " ")


def test_a_municipality_reads_nothing_of_another(composed: Callable[..., ReportModel]) -> None:
    model = composed(made_run())
    stored = canonical_json(model.model_dump(mode="json"))
    assert "101" in stored
    for foreign in ("Нея", "Нейск", "s201", "s210", "Школа №\u00a02 ", "neyskiy"):
        assert foreign not in stored


def test_the_region_alone_reads_of_all(composed: Callable[..., ReportModel]) -> None:
    model = composed(made_run(findings=[("UNKNOWN_SCHOOL", None, "Школа не найдена.")]), REGION)
    stored = canonical_json(model.model_dump(mode="json")).replace("\u00a0", " ")
    for name in ("Буйский муниципальный район", "город Нея и Нейский", "Школа не найдена."):
        assert name in stored
    assert model.schools == ()
    verdicts = _table(model, "schools")
    assert len([row for row in verdicts.rows if row.kind == "data"]) == 5


@pytest.mark.parametrize("unit", ["buyskiy", "region"])
def test_nothing_ranks(composed: Callable[..., ReportModel], unit: str) -> None:
    text = " ".join(_texts(composed(made_run(), unit))).lower()
    for word in ("лучш", "худш", "рейтинг", "лидер"):
        assert word not in text


# -- Small numbers ---------------------------------------------------------------------------


def test_a_school_with_fewer_than_five_shows_no_figure_anywhere(
    composed: Callable[..., ReportModel],
) -> None:
    model = composed(made_run())
    found = 0
    for table in [*_tables(model.document), *(s.table for s in model.appendix)]:
        for row in table.rows:
            if "103" in show(row.cells[0].value):
                found += 1
                assert not any(isinstance(c.value, Share) for c in row.cells), table.id
    assert found >= 6
    assert not any("103" in figure.name for figure in model.key_figures)
    page = next(page for page in model.schools if page.school_id == "s103")
    assert not _tables(page.document)
    assert any(isinstance(c.value, Suppressed) for c in _table(model, "participants").rows[2].cells)


def test_a_total_says_that_it_leaves_small_schools_out(
    composed: Callable[..., ReportModel],
) -> None:
    model = composed(made_run())
    table = _table(model, "vpr/2020/autumn/5")
    totals = [show(row.cells[0].value) for row in table.rows if row.kind == "total"]
    assert totals == ["Муниципалитет*", "Муниципалитет*", "Муниципалитет"]
    assert "* Без школ, где участников меньше пяти." in table.notes[0].replace("\u00a0", " ")


def test_a_total_of_small_schools_only_is_not_shown(composed: Callable[..., ReportModel]) -> None:
    table = _table(composed(made_run()), "rdr/2020/autumn/10")
    kinds = [row.kind for row in table.rows]
    assert kinds == ["group", "message", "message", "comparison"]


def test_the_region_is_not_shown_where_the_difference_is_another_school(
    composed: Callable[..., ReportModel], engine: Engine
) -> None:
    model = composed(made_run())
    before = model.content_sha256()
    with engine.begin() as db:
        db.execute(
            update(paper_result)
            .where(paper_result.c.level == Level.MUNICIPALITY)
            .values(elsewhere_schools=1)
        )
    model = _again(engine, "buyskiy")
    stored = canonical_json(model.model_dump(mode="json"))
    assert "5214" not in stored
    assert "5\u00a0214" not in stored
    assert "18,6" not in stored
    assert model.content_sha256() == before


def test_a_correction_gives_no_school_away_that_fell_below_five(
    composed: Callable[..., ReportModel], engine: Engine
) -> None:
    """School 102 has 4 instead of 24 now: the region lost as many, and says so nowhere."""
    before = canonical_json(composed(made_run()).model_dump(mode="json"))
    with engine.begin() as db:
        put_letter(db, "buyskiy", RUN, accepted_ms=1)
    run = made_run(run_id="1" * 32, started_ms=1_617_180_000_000)
    run.municipalities[0].schools[1].marks[VPR_5_RU] = (1, 2, 1, 0)
    run.region[VPR_5_RU] = (967, 2332, 1459, 436)
    run.insert(engine)
    compose(engine, rows.plan(), run.run_id, ANSWERS_TO)
    with engine.connect() as db:
        model = load_model(db, run.run_id, "buyskiy")
    now = canonical_json(model.model_dump(mode="json"))
    for told in ('"n":5214', '"numerator":970', "18,6\u00a0%"):
        assert told in before
    for hidden in ('"n":5194', '"numerator":967', '"denominator":5194', "18,6\u00a0%"):
        assert hidden not in now
    told_rows = [
        show(row.cells[1].value)
        for row in _table(model, "vpr/2020/autumn/5").rows
        if row.kind == "message" and not row.own
    ]
    assert len(told_rows) == 1
    assert "по разнице с прежним письмом" in told_rows[0].replace("\u00a0", " ")


def test_a_correction_of_few_pupils_says_so_and_leaves_the_figures_as_they_were_told(
    composed: Callable[..., ReportModel], engine: Engine
) -> None:
    """School 101 has two pupils more: who joined is known in the village, their marks are not."""
    before = composed(made_run())
    with engine.begin() as db:
        put_letter(db, "buyskiy", RUN, accepted_ms=1)
    run = made_run(run_id="1" * 32, started_ms=1_617_180_000_000)
    two, three, four, five = run.municipalities[0].schools[0].marks[VPR_5_RU]
    run.municipalities[0].schools[0].marks[VPR_5_RU] = (two, three + 2, four, five)
    run.insert(engine)
    compose(engine, rows.plan(), run.run_id, ANSWERS_TO)
    with engine.connect() as db:
        model = load_model(db, run.run_id, "buyskiy")
    own = [
        [[show(cell.value) for cell in row.cells] for row in _table(one, table).rows if row.own]
        for table in ("vpr/2020/autumn/5", "journal")
        for one in (before, model)
    ]
    assert (own[0], own[2]) == (own[1], own[3])
    stands = (
        "Показатели приведены по прежнему письму, по данным на 31.03.2021; с тех пор они "
        "изменились менее чем у пяти участников: {}русский язык (ВПР, программа 5 класса)."
    )
    of_101 = stands.format("Школа № 101 (условная), ")
    assert of_101 in _prose(model.document).replace("\u00a0", " ")
    (note,) = (n for n in _appendix(model, "marks").notes if n.startswith("Показатели"))
    assert note.replace("\u00a0", " ") == of_101
    page = next(page for page in model.schools if page.school_id == "s101")
    assert stands.format("") in _prose(page.document).replace("\u00a0", " ")
    (told,) = corrections(before, model)
    assert told.replace("\u00a0", " ") == f"уточнено: {of_101}"


def test_a_threshold_that_few_pupils_moved_is_told_in_words_beside_the_figures_told_before(
    composed: Callable[..., ReportModel], engine: Engine, tmp_path: Path
) -> None:
    """Two «3» of school 102 became «2», one «2» of school 101 became «3»."""
    before = composed(made_run())
    with engine.begin() as db:
        put_letter(db, "buyskiy", RUN, accepted_ms=1)
    run = made_run(run_id="1" * 32, started_ms=1_617_180_000_000)
    for school, more in ((0, -1), (1, 2)):
        marks = run.municipalities[0].schools[school].marks
        two, three, four, five = marks[VPR_5_MA]
        marks[VPR_5_MA] = (two + more, three - more, four, five)
    run.insert(engine)
    compose(engine, rows.plan(), run.run_id, ANSWERS_TO)
    with engine.connect() as db:
        model = load_model(db, run.run_id, "buyskiy")

    figures = [
        [
            [(show(cell.value), cell.at_threshold) for cell in row.cells]
            for row in table.rows
            if row.own
        ]
        for one in (before, model)
        for table in (
            *(_table(one, name) for name in ("vpr/2020/autumn/5", "journal", "participants")),
            _appendix(one, "marks"),
        )
    ]
    assert figures[:4] == figures[4:]
    assert model.letter.figures is not None
    for page, number, is_low, note in (
        (model.schools[0], 101, False, "порог больше не достигнут по математике"),
        (model.schools[1], 102, True, "порог достигнут по математике"),
    ):
        stands = (
            f"порог 30 % {'достигнут' if is_low else 'больше не достигнут'}: {{}}математика (ВПР, "
            "программа 5 класса). Показатели этой работы — по данным на 31.03.2021, как в прежнем "
            "письме: по разнице стали бы известны результаты отдельных участников."
        )
        assert stands.format(f"Школа № {number} (условная), ") in _prose(model.document)
        assert stands.format("") in _prose(page.document)
        (row,) = (row for row in model.letter.figures.rows if str(number) in row.label)
        assert (row.note or "").replace("\u00a0", " ") == f"по уточнённым данным {note}"
    text = "\n".join(_texts(model)).replace("\u00a0", " ")
    assert "по математике — Школа № 102 (условная) (по уточнённым данным)." in text
    assert "В группе риска (порог достигнут в одной работе): Школа № 102 (условная)." in text
    assert "достигнут в 2 работах из 7: школа отвечает признаку" in text
    assert not re.search("32,0 %|8 из 25|29,7 %|11 из 37", text)
    changed = corrections(before, model)
    told = " ".join(changed).replace("\u00a0", " ")
    assert "Школа № 102 (условная). По уточнённым данным порог 30 % достигнут: математика" in told
    assert "было" not in told  # no figure is another
    # What every format shows is compared there.
    package = render_package(model, ENVELOPE, tmp_path, run.run_id, ())
    assert "по уточнённым данным порог достигнут" in package.letter.text.replace("\u00a0", " ")


# -- Data that are not there -----------------------------------------------------------------


def test_not_held_and_not_received_are_two_things(composed: Callable[..., ReportModel]) -> None:
    run = made_run(missing=["ege_protocols"])
    del run.received["ege_protocols"]
    for school in (s for m in run.municipalities for s in m.schools):
        school.exams.clear()
    model = composed(run)
    sources = _table(model, "sources").rows
    assert [type(row.cells[1].value) for row in sources][1] is NoData
    assert [type(row.cells[1].value) for row in sources][3] is NotHeld
    prose = _prose(model.document)
    assert "Единый государственный экзамен 2020 года: сведения не поступили (н/д)" in prose
    assert "экзамены в 2020 году отменены" in prose
    assert "«ЕГЭ: протоколы РЦОИ»" in prose
    assert any("ЕГЭ\u00a02020" in text and "н/д" in text for text in model.letter.lead)
    assert "exams" not in {sheet.table.id for sheet in model.appendix}


def test_without_any_result_the_report_says_so_and_judges_nobody(
    composed: Callable[..., ReportModel],
) -> None:
    run = made_run(_municipality(_school(1, marks={}), _school(2, marks={})))
    run.received.clear()
    model = composed(run)
    assert model.letter.headline == "Вывод не\u00a0делается: в\u00a0данных нет результатов школ"
    assert model.letter.figures is None
    assert model.key_figures == ()
    assert "Вывод не делается, результатов в данных нет" in _prose(model.document)
    assert all(
        "не поступили" in page.document.main[0].replace("\u00a0", " ") for page in model.schools
    )


def test_findings_are_told_without_naming_foreign_files(
    composed: Callable[..., ReportModel],
) -> None:
    message = "Школа не найдена в реестре. Файл «tayna.xlsx», лист «Отметки», строка 5."
    findings = [("UNKNOWN_SCHOOL", "buyskiy", message), ("UNKNOWN_SCHOOL", "neyskiy", message)]
    model = composed(made_run(findings=findings))
    prose = _prose(model.document)
    assert "В 1 случае школы, указанной в файле результатов, нет в реестре школ" in prose
    assert "tayna" not in canonical_json(model.model_dump(mode="json"))
    assert any("1\u00a0замечание" in text for text in model.letter.lead)


# -- What needs attention --------------------------------------------------------------------


def test_attention_names_schools_weak_components_and_people_with_their_dates(
    composed: Callable[..., ReportModel],
) -> None:
    items = composed(made_run()).letter.attention
    told = [(i.title.replace("\u00a0", " "), i.who, i.due.isoformat()) for i in items]
    assert told == [
        ("Школа № 101 (условная)", "муниципальный координатор и\u00a0куратор школы", "2021-04-16"),
        ("Управленческий цикл: цели", "орган управления образованием", "2021-04-30"),
        (
            "Управленческий цикл: анализ результатов мониторинга",
            "муниципальная методическая служба",
            "2021-05-28",
        ),
        ("Школа № 102 (условная)", "куратор школы", "2021-04-09"),
    ]
    assert "34,2\u00a0%" in items[0].problem


def test_a_curator_of_several_schools_is_one_matter(
    composed: Callable[..., ReportModel],
) -> None:
    made = _municipality(
        _school(1),
        _school(2),
        indicators={"6.2": (0, 1, 1, "not_done"), "6.1": (0, 1, 1, "not_done")},
        gaps=[
            ("6.2", "curator", "p1", "x2"),
            ("6.2", "curator", "p1", "x1"),
            ("6.1", "coordinator", "p9", None),
        ],
    )
    items = composed(made_run(made)).letter.attention
    assert [i.title.replace("\u00a0", " ") for i in items] == [
        "Муниципальный координатор",
        "Школа № 1 (условная), Школа № 2 (условная)",
    ]


def test_the_letter_names_five_matters_and_says_where_the_others_are(
    composed: Callable[..., ReportModel],
) -> None:
    low = {VPR_5_RU: (9, 5, 5, 1), VPR_5_MA: (9, 5, 5, 1)}
    model = composed(made_run(_municipality(*(_school(n, marks=low) for n in range(1, 9)))))
    assert len(model.letter.attention) == 5
    assert model.letter.attention_more is not None
    more = model.letter.attention_more.replace("\u00a0", " ")
    assert more == "Ещё 3 — в справке, раздел 9."
    assert len(_table(model, "recommendations").rows) == 8


def test_nothing_to_heed_asks_for_no_answer(composed: Callable[..., ReportModel]) -> None:
    model = composed(made_run(), "neyskiy")
    assert model.letter.attention == ()
    assert "не\u00a0требуется" in model.letter.request_rest
    assert "Замечаний нет, действий не требуется" in _prose(model.document)


def test_a_window_that_runs_is_no_reproach(composed: Callable[..., ReportModel]) -> None:
    made = _municipality(_school(1), indicators={"6.2": (0, 1, 1, "in_progress")})
    made.gaps = [("6.2", "curator", "p1", "x1")]
    model = composed(made_run(made))
    assert model.letter.attention == ()
    assert "Не исполнены" not in _prose(model.document)


# -- Sizes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 12, 13, 30, 60])
def test_any_number_of_schools_fits(composed: Callable[..., ReportModel], n: int) -> None:
    model = composed(made_run(_municipality(*(_school(k) for k in range(1, n + 1)))))
    figures = [block for block in model.document.blocks if isinstance(block, Figure)]
    assert len(figures) == (1 if n <= 12 else 2 if n <= 36 else 0)
    assert model.letter.figures is not None
    kinds = [row.kind for row in model.letter.figures.rows]
    assert kinds.count("data") == (n if n <= 30 else 0)
    assert kinds.count("total") == (0 if n == 1 else 1)
    assert kinds[-1] == "comparison"
    assert len(model.schools) == n
    of_one = "достигнут" if n == 1 else f"ни\u00a0у\u00a0одной школы из\u00a0{n}"
    assert of_one in model.letter.headline


# -- The hash --------------------------------------------------------------------------------


def _change_region(engine: Engine) -> None:
    with engine.begin() as db:
        db.execute(
            update(paper_result)
            .where(paper_result.c.level == Level.REGION)
            .values(mark_2=paper_result.c.mark_2 + 7, participants=paper_result.c.participants + 7)
        )


def _change_neighbour(engine: Engine) -> None:
    with engine.begin() as db:
        where = (paper_result.c.unit_id == "s201") & (paper_result.c.subject == "математика")
        db.execute(update(paper_result).where(where).values(mark_2=4, mark_3=9, is_low=1))
        whole = (paper_result.c.unit_id == "neyskiy") & (paper_result.c.subject == "математика")
        db.execute(update(paper_result).where(whole).values(mark_2=6, mark_3=18))


def _change_dates(engine: Engine) -> None:
    with engine.begin() as db:
        db.execute(update(load_batch).values(received_ms=load_batch.c.received_ms + 864_000_000))


def _change_moments(engine: Engine) -> None:
    with engine.begin() as db:
        db.execute(update(phase_run).values(known_at_ms=1, started_ms=1, code_version="other"))


def _change_regional_indicator(engine: Engine) -> None:
    with engine.begin() as db:
        where = indicator_result.c.indicator == "8.1"
        db.execute(update(indicator_result).where(where).values(numerator=14, status="done"))


def _add_own_letter(engine: Engine) -> None:
    """What the ledger says of this very letter."""
    with engine.begin() as db:
        for code, unit in (("5.0", "buyskiy"), ("7.2", "buyskiy"), ("7.1", REGION)):
            db.execute(
                indicator_result.insert(),
                {
                    "run_id": RUN,
                    "indicator": code,
                    "municipality_id": unit,
                    "numerator": 1,
                    "denominator": 1,
                    "target": 100.0,
                    "shortfall": 0,
                    "status": "done",
                },
            )


def _add_foreign_finding(engine: Engine) -> None:
    with engine.begin() as db:
        db.execute(
            run_finding.insert(),
            {"run_id": RUN, "rule": "X", "municipality_id": "neyskiy", "message": "Что-то."},
        )


@pytest.mark.parametrize(
    ("change", "corrects_region"),
    [
        pytest.param(_change_region, True, id="the region's results"),
        pytest.param(_change_neighbour, True, id="a neighbour's results"),
        pytest.param(_change_dates, False, id="dates of source files"),
        pytest.param(_change_moments, False, id="moments and versions"),
        pytest.param(_change_regional_indicator, True, id="what the region has done"),
        pytest.param(_add_own_letter, False, id="what the ledger says of this letter"),
        pytest.param(_add_foreign_finding, True, id="a finding about a neighbour"),
    ],
)
def test_what_is_not_the_municipalitys_own_never_corrects_its_letter(
    engine: Engine, change: Callable[[Engine], None], corrects_region: bool
) -> None:
    made_run().insert(engine)
    own, whole = _again(engine, "buyskiy"), _load(engine, REGION)
    change(engine)
    again = _again(engine, "buyskiy")
    assert again.content_sha256() == own.content_sha256()
    assert (_load(engine, REGION).content_sha256() != whole.content_sha256()) == corrects_region


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            update(paper_result)
            .where((paper_result.c.unit_id == "s102") & (paper_result.c.grade == 6))
            .values(mark_2=4, mark_3=13),
            id="a mark",
        ),
        pytest.param(update(phase_run).values(as_of="2021-03-30"), id="the as-of date"),
        pytest.param(
            update(indicator_result)
            .where(
                (indicator_result.c.indicator == "6.2")
                & (indicator_result.c.municipality_id == "buyskiy")
            )
            .values(numerator=1, shortfall=0, status="done_late"),
            id="a status",
        ),
    ],
)
def test_what_is_its_own_corrects_it(engine: Engine, change: Any) -> None:
    made_run().insert(engine)
    before = _again(engine, "buyskiy").content_sha256()
    with engine.begin() as db:
        db.execute(change)
    assert _again(engine, "buyskiy").content_sha256() != before


# -- Key figures -----------------------------------------------------------------------------


def test_every_key_figure_stands_where_it_is_said_to(composed: Callable[..., ReportModel]) -> None:
    model = composed(made_run())
    assert len(model.key_figures) >= 20
    views = [{place.view for place in figure.places} for figure in model.key_figures]
    assert sum(v == {"letter", "document", "appendix"} for v in views) == 8
    check_places(model)


@pytest.mark.parametrize(
    "place",
    [
        Place(view="document", table_id="vpr/2020/autumn/5", row=2, column="low"),
        Place(view="document", table_id="vpr/2020/autumn/5", row=99, column="low"),
        Place(view="document", table_id="vpr/2020/autumn/5", row=1, column="nowhere"),
        Place(view="appendix", table_id="nowhere", row=0, column="low"),
        Place(view="letter", table_id="letter-figures", row=0, column="математика"),
    ],
)
def test_a_key_figure_elsewhere_is_a_fault(
    composed: Callable[..., ReportModel], place: Place
) -> None:
    model = composed(made_run())
    wrong = KeyFigure(name="?", value=Share(numerator=13, denominator=38), places=(place,))
    with pytest.raises(ModelDisagrees):
        check_places(model.model_copy(update={"key_figures": (wrong,)}))


def test_the_letter_shows_the_usual_pair_else_the_one_most_schools_wrote(
    composed: Callable[..., ReportModel],
) -> None:
    schools = [_school(n, marks={VPR_6_RU: (2, 9, 8, 3), RDR_RU: (1, 5, 5, 1)}) for n in (1, 2)]
    model = composed(made_run(_municipality(*schools)))
    assert model.letter.figures is not None
    assert "программа 6" in model.letter.figures.caption
    assert [c.title for c in model.letter.figures.columns] == ["Школа", "Русский язык"]
    assert VPR_5_RU in REGION_MARKS


def test_the_letter_shows_the_pair_that_bears_out_its_headline(
    composed: Callable[..., ReportModel],
) -> None:
    marks = {VPR_5_RU: (2, 9, 8, 3), VPR_5_MA: (3, 9, 8, 3), VPR_6_RU: (11, 9, 8, 3)}
    model = composed(made_run(_municipality(_school(1, marks=marks), _school(2))))
    assert "у\u00a01\u00a0школы из\u00a02" in model.letter.headline
    assert model.letter.figures is not None
    assert "программа 6" in model.letter.figures.caption.replace("\u00a0", " ")
    assert model.letter.figures.rows[0].cells[0].at_threshold


def test_several_schools_too_small_are_called_schools(
    composed: Callable[..., ReportModel],
) -> None:
    small = {VPR_5_RU: (0, 2, 1, 0)}
    low = {VPR_5_RU: (11, 9, 8, 3)}
    schools = [_school(1, marks=low), _school(2), *(_school(n, marks=small) for n in (3, 4))]
    model = composed(made_run(_municipality(*schools)))
    prose = _prose(model.document)
    assert "У одной школы порог не достигнут, ещё у 2 школ участников меньше пяти" in prose


def test_a_total_of_small_schools_only_says_so_in_the_letter(
    composed: Callable[..., ReportModel],
) -> None:
    small = {VPR_5_RU: (0, 2, 1, 0), VPR_5_MA: (1, 1, 1, 0)}
    model = composed(made_run(_municipality(*(_school(n, marks=small) for n in (1, 2)))))
    assert model.letter.figures is not None
    total = next(row for row in model.letter.figures.rows if row.kind == "total")
    assert total.note is None
    assert [cell.value for cell in total.cells] == 2 * [Suppressed(in_every_school=True)]


def test_a_hidden_total_is_told_from_a_hidden_school_in_document_and_appendix(
    composed: Callable[..., ReportModel],
) -> None:
    """Two schools of three pupils make six: «менее 5» is true of each, not of their total."""
    small = {VPR_5_RU: (0, 2, 1, 0), VPR_5_MA: (1, 1, 1, 0)}
    model = composed(made_run(_municipality(*(_school(n, marks=small) for n in (1, 2)))))
    of_total = Suppressed(in_every_school=True)
    assert model.document is not None
    hidden = [
        (row.kind, cell.value)
        for sheet in model.appendix
        for row in sheet.table.rows
        for cell in row.cells
        if isinstance(cell.value, Suppressed)
    ]
    assert {kind for kind, value in hidden if value == of_total} == {"total"}
    assert {kind for kind, value in hidden if value == Suppressed()} == {"data"}
    works = _table(model, "sources").rows[0].cells[-1].value
    assert works == of_total
    of_school = _table(model, "participants").rows[0].cells
    assert "в\u00a0каждой работе менее\u00a05" in [show(cell.value) for cell in of_school]
    assert native(of_total) == show(of_total) == "во\u00a0всех школах менее\u00a05"


@pytest.mark.postgres
def test_postgresql_composes_the_same(postgres_engine: Engine, engine: Engine) -> None:
    models = []
    for one in (postgres_engine, engine):
        made_run().insert(one)
        models.append(_again(one, "buyskiy"))
    assert models[0] == models[1]
