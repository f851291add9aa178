"""Leaks: no letter may name what is another municipality's: a school, a place or an address.

A school is known by its name, login and code, a municipality by its names and contacts. Only
what identifies decides: a name that the addressee has a school of, too, does not, nor codes
that could be a year or a count. Texts are compared by their letters and figures: case, ё, kinds
of spaces, soft hyphens, signs and where a line or a run was broken do not matter; names also by
the stems of their words («Шушкодомской основной школой»), without a legal form in front
(«МБОУ»), with «СОШ» for what it stands for. What is found begins and ends with a word, so «№ 1»
is not found in «№ 12».

What it cannot see: a name of one word («Гимназия», «Успех»); a name of ordinary words and a
number («МБОУ СОШ № 1») where the rest of it is left out; nicknames, other abbreviations and
misspellings; a name in a picture. A name that our own texts hold («Центр развития») is looked for
only where it stands alone, as in a cell.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache
from itertools import accumulate, chain, dropwhile
from types import NoneType
from typing import Any

from sqlalchemy import Connection

from roadmap.paths import INCLUDE, TEMPLATES
from roadmap.printable import printable
from roadmap.reports.checks.reading import html_texts, office_texts, pdf_texts
from roadmap.reports.formats.letter import LetterText
from roadmap.reports.formats.rendered import RenderedFile
from roadmap.reports.model import Addressee, ReportModel
from roadmap.store.sql import sql

Words = tuple[str, ...]

# Names made of such words alone could stand in any text.
_ORDINARY = frozenset(
    "школа школы школе средняя основная начальная общеобразовательная гимназия лицей "
    "интернат сад детский центр образования учреждение муниципальное государственное бюджетное "
    "казённое казенное автономное областное общеобразовательное мбоу моу мкоу мао мау гкоу сош "
    "оош нош имени условная условный кадетская".replace("ё", "е").split()
)
# What stands in front of a name and may be another one, or none, in a text.
_LEGAL_FORMS = frozenset({
    "мбоу", "моу", "мкоу", "маоу", "мао", "мау", "гкоу", "гбоу", "гоу", "муниципальное",
    "государственное", "областное", "краевое", "бюджетное", "казенное", "автономное",
    "общеобразовательное", "образовательное", "учреждение",
})  # fmt: skip
_ABBREVIATIONS = (
    (("средняя", "общеобразовательная", "школа"), "сош"),
    (("основная", "общеобразовательная", "школа"), "оош"),
    (("начальная", "общеобразовательная", "школа"), "нош"),
)
_LEAST_CODE = 4  # digits; fewer are a count or a number of a school
_YEAR = re.compile(r"(19|20)\d\d")
# Soft hyphens, what has no width, and accents; pdfium's sign of a word broken over lines.
_NO_WIDTH = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufffe]"
)
_RAISED = re.compile("[\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089]")  # a note's number
_NUMBER_SIGN = re.compile(r"n(?<!\wn)o?\.?\s*(?=\d)")
_WORD = re.compile(r"\w+")
_LATIN = re.compile("[a-z]")
_CYRILLIC = re.compile("[а-я]")
_LOOK_ALIKES = str.maketrans("aceopxykmthb", "асеорхукмтнв")
_APART = "\0"
_SCHOOL = "\0школ\0"  # the stem in all that is abbreviated
_FOUND = "\1"  # stands for a word that was found already
_HEAD = 4
_LONG_CODE = 6  # digits that are written in groups of three, too
_NAME, _PLACE, _CONTACT = "наименование", "название", "адрес"


@dataclass(frozen=True)
class RegistrySchool:
    """A school under one of its names; a school may stand here more than once."""

    school_id: str
    municipality_id: str
    name: str
    login: str | None  # the digits of sch440123 and edu440123
    gia_code: str | None


@dataclass(frozen=True)
class RegistryMunicipality:
    """A municipality under one of its names, or with one of its contacts' addresses."""

    municipality_id: str
    name: str | None = None
    address: str | None = field(default=None, repr=False)


Registry = tuple[RegistrySchool | RegistryMunicipality, ...]


