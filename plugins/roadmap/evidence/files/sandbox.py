"""Reading files in a process of its own, which may die without harm.

One sandbox worker (`sandbox_worker`) reads all files of a pull, or two share large ones: an
interpreter that has the readers imported and nothing else of weight. It is no fork of the
caller, who holds the database's password and Airflow's token in memory (docs/decisions/0024).
The answer comes back as JSON: facts, counts and messages, never a pupil's row. A file that ends
a worker which has read others before is read once more by a fresh one; a file that ends a fresh
worker is refused, and no other with it.
"""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from roadmap.evidence.files.limits import Limits
from roadmap.evidence.files.sandbox_worker import LARGEST_ANSWER_BYTES, OUT_OF_MEMORY, READER_FAILED
from roadmap.evidence.messages import refused
from roadmap.evidence.parsed import ByColumns, FileRefused, Parsed, ReaderContext, Rejected
from roadmap.russian import integer

log = logging.getLogger(__name__)

Parse = Callable[[bytes, str, ReaderContext, Limits], Parsed]
ReadAll = Callable[[Callable[[Parse, Any], Any], Sequence[Any]], list[Any]]

_READER_NAME = re.compile(r"^[a-z][a-z_]*(\.[a-z][a-z_]*)*$")
# An escape of JSON; in the group, that of a sign which cannot be stored.
_ESCAPED = re.compile(r"\\(?:(u0000|u[dD][89a-fA-F][0-9a-fA-F]{2})|.)")
# Waiting for a processor is no fault of the file: the clock may run longer than the processor.
_CLOCK_PER_CPU_SECOND = 5

# No garbage is looked for while modules are imported and a file is read, only between files.
_START = (
    "import gc, sys; gc.disable(); sys.path.extend(sys.argv[1:]);"
    "from roadmap.evidence.files.sandbox_worker import main; sys.exit(main())"
)


@contextmanager
def reading(*, at_once: bool = False) -> Iterator[Parse]:
    """A function that gives a file's facts by `roadmap.evidence.readers.<reader>:read`.

    The worker starts with the first file or, `at_once`, beside what the caller does before it.
    For one thread: files are read one at a time. The function raises FileRefused with the codes of
    `prescan` and of the reader, and TIME_LIMIT, MEMORY_LIMIT, PARSER_DIED, READER_FAILED for
    what became of the worker.
    """
    with _sandbox() as sandbox:
        if at_once:
            sandbox.start()
        yield sandbox.parse


@contextmanager
def reading_side_by_side(workers: int) -> Iterator[ReadAll]:
    """A function that does some work on each of many files, by as many workers, started at once.

    `read_all(work, files)` gives what `work(parse, file)` gave, in the order of the files; each
    `parse` is that of `reading`. What ends the caller ends the workers, too, at once.
    """
    with ExitStack() as stack:
        sandboxes = [stack.enter_context(_sandbox()) for _ in range(workers)]
        for sandbox in sandboxes:
            sandbox.start()

        def read_all(work: Callable[[Parse, Any], Any], files: Sequence[Any]) -> list[Any]:
            free: SimpleQueue[_Sandbox] = SimpleQueue()
            for sandbox in sandboxes:
                free.put(sandbox)

            def read_one(file: Any) -> Any:
                sandbox = free.get()
                try:
                    return work(sandbox.parse, file)
                finally:
                    free.put(sandbox)

            with ThreadPoolExecutor(workers) as pool:
                waiting = [pool.submit(read_one, file) for file in files]
                try:
                    return [one.result() for one in waiting]
                except BaseException:
                    # A time limit of the caller, too: no thread may wait for its worker any more.
                    pool.shutdown(wait=False, cancel_futures=True)
                    for sandbox in sandboxes:
                        sandbox.end()
                    raise

        yield read_all


@contextmanager
def _sandbox() -> Iterator[_Sandbox]:
    with (
        tempfile.TemporaryDirectory(prefix="roadmap-read-") as folder,
        tempfile.TemporaryFile() as trace,
    ):
        sandbox = _Sandbox(folder, trace)
        try:
            yield sandbox
        finally:
            sandbox.end()


