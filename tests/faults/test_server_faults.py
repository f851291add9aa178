"""S1–S18 of docs/delivery.md §6: a real sender process and a mail server that misbehaves."""

from __future__ import annotations

import os
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from faults.checker import Verdict
from faults.worker import start_process
from faults.world import EXPIRES_MS, SETTINGS, CountingServer, World, make_world, scope
from roadmap.delivery.decisions import settle
from roadmap.delivery.ledger import brakes, moves
from roadmap.delivery.sending.sender import SendSummary, send_due
from roadmap.delivery.sending.smtp import transports
from roadmap.delivery.settings import DeliverySettings, Patience
from roadmap.delivery.transport import MailServerUnavailable
from roadmap.store.engine import open_engine
from roadmap.store.tables import delivery, delivery_event
from support.mail_hook import hooked
from support.smtp_server import self_signed

Tell = Callable[[str, str, Verdict], None]
WorldOf = Callable[..., AbstractContextManager[World]]

OCCASION = "2021/march_analysis"
PATIENT = Patience(mail=10, rcpt=10, data=10, block=10, reply=10)
# In the phase in which the server is slow; it takes longer for its shortest reply.
SHORT_SECONDS = 0.6
BYTE_SECONDS = 0.15
SMALL = 2_000
# The kernel takes no such body at once: it is cut off in its middle and not behind its end.
LARGE = 3_000_000
SAYS = {
    "mixed_dot": b"550-5.7.1 no\r\n250 2.0.0 queued\r\n",
    "both_dot": b"250 2.0.0 queued\r\n554 5.7.1 no\r\n",
}
THREE_TRIES = replace(SETTINGS, max_attempts=3)
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Unavailable:
    """What the sender told when nothing could be sent at all."""

    reason: str


@pytest.fixture
def world_of(any_engine: Engine, request: pytest.FixtureRequest, tell: Tell) -> WorldOf:
    """`with world_of(letters, filler, **misbehaviour) as world`: letters that are ready to be
    sent to a mail server that misbehaves so; the checker looks at them in the end."""
    scenario = request.node.originalname.removeprefix("test_").replace("_", " ")

    @contextmanager
    def make(letters: int = 1, filler: int = SMALL, **misbehaviour: Any) -> Iterator[World]:
        with CountingServer(**misbehaviour) as server:
            world = make_world(any_engine, server, letters)
            world.plan(letters, OCCASION, filler=filler)
            yield world
            verdict = world.verdict()
            tell(f"{scenario[0].upper()}{scenario[1:]}", any_engine.dialect.name, verdict)
            assert verdict.is_clean, verdict

    return make


def drain(
    world: World,
    settings: DeliverySettings = SETTINGS,
    *,
    patience: Patience = PATIENT,
    ca_file: Path | None = None,
    lease_ms: int = moves.LEASE_MS,
    **connection: Any,
) -> SendSummary | Unavailable:
    """A sender process, from its start to its end; it reaches the server as Airflow does."""
    server = hooked(world.server.port, patience, **({"timeout": 10} | connection))
    url, later_ms = world.url, world.later_ms

    def work() -> SendSummary | Unavailable:
        import threading

        moves.LEASE_MS = lease_ms
        if ca_file is not None:
            os.environ["SSL_CERT_FILE"] = str(ca_file)
        engine = open_engine(url)
        try:
            return send_due(
                engine,
                scope(OCCASION),
                transports(server),
                settings,
                threading.Event(),
                "sender",
                clock=lambda db: moves.db_now_ms(db) + later_ms,
            )
        except MailServerUnavailable as unavailable:
            return Unavailable(str(unavailable))

    ended = start_process(world.engine, work).wait()
    assert ended.code == 0, ended.said
    world.server.wait_until_quiet()
    return ended.said


def impatient(phase: str) -> Patience:
    return replace(PATIENT, **{phase: SHORT_SECONDS})


def again(world: World, times: int = 2, settings: DeliverySettings = SETTINGS) -> None:
    """Whoever runs it again, whenever: hours pass in between."""
    for _ in range(times):
        world.let_pass(24 * HOUR_MS)
        drain(world, settings)


