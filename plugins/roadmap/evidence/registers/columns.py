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
    PHRASE = "phrase"  # compared with words of the plan: kept in lower case
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
    # As written → as kept; `options.choices` of the source say or add more (docs/formats.md).
    choices: Mapping[str, Any] = field(default_factory=dict)
    may_be_absent: bool = False  # a file without the column is valid, its cells are empty


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

# Words of the МЭДК register that rules speak of (captions: include/sources.yaml).
ANTI_RISK_PROGRAMME = "антирисковая программа"
NOT_UPLOADED = "не загружен"


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


def _surveys(lines: list[Line], page: Page) -> Checked:
    checked = Checked()
    for line in lines:
        key = "school_id" if line["respondent"] == "school" else "person_id"
        if line[key] is None:
            checked.rejected[line.number] = page.rejected(
                line,
                "MISSING",
                "Строка не принята: пусто",
                "Впишите код школы" if key == "school_id" else "Впишите код куратора",
                key,
            )
        elif (line["state"] == "closed") != (line["closed_on"] is not None):
            checked.rejected[line.number] = page.rejected(
                line,
                "CONTRADICTION",
                "Строка не принята: у закрытой анкеты нет даты закрытия"
                if line["state"] == "closed"
                else "Строка не принята: у открытой анкеты есть дата закрытия",
                "Исправьте состояние или дату",
                "closed_on",
            )
    checked.facts = {"survey": [_fact(page, line) for line in _left(lines, checked)]}
    return checked


def _medk_documents(lines: list[Line], page: Page) -> Checked:
    checked = Checked()
    facts = []
    for line in lines:
        if line["kind"] == ANTI_RISK_PROGRAMME and line["factor"] is None:
            checked.rejected[line.number] = page.rejected(
                line,
                "MISSING",
                "Строка не принята: у антирисковой программы не указан фактор риска",
                "Впишите фактор риска, по строке на каждую программу",
                "factor",
            )
        elif line["state_on"] is None and line["state"] != NOT_UPLOADED:
            checked.rejected[line.number] = page.rejected(
                line,
                "MISSING",
                "Строка не принята: нет даты состояния",
                "Впишите дату, с которой документ в этом состоянии",
                "state_on",
            )
        elif line["state_on"] is not None:
            fact = _fact(page, line)
            if line["kind"] != ANTI_RISK_PROGRAMME and line["factor"] is not None:
                fact["factor"] = None
                checked.warnings.append(
                    sentence(
                        "Фактор риска указан не у антирисковой программы и пропущен",
                        page.where([line.number], "factor"),
                        "Удалите его или исправьте вид документа",
                    )
                )
            facts.append(fact)
        # A document that was never uploaded has no date: its absence says the same.
    checked.facts = {"medk_document": facts}
    return checked


def _approved(table: str) -> Callable[[list[Line], Page], Checked]:
    """What is approved has a day of approval; a draft's date is no such day."""

    def check(lines: list[Line], page: Page) -> Checked:
        checked = Checked()
        for line in lines:
            if line["state"] == "approved" and line["approved_on"] is None:
                checked.rejected[line.number] = page.rejected(
                    line,
                    "CONTRADICTION",
                    "Строка не принята: утверждение без даты",
                    "Впишите дату утверждения или состояние «проект»",
                    "approved_on",
                )
        checked.facts = {
            table: [
                _fact(page, line)
                if line["state"] == "approved"
                else _fact(page, line, approved_on=None)
                for line in _left(lines, checked)
            ]
        }
        return checked

    return check


def _acknowledgements(lines: list[Line], page: Page) -> Checked:
    of_one = _of_one("acknowledgement", "municipality_id", "подтверждения школ из разных мест")
    checked = of_one(lines, page)
    for fact in checked.facts["acknowledgement"]:
        del fact["municipality_id"]  # it is the scope; whose the school is, the registry says
    return checked


# -- The registers of docs/formats.md --------------------------------------------------------

