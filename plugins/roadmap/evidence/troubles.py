"""What the operator has to mend in the files that were taken in: for one letter a day.

A file that was refused, or left rows in quarantine, is told of once, whichever run took it in, and
not again while it lies there unchanged: a refusal is remembered once per content and reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select, update

from roadmap.evidence.held import HELD
from roadmap.evidence.sources import load_sources
from roadmap.evidence.unclaimed import TITLE, UNCLAIMED
from roadmap.plan.zone import home_time
from roadmap.russian import of_plan
from roadmap.store.sql import sql
from roadmap.store.tables import load_batch, lying_file

MOST_MESSAGES = 10  # of one file: the rest stands in the task's log


@dataclass(frozen=True)
class Trouble:
    """One file: whether it was refused whole, and what to do. No personal data, no addresses."""

    plan_code: str
    title: str  # of the dataset
    file_name: str
    is_refused: bool
    messages: tuple[str, ...]
    more: int  # messages left out
    is_held: bool = False  # refused until a person decides: it covers less than what is in force
    is_withdrawn: bool = False  # the file lies under another name now
    is_without_marks: bool = False  # no scale is known for its paper
    is_about_another: bool = False  # another municipality, say, than under this name before
    read_ms: int = 0  # when it was first read; UTC milliseconds

    @property
    def whose_plan(self) -> str:
        """«2021 года»."""
        return of_plan(self.plan_code)


@dataclass(frozen=True)
class LyingFile:
    """A file that lies in the inbox and is not accepted. No personal data, no addresses."""

    plan_code: str
    place: str  # below inbox/<plan>: «acts/a.csv»
    rows_read: int
    rows_rejected: int
    reason: str  # Russian: the first sentence of the refusal

    @property
    def whose_plan(self) -> str:
        """«2021 года»."""
        return of_plan(self.plan_code)

    @property
    def folder(self) -> str:
        """«acts»; empty for a file of the plan's own folder."""
        return self.place.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.place.rpartition("/")[2]


def batches_to_mend(engine: Engine) -> tuple[str, ...]:
    """Ids of all batches that were refused, left rows in quarantine, have no marks for want of a
    scale, are about another thing than their file was or were withdrawn, and were not told of yet,
    whichever run took them in."""
    with engine.connect() as conn, conn.begin():
        return _to_mend(conn, plan_code="", dataset="", are_told_too=0)


def _to_mend(
    conn: Connection, *, plan_code: str, dataset: str, are_told_too: int
) -> tuple[str, ...]:
    asked = {"plan_code": plan_code, "dataset": dataset, "are_told_too": are_told_too}
    return tuple(conn.scalars(sql("evidence/batches_to_mend"), asked))


def mark_told(engine: Engine, batch_ids: Sequence[str], now_ms: int) -> None:
    """Remember that the operator was mailed of these batches."""
    with engine.begin() as conn:
        conn.execute(
            update(load_batch).where(load_batch.c.batch_id.in_(batch_ids)).values(told_ms=now_ms)
        )


def lying_files(engine: Engine, plan_code: str | None = None) -> tuple[LyingFile, ...]:
    """What lies in the inbox (of one plan or of all) and is not accepted, in order of places."""
    query = (
        select(
            lying_file.c.plan_code,
            lying_file.c.place,
            load_batch.c.rows_read,
            load_batch.c.rows_rejected,
            load_batch.c.refusal_message,
        )
        .join(load_batch, load_batch.c.batch_id == lying_file.c.batch_id)
        .order_by(lying_file.c.plan_code, lying_file.c.place)
    )
    if plan_code is not None:
        query = query.where(lying_file.c.plan_code == plan_code)
    with engine.connect() as conn, conn.begin():
        return tuple(
            LyingFile(
                row.plan_code,
                row.place,
                row.rows_read,
                row.rows_rejected,
                (row.refusal_message or "").partition(". ")[0],
            )
            for row in conn.execute(query)
        )


def troubles(engine: Engine, batch_ids: Iterable[str]) -> tuple[Trouble, ...]:
    """What to mend in these batches, by plan, dataset and file."""
    with engine.connect() as conn, conn.begin():
        return _troubles(conn, batch_ids, MOST_MESSAGES)


def _troubles(conn: Connection, batch_ids: Iterable[str], most: int | None) -> tuple[Trouble, ...]:
    titles = {dataset: source.title for dataset, source in load_sources().items()}
    titles[UNCLAIMED] = TITLE
    found = []
    for batch_id in batch_ids:
        named = {"batch_id": batch_id, "held": HELD}
        rows = conn.execute(sql("evidence/troubles_of_batch"), named).all()
        if not rows:
            continue
        first = rows[0]
        messages = tuple(row.message for row in rows[:most])
        found.append(
            Trouble(
                plan_code=first.plan_code,
                title=titles.get(first.dataset, first.dataset),
                file_name=first.file_name,
                is_refused=first.state in ("refused", "held"),
                messages=messages,
                more=len(rows) - len(messages),
                is_held=first.state == "held",
                is_withdrawn=first.state == "withdrawn",
                is_without_marks=first.state == "without_marks",
                is_about_another=first.state == "about_another",
                read_ms=first.loaded_ms,
            )
        )
    return tuple(sorted(found, key=lambda one: (one.plan_code, one.title, one.file_name)))


def standing_troubles(
    conn: Connection,
    plan_code: str = "",
    dataset: str = "",
    *,
    beside: Collection[str] = (),
    most: int | None = None,
) -> tuple[Trouble, ...]:
    """What is to be mended in any file since it was first read, told or not; «» means all.

    `beside` are batches to leave out; of each file at most `most` sentences, or all of them.
    """
    standing = _to_mend(conn, plan_code=plan_code, dataset=dataset, are_told_too=1)
    return _troubles(conn, [batch for batch in standing if batch not in beside], most)


def told_again(trouble: Trouble) -> tuple[str, ...]:
    """The lines by which a file's trouble is told once more: whose, when first read, each row."""
    here = home_time()
    read = f"{here.at(trouble.read_ms):%d.%m.%Y в %H:%M} ({here.name})"
    what = "не принят" if trouble.is_refused else "принят с замечаниями"
    more = (f"… и ещё {trouble.more}",) if trouble.more else ()
    whose = f"«{trouble.title}», план {trouble.whose_plan}"
    return (
        f"{whose}: файл «{trouble.file_name}» {what} {read}",
        *(f"— {message}" for message in (*trouble.messages, *more)),
    )
