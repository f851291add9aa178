"""The sum that must hold (docs/architecture.md, «The account of a run»), and its words."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, select, update

from roadmap.delivery.account.reconcile import CATEGORIES, UNACCOUNTED, reconcile
from roadmap.delivery.ledger import brakes, moves
from roadmap.delivery.ledger.moves import MOVES
from roadmap.store.tables import (
    delivery,
    indicator_result,
    measure_status,
    run_municipality,
    run_outcome,
)
from support.ledger_world import NAMES, everybody, make_run, plan_all, send
from support.smtp_server import SmtpServer


def outcomes(engine: Engine, run_id: str = "run-1") -> None:
    """Say `planned` for each letter, as planning does."""
    with engine.begin() as db:
        for row in db.execute(select(delivery).where(delivery.c.run_id == run_id)).all():
            db.execute(
                insert(run_outcome),
                {
                    "run_id": run_id,
                    "municipality_id": row.municipality_id,
                    "recipient_id": row.recipient_id,
                    "outcome": "planned",
                    "delivery_id": row.delivery_id,
                },
            )


@pytest.fixture
def planned(engine: Engine) -> Engine:
    make_run(engine)
    plan_all(engine)
    outcomes(engine)
    return engine


PATHS = {
    "ready": (),
    "claimed": ("claim",),
    "in_doubt": ("claim", "mark_in_doubt"),
    "accepted": ("claim", "mark_in_doubt", "accept"),
    "bounced": ("claim", "mark_in_doubt", "accept", "bounce"),
    "unknown": ("claim", "mark_in_doubt", "doubt"),
    "retry": ("claim", "postpone"),
    "rejected": ("claim", "reject"),
    "exhausted": ("claim", "exhaust"),
    "cancelled": ("cancel",),
}
EXPECTED = {
    "ready": "pending",
    "claimed": "pending",
    "in_doubt": "pending",
    "retry": "pending",
    "bounced": "accepted",
}


@pytest.mark.parametrize("state", PATHS)
def test_every_state_has_its_place_in_the_sum(any_engine: Engine, state: str):
    make_run(any_engine)
    key = plan_all(any_engine)[0]
    outcomes(any_engine)
    at = "ready"
    for name in PATHS[state]:
        with any_engine.begin() as db:
            now = moves.db_now_ms(db)
            values = {
                "claim_token": "t", "lease_until_ms": now + 10**6, "not_before_ms": now,
                "code": 250, "detail": "test",
            }  # fmt: skip
            assert moves.move(db, name, key, at, now_ms=now, actor="test", **values)
        at = MOVES[name].target
    result = reconcile(any_engine, "run-1")
    category = EXPECTED.get(state, state)
    assert result.is_balanced
    assert sum(result.counts.values()) == result.expected == 3
    assert result.counts[category] == (3 if category == "pending" else 1)
    assert result.bounced == (state == "bounced")
    assert not result.is_settled
    assert "не всем" in result.headline


@pytest.mark.parametrize(
    ("why", "says"),
    [
        ("expired", "срок отправки истёк"),
        ("recipient_replaced", "адрес сменился, прежнее письмо не ушло"),
        ("superseded", "заменено новой редакцией"),
    ],
)
def test_a_letter_taken_out_of_the_queue_is_told_by_why(planned: Engine, why: str, says: str):
    with planned.begin() as db:
        key = db.scalars(select(delivery.c.delivery_id).order_by(delivery.c.delivery_id)).first()
        assert moves.move(
            db, "cancel", key, "ready", now_ms=moves.db_now_ms(db), actor="test", detail=why
        )
    result = reconcile(planned, "run-1")
    (line,) = (line for line in result.lines if line.category == "cancelled")
    assert line.words.startswith(says)
    assert says not in (line.reason or "").lower()


def test_when_all_was_accepted_the_account_is_settled(planned: Engine):
    with SmtpServer() as server:
        send(planned, server)
    result = reconcile(planned, "run-1")
    assert result.is_settled
    assert result.headline == "Отправлено всем 3"
    assert "Сумма сходится." in result.text
    assert "@" not in result.text.replace("@example.org>", "")
    for words in CATEGORIES.values():
        assert words in result.text


@pytest.mark.parametrize(
    ("mode", "headline"),
    [
        ("live", "Уже отправлено всем 3: нового нет"),
        ("redirect", "Проверочные письма уже отправлены всем 3: нового нет"),
        ("dry", "Проверка без отправки уже прошла для всех 3: нового нет"),
    ],
)
def test_a_run_that_had_nothing_new_to_send_says_so(engine: Engine, mode: str, headline: str):
    make_run(engine, mode=mode)
    plan_all(engine, mode=mode)
    outcomes(engine)
    with engine.begin() as db:
        db.execute(update(run_outcome).values(outcome="suppressed", reason="Уже отправлено."))
    result = reconcile(engine, "run-1")
    assert result.is_settled
    assert result.headline == headline
    assert "ПИСЬМА" in result.text


def test_a_letter_with_the_same_content_that_came_back_since_asks_for_another_address(
    planned: Engine,
):
    with SmtpServer() as server:
        send(planned, server)
    with planned.begin() as db:
        key = db.execute(select(delivery.c.delivery_id).limit(1)).scalar_one()
        now = moves.db_now_ms(db)
        assert moves.move(db, "bounce", key, "accepted", now_ms=now, actor="test", code=550)
        db.execute(update(run_outcome).values(outcome="suppressed", reason="Уже отправлено."))
    result = reconcile(planned, "run-1")
    (line,) = result.open
    assert "вернул письмо" in (line.reason or "")
    assert result.headline == "Отправлено не всем: 2 из 3"


def test_a_recipient_that_was_forgotten_breaks_the_sum(planned: Engine):
    with SmtpServer() as server:
        send(planned, server)
    with planned.begin() as db:
        db.execute(delete(run_outcome).where(run_outcome.c.municipality_id == "neya"))
    result = reconcile(planned, "run-1")
    assert not result.is_balanced
    assert not result.is_settled
    assert result.headline == "Отправлено не всем: 2 из 3"
    assert [line.category for line in result.lines].count(UNACCOUNTED) == 1
    assert "Не сходится: не учтено 1." in result.text


def test_an_outcome_nobody_expected_breaks_the_sum_too(planned: Engine):
    with SmtpServer() as server:
        send(planned, server)
    with planned.begin() as db:
        db.execute(
            insert(run_outcome),
            {
                "run_id": "run-1",
                "municipality_id": "buy",
                "recipient_id": "-",
                "outcome": "blocked",
                "reason": "нет адреса",
            },
        )
    result = reconcile(planned, "run-1")
    assert not result.is_balanced
    assert "не всем" in result.headline


def test_an_addressee_without_a_contact_counts_as_one(engine: Engine):
    make_run(engine, contacts={"buy": ("a@example.org", "b@example.org"), "neya": ()})
    plan_all(engine)
    outcomes(engine)
    result = reconcile(engine, "run-1")
    assert result.expected == 3
    assert not result.is_balanced
    with engine.begin() as db:
        db.execute(
            insert(run_outcome),
            {
                "run_id": "run-1",
                "municipality_id": "neya",
                "recipient_id": "-",
                "outcome": "blocked",
                "reason": "нет действующего адреса",
            },
        )
    assert reconcile(engine, "run-1").is_balanced


def test_the_operator_reads_what_happened_and_what_to_do(planned: Engine):
    with SmtpServer(["accept_then_rst", "550_rcpt"]) as server:
        send(planned, server)
    text = reconcile(planned, "run-1").text
    assert text.startswith("Отправлено не всем: 1 из 3\n")
    named = "\nЭтап: «Март: комплексный анализ» 2021 года, отчётная дата 31.03.2021, запуск начат "
    assert named in text.replace("\xa0", " ")
    assert "«make why», «make explain», «make letter»: RUN=run-1\n" in text
    assert "ТРЕБУЕТ ВНИМАНИЯ" in text
    assert "письмо могло уйти. Найдите в журнале почтового сервера Message-ID <" in text
    assert "Почтовый сервер отклонил письмо из-за адреса получателя (код 550)." in text
    assert everybody(planned)["buy"][0].address not in text


def test_recipients_are_numbered_by_their_addresses(engine: Engine):
    addresses = tuple(f"{letter}@example.org" for letter in "dbca")
    make_run(engine, contacts={"buy": addresses})
    ids = {one.recipient_id: one.address for one in everybody(engine)["buy"]}
    lines = reconcile(engine, "run-1").lines
    assert [ids[line.recipient_id] for line in lines] == sorted(addresses)
    assert lines[0].name.endswith(", получатель 1 из 4")


def test_a_test_run_has_an_account_of_its_own(engine: Engine):
    make_run(engine, mode="dry")
    plan_all(engine, mode="dry")
    outcomes(engine)
    with SmtpServer() as server:
        send(engine, server, scope=moves.ClaimScope(mode="dry"))
    result = reconcile(engine, "run-1")
    assert result.is_settled
    assert result.headline == "Проверка без отправки прошла для всех 3"
    assert "не считаются отправленными" in result.text


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        pytest.param("dry", "проверено без отправки", id="dry"),
        pytest.param("redirect", "принято сервером для проверочного адреса", id="redirect"),
    ],
)
def test_a_test_run_never_reads_as_if_letters_had_reached_their_addressees(engine, mode, says):
    make_run(engine, mode=mode)
    plan_all(engine, mode=mode)
    outcomes(engine)
    with SmtpServer() as server:
        send(engine, server, scope=moves.ClaimScope(mode=mode))
    text = reconcile(engine, "run-1").text
    assert text.count(says) == 4  # in the sum, and for each of three
    assert CATEGORIES["accepted"] not in text


def test_recipients_of_one_addressee_are_told_apart_without_their_addresses(engine: Engine):
    make_run(
        engine, contacts={"buy": ("one@example.org", "two@example.org"), "neya": ("n@example.org",)}
    )
    plan_all(engine)
    outcomes(engine)
    names = [line.name for line in reconcile(engine, "run-1").lines]
    assert [name.partition(", ")[2] for name in names] == [
        "получатель 1 из 2",
        "получатель 2 из 2",
        "",
    ]


NOBODY = {
    "a reminder of what everybody has done": (
        "reminder/2021-04-30/14",
        {"is_selected": 0},
        "Напоминать некому: у всех участников всё сделано.",
    ),
    "who was chosen does not take part": (
        "march_analysis",
        {"is_participating": 0},
        "Выбраны только те, кто на 31.03.2021 не участвует в проекте: город Буй.",
    ),
    "nobody takes part": (
        "reminder/2021-04-30/14",
        {"is_participating": 0, "is_selected": 0},
        "На 31.03.2021 никто не участвует в проекте:",
    ),
}


@pytest.mark.parametrize(("phase", "found", "says"), NOBODY.values(), ids=NOBODY)
def test_a_run_with_nobody_to_write_to_says_why(
    any_engine: Engine, phase: str, found: dict[str, int], says: str
):
    occasion = f"2021/{phase}"
    make_run(any_engine, contacts={"buy": ()}, occasion=occasion, phase=phase)
    with any_engine.begin() as db:
        db.execute(update(run_municipality).values(**found))
    result = reconcile(any_engine, "run-1")
    assert result.is_settled
    assert result.headline == "Писем нет: писать некому"
    assert says.replace("город Буй", NAMES["buy"]) in result.text


def test_a_reminder_without_evidence_does_not_say_that_all_is_done(any_engine: Engine):
    phase = "reminder/2021-04-30/14"
    make_run(any_engine, contacts={"buy": ()}, occasion=f"2021/{phase}", phase=phase)
    status = {"run_id": "run-1", "municipality_id": "buy", "due": "2021-04-30"}
    with any_engine.begin() as db:
        db.execute(update(run_municipality).values(is_selected=0))
        db.execute(insert(measure_status).values(measure="8", status="no_data", **status))
    text = reconcile(any_engine, "run-1").text
    assert "Напоминать некому: о том, что сделано к этому сроку, есть не все сведения." in text
    assert "всё сделано" not in text


@pytest.mark.parametrize(
    ("unknown", "is_all_done"), [("8.2", False), ("8.1.1", True), ("18.2", True)]
)
def test_a_reminder_says_that_all_is_done_only_where_each_indicator_of_the_measure_is_known(
    any_engine: Engine, unknown: str, is_all_done: bool
):
    phase = "reminder/2021-04-30/14"
    make_run(any_engine, contacts={"buy": ()}, occasion=f"2021/{phase}", phase=phase)
    key = {"run_id": "run-1", "municipality_id": "buy"}
    status = {"measure": "8", "due": "2021-04-30", "status": "in_progress"}
    with any_engine.begin() as db:
        db.execute(update(run_municipality).values(is_selected=0))
        db.execute(insert(measure_status).values(**status, **key))
        for code, found in (("8.1", "done"), (unknown, "no_data")):
            result = {"indicator": code, "target": 1, "status": found}
            db.execute(insert(indicator_result).values(**result, **key))
    assert ("всё сделано" in reconcile(any_engine, "run-1").text) == is_all_done


# -- Whatever rows there are -------------------------------------------------------------------

CONTACTS = {"buyskiy": ("a@example.org", "b@example.org"), "neya": ("c@example.org",), "buy": ()}
STATES = tuple(PATHS)
# What planning has written, forgotten or got wrong about one recipient.
DECISIONS = ("planned", "suppressed", "blocked", "forgotten", "without a letter", "another's")


@pytest.fixture
def three(engine: Engine) -> Engine:
    """A live run of three letters and one addressee without a contact; one test letter."""
    make_run(engine, contacts=CONTACTS)
    plan_all(engine)
    make_run(engine, "test", mode="dry", contacts={"neya": ("c@example.org",)})
    plan_all(engine, "test", "dry")
    return engine


def put(engine: Engine, states: list[str], decisions: list[str]) -> list[str]:
    """Bring the letters into these states, write these outcomes; the recipients' ids."""
    accepted = {"accepted_via": "evidence"}
    claimed = {"claim_token": "t", "lease_until_ms": 1}
    with engine.begin() as db:
        db.execute(delete(run_outcome))
        letters = db.execute(select(delivery).order_by(delivery.c.mode, delivery.c.delivery_id))
        test, *live = letters.all()
        for letter, state in zip(live, states, strict=True):
            values = dict.fromkeys(("accepted_via", "claim_token", "lease_until_ms"))
            values |= accepted if state in ("accepted", "bounced") else {}
            values |= claimed if state in ("claimed", "in_doubt") else {}
            db.execute(
                update(delivery)
                .where(delivery.c.delivery_id == letter.delivery_id)
                .values(state=state, **values)
            )
        for letter, decision in zip(live, decisions, strict=True):
            other = next(one for one in live if one.recipient_id != letter.recipient_id)
            outcome = {"without a letter": "planned", "another's": "planned"}.get(decision)
            of_test = test.delivery_id if letter.municipality_id == "neya" else other.delivery_id
            keys = {"planned": letter.delivery_id, "another's": of_test}
            if decision != "forgotten":
                db.execute(
                    insert(run_outcome).values(
                        run_id="run-1",
                        municipality_id=letter.municipality_id,
                        recipient_id=letter.recipient_id,
                        outcome=outcome or decision,
                        delivery_id=keys.get(decision),
                    )
                )
        return [letter.recipient_id for letter in live]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    states=st.lists(st.sampled_from(STATES), min_size=3, max_size=3),
    decisions=st.lists(st.sampled_from(DECISIONS), min_size=3, max_size=3),
    nobody=st.sampled_from(("blocked", "planned", None)),
    stranger=st.sampled_from(("planned", "suppressed", "blocked", None)),
)
def test_whatever_rows_there_are_the_sum_holds_or_the_run_is_red(
    three: Engine, states, decisions, nobody, stranger
):
    recipients = put(three, states, decisions)
    for outcome, recipient_id in ((nobody, "-"), (stranger, "nobody knows")):
        if outcome is not None:
            row = {"run_id": "run-1", "municipality_id": "buy", "recipient_id": recipient_id}
            with three.begin() as db:
                db.execute(insert(run_outcome).values(**row, outcome=outcome))
    result = reconcile(three, "run-1")
    holds = result.expected == sum(result.counts.values())
    assert result.expected == 4
    assert holds or not result.is_settled
    # Nobody is lost: each expected recipient has one line, and each line is accounted for or red.
    assert len(result.lines) == 4 + (stranger is not None)
    assert result.is_settled == (result.is_balanced and not result.open)
    # Nobody is counted by what is not his.
    lines = {line.recipient_id: line for line in result.lines}
    for recipient_id, state, decision in zip(recipients, states, decisions, strict=True):
        planned = EXPECTED.get(state, state)
        told = {"planned": planned, "suppressed": "suppressed", "blocked": "blocked"}
        assert lines[recipient_id].category == told.get(decision, UNACCOUNTED)
    if stranger is not None:
        assert lines["nobody knows"] in result.open
    wrong = {"forgotten", "without a letter", "another's"} & set(decisions)
    if wrong or nobody != "blocked" or stranger is not None:
        assert not result.is_balanced
        assert not result.is_settled
        assert "не всем" in result.headline
        assert result.open


