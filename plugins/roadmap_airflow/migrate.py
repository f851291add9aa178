"""`python -m roadmap_airflow.migrate`: brings the database of `roadmap_db` up to date."""

from __future__ import annotations

import logging
from pathlib import Path

log = logging.getLogger("roadmap")


def main() -> None:
    """Run the migrations that are missing, clear the archive of what may not lie there, and let
    nobody but user and group read it and the reports; a second call changes nothing.

    Every start-up comes by here first, so settings of delivery that do not fit together end it.
    """
    from roadmap.delivery.settings import SettingsError
    from roadmap.evidence.archived import clear_archive
    from roadmap.store.migrate import upgrade
    from roadmap_airflow.connections import delivery_settings, folder, roadmap_db

    try:
        delivery_settings()
    except SettingsError as error:
        raise SystemExit(str(error)) from None
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
