"""A dataset from a query: versions as of a file, nothing lost when the database fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Date,
    Engine,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError

from conftest import BOTH_ENGINES, SQLITE
from roadmap.evidence.files import database
from roadmap.evidence.files.database import (
    DatabaseUnavailable,
    OpenDatabase,
    open_read_only,
    snapshot,
)
from roadmap.evidence.files.limits import Limits
from roadmap.evidence.files.prescan import prescan
from roadmap.evidence.intake import Intake, batches_in_force, take_in
from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers import register
from roadmap.evidence.sources import load_sources
from roadmap.store.tables import FACTS, load_batch
from support.evidence_files import PLAN

SOURCE = load_sources()["publications"]
(publication,) = (table for table in FACTS if table.name == "publication")
START = 1_624_000_000_000
HOUR = 3_600_000
NAME = "publications (снимок roadmap_portal).csv"

PAGE = ("page-1", "eduportal44", "страница", "Проект 500+", "2021-03-25")
NEWS = ("vk-1", "vk", "новость", "Вебинар; «итоги» и планы", "2021-04-02")
LATER = ("vk-2", "vk", "новость", "Стажировка", "2021-05-20")


def read_here(content: bytes, reader: str, context: ReaderContext, limits: Limits) -> Parsed:
    prescan(content, limits, context.file_name)
    return register.read(content, context)


class Portal:
    """Somebody else's database with a table of publications."""

    def __init__(self, engine: Engine, url: str, day: Any = String) -> None:
        self.engine = engine
        self.url = url
        self.asked: list[str] = []
        names = ("publication_id", "channel", "kind", "title", "link")
        columns = [Column(name, String) for name in names]
        self.table = Table("publication", MetaData(), *columns, Column("published_on", day))

    def put(self, *rows: tuple[Any, ...]) -> None:
        self.table.create(self.engine, checkfirst=True)
        with self.engine.begin() as conn:
            for code, channel, kind, title, day in rows:
                values = (code, channel, kind, title, f"https://{channel}.example.org/{code}", day)
                conn.execute(insert(self.table).values(values))

    @contextmanager
    def open(self, connection: str) -> Iterator[Engine]:
        self.asked.append(connection)
        engine = open_read_only(self.url)
        yield engine
        engine.dispose()


@pytest.fixture
def portal(tmp_path: Path) -> Portal:
    url = f"sqlite:///{tmp_path / 'portal.db'}"
    return Portal(create_engine(url), url)


@pytest.fixture(params=BOTH_ENGINES)
def any_portal(request: pytest.FixtureRequest, tmp_path: Path) -> Portal:
    if request.param == SQLITE:
        return request.getfixturevalue("portal")
    engine = request.getfixturevalue("postgres_engine")
    metadata = MetaData()
    metadata.reflect(engine)
    metadata.drop_all(engine)  # theirs is not our database: it has none of our tables
    return Portal(engine, engine.url.render_as_string(hide_password=False), Date)


class World:
    """Our database, an archive, and a clock that moves an hour with every pull."""

    def __init__(self, engine: Engine, folder: Path, open_database: OpenDatabase | None) -> None:
        self.engine = engine
        self.folder = folder
        self.open_database = open_database
        self.now_ms = START

    def pull(self, **source: Any) -> Intake:
        self.now_ms += HOUR
        return take_in(
            self.engine,
            SOURCE.model_copy(update=source),
            self.folder / "inbox",
            self.folder / "archive",
            PLAN,
            self.now_ms,
            self.open_database,
            parse=read_here,
        )

    def batches(self) -> list[Any]:
        with self.engine.connect() as conn:
            return list(conn.execute(select(load_batch).order_by(load_batch.c.received_ms)))

    def in_force(self, known_at_ms: int | None = None) -> list[str]:
        """Codes of the publications in force at a moment."""
        with self.engine.connect() as conn:
            ids = [
                one.batch_id for one in batches_in_force(conn, "2021", known_at_ms or self.now_ms)
            ]
            query = select(publication.c.publication_id).where(publication.c.batch_id.in_(ids))
            return sorted(conn.scalars(query))

    def archived(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.folder / "archive").rglob("*.bin"))]


@pytest.fixture
def world(engine: Engine, tmp_path: Path, portal: Portal) -> World:
    return World(engine, tmp_path, portal.open)


def code_of(intake: Intake) -> str | None:
    (taken,) = intake.taken
    assert taken.state == "refused"
    return taken.code


