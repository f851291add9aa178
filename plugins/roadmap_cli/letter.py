"""`make letter`: a run's letters made again from what the run kept, and compared with the sent."""

from __future__ import annotations

import argparse
import os


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the letters of a run again")
    parser.add_argument("--run", required=True, help="id, its beginning, or latest:<phase>")
    parser.add_argument("--to", default="", help="municipality's code, or region; empty: all")
    arguments = parser.parse_args()
    run = arguments.run.strip()
    if not run:
        raise SystemExit(
            "Не указано: RUN=… Например: make letter RUN=latest:june_monitoring TO=buyskiy"
        )
    raise SystemExit(make_again(run, arguments.to.strip()))


def make_again(run: str, municipality_id: str) -> int:
    """Write the letters as .eml files and say of each whether it is the one that was made.

    0 when all are byte for byte; SystemExit, in Russian, where there is nothing to make again.
    """
    from roadmap_cli.environment import VAR, Ports, demo_environment

    os.environ.update(demo_environment(VAR / "airflow-phase", Ports(8080)))

    from roadmap.delivery.letters.again import NotKept, letters_again
    from roadmap.indicators.explain import ExplainRefused, find_run
    from roadmap_airflow.connections import roadmap_db

    differ = 0
    with roadmap_db() as engine:
        try:
            with engine.connect() as connection:
                run_id = str(find_run(connection, run)["run_id"])
            folder = VAR / "letters-again" / run_id
            folder.mkdir(parents=True, exist_ok=True)
            for letter in letters_again(engine, run_id, municipality_id):
                path = folder / f"{letter.municipality_id}-{letter.delivery_id[:8]}.eml"
                path.write_bytes(letter.rfc822)
                differ += not letter.is_same
                is_same = "то же, байт в байт" if letter.is_same else "ОТЛИЧАЕТСЯ от составленного"
                print(f"{letter.municipality_id}, письмо № {letter.revision}: {is_same}. {path}")
        except (ExplainRefused, NotKept) as refusal:
            raise SystemExit(str(refusal)) from None
    return 1 if differ else 0


if __name__ == "__main__":
    main()
