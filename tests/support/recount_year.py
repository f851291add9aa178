"""Counts the later months of the demo year, with openpyxl, csv, sqlite3 and calamine only.

Like `recount_demo`: nothing of the generator or of the library is used here. A folder is the
inbox as it lies at the end of a phase's day; what a rule says is written out in dictionaries.
"""

from __future__ import annotations

import csv
import re
import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from support.recount_demo import csv_table, exam, fast_rows, marks_export, sheet_rows, table, works

REQUIRED_ACTS = {
    "приказ об участии в проекте (№ 161)",
    "приказ об утверждении плана-графика (№ 376)",
    "положение о проекте",
    "список кураторов школ",
}
REQUIRED_DOCUMENTS = ("концепция развития", "среднесрочная программа развития")
COUNTED_STATES = {"согласован куратором", "подтверждён региональным координатором"}
LEADER = "школа-лидер"
SOCIETY = "обществознание"  # with the two of ВПР, the subjects with low results
TRAIN = "поезд мастеров"
RECOMMENDED, LEGAL_ACTS = date(2021, 3, 31), ("приказ", "постановление")
AUTUMN = (date(2021, 10, 1), date(2021, 11, 30))

Missing = dict[str, list[str]]  # municipality → units


def day_of(cell: object) -> date | None:
    """A date cell, or text dd.mm.yyyy; None for an empty one."""
    if isinstance(cell, datetime):
        return cell.date()
    return datetime.strptime(str(cell), "%d.%m.%Y").date() if cell else None  # noqa: DTZ007


@dataclass(frozen=True)
class Count:
    """`met_on`: the day of the last fact that is needed, where it is known."""

    numerator: int
    denominator: int | None
    missing: Missing
    met_on: date | None = None


