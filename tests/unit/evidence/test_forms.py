"""Forms: what a person fills in by the drop-down lists, intake takes without a word."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import Engine

from roadmap.datasets.catalogue import DATASETS
from roadmap.datasets.model import Column, Kind
from roadmap.evidence.forms import Form, forms, known_codes
from roadmap.plan.load import load_plan
from roadmap_cli.forms import written
from support.evidence_files import SCHOOLS, workbook
from support.evidence_world import SOURCES, World
from support.left_out import leave_out
from support.plans import targets_plan

PLAN = load_plan("2021")
FORMS = {form.dataset: form for form in forms(PLAN, SOURCES)}
_SAMPLES = {
    Kind.CODE: "X-1",
    Kind.LOGIN: "sch440123",
    Kind.DIGITS: "1234",
    Kind.ADDRESS: "one@example.org",
    Kind.LINK: "https://example.org/1",
    Kind.VARIANTS: "Другое написание",
}
# What the rules of a register ask of several cells together.
_TOGETHER: dict[str, dict[str, Any]] = {
    "attendance": {"studied_on": None},  # of somebody who was not there
    "directions": {"for_year": 2022},
    "medk_documents": {"factor": None},  # of an anti-risk programme only
    "vpr_scales": {
        "year": 2030, "subject": "физика", "grade": 8, "maximum": 18,
        "three": 5, "four": 8, "five": 11,
    },
}  # fmt: skip


def opened(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def column_of(held: Any) -> int:
    """The one column, from 1, whose cells are held to it."""
    (cells,) = held.sqref.ranges
    return int(cells.min_col)


def offered(book: openpyxl.Workbook) -> dict[str, list[Any]]:
    """The drop-down lists of a form, by the titles of their columns."""
    page = book.worksheets[0]
    lists = {}
    for held in page.data_validations.dataValidation:
        if held.type == "list":
            sheet, cells = held.formula1.lstrip("=").replace("'", "").replace("$", "").split("!")
            title = page.cell(1, column_of(held)).value
            lists[title] = [row[0].value for row in book[sheet][cells]]
    return lists


def filled_in(dataset: str, book: openpyxl.Workbook) -> None:
    """One row, each cell from its list or by its grammar."""
    page: Worksheet = book.worksheets[0]
    lists = offered(book)
    together = _TOGETHER.get(dataset, {})

    def value(column: Column) -> Any:
        if column.key in together:
            return together[column.key]
        if column.title in lists:
            return lists[column.title][0]
        if column.is_day:
            return date(2021, 3, 1)
        return 1 if column.kind is Kind.INTEGER else _SAMPLES.get(column.kind, "Текст")

    for at, column in enumerate(DATASETS[dataset].table.columns, start=1):
        page.cell(2, at).value = value(column)


def test_values_have_a_form_where_the_plan_counts_indicators_by_them() -> None:
    assert "indicator_values" not in FORMS
    (form,) = (f for f in forms(targets_plan(), SOURCES) if f.dataset == "indicator_values")
    lists = offered(opened(form.content))
    assert lists["Показатель"] == ["1.1", "1.2", "2.1", "3.1", "4.1", "4.2"]
    assert lists["Код муниципалитета"] == ["lesnoy", "rechnoy", "region"]


@pytest.mark.parametrize("dataset", FORMS)
def test_a_form_filled_in_from_its_lists_is_taken_in_without_a_finding(
    dataset: str, engine: Engine, tmp_path: Path
) -> None:
    book = opened(FORMS[dataset].content)
    filled_in(dataset, book)
    content = io.BytesIO()
    book.save(content)
    world = World(engine, tmp_path)
    world.put(str(FORMS[dataset].path), content.getvalue())
    intake = world.pull(dataset, in_sandbox=True)
    assert (intake.messages, intake.files, intake.rows_accepted) == ((), 1, 1)


@pytest.mark.parametrize("dataset", FORMS)
def test_each_column_says_what_it_means_on_the_second_sheet_and_at_its_cells(
    dataset: str,
) -> None:
    book = opened(FORMS[dataset].content)
    page, guide = book.worksheets[:2]
    titles = [cell.value for cell in page[1]]
    assert titles == [column.title for column in DATASETS[dataset].table.columns]
    told = {row[0].value: row[2].value for row in guide.iter_rows(min_row=2) if row[0].value}
    assert list(told) == titles
    prompts = {
        page.cell(1, column_of(held)).value: held.prompt
        for held in page.data_validations.dataValidation
    }
    assert prompts == told


def test_whatever_a_register_knows_as_a_choice_is_offered() -> None:
    for dataset, form in FORMS.items():
        lists = offered(opened(form.content))
        for column in DATASETS[dataset].table.columns:
            if column.kind in (Kind.CHOICE, Kind.MUNICIPALITY, Kind.ADDRESSEE):
                assert lists[column.title], (dataset, column.title)


def test_municipalities_measures_and_kinds_of_acts_are_those_of_the_plan() -> None:
    acts = opened(FORMS["municipal_acts"].content)
    assert offered(acts)["Код муниципалитета"] == [one.id for one in PLAN.municipalities]
    assert [row[1].value for row in acts["Перечни"].iter_rows(min_row=2)][:29] == [
        one.name for one in PLAN.municipalities
    ]
    assert offered(acts)["Вид акта"][0] == "постановление"
    assert "муниципальная программа" in offered(acts)["Вид акта"]
    events = offered(opened(FORMS["events"].content))
    assert events["№ мероприятия"] == [measure.number for measure in PLAN.measures]


def test_codes_of_schools_are_those_of_the_register_in_force(
    any_engine: Engine, tmp_path: Path
) -> None:
    world = World(any_engine, tmp_path)
    assert "Код школы" not in offered(opened(FORMS["medk_changes"].content))
    schools = [
        [f"4400{number:02}", f"Школа № {number} (условная)", "buyskiy", None, None,
         date(2021, 1, 1), None, date(2019, 1, 1), None]
        for number in range(1, 61)
    ]  # fmt: skip
    world.put("registry/schools.xlsx", workbook("Школы", [SCHOOLS, *schools]))
    world.pull("registry_schools")
    with any_engine.connect() as conn:
        known = known_codes(conn, PLAN, world.now_ms)
    now = {form.dataset: form for form in forms(PLAN, SOURCES, known)}
    book = opened(now["medk_changes"].content)
    # Longer than the 255 characters that a cell's own list may have.
    assert offered(book)["Код школы"] == [row[0] for row in schools]
    assert book["Перечни"]["B2"].value == "Школа № 1 (условная)"


def test_a_day_outside_the_plan_and_a_number_below_zero_are_refused_at_the_cell() -> None:
    held = {
        column_of(one): one
        for one in opened(FORMS["events"].content).worksheets[0].data_validations.dataValidation
    }
    day, participants = held[6], held[8]
    epoch = date(1899, 12, 30)
    assert (day.type, day.errorStyle or "stop") == ("date", "stop")
    assert [int(day.formula1), int(day.formula2)] == [
        (date(2021, 1, 1) - epoch).days, (date(2021, 12, 31) - epoch).days,
    ]  # fmt: skip
    assert (participants.type, participants.operator, participants.formula1) == (
        "whole", "greaterThanOrEqual", "0",
    )  # fmt: skip


def test_a_form_that_somebody_may_have_filled_in_is_left(tmp_path: Path) -> None:
    first = written(PLAN, tmp_path, {})
    mine = tmp_path / "mechanisms" / "mechanisms.xlsx"
    assert mine.read_bytes() == FORMS["municipal_mechanisms"].content
    mine.write_bytes(b"mine")
    again = written(PLAN, tmp_path, {})
    assert mine.read_bytes() == b"mine"
    assert len(first) == len(again) == len(FORMS) + 2
    assert "mechanisms/mechanisms.xlsx — уже есть и не изменён" in "\n".join(again)


@pytest.mark.office
def test_libreoffice_keeps_the_lists(tmp_path: Path) -> None:
    if shutil.which("soffice") is None:
        leave_out("LibreOffice (soffice)")
    form: Form = FORMS["municipal_mechanisms"]
    (tmp_path / "form.xlsx").write_bytes(form.content)
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
         "--convert-to", "xlsx", "--outdir", str(tmp_path / "kept"), str(tmp_path / "form.xlsx")],
        check=True, capture_output=True, timeout=180, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    kept = opened((tmp_path / "kept" / "form.xlsx").read_bytes())
    assert offered(kept) == offered(opened(form.content))
    assert offered(kept)["Балл"] == ["0", "1", "2"]
