"""Between a sender and PostgreSQL: the line is cut in the very COMMIT that marks a letter in doubt.

The sender can't tell the three cases apart: the server never got the COMMIT; it did it, and its
word was lost; it does it a moment after the sender saw the line break.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

BEFORE = "before the server got it"
AFTER = "after the server did it"
LATE = "while it is on its way"
_SOCKET = ".s.PGSQL.5432"
_ARMING = b"set state = 'in_doubt'"
_LATE_SECONDS = 0.4


class Proxy:
    """Cuts the first COMMIT of a mark in doubt that it sees; `cuts` says how many it has cut."""

    def __init__(self, server: Path, folder: Path, when: str) -> None:
        self.cuts = 0
        self._server = server
        self._when = when
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / _SOCKET))
        self._listener.listen()

    def serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._server / _SOCKET))
            for work in (self._ask, self._answer):
                threading.Thread(target=work, args=(client, server), daemon=True).start()

    def close(self) -> None:
        _shut(self._listener)
        self._listener.close()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        since_commit = b""
        with contextlib.suppress(OSError):
            while said := client.recv(65_536):
                since_commit += said
                if b"COMMIT" in said:
                    if _ARMING in since_commit and self._is_first():
                        self._cut(client, server, said)
                        return
                    since_commit = b""
                server.sendall(said)
        _shut(server)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while said := server.recv(65_536):
                client.sendall(said)
        _shut(client)

    def _is_first(self) -> bool:
        with self._lock:
            self.cuts += 1
            return self.cuts == 1

    def _cut(self, client: socket.socket, server: socket.socket, commit: bytes) -> None:
        if self._when != BEFORE:
            # From now on what the server says reaches nobody.
            _shut(client)
        if self._when == LATE:
            time.sleep(_LATE_SECONDS)
        if self._when != BEFORE:
            server.sendall(commit)
            time.sleep(0.1)  # a server that has got it does it, whoever is gone
        _shut(server)
        _shut(client)


@contextmanager
def proxy(url: URL, when: str) -> Iterator[tuple[str, Proxy]]:
    """The URL by which the database is reached over the proxy, and the proxy."""
    # A socket's path may have at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="roadmap-proxy-"))
    try:
        between = Proxy(Path(str(url.query["host"])), folder, when)
        thread = threading.Thread(target=between.serve, daemon=True)
        thread.start()
        try:
            given = url.update_query_dict({"host": str(folder)})
            yield given.render_as_string(hide_password=False), between
        finally:
            between.close()
            thread.join(5)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