# -- What the query answers ------------------------------------------------------------------


def test_the_answer_is_one_canonical_table_whatever_database_gives_it(any_portal: Portal) -> None:
    other_year = ("old", "vk", "новость", "Прошлый год", "2020-12-31")
    any_portal.put(LATER, NEWS, other_year, PAGE)
    assert (
        snapshot(SOURCE, PLAN, any_portal.open)
        == (
            "Код;Канал;Вид;Заголовок;Ссылка;Дата\r\n"
            "page-1;eduportal44;страница;Проект 500+;https://eduportal44.example.org/page-1;2021-03-25\r\n"
            'vk-1;vk;новость;"Вебинар; «итоги» и планы";https://vk.example.org/vk-1;2021-04-02\r\n'
            "vk-2;vk;новость;Стажировка;https://vk.example.org/vk-2;2021-05-20\r\n"
        ).encode()
    )
    assert any_portal.asked == ["roadmap_portal"]


def test_a_page_of_an_earlier_year_is_still_there_and_its_news_are_not(
    any_portal: Portal, engine: Engine, tmp_path: Path
) -> None:
    any_portal.put(
        ("page-0", "eduportal44", "страница", "Проект 500+", "2020-09-01"),
        ("vk-0", "vk", "новость", "Прошлый год", "2020-09-02"),
        ("page-9", "eduportal44", "страница", "Следующий год", "2022-01-11"),
    )
    world = World(engine, tmp_path, any_portal.open)
    (taken,) = world.pull().taken
    assert (taken.state, taken.rows_rejected) == ("accepted", 0)
    assert world.in_force() == ["page-0"]


def test_news_of_each_year_of_a_roadmap_are_told(any_portal: Portal) -> None:
    any_portal.put(NEWS, ("vk-9", "vk", "новость", "Второй год", "2022-02-01"))
    of_one = snapshot(SOURCE, PLAN, any_portal.open)
    of_two = snapshot(SOURCE, PLAN.model_copy(update={"last_year": 2022}), any_portal.open)
    assert of_one is not None
    assert of_two is not None
    assert "vk-9" not in of_one.decode()
    assert {"vk-1", "vk-9"} <= {
        line.split(";")[0].split(",")[0] for line in of_two.decode().split("\n")
    }


def test_publications_become_facts_of_the_year(
    any_portal: Portal, engine: Engine, tmp_path: Path
) -> None:
    any_portal.put(PAGE, NEWS)
    world = World(engine, tmp_path, any_portal.open)
    intake = world.pull()
    assert [(file.name, file.state, file.scope) for file in intake.taken] == [
        (NAME, "accepted", "all")
    ]
    assert (intake.rows_read, intake.rows_accepted, intake.messages) == (2, 2, ())
    with engine.connect() as conn:
        found = {row.publication_id: row for row in conn.execute(select(publication))}
    assert (found["page-1"].kind, found["vk-1"].kind) == ("page", "news")
    assert found["vk-1"].title == "Вебинар; «итоги» и планы"
    assert found["vk-1"].published_on == "2021-04-02"


def test_the_snapshot_was_received_when_it_was_taken_and_is_kept_under_its_hash(
    world: World, portal: Portal
) -> None:
    portal.put(PAGE)
    world.pull()
    (batch,) = world.batches()
    assert (batch.received_ms, batch.loaded_ms) == (world.now_ms, world.now_ms)
    (kept,) = world.archived()
    assert kept.startswith("Код;Канал".encode()) and len(kept) == batch.size_bytes
    (path,) = (world.folder / "archive").rglob("*.bin")
    assert path.stem == batch.sha256


def test_unchanged_rows_change_nothing(world: World, portal: Portal) -> None:
    portal.put(PAGE, NEWS)
    assert world.pull().is_changed
    with portal.engine.begin() as conn:  # the same rows in another order
        conn.execute(delete(portal.table).where(portal.table.c.publication_id == "page-1"))
    portal.put(PAGE)
    again = world.pull()
    assert ([file.state for file in again.taken], again.is_changed) == (["unchanged"], False)
    assert len(world.batches()) == 1


