"""A private PostgreSQL for one run of the tests: own folder, own socket, no port, no password.

The server's socket lies in a folder that only its owner may enter, so nobody else on the
machine can connect, and two runs of the tests at one time do not meet. Settings that the
delivery ledger rests on (fsync, synchronous_commit) stay as PostgreSQL ships them.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# PostgreSQL refuses to run as root; Debian's package brings this account.
ACCOUNT = "postgres"

MEMORY = Path("/dev/shm")
ROOMY_BYTES = 4 * 1024**3


class NoPostgres(RuntimeError):
    """PostgreSQL is not installed, and may not or cannot be installed here."""


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server, yield the URL of its maintenance database, stop it and remove its files."""
    with mortal_postgres() as server:
        yield server.url


@contextmanager
def mortal_postgres() -> Iterator[PostgresServer]:
    """A server of the caller's own, who may crash it, start it again and put it back in time."""
    programs = _programs()
    # A socket's path may have at most 107 bytes, which pytest's own folders come close to.
    folder = Path(tempfile.mkdtemp(prefix="roadmap-pg-", dir=_quick_folder()))
    try:
        _give_to_account(folder)
        server = PostgresServer(programs, folder)
        _as_account(
            programs / "initdb", "--pgdata", server.data, "--username", "roadmap",
            "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
            "--no-instructions",
        )  # fmt: skip
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class PostgresServer:
    """One server; its files lie in `data`."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs = programs
        self.folder = folder
        self.data = folder / "data"
        self.url = f"postgresql+psycopg://roadmap@/postgres?host={folder}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers. It ends with the thread that calls this."""
        log = self.folder / "log"
        with log.open("wb") as output:
            # setpriv ends the server with us, however we end: no test leaves a server behind.
            self._process = subprocess.Popen(
                [
                    "setpriv", *_identity(), "--pdeathsig", "INT", self.programs / "postgres",
                    "-D", self.data, "-k", self.folder, "-c", "listen_addresses=",
                    "-c", "max_connections=50", "-c", "shared_buffers=32MB",
                ],
                stdout=output, stderr=subprocess.STDOUT, cwd=self.folder,
            )  # fmt: skip
        try:
            _wait_until_ready(self.programs, self.folder, self._process, log)
        except RuntimeError:
            self.stop()
            raise

    def stop(self) -> None:
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """As `pg_ctl stop -m immediate`: no checkpoint, every session is cut off at once."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(
    programs: Path, folder: Path, server: subprocess.Popen[bytes], log: Path
) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        answer = subprocess.run(
            [programs / "pg_isready", "-q", "-h", folder, "-d", "postgres"], check=False
        )
        if answer.returncode == 0:
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")


def _quick_folder() -> Path | None:
    """Memory, where there is plenty: each fsync, which must stay on, costs nothing there."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOMY_BYTES:
        return MEMORY
    return None


def _programs() -> Path:
    found = _installed()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
        found = _installed()
    if found is None:
        raise NoPostgres("PostgreSQL is not installed")
    if not shutil.which("setpriv"):
        raise NoPostgres("setpriv (util-linux) is not installed")
    return found


def _installed() -> Path | None:
    """The folder of the newest server's programs; Debian keeps them out of PATH."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    in_path = shutil.which("initdb")
    initdb = debian[-1] if debian else Path(in_path).resolve() if in_path else None
    return initdb.parent if initdb and (initdb.parent / "postgres").exists() else None


def _install() -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", "postgresql"],
    ):
        done = subprocess.run(
            command, env=environment, capture_output=True, timeout=300, check=False
        )
        if done.returncode:
            raise NoPostgres(f"{' '.join(command)} failed: {done.stderr.decode()[-300:]}")


def _identity() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups"]


def _give_to_account(folder: Path) -> None:
    if os.geteuid() == 0:
        account = pwd.getpwnam(ACCOUNT)
        os.chown(folder, account.pw_uid, account.pw_gid)


def _as_account(*command: object) -> None:
    done = subprocess.run(
        ["setpriv", *_identity(), *map(str, command)], capture_output=True, check=False, cwd="/"
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stderr.decode(errors='replace')}")