class Registers:
    """The registers in one inbox, judged on one day."""

    def __init__(self, year: Path, day: date) -> None:
        self.year = year
        self.day = day
        self.schools = table(sheet_rows(year / "registry/schools.xlsx"), "Код школы")
        self.people = table(sheet_rows(year / "registry/people.xlsx"), "Код лица")
        self.project = {
            row["Код школы"]: row
            for row in self.schools
            if row["В проекте с"] and self._holds(row["В проекте с"], row["В проекте по"])
        }
        self.municipality = {code: r["Код муниципалитета"] for code, r in self.project.items()}
        self.key = {
            code: f"{row['Код муниципалитета']}: {row['Наименование'].strip()}"
            for code, row in self.project.items()
        }
        self.participating = sorted(set(self.municipality.values()))
        rows = table(sheet_rows(year / "events/events.xlsx"), "Код события")
        self.events = {row["Код события"]: row for row in rows}

    def _holds(self, since: object, until: object) -> bool:
        first, last = day_of(since), day_of(until)
        return first is not None and first <= self.day and (last is None or last >= self.day)

    def rows(self, path: str, first: str) -> list[dict]:
        if path.endswith(".csv"):
            return csv_table(self.year / path, "cp1251")
        return table(sheet_rows(self.year / path), first)

    def in_role(self, role: str) -> dict[str, str]:
        """Person → municipality."""
        return {
            row["Код лица"]: row["Код муниципалитета"]
            for row in self.people
            if row["Роль"] == role and self._holds(row["Действует с"], row["Действует по"])
        }

    def held(self, measure: int) -> list[dict]:
        """Events of the measure that took place by the day and whose row is in order."""
        return [
            row
            for row in self.events.values()
            if row["№ мероприятия"] == measure
            and row["Состояние"] == "проведено"
            and not isinstance(row["Участников"], str)
            and day_of(row["Дата"]) <= self.day
        ]

    def _share(self, expected: dict[str, str], came: set[str], met_on: date | None) -> Count:
        missing: Missing = defaultdict(list)
        for unit, municipality in sorted(expected.items()):
            if unit not in came:
                missing[municipality].append(self.key.get(unit, unit))
        absent = sum(map(len, missing.values()))
        done = met_on if not absent else None
        return Count(len(expected) - absent, len(expected), dict(missing), done)

    def attendance(self, event: str, role: str) -> Count:
        rows = self.rows(f"attendance/{event}.csv", "Код события")
        column = "Код школы" if role == "школа" else "Код лица"
        came = {r[column] for r in rows if r["Роль"] == role and r["Присутствовал"] == "да"}
        expected = self.municipality if role == "школа" else self.in_role(role)
        return self._share(dict(expected), came, day_of(self.events[event]["Дата"]))

    def acts(self) -> Count:
        """Both kinds of documents, on the recommendations that left on 31.03.2021."""
        amended: dict[str, dict[bool, date]] = defaultdict(dict)
        for path in sorted((self.year / "acts").iterdir()):
            if path.read_bytes()[:2] != b"PK":
                continue  # under a password
            for act in table(sheet_rows(path), "Код муниципалитета"):
                adopted, is_legal = day_of(act["Дата"]), act["Вид акта"] in LEGAL_ACTS
                own = amended[act["Код муниципалитета"]]
                if act["Основание"] == "адресные рекомендации" and (
                    RECOMMENDED <= adopted <= self.day
                ):
                    own[is_legal] = min(adopted, own.get(is_legal, adopted))
        done = {unit: max(days.values()) for unit, days in amended.items() if len(days) == 2}
        expected = {code: code for code in self.participating}
        return self._share(expected, set(done), max(done.values()))

    def regional_acts(self) -> Count:
        rows = self.rows("acts_region/regional_acts.xlsx", "Код акта")
        approved = {
            row["Документ"].lower(): day_of(row["Дата"])
            for row in rows
            if row["Состояние"] == "утверждён" and day_of(row["Дата"]) <= self.day
        }
        counted = REQUIRED_ACTS & approved.keys()
        left = sorted(REQUIRED_ACTS - counted)
        last = max(approved[name] for name in counted)
        return Count(
            len(counted), len(REQUIRED_ACTS), {"region": left} if left else {},
            None if left else last,
        )  # fmt: skip

    def own_schedule(self) -> dict[int, date]:
        rows = self.rows("documents/own_schedule.xlsx", "№ мероприятия")
        return {row["№ мероприятия"]: day_of(row["Срок"]) for row in rows}

    def document(self, indicator: str) -> Count:
        days = [
            day_of(row["Дата"])
            for row in self.rows("documents/documents.xlsx", "Код документа")
            if str(row["Показатель"]) == indicator
            and row["Состояние"] == "утверждён"
            and day_of(row["Дата"]) <= self.day
        ]
        return Count(len(days[:1]), 1, {}, min(days, default=None))

    def surveys(self, respondent: str) -> Count:
        column = "Код лица" if respondent == "куратор" else "Код школы"
        answers: dict[str, list[date | None]] = defaultdict(list)
        for row in self.rows("medk/surveys.xlsx", "Респондент"):
            closed = day_of(row["Дата закрытия"])
            if row["Состояние"] == "закрыта" and closed is None:
                continue  # planted: closed on no day
            if row["Респондент"] == respondent:
                answers[row[column]].append(closed)
        through = {unit for unit, days in answers.items() if all(d and d <= self.day for d in days)}
        expected = self.municipality if respondent == "школа" else self.in_role("куратор")
        days = [d for unit in through & expected.keys() for d in answers[unit] if d]
        return self._share(dict(expected), through, max(days))

    def months_with_news(self, portal: Path) -> Count:
        with closing(sqlite3.connect(portal)) as connection:
            found = connection.execute(
                "select published_on from publication"
                " where kind = 'новость' and channel <> 'eduportal44'"
            ).fetchall()
        months = {text[:7] for (text,) in found if text <= self.day.isoformat()}
        last = self.day.month if (self.day.day >= 30 or self.day.month == 2) else self.day.month - 1
        passed = [f"2021-{month:02d}" for month in range(3, last + 1)]
        left = [month for month in passed if month not in months]
        return Count(len(passed) - len(left), len(passed), {"region": left} if left else {})

    def page(self, portal: Path) -> Count:
        with closing(sqlite3.connect(portal)) as connection:
            (text,) = connection.execute(
                "select min(published_on) from publication"
                " where kind = 'страница' and channel = 'eduportal44'"
            ).fetchone()
        day = date.fromisoformat(text)
        return Count(int(day <= self.day), 1, {}, day)

    def methodical_events(self) -> tuple[Count, Count]:
        """8.1 and 8.2: events within a seminar, and their seminars."""
        rows = [row for row in self.held(8) if row["Код семинара"]]
        days = sorted(day_of(row["Дата"]) for row in rows)
        of_seminar: dict[str, list[date]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: row["Дата"]):
            of_seminar[row["Код семинара"]].append(day_of(row["Дата"]))
        # A seminar that was held once is no standing one.
        starts = sorted(held[1] for held in of_seminar.values() if len(held) > 1)
        return (
            Count(len(days), None, {}, days[13] if len(days) >= 14 else None),
            Count(len(starts), None, {}, starts[4] if len(starts) >= 5 else None),
        )

    def programmes(self) -> tuple[Count, Count]:
        """9.1 and 9.2: approved programmes of leader schools; of the approved ones those with an
        internship of measure 9 on a leader school's base, which a school of the project attended.
        """
        approved = {
            row["Код программы"]: (day_of(row["Дата утверждения"]), row["Вид площадки"])
            for row in self.rows("events/programmes.xlsx", "Код программы")
            if row["№ мероприятия"] == 9
            and row["Состояние"] == "утверждена"
            and day_of(row["Дата утверждения"]) <= self.day
        }
        of_leaders = {code: day for code, (day, base) in approved.items() if base == LEADER}
        used = {
            row["Код программы"]
            for row in self.held(9)
            if row["Вид"] == "стажировка" and row["Вид площадки"] == LEADER and self.somebody(row)
        }
        left = sorted(approved.keys() - (used & of_leaders.keys()))
        return (
            Count(len(of_leaders), None, {}, min(of_leaders.values(), default=None)),
            Count(len(approved) - len(left), len(approved), {"region": left} if left else {}),
        )

    def somebody(self, event: dict) -> bool:
        """Whether a school of the project was at the event."""
        came = self.rows(f"attendance/{event['Код события']}.csv", "Код события")
        return any(r["Код школы"] in self.project and r["Присутствовал"] == "да" for r in came)

    def train_seminars(self) -> Count:
        days = []
        for row in self.held(10):
            day = day_of(row["Дата"])
            if row["Вид"] != TRAIN or not AUTUMN[0] <= day <= AUTUMN[1]:
                continue
            if self.somebody(row) and row["Предмет"] in ("русский язык", "математика", SOCIETY):
                days.append(day)
        days.sort()
        return Count(len(days), None, {}, days[4] if len(days) >= 5 else None)

    def internships(self) -> dict[str, int]:
        """16.1 by kind of base; one without a base is «иное»."""
        hosts: dict[str, int] = defaultdict(int)
        for row in self.held(16):
            if row["Вид"] == "стажировка":
                hosts[row["Вид площадки"] or "иное"] += 1
        return dict(hosts)

    def risks_taken(self) -> dict[str, set[str]]:
        """The risks that each school has in work on the day."""
        taken: dict[str, set[str]] = defaultdict(set)
        latest: dict[tuple[str, str], date] = {}
        for row in self.rows("medk/risk_profiles.xlsx", "Код школы"):
            if row["Фактор риска"] == "Низкая цифровая грамотность":
                continue  # planted: in no list of factors
            key, day = (row["Код школы"], row["Фактор риска"]), day_of(row["Дата"])
            if day <= self.day and latest.get(key, date.min) <= day:
                latest[key] = day
                change = taken[key[0]].add if row["Активирован"] == "да" else taken[key[0]].discard
                change(key[1])
        return taken

    def positive_changes(self, stage: int) -> dict[str, Any]:
        """How the risks in work are marked in the stage, and by name what was planted."""
        marks: dict[tuple[str, str, int], tuple[str, bool]] = {}
        outside: list[str] = []
        taken = self.risks_taken()
        for row in self.rows("medk/changes.xlsx", "Код школы"):
            day, school, risk = day_of(row["Дата отметки"]), row["Код школы"], row["Фактор риска"]
            if day is None or day > self.day:
                continue
            if risk not in taken[school]:
                outside.append(f"{self.key[school]} | {risk}")
            mark = row["Позитивные изменения"], bool(row["Подтверждение"])
            marks[school, risk, row["Этап"]] = mark
        order = ("нет", "частично", "да")
        told: dict[str, Any] = dict.fromkeys(("risks", *order, "unmarked"), 0)
        told |= {"silent": [], "worse": [], "unproved": [], "outside": outside}
        for school in self.project:
            for risk in sorted(taken[school]):
                mark, is_proved = marks.get((school, risk, stage), ("unmarked", True))
                told["risks"] += 1
                told[mark] += 1
                name = f"{self.key[school]} | {risk}"
                if mark != "нет" and not is_proved:
                    told["unproved"].append(name)
                before, _ = marks.get((school, risk, stage - 1), (mark, True))
                if mark in order and order.index(mark) < order.index(before):
                    told["worse"].append(name)
            if not any((school, risk, stage) in marks for risk in taken[school]):
                told["silent"].append(self.key[school])
        return told

    def medk(self) -> tuple[Count, dict[str, list[str]]]:
        """11.1, and which documents each missing school lacks (factors of programmes)."""
        taken = self.risks_taken()
        state: dict[tuple[str, str], tuple[date, str]] = {}
        for row in self.rows("medk/documents.xlsx", "Код школы"):
            day = day_of(row["Дата состояния"])
            if day is None or day > self.day or row["Состояние"] == "утверждён директором":
                continue  # not uploaded; planted: no such state
            key = row["Код школы"], row["Фактор риска"] or row["Документ"]
            state[key] = max(state.get(key, (date.min, "")), (day, row["Состояние"]))
        lacking: dict[str, list[str]] = {}
        for school in self.project:
            needed = [*REQUIRED_DOCUMENTS, *sorted(taken[school])]
            left = [
                name
                for name in needed
                if state.get((school, name), (None, ""))[1] not in COUNTED_STATES
            ]
            if left:
                lacking[self.key[school]] = left
        through = {code for code in self.project if self.key[code] not in lacking}
        return self._share(dict(self.municipality), through, None), lacking

    def directions(self) -> Count:
        days = [
            day_of(row["Дата"])
            for row in self.rows("documents/directions.xlsx", "Код")
            if row["Год"] == 2022 and row["Состояние"] == "утверждено"
        ]
        days = [day for day in days if day <= self.day]
        return Count(int(bool(days)), 1, {}, min(days, default=None))

    def indicators(self, portal: Path) -> dict[str, Count]:
        """Every indicator whose files have come, by code; the ledger's are not here."""
        coordinator, curator, school = "муниципальный координатор", "куратор", "школа"
        found = {
            "1.1": self.regional_acts(),
            "2.1": self.attendance("kickoff-2021", coordinator),
            "2.2": self.document("2.2"),
            "3.1": self.surveys(curator),
            "3.2": self.surveys(school),
            "4.1": self.page(portal),
            "4.2": self.months_with_news(portal),
            "5.1": self.acts(),
            "6.1": self.attendance("webinar-2021-03-12", coordinator),
            "6.2": self.attendance("webinar-2021-03-12", curator),
            "6.3": self.document("6.3"),
            "11.1": self.medk()[0],
        }
        found["8.1"], found["8.2"] = self.methodical_events()
        found["9.1"], found["9.2"] = self.programmes()
        for code, event in (("13.1", "webinar-2021-06"), ("17.1", "webinar-2021-12")):
            if (self.year / f"attendance/{event}.csv").exists():
                for part, role in (
                    ("coordinator", coordinator), ("curator", curator), ("school", school),
                ):  # fmt: skip
                    found[f"{code}/{part}"] = self.attendance(event, role)
        if self.day.month == 12:
            found["10.1"] = self.train_seminars()
            found["17.3"] = self.directions()
        return found


