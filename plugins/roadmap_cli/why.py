"""`make why`: prints why a municipality got nothing, from the data to the reply; without one, how
the phase as a whole stands. No addresses."""

from __future__ import annotations

import time

from roadmap_cli.answers import asked_database
from roadmap_cli.arguments import ArgumentParser, plan_code


def main() -> None:
    parser = ArgumentParser(description="Why a municipality got nothing")
    parser.add_argument("--municipality", default="", help="code, name or region")
    parser.add_argument("--phase", default="", help="march_analysis, reminder/2021-04-30/14")
    parser.add_argument("--plan", type=plan_code, default="2021")
    parser.add_argument("--run", default="", help="id, its beginning, or latest:<phase>")
    arguments = parser.parse_args()
    municipality, phase = arguments.municipality.strip(), arguments.phase.strip()
    run = arguments.run.strip() or None
    if municipality:
        print(answered(municipality, phase, arguments.plan, run), end="")
    elif run:
        raise SystemExit(
            "Не указано: MUNICIPALITY=…. Например: make why MUNICIPALITY=buyskiy RUN=…"
        )
    else:
        print(answered_for_all(phase, arguments.plan), end="")


def answered(municipality: str, phase: str, plan: str, run: str | None) -> str:
    """The answer from the roadmap's database of this environment; SystemExit with what is wrong.

    `run` says plan and phase itself.
    """
    from roadmap.delivery.account.why import WhyRefused, why
    from roadmap.delivery.letters.operator_text import filled_in
    from roadmap.plan.load import PlanError

    now_ms = time.time_ns() // 1_000_000
    with asked_database(WhyRefused, PlanError) as db:
        answer = why(db, municipality, phase, plan_code=plan, run=run, now_ms=now_ms)
    return filled_in("delivery/why.txt.j2", answer.plan.local_time, why=answer)


def answered_for_all(phase: str, plan: str) -> str:
    """How the letters of a phase to its addressees stand; SystemExit as above."""
    from roadmap.delivery.account.reconcile import state_of_phase
    from roadmap.delivery.account.why import WhyRefused, occasion_of
    from roadmap.plan.load import PlanError

    with asked_database(WhyRefused, PlanError) as db:
        now_ms = time.time_ns() // 1_000_000
        engine, occasion = db.engine, occasion_of(db, phase, plan, now_ms)
    # Not before this transaction has ended: SQLite lets in no other one beside it.
    whole = state_of_phase(engine, occasion)
    engine.dispose()
    if whole is None:
        return "Адресатам этого этапа ещё ничего не отправлялось.\n"
    return f"{whole.text}\nО муниципалитете: make why MUNICIPALITY=buyskiy PHASE={phase}\n"


if __name__ == "__main__":
    main()
