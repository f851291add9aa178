"""No pupil is kept anywhere: not in the archive, not in the database, whatever folder was wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from roadmap.evidence.archived import clear_archive
from roadmap.evidence.files.inbox import Content, archive
from roadmap.evidence.names import shown_sheet
from roadmap.evidence.sources import load_sources
from roadmap.evidence.unclaimed import take_note
from roadmap.store.tables import load_batch, metadata
from support.evidence_files import EVENTS, PLAN, table_csv
from support.evidence_world import SOURCES, World, act
from support.workbooks import book

PROTOCOL = [
    ["Протокол проверки результатов"],
    ["01 - Русский язык 2021.06.03"],
    ["№", "Код МСУ", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Фамилия", "Имя", "Отчество",
     "Серия", "Номер", "Первичный балл", "Балл"],
    ["1", "111", "111002", "11А", "1018", "9", "Примеров", "Пример", "Условный", "4499", "765432",
     "21", "39"],
]  # fmt: skip
SECRETS = ("Примеров", "765432", "Условный")
FOLDERS = sorted(
    (name, location.replace("*", "протокол"))
    for name, source in SOURCES.items()
    for location in source.locations
)


@pytest.fixture
def world(engine: Engine, tmp_path: Path) -> World:
    return World(engine, tmp_path)


def kept(world: World) -> list[bytes]:
    return [path.read_bytes() for path in world.archive.rglob("*") if path.is_file()]


@pytest.mark.parametrize(("dataset", "place"), FOLDERS)
def test_a_protocol_of_ege_in_any_folder_leaves_no_copy_and_no_name(
    world: World, dataset: str, place: str
) -> None:
    if place.endswith(".csv"):
        world.put(place, table_csv(PROTOCOL))
    else:
        world.put(place, book({"Примеров Пример 765432": PROTOCOL}))
    intake = world.pull(dataset, in_sandbox=True)
    assert intake.files == 1
    assert kept(world) == []
    stored = [intake, *(world.rows(table) for table in metadata.sorted_tables)]
    told = "".join(map(str, stored))
    assert [secret for secret in SECRETS if secret in told] == []


def test_a_protocol_of_ege_that_nobody_claims_leaves_no_name_either(world: World) -> None:
    world.put("ЕГЭ 2021.csv", table_csv(PROTOCOL))
    (told,) = take_note(world.engine, world.inbox, PLAN, world.now_ms)
    assert "Похоже на «ЕГЭ: протоколы РЦОИ»" in told
    stored = "".join(str(world.rows(table)) for table in metadata.sorted_tables)
    assert [secret for secret in SECRETS if secret in stored + told] == []


def test_what_is_accepted_is_archived_and_what_is_refused_is_not(world: World) -> None:
    world.put("acts/good.csv", act())
    world.put("acts/refused.csv", b"\x00\x01\x02 binary")
    world.put("acts/first.csv", act("1", "galich"))
    world.put("acts/second.csv", act("2", "galich"))  # a conflict: nobody knows which is right
    for _ in range(2):
        world.pull()
        assert kept(world) == [act()]
    world.remove("acts/first.csv")
    world.pull()
    assert sorted(kept(world)) == sorted([act(), act("2", "galich")])


def test_the_archive_is_cleared_of_what_was_refused_and_of_pupils(world: World) -> None:
    world.put("acts/good.csv", act())
    world.pull()
    for number, (dataset, state, code) in enumerate(
        [("contacts", "refused", "HEADER"), ("acts", "refused", "CONFLICT")]
    ):
        content = f"refused {number}".encode()
        archive(world.archive, Content(f"{number:064}", len(content), content))
        with world.engine.begin() as conn:
            conn.execute(
                insert(load_batch).values(
                    batch_id=str(number), plan_code="2021", dataset=dataset, scope="-",
                    file_name="f", sha256=f"{number:064}", size_bytes=9, received_ms=1,
                    loaded_ms=1, state=state, rows_read=0, rows_accepted=0, rows_rejected=0,
                    refusal_code=code, refusal_message="Файл не принят.",
                )
            )  # fmt: skip
    assert len(kept(world)) == 3
    assert clear_archive(world.engine, world.archive) == 2
    assert kept(world) == [act()]
    assert clear_archive(world.engine, world.archive) == 0


@pytest.mark.parametrize(
    "name",
    ["Лист1", "Sheet1", "TDSheet", "Мероприятия", "Роли", "Протокол",
     "ВПР 2020 Математика 5 класс", "Отчёт (2)"],
)  # fmt: skip
def test_a_sheet_is_named_where_all_its_words_are_known(name: str) -> None:
    assert shown_sheet(name, 3) == name


@pytest.mark.parametrize(
    "name", ["Примеров Пример", "Протокол Примерова", "И.И. Примеров", "4499 765432", "", "Я"]
)
def test_a_sheet_that_may_be_named_after_a_pupil_is_told_by_its_number(name: str) -> None:
    assert shown_sheet(name, 3) == "№ 3"


def test_names_of_declared_sheets_are_known() -> None:
    from roadmap.datasets.catalogue import DATASETS

    declared = [dataset.sheet for dataset in DATASETS.values() if dataset.sheet]
    assert [shown_sheet(name, 1) for name in declared] == declared


def test_a_rejected_row_of_a_sheet_with_a_name_is_found_by_the_number_of_the_sheet(
    world: World,
) -> None:
    rows = [EVENTS, ["e1", 8, "семинар", "s1", "Тема", "12.03.2021", "проведено", "сорок"]]
    world.put("events/events.xlsx", book({"Примеров": [["другое"]], "Мероприятия": rows}))
    intake = world.pull("events", in_sandbox=True)
    assert "Примеров" not in str(intake)
    assert "лист «Мероприятия»" in str(intake)
    assert load_sources()["events"].title == "Мероприятия"
