"""The demo year holds the facts that facts.yaml promises, counted anew from its files."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import pytest

from roadmap_demo.correction import correct
from roadmap_demo.generate import generate
from support.recount_demo import (
    Demo,
    csv_table,
    hashes,
    journal_export,
    marks_export,
    sheet_rows,
    table,
    verdict,
)

ROOT = Path(__file__).resolve().parents[3]
MARCH = date(2021, 3, 31)


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the end of March, as the command writes it in a process of its own."""
    inbox = tmp_path_factory.mktemp("march") / "inbox"
    subprocess.run(
        [sys.executable, "-m", "roadmap_demo.generate", "--inbox", str(inbox),
         "--until", MARCH.isoformat()],
        env={**os.environ, "PYTHONPATH": str(ROOT / "plugins")},
        check=True,
    )  # fmt: skip
    return inbox


@pytest.fixture(scope="module")
def demo(inbox: Path) -> Demo:
    return Demo(inbox / "2021", ROOT)


def test_the_inbox_of_the_end_of_march_is_byte_for_byte_the_one_of_the_march_analysis(
    inbox: Path,
) -> None:
    golden = (ROOT / "tests/golden/demo_2021-03-31.sha256").read_text(encoding="utf-8")
    expected = {path: sha for sha, path in (row.split("  ", 1) for row in golden.splitlines())}
    assert len(expected) == 57
    assert hashes(inbox / "2021") == expected


def test_a_second_run_keeps_what_lies_there_and_brings_back_what_is_missing(
    inbox: Path, tmp_path: Path
) -> None:
    shutil.copytree(inbox, tmp_path / "inbox")
    before = hashes(tmp_path / "inbox")
    (tmp_path / "inbox/2021/contacts/contacts.xlsx").unlink()
    (tmp_path / "inbox/2021/events/events.xlsx").write_bytes(b"corrected by hand")
    generate(tmp_path / "inbox", until=MARCH)
    after = hashes(tmp_path / "inbox")
    assert after.pop("2021/events/events.xlsx") != before.pop("2021/events/events.xlsx")
    assert after == before


def test_another_year_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2022"):
        generate(tmp_path, year=2022)


def test_every_file_has_a_receipt_time_of_its_day(inbox: Path, demo: Demo) -> None:
    receipts = csv_table(inbox / "2021/receipts.csv", "utf-8")
    listed = {row["Файл"]: datetime.fromisoformat(row["Получен"]) for row in receipts}
    files = set(hashes(inbox / "2021")) - {"receipts.csv"}
    assert set(listed) == files
    assert len(files) + 1 == demo.facts["counts"]["files"]
    late = {path for path, moment in listed.items() if moment.date() > date(2021, 3, 31)}
    assert late == {"acts/act_ostrovskiy.xlsx"}
    assert min(listed.values()).year == 2020


def test_the_registry_has_the_promised_size(demo: Demo) -> None:
    counts = demo.facts["counts"]
    assert len({row["Код"] for row in demo.municipalities}) == counts["municipalities"]
    assert len(demo.schools) == counts["schools"]
    for unique in ("Код школы", "Логин ВПР", "Код ГИА"):
        assert len({row[unique] for row in demo.schools}) == counts["schools"]
    assert all(re.fullmatch(r"sch44\d{4}", row["Логин ВПР"]) for row in demo.schools)
    assert all(row["Наименование"].strip().endswith("(условная)") for row in demo.schools)
    known = {row["Код"] for row in demo.municipalities}
    assert {row["Код муниципалитета"] for row in demo.schools} == known
    blanks = sum(row["Наименование"] != row["Наименование"].strip() for row in demo.schools)
    planted = next(d for d in demo.facts["defects"] if d["id"] == "trailing_blanks")
    assert blanks == planted["rows"]


