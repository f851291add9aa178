"""Results of assessment procedures: tables that several datasets fill.

Each of those datasets has a reader of its own, so only the tables are declared here.
References to schools and municipalities stay as the file wrote them (normalised); a run
resolves them by the registry that it froze (run_school_ref), so the order in which files
arrive changes nothing.
"""

from __future__ import annotations

from roadmap.datasets.model import Column, FactTable, Kind, Rule

# No procedure in the country has more participants (ВПР: about 1.5 million a paper).
MOST_PEOPLE = 3_000_000

_MARKS = ("mark_2", "mark_3", "mark_4", "mark_5")


def _text(key: str, *one_of: str, required: bool = True) -> Column:
    return Column("", key, required=required, choices={word: word for word in one_of})


def _counts(*keys: str, kind: Kind = Kind.INTEGER, required: bool = True) -> list[Column]:
    return [Column("", key, kind, required) for key in keys]


_PAPER = (
    Column("", "kind", words="procedures"),
    *_counts("year"),  # calendar year of the procedure: ВПР autumn 2020 → 2020
    _text("wave", "autumn", "spring", "main"),
    *_counts("grade"),  # the PROGRAMME's grade; 11 for ЕГЭ, 10 for ДР-10
    _text("subject"),  # normalised: «русский язык»
)
_SCHEMES = ("vpr_login", "gia_code", "name")
_GROUP = (
    *_PAPER,
    _text("level", "school", "municipality", "region", "country"),
    _text("school_scheme", *_SCHEMES, required=False),  # empty above the school
    _text("school_ref", required=False),
    _text("municipality_ref", required=False),  # normalised name or code as the file has it
)
_SCHOOL = (
    *_PAPER,
    _text("school_scheme", *_SCHEMES),
    _text("school_ref"),
    _text("municipality_ref", required=False),
)
_PAPER_KEY = tuple(column.key for column in _PAPER)
_GROUP_KEY = tuple(column.key for column in _GROUP)
_SCHOOL_KEY = (*_PAPER_KEY, "school_scheme", "school_ref")
_SCHOOL_ROW = Rule(
    "SCHOOL_REF",
    "у строки школы нет её кода, или он есть у строки муниципалитета или региона",
    lambda rows: (rows["level"] == "school") == rows["school_ref"].notna(),
)

# Tables that say more of what stands in the others; nobody counts their rows.
SUMS = frozenset({"score_result", "score_count", "paper_task", "task_result"})

