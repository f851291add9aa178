"""What a live run of the same content would send now: the question that a rehearsal asks.

Worked out as planning decides it (`letters.planning.decide`), from the content of the rehearsal's
reports and the live letters that the ledger has. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from roadmap.delivery.letters.planning import as_hashed_now, decide, letters_to
from roadmap.plan.load import load_plan

if TYPE_CHECKING:
    from roadmap.delivery.letters.contacts import Recipient


@dataclass(frozen=True)
class Sendings:
    """Addressees by name, each once, by what a run sends or would send them.

    `waiting` have a letter with this content in the queue; `refused`: name, and why nothing goes.
    """

    corrections: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def is_nothing_new(self) -> bool:
        return bool(self.same) and self == Sendings(same=self.same)


# Of an addressee whose recipients differ the first of these counts.
_ORDER = ("refused", "corrections", "first", "waiting", "same")


def if_it_were_live(
    engine: Engine,
    run: Any,
    recipients: Mapping[str, Sequence[Recipient]],
    names: Mapping[str, str],
) -> Sendings | None:
    """What a live run would do for those of `recipients` whom this rehearsal has a report of.

    `run` is a row of delivery/run; addressees are named in the order of `recipients`. None where
    the rehearsal is about another day, or what was known at another moment, than a live run may be.
    """
    from roadmap.reports.compose import load_model

    plan = load_plan(run.plan_code)
    phase = next((one for one in plan.phases if one.code == run.phase), None)
    is_of_its_day = phase is None or run.as_of == phase.as_of.isoformat()
    if not is_of_its_day or run.known_at_ms < run.started_ms:
        return None
    needs_reason = phase is not None and phase.correction_needs_reason
    found: dict[str, list[Any]] = {kind: [] for kind in _ORDER}
    for addressee, theirs in recipients.items():
        with engine.connect() as db, db.begin():
            try:
                model = load_model(db, run.run_id, addressee)
            except LookupError:  # why it has no report is said by its line
                continue
            letters = letters_to(db, run.occasion, "live", addressee)
        letters = as_hashed_now(engine, letters, model)
        decided = {}
        for one in theirs:
            mine = [past for past in letters if past.recipient_id == one.recipient_id]
            decision = decide(
                mine,
                model.content_sha256(),
                run.run_id,
                has_reason=bool(run.reason),
                needs_reason=needs_reason,
                local_time=plan.local_time,
            )
            is_correction = any(past.state == "accepted" for past in mine)
            kind = _KINDS.get(decision.kind) or ("corrections" if is_correction else "first")
            decided[kind] = decision.reason
        if decided:
            first, name = min(decided, key=_ORDER.index), names[addressee]
            found[first].append((name, decided[first]) if first == "refused" else name)
    return Sendings(**{kind: tuple(those) for kind, those in found.items()})


_KINDS = {"suppressed": "same", "keep": "waiting", "resume": "waiting", "blocked": "refused"}