def test_names_repeat_between_municipalities_but_not_inside_one(demo: Demo) -> None:
    keys = Counter(demo.key(row) for row in demo.schools)
    assert keys.most_common(1)[0][1] == 1
    names = Counter(row["Наименование"].strip() for row in demo.schools)
    assert names["Школа № 1 (условная)"] > 5
    assert names["Школа № 12 (условная)"] > 1


def test_reformed_municipalities_have_two_dated_names(demo: Demo) -> None:
    named = Counter(row["Код"] for row in demo.municipalities)
    assert {code for code, n in named.items() if n == 2} == {"neyskiy", "kologrivskiy"}
    old, new = (row for row in demo.municipalities if row["Код"] == "neyskiy")
    assert old["Наименование"] == "муниципальный район город Нея и Нейский район"
    assert old["Действует по"] == "30.04.2021"
    assert new["Наименование"] == "Нейский муниципальный округ"


def test_the_project_has_24_schools_in_12_municipalities(demo: Demo) -> None:
    counts = demo.facts["counts"]
    by_municipality = Counter(row["Код муниципалитета"] for row in demo.project())
    assert dict(by_municipality) == counts["project_schools_by_municipality"]
    assert sum(by_municipality.values()) == counts["project_schools"]
    assert sorted(by_municipality) == sorted(counts["participating"])
    left = {demo.key(row) for row in demo.project("2021-03-01")} - {
        demo.key(row) for row in demo.project()
    }
    assert left == {"galichskiy: Школа № 1 (условная)"}


def in_role(demo: Demo, role: str) -> set[tuple[str, str]]:
    """(person, municipality) in a role on the as-of date."""
    day = demo.facts["as_of"]
    return {
        (row["Код лица"], row["Код муниципалитета"])
        for row in demo.people
        if row["Роль"] == role
        and row["Действует с"].date() <= day
        and (row["Действует по"] is None or row["Действует по"].date() >= day)
    }


def test_each_project_school_has_one_curator_with_at_most_three_schools(demo: Demo) -> None:
    counts = demo.facts["counts"]
    coordinators = in_role(demo, "муниципальный координатор")
    curators = in_role(demo, "куратор")
    assert len(coordinators) == counts["coordinators"]
    assert len(curators) == counts["curators"]
    persons = {person for person, _ in coordinators | curators}
    assert len(persons) == counts["persons"]
    curating = [r for r in demo.people if r["Роль"] == "куратор" and r["Действует по"] is None]
    assert sorted(row["Код школы"] for row in curating) == sorted(
        row["Код школы"] for row in demo.project()
    )
    schools = Counter(row["Код лица"] for row in curating)
    assert Counter(schools.values()) == {1: 9, 2: 6, 3: 1}


def test_webinar_misses_the_planted_persons(inbox: Path, demo: Demo) -> None:
    rows = csv_table(inbox / "2021/attendance/webinar-2021-03-12.csv", "cp1251")
    for code, role in (("6.1", "муниципальный координатор"), ("6.2", "куратор")):
        fact = demo.facts["indicators"][code]
        came = {r["Код лица"] for r in rows if r["Роль"] == role and r["Присутствовал"] == "да"}
        expected = in_role(demo, role)
        missing: dict[str, list[str]] = {}
        for person, municipality in sorted(expected):
            if person not in came:
                missing.setdefault(municipality, []).append(person)
        assert missing == fact["missing"]
        assert len(expected) == fact["denominator"]
        assert len(expected) - sum(map(len, missing.values())) == fact["numerator"]
    strangers = {r["Код лица"] for r in rows if r["Код лица"]} - {
        row["Код лица"] for row in demo.people
    }
    assert strangers == {"kur-77"}


def test_acts_of_march_are_older_than_the_recommendations_or_rest_on_other_grounds(
    inbox: Path, demo: Demo
) -> None:
    fact = demo.facts["indicators"]["5.1"]
    bases: dict[str, set[str]] = {}
    for path in sorted((inbox / "2021/acts").iterdir()):
        for act in table(sheet_rows(path), "Код муниципалитета") if _is_workbook(path) else ():
            if act["Дата"].date() < demo.facts["as_of"]:
                bases.setdefault(act["Основание"], set()).add(act["Код муниципалитета"])
    assert bases == {
        "адресные рекомендации": set(fact["older"]), "иное": set(fact["on_another_ground"]),
    }  # fmt: skip


