"""Parsing a file in a process of its own, which may die without harm (reliability.md §8-9).

The parent looks at the bytes (`prescan`), then hands them to a fresh interpreter that imports
one reader and nothing else of weight, under limits of memory, processor time and file size,
in a directory of its own, without a network where the system allows that. The answer comes
back as JSON: facts, counts and messages, never a pupil's row. What kills the child refuses
the file and no more.
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
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from roadmap.evidence.limits import Limits
from roadmap.evidence.messages import refused
from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext, Rejected
from roadmap.evidence.prescan import prescan
from roadmap.russian import integer

log = logging.getLogger(__name__)

_READERS = "roadmap.evidence.readers"
_READER_NAME = re.compile(r"^[a-z][a-z_]*(\.[a-z][a-z_]*)*$")
_LARGEST_ANSWER_BYTES = 64_000_000
# Waiting for a processor is no fault of the file: the clock may run longer than the processor.
_CLOCK_PER_CPU_SECOND = 5

# Exit statuses of the child, besides 0 and death by a signal.
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
    limits = limits or Limits()
    if not _READER_NAME.match(reader):
        raise ValueError(f"not the name of a reader: {reader!r}")
    with (
        tempfile.TemporaryDirectory(prefix="roadmap-read-") as folder,
        tempfile.TemporaryFile() as answer,
        tempfile.TemporaryFile() as trace,
    ):
        # Started before the pre-scan, so that the interpreter wakes up meanwhile; it
        # waits for its input and gets no byte of a file that the pre-scan refuses.
        process = _start(folder, answer, trace)
        try:
            prescan(content, limits, context.file_name)
            status = _feed(process, _head(reader, context, limits), content, limits)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdin:
                process.stdin.close()
        if status != 0:
            log.warning("reader %s: status %s: %s", reader, status, _tail(trace))
            raise _what_became(status, limits, context.file_name)
        answer.seek(0)
        return _answer(answer.read())


def _start(folder: str, answer: IO[bytes], trace: IO[bytes]) -> subprocess.Popen[bytes]:
    # -I: nothing of the caller's environment or directory decides what is imported.
    # -S: no .pth files, which cost a large installation most of the start.
    return subprocess.Popen(  # noqa: S603 - constants and our own paths
        [sys.executable, "-I", "-S", "-c", _START, *_import_path()],
        stdin=subprocess.PIPE,
        stdout=answer,
        stderr=trace,
        cwd=folder,
        env={"TMPDIR": folder, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        start_new_session=True,
    )


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


def _head(reader: str, context: ReaderContext, limits: Limits) -> bytes:
    """The first line of the child's input. Keys of options are text there, as JSON has them."""
    told = {
        "reader": reader,
        "context": {
            "file_name": context.file_name,
            "plan_year": context.plan_year,
            "options": dict(context.options),
        },
        "limits": asdict(limits),
    }
    return json.dumps(told).encode("ascii") + b"\n"


def _feed(process: subprocess.Popen[bytes], head: bytes, content: bytes, limits: Limits) -> int:
    seconds = limits.cpu_seconds * _CLOCK_PER_CPU_SECOND + 5
    try:
        process.communicate(head + content, timeout=seconds)
    except subprocess.TimeoutExpired:
        return -signal.SIGXCPU
    return process.returncode


def _tail(trace: IO[bytes]) -> str:
    """The last of what the child said; its own hook prints places in the code, no content."""
    size = trace.seek(0, os.SEEK_END)
    trace.seek(max(0, size - 2000))
    text = trace.read().decode("utf-8", "replace")
    # A library that prints by itself (Rust's panics) may quote the file.
    return "; ".join(line for line in text.splitlines() if line.startswith("  at "))


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


# -- The child's side ------------------------------------------------------------------------


def main() -> int:
    """Read one file from standard input as the parent's first line says; the exit status."""
    sys.excepthook = _places_only
    _leave_the_network()
    head = json.loads(sys.stdin.buffer.readline())
    limits = Limits(**head["limits"])
    context = ReaderContext(**head["context"])
    module = import_module(f"{_READERS}.{head['reader']}")
    _set_limits(limits)
    try:
        answer = _read(module, sys.stdin.buffer.read(), context, limits)
    except MemoryError:
        return _OUT_OF_MEMORY
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    # Tearing down a large heap takes time and gives nothing.
    os._exit(0)


def _read(module: Any, content: bytes, context: ReaderContext, limits: Limits) -> dict[str, Any]:
    import python_calamine

    from roadmap.evidence.grid import check_size

    try:
        check_size(content, limits, context.file_name)
        return {"parsed": asdict(module.read(content, context))}
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


def _places_only(kind: type[BaseException], _error: BaseException, trace: Any) -> None:
    """Where the reader failed, without the message: it may quote a cell with a pupil's name."""
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    sys.stderr.write(f"  at {kind.__name__} in {' > '.join(places)}\n")
    sys.stderr.flush()
    os._exit(_READER_FAILED)


def _set_limits(limits: Limits) -> None:
    import resource

    memory = limits.memory_bytes
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, _LARGEST_ANSWER_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        _, most = resource.getrlimit(what)
        limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
        # The processor's hard limit kills without saying why: it comes a moment later.
        hard = (
            limit + 5 if what == resource.RLIMIT_CPU and most == resource.RLIM_INFINITY else limit
        )
        resource.setrlimit(what, (limit, hard))


def _leave_the_network() -> None:
    """A network namespace without interfaces, and an end together with the parent.

    Both are second lines: where the system does not allow them, reading goes on.
    """
    if sys.platform != "linux":
        return
    import ctypes

    new_user, new_network = 0x10000000, 0x40000000
    set_parent_death_signal, set_no_new_privileges = 1, 38
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(set_parent_death_signal, signal.SIGKILL, 0, 0, 0)
    libc.prctl(set_no_new_privileges, 1, 0, 0, 0)
    libc.unshare(new_user | new_network)


if __name__ == "__main__":
    sys.exit(main())