def states(world: World) -> Counter[str]:
    return Counter(world.states().values())


def rows(world: World) -> list[Any]:
    with world.engine.begin() as db:
        return list(db.execute(select(delivery).order_by(delivery.c.not_before_ms)))


# -- The final dot -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "on_server"),
    [
        pytest.param("rst_after_dot", 0, id="S1 reset, not accepted"),
        pytest.param("accept_then_rst", 1, id="S2 accepted, reset"),
        pytest.param("accept_late", 1, id="S3 accepted, the reply came too late"),
        pytest.param("garbage", 0, id="S7 garbage"),
        pytest.param("unfinished", 1, id="S7 a reply without end"),
        pytest.param("220_dot", 0, id="S7 a good word that is no acceptance"),
        pytest.param("mixed_dot", 0, id="S7 a refusal that goes on as acceptance"),
        pytest.param("both_dot", 0, id="S7 acceptance and a refusal after it"),
        pytest.param("slow_dot", 1, id="S18 a byte at a time"),
        pytest.param("silent_dot", 1, id="S18 silence"),
    ],
)
def test_a_reply_that_is_lost_is_unknown_and_never_sent_again(
    world_of: WorldOf, behaviour: str, on_server: int
):
    with world_of(
        plan=[behaviour], late_seconds=1.5, byte_seconds=BYTE_SECONDS, says=SAYS
    ) as world:
        first = drain(world, patience=impatient("reply"))
        assert (first.unknown, first.accepted) == (1, 0)
        assert world.verdict().accepted_by_server == on_server
        again(world)
        assert states(world) == {"unknown": 1}
        assert (world.server.bodies, world.server.count("MAIL")) == (1, 1)
        # What is unknown is told with the truth beside it, and the person who settles it
        # by the mail server's journal brings every letter home once.
        assert [truth for _, truth in world.verdict().unknown] == [bool(on_server)]
        assert world.settle_unknown() == (on_server, 1 - on_server)
        again(world, 1)
        assert (states(world), len(world.server.accepted)) == ({"accepted": 1}, 1)


@pytest.mark.parametrize("code", [451, 452, 421])
def test_s4_s6_not_now_to_the_dot_is_sent_again_when_its_time_has_come(
    world_of: WorldOf, code: int
):
    with world_of(plan=[f"{code}_dot"]) as world:
        assert drain(world).postponed == 1
        drain(world)
        assert world.server.bodies == 1  # its time had not come
        again(world, 1)
        assert (states(world), len(world.server.accepted)) == ({"accepted": 1}, 1)
        assert rows(world)[0].send_epoch == 2


@pytest.mark.parametrize("phase", ["rcpt", "data", "dot"])
def test_s5_no_for_good_is_said_once_in_any_phase(world_of: WorldOf, phase: str):
    with world_of(plan=["551_rcpt" if phase == "rcpt" else f"554_{phase}"]) as world:
        assert drain(world).rejected == 1
        again(world)
        assert states(world) == {"rejected": 1}
        assert world.server.count("MAIL") == 1
        assert world.server.bodies == (1 if phase == "dot" else 0)
        assert rows(world)[0].last_code == (551 if phase == "rcpt" else 554)


# -- Recipients --------------------------------------------------------------------------------


@pytest.mark.parametrize("no", ["550_rcpt", "554_dot"])
def test_s8_who_is_refused_stops_no_other(world_of: WorldOf, no: str):
    with world_of(3) as world:
        server, refused = world.server, world.letters[1].recipient
        server.by_address[refused] = repeat(no)
        summary = drain(world)
        assert (summary.rejected, summary.accepted) == (1, 2)
        again(world)
        asked = sum(refused in command for command in server.commands)
        assert (asked, server.connections) == (1, 1)
        assert {one.recipient for one in server.accepted} == {
            one.recipient for one in world.letters if one.recipient != refused
        }
        with world.engine.begin() as db:
            said = db.execute(select(delivery_event.c.detail)).scalars().all()
        assert any(said)
        assert not any("@" in (text or "") for text in said)


