"""Results of assessment procedures as bars."""

from __future__ import annotations

from collections.abc import Sequence

from roadmap.analysis.read import Level, Paper, PaperResult
from roadmap.reports.analysis.results import (
    at,
    by_paper,
    is_at_threshold,
    is_main,
    low_share,
    low_words,
    only,
    suppressed,
)
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Bar, BarChart, BarGroup, Figure, Suppressed
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.words.wording import named, title

# Bars of so many schools in two subjects still stand on one page with their table.
BARS_ON_ONE_FIGURE = 12
BARS_AT_MOST = 36


def share_figures(
    facts: Facts, figure_id: str, where: str, results: Sequence[PaperResult]
) -> tuple[Figure, ...]:
    """Bars of the share of low results by school in the main subjects.

    One figure, or one per subject where the bars would not stand on a page; none where no
    share may be shown or where there are more schools than bars can stand on a page.
    """
    shown = [
        (paper, of_paper)
        for paper, of_paper in by_paper(results)
        if is_main(paper) and any(low_share(r) is not None for r in at(of_paper, Level.SCHOOL))
    ]
    schools = max((len(at(of_paper, Level.SCHOOL)) for _, of_paper in shown), default=0)
    if not shown or schools > BARS_AT_MOST:
        return ()
    if schools <= BARS_ON_ONE_FIGURE:
        return (_figure(facts, figure_id, where, shown),)
    return tuple(
        _figure(facts, f"{figure_id}/{number}", f"{where}, {paper.subject}", [(paper, of_paper)])
        for number, (paper, of_paper) in enumerate(shown, start=1)
    )


def _figure(
    facts: Facts, figure_id: str, where: str, shown: Sequence[tuple[Paper, Sequence[PaperResult]]]
) -> Figure:
    groups = [_bar_group(title(paper.subject), of_paper) for paper, of_paper in shown]
    low = low_words(result for _, of_paper in shown for result in of_paper)
    caption = sentence(facts, "caption_chart_shares", low_of=low, where=where)
    return bars_figure(facts, figure_id, caption, groups, low)


def _bar_group(heading: str, results: Sequence[PaperResult]) -> BarGroup:
    region = only(results, Level.REGION)
    return BarGroup(
        title=heading,
        bars=tuple(
            Bar(
                label=named(result.name),
                value=low_share(result) or suppressed(result),
                at_threshold=is_at_threshold(result),
            )
            for result in at(results, Level.SCHOOL)
        ),
        region=low_share(region) if region is not None else None,
    )


def bars_figure(
    facts: Facts, figure_id: str, caption: str, groups: Sequence[BarGroup], low: str
) -> Figure:
    """The bars with the threshold, and every number of them in words; shares are of `low`."""
    texts = []
    for group in groups:
        bars = [_bar_in_words(facts, bar) for bar in group.bars]
        if group.region is not None:
            bars.append(sentence(facts, "chart_region", share=group.region))
        texts.append(sentence(facts, "chart_group", subject=group.title, bars=bars))
    threshold = facts.run.plan.analysis.low_share_percent
    return Figure(
        id=figure_id,
        caption=caption,
        alt=sentence(facts, "chart_alt", low_of=low, groups=texts),
        chart=BarChart(groups=tuple(groups), threshold=threshold),
    )


def _bar_in_words(facts: Facts, bar: Bar) -> str:
    if isinstance(bar.value, Suppressed):
        in_all = bar.value.in_every_school
        return sentence(facts, "chart_all_small" if in_all else "chart_small", name=bar.label)
    return sentence(facts, "chart_bar", name=bar.label, share=bar.value)
