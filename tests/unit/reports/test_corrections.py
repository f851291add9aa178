"""What a correction says has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, delete, update

import support.analysis_rows as rows
import support.monitoring_rows as monitoring
from roadmap.analysis.read import Level
from roadmap.reports.compose import compose, load_model
from roadmap.reports.corrections import AT_MOST, corrections
from roadmap.reports.model import Cell, ReportModel, Table, Words
from roadmap.store.tables import indicator_gap, indicator_result, paper_result, phase_run
from support.analysis_rows import REGION, RUN, made_run


def _model(engine: Engine, unit: str = "buyskiy") -> ReportModel:
    compose(engine, rows.plan(), RUN, rows.ANSWERS_TO)
    with engine.connect() as db:
        return load_model(db, RUN, unit)


@pytest.fixture
def changed(engine: Engine) -> Callable[..., tuple[str, ...]]:
    """What is said after the statements were executed."""

    def after(*statements: Any) -> tuple[str, ...]:
        made_run().insert(engine)
        before = _model(engine)
        with engine.begin() as db:
            for statement in statements:
                db.execute(statement)
        return tuple(text.replace("\u00a0", " ") for text in corrections(before, _model(engine)))

    return after


_OF_102 = (paper_result.c.unit_id == "s102") & (paper_result.c.grade == 6)
_CURATORS = (indicator_result.c.indicator == "6.2") & (
    indicator_result.c.municipality_id == "buyskiy"
)


def test_the_same_content_has_no_changes(changed: Callable[..., tuple[str, ...]]) -> None:
    assert changed() == ()


def test_the_regions_figures_are_no_change_of_the_municipality(
    changed: Callable[..., tuple[str, ...]],
) -> None:
    where = (paper_result.c.level == Level.REGION) & (paper_result.c.kind == "vpr")
    assert changed(update(paper_result).where(where).values(mark_2=1)) == ()


def test_a_figure_is_told_before_and_after(changed: Callable[..., tuple[str, ...]]) -> None:
    where = _OF_102 & (paper_result.c.subject == "математика")
    assert changed(update(paper_result).where(where).values(mark_2=5, mark_3=12)) == (
        "доля отметок «2» по математике (ВПР, программа 6 класса), Школа № 102 (условная):"
        " было 26,1 %, стало 21,7 %",
    )


def test_a_figure_that_came_or_went_is_told(changed: Callable[..., tuple[str, ...]]) -> None:
    where = _OF_102 & (paper_result.c.subject == "математика")
    gone = changed(update(paper_result).where(where).values(is_small=1, is_low=None))
    assert gone == (
        "доля отметок «2» по математике (ВПР, программа 6 класса), Школа № 102 (условная):"
        " было 26,1 %, больше не приводится",
    )


def test_a_status_and_a_matter_that_is_settled_are_told(
    changed: Callable[..., tuple[str, ...]],
) -> None:
    told = changed(
        update(indicator_result)
        .where(_CURATORS)
        .values(numerator=2, shortfall=0, met_on="2021-03-30", status="done"),
        delete(indicator_gap).where(indicator_gap.c.indicator == "6.2"),
    )
    assert told == (
        "показатель 6.2 «Кураторы школ участвовали в вебинаре»:"
        " было «исполнено частично», стало «исполнено»",
        "больше не требует внимания: Школа № 102 (условная)",
    )


def test_the_as_of_date_is_told(changed: Callable[..., tuple[str, ...]]) -> None:
    assert changed(update(phase_run).values(as_of="2021-03-30"))[0] == (
        "отчётная дата: была 31.03.2021, стала 30.03.2021"
    )


def test_of_many_changes_five_are_named_and_the_rest_counted(
    changed: Callable[..., tuple[str, ...]],
) -> None:
    where = (paper_result.c.level == Level.SCHOOL) & (paper_result.c.kind == "vpr")
    told = changed(
        update(paper_result)
        .where(where)
        .values(mark_2=paper_result.c.mark_2 + 1, mark_3=paper_result.c.mark_3 - 1)
    )
    assert len(told) == AT_MOST + 1
    assert told[-1].startswith("и ещё ")


def test_a_change_of_no_key_figure_is_told_cell_by_cell(
    changed: Callable[..., tuple[str, ...]],
) -> None:
    where = _OF_102 & (paper_result.c.subject == "математика")
    told = changed(update(paper_result).where(where).values(mark_3=10, mark_4=6))
    assert told[0] == (
        "Статистика по отметкам. ВПР осень 2020, программа 6 класса; Математика, Школа № 102"
        " (условная); доля отметок, % «3»: было 47,8 %, стало 43,5 %"
    )
    assert not any("документах" in sentence for sentence in told)


def test_a_table_is_compared_with_itself_and_not_with_its_like_in_the_appendix(
    engine: Engine,
) -> None:
    """The order's table stands in the document and in the appendix, its dates broken otherwise."""
    run = monitoring.june()
    run.insert(engine)
    compose(engine, monitoring.plan(), run.run, rows.ANSWERS_TO)
    with engine.connect() as db:
        model = load_model(db, run.run, "buyskiy")
    assert model.document is not None
    blocks = []
    for block in model.document.blocks:
        if isinstance(block, Table) and block.id == "measures":
            cells = block.cells()[4] | {"note": Cell(value=Words(text="иначе"))}
            fifth = block.rows[4].model_copy(update={"cells": tuple(cells.values())})
            rows_now = (*block.rows[:4], fifth, *block.rows[5:])
            block = block.model_copy(update={"rows": rows_now})
        blocks.append(block)
    document = model.document.model_copy(update={"blocks": tuple(blocks)})
    (told,) = corrections(model, model.model_copy(update={"document": document}))
    assert "; 5, " in told.replace("\u00a0", " ")
    assert told.endswith("стало иначе")


def test_reports_of_different_addressees_are_not_compared(engine: Engine) -> None:
    made_run().insert(engine)
    own = _model(engine)
    with pytest.raises(ValueError, match="different"):
        corrections(own, _model(engine, REGION))
