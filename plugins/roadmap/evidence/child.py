"""Parsing a file in a process of its own, which may die without harm (reliability.md §8-9).

The parent looks at the bytes (`prescan`), then hands them to a nursery: an interpreter that
has the readers imported and nothing else of weight, and that forks a child for each file. The
child works under limits of memory, processor time and file size, in a directory of its own,
without the caller's environment, without a network where the system allows that. The answer
comes back as JSON: facts, counts and messages, never a pupil's row. What kills the child
refuses the file and no more.

A nursery costs a tenth of a second to start, a child of it a few milliseconds: `parse` reads
one file, `reading` many.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from importlib import import_module
from pathlib import Path
from types import ModuleType, TracebackType
from typing import IO, Any, BinaryIO

from roadmap.evidence.limits import Limits
from roadmap.evidence.messages import refused
from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext, Rejected
from roadmap.evidence.prescan import prescan
from roadmap.russian import integer

log = logging.getLogger(__name__)

Parse = Callable[[bytes, str, ReaderContext, Limits], Parsed]

_READERS = "roadmap.evidence.readers"
_READER_NAME = re.compile(r"^[a-z][a-z_]*(\.[a-z][a-z_]*)*$")
_LARGEST_ANSWER_BYTES = 64_000_000
# Waiting for a processor is no fault of the file: the clock may run longer than the processor.
_CLOCK_PER_CPU_SECOND = 5

# Exit statuses of a child, besides 0 and death by a signal.
_READER_FAILED = 70
_OUT_OF_MEMORY = 71

_START = (
    "import sys; sys.path.extend(sys.argv[1:]);"
    "from roadmap.evidence.child import main; sys.exit(main())"
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
            return process.wait() or _READER_FAILED, b""
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

    library = Path(__file__).resolve().parents[2]
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
    if status == _OUT_OF_MEMORY:
        megabytes = integer(limits.memory_bytes >> 20)
        what = f"Для чтения файла не хватило {megabytes} МБ памяти"
        return refused("MEMORY_LIMIT", what, whole, file_name)
    if status == _READER_FAILED:
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
        facts={str(table): [dict(row) for row in rows] for table, rows in found["facts"].items()},
        rows_read=int(found["rows_read"]),
        rows_accepted=int(found["rows_accepted"]),
        rejected=tuple(Rejected(**row) for row in found["rejected"]),
        warnings=tuple(str(warning) for warning in found["warnings"]),
    )


# -- The nursery and its children ------------------------------------------------------------


def main() -> int:
    """Serve files from standard input until it ends; a child for each."""
    # Loaded once, for all children.
    import resource  # noqa: F401

    import defusedxml.ElementTree  # noqa: F401
    import python_calamine  # noqa: F401

    import roadmap.evidence.grid  # noqa: F401

    sys.excepthook = _fail
    _leave_the_network()
    into, out = sys.stdin.buffer, sys.stdout.buffer
    while line := into.readline():
        head = json.loads(line)
        content = into.read(head["size"])
        module = import_module(f"{_READERS}.{head['reader']}")
        # A child lives for one file: it collects no garbage and copies no page to look for it.
        gc.disable()
        gc.freeze()
        with tempfile.TemporaryDirectory(dir=".") as folder, tempfile.TemporaryFile() as answer:
            status = _in_a_child(module, content, head, Path(folder), answer)
            size = answer.seek(0, os.SEEK_END) if status == 0 else 0
            answer.seek(0)
            out.write(json.dumps({"status": status, "size": size}).encode("ascii") + b"\n")
            if size:
                shutil.copyfileobj(answer, out)
            out.flush()
    return 0


def _in_a_child(
    module: ModuleType, content: bytes, head: dict[str, Any], folder: Path, answer: BinaryIO
) -> int:
    """The exit status of a child that read the file; negative: the signal that killed it."""
    pid = os.fork()
    if pid == 0:
        # The pipes to the parent are the nursery's: a child has no business there.
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        os.chdir(folder)
        status = _READER_FAILED
        try:
            status = _child(module, content, head, answer)
        except MemoryError:
            status = _OUT_OF_MEMORY
        finally:
            # Whatever was raised, a child does not return into the nursery's loop; and tearing
            # down a large heap takes time and gives nothing.
            if status == _READER_FAILED:
                _say_place(*sys.exc_info())
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _child(module: ModuleType, content: bytes, head: dict[str, Any], answer: BinaryIO) -> int:
    _end_with_parent()
    limits = Limits(**head["limits"])
    _set_limits(limits)
    read = _read(module, content, ReaderContext(**head["context"]), limits)
    answer.write(json.dumps(read).encode("ascii"))
    answer.flush()
    return 0


def _read(
    module: ModuleType, content: bytes, context: ReaderContext, limits: Limits
) -> dict[str, Any]:
    import python_calamine

    from roadmap.evidence.grid import check_size

    try:
        check_size(content, limits, context.file_name)
        parsed: Parsed = module.read(content, context)
        # Not `asdict` of the whole: it would copy every cell of every fact.
        return {
            "parsed": {
                **{field.name: getattr(parsed, field.name) for field in fields(parsed)},
                "rejected": [asdict(row) for row in parsed.rejected],
            }
        }
    except FileRefused as error:
        return _refusal(error)
    except python_calamine.PasswordError:
        code, what = "ENCRYPTED", "Файл не открывается: он защищён паролем"
        to_do = "Снимите пароль и положите файл снова"
    except python_calamine.CalamineError:
        code, what = "CORRUPT", "Файл не открывается: он повреждён или передан не целиком"
        to_do = "Запросите файл заново и положите его снова"
    return _refusal(refused(code, what, to_do, context.file_name))


def _refusal(error: FileRefused) -> dict[str, Any]:
    return {"refused": {"code": error.code, "message": error.message}}


def _say_place(
    kind: type[BaseException] | None, _error: BaseException | None, trace: TracebackType | None
) -> None:
    """Where the reader failed, without the message: it may quote a cell with a pupil's name."""
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    name = kind.__name__ if kind else "?"
    sys.stderr.write(f"  at {name} in {' > '.join(places)}\n")
    sys.stderr.flush()


def _fail(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _say_place(kind, error, trace)
    os._exit(_READER_FAILED)


def _set_limits(limits: Limits) -> None:
    import resource

    for what, limit in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, _LARGEST_ANSWER_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        _, most = resource.getrlimit(what)
        is_free = most == resource.RLIM_INFINITY
        limit = limit if is_free else min(limit, most)
        # The processor's hard limit kills without saying why: it comes a moment later.
        hard = limit + 5 if what == resource.RLIMIT_CPU and is_free else limit
        resource.setrlimit(what, (limit, hard))


def _libc() -> Any:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def _leave_the_network() -> None:
    """A network namespace without interfaces, no new privileges, an end with the parent.

    All are second lines: where the system does not allow them, reading goes on.
    """
    if sys.platform != "linux":
        return
    new_user, new_network, set_no_new_privileges = 0x10000000, 0x40000000, 38
    libc = _libc()
    libc.prctl(set_no_new_privileges, 1, 0, 0, 0)
    libc.unshare(new_user | new_network)
    _end_with_parent()


def _end_with_parent() -> None:
    """Die when the process that forked this one dies; each fork has to ask for it anew."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        _libc().prctl(set_parent_death_signal, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
