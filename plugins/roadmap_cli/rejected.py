"""`make rejected`: prints which files and rows are not accepted, and why. No personal data."""

from __future__ import annotations

from roadmap_cli.answers import asked_database
from roadmap_cli.arguments import ArgumentParser, plan_code


def main() -> None:
    parser = ArgumentParser(description="The files and rows that are not accepted")
    parser.add_argument("--plan", type=plan_code, default="", help="its code; empty: all")
    parser.add_argument("--dataset", default="", help="as in include/sources.yaml; empty: all")
    arguments = parser.parse_args()
    print("\n".join(answered(arguments.plan, arguments.dataset.strip())))


def answered(plan: str, dataset: str) -> list[str]:
    """The lines from the roadmap's database of this environment; SystemExit with what is wrong."""
    from roadmap.evidence.sources import load_sources
    from roadmap.evidence.troubles import standing_troubles, told_again

    known = load_sources()
    if dataset and dataset not in known:
        listed = ", ".join(f"{name} («{known[name].title}»)" for name in sorted(known))
        raise SystemExit(f"DATASET: вида сведений «{dataset}» нет. Есть: {listed}.")
    with asked_database() as db:
        found = standing_troubles(db, plan, dataset)
    return [line for one in found for line in told_again(one)] or ["Непринятых файлов и строк нет"]


if __name__ == "__main__":
    main()
