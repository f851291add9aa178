"""Reading SQL files of include/sql: a question a statistician can read, with bound parameters."""

from __future__ import annotations

from functools import cache

from sqlalchemy import TextClause, text

from roadmap.paths import SQL


@cache
def sql(name: str) -> TextClause:
    """The statement of `include/sql/<name>.sql`; FileNotFoundError when there is none."""
    return text((SQL / f"{name}.sql").read_text(encoding="utf-8"))
