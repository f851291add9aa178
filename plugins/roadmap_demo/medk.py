"""Exports of ИС МЭДК: questionnaires, risks, documents, positive changes (docs/formats.md)."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from roadmap_demo.content import Content, DocumentStates, School, State
from roadmap_demo.workbook import Row, xlsx

_UPLOADED_BEFORE = timedelta(days=10)  # ... it was agreed
_CONFIRMED_AFTER = timedelta(days=12)
_CONFIRMED_SHARE = 0.5
_LEVELS = ("низкая", "средняя")


def _between(content: Content, key: str, bounds: tuple[date, date]) -> date:
    first, last = bounds
    draw = Random(f"{content.seed}/medk/{key}")
    return first + timedelta(days=draw.randint(0, (last - first).days))


def surveys_xlsx(content: Content, day: date) -> bytes:
    """One row per questionnaire, as exported on `day`."""
    surveys = content.medk.surveys
    late = {(item.of, item.questionnaire): item.closed for item in surveys.late}
    rows: list[Row] = [
        ["Респондент", "Код лица", "Код школы", "Анкета", "Состояние", "Дата закрытия"]
    ]

    def row(respondent: str, person: str | None, school: str | None, key: str, title: str) -> None:
        usual = _between(content, f"{key}/{title}", surveys.closed)
        closed = late.get((key, title), usual)
        is_closed = closed is not None and closed <= day
        state = "закрыта" if is_closed else "открыта"
        rows.append([respondent, person, school, title, state, closed if is_closed else None])

    for person in dict.fromkeys(curator.person for curator in content.people.curators):
        row("куратор", person, None, person, surveys.curator)
    rows.append(["куратор", surveys.without_date, None, surveys.curator, "закрыта", None])
    for school in content.project_schools:
        for title in surveys.school:
            row("школа", None, school.code, school.key, title)
    return xlsx([("Анкеты", rows)], (12, 18, 12, 24, 12, 14))


def activated(content: Content, school: School, day: date) -> dict[str, date]:
    """The risks that the school has taken into work by `day`, with the day of each."""
    risks = content.medk.risks
    return {
        factor: entry.since or risks.assessed
        for entry in risks.activated
        if entry.school == school.key and (entry.since is None or entry.since <= day)
        for factor in entry.factors
    }


def risk_profiles_xlsx(content: Content, day: date) -> bytes:
    """Every factor of every project school; a changed one has a second row with its day."""
    risks = content.medk.risks
    rows: list[Row] = [["Код школы", "Фактор риска", "Значимость", "Активирован", "Дата"]]
    for school in content.project_schools:
        taken = activated(content, school, day)
        for factor in risks.factors:
            is_first = taken.get(factor) == risks.assessed
            low = Random(f"{content.seed}/risk/{school.code}/{factor}").choice(_LEVELS)
            level, taken_now = ("высокая", "да") if is_first else (low, "нет")
            rows.append([school.code, factor, level, taken_now, risks.assessed])
            if factor in taken and not is_first:
                rows.append([school.code, factor, "высокая", "да", taken[factor]])
        if school.key == risks.unknown.school:
            (factor,) = risks.unknown.factors
            rows.append([school.code, factor, "средняя", "да", risks.assessed])
    return xlsx([("Риски", rows)], (12, 78, 14, 14, 12))


def _usual(content: Content, school: School, document: str, factor: str | None) -> DocumentStates:
    """Uploaded, agreed, and in half of the cases confirmed by the region."""
    key = f"{school.code}/{document}/{factor}"
    agreed = _between(content, key, content.medk.documents.agreed)
    states = [
        State(state="загружен", since=agreed - _UPLOADED_BEFORE),
        State(state="согласован куратором", since=agreed),
    ]
    if Random(f"{content.seed}/confirmed/{key}").random() < _CONFIRMED_SHARE:
        states.append(
            State(state="подтверждён региональным координатором", since=agreed + _CONFIRMED_AFTER)
        )
    return DocumentStates(school=school.key, document=document, factor=factor, states=tuple(states))


def documents_xlsx(content: Content, day: date) -> bytes:
    """A row per document and state, with the day since which the document is in it."""
    documents = content.medk.documents
    special = {(item.school, item.document, item.factor): item for item in documents.special}
    rows: list[Row] = [["Код школы", "Документ", "Фактор риска", "Состояние", "Дата состояния"]]
    for school in content.project_schools:
        needed: list[tuple[str, str | None]] = [(title, None) for title in documents.documents]
        needed += [(documents.programme, factor) for factor in activated(content, school, day)]
        for title, factor in needed:
            planned = special.get((school.key, title, factor))
            for state in (planned or _usual(content, school, title, factor)).on(day):
                rows.append([school.code, title, factor, state.state, state.since])
        unknown = documents.unknown_state
        if school.key == unknown.school:
            (state,) = unknown.states
            rows.append([school.code, unknown.document, None, state.state, state.since])
    return xlsx([("Документы", rows)], (12, 36, 78, 40, 16))


_FIRST_STAGE_YES = 0.4  # the others have changed in part, and wholly by the second stage


def changes_xlsx(content: Content, day: date) -> bytes:
    """A row per school, risk in work and stage that has begun, with mark, evidence and day."""
    changes = content.medk.changes
    special = {(item.school, item.factor, item.stage): item for item in changes.special}
    rows: list[Row] = [
        ["Код школы", "Фактор риска", "Этап", "Позитивные изменения", "Подтверждение",
         "Дата отметки"]
    ]  # fmt: skip
    for school in content.project_schools:
        for stage, (begins, ends) in enumerate(changes.marked, 1):
            if day < begins or (school.key, stage) in changes.silent:
                continue
            factors = list(activated(content, school, ends))
            # Marked though the school has not taken that risk into work.
            factors += [
                item.factor
                for item in changes.special
                if (item.school, item.stage) == (school.key, stage) and item.factor not in factors
            ]
            for factor in factors:
                key = f"{school.code}/{factor}"
                draw = Random(f"{content.seed}/changes/{key}").random()
                mark: str | None = "да" if stage > 1 or draw < _FIRST_STAGE_YES else "частично"
                is_proved = True
                if item := special.get((school.key, factor, stage)):
                    mark, is_proved = item.mark, item.is_proved
                place = content.medk.risks.factors.index(factor) + 1
                link = f"{changes.link}/{school.code}/{place}/{stage}"
                on = _between(content, f"changes/{key}/{stage}", (begins, ends))
                shown = link if is_proved and mark in ("да", "частично") else None
                rows.append([school.code, factor, stage, mark, shown, on if mark else None])
    return xlsx([("Изменения", rows)], (12, 78, 8, 22, 44, 14))
