"""What the frozen evidence does not say, or says in contradiction: findings of a run.

Each question is a file of include/sql/evidence/findings; here stand the sentences that the
operator reads: what is in doubt, in which file and row, what to do, and what was not counted.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from roadmap.evidence.messages import place, sentence
from roadmap.evidence.names import masked_code, masked_login, near, plan_words
from roadmap.evidence.registers.risk_factors import factor_names
from roadmap.evidence.sources import load_sources
from roadmap.plan.model import REGION, Phase, Plan
from roadmap.russian import counted, day, integer
from roadmap.store.sql import sql
from roadmap.store.tables import metadata, run_batch, run_finding, run_municipality


@dataclass(frozen=True)
class _Names:
    """Names that messages use: known municipalities by code, and what datasets are called."""

    by_id: dict[str, str]
    datasets: dict[str, str]  # titles

    def of(self, municipality_id: str | None) -> str:
        return self.by_id.get(municipality_id or "", "неизвестный муниципалитет")


def _where(row: RowMapping, column: str | None = None) -> str:
    return place(row["file_name"], row["sheet"], row["row"], column)


def _masked(scheme: str, ref: str) -> str:
    if scheme == "vpr_login":
        return f"логин {masked_login(ref)}"
    if scheme == "gia_code":
        return f"код ГИА {masked_code(ref)}"
    return "по названию"


def _unknown_school(row: RowMapping, names: _Names) -> tuple[str, str]:
    what = _masked(row["scheme"], row["ref"])
    if row["is_known"]:
        return "SCHOOL_LEFT", sentence(
            "Школа в реестре есть, но на эту дату не действует или числится за неизвестным "
            "муниципалитетом",
            f"{_where(row)}: {what}",
            "Проверьте сроки и код муниципалитета в файле «Реестр школ»; строка не учтена",
        )
    return "UNKNOWN_SCHOOL", sentence(
        "Школа не найдена в реестре",
        f"{_where(row)}: {what}",
        "Исправьте запись или добавьте школу в файл «Реестр школ»",
    )


def _foreign_school(row: RowMapping, names: _Names) -> tuple[str, str]:
    return "FOREIGN_SCHOOL", sentence(
        "Школа указана под чужим муниципалитетом",
        f"{_where(row)}: {_masked(row['scheme'], row['ref'])}, в файле это "
        f"«{names.of(row['named_id'])}»",
        "Проверьте файл и реестр; строка не учтена ни у кого",
    )


def _school_twice(row: RowMapping, names: _Names) -> tuple[str, str]:
    return "SCHOOL_TWICE", sentence(
        f"Школа «{row['name']}» стоит в одном файле дважды, под разными кодами: строки сложены",
        _where(row),
        "Если это повтор, удалите лишнюю строку и положите файл снова",
    )


def _unknown_municipality(row: RowMapping, names: _Names) -> tuple[str, str]:
    alike = near(row["ref"], names.by_id.values())
    hint = f" (похоже на {', '.join(f'«{name}»' for name in alike)})" if alike else ""
    return "UNKNOWN_MUNICIPALITY", sentence(
        f"Муниципалитет «{_quoted(row['ref'])}» не найден в реестре{hint}",
        f"{_where(row)}, всего {counted(row['rows'], 'строка', 'строки', 'строк')}",
        "Исправьте название или добавьте вариант написания в реестр муниципалитетов",
    )


def _no_contact(row: RowMapping, names: _Names) -> tuple[str, str]:
    return "NO_CONTACT", (
        f"Нет действующего адреса: «{row['name']}». Впишите адрес в файл контактов, "
        "лист «Получатели», и повторите запуск с приёма данных."
    )


def _contact_without_municipality(row: RowMapping, names: _Names) -> tuple[str, str]:
    return "CONTACT_WITHOUT_MUNICIPALITY", sentence(
        f"Контакт неизвестного получателя «{_quoted(row['ref'])}»",
        _where(row),
        "Исправьте код муниципалитета; по этому адресу ничего не отправляется",
    )


def _no_coordinator(row: RowMapping, names: _Names) -> tuple[str, str]:
    return "NO_COORDINATOR", (
        f"Нет муниципального координатора: «{row['name']}». "
        "Впишите его код в файл «Координаторы и кураторы»."
    )


def _no_curator(row: RowMapping, names: _Names) -> tuple[str, str]:
    return "NO_CURATOR", (
        f"Нет куратора у школы «{row['name']}». Впишите его код в файл «Координаторы и кураторы»."
    )


def _unknown_curated_school(row: RowMapping, names: _Names) -> tuple[str, str]:
    return "UNKNOWN_SCHOOL", sentence(
        f"Школа куратора не найдена в реестре: код {masked_code(row['ref'])}",
        _where(row),
        "Исправьте код или добавьте школу в файл «Реестр школ»",
    )


def _not_participant(row: RowMapping, names: _Names) -> tuple[str, str]:
    who = {
        "school": "школа, которая не участвует в проекте",
        "coordinator": "лицо, которое не муниципальный координатор",
        "curator": "лицо, которое не куратор",
    }[row["role"]]
    return "NOT_PARTICIPANT", sentence(
        f"Среди присутствовавших — {who}",
        _where(row),
        "Проверьте код и роль; отметка не учтена",
    )


def _unknown_event(row: RowMapping, names: _Names) -> tuple[str, str]:
    return "UNKNOWN_EVENT", sentence(
        f"События «{_quoted(row['ref'])}» нет в файле мероприятий",
        place(row["file_name"]),
        "Добавьте событие или исправьте его код; список не учтён",
    )


def _paper_twice(row: RowMapping, names: _Names) -> tuple[str, str]:
    counted_here = counted(row["counted"], "школа", "школы", "школ")
    rest = row["exported"] - row["counted"]
    return "PAPER_TWICE", sentence(
        f"Одна работа дважды: {row['subject']}, программа {row['grade']} класса — "
        "в статистике и в протоколах",
        f"Файлы «{row['export_name']}» и «{row['protocol_name']}»: {counted_here} — из протоколов, "
        f"{integer(rest) if rest else 'ни одной'} — из статистики",
        f"У {counted(row['fewer'], 'школы', 'школ', 'школ')} участников в протоколах заметно "
        "меньше: проверьте, целы ли протоколы"
        if row["fewer"]
        else "Делать ничего не нужно",
    )


def _appeal_does_not_fit(row: RowMapping, names: _Names) -> tuple[str, str]:
    where = f"{place(row['file_name'], row['sheet'])}: {row['subject']}, «{row['name']}»"
    if not row["has_result"]:
        return "APPEAL_WITHOUT_RESULT", sentence(
            "Апелляции школы, о результатах которой на этом экзамене сведений нет",
            where,
            "Проверьте, поступил ли протокол экзамена и верен ли код ОО; апелляции не учтены",
        )
    return "APPEAL_DOES_NOT_FIT", sentence(
        "Апелляции школы не сходятся с её результатами: после изменений число учеников стало бы "
        "невозможным",
        where,
        "Проверьте протокол и файл апелляций; результаты школы показаны без апелляций",
    )


def _total_disagrees(row: RowMapping, names: _Names) -> tuple[str, str]:
    return "TOTAL_DISAGREES", sentence(
        f"Итог муниципалитета не равен сумме его школ: {integer(row['said'])} и "
        f"{counted(row['counted'], 'участник', 'участника', 'участников')}",
        f"{_where(row)}: «{names.of(row['municipality_id'])}»",
        "Запросите файл заново; показатели рассчитаны по строкам школ",
    )


def _rows_rejected(row: RowMapping, names: _Names) -> tuple[str, str]:
    return "ROWS_REJECTED", sentence(
        f"Отклонены строки: {integer(row['rows'])}, принято {integer(row['accepted'])}",
        f"{place(row['file_name'])} («{names.datasets.get(row['dataset'], row['dataset'])}»)",
        "Исправьте названные при приёме строки и положите файл снова",
    )


def _file_refused(row: RowMapping, names: _Names) -> tuple[str, str]:
    return "FILE_REFUSED", row["message"]


def _unknown_register_school(row: RowMapping, names: _Names) -> tuple[str, str]:
    where = f"{_where(row)}, всего {counted(row['rows'], 'строка', 'строки', 'строк')}"
    code = masked_code(row["ref"])
    if row["is_known"]:
        return "NOT_PARTICIPANT", sentence(
            f"Школа не участвует в проекте: код {code}",
            where,
            "Исправьте код или впишите участие в файл «Реестр школ»; пока не учтена",
        )
    return "UNKNOWN_SCHOOL", sentence(
        f"Школа не найдена в реестре: код {code}",
        where,
        "Исправьте код или добавьте школу в файл «Реестр школ»",
    )


def _foreign_acknowledgement(row: RowMapping, names: _Names) -> tuple[str, str]:
    return "FOREIGN_SCHOOL", sentence(
        f"Получение подтверждено за школу чужого муниципалитета: код {masked_code(row['ref'])}",
        f"{_where(row)}, файл муниципалитета «{names.of(row['named_id'])}»",
        "Удалите строку: за школу отвечает её муниципалитет",
    )


def _unknown_respondent(row: RowMapping, names: _Names) -> tuple[str, str]:
    return "NOT_PARTICIPANT", sentence(
        "Анкета куратора — лица, которое не куратор",
        _where(row),
        "Проверьте код лица в выгрузке и в файле «Координаторы и кураторы»; анкета не учтена",
    )


def _unknown_programme(row: RowMapping, names: _Names) -> tuple[str, str]:
    return "UNKNOWN_PROGRAMME", sentence(
        f"Программы «{_quoted(row['ref'])}» нет в файле программ стажировок",
        _where(row),
        "Добавьте программу или исправьте её код; событие ни к какой программе не отнесено",
    )


def _programme_without_risk(row: RowMapping, names: _Names) -> tuple[str, str]:
    factor = factor_names().get(row["factor"], row["factor"])
    return "RISK_NOT_ACTIVATED", sentence(
        f"Антирисковая программа по риску, который школа не активировала: «{factor}», "
        f"код школы {masked_code(row['ref'])}",
        _where(row),
        "Проверьте рисковый профиль школы; программа показана, но не требуется",
    )


def _quoted(ref: str) -> str:
    return "адрес" if "@" in ref else ref[:60]


_FINDINGS: dict[str, Callable[[RowMapping, _Names], tuple[str, str]]] = {
    "unknown_school": _unknown_school,
    "foreign_school": _foreign_school,
    "school_twice": _school_twice,
    "unknown_municipality": _unknown_municipality,
    "no_contact": _no_contact,
    "contact_without_municipality": _contact_without_municipality,
    "no_coordinator": _no_coordinator,
    "no_curator": _no_curator,
    "unknown_curated_school": _unknown_curated_school,
    "not_participant": _not_participant,
    "unknown_event": _unknown_event,
    "unknown_register_school": _unknown_register_school,
    "foreign_acknowledgement": _foreign_acknowledgement,
    "unknown_respondent": _unknown_respondent,
    "unknown_programme": _unknown_programme,
    "programme_without_risk": _programme_without_risk,
    "paper_twice": _paper_twice,
    "appeal_does_not_fit": _appeal_does_not_fit,
    "total_disagrees": _total_disagrees,
    "rows_rejected": _rows_rejected,
    "file_refused": _file_refused,
}


def write_findings(
    conn: Connection,
    plan: Plan,
    phase: Phase,
    run_id: str,
    as_of: str,
    known_at_ms: int,
    unnamed: Iterable[str],
) -> None:
    """Look for everything in doubt in the frozen evidence and write it down in Russian.

    Only of datasets that the phase reads: what else has come in is another phase's matter.
    `as_of` is ISO, `known_at_ms` UTC milliseconds; `unnamed` are municipalities whose row in
    the registry was lost.
    """
    names = _Names(
        {
            row.municipality_id: row.name
            for row in conn.execute(
                select(run_municipality.c.municipality_id, run_municipality.c.name).where(
                    run_municipality.c.run_id == run_id,
                    run_municipality.c.municipality_id != REGION,
                )
            )
        },
        {dataset: source.title for dataset, source in load_sources().items()},
    )
    given = {
        "run_id": run_id,
        "as_of": as_of,
        "known_at_ms": known_at_ms,
        "plan_year": plan.year,
    }
    rows: list[dict[str, Any]] = []
    for name, tell in _FINDINGS.items():
        for row in conn.execute(sql(f"evidence/findings/{name}"), given).mappings():
            rule, message = tell(row, names)
            rows.append(
                {
                    "run_id": run_id,
                    "rule": rule,
                    "municipality_id": row.get("municipality_id"),
                    "dataset": row.get("dataset"),
                    "batch_id": row.get("batch_id"),
                    "message": message,
                }
            )
    rows.extend(_outside_the_plan(conn, plan, run_id, names))
    rows.extend(_unnamed(key, run_id, as_of, names) for key in unnamed)
    read = {*phase.datasets.needed, *phase.datasets.told, None}
    rows = [row for row in rows if row["dataset"] in read]
    if rows:
        conn.execute(insert(run_finding), rows)


def _unnamed(municipality_id: str, run_id: str, as_of: str, names: _Names) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "rule": "MUNICIPALITY_NOT_IN_REGISTRY",
        "municipality_id": municipality_id,
        "dataset": "registry_municipalities",
        "batch_id": None,
        "message": (
            f"Муниципалитета «{names.of(municipality_id)}» нет в реестре на "
            f"{day(date.fromisoformat(as_of))}, а его школы участвуют в проекте: письмо ему не "
            "составляется. Исправьте его строку в файле «Реестр муниципалитетов» и очистите "
            "«Приём данных»."
        ),
    }


def _outside_the_plan(
    conn: Connection, plan: Plan, run_id: str, names: _Names
) -> list[dict[str, Any]]:
    """What the plan does not know: a measure of an event, an indicator of a document, and
    municipalities of the plan that the registry lacks."""
    found: list[tuple[str, str | None, str]] = []
    measures = {measure.number: measure for measure in plan.measures}
    indicators = {one.code for measure in plan.measures for one in measure.indicators}
    for dataset, table, what, where in _OF_A_MEASURE:
        for number in _distinct(conn, table, "measure", run_id):
            if number not in measures:
                message = (
                    f"В плане нет мероприятия № {number}, к которому отнесены {what}. "
                    f"Исправьте столбец «№ мероприятия» в файле {where}."
                )
                found.append(("UNKNOWN_MEASURE", dataset, message))
    for number in _distinct(conn, "own_schedule_date", "measure", run_id):
        if number in measures and measures[number].window.kind != "own_schedule":
            message = (
                f"Срок мероприятия № {number} назван в приказе, дата отдельного графика не "
                "действует. Удалите строку из файла «Отдельный график»."
            )
            found.append(("DATE_OF_THE_ORDER", "own_schedule", message))
    found.extend(_acts_that_look_required(conn, plan, run_id))
    for code in _distinct(conn, "document", "indicator", run_id):
        if code not in indicators:
            message = (
                f"В плане нет показателя «{_quoted(code)}», к которому отнесены документы. "
                "Исправьте столбец «Показатель» в файле документов."
            )
            found.append(("UNKNOWN_INDICATOR", "documents", message))
    ever = set(_distinct(conn, "municipality_alias", "municipality_id", run_id))
    for municipality in plan.municipalities:
        if municipality.id not in names.by_id and municipality.id not in ever:
            message = (
                f"Муниципалитета «{municipality.name}» нет в реестре. "
                "Добавьте его в файл «Реестр муниципалитетов»."
            )
            found.append(("MUNICIPALITY_NOT_IN_REGISTRY", "registry_municipalities", message))
    return [
        {
            "run_id": run_id,
            "rule": rule,
            "municipality_id": None,
            "dataset": dataset,
            "batch_id": None,
            "message": message,
        }
        for rule, dataset, message in found
    ]


# Dataset, its table, what is of a measure, in which file: of the registers that name one.
_OF_A_MEASURE = (
    ("events", "event", "события", "мероприятий"),
    ("programmes", "programme", "программы", "программ стажировок"),
    ("own_schedule", "own_schedule_date", "сроки", "отдельного графика"),
)
_ALIKE = 0.75  # difflib's ratio from which a name looks like a slip of another


def _acts_that_look_required(
    conn: Connection, plan: Plan, run_id: str
) -> list[tuple[str, str | None, str]]:
    """Acts that the plan does not require, but whose name looks like one that is missing.

    Any other act is welcome in the register and says nothing of the indicator.
    """
    required = {
        plan_words(str(title)): str(title)
        for measure in plan.measures
        for title in _listed(measure.rules.get("required_documents"))
    }
    there = _distinct(conn, "regional_act", "document", run_id)
    missing = [words for words in required if words not in there]
    found: list[tuple[str, str | None, str]] = []
    for words in there:
        alike = difflib.get_close_matches(words, missing, n=1, cutoff=_ALIKE)
        if words not in required and alike:
            message = (
                f"Акт «{words}» назван не так, как в плане («{required[alike[0]]}»), и не "
                "засчитан. Исправьте столбец «Документ» в файле региональных актов."
            )
            found.append(("ACT_NOT_IN_PLAN", "regional_acts", message))
    return found


def _listed(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


def _distinct(conn: Connection, table: str, key: str, run_id: str) -> list[Any]:
    facts = metadata.tables[table]
    column = facts.c[key]
    query = (
        select(column)
        .distinct()
        .join_from(facts, run_batch, run_batch.c.batch_id == facts.c.batch_id)
        .where(run_batch.c.run_id == run_id)
        .order_by(column)
    )
    return list(conn.execute(query).scalars())
