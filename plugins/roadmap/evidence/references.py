"""Which school each row of the results means, and whether it is that municipality's.

Results name schools and municipalities as their file did. What a name, a login or a code meant
depends on the day: schools move between municipalities and are renamed, and a merged okrug takes
over its town's name. So a run asks the registry that it froze for the day of the procedure, and
only where that says nothing for its own as-of date, by which a later export may be written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, insert

from roadmap.evidence.names import school_ref
from roadmap.store.sql import sql
from roadmap.store.tables import run_foreign_ref, run_municipality_ref, run_school_ref

# A day amid the weeks in which a wave is held (docs/domain.md §4).
_HELD = {"autumn": (10, 1), "spring": (4, 15), "main": (6, 1)}


@dataclass(frozen=True)
class Claim:
    """A line of the registry: from day to day (ISO, both included) a name is `key`'s."""

    key: str
    valid_from: str
    valid_to: str | None

    def holds(self, day: str) -> bool:
        """Whether the line is valid on that day (ISO)."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def held_on(year: int, wave: str) -> str:
    """The day (ISO) for which the registry is asked about a procedure of that year and wave."""
    return date(year, *_HELD[wave]).isoformat()


def meant(claims: Iterable[Claim], *days: str) -> str | None:
    """Whose a name is: who has it on the first of the days on which anybody does.

    Where nobody has it on any of them, the only one who ever had it. None where several share
    it: then it means none of them.
    """
    claims = list(claims)
    for day in days:
        if holders := {claim.key for claim in claims if claim.holds(day)}:
            return holders.pop() if len(holders) == 1 else None
    ever = {claim.key for claim in claims}
    return ever.pop() if len(ever) == 1 else None


def is_foreign(named: Sequence[Claim], owners: Sequence[Claim], days: Iterable[str]) -> bool:
    """Whether a school stands under a municipality that had it on none of the days.

    `named` are the claims to the name that the file gives the municipality, `owners` those of
    municipalities to the school. A name that nobody has contradicts nothing.
    """
    said = [(meant(named, day), meant(owners, day)) for day in days]
    return any(one for one, _ in said) and not any(one and one == owner for one, owner in said)


def write_references(conn: Connection, run_id: str, as_of: str) -> None:
    """Write down what every reference in the frozen results means to the run.

    `as_of` is ISO. Needs the run's batches, municipalities and schools to be frozen. Writes
    `run_school_ref`, `run_municipality_ref` and `run_foreign_ref`.
    """
    schools: Mapping[tuple[str, str], list[Claim]] = defaultdict(list)
    owners: Mapping[str, list[Claim]] = defaultdict(list)
    for row in conn.execute(sql("evidence/dated_schools"), {"run_id": run_id, "as_of": as_of}):
        claim = Claim(row.school_id, row.valid_from, row.valid_to)
        schools["vpr_login", row.vpr_login].append(claim)
        schools["gia_code", row.gia_code].append(claim)
        schools["name", school_ref(row.name)].append(claim)
        owners[row.school_id].append(Claim(row.municipality_id, row.valid_from, row.valid_to))
    aliases: Mapping[str, list[Claim]] = defaultdict(list)
    for alias, *claim_of in conn.execute(sql("evidence/dated_aliases"), {"run_id": run_id}):
        aliases[alias].append(Claim(*claim_of))

    school_refs: dict[tuple[str | int, ...], str] = {}
    municipality_refs: dict[tuple[str | int, ...], str] = {}
    foreign: list[dict[str, str | int]] = []
    for said in conn.execute(sql("evidence/result_references"), {"run_id": run_id}).mappings():
        days = (held_on(said["year"], said["wave"]), as_of)
        procedure = (run_id, said["kind"], said["year"], said["wave"])
        named = aliases.get(said["municipality_ref"], [])
        if municipality := meant(named, *days):
            municipality_refs[*procedure, said["municipality_ref"]] = municipality
        school = meant(schools.get((said["scheme"], said["ref"]), []), *days)
        if school is None:
            continue
        school_refs[*procedure, said["scheme"], said["ref"]] = school
        if is_foreign(named, owners[school], days):
            foreign.append({"run_id": run_id, **said})
    for table, refs in ((run_school_ref, school_refs), (run_municipality_ref, municipality_refs)):
        names = table.columns.keys()
        if refs:
            rows = [dict(zip(names, (*key, owner), strict=True)) for key, owner in refs.items()]
            conn.execute(insert(table), rows)
    if foreign:
        conn.execute(insert(run_foreign_ref), foreign)
