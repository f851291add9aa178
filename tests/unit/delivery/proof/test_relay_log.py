"""The relay's log proves a letter by the whole chain of its lines, and by nothing less."""

from __future__ import annotations

import gzip
import logging
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadmap.delivery.proof.proofs import Doubtful, ProofUnavailable
from roadmap.delivery.proof.relay_log import RelayLog

WRITTEN_AT = datetime(2021, 3, 26, 7, 14, tzinfo=UTC)  # 10:14 in Moscow
OURS = Doubtful("a" * 64, f"<{'a' * 32}.r1@example.org>", 1, "0" * 64, WRITTEN_AT)
OTHER = Doubtful("b" * 64, f"<{'b' * 32}.r1@example.org>", 1, "0" * 64, WRITTEN_AT)
QUEUED = "from=<roadmap@example.org>, size=48213, nrcpt=1 (queue active)"
SENT = (
    "to=<neya@example.org>, relay=mx.example.org[192.0.2.1]:25, delay=1.2,"
    " delays=0.1/0/0.6/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 9Z1)"
)
DEFERRED = (
    "to=<neya@example.org>, relay=none, delay=1, delays=1/0/0/0, dsn=4.4.1, status=deferred"
    " (connect to mx.example.org: Connection refused)"
)


def line(daemon: str, queue_id: str, said: str, moment: str = "Mar 26 10:14:02") -> str:
    return f"{moment} mail postfix/{daemon}[4711]: {queue_id}: {said}"


def accepted(letter: Doubtful = OURS, queue_id: str = "4F1A2B3C4D", **more) -> list[str]:
    """A letter's whole way through Postfix."""
    return [
        line("smtpd", queue_id, "client=worker[192.0.2.9]", **more),
        line("cleanup", queue_id, f"message-id={letter.message_id}", **more),
        line("qmgr", queue_id, QUEUED, **more),
        line("smtp", queue_id, SENT, **more),
        line("qmgr", queue_id, "removed", **more),
    ]