def read_registry(connection: Connection, run_id: str) -> Registry:
    """All schools and municipalities of the region as the run's frozen registry knows them."""
    given = {"run_id": run_id}
    schools = connection.execute(sql("reports/registry"), given)
    municipalities = connection.execute(sql("reports/registry_municipalities"), given)
    return (
        *(
            RegistrySchool(
                row.school_id, row.municipality_id, row.name, row.vpr_login, row.gia_code
            )
            for row in schools
        ),
        *(
            RegistryMunicipality(row.municipality_id, row.name, row.address)
            for row in municipalities
        ),
    )


def texts_of_model(model: ReportModel) -> list[str]:
    """Every text of the report as a whole, before a format breaks it over lines and columns."""
    texts: list[str] = []
    _collect(model, texts)
    return texts


def _collect(node: object, texts: list[str]) -> None:
    if isinstance(node, str):
        texts.append(node)
    elif isinstance(node, _NO_TEXT):
        pass
    elif isinstance(node, (tuple, list)):
        for one in node:
            _collect(one, texts)
    elif isinstance(node, date):
        texts.append(node.isoformat())
    else:
        fields = node if isinstance(node, dict) else vars(node)
        for key, value in fields.items():
            if not isinstance(value, _NO_TEXT) and key not in _NOT_SHOWN:
                _collect(value, texts)


_NO_TEXT = (int, float, NoneType)
_NOT_SHOWN = frozenset({"kind", "id", "key", "table_id", "municipality_id", "school_id", "column"})


def check_leak(
    addressee: Addressee,
    registry: Registry,
    letter: LetterText,
    files: Sequence[RenderedFile],
    wholes: Iterable[str] = (),
    institute: str = "",
) -> tuple[str, ...]:
    """A Russian sentence for each file that names what is another's; the region sees all.

    `wholes` are the report's texts (`texts_of_model`): a format may part what stands together.
    `institute` is its name and place: a municipality that it names, every document names.
    """
    if addressee.is_region:
        return ()
    signature = f"\0{_stems(words_of(institute))}\0"
    registry = tuple(
        row
        for row in registry
        if not isinstance(row, RegistryMunicipality)
        or not row.name
        or f"\0{_stems(words_of(row.name))}\0" not in signature
    )
    # The same captions and cells stand in several files, and many times in one.
    wheres: dict[str, dict[str, None]] = defaultdict(dict)
    for where, text in chain(_texts(letter, files), (("Отчёт", text) for text in wholes)):
        wheres[text][where] = None
    index = index_of(registry)
    found: dict[tuple[str, str], str] = {}
    for text, words in zip(wheres, words_of_each(wheres), strict=True):
        for owner, kind in index.foreign(addressee.municipality_id, words):
            for where in wheres[text]:
                found.setdefault((where, owner), kind)
    places = {where for where, _ in found}
    return tuple(
        f"{where}: {_OF_ANOTHER.get(kind, _OF_SCHOOL).format(kind=kind, owner=owner)}. Не"
        " отправляйте вручную; проверьте реестр и сообщите в поддержку."
        for (where, owner), kind in found.items()
        if where != "Отчёт" or places == {"Отчёт"}  # else a file tells more closely where
    )


_OF_SCHOOL = "{kind} школы другого муниципалитета (школа {owner} реестра)"
_OF_ANOTHER = {
    _PLACE: "название другого муниципалитета ({owner} реестра)",
    _CONTACT: "адрес из контактов другого муниципалитета ({owner})",
}


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
    return next(words_of_each((text,)))


def words_of_each(texts: Iterable[str]) -> Iterator[Words]:
    """`words_of` for each of one or more texts, which are made comparable at once."""
    # A sign that is no space joins nothing across it, and no text keeps one of its own.
    whole = _APART.join(text.replace(_APART, "\1") for text in texts)
    plain = _RAISED.sub(" ", whole).replace("№", " № ").replace("_", " ")
    # NFKC turns «№» into «No».
    plain = unicodedata.normalize("NFKC", _NO_WIDTH.sub("", plain)).casefold().replace("ё", "е")
    plain = _NUMBER_SIGN.sub(" no ", plain)
    for text in plain.split(_APART):
        yield tuple(map(_one_script, _WORD.findall(text)))


@lru_cache(maxsize=100_000)
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