# -- What holds letters back as a whole --------------------------------------------------------


def test_what_holds_the_run_back_is_said_and_what_lets_it_go(planned: Engine):
    brakes.stop(planned, "operator", "Проверяем почтовый сервер.")
    brakes.pause(planned, "2021/march_analysis", "live", "sender", "Отклонено подряд 5.")
    brakes.trip(planned, "Почтовый сервер не отвечает.", at_once=True)
    result = reconcile(planned, "run-1")
    off, paused, rest = result.holds
    assert off == (
        "Вся отправка остановлена: проверяем почтовый сервер."
        " Продолжить: запустите «Отправка: остановить или продолжить»."
    )
    assert paused.startswith("Рассылка этого этапа приостановлена: отклонено подряд 5. ")
    assert rest.startswith("Пауза из-за почтового сервера: почтовый сервер не отвечает. ")
    assert {line.reason for line in result.open} == {"Письмо уйдёт, когда отправку продолжат."}
    assert all(hold in result.text for hold in result.holds)
    assert not result.is_settled


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("dry", "Письмо проверят, когда отправку продолжат; адресату ничего не уйдёт."),
        ("redirect", "Письмо уйдёт на проверочный адрес, когда отправку продолжат."),
    ],
)
def test_a_rehearsal_that_a_stop_holds_promises_no_letter_to_an_addressee(
    any_engine: Engine, mode: str, told: str
):
    make_run(any_engine, mode=mode)
    plan_all(any_engine, mode=mode)
    outcomes(any_engine)
    brakes.stop(any_engine, "operator", "Проверяем почтовый сервер.")
    result = reconcile(any_engine, "run-1")
    assert {line.reason for line in result.open} == {told}


def test_a_run_whose_letters_are_out_is_not_held_by_a_server_that_rests(planned: Engine):
    with SmtpServer() as server:
        send(planned, server)
    brakes.trip(planned, "Почтовый сервер не отвечает.", at_once=True)
    brakes.pause(planned, "2021/june_monitoring", "live", "sender", "Другой этап.")
    result = reconcile(planned, "run-1")
    assert result.holds == ()
    assert result.is_settled