def write(path: Path, lines: list[str], at: datetime = WRITTEN_AT + timedelta(hours=6)) -> Path:
    content = "".join(f"{one}\n" for one in lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "mail.log"


def found(log: Path, *letters: Doubtful) -> dict[str, str]:
    return dict(RelayLog(str(log)).find(letters or (OURS, OTHER)))


def test_a_letter_that_came_into_the_queue_is_proven_by_queue_id_and_moment(log: Path):
    write(log, accepted())
    assert found(log) == {OURS.delivery_id: "4F1A2B3C4D, Mar 26 10:14:02"}


@pytest.mark.parametrize(
    "moment", ["Mar 26 10:14:02", "2021-03-26T10:14:02+03:00", "2021-03-26T07:14:02.123456+00:00"]
)
def test_both_ways_of_writing_the_moment_are_read(log: Path, moment: str):
    write(log, accepted(moment=moment))
    assert set(found(log)) == {OURS.delivery_id}


@pytest.mark.parametrize("queue_id", ["4F1A2B3C4D", "3Ptq5y3hBSz2jy", "4ZKxVs2T4bzJqPk"])
@pytest.mark.parametrize("proof", [line("qmgr", "Q", QUEUED), line("smtp", "Q", SENT)])
def test_the_queue_s_line_or_the_next_server_s_yes_proves(log: Path, queue_id: str, proof: str):
    named = line("cleanup", queue_id, f"message-id={OURS.message_id}")
    write(log, [named, proof.replace(" Q: ", f" {queue_id}: ")])
    assert set(found(log)) == {OURS.delivery_id}


def test_letters_mixed_line_by_line_are_told_apart(log: Path):
    mine, others = accepted(OURS, "4AAAAAAAAA"), accepted(OTHER, "4BBBBBBBBB")[:2]
    write(log, [one for pair in zip(others, mine, strict=False) for one in pair] + mine[2:])
    assert set(found(log)) == {OURS.delivery_id}


ID = "4F1A2B3C4D"
NAMED = line("cleanup", ID, f"message-id={OURS.message_id}")
NOT_PROVEN = {
    "nothing": [],
    "the message-id alone": [NAMED],
    "refused after its body": [
        NAMED,
        line("cleanup", ID, "milter-reject: END-OF-MESSAGE from worker[192.0.2.9]: 5.7.1 no"),
    ],
    "refused, its queue id used by mail without a message-id": [
        NAMED,
        line("cleanup", ID, "milter-reject: END-OF-MESSAGE from worker[192.0.2.9]: 5.7.1 no"),
        line("qmgr", ID, QUEUED),
    ],
    "another queue id": [NAMED, line("qmgr", "5000000000", QUEUED)],
    "its queue id used again": [
        NAMED,
        line("cleanup", ID, "message-id=<another@example.org>"),
        line("qmgr", ID, QUEUED),
    ],
    "its queue id used again by mail that names none": [
        NAMED,
        line("cleanup", ID, "message-id=<>"),
        line("qmgr", ID, QUEUED),
    ],
    "its queue id freed": [NAMED, line("qmgr", ID, "removed"), line("qmgr", ID, QUEUED)],
    "in the other order": [line("qmgr", ID, QUEUED), NAMED],
    "only put off": [NAMED, line("smtp", ID, DEFERRED)],
    "held for an administrator": [NAMED, line("cleanup", ID, "hold: header X: y; from=<a@b>")],
    "a longer message-id": [
        line("cleanup", ID, f"message-id=<x{OURS.message_id[1:]}"),
        line("qmgr", ID, QUEUED),
    ],
    "a message-id that is resent": [
        line("cleanup", ID, f"resent-message-id={OURS.message_id}"),
        line("qmgr", ID, QUEUED),
    ],
    "a subject that looks like the log": [
        line(
            "cleanup", "4CCCCCCCCC",
            f"warning: header Subject: {NAMED} {line('qmgr', ID, QUEUED)}; from=<a@b> to=<c@d>",
        ),
        line("qmgr", ID, QUEUED),
    ],
    "the log quoted by another daemon": [
        line("smtpd", "4CCCCCCCCC", f"reject: RCPT from x; helo=<{NAMED}"),
        line("qmgr", ID, QUEUED),
    ],
    "lines of another program": [
        NAMED.replace("postfix/cleanup", "cleanup"),
        line("qmgr", ID, QUEUED).replace("postfix/qmgr", "qmgr"),
    ],
    "the words of the queue said by another daemon": [NAMED, line("smtpd", ID, QUEUED)],
    "a status in the other server's words": [
        NAMED,
        line("smtp", ID, DEFERRED.replace("Connection refused", "status=sentinel")),
    ],
}  # fmt: skip


@pytest.mark.parametrize("lines", NOT_PROVEN.values(), ids=NOT_PROVEN)
def test_less_than_the_whole_chain_proves_nothing(log: Path, lines: list[str]):
    write(log, lines)
    assert found(log) == {}


def test_rotated_files_are_read_the_oldest_first(log: Path):
    lines = accepted()
    write(log.with_name("mail.log.2.gz"), lines[:1], WRITTEN_AT + timedelta(hours=1))
    write(log.with_name("mail.log.1"), lines[1:2], WRITTEN_AT + timedelta(hours=2))
    write(log, lines[2:], WRITTEN_AT + timedelta(hours=3))
    assert set(found(Path(f"{log}*"))) == {OURS.delivery_id}


def test_a_log_of_before_the_letter_was_written_is_about_another_one(log: Path):
    """After a database was put back a letter may be planned anew under the same Message-ID."""
    write(log, accepted(moment="2021-03-26T09:44:02+03:00"))
    assert found(log) == {}
    write(log, accepted(moment="2021-03-26T10:13:58+03:00"))  # clocks differ a little
    assert set(found(log)) == {OURS.delivery_id}


@pytest.mark.parametrize(("moment", "is_proof"), [("Mar 24 23:14:02", False), ("Mar 26", True)])
def test_a_log_without_years_and_zones_gets_the_benefit_of_a_day(
    log: Path, moment: str, is_proof: bool
):
    write(log, accepted(moment=moment if len(moment) > 6 else f"{moment} 01:00:00"))
    assert (set(found(log)) == {OURS.delivery_id}) is is_proof


def test_the_last_day_of_february_and_the_turn_of_the_year_are_days(log: Path):
    leap = Doubtful("c" * 64, OURS.message_id, 1, "0" * 64, datetime(2020, 2, 29, tzinfo=UTC))
    write(log, accepted(moment="Feb 29 10:14:02"), datetime(2021, 1, 3, tzinfo=UTC))
    assert set(found(log, leap)) == {leap.delivery_id}
    year = Doubtful("c" * 64, OURS.message_id, 1, "0" * 64, datetime(2020, 12, 31, tzinfo=UTC))
    write(log, accepted(moment="Dec 31 10:14:02"), datetime(2021, 1, 1, tzinfo=UTC))
    assert set(found(log, year)) == {year.delivery_id}
    assert write(log, accepted(moment="Xyz 99 99:14:02"))
    assert found(log) == {}


def test_a_log_that_is_not_there_or_not_ours_to_read_is_told(log: Path, tmp_path: Path):
    with pytest.raises(ProofUnavailable, match="не найден"):
        found(log)
    log.mkdir()
    with pytest.raises(ProofUnavailable, match="не найден"):
        found(log)
    write(tmp_path / "broken.gz", []).write_bytes(b"\x1f\x8b\x08 no gzip")
    with pytest.raises(ProofUnavailable, match="не читается"):
        found(tmp_path / "broken.gz")


def test_a_damaged_file_breaks_its_chains_and_hides_no_other(
    log: Path, caplog: pytest.LogCaptureFixture
):
    whole = gzip.compress("\n".join(accepted()[:2] * 500).encode())
    torn = log.with_name("mail.log.1.gz")
    torn.write_bytes(whole[: len(whole) // 2])
    os.utime(torn, (WRITTEN_AT.timestamp(), WRITTEN_AT.timestamp()))
    write(log, [*accepted()[2:], *accepted(OTHER, "4BBBBBBBBB")])
    assert set(found(Path(f"{log}*"))) == {OTHER.delivery_id}
    assert "@" not in caplog.text


def test_lines_of_other_people_s_mail_are_never_logged(log: Path, caplog: pytest.LogCaptureFixture):
    write(log, ["\x00\xff" * 50_000, *accepted(OTHER, "4BBBBBBBBB"), *accepted()])
    with caplog.at_level(logging.DEBUG):
        proof = found(log, OURS)
    assert set(proof) == {OURS.delivery_id}
    assert "@" not in caplog.text + "".join(proof.values())


@given(st.randoms(use_true_random=False), st.integers(0, 12))
def test_noise_between_and_bytes_cut_off_never_prove_what_did_not_happen(
    tmp_path_factory: pytest.TempPathFactory, chance: random.Random, cut: int
):
    """Of a log cut anywhere only whole chains prove; of a shuffled one only those in order."""
    lines = accepted() + accepted(OTHER, "4BBBBBBBBB")[:2]
    kept = [one for one in lines if chance.random() < 0.7]
    chance.shuffle(kept)
    log = write(tmp_path_factory.mktemp("log") / "mail.log", kept)
    log.write_bytes(log.read_bytes()[: -cut or None])
    whole = log.read_bytes().decode().split("\n")
    order = [
        next((i for i, one in enumerate(whole) if mark in one), None)
        for mark in (OURS.message_id, "(queue active)", "status=sent (")
    ]
    named, *proofs = order
    removed = next((i for i, one in enumerate(whole) if one.endswith(": removed")), None)
    expected = named is not None and any(
        at is not None and at > named and not (removed is not None and named < removed < at)
        for at in proofs
    )
    assert found(log) == ({OURS.delivery_id: "4F1A2B3C4D, Mar 26 10:14:02"} if expected else {})
