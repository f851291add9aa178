"""What the frozen evidence does not say, or says in contradiction: findings of a run.

Each question is a file of include/sql/evidence/findings; the sentences that the operator reads
stand in include/templates/evidence/findings.yaml: what is in doubt, in which file and row, what
to do, and what was not counted. Here stands what goes into them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, func, insert, or_, select

from roadmap.evidence.intake import KnownBy
from roadmap.evidence.messages import place
from roadmap.evidence.names import masked_code, masked_login, near, plan_words
from roadmap.evidence.registers.risk_factors import factor_names
from roadmap.evidence.sources import load_sources
from roadmap.paths import TEMPLATES
from roadmap.plan.model import Phase, Plan
from roadmap.plan.region import REGION
from roadmap.plan.strict_yaml import read_yaml
from roadmap.russian import counted, day, integer
from roadmap.store.sql import sql
from roadmap.store.tables import metadata, run_batch, run_finding, run_municipality

_ROLES = {
    "school": "школа, которая не участвует в проекте",
    "coordinator": "лицо, которое не муниципальный координатор",
    "curator": "лицо, которое не куратор",
}


@dataclass(frozen=True)
class _Names:
    """Names that messages use: known municipalities by code, and what datasets are called."""

    by_id: dict[str, str]
    datasets: dict[str, str]  # titles

    def of(self, municipality_id: str | None) -> str:
        return self.by_id.get(municipality_id or "", "неизвестный муниципалитет")


@cache
def _sentences() -> dict[str, dict[str, str]]:
    """By query, or «plan», «unnamed» and «unsaid», and by the code of the finding."""
    text = (TEMPLATES / "evidence" / "findings.yaml").read_text(encoding="utf-8")
    sentences: dict[str, dict[str, str]] = read_yaml(text)
    return sentences


def _in_words(row: RowMapping, names: _Names) -> dict[str, Any]:
    """The columns of a row as sentences name them; what is personal is masked."""
    words: dict[str, Any] = dict(row)
    if "file_name" in row:
        words["where"] = place(row["file_name"], row.get("sheet"), row.get("row"))
        words["title"] = names.datasets.get(row["dataset"], row["dataset"])
    if "ref" in row:
        words |= {"quoted": _quoted(row["ref"]), "code": masked_code(row["ref"])}
    if "municipality_ref" in row:
        words["quoted"] = _quoted(row["municipality_ref"])
        alike = near(row["municipality_ref"], names.by_id.values())
        listed = ", ".join(f"«{name}»" for name in alike)
        words["alike"] = f" (похоже на {listed})" if alike else ""
    match row.get("scheme"):
        case "vpr_login":
            words["reference"] = f"логин {masked_login(row['ref'])}"
        case "gia_code":
            words["reference"] = f"код ГИА {masked_code(row['ref'])}"
        case _:
            words["reference"] = "по названию"
    if "rows" in row:
        words["rejected"] = integer(row["rows"])
        words["lines"] = counted(row["rows"], "строка", "строки", "строк")
    if "accepted" in row:
        words["accepted"] = integer(row["accepted"])
        words["to_do"] = "Запросите исправленный файл: почему строки отклонены, сказал приём"
        if row["is_named"]:
            words["to_do"] = "Исправьте названные при приёме строки и положите файл снова"
    if "stated" in row:
        words["stated"] = integer(row["stated"])
        words["counted"] = counted(row["counted"], "участник", "участника", "участников")
    if "fewer" in row:
        rest = row["exported"] - row["counted"]
        words["from_protocols"] = counted(row["counted"], "школа", "школы", "школ")
        words["from_exports"] = integer(rest) if rest else "ни одной"
        words["to_do"] = "Делать ничего не нужно"
        if row["fewer"]:
            words["to_do"] = (
                f"У {counted(row['fewer'], 'школы', 'школ', 'школ')} участников в протоколах "
                "заметно меньше: проверьте, целы ли протоколы"
            )
    if "factor" in row:
        words["factor"] = factor_names().get(row["factor"], row["factor"])
    words["named"] = names.of(row.get("named_id"))
    words["municipality"] = names.of(row.get("municipality_id"))
    words["who"] = _ROLES.get(row.get("role", ""))
    return words


def _quoted(ref: str) -> str:
    return "адрес" if "@" in ref else ref[:60]


def write_findings(
    conn: Connection,
    plan: Plan,
    phase: Phase,
    run_id: str,
    as_of: str,
    known_at_ms: int,
    known_by: KnownBy,
    unnamed: Iterable[str],
) -> None:
    """Look for everything in doubt in the frozen evidence and write it down in Russian.

    Only of datasets that the phase reads: what else has come in is another phase's matter.
    `as_of` is ISO, `known_at_ms` UTC milliseconds, `known_by` what that moment knows; `unnamed`
    are municipalities whose row in the registry was lost.
    """
    municipalities = select(run_municipality.c.municipality_id, run_municipality.c.name).where(
        run_municipality.c.run_id == run_id, run_municipality.c.municipality_id != REGION
    )
    names = _Names(
        {row.municipality_id: row.name for row in conn.execute(municipalities)},
        {dataset: source.title for dataset, source in load_sources().items()},
    )
    given = {
        "run_id": run_id,
        "as_of": as_of,
        "known_at_ms": known_at_ms,
        "known_by": known_by,
        "plan_code": plan.code,
    }
    sentences = _sentences()
    rows = []
    for query in [name for name in sentences if name not in ("plan", "unnamed", "unsaid")]:
        for row in conn.execute(sql(f"evidence/findings/{query}"), given).mappings():
            rule = row["rule"] if "rule" in row else next(iter(sentences[query]))
            rows.append(
                {
                    "rule": rule,
                    "municipality_id": row.get("municipality_id"),
                    "dataset": row.get("dataset"),
                    "batch_id": row.get("batch_id"),
                    "message": sentences[query][rule].format_map(_in_words(row, names)),
                }
            )
    for rule, dataset, words in _outside_the_plan(conn, plan, run_id, names):
        message = sentences["plan"][rule].format_map(words)
        rows.append({"rule": rule, "dataset": dataset, "message": message})
    for rule, dataset, words in _left_unsaid(conn, plan, run_id):
        message = sentences["unsaid"][rule].format_map(words)
        rows.append({"rule": rule, "dataset": dataset, "message": message})
    for rule, text in sentences["unnamed"].items():
        for key in unnamed:
            message = text.format(name=names.of(key), day=day(date.fromisoformat(as_of)))
            dataset = "registry_municipalities"
            rows.append(
                {"rule": rule, "municipality_id": key, "dataset": dataset, "message": message}
            )
    read = {*phase.datasets.needed, *phase.datasets.told, None}
    whole = {"run_id": run_id, "municipality_id": None, "batch_id": None}
    kept = [whole | row for row in rows if row["dataset"] in read]
    if kept:
        conn.execute(insert(run_finding), kept)


# What a figure asks for that older files do not say: the setting of the plan that asks for it, the
# finding, the dataset, its table and groups of columns, of each of which one has to be filled.
_BASE = ("BASE_NOT_SAID", "events", "event", (("host_kind",), ("host",)))
_UNSAID = (
    ("hosts", *_BASE),
    ("least_project_schools", *_BASE),
    ("topics", "TOPIC_NOT_SAID", "events", "event", (("subject", "factor"),)),
    (
        "least_project_schools",
        "BASE_OF_PROGRAMME_NOT_SAID", "programmes", "programme", (("host_kind",),),
    ),
)  # fmt: skip


def _left_unsaid(
    conn: Connection, plan: Plan, run_id: str
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What held events and approved programmes do not say, so that they don't count: the finding,
    the dataset, what the sentence names."""
    for measure in plan.measures:
        settings = set(measure.rules)
        kinds = []
        for one in measure.indicators:
            settings |= {*one.parameters, *(name for part in one.parts for name in part.parameters)}
            kinds += [one.parameters["kind"]] if "kind" in one.parameters else []
        for setting, rule, dataset, table, groups in _UNSAID:
            if setting not in settings:
                continue
            facts = metadata.tables[table].c
            query = (
                select(func.count())
                .select_from(metadata.tables[table])
                .join(run_batch, run_batch.c.batch_id == facts.batch_id)
                .where(
                    run_batch.c.run_id == run_id,
                    facts.measure == measure.number,
                    facts.state.in_(("held", "approved")),
                    or_(*(and_(*(facts[key].is_(None) for key in group)) for group in groups)),
                )
            )
            if kinds and "kind" in facts:
                query = query.where(facts["kind"].in_(kinds))
            if unsaid := conn.scalar(query):
                yield rule, dataset, {"number": measure.number, "unsaid": integer(unsaid)}


