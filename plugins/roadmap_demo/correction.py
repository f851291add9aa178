"""A correction, as a municipality sends it: `python -m roadmap_demo.correction --inbox var/inbox`.

One ВПР export is replaced by a later one in which one school's marks differ
(`include/demo/correction.yaml`); its receipt time in receipts.csv is the later one. A second
call changes nothing.
"""

from __future__ import annotations

import argparse
import csv
import io
import logging
from datetime import datetime
from pathlib import Path

from roadmap_demo import vpr
from roadmap_demo.content import load_content
from roadmap_demo.generate import DEFAULT_SEED, DEFAULT_YEAR, put, receipts_csv

log = logging.getLogger(__name__)


def correct(inbox: Path, year: int = DEFAULT_YEAR, seed: int = DEFAULT_SEED) -> str:
    """Replaces the file and its receipt time; gives its path under `<inbox>/<year>/`.

    FileNotFoundError when the demo year is not in the inbox.
    """
    content = load_content(seed)
    paper = content.paper(content.correction.paper)
    folder = inbox / str(year)
    path = f"vpr/marks/{vpr.marks_name(paper)}"
    if not (folder / path).exists():
        raise FileNotFoundError(f"В папке {folder} нет файла {path}: сначала создайте данные")
    received = datetime.fromisoformat(content.correction.received)
    text = (folder / "receipts.csv").read_text(encoding="utf-8")
    table = csv.reader(io.StringIO(text), delimiter=";")
    next(table)  # the heading
    receipts = {name: datetime.fromisoformat(moment) for name, moment in table}
    receipts[path] = received
    # The time first: a pull in between still finds the old bytes, and they are in force.
    put(folder / "receipts.csv", receipts_csv(receipts), received)
    put(folder / path, vpr.marks_xlsx(content, paper, corrected=True), received)
    log.info("correction written: %s", path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description="Исправленный файл ВПР одного муниципалитета")
    parser.add_argument("--inbox", type=Path, required=True, help="входная папка")
    parser.add_argument("--year", type=int, default=DEFAULT_YEAR)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    correct(arguments.inbox, arguments.year, arguments.seed)


if __name__ == "__main__":
    main()
