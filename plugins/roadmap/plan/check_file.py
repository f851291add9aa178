"""What a person who edits a plan is told of its file: all that is wrong, or what is left to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from roadmap.paths import DRAFTS, PLANS, SCALES
from roadmap.plan.checks import Problem
from roadmap.plan.load import clashes, examine, load_plans, misnamed
from roadmap.plan.model import Plan
from roadmap.plan.new_year import NOT_COMPARABLE
from roadmap.plan.schedule import phase_events
from roadmap.plan.strict_yaml import YamlRefused, lines_of
from roadmap.plan.working_days import is_provisional
from roadmap.russian import counted, day, of_plan

_YEAR_FILE = re.compile(r"\d{4}")


@dataclass(frozen=True)
class CheckedFile:
    """A file of a plan that was looked through; its plan is used only where nothing is wrong."""

    name: str
    plan: Plan | None  # None: some field is no such field, or the file is no YAML
    faults: tuple[str, ...]  # Russian, each with its line and its path, in the file's order

    @property
    def lines(self) -> tuple[str, ...]:
        """What to tell the person who asked, in Russian."""
        if self.plan is not None and not self.faults:
            said = f"План {of_plan(self.plan.code)} («{self.name}») записан верно."
            return (said, *runs(self.plan), *left_to_fill(self.plan))
        count = counted(len(self.faults), "ошибка", "ошибки", "ошибок")
        rest = (
            ""
            if self.plan is not None
            else " Остальное станет видно, когда каждое поле записано верно."
        )
        return (
            f"План не принят: файл «{self.name}», {count}.",
            *self.faults,
            f"Исправьте файл и проверьте его ещё раз.{rest} Пока есть ошибки, этапы этого плана не"
            " запускаются.",
        )


def check_file(path: Path) -> CheckedFile:
    """All that is wrong with a file at once, as far as it can be read; OSError where it can't.

    A file of include/plans, or one that is named by a year, has to hold the plan of that code.
    """
    content = path.read_bytes()
    plan, problems = examine(content)
    is_ours = path.parent in (PLANS, DRAFTS)
    if plan is not None and (is_ours or _YEAR_FILE.fullmatch(path.stem)):
        problems = (*misnamed(plan, path.stem), *problems)
    if plan is not None and is_ours:
        others = [other for other in load_plans()[0] if other.code != plan.code]
        problems = (*problems, *clashes(plan, others))
    try:
        lines = lines_of(content.decode("utf-8"))
    except (UnicodeDecodeError, YamlRefused):  # the problem itself says where
        lines = {}
    placed = sorted((_line(problem.path, lines), problem) for problem in problems)
    return CheckedFile(path.name, plan, tuple(_fault(line, problem) for line, problem in placed))


def _line(path: str, lines: dict[str, int]) -> int:
    """Where a value stands; one that is missing, where what should hold it begins; 0: nowhere."""
    while path and path not in lines:
        path = re.sub(r"(^|\.)[^.\[]*$|\[[^\]]*\]$", "", path)
    return lines.get(path, 0) if path else 0


def _fault(line: int, problem: Problem) -> str:
    where = [f"строка {line}"] if line else []
    where += [problem.path] if problem.path else []
    return f"{', '.join(where)}: {problem.text}" if where else problem.text


def runs(plan: Plan) -> Iterator[str]:
    """When the plan's phases run: Russian lines."""
    yield f"Запуски этапов ({plan.region.time_zone_name}):"
    for phase in plan.phases:
        for event in phase_events(phase.code, [plan]):
            yield f"  {day(event.run_at.date())} {event.run_at:%H:%M}  {phase.title}"


def left_to_fill(plan: Plan) -> tuple[str, ...]:
    """What the plan does not say yet, each with its path: Russian lines; none where all is said."""
    left = [*_left_in(plan), *_left_beside(plan)]
    return ("Осталось заполнить:", *(f"  {line}" for line in left)) if left else ()


def _left_in(plan: Plan) -> Iterator[str]:
    if not plan.order.is_issued:
        yield "order.number, order.date — номер и дата приказа"
        if not plan.based_on:
            yield "based_on — приказы, на которых он основан, если такие есть"
        yield "measures — тексты, сроки, цели и коды событий: сверить с приказом, когда он издан"
        yield "phases — дни запуска, отчётные дни, сроки ответа и процедуры: сверить с приказом"
    if plan.in_force is None:
        yield "in_force — с какого дня письма идут адресатам (пока только на проверочный адрес)"
    for phase in plan.phases:
        for comparison in phase.comparisons:
            if comparison.not_comparable == NOT_COMPARABLE:
                titles = {procedure.key: procedure.short_title for procedure in phase.procedures}
                current = titles.get(comparison.current, comparison.current)
                yield (
                    f"not_comparable, этап «{phase.dag_title}», «{current}» — убрать, если можно"
                    f" сравнить с «{comparison.previous.short_title}», иначе назвать причину"
                )


def _left_beside(plan: Plan) -> Iterator[str]:
    """What stands in other files by the year."""
    procedures = {(x.kind, x.year) for phase in plan.phases for x in phase.procedures}
    for kind, year in sorted(procedures):
        known = [path.stem for path in SCALES.glob(f"{kind}_*.yaml")]
        if known and f"{kind}_{year}" not in known:
            yield f"include/scales/{kind}_{year}.yaml — шкалы и минимальные баллы {year} года"
    if any(is_provisional(phase.run_day.year) for phase in plan.phases):
        yield (
            f"include/plans/working_days.yaml — переносы выходных {plan.year} года, когда они"
            " утверждены: до тех пор дни запуска могут сдвинуться"
        )