class _Sandbox:
    """The parent's side: a worker, started anew after each that died."""

    def __init__(self, folder: str, trace: IO[bytes]) -> None:
        self._folder = folder
        self._trace = trace
        self._has_read = False  # the worker at hand
        self._worker: subprocess.Popen[bytes] | None = None
        self._is_over = False

    def parse(self, content: bytes, reader: str, context: ReaderContext, limits: Limits) -> Parsed:
        if not _READER_NAME.match(reader):
            raise ValueError(f"not the name of a reader: {reader!r}")
        head = _head(reader, context, limits, len(content))
        while not self._is_over:
            worker = self._worker or self.start()
            is_fresh, self._has_read = not self._has_read, True
            trace_start = self._trace.seek(0, os.SEEK_END)
            try:
                answer = _ask(worker, head, content, limits)
            except BaseException:
                self.stop()  # else its answer would be taken for that of the next file
                raise
            if isinstance(answer, bytes):
                with suppress(_Nonsense):
                    return _answer(answer)
                answer = READER_FAILED
            self.stop()
            where = _places(self._trace, trace_start)
            log.warning("Чтение прервалось (%s, состояние %s): %s", reader, answer, where)
            # Time is counted by file; what else ended the worker may be of the files before.
            if is_fresh or answer == -signal.SIGXCPU:
                raise _what_became(answer, limits, context.file_name)
        raise RuntimeError("the reading is over")

    def end(self) -> None:
        """End the worker, and start no other."""
        self._is_over = True
        self.stop()

    def start(self) -> subprocess.Popen[bytes]:
        """A worker that has read nothing."""
        # -I: nothing of the caller's environment or directory decides what is imported.
        # -S: no .pth files, which cost a large installation most of the start.
        self._worker = subprocess.Popen(  # noqa: S603 - constants and our own paths
            [sys.executable, "-I", "-S", "-c", _START, *_import_path()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._trace,
            cwd=self._folder,
            env={"TMPDIR": self._folder, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            start_new_session=True,
        )
        return self._worker

    def stop(self) -> None:
        """End the worker, if there is one."""
        worker, self._worker = self._worker, None
        self._has_read = False
        if worker is None:
            return
        worker.kill()
        worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            # Of a worker that ended before it had taken its file.
            with suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()


def _ask(
    worker: subprocess.Popen[bytes], head: bytes, content: bytes, limits: Limits
) -> bytes | int:
    """The worker's answer about one file, or the status with which it ended."""
    into, out = worker.stdin, worker.stdout
    assert into is not None and out is not None  # noqa: S101 - Popen was given pipes
    is_late = threading.Event()

    def end() -> None:
        is_late.set()
        worker.kill()

    # Whatever the worker does or leaves undone, on either pipe, the clock ends it.
    clock = threading.Timer(limits.cpu_seconds * _CLOCK_PER_CPU_SECOND + 5, end)
    clock.start()
    try:
        with suppress(BrokenPipeError):
            into.write(head)
            into.write(content)
            into.flush()
        line = out.readline(20)
        size = int(line) if line.strip().isdigit() else -1
        answer = out.read(size) if 0 <= size <= LARGEST_ANSWER_BYTES else None
        if answer is not None and len(answer) == size:
            return answer
        if line:
            worker.kill()  # no answer of ours begins so, or is as long
        status = worker.wait()
    finally:
        clock.cancel()
    return -signal.SIGXCPU if is_late.is_set() else status or READER_FAILED


def _import_path() -> list[str]:
    """Where the worker finds the library and the packages: where the parent found them."""
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
    head = {
        "reader": reader,
        "context": {
            "file_name": context.file_name,
            "plan_year": context.plan_year,
            "options": dict(context.options),
            "last_year": context.last_year,
        },
        "limits": vars(limits),
        "size": size,
    }
    return json.dumps(head).encode("ascii") + b"\n"


def _places(trace: IO[bytes], start: int) -> str:
    """Where the reader failed: places in the code, no content."""
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


class _Nonsense(ValueError):
    """An answer that no worker of ours gives."""


def _answer(data: bytes) -> Parsed:
    """The worker's answer, taken apart by hand: only what a `Parsed` may hold gets through.

    PostgreSQL stores no NUL, no database a lone surrogate; old workbooks have both, in the name
    of a sheet for one. They are left out.
    """
    text = data.decode("utf-8", "ignore")
    if "\\u" in text:
        text = _ESCAPED.sub(lambda escaped: "" if escaped.group(1) else escaped.group(), text)
    try:
        answer = json.loads(text)
        if "refused" in answer:
            raise FileRefused(str(answer["refused"]["code"]), str(answer["refused"]["message"]))
        found = answer["parsed"]
        return Parsed(
            scope=str(found["scope"]),
            facts={str(table): _rows(**rows) for table, rows in found["facts"].items()},
            rows_read=int(found["rows_read"]),
            rows_accepted=int(found["rows_accepted"]),
            rejected=tuple(_rejected(**row) for row in found["rejected"]),
            warnings=tuple(str(warning) for warning in found["warnings"]),
            without_marks=str(found["without_marks"]),
            scale=None if found["scale"] is None else str(found["scale"]),
            others=tuple(str(paper) for paper in found["others"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as fault:
        raise _Nonsense from fault


def _rejected(
    rule: str, message: str, sheet: str | None, row: int | None, column: str | None, rows: int
) -> Rejected:
    return Rejected(
        str(rule),
        str(message),
        None if sheet is None else str(sheet),
        None if row is None else int(row),
        None if column is None else str(column),
        int(rows),
    )


def _rows(rows: int, common: Mapping[str, Any], columns: Mapping[str, list[Any]]) -> ByColumns:
    """A table; what all rows have in common is told once."""
    cells = rows * (len(common) + len(columns))
    # A cell takes two bytes where it is written out: so many no answer can tell.
    if not 0 <= cells <= LARGEST_ANSWER_BYTES // 2:
        raise ValueError("more cells than an answer holds")
    told = {str(name): list(values) for name, values in columns.items()}
    table = ByColumns(told | {str(name): [value] * rows for name, value in common.items()})
    if len(table) != rows:
        raise ValueError("another number of rows")
    return table
