"""What every suite shares: fresh roadmap databases, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, make_url

from faults.rounds import IS_LONG
from faults.verdict import rows_of, table, truths
from roadmap.store.engine import open_engine
from roadmap.store.tables import TRANSITIONS, control, metadata, transition
from support.left_out import PREFIX, leave_out
from support.postgres_server import NoPostgres, postgres_server

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
BOTH_ENGINES = [SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.postgres)]

_number = count(1)


def create_all(engine: Engine) -> None:
    """All tables, with the rows the migrations would put in."""
    metadata.create_all(engine)
    with engine.begin() as db:
        db.execute(transition.insert(), [{"from_state": a, "to_state": b} for a, b in TRANSITIONS])
        db.execute(control.insert(), {"k": "sending_enabled", "v": "1"})


@pytest.fixture(scope="session")
def _sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "tables.db"
    engine = open_engine(f"sqlite:///{path}")
    create_all(engine)
    engine.dispose()  # closing the last connection folds the WAL into the one file
    return path


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a private PostgreSQL server's maintenance database."""
    try:
        with postgres_server() as url:
            yield url
    except NoPostgres as missing:
        leave_out(str(missing))


@pytest.fixture(scope="session")
def _postgres_with_tables(postgres_url: str) -> str:
    name = "with_tables"
    _create_database(postgres_url, name, template="template0")
    engine = open_engine(_with_database(postgres_url, name))
    create_all(engine)
    engine.dispose()
    return name


@pytest.fixture
def engine(tmp_path: Path, _sqlite_with_tables: Path) -> Iterator[Engine]:
    """An empty roadmap database on SQLite, settings as in production."""
    path = tmp_path / "roadmap.db"
    shutil.copyfile(_sqlite_with_tables, path)
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture
def postgres_engine(postgres_url: str, _postgres_with_tables: str) -> Iterator[Engine]:
    """An empty roadmap database on PostgreSQL; mark its tests `postgres`."""
    with _postgres_database(postgres_url, template=_postgres_with_tables) as engine:
        yield engine


@pytest.fixture(params=BOTH_ENGINES)
def any_engine(request: pytest.FixtureRequest) -> Engine:
    """An empty roadmap database, on SQLite and again on PostgreSQL."""
    return request.getfixturevalue("engine" if request.param == SQLITE else "postgres_engine")


@pytest.fixture(params=BOTH_ENGINES)
def bare_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without any table, on SQLite and again on PostgreSQL."""
    if request.param == SQLITE:
        engine = open_engine(f"sqlite:///{tmp_path / 'bare.db'}")
        yield engine
        engine.dispose()
    else:
        url = request.getfixturevalue("postgres_url")
        with _postgres_database(url, template="template0") as engine:
            yield engine


@contextmanager
def _postgres_database(url: str, template: str) -> Iterator[Engine]:
    name = f"test_{next(_number)}"
    _create_database(url, name, template)
    engine = open_engine(_with_database(url, name))
    try:
        yield engine
    finally:
        engine.dispose()
        _admin(url, f'drop database "{name}" with (force)')


def _create_database(url: str, name: str, template: str) -> None:
    _admin(url, f'create database "{name}" template "{template}"')


def _admin(url: str, statement: str) -> None:
    conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def _with_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name each test that was left out and what it wanted; print the verdicts on faults."""
    left_out = []
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        if PREFIX in reason:
            left_out.append((report.nodeid, reason.split(PREFIX, 1)[1]))
    if left_out:
        terminalreporter.section(f"left out: {len(left_out)}")
        for nodeid, missing in left_out:
            terminalreporter.line(f"{nodeid}: {missing}")
    told = rows_of(
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
    )
    if told:
        terminalreporter.section("faults: planned, taken by the mail server, said by the ledger")
        for line in table(told):
            terminalreporter.line(line)
        terminalreporter.section("letters once unknown: + on the server, - not there")
        for line in truths(told):
            terminalreporter.line(line)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes minutes is for `make faults`."""
    if IS_LONG:
        return
    long = [item for item in items if item.get_closest_marker("long")]
    items[:] = [item for item in items if item not in long]
    config.hook.pytest_deselected(items=long)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept", action="store_true", help="write golden files anew; review the difference"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(name, text)`: the text is that of the file in tests/golden, or becomes it."""

    def compare(name: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / name
        if request.config.getoption("--accept"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"no golden file {name}: run once with --accept"
        assert text == path.read_text(encoding="utf-8")

    return compare
