"""«Почему X ничего не получил?»: the chain from the plan to the mail server's reply, as facts.

Nothing is computed anew and nothing is written: what the run froze and decided, and what the
ledger tells of each letter, is put in the order of events. The first link that does not hold
is the answer. Words are the templates' (include/templates/delivery): a page can show the same.
Addresses are in none of it: a recipient is «1 из 2».
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from roadmap.delivery.account.fate import Fate, fate_of_outcome
from roadmap.delivery.account.watch import GRACE
from roadmap.delivery.ledger import brakes
from roadmap.delivery.ledger.brakes import Brakes
from roadmap.delivery.letters import contacts
from roadmap.delivery.letters.planning import NO_RECIPIENT
from roadmap.evidence.freeze import REGION_SHORT_NAME
from roadmap.evidence.names import near
from roadmap.evidence.own_schedule import plan_known_at
from roadmap.evidence.sources import dataset_titles
from roadmap.indicators.explain import ExplainRefused, find_run
from roadmap.plan.load import load_plan
from roadmap.plan.model import Phase, Plan, is_occasion
from roadmap.plan.region import REGION
from roadmap.plan.schedule import phase_events
from roadmap.russian import of_plan
from roadmap.store.sql import sql

_MOST_ALIKE = 5


class WhyRefused(LookupError):
    """What was asked about is not there; the message is Russian and says what there is."""


class Step(StrEnum):
    """The links of the chain, in their order."""

    PLAN = "plan"
    RUN = "run"
    ADDRESSEE = "addressee"
    EVIDENCE = "evidence"
    REPORT = "report"
    CHECKS = "checks"
    CONTACT = "contact"
    LETTER = "letter"
    SENDING = "sending"
    ACCEPTANCE = "acceptance"


class Obstacle(StrEnum):
    """What stops everything before it comes to single recipients."""

    DRAFT = "draft"  # the plan is not in force
    AHEAD = "ahead"  # the phase's window has not begun
    NOT_DUE = "not_due"  # begun, but its run day has not come
    MISSED = "missed"  # due, and no live run
    NOT_RUN = "not_run"  # of a closed year, which only runs by hand
    NOT_IN_REGISTRY = "not_in_registry"
    ROW_LOST = "row_lost"  # its schools take part, its row in the registry is gone
    NOT_PARTICIPANT = "not_participant"
    NOTHING_TO_TELL = "nothing_to_tell"  # of a reminder
    NOT_IN_SAMPLE = "not_in_sample"
    NOT_CHOSEN = "not_chosen"  # the run's form named others
    ABSENT = "absent"  # datasets without which no letter is made
    NOT_COMPOSED = "not_composed"


Fault = Obstacle | Fate  # why a link does not hold, or what it waits for

# What passes by itself, or waits for a person who has been asked.
WAITING: frozenset[Fault] = frozenset(
    {
        Obstacle.AHEAD, Obstacle.NOT_DUE, Fate.AWAITS_APPROVAL, Fate.OFF, Fate.PAUSED,
        Fate.AWAITS_RUN, Fate.BREAKER, Fate.RETRY, Fate.QUEUED, Fate.IN_FLIGHT,
    }
)  # fmt: skip


class Verdict(StrEnum):
    """The answer in one word."""

    ACCEPTED = "accepted"  # all letters
    PARTLY = "partly"  # the letters of some recipients
    EARLIER = "earlier"  # an earlier letter; the newest word has not gone out
    BOUNCED = "bounced"
    UNKNOWN = "unknown"
    WAITING = "waiting"
    NONE = "none"


class Holds(StrEnum):
    YES = "yes"
    NO = "no"
    WAITS = "waits"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True)
class Link:
    step: Step
    holds: Holds
    faults: tuple[Fault, ...] = ()  # each once; several where recipients differ


@dataclass(frozen=True)
class Run:
    """One run of the phase, and what the addressee was in it. Moments are UTC epoch ms."""

    run_id: str
    mode: str
    as_of: date
    known_at_ms: int
    started_ms: int
    reason: str | None
    sample: int | None
    name: str | None  # of the addressee on the as-of date; None: not in the registry
    is_participating: bool
    is_selected: bool
    schools: int  # of the addressee's that take part
    reports: int  # composed for anybody
    has_report: bool  # the addressee's own
    has_outcome: bool


@dataclass(frozen=True)
class Dataset:
    name: str
    title: str
    need: str  # needed | told
    state: str  # received | missing | refused
    newer_ms: int | None  # a file that was taken in after the run was frozen


@dataclass(frozen=True)
class RefusedFile:
    title: str  # of the dataset
    file_name: str
    message: str
    received_ms: int
    is_own: bool  # this municipality's, as far as its name or scope says


@dataclass(frozen=True)
class Event:
    """One move of a letter in the ledger; actor and detail as they were written."""

    delivery_id: str
    at_ms: int
    from_state: str
    to_state: str
    actor: str
    phase: str | None
    code: int | None
    detail: str | None


@dataclass(frozen=True)
class Letter:
    """One revision to one recipient."""

    delivery_id: str
    recipient_id: str
    revision: int
    message_id: str
    state: str
    run_id: str
    reason: str | None
    attempts: int
    not_before_ms: int
    expires_ms: int
    last_code: int | None
    last_detail: str | None
    events: tuple[Event, ...]

    @property
    def accepted_ms(self) -> int | None:
        """When the mail server took it; None: it did not, as far as we know."""
        return next((one.at_ms for one in self.events if one.to_state == "accepted"), None)

    @property
    def doubted_ms(self) -> int | None:
        """When its fate became unknown the last time."""
        return next((e.at_ms for e in reversed(self.events) if e.to_state == "unknown"), None)


@dataclass(frozen=True)
class Story:
    """One recipient: what the run decided, the letters there are, what stands in the way."""

    number: int
    of: int
    is_former: bool  # written to once, no longer a contact
    outcome: str | None
    reason: str | None
    letters: tuple[Letter, ...]
    letter: Letter | None  # the one that the run's decision is about
    step: Step | None
    fault: Fate | None


@dataclass(frozen=True)
class Why:
    """Everything between the plan and the mail server for one addressee of one phase.

    `run` is the newest live run in which it was an addressee (else the newest live one), or
    the run that was asked for; None where there is none. `run_at`: None for a reminder, which
    the daily watch sends. `faults` are all that stands in the way, in the order of the chain;
    the number is the recipient's, where only some are concerned. Days and moments are of the
    plan's `local_time`.
    """

    municipality_id: str
    municipality: str
    plan: Plan
    phase: Phase
    run_at: datetime | None
    now_ms: int
    mode: str
    run: Run | None
    live_runs: int
    test_runs: int
    datasets: tuple[Dataset, ...]
    refused: tuple[RefusedFile, ...]
    findings: tuple[str, ...]
    stories: tuple[Story, ...]
    former: tuple[Story, ...]
    standing: Brakes
    links: tuple[Link, ...]
    faults: tuple[tuple[Fault, int | None], ...]
    verdict: Verdict

    @property
    def is_in_force(self) -> bool:
        return self.plan.is_in_force(self.plan.local_time.at(self.now_ms).date())

    @property
    def pause_reason(self) -> str | None:
        """Why letters of this occasion and mode are paused; None: they are not."""
        return self.standing.paused.get((f"{self.plan.code}/{self.phase.code}", self.mode))

    @property
    def letters(self) -> tuple[Letter, ...]:
        return tuple(one for story in (*self.stories, *self.former) for one in story.letters)

    @property
    def accepted_ms(self) -> int | None:
        """When the mail server took the newest of the letters that it took and that stayed."""
        moments = [one.accepted_ms for one in self.letters if one.state == "accepted"]
        return max((moment for moment in moments if moment is not None), default=None)

    @property
    def absent(self) -> tuple[Dataset, ...]:
        return tuple(one for one in self.datasets if _is_absent(one))


def why(
    db: Connection,
    municipality: str,
    phase: str,
    *,
    plan_code: str,
    run: str | None,
    now_ms: int,
    find_plan: Callable[[str], Plan] = load_plan,
) -> Why:
    """Why the addressee got nothing for that phase, or what it got.

    `municipality` is a code, a name or «region»; `run` an id, the beginning of one or
    «latest:<phase>», and then it says plan and phase. WhyRefused where one of them is not
    there, PlanError where the plan's file is broken. `now_ms`: UTC epoch milliseconds.
    """
    asked: str | None = None
    if run:
        asked, plan_code, phase = _asked(db, run)
    plan = plan_known_at(db, find_plan(plan_code), now_ms)
    of_phase = _phase(plan, phase)
    events = phase_events(phase, [plan])
    run_at = events[0].run_at if events else None
    key, name = _municipality(db, plan, municipality)
    runs = _runs(db, plan_code, phase, key)
    chosen = _choose(runs, asked, key)
    mode = chosen.mode if chosen else "live"
    standing = brakes.standing(db, now_ms)
    letters = _letters(db, f"{plan_code}/{phase}", mode, key)
    datasets: tuple[Dataset, ...] = ()
    findings: Sequence[Any] = ()
    stopped: tuple[Step, Obstacle] | None
    stories: tuple[Story, ...] = ()
    if chosen:
        datasets = _datasets(db, chosen.run_id)
        findings = db.execute(
            sql("delivery/findings_for_addressee"),
            {"run_id": chosen.run_id, "municipality_id": key},
        ).all()
        stopped = _before_letters(of_phase, chosen, key, datasets, findings)
        if stopped is None:
            stories = _stories(db, chosen, key, letters, standing, now_ms)
    else:
        stopped = _why_no_run(plan, of_phase, run_at, now_ms)
    faults = _faults(stopped, stories)
    known = {one.recipient_id for story in stories for one in story.letters}
    return Why(
        municipality_id=key,
        municipality=(chosen.name if chosen and chosen.name else name),
        plan=plan,
        phase=of_phase,
        run_at=run_at,
        now_ms=now_ms,
        mode=mode,
        run=chosen,
        live_runs=sum(one.mode == "live" for one in runs),
        test_runs=sum(one.mode != "live" for one in runs),
        datasets=datasets,
        refused=_refused(findings, key),
        findings=tuple(row.message for row in findings if row.rule != "FILE_REFUSED"),
        stories=stories,
        former=_former([theirs for one, theirs in letters.items() if one not in known]),
        standing=standing,
        links=_links(
            faults,
            has_contacts=any(one.outcome for one in stories),
            # A letter that is not planned is not rendered, and so not checked.
            is_checked=any(one.outcome in ("planned", "suppressed") for one in stories),
        ),
        faults=tuple((fault, number) for _, fault, number in faults),
        verdict=_verdict(faults, stories, letters),
    )


# -- What was asked about ------------------------------------------------------------------------


def _asked(db: Connection, run: str) -> tuple[str, str, str]:
    try:
        row = find_run(db, run)
    except ExplainRefused as refusal:
        raise WhyRefused(str(refusal)) from None
    return str(row["run_id"]), str(row["plan_code"]), str(row["phase"])


def occasion_of(db: Connection, phase: str, plan_code: str, now_ms: int) -> str:
    """The occasion of a phase of the plan, or of a reminder; WhyRefused, PlanError."""
    plan = plan_known_at(db, load_plan(plan_code), now_ms)
    return f"{plan_code}/{_phase(plan, phase).code}"


def _phase(plan: Plan, code: str) -> Phase:
    try:
        return plan.phase(code)
    except KeyError:
        known = ", ".join(f"{phase.code} («{phase.title}»)" for phase in plan.phases)
        raise WhyRefused(
            f"В плане {of_plan(plan.code)} нет этапа «{code}». Есть: {known}."
        ) from None


def _municipality(db: Connection, plan: Plan, text: str) -> tuple[str, str]:
    """Id and name; the plan's names, and those under which runs have known the addressees."""
    names: dict[str, set[str]] = defaultdict(set)
    department = plan.region.department
    shown = {one.id: one.name for one in plan.municipalities} | {REGION: department.name}
    for one in plan.municipalities:
        names[one.id] |= {one.id, one.name}
    names[REGION] |= {REGION, REGION_SHORT_NAME, department.name, department.short_name}
    for row in db.execute(sql("delivery/known_addressees"), {"plan_code": plan.code}):
        names[row.municipality_id] |= {row.municipality_id, row.name, row.short_name}
        shown.setdefault(row.municipality_id, row.name)
    wanted = _plain(text)
    matches = sorted(key for key, known in names.items() if wanted in map(_plain, known))
    if len(matches) == 1:
        return matches[0], shown[matches[0]]
    if matches:
        several = ", ".join(f"«{shown[key]}» ({key})" for key in matches)
        raise WhyRefused(f"Под «{text}» известны несколько: {several}. Укажите код.")
    holding = [key for key, name in shown.items() if wanted and wanted in _plain(name)]
    if len(holding) == 1:  # «Буй» for «городской округ город Буй»
        return holding[0], shown[holding[0]]
    close = set(near(text, shown.values()))
    alike = holding or [key for key, name in shown.items() if name in close]
    named = ", ".join(f"«{shown[key]}» ({key})" for key in (alike or sorted(shown))[:_MOST_ALIKE])
    hint = f"Похожи: {named}" if alike else f"Есть, например: {named}"
    raise WhyRefused(f"Нет муниципалитета «{text}». {hint}. Укажите код.")


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold().replace("ё", "е")


