"""Parsing a file in a process of its own, which may die without harm (reliability.md §8-9).

The parent, here, looks at the bytes (`prescan`), then hands them to a nursery (`nursery`): an
interpreter that has the readers imported and nothing else of weight, and that forks a child
for each file. The answer comes back as JSON: facts, counts and messages, never a pupil's row.
What kills the child refuses the file and no more.

A nursery costs a tenth of a second to start, a child of it a few milliseconds: `parse` reads
one file, `reading` many.
"""

from __future__ import annotations

import json
import logging
import os
import re
import select
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from roadmap.evidence.files.limits import Limits
from roadmap.evidence.files.prescan import prescan
from roadmap.evidence.files.sandbox_worker import OUT_OF_MEMORY, READER_FAILED
from roadmap.evidence.messages import refused
from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext, Rejected
from roadmap.russian import integer

log = logging.getLogger(__name__)

Parse = Callable[[bytes, str, ReaderContext, Limits], Parsed]

_READER_NAME = re.compile(r"^[a-z][a-z_]*(\.[a-z][a-z_]*)*$")
# Waiting for a processor is no fault of the file: the clock may run longer than the processor.
_CLOCK_PER_CPU_SECOND = 5

_START = (
    "import sys; sys.path.extend(sys.argv[1:]);"
    "from roadmap.evidence.files.sandbox_worker import main; sys.exit(main())"
)


def parse(
    content: bytes, reader: str, context: ReaderContext, limits: Limits | None = None
) -> Parsed:
    """The file's facts by `roadmap.evidence.readers.<reader>:read(content, context)`.

    Raises FileRefused with the codes of `prescan` and of the reader, and TIME_LIMIT,
    MEMORY_LIMIT, PARSER_DIED, READER_FAILED for what became of the child.
    """
    with reading() as parse_one:
        return parse_one(content, reader, context, limits or Limits())


@contextmanager
def reading() -> Iterator[Parse]:
    """A function like `parse` for many files, each still in a child of its own.

    For use within one thread: the nursery serves one file at a time.
    """
    with (
        tempfile.TemporaryDirectory(prefix="roadmap-read-") as folder,
        tempfile.TemporaryFile() as trace,
    ):
        nursery = _Nursery(folder, trace)
        try:
            yield nursery.parse
        finally:
            nursery.stop()


