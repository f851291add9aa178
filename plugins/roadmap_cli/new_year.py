"""`make new-year`: writes the draft plan of a later year from an earlier one.

It never overwrites, and writes nothing that would not be read as a plan. DAGs see the new file
at their next parse.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from datetime import date
from pathlib import Path

from roadmap.paths import PLANS
from roadmap.plan.check_file import left_to_fill, runs
from roadmap.plan.load import PlanError, load_plan, load_plans, plan_files
from roadmap.plan.model import Plan
from roadmap.plan.new_year import NewYearRefused, broken_promises, next_plan
from roadmap.russian import of_plan
from roadmap_cli.arguments import ArgumentParser, plan_code


def main() -> None:
    parser = ArgumentParser(description="Write the draft of a plan")
    parser.add_argument("--plan", type=plan_code, required=True, help="the draft's code")
    parser.add_argument("--year", type=_year, default=None, help="empty: the code is the year")
    parser.add_argument(
        "--from", dest="source", type=_source, default=None, help="empty: the latest"
    )
    parser.add_argument("--plans", type=Path, default=PLANS)
    arguments = parser.parse_args()
    try:
        plan = write_draft(arguments.plan, arguments.year, arguments.source, arguments.plans)
    except (NewYearRefused, PlanError) as error:
        raise SystemExit(str(error)) from None
    print("\n".join(summary(plan, arguments.plans)))


def _year(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"YEAR: «{text}» — не год вида 2021.")
    return int(text)


def _source(text: str) -> str | None:
    return plan_code(text) if text else None


def draft_next_cycle(today: date, folder: Path) -> Plan | None:
    """The draft of the next year, written into `folder` for who wants to see what runs when.

    None, and nothing written, where a plan or a draft has a phase ahead. Errors as of
    `write_draft`.
    """
    code = str(today.year + 1)
    # Of this process the setting may be none yet: what lies in the folder counts all the same.
    plans = (*load_plans()[0], *load_plans(folder)[0])
    ahead = (phase.run_day > today for plan in plans if not plan.closed for phase in plan.phases)
    if any(ahead) or (folder / f"{code}.yaml").exists():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return write_draft(code, None, None, PLANS, folder)


def write_draft(
    code: str, year: int | None, source: str | None, folder: Path, into: Path | None = None
) -> Plan:
    """Write `<folder>/<code>.yaml`, or into another folder; the plan it holds.

    Made from the plan `source`, or the latest one of an earlier year. `year` None: the code is one.
    NewYearRefused, in Russian, where there is such a file already, nothing to make it from, or the
    result is not a plan; PlanError where the earlier plan is not one.
    """
    if year is None:
        if not code.isdecimal():
            raise NewYearRefused(f"Не указан год плана «{code}»: YEAR=2027.")
        year = int(code)
    path = (into or folder) / f"{code}.yaml"
    if path.exists():
        raise NewYearRefused(
            f"План {of_plan(code)} уже есть: файл «{path.name}». Он не изменён. Чтобы сделать его "
            "заново, сначала уберите этот файл."
        )
    if source is None:
        earlier = [plan for plan in load_plans(folder)[0] if plan.year < year]
        if not earlier:
            raise NewYearRefused(f"Нет плана раньше {year} года, с которого списать новый.")
        before = earlier[-1]
    else:
        before = load_plan(source, folder)
    text = next_plan(plan_files(folder)[before.code].read_text("utf-8"), before, year, code)
    with tempfile.TemporaryDirectory(prefix="roadmap-plan-") as scratch:
        draft = Path(scratch) / path.name
        draft.write_text(text, encoding="utf-8")
        plan = _read_back(draft, before, year)
    _put(path, text)
    return plan


def _read_back(draft: Path, before: Plan, year: int) -> Plan:
    try:
        plan = load_plan(draft.stem, draft.parent)
    except PlanError as error:
        raise NewYearRefused(
            f"План {of_plan(draft.stem)} не записан: после сдвига дат он противоречит себе. {error}"
        ) from None
    broken = list(broken_promises(plan, before, year))
    if broken:
        raise NewYearRefused(
            f"План {of_plan(draft.stem)} не записан: {'; '.join(broken)}. Запишите эти места плана "
            f"{of_plan(before.code)} по строке на поле, как остальные, и повторите."
        )
    return plan


def _put(path: Path, text: str) -> None:
    """The whole file at once, and never over another one."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.link(part, path)
    except FileExistsError:
        raise NewYearRefused(f"Файл «{path.name}» появился тем временем и не изменён.") from None
    finally:
        part.unlink(missing_ok=True)


def summary(plan: Plan, folder: Path) -> list[str]:
    """What was written, when its phases run, what is left to fill in: Russian lines."""
    path = folder / f"{plan.code}.yaml"
    return [
        f"Записан черновик плана {of_plan(plan.code)}: {path}",
        "План не в силе: письма этапов пойдут только на проверочный адрес оператора.",
        *runs(plan),
        *left_to_fill(plan),
        "Подробнее — в начале файла. После каждой правки проверьте его: "
        f"make check-plan FILE={path}",
    ]


if __name__ == "__main__":
    main()
