"""The nursery: forks a child for each file and tells what became of it (see `child`).

A nursery costs a tenth of a second to start, so it imports the readers and nothing else of
weight; a child of it costs a few milliseconds. The child works under limits of memory,
processor time and file size, in a directory of its own, without the caller's environment,
without a network where the system allows that.

Standard input: a line of JSON (`reader`, `context`, `limits`, `size`), then `size` bytes, the
file; again and again. Standard output: a line of JSON (`status`, `size`), then `size` bytes,
the answer.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import sys
from dataclasses import asdict, fields
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, BinaryIO

from roadmap.evidence.files.limits import Limits
from roadmap.evidence.messages import refused
from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext

# Exit statuses of a child, besides 0 and death by a signal.
READER_FAILED = 70
OUT_OF_MEMORY = 71

_READERS = "roadmap.evidence.readers"
_LARGEST_ANSWER_BYTES = 64_000_000


def main() -> int:
    """Serve files from standard input until it ends; a child for each."""
    # Loaded once, for all children.
    import ctypes  # noqa: F401
    import resource  # noqa: F401

    import python_calamine  # noqa: F401

    import roadmap.evidence.files.grid  # noqa: F401

    sys.excepthook = _fail
    _leave_the_network()
    _limit_all()
    into, out = sys.stdin.buffer, sys.stdout.buffer
    for number, line in enumerate(iter(into.readline, b"")):
        head = json.loads(line)
        content = into.read(head["size"])
        module = import_module(f"{_READERS}.{head['reader']}")
        # Whatever is made before the fork costs the child no page of its own.
        context, limits = ReaderContext(**head["context"]), Limits(**head["limits"])
        # A child lives for one file: it collects no garbage and copies no page to look for it.
        gc.disable()
        gc.freeze()
        folder = Path(f"file-{number}")
        folder.mkdir(mode=0o700)
        with Path(f"answer-{number}").open("x+b") as answer:
            Path(answer.name).unlink()
            status = _in_a_child(module, content, context, limits, folder, answer)
            size = answer.seek(0, os.SEEK_END) if status == 0 else 0
            answer.seek(0)
            out.write(json.dumps({"status": status, "size": size}).encode("ascii") + b"\n")
            if size:
                shutil.copyfileobj(answer, out)
            out.flush()
        shutil.rmtree(folder)
    return 0


def _in_a_child(
    module: ModuleType,
    content: bytes,
    context: ReaderContext,
    limits: Limits,
    folder: Path,
    answer: BinaryIO,
) -> int:
    """The exit status of a child that read the file; negative: the signal that killed it."""
    pid = os.fork()
    if pid == 0:
        # The pipes to the parent are the nursery's: a child has no business there.
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        os.chdir(folder)
        status = READER_FAILED
        try:
            status = _child(module, content, context, limits, answer)
        except MemoryError:
            status = OUT_OF_MEMORY
        finally:
            # Whatever was raised, a child does not return into the nursery's loop; and tearing
            # down a large heap takes time and gives nothing.
            if status == READER_FAILED:
                _say_place(*sys.exc_info())
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _child(
    module: ModuleType, content: bytes, context: ReaderContext, limits: Limits, answer: BinaryIO
) -> int:
    _end_with_parent()
    _limit_child(limits)
    read = _read(module, content, context, limits)
    answer.write(json.dumps(read, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    answer.flush()
    return 0


def _read(
    module: ModuleType, content: bytes, context: ReaderContext, limits: Limits
) -> dict[str, Any]:
    import python_calamine

    from roadmap.evidence.files.grid import check_size

    try:
        check_size(content, limits, context.file_name)
        parsed: Parsed = module.read(content, context)
        # Not `asdict` of the whole: it would copy every cell of every fact.
        return {
            "parsed": {
                **{field.name: getattr(parsed, field.name) for field in fields(parsed)},
                "facts": {table: _by_columns(rows) for table, rows in parsed.facts.items()},
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


def _by_columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """A table's values by column; where a row lacks one, None."""
    names = dict.fromkeys(chain.from_iterable(rows))
    return {name: [row.get(name) for row in rows] for name in names}


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
    os._exit(READER_FAILED)


def _limit_all() -> None:
    """The limits that hold for every child alike: the nursery has them, children inherit."""
    import resource

    _limit(resource.RLIMIT_FSIZE, _LARGEST_ANSWER_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, 64)


def _limit_child(limits: Limits) -> None:
    import resource

    _limit(resource.RLIMIT_AS, limits.memory_bytes)
    # The processor's hard limit kills without saying why: it comes a moment later.
    _limit(resource.RLIMIT_CPU, limits.cpu_seconds, later=5)
    _limit(resource.RLIMIT_NPROC, 0)


def _limit(what: int, limit: int, later: int = 0) -> None:
    import resource

    _, most = resource.getrlimit(what)
    if most == resource.RLIM_INFINITY:
        resource.setrlimit(what, (limit, limit + later))
    else:
        resource.setrlimit(what, (min(limit, most), min(limit + later, most)))


@cache
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