class _Nursery:
    """The parent's side of one nursery process, started anew when a file has stopped it."""

    def __init__(self, folder: str, trace: IO[bytes]) -> None:
        self._folder = folder
        self._trace = trace
        self._process: subprocess.Popen[bytes] | None = None

    def parse(self, content: bytes, reader: str, context: ReaderContext, limits: Limits) -> Parsed:
        if not _READER_NAME.match(reader):
            raise ValueError(f"not the name of a reader: {reader!r}")
        if self._process is None or self._process.poll() is not None:
            self.stop()
            # Started before the pre-scan: the interpreter wakes up meanwhile.
            self._process = self._start()
        prescan(content, limits, context.file_name)
        said_before = self._trace.seek(0, os.SEEK_END)
        head = _head(reader, context, limits, len(content))
        status, answer = self._ask(self._process, head, content, limits)
        if status != 0:
            said = _places_said(self._trace, said_before)
            log.warning("reader %s: status %s: %s", reader, status, said)
            raise _what_became(status, limits, context.file_name)
        return _answer(answer)

    def _start(self) -> subprocess.Popen[bytes]:
        # -I: nothing of the caller's environment or directory decides what is imported.
        # -S: no .pth files, which cost a large installation most of the start.
        return subprocess.Popen(  # noqa: S603 - constants and our own paths
            [sys.executable, "-I", "-S", "-c", _START, *_import_path()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._trace,
            cwd=self._folder,
            env={"TMPDIR": self._folder, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            start_new_session=True,
        )

    def _ask(
        self, process: subprocess.Popen[bytes], head: bytes, content: bytes, limits: Limits
    ) -> tuple[int, bytes]:
        """The child's exit status and answer; of a nursery that died, its own status."""
        into, out = process.stdin, process.stdout
        assert into is not None and out is not None  # noqa: S101 - Popen was given pipes
        seconds = limits.cpu_seconds * _CLOCK_PER_CPU_SECOND + 5
        try:
            into.write(head)
            into.write(content)
            into.flush()
            if not select.select([out], [], [], seconds)[0]:
                self.stop()
                return -signal.SIGXCPU, b""
            told = out.readline()
        except BrokenPipeError:
            told = b""
        if not told:
            return process.wait() or READER_FAILED, b""
        reply = json.loads(told)
        return int(reply["status"]), out.read(int(reply["size"]))

    def stop(self) -> None:
        """End the nursery and a child at work: they are a session of their own."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        log.debug("the nursery ended before it had taken its input")


def _import_path() -> list[str]:
    """Where the child finds the library and the packages: where the parent found them."""
    import python_calamine

    library = Path(__file__).resolve().parents[3]
    places = [
        str(library),
        str(Path(python_calamine.__file__).resolve().parents[1]),
        *(sysconfig.get_path(name) for name in ("purelib", "platlib")),
    ]
    return list(dict.fromkeys(places))


def _head(reader: str, context: ReaderContext, limits: Limits, size: int) -> bytes:
    """The line before the content. Keys of options are text there, as JSON has them."""
    told = {
        "reader": reader,
        "context": {
            "file_name": context.file_name,
            "plan_year": context.plan_year,
            "options": dict(context.options),
        },
        "limits": asdict(limits),
        "size": size,
    }
    return json.dumps(told).encode("ascii") + b"\n"


def _places_said(trace: IO[bytes], start: int) -> str:
    """What a child said of its failure: places in the code (`_say_place`), no content."""
    trace.seek(start)
    text = trace.read(10_000).decode("utf-8", "replace")
    # A library that prints by itself (Rust's panics) may quote the file.
    return "; ".join(line.strip() for line in text.splitlines() if line.startswith("  at "))


def _what_became(status: int, limits: Limits, file_name: str) -> FileRefused:
    whole = "Проверьте, тот ли это файл; сохраните таблицу в новую книгу и положите её"
    if status == -signal.SIGXCPU:
        seconds = integer(limits.cpu_seconds)
        return refused("TIME_LIMIT", f"Файл не удалось прочитать за {seconds} с", whole, file_name)
    if status == OUT_OF_MEMORY:
        megabytes = integer(limits.memory_bytes >> 20)
        what = f"Для чтения файла не хватило {megabytes} МБ памяти"
        return refused("MEMORY_LIMIT", what, whole, file_name)
    if status == READER_FAILED:
        what = "Файл не удалось прочитать: он устроен не так, как умеет программа"
        return refused("READER_FAILED", what, "Сообщите в поддержку", file_name)
    return refused("PARSER_DIED", "Чтение файла прервалось", whole, file_name)


def _answer(data: bytes) -> Parsed:
    """The child's answer, taken apart by hand: only what a `Parsed` may hold gets through."""
    answer = json.loads(data)
    if "refused" in answer:
        raise FileRefused(str(answer["refused"]["code"]), str(answer["refused"]["message"]))
    found = answer["parsed"]
    return Parsed(
        scope=str(found["scope"]),
        facts={str(table): _rows(columns) for table, columns in found["facts"].items()},
        rows_read=int(found["rows_read"]),
        rows_accepted=int(found["rows_accepted"]),
        rejected=tuple(Rejected(**row) for row in found["rejected"]),
        warnings=tuple(str(warning) for warning in found["warnings"]),
    )


def _rows(columns: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """A table as rows; the child tells it by columns, which is half of the text."""
    names = [str(name) for name in columns]
    values = zip(*columns.values(), strict=True)
    return [dict(zip(names, row, strict=True)) for row in values]
