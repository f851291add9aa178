"""How files write names, logins and codes, and what of it is the same.

Keys are codes; names are only compared, never repaired into a guess: «Буй» is not «Буйский»,
and which of two names a municipality had on a day is the registry's matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

from roadmap.russian import natural_key

FILE_NAME_LENGTH = 120

# Unicode categories that a name may not carry: controls, formats (zero-width, bidi), lone
# surrogates, private use, unassigned, line and paragraph separators.
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

# Latin letters that look like Cyrillic ones; both cases where both look alike.
_LATIN_TWINS = str.maketrans("AaBCcEeHKMOoPpTXxy", "АаВСсЕеНКМОоРрТХху")
_CYRILLIC_TWINS = str.maketrans("АаВСсЕеНКМОоРрТХху", "AaBCcEeHKMOoPpTXxy")

_LOGIN = re.compile(r"(?:sch|edu)?(\d{6})")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_WORD = re.compile(r"\w+")
_WORD_WITH_LATIN = re.compile(r"\b\w*?[A-Za-z]\w*")
_LATIN = re.compile(r"[A-Za-z]")
_CYRILLIC = re.compile(r"[А-Яа-яЁё]")
_CITY = re.compile(r"\bг\.\s*(?=\w)")
_LONE_DASH = re.compile(r"(?:^|(?<= ))[-‐‑‒–—](?= |$)")
_QUOTES = str.maketrans("", "", "«»„“”\"'`")


def cleaned(text: str) -> str:
    """The text in NFC without invisible characters; any run of white space is one space.

    A line break inside becomes a space: a name ends in subjects and headings.
    """
    plain = unicodedata.normalize("NFC", text)
    # Printable text has none of those characters, and nearly every text is printable.
    if not plain.isprintable():
        plain = "".join(
            char for char in plain if char.isspace() or unicodedata.category(char) not in _INVISIBLE
        )
    return " ".join(plain.split())


def comparable(text: str) -> str:
    """The text as titles and names are compared: NFKC, case, ё, kinds of spaces, invisible
    characters and Latin letters in Russian words do not matter."""
    # NFKC makes Latin letters of «№»; they are no slip of a Russian word.
    folded = unicodedata.normalize("NFKC", one_alphabet(cleaned(text)))
    return " ".join(folded.casefold().replace("ё", "е").split())


def plan_words(text: str) -> str:
    """A kind or a state as the plan's rules name it: NFC, single spaces, lower case, ё kept.

    Both sides of a comparison are written so, the rule (`run_rule`) and the fact.
    """
    return one_alphabet(cleaned(text)).lower()


@lru_cache(maxsize=4096)  # all files of a pull name the same ones
def municipality_ref(text: str) -> str:
    """How a municipality's name or code is kept in facts and compared with the registry.

    «г. Буй» and «город Буй» are one, and so are kinds of dashes and quotes; the
    words «район» and «округ» stay, since «город Буй» and «Буйский район» are two.
    """
    name = _CITY.sub("город ", comparable(text).translate(_QUOTES))
    return " ".join(_LONE_DASH.sub(" ", name.replace("р-н", "район")).split())


def school_ref(text: str) -> str:
    """How a school's name is compared where a file gives nothing better."""
    name = comparable(text.replace("№", " № ")).translate(_QUOTES)
    return " ".join(_LONE_DASH.sub(" ", name).split())


def login_digits(text: str) -> str | None:
    """The six digits that `sch440123` and `edu440123` share; None where there is no login."""
    plain = comparable(text).translate(_CYRILLIC_TWINS).casefold().replace(" ", "")
    match = _LOGIN.fullmatch(plain)
    return match.group(1) if match else None


def masked_login(digits: str) -> str:
    """«sch44•••7»: enough to find the row in one's own file, not enough to learn a login."""
    return f"sch{digits[:2]}{'•' * max(len(digits) - 3, 0)}{digits[-1:]}"


def masked_code(code: str) -> str:
    """A school's code or name as messages show it: its first two characters and the last."""
    if len(code) <= 3:
        return "•" * len(code)
    return f"{code[:2]}{'•' * (len(code) - 3)}{code[-1]}"


