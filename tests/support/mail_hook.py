"""The tests' mail server reached as in Airflow: by way of the seam's hook."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

from roadmap.delivery.sending.smtp import MailServer
from roadmap.delivery.settings import Patience
from support.mail_client import QUICK


def hooked(
    port: int,
    patience: Patience = QUICK,
    *,
    host: str = "127.0.0.1",
    login: str | None = None,
    password: str | None = None,
    use_ssl: bool = False,
    use_starttls: bool = False,
    timeout: float = 2,
    **extra: Any,
) -> MailServer:
    """The mail server of a connection of that kind, read by the hook."""
    # Airflow, where this process has not imported it yet, makes its folder of logs there.
    os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="roadmap-airflow-tests-"))
    from airflow.sdk import Connection

    from roadmap_airflow.mail import mail_server

    extra |= {"disable_ssl": not use_ssl, "disable_tls": not use_starttls, "timeout": timeout}
    return mail_server(
        Connection(
            conn_id="smtp_default", conn_type="smtp", host=host, port=port,
            login=login, password=password, extra=json.dumps(extra),
        ),
        patience,
    )  # fmt: skip
