"""ВПР of autumn 2020 and spring 2021 in both forms regions hold (docs/domain.md §3.2–3.3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from roadmap_demo.content import Content, Municipality, Paper, Scale, School, vpr_scale
from roadmap_demo.marks import Journal, Result, vpr_results
from roadmap_demo.workbook import Cell, Row, text_xlsx, xlsx

NBSP = "\u00a0"


def marks_name(content: Content, paper: Paper) -> str:
    return f"vpr_{content.vpr_of(paper).year}_{paper.short}.xlsx"


def journal_name(content: Content, paper: Paper) -> str:
    return f"vpr_{content.vpr_of(paper).year}_{paper.short}_zhurnal.xlsx"


def protocol_name(content: Content, paper: Paper) -> str:
    year = content.vpr_of(paper).year
    return f"Проведение работы по {paper.dative}, {paper.grade} класс. ВПР {year}.xlsx"


@dataclass(frozen=True)
class _Export:
    """One paper's export. Those of русский come as text, with a comma and no-break spaces."""

    content: Content
    paper: Paper

    @property
    def _is_text(self) -> bool:
        return self.paper.subject == "русский язык"

    def count(self, value: int) -> Cell:
        return f"{value:,}".replace(",", NBSP) if self._is_text else value

    def share(self, value: float) -> Cell:
        return f"{value:.2f}".replace(".", ",") if self._is_text else round(value, 2)

    def title(self, report: str) -> list[Row]:
        vpr = self.content.vpr_of(self.paper)
        scale = vpr_scale(vpr.year, self.paper.subject, self.paper.grade)
        return [
            [f"ВПР {vpr.year} {self.paper.title} {self.paper.grade} класс"],
            [report],
            ["Предмет:", self.paper.title],
            ["Максимальный первичный балл:", scale.maximum],
            ["Дата:", vpr.last_day.strftime("%d.%m.%Y")],
            [],
        ]

    def groups(
        self, results: Mapping[str, Result]
    ) -> Iterator[tuple[Municipality, list[tuple[str, School]]]]:
        """The schools that wrote, with their labels, under the municipality that the file names.

        A label is «Название (sch440123)», every seventh school's the login only.
        """
        foreign = self.content.defects.foreign_school
        for municipality in self.content.municipalities:
            schools = []
            for school in self.content.schools:
                is_foreign = foreign.is_of(self.paper.code, school)
                if (foreign.under if is_foreign else school.municipality) == municipality.id:
                    schools.append(school)
            group = []
            for number, school in enumerate(schools):
                login = _login(self.content, self.paper, school)
                label = login if number % 7 == 6 else f"{school.name} ({login})"
                group.append((label, school))
            yield municipality, [(label, one) for label, one in group if one.code in results]


def _login(content: Content, paper: Paper, school: School) -> str:
    is_edu = any(planted.is_of(paper.code, school) for planted in content.defects.edu_login)
    return f"{'edu' if is_edu else 'sch'}{school.login_digits}"


def _added(rows: Iterable[Sequence[int]]) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)]


def marks_xlsx(content: Content, paper: Paper, corrected: bool = False) -> bytes:
    """«Статистика по отметкам»: country, region, municipalities, schools; shares in percent."""
    export = _Export(content, paper)
    results = vpr_results(content, paper, corrected)
    unknown, wrong_sum = content.defects.unknown_login_in_marks, content.defects.percent_sum
    blocks: list[tuple[str, list[tuple[str, Sequence[int], float]]]] = []
    for municipality, group in export.groups(results):
        block: list[tuple[str, Sequence[int], float]] = []
        for label, school in group:
            surplus = wrong_sum.surplus if wrong_sum.is_of(paper.code, school) else 0
            block.append((label, results[school.code].counts, surplus))
        if (paper.code, municipality.id) == (unknown.paper, unknown.municipality):
            block.append((f"Школа без регистрации ({unknown.login})", unknown.marks, 0))
        name = municipality.vpr_name + (" " if municipality.number % 5 == 0 else "")
        if block:
            blocks.append((name, block))

    def row(label: str, schools: int | None, counts: Sequence[int], surplus: float = 0) -> Row:
        total = sum(counts)
        shares = [100 * count / total for count in counts]
        shares[1] += surplus
        return [label, None if schools is None else export.count(schools), export.count(total),
                *map(export.share, shares)]  # fmt: skip

    region = _added(counts for _, block in blocks for _, counts, _ in block)
    country = content.vpr_of(paper).country
    scaled = [country.participants * count / sum(region) for count in region]
    marks = map(str, (2, 3, 4, 5)) if export._is_text else (2, 3, 4, 5)
    rows: list[Row] = [
        *export.title("Статистика по отметкам"),
        ["Группы участников", "Кол-во ОО", "Кол-во участников", *marks],
        ["Вся выборка", export.count(country.schools), export.count(country.participants),
         *(export.share(100 * part / country.participants) for part in scaled)],
        row(content.region.in_vpr, sum(len(block) for _, block in blocks), region),
    ]  # fmt: skip
    for name, block in blocks:
        rows.append(row(name, len(block), _added(counts for _, counts, _ in block)))
        rows += [row(label, None, counts, surplus) for label, counts, surplus in block]
    return xlsx([("Отметки", rows)], (58, 11, 18, 9, 9, 9, 9))