def _runs(db: Connection, plan_code: str, phase: str, key: str) -> tuple[Run, ...]:
    asked = {"plan_code": plan_code, "phase": phase, "municipality_id": key}
    return tuple(
        Run(**{**row._mapping, "as_of": date.fromisoformat(row.as_of)})
        for row in db.execute(sql("delivery/runs_for_addressee"), asked)
    )


def _choose(runs: Iterable[Run], asked: str | None, key: str) -> Run | None:
    """The run that was asked for, else the newest live one that was to write to the addressee."""
    if asked is not None:
        return next(one for one in runs if one.run_id == asked)
    live = [one for one in runs if one.mode == "live"]
    theirs = [one for one in live if _is_addressee(one, key)]
    return next(iter(theirs or live), None)


def _is_addressee(run: Run, key: str) -> bool:
    return run.is_selected and (run.is_participating or key == REGION)


# -- What there is -------------------------------------------------------------------------------


def _datasets(db: Connection, run_id: str) -> tuple[Dataset, ...]:
    titles = dataset_titles()
    return tuple(
        Dataset(
            row.dataset, titles.get(row.dataset, row.dataset), row.need, row.state, row.newer_ms
        )
        for row in db.execute(sql("delivery/datasets_of_run"), {"run_id": run_id})
    )


