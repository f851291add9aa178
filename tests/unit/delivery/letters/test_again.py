"""Letters made again from what their run kept (those of a whole year: tests/end_to_end)."""

from __future__ import annotations

import io
import socket
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select, update

from roadmap.delivery.letters import again as again_of
from roadmap.delivery.letters.again import NotKept, letters_again
from roadmap.delivery.letters.planning import plan_deliveries
from roadmap.reports.formats.letter import Envelope
from roadmap.reports.model import ReportModel
from roadmap.reports.package import Package, render_package
from roadmap.store import kept as kept_of
from roadmap.store.tables import kept, message, report
from roadmap.versions import program_archive
from roadmap_cli.letter import made_again
from support.ledger_world import NOW_MS, SETTINGS, make_run, plan_all
from support.moved_on import letters_again_by, moved_on
from support.plans import of_before_regions, small_plan
from support.report_models import make_model


@pytest.fixture
def letter_of_neya(any_engine: Engine, tmp_path: Path) -> bytes:
    """The bytes of the letter that run-1 planned."""
    make_run(any_engine, contacts={"neya": ("neya@example.org",)})
    model = make_model()
    with any_engine.begin() as db:
        row = {
            "run_id": "run-1",
            "municipality_id": "neya",
            "content_sha256": model.content_sha256(),
            "model": model.model_dump_json(),
        }
        db.execute(report.insert(), row)

    def render(model: ReportModel, envelope: Envelope) -> Package:
        return render_package(model, envelope, tmp_path, "run-1", ())

    (planned,) = plan_deliveries(
        any_engine, small_plan(), "run-1", ("neya",), tmp_path, SETTINGS, NOW_MS, render
    )
    assert planned.outcome == "planned"
    with any_engine.connect() as db:
        return bytes(db.scalars(select(message.c.rfc822)).one())


def test_a_letter_is_made_again_by_the_program_of_its_day(
    any_engine: Engine, letter_of_neya: bytes
) -> None:
    (again,) = letters_again(any_engine, "run-1", "neya")
    assert again.is_same
    assert again.is_program_kept
    assert again.rfc822 == letter_of_neya


def test_a_letter_is_made_again_whatever_moved_on_since(
    any_engine: Engine, letter_of_neya: bytes, tmp_path: Path
) -> None:
    """Plan, templates, queries, composer and renderers of the program that is asked are edited."""
    (again,) = letters_again_by(moved_on(tmp_path / "later"), any_engine, ["run-1"])
    assert again.is_same
    assert again.rfc822 == letter_of_neya


@pytest.mark.usefixtures("letter_of_neya")
def test_a_letter_of_before_programs_were_kept_is_made_by_today_s(
    any_engine: Engine, tmp_path: Path
) -> None:
    with any_engine.begin() as db:
        db.execute(delete(kept).where(kept.c.what == "program"))
    (again,) = letters_again(any_engine, "run-1")
    assert again.is_same
    assert not again.is_program_kept
    (other,) = letters_again_by(moved_on(tmp_path / "later"), any_engine, ["run-1"])
    assert not other.is_same
    assert other.rfc822 is not None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("subject = model.", "subject = 'Иное. ' + model.", "ОТЛИЧАЕТСЯ от составленного"),
        ("import css_inline", "import of_another_day", "НЕ СОСТАВЛЕНО"),
    ],
    ids=["the libraries of today give another letter", "the program needs libraries of its day"],
)
def test_where_the_letter_can_not_be_made_as_it_was_the_planned_one_lies_beside(
    any_engine: Engine, letter_of_neya: bytes, tmp_path: Path, old: str, new: str, said: str
) -> None:
    program = with_edit("plugins/roadmap/reports/formats/letter.py", old, new)
    _keep(any_engine, program)
    ((line, is_same),) = made_again(any_engine, "run-1", "neya", tmp_path / "again")
    assert not is_same
    assert said in line
    assert letter_of_neya in [path.read_bytes() for path in (tmp_path / "again/run-1").iterdir()]
    assert all(str(path) in line for path in (tmp_path / "again/run-1").iterdir())


# What a kept program would do that somebody else had put into the database.
_HOSTILE = """
    import os, resource, socket
    assert not any("ROADMAP" in name or "AIRFLOW" in name for name in os.environ)
    try:
        socket.create_connection(("127.0.0.1", {port}), 5)
        raise AssertionError("has a network")
    except OSError:
        pass
    for what in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE):
        assert resource.getrlimit(what)[1] != resource.RLIM_INFINITY
    raise LookupError("neya@example.org")
"""


