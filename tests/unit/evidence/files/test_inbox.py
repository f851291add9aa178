"""The inbox: which files are read, and which are left alone and told."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from roadmap.evidence.files.inbox import (
    SETTLE_MS,
    Content,
    Receipts,
    archive,
    find,
    is_of_the_connection,
    is_settled,
    read,
    read_receipts,
)
from roadmap.evidence.sources import load_sources

NOW_MS = 1_616_241_600_000  # 20.03.2021 12:00 UTC
SOURCE = load_sources()["municipal_acts"]


@pytest.fixture
def year(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox" / "2021"
    (folder / "acts").mkdir(parents=True)
    return folder


def put(year: Path, name: str, content: bytes = b"x", age_ms: int = 10 * SETTLE_MS) -> Path:
    path = year / "acts" / name
    path.write_bytes(content)
    seconds = (NOW_MS - age_ms) / 1000
    os.utime(path, (seconds, seconds))
    return path


def names(year: Path) -> list[str]:
    return [found.name for found in find(year, SOURCE)[0]]


def test_files_of_the_dataset_are_found_in_order_whatever_their_case(year: Path) -> None:
    put(year, "b.xlsx")
    put(year, "A.XLSX")
    assert names(year) == ["A.XLSX", "b.xlsx"]


def test_an_inbox_without_the_folder_is_empty(tmp_path: Path) -> None:
    assert find(tmp_path / "inbox" / "2021", SOURCE) == ([], [])


@pytest.mark.parametrize("name", [".hidden.xlsx", "~$act.xlsx", "act.xlsx.part", "act.xlsx.ready"])
def test_hidden_and_half_written_files_are_passed_over_in_silence(year: Path, name: str) -> None:
    put(year, name)
    put(year, "act.xlsx")
    assert names(year) == ["act.xlsx"]
    assert find(year, SOURCE)[1] == []


def test_a_file_of_another_kind_is_told(year: Path) -> None:
    put(year, "act.docx")
    found, passed = find(year, SOURCE)
    assert found == []
    assert [(one.state, one.code) for one in passed] == [("ignored", "NAME")]
    assert "«act.docx»" in passed[0].message


def _symlink(path: Path) -> None:
    target = path.parent.parent / "elsewhere.xlsx"
    target.write_bytes(b"x")
    path.symlink_to(target)


def _hard_link(path: Path) -> None:
    target = path.parent.parent / "elsewhere.xlsx"
    target.write_bytes(b"x")
    path.hardlink_to(target)


def _socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # the path of a socket may not be long
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(before)


@pytest.mark.parametrize("make", [_symlink, _hard_link, os.mkfifo, _socket, Path.mkdir])
def test_links_and_devices_are_never_opened_and_told(
    year: Path, make: Callable[[Path], None]
) -> None:
    make(year / "acts" / "act.xlsx")
    put(year, "good.xlsx")
    found, passed = find(year, SOURCE)
    assert [one.name for one in found] == ["good.xlsx"]
    assert [one.code for one in passed] == ["NOT_A_FILE"]


def test_a_folder_that_is_a_link_out_of_the_inbox_is_not_followed(year: Path) -> None:
    outside = year.parent.parent / "outside"
    outside.mkdir()
    (outside / "act.xlsx").write_bytes(b"x")
    (year / "acts").rmdir()
    (year / "acts").symlink_to(outside)
    found, passed = find(year, SOURCE)
    assert found == []
    assert [one.code for one in passed] == ["NOT_A_FILE"]


@pytest.mark.parametrize(
    ("age_ms", "is_done"), [(0, False), (SETTLE_MS - 1000, False), (SETTLE_MS, True)]
)
def test_a_file_is_read_when_it_has_rested_a_minute(year: Path, age_ms: int, is_done: bool) -> None:
    put(year, "act.xlsx", age_ms=age_ms)
    ((found,), _) = find(year, SOURCE)
    assert is_settled(found, Receipts(), NOW_MS) is is_done


def test_a_marker_or_a_receipt_says_that_a_fresh_file_is_complete(year: Path) -> None:
    put(year, "act.xlsx", age_ms=0)
    ((found,), _) = find(year, SOURCE)
    assert is_settled(found, Receipts({"acts/act.xlsx": NOW_MS}), NOW_MS)
    assert not is_settled(found, Receipts(), NOW_MS)
    put(year, "act.xlsx.ready")
    ((found,), _) = find(year, SOURCE)
    assert is_settled(found, Receipts(), NOW_MS)


def test_a_name_as_long_as_the_disk_allows_is_a_name(year: Path) -> None:
    put(year, f"{'акт' * 41}.xlsx")  # 251 bytes: none longer could be marked as ready
    ((found,), passed) = find(year, SOURCE)
    assert is_settled(found, Receipts(), NOW_MS)
    assert read(found, 100) is not None and passed == []


def test_a_file_that_is_taken_away_meanwhile_is_no_failure(
    year: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(year, "act.xlsx")
    listed = list((year / "acts").iterdir())
    (year / "acts" / "act.xlsx").unlink()
    monkeypatch.setattr(Path, "iterdir", lambda _: iter(listed))
    ((found,), _) = find(year, SOURCE)
    with pytest.raises(FileNotFoundError):
        read(found, 100)


def test_a_file_in_the_place_of_a_folder_is_told(year: Path) -> None:
    (year / "acts").rmdir()
    (year / "acts").write_bytes(b"x")
    found, passed = find(year, SOURCE)
    assert found == []
    assert [one.code for one in passed] == ["NOT_A_FOLDER"]
    assert "«acts»" in passed[0].message and "должна быть папка" in passed[0].message


def test_a_file_from_the_future_does_not_wait_for_ever(year: Path) -> None:
    put(year, "act.xlsx", age_ms=-10 * SETTLE_MS)
    ((found,), _) = find(year, SOURCE)
    assert is_settled(found, Receipts(), NOW_MS)


def test_bytes_and_hash_are_the_files_own(year: Path) -> None:
    put(year, "act.xlsx", b"content")
    ((found,), _) = find(year, SOURCE)
    assert read(found, 100) == Content(hashlib.sha256(b"content").hexdigest(), 7, b"content")


def test_a_file_over_the_limit_is_not_held_and_known_by_its_size_and_beginning(year: Path) -> None:
    put(year, "act.xlsx", b"content")
    ((found,), _) = find(year, SOURCE)
    assert read(found, 6) == Content(hashlib.sha256(b"7|content").hexdigest(), 7, None)


def test_a_file_without_end_is_read_no_further_than_its_dataset_allows(year: Path) -> None:
    path = put(year, "act.xlsx")
    with path.open("r+b") as stream:
        stream.truncate(8_000_000_000)  # takes no room on the disk
    ((found,), _) = find(year, SOURCE)
    before = bytes_read_by_this_process()
    content = read(found, 2_000_000)
    assert bytes_read_by_this_process() - before < 10_000_000
    assert content is not None and content.content is None
    assert content.size_bytes == 8_000_000_000


def bytes_read_by_this_process() -> int:
    return int(Path("/proc/self/io").read_text().split()[1])


def test_an_error_of_a_disk_is_its_files_and_one_of_the_way_there_is_the_pulls(
    year: Path,
) -> None:
    local, remote = year / "acts" / "act.xlsx", PurePosixPath("bucket/act.xlsx")
    assert not is_of_the_connection(local, OSError(errno.EIO, "no such sector"))
    assert is_of_the_connection(local, OSError(errno.EMFILE, "too many open files"))
    assert not is_of_the_connection(remote, FileNotFoundError())
    assert is_of_the_connection(remote, ConnectionResetError())


def test_the_archive_keeps_each_content_once_under_its_hash(tmp_path: Path) -> None:
    content = Content(hashlib.sha256(b"content").hexdigest(), 7, b"content")
    archive(tmp_path, content)
    archive(tmp_path, content)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in kept] == [f"{content.sha256}.bin"]
    kept[0].write_bytes(b"con")  # torn by a crash
    archive(tmp_path, content)
    assert kept[0].read_bytes() == b"content"


# -- receipts.csv ----------------------------------------------------------------------------


def receipts(year: Path, *lines: str, encoding: str = "utf-8") -> Receipts:
    (year / "receipts.csv").write_bytes("\n".join(["Файл;Получен", *lines]).encode(encoding))
    return read_receipts(year, SOURCE, NOW_MS)


def test_a_receipt_is_a_moment_with_its_offset(year: Path) -> None:
    found = receipts(year, "acts/act.xlsx;2021-03-01T10:15:00+03:00", "")
    assert found.received_ms == {"acts/act.xlsx": 1_614_582_900_000}
    assert found.messages == ()


def test_receipts_of_other_datasets_are_not_this_ones_matter(year: Path) -> None:
    assert receipts(year, "ege/a.csv;never") == Receipts()


def test_without_a_list_there_are_no_receipts(year: Path) -> None:
    assert read_receipts(year, SOURCE, NOW_MS) == Receipts()


@pytest.mark.parametrize(
    "moment",
    [
        "вчера",
        "2021-03-01T10:15:00",
        "2031-03-01T10:15:00+03:00",
        "",
        "01.03.2021",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_a_receipt_that_cannot_be_believed_is_left_out_and_told(year: Path, moment: str) -> None:
    found = receipts(year, f"acts/act.xlsx;{moment}", "acts/other.xlsx;2021-03-01T10:15:00+03:00")
    assert list(found.received_ms) == ["acts/other.xlsx"]
    assert "строка 2" in found.messages[0]


def _eight_gigabytes(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(8_000_000_000)  # takes no room on the disk


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, _symlink, _eight_gigabytes])
def test_a_list_that_is_no_list_is_told_and_neither_waited_for_nor_loaded(
    year: Path, make: Callable[[Path], None]
) -> None:
    put(year, "act.xlsx")
    make(year / "receipts.csv")
    found = read_receipts(year, SOURCE, NOW_MS)
    assert found.received_ms == {}
    assert "«receipts.csv»" in found.messages[0] and "не читается" in found.messages[0]
    assert names(year) == ["act.xlsx"]


def test_a_list_that_cannot_be_read_is_told(year: Path) -> None:
    found = receipts(year, "acts/акт.xlsx;2021-03-01T10:15:00+03:00", encoding="cp1251")
    assert found.received_ms == {}
    assert "не читается" in found.messages[0]