def _is_absent(dataset: Dataset) -> bool:
    return dataset.need == "needed" and dataset.state != "received"


def _refused(findings: Iterable[Any], key: str) -> tuple[RefusedFile, ...]:
    titles = dataset_titles()
    return tuple(
        RefusedFile(
            title=titles.get(row.dataset, row.dataset),
            file_name=row.file_name,
            message=row.message,
            received_ms=row.received_ms,
            is_own=row.scope == key or key in re.split(r"[\W_]+", row.file_name),
        )
        for row in findings
        if row.rule == "FILE_REFUSED" and row.file_name is not None
    )


def _letters(db: Connection, occasion: str, mode: str, key: str) -> Mapping[str, list[Letter]]:
    """The letters of each recipient id, oldest revision first."""
    asked = {"occasion": occasion, "mode": mode, "municipality_id": key}
    events: dict[str, list[Event]] = defaultdict(list)
    for row in db.execute(sql("delivery/events_of_addressee"), asked):
        events[row.delivery_id].append(Event(**row._mapping))
    letters: dict[str, list[Letter]] = defaultdict(list)
    for row in db.execute(sql("delivery/letters_of_addressee"), asked):
        letter = Letter(**row._mapping, events=tuple(events[row.delivery_id]))
        letters[row.recipient_id].append(letter)
    return letters


