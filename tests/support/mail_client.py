"""The tests' mail server reached over smtplib alone: no TLS, no log-in, no Airflow.

For tests of what becomes of letters. How the connection comes about is the hook's (tests/dags/
test_mail.py, tests/faults/test_server_faults.py).
"""

from __future__ import annotations

import smtplib

from roadmap.delivery.sending.smtp import Dialogue, MailServer
from roadmap.delivery.settings import Patience
from roadmap.delivery.transport import MailServerUnavailable

SECONDS_TO_CONNECT = 2
QUICK = Patience(mail=2, rcpt=2, data=2, block=2, reply=1)


def plain(port: int, patience: Patience = QUICK) -> MailServer:
    """The mail server at a port of this machine."""

    def open_dialogue(ehlo_name: str) -> Dialogue:
        client = smtplib.SMTP(timeout=SECONDS_TO_CONNECT)
        dialogue = Dialogue(client, SECONDS_TO_CONNECT)
        try:
            code, _ = client.connect("127.0.0.1", port)
            if code == 220:
                code, _ = client.ehlo(ehlo_name)
        except OSError as broken:
            client.close()
            raise MailServerUnavailable(f"Нет соединения: {type(broken).__name__}.") from None
        if code != 250:
            client.close()
            raise MailServerUnavailable(f"Почтовый сервер не впустил (код {code}).")
        return dialogue

    return MailServer("127.0.0.1", False, open_dialogue, patience=patience)