_JOURNAL_ROWS = (
    "Понизили (Отметка < Отметка по журналу) %",
    "Подтвердили (Отметка = Отметке по журналу) %",
    "Повысили (Отметка > Отметка по журналу) %",
)


def journal_xlsx(content: Content, paper: Paper) -> bytes:
    """«Сравнение отметок с отметками по журналу»: a group's name, then its four rows."""
    export = _Export(content, paper)
    results = vpr_results(content, paper)
    blocks = [
        (municipality.vpr_name, [(label, results[school.code].journal) for label, school in group])
        for municipality, group in export.groups(results)
        if group
    ]
    region = _added(journal for _, block in blocks for _, journal in block)
    scaled = content.vpr_of(paper).country.participants / sum(region)
    groups: list[tuple[str, Sequence[int]]] = [
        ("Вся выборка", [round(count * scaled) for count in region]),
        (content.region.in_vpr, region),
    ]
    for name, block in blocks:
        groups += [(name, _added(journal for _, journal in block)), *block]
    rows = export.title("Сравнение отметок с отметками по журналу")
    rows.append(["Группы участников", "Кол-во участников", "%"])
    for label, journal in groups:
        total = sum(journal)
        rows.append([label])
        for caption, count in zip(_JOURNAL_ROWS, journal, strict=True):
            rows.append([caption, export.count(count), export.share(100 * count / total)])
        rows.append(["Всего", export.count(total), export.share(100)])
    return xlsx([("Сравнение", rows)], (58, 18, 9))


# -- Protocols: a row per pupil, all cells text ----------------------------------------------

_TASKS = {"математика": 11, "русский язык": 14, "биология": 10, "география": 10}


def _choose(rng: Random, dirt: Mapping[str, float]) -> str | None:
    """One of the dirty spellings at its frequency, None otherwise."""
    value = rng.random()
    for spelling, share in dirt.items():
        value -= share
        if value < 0:
            return spelling
    return None