def _declined(words: Words) -> tuple[str, list[int], set[int]]:
    """The stems of the words, each apart, with «сош» for what it stands for; as `_joined`."""
    stems = _stems(words)
    lengths = accumulate(len(stem) + 1 for stem in stems.split(_APART))
    after = list(lengths)
    return stems, [0, *after[:-1]], {end - 1 for end in after}


def _stems(words: Words) -> str:
    stems = f"\0{_APART.join(map(_stem, words))}\0"
    if _SCHOOL in stems:
        for long, short in _long_stems():
            stems = stems.replace(long, short)
    return stems[1:-1]


@cache
def _long_stems() -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"\0{_APART.join(map(_stem, long))}\0", f"\0{short}\0") for long, short in _ABBREVIATIONS
    )


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    return _stemmer().stemWord(word)  # type: ignore[no-any-return]


@cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("russian")


# -- The index of identifiers, made once per run ---------------------------------------------


# By how an identifier is written and by its kind.
_Owners = defaultdict[str, defaultdict[str, set[tuple[str, str]]]]


@dataclass(frozen=True)
class _Identifier:
    """What is written of one or several schools or municipalities."""

    owners: Mapping[str, AbstractSet[tuple[str, str]]]  # by kind: (municipality, whose it is)
    is_ours: bool  # our own texts hold it, about nobody

    def counts(self, length: int, text: str) -> bool:
        """Whether it says something there: what our own texts say does only as a whole text."""
        return not self.is_ours or length == len(text)

    def foreign_to(self, municipality_id: str) -> Iterator[tuple[str, str]]:
        """(owner, kind) where it can only be another municipality's."""
        whose = {municipality for owners in self.owners.values() for municipality, _ in owners}
        if municipality_id not in whose:
            # Of twins in two other municipalities it is either one's: another's all the same.
            kind, owners = next(iter(self.owners.items()))
            yield min(owner for _, owner in owners), kind


class _Spelling:
    """Identifiers in one way of writing, found by their first few signs, the longest first."""

    def __init__(self, owners: _Owners, ours: AbstractSet[str]) -> None:
        self._identifiers = {
            written: _Identifier(kinds, written in ours) for written, kinds in owners.items()
        }
        lengths: dict[str, set[int]] = defaultdict(set)
        for written in owners:
            lengths[written[:_HEAD]].add(len(written))
        self._lengths = {head: sorted(found, reverse=True) for head, found in lengths.items()}
        self._beginnings = {
            f"{head}{_APART}"[:length] for head in lengths for length in range(1, _HEAD + 1)
        }

    def may_begin(self, word: str) -> bool:
        """Whether an identifier may begin with the word, its first signs or a short stem of it."""
        return word[:_HEAD] in self._beginnings or any(
            f"{word[:length]}{_APART}" in self._beginnings for length in range(1, _HEAD)
        )

    def found(
        self, written: str, begins: list[int], ends: set[int]
    ) -> Iterator[tuple[int, int, _Identifier]]:
        """Where identifiers begin and end in the text, and which they are."""
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
                    yield at, at + length, identifier
                    free_from = at + length
                    break


class _Index:
    """Identifiers by their letters and figures and, names, by the stems of their words."""

    def __init__(self, registry: Registry) -> None:
        exact: _Owners = defaultdict(lambda: defaultdict(set))
        declined: _Owners = defaultdict(lambda: defaultdict(set))
        ours = set()
        for row, identifiers in _identifiers(registry):
            owner = (
                row.municipality_id,
                row.school_id if isinstance(row, RegistrySchool) else row.municipality_id,
            )
            for words, kind in identifiers:
                written = _joined(words)[0]
                if kind in (_NAME, _PLACE):
                    stems = _stems(words)
                    if kind == _NAME and _is_ours(stems):  # a plan lists municipalities
                        ours |= {written, stems}
                    declined[stems][kind].add(owner)
                exact[written][kind].add(owner)
        self._exact = _Spelling(exact, ours)
        self._declined = _Spelling(declined, ours)
        self._may_begin = cache(self._begins_one)  # a report's words are few

    def _begins_one(self, word: str) -> bool:
        """Whether an identifier may begin with the word: a stem is the beginning of its word."""
        shorts = [short for long, short in _ABBREVIATIONS if word.startswith(_stem(long[0]))]
        return self._exact.may_begin(word) or any(map(self._declined.may_begin, (word, *shorts)))

    def foreign(self, municipality_id: str, words: Words) -> Iterator[tuple[str, str]]:
        """(owner, kind of identifier) of everything that is another's in the text of `words`."""
        if not any(map(self._may_begin, words)):
            return
        written, begins, ends = _joined(words)
        found: set[int] = set()
        for begin, end, identifier in self._exact.found(written, begins, ends):
            if identifier.counts(end - begin, written):
                yield from identifier.foreign_to(municipality_id)
            found.update(range(begin, end))
        # What was found to the letter is nothing else in another form.
        rest = tuple(
            _FOUND if at in found else word for at, word in zip(begins, words, strict=True)
        )
        written, begins, ends = _declined(rest)
        for begin, end, identifier in self._declined.found(written, begins, ends):
            if identifier.counts(end - begin, written):
                yield from identifier.foreign_to(municipality_id)