def _is_workbook(path: Path) -> bool:
    return path.read_bytes()[:2] == b"PK"


def test_events_held_by_the_end_of_march(inbox: Path, demo: Demo) -> None:
    rows = table(sheet_rows(inbox / "2021/events/events.xlsx"), "Код события")
    counted = {
        row["Код события"]: row["Код семинара"]
        for row in rows
        if row["№ мероприятия"] == 8
        and row["Состояние"] == "проведено"
        and row["Код семинара"]
        and isinstance(row["Участников"], int)
        and row["Дата"].date() <= demo.facts["as_of"]
    }
    assert len(counted) == demo.facts["indicators"]["8.1"]["numerator"]
    assert len(set(counted.values())) == demo.facts["indicators"]["8.2"]["numerator"]
    planned = [row for row in rows if row["Состояние"] == "запланировано"]
    assert len(planned) == demo.facts["indicators"]["8.1"]["shortfall"]
    assert [row["Участников"] for row in rows].count("четыре") == 1
    assert Counter(row["Код события"] for row in rows)["ev-08-04"] == 2
    seminars = {r["Код семинара"] for r in rows if r["№ мероприятия"] == 8 and r["Код семинара"]}
    assert len(seminars) == 5


def test_letters_can_leave_to_every_participating_municipality(inbox: Path, demo: Demo) -> None:
    rows = table(sheet_rows(inbox / "2021/contacts/contacts.xlsx"), "Код муниципалитета")
    day = demo.facts["as_of"]
    good = Counter(
        row["Код муниципалитета"]
        for row in rows
        if re.fullmatch(r"[\w.]+@example\.org", row["Адрес"])
        and row["Действует с"].date() <= day
        and (row["Действует по"] is None or row["Действует по"].date() >= day)
    )
    letters = demo.facts["counts"]["letters"]
    assert sum(good[m] for m in demo.facts["counts"]["participating"]) == letters["municipalities"]
    assert all(good[m] for m in demo.facts["counts"]["participating"])
    assert good["region"] == letters["region"]
    assert sum("\n" in row["Адрес"] for row in rows) == 1


def test_each_paper_comes_in_its_form(demo: Demo) -> None:
    papers = demo.facts["papers"]
    assert sorted(demo.papers) == sorted(papers["exports"] + papers["protocols"])
    assert sorted(demo.exams) == sorted(papers["ege"])
    assert sorted(demo.works) == sorted(papers["rdr"])


def test_marks_follow_the_calibration(demo: Demo) -> None:
    calibration = demo.facts["calibration"]
    for code, paper in demo.papers.items():
        twos = sum(marks[0] for marks in paper.schools.values())
        total = sum(sum(marks) for marks in paper.schools.values())
        assert total > 5000
        share = 100 * twos / total
        assert abs(share - calibration["two"][code]) <= calibration["tolerance"], code
        low, high = calibration["median_participants"]
        assert low <= statistics.median(sum(m) for m in paper.schools.values()) <= high, code
        if paper.absent:
            least, most = calibration["absent_percent"]
            assert least <= 100 * paper.absent / (total + paper.absent) <= most, code


def test_journal_agreement_follows_the_calibration(inbox: Path, demo: Demo) -> None:
    calibration = demo.facts["calibration"]
    for code, expected in calibration["journal"].items():
        groups = journal_export(inbox / f"2021/vpr/journal/vpr_2020_{code}_zhurnal.xlsx")
        *found, total = groups["Костромская обл."]
        assert sum(found) == total
        if code != "ma6":  # its planted row of 112,4 % counts back to two pupils more
            assert total == sum(sum(marks) for marks in demo.papers[code].schools.values())
        for n, share in zip(found, expected, strict=True):
            assert abs(100 * n / total - share) <= calibration["journal_tolerance"], code


