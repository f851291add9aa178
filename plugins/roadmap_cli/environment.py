"""The environment of our Airflow processes: the embedded default, every setting by variable.

What the caller's environment already says wins, so the same commands serve an
institute's own server. Nothing here starts a process.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from roadmap.paths import ROOT
from roadmap.plan.zone import home_time

# Everything made at run time; tests put it elsewhere.
VAR = Path(os.environ.get("ROADMAP_VAR") or ROOT / "var")
DEMO_ADDRESS_DOMAIN = "example.org"


@dataclass(frozen=True)
class Ports:
    """One number moves them all: the UI, Airflow's log and health servers, the mailbox."""

    ui: int

    @property
    def worker_log(self) -> int:
        return self.ui + 1

    @property
    def scheduler_health(self) -> int:
        return self.ui + 3

    @property
    def mail(self) -> int:
        return self.ui + 4

    @property
    def all(self) -> tuple[int, ...]:
        return (self.ui, self.worker_log, self.scheduler_health, self.mail)


def demo_environment(home: Path, ports: Ports, var: Path = VAR) -> dict[str, str]:
    """All variables for an Airflow whose home is `home`; secrets are made per home and kept."""
    inbox, archive, reports = (var / name for name in ("inbox", "archive", "reports"))
    airflow = {
        "CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": str(max(2, min(8, os.cpu_count() or 2))),
        # Tasks are forked from a process that has the heavy modules loaded already.
        "CORE__MP_START_METHOD": "forkserver",
        "CORE__MP_FORKSERVER_PRELOAD": (
            "airflow.executors.local_executor,airflow.sdk.execution_time.supervisor,"
            "airflow.sdk.execution_time.task_runner,roadmap_airflow.preload"
        ),
        "CORE__DEFAULT_TIMEZONE": home_time().zone.key,
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{ports.ui}/execution/",
        "CORE__HOSTNAME_CALLABLE": "roadmap_cli.components.hostname",
        "CORE__FERNET_KEY": _secret(home, "fernet_key"),
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "API__HOST": "127.0.0.1",
        "API__PORT": str(ports.ui),
        "API__BASE_URL": f"http://127.0.0.1:{ports.ui}",
        "API__DEFAULT_WRAP": "True",  # lines of a log, which are sentences
        "API__SECRET_KEY": _secret(home, "api_secret"),
        "API_AUTH__JWT_SECRET": _secret(home, "jwt_secret"),
        "LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "LOGGING__WORKER_LOG_SERVER_PORT": str(ports.worker_log),
        "SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(ports.scheduler_health),
        "SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST": "127.0.0.1",
        # A phase is nine steps, one after another; by default each waits a second.
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        # Half as often as by default: parsing takes processor time from the tasks.
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    connections = {
        "ROADMAP_DB": {"conn_type": "sqlite", "host": str(var / "roadmap.db")},
        "ROADMAP_INBOX": {"conn_type": "file", "extra": {"base": inbox.as_uri()}},
        "ROADMAP_ARCHIVE": {"conn_type": "file", "extra": {"base": archive.as_uri()}},
        "ROADMAP_REPORTS": {"conn_type": "file", "extra": {"base": reports.as_uri()}},
        "ROADMAP_PORTAL": {"conn_type": "sqlite", "host": str(var / "portal.db")},
        "SMTP_DEFAULT": {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": ports.mail,
            "extra": {
                "disable_ssl": True,
                "disable_tls": True,
                "from_email": f"roadmap@{DEMO_ADDRESS_DOMAIN}",
                "timeout": 30,
                "retry_limit": 1,
            },
        },
    }
    environment = {
        "AIRFLOW_HOME": str(home),
        "PYTHONPATH": str(ROOT / "plugins"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        # Libraries that warn each other of their future would stand in every task's log.
        "PYTHONWARNINGS": "ignore::DeprecationWarning",
        "ROADMAP_PROFILE": "demo",
        "ROADMAP_FROM_ADDRESS": f"roadmap@{DEMO_ADDRESS_DOMAIN}",
        "ROADMAP_REPLY_TO_ADDRESS": f"roadmap@{DEMO_ADDRESS_DOMAIN}",
        "ROADMAP_OPERATOR_ADDRESS": f"operator@{DEMO_ADDRESS_DOMAIN}",
        "ROADMAP_REDIRECT_ADDRESS": f"test@{DEMO_ADDRESS_DOMAIN}",
        "ROADMAP_ALLOWED_DOMAINS": DEMO_ADDRESS_DOMAIN,
        "ROADMAP_MESSAGE_DOMAIN": DEMO_ADDRESS_DOMAIN,
        "ROADMAP_RECEIPTS_FOLDER": str(var / "receipts"),
        "ROADMAP_DRAFTS": str(var / "plans"),
    }
    environment |= {f"AIRFLOW__{name}": value for name, value in airflow.items()}
    environment |= {
        f"AIRFLOW_CONN_{name}": json.dumps(value, ensure_ascii=False)
        for name, value in connections.items()
    }
    fixed = {"AIRFLOW_HOME", "PYTHONPATH", "PATH"}
    return {
        **os.environ,
        **{k: v for k, v in environment.items() if k in fixed or k not in os.environ},
    }


def _secret(home: Path, name: str) -> str:
    """A random secret that stays the same for this home; readable by its owner only."""
    import base64
    import secrets

    path = home / "secrets" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    return path.read_text()
