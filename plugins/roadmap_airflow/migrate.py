"""`python -m roadmap_airflow.migrate`: brings the database of `roadmap_db` up to date."""

from __future__ import annotations

import logging
from pathlib import Path

log = logging.getLogger("roadmap")


def main() -> None:
    """Run the migrations that are missing, clear the archive of what may not lie there, and let
    nobody but user and group read it and the reports; a second call changes nothing."""
    from roadmap.evidence.archived import clear_archive
    from roadmap.store.migrate import upgrade
    from roadmap_airflow.connections import folder, roadmap_db

    with roadmap_db() as engine:
        upgrade(engine)
        clear_archive(engine, folder("roadmap_archive"))
    for kept_in in (folder("roadmap_archive"), folder("roadmap_reports")):
        if isinstance(kept_in, Path) and kept_in.exists():
            try:
                kept_in.chmod(kept_in.stat().st_mode & 0o770)
            except PermissionError:
                log.warning("Папку %s могут читать все: уберите это право.", kept_in)


if __name__ == "__main__":
    main()