def test_total_rows_are_sums_of_the_rows_below(demo: Demo) -> None:
    for code in demo.facts["papers"]["exports"]:
        paper = demo.papers[code]
        sums: dict[str, list[int]] = {}
        for login, block in paper.block_of.items():
            if login in paper.schools and abs(paper.percent_sums[login] - 100) < 1:
                row = sums.setdefault(block, [0, 0, 0, 0])
                sums[block] = [a + b for a, b in zip(row, paper.schools[login], strict=True)]
        checked = 0
        for block, total in sums.items():
            if block.startswith(("Нерехтский", "муниципальный район город Нерехта")):
                continue  # its planted row of 112,4 % cannot be counted back
            assert paper.totals[block] == total, (code, block)
            checked += 1
        assert checked >= 25


def test_planted_marks_are_exact(demo: Demo) -> None:
    by_key = {demo.key(row): row["Логин ВПР"][3:] for row in demo.schools}
    planted = demo.facts["marks"]
    assert len(planted) >= 8
    for fact in planted:
        assert demo.papers[fact["paper"]].schools[by_key[fact["school"]]] == fact["counts"], fact


def test_every_project_school_gets_its_planned_verdict(demo: Demo) -> None:
    found = {}
    for school in demo.project():
        low, judged, _small = demo.low_and_written(school)
        found[demo.key(school)] = (verdict(low, judged), low)
    assert found == {f["school"]: (f["verdict"], sorted(f["low"])) for f in demo.facts["verdicts"]}
    assert {v for v, _ in found.values()} == {"low", "risk", "not_low", "no_verdict"}


def test_project_schools_are_weaker_than_the_region(demo: Demo) -> None:
    project = {row["Логин ВПР"][3:] for row in demo.project()}
    weaker = 0
    for paper in demo.papers.values():
        own = [marks for login, marks in paper.schools.items() if login in project]
        share = sum(m[0] for m in own) / sum(sum(m) for m in own)
        region = sum(m[0] for m in paper.schools.values()) / sum(map(sum, paper.schools.values()))
        weaker += share > region
    assert weaker >= 12


def test_small_schools_are_small_in_every_paper(demo: Demo) -> None:
    by_key = {demo.key(row): row["Логин ВПР"][3:] for row in demo.schools}
    small = [
        key
        for key, login in by_key.items()
        if key in {demo.key(row) for row in demo.project()}
        and all(sum(p.schools[login]) < 5 for p in demo.papers.values() if login in p.schools)
    ]
    assert sorted(small) == sorted(demo.facts["small"])


def test_missing_papers_are_the_planted_ones(demo: Demo) -> None:
    found = {}
    for school in demo.project():
        login = school["Логин ВПР"][3:]
        missing = [
            code
            for code, paper in demo.papers.items()
            if login not in paper.schools or abs(paper.percent_sums.get(login, 100) - 100) > 1
        ]
        if missing:
            found[demo.key(school)] = sorted(missing)
    assert found == {f["school"]: sorted(f["papers"]) for f in demo.facts["papers_missing"]}


def test_exam_protocols_tell_of_all_their_rows(demo: Demo) -> None:
    for code, (title, scores, minimum, told) in demo.exams.items():
        assert title, code
        assert sum(map(len, scores.values())) == told > 100, code
        assert set(scores) <= set(demo.by_gia), code
        assert 20 < minimum < 50
        assert all(0 <= score <= 100 for row in scores.values() for score in row)


