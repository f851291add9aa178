"""What changed since the analysis before: tables, charts, sentences (docs/domain.md §4.1, §6.1).

A change is shown only where both shares may be shown; a paper that can't be compared is named
with the reason and stands in no table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from roadmap.analysis.dynamics import Change, NotComparable
from roadmap.analysis.read import HIDES_REGION, Level, Paper, PaperResult
from roadmap.analysis.shares import difference_interval
from roadmap.plan.model import Comparison, Procedure
from roadmap.plan.procedures import MAIN_SUBJECTS, kinds
from roadmap.reports.analysis.results import (
    as_told,
    is_own,
    low_share,
    low_words,
    paper_label,
    row_kind,
    row_label,
    shown_levels,
    subject_order,
    suppressed,
    total_level,
    unit_columns,
    unit_name,
    unit_order,
    written_by_own,
)
from roadmap.reports.facts.run import Facts, School
from roadmap.reports.model import (
    Cell,
    Figure,
    NotHeld,
    Pair,
    PairChart,
    PairGroup,
    Points,
    Share,
    Value,
)
from roadmap.reports.parts.draft import Draft, Laid
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.tables import Cells, Given, KeyFigure, Rows, columns
from roadmap.reports.words.show import points as difference_in_points
from roadmap.reports.words.wording import named, subject_dative, title

# What is said of the paper as a whole, not of one unit in it.
_OF_THE_PAPER = (
    NotComparable.NO_DATA,
    NotComparable.MINIMUM,
    NotComparable.SCALE,
    NotComparable.SCALE_UNKNOWN,
)
# With more rows the chart can't be read; the table beside it has the same numbers.
_ROWS_AT_MOST = 36
# So many papers are named one by one; of more, only subjects and the range.
_PAPERS_NAMED = 3


# -- Values and choosing ---------------------------------------------------------------------


def points(change: Change) -> Points | None:
    """The change as a value; None where none may be shown."""
    if change.points is None or change.previous is None:
        return None
    previous, current = low_share(change.previous), low_share(change.current)
    if previous is None or current is None:
        return None
    return Points(previous=previous, current=current)


def share_value(result: PaperResult | None) -> Value:
    """The share of low results, or the sign that stands in its place."""
    if result is None or result.hidden in HIDES_REGION:
        return NotHeld()
    return low_share(result) or suppressed(result)


def shown_changes(facts: Facts) -> tuple[Change, ...]:
    """Changes of papers that the addressee's schools wrote, in the order of the results."""
    written = {r.paper for r in written_by_own(facts.results)}
    return tuple(
        c
        for c in facts.changes
        if c.current.paper in written and c.reason is not NotComparable.DECLARED
    )


def of_schools(facts: Facts) -> tuple[Change, ...]:
    """Changes of the addressee's schools, also where the years can't be compared: whether results
    were low in both years is known even if the minimum changed."""
    return tuple(c for c in shown_changes(facts) if c.current.level is Level.SCHOOL)