def test_s9_a_greylist_waits_and_lets_all_in(world_of: WorldOf):
    with world_of(3, plan=["450_rcpt"] * 3) as world:
        assert drain(world).postponed == 3
        drain(world)
        assert world.server.count("RCPT") == 3  # nobody knocked before the time
        again(world, 1)
        assert (states(world), len(world.server.accepted)) == ({"accepted": 3}, 3)


def test_s14_not_now_for_ever_is_exhausted_within_its_budget(world_of: WorldOf):
    with world_of(default="451_dot") as world:
        waits = []
        for _ in range(3):
            drain(world, THREE_TRIES)
            row = rows(world)[0]
            waits.append((row.not_before_ms - row.updated_ms) / 60_000)
            world.let_pass(HOUR_MS)
        again(world, 3, THREE_TRIES)
        assert states(world) == {"exhausted": 1}
        assert world.server.bodies == 3
        assert 0.8 <= waits[0] <= 1.2
        assert 4 <= waits[1] <= 6


def test_s14_what_waits_past_its_deadline_is_cancelled_and_not_sent(world_of: WorldOf):
    with world_of(plan=["450_rcpt"]) as world:
        assert drain(world).postponed == 1
        world.let_pass(EXPIRES_MS)
        assert drain(world).expired == 0  # by one look nobody knows whether the clock is right
        world.let_pass(300_000)
        assert drain(world).expired == 1
        assert (states(world), world.server.bodies) == ({"cancelled": 1}, 0)


def test_s15_252_is_a_yes(world_of: WorldOf):
    with world_of(3, default="252_rcpt") as world:
        assert drain(world).accepted == 3
        said = [reply for one in world.server.log for reply in one.replies]
        assert sum(reply.startswith("252 ") for reply in said) == 3


# -- Broken lines ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "filler"),
    [
        pytest.param("rst_body", LARGE, id="S10 reset in the body"),
        pytest.param("rst_data", SMALL, id="S11 reset before 354"),
        pytest.param("rst_rcpt", SMALL, id="reset at RCPT"),
        pytest.param("421_in_body", LARGE, id="421 in the body"),
    ],
)
def test_s10_s11_a_line_cut_before_the_dot_is_exhausted_never_unknown(
    world_of: WorldOf, behaviour: str, filler: int
):
    with world_of(filler=filler, default=behaviour) as world:
        drain(world, THREE_TRIES)
        again(world, 3, THREE_TRIES)
        assert states(world) == {"exhausted": 1}
        assert (world.server.count("DATA" if filler == LARGE else "MAIL"), world.server.bodies) == (
            3,
            0,
        )
        assert "unknown" not in world.path(world.letters[0].delivery_id)


def test_s12_a_server_that_hangs_up_after_each_letter_gets_them_all(world_of: WorldOf):
    with world_of(3, default="close_after") as world:
        assert drain(world).accepted == 3
        assert world.server.connections == 3
        assert {row.attempts for row in rows(world)} == {1}


@pytest.mark.parametrize("behaviour", ["421_rcpt", "421_data", "421_in_body", "421_dot"])
def test_421_in_mid_batch_reconnects_and_goes_on(world_of: WorldOf, behaviour: str):
    filler = LARGE if behaviour == "421_in_body" else SMALL
    with world_of(3, filler=filler, plan=["accept", behaviour]) as world:
        summary = drain(world)
        assert (summary.accepted, summary.postponed) == (2, 1)
        assert world.server.connections == 2
        again(world, 1)
        assert (states(world), len(world.server.accepted)) == ({"accepted": 3}, 3)


def test_421_to_the_next_letter_of_a_kept_connection_charges_nothing(world_of: WorldOf):
    with world_of(3, plan=["accept", "421_mail"]) as world:
        assert drain(world).accepted == 3
        assert world.server.connections == 2
        assert {row.attempts for row in rows(world)} == {1}


def test_421_three_times_in_a_row_gives_the_server_a_rest(world_of: WorldOf):
    with world_of(6, plan=["421_rcpt"] * 3) as world:
        summary = drain(world)
        assert (summary.accepted, summary.postponed) == (0, 3)
        assert summary.breaker_until_ms is not None
        drain(world)
        assert world.server.connections == 3  # it was left alone
        again(world, 1)
        assert (states(world), len(world.server.accepted)) == ({"accepted": 6}, 6)


