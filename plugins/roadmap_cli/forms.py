"""`make forms PLAN=…`: writes the workbooks that people fill in, with drop-down lists.

They lie as they are to lie in the inbox. A form that is there already is left: somebody may have
filled it in.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from roadmap.evidence.forms import Words, forms, known_codes
from roadmap.evidence.sources import load_sources
from roadmap.plan.load import PlanError, load_plan
from roadmap.plan.model import Plan
from roadmap.russian import of_plan
from roadmap_cli.answers import NothingYet, asked_database
from roadmap_cli.arguments import ArgumentParser, plan_code
from roadmap_cli.environment import VAR


def main() -> None:
    parser = ArgumentParser(description="Write the workbooks that people fill in")
    parser.add_argument("--plan", type=plan_code, required=True)
    try:
        plan = load_plan(parser.parse_args().plan)
    except PlanError as error:
        raise SystemExit(str(error)) from None
    folder = VAR / "forms" / plan.code
    print("\n".join(written(plan, folder, _codes_in_force(plan))))


def _codes_in_force(plan: Plan) -> dict[str, Words]:
    """By column; none before anything was taken in: such a form has no lists of schools."""
    try:
        with asked_database() as db:
            return known_codes(db, plan, time.time_ns() // 1_000_000)
    except NothingYet:
        return {}


def written(plan: Plan, folder: Path, known: Mapping[str, Words]) -> list[str]:
    """Write the forms under `folder`; what was written and what was left, in Russian lines."""
    lines = [f"Бланки плана {of_plan(plan.code)}: {folder}"]
    for form in forms(plan, load_sources(), known):
        path = folder / form.path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("xb") as file:
                file.write(form.content)
            lines.append(f"{form.path} — {form.title}")
        except FileExistsError:
            lines.append(f"{form.path} — уже есть и не изменён; чтобы сделать заново, уберите его")
    if not known.get("school_id"):
        lines.append("Школы ещё не приняты: перечня их кодов в бланках нет, повторите позже.")
    return lines


if __name__ == "__main__":
    main()
