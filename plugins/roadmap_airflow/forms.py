"""The trigger form of a phase: Russian titles and checks; ids only, from the plan's files."""

from __future__ import annotations

from airflow.sdk import Param

from roadmap_airflow.plans import plans_with

MODES = {
    "live": "Отправить адресатам",
    "redirect": "Отправить всё на проверочный адрес",
    "dry": "Ничего не отправлять (проверка)",
}


def phase_params(phase: str) -> dict[str, Param]:
    """The parameters of a phase's DAG; empty ones mean what the plan says."""
    plans = plans_with(phase)
    names = {
        municipality.id: municipality.name for plan in plans for municipality in plan.municipalities
    } | {"region": "Департамент (региональный отчёт)"}
    return {
        "year": Param(
            None,
            type=["null", "integer"],
            title="Год плана",
            description="Пусто — год этапа по расписанию.",
            enum=[None, *(plan.year for plan in plans)],
        ),
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date",
            title="По состоянию на",
            description="Пусто — день из плана. С другим днём письма адресатам не уходят: "
            "выберите проверочный адрес или проверку.",
        ),
        "known_at": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="По сведениям на момент",
            description="Пусто — всё, что поступило к запуску.",
        ),
        "municipalities": Param(
            [],
            type="array",
            title="Муниципалитеты",
            description="Пусто — все участники проекта и департамент.",
            items={"type": "string", "enum": sorted(names)},
            examples=sorted(names),
            values_display=names,
        ),
        "mode": Param(
            "live",
            type="string",
            title="Отправка",
            description="Письмо с тем же содержанием повторно не уходит ни в одном случае.",
            enum=list(MODES),
            values_display=MODES,
        ),
        "reason": Param(
            None,
            type=["null", "string"],
            title="Причина исправления",
            description="Войдёт в исправленное письмо, если содержание изменилось.",
            maxLength=300,
            pattern=r"^[^\x00-\x1f]*$",
        ),
    }
