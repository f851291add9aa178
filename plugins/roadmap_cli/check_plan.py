"""`make check-plan FILE=…`: all that is wrong with a plan's file, or what is left to fill in."""

from __future__ import annotations

import sys
from pathlib import Path

from roadmap.plan.check_file import check_file
from roadmap_cli.arguments import ArgumentParser


def main() -> None:
    parser = ArgumentParser(description="Check the file of a plan")
    parser.add_argument("--file", required=True)
    name = parser.parse_args().file.strip()
    if not name:
        sys.exit("Не указано: FILE=… Например: make check-plan FILE=include/plans/2027.yaml")
    try:
        checked = check_file(Path(name))
    except FileNotFoundError:
        sys.exit(f"Файла «{name}» нет. Проверьте путь.")
    except OSError:
        sys.exit(f"«{name}» не читается: это папка или нет доступа.")
    print("\n".join(checked.lines))
    sys.exit(1 if checked.faults else 0)


if __name__ == "__main__":
    main()
