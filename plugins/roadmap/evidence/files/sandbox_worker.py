"""The sandbox worker: reads one file after another, under limits (see `sandbox`).

It imports the readers and nothing else of weight, since an interpreter costs a twentieth of a
second to start. It works under limits of memory, processor time and file size, in a directory
of its own, without the caller's environment, without a network where the system allows that.

Standard input: a line of JSON (`reader`, `context`, `limits`, `size`), then `size` bytes, the
file; again and again. Standard output: a line with the number of bytes, then the answer. The
worker ends with the file that it could not read: what it leaves in memory is not trusted.
"""

from __future__ import annotations

import gc
import json
import math
import os
import resource
import sys
import time
from dataclasses import asdict
from importlib import import_module
from types import TracebackType
from typing import Any, BinaryIO

from roadmap.confined import isolate, limit
from roadmap.evidence.files.limits import Limits
from roadmap.evidence.messages import refused
from roadmap.evidence.parsed import ByColumns, FileRefused, Parsed, ReaderContext

# Exit statuses, besides death by a signal.
READER_FAILED = 70
OUT_OF_MEMORY = 71

LARGEST_ANSWER_BYTES = 64_000_000
_READERS = "roadmap.evidence.readers"


def main() -> int:
    """Serve files from standard input until it ends."""
    sys.excepthook = _fail
    isolate(LARGEST_ANSWER_BYTES, open_files=64)
    limit(resource.RLIMIT_NPROC, 0)  # no other process
    files, answers = _pipes()
    # Before the first file comes: the parent has something to do, too.
    import_module("python_calamine")
    import_module("roadmap.evidence.files.grid")
    for line in iter(files.readline, b""):
        head = json.loads(line)
        content = files.read(head["size"])
        answer = _read(
            head["reader"], content, ReaderContext(**head["context"]), Limits(**head["limits"])
        )
        data = json.dumps(answer, ensure_ascii=False).encode("utf-8", "ignore")
        if len(data) > LARGEST_ANSWER_BYTES:
            raise OverflowError("an answer without end")
        answers.write(b"%d\n" % len(data))
        answers.write(data)
        answers.flush()
        del content, answer, data
        gc.collect()
    return 0


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes from and to the parent; readers that read or print meet an empty device."""
    files, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    return files, answers


def _read(reader: str, content: bytes, context: ReaderContext, limits: Limits) -> dict[str, Any]:
    from xml.parsers.expat import ExpatError

    import python_calamine

    from roadmap.evidence.files.grid import check_size
    from roadmap.evidence.files.prescan import prescan

    module = import_module(f"{_READERS}.{reader}")
    gc.freeze()  # what was imported is not looked at again
    _limit_file(limits)
    try:
        prescan(content, limits, context.file_name)
        check_size(content, limits, context.file_name)
        parsed: Parsed = module.read(content, context)
        return {
            "parsed": {
                "scope": parsed.scope,
                "facts": {table: _told(ByColumns.of(rows)) for table, rows in parsed.facts.items()},
                "rows_read": parsed.rows_read,
                "rows_accepted": parsed.rows_accepted,
                "rejected": [asdict(row) for row in parsed.rejected],
                "warnings": parsed.warnings,
                "without_marks": parsed.without_marks,
                "scale": parsed.scale,
                "others": parsed.others,
            }
        }
    except FileRefused as error:
        return _refusal(error)
    except python_calamine.PasswordError:
        code, what = "ENCRYPTED", "Файл не открывается: он защищён паролем"
        to_do = "Снимите пароль и положите файл снова"
    except (python_calamine.CalamineError, ExpatError):
        code, what = "CORRUPT", "Файл не открывается: он повреждён или передан не целиком"
        to_do = "Запросите файл заново и положите его снова"
    return _refusal(refused(code, what, to_do, context.file_name))


def _told(rows: ByColumns) -> dict[str, Any]:
    """A table by columns, which is half of the text; what all rows have in common is told once."""
    common = {
        name: of[0]
        for name, of in rows.columns.items()
        if of and of[0] == of[-1] and of.count(of[0]) == len(of) and len(set(map(type, of))) == 1
    }
    columns = {name: of for name, of in rows.columns.items() if name not in common}
    return {"rows": len(rows), "common": common, "columns": columns}


def _refusal(error: FileRefused) -> dict[str, Any]:
    return {"refused": {"code": error.code, "message": error.message}}


def _fail(kind: type[BaseException], _error: BaseException, trace: TracebackType | None) -> None:
    """Say where the reader failed, without the message: it may quote a pupil's name; and end."""
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    sys.stderr.write(f"  at {kind.__name__} in {' > '.join(places)}\n")
    sys.stderr.flush()
    # Tearing down a large heap takes time and gives nothing.
    os._exit(OUT_OF_MEMORY if issubclass(kind, MemoryError) else READER_FAILED)


def _limit_file(limits: Limits) -> None:
    """The limits of one file: processor time counts from now."""
    limit(resource.RLIMIT_AS, limits.memory_bytes)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(time.process_time()) + limits.cpu_seconds
    resource.setrlimit(
        resource.RLIMIT_CPU, (soft if most == resource.RLIM_INFINITY else min(soft, most), most)
    )
