"""Why did X get nothing? Each break of the chain is found, worded, and says what to do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, delete, insert, update

from roadmap.delivery.account.fate import Fate
from roadmap.delivery.account.reconcile import reconcile
from roadmap.delivery.account.why import (
    WAITING,
    Fault,
    Holds,
    Obstacle,
    Step,
    Verdict,
    Why,
    WhyRefused,
    why,
)
from roadmap.delivery.decisions.settle import settle
from roadmap.delivery.ledger import brakes, moves
from roadmap.delivery.ledger.moves import ClaimScope
from roadmap.delivery.ledger.releases import release_run
from roadmap.delivery.letters.operator_text import filled_in
from roadmap.delivery.letters.planning import plan_deliveries
from roadmap.plan.model import Plan
from roadmap.reports.formats.letter import LetterText
from roadmap.reports.package import Package, PackageFile, PackageHeld
from roadmap.store.tables import (
    delivery,
    delivery_event,
    load_batch,
    phase_run,
    recipient,
    report,
    run_dataset,
    run_finding,
    run_municipality,
    run_outcome,
)
from support.ledger_world import (
    NAMES,
    NOW_MS,
    SETTINGS,
    make_run,
    send,
)
from support.plans import small_plan
from support.report_models import make_model
from support.smtp_server import SmtpServer

MOSCOW = ZoneInfo("Europe/Moscow")
CLOSED = small_plan()
OPEN = CLOSED.model_copy(update={"closed": False})
DRAFT = OPEN.model_copy(update={"in_force": None})
APRIL = datetime(2021, 4, 5, 12, tzinfo=MOSCOW)
ADDRESS = re.compile(r"[\w.]+@(?!example\.org>)[\w.]+")  # a Message-ID ends in our domain


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def ask(
    engine: Engine,
    municipality: str = "buy",
    *,
    phase: str = "march_analysis",
    run: str | None = None,
    now: datetime | None = None,
    plan: Plan = OPEN,
) -> Why:
    with engine.connect() as db, db.begin():
        return why(
            db, municipality, phase, plan_code="2021", run=run,
            now_ms=ms(now) if now else moves.db_now_ms(db), find_plan=lambda _: plan,
        )  # fmt: skip


def told(found: Why) -> str:
    text = filled_in("delivery/why.txt.j2", found.plan.local_time, why=found)
    return text.replace("\xa0", " ")


# -- A small world -------------------------------------------------------------------------------


def compose(engine: Engine, run_id: str = "run-1", headline: str = "Порог достигнут") -> None:
    """A report for everybody whom the run names."""
    with engine.begin() as db:
        for key in db.scalars(
            run_municipality.select()
            .with_only_columns(run_municipality.c.municipality_id)
            .where(run_municipality.c.run_id == run_id)
        ).all():
            made = make_model()
            model = made.model_copy(
                update={
                    "addressee": made.addressee.model_copy(
                        update={"municipality_id": key, "name": NAMES[key]}
                    ),
                    "letter": made.letter.model_copy(update={"headline": headline}),
                }
            )
            row = {"run_id": run_id, "municipality_id": key}
            row |= {"content_sha256": model.content_sha256(), "model": model.model_dump_json()}
            db.execute(report.insert(), row)


def decide(
    engine: Engine, folder: Path, run_id: str = "run-1", *, settings=SETTINGS, held: bool = False
) -> None:
    """The real planning, with one small file in place of the four formats."""

    def render(model: Any, _envelope: Any) -> Package:
        if held:
            raise PackageHeld(("Число в справке и в приложении разошлось (27,4 и 27,5).",))
        content = b"%PDF"
        name = f"{hashlib.sha256(content).hexdigest()}.pdf"
        (folder / name).write_bytes(content)
        file = PackageFile(
            "pdf", "", "Справка.pdf", "application/pdf", name[:64], len(content), 1, name
        )
        return Package(LetterText("Тема", "<p>Письмо</p>", "Письмо"), (file,))

    plan_deliveries(engine, CLOSED, run_id, ("buy",), folder, settings, NOW_MS, render)
    release_run(engine, run_id)


def planned(engine: Engine, folder: Path, **changes: Any) -> None:
    """A run that has put the letter of «buy» into the queue."""
    make_run(engine, **({"contacts": {"buy": ("buy@example.org",)}} | changes))
    compose(engine)
    decide(engine, folder)


def write(engine: Engine, statement: Any) -> None:
    with engine.begin() as db:
        db.execute(statement)


def deliver(engine: Engine, *script: str, mode: str = "live") -> None:
    with SmtpServer(list(script)) as server:
        send(engine, server, scope=ClaimScope(mode=mode))


def make_newest(engine: Engine, run_id: str) -> None:
    moments = {"started_ms": NOW_MS + 1, "known_at_ms": NOW_MS + 1}
    write(engine, update(phase_run).where(phase_run.c.run_id == run_id).values(moments))


def move(engine: Engine, *names: str) -> None:
    """Moves of the ledger for the only letter there is."""
    with engine.begin() as db:
        row = db.execute(delivery.select()).one()
        state, now = row.state, moves.db_now_ms(db)
        for name in names:
            assert moves.move(
                db, name, row.delivery_id, state, now_ms=now, actor="test", code=250,
                detail={"cancel": "expired", "reject": "integrity"}.get(name, "test"),
                **{"claim_token": "t"}, lease_until_ms=now + 10**6, not_before_ms=now,
            ), name  # fmt: skip
            state = moves.MOVES[name].target


# -- Each break ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Break:
    """How it is made, what is asked, and where the chain must be found to break."""

    fault: Fault
    step: Step
    make: Callable[[Engine, Path], None]
    verdict: Verdict = Verdict.NONE
    says: str = ""
    asked: tuple[tuple[str, Any], ...] = ()


def nothing(engine: Engine, folder: Path) -> None:
    """No run at all."""


def of_run(**changes: Any) -> Callable[[Engine, Path], None]:
    def make(engine: Engine, folder: Path) -> None:
        make_run(engine, contacts={"buy": ("buy@example.org",)})
        write(engine, update(run_municipality).values(**changes))

    return make


def not_in_registry(engine: Engine, folder: Path) -> None:
    make_run(engine, contacts={"neya": ("n@example.org",)})


def reminder_without_it(engine: Engine, folder: Path) -> None:
    of_run(is_selected=0)(engine, folder)
    code = "reminder/2021-03-31/14"
    write(engine, update(phase_run).values(phase=code, occasion=f"2021/{code}"))


def left_out_of_a_sample(engine: Engine, folder: Path) -> None:
    make_run(engine, mode="dry", contacts={"buy": (), "neya": ()})
    write(engine, update(phase_run).values(sample=1))
    write(engine, update(run_municipality).values(is_selected=0))


def without_marks(engine: Engine, folder: Path) -> None:
    make_run(engine, contacts={"buy": ("buy@example.org",)})
    row = {"run_id": "run-1", "dataset": "vpr_marks", "need": "needed", "batches": 0}
    write(engine, insert(run_dataset).values(**row, state="missing", latest_received_ms=None))


def row_lost(engine: Engine, folder: Path) -> None:
    make_run(engine, contacts={"buy": ("buy@example.org",)})
    row = {"run_id": "run-1", "rule": "MUNICIPALITY_NOT_IN_REGISTRY", "message": "Нет в реестре."}
    write(engine, insert(run_finding).values(**row, municipality_id="buy"))


def broke_off_early(engine: Engine, folder: Path) -> None:
    make_run(engine, contacts={"buy": ("buy@example.org",)})


def broke_off_late(engine: Engine, folder: Path) -> None:
    make_run(engine, contacts={"buy": ("buy@example.org",)})
    compose(engine)


def figures_disagree(engine: Engine, folder: Path) -> None:
    broke_off_late(engine, folder)
    decide(engine, folder, held=True)


def no_contact(engine: Engine, folder: Path) -> None:
    make_run(engine, contacts={"buy": ()})
    compose(engine)
    decide(engine, folder)


def foreign_domain(engine: Engine, folder: Path) -> None:
    planned(engine, folder, contacts={"buy": ("a@elsewhere.example",)})


def mailbox_shared(engine: Engine, folder: Path) -> None:
    planned(engine, folder, contacts={"buy": ("edu@example.org",), "neya": ("EDU@example.org",)})


def reason_wanted(engine: Engine, folder: Path) -> None:
    """A second run with other content, while the first letter came back."""
    planned(engine, folder)
    move(engine, "claim", "mark_in_doubt", "accept", "bounce")
    make_run(engine, "run-2", contacts={"buy": ("buy@example.org",)})
    make_newest(engine, "run-2")
    compose(engine, "run-2", "Порог не достигнут")
    decide(engine, folder, "run-2")


def held(engine: Engine, folder: Path) -> None:
    planned(engine, folder)
    write(engine, update(delivery).values(state="held"))


def not_let_go(engine: Engine, folder: Path) -> None:
    planned(engine, folder)
    write(engine, update(delivery).values(released_ms=None))


def switched_off(engine: Engine, folder: Path) -> None:
    planned(engine, folder)
    brakes.stop(engine, "test", "Проверяем почтовый сервер.")


def paused(engine: Engine, folder: Path) -> None:
    planned(engine, folder)
    brakes.pause(engine, "2021/march_analysis", "live", "test", "Отклонено подряд 5.")


def server_rests(engine: Engine, folder: Path) -> None:
    planned(engine, folder)
    brakes.trip(engine, "Почтовый сервер не отвечает.", at_once=True)


def greylisted(engine: Engine, folder: Path) -> None:
    planned(engine, folder)
    deliver(engine, "450_rcpt")


def moved(*names: str) -> Callable[[Engine, Path], None]:
    def make(engine: Engine, folder: Path) -> None:
        planned(engine, folder)
        move(engine, *names)

    return make


def address_ended(engine: Engine, folder: Path) -> None:
    planned(engine, folder)
    write(engine, update(recipient).values(active=0))


def cancelled(why: str) -> Callable[[Engine, Path], None]:
    def make(engine: Engine, folder: Path) -> None:
        planned(engine, folder)
        move(engine, "cancel")
        write(engine, update(delivery).values(last_detail=why))

    return make


def refused(code_in_phase: str) -> Callable[[Engine, Path], None]:
    def make(engine: Engine, folder: Path) -> None:
        planned(engine, folder)
        deliver(engine, code_in_phase)

    return make


def refused_for_us(engine: Engine, folder: Path) -> None:
    """As the versions before did, which rejected the letter."""
    planned(engine, folder)
    move(engine, "claim", "reject")
    write(engine, update(delivery).values(last_code=530, last_detail="5.7.0 log in"))


def refused_by_us(detail: str) -> Callable[[Engine, Path], None]:
    def make(engine: Engine, folder: Path) -> None:
        planned(engine, folder)
        move(engine, "claim", "reject")
        write(engine, update(delivery).values(last_code=None, last_detail=detail))

    return make


def reply_lost(engine: Engine, folder: Path) -> None:
    planned(engine, folder)
    deliver(engine, "accept_then_rst")


MARCH_RUN = datetime(2021, 3, 31, 9, tzinfo=MOSCOW)
BREAKS = (
    Break(Obstacle.DRAFT, Step.PLAN, nothing,
          says="Письма нет: план 2021 года не введён в действие.",
          asked=(("plan", DRAFT), ("now", APRIL))),
    Break(Obstacle.AHEAD, Step.PLAN, nothing, Verdict.WAITING,
          "Письма ещё нет: этап начинается 01.06",
          (("phase", "june_monitoring"), ("now", APRIL))),
    Break(Obstacle.NOT_DUE, Step.RUN, nothing, Verdict.WAITING,
          "Письма ещё нет: день этапа ещё не наступил (31.03.2021 в 10:00).",
          (("now", MARCH_RUN),)),
    Break(Obstacle.MISSED, Step.RUN, nothing,
          says="Письма нет: этап с отправкой адресатам не запуск",
          asked=(("now", APRIL),)),
    Break(Obstacle.NOT_RUN, Step.RUN, nothing, says="не запускался, план закрыт.",
          asked=(("plan", CLOSED), ("now", APRIL))),
    Break(Obstacle.NOT_IN_REGISTRY, Step.ADDRESSEE, not_in_registry,
          says="Письма нет: на 31.03.2021 нет в реестре"),
    Break(Obstacle.ROW_LOST, Step.ADDRESSEE, row_lost,
          says="строка в реестре муниципалитетов потеря"),
    Break(Obstacle.NOT_PARTICIPANT, Step.ADDRESSEE, of_run(is_participating=0),
          says="на 31.03.2021 не участник проекта"),
    Break(Obstacle.NOTHING_TO_TELL, Step.ADDRESSEE, reminder_without_it, says="напоминать не о чем",
          asked=(("phase", "reminder/2021-03-31/14"),)),
    Break(Obstacle.NOT_IN_SAMPLE, Step.ADDRESSEE, left_out_of_a_sample,
          says="Проверка (без отправки). Письма нет: не попал в проверочную выборку (1).",
          asked=(("run", "run-1"),)),
    Break(Obstacle.NOT_CHOSEN, Step.ADDRESSEE, of_run(is_selected=0),
          says="в форме запуска выбраны другие"),
    Break(Obstacle.ABSENT, Step.EVIDENCE, without_marks, says="не составляется: «ВПР"),
    Break(Obstacle.NOT_COMPOSED, Step.REPORT, broke_off_early, says="раньше, чем составил отчёт"),
    Break(Fate.HELD_BACK, Step.CHECKS, figures_disagree, says="Письмо задержано: Число в справке"),
    Break(Fate.NO_CONTACT, Step.CONTACT, no_contact, says="нет действующего адреса на 31.03.2021"),
    Break(Fate.NOT_ALLOWED, Step.CONTACT, foreign_domain, says="ROADMAP_ALLOWED_DOMAINS"),
    Break(Fate.SHARED, Step.CONTACT, mailbox_shared, says="указан и у другого муниципалитета"),
    Break(Fate.UNDECIDED, Step.LETTER, broke_off_late, says="чем поставил письмо в очередь"),
    Break(Fate.BLOCKED, Step.LETTER, reason_wanted, Verdict.BOUNCED,
          "Письмо было принято почтовым сервером и вернулось."),
    Break(Fate.AWAITS_APPROVAL, Step.LETTER, held, Verdict.WAITING, "ждёт согласования"),
    Break(Fate.AWAITS_RUN, Step.SENDING, not_let_go, Verdict.WAITING,
          "дойдёт до «Согласования»"),
    Break(Fate.OFF, Step.SENDING, switched_off, Verdict.WAITING,
          "Письма ещё нет: вся отправка остановлена: проверяем почтовый сервер."),
    Break(Fate.PAUSED, Step.SENDING, paused, Verdict.WAITING, "приостановлена: отклонено"),
    Break(Fate.BREAKER, Step.SENDING, server_rests, Verdict.WAITING, "пауза из-за почтового"),
    Break(Fate.RETRY, Step.SENDING, greylisted, Verdict.WAITING, "сервер ответил 450"),
    Break(Fate.QUEUED, Step.SENDING, planned, Verdict.WAITING, "Письма ещё нет: в очереди."),
    Break(Fate.IN_FLIGHT, Step.SENDING, moved("claim", "mark_in_doubt"), Verdict.WAITING, "сейчас"),
    Break(Fate.INACTIVE, Step.SENDING, address_ended, says="адрес больше не действует"),
    Break(Fate.EXPIRED, Step.SENDING, moved("cancel"), says="срок отправки истёк"),
    Break(Fate.SUPERSEDED, Step.SENDING, cancelled("superseded"),
          says="заменено новой редакцией"),
    Break(Fate.REPLACED, Step.SENDING, cancelled("recipient_replaced"),
          says="адрес сменился, прежнее письмо не ушло"),
    Break(Fate.STOPPED, Step.SENDING, cancelled("campaign_stopped"),
          says="письмо снято с отправки"),
    Break(Fate.GIVEN_UP, Step.SENDING, moved("claim", "mark_in_doubt", "doubt", "give_up"),
          says="решено не отправлять"),
    Break(Fate.SPOILT, Step.SENDING, refused_by_us("integrity"), says="сообщите в поддержку"),
    Break(Fate.TOO_LARGE, Step.SENDING, refused_by_us("too_large: 4 > 3"),
          says="увеличить предел размера письма"),
    Break(Fate.EXHAUSTED, Step.ACCEPTANCE, moved("claim", "exhaust"), says="попытки исчерпаны"),
    Break(Fate.UNKNOWN, Step.ACCEPTANCE, reply_lost, Verdict.UNKNOWN,
          "Исход неизвестен: связь прервалась"),
    Break(Fate.REJECTED, Step.ACCEPTANCE, refused("550_rcpt"),
          says="отклонил письмо из-за адреса получателя (код 550)"),
    Break(Fate.MAILBOX_FULL, Step.ACCEPTANCE, refused("552_rcpt"), says="освободить место"),
    Break(Fate.REFUSED_CONTENT, Step.ACCEPTANCE, refused("554_dot"),
          says="отклонил само письмо, адрес ни при чём (код 554)"),
    Break(Fate.REFUSED_US, Step.ACCEPTANCE, refused_for_us,
          says="из-за настроек отправки, адрес ни при чём (код 530)"),
    Break(Fate.BOUNCED, Step.ACCEPTANCE, moved("claim", "mark_in_doubt", "accept", "bounce"),
          Verdict.BOUNCED, "Письмо было принято почтовым сервером и вернулось."),
)  # fmt: skip


def test_a_letter_that_was_not_made_was_not_checked(engine: Engine, tmp_path: Path):
    no_contact(engine, tmp_path)
    holds = {link.step: link.holds for link in ask(engine).links}
    assert holds[Step.CHECKS] is Holds.NOT_REACHED
    assert holds[Step.REPORT] is Holds.YES


def test_every_fault_has_its_break():
    faults = {*Obstacle, *Fate} - {Fate.ACCEPTED, Fate.SAME_CONTENT}
    assert {one.fault for one in BREAKS} == faults
    assert len(BREAKS) == len(faults)


@pytest.mark.parametrize("case", BREAKS, ids=lambda case: case.fault.value)
def test_a_break_is_found_and_says_what_to_do(engine: Engine, tmp_path: Path, case: Break):
    case.make(engine, tmp_path)
    found = ask(engine, **dict(case.asked))
    assert found.faults[0] == (case.fault, None)
    assert found.verdict is case.verdict
    broken = next(link for link in found.links if link.faults)
    assert (broken.step, broken.faults) == (case.step, (case.fault,))
    assert broken.holds is (Holds.WAITS if case.fault in WAITING else Holds.NO)
    text = told(found)
    assert case.says in text
    assert re.search(r"Что сделать:\n    1\. \S", text)
    assert "None" not in text
    assert ADDRESS.search(text) is None
    assert "  \n" not in text


# -- What went well ------------------------------------------------------------------------------


def test_an_accepted_letter_is_told_with_every_step_and_the_reply_code(
    any_engine: Engine, tmp_path: Path
):
    planned(any_engine, tmp_path)
    deliver(any_engine)
    found = ask(any_engine, "городской округ город Буй")
    assert found.verdict is Verdict.ACCEPTED
    assert {link.holds for link in found.links} == {Holds.YES}
    (letter,) = found.letters
    assert [event.to_state for event in letter.events] == [
        "ready", "claimed", "in_doubt", "accepted",
    ]  # fmt: skip
    text = told(found)
    assert re.match(r"Письмо принято почтовым сервером \d\d\.\d\d\.\d{4} в \d\d:\d\d\.\n", text)
    assert "код 250" in text
    assert "Что сделать" not in text
    for number in (letter.message_id, letter.delivery_id[:12], "run-1", "(buy)"):
        assert number not in text


def test_a_letter_that_was_suppressed_was_accepted_before(any_engine: Engine, tmp_path: Path):
    planned(any_engine, tmp_path)
    deliver(any_engine)
    make_run(any_engine, "run-2", contacts={"buy": ("buy@example.org",)})
    compose(any_engine, "run-2")
    decide(any_engine, tmp_path, "run-2")
    found = ask(any_engine, run="run-2")
    assert found.verdict is Verdict.ACCEPTED
    assert "то же содержание, не отправлялось: уже отправлено" in told(found)


def test_a_correction_that_did_not_go_does_not_hide_the_letter_that_did(
    engine: Engine, tmp_path: Path
):
    planned(engine, tmp_path)
    deliver(engine)
    make_run(engine, "run-2", contacts={"buy": ("buy@example.org",)})
    make_newest(engine, "run-2")
    found = ask(engine)
    assert found.run is not None
    assert found.run.run_id == "run-2"
    assert found.verdict is Verdict.EARLIER
    text = told(found)
    assert text.startswith("Письмо принято почтовым сервером ")
    assert (
        "; более новое не отправлено: запуск ещё идёт или остановился раньше"
        in text.splitlines()[0]
    )
    assert "Письма прежних запусков:" in text


def test_of_two_recipients_each_has_a_fate_of_its_own(engine: Engine, tmp_path: Path):
    planned(engine, tmp_path, contacts={"buy": ("a@example.org", "b@example.org")})
    deliver(engine, "550_rcpt")
    found = ask(engine)
    assert found.verdict is Verdict.PARTLY
    ((fault, number),) = found.faults
    assert fault is Fate.REJECTED
    text = told(found)
    assert f"для 1 из 2: получатель {number} из 2 — почтовый сервер отклонил" in text
    assert f"Что сделать для получателя {number}:" in text


def test_the_newest_run_that_was_to_write_to_it_is_the_one_that_is_told(
    engine: Engine, tmp_path: Path
):
    planned(engine, tmp_path)
    deliver(engine)
    make_run(engine, "run-2", contacts={"neya": ("n@example.org",)})
    make_run(engine, "run-3", mode="dry", contacts={"buy": ("buy@example.org",)})
    make_newest(engine, "run-2")
    make_newest(engine, "run-3")
    found = ask(engine)
    assert found.run is not None
    assert found.run.run_id == "run-1"
    assert (found.live_runs, found.test_runs) == (2, 1)
    assert found.verdict is Verdict.ACCEPTED


def test_a_test_run_is_told_as_one_and_never_as_sent(engine: Engine, tmp_path: Path):
    planned(engine, tmp_path, mode="redirect")
    deliver(engine, mode="redirect")
    found = ask(engine, run="run-1")
    text = told(found)
    assert text.startswith(
        "Проверка (письма на проверочный адрес). Письмо принято сервером для проверочного адреса "
    )
    assert "принято почтовым сервером" not in text
    assert ask(engine, now=APRIL).verdict is Verdict.NONE  # nobody was written to


def test_what_was_only_checked_never_reads_as_taken_by_a_server(engine: Engine, tmp_path: Path):
    planned(engine, tmp_path, mode="dry")
    deliver(engine, mode="dry")
    text = told(ask(engine, run="run-1"))
    assert text.startswith("Проверка (без отправки). Письмо проверено без отправки ")
    assert re.search(r"принят|код 250|dry", text, re.IGNORECASE) is None


@pytest.mark.parametrize("is_run_again", [False, True])
def test_what_a_person_decided_not_to_send_is_told_with_who_when_and_why(
    engine: Engine, tmp_path: Path, is_run_again: bool
):
    planned(engine, tmp_path)
    deliver(engine, "accept_then_rst")
    (letter,) = ask(engine).letters
    settle(engine, letter.message_id, "give_up", actor="Иванова", reason="журнала нет")
    if is_run_again:
        make_run(engine, "run-2", contacts={"buy": ("buy@example.org",)})
        compose(engine, "run-2")
        decide(engine, tmp_path, "run-2")
        make_newest(engine, "run-2")
    found = ask(engine)
    assert found.faults == ((Fate.GIVEN_UP, None),)
    assert re.match(
        r"Письма нет: исход был неизвестен, решено не отправлять "
        r"\(Иванова, \d\d\.\d\d\.\d{4} в \d\d:\d\d: журнала нет\)\.\n",
        told(found),
    )


def test_refused_files_are_told_its_own_apart(engine: Engine, tmp_path: Path):
    make_run(engine, contacts={"buy": ("buy@example.org",)})
    for batch, file_name in (("own", "act_buy.xlsx"), ("other", "act_buyskiy.xlsx")):
        message = f"Файл не принят: нет столбца «Дата». Файл «{file_name}»."
        write(
            engine,
            insert(load_batch).values(
                batch_id=batch, plan_code="2021", dataset="municipal_acts", scope="-",
                file_name=file_name, sha256="f" * 64, size_bytes=1, received_ms=NOW_MS,
                loaded_ms=NOW_MS, state="refused", rows_read=0, rows_accepted=0, rows_rejected=0,
                refusal_code="HEADER", refusal_message=message,
            ),
        )  # fmt: skip
        row = {"run_id": "run-1", "rule": "FILE_REFUSED", "dataset": "municipal_acts"}
        write(
            engine,
            insert(run_finding).values(**row, batch_id=batch, message=message),
        )
    found = ask(engine)
    assert {file.file_name: file.is_own for file in found.refused} == {
        "act_buy.xlsx": True, "act_buyskiy.xlsx": False,
    }  # fmt: skip
    assert (
        "О муниципалитете, 26.03.2021 в 10:14 (Муниципальные правовые акты): Файл не принят: нет"
        " столбца «Дата». Файл «act_buy.xlsx»." in told(found)
    )


def test_what_a_person_wrote_as_a_reason_carries_no_address(engine: Engine, tmp_path: Path):
    planned(engine, tmp_path)
    brakes.stop(engine, "test", "Жалоба buy@example.com на письмо.")
    assert "вся отправка остановлена: жалоба … на письмо." in told(ask(engine))
    (hold,) = reconcile(engine, "run-1").holds
    assert hold.startswith("Вся отправка остановлена: жалоба … на письмо.")


def test_what_is_written_of_the_server_carries_no_address(engine: Engine, tmp_path: Path):
    planned(engine, tmp_path)
    move(engine, "claim", "reject")
    write(
        engine,
        update(delivery_event).values(detail="<buy@example.com> unknown", actor="a@b.example"),
    )
    assert ADDRESS.search(told(ask(engine))) is None


def test_a_part_of_a_name_that_only_one_has_is_enough(engine: Engine):
    assert ask(engine, municipality="Кострома").municipality_id == "kostroma"


# -- What is asked wrongly -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"municipality": "Буй"}, "Нет муниципалитета «Буй». Похожи: "),
        ({"municipality": "Буй"}, "«Буйский муниципальный район» (buyskiy)"),
        ({"municipality": "Токио"}, "Нет муниципалитета «Токио». Есть, например: "),
        ({"phase": "may"}, "нет этапа «may». Есть: march_analysis"),
        ({"run": "nowhere"}, "Нет запуска, номер которого начинается с «nowhere»"),
    ],
    ids=["municipality", "with its code", "unlike any", "phase", "run"],
)
def test_what_is_not_there_is_refused_with_what_there_is(engine: Engine, asked, says):
    with pytest.raises(WhyRefused) as refused_one:
        ask(engine, **asked)
    assert says in str(refused_one.value)


def test_the_region_is_an_addressee_without_schools_of_its_own(engine: Engine, tmp_path: Path):
    make_run(engine, contacts={"region": ("region@example.org",)})
    found = ask(engine, "Департамент")
    assert found.municipality_id == "region"
    assert found.faults == ((Obstacle.NOT_COMPOSED, None),)
    assert "получает региональный отчёт" in told(found)


def test_an_outcome_that_was_lost_is_not_taken_for_a_letter(engine: Engine, tmp_path: Path):
    planned(engine, tmp_path)
    deliver(engine)
    write(engine, delete(run_outcome))
    assert ask(engine).faults == ((Fate.UNDECIDED, None),)
    assert ask(engine).verdict is Verdict.EARLIER
