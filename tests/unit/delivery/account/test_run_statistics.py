"""The letter that tells the operator what became of a run's letters."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest

from roadmap.delivery.account.fate import Fate, sentence
from roadmap.delivery.account.reconcile import (
    UNACCOUNTED,
    AccountLine,
    Reconciliation,
    categories,
)
from roadmap.delivery.ledger.brakes import Brakes
from roadmap.delivery.letters.to_operator import written
from roadmap.evidence.troubles import LyingFile
from support.plans import small_plan

TITLE = "Комплексный анализ (март 2021 г.)"
NAMES = (
    "Антроповский муниципальный район", "Буйский муниципальный район", "город Галич",
    "Макарьевский муниципальный район", "муниципальный район город Нея и Нейский район",
    "Парфеньевский муниципальный район", "Солигаличский муниципальный район",
    "Департамент образования и науки Костромской области",
)  # fmt: skip
MESSAGE_ID = "<0f6c1c1a2b3c4d5e6f708192a3b4c5d6.r1@example.org>"
PAUSED = (
    "Рассылка этого этапа приостановлена: почтовый сервер отклонил подряд 5 писем. Проверьте"
    " адреса в «Контактах» и настройки почты. Продолжить: запустите"
    " «Отправка: остановить или продолжить»."
)
Golden = Callable[[str, str], None]


def accepted(name: str, mode: str = "live") -> AccountLine:
    words = f"{categories(mode)['accepted']} 31.03.2021, 10:07"
    return AccountLine(name, name, "r", "accepted", words, None, 1, MESSAGE_ID)


def account(
    *lines: AccountLine,
    mode: str = "live",
    holds: tuple[str, ...] = (),
    expected: int | None = None,
) -> Reconciliation:
    return Reconciliation(
        run_id="9f0c1b2e3a4d5f60718293a4b5c6d7e8",
        occasion="2021/march_analysis",
        mode=mode,
        as_of=date(2021, 3, 31),
        started_ms=1_617_174_000_000,
        expected=len(lines) if expected is None else expected,
        local_time=small_plan().local_time,
        lines=lines,
        holds=holds,
    )


def letter(of: Reconciliation, *lying: LyingFile) -> str:
    subject, html = written(
        "run_statistics", roadmap_account=of, roadmap_title=TITLE, roadmap_lying=lying
    )
    assert subject == f"500+: {of.headline} — {TITLE}"
    return html


def plain(html: str) -> str:
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    return " ".join(text.replace("&nbsp;", " ").split())


def said(fate: Fate) -> str:
    """The reason as the account has it, of a letter whose reply was lost at 10:07."""
    doubtful = SimpleNamespace(
        occasion="2021/march_analysis", mode="live", message_id=MESSAGE_ID, last_code=None,
        doubted_ms=1_617_174_420_000,
    )  # fmt: skip
    return sentence(fate, doubtful, Brakes(False, None, None, None, {}))


NOT_ALL = account(
    *(accepted(name) for name in NAMES[:3]),
    AccountLine(NAMES[3], NAMES[3], "-", "blocked", "письма нет",
         "Письмо не составлено: у адресата нет действующего адреса на 31.03.2021. Впишите адрес в"
         " «Контакты», лист «Получатели», и запустите этап для «Макарьевский муниципальный район».",
         None, None),
    AccountLine(NAMES[4], f"{NAMES[4]}, получатель 1 из 2", "r", "unknown", "исход неизвестен",
         said(Fate.UNKNOWN),
         1, MESSAGE_ID),
    replace(accepted(NAMES[5]), words="принято почтовым сервером 31.03.2021, 10:07, вернулось",
            reason=said(Fate.BOUNCED),
            fate=Fate.BOUNCED, revision=2),
    AccountLine(NAMES[6], NAMES[6], "r", "pending", "в очереди",
         "Письмо уйдёт, когда отправку продолжат.", 1, MESSAGE_ID),
    accepted(NAMES[7]),
    holds=(PAUSED,),
)  # fmt: skip


def test_it_says_who_got_nothing_why_and_what_to_do(golden: Golden):
    html = letter(NOT_ALL)
    golden("run_statistics_not_all.html", html)
    text = plain(html)
    assert "Отправлено не всем: 4 из 8" in text
    assert "Ожидалось писем: 8 , принято почтовым сервером: 5 , из них вернулось: 1 ." in text
    assert "Впишите адрес в «Контакты»" in text
    assert "&lt;0f6c1c1a2b3c4d5e6f708192a3b4c5d6.r1@example.org&gt;" in text
    assert text.index(PAUSED) < text.index("Требует внимания") < text.index("Остальные")
    assert "Сумма сходится." in text
    assert "Действий не требуется" not in text


def test_it_names_the_files_that_lie_unaccepted_with_folder_and_rows():
    refused = LyingFile("2021", "acts/a <1>.csv", 12, 3, "Файл не принят: отклонены 3 из 12 строк")
    unclaimed = LyingFile("2021", "contacts.xlsx", 0, 0, "Файл никому не принадлежит и не принят")
    text = plain(letter(account(*map(accepted, NAMES)), refused, unclaimed))
    assert "Лежат непринятыми: 2" in text
    assert "a &lt;1&gt;.csv acts Файл не принят: отклонены 3 из 12 строк. Строк 12" in text
    assert "contacts.xlsx папка плана Файл никому не принадлежит и не принят." in text
    assert "Лежат" not in plain(letter(account(*map(accepted, NAMES))))


def test_when_all_was_accepted_it_asks_for_nothing(golden: Golden):
    html = letter(account(*map(accepted, NAMES)))
    golden("run_statistics_all.html", html)
    text = plain(html)
    assert "Отправлено всем 8" in text
    assert "Действий не требуется." in text
    assert "Требует внимания" not in text
    assert "Message-ID" not in text


@pytest.mark.parametrize(
    ("mode", "headline_of", "says"),
    [
        ("redirect", "Проверочные письма отправлены всем 8", "уходят на проверочный адрес"),
        ("dry", "Проверка без отправки прошла для всех 8", "никуда не уходят"),
    ],
)
def test_a_test_is_named_as_one_and_nothing_in_it_reads_as_sent(mode, headline_of, says):
    text = plain(letter(account(*(accepted(name, mode) for name in NAMES), mode=mode)))
    assert text.index("ПРОВЕРКА.") < text.index("Рассылка «500+»")
    assert headline_of in text
    assert says in text
    assert "адресатам — ни одного" in text
    assert "принято почтовым сервером" not in text


def test_a_sum_that_does_not_hold_is_the_one_thing_in_red():
    lost = AccountLine(
        NAMES[0], NAMES[0], "r", UNACCOUNTED, "не учтено", "Решения нет.", None, None
    )
    html = letter(account(lost, accepted(NAMES[1])))
    assert "Не сходится: не учтено 1" in plain(html)
    assert html.count("#A3221B") == 1
    assert "#A3221B" not in letter(NOT_ALL)
    more = letter(account(accepted(NAMES[0]), expected=0))
    assert "Не сходится: есть лишние или чужие решения" in plain(more)


def test_a_reminder_with_nobody_to_remind_says_so():
    text = plain(letter(account()))
    assert "Писем нет: писать некому" in text


def test_what_names_and_reasons_hold_is_text_and_never_markup():
    evil = "<b>{{ 7 * 7 }}</b>"
    html = letter(account(replace(accepted(evil), reason=evil, name=evil), holds=(evil,)))
    assert "<b>" not in html
    assert "&lt;b&gt;{{ 7 * 7 }}&lt;/b&gt;" in html


def test_thousands_of_addressees_still_fit_a_mail_program():
    blocked = AccountLine(
        "x", NAMES[4], "-", "blocked", "письма нет", "Впишите адрес. " * 12, None, None
    )
    html = letter(account(*[blocked] * 1000, *[accepted(NAMES[4])] * 1000))
    assert len(html.encode()) < 90_000
    assert "И ещё 940: все названы в журнале «Сверки»." in plain(html)
