"""The demo's mail server keeps letters exactly, and only on this machine."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from roadmap_demo.mailbox import is_ours, keep, slug

ROOT = Path(__file__).resolve().parents[3]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(folder: Path, port: int, *more: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "roadmap_demo.mailbox", "--port", str(port),
         "--folder", str(folder), *more],
        env={**os.environ, "PYTHONPATH": str(ROOT / "plugins")},
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[tuple[int, Path, subprocess.Popen]]:
    port = free_port()
    process = start(tmp_path / "mailbox", port)
    deadline = time.monotonic() + 20
    folder = tmp_path / "mailbox"
    while not is_ours(port, folder) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    assert is_ours(port, folder)
    yield port, tmp_path / "mailbox", process
    process.terminate()
    process.communicate(timeout=10)


def letter() -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = "roadmap@example.org"
    message["To"] = "buyskiy@example.org"
    message["Subject"] = "500+ | Комплексный анализ (март 2021 г.) | Буйский муниципальный район"
    message.set_content("Уважаемые коллеги!\n\n.точка в начале строки\n..и две\n")
    message.add_attachment(
        b"%PDF-1.7\r\n.\r\n", maintype="application", subtype="pdf", filename="Справка_500+.pdf"
    )
    return message.as_bytes()


def send(port: int, content: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.sendmail("roadmap@example.org", ["buyskiy@example.org"], content)


def test_a_cyrillic_letter_arrives_byte_equal(
    mailbox: tuple[int, Path, subprocess.Popen],
) -> None:
    port, folder, _ = mailbox
    sent = letter()
    send(port, sent)
    (kept,) = folder.iterdir()
    assert kept.read_bytes() == sent
    assert kept.suffix == ".eml"
    assert "_Буйский-муниципальный-район_Комплексный-анализ-март-2021-г_500" in kept.name


def test_raw_utf8_arrives_byte_equal_too(mailbox: tuple[int, Path, subprocess.Popen]) -> None:
    port, folder, _ = mailbox
    content = "Subject: Проба\r\n\r\nТекст без кодировки, .\r\n".encode()
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.sendmail(
            "roadmap@example.org",
            ["a@example.org"],
            content,
            mail_options=["SMTPUTF8", "BODY=8BITMIME"],
        )
    (kept,) = folder.iterdir()
    assert kept.read_bytes() == content


def test_every_letter_gets_a_file_of_its_own(tmp_path: Path) -> None:
    moment = datetime(2021, 3, 31, 7, 5, tzinfo=UTC)
    paths = [keep(tmp_path, letter(), moment) for _ in range(3)]
    assert len(set(paths)) == 3
    assert all(path.name.startswith("20210331-100500-000000") for path in paths)
    assert {path.suffix for path in tmp_path.iterdir()} == {".eml"}


def test_terminate_ends_it_and_frees_the_port(
    mailbox: tuple[int, Path, subprocess.Popen],
) -> None:
    port, folder, process = mailbox
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=10)
    assert process.returncode == 0
    assert not is_ours(port, folder)


def test_the_mailbox_of_another_clone_is_not_ours(
    mailbox: tuple[int, Path, subprocess.Popen], tmp_path: Path
) -> None:
    port, folder, _ = mailbox
    assert is_ours(port, folder / ".." / folder.name)
    assert not is_ours(port, tmp_path / "another" / "mailbox")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "localhost", "10.0.0.1"])  # noqa: S104
def test_it_refuses_to_listen_elsewhere(tmp_path: Path, host: str) -> None:
    process = start(tmp_path, free_port(), "--host", host)
    _, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert "только 127.0.0.1" in errors


def test_a_taken_port_is_said_in_one_line(
    mailbox: tuple[int, Path, subprocess.Popen], tmp_path: Path
) -> None:
    port, _, _ = mailbox
    process = start(tmp_path, port)
    _, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert errors.startswith(f"Почтовый ящик не запущен: порт {port}")
    assert "Traceback" not in errors


def test_another_server_is_not_ours(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as stranger:
        port = stranger.getsockname()[1]
        assert not is_ours(port, tmp_path, timeout=0.3)
    assert not is_ours(port, tmp_path, timeout=0.3)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("500+ | Анализ | г. Буй", "г-Буй_Анализ_500"),
        ("../../etc/passwd", "etc-passwd"),
        ("", "без-темы"),
        ("|||", "без-темы"),
    ],
)
def test_a_file_name_from_a_subject_is_safe(subject: str, expected: str) -> None:
    assert slug(subject) == expected


def test_a_long_subject_fits_a_file_name(tmp_path: Path) -> None:
    content = ("Subject: " + "Ж" * 400 + "\r\n\r\n").encode()
    path = keep(tmp_path, content, datetime(2021, 3, 31, tzinfo=UTC))
    assert len(path.name.encode()) < 255
