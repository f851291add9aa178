"""The mailbox of copies proves a letter by its own Message-ID and Date, on a real IMAP server."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from roadmap.delivery.letters import message
from roadmap.delivery.proof.journal import FolderJournal, ImapJournal
from roadmap.delivery.proof.proofs import Doubtful, ProofUnavailable
from roadmap.plan.zone import home_time
from support.imap_server import PASSWORD, USER, ImapServer, NoDovecot, imap_server
from support.left_out import leave_out
from support.smtp_server import self_signed

NOW_MS = 1_616_742_840_000  # 26.03.2021, 10:14 in Moscow
_numbers = itertools.count(1)


def frozen(now_ms: int = NOW_MS, key: str = "a" * 64) -> message.FrozenMessage:
    return message.freeze(
        delivery_id=key,
        revision=1,
        sender=message.Sender(
            "roadmap@example.org", "КОИРО", "answers@example.org", "example.org"
        ),
        recipient="neya@example.org",
        subject="500+ | Комплексный анализ | Нея",
        html="<p>Письмо</p>",
        text="Письмо",
        files=[],
        moment=home_time().at(now_ms),
    )  # fmt: skip


def doubtful(key: str = "a" * 64) -> Doubtful:
    written_at = datetime.fromtimestamp(NOW_MS / 1000, UTC)
    return Doubtful(key, frozen(key=key).message_id, 1, frozen(key=key).sha256, written_at)


# What a mail server puts before a letter on its way.
TRACE = (
    b"Return-Path: <roadmap@example.org>\r\n"
    b"Received: from worker by mail.example.org;\r\n\ttoday\r\n"
)
COPIES = {
    "the letter itself": (frozen().rfc822, True),
    "the letter with the way it came": (TRACE + frozen().rfc822, True),
    "a letter of another key": (frozen(key="b" * 64).rfc822, False),
    "the same key planned anew": (frozen(NOW_MS + 1000).rfc822, False),
    "a longer Message-ID": (
        frozen().rfc822.replace(b"Message-ID: <", b"Message-ID: <x"), False,
    ),
    "an answer that refers to it": (
        b"Message-ID: <re@example.org>\r\nIn-Reply-To: " + doubtful().message_id.encode()
        + b"\r\nDate: Fri, 26 Mar 2021 10:14:00 +0300\r\n\r\nyes\r\n", False,
    ),
    "its Message-ID in the text": (
        b"Message-ID: <re@example.org>\r\nDate: Fri, 26 Mar 2021 10:14:00 +0300\r\n\r\n"
        b"Message-ID: " + doubtful().message_id.encode() + b"\r\n", False,
    ),
    "two Message-IDs": (
        b"Message-ID: <other@example.org>\r\n" + frozen().rfc822, False,
    ),
    "a date that is none": (
        b"Message-ID: " + doubtful().message_id.encode() + b"\r\nDate: yesterday\r\n\r\n", False,
    ),
    "no date": (b"Message-ID: " + doubtful().message_id.encode() + b"\r\n\r\n", False),
}  # fmt: skip


# -- A folder ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("content", "is_proof"), COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("name", ["one.eml", "new/1.host", "cur/1.host:2,S"])
def test_a_copy_in_a_folder_proves_its_own_letter(
    tmp_path: Path, name: str, content: bytes, is_proof: bool
):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    found = FolderJournal(tmp_path).find([doubtful(), doubtful("c" * 64)])
    assert found == ({"a" * 64: path.name} if is_proof else {})


def test_what_is_not_yet_delivered_or_no_mail_proves_nothing(tmp_path: Path):
    for name in ("tmp/1.host", "notes.txt", "new/folder/1.host"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(frozen().rfc822)
    (tmp_path / "broken.eml").write_bytes(b"\x00\xff" * 100)
    assert FolderJournal(tmp_path).find([doubtful()]) == {}


def test_a_folder_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(ProofUnavailable, match="roadmap_journal"):
        FolderJournal(tmp_path / "nothing").find([doubtful()])


# -- A mailbox on a server -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"))[1]


@pytest.fixture(scope="module")
def server(ca_file: Path) -> Iterator[ImapServer]:
    try:
        with imap_server(ca_file) as running:
            yield running
    except NoDovecot as missing:
        leave_out(str(missing))


@pytest.fixture
def put(server: ImapServer) -> Iterator[Callable[[bytes], None]]:
    """Puts a message into the mailbox; it is empty again afterwards."""

    def into_mailbox(content: bytes) -> None:
        server.put(f"{next(_numbers)}.host", content)

    yield into_mailbox
    for name in ("new", "cur"):
        for path in (server.maildir / name).iterdir():
            path.unlink()


def mailbox(server: ImapServer, ca_path: Path, **changes) -> ImapJournal:
    given = {
        "host": "127.0.0.1", "port": server.tls, "user": USER, "password": PASSWORD,
        "ca_file": str(ca_path), "seconds": 10,
    }  # fmt: skip
    return ImapJournal(**{**given, **changes})


@pytest.mark.parametrize(("content", "is_proof"), COPIES.values(), ids=COPIES)
def test_a_copy_in_the_mailbox_proves_its_own_letter(
    server: ImapServer, put, ca_file: Path, content: bytes, is_proof: bool
):
    put(frozen(key="d" * 64).rfc822)
    put(content)
    found = mailbox(server, ca_file).find([doubtful(), doubtful("c" * 64)])
    assert set(found) == ({"a" * 64} if is_proof else set())
    assert all(reference.startswith("INBOX, UID ") for reference in found.values())


def test_looking_leaves_the_mailbox_as_it_was(server: ImapServer, put, ca_file: Path):
    put(frozen().rfc822)
    for _ in range(2):
        assert set(mailbox(server, ca_file).find([doubtful()])) == {"a" * 64}
    files = [path.name for name in ("new", "cur") for path in (server.maildir / name).iterdir()]
    assert len(files) == 1
    assert not files[0].partition(":2,")[2]  # no flag: not seen, not answered, not deleted


def test_it_is_read_by_starttls_and_without_tls_on_this_machine_only(
    server: ImapServer, put, ca_file: Path
):
    put(frozen().rfc822)
    for changes in ({"use_starttls": True}, {}):
        plain = mailbox(server, ca_file, port=server.plain, use_ssl=False, **changes)
        assert set(plain.find([doubtful()])) == {"a" * 64}
    far = mailbox(server, ca_file, host="mail.example.org", port=server.plain, use_ssl=False)
    with pytest.raises(ProofUnavailable, match="без TLS"):
        far.find([doubtful()])


@pytest.mark.parametrize(
    "changes",
    [{"password": "wrong"}, {"mailbox": "Nothing"}, {"mailbox": 'A"b\\'}, {"ca_file": None}],
    ids=["password", "mailbox", "quotes", "certificate"],
)
def test_a_mailbox_that_can_t_be_read_is_told_without_its_server_s_words(
    server: ImapServer, ca_file: Path, changes: dict
):
    with pytest.raises(ProofUnavailable, match="roadmap_journal") as refused:
        mailbox(server, ca_file, **changes).find([doubtful()])
    assert PASSWORD not in str(refused.value)
    assert "Nothing" not in str(refused.value)


def test_a_server_that_is_not_there_is_told():
    with pytest.raises(ProofUnavailable, match="не читается"):
        ImapJournal("127.0.0.1", 1, USER, PASSWORD, seconds=2).find([doubtful()])
    assert PASSWORD not in repr(ImapJournal("127.0.0.1", 1, USER, PASSWORD))
