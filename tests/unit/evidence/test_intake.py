"""Taking in: what changes nothing, what supersedes, what is a conflict; nothing is lost."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path, PosixPath
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, insert, select
from sqlalchemy import event as event_of_engine
from sqlalchemy.exc import IntegrityError

from roadmap.evidence.files import sandbox
from roadmap.evidence.files.inbox import Found, Receipts, is_settled
from roadmap.evidence.files.limits import Limits
from roadmap.evidence.intake import Intake, batches_in_force, take_in
from roadmap.evidence.parsed import Parsed, ReaderContext, Rejected
from roadmap.evidence.troubles import batches_to_mend, troubles
from roadmap.store.engine import open_engine
from roadmap.store.tables import FACTS, load_batch, load_warning, metadata, rejected_row
from support.evidence_files import (
    ACKNOWLEDGEMENTS,
    ACTS,
    CONTACTS,
    PEOPLE,
    PLAN,
    table_csv,
    workbook,
)
from support.evidence_world import HOUR, SOURCES, START, World, act, events, read_here
from support.workbooks import parts_of, zipped

acknowledgement, contact, event, exam_result, municipal_act = (
    metadata.tables[name]
    for name in ("acknowledgement", "contact", "event", "exam_result", "municipal_act")
)


@pytest.fixture
def world(engine: Engine, tmp_path: Path) -> World:
    return World(engine, tmp_path)


@pytest.fixture
def any_world(any_engine: Engine, tmp_path: Path) -> World:
    return World(any_engine, tmp_path)


def states(intake: Intake) -> dict[str, str]:
    return {file.name: file.state for file in intake.taken}


# -- One file --------------------------------------------------------------------------------


def test_a_file_becomes_a_batch_with_facts_and_an_archived_copy(any_world: World) -> None:
    any_world.put("acts/a.csv", act())
    intake = any_world.pull(in_sandbox=True)
    assert (intake.files, intake.rows_read, intake.rows_accepted) == (1, 1, 1)
    assert (intake.rows_rejected, intake.unchanged, intake.refused) == (0, 0, 0)
    assert intake.is_changed
    (batch,) = any_world.rows(load_batch)
    assert (batch.dataset, batch.scope, batch.state) == ("municipal_acts", "buyskiy", "accepted")
    assert (batch.received_ms, batch.loaded_ms) == (any_world.now_ms, any_world.now_ms)
    assert any_world.acts_in_force() == [("buyskiy", "1")]
    (kept,) = [path for path in any_world.archive.rglob("*") if path.is_file()]
    assert kept.read_bytes() == act()


def test_a_parser_that_dies_refuses_its_file_and_the_rest_of_the_pull_is_read(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = tmp_path / "readings"
    (tmp_path / "bad_readers").mkdir()
    (tmp_path / "bad_readers" / "acts.py").write_text(
        "import os\n"
        "from roadmap.evidence.readers import register\n"
        "def read(content, context):\n"
        f"    with open({str(readings)!r}, 'a') as told:\n"
        "        told.write(f'{os.getpid()} {context.file_name}\\n')\n"
        "    if context.file_name == 'b.csv':\n"
        "        os.abort()\n"
        "    return register.read(content, context)\n",
        encoding="utf-8",
    )
    places = [*sandbox._import_path(), str(tmp_path)]
    point = (
        "import roadmap.evidence.files.sandbox_worker as n; n._READERS = 'bad_readers'; sys.exit"
    )
    monkeypatch.setattr(sandbox, "_import_path", lambda: places)
    monkeypatch.setattr(sandbox, "_START", sandbox._START.replace("sys.exit", point))
    monkeypatch.setitem(
        SOURCES,
        "municipal_acts",
        SOURCES["municipal_acts"].model_copy(update={"reader": "acts"}),
    )
    for name, municipality in (("a", "buyskiy"), ("b", "vokhomskiy"), ("c", "galichskiy")):
        world.put(f"acts/{name}.csv", act(municipality=municipality))
    intake = world.pull(in_sandbox=True)
    assert [(file.name, file.state, file.code) for file in intake.taken] == [
        ("a.csv", "accepted", None),
        ("b.csv", "refused", "PARSER_DIED"),
        ("c.csv", "accepted", None),
    ]
    assert world.acts_in_force() == [("buyskiy", "1"), ("galichskiy", "1")]
    # One worker for all; the culprit is found by reading it once more alone.
    told = [line.split() for line in readings.read_text(encoding="utf-8").splitlines()]
    assert [name for _, name in told] == ["a.csv", "b.csv", "b.csv", "c.csv"]
    assert told[0][0] == told[1][0] != told[2][0]


def test_the_same_file_again_changes_nothing(any_world: World) -> None:
    any_world.put("acts/a.csv", act())
    any_world.pull()
    before = {table.name: any_world.rows(table) for table in metadata.sorted_tables}
    intake = any_world.pull()
    assert (intake.unchanged, intake.is_changed, intake.rows_read) == (1, False, 0)
    assert intake.messages == ()
    assert {table.name: any_world.rows(table) for table in metadata.sorted_tables} == before


def test_the_same_content_under_another_name_changes_nothing(world: World) -> None:
    world.put("acts/a.csv", act())
    world.pull()
    world.put("acts/b.csv", act())
    assert states(world.pull()) == {"a.csv": "unchanged", "b.csv": "unchanged"}


def test_a_changed_file_supersedes_and_the_old_one_stays(any_world: World) -> None:
    any_world.put("acts/a.csv", act("1"))
    any_world.pull()
    then = any_world.now_ms
    any_world.put("acts/a.csv", act("2"))
    any_world.pull()
    assert any_world.acts_in_force() == [("buyskiy", "2")]
    assert any_world.acts_in_force(then) == [("buyskiy", "1")]
    assert any_world.acts_in_force(then - 1) == []
    assert len(any_world.rows(municipal_act)) == 2


def test_a_file_that_was_in_force_before_comes_back_as_a_new_batch(world: World) -> None:
    for number in ("1", "2", "1"):
        world.put("acts/a.csv", act(number))
        assert world.pull().accepted == 1
        assert world.pull().unchanged == 1
    assert world.acts_in_force() == [("buyskiy", "1")]
    assert len(world.rows(load_batch)) == 3


def test_what_is_taken_away_stays_in_force(world: World) -> None:
    world.put("acts/a.csv", act())
    world.pull()
    world.remove("acts/a.csv")
    assert world.pull().files == 0
    assert world.acts_in_force() == [("buyskiy", "1")]


def test_a_file_still_being_written_waits_and_is_told(world: World) -> None:
    path = world.put("acts/a.csv", act())
    moment = (world.now_ms + HOUR - 1000) / 1000
    os.utime(path, (moment, moment))
    intake = world.pull()
    assert (intake.waiting, intake.accepted) == (1, 0)
    assert "записывается" in intake.messages[0]
    assert world.pull().accepted == 1


class Locked(PosixPath):
    """A folder in which nobody may look at «locked.csv»."""

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        if follow_symlinks and self.name == "locked.csv":
            raise PermissionError(self.name)
        return super().stat(follow_symlinks=follow_symlinks)


def test_a_file_that_may_not_be_read_is_told_and_stops_no_other(world: World) -> None:
    world.put("acts/locked.csv", act("1", "galich"))
    world.put("acts/open.csv", act())
    world.inbox = Locked(world.inbox)
    intake = world.pull()
    assert states(intake) == {"locked.csv": "waiting", "open.csv": "accepted"}
    assert "нет прав" in intake.messages[0]


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("b.csv")])
def test_a_file_that_becomes_something_else_meanwhile_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None]
) -> None:
    world.put("acts/a.csv", act("1", "galich"))
    world.put("acts/b.csv", act())

    def exchanged(found: Found, receipts: Receipts, now_ms: int) -> bool:
        if found.name == "a.csv":
            found.path.unlink()
            make(found.path)
        return is_settled(found, receipts, now_ms + 2 * HOUR)

    monkeypatch.setattr("roadmap.evidence.intake.is_settled", exchanged)
    intake = world.pull()
    assert states(intake) == {"a.csv": "waiting", "b.csv": "accepted"}
    assert "«a.csv»" in intake.messages[0] and "не открывается" in intake.messages[0]


# -- Several files of one scope --------------------------------------------------------------


def test_two_new_files_of_one_scope_are_a_conflict_and_both_are_refused(any_world: World) -> None:
    any_world.put("acts/act_1.csv", act("1"))
    any_world.pull()
    first_day = "20.03.2021"
    any_world.put("acts/act_2.csv", act("2"))
    any_world.put("acts/act_3.csv", act("3"))
    intake = any_world.pull()
    assert states(intake) == {
        "act_1.csv": "unchanged",
        "act_2.csv": "refused",
        "act_3.csv": "refused",
    }
    assert intake.messages[0] == (
        "Разные файлы об одном и том же: «act_2.csv» и «act_3.csv». "
        "Сведения: «Муниципальные правовые акты», «buyskiy». "
        f"Не принят ни один. Оставьте в папке верный. Действуют прежние сведения от {first_day}."
    )
    assert any_world.acts_in_force() == [("buyskiy", "1")]


def test_a_conflict_is_remembered_once_and_ends_when_one_file_is_left(world: World) -> None:
    world.put("acts/a.csv", act("1"))
    world.put("acts/b.csv", act("2"))
    assert world.pull().refused == 2
    assert world.pull().refused == 2
    assert len(world.rows(load_batch)) == 2
    world.remove("acts/a.csv")
    assert states(world.pull()) == {"b.csv": "accepted"}
    assert world.acts_in_force() == [("buyskiy", "2")]


def test_an_old_file_lying_beside_the_new_one_does_not_come_back(world: World) -> None:
    world.put("acts/a.csv", act("1"))
    world.pull()
    world.put("acts/b.csv", act("2"))
    assert states(world.pull()) == {"a.csv": "unchanged", "b.csv": "accepted"}
    assert states(world.pull()) == {"a.csv": "unchanged", "b.csv": "unchanged"}
    assert world.acts_in_force() == [("buyskiy", "2")]


def test_when_the_newest_file_is_taken_away_the_one_left_is_in_force_again(world: World) -> None:
    world.put("acts/a.csv", act("1"))
    world.pull()
    world.put("acts/b.csv", act("2"))
    world.pull()
    world.remove("acts/b.csv")
    assert states(world.pull()) == {"a.csv": "accepted"}
    assert world.acts_in_force() == [("buyskiy", "1")]


def test_two_files_with_different_receipts_are_taken_in_their_order(world: World) -> None:
    world.put("acts/a.csv", act("1"))
    world.put("acts/b.csv", act("2"))
    world.receipts(
        {"acts/a.csv": "2021-03-10T10:00:00+03:00", "acts/b.csv": "2021-03-05T10:00:00+03:00"}
    )
    assert world.pull().accepted == 2
    assert world.acts_in_force() == [("buyskiy", "1")]
    between = int(datetime(2021, 3, 7, tzinfo=UTC).timestamp() * 1000)
    assert world.acts_in_force(between, "received") == [("buyskiy", "2")]
    assert world.pull().unchanged == 2


def test_a_past_moment_knows_what_had_been_loaded_by_then_whenever_it_was_received(
    any_world: World,
) -> None:
    """A file received in March and loaded after the run of June was not known to that run."""
    any_world.put("acts/a.csv", act("1"))
    any_world.receipts({"acts/a.csv": "2021-03-01T10:00:00+03:00"})
    any_world.pull()
    june_ms = any_world.now_ms
    any_world.now_ms += 86_400_000
    any_world.put("acts/b.csv", act("2"))
    any_world.receipts(
        {"acts/a.csv": "2021-03-01T10:00:00+03:00", "acts/b.csv": "2021-03-05T10:00:00+03:00"}
    )
    any_world.pull()
    assert any_world.acts_in_force() == [("buyskiy", "2")]
    assert any_world.acts_in_force(june_ms) == [("buyskiy", "1")]
    assert any_world.acts_in_force(june_ms, "received") == [("buyskiy", "2")]


def test_two_files_with_one_receipt_time_are_a_conflict(world: World) -> None:
    world.put("acts/a.csv", act("1"))
    world.put("acts/b.csv", act("2"))
    world.receipts(dict.fromkeys(["acts/a.csv", "acts/b.csv"], "2021-03-05T10:00:00+03:00"))
    assert world.pull().refused == 2


def test_a_receipt_of_earlier_content_does_not_date_the_new_one(world: World) -> None:
    world.put("acts/a.csv", act("1"))
    world.receipts({"acts/a.csv": "2021-03-05T10:00:00+03:00"})
    world.pull()
    world.put("acts/a.csv", act("2"))
    intake = world.pull()
    assert intake.accepted == 1
    assert any("прежнему содержанию" in message for message in intake.messages)
    assert world.acts_in_force(START, "received") == [("buyskiy", "1")]
    assert world.acts_in_force() == [("buyskiy", "2")]
    assert world.pull().unchanged == 1


def test_a_file_that_changes_its_municipality_does_not_inherit_the_old_receipt_and_is_told(
    any_world: World,
) -> None:
    any_world.put("acts/a.csv", act("1", "buyskiy"))
    any_world.receipts({"acts/a.csv": "2021-03-05T10:00:00+03:00"})
    any_world.pull()
    assert any_world.acts_in_force(START, "received") == [("buyskiy", "1")]
    any_world.put("acts/a.csv", act("2", "galich"))
    intake = any_world.pull()
    assert intake.messages == (
        "Время получения относится к прежнему содержанию файла, учтено время приёма. "
        "Файл «a.csv». Дополните список времён получения.",
        "Файл прежде был о другом: теперь «galich», было «buyskiy». Файл «a.csv». "
        "Прежние сведения остались в силе. Если файл перепутан, верните прежний.",
    )
    assert any_world.acts_in_force(START, "received") == [("buyskiy", "1")], "the past is as it was"
    assert any_world.acts_in_force() == [("buyskiy", "1"), ("galich", "2")]
    (mailed,) = troubles(any_world.engine, batches_to_mend(any_world.engine))
    assert (mailed.is_about_another, mailed.messages) == (True, intake.messages[1:])
    assert any_world.pull().unchanged == 1


def test_a_good_file_put_back_over_a_spoilt_one_is_in_force_though_its_receipt_is_old(
    world: World,
) -> None:
    world.put("acts/a.csv", act("1"))
    world.receipts({"acts/a.csv": "2021-03-05T10:00:00+03:00"})
    world.pull()
    world.put("acts/a.csv", act("2"))
    world.pull()
    assert world.acts_in_force() == [("buyskiy", "2")]
    spoilt_ms = world.now_ms
    world.put("acts/a.csv", act("1"))
    assert world.pull().accepted == 1
    assert world.acts_in_force() == [("buyskiy", "1")]
    assert world.acts_in_force(spoilt_ms) == [("buyskiy", "2")]
    assert world.pull().unchanged == 1


def test_two_copies_with_different_receipts_are_one_batch_known_since_the_first(
    world: World,
) -> None:
    world.put("acts/a.csv", act())
    world.put("acts/b.csv", act())
    world.receipts(
        {"acts/a.csv": "2021-03-10T10:00:00+03:00", "acts/b.csv": "2021-03-05T10:00:00+03:00"}
    )
    assert states(world.pull()) == {"a.csv": "unchanged", "b.csv": "accepted"}
    (batch,) = world.rows(load_batch)
    assert batch.received_ms == int(datetime(2021, 3, 5, 7, tzinfo=UTC).timestamp() * 1000)


def test_files_of_different_scopes_do_not_meet(world: World) -> None:
    world.put("acts/a.csv", act("1", "buyskiy"))
    world.put("acts/b.csv", act("1", "galich"))
    assert world.pull().accepted == 2
    assert world.acts_in_force() == [("buyskiy", "1"), ("galich", "1")]


@settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    order=st.permutations(range(4)),
    cuts=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_the_order_of_arrival_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cuts: list[bool]
) -> None:
    # Four versions with receipts of four days arrive in any order, in one pull or in several.
    folder = tmp_path_factory.mktemp("order")
    engine = open_engine(f"sqlite:///{folder / 'roadmap.db'}")
    metadata.create_all(engine)
    world = World(engine, folder)
    world.receipts({f"acts/{n}.csv": f"2021-03-{n + 1:02}T10:00:00+03:00" for n in range(4)})
    for number, cut in zip(order, cuts, strict=True):
        world.put(f"acts/{number}.csv", act(str(number)))
        if cut:
            world.pull()
    world.pull()
    for day in range(4):
        noon = int(datetime(2021, 3, day + 1, 12, tzinfo=UTC).timestamp() * 1000)
        assert world.acts_in_force(noon, "received") == [("buyskiy", str(day))]
    assert len(world.rows(load_batch)) == 4
    engine.dispose()


def test_identical_content_in_parallel_pulls_makes_one_batch(any_world: World) -> None:
    any_world.put("acts/a.csv", act())
    barrier = threading.Barrier(2, timeout=30)
    taken: list[Intake] = []

    def read_together(*args: Any) -> Parsed:
        parsed = read_here(*args)
        barrier.wait()  # both have read before either writes
        return parsed

    def pull(now_ms: int) -> None:
        source = SOURCES["municipal_acts"]
        taken.append(
            take_in(
                any_world.engine,
                source,
                any_world.inbox,
                any_world.archive,
                PLAN,
                now_ms,
                parse=read_together,
            )
        )

    threads = [threading.Thread(target=pull, args=(START + n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.taken[0].state for one in taken) == ["accepted", "unchanged"]
    assert len(any_world.rows(load_batch)) == 1
    assert len(any_world.rows(municipal_act)) == 1


def test_the_order_of_municipalities_files_and_their_copies_change_nothing(
    tmp_path: Path,
) -> None:
    files = {
        "buyskiy.csv": [["buyskiy", "SH-1", "март", "05.04.2021"]],
        "galich.csv": [
            ["galich", "SH-2", "март", "06.04.2021"],
            ["galich", "SH-3", "июнь", "02.07.2021"],
        ],
    }
    files["копия buyskiy.csv"] = files["buyskiy.csv"]
    seen = []
    for number, order in enumerate(permutations(files)):
        folder = tmp_path / str(number)
        copy = open_engine(f"sqlite:///{folder}.db")
        metadata.create_all(copy)
        world = World(copy, folder)
        for name in order:
            world.put(f"acknowledgements/{name}", table_csv([ACKNOWLEDGEMENTS, *files[name]]))
            world.pull("acknowledgements")
        seen.append(
            sorted(
                (row.school_id, row.phase, row.received_on) for row in world.rows(acknowledgement)
            )
        )
        assert sorted(batch.scope for batch in world.rows(load_batch)) == ["buyskiy", "galich"]
        copy.dispose()
    assert len(seen) == 6
    assert all(one == seen[0] for one in seen)
    assert seen[0] == [
        ("SH-1", "march_analysis", "2021-04-05"),
        ("SH-2", "march_analysis", "2021-04-06"),
        ("SH-3", "june_monitoring", "2021-07-02"),
    ]


# -- Quarantine and refusal ------------------------------------------------------------------


def test_a_rejected_row_is_stored_with_its_place_and_the_others_are_taken(
    any_world: World,
) -> None:
    any_world.put("events/events.xlsx", events(40, "четыре", 30, 20))
    intake = any_world.pull("events")
    assert (intake.rows_read, intake.rows_accepted, intake.rows_rejected) == (4, 3, 1)
    (row,) = any_world.rows(rejected_row)
    assert (row.sheet, row.row, row.column_name, row.rule) == (
        "Мероприятия",
        3,
        "H «Участников»",
        "TYPE",
    )
    assert intake.messages == (row.message,)
    assert len(any_world.rows(event)) == 3


def test_a_file_with_too_many_rejected_rows_is_refused_and_the_old_one_stays(
    world: World,
) -> None:
    world.put("events/events.xlsx", events(40, 30))
    world.pull("events")
    world.put("events/events.xlsx", events(40, "два", "три"))
    intake = world.pull("events")
    (file,) = intake.taken
    assert (file.state, file.code) == ("refused", "TOLERANCE")
    assert file.messages[0] == (
        "Файл не принят: отклонены 2\u00a0строки из 3. Файл «events.xlsx». Исправьте названные "
        "строки и положите файл снова. Действуют прежние сведения от 20.03.2021."
    )
    assert len(file.messages) == 3
    assert len(world.rows(rejected_row)) == 2
    assert len(world.rows(event)) == 2
    with world.engine.connect() as conn:
        assert [batch.rows_accepted for batch in batches_in_force(conn, "2021", world.now_ms)] == [
            2
        ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "EMPTY"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, None),
        (b"PK\x03\x04 not a workbook", None),
        (b"\x00\x01\x02 binary", None),
        (table_csv([["Код", "Что-то"], ["1", "2"]]), "HEADER"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_once_and_stops_no_other(
    world: World, content: bytes, code: str | None
) -> None:
    world.put("acts/bad.csv", content)
    world.put("acts/good.csv", act())
    for _ in range(2):
        intake = world.pull()
        assert states(intake)["bad.csv"] == "refused"
        assert "«bad.csv»" in intake.messages[0]
    (refused,) = [batch for batch in world.rows(load_batch) if batch.state == "refused"]
    assert refused.scope == "-"
    assert code is None or refused.refusal_code == code
    assert world.acts_in_force() == [("buyskiy", "1")]


def test_a_file_over_its_datasets_limit_is_refused_unread(world: World) -> None:
    world.put("acts/big.csv", b"x" * 1_000_001)
    assert world.pull().taken[0].code == "SIZE"


def test_a_refused_file_is_taken_in_once_it_is_put_right(world: World) -> None:
    world.put("acts/a.csv", b"")
    assert world.pull().refused == 1
    world.put("acts/a.csv", act())
    assert world.pull().accepted == 1


def test_of_a_file_with_personal_data_nothing_is_kept_but_the_fact(world: World) -> None:
    person = "Примеров Пример Условный"
    rows = [[*PEOPLE, "ФИО"], ["P-1", "куратор", "buyskiy", "SH-1", "01.02.2021", "", person]]
    world.put("registry/people.csv", table_csv(rows))
    assert world.pull("registry_people").taken[0].code == "PERSONAL_DATA"
    assert list(world.archive.rglob("*.bin")) == []
    stored = [str(world.rows(table)) for table in (*FACTS, load_batch, rejected_row, load_warning)]
    assert "Примеров" not in "".join(stored)


def test_of_a_protocol_with_pupils_only_counts_are_kept(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    lines = [
        "Протокол проверки",
        "44 - Костромская область",
        "01 - Русский язык 2020.07.06",
        "№;Код МСУ;Код ОО;Класс;Код ППЭ;Аудитория;Фамилия;Имя;Отчество;Серия;Номер;"
        "Первичный балл;Балл",
        "1;111;111002;11А;1018;9;Примеров;Пример;Условный;4499;765432;21;39",
        "2;111;111002;11А;1018;9;Образцова;Проба;Условная;4498;765431;50;90",
        "3;111;111002;11А;1018;9;Негодный;Балл;Условный;4497;765430;50;900",
        *[f"{n};111;111002;11А;1018;9;Условный{n};А;Б;4400;76{n:04};30;60" for n in range(4, 12)],
    ]
    world.put("ege/russkiy.csv", "\r\n".join(lines).encode("cp1251"))
    intake = world.pull("ege_protocols", in_sandbox=True)
    assert (intake.accepted, intake.rows_read, intake.rows_rejected) == (1, 11, 1)
    (result,) = world.rows(exam_result)
    assert (result.participants, result.high_scores) == (10, 1)
    assert list(world.archive.rglob("*.bin")) == []
    everything = [intake, caplog.text, *(world.rows(table) for table in metadata.sorted_tables)]
    told = "".join(map(str, everything))
    for secret in ("Примеров", "Образцова", "Негодный", "765432", "765430", "4499"):
        assert secret not in told


def _two_exams(physics: int) -> bytes:
    heading = "№;Код ОО;Первичный балл;Балл"
    lines = ["01 - Русский язык 2020.07.06", heading, "1;111002;21;39", "2;111002;30;60",
             "03 - Физика 2020.07.13", heading, f"1;111002;21;{physics}"]  # fmt: skip
    return "\r\n".join(lines).encode("cp1251")


def test_of_a_file_about_two_exams_each_is_taken_in_by_itself(world: World) -> None:
    world.put("ege/all.csv", _two_exams(50))
    intake = world.pull("ege_protocols", in_sandbox=True)
    assert [(file.name, file.state) for file in intake.taken] == [
        ("all.csv", "accepted"), ("all.csv (физика)", "accepted"),
    ]  # fmt: skip
    assert {(row.subject, row.score_sum) for row in world.rows(exam_result)} == {
        ("русский язык", 99), ("физика", 50),
    }  # fmt: skip

    again = world.pull("ege_protocols", in_sandbox=True)
    assert (again.accepted, {file.state for file in again.taken}) == (0, {"unchanged"})

    world.put("ege/all.csv", _two_exams(70))
    corrected = world.pull("ege_protocols", in_sandbox=True)
    assert corrected.accepted == 2
    with world.engine.connect() as conn:
        in_force = {batch.scope for batch in batches_in_force(conn, "2021", world.now_ms)}
    assert in_force == {"ege/2020/main/11/русский язык", "ege/2020/main/11/физика"}


def test_of_two_exams_in_one_file_one_that_is_refused_stops_not_the_other(world: World) -> None:
    world.put("ege/all.csv", _two_exams(900))
    intake = world.pull("ege_protocols", in_sandbox=True)
    assert {(file.name, file.state, file.code) for file in intake.taken} == {
        ("all.csv", "accepted", None),
        ("all.csv (физика)", "refused", "TOLERANCE"),
    }
    again = world.pull("ege_protocols", in_sandbox=True)
    assert {(file.name, file.state, file.code) for file in again.taken} == {
        ("all.csv", "unchanged", None),
        ("all.csv (физика)", "refused", "TOLERANCE"),
    }, "told as long as it lies there"


def test_a_protocol_refused_for_its_rows_names_none_that_could_be_mended(world: World) -> None:
    lines = [
        "01 - Русский язык 2020.07.06",
        "№;Код ОО;Первичный балл;Балл",
        *[f"{n};111002;21;{score}" for n, score in enumerate((39, 900, "#ЗНАЧ!"), 1)],
    ]
    world.put("ege/russkiy.csv", "\r\n".join(lines).encode("cp1251"))
    (file,) = world.pull("ege_protocols", in_sandbox=True).taken
    assert (file.state, file.code) == ("refused", "TOLERANCE")
    assert file.messages[0].endswith(
        "Запросите исправленный файл: почему строки отклонены, сказано далее."
    )
    assert [message.partition(":")[0] for message in file.messages[1:3]] == [
        "Тестовый балл меньше 0 или больше 100",
        "Тестовый балл — не целое число",
    ]


def test_addresses_reach_neither_messages_nor_quarantine(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    rows = [
        CONTACTS,
        ["buyskiy", "secret@example.org\nother@example.org", date(2021, 1, 1), None],
        ["galich", "shared@example.org", date(2021, 1, 1), None],
        ["buy", "shared@example.org", date(2021, 1, 1), None],
        *[[f"m{'a' * n}", f"good{n}@example.org", date(2021, 1, 1), None] for n in range(1, 5)],
    ]
    world.put("contacts/contacts.xlsx", workbook("Получатели", rows))
    intake = world.pull("contacts")
    assert (intake.rows_accepted, intake.rows_rejected) == (4, 3)
    assert len(world.rows(contact)) == 4
    told = f"{intake.messages}{world.rows(rejected_row)}{caplog.text}"
    assert "secret@" not in told and "shared@" not in told and "good1@" not in told


def test_a_pull_is_one_transaction(any_world: World) -> None:
    # A rejected row that the database refuses takes all batches and facts of its pull with it.
    def unstorable(content: bytes, reader: str, context: ReaderContext, limits: Limits) -> Parsed:
        parsed = read_here(content, reader, context, limits)
        nothing = Rejected(rule="RULE", message=None, rows=0)  # type: ignore[arg-type]
        return replace(parsed, rejected=(nothing,))

    any_world.put("acts/a.csv", act())
    any_world.put("acts/b.csv", act(municipality="neyskiy"))
    with pytest.raises(IntegrityError):
        take_in(
            any_world.engine,
            SOURCES["municipal_acts"],
            any_world.inbox,
            any_world.archive,
            PLAN,
            START,
            parse=unstorable,
        )
    assert any_world.rows(municipal_act) == []
    assert any_world.rows(load_batch) == []
    assert any_world.pull().accepted == 2


def letters(number: int) -> str:
    """The code of one of many made-up municipalities."""
    return f"m{chr(ord('a') + number // 26)}{chr(ord('a') + number % 26)}"


@pytest.mark.parametrize(
    "content", [lambda n: act(municipality=letters(n)), lambda n: b"%PDF of " + letters(n).encode()]
)
def test_the_database_is_asked_as_often_for_many_files_as_for_one(
    any_world: World, content: Callable[[int], bytes]
) -> None:
    def statements() -> list[str]:
        asked: list[str] = []

        def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
            asked.append(statement)

        event_of_engine.listen(any_world.engine, "before_cursor_execute", note)
        any_world.pull()
        event_of_engine.remove(any_world.engine, "before_cursor_execute", note)
        return asked

    any_world.put("acts/0.csv", content(0))
    new, unchanged = statements(), statements()
    for number in range(1, 40):
        any_world.put(f"acts/{number}.csv", content(number))
    assert statements() == new
    assert statements() == unchanged


def test_an_error_of_the_database_does_not_quote_the_rows(any_world: World) -> None:
    address = "somebody@example.org"
    with pytest.raises(IntegrityError) as error, any_world.engine.begin() as conn:
        conn.execute(insert(contact), {"batch_id": "none", "address": address})
    assert "contact" in str(error.value)
    assert address not in f"{error.value}".split("DETAIL")[0]


def test_a_warning_that_only_counts_is_told_with_the_name_of_its_file(world: World) -> None:
    def read_with_doubts(*asked: Any) -> Parsed:
        known = "Ссылка пропущена. Файл «a.csv», строка 2. Проверьте её."
        return replace(
            read_here(*asked), warnings=("Никто не писал работу: 1 школа. Проверьте это.", known)
        )

    world.put("acts/a.csv", act())
    intake = take_in(
        world.engine, SOURCES["municipal_acts"], world.inbox, world.archive, PLAN, START,
        parse=read_with_doubts,
    )  # fmt: skip
    assert intake.messages == (
        "Никто не писал работу: 1 школа. Файл «a.csv». Проверьте это.",
        "Ссылка пропущена. Файл «a.csv», строка 2. Проверьте её.",
    )


def test_warnings_are_kept_beside_the_batch(world: World) -> None:
    rows = [[*CONTACTS, "Примечание"], ["buyskiy", " Roo@Example.org", date(2021, 1, 1), None, "!"]]
    world.put("contacts/contacts.xlsx", workbook("Получатели", rows))
    intake = world.pull("contacts")
    assert intake.accepted == 1
    assert [row.message for row in world.rows(load_warning)] == list(intake.messages)
    assert len(intake.messages) == 2


def test_the_inbox_may_be_an_object_store(world: World) -> None:
    upath = pytest.importorskip("upath")
    store = upath.UPath("memory://inbox")
    (store / "2021" / "acts").mkdir(parents=True, exist_ok=True)
    (store / "2021" / "acts" / "a.csv").write_bytes(act())
    (store / "2021" / "acts" / "a.csv.ready").write_bytes(b"")
    intake = take_in(
        world.engine,
        SOURCES["municipal_acts"],
        store,
        upath.UPath("memory://archive"),
        PLAN,
        START,
        parse=read_here,
    )
    assert intake.accepted == 1
    with world.engine.connect() as conn:
        assert conn.execute(select(func.count()).select_from(municipal_act)).scalar_one() == 1


def test_nul_in_a_sheets_name_or_in_a_cell_breaks_no_database(any_world: World) -> None:
    # PostgreSQL stores no NUL. XML knows none, but a reader may let it through.
    row = ["приказ", "1\0002", "25.03.2021", None, "адресные рекомендации"]
    any_world.put("acts/a.xlsx", workbook("Акты", [ACTS, ["buyskiy", *row]]))
    parts = parts_of(workbook("Акты", [ACTS, ["galich", *row]]))
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b'sheet name="', b'sheet name="\0')
    any_world.put("acts/b.xlsx", zipped(parts))
    assert any_world.pull(in_sandbox=True).accepted == 2
    acts = any_world.rows(municipal_act)
    assert {(act.sheet, act.number) for act in acts} == {("Акты", "12")}


@pytest.mark.parametrize(("last_year", "state"), [(2022, "accepted"), (None, "refused")])
def test_evidence_of_the_second_year_is_that_of_a_roadmap_of_two(
    world: World, last_year: int | None, state: str
) -> None:
    world.put("acts/1.csv", act().replace(b"25.03.2021", b"25.03.2022"))
    plan = PLAN.model_copy(update={"last_year": last_year})
    acts = SOURCES["municipal_acts"]
    intake = take_in(world.engine, acts, world.inbox, world.archive, plan, START, parse=read_here)
    assert list(states(intake).values()) == [state]
