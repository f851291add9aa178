"""The small plan as another region would have published it, and its year.

Rows are numbered «1.10» under three sections; a row names who is responsible and the document that
it ends with, and «2.11» has no indicator.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import yaml

from roadmap.plan.load import examine
from roadmap.plan.model import Plan
from roadmap.plan.strict_yaml import read_yaml
from support.plans import SMALL_PLANS
from support.whole_year import Rows, whole_year

NUMBERS = {
    1: "1.1", 2: "1.2", 3: "1.3", 4: "1.4", 5: "1.10", 6: "2.1", 7: "2.2", 8: "2.3", 11: "2.10",
    12: "3.1", 13: "3.2", 14: "3.3", 15: "3.4", 16: "3.5", 17: "3.6",
}  # fmt: skip
SECTIONS = {
    "1": "Раздел 1. Организационные мероприятия",
    "2": "Раздел 2. Методические мероприятия",
    "3": "Раздел 3. Мониторинг",
}
UNMEASURED = {
    "number": "2.11",
    "section": 2,
    "text": "Консультации для школ",
    "date_text": "До 10 июня",
    "indicator_text": None,
    "window": {"kind": "on", "on": "2021-06-10"},
    "indicators": [],
}
RESPONSIBLE, RESULT = "Муниципальные методические службы", "Муниципальный правовой акт"


def declared() -> dict[str, Any]:
    """What the file of that plan says."""
    said: dict[str, Any] = read_yaml((SMALL_PLANS / "2021.yaml").read_text(encoding="utf-8"))
    # A copy without the shared parts of YAML's anchors.
    said = json.loads(json.dumps(said, default=str))
    said["sections"] = [{"code": int(code), "title": title} for code, title in SECTIONS.items()]
    for measure in said["measures"]:
        number = NUMBERS[measure["number"]]
        measure |= {"number": number, "section": int(number[0])}
        rules = measure.get("rules", {})
        if "exclude" in rules:
            rules["exclude"] = [NUMBERS[one] for one in rules["exclude"]]
        if "interim_indicators" in rules:
            rules["interim_indicators"] = [_code(one) for one in rules["interim_indicators"]]
        for waiver in measure.get("waivers", []):
            waiver["indicator"] = _code(waiver["indicator"])
        for indicator in measure["indicators"]:
            indicator["code"] = _code(indicator["code"])
            for settings in (
                indicator.get("parameters", {}),
                *(part.get("parameters", {}) for part in indicator.get("parts", [])),
            ):
                if "monitoring" in settings:
                    settings["monitoring"] = NUMBERS[settings["monitoring"]]
    by_number = {measure["number"]: measure for measure in said["measures"]}
    by_number["1.10"] |= {"responsible": RESPONSIBLE, "result": RESULT}
    place = said["measures"].index(by_number["2.10"]) + 1
    said["measures"].insert(place, dict(UNMEASURED))
    for phase in said["phases"]:
        for name in ("owns", "reports"):
            phase[name] = [NUMBERS[one] for one in phase[name]]
        if "2.10" in phase["reports"]:
            phase["reports"].append(UNMEASURED["number"])
    for name in ("reminders", "closings"):
        said[name]["measures"] = [NUMBERS[one] for one in said[name]["measures"]]
    return said


def _code(code: str) -> str:
    number, _, own = code.partition(".")
    return f"{NUMBERS[int(number)]}.{own}"


def problems(said: dict[str, Any]) -> dict[str, str]:
    """What is wrong with a file that says it, by path."""
    return dict(examine(_file(said))[1])


@cache
def other_roadmap() -> Plan:
    """The plan, read as an operator's is."""
    plan, found = examine(_file(declared()))
    assert plan is not None and not found, found
    return plan


def other_year() -> Rows:
    """The rows of the whole year, by the numbers and codes of that plan."""
    rows = whole_year()
    for row in (*rows["event"], *rows.get("programme", []), *rows["own_schedule_date"]):
        row["measure"] = NUMBERS.get(int(row.get("measure", "8")), "9.9")
    for row in rows["document"]:
        if int(row["indicator"].partition(".")[0]) in NUMBERS:
            row["indicator"] = _code(row["indicator"])
    return rows


def _file(said: dict[str, Any]) -> bytes:
    return yaml.safe_dump(said, allow_unicode=True, sort_keys=False).encode()