def _stories(
    db: Connection,
    run: Run,
    key: str,
    letters: Mapping[str, list[Letter]],
    standing: Brakes,
    now_ms: int,
) -> tuple[Story, ...]:
    """One per recipient whom the run expects; an addressee without a contact counts as one."""
    theirs = contacts.expected(db, run.run_id).get(key, ())
    ids = [one.recipient_id for one in theirs] or [NO_RECIPIENT]
    outcomes = {
        row.recipient_id: row
        for row in db.execute(sql("delivery/outcomes_of_run"), {"run_id": run.run_id})
        if row.municipality_id == key
    }
    stories = []
    for number, recipient_id in enumerate(ids, start=1):
        row = outcomes.get(recipient_id)
        mine = tuple(letters.get(recipient_id, ()))
        fate = fate_of_outcome(row, standing, now_ms)
        outcome, reason = (row.outcome, row.reason) if row else (None, None)
        is_there = fate in (Fate.ACCEPTED, Fate.SAME_CONTENT)
        stories.append(
            Story(
                number=number,
                of=len(ids),
                is_former=False,
                outcome=outcome,
                reason=reason,
                letters=mine,
                letter=_letter_of(row, mine),
                step=None if is_there else _step(fate, outcome),
                fault=None if is_there else fate,
            )
        )
    return tuple(stories)


