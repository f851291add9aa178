"""The whole March run without Airflow: what it sends, and what it does not."""

from __future__ import annotations

import email
import email.policy
import io
import re
import threading
import time
from collections import Counter
from dataclasses import replace

import openpyxl
import pytest
import yaml
from sqlalchemy import select

from bench.stages import pull, run_stages
from roadmap.analysis.analyse import analyse
from roadmap.delivery.account.why import Obstacle, Verdict, Why, why
from roadmap.delivery.ledger.releases import release_run
from roadmap.delivery.letters.operator_text import filled_in
from roadmap.delivery.letters.planning import plan_deliveries
from roadmap.delivery.sending.sender import send_run
from roadmap.evidence.freeze import changed_since_freeze, freeze
from roadmap.evidence.request import RunRequest
from roadmap.indicators.evaluate import evaluate
from roadmap.paths import INCLUDE, PLANS
from roadmap.plan.load import load_plan
from roadmap.plan.new_year import moved_text
from roadmap.reports.compose import compose
from roadmap.store.tables import (
    delivery,
    indicator_result,
    load_batch,
    metadata,
    phase_run,
    rejected_row,
    report,
    run_outcome,
    school_verdict,
)
from roadmap.versions import code_version, templates_sha256
from roadmap_cli.letter import made_again
from roadmap_cli.new_year import write_draft
from roadmap_demo.correction import correct
from support.march_world import MARCH, March

FACTS = yaml.safe_load((INCLUDE / "demo" / "facts.yaml").read_text(encoding="utf-8"))
SCHOOL = metadata.tables["school"]
EXPECTED = sum(FACTS["counts"]["letters"].values())


@pytest.fixture(scope="module")
def first(march: March):
    """The first run of March."""
    return run_stages(march.place, MARCH)


def rows(march: March, statement) -> list:
    with march.place.engine.connect() as db:
        return list(db.execute(statement))


def latest_run(march: March) -> str:
    ordered = select(phase_run.c.run_id).order_by(phase_run.c.started_ms.desc())
    return rows(march, ordered)[0].run_id


def test_the_demo_ends_green_and_every_letter_reaches_the_server(march, first):
    assert first.is_balanced, first.text
    assert first.is_settled, first.text
    assert len(march.letters.all()) == EXPECTED == 16


def test_every_recipient_gets_a_letter_of_their_own(march, first):
    recipients = [str(letter["To"]) for letter in march.letters.all()]
    assert len(set(recipients)) == len(recipients) == EXPECTED
    assert all(address.endswith("@example.org") for address in recipients)
    assert all(letter["Cc"] is None and letter["Bcc"] is None for letter in march.letters.all())


def test_the_message_ids_are_ours_and_unique(march, first):
    ids = [str(letter["Message-ID"]) for letter in march.letters.all()]
    assert len(set(ids)) == len(ids) == EXPECTED
    assert all(message_id.endswith("@example.org>") for message_id in ids)


def test_a_letter_carries_the_documents_with_their_russian_names(march, first):
    letter = next(x for x in march.letters.all() if "Буйский муниципальный район" in x["Subject"])
    names = {part.get_filename(): part.get_content_type() for part in letter.iter_attachments()}
    assert names["Справка_500+_Буйский_МР_2021-03.pdf"] == "application/pdf"
    assert "Справка_500+_Буйский_МР_2021-03.docx" in names
    assert "Приложение_500+_Буйский_МР_2021-03.xlsx" in names
    pages = [name for name in names if name.startswith("Школа")]
    assert len(pages) == FACTS["counts"]["project_schools_by_municipality"]["buyskiy"]


def test_the_planted_indicators_are_found(march, first):
    found = {
        row.indicator: row
        for row in rows(
            march,
            select(indicator_result).where(
                indicator_result.c.run_id == latest_run(march),
                indicator_result.c.municipality_id == "region",
            ),
        )
    }
    planted = FACTS["indicators"]
    assert planted
    for code, fact in planted.items():
        assert found[code].numerator == fact["numerator"], code
        assert found[code].shortfall == fact["shortfall"], code
    assert found["5.0"].numerator == found["5.0"].denominator == 12
    assert found["7.2"].numerator == found["7.2"].denominator == FACTS["counts"]["project_schools"]
    assert (found["7.1"].numerator, found["7.1"].met_on) == (1, "2021-03-31"), "by this very run"