def worse(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Those in which the share of low results grew by the plan's `worse_points` or more."""
    return tuple(c for c in changes if c.is_worse)


def sustained(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Those in which the threshold is reached in both years."""
    return tuple(c for c in changes if c.is_sustained_low)


def worse_schools(facts: Facts) -> tuple[School, ...]:
    """The addressee's schools whose low results grew in some paper, in their order."""
    return _schools(facts, worse(of_schools(facts)))


def sustained_schools(facts: Facts) -> tuple[School, ...]:
    return _schools(facts, sustained(of_schools(facts)))


def _schools(facts: Facts, changes: Iterable[Change]) -> tuple[School, ...]:
    ids = {c.current.unit_id for c in changes}
    return tuple(s for s in facts.schools if s.school_id in ids)


def _by_paper(changes: Iterable[Change]) -> dict[Paper, tuple[Change, ...]]:
    papers: dict[Paper, tuple[Change, ...]] = {}
    for change in changes:
        paper = change.current.paper
        papers[paper] = (*papers.get(paper, ()), change)
    return papers


def _is_compared(changes: Sequence[Change]) -> bool:
    """Whether something of a paper's changes can be set side by side for own units."""
    return any(c.points is not None and c.current.level is not Level.REGION for c in changes)


def _of(comparison: Comparison, changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(c for c in changes if c.comparison is comparison)


def _is_main(paper: Paper) -> bool:
    return paper.kind == "vpr" and paper.subject in MAIN_SUBJECTS


# -- The section -----------------------------------------------------------------------------


def dynamics(draft: Draft, facts: Facts) -> None:
    """The section's text, tables and charts after its heading."""
    comparisons = facts.run.phase.comparisons
    if not comparisons:
        autumn = any(p.kind == "vpr" and p.wave == "autumn" for p in facts.run.phase.procedures)
        draft.paragraph(sentence(facts, "first_analysis", autumn=autumn))
        return
    every = shown_changes(facts)
    compared = [c for c in comparisons if _is_compared(_of(c, every))]
    if compared:
        draft.paragraph(sentence(facts, "how"))
    else:
        draft.paragraph(sentence(facts, "nothing_to_compare"))
    for comparison in compared:
        _comparison(draft, facts, comparison, _of(comparison, every))
    if facts.is_region:
        _regional_list(draft, facts)
    absent = tuple(_not_compared(facts, every))
    if absent:
        draft.subsection(sentence(facts, "s_not_compared"))
        draft.paragraph(sentence(facts, "not_compared"))
        draft.numbered(absent)


def _comparison(
    draft: Draft, facts: Facts, comparison: Comparison, changes: Sequence[Change]
) -> None:
    """One subsection: the tables, the charts, what they say, what to bear in mind."""
    now, then = _procedure(facts, comparison).short_title, comparison.previous.short_title
    draft.subsection(sentence(facts, "two_procedures", first=now, second=then))
    levels = set(shown_levels(facts, [c.current for c in changes]))
    shown = [c for c in changes if c.current in levels]
    papers = {
        paper: of_paper for paper, of_paper in _by_paper(shown).items() if _is_compared(of_paper)
    }
    main = [c for paper, of_paper in papers.items() if _is_main(paper) for c in of_paper]
    other = [c for paper, of_paper in papers.items() if not _is_main(paper) for c in of_paper]
    where = sentence(facts, "two_procedures", first=then, second=now)
    base = f"dynamics/{comparison.current}"
    tables = []
    if main:
        tables.append(_main_table(facts, f"{base}/main", where, main))
    if other:
        tables.append(_other_table(facts, f"{base}/other", where, other, bool(main)))
    figures = _figures(facts, comparison, base, where, main)
    numbers = [str(draft.next_table + n) for n in range(len(tables))]
    pictures = [str(draft.next_figure + n) for n in range(len(figures))]
    draft.paragraph(sentence(facts, "see", tables=numbers, figures=pictures))
    for table in tables:
        draft.table(table)
    for figure in figures:
        draft.figure(figure)
    low = low_words(c.current for c in shown)
    totals = _totals_sentence(facts, changes, low)
    if totals is not None:
        draft.paragraph(totals)
    if not facts.is_region:
        draft.paragraph(" ".join(_schools_sentences(facts, changes, low)))
    if comparison.caution is not None:
        draft.paragraph(sentence(facts, "caution", caution=comparison.caution))


def _procedure(facts: Facts, comparison: Comparison) -> Procedure:
    return next(p for p in facts.run.phase.procedures if p.key == comparison.current)


# -- Tables ----------------------------------------------------------------------------------


def _main_table(facts: Facts, table_id: str, where: str, changes: Sequence[Change]) -> Laid:
    """ВПР in the main subjects side by side: a group of rows for each programme."""
    heads = unit_columns(facts, "dynamics/main")
    for subject in MAIN_SUBJECTS:
        heads += columns("change", f"{subject}/", title(subject))
    rows = Rows("document", table_id, heads)
    for grade in sorted({c.current.paper.grade for c in changes}):
        rows.group(sentence(facts, "grade", grade=grade))
        of_grade = [c for c in changes if c.current.paper.grade == grade]
        for first in _units(of_grade):
            by_subject = {
                c.current.paper.subject: c
                for c in of_grade
                if (c.current.level, c.current.unit_id) == (first.level, first.unit_id)
            }
            cells: dict[str, Given] = {"unit": _label(facts, tuple(by_subject.values()))}
            for subject in MAIN_SUBJECTS:
                cells |= change_cells(by_subject.get(subject), f"{subject}/")
            rows.add(
                cells,
                row_kind(facts, first),
                own=is_own(facts, first),
                figures={
                    f"{subject}/change": change_figure(facts, by_subject[subject])
                    for subject in MAIN_SUBJECTS
                    if subject in by_subject
                },
            )
    low = low_words(c.current for c in changes)
    caption = sentence(facts, "caption_changes", low_of=low, is_rest=False, where=where)
    return rows.laid(caption, _notes(facts, changes))


def _other_table(
    facts: Facts, table_id: str, where: str, changes: Sequence[Change], is_rest: bool
) -> Laid:
    """One paper after the other: a group of rows for each."""
    heads = (*unit_columns(facts, "dynamics/other"), *columns("change"))
    rows = Rows("document", table_id, heads)
    for paper, of_paper in _by_paper(changes).items():
        rows.group(title(_paper_name(facts, paper)))
        for change in of_paper:
            rows.add(
                {"unit": _label(facts, (change,)), **change_cells(change)},
                row_kind(facts, change.current),
                own=is_own(facts, change.current),
                figures={"change": change_figure(facts, change)},
            )
    low = low_words(c.current for c in changes)
    caption = sentence(facts, "caption_changes", low_of=low, is_rest=is_rest, where=where)
    return rows.laid(caption, _notes(facts, changes))


def _units(changes: Iterable[Change]) -> list[PaperResult]:
    """The first result of each unit: schools, total, region, each in the order of results."""
    first: dict[tuple[Level, str], PaperResult] = {}
    for change in changes:
        first.setdefault((change.current.level, change.current.unit_id), change.current)
    return sorted(first.values(), key=unit_order)


def _label(facts: Facts, changes: Sequence[Change]) -> str:
    """The unit's label; an asterisk where a total leaves small schools out in either year."""
    label = row_label(facts, changes[0].current).rstrip("*")
    partial = any(
        r is not None and r.small_schools and r.level is not Level.REGION
        for c in changes
        for r in (c.current, c.previous)
    )
    return f"{label}*" if partial else label


def change_cells(change: Change | None, subject: str = "") -> dict[str, Given]:
    """Then, now, the change; what grew by the plan's points is the one emphasis."""
    if change is None:
        return {f"{subject}{key}": NotHeld() for key in ("then", "now", "change")}
    value = points(change) or NotHeld()
    return {
        f"{subject}then": share_value(change.previous),
        f"{subject}now": share_value(change.current),
        f"{subject}change": Cell(value=value, at_threshold=is_marked(change)),
    }


def is_marked(change: Change) -> bool:
    """Whether tables emphasise the change: only of schools, which the letter asks to act."""
    return change.current.level is Level.SCHOOL and change.is_worse is True


def _notes(facts: Facts, changes: Sequence[Change]) -> tuple[str, ...]:
    notes = [sentence(facts, "note_numbers")]
    if any(is_marked(c) for c in changes):
        notes.append(sentence(facts, "note_worse"))
    if any(_label(facts, (c,)).endswith("*") for c in changes):
        notes.append(sentence(facts, "note_partial"))
    notes += as_told(facts, (c.previous for c in changes if c.previous is not None))
    return (" ".join(notes),)


def _paper_name(facts: Facts, paper: Paper) -> str:
    """«математика, программа 5 класса», of an exam the subject alone."""
    beside = kinds()[paper.kind].beside_title(paper.grade)
    return sentence(facts, "heading", procedure=paper.subject, beside=beside)


def change_figure(facts: Facts, change: Change) -> KeyFigure | None:
    """The change as a key figure; None where none may be shown."""
    if points(change) is None:
        return None
    current = change.current
    name = sentence(
        facts,
        "key_change",
        low_of=low_words((current,)),
        subject=current.paper.subject,
        where=paper_label(current.paper),
        unit=unit_name(facts, current),
    )
    return ("change", current.paper.key, current.level, current.unit_id), name


# -- Charts ----------------------------------------------------------------------------------


def _figures(
    facts: Facts, comparison: Comparison, figure_id: str, where: str, main: Sequence[Change]
) -> tuple[Figure, ...]:
    """The own total by programme; and the papers in which low results of a school grew."""
    groups = _subject_groups(facts, [c for c in main if c.current.level is total_level(facts)])
    figures = []
    if groups:
        caption = sentence(facts, "caption_chart")
        figures.append(_figure(facts, comparison, f"{figure_id}/totals", caption, groups))
    if not facts.is_region:
        groups = _worse_groups(facts, main)
        if groups and sum(len(group.pairs) for group in groups) <= _ROWS_AT_MOST:
            caption = sentence(facts, "caption_chart_worse", where=where)
            figures.append(_figure(facts, comparison, f"{figure_id}/worse", caption, groups))
    return tuple(figures)


def _worse_groups(facts: Facts, main: Sequence[Change]) -> list[PairGroup]:
    """The papers in which a school's low results grew: all schools of each, and their total."""
    return [
        PairGroup(
            title=title(_paper_name(facts, paper)),
            pairs=tuple(
                _pair(_label(facts, (c,)), c)
                for c in of_paper
                if c.current.level is not Level.REGION
            ),
        )
        for paper, of_paper in _by_paper(main).items()
        if any(is_marked(c) for c in of_paper)
    ]


def _pair(label: str, change: Change) -> Pair:
    return Pair(
        label=label,
        previous=share_value(change.previous),
        current=share_value(change.current),
        is_joined=change.points is not None,
        is_worse=is_marked(change),
    )


def _figure(
    facts: Facts, comparison: Comparison, figure_id: str, caption: str, groups: Sequence[PairGroup]
) -> Figure:
    chart = PairChart(
        previous=comparison.previous.short_title,
        current=_procedure(facts, comparison).short_title,
        groups=tuple(groups),
    )
    return Figure(id=figure_id, caption=caption, alt=_chart_alt(facts, chart), chart=chart)


def school_figure(facts: Facts, changes: Sequence[Change]) -> Figure | None:
    """One school's ВПР in the main subjects by programme; None where nothing may be compared."""
    groups = _subject_groups(facts, changes)
    if not groups:
        return None
    comparison = next(c.comparison for c in changes if _is_main(c.current.paper))
    caption = sentence(facts, "caption_chart_school")
    return _figure(facts, comparison, "school-dynamics", caption, groups)


def _subject_groups(facts: Facts, changes: Sequence[Change]) -> list[PairGroup]:
    """A unit's ВПР in the main subjects, by programme, where something may be compared."""
    groups = []
    for subject in MAIN_SUBJECTS:
        of_subject = [
            c for c in changes if _is_main(c.current.paper) and c.current.paper.subject == subject
        ]
        if any(c.points is not None for c in of_subject):
            pairs = (
                _pair(sentence(facts, "grade", grade=c.current.paper.grade), c) for c in of_subject
            )
            groups.append(PairGroup(title=title(subject), pairs=tuple(pairs)))
    return groups


def _chart_alt(facts: Facts, chart: PairChart) -> str:
    """Every number of the chart in words."""
    groups = [
        sentence(
            facts,
            "alt_group",
            title=group.title,
            pairs=[_alt_pair(facts, pair) for pair in group.pairs],
        )
        for group in chart.groups
    ]
    return sentence(facts, "alt", previous=chart.previous, current=chart.current, groups=groups)


def _alt_pair(facts: Facts, pair: Pair) -> str:
    previous, current = pair.previous, pair.current
    values = {"label": pair.label, "previous": previous, "current": current}
    if isinstance(previous, Share) and isinstance(current, Share) and pair.is_joined:
        change = Points(previous=previous, current=current)
        return sentence(facts, "alt_joined", **values, change=change)
    return sentence(facts, "alt_apart", **values)


# -- Sentences -------------------------------------------------------------------------------


def answer(facts: Facts) -> str | None:
    """The dynamics in one sentence, for letter and «Главное»; None with nothing to say."""
    compared = len({c.current.unit_id for c in of_schools(facts) if c.points is not None})
    if not compared:
        return None
    grew, both = len(worse_schools(facts)), len(sustained_schools(facts))
    schools = len(facts.schools)
    return sentence(facts, "answer", schools=schools, compared=compared, grew=grew, both=both)


def _totals_sentence(facts: Facts, changes: Sequence[Change], low: str) -> str | None:
    """In how many papers the own total rose, fell, stayed: no judgement, only direction."""
    own = [points(c) for c in changes if c.current.level is total_level(facts)]
    signs = [_sign(value) for value in own if value is not None]
    if not signs:
        return None
    papers = len(signs)
    directions = [
        sentence(facts, "direction", sign=sign, n=signs.count(sign), papers=papers)
        for sign in (1, -1, 0)
        if sign in signs
    ]
    return sentence(facts, "totals", low_of=low, papers=papers, directions=directions)


def _sign(value: Points) -> int:
    """1 where the shown share rose, -1 where it fell, 0 where both are shown alike."""
    difference = difference_in_points(value.current, value.previous)
    return (difference > 0) - (difference < 0)


def _schools_sentences(facts: Facts, changes: Sequence[Change], low: str) -> Iterable[str]:
    schools = [c for c in changes if c.current.level is Level.SCHOOL]
    grew = worse(schools)
    if grew:
        phrases = _by_school(
            facts, grew, lambda c: sentence(facts, "worse_paper", **_paper_values(c))
        )
        yield sentence(facts, "worse", low_of=low, phrases=phrases)
        yield from _chance(facts, grew)
    else:
        yield sentence(facts, "worse_nobody", low_of=low)
    both = sustained(schools)
    if both:
        phrases = _by_school(
            facts,
            both,
            lambda c: sentence(
                facts, "sustained_paper", **_paper_values(c), by_newer=_is_by_newer(c)
            ),
        )
        yield sentence(facts, "sustained", phrases=phrases)


def _is_by_newer(change: Change) -> bool:
    """Whether the threshold is reached by newer results than those that are shown."""
    return any(r is not None and r.is_verdict_other for r in (change.previous, change.current))


def _by_school(
    facts: Facts, changes: Sequence[Change], phrase: Callable[[Change], str]
) -> list[str]:
    """«Школа № 101 — по математике (…), по физике (…)», a phrase for each school."""
    return [
        sentence(
            facts,
            "of_school",
            name=named(school.name),
            papers=[phrase(c) for c in changes if c.current.unit_id == school.school_id],
        )
        for school in _schools(facts, changes)
    ]


def school_problem(facts: Facts, school_id: str) -> str:
    """What dynamics say against one school: growth and sustained low results; "" if nothing."""
    own = [c for c in of_schools(facts) if c.current.unit_id == school_id]
    texts = []
    grew = worse(own)
    if len(grew) > _PAPERS_NAMED:
        subjects = sorted({c.current.paper.subject for c in grew}, key=subject_order)
        texts.append(
            sentence(
                facts,
                "problem_worse_many",
                n=len(grew),
                papers=sum(c.points is not None for c in own),
                subjects=[subject_dative(subject) for subject in subjects],
            )
        )
    elif grew:
        papers = [sentence(facts, "problem_paper", **_paper_values(c)) for c in grew]
        texts.append(sentence(facts, "problem_worse", papers=papers))
    texts.extend(_chance(facts, grew))
    both = sustained(own)
    if len(both) > _PAPERS_NAMED:
        texts.append(sentence(facts, "problem_both_many", n=len(both)))
    elif both:
        papers = [sentence(facts, "problem_both_paper", **_paper_values(c)) for c in both]
        texts.append(sentence(facts, "problem_both", papers=papers))
    return " ".join(texts)


def _chance(facts: Facts, grew: Sequence[Change]) -> Iterable[str]:
    """That growth may be chance, where the 95 % interval of the change holds zero."""
    uncertain = [c for c in grew if _may_be_chance(c)]
    if uncertain:
        some = uncertain if len(uncertain) < len(grew) else ()
        subjects = sorted({c.current.paper.subject for c in some}, key=subject_order)
        yield sentence(facts, "growth_chance", subjects=[subject_dative(s) for s in subjects])


def _may_be_chance(change: Change) -> bool:
    value = points(change)
    if value is None:
        return False
    then, now = value.previous, value.current
    interval = difference_interval(
        (then.numerator, then.denominator), (now.numerator, now.denominator)
    )
    return interval.low <= 0 <= interval.high


def _paper_values(change: Change) -> dict[str, object]:
    return {
        "subject": change.current.paper.subject,
        "where": paper_label(change.current.paper),
        "change": points(change),
        "previous": share_value(change.previous),
        "current": share_value(change.current),
    }


# -- What is not compared --------------------------------------------------------------------


def _not_compared(facts: Facts, changes: Sequence[Change]) -> Iterable[str]:
    """Each procedure or paper that can't be compared, with the reason."""
    for comparison in facts.run.phase.comparisons:
        now, then = _procedure(facts, comparison), comparison.previous
        both = {"now": now.short_title, "then": then.short_title}
        if comparison.not_comparable is not None:
            yield sentence(facts, "declared", **both, reason=comparison.not_comparable)
        elif facts.run.received_on(now) is None:
            yield sentence(facts, "compared_not_received", title=now.title)
        elif facts.run.received_on(then) is None:
            yield sentence(facts, "compared_not_received", title=then.title)
        else:
            yield from _papers_not_compared(facts, _of(comparison, changes), both)


def _papers_not_compared(
    facts: Facts, changes: Sequence[Change], both: dict[str, str]
) -> Iterable[str]:
    papers: dict[NotComparable, list[str]] = {}
    for paper, of_paper in _by_paper(changes).items():
        if _is_compared(of_paper):
            continue
        reasons = {c.reason for c in of_paper}
        reason = next((r for r in _OF_THE_PAPER if r in reasons), None)
        if reason is None:
            of_own = {c.reason for c in of_paper if c.current.level is not Level.REGION}
            is_new = of_own == {NotComparable.NOT_WRITTEN}
            reason = NotComparable.NOT_WRITTEN if is_new else NotComparable.SMALL
        name = _paper_name(facts, paper)
        if reason is NotComparable.MINIMUM:
            name = _minima(facts, of_paper) or name
        papers.setdefault(reason, []).append(name)
    for why, names in papers.items():
        yield sentence(facts, "because", why=why, **both, papers=names)


def _minima(facts: Facts, changes: Sequence[Change]) -> str | None:
    """«физика (36 и 39)»: the minimum scores of both years, where a unit shows them."""
    for change in changes:
        now, then = change.current.exam, change.previous and change.previous.exam
        if change.reason is NotComparable.MINIMUM and now and then:
            subject = change.current.paper.subject
            return sentence(
                facts, "paper_minimum", subject=subject, then=then.minimum, now=now.minimum
            )
    return None


def reason_words(facts: Facts, change: Change) -> str:
    """Why one unit has no change, as a table says it; "" where it has one."""
    return sentence(facts, "reason", why=change.reason) if change.reason is not None else ""


# -- The region's list of schools ------------------------------------------------------------


def _regional_list(draft: Draft, facts: Facts) -> None:
    """Schools with growth or sustained low results, under their municipalities."""
    changes = [c for c in of_schools(facts) if c.is_worse or c.is_sustained_low]
    if not changes:
        draft.paragraph(sentence(facts, "region_list_none"))
        return
    draft.subsection(sentence(facts, "s_region_list"))
    draft.paragraph(sentence(facts, "region_list", table=draft.next_table))
    heads = (*columns("dynamics/schools"), *columns("change"), *columns("dynamics/sign"))
    rows = Rows("document", "dynamics/schools", heads)
    for key, addressee in facts.run.municipalities.items():
        listed = [
            (school, c)
            for school in facts.schools
            if school.municipality_id == key
            for c in changes
            if c.current.unit_id == school.school_id
        ]
        if listed:
            rows.group(title(named(addressee.name)))
        for school, change in listed:
            rows.add(_list_cells(facts, school, change))
    notes = (sentence(facts, "note_numbers"),)
    draft.table(rows.laid(sentence(facts, "caption_region_list"), notes))


def _list_cells(facts: Facts, school: School, change: Change) -> Cells:
    paper = change.current.paper
    work = sentence(facts, "work", subject=paper.subject, where=paper_label(paper))
    return {
        "unit": named(school.name),
        "work": title(work),
        **change_cells(change),
        # Every row of this list has a sign, so emphasis would mark all of them.
        "change": points(change) or NotHeld(),
        "sign": sign_words(facts, change),
    }


def sign_words(facts: Facts, change: Change) -> str:
    """«рост на 10 п. п. и более, порог в оба года»; "" where neither holds."""
    signs = []
    if change.is_worse:
        signs.append(sentence(facts, "sign_worse"))
    if change.is_sustained_low:
        signs.append(sentence(facts, "sign_sustained"))
    return ", ".join(signs)
