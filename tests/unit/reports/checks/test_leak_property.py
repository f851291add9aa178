"""Whatever is planted of a foreign school in a real package is found, and nothing else is.

What the check is worth is shown by mutants of it: the same property finds every one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

import support.leak_planting as planting
from roadmap.reports.checks import leak, reading
from roadmap.reports.checks.leak import Registry, RegistrySchool, check_leak
from roadmap.reports.formats.wordml import tag
from support.leak_planting import FILE_PLACES, LETTER_PLACES, SILENT, Planted, real_package

OWN, BUY, GALICH = "neyskiy", "buyskiy", "galichskiy"

# Of the real package, and names that are hard to tell from others'.
OWN_SCHOOLS = (
    RegistrySchool("own2", OWN, "Школа № 2 (условная)", "440002", "24002"),
    RegistrySchool("own10", OWN, "Школа № 10 (условная)", "440010", "24010"),
    RegistrySchool("own12", OWN, "Школа № 12", "440012", "24012"),
    RegistrySchool("own30", OWN, "Усть-Нейская средняя школа", "440030", "24030"),
    RegistrySchool("own31", OWN, "Ветлинская школа № 1 имени Лётчика", "440031", "24031"),
    # A school elsewhere has this one's login for its code.
    RegistrySchool("own32", OWN, "Зелёная начальная школа", "440032", "24032"),
    RegistrySchool("twin1", OWN, "Центральная средняя школа", "440033", "24033"),
)
FOREIGN_SCHOOLS = (
    RegistrySchool("f1", BUY, "Школа № 1", "440101", "24101"),
    RegistrySchool("f1a", BUY, "Школа № 1а", "440102", "24102"),
    RegistrySchool("f112", BUY, "Школа № 112", "440103", "24103"),
    RegistrySchool("f2", BUY, "Шушкодомская основная школа", "440104", "24104"),
    RegistrySchool("f3", BUY, "Нейская средняя школа", "440105", "24105"),
    RegistrySchool("f4", GALICH, "Лицей № 4 имени А. Б. Примерова", "440106", "24106"),
    RegistrySchool("f5", GALICH, "Ново-Берёзовская гимназия «Ёлочка»", "440107", "24107"),
    RegistrySchool("f6", GALICH, "Дальняя школа посёлка Условный № 3", "440108", "440032"),
    RegistrySchool("twin2", GALICH, "Центральная средняя школа", "440109", "24109"),
    RegistrySchool("twin3", BUY, "Боровая основная школа", "440110", "24110"),
    RegistrySchool("twin4", GALICH, "Боровая основная школа", "440111", "24111"),
)
REGISTRY: Registry = OWN_SCHOOLS + FOREIGN_SCHOOLS
# № 1 is one's own now, and № 12 the other's.
SWAPPED: Registry = (
    *(school for school in OWN_SCHOOLS if school.school_id != "own12"),
    *(school for school in FOREIGN_SCHOOLS if school.school_id != "f1"),
    RegistrySchool("own1", OWN, "Школа № 1", "440101", "24101"),
    RegistrySchool("f12", BUY, "Школа № 12", "440012", "24012"),
)
TWINS = frozenset({"twin1", "twin2", "twin3", "twin4"})


@dataclass(frozen=True)
class Case:
    """Something written of a school in some place, and whether it must be found there."""

    registry: Registry = field(repr=False)
    school: RegistrySchool
    format: str
    place: str
    planted: Planted

    def sentences(self) -> tuple[str, ...]:
        addressee = planting.real_addressee()
        if self.format == "letter":
            letter = planting.planted_in_letter(self.place, self.planted)
            return check_leak(addressee, self.registry, letter, ())
        if self.place == "file name":
            file = planting.planted_in_name(self.format, self.planted.text)
        else:
            file = planting.planted_in_file(self.format, self.place, self.planted)
        return check_leak(addressee, self.registry, SILENT, (file,))


def is_found(case: Case) -> None:
    sentences = case.sentences()
    assert len(sentences) == 1, sentences
    assert f"школы другого муниципалитета (школа {case.school.school_id} реестра)" in sentences[0]
    assert case.planted.text not in sentences[0]


def passes(case: Case) -> None:
    assert case.sentences() == ()


# -- How people and programs write it ----------------------------------------------------------

SPACES = (" ", "\u00a0", "\u202f", "\u2009", "  ", "\n", "\t")
HYPHENS = ("-", "\u2011", "\u2010", "- ")
UNSEEN = ("\u00ad", "\u200b", "\u2060")
CASES: tuple[Callable[[str], str], ...] = (str, str.upper, str.lower, str.title)
NUMBER_SIGNS = ("№ ", "№", "№\u00a0", "N ", "N", "No. ")
BEFORE = (" ", " «", " (", " — ", ": ", ", ")
AFTER = (" ", "» ", ") ", ", ", ". ", "; ")
IDENTIFIERS = ("name", "sch", "edu", "login", "code")


@st.composite
def written(draw: DrawFn, school: RegistrySchool, kind: str) -> str:
    """The identifier in one of the ways it is really written."""
    if kind != "name":
        prefix = {"sch": "sch", "edu": "edu"}.get(kind, "")
        text = f"{prefix}{school.gia_code if kind == 'code' else school.login}"
        return _sprinkled(draw, draw(st.sampled_from(CASES))(text))
    text = school.name.replace("№ ", draw(st.sampled_from(NUMBER_SIGNS)))
    text = draw(st.sampled_from(CASES))(text)
    text = re.sub(" ", lambda _: draw(st.sampled_from(SPACES)), text)
    text = re.sub("-", lambda _: draw(st.sampled_from(HYPHENS)), text)
    if draw(st.booleans()):
        text = text.translate(str.maketrans("ёЁ", "еЕ"))
    return _sprinkled(draw, _hyphenated(draw, text))


def _hyphenated(draw: DrawFn, text: str) -> str:
    """Perhaps one of its words broken over two lines."""
    between = [
        at for at in range(2, len(text) - 2) if text[at - 2 : at + 2].isalpha() and text[at] > "z"
    ]
    if not between or not draw(st.booleans()):
        return text
    at = draw(st.sampled_from(between))
    return f"{text[:at]}{draw(st.sampled_from(('-', '')))}\n{text[at:]}"


def _sprinkled(draw: DrawFn, text: str) -> str:
    """Perhaps with a sign in it that is not seen."""
    if not draw(st.booleans()):
        return text
    at = draw(st.integers(1, len(text) - 1))
    return text[:at] + draw(st.sampled_from(UNSEEN)) + text[at:]


@st.composite
def cases(
    draw: DrawFn,
    schools: tuple[RegistrySchool, ...],
    kinds: tuple[str, ...] = IDENTIFIERS,
    formats: tuple[str, ...] = ("letter", *FILE_PLACES),
    registry: Registry = REGISTRY,
) -> Case:
    format_ = draw(st.sampled_from(formats))
    places = list(LETTER_PLACES if format_ == "letter" else FILE_PLACES[format_])
    if format_ != "letter":
        places.append("file name")
    school = draw(st.sampled_from(schools))
    text = draw(written(school, draw(st.sampled_from(kinds))))
    around = draw(st.sampled_from(BEFORE)), draw(st.sampled_from(AFTER))
    cuts = sorted(draw(st.sets(st.integers(1, len(text) - 1), max_size=3)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return Case(
        registry,
        school,
        format_,
        draw(st.sampled_from(places)),
        Planted((around[0], *pieces, around[1]), draw(st.integers(0, 400))),
    )


def of(ids: set[str], registry: Registry = REGISTRY) -> tuple[RegistrySchool, ...]:
    found = tuple(school for school in registry if school.school_id in ids)
    assert len(found) == len(ids)
    return found


FOREIGN = tuple(school for school in FOREIGN_SCHOOLS if school.school_id not in TWINS)
NOT_NAMES = ("sch", "edu", "login", "code")
# f6's code is the login of an own school: in figures alone it says nothing.
FINDABLE = tuple(school for school in FOREIGN if school.school_id != "f6")

relaxed = settings(deadline=None, suppress_health_check=list(HealthCheck))


# -- What must be found ------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def package() -> planting.Package:
    """Rendered before the first example is timed."""
    return real_package()


def test_the_real_package_itself_passes(package: planting.Package) -> None:
    for registry in (REGISTRY, SWAPPED):
        found = check_leak(planting.real_addressee(), registry, package.letter, package.files)
        assert found == ()


@pytest.mark.parametrize("format_", ["letter", *FILE_PLACES])
def test_a_foreign_school_is_found_in_every_place_of_every_format(format_: str) -> None:
    """Each place once with each kind of identifier, undisguised: none is left to luck."""
    school = FINDABLE[1]
    looked = 0
    for place in LETTER_PLACES if format_ == "letter" else FILE_PLACES[format_]:
        for text in ("Школа № 1а", "sch440102", "edu440102", "440102", "24102"):
            is_found(Case(REGISTRY, school, format_, place, Planted((" ", text, " "))))
            looked += 1
    assert looked >= 10


@pytest.mark.parametrize(
    ("format_", "examples"),
    [("letter", 150), ("docx", 120), ("xlsx", 120), ("pdf", 70), ("school_pdf", 40)],
)
def test_a_foreign_school_is_found_however_it_is_written(format_: str, examples: int) -> None:
    @settings(relaxed, max_examples=examples)
    @given(cases(FINDABLE, formats=(format_,)))
    def holds(case: Case) -> None:
        is_found(case)

    holds()


@settings(relaxed, max_examples=60)
@given(cases(of({"twin2", "twin3", "twin4", "f6"}), ("sch", "edu")))
def test_a_login_decides_where_the_name_or_the_figures_cannot(case: Case) -> None:
    is_found(case)


@settings(relaxed, max_examples=60)
@given(cases(of({"twin2", "twin3", "twin4"}), ("login", "code")))
def test_a_twin_s_login_and_code_in_figures_are_its_own(case: Case) -> None:
    is_found(case)


@settings(relaxed, max_examples=60)
@given(cases(of({"twin3", "twin4"}), ("name",)))
def test_a_name_of_two_other_municipalities_is_foreign_whichever_is_meant(case: Case) -> None:
    (sentence,) = case.sentences()
    assert "школы другого муниципалитета (школа twin3 реестра)" in sentence


# -- What must pass ----------------------------------------------------------------------------


@settings(relaxed, max_examples=100)
@given(cases(OWN_SCHOOLS))
def test_an_own_school_is_never_taken_for_a_foreign_one(case: Case) -> None:
    passes(case)


@settings(relaxed, max_examples=60)
@given(cases(of({"twin1", "twin2"}), ("name",)))
def test_a_name_that_the_addressee_has_too_decides_nothing(case: Case) -> None:
    passes(case)


@settings(relaxed, max_examples=60)
@given(
    st.one_of(
        cases(of({"own12"}), ("name",)).map(lambda case: (passes, case)),
        cases(of({"f1"}), ("name",)).map(lambda case: (is_found, case)),
        cases(of({"own1"}, SWAPPED), ("name",), registry=SWAPPED).map(lambda c: (passes, c)),
        cases(of({"f12"}, SWAPPED), ("name",), registry=SWAPPED).map(lambda c: (is_found, c)),
    )
)
def test_number_1_and_number_12_are_told_apart(holds: tuple[Callable[[Case], None], Case]) -> None:
    rule, case = holds
    rule(case)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Школа № 1 2 класса", id="a figure after the number"),
        pytest.param("Школа № 1 а также другие", id="a word after the number"),
        pytest.param("Школа № 1б, школа № 21, школа № 113", id="numbers of others"),
        pytest.param("24 102 участника, 24,102", id="counts"),
        pytest.param("124102 и 241021, х24102", id="longer figures"),
        pytest.param("школы муниципалитета: 1, 12, 112", id="bare numbers"),
        pytest.param("Подшушкодомская основная школа", id="the end of another word"),
        pytest.param("Шушкодомская основная школьная комиссия", id="the beginning of another"),
    ],
)
def test_what_only_looks_like_a_foreign_school_passes(text: str) -> None:
    for place in ("paragraph", "table", "title"):
        passes(Case(SWAPPED, OWN_SCHOOLS[0], "docx", place, Planted((" ", text, " "))))


# -- What the property is worth ----------------------------------------------------------------


def _substrings(index: Any, municipality_id: str, words: leak.Words) -> Iterator[tuple[str, str]]:
    """The mutant that looks for identifiers anywhere in a word."""
    letters = "".join(words)
    for identifier, found in index._exact._identifiers.items():
        if identifier.replace("\0", "") in letters:
            yield from found.foreign_to(municipality_id)


def _twins_decide(identifier: Any, municipality_id: str) -> Iterator[tuple[str, str]]:
    whose = {one for owners in identifier.owners.values() for one in owners}
    for municipality, school in sorted(whose)[:1]:
        if municipality != municipality_id:
            yield school, "наименование"


def _without(part: str) -> Callable[[bytes], Iterator[str]]:
    original = reading.office_texts

    def texts(content: bytes) -> Iterator[str]:
        parts = planting._parts_of(content)
        return original(planting._zipped({k: v for k, v in parts.items() if part not in k}))

    return texts


def _runs_apart(node: Any) -> str:
    return " ".join(piece.text or "" for piece in node.iter(tag("w:t")))


Mutant = Callable[[pytest.MonkeyPatch], None]
NOTHING = re.compile(r"(?!)")
MUTANTS: dict[str, tuple[Mutant, SearchStrategy[Case], Callable[[Case], None]]] = {
    "substrings, not words": (
        lambda patch: patch.setattr(leak._Index, "foreign", _substrings),
        cases(OWN_SCHOOLS, ("name",), ("docx",)),
        passes,
    ),
    "twins decide": (
        lambda patch: patch.setattr(leak._Identifier, "foreign_to", _twins_decide),
        cases(of({"twin2"}), ("name",), ("xlsx",)),
        passes,
    ),
    "headers are skipped": (
        lambda patch: patch.setattr(leak, "office_texts", _without("header")),
        cases(FINDABLE, formats=("docx",)),
        is_found,
    ),
    "comments of a workbook are skipped": (
        lambda patch: patch.setattr(leak, "office_texts", _without("comments")),
        cases(FINDABLE, formats=("xlsx",)),
        is_found,
    ),
    "names of sheets are skipped": (
        lambda patch: patch.setattr(reading, "_attributes", lambda node: iter(())),
        cases(FINDABLE, formats=("xlsx",)),
        is_found,
    ),
    "runs are read one by one": (
        lambda patch: patch.setattr(reading, "text_of", _runs_apart),
        cases(FINDABLE, NOT_NAMES, formats=("docx",)),
        is_found,
    ),
    "soft hyphens divide": (
        lambda patch: patch.setattr(leak, "_NO_WIDTH", NOTHING),
        cases(FINDABLE, NOT_NAMES, formats=("letter",)),
        is_found,
    ),
    "what is broken over lines is two words": (
        lambda patch: patch.setattr(leak, "_joined", _apart),
        cases(FINDABLE, ("name",), formats=("letter",)),
        is_found,
    ),
    "only the pages of a PDF": (
        lambda patch: patch.setattr(leak, "pdf_texts", lambda content: [reading.pdf_text(content)]),
        cases(FINDABLE, formats=("pdf",)),
        is_found,
    ),
    "ё is a letter of its own": (
        lambda patch: patch.setattr(leak, "words_of_each", _with_yo),
        cases(of({"f5"}), ("name",), formats=("letter",)),
        is_found,
    ),
}


def _apart(words: leak.Words) -> tuple[str, list[int], set[int]]:
    begins, ends, at = [], set(), 0
    for word in words:
        begins.append(at)
        at += len(word)
        ends.add(at)
        at += 1
    return "\0".join(words), begins, ends


def _with_yo(texts: Iterable[str]) -> Iterator[leak.Words]:
    for text in texts:
        yield tuple(re.findall(r"\w+", text.casefold().replace("№", " no ")))


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_property_finds_every_mutant_of_the_check(
    mutant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, strategy, rule = MUTANTS[mutant]

    @settings(relaxed, max_examples=200, phases=[Phase.generate], derandomize=True, database=None)
    @given(strategy)
    def holds(case: Case) -> None:
        rule(case)

    change(monkeypatch)
    leak.index_of.cache_clear()
    try:
        with pytest.raises(AssertionError):
            holds()
    finally:
        leak.index_of.cache_clear()
