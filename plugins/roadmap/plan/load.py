"""Reading plans from include/plans; a wrong one is refused with the path inside its file.

A plan names its region, which include/regions holds once for all its plans; a plan may also hold
its region in place.

One broken file stops only its own plan: `load_plans` gives the others and says what is wrong.
Light to import and to call: the DAG processor does both again and again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from roadmap.paths import DRAFTS, PLANS, REGIONS, SOURCES, SQL
from roadmap.plan.checks import Problem, contradictions
from roadmap.plan.faults import faults_of
from roadmap.plan.model import Plan
from roadmap.plan.part import PLAN_CODE
from roadmap.plan.schedule import phase_events
from roadmap.plan.strict_yaml import YamlRefused, read_yaml
from roadmap.russian import of_plan

# Where a plan held its region's fields before regions were data, and where they stand now.
_OF_REGION = {
    "region_name": "name",
    "time_zone": "time_zone",
    "time_zone_name": "time_zone_name",
    "place": "place",
    "department": "department",
    "municipalities": "municipalities",
}
_OF_OPERATOR = {"operator_full_name": "full_name", "operator_short_name": "short_name"}
# A file's first twenty faults are enough to work on.
MOST_PROBLEMS = 20
_CODE = re.compile(PLAN_CODE)  # `working_days.yaml` is none


class PlanError(ValueError):
    """A plan that may not be used; its text is for the operator.

    `problems` holds the paths inside the file and the sentences, `code` the plan's code.
    """

    def __init__(self, code: str, file_name: str, problems: Iterable[Problem]) -> None:
        self.code = code
        self.problems = tuple(problems)
        lines = [f"{path}: {text}" if path else text for path, text in self.problems]
        more = len(lines) - MOST_PROBLEMS
        if more > 0:
            lines[MOST_PROBLEMS:] = [f"и ещё {more}"]
        listed = "; ".join(lines)
        super().__init__(f"План {of_plan(code)} не принят. Файл «{file_name}», {listed}.")


def load_plan(code: str, folder: Path = PLANS, sql_folder: Path = SQL) -> Plan:
    """The plan of that code; PlanError, in Russian, names the file and the path inside it."""
    path = plan_files(folder).get(code, folder / f"{code}.yaml")
    if not path.exists():
        known = ", ".join(plan_codes(folder)) or "нет ни одного"
        missing = Problem("", f"такого файла нет (есть планы: {known})")
        raise PlanError(code, path.name, [missing])
    plan, problems = examine(path.read_bytes(), sql_folder)
    if plan is not None:
        problems = (*misnamed(plan, code), *problems)
    if plan is None or problems:
        raise PlanError(code, path.name, problems)
    return plan


def examine(content: bytes, sql_folder: Path = SQL) -> tuple[Plan | None, tuple[Problem, ...]]:
    """The plan that a file holds, and all that is wrong with it; None where it is no plan at all.

    Contradictions between fields are looked for only where each field is valid by itself.
    """
    try:
        declared = read_yaml(content.decode("utf-8"))
    except UnicodeDecodeError:
        return None, (Problem("", "текст не в кодировке UTF-8"),)
    except YamlRefused as error:
        return None, tuple(Problem("", fault) for fault in error.faults)
    of_region = ""
    if isinstance(declared, dict) and isinstance(code := declared.get("region"), str):
        try:
            declared |= {"region": _region(code)}
        except YamlRefused as error:
            return None, tuple(Problem("region", fault) for fault in error.faults)
        of_region = f" (файл include/regions/{code}.yaml)"
    try:
        plan = Plan.model_validate(declared)
    except ValidationError as error:
        return None, tuple(
            Problem(path, fault + (of_region if path.startswith("region") else ""))
            for path, fault in faults_of(error)
        )
    return plan, contradictions(
        plan,
        lambda stem: _has_query(sql_folder, stem),
        _dataset_names(SOURCES),
        lambda stem: counts_values(stem, sql_folder),
    )


def misnamed(plan: Plan, stem: str) -> Iterator[Problem]:
    """A plan whose code is not its file's name without the ending."""
    if plan.code != stem:
        path = "year" if plan.code == str(plan.year) else "code"
        yield Problem(path, f"в файле «{stem}.yaml» план «{plan.code}»: код плана — имя его файла")


def clashes(plan: Plan, others: Iterable[Plan]) -> Iterator[Problem]:
    """Phases that can't share a DAG with those of the same code in other plans.

    A DAG knows its runs by the moment at which a phase's window begins, and makes them in that
    order: the windows and the runs of one code must follow one another.
    """
    for other in others:
        for index, phase in enumerate(plan.phases):
            moments = [
                (event.data_interval_start, event.run_at)
                for event in phase_events(phase.code, (plan, other))
            ]
            ordered = sorted(moments)
            if any(
                before[0] == after[0] or before[1] >= after[1]
                for before, after in pairwise(ordered)
            ):
                yield Problem(
                    f"phases[{index}].code",
                    f"этап «{phase.code}» есть и в плане {of_plan(other.code)}, а начала или дни "
                    f"запуска обоих совпадают или пересекаются: дайте этапу этого плана свой код, "
                    f"например «{phase.code}_2»",
                )