TABLES = (
    FactTable(
        "mark_result",  # counts of marks of one group in one paper
        (
            *_GROUP,
            *_counts("schools", required=False),
            *_counts("participants"),
            *_counts("absent", required=False),
            *_counts(*_MARKS),
            *_counts("restored"),  # 1: counts were restored from percents
        ),
        key=_GROUP_KEY,
        rules=(
            Rule(
                "SUM",
                "сумма отметок не равна числу участников",
                lambda rows: sum(rows[mark] for mark in _MARKS) == rows["participants"],
            ),
            Rule(
                "RANGE",
                "участников больше, чем бывает",
                lambda rows: rows["participants"].fillna(0) <= MOST_PEOPLE,
            ),
            _SCHOOL_ROW,
        ),
    ),
    FactTable(
        "journal_result",  # agreement of marks with the journal
        (*_GROUP, *_counts("compared", "lowered", "confirmed", "raised", "restored")),
        key=_GROUP_KEY,
        rules=(
            Rule(
                "SUM",
                "понизившие, подтвердившие и повысившие не дают вместе числа сравнённых",
                lambda rows: (
                    rows["lowered"] + rows["confirmed"] + rows["raised"] == rows["compared"]
                ),
            ),
            _SCHOOL_ROW,
        ),
    ),
    # Sums of one group's primary scores, from which no pupil's can be had again (docs/formats.md,
    # «Суммы баллов»). Pairs are pupils with a score and a journal mark.
    FactTable(
        "score_result",
        (
            *_GROUP,
            *_counts("participants"),
            *_counts(
                *("absent", "score_sum", "score_squares"),
                *(f"journal_{mark}" for mark in (2, 3, 4, 5)),
                *("pair_scores", "pair_squares", "pair_products"),
                "gap_2",  # the paper's mark is two or more from the journal's; empty: no scale
                "rank_gaps",  # of Spearman: 4 times the sum of d², ranks within the school
                "score_ties",  # the sum of t³ - t over equal scores of pairs
                required=False,
            ),
            *_counts("restored"),  # 1: counts were restored from percents
            # Pupils with each of the scores from two below the least for the mark to one above it.
            *_counts(
                *(f"around_{mark}_{at}" for mark in (3, 4, 5) for at in (1, 2, 3, 4)),
                required=False,
            ),
        ),
        key=_GROUP_KEY,
        rules=(
            Rule(
                "RANGE",
                "суммы баллов не бывает при таком числе участников",
                lambda rows: (
                    rows["score_squares"].isna()
                    | (rows["score_sum"] ** 2 <= rows["participants"] * rows["score_squares"])
                ),
            ),
            _SCHOOL_ROW,
        ),
    ),
    FactTable(
        "score_count",  # how many of a group have a primary score; no row: nobody has
        (*_GROUP, *_counts("score", "pupils", "restored")),
        key=(*_GROUP_KEY, "score"),
    ),
    FactTable(
        "paper_task",  # the tasks of a paper, as one file names them
        (
            *_PAPER,
            *_counts("position"),  # from 1
            _text("task"),  # its code
            *_counts("maximum", required=False),
            _text("requirement", required=False),  # what it asks for, in the words of the file
        ),
        key=(*_PAPER_KEY, "position"),
    ),
    # Points of one group by task, and of those of it who have each mark. A list has a number for
    # each task of the file (paper_task), separated by spaces: a row a task would be a million.
    FactTable(
        "task_result",
        (
            *_GROUP,
            *_counts("pupils"),
            _text("points"),
            _text("left_out", required=False),  # pupils who did not begin the task («X»)
            *_counts(*(f"pupils_{mark}" for mark in (2, 3, 4, 5)), required=False),
            *(_text(f"points_{mark}", required=False) for mark in (2, 3, 4, 5)),
            *_counts("restored"),
        ),
        key=_GROUP_KEY,
    ),
    FactTable(
        "school_code",  # which login of ВПР and which codes of ГИА are one school's
        (
            _text("vpr_login"),
            *(_text(key, required=False) for key in ("oge_code", "ege_code", "municipality_ref")),
        ),
        key=("vpr_login",),
    ),
    FactTable(
        "exam_result",  # ЕГЭ: test scores of one school in one subject; high: 81-100
        (
            *_SCHOOL,
            *_counts("participants", "below_minimum", "minimum", "score_sum", "high_scores"),
        ),
        key=_SCHOOL_KEY,
        rules=(
            Rule(
                "SUM",
                "не преодолевших порог и набравших 81–100 больше, чем участников",
                lambda rows: rows["below_minimum"] + rows["high_scores"] <= rows["participants"],
            ),
            Rule(
                "RANGE",
                "сумма баллов больше 100 на участника",
                lambda rows: rows["score_sum"] <= 100 * rows["participants"],
            ),
        ),
    ),
    # What satisfied appeals change in one school's result of one exam: differences, which the
    # analysis adds to the first protocol (participants stay).
    FactTable(
        "appeal_change",
        (
            *_SCHOOL,
            *_counts("appeals"),  # satisfied ones
            *_counts(*_MARKS, "below_minimum", "score_sum", "high_scores", kind=Kind.DIFFERENCE),
        ),
        key=_SCHOOL_KEY,
        rules=(
            Rule(
                "SUM",
                "апелляции меняют отметки, а не число участников",
                lambda rows: sum(rows[mark] for mark in _MARKS) == 0,
            ),
        ),
    ),
)