def test_a_changed_row_is_a_new_version_and_the_old_one_stays_known(
    world: World, portal: Portal
) -> None:
    portal.put(PAGE)
    world.pull()
    first_ms = world.now_ms
    portal.put(NEWS)
    world.pull()
    assert world.in_force() == ["page-1", "vk-1"]
    assert world.in_force(first_ms) == ["page-1"]
    with portal.engine.begin() as conn:
        conn.execute(delete(portal.table).where(portal.table.c.publication_id == "vk-1"))
    world.pull()  # what was in force before comes back as a version of its own
    assert world.in_force() == ["page-1"]
    assert len(world.batches()) == 3
    assert len(world.archived()) == 2


def test_a_table_without_rows_is_no_data_until_there_were_some(
    world: World, portal: Portal
) -> None:
    portal.put()
    intake = world.pull()
    assert (intake.taken, intake.messages, world.batches()) == ((), (), [])
    portal.put(PAGE)
    world.pull()
    with portal.engine.begin() as conn:
        conn.execute(delete(portal.table))
    emptied = world.pull()
    assert code_of(emptied) == "EMPTY"
    assert emptied.messages == (
        "Сведения не получены: запрос не вернул ни одной строки, хотя раньше они были. Файл "
        f"«{NAME}». Проверьте таблицу в базе источника. Действуют прежние сведения от "
        "18.06.2021.",
    )
    assert world.in_force() == ["page-1"]


def test_a_bad_row_is_set_aside_as_in_a_file(world: World, portal: Portal) -> None:
    portal.put(PAGE, NEWS, LATER, ("vk-3", "vk", "реклама", "Заголовок", "2021-06-01"))
    intake = world.pull()
    assert (intake.rows_accepted, intake.rows_rejected) == (3, 1)
    assert "«реклама» вместо «страница» или «новость»" in intake.messages[0]


@pytest.mark.parametrize(
    "hostile", ["'; drop table publication; --", "=cmd|' /C calc'!A0", '"', "две\nстроки"]
)
def test_whatever_stands_in_a_title_is_text(
    any_portal: Portal, engine: Engine, tmp_path: Path, hostile: str
) -> None:
    any_portal.put(PAGE, ("x", "vk", "новость", hostile, "2021-04-02"))
    world = World(engine, tmp_path, any_portal.open)
    assert world.pull().rows_accepted == 2
    assert world.in_force() == ["page-1", "x"]
    assert inspect(any_portal.engine).has_table("publication")


# -- What may fail ---------------------------------------------------------------------------


def test_a_missing_table_is_told_and_what_is_in_force_stays(
    any_portal: Portal, engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="roadmap")
    any_portal.put(PAGE)
    world = World(engine, tmp_path, any_portal.open)
    world.pull()
    any_portal.table.drop(any_portal.engine)
    refused = world.pull()
    assert code_of(refused) == "QUERY"
    assert refused.messages == (
        "Сведения не получены: в базе нет нужной таблицы или столбца либо нет права читать их. "
        "Запрос «publications», соединение «roadmap_portal». Сверьте таблицу с описанием "
        "форматов (docs/formats.md). Действуют прежние сведения от 18.06.2021.",
    )
    assert world.in_force() == ["page-1"]
    assert len(world.batches()) == 1
    assert "select" not in caplog.text.casefold()


def test_a_missing_column_is_told(any_portal: Portal) -> None:
    any_portal.put(PAGE)
    with any_portal.engine.begin() as conn:
        conn.execute(text("alter table publication rename column link to address"))
    with pytest.raises(FileRefused) as refusal:
        snapshot(SOURCE, PLAN, any_portal.open)
    assert refusal.value.code == "QUERY"


def test_a_database_that_is_not_there_is_told_and_not_created(
    world: World, portal: Portal, tmp_path: Path
) -> None:
    refused = world.pull()
    assert code_of(refused) == "CONNECTION"
    assert "база не отвечает" in refused.messages[0]
    assert not (tmp_path / "portal.db").exists()
    portal.put(PAGE)
    assert world.pull().accepted == 1  # an outage leaves nothing behind
    assert [batch.state for batch in world.batches()] == ["accepted"]


@pytest.mark.postgres
def test_a_server_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "CONNECT_SECONDS", 2)

    @contextmanager
    def nobody(connection: str) -> Iterator[Engine]:
        yield open_read_only("postgresql+psycopg://reader:secret@127.0.0.1:1/portal")

    with pytest.raises(FileRefused) as refusal:
        snapshot(SOURCE, PLAN, nobody)
    assert refusal.value.code == "CONNECTION"
    assert "secret" not in refusal.value.message and "127.0.0.1" not in refusal.value.message


