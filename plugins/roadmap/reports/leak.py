"""Leaks: no letter may name another municipality's school, by its name, login or code.

Only what identifies a school decides: names that several municipalities share do not, nor
codes that could be a year or a count. Texts are compared as words, so «№ 1» is not found in
«№ 12», and without regard to case, kind of spaces, ё, soft hyphens and no-width signs.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection

from roadmap.reports.letter import LetterText
from roadmap.reports.model import Addressee
from roadmap.reports.reading import html_texts, office_texts, pdf_texts
from roadmap.reports.rendered import RenderedFile
from roadmap.store.sql import sql

Words = tuple[str, ...]

# Names made of such words alone could stand in any text.
_ORDINARY = frozenset(
    "школа школы школе средняя основная начальная общеобразовательная гимназия лицей "
    "интернат сад детский центр образования учреждение муниципальное государственное бюджетное "
    "казённое казенное автономное областное общеобразовательное мбоу моу мкоу мао мау гкоу сош "
    "оош нош имени условная условный кадетская".replace("ё", "е").split()
)
_LEAST_CODE = 4  # digits; fewer are a count or a number of a school
_YEAR = re.compile(r"(19|20)\d\d")
_NO_WIDTH = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class RegistrySchool:
    """A school under one of its names; a school may stand here more than once."""

    school_id: str
    municipality_id: str
    name: str
    login: str | None  # the digits of sch440123 and edu440123
    gia_code: str | None


Registry = tuple[RegistrySchool, ...]


def read_registry(connection: Connection, run_id: str) -> Registry:
    """Every school of the region as the run's frozen registry knows it."""
    rows = connection.execute(sql("reports/registry"), {"run_id": run_id})
    return tuple(
        RegistrySchool(row.school_id, row.municipality_id, row.name, row.vpr_login, row.gia_code)
        for row in rows
    )


def check_leak(
    addressee: Addressee, registry: Registry, letter: LetterText, files: Sequence[RenderedFile]
) -> tuple[str, ...]:
    """A Russian sentence for each file that names a foreign school; the region sees all."""
    if addressee.is_region:
        return ()
    index = index_of(registry)
    found: dict[tuple[str, str], str] = {}
    for where, text in _texts(letter, files):
        for school, kind in index.foreign(addressee.municipality_id, text):
            found.setdefault((where, school), kind)
    return tuple(
        f"{where}: {kind} школы другого муниципалитета (школа {school} реестра). Не отправляйте "
        "вручную; проверьте реестр школ и сообщите в поддержку."
        for (where, school), kind in found.items()
    )


def _texts(letter: LetterText, files: Sequence[RenderedFile]) -> Iterator[tuple[str, str]]:
    """Every text that leaves, with the place where it stands."""
    yield "Тема письма", letter.subject
    for text in html_texts(letter.html):
        yield "Письмо", text
    yield "Текст письма", letter.text
    for file in files:
        yield "Имя файла", file.file_name
        where = f"Файл «{file.file_name}»"
        match file.kind:
            case "docx" | "xlsx":
                texts: Iterable[str] = office_texts(file.content)
            case "pdf" | "school_pdf":
                texts = pdf_texts(file.content)
            case _:
                continue  # the letter itself, read above
        for text in texts:
            yield where, text


def words_of(text: str) -> Words:
    """The text as comparable words; «№» is one of them."""
    # NFKC turns «№» into «No»: apart from what stands beside it, it is a word of its own.
    plain = _NO_WIDTH.sub("", text).replace("№", " № ").replace("_", " ")
    plain = unicodedata.normalize("NFKC", plain).casefold().replace("ё", "е")
    return tuple(_WORD.findall(plain))


# -- The index of identifiers, made once per run ---------------------------------------------


@dataclass(frozen=True)
class _Identifier:
    words: Words
    kind: str  # «наименование», «логин», «код ГИА»
    owners: frozenset[tuple[str, str]]  # (municipality, school)


class _Index:
    """Identifiers by their first word, the longest first."""

    def __init__(self, registry: Registry) -> None:
        owners: dict[tuple[Words, str], set[tuple[str, str]]] = defaultdict(set)
        for school in registry:
            for words, kind in _identifiers(school):
                owners[words, kind].add((school.municipality_id, school.school_id))
        self._by_first: dict[str, list[_Identifier]] = defaultdict(list)
        for (words, kind), schools in owners.items():
            self._by_first[words[0]].append(_Identifier(words, kind, frozenset(schools)))
        for identifiers in self._by_first.values():
            identifiers.sort(key=lambda identifier: -len(identifier.words))

    def foreign(self, municipality_id: str, text: str) -> Iterator[tuple[str, str]]:
        """(school, kind of identifier) of every other municipality's school in the text."""
        words = words_of(text)
        at = 0
        while at < len(words):
            for identifier in self._by_first.get(words[at], ()):
                if words[at : at + len(identifier.words)] == identifier.words:
                    # The longest one decides: a school's name may begin with another's.
                    if _decides(identifier, municipality_id):
                        yield min(school for _, school in identifier.owners), identifier.kind
                    at += len(identifier.words) - 1
                    break
            at += 1


def _decides(identifier: _Identifier, municipality_id: str) -> bool:
    municipalities = {municipality for municipality, _ in identifier.owners}
    if municipality_id in municipalities:
        return False
    return len(municipalities) == 1 or identifier.kind != "наименование"


def _identifiers(school: RegistrySchool) -> Iterator[tuple[Words, str]]:
    if _is_telling(name := words_of(school.name)):
        yield name, "наименование"
    for login in words_of(school.login or ""):
        digits = login.removeprefix("sch").removeprefix("edu")
        yield (f"sch{digits}",), "логин"
        yield (f"edu{digits}",), "логин"
        if _is_code(digits):
            yield (digits,), "логин"
    for code in words_of(school.gia_code or ""):
        if _is_code(code):
            yield (code,), "код ГИА"


def _is_telling(name: Words) -> bool:
    """Whether the words could stand for nothing but this school."""
    return len(name) > 1 and any(word not in _ORDINARY for word in name)


def _is_code(code: str) -> bool:
    return len(code) >= _LEAST_CODE and not _YEAR.fullmatch(code)


@lru_cache(maxsize=2)
def index_of(registry: Registry) -> _Index:
    return _Index(registry)