def _letter_of(row: Any | None, letters: Sequence[Letter]) -> Letter | None:
    """The letter that the decision speaks of; where it was not to write, the last there is."""
    if row is None:
        return None
    if row.outcome == "blocked":
        return letters[-1] if letters else None
    return next((one for one in letters if one.delivery_id == row.delivery_id), None)


def _former(others: Sequence[Sequence[Letter]]) -> tuple[Story, ...]:
    """Letters to addresses that are no contact of the run."""
    return tuple(
        Story(number, len(others), True, None, None, tuple(theirs), theirs[-1], None, None)
        for number, theirs in enumerate(others, start=1)
    )


# -- Where the chain breaks ----------------------------------------------------------------------


def _why_no_run(
    plan: Plan, phase: Phase, run_at: datetime | None, now_ms: int
) -> tuple[Step, Obstacle]:
    now = plan.local_time.at(now_ms)
    if not plan.is_in_force(now.date()):
        return Step.PLAN, Obstacle.DRAFT
    if now.date() < phase.starts:
        return Step.PLAN, Obstacle.AHEAD
    if run_at is not None and now < run_at + GRACE:
        return Step.RUN, Obstacle.NOT_DUE
    return Step.RUN, Obstacle.NOT_RUN if plan.closed else Obstacle.MISSED


def _before_letters(
    phase: Phase, run: Run, key: str, datasets: Iterable[Dataset], findings: Iterable[Any]
) -> tuple[Step, Obstacle] | None:
    """What stopped everything in a run before it came to single recipients."""
    if run.name is None:
        return Step.ADDRESSEE, Obstacle.NOT_IN_REGISTRY
    if not run.is_participating and key != REGION:
        return Step.ADDRESSEE, Obstacle.NOT_PARTICIPANT
    if not run.is_selected:
        if is_occasion(phase.code):
            return Step.ADDRESSEE, Obstacle.NOTHING_TO_TELL
        fault = Obstacle.NOT_CHOSEN if run.sample is None else Obstacle.NOT_IN_SAMPLE
        return Step.ADDRESSEE, fault
    if any(map(_is_absent, datasets)):
        return Step.EVIDENCE, Obstacle.ABSENT
    if any(row.rule == "MUNICIPALITY_NOT_IN_REGISTRY" and row.municipality_id for row in findings):
        return Step.ADDRESSEE, Obstacle.ROW_LOST
    if not run.has_report and not run.has_outcome:
        return Step.REPORT, Obstacle.NOT_COMPOSED
    return None


