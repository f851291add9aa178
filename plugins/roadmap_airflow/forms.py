"""The trigger form of a phase: Russian titles; ids only, from the plan's files.

What is entered is checked by the phase's first task (`evidence.request`), which says in Russian
what Airflow would say in English. Days and moments are plain texts: the browser's field of a date
gives nothing for a day that does not exist, and the run would judge the plan's day.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from airflow.sdk import Param

from roadmap.decision import LONGEST_REASON
from roadmap_airflow.decisions import NO_ADDRESS
from roadmap_airflow.plans import plan_titles, plans_with
from roadmap_airflow.runs import by_name, names_of

if TYPE_CHECKING:
    from roadmap.plan.model import Plan

KNOWN_BY = {
    "loaded": "что было загружено к нему",
    "received": "всё, что поступило к нему, когда бы ни было загружено",
}
MODES = {
    "live": "Отправить адресатам",
    "redirect": "Отправить всё на проверочный адрес",
    "dry": "Ничего не отправлять (проверка)",
}


def phase_params(phase: str) -> dict[str, Param]:
    """The parameters of a phase's DAG; empty ones mean what the plan says."""
    plans = plans_with(phase)
    names = names_of(plans)
    offered = by_name(names)
    return {
        "plan": Param(
            None,
            type=["null", "string"],
            title="План",
            description="Не выбран — план последнего наступившего этапа.",
            enum=[None, *(plan.code for plan in plans)],
            values_display={
                "null": "последний наступивший",
                **plan_titles(plans),
            },  # else the form shows the word null
        ),
        "as_of": Param(
            None,
            type=["null", "string"],
            pattern=NO_ADDRESS,
            maxLength=40,
            title="По состоянию на",
            description="День этого плана, например 31.03.2021. Пусто — день из плана. С другим "
            "днём письма адресатам не уходят: ниже выберите «Отправить всё на проверочный адрес» "
            "или «Ничего не отправлять».",
        ),
        "known_at": Param(
            None,
            type=["null", "string"],
            pattern=NO_ADDRESS,
            maxLength=40,
            title="По сведениям на момент",
            description="Прошедший момент, например 31.03.2021 18:00. Пусто — всё, что загружено к "
            "запуску. С заполненным полем — тоже только проверка.",
        ),
        "known_by": Param(
            "loaded",
            type="string",
            title="Что считать известным на этот момент",
            description="Файл мог поступить раньше, чем его загрузили. Отчёт, каким он был, — по "
            "загруженному.",
            enum=list(KNOWN_BY),
            values_display=KNOWN_BY,
        ),
        "municipalities": Param(
            [],
            type=["null", "array"],  # the form makes an emptied choice null
            title="Муниципалитеты",
            description=_whom(plans),
            items={"type": "string", "pattern": NO_ADDRESS},
            examples=offered,
            values_display=names,
        ),
        "mode": Param(
            "live",
            type="string",
            title="Отправка",
            description="Адресатам письмо с тем же содержанием второй раз не уйдёт.",
            enum=list(MODES),
            values_display=MODES,
        ),
        "sample": Param(
            None,
            type=["null", "number"],
            title="Сколько адресатов проверить",
            description="Пусто — всех. Число — только для проверки: столько адресатов выбирается "
            "случайно, остальным этот запуск ничего не готовит.",
        ),
        "reason": Param(
            None,
            type=["null", "string"],
            title="Причина исправления",
            description="Войдёт в исправленное письмо, если содержание изменилось. "
            "Без адресов почты.",
            maxLength=LONGEST_REASON,
            pattern=NO_ADDRESS,
        ),
    }


def _whom(plans: Sequence[Plan]) -> str:
    if not plans:
        return "Ни одного годного плана нет."
    department = plans[-1].region.department
    return (
        f"Пусто — все участники проекта и {department.short_name}. Если выбрать, остальным этот "
        f"запуск ничего не составляет и не отправляет, {department.short_dative} тоже, если его "
        "нет среди выбранных (он последний в списке)."
    )
