"""A subject has one spelling, a procedure one year and wave."""

from __future__ import annotations

import pytest

from roadmap.evidence.parsed import FileRefused
from roadmap.evidence.readers.paper import Paper, known_subject, subject_of, wave_of

WAVES = {"waves": {"2020": "autumn", "2021": "spring"}}


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Русский язык", "русский язык"),
        ("русскому\u00a0языку", "русский язык"),
        ("МАТЕМАТИКЕ", "математика"),
        ("Математика профильная", "математика"),
        ("Математика (профильный уровень)", "математика"),
        ("биологии", "биология"),
        ("окружающему миру", "окружающий мир"),
        ("обществознанию", "обществознание"),
        ("Информатика и ИКТ", "информатика"),
        ("Информатика (КЕГЭ)", "информатика"),
        ("Английский язык", "английский язык"),
        ("Иностранный язык (английский)", "английский язык"),
        ("истории.", "история"),
        ("Физическая культура", None),
        ("Математика базовая", "математика базовая"),
        ("Математика (базовый уровень)", "математика базовая"),
        ("Математика базового уровня", "математика базовая"),
        ("Немецкий язык", "немецкий язык"),
        ("Иностранный язык (китайский)", "китайский язык"),
        ("Литературное чтение", None),
        ("", None),
    ],
)
def test_subjects_in_all_their_forms(text, subject):
    assert subject_of(text) == subject


def test_an_unknown_subject_refuses_the_file():
    with pytest.raises(FileRefused, match="«Музыка» не известен") as caught:
        known_subject("Музыка", "а.xlsx")
    assert caught.value.code == "SUBJECT"


def test_the_wave_follows_from_the_year():
    assert wave_of(2020, 2021, WAVES, "а.xlsx") == "autumn"
    assert wave_of(2021, 2021, WAVES, "а.xlsx") == "spring"
    assert wave_of(2020, 2021, {"wave": "main"}, "а.xlsx") == "main"


@pytest.mark.parametrize("year", [2019, 2022])
def test_another_period_refuses_the_file(year):
    with pytest.raises(FileRefused) as caught:
        wave_of(year, 2021, WAVES, "а.xlsx")
    assert caught.value.code == "PERIOD"


def test_a_scope_names_the_paper():
    paper = Paper("vpr", 2020, "autumn", 5, "математика")
    assert paper.scope == "vpr/2020/autumn/5/математика"
    assert paper.columns()["grade"] == 5