_ROLES = {"муниципальный координатор": "coordinator", "куратор": "curator"}
_YES_NO = {"да": 1, "нет": 0}
_APPROVED = {"утверждён": "approved", "проект": "draft"}

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
            Column("Вид", "kind", Kind.PHRASE),
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
            Column("Код программы", "programme_id", Kind.CODE, required=False, may_be_absent=True),
            Column(
                "Вид площадки",
                "host_kind",
                Kind.CHOICE,
                required=False,
                choices={
                    "школа-лидер": "leader_school",
                    "школа проекта": "project_school",
                    "иное": "other",
                },
                may_be_absent=True,
            ),
            Column("Площадка", "host", required=False, may_be_absent=True),
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
            Column("Присутствовал", "is_present", Kind.CHOICE, choices=_YES_NO),
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
            Column("Состояние", "state", Kind.CHOICE, choices=_APPROVED),
        ),
        _plain("document"),
        sheet="Документы",
    ),
    "regional_acts": Register(
        (
            Column("Код акта", "act_id", Kind.CODE),
            Column("Документ", "document", Kind.PHRASE),
            Column("Номер", "number"),
            # The project may have been joined by an act of the year before.
            Column("Дата", "signed_on", Kind.DAY),
            Column("Ссылка", "link", Kind.LINK, required=False),
            Column("Состояние", "state", Kind.CHOICE, choices=_APPROVED),
        ),
        _plain("regional_act"),
        sheet="Акты",
    ),
    "own_schedule": Register(
        (
            Column("№ мероприятия", "measure", Kind.INTEGER),
            Column("Срок", "due_on", Kind.DAY_OF_YEAR),
            Column("Основание", "basis"),
        ),
        _plain("own_schedule_date"),
        sheet="График",
    ),
    "medk_surveys": Register(
        (
            Column(
                "Респондент",
                "respondent",
                Kind.CHOICE,
                choices={"куратор": "curator", "школа": "school"},
            ),
            Column("Код лица", "person_id", Kind.CODE, required=False),
            Column("Код школы", "school_id", Kind.CODE, required=False),
            Column("Анкета", "questionnaire", Kind.PHRASE),
            Column(
                "Состояние",
                "state",
                Kind.CHOICE,
                choices={"закрыта": "closed", "открыта": "open"},
            ),
            Column("Дата закрытия", "closed_on", Kind.DAY_OF_YEAR, required=False),
        ),
        _surveys,
        sheet="Анкеты",
    ),
    # What the documents and their states are called, the source says (include/sources.yaml):
    # МЭДК's own captions are not published.
    "medk_documents": Register(
        (
            Column("Код школы", "school_id", Kind.CODE),
            Column("Документ", "kind", Kind.CHOICE),
            Column("Фактор риска", "factor", Kind.CHOICE, required=False),
            Column("Состояние", "state", Kind.CHOICE),
            Column("Дата состояния", "state_on", Kind.DAY_OF_YEAR, required=False),
        ),
        _medk_documents,
        sheet="Документы",
    ),
    "risk_profiles": Register(
        (
            Column("Код школы", "school_id", Kind.CODE),
            Column("Фактор риска", "factor", Kind.CHOICE),
            Column(
                "Значимость",
                "level",
                Kind.CHOICE,
                choices={"высокая": "high", "средняя": "medium", "низкая": "low"},
            ),
            Column("Активирован", "is_activated", Kind.CHOICE, choices=_YES_NO),
            Column("Дата", "assessed_on", Kind.DAY_OF_YEAR),
        ),
        _plain("risk"),
        sheet="Риски",
    ),
    "programmes": Register(
        (
            Column("Код программы", "programme_id", Kind.CODE),
            Column("№ мероприятия", "measure", Kind.INTEGER),
            Column("Наименование", "title"),
            Column("Площадка", "host"),
            Column(
                "Состояние",
                "state",
                Kind.CHOICE,
                choices={"утверждена": "approved", "проект": "draft"},
            ),
            Column("Дата утверждения", "approved_on", Kind.DAY, required=False),
        ),
        _approved("programme"),
        sheet="Программы",
    ),
    "directions": Register(
        (
            Column("Код", "direction_id", Kind.CODE),
            Column("Год", "for_year", Kind.INTEGER),
            Column("Направление", "title"),
            Column("Основание", "basis"),
            Column(
                "Состояние",
                "state",
                Kind.CHOICE,
                choices={"утверждено": "approved", "проект": "draft"},
            ),
            Column("Дата", "approved_on", Kind.DAY, required=False),
        ),
        _approved("direction"),
        sheet="Направления",
    ),
    "acknowledgements": Register(
        (
            Column("Код муниципалитета", "municipality_id", Kind.MUNICIPALITY),
            Column("Код школы", "school_id", Kind.CODE),
            Column("Этап", "phase", Kind.CHOICE),
            # The letter of December is answered in January.
            Column("Дата", "received_on", Kind.DAY),
        ),
        _acknowledgements,
    ),
    "publications": Register(
        (
            Column("Код", "publication_id", Kind.CODE),
            Column("Канал", "channel", Kind.PHRASE),
            Column(
                "Вид",
                "kind",
                Kind.CHOICE,
                choices={"страница": "page", "новость": "news", "page": "page", "news": "news"},
            ),
            Column("Заголовок", "title"),
            Column("Ссылка", "link", Kind.LINK),
            # A page may be older than the plan's year; of news the query gives that year's.
            Column("Дата", "published_on", Kind.DAY),
        ),
        _plain("publication"),
    ),
}
