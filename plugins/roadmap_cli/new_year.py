"""`make new-year`: writes the draft plan of a year from that of an earlier one.

It never overwrites, and writes nothing that would not be read as a plan. DAGs see the new file
at their next parse.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from roadmap.paths import PLANS
from roadmap.plan.check_file import left_to_fill, runs
from roadmap.plan.load import PlanError, load_plan, plan_years
from roadmap.plan.model import Plan
from roadmap.plan.new_year import NewYearRefused, broken_promises, next_plan
from roadmap_cli.arguments import ArgumentParser, number


def main() -> None:
    parser = ArgumentParser(description="Write the draft plan of a year")
    parser.add_argument("--year", type=number("YEAR"), required=True)
    parser.add_argument("--from", dest="source", type=_year, default=None, help="empty: the latest")
    parser.add_argument("--plans", type=Path, default=PLANS)
    arguments = parser.parse_args()
    try:
        plan = write_draft(arguments.year, arguments.source, arguments.plans)
    except (NewYearRefused, PlanError) as error:
        raise SystemExit(str(error)) from None
    print("\n".join(summary(plan, arguments.plans)))


def _year(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"FROM: «{text}» — не год вида 2021.")
    return int(text)


def write_draft(year: int, source: int | None, folder: Path) -> Plan:
    """Write `<folder>/<year>.yaml`; the plan it holds.

    Made from the plan of `source`, or of the latest year before. NewYearRefused, in Russian,
    where there is such a file already, nothing to make it from, or the result is not a plan;
    PlanError where the earlier plan is not one.
    """
    path = folder / f"{year}.yaml"
    if path.exists():
        raise NewYearRefused(
            f"План {year} года уже есть: файл «{path.name}». Он не изменён. Чтобы сделать его "
            "заново, сначала уберите этот файл."
        )
    earlier = [known for known in plan_years(folder) if known < year]
    if source is None and not earlier:
        raise NewYearRefused(f"Нет плана раньше {year} года, с которого списать новый.")
    before = load_plan(earlier[-1] if source is None else source, folder)
    text = next_plan((folder / f"{before.year}.yaml").read_text("utf-8"), before, year)
    with tempfile.TemporaryDirectory(prefix="roadmap-plan-") as scratch:
        draft = Path(scratch) / path.name
        draft.write_text(text, encoding="utf-8")
        plan = _read_back(draft, before)
    _put(path, text)
    return plan


def _read_back(draft: Path, before: Plan) -> Plan:
    year = int(draft.stem)
    try:
        plan = load_plan(year, draft.parent)
    except PlanError as error:
        raise NewYearRefused(
            f"План {year} года не записан: после сдвига дат он противоречит себе. {error}"
        ) from None
    broken = list(broken_promises(plan, before, year))
    if broken:
        raise NewYearRefused(
            f"План {year} года не записан: {'; '.join(broken)}. Запишите эти места плана "
            f"{before.year} года по строке на поле, как остальные, и повторите."
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
    path = folder / f"{plan.year}.yaml"
    return [
        f"Записан черновик плана {plan.year} года: {path}",
        "План не в силе: письма этапов пойдут только на проверочный адрес оператора.",
        *runs(plan),
        *left_to_fill(plan),
        "Подробнее — в начале файла. После каждой правки проверьте его: "
        f"make check-plan FILE={path}",
    ]


if __name__ == "__main__":
    main()
