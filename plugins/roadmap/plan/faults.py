"""What is wrong with a file of settings, in Russian: pydantic says it in English.

Every YAML file that a person edits is checked by a model; its first faults reach that person.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from roadmap.plan.part import NUMBER


def faults_of(error: ValidationError) -> tuple[tuple[str, str], ...]:
    """Of each fault the path inside the file («phases[0].run_day») and what is wrong there."""
    return tuple(
        (_path(details["loc"]), _sentence(details)) for details in error.errors(include_url=False)
    )


def first_fault(file_name: str, error: ValidationError) -> str:
    """The first of them as a sentence, with the file in which to mend it."""
    path, what = faults_of(error)[0]
    where = f", поле {path}" if path else ""
    return f"Файл «{file_name}» не принят{where}: {what}. Исправьте файл."


def not_yaml(file_name: str, refused: ValueError) -> str:
    """The sentence about a file that is no YAML at all; `refused` says where and why."""
    return f"Файл «{file_name}» не принят: {refused}. Исправьте файл."


def _path(loc: tuple[int | str, ...]) -> str:
    """`("phases", 0, "run_day")` as `phases[0].run_day`."""
    path = ""
    previous: int | str = ""
    for part in loc:
        # pydantic names the kind of a window between the window and its field.
        if previous != "window":
            path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
        previous = part if previous != "window" else ""
    return path


_WANTED = {
    "date": "нужна дата вида 2021-03-31",
    "time": 'нужно время вида "10:00" (в кавычках)',
    "int": "нужно целое число",
    "float": "нужно число",
    "bool": "нужно true или false",
    "string": "нужен текст (числа и да/нет — в кавычках)",
    "tuple": "нужен список в квадратных скобках",
    "model": "нужны поля с отступом",
    "dict": "нужны поля с отступом",
}


# What a field is to be like, by its pattern.
_PATTERNS = {
    r"^[^\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029]+$": "текст без невидимых знаков",
    r"^[a-z][a-z0-9_]*$": "слово из латинских строчных букв, цифр и «_», сначала буква",
    r"^[a-z](?:-?[a-z0-9])*$": "слова из латинских строчных букв и цифр через дефис, сначала буква",
    r"^[a-z0-9][a-z0-9-]{0,39}$": "латинские строчные буквы, цифры и дефис, не больше 40",
    r"^\d{1,3}(\.\d{1,3}){1,3}$": "номер вида 6.2 или 1.2.1",
    r"^[a-z0-9]([a-z0-9.-]{0,38}[a-z0-9])?$": "код раздела: 1, 1.1 или латинское слово",
    f"^{NUMBER}$": "номер строки плана: 8 или «1.2»",
    r"^[a-z][a-z0-9_]*/\d{4}/(autumn|spring|main)$": "процедура вида vpr/2021/spring",
    r"^[a-z][a-z0-9_]*(/\d{4}-\d\d-\d\d/\d+)?$": (
        "слово из латинских строчных букв, цифр и «_», сначала буква"
    ),
    r"^[a-z_]+$": "слово из латинских строчных букв и «_»",
    r"^[^\n]+\?$": "вопрос в одну строку, с вопросительным знаком в конце",
}


def _sentence(details: ErrorDetails) -> str:
    kind = details["type"]
    shown = _shown(details["input"])
    match kind:
        case "missing":
            return "поля нет, а оно обязательно: допишите его"
        case "extra_forbidden":
            return "лишнее поле, такого здесь не бывает: исправьте название или удалите"
        case "enum" | "literal_error":
            return f"{shown} — такого значения нет; возможны: {_listed(details['ctx']['expected'])}"
        case "union_tag_invalid":
            return (
                f"{_shown(details['ctx']['tag'])} — такого вида нет; "
                f"возможны: {_listed(details['ctx']['expected_tags'])}"
            )
        case "union_tag_not_found":
            return (
                "нет поля kind (on, period, whole_period, own_schedule, dates, yearly, quarterly "
                "или after_event)"
            )
        case "string_pattern_mismatch":
            wanted = _PATTERNS.get(details["ctx"]["pattern"])
            return f"{shown} — {f'нужно {wanted}' if wanted else 'записано не так, как нужно'}"
        case "value_error":
            return str(details["ctx"]["error"])
        case "too_short" | "string_too_short":
            return "пусто, а должно быть заполнено"
        case "string_too_long":
            return f"{shown} длиннее {details['ctx']['max_length']} знаков"
        case "greater_than_equal":
            return f"{shown} меньше {details['ctx']['ge']:g}"
        case "less_than_equal":
            return f"{shown} больше {details['ctx']['le']:g}"
    if kind.startswith("date") and re.fullmatch(r"\d{4}-\d\d-\d\d", str(details["input"])):
        return f"{shown} — такого дня нет"
    wanted = next(
        (text for start, text in _WANTED.items() if kind.startswith(start)), "недопустимое значение"
    )
    return f"{shown} — {wanted}"


def _listed(expected: str) -> str:
    """pydantic's «'previous' or 'next'» as «previous, next»."""
    return expected.replace(" or ", ", ").replace("'", "")


def _shown(value: Any) -> str:
    text = "ничего" if value is None else " ".join(str(value).split())
    return f"«{text[:60]}…»" if len(text) > 60 else f"«{text}»"