def _is_ours(stems: str) -> bool:
    """Whether our own templates or plans say this, in whatever form."""
    text, known = _our_stems()
    return known.issuperset(stems.split(_APART)) and f"\0{stems}\0" in text


@cache
def _our_stems() -> tuple[str, frozenset[str]]:
    """What templates and plans say to everybody: its stems in order, and as a set."""
    files = (*TEMPLATES.rglob("*.j2"), *TEMPLATES.rglob("*.yaml"), *TEMPLATES.rglob("*.typ"),
             *(INCLUDE / "plans").glob("*.yaml"))  # fmt: skip
    stems = "\0".join(_stems(words_of(path.read_text("utf-8"))) for path in files)
    return f"\0{stems}\0", frozenset(stems.split(_APART))


def _identifiers(
    registry: Registry,
) -> Iterator[tuple[RegistrySchool | RegistryMunicipality, Iterator[tuple[Words, str]]]]:
    """Each row with what tells that a text is about it."""
    names = words_of_each(printable(row.name or "") for row in registry)
    others = words_of_each(
        (row.login if isinstance(row, RegistrySchool) else row.address) or "" for row in registry
    )
    codes = words_of_each(getattr(row, "gia_code", None) or "" for row in registry)
    # Of no row there is one empty text.
    for row, name, other, code in zip(registry, names, others, codes, strict=False):
        if isinstance(row, RegistrySchool):
            yield row, _of_school(name, other, code)
        else:
            yield row, _of_municipality(name, other)


def _of_municipality(name: Words, address: Words) -> Iterator[tuple[Words, str]]:
    if _is_telling(name):
        yield name, _PLACE
    if address:
        yield address, _CONTACT


def _of_school(name: Words, logins: Words, codes: Words) -> Iterator[tuple[Words, str]]:
    bare = tuple(dropwhile(_LEGAL_FORMS.__contains__, name))
    for words in dict.fromkeys((name, bare)):
        if _is_telling(words):
            yield words, _NAME
    for login in logins:
        digits = login.removeprefix("sch").removeprefix("edu")
        yield (f"sch{digits}",), "логин"
        yield (f"edu{digits}",), "логин"
        for words in _written(digits):
            yield words, "логин"
    for code in codes:
        for words in _written(code):
            yield words, "код ГИА"


def _written(code: str) -> Iterator[Words]:
    """A code as one number and, a long one, in groups of three digits; none where no code."""
    if _is_code(code):
        yield (code,)
    if len(code) >= _LONG_CODE and code.isdigit():
        yield tuple(f"{int(code):,}".split(",")) if code[0] != "0" else (code,)


def _is_telling(name: Words) -> bool:
    """Whether the words could stand for nothing but this school."""
    is_named = any(len(word) > 2 and word.isalpha() for word in name)  # «№ 1» is anything
    return len(name) > 1 and is_named and any(word not in _ORDINARY for word in name)


def _is_code(code: str) -> bool:
    return len(code) >= _LEAST_CODE and not _YEAR.fullmatch(code)


@lru_cache(maxsize=2)
def index_of(registry: Registry) -> _Index:
    return _Index(registry)
