"""How much a file and the process that reads it may cost (docs/delivery.md §8).

`size_bytes`, `rows` and `columns` are each dataset's own (`include/sources.yaml`); the rest
protects the machine and is the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of one file. Rows are data rows of one sheet; headings and trailers come on top."""

    size_bytes: int = 20_000_000
    rows: int = 30_000
    columns: int = 200
    memory_bytes: int = 1 << 30
    cpu_seconds: int = 60
    unpacked_bytes: int = 200_000_000
    unpacked_ratio: int = 100
    members: int = 2_000
