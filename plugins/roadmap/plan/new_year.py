"""The next year's plan as a draft: the text of an earlier plan with its years moved.

Every year number in a value moves by as many years as the plans lie apart: days, hours of
nothing else, titles, codes of events, procedures of the year before. What only the earlier
year's order could say is not carried over: the order's number and date, the orders before it,
why a procedure was not held or may not be compared. Comments stay, except those that name a
year: they tell of that year.

The text is edited, not written anew from the data, so that the comments stay where they
explain something; what came out is read again and has to be as promised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from roadmap.paths import TEMPLATES
from roadmap.plan.model import Plan
from roadmap.plan.windows import OwnSchedule
from roadmap.russian import plural

# Why nothing is compared before somebody has looked: a true sentence in any report.
NOT_COMPARABLE = "сопоставимость процедур ещё не проверена"

_HEADER = TEMPLATES / "plan" / "draft_header.txt"
_ISO = re.compile(r"(?<!\d)((?:19|20)\d\d)-(\d\d)-(\d\d)(?!\d)")
_DOTTED = re.compile(r"(?<!\d)(\d\d)\.(\d\d)\.((?:19|20)\d\d)(?!\d)")
_FEBRUARY = re.compile(r"(?<!\d)(\d{1,2}) февраля ((?:19|20)\d\d)(?!\d)")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_ANY = re.compile(
    "|".join(f"(?:{pattern.pattern})" for pattern in (_ISO, _DOTTED, _FEBRUARY, _YEAR))
)
# «приказ об участии в проекте (№ 161)»: which number the next one has is not known.
_ORDER_NUMBER = re.compile(r"\s*\(№ \d+\)")
_KEY = re.compile(r"^(?P<indent>\s*)(?:- )?(?P<key>[a-z_]+):")

_FACTS_OF_THE_YEAR = {"not_held", "not_comparable", "caution", "based_on"}

_FEBRUARY_NUMBER = 2
LAST_YEAR = 2099  # years are known in a text by their first two digits


class NewYearRefused(ValueError):
    """The draft can't be made; the message is the Russian sentence for the operator."""


def next_plan(text: str, plan: Plan, year: int, code: str) -> str:
    """The text of the draft of that year and code, made from the text of `plan`'s file.

    NewYearRefused where `year` is not a later one of this century. Whether the result is a
    plan, and holds what is promised, is for `broken_promises` to say of the plan read from it.
    """
    if not plan.year < year <= LAST_YEAR:
        raise NewYearRefused(
            f"Новый план делают на год позже того, с которого он списан: после {plan.year} и не "
            f"позже {LAST_YEAR}. Указан {year}."
        )
    shift = year - plan.year
    body = _without_header(text.splitlines())
    body = list(_without_facts(body))
    body = list(_without_comments_of_a_year(body))
    moved = [line if _is_comment(line) else moved_text(line, shift) for line in body]
    named = list(_with_code(moved, str(year), code))
    return "\n".join([*_header(plan, year), "", *_as_a_draft(named)]) + "\n"


def moved_day(day: date, years: int) -> date:
    """The same day `years` later; the last day of February stays the last day of February."""
    is_end_of_february = day.month == _FEBRUARY_NUMBER and (day + timedelta(1)).day == 1
    if is_end_of_february:
        return date(day.year + years, 3, 1) - timedelta(1)
    return day.replace(year=day.year + years)


def moved_text(text: str, years: int) -> str:
    """The text with every day and every year number moved by that many years."""

    def moved(hit: re.Match[str]) -> str:
        piece = hit.group()
        if match := _ISO.fullmatch(piece):
            year, month, number = map(int, match.groups())
            return _moved(piece, year, month, number, years, "{:%Y-%m-%d}")
        if match := _DOTTED.fullmatch(piece):
            number, month, year = map(int, match.groups())
            return _moved(piece, year, month, number, years, "{:%d.%m.%Y}")
        if match := _FEBRUARY.fullmatch(piece):
            number, year = map(int, match.groups())
            return _moved(piece, year, _FEBRUARY_NUMBER, number, years, "{0.day} февраля {0:%Y}")
        return str(int(piece) + years)

    return _ANY.sub(moved, text)


def _moved(piece: str, year: int, month: int, number: int, years: int, form: str) -> str:
    try:
        day = date(year, month, number)
    except ValueError:  # no day after all: «2021-13-99» in somebody's title
        return _YEAR.sub(lambda hit: str(int(hit.group()) + years), piece)
    return form.format(moved_day(day, years))