def one_alphabet(text: str) -> str:
    """A Russian text with Cyrillic letters for Latin ones that look the same: «Kод OО», «дa».

    In words of both alphabets, and in those that have no other letters; «Лицей IT» stays.
    """
    if not (_LATIN.search(text) and _CYRILLIC.search(text)):
        return text

    def put_right(word: re.Match[str]) -> str:
        right = word.group().translate(_LATIN_TWINS)
        is_russian = _CYRILLIC.search(word.group()) or not _LATIN.search(right)
        return right if is_russian else word.group()

    return _WORD_WITH_LATIN.sub(put_right, text)


def mixed_word(text: str) -> str | None:
    """The first word with Cyrillic letters and Latin ones that look like Cyrillic ones."""
    if _LATIN.search(text):
        for word in _WORD.findall(text):
            if _CYRILLIC.search(word) and word.translate(_LATIN_TWINS) != word:
                return str(word)
    return None


def latin_letter_in(text: str) -> str | None:
    """The warning about a Russian word with a Latin letter; None where there is none."""
    word = mixed_word(text)
    return f"В слове «{word[:40]}» латинская буква" if word else None


def near(name: str, known: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """The known names that look most like `name`, for a message; may be empty."""
    import difflib

    by_ref = {municipality_ref(other): other for other in sorted(known, key=natural_key)}
    alike = difflib.get_close_matches(municipality_ref(name), by_ref, n=most, cutoff=0.6)
    return tuple(by_ref[ref] for ref in alike)


# What sheets are called by programs and by those who keep registers and results; the words of
# declared sheets are added. Of any other word nobody knows whether it is a pupil's name.
_SHEET_WORDS = re.compile(
    r"лист\w?|sheet(?:s|js)?|tdsheet|worksheet|table|таблиц[аы]|page|страница|report|отчеты?|data"
    r"|данные|сведения|список|реестр|свод|итоги?|всего|выгрузка|экспорт|протоколы?|класс(?:ы|а|ов)?"
    r"|работ[аы]|результаты?|статистика|отметк(?:и|ам|ами)|отметок|сравнение|журнал(?:у|ом)?"
    r"|первичные|балл(?:ы|ов)|впр|огэ|егэ|гиа|гвэ|рдр|д?кр|др|год|года|весна|осень|экзамен|предмет"
    r"|апелляции|перепроверки|титул|обложка|справочники?|выбор|пояснения|примечания?|образец|форма"
    r"|часть|на|по|и|с|для|из|о|от|до|школ[аы]|оо|муниципалитеты?|мсу|регион|область|район"
    r"|математика|русский|язык|физика|химия|биология|история|география|обществознание|окружающий"
    r"|мир|английский|литература|информатика"
)
_TOKEN = re.compile(r"[^\W\d_]+|\d+")


def shown_sheet(name: str, number: int) -> str:
    """The name of a sheet as messages and facts have it: as it is where all its words are known
    ones, else its number, «№ 2», for a sheet may be named after a pupil.

    `number` is 1-based. A Latin letter in a known word stays, so that it can be told.
    """
    words = _TOKEN.findall(comparable(name))
    are_known = all(
        len(word) <= 4
        if word.isdigit()
        else any(
            _SHEET_WORDS.fullmatch(spelled) or spelled in _declared_words()
            for spelled in (word, word.translate(_LATIN_TWINS))
        )
        for word in words
    )
    return cleaned(name) if words and are_known else f"№ {number}"


@cache
def _declared_words() -> frozenset[str]:
    from roadmap.datasets.catalogue import DATASETS  # takes as long as a small file

    names = (dataset.sheet or "" for dataset in DATASETS.values())
    return frozenset(word for name in names for word in _TOKEN.findall(comparable(name)))


def cleaned_file_name(name: str) -> str:
    """The last part of a file name as metadata: NFC, nothing invisible, at most 120 chars."""
    last = cleaned(name).replace("\\", "/").rsplit("/", 1)[-1].strip()
    last = _ADDRESS.sub("•@•", last) or "без имени"  # an address in it would end in the logs
    if len(last) <= FILE_NAME_LENGTH:
        return last
    stem, dot, suffix = last.rpartition(".")
    if not dot or len(suffix) > 8:
        return last[:FILE_NAME_LENGTH]
    return stem[: FILE_NAME_LENGTH - len(suffix) - 1] + dot + suffix
