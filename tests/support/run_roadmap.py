"""One phase of a roadmap by an installation that holds it: `python -m support.run_roadmap`.

Runs in a process of its own, whose PYTHONPATH says which installation that is.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from bench.stages import Place, run_stages
from roadmap.delivery.settings import Patience, settings_from
from roadmap.evidence.request import RunRequest
from roadmap.store.engine import open_engine
from roadmap.store.migrate import upgrade
from roadmap_cli.environment import Ports, demo_environment
from support.mail_client import plain


def main() -> None:
    """VAR, the mail server's base port, plan, phase and the moment (ISO) of the run."""
    var, base, code, phase, moment = sys.argv[1:]
    ports, folder = Ports(int(base)), Path(var)
    engine = open_engine(f"sqlite:///{folder / 'roadmap.db'}")
    upgrade(engine)
    settings = settings_from(demo_environment(folder / "home", ports, folder))
    place = Place(engine, folder, plain(ports.mail, Patience()), settings)
    request = RunRequest(code, phase, "live", None, None, (), None, "tests")
    now_ms = int(datetime.fromisoformat(moment).timestamp() * 1000)
    outcome = run_stages(place, request, now_ms)
    engine.dispose()
    print(outcome.text)
    sys.exit(0 if outcome.is_settled else 1)


if __name__ == "__main__":
    main()