def broken_promises(draft: Plan, source: Plan, year: int) -> Iterator[str]:
    """What is not as promised in the draft that was read back, in Russian; nothing is right."""
    if draft.year != year:
        yield f"год плана — {draft.year}, а не {year}"
    if draft.order.is_issued or draft.based_on:
        yield "приказ прежнего года остался в order или based_on"
    if draft.in_force is not None or draft.closed:
        yield "план не отмечен как не вступивший в силу и не закрытый"
    if [m.number for m in draft.measures] != [m.number for m in source.measures]:
        yield "мероприятия не те же"
    for phase in draft.phases:
        if any(procedure.not_held or procedure.caution for procedure in phase.procedures):
            yield f"в этапе «{phase.code}» остались пояснения к процедурам прежнего года"
        for comparison in phase.comparisons:
            if comparison.not_comparable != NOT_COMPARABLE or comparison.caution:
                yield f"в этапе «{phase.code}» остались пояснения к сравнению прежнего года"
    years = year - source.year
    for before, after in zip(source.phases, draft.phases, strict=False):
        for name in ("run_day", "starts", "as_of"):
            if getattr(after, name) != moved_day(getattr(before, name), years):
                yield f"в этапе «{after.code}» день {name} не сдвинут"
    for measure in draft.measures:
        if isinstance(measure.window, OwnSchedule) and measure.window.on is not None:
            yield f"у мероприятия № {measure.number} «по отдельному графику» стоит день"


def _header(plan: Plan, year: int) -> list[str]:
    shift = year - plan.year
    return _HEADER.read_text(encoding="utf-8").format(
        year=year,
        earlier=plan.year,
        file=plan.code,
        shift=shift,
        word=plural(shift, "год", "года", "лет"),
        order=f" (приказ № {plan.order.number})" if plan.order.is_issued else "",
    ).splitlines()  # fmt: skip


def _with_code(lines: list[str], year: str, code: str) -> Iterator[str]:
    """With the draft's own code, below its year; the code of a year is not said."""
    for line in lines:
        if re.match(r"code:", line):
            continue
        yield line
        if re.match(r"year:", line) and code != year:
            yield f"code: {code}"


def _without_header(lines: list[str]) -> list[str]:
    """Without the comments before the first key: they tell what the earlier file is."""
    first = next((i for i, line in enumerate(lines) if line and not _is_comment(line)), 0)
    return lines[first:]


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _without_facts(lines: list[str]) -> Iterator[str]:
    """Without the keys that tell what was so in the earlier year, and their values."""
    depth: int | None = None  # the indent of the key that is being left out
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if depth is not None:
            if line.strip() and indent > depth:
                continue
            # The items of a list may stand as deep as their key.
            if line.lstrip().startswith("- ") and indent == depth:
                continue
            depth = None
        key = _KEY.match(line)
        if key and key["key"] in _FACTS_OF_THE_YEAR and not line.lstrip().startswith("- "):
            depth = indent
            continue
        yield line


def _without_comments_of_a_year(lines: list[str]) -> Iterator[str]:
    """Without the comments, as far as they go on, in which a year is named."""
    block: list[str] = []
    for line in (*lines, ""):
        if _is_comment(line):
            block.append(line)
            continue
        if not _YEAR.search("\n".join(block)):
            yield from block
        block = []
        yield line


def _as_a_draft(lines: list[str]) -> Iterator[str]:
    """The lines with what a draft says of its order, its force and its comparisons."""
    section = ""
    for line in "\n".join(lines).strip().splitlines():
        key = _KEY.match(line)
        name = key["key"] if key else ""
        if key and not key["indent"]:
            section = name
        match section, name:
            case "order", "number" | "date":
                yield f"  {name}: null"
            case "in_force", "in_force":
                yield "in_force: null"
            case "closed", "closed":
                yield "closed: false"
            case "phases", "current":
                indent = " " * (len(line) - len(line.lstrip("- ")))
                yield _ORDER_NUMBER.sub("", line)
                yield f"{indent}not_comparable: {NOT_COMPARABLE}"
            case "measures", "window" if "own_schedule" in line:
                yield re.sub(r"(?<=\bon: )[^},]+", "null", line)
            case _:
                yield _ORDER_NUMBER.sub("", line)
