"""Workbooks for people to fill in: one per register, made from its one declaration.

The first sheet has the heading that the reader expects, with drop-down lists, dates and numbers
held to; the second says what each column means; the third holds the lists, however long: a list
written into a cell ends at 255 characters.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import xlsxwriter
from sqlalchemy import Connection, select
from xlsxwriter.utility import xl_col_to_name

from roadmap.datasets.catalogue import DATASETS
from roadmap.datasets.model import Column, Kind
from roadmap.evidence.intake import batches_in_force
from roadmap.evidence.registers.cells import YEARS
from roadmap.evidence.registers.vocabulary import with_words
from roadmap.evidence.sources import Source
from roadmap.paths import TEMPLATES
from roadmap.plan.model import Plan
from roadmap.plan.region import REGION
from roadmap.plan.strict_yaml import read_yaml
from roadmap.store.tables import metadata

# Code → what it names, shown beside it; empty where the word says it all.
Words = Mapping[str | int, str]

# Which register gives a code its meaning, and the column that says what it names.
_NAMED_BY = {
    "school_id": ("registry_schools", "name"),
    "person_id": ("registry_people", "role"),
    "event_id": ("events", "title"),
    "programme_id": ("programmes", "title"),
}
# Words that the rules of a plan list.
_SAID_BY_RULES = {
    ("regional_acts", "document"): ("required_documents",),
    ("municipal_acts", "kind"): ("legal_acts", "programme_documents"),
}
_WIDTH = {Kind.TEXT: 40, Kind.NAME: 36, Kind.VARIANTS: 40, Kind.LINK: 34, Kind.ADDRESS: 30}
_DAYS = "dd.mm.yyyy"


@dataclass(frozen=True)
class Form:
    """A workbook to fill in; `path` is where it belongs under the inbox of its plan."""

    dataset: str
    path: PurePosixPath
    title: str
    content: bytes


def forms(
    plan: Plan, sources: Mapping[str, Source], known: Mapping[str, Words] | None = None
) -> Iterator[Form]:
    """A form for each register that comes as files; `known`: codes by the key of their column."""
    for name, source in sources.items():
        if name in DATASETS and source.locations and _can_be_filled_in(plan, source):
            place = next(one for one in source.locations if one.endswith(".xlsx"))
            # Of many files of one kind each has a name of its own.
            path = PurePosixPath(place.replace("*", name))
            yield Form(name, path, source.title, _workbook(plan, source, known or {}))


def _can_be_filled_in(plan: Plan, source: Source) -> bool:
    """Whether the plan has words for each column that needs some: not each has reported values."""
    return all(
        _words(plan, source, column, {})
        for column in DATASETS[source.dataset].table.columns
        if column.words is not None and column.required
    )


def known_codes(conn: Connection, plan: Plan, now_ms: int) -> dict[str, Words]:
    """The codes of schools, people, events and programmes that registers in force hold."""
    in_force = batches_in_force(conn, plan.code, now_ms)
    known: dict[str, Words] = {}
    for key, (dataset, title) in _NAMED_BY.items():
        table = metadata.tables[DATASETS[dataset].table.name]
        batches = [batch.batch_id for batch in in_force if batch.dataset == dataset]
        rows = conn.execute(
            select(table.c[key], table.c[title])
            .where(table.c.batch_id.in_(batches))
            .order_by(table.c[key], table.c[title])
        )
        known[key] = {code: str(named) for code, named in rows}
    return known


@cache
def _texts() -> Any:
    return read_yaml((TEMPLATES / "evidence" / "forms.yaml").read_text(encoding="utf-8"))


def _workbook(plan: Plan, source: Source, known: Mapping[str, Words]) -> bytes:
    dataset = DATASETS[source.dataset]
    columns = [column for column in dataset.table.columns if column.title]
    meanings = [_meaning(source.dataset, column) for column in columns]
    lists = {
        column.key: words for column in columns if (words := _words(plan, source, column, known))
    }
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties(
        {"title": source.title, "created": datetime.combine(date(plan.year, 1, 1), time())}
    )
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    looks = {look: book.add_format({"num_format": look}) for look in ("@", "0", _DAYS)}
    sheet = book.add_worksheet(dataset.sheet or source.title[:31])
    sheet.freeze_panes(1, 0)
    _write_guide(book, source, columns, meanings, sheet.get_name(), bold)
    references = _write_lists(book, columns, lists, bold) if lists else {}
    for at, (column, meaning) in enumerate(zip(columns, meanings, strict=True)):
        look = _DAYS if column.is_day else "0" if column.kind is Kind.INTEGER else "@"
        sheet.set_column(at, at, _WIDTH.get(column.kind, 18), looks[look])
        sheet.write_string(0, at, column.title, bold)
        held = _held_to(plan, column, references.get(column.key))
        told = {"input_title": column.title[:32], "input_message": meaning}
        sheet.data_validation(1, at, source.limits.rows, at, held | told)
    book.close()
    return out.getvalue()


def _words(plan: Plan, source: Source, column: Column, known: Mapping[str, Words]) -> Words:
    """What may stand in the column, as it is written; nothing where that is not known."""
    if column.kind in (Kind.MUNICIPALITY, Kind.ADDRESSEE):
        names: dict[str | int, str] = {one.id: one.name for one in plan.municipalities}
        if column.kind is Kind.ADDRESSEE:
            names[REGION] = plan.region.department.name
        return names
    if column.key == "measure":
        return {measure.number: measure.text for measure in plan.measures}
    if column.key == "indicator" and column.words is None:
        return {one.code: one.title for measure in plan.measures for one in measure.indicators}
    if rules := _SAID_BY_RULES.get((source.dataset, column.key)):
        said = [measure.rules.get(rule, ()) for measure in plan.measures for rule in rules]
        return {word: "" for listed in said if isinstance(listed, tuple) for word in listed}
    if column.key in _NAMED_BY and _NAMED_BY[column.key][0] != source.dataset:
        return known.get(column.key, {})
    options = with_words(source.options_of(plan.year), plan)
    given = options.get("choices", {}).get(column.key, {})
    choices = {**column.choices, **(given if isinstance(given, Mapping) else dict.fromkeys(given))}
    first: dict[Any, str] = {}  # of several ways to write one thing the first is offered
    for written, kept in choices.items():
        first.setdefault(written if kept is None else kept, written)
    return dict.fromkeys(first.values(), "")


def _meaning(dataset: str, column: Column) -> str:
    meanings = _texts()["meanings"]
    own = f"{dataset}.{column.key}"
    return str(meanings[own] if own in meanings else meanings[column.key])


def _write_lists(
    book: Any, columns: Sequence[Column], lists: Mapping[str, Words], bold: Any
) -> dict[str, str]:
    """Where each list stands, by the key of its column: «='Перечни'!$A$2:$A$30»."""
    name = _texts()["lists"]
    sheet = book.add_worksheet(name)
    references = {}
    at = 0
    for column in columns:
        words = lists.get(column.key)
        if not words:
            continue
        sheet.write_string(0, at, column.title, bold)
        has_names = any(words.values())
        for row, (word, named) in enumerate(words.items(), start=1):
            (sheet.write_number if column.kind is Kind.INTEGER else sheet.write_string)(
                row, at, word
            )
            if named:
                sheet.write_string(row, at + 1, named)
        sheet.set_column(at, at, 24)
        letter = xl_col_to_name(at)
        references[column.key] = f"='{name}'!${letter}$2:${letter}${len(words) + 1}"
        at += 3 if has_names else 2
    return references


def _held_to(plan: Plan, column: Column, reference: str | None) -> dict[str, Any]:
    """What a cell takes, as xlsxwriter's `data_validation` has it; an empty one it takes always."""
    texts = _texts()
    if reference is not None:
        # A code that is newer than the form, a kind of the region's own: warned of, not refused.
        is_closed = column.kind in (Kind.CHOICE, Kind.MUNICIPALITY, Kind.ADDRESSEE)
        return {
            "validate": "list",
            "source": reference,
            "error_type": "stop" if is_closed else "warning",
            "error_message": texts["not_in_list"],
        }
    if column.is_day:
        first, last = YEARS
        if column.kind is Kind.DAY_OF_YEAR:
            first, last = plan.years
        return {
            "validate": "date",
            "criteria": "between",
            "minimum": date(first, 1, 1),
            "maximum": date(last, 12, 31),
            "error_message": texts["no_such_day"],
        }
    if column.kind is Kind.INTEGER:
        return {
            "validate": "integer",
            "criteria": ">=",
            "value": 0,
            "error_message": texts["no_such_number"],
        }
    return {"validate": "any"}


def _write_guide(
    book: Any, source: Source, columns: Sequence[Column], meanings: Sequence[str], sheet: str,
    bold: Any,
) -> None:  # fmt: skip
    texts = _texts()
    guide = book.add_worksheet(texts["guide"])
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for at, (title, width) in enumerate(zip(texts["heading"], (28, 14, 90), strict=True)):
        guide.set_column(at, at, width, wrapped)
        guide.write_string(0, at, title, bold)
    for row, (column, meaning) in enumerate(zip(columns, meanings, strict=True), start=1):
        guide.write_string(row, 0, column.title)
        guide.write_string(row, 1, texts["obligatory"][column.required])
        guide.write_string(row, 2, meaning)
    # Alone in their rows, where no heading is looked for.
    remarks = [texts["where"].format(sheet=sheet, places=" или ".join(source.locations))]
    if scope := DATASETS[source.dataset].scope:
        titles = {column.key: column.title for column in columns}
        remarks.append(texts["one_scope"].format(title=titles[scope.column]))
    for row, remark in enumerate(remarks, start=len(columns) + 2):
        guide.write_string(row, 2, remark)
