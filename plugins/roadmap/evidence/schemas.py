"""What a fact must be, whatever reader brought it: one pandera schema per fact table.

Readers say what is wrong with a cell; here whole tables are checked at once, after parsing
and before anything is stored. A row that breaks a rule is quarantined; a table that lacks a
column or holds the wrong kind of values is the reader's fault and refuses the file.

Importing this module loads pandas and pandera: only intake does, when there are new facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors
from sqlalchemy import Integer, Table

from roadmap.evidence.messages import place, sentence
from roadmap.evidence.parsed import FileRefused, Parsed, Rejected
from roadmap.evidence.registers.columns import ANTI_RISK_PROGRAMME
from roadmap.store.tables import FACTS

# No procedure in the country has more participants (ВПР: about 1.5 million a paper).
MOST_PEOPLE = 3_000_000
_DAY = r"^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$"

PAPER = ("kind", "year", "wave", "grade", "subject")
_GROUP = ("level", "school_scheme", "school_ref")


@dataclass(frozen=True)
class Rule:
    """A rule over whole rows: `holds` gives a boolean column; `says` goes to the operator."""

    code: str
    says: str
    holds: Callable[[pd.DataFrame], pd.Series]


@dataclass(frozen=True)
class FactSchema:
    """Rules of one table. `key`: what may occur once; values beside it that differ conflict."""

    key: tuple[str, ...]
    rules: tuple[Rule, ...] = ()
    choices: Mapping[str, tuple[str, ...]] | None = None
    days: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()  # numbers that may be below zero


def _no_more(part: str, whole: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda rows: rows[part].fillna(0) <= rows[whole]


def _valid_period(rows: pd.DataFrame) -> pd.Series:
    return rows["valid_to"].isna() | (rows["valid_to"] >= rows["valid_from"])


def _has_day_when(state: str, day: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda rows: (rows["state"] == state) == rows[day].notna()


_MARKS = ["mark_2", "mark_3", "mark_4", "mark_5"]
_STATES = {"state": ("approved", "draft")}
_APPROVAL = Rule(
    "CONTRADICTION",
    "утверждение без даты, или дата утверждения у проекта",
    _has_day_when("approved", "approved_on"),
)
_PERIOD = Rule("PERIOD", "дата окончания раньше даты начала", _valid_period)
_SCHOOL_ROW = Rule(
    "SCHOOL_REF",
    "у строки школы нет её кода, или он есть у строки муниципалитета или региона",
    lambda rows: (rows["level"] == "school") == rows["school_ref"].notna(),
)
_KINDS = ("vpr", "oge", "ege", "rdr")
_PAPER_CHOICES = {"kind": _KINDS, "wave": ("autumn", "spring", "main")}
_GROUP_CHOICES = {
    **_PAPER_CHOICES,
    "level": ("school", "municipality", "region", "country"),
    "school_scheme": ("vpr_login", "gia_code", "name"),
}

SCHEMAS: dict[str, FactSchema] = {
    "municipality_name": FactSchema(
        ("municipality_id", "valid_from"), (_PERIOD,), days=("valid_from", "valid_to")
    ),
    "municipality_alias": FactSchema(("alias",)),
    "school": FactSchema(
        ("school_id", "valid_from"),
        (
            _PERIOD,
            Rule(
                "PERIOD",
                "школа вышла из проекта раньше, чем вошла в него",
                lambda rows: (
                    rows["project_to"].isna()
                    | (rows["project_from"].notna() & (rows["project_to"] >= rows["project_from"]))
                ),
            ),
        ),
        days=("valid_from", "valid_to", "project_from", "project_to"),
    ),
    "person_role": FactSchema(
        ("person_id", "role", "municipality_id", "school_id", "valid_from"),
        (_PERIOD,),
        choices={"role": ("coordinator", "curator")},
        days=("valid_from", "valid_to"),
    ),
    "contact": FactSchema(
        ("municipality_id", "address", "valid_from"),
        (_PERIOD,),
        days=("valid_from", "valid_to"),
    ),
    "event": FactSchema(
        ("event_id",),
        (Rule("RANGE", "число участников вне разумных границ", _no_more("participants", "_most")),),
        choices={
            "state": ("held", "planned", "cancelled"),
            "host_kind": ("leader_school", "project_school", "other"),
        },
        days=("held_on",),
    ),
    "attendance": FactSchema(
        ("event_id", "role", "person_id", "school_id"),
        (
            Rule(
                "PERSON",
                "нет кода лица (у строки школы — кода школы)",
                lambda rows: (
                    rows["person_id"]
                    .notna()
                    .where(rows["role"] != "school", rows["school_id"].notna())
                ),
            ),
        ),
        choices={"role": ("coordinator", "curator", "school")},
    ),
    "municipal_act": FactSchema(
        ("municipality_id", "kind", "number", "adopted_on"),
        choices={"basis": ("recommendations", "other")},
        days=("adopted_on",),
    ),
    "document": FactSchema(
        ("document_id",),
        choices=_STATES,
        days=("signed_on",),
    ),
    "regional_act": FactSchema(("act_id",), choices=_STATES, days=("signed_on",)),
    "own_schedule_date": FactSchema(("measure",), days=("due_on",)),
    "survey": FactSchema(
        ("respondent", "person_id", "school_id", "questionnaire"),
        (
            Rule(
                "RESPONDENT",
                "нет кода куратора (у анкеты школы — кода школы)",
                lambda rows: (
                    rows["person_id"]
                    .notna()
                    .where(rows["respondent"] != "school", rows["school_id"].notna())
                ),
            ),
            Rule(
                "CONTRADICTION",
                "у закрытой анкеты нет даты закрытия, или она есть у открытой",
                _has_day_when("closed", "closed_on"),
            ),
        ),
        choices={"respondent": ("curator", "school"), "state": ("closed", "open")},
        days=("closed_on",),
    ),
    "publication": FactSchema(
        ("publication_id",), choices={"kind": ("page", "news")}, days=("published_on",)
    ),
    "medk_document": FactSchema(
        ("school_id", "kind", "factor", "state_on"),
        (
            Rule(
                "FACTOR",
                "фактор риска бывает у антирисковой программы, и только у неё",
                lambda rows: (rows["kind"] == ANTI_RISK_PROGRAMME) == rows["factor"].notna(),
            ),
        ),
        days=("state_on",),
    ),
    "risk": FactSchema(
        ("school_id", "factor", "assessed_on"),
        choices={"level": ("high", "medium", "low")},
        days=("assessed_on",),
    ),
    "programme": FactSchema(
        ("programme_id",), (_APPROVAL,), choices=_STATES, days=("approved_on",)
    ),
    "direction": FactSchema(
        ("direction_id",),
        (
            _APPROVAL,
            Rule(
                "RANGE",
                "год вне разумных границ",
                lambda rows: rows["for_year"].between(1990, 2100),
            ),
        ),
        choices=_STATES,
        days=("approved_on",),
    ),
    "acknowledgement": FactSchema(("school_id", "phase", "received_on"), days=("received_on",)),
    "mark_result": FactSchema(
        (*PAPER, *_GROUP, "municipality_ref"),
        (
            Rule(
                "SUM",
                "сумма отметок не равна числу участников",
                lambda rows: rows[_MARKS].sum(axis=1) == rows["participants"],
            ),
            Rule("RANGE", "участников больше, чем бывает", _no_more("participants", "_most")),
            _SCHOOL_ROW,
        ),
        choices=_GROUP_CHOICES,
    ),
    "journal_result": FactSchema(
        (*PAPER, *_GROUP, "municipality_ref"),
        (
            Rule(
                "SUM",
                "понизившие, подтвердившие и повысившие не дают вместе числа сравнённых",
                lambda rows: (
                    rows[["lowered", "confirmed", "raised"]].sum(axis=1) == rows["compared"]
                ),
            ),
            _SCHOOL_ROW,
        ),
        choices=_GROUP_CHOICES,
    ),
    "exam_result": FactSchema(
        (*PAPER, "school_scheme", "school_ref"),
        (
            Rule(
                "SUM",
                "не преодолевших порог и набравших 81–100 больше, чем участников",
                lambda rows: rows["below_minimum"] + rows["high_scores"] <= rows["participants"],
            ),
            Rule(
                "RANGE",
                "сумма баллов больше 100 на участника",
                lambda rows: rows["score_sum"] <= 100 * rows["participants"],
            ),
        ),
        choices={**_PAPER_CHOICES, "school_scheme": ("vpr_login", "gia_code", "name")},
    ),
    "appeal_change": FactSchema(
        (*PAPER, "school_scheme", "school_ref"),
        (
            Rule(
                "SUM",
                "апелляции меняют отметки, а не число участников",
                lambda rows: rows[_MARKS].sum(axis=1) == 0,
            ),
        ),
        choices={**_PAPER_CHOICES, "school_scheme": ("vpr_login", "gia_code", "name")},
        differences=(*_MARKS, "below_minimum", "score_sum", "high_scores"),
    ),
}


def check_all(files: Sequence[tuple[str, Parsed]]) -> list[Parsed | FileRefused]:
    """What is left of each file of one pull, in their order; a refusal concerns its file alone.

    `files`: the name of each file and what its reader gave. Each fact table is checked once for
    all of them; rows are compared with rows of their own file only.
    """
    checked: list[Parsed | FileRefused] = []
    for file_name, parsed in files:
        try:
            checked.append(check(parsed, file_name))
        except FileRefused as refusal:
            checked.append(refusal)
    return checked


def check(parsed: Parsed, file_name: str) -> Parsed:
    """The facts that keep the rules; the others as rejected rows, with counts brought up.

    Exact duplicates are dropped with a warning; rows that say different things under one key
    are all quarantined, since nobody can know which is right. FileRefused («SCHEMA») where a
    table lacks a column or has values of another kind.
    """
    kept: dict[str, list[dict[str, Any]]] = {}
    rejected: list[Rejected] = []
    warnings: list[str] = []
    for name, rows in parsed.facts.items():
        if not rows:
            continue
        frame = _frame(name, rows, file_name)
        bad = _violations(name, frame, rows, file_name)
        repeated, conflicts = _duplicates(name, frame.drop(index=list(bad)), rows, file_name)
        bad |= conflicts
        warnings.extend(repeated.values())
        rejected.extend(bad[index] for index in sorted(bad))
        kept[name] = [
            row for index, row in enumerate(rows) if index not in bad and index not in repeated
        ]
    rejected = _each_row_once(rejected)
    return replace(
        parsed,
        facts=kept,
        rows_accepted=max(parsed.rows_accepted - sum(item.rows for item in rejected), 0),
        rejected=(*parsed.rejected, *rejected),
        warnings=(*parsed.warnings, *warnings),
    )


def _each_row_once(rejected: list[Rejected]) -> list[Rejected]:
    """A row of a file may carry several facts; it is counted with the first that fails."""
    seen: set[tuple[str | None, int | None]] = set()
    counted = []
    for item in rejected:
        if item.row is not None:
            if (item.sheet, item.row) in seen:
                item = replace(item, rows=0)
            seen.add((item.sheet, item.row))
        counted.append(item)
    return counted


def _columns(table: Table) -> list[tuple[str, bool, bool]]:
    """Name, whether it is a number, whether it may be empty."""
    return [
        (column.name, isinstance(column.type, Integer), bool(column.nullable))
        for column in table.columns
        if column.name != "batch_id"
    ]


_TABLES = {table.name: table for table in FACTS}


def _frame(name: str, rows: list[dict[str, Any]], file_name: str) -> pd.DataFrame:
    """The rows as a frame of whole numbers and text; FileRefused where they are not that."""
    if name not in _TABLES:
        raise FileRefused("SCHEMA", _structural(file_name, f"неизвестный вид сведений «{name}»"))
    columns = _columns(_TABLES[name])
    unknown = set().union(*rows) - {column for column, _, _ in columns}
    if unknown:
        raise FileRefused(
            "SCHEMA", _structural(file_name, f"лишние поля: {', '.join(sorted(unknown))}")
        )
    for column, is_number, _ in columns:
        kind = int if is_number else str
        if not all(type(row.get(column)) in (kind, type(None)) for row in rows):
            raise FileRefused("SCHEMA", _structural(file_name, f"поле «{name}.{column}»"))
    return pd.DataFrame(
        {
            column: pd.array(
                [row.get(column) for row in rows], dtype="Int64" if is_number else "string"
            )
            for column, is_number, _ in columns
        }
    )


_NUMBER = "число вне разумных границ"
_NO_DAY = "дата не читается"
_NO_CHOICE = "недопустимое значение"
_CODES = {_NUMBER: "RANGE", _NO_DAY: "TYPE", _NO_CHOICE: "CHOICE"} | {
    rule.says: rule.code for schema in SCHEMAS.values() for rule in schema.rules
}


def _schema(name: str) -> pa.DataFrameSchema:
    fact = SCHEMAS[name]
    columns = {}
    for column, is_number, nullable in _columns(_TABLES[name]):
        checks = []
        if is_number:
            least = -(10**12) if column in fact.differences else 0
            checks.append(pa.Check.in_range(least, 10**12, error=_NUMBER))
        if column in fact.days:
            checks.append(pa.Check.str_matches(_DAY, error=_NO_DAY))
        if fact.choices and column in fact.choices:
            allowed = list(fact.choices[column])
            checks.append(pa.Check.isin(allowed, error=_NO_CHOICE))
        columns[column] = pa.Column(
            "Int64" if is_number else pd.StringDtype(), checks, nullable=nullable
        )
    return pa.DataFrameSchema(
        columns,
        checks=[
            pa.Check(
                lambda rows, holds=rule.holds: (
                    holds(rows.assign(_most=MOST_PEOPLE)).fillna(False).astype(bool)
                ),
                error=rule.says,
            )
            for rule in fact.rules
        ],
        strict=True,
    )


_BUILT = {name: _schema(name) for name in SCHEMAS}


def _violations(
    name: str, frame: pd.DataFrame, rows: list[dict[str, Any]], file_name: str
) -> dict[int, Rejected]:
    try:
        _BUILT[name].validate(frame, lazy=True)
    except SchemaErrors as errors:
        found: dict[int, Rejected] = {}
        for case in errors.failure_cases.to_dict("records"):
            index = case["index"]
            if pd.isna(index):
                raise FileRefused(
                    "SCHEMA", _structural(file_name, f"таблица «{name}», {case['check']}")
                ) from None
            found.setdefault(
                int(index), _rejected(name, rows[int(index)], case["check"], file_name)
            )
        return found
    return {}


def _rejected(name: str, row: dict[str, Any], says: str, file_name: str) -> Rejected:
    if says == "not_nullable":
        code, says = "MISSING", "нет обязательного значения"
    else:
        code = _CODES[says]
    return Rejected(
        rule=code,
        message=sentence(
            f"Строка не принята: {says}",
            place(file_name, row.get("sheet"), row.get("row")),
            "Исправьте строку и положите файл снова",
        ),
        sheet=row.get("sheet"),
        row=row.get("row"),
        rows=_weight(name, row),
    )


def _duplicates(
    name: str, frame: pd.DataFrame, rows: list[dict[str, Any]], file_name: str
) -> tuple[dict[int, str], dict[int, Rejected]]:
    """Exact repetitions (index → warning) and contradictions (index → rejected row)."""
    content = [column for column in frame.columns if column not in ("sheet", "row")]
    is_repeated = frame.duplicated(content, keep="first")
    repeated = {
        int(index): sentence(
            "Строка повторяется, учтена один раз",
            place(file_name, rows[int(index)].get("sheet"), rows[int(index)].get("row")),
            "Удалите повтор",
        )
        for index in frame.index[is_repeated]
    }
    once = frame[~is_repeated]
    key = list(SCHEMAS[name].key)
    clashing = once[once.duplicated(key, keep=False)]
    conflicts: dict[int, Rejected] = {}
    for _, group in clashing.groupby(key, dropna=False):
        members = [rows[int(index)] for index in group.index]
        numbers = [str(row["row"]) for row in members if row.get("row") is not None]
        where = place(file_name, members[0].get("sheet"))
        if numbers:
            where += f", строки {', '.join(numbers)}"
        for index, row in zip(group.index, members, strict=True):
            conflicts[int(index)] = Rejected(
                rule="CONFLICTING_DUPLICATE",
                message=sentence(
                    "Строки противоречат друг другу: об одном и том же сказано по-разному",
                    where,
                    "Оставьте верную строку; пока не принята ни одна",
                ),
                sheet=row.get("sheet"),
                row=row.get("row"),
                rows=_weight(name, row),
            )
    return repeated, conflicts


def _weight(name: str, row: Mapping[str, Any]) -> int:
    """How many rows of the file stand behind a fact: one, or the pupils of an aggregated one."""
    if row.get("row") is not None:
        return 1
    if name == "journal_result":
        return 0  # the same pupils stand in mark_result
    return int(row.get("participants") or 0) + int(row.get("absent") or 0)


def _structural(file_name: str, what: str) -> str:
    return sentence(
        f"Файл не принят: сведения не того вида ({what})",
        place(file_name),
        "Сообщите в поддержку: так не должно быть ни при каком файле",
    )
