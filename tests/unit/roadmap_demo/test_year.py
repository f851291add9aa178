"""The later months of the demo year hold what facts.yaml promises, counted anew from its files."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine, select

from roadmap.evidence.intake import take_in
from roadmap.evidence.sources import load_sources
from roadmap.store.engine import open_engine
from roadmap.store.tables import load_batch, rejected_row
from roadmap_demo import portal
from roadmap_demo.content import load_content
from roadmap_demo.generate import DEFAULT_SEED, generate, put, standing, versions
from support.evidence_files import PLAN
from support.recount_demo import Demo, csv_table, hashes, sheet_rows, table, verdict
from support.recount_year import Count, Registers, Summer, appeals

ROOT = Path(__file__).resolve().parents[3]
FACTS = yaml.safe_load((ROOT / "include/demo/facts.yaml").read_text("utf-8"))
PHASES = FACTS["phases"]
RESULTS = ("vpr", "ege", "rdr", "oge")
# Which indicators make a measure executed; those of the ledger are met once the letters left.
# A measure of the whole period is judged by its interim indicators.
MEASURES = {
    1: ("1.1",), 2: ("2.1", "2.2"), 3: ("3.1", "3.2"), 4: ("4.1", "4.2"), 5: ("5.1",),
    6: ("6.1", "6.2", "6.3"), 7: (), 8: ("8.1", "8.2"), 9: ("9.1",), 11: ("11.1",),
    13: ("13.1/coordinator", "13.1/curator", "13.1/school"), 14: (),
}  # fmt: skip
OF_MUNICIPALITIES = {
    2: ("2.1",), 3: ("3.1", "3.2"), 5: ("5.1",), 6: ("6.1", "6.2"), 7: (), 11: ("11.1",),
    13: ("13.1/coordinator", "13.1/curator", "13.1/school"), 14: (),
}  # fmt: skip
WHOLE_PERIOD = {4, 9, 11}


@pytest.fixture(scope="module")
def registers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Registers, Path]]:
    """The registers and the portal at the end of each phase's day, without results."""
    content = load_content(DEFAULT_SEED)
    found = {}
    for phase, facts in PHASES.items():
        folder = tmp_path_factory.mktemp(phase)
        day = facts["as_of"]
        for version in standing(content, day).values():
            if not version.path.startswith(RESULTS):
                put(folder / "inbox/2021" / version.path, version.build(), version.received)
        portal.put_publications(folder / portal.NAME, content, day)
        found[phase] = Registers(folder / "inbox/2021", day), folder / portal.NAME
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inbox of the whole year."""
    inbox = tmp_path_factory.mktemp("year") / "inbox"
    generate(inbox)
    return inbox


@pytest.fixture(scope="module")
def summer(whole: Path) -> Summer:
    return Summer(whole / "2021", ROOT)


# -- The year goes on in time ----------------------------------------------------------------


def test_no_file_lies_in_the_inbox_before_it_was_received() -> None:
    content = load_content(DEFAULT_SEED)
    early = {v.path for v in versions(content) if v.lies_from < v.received.date()}
    assert early == {"acts/act_ostrovskiy.xlsx"}
    checked = 0
    for day in (date(2021, 3, 31), *(facts["as_of"] for facts in PHASES.values())):
        for version in standing(content, day).values():
            assert version.lies_from <= day
            checked += 1
    assert checked > 400


def test_the_second_of_april_brings_the_correction_and_nothing_else() -> None:
    content = load_content(DEFAULT_SEED)
    before = {p: v.received for p, v in standing(content, date(2021, 3, 31)).items()}
    after = {p: v.received for p, v in standing(content, date(2021, 4, 2)).items()}
    assert {path for path in after if after[path] != before.get(path)} == {
        FACTS["correction"]["file"]
    }


def test_a_later_day_never_takes_a_file_away_and_the_last_one_has_them_all() -> None:
    content = load_content(DEFAULT_SEED)
    days = [date(2021, 3, 31), *(facts["as_of"] for facts in PHASES.values())]
    received = [{p: v.received for p, v in standing(content, day).items()} for day in days]
    for earlier, later in pairwise(received):
        assert earlier.keys() < later.keys()
        assert all(earlier[path] <= later[path] for path in earlier)
    assert received[-1] == {p: v.received for p, v in standing(content).items()}


def test_an_inbox_does_not_go_back_when_an_earlier_day_is_asked_for(whole: Path) -> None:
    before = hashes(whole.parent)
    generate(whole, until=date(2021, 3, 31))
    assert hashes(whole.parent) == before


def test_every_file_of_the_year_has_its_receipt_time(whole: Path) -> None:
    rows = csv_table(whole / "2021/receipts.csv", "utf-8")
    listed = {row["Файл"]: datetime.fromisoformat(row["Получен"]) for row in rows}
    assert set(listed) == set(hashes(whole / "2021")) - {"receipts.csv"}
    assert len(listed) > 140
    assert max(listed.values()).year == 2021


def test_news_come_on_their_day_and_stay(tmp_path: Path) -> None:
    content = load_content(DEFAULT_SEED)
    path = tmp_path / portal.NAME

    def days() -> list[str]:
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("select published_on from publication order by 1")
            return [day for (day,) in rows]

    assert portal.put_publications(path, content, date(2021, 3, 31)) == 3
    assert max(days()) <= "2021-03-31"
    assert portal.put_publications(path, content, None) == len(content.portal) - 3
    everything = days()
    assert portal.put_publications(path, content, date(2021, 3, 31)) == 0
    assert days() == everything


# -- Indicators, by phase --------------------------------------------------------------------


def planted(facts: dict) -> Count:
    return Count(
        facts["numerator"], facts.get("denominator"), facts.get("missing", {}), facts.get("met_on")
    )


@pytest.mark.parametrize("phase", PHASES)
def test_every_indicator_has_its_planted_value(
    registers: dict[str, tuple[Registers, Path]], phase: str
) -> None:
    inbox, publications = registers[phase]
    found = {
        code: count for code, count in inbox.indicators(publications).items() if count.numerator
    }
    facts = {code: planted(fact) for code, fact in PHASES[phase]["indicators"].items()}
    hosts = facts.pop("16.1", None)
    assert found == facts
    assert len(facts) >= 19
    assert inbox.own_schedule() == PHASES[phase]["own_schedule"]
    if hosts is not None:
        assert inbox.internships() == PHASES[phase]["internships_by_host"]
        assert inbox.internships()["школа-лидер"] == hosts.numerator


def test_internships_count_once_and_only_when_held(
    registers: dict[str, tuple[Registers, Path]],
) -> None:
    inbox, _ = registers["december_summary"]
    of_16 = [row for row in inbox.events.values() if row["№ мероприятия"] == 16]
    assert len(of_16) == 21
    assert [row["Состояние"] for row in of_16].count("отменено") == 1
    assert sum(inbox.internships().values()) == 20
    autumn = [row for row in inbox.held(9) if row["Дата"].month in (10, 11)]
    assert [row["Код события"] for row in autumn] == ["st-09-03"]


def test_one_train_seminar_was_without_a_project_school(
    registers: dict[str, tuple[Registers, Path]],
) -> None:
    inbox, _ = registers["december_summary"]
    assert len(inbox.held(10)) == 6
    rows = inbox.rows("attendance/pm-04.csv", "Код события")
    assert {row["Присутствовал"] for row in rows} == {"нет"}


def test_a_document_that_was_returned_counts_again_when_it_is_agreed(
    registers: dict[str, tuple[Registers, Path]],
) -> None:
    lacking = {phase: inbox.medk()[1] for phase, (inbox, _) in registers.items()}
    for phase, facts in PHASES.items():
        if "medk_lacking" in facts:
            assert lacking[phase] == facts["medk_lacking"], phase
    returned = "neyskiy: Школа № 1 (условная)"
    assert [returned in lacking[phase] for phase in PHASES] == [False, False, True, False]


@pytest.mark.parametrize(("phase", "stage"), [("june_monitoring", 1), ("september_monitoring", 2)])
def test_positive_changes_are_marked_as_planted(
    registers: dict[str, tuple[Registers, Path]], phase: str, stage: int
) -> None:
    inbox, _ = registers[phase]
    assert inbox.positive_changes(stage) == PHASES[phase]["positive_changes"]


@pytest.mark.parametrize("phase", ["june_monitoring", "september_monitoring"])
def test_the_monitoring_counts_what_was_due(
    registers: dict[str, tuple[Registers, Path]], phase: str
) -> None:
    """The executed measures over dictionaries: of the region, of each municipality."""
    inbox, publications = registers[phase]
    facts = PHASES[phase]["monitoring"]
    counts = inbox.indicators(publications)
    targets = {code: f.get("target") for code, f in PHASES[phase]["indicators"].items()}
    june = PHASES["june_monitoring"]["monitoring"]

    def is_met(code: str) -> bool:
        target = targets.get(code)
        aim = target if target is not None else counts[code].denominator
        return aim is not None and counts[code].numerator >= aim

    own = {number for number, day in inbox.own_schedule().items() if day <= inbox.day}
    executed = {n for n in facts["scope"] if n != 12 and all(map(is_met, MEASURES[n]))}
    assert executed == set(facts["executed"])
    assert set(facts["strict"]) == set(facts["scope"]) - WHOLE_PERIOD
    assert {1, 2, 3} & set(facts["scope"]) == own
    in_scope = set(facts["municipal_scope"])
    assert in_scope == (OF_MUNICIPALITIES.keys() | {12}) & set(facts["scope"])
    found = {}
    for municipality in inbox.participating:
        done = {
            number
            for number in in_scope - {12}
            if not any(municipality in counts[code].missing for code in OF_MUNICIPALITIES[number])
        }
        all_of_june = set(june["municipal_executed"][municipality]) == set(june["municipal_scope"])
        if 12 in in_scope and all_of_june:
            done.add(12)
        found[municipality] = sorted(done)
    assert found == facts["municipal_executed"]


# -- Results of spring and summer ------------------------------------------------------------


def test_summer_has_its_papers_and_protocols_tell_of_all_their_rows(summer: Summer) -> None:
    papers = FACTS["august"]["papers"]
    assert len(summer.papers) == papers["exports"] + papers["protocols"]
    assert sorted(summer.oge) == ["matematika", "russkiy"]
    assert len(summer.works) == papers["works"]
    assert len(summer.ege) == papers["ege"]
    assert "matematika_bazovaya" not in summer.ege
    for title, scores, _minimum, told in summer.ege.values():
        assert sum(map(len, scores.values())) == told > 100, title
    assert all(told > 5000 for told in summer.oge_told.values())


def test_marks_of_spring_follow_the_table_of_2021(summer: Summer) -> None:
    for code, expected in FACTS["august"]["two"].items():
        rows = summer.papers[code].values()
        share = 100 * sum(marks[0] for marks in rows) / sum(map(sum, rows))
        assert abs(share - expected) <= 2.0, code


def test_every_project_school_gets_its_planned_verdict_of_august(summer: Summer) -> None:
    found = {}
    for code, school in summer.registers.project.items():
        low, judged = summer.low(school)
        found[summer.registers.key[code]] = verdict(low, judged), low
    planned = {
        fact["school"]: (fact["verdict"], fact["low"]) for fact in FACTS["august"]["verdicts"]
    }
    assert found == planned
    assert {kind for kind, _ in found.values()} == {"low", "risk", "not_low", "no_verdict"}


def test_an_appeal_takes_a_school_across_the_threshold(summer: Summer) -> None:
    fact = FACTS["august"]["appeal"]
    school = next(
        row
        for code, row in summer.registers.project.items()
        if summer.registers.key[code] == fact["school"]
    )
    assert summer.marks_of("matematika", school["Код ГИА"], False) == fact["before"]
    assert summer.marks_of("matematika", school["Код ГИА"]) == fact["after"]
    assert verdict(*summer.low(school, with_appeals=False)) == fact["verdict_before"]
    assert verdict(*summer.low(school)) == fact["verdict_after"]
    known = {str(row["Код ГИА"]) for row in summer.registers.schools}
    strangers = {code for rows in summer.appeals.values() for code, *_ in rows} - known
    assert strangers == {"101999"}


def test_changes_since_autumn_are_the_planted_ones(whole: Path, summer: Summer) -> None:
    facts = FACTS["august"]
    autumn = Demo(whole / "2021", ROOT)
    worse: dict[tuple[str, str], float] = {}
    sustained: dict[str, list[str]] = {}
    small: set[tuple[str, str]] = set()
    marks: dict[tuple[str, str], tuple[list[int], list[int]]] = {}
    for code, school in summer.registers.project.items():
        login, key = school["Логин ВПР"][3:], summer.registers.key[code]
        for paper in sorted(summer.papers):
            now = summer.papers[paper].get(login)
            then = autumn.papers[paper].schools.get(login)
            spoiled = abs(autumn.papers[paper].percent_sums.get(login, 100) - 100) > 1
            if now is None or then is None or spoiled:
                continue
            if min(sum(now), sum(then)) < 5:
                small.add((key, paper))
                continue
            marks[key, paper] = then, now
            points = Fraction(100 * now[0], sum(now)) - Fraction(100 * then[0], sum(then))
            if points >= 10:
                worse[key, paper] = round(float(points), 1)
            if now[0] * 100 >= 30 * sum(now) and then[0] * 100 >= 30 * sum(then):
                sustained.setdefault(key, []).append(paper)
    assert worse == {(f["school"], f["paper"]): f["points"] for f in facts["worse"]}
    assert sustained == {f["school"]: f["papers"] for f in facts["sustained"]}
    for fact in facts["better"]:
        assert marks[fact["school"], fact["paper"]] == (fact["before"], fact["after"])
    for fact in facts["not_comparable"]:
        place = fact["school"], fact["paper"]
        assert place not in marks
        assert (place in small) == (fact["why"] == "small")


def test_one_municipality_has_nothing_to_heed_in_august(summer: Summer) -> None:
    for code, municipality in summer.registers.municipality.items():
        if municipality in FACTS["august"]["without_low_results"]:
            shares = summer.shares(summer.registers.project[code])
            assert len(shares) > 15
            assert {low for low, _ in shares.values()} == {0}


# -- What is wrong on purpose ----------------------------------------------------------------


def test_planted_defects_of_the_later_files_stand_in_them(whole: Path, summer: Summer) -> None:
    year = whole / "2021"
    defects = {fact["id"]: fact for fact in FACTS["later_defects"]}
    assert all((year / fact["file"]).exists() for fact in defects.values())
    acts = [path.read_bytes() for path in sorted((year / "acts").iterdir())]
    assert sum(act[:8] == bytes.fromhex("d0cf11e0a1b11ae1") for act in acts) == 2
    assert len(set(acts)) == len(acts)
    surveys = table(sheet_rows(year / "medk/surveys.xlsx"), "Респондент")
    undated = [r for r in surveys if r["Состояние"] == "закрыта" and not r["Дата закрытия"]]
    assert [row["Код лица"] for row in undated] == [defects["survey_without_date"]["person"]]
    risks = table(sheet_rows(year / "medk/risk_profiles.xlsx"), "Код школы")
    assert [row["Фактор риска"] for row in risks].count(defects["unknown_factor"]["factor"]) == 1
    documents = table(sheet_rows(year / "medk/documents.xlsx"), "Код школы")
    assert [row["Состояние"] for row in documents].count(defects["unknown_state"]["state"]) == 1
    other = defects["change_of_other_risk"]
    assert summer.registers.positive_changes(1)["outside"] == [
        f"{other['school']} | {other['factor']}"
    ]
    own = {code for code, where in summer.registers.municipality.items() if where == "kostroma"}
    rows = csv_table(year / "acknowledgements/kostroma.csv", "cp1251")
    foreign = {row["Код школы"] for row in rows} - own
    assert {summer.registers.key[code] for code in foreign} == {
        defects["foreign_acknowledgement"]["school"]
    }
    programmes = table(sheet_rows(year / "events/programmes.xlsx"), "Код программы")
    known = {row["Код программы"] for row in programmes}
    used = {row["Код программы"] for row in summer.registers.events.values()} - {None}
    assert used - known == {defects["unknown_programme"]["programme"]}
    exam = year / defects["unknown_school_in_appeals"]["file"]
    assert defects["unknown_school_in_appeals"]["code"] in {code for code, *_ in appeals(exam)}


def test_only_the_planted_files_and_rows_are_refused(whole: Path, engine: Engine) -> None:
    """Through the real intake; ВПР and ЕГЭ are read elsewhere and take the longest."""

    @contextmanager
    def open_portal(connection: str) -> Iterator[Engine]:
        assert connection == "roadmap_portal"
        opened = open_engine(f"sqlite:///{whole.parent / portal.NAME}")
        yield opened
        opened.dispose()

    defects = [*FACTS["defects"], *FACTS["later_defects"]]
    # The demo year links its codes in the registry; the order names no functional literacy and no
    # values of indicators.
    elsewhere = ("vpr_", "ege_", "school_codes", "functional_literacy", "indicator_values")
    taken = [name for name in load_sources() if not name.startswith(elsewhere)]
    assert {fact["dataset"] for fact in FACTS["later_defects"]} <= set(taken)
    now = int(time.time() * 1000)
    for name in taken:
        source = load_sources()[name]
        take_in(engine, source, whole, whole.parent / "archive", PLAN, now, open_portal)
    with engine.connect() as connection:
        batches = list(connection.execute(select(load_batch)))
        rejected = list(connection.execute(select(rejected_row)))
    assert {batch.dataset for batch in batches} == set(taken)
    refused = {(b.dataset, b.file_name, b.refusal_code) for b in batches if b.state == "refused"}
    assert refused == {
        (fact["dataset"], Path(fact["file"]).name, fact["code"])
        for fact in defects
        if fact["outcome"] == "refused" and fact["dataset"] in taken
    }
    dataset_of = {batch.batch_id: batch.dataset for batch in batches}
    found = sorted((dataset_of[row.batch_id], row.rows) for row in rejected)
    assert found == sorted(
        (fact["dataset"], fact["rows"])
        for fact in defects
        if fact["outcome"] == "quarantined" and fact["dataset"] in taken
    )
