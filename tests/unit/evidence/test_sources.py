"""Sources are data: every dataset of the plan has one, and a wrong list is refused by its path."""

from pathlib import Path

import pytest
import yaml

from roadmap.datasets.catalogue import DATASETS
from roadmap.evidence.sources import SourcesError, load_sources
from roadmap.paths import SOURCES
from roadmap.plan.load import load_plan


def test_every_dataset_that_a_phase_reads_has_a_source() -> None:
    wanted = {
        dataset
        for phase in load_plan("2021").phases
        for dataset in (*phase.datasets.needed, *phase.datasets.told)
    }
    assert len(wanted) >= 24
    assert wanted <= set(load_sources())


def test_every_register_of_a_source_is_one_that_can_be_read() -> None:
    # The reader of scales reads the register and compares it with the shipped ones.
    readers = ("register", "vpr_scales")
    read = {name: source for name, source in load_sources().items() if source.reader in readers}
    assert set(read) == set(DATASETS)
    assert all(source.options_of(2021)["register"] == name for name, source in read.items())


def test_no_two_sources_claim_the_same_place() -> None:
    places = [place for source in load_sources().values() for place in source.locations]
    assert len(places) > 13
    assert len(set(places)) == len(places)


def test_no_copy_is_kept_of_files_with_pupils_or_principals() -> None:
    holding = {name for name, source in load_sources().items() if source.holds_pupils}
    assert holding == {
        "vpr_protocols", "school_codes", "ege_protocols", "oge_protocols", "gia_appeals",
    }  # fmt: skip


def test_options_of_a_year_lie_over_the_common_ones() -> None:
    source = load_sources()["vpr_marks"].model_copy(
        update={"options": {"a": 1, "b": 1}, "options_by_year": {2022: {"b": 2}}}
    )
    assert source.options_of(2021) == {"a": 1, "b": 1}
    assert source.options_of(2022) == {"a": 1, "b": 2}


def _written(tmp_path: Path, **changes: object) -> Path:
    source = {"dataset": "events", "title": "Мероприятия", "locations": ["events/*.xlsx"]}
    path = tmp_path / "sources.yaml"
    path.write_text(
        yaml.safe_dump({"sources": [{**source, "reader": "register", **changes}]}), "utf-8"
    )
    return path


def test_the_publications_come_from_a_query_and_everything_else_from_files() -> None:
    asked = {name: source for name, source in load_sources().items() if source.query}
    assert list(asked) == ["publications"]
    assert asked["publications"].connection == "roadmap_portal"
    assert asked["publications"].locations == ()


def test_a_source_may_be_a_query_over_a_connection(tmp_path: Path) -> None:
    path = _written(tmp_path, locations=[], query="publications", connection="roadmap_portal")
    assert load_sources(path)["events"].query == "publications"


def test_a_list_that_is_right_is_read(tmp_path: Path) -> None:
    assert list(load_sources(_written(tmp_path))) == ["events"]


@pytest.mark.parametrize(
    ("changes", "inside"),
    [
        ({"tolerance": 7}, r"sources\[0\]\.tolerance"),
        ({"locations": ["../../etc/passwd"]}, r"sources\[0\]\.locations"),
        ({"locations": ["/etc/*.xlsx"]}, r"sources\[0\]\.locations"),
        ({"locations": []}, "либо поле locations, либо поля query"),
        ({"reader": "os.system"}, r"sources\[0\]\.reader"),
        ({"dataset": "visits"}, "нет описания plugins/roadmap/datasets/visits.py"),
        ({"unknown": 1}, r"sources\[0\]\.unknown"),
        ({"options": {"one_part": "none"}}, "participant, absent, set_aside"),
        ({"options_by_year": {2021: {"one_part": "none"}}}, "participant, absent, set_aside"),
        ({"stands_for": ["marks"]}, "неизвестные виды сведений: marks"),
        ({"tolerance": 0.3, "least_coverage": 0.8}, "least_coverage больше 1 − tolerance"),
        ({"query": "publications"}, r"sources\[0\]"),
        ({"connection": "roadmap_portal"}, r"sources\[0\]"),
        (
            {"query": "publications", "connection": "roadmap_portal"},
            "либо поле locations, либо поля query",
        ),
        ({"locations": [], "query": "publications"}, "query и connection"),
        ({"locations": [], "query": "nothing", "connection": "c"}, "нет запроса"),
        ({"locations": [], "query": "../x", "connection": "c"}, r"sources\[0\]\.query"),
        (
            {
                "locations": [],
                "query": "publications",
                "connection": "c",
                "holds_pupils": True,
            },
            "сведения об учениках",
        ),
    ],
)
def test_a_wrong_list_names_the_place(
    tmp_path: Path, changes: dict[str, object], inside: str
) -> None:
    with pytest.raises(SourcesError, match=inside):
        load_sources(_written(tmp_path, **changes))


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text("sources: [", "utf-8")
    with pytest.raises(SourcesError, match="это не YAML"):
        load_sources(path)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("{kind: pisa}", "в поле kind возможны (include/procedures.yaml): vpr, oge, ege, rdr, fg"),
        ("{kind: fg, wave: main}", "в поле wave возможны: autumn, spring"),
        ("{kind: fg, bands: [Низкий, Средний, Высокий]}", "четыре разных названия столбцов"),
    ],
)
def test_a_source_of_results_names_a_kind_of_procedures_and_its_columns(
    tmp_path: Path, options: str, told: str
) -> None:
    text = SOURCES.read_text(encoding="utf-8")
    own = "options: {kind: fg, bands: [Низкий, Средний, Повышенный, Высокий]}"
    assert own in text
    path = tmp_path / "sources.yaml"
    path.write_text(text.replace(own, f"options: {options}"), encoding="utf-8")
    with pytest.raises(SourcesError) as refused:
        load_sources(path)
    assert told in str(refused.value)
