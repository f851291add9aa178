"""`python -m roadmap_airflow.migrate`: brings the database of `roadmap_db` up to date."""

from __future__ import annotations


def main() -> None:
    """Run the migrations that are missing, and clear the archive of what may not lie there; a
    second call changes nothing."""
    from roadmap.evidence.archived import clear_archive
    from roadmap.store.migrate import upgrade
    from roadmap_airflow.connections import folder, roadmap_db

    with roadmap_db() as engine:
        upgrade(engine)
        clear_archive(engine, folder("roadmap_archive"))


if __name__ == "__main__":
    main()