# -- Results of spring and summer ------------------------------------------------------------


def spring_protocol(path: Path, scale: dict) -> dict[str, list[int]]:
    """Marks by the six digits of a login, layout of 2021."""
    marks: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in table(fast_rows(path), "логин школы"):
        if row["вариант"] == "отсутствовал":
            continue
        score = int(row["всего баллов"])
        assert score <= scale["max"]
        marks[row["логин школы"][3:]][sum(score >= scale[m] for m in "345")] += 1
    return dict(marks)


def main_exam(path: Path) -> tuple[dict[str, list[int]], int]:
    """ОГЭ: marks by ГИА code, and what «Всего участников» tells."""
    if path.suffix == ".csv":
        with path.open(encoding="cp1251", newline="") as file:
            rows = list(csv.reader(file, delimiter=";"))
    else:
        rows = sheet_rows(path)
    marks: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    heading: list = []
    told = 0
    for row in rows:
        if row[0] == "№":
            heading = row
        elif row[0] == "Всего участников":
            told = int(next(cell for cell in reversed(row) if cell not in (None, "")))
        elif str(row[0]).isdigit():
            values = dict(zip(heading, row, strict=True))
            marks[str(values["Код ОО"])][int(values["Оценка"]) - 2] += 1
    return dict(marks), told


