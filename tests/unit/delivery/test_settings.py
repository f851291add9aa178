"""Settings of delivery, and when live letters are refused (docs/delivery.md §8, row 78)."""

from __future__ import annotations

import pytest

from roadmap.delivery.settings import (
    PATIENCE,
    SettingsError,
    UnsafeLive,
    refuse_unsafe,
    settings_from,
)
from roadmap.mailbox import read_address

GIVEN = {
    "ROADMAP_FROM_ADDRESS": "roadmap@example.org",
    "ROADMAP_OPERATOR_ADDRESS": "operator@example.org",
    "ROADMAP_ALLOWED_DOMAINS": "Example.org, edu.example",
}
SAFE = {
    "mode": "live",
    "database_dialect": "postgresql",
    "mail_host": "mail.example.org",
    "mail_is_verified_tls": True,
    "allowed_domains": frozenset({"example.org"}),
    "journal_is_allowed": True,
    "has_demo_secrets": False,
    "has_demo_login": False,
    "is_demo": False,
}
DEMO = SAFE | {
    "database_dialect": "sqlite",
    "mail_host": "127.0.0.1",
    "mail_is_verified_tls": False,
    "has_demo_secrets": True,
    "has_demo_login": True,
    "is_demo": True,
}


def test_a_lease_outlives_every_step_that_it_covers_and_the_last_reply():
    steps = (
        PATIENCE.opening, PATIENCE.mail, PATIENCE.rcpt, PATIENCE.data, PATIENCE.block,
    )  # fmt: skip
    # It is made longer once a sixth of it has passed: what is left outlives any step.
    assert PATIENCE.lease_ms * 5 / 6 >= 1000 * max(steps)
    assert PATIENCE.in_doubt_lease_ms > 1000 * PATIENCE.reply


def test_a_large_letter_has_its_time_at_a_server_slower_than_15_kb_a_second():
    settings = settings_from(GIVEN)
    assert settings.body_seconds(2_800_000) > 2_800_000 / 5_000
    assert settings.body_seconds(2_800_000) > settings.body_seconds(28_000)


@pytest.mark.parametrize(
    "given",
    [
        {"ROADMAP_SLOWEST_KB_PER_SECOND": "1"},
        {"ROADMAP_LARGEST_LETTER_MB": "100"},
        {"ROADMAP_SECONDS_BETWEEN_LETTERS": "3600"},
    ],
)
def test_settings_that_do_not_fit_into_the_sending_task_are_refused_with_the_sum(
    given: dict[str, str],
):
    with pytest.raises(SettingsError, match=r"не сходятся.*не больше 120"):
        settings_from(GIVEN | given)
    fast = {"ROADMAP_SLOWEST_KB_PER_SECOND": "100", "ROADMAP_SECONDS_BETWEEN_LETTERS": "0"}
    settings_from(GIVEN | given | fast)


def test_what_is_not_given_follows_from_what_is():
    settings = settings_from(GIVEN)
    assert settings.reply_to == "roadmap@example.org"
    assert settings.redirect_to == "operator@example.org"
    assert settings.message_domain == "example.org"
    assert settings.allowed_domains == {"example.org", "edu.example"}
    assert not settings.is_demo


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROADMAP_FROM_ADDRESS", ""),
        ("ROADMAP_FROM_ADDRESS", "a@example.org, b@example.org"),
        ("ROADMAP_OPERATOR_ADDRESS", "operator"),
        ("ROADMAP_REPLY_TO_ADDRESS", "a@example.org\nBcc: b@example.org"),
        ("ROADMAP_ALLOWED_DOMAINS", "*"),
        ("ROADMAP_ALLOWED_DOMAINS", "m\u0430il.example"),  # a Cyrillic letter
        ("ROADMAP_REDIRECT_ADDRESS", "edu@m\u0430il.example"),
        ("ROADMAP_FROM_NAME", "КОИРО\r\nBcc: b@example.org"),
        ("ROADMAP_MAX_ATTEMPTS", "0"),
        ("ROADMAP_LETTERS_PER_MINUTE", "много"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str):
    with pytest.raises(SettingsError, match=name):
        settings_from(GIVEN | {name: value})


@pytest.mark.parametrize("setting", ["FROM", "REPLY_TO", "REDIRECT", "OPERATOR", "JOURNAL"])
def test_settings_take_the_russian_domains_that_contacts_take(setting: str):
    settings = settings_from(
        GIVEN
        | {
            "ROADMAP_ALLOWED_DOMAINS": "образование.рф",
            f"ROADMAP_{setting}_ADDRESS": "edu@Образование.рф",
        }
    )
    assert settings.allows(read_address("edu@образование.рф"))
    field = {"REDIRECT": "redirect_to", "REPLY_TO": "reply_to"}
    kept = getattr(settings, field.get(setting, f"{setting.lower()}_address"))
    assert kept == read_address("edu@образование.рф")


def test_the_safe_and_the_demo_may_write():
    refuse_unsafe(**SAFE)
    refuse_unsafe(**DEMO)


@pytest.mark.parametrize(
    "unsafe",
    [
        SAFE | {"database_dialect": "sqlite"},
        SAFE | {"mail_is_verified_tls": False},
        SAFE | {"has_demo_secrets": True},
        SAFE | {"has_demo_login": True},
        SAFE | {"allowed_domains": frozenset()},
        SAFE | {"journal_is_allowed": False},
        DEMO | {"mail_host": "mail.example.org"},
        DEMO | {"mail_host": "127.0.0.1.example.org"},
        DEMO | {"is_demo": False},
        DEMO | {"allowed_domains": frozenset()},
    ],
)
def test_the_unsafe_may_not_and_the_reason_says_what_to_set(unsafe: dict):
    with pytest.raises(UnsafeLive) as refused:
        refuse_unsafe(**unsafe)
    assert refused.value.reasons
    refuse_unsafe(**unsafe | {"mode": "dry"})


@pytest.mark.parametrize("mode", ["redirect", "operator"])
def test_a_rehearsal_and_a_letter_to_the_operator_have_to_be_as_private_and_no_more(mode: str):
    for enough in (SAFE, DEMO):
        refuse_unsafe(**enough | {"mode": mode, "allowed_domains": frozenset()})
    refuse_unsafe(**SAFE | {"mode": mode, "database_dialect": "sqlite", "has_demo_login": True})
    for readable in (
        SAFE | {"mail_is_verified_tls": False},
        DEMO | {"mail_host": "mail.example.org"},
        DEMO | {"is_demo": False},
    ):
        with pytest.raises(UnsafeLive, match="не защищена проверенным TLS") as refused:
            refuse_unsafe(**readable | {"mode": mode})
        assert len(refused.value.reasons) == 1