def test_421_now_and_then_stops_nobody(world_of: WorldOf):
    with world_of(9, plan=["421_rcpt", "accept"] * 4) as world:
        summary = drain(world)
        assert (summary.accepted, summary.postponed) == (5, 4)
        assert summary.breaker_until_ms is None
        again(world, 1)


# -- It is about us, not about the letters -----------------------------------------------------


def nothing_was_charged(world: World, told: SendSummary | Unavailable) -> None:
    """All letters stand as they stood, the operator is told, and the server is left alone."""
    assert isinstance(told, Unavailable)
    assert told.reason
    assert "@" not in told.reason
    assert (states(world), world.server.bodies) == ({"ready": 3}, 0)
    assert {row.attempts for row in rows(world)} == {0}
    with world.engine.begin() as db:
        standing = brakes.standing(db, world.clock(db))
    assert standing.breaker_reason == told.reason
    before = world.server.connections
    held_back = drain(world)
    assert isinstance(held_back, SendSummary)
    assert (held_back.breaker_reason, held_back.pending) == (told.reason, 3)
    assert world.server.connections == before


def goes_on_when_mended(world: World, **smtp: Any) -> None:
    world.let_pass(2 * 60_000)
    assert drain(world, **smtp).accepted == 3
    assert {row.attempts for row in rows(world)} == {1}
    with world.engine.begin() as db:
        assert brakes.standing(db, world.clock(db)).breaker_until_ms is None


@pytest.mark.parametrize(
    "behaviour",
    [
        "554_greeting",
        "421_greeting",
        "rst_greeting",
        "garbage_greeting",
        "slow_greeting",
        "silent_greeting",
        "554_ehlo",
        "421_ehlo",
        "slow_ehlo",
    ],
)
def test_s13_s18_a_server_that_does_not_let_us_in_gets_a_rest(world_of: WorldOf, behaviour: str):
    with world_of(3, connection_plan=[behaviour], byte_seconds=BYTE_SECONDS) as world:
        is_slow = behaviour.startswith(("slow", "silent"))
        began = time.monotonic()
        told = drain(world, timeout=SHORT_SECONDS if is_slow else 10)
        assert time.monotonic() - began < SHORT_SECONDS + 3
        nothing_was_charged(world, told)
        goes_on_when_mended(world)


def test_s13_nobody_listens(world_of: WorldOf):
    with world_of(3) as world:
        world.server.refuse()
        nothing_was_charged(world, drain(world))
        world.server.listen()
        goes_on_when_mended(world)


def test_s13_a_server_that_goes_away_in_mid_batch_costs_no_letter(world_of: WorldOf):
    with world_of(3, plan=["close_after"], connection_plan=["accept", "421_greeting"]) as world:
        assert isinstance(drain(world), Unavailable)
        assert states(world) == {"accepted": 1, "ready": 2}
        world.let_pass(2 * 60_000)
        assert drain(world).accepted == 2
        assert {row.attempts for row in rows(world)} == {1}


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """The server's TLS, and the file by which it may be trusted."""
    return self_signed(tmp_path_factory.mktemp("tls"))


def test_s16_starttls_not_offered(world_of: WorldOf, trusted: tuple[ssl.SSLContext, Path]):
    context, file = trusted
    with world_of(3) as world:
        nothing_was_charged(world, drain(world, use_starttls=True, ca_file=file))
        assert world.server.count("MAIL") == 0
        world.server.tls = context
        goes_on_when_mended(world, use_starttls=True, ca_file=file)


@pytest.mark.parametrize("how", ["nobody vouches for it", "it is another's"])
def test_s16_a_certificate_that_is_not_the_servers(
    world_of: WorldOf, trusted: tuple[ssl.SSLContext, Path], how: str
):
    context, file = trusted
    wrong: dict[str, Any] = (
        {} if how == "nobody vouches for it" else {"host": "localhost", "ca_file": file}
    )
    with world_of(3, tls=context) as world:
        nothing_was_charged(world, drain(world, use_starttls=True, **wrong))
        assert world.server.count("MAIL") == 0
        goes_on_when_mended(world, use_starttls=True, ca_file=file)


