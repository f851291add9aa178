"""ЕГЭ protocols of the РЦОИ and regional works of grades 9 and 10 (docs/domain.md §3.4, §3.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from random import Random

from roadmap_demo.content import Content, Exam, School, Work, ege_minimum
from roadmap_demo.marks import LEAST_PARTICIPANTS, THRESHOLD_PERCENT, rdr_results
from roadmap_demo.workbook import Cell, Row, comma, line, semicolons, xlsx

# Nobody's names: they must be dropped by the reader, and are recognised in a leak at once.
SURNAMES = ("Примеров", "Условнов", "Образцов", "Вымышлев", "Показов", "Учебнов", "Черновиков")
NAMES = ("Пример", "Образец", "Условий")
PATRONYMICS = ("Примерович", "Образцович", "Условиевич")

_POINTS_OF_EFFECT = 9  # test score points of one logit of a school's effect


@dataclass(frozen=True)
class Sitting:
    """One pupil in one exam."""

    school: School
    score: int


def exam_name(content: Content, exam: Exam) -> str:
    return f"ege_{content.ege_of(exam).year}_{exam.short.removeprefix('ege_')}.{exam.form}"


def work_name(work: Work) -> str:
    kind = "dr10" if work.share is None else "kr9"
    return f"{kind}_{work.date.year}_{work.short.rsplit('_', 1)[-1]}.xlsx"


def _scores(content: Content, exam: Exam, school: School) -> list[int]:
    """Test scores of one school, 0-100; a project school's share below the minimum is planned."""
    rng = Random(f"{content.seed}/{exam.code}/{school.code}")
    ege = content.ege_of(exam)
    leavers = max(3, round(school.pupils * ege.leavers_of_grade))
    chosen = sum(rng.random() < exam.share for _ in range(leavers))
    mean = exam.mean - _POINTS_OF_EFFECT * school.effect
    scores = [max(0, min(100, round(rng.gauss(mean, exam.spread)))) for _ in range(chosen)]
    if school.project is None:
        return scores
    minimum = ege_minimum(ege.year, exam.subject)
    if school.project.no_twos_in is not None and exam.code.startswith(school.project.no_twos_in):
        return [max(score, minimum) for score in scores]
    if len(scores) < LEAST_PARTICIPANTS:
        return scores
    least = -(-THRESHOLD_PERCENT * len(scores) // 100)
    scores.sort()
    below = sum(score < minimum for score in scores)
    if exam.code in school.project.low:
        for place in range(below, least):
            scores[place] = minimum - 1 - place
    else:
        for place in range(least - 1, below):
            scores[place] = minimum + place
    rng.shuffle(scores)
    return scores


def exam_scores(content: Content, exam: Exam) -> Mapping[str, list[int]]:
    """Test scores by school code, for the schools from which anybody came."""
    drawn = {
        school.code: _scores(content, exam, school)
        for school in content.schools
        if school.has_upper_grades
    }
    return {code: scores for code, scores in drawn.items() if scores}


def _is_oral(exam: Exam) -> bool:
    return exam.subject == "английский язык"


def _heading(exam: Exam) -> list[str]:
    """One block's heading; variants that the РЦОИ really used, by exam."""
    document = ["Документ"] if exam.number == "12" else ["Серия", "Номер"]
    start = ["№", "Код МСУ", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Фамилия", "Имя",
             "Отчество", *document]  # fmt: skip
    if _is_oral(exam):
        return [*start, "Часть с кратким ответом", "Задания с развёрнутым ответом", "Устная часть",
                "Первичный балл письм. части", "Первичный балл устной части", "Балл"]  # fmt: skip
    score = "Тестовый балл" if exam.form == "xlsx" else "Балл"
    return [*start, "Задания с кратким ответом", "Задания с развёрнутым ответом",
            "Первичный балл", score]  # fmt: skip


def _pupil(exam: Exam, sitting: Sitting, number: int, rng: Random) -> list[Cell]:
    primary = round(exam.primary * sitting.score / 100)
    document: list[Cell] = (
        ["0000 " + str(rng.randint(100000, 999999))]
        if exam.number == "12"
        else ["0000", str(rng.randint(100000, 999999))]
    )
    place = f"{sitting.school.gia_code[:3]}{rng.randint(1, 3)}"
    short = "".join(rng.choice("+-1") for _ in range(12))
    start: list[Cell] = [
        number, sitting.school.gia_code[:3], sitting.school.gia_code,
        "11" + rng.choice(("", "А", "Б")),
        f"п:{place} у:{place}" if _is_oral(exam) else place, rng.randint(1, 20),
        rng.choice(SURNAMES), rng.choice(NAMES), rng.choice(PATRONYMICS), *document, short,
        "1(1)2(3)0(2)",
    ]  # fmt: skip
    if _is_oral(exam):
        oral = primary // 5
        return [*start, "1(1)2(3)", primary - oral, oral, sitting.score]
    return [*start, primary, sitting.score]


def _block(
    content: Content, exam: Exam, days: tuple[date, ...], sittings: list[Sitting], rng: Random
) -> list[list[Cell]]:
    """Title, heading, pupils, trailer rows of one day."""
    heading = _heading(exam)
    width = len(heading)
    if _is_oral(exam):
        written, spoken = (day.strftime("%Y.%m.%d") for day in days)
        title = f"{exam.number} - {exam.title} п.: {written}, у.: {spoken}"
    else:
        title = f"{exam.number} - {exam.title} {days[0].strftime('%Y.%m.%d')}"

    mean = sum(sitting.score for sitting in sittings) / len(sittings)
    minimum = ege_minimum(content.ege_of(exam).year, exam.subject)
    return [
        line(width, "Протокол проверки"),
        line(width, content.region.in_exams),
        line(width, title),
        list(heading),
        *(_pupil(exam, sitting, number, rng) for number, sitting in enumerate(sittings, 1)),
        line(width, "Средние", comma(mean)),
        line(width, "Минимальная граница", minimum),
        line(width, "Всего участников", len(sittings)),
    ]


def exam_bytes(content: Content, exam: Exam) -> bytes:
    """A csv in cp1251, or a workbook with empty columns between; русский has two days' blocks."""
    rng = Random(f"{content.seed}/{exam.code}/rows")
    schools = {school.code: school for school in content.schools}
    sittings = [
        Sitting(schools[code], score)
        for code, scores in exam_scores(content, exam).items()
        for score in scores
    ]
    if _is_oral(exam) or len(exam.dates) == 1:
        blocks = [_block(content, exam, exam.dates, sittings, rng)]
    else:
        # A school writes on one day.
        by_day: list[list[Sitting]] = [[] for _ in exam.dates]
        for sitting in sittings:
            by_day[int(sitting.school.gia_code) // 2 % len(by_day)].append(sitting)
        blocks = [
            _block(content, exam, (day,), of_day, rng)
            for day, of_day in zip(exam.dates, by_day, strict=True)
        ]
    rows = [row for block in blocks for row in block]
    if exam.form == "csv":
        return semicolons(rows)
    return xlsx([("Протокол", [spaced(row) for row in rows])])


def spaced(row: list[Cell]) -> Row:
    """An empty column after the second and the ninth, as the РИС exports them."""
    return [*row[:2], None, *row[2:9], None, *row[9:]]


def work_xlsx(content: Content, work: Work) -> bytes:
    """Counts, not percents; codes of the ГИА system; the municipality's everyday name."""
    names = {m.id: m.rdr_name for m in content.municipalities}
    rows: list[Row] = [
        ["Код ОО", "Наименование ОО", "Муниципалитет", "Предмет", "Класс", "Дата",
         "Кол-во участников", 2, 3, 4, 5, "Средний балл"]
    ]  # fmt: skip
    results = rdr_results(content, work)
    for school in content.schools:
        if school.code not in results:
            continue
        counts = results[school.code]
        total = sum(counts)
        mean = sum(mark * n for mark, n in zip((2, 3, 4, 5), counts, strict=True)) / total
        wrong = content.defects.rdr_sum.is_of(work.code, school)
        rows.append(
            [school.gia_code, school.name, names[school.municipality], work.title, work.grade,
             work.date.strftime("%d.%m.%Y"), total + wrong, *counts, round(mean, 2)]
        )  # fmt: skip
    return xlsx(
        [("ДР-10" if work.share is None else "КР-9", rows)],
        (10, 44, 24, 16, 7, 12, 18, 6, 6, 6, 6, 13),
    )


def headless_work_xlsx() -> bytes:
    """A draft without the columns that a table of marks must have."""
    rows: list[Row] = [
        ["Черновик: итоги диагностической работы по химии"],
        ["Школа", "Сколько писали", "Справились", "Не справились"],
        ["Школа № 3 (условная)", 17, 14, 3],
    ]
    return xlsx([("Лист1", rows)])
