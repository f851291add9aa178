"""Files that no dataset claims, and files in another dataset's folder: told, with their place."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from roadmap.evidence.troubles import (
    batches_to_mend,
    lying_files,
    mark_told,
    standing_troubles,
    told_again,
    troubles,
)
from roadmap.evidence.unclaimed import take_note
from roadmap.plan.zone import home_time
from roadmap.store.tables import load_batch, lying_file
from support.evidence_files import ACTS, CONTACTS, EVENTS, PLAN, table_csv, workbook
from support.evidence_world import World, act

PROTOCOL = table_csv(
    [
        ["логин школы", "отметка за предыдущую четверть/триместр", "вариант", "всего баллов"],
        ["sch440101", "4", "1", "15"],
    ]
)
CONTACT = ["buyskiy", "roo@example.org", date(2021, 1, 1), None]
CONTACTS_XLSX = workbook("Получатели", [CONTACTS, CONTACT])


@pytest.fixture
def world(engine: Engine, tmp_path: Path) -> World:
    return World(engine, tmp_path)


@pytest.fixture
def any_world(any_engine: Engine, tmp_path: Path) -> World:
    return World(any_engine, tmp_path)


def noted(world: World) -> tuple[str, ...]:
    return take_note(world.engine, world.inbox, PLAN, world.now_ms)


@pytest.mark.parametrize(
    "place",
    ["contacts/contacts (1).xlsx", "contacts/Контакты.xlsx", "Contacts/contacts.xlsx",
     "contacts.xlsx", "contacts/новые/contacts.xlsx"],
)  # fmt: skip
def test_a_file_that_no_location_matches_is_recognised_by_its_content_and_told_where_it_belongs(
    world: World, place: str
) -> None:
    world.put(place, CONTACTS_XLSX)
    folder, _, name = place.rpartition("/")
    assert noted(world) == (
        f"Файл никому не принадлежит и не принят. Файл «{name}», "
        f"{f'папка «{folder}»' if folder else 'папка плана'}. Похоже на «Контакты получателей»: "
        "место таких файлов — contacts/contacts.xlsx или contacts/contacts.csv. Переложите или "
        "переименуйте его.",
    )


def test_of_a_file_that_nothing_can_read_it_is_told_what_is_awaited_in_its_folder(
    world: World,
) -> None:
    world.put("contacts/contacts.ods", b"PK of another kind")
    world.put("прочее/план.docx", b"PK of another kind")
    assert noted(world) == (
        "Файл никому не принадлежит и не принят. Файл «contacts.ods», папка «contacts». Здесь ждут "
        "contacts.xlsx, contacts.csv; переименуйте его, сохраните как xlsx или уберите.",
        "Файл никому не принадлежит и не принят. Файл «план.docx», папка «прочее». Переложите его "
        "в папку его вида сведений или уберите из папки приёма.",
    )


def test_it_is_told_once_however_often_it_is_met_and_lies_there_until_it_is_gone(
    world: World,
) -> None:
    world.put("contacts/contacts (1).xlsx", CONTACTS_XLSX)
    noted(world)
    new = batches_to_mend(world.engine)
    (trouble,) = troubles(world.engine, new)
    assert (trouble.title, trouble.is_refused) == ("Файлы вне своих папок", True)
    mark_told(world.engine, new, world.now_ms)
    assert noted(world) == trouble.messages, "the log still says it"
    assert batches_to_mend(world.engine) == ()
    assert len(world.rows(load_batch)) == 1
    assert [(one.folder, one.name) for one in lying_files(world.engine)] == [
        ("contacts", "contacts (1).xlsx")
    ]
    world.remove("contacts/contacts (1).xlsx")
    assert noted(world) == ()
    assert lying_files(world.engine) == ()


def test_what_a_dataset_claims_and_what_is_no_evidence_is_not_told(world: World) -> None:
    world.put("contacts/contacts.xlsx", CONTACTS_XLSX)
    world.put("acts/a.csv", act())
    world.receipts({"acts/a.csv": "2021-03-05T10:00:00+03:00"})
    for name in ("~$contacts.xlsx", ".DS_Store", "b.csv.ready", "b.csv.part"):
        world.put(f"acts/{name}", b"")
    assert noted(world) == ()


def test_a_link_is_told_and_not_followed_and_any_name_is_bearable(
    world: World, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "contacts.xlsx").write_bytes(CONTACTS_XLSX)
    year = world.inbox / "2021"
    (year / "link").symlink_to(outside)
    (year / "broken.xlsx").symlink_to(outside / "nothing")
    (year / os.fsdecode(b"\xff.xlsx")).write_bytes(b"")
    os.utime(year / os.fsdecode(b"\xff.xlsx"), (1_000_000_000, 1_000_000_000))
    assert [message.partition("Файл «")[2].partition("»")[0] for message in noted(world)] == [
        "broken.xlsx",
        "link",
        ".xlsx",
    ]
    assert {one.name for one in lying_files(world.engine)} == {"broken.xlsx", "link", ".xlsx"}


def test_a_folder_among_the_exports_is_no_file_and_what_lies_in_it_is_recognised(
    world: World,
) -> None:
    world.put("vpr/marks/4/протокол.csv", PROTOCOL)
    assert world.pull("vpr_marks", in_sandbox=True).taken == ()
    (told,) = noted(world)
    assert told == (
        "Файл никому не принадлежит и не принят. Файл «протокол.csv», папка «vpr/marks/4». Похоже "
        "на «ВПР: протоколы»: место таких файлов — vpr/protocols/*.xlsx или vpr/protocols/*.csv, с "
        "именем вида «Проведение работы по математике, 5 класс. ВПР 2020.xlsx». Переложите или "
        "переименуйте его."
    )


def test_a_file_of_another_dataset_is_refused_with_a_word_of_where_it_belongs(
    world: World,
) -> None:
    sheet = [ACTS, ["buyskiy", "приказ", "1", date(2021, 3, 25), None, "адресные рекомендации"]]
    world.put("vpr/marks/работа.xlsx", workbook("Акты", sheet))
    (file,) = world.pull("vpr_marks", in_sandbox=True).taken
    hint = (
        "Похоже на «Муниципальные правовые акты»: место таких файлов — acts/*.xlsx или acts/*.csv."
    )
    assert (file.state, file.code) == ("refused", "HEADER")
    assert hint in file.messages[0]
    (batch,) = world.rows(load_batch)
    assert hint in batch.refusal_message


# -- Whoever took it -------------------------------------------------------------------------


def test_a_refused_file_is_told_once_whoever_took_it_in(world: World) -> None:
    world.put("acts/bad.csv", b"\x00\x01\x02 binary")
    world.pull()  # a phase's, also a dry one's
    (batch_id,) = batches_to_mend(world.engine)
    assert batches_to_mend(world.engine) == (batch_id,), "until it was mailed"
    mark_told(world.engine, [batch_id], world.now_ms)
    world.pull()
    assert batches_to_mend(world.engine) == ()


def test_a_file_that_was_mended_before_anybody_was_told_is_not_told(world: World) -> None:
    world.put("acts/a.csv", b"")
    world.pull()
    world.put("acts/a.csv", act())
    world.pull()
    assert batches_to_mend(world.engine) == ()


def test_what_lies_unaccepted_is_known_by_name_folder_and_rows(
    any_engine: Engine, tmp_path
) -> None:
    world = World(any_engine, tmp_path)
    rows = [["buyskiy", "приказ", "", "25.03.2021", "", ""] for _ in range(3)]
    world.put("acts/rejected.csv", table_csv([ACTS, *rows]))
    world.put("acts/good.csv", act())
    world.pull()
    (lying,) = lying_files(any_engine, "2021")
    assert (lying.folder, lying.name, lying.rows_read, lying.rows_rejected) == (
        "acts", "rejected.csv", 3, 3,
    )  # fmt: skip
    assert lying.reason == "Файл не принят: отклонены 3\u00a0строки из 3"
    assert lying_files(any_engine, "2027") == ()
    world.remove("acts/rejected.csv")
    world.pull()
    assert lying_files(any_engine) == ()


def test_two_looks_at_one_time_note_a_file_once(any_engine: Engine, tmp_path: Path) -> None:
    world = World(any_engine, tmp_path)
    for number in range(3):
        world.put(f"contacts/contacts ({number}).xlsx", CONTACTS_XLSX)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: noted(world), range(2))
    assert first == second
    assert len(first) == 3
    names = [row.file_name for row in world.rows(load_batch)]
    assert sorted(names) == [f"contacts ({number}).xlsx" for number in range(3)]
    assert len(world.rows(lying_file)) == 3


# -- Told again whenever somebody asks ---------------------------------------------------------


def told_now(world: World, dataset: str = "", **options: int) -> list[str]:
    with world.engine.connect() as db, db.begin():
        found = standing_troubles(db, "2021", dataset, **options)
    return [line for trouble in found for line in told_again(trouble)]


def test_rows_are_told_again_with_the_file_and_row_where_they_were_first_read(
    any_world: World,
) -> None:
    people = [
        [f"e{n}", 8, "семинар", "s1", "Тема", date(2021, 3, 12), "проведено", who]
        for n, who in enumerate([12, "много", "мало", 9, 10, 11, 12, 13, 14, 15])
    ]
    any_world.put("events/events.xlsx", workbook("Мероприятия", [EVENTS, *people]))
    intake = any_world.pull("events")
    first_ms = any_world.now_ms
    assert intake.rows_rejected == 2
    with any_world.engine.connect() as db, db.begin():
        assert standing_troubles(db, "2021", beside={x.batch_id or "" for x in intake.taken}) == ()
    mark_told(any_world.engine, batches_to_mend(any_world.engine), any_world.now_ms)
    assert any_world.pull("events").unchanged == 1

    heading, *rows = told_now(any_world)
    read = home_time().at(first_ms)
    assert heading == (
        "«Мероприятия», план 2021 года: файл «events.xlsx» принят с замечаниями "
        f"{read:%d.%m.%Y в %H:%M} (МСК)"
    )
    assert rows == [f"— {message}" for message in intake.messages]
    assert ["строка 3" in rows[0], "строка 4" in rows[1]] == [True, True]
    assert told_now(any_world, "events") == [heading, *rows]
    assert told_now(any_world, "acts") == []
    assert told_now(any_world, most=1) == [heading, rows[0], "— … и ещё 1"]


def test_a_refused_file_is_told_again_as_long_as_it_lies_there(any_world: World) -> None:
    any_world.put("acts/bad.csv", b"\x00\x01\x02 binary")
    any_world.pull()
    mark_told(any_world.engine, batches_to_mend(any_world.engine), any_world.now_ms)
    heading, reason = told_now(any_world)
    assert "файл «bad.csv» не принят" in heading
    assert reason.startswith("— В тексте файла есть недопустимые знаки. Файл «bad.csv».")
    (any_world.inbox / "2021" / "acts" / "bad.csv").unlink()
    any_world.pull()
    assert told_now(any_world) == []
