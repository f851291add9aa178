"""No name of a sheet is kept that may be a person's.

Revision 0009. Sheets of protocols and of files in wrong folders were stored and told by the names
that people gave them. A name that no program and no declared register gives is forgotten: in
facts and rejected rows, and in the sentences about files.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KNOWN = frozenset(
    (
        *("лист", "sheet", "table", "tdsheet", "page", "страница", "протокол", "данные", "№"),
        *("впр", "егэ", "огэ", "акты", "график", "документы", "мероприятия", "направления"),
        *("получатели", "программы", "риски", "роли", "участие", "школы", "анкеты", "классы"),
    )
)
_BEFORE, _AFTER = ", лист «", "»"
_UNREAD = "Прочитан только первый лист; не прочитаны: "
_SENTENCES = (
    ("load_batch", "refusal_message"),
    ("rejected_row", "message"),
    ("load_warning", "message"),
    ("run_finding", "message"),
)


def _is_known(sheet: str) -> bool:
    return sheet.strip().rstrip("0123456789").strip().casefold() in _KNOWN


def _without_names(sentence: str) -> str:
    """The sentence without names of sheets that nobody knows."""
    if sentence.startswith(_UNREAD):
        return "Прочитан только первый лист."
    first, *parts = sentence.split(_BEFORE)
    said = first
    for part in parts:
        sheet, _, rest = part.partition(_AFTER)
        said += f"{_BEFORE}{sheet}{_AFTER}{rest}" if _is_known(sheet) else rest
    if ": нет листа «" in said:
        start, listed, rest = said.partition(" (есть ")
        said = start + rest.partition(")")[2] if listed else said
    return said


def upgrade() -> None:
    db = op.get_bind()
    look = sa.inspect(db)
    for name in look.get_table_names():
        if not any(column["name"] == "sheet" for column in look.get_columns(name)):
            continue
        table = sa.table(name, sa.column("sheet"))
        stored = db.execute(sa.select(table.c.sheet).distinct()).scalars()
        unknown = [sheet for sheet in stored if sheet and not _is_known(sheet)]
        for sheet in unknown:
            db.execute(sa.update(table).where(table.c.sheet == sheet).values(sheet=None))
    for name, column in _SENTENCES:
        table = sa.table(name, sa.column(column))
        said = table.c[column]
        for sentence in db.execute(sa.select(said).distinct().where(said.like("%лист%"))).scalars():
            without = _without_names(sentence)
            if without != sentence:
                db.execute(sa.update(table).where(said == sentence).values({column: without}))
