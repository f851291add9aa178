"""A plan whose order is not issued yet has reports all the same, and they say so."""

from __future__ import annotations

import re
from datetime import date

import pytest

from roadmap.paths import TEMPLATES
from roadmap.reports.words.wording import say
from support.plans import small_plan

ISSUED = small_plan().order
DRAFT = ISSUED.model_copy(update={"number": None, "date": None})
GIVEN = {
    "measure": "7",
    "numbers": ["12", "13"],
    "measures": ["5"],
    "table": 1,
    "order": ISSUED,
    "issuer": "департамента образования",
}
_MACRO = re.compile(r"{% macro (\w+)\(([^)]*)\) %}")


def of_an_order() -> list[tuple[str, str, dict[str, object]]]:
    """Every sentence that names the plan's order; that of the orders before is another one."""
    folder = TEMPLATES / "wording"
    return [
        (
            path.relative_to(folder).with_suffix("").as_posix(),
            name,
            {argument: GIVEN[argument] for argument in arguments.split(", ")},
        )
        for path in sorted(folder.rglob("*.j2"))
        for name, arguments in _MACRO.findall(path.read_text("utf-8"))
        if "order" in arguments.split(", ") and name not in {"basis_order", "requisites"}
    ]


CASES = of_an_order()


def test_every_kind_of_report_names_its_order() -> None:
    assert {template.partition("/")[0] for template, _, _ in CASES} == {
        "shared", "analysis", "monitoring", "summary",
    }  # fmt: skip


@pytest.mark.parametrize(("template", "name", "values"), CASES)
def test_an_order_is_named_by_its_day_and_number_or_as_not_issued(
    template: str, name: str, values: dict[str, object]
) -> None:
    issued = say(template, name, **values).replace("\u00a0", " ")
    assert f"от {date(2021, 3, 19):%d.%m.%Y} № 376" in issued
    draft = say(template, name, **(values | {"order": DRAFT}))
    assert "None" not in draft
    assert re.search("ещё не определены|проекта плана-графика", draft.replace("\u00a0", " "))