@pytest.mark.postgres
def test_an_answer_that_takes_too_long_is_given_up(
    postgres_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "STATEMENT_SECONDS", 1)
    url = postgres_engine.url.render_as_string(hide_password=False)
    slow = open_read_only(url)
    with pytest.raises(DBAPIError) as error, slow.connect() as conn:
        conn.execute(text("select pg_sleep(20)"))
    assert type(error.value.orig).__name__ == "QueryCanceled"
    assert not database._is_of_the_query(error.value)


def test_a_connection_that_is_not_set_up_is_told_with_what_to_do(
    engine: Engine, tmp_path: Path
) -> None:
    @contextmanager
    def missing(connection: str) -> Iterator[Engine]:
        raise DatabaseUnavailable(f"Создайте в Airflow соединение «{connection}».")
        yield

    intake = World(engine, tmp_path, missing).pull()
    assert code_of(intake) == "CONNECTION"
    assert intake.messages == (
        "Сведения не получены: база не открывается. Запрос «publications», соединение "
        "«roadmap_portal». Создайте в Airflow соединение «roadmap_portal».",
    )
    assert code_of(World(engine, tmp_path, None).pull()) == "CONNECTION"


def test_more_rows_than_the_limit_are_refused_whole(world: World, portal: Portal) -> None:
    portal.put(*[(f"n-{n}", "vk", "новость", "Новость", "2021-05-20") for n in range(4)])
    limits = {"limits": SOURCE.limits.model_copy(update={"rows": 3})}
    refused = world.pull(**limits)
    assert code_of(refused) == "ROWS"
    assert "строк больше 3" in refused.messages[0]
    assert world.batches() == []
    assert world.pull().rows_accepted == 4


def test_a_snapshot_over_its_size_is_refused(world: World, portal: Portal) -> None:
    portal.put(PAGE)
    limits = {"limits": SOURCE.limits.model_copy(update={"megabytes": 0.0001})}
    assert code_of(world.pull(**limits)) == "SIZE"
    assert world.archived() == []


def test_values_of_another_kind_are_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'portal.db'}"
    portal = Portal(create_engine(url), url)
    portal.table = Table(
        "publication",
        MetaData(),
        *(Column(name, String) for name in ("publication_id", "channel", "kind")),
        Column("title", LargeBinary),
        *(Column(name, String) for name in ("link", "published_on")),
    )
    portal.put(("x", "vk", "новость", b"\x00\x01", "2021-04-02"))
    with pytest.raises(FileRefused) as refusal:
        snapshot(SOURCE, PLAN, portal.open)
    assert refusal.value.code == "QUERY"
    assert "не текст, не число и не дата" in refusal.value.message


def test_their_database_cannot_be_written_to(any_portal: Portal) -> None:
    any_portal.put(PAGE)
    with any_portal.open("roadmap_portal") as engine:
        for statement in (delete(any_portal.table), update(any_portal.table).values(title="x")):
            with pytest.raises(DBAPIError), engine.begin() as conn:
                conn.execute(statement)
    with any_portal.engine.connect() as conn:
        assert conn.execute(select(any_portal.table.c.title)).scalar_one() == "Проект 500+"


def test_the_query_runs_in_a_transaction_that_only_reads_one_moment(
    any_portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Also over an engine that would allow writing: the connection's rights are not relied on.
    any_portal.put(PAGE)
    monkeypatch.setattr(database, "sql", lambda name: delete(any_portal.table))

    @contextmanager
    def careless(connection: str) -> Iterator[Engine]:
        yield any_portal.engine

    with pytest.raises(FileRefused):
        snapshot(SOURCE, PLAN, careless)
    with any_portal.engine.connect() as conn:
        assert len(conn.execute(select(any_portal.table)).all()) == 1


@pytest.mark.postgres
def test_a_server_is_asked_read_only_and_at_one_moment(
    postgres_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = "select current_setting('transaction_read_only'), "
    settings += "current_setting('transaction_isolation') as isolation"
    monkeypatch.setattr(database, "sql", lambda name: text(settings))

    @contextmanager
    def careless(connection: str) -> Iterator[Engine]:
        yield postgres_engine

    answer = snapshot(SOURCE, PLAN, careless)
    assert answer is not None
    assert answer.splitlines()[1] == b"on;repeatable read"


def test_only_a_query_can_be_asked() -> None:
    with pytest.raises(ValueError, match="is no query"):
        snapshot(load_sources()["events"], PLAN, None)
