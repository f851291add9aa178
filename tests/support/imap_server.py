"""A private Dovecot for the tests: own folder, free ports of the loopback, one mailbox.

The real server, because what a search of its index finds and how it quotes is what matters.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER, PASSWORD = "journal", "secret-of-a-test"
# Its daemons refuse to run as root; Debian's packages bring these accounts.
_LOGIN, _INTERNAL = "dovenull", "dovecot"


class NoDovecot(RuntimeError):
    """Dovecot is not installed, or can't be started by who runs the tests."""


@dataclass(frozen=True)
class ImapServer:
    """`plain` and `tls` are ports of 127.0.0.1; mail files lie in `maildir`/new."""

    plain: int
    tls: int
    maildir: Path
    account: tuple[int, int]

    def put(self, name: str, content: bytes) -> None:
        """A message that has come, as a delivery agent leaves it."""
        path = self.maildir / "new" / name
        path.write_bytes(content)
        os.chown(path, *self.account)


@contextmanager
def imap_server(certificate: Path) -> Iterator[ImapServer]:
    """Start it with the certificate and key of one PEM file, stop it, remove its files."""
    program = shutil.which("dovecot") or "/usr/sbin/dovecot"
    if not Path(program).exists() or not Path("/usr/lib/dovecot/imap").exists():
        raise NoDovecot("IMAP-сервер Dovecot (пакет dovecot-imapd)")
    if os.geteuid() != 0:
        raise NoDovecot("IMAP-сервер Dovecot, которому нужны права root")
    folder = Path(tempfile.mkdtemp(prefix="roadmap-imap-"))
    try:
        account = pwd.getpwnam("nobody")
        maildir = folder / "mail"
        for name in ("", "new", "cur", "tmp"):
            (maildir / name).mkdir(mode=0o700)
            os.chown(maildir / name, account.pw_uid, account.pw_gid)
        folder.chmod(0o755)
        plain, tls = _free_ports()
        users = folder / "users"
        users.write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
        users.chmod(0o644)  # its log-in process is another user, and our umask may keep it out
        configuration = folder / "dovecot.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=folder, certificate=certificate, plain=plain, tls=tls, login=_LOGIN,
                internal=_INTERNAL, uid=account.pw_uid, gid=account.pw_gid,
            )
        )  # fmt: skip
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [program, "-F", "-c", configuration], stdout=log, stderr=log, umask=0o022
            )
        try:
            _wait_for(plain, server, folder)
            yield ImapServer(plain, tls, maildir, (account.pw_uid, account.pw_gid))
        finally:
            server.terminate()
            server.wait(10)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_login_user = {login}
default_internal_user = {internal}
default_internal_group = {internal}
first_valid_uid = 1
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{certificate}
mail_location = maildir:{folder}/mail
mail_fsync = never
service imap-login {{
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail
}}
namespace inbox {{
  inbox = yes
}}
"""


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as o:
        return one.getsockname()[1], o.getsockname()[1]


def _wait_for(port: int, server: subprocess.Popen[bytes], folder: Path) -> None:
    give_up = time.monotonic() + 15
    while time.monotonic() < give_up and server.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                if connection.recv(16).startswith(b"* OK"):
                    return
        except OSError:
            time.sleep(0.05)
    said = "".join(p.read_text() for p in (folder / "log", folder / "dovecot.log") if p.exists())
    server.kill()
    raise AssertionError(f"Dovecot did not start: {said[-2000:]}")