def test_the_planted_verdicts_are_found(march, first):
    run_id = latest_run(march)
    names = {(row.municipality_id, row.name): row.school_id for row in rows(march, select(SCHOOL))}
    found = {
        row.school_id: row.verdict
        for row in rows(march, select(school_verdict).where(school_verdict.c.run_id == run_id))
    }
    assert len(FACTS["verdicts"]) == FACTS["counts"]["project_schools"]
    for planted in FACTS["verdicts"]:
        municipality, name = planted["school"].split(": ", 1)
        assert found[names[municipality, name]] == planted["verdict"], planted


def test_a_spoiled_file_and_spoiled_rows_are_kept_and_told_and_stop_nothing(march, first):
    refused = rows(march, select(load_batch).where(load_batch.c.state == "refused"))
    assert {row.refusal_code for row in refused} == {"ENCRYPTED", "HEADER"}
    messages = [row.message for row in rows(march, select(rejected_row))]
    assert any("112,4" in message for message in messages)
    assert any("«четыре» вместо" in message for message in messages)


def test_why_is_answered_from_the_data_to_the_reply_code(march, first):
    def ask(municipality: str) -> Why:
        with march.place.engine.connect() as db, db.begin():
            now_ms = time.time_ns() // 1_000_000
            return why(
                db, municipality, "march_analysis", plan_code="2021", run=None, now_ms=now_ms
            )

    answers = [ask(one.id) for one in load_plan("2021").municipalities]
    told = {one.municipality_id for one in answers if one.verdict is Verdict.ACCEPTED}
    others = [one for one in answers if one.municipality_id not in told]
    assert told == set(FACTS["counts"]["project_schools_by_municipality"])
    assert others
    assert {one.faults for one in others} == {((Obstacle.NOT_PARTICIPANT, None),)}
    texts = [
        filled_in("delivery/why.txt.j2", one.plan.local_time, why=one)
        for one in (*answers, ask("region"))
    ]
    assert sum("код 250" in text for text in texts) == len(told) + 1
    assert not [text for text in texts if re.search(r"@(?!example\.org>)", text)]
    refused = ask("Галичский муниципальный район")
    assert [(file.file_name, file.is_own) for file in refused.refused] == [
        ("dr10_2020_chernovik.xlsx", False),
        ("act_galichskiy_zashchita.xlsx", True),
    ]


def test_a_rerun_sends_nothing_and_says_so(march, first):
    before = len(march.letters.all())
    again = run_stages(march.place, MARCH)
    assert len(march.letters.all()) == before
    assert again.is_settled, again.text
    assert "уже отправлено" in again.text.lower()


def test_one_changed_file_corrects_its_municipality_and_the_department_only(march, first):
    run_stages(march.place, MARCH)
    before = Counter(march.letters.subjects())
    correct(march.place.var / "inbox", 2021)

    corrected = run_stages(march.place, MARCH)

    assert corrected.is_settled, corrected.text
    sent = Counter(march.letters.subjects()) - before
    municipality = FACTS["correction"]["municipality"]
    revised = rows(
        march,
        select(delivery.c.municipality_id).where(delivery.c.revision == 2).distinct(),
    )
    assert {row.municipality_id for row in revised} == {municipality, "region"}
    letters = march.letters.all()[-sum(sent.values()) :]
    for letter in letters:
        text = letter.get_body(("plain",)).get_content()
        assert "Взамен направленного" in text
        assert "Изменилось" in text
        assert str(letter["Subject"]).startswith("Исправление (редакция 2): 500+ | ")


