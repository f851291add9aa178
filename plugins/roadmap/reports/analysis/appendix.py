"""The appendix of an analysis: every figure of the report, one fact per row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from roadmap import russian
from roadmap.analysis.dynamics import Change
from roadmap.analysis.read import Level, PaperResult
from roadmap.plan.model import Procedure
from roadmap.reports.analysis.dynamics import (
    change_cells,
    change_figure,
    reason_words,
    share_value,
    sign_words,
    told,
    worse_text,
)
from roadmap.reports.analysis.results import (
    is_own,
    low_share,
    of_procedure,
    row_kind,
    threshold_text,
    written_by_own,
)
from roadmap.reports.analysis.results_tables import (
    exams_sheet_table,
    marks_sheet_table,
    unit_cells,
    unit_columns,
)
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import (
    AttentionItem,
    Count,
    Sheet,
    Words,
)
from roadmap.reports.parts.appendix import (
    Appendix,
    about_sheet,
    attention_sheet,
    indicators_sheet,
    sheet,
)
from roadmap.reports.parts.draft import Laid, Placed
from roadmap.reports.parts.measures import Shown
from roadmap.reports.parts.tables import Cells, Given, Rows, foreign, number, text
from roadmap.reports.words.show import NO_DATA
from roadmap.reports.words.wording import named, say, title

_WORDING = "analysis"
_ORDER = list(Level)


def compose_appendix(
    facts: Facts, shown: Sequence[Shown], items: Sequence[AttentionItem]
) -> Appendix:
    """«О файле», «Показатели», «Отметки», «ЕГЭ» and «Динамика» where any, «Внимание»."""
    held = [p for p in facts.run.phase.procedures if p.not_held is None]
    with_marks = [p for p in held if p.kind != "ege"]
    with_exams = [p for p in held if p.kind == "ege"]
    about = say(_WORDING, "heading_about")
    sheets = [about_sheet(facts, about, _signs_text(facts), _sources(facts))]
    if shown:
        sheets.append(indicators_sheet(facts, shown))
    placed: list[Placed] = []
    if marks := _in_order(facts, with_marks):
        heading = say(_WORDING, "heading_marks", procedures=_present(with_marks, marks))
        laid = marks_sheet_table(facts, with_marks, marks)
        sheets.append(_sheet(facts, say(_WORDING, "marks"), heading, _signs(facts), laid))
        placed += laid.placed
    if exams := _in_order(facts, with_exams):
        heading = say(_WORDING, "heading_exams", procedures=_present(with_exams, exams))
        laid = exams_sheet_table(facts, with_exams, exams)
        sheets.append(_sheet(facts, say(_WORDING, "exams"), heading, _signs(facts), laid))
        placed += laid.placed
    if changes := _changes(facts):
        laid = _dynamics_table(facts, changes)
        signs = say(_WORDING, "signs_dynamics", points=worse_text(facts))
        tab, heading = say(_WORDING, "s_dynamics"), say(_WORDING, "heading_dynamics")
        sheets.append(_sheet(facts, tab, heading, signs, laid))
        placed += laid.placed
    sheets.append(attention_sheet(facts, items))
    return Appendix(tuple(sheets), tuple(placed))


def _sheet(facts: Facts, tab: str, heading: str, signs: str, laid: Laid) -> Sheet:
    name = title(named(facts.addressee.name))
    subtitle = say(_WORDING, "subtitle_shares", name=name, as_of=facts.run.as_of)
    return sheet(facts, tab, heading, signs, laid.table, subtitle)


def _sources(facts: Facts) -> Iterator[tuple[str, Given]]:
    """Each procedure of the phase with the day of its file, or why there is none."""
    for procedure in facts.run.phase.procedures:
        received = facts.run.received_on(procedure)
        if procedure.not_held is not None:
            reason = procedure.not_held
            yield procedure.title, say(_WORDING, "source_not_held", reason=reason)
        elif received is None:
            yield procedure.title, NO_DATA
        else:
            # The day of a file is no one's own: a file sent again unchanged corrects nobody.
            told = say(_WORDING, "source_received", day=received)
            yield procedure.title, foreign(Words(text=told))


def _in_order(facts: Facts, procedures: Sequence[Procedure]) -> tuple[PaperResult, ...]:
    """Schools by name and paper, then totals, then the region: as a filter leaves them."""
    found = [
        r
        for procedure in procedures
        for r in written_by_own(facts, of_procedure(facts.results, procedure))
        if facts.is_region or r.level is not Level.PARTICIPANTS
    ]
    # The sort is stable: within a unit the papers keep the order of the document.
    return tuple(sorted(found, key=lambda r: _unit_order(facts, r)))


def _unit_order(facts: Facts, result: PaperResult) -> tuple[object, ...]:
    municipalities = list(facts.run.municipalities)
    place = (
        municipalities.index(result.municipality_id)
        if result.municipality_id in facts.run.municipalities
        else len(municipalities)
    )
    return (_ORDER.index(result.level), place, russian.natural_key(result.name), result.unit_id)


def _present(procedures: Sequence[Procedure], results: Sequence[PaperResult]) -> list[str]:
    found = {(r.paper.kind, r.paper.year, r.paper.wave) for r in results}
    return [p.short_title for p in procedures if (p.kind, p.year, p.wave) in found]


def _signs(facts: Facts) -> str:
    threshold = threshold_text(facts.run.plan.analysis.low_share_percent)
    return say(_WORDING, "signs", threshold=threshold, least=facts.run.least)


# -- Dynamics --------------------------------------------------------------------------------


def _changes(facts: Facts) -> tuple[Change, ...]:
    """Schools by name and paper, then totals, then the region, as results stand."""
    found = [c for c in told(facts) if facts.is_region or c.current.level is not Level.PARTICIPANTS]
    return tuple(sorted(found, key=lambda c: _unit_order(facts, c.current)))


def _dynamics_table(facts: Facts, changes: Sequence[Change]) -> Laid:
    """A row per unit and paper: both years and the change, or why there is none."""
    columns = (
        *unit_columns(facts),
        text("compared_with", "Сравнивается с", 19),
        number("then_n", "Было: участников", 11),
        number("then_low_n", "Было: низкий результат, чел.", 12),
        number("then_low", "Было, %", 9),
        number("now_n", "Стало: участников", 11),
        number("now_low_n", "Стало: низкий результат, чел.", 12),
        number("now_low", "Стало, %", 9),
        number("change", "Изменение, п.\u00a0п.", 11),
        text("sign", "Признак", 24),
        text("reason", "Почему не сравнивается", 30),
    )
    rows = Rows("appendix", "dynamics", columns)
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
                "reason": reason_words(change),
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


def _signs_text(facts: Facts) -> str:
    threshold = threshold_text(facts.run.plan.analysis.low_share_percent)
    return say(_WORDING, "signs_text", threshold=threshold, least=facts.run.least)
