"""A correction, as a municipality sends it: `python -m roadmap_demo.correction --inbox var/inbox`.

One ВПР export comes again with other marks of one school (`include/demo/correction.yaml`). It
is the version of its day; this command moves the inbox on to that day and no further.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from roadmap_demo import vpr
from roadmap_demo.content import load_content
from roadmap_demo.generate import DEFAULT_SEED, DEFAULT_YEAR, generate


def correct(inbox: Path, year: int = DEFAULT_YEAR, seed: int = DEFAULT_SEED) -> str:
    """Puts the corrected file and its receipt time; gives its path under `<inbox>/<year>/`.

    A second call changes nothing. FileNotFoundError when the demo year is not in the inbox.
    """
    content = load_content(seed)
    path = f"vpr/marks/{vpr.marks_name(content, content.paper(content.correction.paper))}"
    folder = inbox / str(year)
    if not (folder / path).exists():
        raise FileNotFoundError(f"В папке {folder} нет файла {path}: сначала создайте данные")
    generate(inbox, year, seed, content.correction.received.date())
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
