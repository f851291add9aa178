"""Receipts: the mail server's word on a local disk, whole or not there, never a nuisance."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadmap.delivery.proof.receipts import Mark, Receipt, Receipts

ONE = Receipt("a" * 64, 1, "<aaa.r1@example.org>", 250, "2.0.0 Ok: queued as 4ABC", 5, "b" * 64)


@pytest.fixture
def receipts(tmp_path: Path) -> Receipts:
    return Receipts(tmp_path)


def test_what_was_kept_is_found_by_letter_and_epoch(receipts: Receipts):
    receipts.keep(ONE)
    assert receipts.find(ONE.delivery_id, 1) == ONE
    assert receipts.find(ONE.delivery_id, 2) is None
    assert receipts.find("c" * 64, 1) is None
    assert receipts.kept() == {(ONE.delivery_id, 1)}


def test_keeping_twice_is_keeping_once(receipts: Receipts):
    receipts.keep(ONE)
    receipts.keep(ONE)
    assert [path.name for path in receipts.folder.iterdir()] == [f"{'a' * 64}.1.json"]


def test_a_receipt_is_synced_before_it_has_its_name_and_the_folder_after(
    receipts: Receipts, monkeypatch: pytest.MonkeyPatch
):
    done = []
    sync, rename = os.fsync, Path.replace

    def record_sync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def record_rename(path: Path, target: Path) -> Path:
        done.append("name")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", record_sync)
    monkeypatch.setattr(Path, "replace", record_rename)
    receipts.keep(ONE)
    assert done == ["file", "name", "folder"]


def test_a_disk_that_refuses_is_told_and_leaves_nothing(
    receipts: Receipts, monkeypatch: pytest.MonkeyPatch
):
    def is_full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", is_full)
    with pytest.raises(OSError, match="No space"):
        receipts.keep(ONE)
    assert list(receipts.folder.iterdir()) == []


def test_a_folder_that_is_not_there_is_told_when_writing_and_empty_when_reading(tmp_path: Path):
    missing = Receipts(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError):
        missing.keep(ONE)
    assert missing.kept() == frozenset()
    assert missing.mark() is None


def test_no_address_is_kept_and_only_we_may_read(receipts: Receipts):
    receipts.keep(Receipt("a" * 64, 1, "<x.r1@example.org>", 250, "Ok for <a.b@example.org>", 5))
    (path,) = receipts.folder.iterdir()
    assert "a.b@" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("delivery_id", ["../../etc/passwd", "A" * 64, "", "a" * 63])
def test_an_id_that_is_none_becomes_no_file_name(receipts: Receipts, delivery_id: str):
    with pytest.raises(ValueError, match="id"):
        receipts.keep(Receipt(delivery_id, 1, "<x@example.org>", 250, "", 5))
    assert list(receipts.folder.iterdir()) == []


@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=50).map(str.encode)))
def test_whatever_lies_there_is_no_receipt(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
):
    receipts = Receipts(tmp_path_factory.mktemp("receipts"))
    receipts.keep(ONE)
    (receipts.folder / f"{'d' * 64}.1.json").write_bytes(content)
    assert receipts.find("d" * 64, 1) is None
    assert receipts.find(ONE.delivery_id, 1) == ONE


@pytest.mark.parametrize(
    "change",
    [
        {"delivery_id": "c" * 64},
        {"send_epoch": 2},
        {"code": 451},
        {"code": "yes"},
        {"at_ms": float("inf")},
        {"message_id": None, "code": None},
        {"detail": "x" * 20_000},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_file_that_is_not_what_its_name_says_proves_nothing(receipts: Receipts, change: dict):
    receipts.keep(ONE)
    (path,) = receipts.folder.iterdir()
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert receipts.find(ONE.delivery_id, 1) is None


def test_strangers_and_half_written_files_are_no_receipts(receipts: Receipts):
    receipts.keep(ONE)
    receipts.write_mark(Mark("one", 3))
    (receipts.folder / "notes.txt").write_text("mine")
    (receipts.folder / "old").mkdir()
    (receipts.folder / f"{'d' * 64}.1.json").mkdir()
    (receipts.folder / f"{'e' * 64}.1.json.0123456789abcdef.writing").write_text("{")
    # By its name one may be a receipt; opened it is none.
    assert receipts.kept() == {(ONE.delivery_id, 1), ("d" * 64, 1)}
    assert receipts.find("d" * 64, 1) is None
    assert receipts.mark() == Mark("one", 3)


@pytest.mark.parametrize("content", ["", "[]", '{"incarnation": "x"}', '{"events": "many"}'])
def test_a_mark_that_can_t_be_read_is_none(receipts: Receipts, content: str):
    (receipts.folder / "database.json").write_text(content)
    assert receipts.mark() is None


def _keep_many(folder: Path, first: int) -> None:
    for number in range(first, first + 25):
        Receipts(folder).keep(Receipt(f"{number % 40:064x}", 1, "<x@example.org>", 250, "ok", 5))


def test_writers_at_once_lose_and_mix_nothing(receipts: Receipts):
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_keep_many, args=(receipts.folder, n * 20)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    kept = receipts.kept()
    assert len(kept) == 40
    assert all(receipts.find(*one) is not None for one in kept)
    assert len(list(receipts.folder.iterdir())) == 40