def test_no_municipality_sees_anothers_schools(march, first):
    """Every file of every letter is opened and searched for every other municipality's logins."""
    logins = {row.vpr_login: row.municipality_id for row in rows(march, select(SCHOOL))}
    assert len(logins) == FACTS["counts"]["schools"]
    looked = 0
    for letter in march.letters.all():
        if "Департамент" in str(letter["Subject"]):
            continue
        for part in letter.iter_attachments():
            if not str(part.get_filename()).endswith(".xlsx"):
                continue
            book = openpyxl.load_workbook(io.BytesIO(part.get_content()), read_only=True)
            text = " ".join(
                str(cell) for sheet in book for row in sheet.values for cell in row if cell
            )
            assert not [login for login in logins if login and f"sch{login}" in text]
            looked += 1
    assert looked >= EXPECTED - 1


# -- Any day again -----------------------------------------------------------------------------

# 1 April 2021, 10:00 in Moscow: a day before the corrected file came in.
BEFORE_THE_CORRECTION_MS = 1_617_260_400_000
AGAIN = replace(MARCH, mode="dry", known_at_ms=BEFORE_THE_CORRECTION_MS, known_by="received")


def composed(march: March, request: RunRequest) -> tuple[str, dict[str, str]]:
    """A new run on what was known then: its id and the content hash of each addressee."""
    engine, plan = march.place.engine, load_plan("2021")
    now_ms = time.time_ns() // 1_000_000
    run_id = freeze(engine, plan, request, now_ms, code_version(), templates_sha256())
    analyse(engine, plan, run_id)
    evaluate(engine, plan, run_id)
    return run_id, composed_again(march, run_id)


def composed_again(march: March, run_id: str) -> dict[str, str]:
    compose(march.place.engine, load_plan("2021"), run_id, march.place.settings.reply_to)
    of_run = select(report.c.municipality_id, report.c.content_sha256)
    found = rows(march, of_run.where(report.c.run_id == run_id))
    return {row.municipality_id: row.content_sha256 for row in found}


def test_a_day_judged_again_with_the_knowledge_of_then_says_the_same(march, first):
    """Before and after a newer file came in, and in letters that were really sent."""
    correct(march.place.var / "inbox", 2021)
    pull(march.place.engine, march.place.var, MARCH)
    moment = phase_run.c.known_at_ms
    runs = rows(march, select(phase_run.c.run_id, moment).order_by(phase_run.c.started_ms))
    stored = select(report.c.municipality_id, report.c.content_sha256)
    of_first = rows(march, stored.where(report.c.run_id == runs[0].run_id))
    sent = {row.municipality_id: row.content_sha256 for row in of_first}
    assert len(sent) == len(FACTS["counts"]["project_schools_by_municipality"]) + 1

    run_id, again = composed(march, AGAIN)

    assert again == sent
    # By what had been loaded when the letters were made, too: the correction came in later.
    of_then = replace(MARCH, mode="dry", known_at_ms=runs[0].known_at_ms)
    assert composed(march, of_then)[1] == sent
    _, today = composed(march, replace(MARCH, mode="dry"))
    changed = {addressee for addressee in sent if today[addressee] != sent[addressee]}
    assert changed == {FACTS["correction"]["municipality"], "region"}
    # A frozen run composed again, all newer files being there, says the same once more.
    assert composed_again(march, run_id) == sent


def test_a_letter_made_again_is_written_beside_the_others(march, first, tmp_path):
    (made,) = made_again(march.place.engine, first.run_id[:8], "buyskiy", tmp_path)
    line, is_same = made
    assert is_same
    assert line.startswith("Буйский муниципальный район, редакция 1: то же, байт в байт.")
    (written,) = (tmp_path / first.run_id).iterdir()
    letter = email.message_from_bytes(written.read_bytes(), policy=email.policy.default)
    sent = {str(one["X-Report-Key"]): one for one in march.letters.all()}
    assert letter.as_bytes() == sent[str(letter["X-Report-Key"])].as_bytes()