def appeals(path: Path) -> list[tuple[str, int, int]]:
    """(ГИА code, before, now) of satisfied appeals."""
    if path.suffix == ".csv":
        with path.open(encoding="cp1251", newline="") as file:
            rows = list(csv.reader(file, delimiter=";"))
    else:
        rows = sheet_rows(path)
    place = next(i for i, row in enumerate(rows) if row[0] == "№")
    heading, found = rows[place], []
    at = {title: column for column, title in enumerate(heading)}
    for row in rows[place + 2 :]:
        if row[at["Состояние"]] == "Апелляция удовлетворена":
            before, now = int(row[at["Балл до изменения"]]), int(row[at["Текущие"] + 1])
            assert now - before == int(row[at["Разница"]])
            found.append((str(row[at["Код ОО"]]), before, now))
    return found


def spring_papers(year: Path, scales: dict) -> dict[str, dict[str, list[int]]]:
    """ВПР of spring 2021: marks by login, by paper («ru5»)."""
    papers = {}
    for path in sorted((year / "vpr/marks").glob("vpr_2021_*.xlsx")):
        papers[path.stem.removeprefix("vpr_2021_")] = marks_export(path).schools
    for path in sorted((year / "vpr/protocols").glob("*ВПР 2021.xlsx")):
        found = re.search(r"по (.+), (\d) класс", path.stem)
        assert found is not None
        code, subject = _SUBJECTS[found[1]]
        papers[f"{code}{found[2]}"] = spring_protocol(path, scales[subject][int(found[2])])
    return papers