def load_plans(
    folder: Path = PLANS, sql_folder: Path = SQL
) -> tuple[tuple[Plan, ...], tuple[PlanError, ...]]:
    """Every valid plan, by year and code, and what is wrong with the others."""
    plans: list[Plan] = []
    errors: list[PlanError] = []
    for code in plan_codes(folder):
        try:
            plans.append(load_plan(code, folder, sql_folder))
        except PlanError as error:
            errors.append(error)
    # Which of two that clash goes on: one in force before a draft, the earlier before the later.
    accepted: list[Plan] = []
    for plan in sorted(plans, key=lambda plan: (plan.in_force or date.max, plan.code)):
        if problems := tuple(clashes(plan, accepted)):
            errors.append(PlanError(plan.code, f"{plan.code}.yaml", problems))
        else:
            accepted.append(plan)
    plans = sorted(accepted, key=lambda plan: (plan.year, plan.code))
    return tuple(plans), tuple(errors)


def plan_codes(folder: Path = PLANS) -> tuple[str, ...]:
    """Codes that have a file, valid or not: what is named otherwise is no plan."""
    return tuple(sorted(plan_files(folder)))


def plan_files(folder: Path = PLANS) -> dict[str, Path]:
    """The files of plans by code; of the operator's folder with the drafts beside it."""
    folders = [folder] if DRAFTS is None or folder != PLANS else [DRAFTS, folder]
    paths = (path for one in folders for path in one.glob("*.yaml"))
    return {path.stem: path for path in paths if _CODE.fullmatch(path.stem)}


def plan_sha256(plan: Plan) -> str:
    """The hash of what the plan says: comments change no report."""
    return hashlib.sha256(plan_json(plan)).hexdigest()


def plan_json(plan: Plan) -> bytes:
    """What the plan says as canonical JSON, as a phase run keeps it."""
    canonical = json.dumps(
        plan.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return canonical.encode()


def of_kept(content: bytes) -> dict[str, Any]:
    """What a kept plan says (`plan_json`), with a region also where it was kept before they were.

    The hour of reminders and of ends of windows, which had no effect, is left out. A plan without
    a region held its fields itself, and no forms of telephone numbers: the contact's own is the
    one that it knew. It may still be no plan of today's.
    """
    said: dict[str, Any] = json.loads(content)
    for name in ("reminders", "closings"):
        (said.get(name) or {}).pop("run_at", None)
    if "region" in said:
        return said
    region = {name: said.pop(old) for old, name in _OF_REGION.items() if old in said}
    operator = {name: said.pop(old) for old, name in _OF_OPERATOR.items() if old in said}
    said.get("order", {}).pop("issued_by", None)
    phone = re.sub(r"\d", "0", said.get("contact", {}).get("phone", "0"))
    return said | {"region": {**region, "operator": operator, "phone_forms": [phone]}}


def _has_query(sql_folder: Path, stem: str) -> bool:
    folder = sql_folder / "indicators" / stem
    return (folder / "units.sql").is_file() and (folder / "about.yaml").is_file()


@cache
def counts_values(stem: str, sql_folder: Path = SQL) -> bool:
    """Whether that query gives reported values and no units; who reads its about.yaml whole
    (`indicators.about`) says what is wrong with it."""
    path = sql_folder / "indicators" / stem / "about.yaml"
    try:
        return bool(read_yaml(path.read_text(encoding="utf-8")).get("values"))
    except (OSError, YamlRefused, AttributeError):
        return False


@cache
def _dataset_names(sources: Path) -> frozenset[str] | None:
    """The names alone: who reads that file whole says what is wrong with it."""
    try:
        listed = read_yaml(sources.read_text(encoding="utf-8"))["sources"]
        return frozenset(source["dataset"] for source in listed)
    except (OSError, YamlRefused, TypeError, KeyError):
        return None


def _region(code: str) -> Any:
    """What the region's file holds; YamlRefused, in Russian, where none can be read."""
    path = REGIONS / f"{code}.yaml"
    known = sorted(one.stem for one in REGIONS.glob("*.yaml"))
    if code not in known:  # nor a path to somewhere else
        raise YamlRefused(f"области «{code}» нет в include/regions (есть: {', '.join(known)})")
    try:
        return read_yaml(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise YamlRefused(f"файл include/regions/{path.name} не в кодировке UTF-8") from None
    except YamlRefused as error:
        raise YamlRefused(
            *(f"файл include/regions/{path.name}: {fault}" for fault in error.faults)
        ) from None
