"""`make why`: prints why a municipality got nothing, from the data to the reply. No addresses."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from roadmap_cli.explain import NOTHING_YET

_SQLITE = "sqlite:///"


def main() -> None:
    parser = argparse.ArgumentParser(description="Why a municipality got nothing")
    parser.add_argument("--municipality", default="", help="code, name or region")
    parser.add_argument("--phase", default="", help="march_analysis, reminder/2021-04-30/14")
    parser.add_argument("--year", type=int, default=2021)
    parser.add_argument("--run", default="", help="id, its beginning, or latest:<phase>")
    arguments = parser.parse_args()
    if not arguments.municipality.strip():
        raise SystemExit(
            "Не указано: MUNICIPALITY=…. Например: make why MUNICIPALITY=buyskiy "
            "PHASE=march_analysis"
        )
    print(
        answered(
            arguments.municipality.strip(),
            arguments.phase.strip(),
            arguments.year,
            arguments.run.strip() or None,
        ),
        end="",
    )


def answered(municipality: str, phase: str, year: int, run: str | None) -> str:
    """The answer from the roadmap's database of this environment; SystemExit with what is wrong.

    `run` says year and phase itself.
    """
    from roadmap_cli.environment import VAR, Ports, demo_environment

    os.environ.update(demo_environment(VAR / "airflow-phase", Ports(8080)))

    from sqlalchemy.exc import OperationalError, ProgrammingError

    from roadmap.delivery.account.why import WhyRefused, why
    from roadmap.delivery.letters.operator_text import filled_in
    from roadmap.plan.load import PlanError
    from roadmap.store.engine import open_engine
    from roadmap_airflow.connections import database_url

    url = database_url()
    # SQLite would make an empty database of a file that is not there.
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        raise SystemExit(NOTHING_YET)
    engine = open_engine(url)
    now_ms = time.time_ns() // 1_000_000
    try:
        with engine.connect() as db, db.begin():
            found = why(db, municipality, phase, plan_year=year, run=run, now_ms=now_ms)
        return filled_in("delivery/why.txt.j2", found.plan.local_time, why=found)
    except (WhyRefused, PlanError) as refusal:
        raise SystemExit(str(refusal)) from None
    except (OperationalError, ProgrammingError):
        raise SystemExit(NOTHING_YET) from None
    finally:
        engine.dispose()


if __name__ == "__main__":
    main()