def spring_works(year: Path) -> dict[str, dict[str, list[int]]]:
    """Works of grade 9 by subject: marks by ГИА code."""
    return {
        path.stem.removeprefix("kr9_2021_"): {code: row[:4] for code, row in works(path).items()}
        for path in sorted((year / "rdr").glob("kr9_2021_*.xlsx"))
    }


_SUBJECTS = {
    "русскому языку": ("ru", "русский язык"),
    "математике": ("ma", "математика"),
    "биологии": ("bi", "биология"),
    "географии": ("gg", "география"),
}


class Summer:
    """Results of spring and summer 2021 of the project schools, appeals added."""

    def __init__(self, year: Path, root: Path) -> None:
        self.registers = Registers(year, date(2021, 8, 31))
        scales = yaml.safe_load((root / "include/scales/vpr_2021.yaml").read_text("utf-8"))
        self.papers = spring_papers(year, scales)
        self.works = spring_works(year)
        self.oge: dict[str, dict[str, list[int]]] = {}
        self.oge_told: dict[str, int] = {}
        for path in sorted((year / "oge").iterdir()):
            marks, told = main_exam(path)
            if sum(map(sum, marks.values())) == told:  # one protocol is cut off
                subject = path.stem.removeprefix("oge_2021_")
                self.oge[subject], self.oge_told[subject] = marks, told
        self.ege = {
            path.stem.removeprefix("ege_2021_"): exam(path)
            for path in sorted((year / "ege").glob("ege_2021_*"))
        }
        self.appeals = {path.stem: appeals(path) for path in sorted((year / "appeals").iterdir())}

    def marks_of(self, subject: str, gia: str, with_appeals: bool = True) -> list[int]:
        """ОГЭ of one school."""
        marks = list(self.oge[subject][gia])
        if with_appeals:
            for code, before, now in self.appeals.get(f"oge_2021_{subject}_apellyatsii", []):
                if code == gia:
                    marks[before - 2] -= 1
                    marks[now - 2] += 1
        return marks

    def shares(self, school: dict, with_appeals: bool = True) -> dict[str, tuple[int, int]]:
        """(low results, participants) by paper: «ru5», «oge_matematika», «kr9_…», «ege_…»."""
        login, gia = school["Логин ВПР"][3:], school["Код ГИА"]
        found = {
            code: (rows[login][0], sum(rows[login]))
            for code, rows in self.papers.items()
            if login in rows
        }
        for subject in self.oge:
            if gia in self.oge[subject]:
                marks = self.marks_of(subject, gia, with_appeals)
                found[f"oge_{subject}"] = marks[0], sum(marks)
        for subject, rows in self.works.items():
            if gia in rows:
                found[f"kr9_{subject}"] = rows[gia][0], sum(rows[gia])
        for subject, (_, scores, minimum, _told) in self.ege.items():
            if gia in scores:
                below = sum(score < minimum for score in scores[gia])
                found[f"ege_{subject}"] = below, len(scores[gia])
        return found

    def low(self, school: dict, with_appeals: bool = True) -> tuple[list[str], list[str]]:
        """(low papers, papers with a verdict): 30 % of at least five participants."""
        shares = self.shares(school, with_appeals)
        judged = sorted(code for code, (_, total) in shares.items() if total >= 5)
        low = [code for code in judged if shares[code][0] * 100 >= 30 * shares[code][1]]
        return low, judged
