"""Leaks: no letter may name another municipality's school, by its name, login or code.

Only what identifies a school decides: a name that the addressee has a school of, too, does not,
nor codes that could be a year or a count. Texts are compared by their letters and figures: case,
ё, kinds of spaces, soft hyphens, signs and where a line or a run was broken do not matter.
What is found begins and ends with a word, so «№ 1» is not found in «№ 12».
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from sqlalchemy import Connection

from roadmap.reports.checks.reading import html_texts, office_texts, pdf_texts
from roadmap.reports.formats.letter import LetterText
from roadmap.reports.formats.rendered import RenderedFile
from roadmap.reports.model import Addressee
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
# Soft hyphens, what has no width, and accents; pdfium's sign of a word broken over lines.
_NO_WIDTH = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufffe]"
)
_RAISED = re.compile("[\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089]")  # a note's number
_NUMBER_SIGN = re.compile(r"(?<!\w)no?\.?\s*(?=\d)")
_WORD = re.compile(r"\w+")
_LATIN = re.compile("[a-z]")
_CYRILLIC = re.compile("[а-я]")
_LOOK_ALIKES = str.maketrans("aceopxykmthb", "асеорхукмтнв")
_APART = "\0"
_HEAD = 4
_NAME = "наименование"


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
    # The same captions and cells stand in several files, and many times in one.
    foreign = cache(lambda text: tuple(index.foreign(addressee.municipality_id, text)))
    found: dict[tuple[str, str], str] = {}
    for where, text in _texts(letter, files):
        for school, kind in foreign(text):
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
    """The text as comparable words; «№» is one of them, written «No» or «N» too."""
    plain = _RAISED.sub(" ", text).replace("№", " № ").replace("_", " ")
    # NFKC turns «№» into «No».
    plain = unicodedata.normalize("NFKC", _NO_WIDTH.sub("", plain)).casefold().replace("ё", "е")
    plain = _NUMBER_SIGN.sub(" no ", plain)
    words = _WORD.findall(plain)
    return tuple(map(_one_script, words) if _LATIN.search(plain) else words)


def _one_script(word: str) -> str:
    """The word with Latin letters that look Cyrillic made so, where it has Cyrillic ones."""
    if word.isascii() or not _LATIN.search(word) or not _CYRILLIC.search(word):
        return word
    return word.translate(_LOOK_ALIKES)


def _joined(words: Words) -> tuple[str, list[int], set[int]]:
    """The words without what divides them, where they begin and where they end.

    What follows a figure stays apart: «№ 1 2» is not «№ 12», «№ 1 а» is not «№ 1а».
    """
    pieces: list[str] = []
    begins: list[int] = []
    ends: set[int] = set()
    at = 0
    for word in words:
        if pieces and pieces[-1][-1].isdigit():
            pieces.append(_APART)
            at += 1
        begins.append(at)
        pieces.append(word)
        at += len(word)
        ends.add(at)
    return "".join(pieces), begins, ends


# -- The index of identifiers, made once per run ---------------------------------------------


@dataclass(frozen=True)
class _Identifier:
    """What is written of one or several schools."""

    owners: Mapping[str, frozenset[tuple[str, str]]]  # by kind: (municipality, school)

    def foreign_to(self, municipality_id: str) -> tuple[str, str] | None:
        """(school, kind) where it can only be another municipality's."""
        whose = {municipality for owners in self.owners.values() for municipality, _ in owners}
        if municipality_id in whose:
            return None
        # Of twins in two other municipalities it is either one's: another's all the same.
        kind, owners = next(iter(self.owners.items()))
        return min(school for _, school in owners), kind


class _Index:
    """Identifiers by their letters and figures, found by their first few, the longest first."""

    def __init__(self, registry: Registry) -> None:
        owners: dict[str, dict[str, set[tuple[str, str]]]] = defaultdict(lambda: defaultdict(set))
        for school in registry:
            for words, kind in _identifiers(school):
                owners[_joined(words)[0]][kind].add((school.municipality_id, school.school_id))
        self._identifiers = {
            written: _Identifier({kind: frozenset(found) for kind, found in kinds.items()})
            for written, kinds in owners.items()
        }
        lengths: dict[str, set[int]] = defaultdict(set)
        for written in self._identifiers:
            lengths[written[:_HEAD]].add(len(written))
        self._lengths = {head: sorted(found, reverse=True) for head, found in lengths.items()}
        # What a word must begin with, or be, for an identifier to begin with it.
        self._starts = {head[:end] for head in lengths for end in range(1, _HEAD + 1)}

    def foreign(self, municipality_id: str, text: str) -> Iterator[tuple[str, str]]:
        """(school, kind of identifier) of every other municipality's school in the text."""
        words = words_of(text)
        if self._starts.isdisjoint(word[:_HEAD] for word in words):
            return
        written, begins, ends = _joined(words)
        free_from = 0
        for at in begins:
            if at < free_from:
                continue  # inside of what was found: a school's name may hold another's
            for length in self._lengths.get(written[at : at + _HEAD], ()):
                if at + length not in ends:
                    continue
                identifier = self._identifiers.get(written[at : at + length])
                if identifier is not None:
                    # The longest one decides: a school's name may begin with another's.
                    if found := identifier.foreign_to(municipality_id):
                        yield found
                    free_from = at + length
                    break


def _identifiers(school: RegistrySchool) -> Iterator[tuple[Words, str]]:
    if _is_telling(name := words_of(school.name)):
        yield name, _NAME
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
    is_named = any(len(word) > 2 and word.isalpha() for word in name)  # «№ 1» is anything
    return len(name) > 1 and is_named and any(word not in _ORDINARY for word in name)


def _is_code(code: str) -> bool:
    return len(code) >= _LEAST_CODE and not _YEAR.fullmatch(code)


@lru_cache(maxsize=2)
def index_of(registry: Registry) -> _Index:
    return _Index(registry)