# Dataset, its table, what is of a measure, in which file: of the registers that name one.
_OF_A_MEASURE = (
    ("events", "event", "события", "мероприятий"),
    ("programmes", "programme", "программы", "программ стажировок"),
    ("own_schedule", "own_schedule_date", "сроки", "отдельного графика"),
)
_ALIKE = 0.75  # difflib's ratio from which a name looks like a slip of another


def _outside_the_plan(
    conn: Connection, plan: Plan, run_id: str, names: _Names
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What the plan does not know: a measure of an event, an indicator of a document, and
    municipalities of the plan that the registry lacks. Code, dataset, what the sentence names."""

    def distinct(table: str, key: str) -> list[Any]:
        facts = metadata.tables[table]
        query = (
            select(facts.c[key])
            .distinct()
            .join_from(facts, run_batch, run_batch.c.batch_id == facts.c.batch_id)
            .where(run_batch.c.run_id == run_id)
            .order_by(facts.c[key])
        )
        return list(conn.execute(query).scalars())

    measures = {measure.number: measure for measure in plan.measures}
    for dataset, table, what, file in _OF_A_MEASURE:
        for number in distinct(table, "measure"):
            if number not in measures:
                yield "UNKNOWN_MEASURE", dataset, {"number": number, "what": what, "file": file}
    for number in distinct("own_schedule_date", "measure"):
        if number in measures and measures[number].window.kind != "own_schedule":
            yield "DATE_OF_THE_ORDER", "own_schedule", {"number": number}
    # Acts whose name looks like one that the plan requires and that is missing. Any other act is
    # welcome in the register and says nothing of the indicator.
    listed = [measure.rules.get("required_documents") for measure in plan.measures]
    titles = [str(title) for rule in listed if isinstance(rule, tuple) for title in rule]
    required = {plan_words(title): title for title in titles}
    acts = distinct("regional_act", "document")
    for act in acts:
        missing = [words for words in required if words not in acts]
        alike = difflib.get_close_matches(act, missing, n=1, cutoff=_ALIKE)
        if act not in required and alike:
            yield "ACT_NOT_IN_PLAN", "regional_acts", {"act": act, "required": required[alike[0]]}
    indicators = {one.code for measure in plan.measures for one in measure.indicators}
    for code in distinct("document", "indicator"):
        if code not in indicators:
            yield "UNKNOWN_INDICATOR", "documents", {"quoted": _quoted(code)}
    ever = distinct("municipality_alias", "municipality_id")
    for municipality in plan.municipalities:
        if municipality.id not in names.by_id and municipality.id not in ever:
            yield (
                "MUNICIPALITY_NOT_IN_REGISTRY",
                "registry_municipalities",
                {"name": municipality.name},
            )
