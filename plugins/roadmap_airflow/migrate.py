"""`python -m roadmap_airflow.migrate`: brings the database of `roadmap_db` up to date."""

from __future__ import annotations


def main() -> None:
    """Run the migrations that are missing; a second call changes nothing."""
    from roadmap.store.migrate import upgrade
    from roadmap_airflow.connections import roadmap_db

    with roadmap_db() as engine:
        upgrade(engine)


if __name__ == "__main__":
    main()
