"""The year in which every word of the order is satisfied."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from roadmap.plan.load import load_plan
from support.whole_year import JudgedYear, judged_year


@pytest.fixture(scope="session")
def meaning() -> Iterator[JudgedYear]:
    with judged_year(load_plan("2021")) as year:
        yield year
