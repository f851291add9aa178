"""How Russian text writes numbers, plurals, dates and names in order.

Rules of typography are those of ГОСТ Р 7.0.97-2016 practice: decimal comma, no-break
spaces between digit groups and before units, «ёлочки».
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache

NBSP = "\u00a0"
MINUS = "\u2212"
EN_DASH = "\u2013"


def of_plan(code: str) -> str:
    """«2021 года», of the plan of a year; ««schools-2021»», of one with a code of its own."""
    return f"{code} года" if re.fullmatch(r"\d{4}", code) else f"«{code}»"


def plural(n: int, one: str, few: str, many: str) -> str:
    """The form that agrees with `n`: 1 школа, 2 школы, 5 школ, 11 школ, 21 школа."""
    n = abs(n)
    if n % 10 == 1 and n % 100 != 11:
        return one
    if 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14:
        return few
    return many


def counted(n: int, one: str, few: str, many: str) -> str:
    """«2 школы», with a no-break space."""
    return f"{integer(n)}{NBSP}{plural(n, one, few, many)}"


def genitive(n: int) -> str:
    """«меньше пяти»: the number in words up to ten, larger ones in digits."""
    return _GENITIVES.get(n) or integer(n)


def instrumental(n: int) -> str:
    """«с пятью участниками»: the number in words up to ten, larger ones in digits."""
    return _INSTRUMENTALS.get(n) or integer(n)


_FROM_TWO = "двух трёх четырёх пяти шести семи восьми девяти десяти"
_BY_TWO = "двумя тремя четырьмя пятью шестью семью восемью девятью десятью"
_GENITIVES = dict(enumerate(_FROM_TWO.split(), start=2))
_INSTRUMENTALS = dict(enumerate(_BY_TWO.split(), start=2))


def integer(n: int) -> str:
    """«5 214», digits grouped by three with no-break spaces, a real minus."""
    digits = f"{abs(n):,}".replace(",", NBSP)
    return f"{MINUS}{digits}" if n < 0 else digits


def decimal(value: float, digits: int) -> str:
    """«34,2» with a decimal comma; half rounds away from zero, as people round."""
    scaled = abs(value) * 10**digits
    whole = int(scaled + 0.5 + 1e-9)
    sign = MINUS if value < 0 and whole else ""
    head, tail = divmod(whole, 10**digits)
    return f"{sign}{integer(head)}" + (f",{tail:0{digits}d}" if digits else "")


def percent(numerator: int, denominator: int, digits: int = 1) -> str:
    """«34,2»: a share that misses 100 % is never shown as «100,0» (99,96 → «99,9»)."""
    if numerator < denominator:
        scale = 10**digits
        tenths = (2 * 100 * scale * numerator + denominator) // (2 * denominator)
        if tenths >= 100 * scale:
            return decimal(100 - 1 / scale, digits)
        return decimal(tenths / scale, digits)
    return decimal(100 * numerator / denominator, digits)


def day(value: date) -> str:
    """«31.03.2021»."""
    return value.strftime("%d.%m.%Y")


MONTHS_GENITIVE = (
    "января", "февраля", "марта", "апреля", "мая", "июня",
    "июля", "августа", "сентября", "октября", "ноября", "декабря",
)  # fmt: skip

MONTHS = (
    "январь", "февраль", "март", "апрель", "май", "июнь",
    "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
)  # fmt: skip


def month(value: date) -> str:
    """«март 2021 г.»."""
    return f"{MONTHS[value.month - 1]} {value.year}{NBSP}г."


def long_day(value: date) -> str:
    """«31 марта 2021 г.»."""
    return f"{value.day}{NBSP}{MONTHS_GENITIVE[value.month - 1]} {value.year}{NBSP}г."


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key: «№ 2» before «№ 10», Ё as Е, case and kind of spaces do not matter."""
    plain = unicodedata.normalize("NFKC", name).casefold().replace("ё", "е")
    plain = " ".join(plain.split())
    return tuple(
        (0, int(piece)) if piece.isdigit() else (1, piece)
        for piece in re.split(r"(\d+)", plain)
        if piece
    )


_SHORT_WORDS = re.compile(
    r"(?<![\w\u00a0])"
    r"((?:[вкосуияВКОСУИЯ]|на|по|до|от|из|за|об|не|ни|со|во|ко|На|По|До|От|Из|За|Об|Не))"
    r" (?=\S)"
)


_KEPT_TOGETHER = re.compile(
    r"(?<=№) (?=\S)"
    r"|(?<=\d) (?=%|п\.|чел\.|уч\.|КБ|г\.|л\.|класс)"
    r"|(?<=[А-Яа-яё]) (?=(?:19|20)\d\d\b)"
    r"| (?=[—–] )"
)


@lru_cache(maxsize=4096)  # the same texts stand in all formats
def typographic(text: str) -> str:
    """The text with no-break spaces where a line may not break."""
    text = _KEPT_TOGETHER.sub(NBSP, text)
    return _SHORT_WORDS.sub(rf"\1{NBSP}", text)


def lower_first(text: str) -> str:
    """A sentence's beginning in mid-sentence: «Почтовый сервер» becomes «почтовый сервер».

    Abbreviations keep their capitals.
    """
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
