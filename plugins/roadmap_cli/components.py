"""Airflow's processes on this machine for `make run`, none of which others can reach.

`airflow standalone` gives its components no options, and the log servers that its scheduler and
triggerer start listen on every interface, whatever is set (airflow/utils/serve_logs/core.py). Here
they start none, and one log server of Airflow's listens on the loopback beside them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

LOOPBACK = "127.0.0.1"


def hostname() -> str:
    """Where the API server asks for the log of a running task (`[core] hostname_callable`)."""
    return LOOPBACK


def main() -> None:
    """Start all of them and wait; exit with 1 as soon as one has ended, naming it.

    They stay in the process group of this one, by which whoever started it ends them all.
    """
    log_server = [
        sys.executable, "-m", "uvicorn", "airflow.utils.serve_logs.log_server:get_app",
        "--factory", "--host", LOOPBACK, "--no-access-log", "--log-level", "warning",
        "--port", os.environ["AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT"],
    ]  # fmt: skip
    commands = {
        "scheduler": ["airflow", "scheduler", "--skip-serve-logs"],
        "dag-processor": ["airflow", "dag-processor"],
        "api-server": ["airflow", "api-server"],
        "triggerer": ["airflow", "triggerer", "--skip-serve-logs"],
        "log server": log_server,
    }
    processes = {
        name: subprocess.Popen(command)  # noqa: S603 - commands are our own
        for name, command in commands.items()
    }
    while True:
        for name, process in processes.items():
            if process.poll() is not None:
                sys.exit(f"{name} ended with {process.returncode}")
        time.sleep(0.5)


if __name__ == "__main__":
    main()
