"""Scales are data, checked when they are read, and cross a process as plain data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Row, insert

from roadmap.evidence.held import decide
from roadmap.evidence.parsed import Parsed, ReaderContext
from roadmap.evidence.readers.vpr_scales import read
from roadmap.evidence.scales import ScalesError, options_for, scales_of_run
from roadmap.evidence.sources import load_sources
from roadmap.evidence.troubles import batches_to_mend, troubles
from roadmap.store.tables import load_batch, load_warning, metadata, phase_run, run_batch
from support.evidence_files import table_csv, workbook
from support.evidence_world import HOUR, World


def test_scales_cross_a_process_as_json():
    options = options_for("vpr")
    assert json.loads(json.dumps(options)) == options
    assert options["scales"]["2020"]["математика"]["5"] == {"max": 20, "3": 7, "4": 11, "5": 15}


def test_years_that_share_a_paper_share_its_scale_unless_its_tasks_changed():
    scales = options_for("vpr")["scales"]
    papers = {
        year: {
            (subject, grade): scale
            for subject, grades in of.items()
            for grade, scale in grades.items()
        }
        for year, of in scales.items()
    }
    assert len(papers["2021"]) == 31
    assert papers["2021"].keys() - papers["2022"].keys() == {("история", "6"), ("география", "7")}
    assert papers["2022"].items() <= papers["2021"].items()
    assert {paper for paper, scale in papers["2020"].items() if papers["2021"][paper] != scale} == {
        ("биология", "8")
    }  # 35 points in autumn, 36 in spring


def test_the_minima_of_the_exams_of_2020():
    minima = options_for("ege")["scales"]["2020"]
    assert minima["русский язык"] == 36
    assert minima["информатика"] == 40
    assert len(minima) >= 9


def test_a_source_without_scales_gets_none():
    assert options_for(None) == {}


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ('математика: {5: {max: 20, "3": 11, "4": 7, "5": 15}}', "математика.5"),
        ('математика: {5: {max: 14, "3": 7, "4": 11, "5": 15}}', "математика.5"),
        ("математика: {5: {max: 20}}", "математика.5"),
        ("математика: [", "это не YAML"),
    ],
)
def test_a_wrong_scale_is_refused_with_its_path(tmp_path: Path, text: str, inside: str):
    (tmp_path / "vpr_2020.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScalesError, match=inside):
        options_for("vpr", tmp_path)


# -- The region's workbook ---------------------------------------------------------------------

HEAD = ["Год", "Предмет", "Класс", "Максимум", "с «3»", "с «4»", "с «5»"]
OF_HISTORY = [2022, "История", 6, 24, 7, 12, 18]


def workbook_of(*rows: list[Any]) -> Parsed:
    options = load_sources()["vpr_scales"].options_of(2021) | options_for("vpr")
    content = workbook("Шкалы", [HEAD, *rows])
    return read(content, ReaderContext("scales.xlsx", 2021, options))


def test_a_workbook_gives_scales_of_papers_that_are_not_shipped():
    (fact,) = workbook_of(OF_HISTORY).facts["vpr_scale"]
    assert fact == {
        "sheet": "Шкалы", "row": 2, "year": 2022, "subject": "история", "grade": 6,
        "maximum": 24, "three": 7, "four": 12, "five": 18,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "rule", "what"),
    [
        ({3: 17}, "SCALE", "границы отметок должны возрастать и не превышать максимум"),
        ({4: 12}, "SCALE", "границы отметок должны возрастать и не превышать максимум"),
        ({4: 0}, "SCALE", "границы отметок должны возрастать и не превышать максимум"),
        ({2: 3}, "RANGE", "в ВПР нет такого класса"),
        ({3: 2022}, "RANGE", "в ВПР нет такого наибольшего балла"),
        ({1: "Музыка"}, "SUBJECT", "предмет «музыка» не известен"),
        ({0: 2021, 1: "Математике", 2: 5}, "CONTRADICTION",
         "в программе для этой работы другая шкала (20: 7, 11, 15)"),
    ],
)  # fmt: skip
def test_a_row_that_is_no_scale_or_contradicts_a_shipped_one_is_set_aside(changed, rule, what):
    row = [changed.get(at, cell) for at, cell in enumerate(OF_HISTORY)]
    found = workbook_of(row)
    (kept,) = found.rejected
    assert (kept.rule, kept.row) == (rule, 2)
    assert f"Строка не принята: {what}" in kept.message
    assert (found.facts["vpr_scale"], found.rows_accepted) == ([], 0)


def test_a_row_that_repeats_a_shipped_scale_is_no_contradiction():
    assert workbook_of([2021, "Математика", 5, 20, 7, 11, 15]).rejected == ()


# -- Papers that come before their scale -------------------------------------------------------

PROTOCOL = "Проведение работы по математике, 9 класс. ВПР 2021.csv"
ADDED = PROTOCOL.replace("ВПР", "Досланное. ВПР")
SCOPE = "vpr/2021/spring/9/математика"
TITLES = [
    "логин школы", "регион", "код обучающегося", "отметка за предыдущую четверть/триместр",
    "класс", "вариант", "всего баллов",
]  # fmt: skip
mark_result = metadata.tables["mark_result"]
RUN = {
    "plan_code": "2021", "phase": "march_analysis", "occasion": "2021/march_analysis",
    "mode": "dry",
    "as_of": "2021-03-31", "known_at_ms": 0, "started_ms": 0, "plan_sha256": "0" * 64,
    "templates_sha256": "0" * 64, "code_version": "0", "requested_by": "cli",
}  # fmt: skip


@pytest.fixture
def world(any_engine: Engine, tmp_path: Path) -> World:
    """A protocol of a paper without a scale is in force."""
    world = World(any_engine, tmp_path)
    rows = [["sch440101", "район", f"9{n:04}", "4", "9а", "1", 10 + n] for n in range(6)]
    world.put(f"vpr/protocols/{PROTOCOL}", table_csv([TITLES, *rows]))
    assert world.pull("vpr_protocols").accepted == 1
    return world


def marks(world: World) -> list[list[int]]:
    return [[row.mark_2, row.mark_3, row.mark_4, row.mark_5] for row in world.rows(mark_result)]


def put_scale(world: World, *bounds: int) -> None:
    world.put("vpr/scales/scales.csv", table_csv([HEAD, [2021, "Математика", 9, 20, *bounds]]))
    assert world.pull("vpr_scales").accepted == 1


def test_the_operator_is_mailed_of_a_paper_without_a_scale_until_it_comes(world):
    (batch_id,) = batches_to_mend(world.engine)
    (trouble,) = troubles(world.engine, [batch_id])
    assert (trouble.is_without_marks, trouble.is_refused) == (True, False)
    (told,) = trouble.messages
    assert told.startswith("Нет шкалы отметок на 2021 год для работы «математика, 9 класс»")
    put_scale(world, 11, 13, 15)
    world.pull("vpr_protocols")
    assert batches_to_mend(world.engine) == ()


def test_once_the_scale_comes_the_protocol_is_read_again_and_its_marks_are_known_since(world):
    assert marks(world) == []
    assert world.pull("vpr_protocols").unchanged == 1
    put_scale(world, 11, 13, 15)
    assert world.pull("vpr_protocols").accepted == 1
    assert marks(world) == [[1, 2, 2, 1]]
    first, second = [row for row in world.rows(load_batch) if row.dataset == "vpr_protocols"]
    assert (first.scale, second.scale) == ("", "20: 11, 13, 15")
    assert second.received_ms == first.received_ms + 3 * HOUR
    told = [row.message for row in world.rows(load_warning) if row.batch_id == second.batch_id]
    changed = "Отметки поставлены заново: шкала этой работы изменилась."
    assert told == [f"{changed} Файл «{PROTOCOL}». Делать ничего не нужно."]
    assert world.pull("vpr_protocols").unchanged == 1


def test_a_corrected_scale_gives_other_marks(world):
    put_scale(world, 11, 13, 15)
    world.pull("vpr_protocols")
    put_scale(world, 12, 13, 15)
    assert world.pull("vpr_protocols").accepted == 1
    assert marks(world)[-1] == [2, 1, 2, 1]


def test_another_year_s_scale_changes_nothing(world):
    row = [2020, "Математика", 9, 20, 11, 13, 15]
    world.put("vpr/scales/scales.csv", table_csv([HEAD, row]))
    world.pull("vpr_scales")
    assert world.pull("vpr_protocols").unchanged == 1


def test_a_run_compares_by_the_scale_that_its_marks_were_given_by(world):
    put_scale(world, 11, 13, 15)
    world.pull("vpr_protocols")
    first, second = [row for row in world.rows(load_batch) if row.dataset == "vpr_protocols"]
    with world.engine.begin() as conn:
        for run_id, batch in (("before", first), ("after", second)):
            conn.execute(insert(phase_run).values(run_id=run_id, **RUN))
            conn.execute(insert(run_batch).values(run_id=run_id, batch_id=batch.batch_id))
        scales = {run_id: scales_of_run(conn, run_id) for run_id in ("before", "after")}
    shipped = options_for("vpr")["scales"]
    assert scales["before"] == shipped
    assert scales["after"]["2021"]["математика"].pop("9") == {"max": 20, "3": 11, "4": 13, "5": 15}
    assert scales["after"] == shipped


def test_after_a_file_was_added_another_scale_reads_both_files_again(world):
    """What stays of the earlier file was marked by the scale of then, too."""
    put_scale(world, 11, 13, 15)
    whole = [
        [f"sch4401{school:02}", "район", f"9{school:02}{n:02}", "4", "9а", "1", 10 + n]
        for school in range(1, 11)
        for n in range(6)
    ]
    world.put(f"vpr/protocols/{PROTOCOL}", table_csv([TITLES, *whole]))
    assert world.pull("vpr_protocols").accepted == 1
    part = [["sch440120", "район", f"920{n:02}", "4", "9а", "1", 10 + n] for n in range(6)]
    world.put(f"vpr/protocols/{ADDED}", table_csv([TITLES, *part]))
    held = next(one for one in world.pull("vpr_protocols").taken if one.code == "COVERS_LESS")
    said = {"actor": "ivanova", "reason": "дослана школа", "now_ms": world.now_ms}
    decide(world.engine, held.batch_id, "add", **said)
    assert world.pull("vpr_protocols").accepted == 1
    put_scale(world, 12, 13, 15)
    taken = {one.name: one for one in world.pull("vpr_protocols").taken}
    assert (taken[PROTOCOL].state, taken[ADDED].state) == ("unchanged", "accepted")
    assert {row.school_ref: row.mark_2 for row in in_force(world)} == {
        f"4401{school:02}": 2 for school in (*range(1, 11), 20)
    }
    assert world.pull("vpr_protocols").unchanged == 2
    put_scale(world, 13, 14, 15)
    assert world.pull("vpr_protocols").accepted == 1
    assert {row.mark_2 for row in in_force(world)} == {3}


def in_force(world: World) -> list[Row[Any]]:
    batches = [row for row in world.rows(load_batch) if row.scope == SCOPE]
    last = max(batches, key=lambda row: (row.state == "accepted", row.received_ms))
    return [row for row in world.rows(mark_result) if row.batch_id == last.batch_id]