def test_a_run_repeated_under_a_changed_plan_is_told(march, first):
    plan = load_plan("2021")
    run_id = latest_run(march)
    now = (templates_sha256(), code_version())
    assert changed_since_freeze(march.place.engine, plan, run_id, *now) == ()
    analysis = plan.analysis.model_copy(update={"least_participants": 10})
    other = plan.model_copy(update={"analysis": analysis})
    (told,) = changed_since_freeze(march.place.engine, other, run_id, *now)
    assert told.startswith("После фиксации сведений изменилось: план 2021 года. ")
    (told,) = changed_since_freeze(march.place.engine, plan, run_id, "0" * 64, "other")
    assert "шаблоны документов и писем, программа" in told


# -- A rehearsal of a few drawn at random ------------------------------------------------------


def test_a_sampled_rehearsal_prepares_nothing_for_the_rest_and_touches_no_live_letter(march, first):
    live = select(delivery).where(delivery.c.mode == "live").order_by(delivery.c.delivery_id)
    before, sent = rows(march, live), len(march.letters.all())

    result = run_stages(march.place, replace(MARCH, mode="redirect", sample=2))

    run_id = latest_run(march)
    assert run_id == result.run_id
    assert "Проверочная выборка: 2 из 13" in result.text
    assert result.is_settled, result.text
    of_run = select(run_outcome.c.municipality_id).where(run_outcome.c.run_id == run_id)
    drawn = {row.municipality_id for row in rows(march, of_run)}
    assert len(drawn) == 2
    reports = select(report.c.municipality_id).where(report.c.run_id == run_id)
    assert {row.municipality_id for row in rows(march, reports)} == drawn
    letters = march.letters.all()[sent:]
    assert len(letters) == result.expected == result.counts["accepted"]
    planned = {str(letter["To"]) for letter in march.letters.all()[:sent]}
    for letter in letters:
        assert str(letter["To"]) in planned  # To stays that of the plan
        assert str(letter["Subject"]).startswith("ПРОВЕРКА. ")
        for kind in ("plain", "html"):
            assert "ПРОВЕРОЧНАЯ ОТПРАВКА" in letter.get_body((kind,)).get_content()
    assert rows(march, live) == before
    assert run_stages(march.place, MARCH).counts["suppressed"] == EXPECTED  # and counts for nothing


# -- A plan that is not in force ---------------------------------------------------------------


def test_a_drafted_plan_writes_to_the_operator_s_test_address_only(march, first, tmp_path):
    """The draft of 2021, as `make new-year` makes it from a plan of 2015, on the same evidence."""
    text = (PLANS / "2021.yaml").read_text(encoding="utf-8")
    (tmp_path / "2015.yaml").write_text(moved_text(text, -6), encoding="utf-8")
    plan = write_draft("2021", None, "2015", tmp_path)
    assert plan.in_force is None
    place, before = march.place, len(march.letters.all())
    now_ms = time.time_ns() // 1_000_000
    request = replace(MARCH, municipalities=("buyskiy",))
    run_id = freeze(place.engine, plan, request, now_ms, code_version(), templates_sha256())
    evaluate(place.engine, plan, run_id)
    analyse(place.engine, plan, run_id)
    addressees = compose(place.engine, plan, run_id, place.settings.reply_to)
    reports = place.var / "reports"
    plan_deliveries(place.engine, plan, run_id, addressees, reports, place.settings, now_ms)
    release_run(place.engine, run_id)
    send_run(
        place.engine, run_id, addressees, place.mail_server, place.settings,
        stop=threading.Event(), soft_deadline_seconds=120, actor="tests",
    )  # fmt: skip

    (run,) = rows(march, select(phase_run).where(phase_run.c.run_id == run_id))
    assert run.mode == "redirect"
    outcomes = rows(
        march,
        select(delivery.c.mode, delivery.c.state)
        .join_from(run_outcome, delivery)
        .where(run_outcome.c.run_id == run_id),
    )
    assert outcomes
    assert {(row.mode, row.state) for row in outcomes} == {("redirect", "accepted")}
    letters = march.letters.all()[before:]
    assert len(letters) == len(outcomes)
    plain = letters[0].get_body(("plain",)).get_content()
    assert "дата и номер которого ещё не определены" in " ".join(plain.split())