def test_a_kept_program_has_neither_secrets_nor_a_network_nor_a_word_in_the_log(
    any_engine: Engine,
    letter_of_neya: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ROADMAP_DB", "secret")
    begins = "    for letter in json.loads("
    with socket.create_server(("127.0.0.1", 0)) as server:
        hostile = _HOSTILE.format(port=server.getsockname()[1]).lstrip("\n")
        program = with_edit(
            "plugins/roadmap/delivery/letters/remake.py", begins, f"{hostile}{begins}"
        )
        _keep(any_engine, program)
        (again,) = letters_again(any_engine, "run-1")
        server.settimeout(0)
        with pytest.raises(BlockingIOError):  # nobody called
            server.accept()
    assert again.rfc822 is None
    assert again.planned == letter_of_neya
    assert caplog.messages == ["Сохранённая программа не выполнилась: LookupError"]


def _keep(engine: Engine, program: bytes) -> None:
    with engine.begin() as db:
        row = {"content": zlib.compress(program)}
        db.execute(update(kept).where(kept.c.what == "program").values(row))


def with_edit(name: str, old: str, new: str) -> bytes:
    """Today's program as it is kept, but for one edit: no library was exchanged for a test."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(program_archive())) as program,
        zipfile.ZipFile(out, "w") as edited,
    ):
        for path in program.namelist():
            content = program.read(path)
            if path == name:
                assert old.encode() in content
                content = content.replace(old.encode(), new.encode())
            edited.writestr(path, content)
    return out.getvalue()


def test_a_run_without_letters_has_nothing_to_make_again(engine: Engine) -> None:
    make_run(engine)
    with pytest.raises(NotKept, match="повторять нечего"):
        list(letters_again(engine, "run-1", "buyskiy"))


def test_a_letter_of_before_sources_were_kept_says_so(engine: Engine) -> None:
    make_run(engine)
    plan_all(engine)
    with pytest.raises(NotKept, match="не сохранены"):
        list(letters_again(engine, "run-1"))


def archive_of(**sizes: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, size in sizes.items():
            made.writestr(name, bytes(size))
    return out.getvalue()


def damaged(change: Callable[[bytearray, int], None]) -> bytes:
    """An archive of one member, a thousand different bytes, changed where its content begins."""
    archive = bytearray(archive_of(a=1_000))
    change(archive, 30 + len("a"))
    return bytes(archive)


def garbled(archive: bytearray, content: int) -> None:
    archive[content] = 0xFF


def of_no_method(archive: bytearray, _: int) -> None:
    archive[archive.index(b"PK\x01\x02") + 10] = 97


def locked(archive: bytearray, _: int) -> None:
    for head, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        archive[archive.index(head) + flags] |= 1


@pytest.mark.parametrize("change", [garbled, of_no_method, locked])
def test_a_damaged_member_is_told_as_a_broken_program(
    tmp_path: Path, change: Callable[[bytearray, int], None]
) -> None:
    with pytest.raises(NotKept, match="испорчены"):
        again_of._unpack(damaged(change), tmp_path / "program")


@pytest.mark.parametrize(
    "archive",
    [
        pytest.param(archive_of(**{"plugins/../../x.py": 1}), id="out of the folder"),
        pytest.param(archive_of(**{"/tmp/x.py": 1}), id="an absolute path"),
        pytest.param(archive_of(a=600, b=600), id="too large"),
        pytest.param(archive_of(a=0, b=0, c=0), id="too many"),
        pytest.param(b"PK no archive", id="no archive"),
    ],
)
def test_an_archive_that_is_no_program_of_ours_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, archive: bytes
) -> None:
    monkeypatch.setattr(again_of, "_MOST_FILES", 2)
    monkeypatch.setattr(again_of, "_MOST_BYTES", 1_000)
    with pytest.raises(NotKept, match="испорчены"):
        again_of._unpack(archive, tmp_path / "program")
    assert list(tmp_path.iterdir()) == []


def test_a_program_is_far_below_what_is_unpacked() -> None:
    with zipfile.ZipFile(io.BytesIO(program_archive())) as program:
        entries = program.infolist()
    assert len(entries) * 4 < again_of._MOST_FILES
    assert sum(entry.file_size for entry in entries) * 4 < again_of._MOST_BYTES


def test_no_more_is_taken_out_of_the_database_than_anybody_keeps(
    any_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_of, "_MOST_BYTES", 1_000)
    with any_engine.begin() as db:
        kept_of.keep(db, "program", "a" * 64, lambda: bytes(1_000))
        kept_of.keep(db, "program", "b" * 64, lambda: bytes(1_001))
        assert kept_of.kept_content(db, "a" * 64) == bytes(1_000)
        with pytest.raises(LookupError, match="too large"):
            kept_of.kept_content(db, "b" * 64)


@pytest.mark.usefixtures("letter_of_neya")
def test_a_letter_of_before_regions_were_data_is_made_again(any_engine: Engine) -> None:
    old = zlib.compress(of_before_regions(small_plan()))
    with any_engine.begin() as db:
        db.execute(update(kept).where(kept.c.what == "plan").values(content=old))
    (again,) = letters_again(any_engine, "run-1")
    assert again.is_same


@pytest.mark.usefixtures("letter_of_neya")
@pytest.mark.parametrize("what", ["plan", "templates", "program", "report"])
def test_where_what_was_kept_is_broken_the_letter_says_so(any_engine: Engine, what: str) -> None:
    with any_engine.begin() as db:
        db.execute(update(kept).where(kept.c.what == what).values(content=b"no zlib"))
    with pytest.raises(NotKept, match="испорчены: повторить его нельзя"):
        list(letters_again(any_engine, "run-1"))