def test_planted_defects_stand_in_their_files(inbox: Path, demo: Demo) -> None:
    defects = {fact["id"]: fact for fact in demo.facts["defects"]}
    for fact in defects.values():
        assert (inbox / "2021" / fact["file"]).exists(), fact["id"]
    encrypted = (inbox / "2021" / defects["encrypted_act"]["file"]).read_bytes()
    assert encrypted[:8] == bytes.fromhex("d0cf11e0a1b11ae1")
    assert "EncryptedPackage".encode("utf-16-le") in encrypted
    headless = sheet_rows(inbox / "2021" / defects["headless_work"]["file"])
    assert all("Код ОО" not in row for row in headless)

    by_key = {demo.key(row): row for row in demo.schools}
    sums = demo.papers["ma6"].percent_sums
    odd = {login for login, total in sums.items() if abs(total - 100) > 1}
    assert odd == {by_key[defects["percent_sum"]["school"]]["Логин ВПР"][3:]}
    assert round(sums[odd.pop()], 1) == defects["percent_sum"]["sum"]

    unknown = {code: set(paper.schools) - set(demo.by_login) for code, paper in demo.papers.items()}
    assert {code: found for code, found in unknown.items() if found} == {
        "om4": {"449999"},
        "gg6": {"449998"},
    }
    assert sum(demo.papers["gg6"].schools["449998"]) == defects["unknown_login_protocol"]["rows"]
    foreign = by_key[defects["foreign_school"]["school"]]["Логин ВПР"][3:]
    assert demo.papers["is5"].block_of[foreign] == "Галичский муниципальный район"
    assert demo.papers["ma5"].block_of[foreign] == "город Галич"
    for name, code in (("edu_login_marks", "ma4"), ("edu_login_protocol", "bi5")):
        login = by_key[defects[name]["school"]]["Логин ВПР"]
        assert {s for s in demo.papers[code].spellings if s.startswith("edu")} == {
            login.replace("sch", "edu")
        }
    for name in ("above_maximum_ma7", "above_maximum_ru8"):
        assert demo.papers[defects[name]["paper"]].above_maximum == defects[name]["rows"]
    wrong = [gia for gia, row in demo.works["ma"].items() if sum(row[:4]) != row[4]]
    assert wrong == [by_key[defects["rdr_sum"]["school"]]["Код ГИА"]]


def test_names_in_exam_protocols_are_visibly_made_up(inbox: Path) -> None:
    text = (inbox / "2021/ege/ege_2020_russkiy.csv").read_text(encoding="cp1251")
    assert "Примеров;" in text
    assert ";0000;" in text


def test_a_correction_changes_one_school_and_the_totals_above_it(
    inbox: Path, demo: Demo, tmp_path: Path
) -> None:
    shutil.copytree(inbox, tmp_path / "inbox")
    corrected = tmp_path / "inbox/2021"
    before = hashes(corrected)
    fact = demo.facts["correction"]
    assert correct(tmp_path / "inbox") == fact["file"]
    after = hashes(corrected)
    assert {p for p in after if after[p] != before[p]} == {fact["file"], "receipts.csv"}
    old, new = marks_export(inbox / "2021" / fact["file"]), marks_export(corrected / fact["file"])
    login = next(r["Логин ВПР"][3:] for r in demo.schools if demo.key(r) == fact["school"])
    changed = {key for key in new.schools if new.schools[key] != old.schools[key]}
    assert changed == {login}
    assert (old.schools[login], new.schools[login]) == (fact["before"], fact["after"])
    moved = {name for name in new.totals if new.totals[name] != old.totals[name]}
    assert moved - {"Вся выборка"} == {"Кологривский муниципальный район", "Костромская обл."}
    first, second = (
        next(r["Получен"] for r in csv_table(folder / "receipts.csv", "utf-8")
             if r["Файл"] == fact["file"])
        for folder in (inbox / "2021", corrected)
    )  # fmt: skip
    assert datetime.fromisoformat(second) > datetime.fromisoformat(first)
    correct(tmp_path / "inbox")
    generate(tmp_path / "inbox", until=MARCH)
    assert hashes(corrected) == after


def test_a_correction_needs_the_demo_year(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="сначала"):
        correct(tmp_path)
