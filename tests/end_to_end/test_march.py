"""The whole March run without Airflow: what it sends, and what it does not."""

from __future__ import annotations

import io
from collections import Counter

import openpyxl
import pytest
import yaml
from sqlalchemy import select

from march_world import MARCH, March
from roadmap.paths import INCLUDE
from roadmap.store.tables import (
    delivery,
    indicator_result,
    load_batch,
    phase_run,
    rejected_row,
    school,
    school_verdict,
)
from roadmap_cli.stages import run_stages
from roadmap_demo.correction import correct

FACTS = yaml.safe_load((INCLUDE / "demo" / "facts.yaml").read_text(encoding="utf-8"))
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


def test_the_planted_verdicts_are_found(march, first):
    run_id = latest_run(march)
    names = {(row.municipality_id, row.name): row.school_id for row in rows(march, select(school))}
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


def test_no_municipality_sees_anothers_schools(march, first):
    """Every file of every letter is opened and searched for every other municipality's logins."""
    logins = {row.vpr_login: row.municipality_id for row in rows(march, select(school))}
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
