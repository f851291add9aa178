"""The registers: their columns, and what their rows must not say to each other.

A register is a table of ours or of the institute's with one fact a row (docs/formats.md).
Registers know people by codes only. `readers/register.py` reads them cell by cell; here
stand the columns and the checks that need several rows at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations
from typing import Any

from roadmap.evidence.messages import place, sentence
from roadmap.evidence.names import municipality_ref
from roadmap.evidence.parsed import FileRefused, Rejected


class Kind(StrEnum):
    """The grammar of a column."""

    CODE = "code"  # without spaces
    MUNICIPALITY = "municipality"  # our key of a municipality, latin lower case
    ADDRESSEE = "addressee"  # a municipality or `region`
    LOGIN = "login"  # the six digits of sch440123
    DIGITS = "digits"
    TEXT = "text"
    NAME = "name"  # ends in subjects and headings: no control characters at all
    VARIANTS = "variants"  # names separated by |
    INTEGER = "integer"
    DAY = "day"
    DAY_OF_YEAR = "day_of_year"  # a day of the plan's year
    CHOICE = "choice"
    ADDRESS = "address"  # one e-mail address
    LINK = "link"  # https://…


@dataclass(frozen=True)
class Column:
    title: str
    key: str
    kind: Kind = Kind.TEXT
    required: bool = True
    choices: Mapping[str, Any] = field(default_factory=dict)  # as written → as kept


@dataclass(frozen=True)
class Line:
    """One row of a register that its columns accept. `number` is its row in the file."""

    number: int
    values: Mapping[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.values[key]


@dataclass(frozen=True)
class Page:
    """Where lines come from, for messages."""

    file_name: str
    sheet: str | None
    columns: Mapping[str, str]  # key → «E «Участников»»

    def where(self, rows: Sequence[int], key: str | None = None) -> str:
        column = self.columns[key] if key else None
        if len(rows) == 1:
            return place(self.file_name, self.sheet, rows[0], column)
        numbers = ", ".join(map(str, rows))
        where = f"{place(self.file_name, self.sheet)}, строки {numbers}"
        return f"{where}, столбец {column}" if column else where

    def rejected(
        self, line: Line, rule: str, what: str, to_do: str, key: str, others: Iterable[Line] = ()
    ) -> Rejected:
        rows = sorted({line.number, *(other.number for other in others)})
        return Rejected(
            rule=rule,
            message=sentence(what, self.where(rows, key), to_do),
            sheet=self.sheet,
            row=line.number,
            column=self.columns[key],
        )


@dataclass
class Checked:
    """What the checks over several rows leave: facts by table, rejected rows, warnings."""

    facts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    rejected: dict[int, Rejected] = field(default_factory=dict)  # by row
    warnings: list[str] = field(default_factory=list)
    scope: str = "all"


@dataclass(frozen=True)
class Register:
    columns: tuple[Column, ...]
    check: Callable[[list[Line], Page], Checked]
    sheet: str | None = None  # None: a csv, or the first sheet


_PERIOD = (
    Column("Действует с", "valid_from", Kind.DAY),
    Column("Действует по", "valid_to", Kind.DAY, required=False),
)
_FOREVER = "9999-12-31"


def _fact(page: Page, line: Line, **more: Any) -> dict[str, Any]:
    return {"sheet": page.sheet, "row": line.number, **line.values, **more}


def _overlap(one: Line, other: Line) -> bool:
    """Whether two periods of validity share a day."""
    return bool(
        one["valid_from"] <= (other["valid_to"] or _FOREVER)
        and other["valid_from"] <= (one["valid_to"] or _FOREVER)
    )


def _clashing(lines: Iterable[Line], *keys: str) -> list[list[Line]]:
    """Groups of lines with the same `keys` of which two share a day; equal lines are no clash."""
    groups: dict[tuple[Any, ...], list[Line]] = defaultdict(list)
    for line in lines:
        if all(line[key] is not None for key in keys):
            groups[tuple(line[key] for key in keys)].append(line)
    return [
        group
        for group in groups.values()
        if any(_overlap(a, b) and a.values != b.values for a, b in combinations(group, 2))
    ]


def _reject_overlaps(lines: list[Line], page: Page, checked: Checked, *keys: str) -> None:
    for group in _clashing(lines, *keys):
        for line in group:
            checked.rejected[line.number] = page.rejected(
                line,
                "CONFLICTING_DUPLICATE",
                "Строки противоречат друг другу: сроки действия пересекаются",
                "Исправьте сроки или удалите лишнюю строку; пока не принята ни одна",
                keys[0],
                group,
            )


def _left(lines: list[Line], checked: Checked) -> list[Line]:
    return [line for line in lines if line.number not in checked.rejected]


# -- Checks of each register ---------------------------------------------------------------


def _municipalities(lines: list[Line], page: Page) -> Checked:
    checked = Checked()
    _reject_overlaps(lines, page, checked, "municipality_id")
    lines = _left(lines, checked)
    written: dict[str, dict[str, Line]] = defaultdict(dict)  # alias → municipality → line
    for line in lines:
        for name in [line["municipality_id"], line["name"], line["short_name"], *line["variants"]]:
            written[municipality_ref(name)].setdefault(line["municipality_id"], line)
    aliases = []
    for alias, owners in sorted(written.items()):
        if len(owners) > 1:
            rows = sorted(line.number for line in owners.values())
            checked.warnings.append(
                sentence(
                    f"Вариант написания «{alias}» указан у нескольких муниципалитетов "
                    "и ни для одного не действует",
                    page.where(rows, "variants"),
                    "Оставьте его у одного муниципалитета",
                )
            )
            continue
        ((municipality_id, line),) = owners.items()
        aliases.append(
            {
                "sheet": page.sheet,
                "row": line.number,
                "municipality_id": municipality_id,
                "alias": alias,
            }
        )
    names = [_fact(page, line) for line in lines]
    for fact in names:
        del fact["variants"]
    checked.facts = {"municipality_name": names, "municipality_alias": aliases}
    return checked


def _schools(lines: list[Line], page: Page) -> Checked:
    checked = Checked()
    _reject_overlaps(lines, page, checked, "school_id")
    for key, what in (("vpr_login", "Логин ВПР"), ("gia_code", "Код ГИА")):
        for group in _clashing(_left(lines, checked), key):
            if len({line["school_id"] for line in group}) == 1:
                continue
            for line in group:
                checked.rejected[line.number] = page.rejected(
                    line,
                    "CONFLICTING_DUPLICATE",
                    f"{what} указан у двух школ",
                    "Исправьте код; пока не принята ни одна из строк",
                    key,
                    group,
                )
    checked.facts = {"school": [_fact(page, line) for line in _left(lines, checked)]}
    return checked


def _people(lines: list[Line], page: Page) -> Checked:
    checked = Checked()
    for line in lines:
        if line["role"] == "curator" and line["school_id"] is None:
            checked.rejected[line.number] = page.rejected(
                line,
                "MISSING",
                "Строка не принята: у куратора не указана школа",
                "Впишите код школы, по строке на каждую школу куратора",
                "school_id",
            )
    _reject_overlaps(
        _left(lines, checked),
        page,
        checked,
        "person_id",
        "role",
        "municipality_id",
        "school_id",
    )
    checked.facts = {"person_role": [_fact(page, line) for line in _left(lines, checked)]}
    return checked


def _contacts(lines: list[Line], page: Page) -> Checked:
    checked = Checked()
    for group in _clashing(lines, "address"):
        if len({line["municipality_id"] for line in group}) == 1:
            continue
        for line in group:
            # A shared address would receive another municipality's figures.
            checked.rejected[line.number] = page.rejected(
                line,
                "SHARED_ADDRESS",
                "Один и тот же адрес указан у разных муниципалитетов",
                "Оставьте его у одного; пока письма по этому адресу не уходят никому",
                "address",
                group,
            )
    kept: list[Line] = []
    for line in _left(lines, checked):
        earlier = [
            other
            for other in kept
            if (other["municipality_id"], other["address"])
            == (line["municipality_id"], line["address"])
            and _overlap(other, line)
        ]
        if earlier:
            checked.warnings.append(
                sentence(
                    "Адрес повторяется, учтён один раз",
                    page.where([earlier[0].number, line.number], "address"),
                    "Удалите повтор",
                )
            )
        else:
            kept.append(line)
    checked.facts = {"contact": [_fact(page, line) for line in kept]}
    return checked


def _plain(table: str) -> Callable[[list[Line], Page], Checked]:
    def check(lines: list[Line], page: Page) -> Checked:
        return Checked({table: [_fact(page, line) for line in lines]})

    return check


def _of_one(table: str, key: str, what: str) -> Callable[[list[Line], Page], Checked]:
    """A file is about one thing only: its code is the scope."""

    def check(lines: list[Line], page: Page) -> Checked:
        scopes = sorted({line[key] for line in lines})
        if len(scopes) > 1:
            rows = [next(line.number for line in lines if line[key] == scope) for scope in scopes]
            raise FileRefused(
                "SCOPE",
                sentence(
                    f"Файл не принят: в нём {what}: {', '.join(f'«{one}»' for one in scopes[:5])}",
                    page.where(rows[:5], key),
                    "Разделите его на файлы по одному",
                ),
            )
        facts = {table: [_fact(page, line) for line in lines]}
        return Checked(facts, scope=scopes[0] if scopes else "-")

    return check


def _attendance(lines: list[Line], page: Page) -> Checked:
    rejected: dict[int, Rejected] = {}
    for line in lines:
        key = "school_id" if line["role"] == "school" else "person_id"
        if line[key] is None:
            rejected[line.number] = page.rejected(
                line,
                "MISSING",
                "Строка не принята: пусто",
                "Впишите код школы" if key == "school_id" else "Впишите код лица",
                key,
            )
    one_event = _of_one("attendance", "event_id", "несколько событий")
    checked = one_event([line for line in lines if line.number not in rejected], page)
    checked.rejected = rejected
    return checked


# -- The registers of docs/formats.md --------------------------------------------------------

_ROLES = {"муниципальный координатор": "coordinator", "куратор": "curator"}

REGISTERS: dict[str, Register] = {
    "registry_municipalities": Register(
        (
            Column("Код", "municipality_id", Kind.MUNICIPALITY),
            Column("Наименование", "name", Kind.NAME),
            Column("Родительный падеж", "genitive", Kind.NAME),
            Column("Краткое наименование", "short_name", Kind.NAME),
            *_PERIOD,
            Column("Варианты написания", "variants", Kind.VARIANTS, required=False),
        ),
        _municipalities,
    ),
    "registry_schools": Register(
        (
            Column("Код школы", "school_id", Kind.CODE),
            Column("Наименование", "name"),
            Column("Код муниципалитета", "municipality_id", Kind.MUNICIPALITY),
            Column("Логин ВПР", "vpr_login", Kind.LOGIN, required=False),
            Column("Код ГИА", "gia_code", Kind.DIGITS, required=False),
            Column("В проекте с", "project_from", Kind.DAY, required=False),
            Column("В проекте по", "project_to", Kind.DAY, required=False),
            *_PERIOD,
        ),
        _schools,
        sheet="Школы",
    ),
    "registry_people": Register(
        (
            Column("Код лица", "person_id", Kind.CODE),
            Column("Роль", "role", Kind.CHOICE, choices=_ROLES),
            Column("Код муниципалитета", "municipality_id", Kind.MUNICIPALITY),
            Column("Код школы", "school_id", Kind.CODE, required=False),
            *_PERIOD,
        ),
        _people,
        sheet="Роли",
    ),
    "contacts": Register(
        (
            Column("Код муниципалитета", "municipality_id", Kind.ADDRESSEE),
            Column("Адрес", "address", Kind.ADDRESS),
            *_PERIOD,
        ),
        _contacts,
        sheet="Получатели",
    ),
    "events": Register(
        (
            Column("Код события", "event_id", Kind.CODE),
            Column("№ мероприятия", "measure", Kind.INTEGER),
            Column("Вид", "kind"),
            Column("Код семинара", "seminar_id", Kind.CODE, required=False),
            Column("Тема", "title"),
            Column("Дата", "held_on", Kind.DAY_OF_YEAR),
            Column(
                "Состояние",
                "state",
                Kind.CHOICE,
                choices={"проведено": "held", "запланировано": "planned", "отменено": "cancelled"},
            ),
            Column("Участников", "participants", Kind.INTEGER, required=False),
        ),
        _plain("event"),
        sheet="Мероприятия",
    ),
    "attendance": Register(
        (
            Column("Код события", "event_id", Kind.CODE),
            Column("Роль", "role", Kind.CHOICE, choices={**_ROLES, "школа": "school"}),
            Column("Код лица", "person_id", Kind.CODE, required=False),
            Column("Код школы", "school_id", Kind.CODE, required=False),
            Column("Присутствовал", "is_present", Kind.CHOICE, choices={"да": 1, "нет": 0}),
        ),
        _attendance,
    ),
    "municipal_acts": Register(
        (
            Column("Код муниципалитета", "municipality_id", Kind.MUNICIPALITY),
            Column("Вид акта", "kind"),
            Column("Номер", "number"),
            Column("Дата", "adopted_on", Kind.DAY_OF_YEAR),
            Column("Ссылка", "link", Kind.LINK, required=False),
            Column(
                "Основание",
                "basis",
                Kind.CHOICE,
                choices={"адресные рекомендации": "recommendations", "иное": "other"},
            ),
        ),
        _of_one("municipal_act", "municipality_id", "акты нескольких муниципалитетов"),
        sheet="Акты",
    ),
    "documents": Register(
        (
            Column("Код документа", "document_id", Kind.CODE),
            Column("Показатель", "indicator", Kind.CODE),
            Column("Наименование", "title"),
            Column("Номер", "number"),
            Column("Дата", "signed_on", Kind.DAY_OF_YEAR),
            Column(
                "Состояние",
                "state",
                Kind.CHOICE,
                choices={"утверждён": "approved", "проект": "draft"},
            ),
        ),
        _plain("document"),
        sheet="Документы",
    ),
}
