"""Starting processes so that they can all be stopped again: each in a group of its own."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

STOP_SECONDS = 20.0


def interrupt_once() -> None:
    """SIGINT and SIGTERM become one KeyboardInterrupt; more of them do not stop the stopping.

    SIGINT is set too: a shell that starts us in the background has it ignored.
    """

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, signal.SIG_IGN)
        raise KeyboardInterrupt

    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, interrupt)


@contextmanager
def background(
    command: list[str],
    env: Mapping[str, str],
    log_file: Path | None,
    stop_seconds: float = STOP_SECONDS,
) -> Iterator[subprocess.Popen[bytes]]:
    """The process of `command`, output in `log_file` or ours; its group ends with the block.

    Ending a process by its own pid alone would leave its children running. The group is asked
    to end, and after `stop_seconds` made to.
    """
    with ExitStack() as files:
        output = None
        if log_file is not None:
            log_file.parent.mkdir(parents=True, exist_ok=True)
            output = files.enter_context(log_file.open("ab"))
        process = subprocess.Popen(  # noqa: S603 - commands are our own
            command, env=dict(env), stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        _end_group(process, stop_seconds)


def _end_group(process: subprocess.Popen[bytes], stop_seconds: float) -> None:
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + stop_seconds
        try:
            os.killpg(process.pid, signal_number)
        except ProcessLookupError:
            process.poll()
            return
        while time.monotonic() < deadline:
            process.poll()
            if not _group_lives(process.pid):
                return
            time.sleep(0.1)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


class AlreadyRuns(RuntimeError):
    """Another process does the same at this moment."""


@contextmanager
def only_one(lock: Path, *, waits: bool = False) -> Iterator[None]:
    """For the time of the block no other process is in one of the same `lock`, a file.

    AlreadyRuns where one is, unless this one `waits` for its end. The system lets go of a lock
    whose process has ended, however that came.
    """
    lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRuns from None
        yield


def is_free(port: int) -> bool:
    """Whether nothing listens on this port of the loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module with the interpreter of this environment."""
    return [sys.executable, "-m", module, *arguments]
