"""The appendix of an analysis: every figure of the report, one fact per row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from roadmap.analysis.dynamics import Change
from roadmap.analysis.read import Level, PaperResult
from roadmap.plan.model import Procedure
from roadmap.plan.procedures import kinds, scales
from roadmap.reports.analysis.dynamics import (
    change_cells,
    change_figure,
    reason_words,
    share_value,
    shown_changes,
    sign_words,
)
from roadmap.reports.analysis.results import (
    is_own,
    low_share,
    of_procedure,
    row_kind,
    unit_order,
    written_by_own,
)
from roadmap.reports.analysis.results_tables import sheet_table, sheet_unit_columns, unit_cells
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import AttentionItem, Count, Sheet, Words
from roadmap.reports.parts.appendix import about_sheet, attention_sheet, indicators_sheet, sheet
from roadmap.reports.parts.draft import Laid, Placed
from roadmap.reports.parts.measures import Shown
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.tables import Cells, Given, Rows, columns, foreign
from roadmap.reports.words.show import NO_DATA
from roadmap.reports.words.wording import named, title


def compose_appendix(
    facts: Facts, shown: Sequence[Shown], items: Sequence[AttentionItem]
) -> tuple[list[Sheet], list[Placed]]:
    """«О файле», «Показатели», results by their scale («Отметки», «ЕГЭ») and «Динамика» where any,
    «Внимание»; and where key figures stand in them."""
    held = [p for p in facts.run.phase.procedures if p.not_held is None]
    about = sentence(facts, "heading_about")
    sheets = [about_sheet(facts, about, sentence(facts, "signs_text"), _sources(facts))]
    if shown:
        sheets.append(indicators_sheet(facts, shown))
    placed: list[Placed] = []
    for code, scale in scales().items():
        on_scale = [p for p in held if kinds()[p.kind].scale == code]
        if results := _in_order(facts, on_scale):
            procedures = _present(on_scale, results)
            heading = sentence(
                facts, "heading_results", heading=scale.heading, procedures=procedures
            )
            laid = sheet_table(facts, code, on_scale, results)
            sheets.append(_sheet(facts, scale.tab, heading, sentence(facts, "signs"), laid))
            placed += laid.placed
    if changes := _changes(facts):
        laid = _dynamics_table(facts, changes)
        present = {kinds()[p.kind].scale for p in held}
        low_results = [scale.low_result for code, scale in scales().items() if code in present]
        signs = sentence(facts, "signs_dynamics", low_results=low_results)
        tab, heading = sentence(facts, "s_dynamics"), sentence(facts, "heading_dynamics")
        sheets.append(_sheet(facts, tab, heading, signs, laid))
        placed += laid.placed
    sheets.append(attention_sheet(facts, items))
    return sheets, placed


def _sheet(facts: Facts, tab: str, heading: str, signs: str, laid: Laid) -> Sheet:
    name = title(named(facts.addressee.name))
    subtitle = sentence(facts, "subtitle_shares", name=name)
    return sheet(facts, tab, heading, signs, laid.table, subtitle)


def _sources(facts: Facts) -> Iterator[tuple[str, Given]]:
    """Each procedure of the phase with the day of its file, or why there is none."""
    for procedure in facts.run.phase.procedures:
        received = facts.run.received_on(procedure)
        if procedure.not_held is not None:
            reason = procedure.not_held
            yield procedure.title, sentence(facts, "source_not_held", reason=reason)
        elif received is None:
            yield procedure.title, NO_DATA
        else:
            # Not the addressee's own: the same file sent again must cause no correction.
            words = sentence(facts, "source_received", day=received)
            yield procedure.title, foreign(Words(text=words))


def _in_order(facts: Facts, procedures: Sequence[Procedure]) -> list[PaperResult]:
    """Schools by name and paper, then totals, then the region: as a filter leaves them."""
    results = [
        r
        for procedure in procedures
        for r in written_by_own(of_procedure(facts.results, procedure))
        if facts.is_region or r.level is not Level.PARTICIPANTS
    ]
    # The sort is stable: within a unit the papers keep the order of the document.
    return sorted(results, key=lambda r: _unit_order(facts, r))


def _unit_order(facts: Facts, result: PaperResult) -> tuple[object, ...]:
    level, *name = unit_order(result)
    places = list(facts.run.municipalities)
    is_known = result.municipality_id in facts.run.municipalities
    place = places.index(result.municipality_id) if is_known else len(places)
    return (level, place, *name)


def _present(procedures: Sequence[Procedure], results: Sequence[PaperResult]) -> list[str]:
    written = {r.paper.procedure for r in results}
    return [p.short_title for p in procedures if p.key in written]


# -- Dynamics --------------------------------------------------------------------------------


def _changes(facts: Facts) -> list[Change]:
    """Schools by name and paper, then totals, then the region, as results stand."""
    changes = [
        c
        for c in shown_changes(facts)
        if facts.is_region or c.current.level is not Level.PARTICIPANTS
    ]
    return sorted(changes, key=lambda c: _unit_order(facts, c.current))


def _dynamics_table(facts: Facts, changes: Sequence[Change]) -> Laid:
    """A row per unit and paper: both years and the change, or why there is none."""
    heads = (*sheet_unit_columns(facts), *columns("sheet/dynamics"))
    rows = Rows("appendix", "dynamics", heads)
    for change in changes:
        current = change.current
        rows.add(
            {
                **unit_cells(facts, facts.run.phase.procedures, current),
                "compared_with": change.comparison.previous.short_title,
                **_year_cells("then", change.previous),
                **_year_cells("now", current),
                **change_cells(change),
                "sign": sign_words(facts, change),
                "reason": reason_words(facts, change),
            },
            row_kind(facts, current),
            own=is_own(facts, current),
            figures={"change": change_figure(facts, change)},
        )
    return rows.laid()


def _year_cells(year: str, result: PaperResult | None) -> Cells:
    """Participants, those with a low result, their share; the sign where they are hidden."""
    share = low_share(result) if result is not None else None
    if share is None:
        return {f"{year}_n": share_value(result), f"{year}_low_n": "", f"{year}_low": ""}
    return {
        f"{year}_n": Count(n=share.denominator),
        f"{year}_low_n": Count(n=share.numerator),
        f"{year}_low": share,
    }