@pytest.mark.parametrize("behaviour", ["535_auth", "454_auth", "421_auth"])
def test_s16_a_password_that_is_not_taken(
    world_of: WorldOf, trusted: tuple[ssl.SSLContext, Path], behaviour: str
):
    context, file = trusted
    secret = "not-a-real-one"  # noqa: S105
    login: dict[str, Any] = {
        "use_starttls": True,
        "ca_file": file,
        "login": "roadmap",
        "password": secret,
    }
    with world_of(3, tls=context, features=("AUTH PLAIN",), connection_plan=[behaviour]) as world:
        told = drain(world, **login)
        nothing_was_charged(world, told)
        assert secret not in told.reason
        goes_on_when_mended(world, **login)


@pytest.mark.parametrize("behaviour", ["530_mail", "553_mail", "503_rcpt", "554_rcpt", "502_data"])
def test_s16_a_refusal_that_is_about_us(world_of: WorldOf, behaviour: str):
    with world_of(3, plan=[behaviour]) as world:
        nothing_was_charged(world, drain(world))
        goes_on_when_mended(world)


def test_s16_a_refusal_about_us_to_the_dot_charges_nothing_and_is_a_new_transmission(
    world_of: WorldOf,
):
    with world_of(3, plan=["550_dot"]) as world:
        told = drain(world)
        assert isinstance(told, Unavailable)
        assert (states(world), world.server.bodies) == ({"ready": 2, "retry": 1}, 1)
        assert {row.attempts for row in rows(world)} == {0}
        goes_on_when_mended(world)
        assert sorted(row.send_epoch for row in rows(world)) == [1, 1, 2]


def test_s5_what_was_refused_goes_again_once_when_a_person_says_so(world_of: WorldOf):
    with world_of(2, plan=["552_rcpt"]) as world:
        assert drain(world).rejected == 1
        again(world)
        assert states(world) == {"accepted": 1, "rejected": 1}
        (refused,) = [row for row in rows(world) if row.state == "rejected"]
        settle.settle(
            world.engine, refused.message_id, "send_again",
            actor="operator", reason="ящик освобождён", clock=world.clock,
        )  # fmt: skip
        again(world)
        assert (states(world), len(world.server.accepted)) == ({"accepted": 2}, 2)


# -- Limits ------------------------------------------------------------------------------------


def test_s17_a_letter_too_large_for_the_server_is_rejected_here(world_of: WorldOf):
    with world_of(3, features=("SIZE 1000",)) as world:
        assert drain(world).rejected == 3
        again(world)
        assert states(world) == {"rejected": 3}
        assert {row.last_detail.split(":")[0] for row in rows(world)} == {"too_large"}
        assert world.server.count("MAIL") == 0


@pytest.mark.parametrize(
    ("how", "phase"),
    [("slow", "mail"), ("slow", "rcpt"), ("slow", "data"), ("silent", "rcpt"), ("garbage", "mail")],
)
def test_s18_a_server_that_does_not_come_to_the_point_is_left_in_time(
    world_of: WorldOf, how: str, phase: str
):
    with world_of(plan=[f"{how}_{phase}"], byte_seconds=BYTE_SECONDS) as world:
        began = time.monotonic()
        assert drain(world, patience=impatient(phase)).postponed == 1
        assert time.monotonic() - began < SHORT_SECONDS + 3
        assert (states(world), world.server.bodies) == ({"retry": 1}, 0)
        again(world, 1)
        assert (states(world), len(world.server.accepted)) == ({"accepted": 1}, 1)


def test_s18_a_server_that_takes_a_letter_for_longer_than_a_lease_gets_it_once(world_of: WorldOf):
    with world_of(filler=LARGE, bytes_per_second=700_000) as world:
        patient = replace(PATIENT, block=60, reply=60)
        assert drain(world, lease_ms=2_000, patience=patient).accepted == 1
        again(world)
        assert (states(world), len(world.server.accepted)) == ({"accepted": 1}, 1)
        assert rows(world)[0].attempts == 1
