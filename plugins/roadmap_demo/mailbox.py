"""The demo's mail server: `python -m roadmap_demo.mailbox --port 8084 --folder var/mailbox`.

Listens on this machine only and keeps every letter as an .eml file, byte for byte as it
came. «250» is answered when the letter is on the disk, as a real server would promise it.
Nobody's letters leave from here: there is no relay.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import logging
import os
import re
import signal
import socket
import sys
from datetime import datetime
from email.parser import BytesHeaderParser
from email.policy import default
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from roadmap.plan.zone import home_time

LOOPBACK = "127.0.0.1"
IDENT = "500plus demo mailbox"
_MOST_BYTES = 40 * 1024 * 1024
_SLUG_CHARACTERS = 90  # at most two bytes each: a file name may have 255 bytes

log = logging.getLogger(__name__)


class NotLoopbackError(ValueError):
    """The mailbox was asked to listen where others could reach it."""


def slug(subject: str) -> str:
    """A file name's part from a subject, its last part (the municipality) first.

    >>> slug("500+ | Комплексный анализ (март 2021 г.) | г. Буй")
    'г-Буй_Комплексный-анализ-март-2021-г_500'
    """
    parts = [re.sub(r"[\W_]+", "-", part).strip("-") for part in reversed(subject.split("|"))]
    return "_".join(part for part in parts if part)[:_SLUG_CHARACTERS] or "без-темы"


def keep(folder: Path, content: bytes, received: datetime) -> Path:
    """Writes one letter to a name of its own; it is on the disk when this returns.

    `received` is aware; the name begins with it in Moscow's time, so names sort by arrival.
    """
    subject = str(BytesHeaderParser(policy=default).parsebytes(content)["subject"] or "")
    stamp = received.astimezone(home_time().zone).strftime("%Y%m%d-%H%M%S-%f")
    number = 0
    while True:
        extra = f"-{number}" if number else ""
        path = folder / f"{stamp}{extra}_{slug(subject)}.eml"
        part = path.with_suffix(".part")
        try:
            # Exclusive: two letters of one microsecond get two names.
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            number += 1
            continue
        with os.fdopen(descriptor, "wb") as file:
            if path.exists():
                part.unlink()
                number += 1
                continue
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                part.unlink()  # a full disk leaves no half of a letter
                raise
        part.rename(path)
        _sync_folder(folder)
        return path


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Mailbox:
    """aiosmtpd's handler: every letter becomes a file before the reply to the final dot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.original_content
        if content is None:
            return "554 5.6.0 empty message"
        try:
            path = keep(self.folder, content, datetime.now(home_time().zone))
        except OSError as error:
            log.error("letter not kept: %s", error.strerror)
            return "452 4.3.1 the letter could not be written"
        log.info("letter kept: %d bytes", path.stat().st_size)
        return "250 2.0.0 kept"


async def serve(folder: Path, port: int, host: str = LOOPBACK) -> asyncio.Server:
    """The listening server on `127.0.0.1:port` (0: any free port).

    NotLoopbackError for any other host: letters with real figures must not be taken in from
    elsewhere. OSError when the port is taken.
    """
    if host != LOOPBACK:
        raise NotLoopbackError(f"Почтовый ящик слушает только {LOOPBACK}, а не {host}")
    handler = Mailbox(folder)
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(
            handler, data_size_limit=_MOST_BYTES, enable_SMTPUTF8=True, hostname="localhost",
            ident=f"{IDENT} {_key(folder)}", loop=loop,
        )  # fmt: skip

    return await loop.create_server(session, host, port)


def _key(folder: Path) -> str:
    """Tells a folder's mailbox from that of another clone, without its path."""
    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]


def is_ours(port: int, folder: Path, timeout: float = 2.0) -> bool:
    """Whether this folder's mailbox answers at that port of this machine: its banner says so."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout) as connection:
            connection.settimeout(timeout)
            banner = connection.recv(512)
            connection.sendall(b"QUIT\r\n")
    except OSError:
        return False
    return banner.startswith(b"220 ") and f"{IDENT} {_key(folder)}".encode() in banner


async def _run_until_signal(folder: Path, port: int, host: str) -> None:
    server = await serve(folder, port, host)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    log.info("mailbox listens on %s:%d", host, server.sockets[0].getsockname()[1])
    await stop.wait()
    server.close()  # letters whose «250» was not yet answered end as their senders expect: lost


def main() -> None:
    parser = argparse.ArgumentParser(description="Почтовый ящик демонстрации: письма в файлах .eml")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--host", default=LOOPBACK, help=f"только {LOOPBACK}")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    # aiosmtpd's own log names recipients.
    logging.getLogger("mail").setLevel(logging.ERROR)
    try:
        asyncio.run(_run_until_signal(arguments.folder, arguments.port, arguments.host))
    except NotLoopbackError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"Почтовый ящик не запущен: порт {arguments.port}: {error.strerror}")


if __name__ == "__main__":
    main()