def task_points(
    rng: Random, score: int, scale: Scale, count: int, dirt: Mapping[str, float]
) -> list[str]:
    """Points of `count` tasks that sum to `score`; a task without points may be a sign instead."""
    maximum = max(scale.maximum, score)
    shift = rng.randrange(count)
    edges = [scale.maximum * (i + 1) // count for i in range(count)]
    cells = []
    before = 0
    for edge in edges:
        points = edge * score // maximum if score <= scale.maximum else edge
        cells.append(str(points - before))
        before = points
    cells = cells[shift:] + cells[:shift]
    return [(_choose(rng, dirt) or "0") if cell == "0" else cell for cell in cells]


def journal_marks(rng: Random, marks: list[int], journal: Journal) -> list[int]:
    """A journal mark for each pupil so that the planned numbers lowered and raised come out."""
    order = list(range(len(marks)))
    rng.shuffle(order)
    lowerable = sorted((i for i in order if marks[i] < 5), key=lambda i: marks[i])
    lowered = set(lowerable[: journal.lowered])
    raisable = sorted(
        (i for i in order if marks[i] > 3 and i not in lowered), key=lambda i: -marks[i]
    )
    raised = set(raisable[: journal.raised])
    return [
        mark + 1 if i in lowered else mark - 1 if i in raised else mark
        for i, mark in enumerate(marks)
    ]


def _score(rng: Random, mark: int, scale: Scale) -> int:
    edges = (0, *scale.least, scale.maximum + 1)
    return rng.randrange(edges[mark - 2], edges[mark - 1])


def protocol_xlsx(content: Content, paper: Paper) -> bytes:
    """The layout of the paper's year, absentees among the rows."""
    if content.vpr_of(paper).year == content.calibration.vpr.year:
        return _protocol_of_autumn(content, paper)
    return _protocol_of_spring(content, paper)


def _written(
    content: Content, paper: Paper, school: School, result: Result, scale: Scale, rng: Random
) -> list[tuple[str | None, int | None]]:
    """(journal mark as typed, primary score) of a grade; both None for who was absent."""
    marks = [mark for mark, n in zip((2, 3, 4, 5), result.counts, strict=True) for _ in range(n)]
    journal = journal_marks(rng, marks, result.journal)
    clean = school.project is not None  # planted figures stay exact
    written: list[tuple[str | None, int | None]] = [
        (_journal_cell(rng, noted, content, clean), _score(rng, mark, scale))
        for mark, noted in zip(marks, journal, strict=True)
    ]
    written += [(None, None)] * result.absent
    rng.shuffle(written)
    return written


def _protocol_of_autumn(content: Content, paper: Paper) -> bytes:
    """Machine names in row 1, sheet «Sheet1»; the municipality is a tag."""
    vpr = content.calibration.vpr
    dirt = content.defects.dirt
    scale = vpr_scale(vpr.year, paper.subject, paper.grade)
    last_day = vpr.last_day.isoformat()
    count = _TASKS[paper.subject]
    results = vpr_results(content, paper)
    is_russian = paper.subject == "русский язык"
    rows: list[Row] = [
        ["groups", "user", "id", "code", "otc", "gender", "klass", "var-1", "var-2", "sum",
         *(f"a-{task}-grade" for task in range(1, count + 1)), "Учебник", f"a-{count + 1}-grade",
         "mtime"]
    ]  # fmt: skip
    spoiled = {d.municipality: d for d in content.defects.above_maximum if d.paper == paper.code}
    unknown = content.defects.unknown_login_in_protocol

    def pupil(rng: Random, groups: str, login: str, journal: str | None, score: int | None) -> None:
        number = len(rows)
        start = [groups, login, str(500000 + number), f"{paper.grade + 1}{number % 10000:04d}"]
        if score is None:
            rows.append([*start, None, None, None, "отсутствовал"])
            return
        tasks = task_points(rng, score, scale, count, dirt["task"])
        gender = _choose(rng, dirt["gender"]) or rng.choice("мж")
        klass = _choose(rng, dirt["klass"])
        rows.append(
            [*start, journal, gender, rng.choice("аб") if klass is None else klass,
             str(rng.randint(1, 10)), str(rng.randint(1, 10)) if is_russian else None, str(score),
             *tasks, "1", None, last_day]
        )  # fmt: skip

    for municipality in content.municipalities:
        groups = f"reg44,{municipality.vpr_tag},vpr_2020_{paper.grade}"
        for school in content.schools:
            if school.municipality != municipality.id or school.code not in results:
                continue
            rng = Random(f"{content.seed}/{paper.code}/{school.code}/pupils")
            spelled = _login(content, paper, school)  # the login alone
            for noted, score in _written(content, paper, school, results[school.code], scale, rng):
                pupil(rng, groups, spelled, noted, score)
            is_clean = school.project is not None
            defect = spoiled.pop(municipality.id, None) if not is_clean else None
            for _ in range(defect.rows if defect else 0):
                pupil(rng, groups, spelled, "3", defect.score if defect else None)
        if (paper.code, municipality.id) == (unknown.paper, unknown.municipality):
            rng = Random(f"{content.seed}/{paper.code}/unknown")
            for _ in range(unknown.rows):
                pupil(rng, groups, unknown.login, "3", scale.least[0])
    return xlsx([("Sheet1", rows)])


def _protocol_of_spring(content: Content, paper: Paper) -> bytes:
    """Russian headings, sheet «Sheet»; the municipality stands under «регион» by its name."""
    dirt = content.defects.dirt
    scale = vpr_scale(content.vpr_of(paper).year, paper.subject, paper.grade)
    count = _TASKS[paper.subject]
    results = vpr_results(content, paper)
    names = {municipality.id: municipality.vpr_name for municipality in content.municipalities}
    rows: list[list[str]] = [
        ["логин школы", "регион", "номер обучающегося", "код обучающегося",
         "отметка за предыдущую четверть/триместр", "пол", "класс", "вариант", "всего баллов",
         *(f"балл за {task}" for task in range(1, count + 1)),
         "Учебник", "Др.уч. автор", "Др.уч. название"]
    ]  # fmt: skip
    for school in content.schools:
        if school.code not in results:
            continue
        rng = Random(f"{content.seed}/{paper.code}/{school.code}/pupils")
        login, name = f"sch{school.login_digits}", names[school.municipality]
        for noted, score in _written(content, paper, school, results[school.code], scale, rng):
            number = len(rows)
            start = [login, name, str(number), f"{paper.grade}{number % 10000:04d}"]
            if score is None:
                rows.append([*start, "", "", "", "отсутствовал"])
                continue
            klass = _choose(rng, dirt["klass"])
            rows.append(
                [*start, noted or "", _choose(rng, dirt["gender"]) or rng.choice("мж"),
                 rng.choice("АБ") if klass is None else klass, str(rng.randint(1, 10)), str(score),
                 *task_points(rng, score, scale, count, dirt["task"]), "1"]
            )  # fmt: skip
    return text_xlsx("Sheet", rows)


def _journal_cell(rng: Random, noted: int, content: Content, clean: bool) -> str:
    """The journal mark as a school typed it; a dirty spelling keeps the mark where it can."""
    dirt = content.defects.dirt
    if clean:
        return str(noted)
    missing = _choose(rng, dirt["no_journal"])
    if missing is not None:
        return missing
    spelled = _choose(rng, dirt["journal"])
    if spelled is not None and (str(noted) in spelled or (noted == 3 and spelled == "З")):
        return spelled
    return str(noted)
