"""`make letter`: a run's letters made again from what the run kept, and compared with the sent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from roadmap_cli.arguments import ArgumentParser

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from roadmap.delivery.letters.again import LetterAgain


def main() -> None:
    parser = ArgumentParser(description="Make the letters of a run again")
    parser.add_argument("--run", required=True, help="id, its beginning, or latest:<phase>")
    parser.add_argument("--to", default="", help="municipality's code, or region; empty: all")
    arguments = parser.parse_args()
    run = arguments.run.strip()
    if not run:
        raise SystemExit(
            "Не указано: RUN=… Например: make letter RUN=latest:june_monitoring TO=buyskiy"
        )
    from roadmap_cli.environment import VAR, Ports, demo_environment

    os.environ.update(demo_environment(VAR / "airflow-phase", Ports(8080)))

    from roadmap_airflow.connections import roadmap_db

    differ = 0
    with roadmap_db() as engine:
        for line, is_same in made_again(engine, run, arguments.to.strip(), VAR / "letters-again"):
            print(line)
            differ += not is_same
    raise SystemExit(1 if differ else 0)


def made_again(
    engine: Engine, run: str, municipality_id: str, folder: Path
) -> Iterator[tuple[str, bool]]:
    """Write the letters as .eml files below `folder`; of each a line, and whether it is the same.

    `run` is an id, its beginning or «latest:june_monitoring», `municipality_id` '' for all.
    SystemExit, in Russian, where there is nothing to make again.
    """
    from sqlalchemy import select

    from roadmap.delivery.letters.again import NotKept, letters_again
    from roadmap.indicators.explain import ExplainRefused, find_run
    from roadmap.store.tables import run_municipality
    from roadmap_cli.setup import NOT_FOR_OTHERS

    try:
        with engine.connect() as connection:
            run_id = str(find_run(connection, run)["run_id"])
            of_run = select(run_municipality).where(run_municipality.c.run_id == run_id)
            names = {row.municipality_id: row.name for row in connection.execute(of_run)}
        os.umask(NOT_FOR_OTHERS)
        (folder / run_id).mkdir(parents=True, exist_ok=True)
        for letter in letters_again(engine, run_id, municipality_id):
            path = folder / run_id / f"{letter.municipality_id}-{letter.delivery_id[:8]}.eml"
            path.write_bytes(letter.planned if letter.rfc822 is None else letter.rfc822)
            name = names.get(letter.municipality_id, letter.municipality_id)
            line = f"{name}, редакция {letter.revision}: {_compared(letter)} Файл: {path}"
            if not letter.is_same and letter.rfc822 is not None:
                planned = path.with_suffix(".planned.eml")
                planned.write_bytes(letter.planned)
                line += f" Составленное тогда: {planned}"
            yield line, letter.is_same
    except (ExplainRefused, NotKept) as refusal:
        raise SystemExit(str(refusal)) from None


def _compared(letter: LetterAgain) -> str:
    if letter.is_same:
        return "то же, байт в байт."
    if not letter.is_program_kept:
        why = "тогдашняя программа не сохранена, составляла нынешняя"
    else:
        why = "программа и шаблоны тогдашние, а библиотеки нынешние"
    if letter.rfc822 is None:
        return f"заново НЕ СОСТАВЛЕНО: {why}. Взято составленное тогда."
    return f"ОТЛИЧАЕТСЯ от составленного: {why}."


if __name__ == "__main__":
    main()
