"""The short letters to the operator: what stands wrong, and which task failed."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from roadmap.delivery.account.alarms import Alarm, ToTell
from roadmap.delivery.letters.operator_text import by_calendar, run_title
from roadmap.delivery.letters.to_operator import written
from roadmap.plan.load import load_plan
from roadmap.plan.model import occasions
from support.plans import small_plan

UNKNOWN = Alarm(
    "unknown:0f6c:1",
    "Исход неизвестен с 31.03.2021 в 10:07 (МСК): муниципальный район город Нея и Нейский район, "
    "«Март: комплексный анализ» 2021 года, редакция 2. Письмо могло уйти. Найдите в журнале "
    "почтового сервера Message-ID <0f6c1c1a2b3c4d5e6f708192a3b4c5d6.r2@example.org> и запустите "
    "«Решить судьбу письма».",
)
STOPPED = Alarm("switch:1", "Вся отправка остановлена, ждут 3 письма. Причина: <b>проверка</b>.")


def test_the_letter_of_alarms_tells_the_new_ones_first(golden: Callable[[str, str], None]):
    subject, letter = written("delivery_alarms", roadmap_alarms=ToTell((UNKNOWN,), (STOPPED,)))
    assert subject == "500+: рассылка требует внимания — 2"
    assert letter.index("Исход неизвестен") < letter.index("Вся отправка")
    assert "<b>" not in letter
    golden("delivery_alarms.html", letter)


def failed(
    dag_id: str, task_id: str = "task", reason: str = "", template: str = "task_failed"
) -> tuple[str, str]:
    return written(
        template,
        dag=SimpleNamespace(dag_id=dag_id, dag_display_name="Название <1>"),
        task=SimpleNamespace(task_id=task_id, task_display_name="Задача"),
        ti=SimpleNamespace(rendered_map_index=None, try_number=1),
        roadmap_run="запуск вручную от 05.07.2021 в 10:00 (проверочная отправка)",
        roadmap_reason=reason,
    )


@pytest.mark.parametrize(
    ("dag_id", "chapter"),
    [
        ("settle_delivery", "Исход неизвестен"),
        ("sending_control", "Остановить отправку"),
        ("held_file", "Файл меньше прежнего"),
    ],
)
def test_a_refused_decision_is_made_anew_and_not_cleared(dag_id: str, chapter: str):
    _, letter = failed(dag_id)
    assert "заполните форму заново" in letter
    assert "Очищать эту задачу не нужно" in letter
    assert f"глава «{chapter}»" in letter


def test_a_refused_form_of_a_phase_is_filled_in_anew_and_not_cleared():
    _, letter = failed("march_analysis", "check_form", "«31.06» — не понять, какой это <день>.")
    assert "Почему: «31.06» — не понять, какой это &lt;день&gt;." in letter
    assert (
        "запустите «Название &lt;1&gt;» снова и исправьте форму. Очищать эту задачу не нужно"
        in letter
    )


def test_any_other_task_that_failed_is_cleared_once_its_cause_is_mended():
    subject, letter = failed("march_analysis")
    assert subject == "500+: не выполнено — Название <1>, Задача"
    assert (
        "Название &lt;1&gt;, запуск вручную от 05.07.2021 в 10:00 (проверочная отправка)" in letter
    )
    assert "устраните причину и очистите задачу" in letter
    assert "глава «Если запуск красный»" in letter


def test_a_ledger_that_cannot_be_reached_is_told_with_the_task_that_found_it():
    subject, letter = failed("march_analysis", template="ledger_unreachable")
    assert subject == "500+: база дорожной карты не отвечает — Название <1>, Задача"
    assert "«roadmap_db»" in letter
    assert "Не выполнена задача «Задача»" in letter


@pytest.mark.parametrize(
    ("run_id", "mode", "title"),
    [
        ("manual__2021-07-05T07:00:00+00:00", "live", "запуск вручную от 05.07.2021 в 10:00"),
        (
            "manual__2021-07-05T07:00:00.123456+00:00_a1",
            "redirect",
            "запуск вручную от 05.07.2021 в 10:00 (проверочная отправка)",
        ),
        (
            "scheduled__2021-06-30T07:00:00+00:00",
            "live",
            "запуск по расписанию от 30.06.2021 в 10:00",
        ),
        ("correction_2021-04-12", "dry", "запуск «correction_2021-04-12» (проверка без отправки)"),
    ],
)
def test_a_run_is_named_by_its_moment_and_kind_and_never_by_the_scheduler_s_id(
    run_id: str, mode: str, title: str
):
    assert run_title(run_id, mode, small_plan().local_time) == title


def test_months_stand_in_the_calendar_s_order_and_not_in_the_alphabet_s():
    plan = load_plan("2021")
    planned = sorted((*plan.phases, *occasions(plan)), key=lambda one: (one.as_of, one.code))
    by_alphabet = sorted((f"2021/{phase.code}", "live") for phase in planned)
    in_order = sorted(by_alphabet, key=by_calendar([plan]))
    assert [occasion for occasion, _ in in_order] == [f"2021/{one.code}" for one in planned]
    assert in_order != by_alphabet
