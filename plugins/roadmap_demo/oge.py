"""ОГЭ 2021: protocols of the РЦОИ in two subjects, and appeals (docs/domain.md §3.4)."""

from __future__ import annotations

from random import Random

from roadmap_demo.content import AppealFile, Content, MainExam, School
from roadmap_demo.exams import NAMES, PATRONYMICS, SURNAMES, spaced
from roadmap_demo.marks import oge_results
from roadmap_demo.workbook import Cell, comma, line, semicolons, xlsx

_HEADING = (
    "№", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Код МСУ", "Фамилия", "Имя", "Отчество",
    "Серия", "Номер", "Задания с кратким ответом", "Задания с развёрнутым ответом",
    "Первичный балл", "Оценка",
)  # fmt: skip


def exam_name(content: Content, exam: MainExam) -> str:
    return f"oge_{content.spring.oge.year}_{exam.short.removeprefix('oge_')}.{exam.form}"


def _primary(rng: Random, exam: MainExam, mark: int) -> int:
    edges = (0, *exam.least, exam.primary + 1)
    return rng.randrange(edges[mark - 2], edges[mark - 1])


def _pupil(rng: Random, exam: MainExam, school: School, number: int, mark: int) -> list[Cell]:
    return [
        number, school.gia_code, "9" + rng.choice("АБ"),
        f"{school.gia_code[:3]}{rng.randint(1, 3)}",
        rng.randint(1, 20), school.gia_code[:3], rng.choice(SURNAMES), rng.choice(NAMES),
        rng.choice(PATRONYMICS), "0000", str(rng.randint(100000, 999999)),
        "".join(rng.choice("+-1") for _ in range(8)), "1(1)2(3)0(2)", _primary(rng, exam, mark),
        mark,
    ]  # fmt: skip


def exam_bytes(content: Content, exam: MainExam, lost: int = 0) -> bytes:
    """A csv in cp1251, or a workbook with empty columns between.

    `lost`: how many last pupils are cut off although «Всего участников» counts them.
    """
    rng = Random(f"{content.seed}/{exam.code}/rows")
    schools = {school.code: school for school in content.schools}
    pupils: list[list[Cell]] = []
    for code, counts in oge_results(content, exam).items():
        for mark, n in zip((2, 3, 4, 5), counts, strict=True):
            for _ in range(n):
                pupils.append(_pupil(rng, exam, schools[code], len(pupils) + 1, mark))
    total = len(pupils)
    primary = sum(int(str(pupil[-2])) for pupil in pupils) / total
    mean = sum(int(str(pupil[-1])) for pupil in pupils) / total
    width = len(_HEADING)
    rows: list[list[Cell]] = [
        line(width, "Протокол проверки"),
        line(width, content.region.in_exams),
        line(width, f"{exam.number} - {exam.title} {exam.date.strftime('%Y.%m.%d')}"),
        list(_HEADING),
        *(pupils[: total - lost] if lost else pupils),
        line(width, "Средние", comma(primary), comma(mean)),
        line(width, "Минимальная граница", exam.least[0], 3),
        line(width, "Всего участников", total),
    ]
    if exam.form == "csv":
        return semicolons(rows)
    return xlsx([("Протокол", [spaced(row) for row in rows])])


# -- Appeals: a heading of two rows, as the РИС ГИА exports it -------------------------------

_APPEALS = (
    "№", "Код МСУ", "Код ОО", "Класс", "Фамилия", "Имя", "Отчество", "Серия", "Номер",
    "Тип апелляции / перепроверки", "Состояние", "Балл до изменения", "Текущие", "", "Разница",
)  # fmt: skip
_NOW = _APPEALS.index("Текущие")


def appeals_bytes(content: Content, file: AppealFile) -> bytes:
    """All appeals of one exam; in ОГЭ marks stand where ЕГЭ has test scores."""
    exam = content.exam(file.exam)
    is_main = isinstance(exam, MainExam)
    day = exam.date if isinstance(exam, MainExam) else exam.dates[0]
    rng = Random(f"{content.seed}/{file.path}")
    schools = {school.key: school.gia_code for school in content.schools}
    width = len(_APPEALS)
    group: list[Cell] = [None] * width
    group[_NOW : _NOW + 2] = ["Первичный балл", "Оценка" if is_main else "Балл"]
    rows: list[list[Cell]] = [
        line(width, "Апелляции о несогласии с выставленными баллами"),
        line(width, content.region.in_exams),
        line(width, f"{exam.number} - {exam.title} {day.strftime('%Y.%m.%d')}"),
        list(_APPEALS),
        group,
    ]
    for number, appeal in enumerate(file.rows, 1):
        code = appeal.code or schools[appeal.school or ""]
        state = "Апелляция удовлетворена" if appeal.satisfied else "Апелляция отклонена"
        if isinstance(exam, MainExam):
            primary = _primary(rng, exam, appeal.now)
        else:
            primary = round(exam.primary * appeal.now / 100)
        rows.append(
            [number, code[:3], code, "9А" if is_main else "11", rng.choice(SURNAMES),
             rng.choice(NAMES), rng.choice(PATRONYMICS), "0000", str(rng.randint(100000, 999999)),
             "О несогласии с выставленными баллами", state, appeal.before, primary, appeal.now,
             appeal.now - appeal.before]
        )  # fmt: skip
    return semicolons(rows) if file.path.endswith(".csv") else xlsx([("Апелляции", rows)])