# The link at which a letter of that fate stands; of the others, Step.SENDING.
_STEPS: Mapping[Fate, Step] = {
    Fate.NO_CONTACT: Step.CONTACT,
    Fate.HELD_BACK: Step.CHECKS,
    Fate.UNDECIDED: Step.LETTER,
    Fate.BLOCKED: Step.LETTER,
    Fate.AWAITS_APPROVAL: Step.LETTER,
    Fate.UNKNOWN: Step.ACCEPTANCE,
    Fate.EXHAUSTED: Step.ACCEPTANCE,
    Fate.REJECTED: Step.ACCEPTANCE,
    Fate.MAILBOX_FULL: Step.ACCEPTANCE,
    Fate.REFUSED_CONTENT: Step.ACCEPTANCE,
    Fate.REFUSED_US: Step.ACCEPTANCE,
    Fate.BOUNCED: Step.ACCEPTANCE,
}


def _step(fate: Fate, outcome: str | None) -> Step:
    if fate in (Fate.NOT_ALLOWED, Fate.SHARED) and outcome == "blocked":
        return Step.CONTACT
    return _STEPS.get(fate, Step.SENDING)


def _faults(
    stopped: tuple[Step, Obstacle] | None, stories: Iterable[Story]
) -> tuple[tuple[Step, Fault, int | None], ...]:
    """All faults in the chain's order; one that every recipient has is nobody's own."""
    if stopped is not None:
        return ((*stopped, None),)
    stories = list(stories)
    order = list(Step)
    broken: list[tuple[Step, Fault, int | None]] = [
        (story.step, story.fault, story.number if len(stories) > 1 else None)
        for story in stories
        if story.step is not None and story.fault is not None
    ]
    if len(broken) == len(stories) and len({fault for _, fault, _ in broken}) == 1:
        step, fault, _ = broken[0]
        return ((step, fault, None),)
    return tuple(sorted(broken, key=lambda one: (order.index(one[0]), one[2] or 0)))


def _links(
    faults: Sequence[tuple[Step, Fault, int | None]], *, has_contacts: bool, is_checked: bool
) -> tuple[Link, ...]:
    """The chain: what comes after the first break was not reached, unless it holds by itself."""
    of_step: dict[Step, dict[Fault, None]] = defaultdict(dict)
    for step, fault, _ in faults:
        of_step[step][fault] = None
    links = []
    is_broken = False
    for step in Step:
        its_faults = tuple(of_step[step])
        is_reached = not is_broken or (step is Step.CONTACT and has_contacts)
        if step is Step.CHECKS:
            is_reached = is_reached and is_checked
        holds = Holds.YES if is_reached else Holds.NOT_REACHED
        if its_faults:
            holds = Holds.WAITS if WAITING.issuperset(its_faults) else Holds.NO
            is_broken = True
        links.append(Link(step, holds, its_faults))
    return tuple(links)


def _verdict(
    faults: Sequence[tuple[Step, Fault, int | None]],
    stories: Sequence[Story],
    letters: Mapping[str, list[Letter]],
) -> Verdict:
    kinds = {fault for _, fault, _ in faults}
    last_states = {theirs[-1].state for theirs in letters.values()}
    if not kinds:
        return Verdict.ACCEPTED
    if Fate.UNKNOWN in kinds or "unknown" in last_states:
        return Verdict.UNKNOWN
    if any(story.fault is None for story in stories):
        return Verdict.PARTLY
    if any(one.state == "accepted" for theirs in letters.values() for one in theirs):
        return Verdict.EARLIER
    if "bounced" in last_states:
        return Verdict.BOUNCED
    return Verdict.WAITING if kinds <= WAITING else Verdict.NONE
