"""A file that covers clearly less than what is in force: held, told, and decided by a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from roadmap.decision import DecisionRefused
from roadmap.evidence.held import Decided, decide
from roadmap.evidence.intake import batches_in_force
from roadmap.evidence.troubles import batches_to_mend, troubles
from roadmap.store.tables import held_file_decision, load_batch, load_warning, metadata
from support.evidence_files import ACTS, CONTACTS, SCHOOLS, table_csv
from support.evidence_world import HOUR, World

mark_result, school = metadata.tables["mark_result"], metadata.tables["school"]
WHOLE = "Проведение работы по математике, 4 класс. ВПР 2021.csv"
PART = "по математике, 4 класс, школа 440101. ВПР 2021.csv"
TITLES = [
    "логин школы", "регион", "код обучающегося", "отметка за предыдущую четверть/триместр",
    "класс", "вариант", "всего баллов",
]  # fmt: skip


def protocol(*schools: int, pupils: int = 3, score: int = 15) -> bytes:
    """Pupils of schools 4401.., each in the municipality of its last figure."""
    rows = [
        [
            f"sch4401{number:02}",
            f"район {number % 10}",
            f"4{number:02}{n:02}",
            "4",
            "4а",
            "1",
            score,
        ]
        for number in schools
        for n in range(pupils)
    ]
    return table_csv([TITLES, *rows])


@pytest.fixture
def world(any_engine: Engine, tmp_path: Path) -> World:
    return World(any_engine, tmp_path)


@pytest.fixture
def held(world: World) -> World:
    """The region's protocol is in force, one of a single school lies beside it."""
    world.put(f"vpr/protocols/{WHOLE}", protocol(*range(10)))
    assert world.pull("vpr_protocols", in_sandbox=True).accepted == 1
    world.put(f"vpr/protocols/{PART}", protocol(1, score=16))
    return world


def pull(world: World) -> dict[str, tuple[str, str | None]]:
    taken = world.pull("vpr_protocols", in_sandbox=True).taken
    return {file.name: (file.state, file.code) for file in taken}


def code_of_the_held(world: World) -> str:
    (batch,) = [one for one in world.rows(load_batch) if one.refusal_code == "COVERS_LESS"]
    return str(batch.batch_id[:8])


def decided(world: World, decision: Any, reason: str = "сверено со школой") -> Decided:
    code = code_of_the_held(world)
    return decide(world.engine, code, decision, actor="ivanova", reason=reason, now_ms=world.now_ms)


def in_force(world: World) -> dict[str, tuple[int, int]]:
    """Participants and marks «4» of each school in force."""
    with world.engine.connect() as conn:
        ids = [batch.batch_id for batch in batches_in_force(conn, "2021", world.now_ms)]
        rows = conn.execute(select(mark_result).where(mark_result.c.batch_id.in_(ids))).all()
    assert len({row.school_ref for row in rows}) == len(rows)
    return {row.school_ref: (row.participants, row.mark_5) for row in rows}


def test_a_protocol_of_one_school_does_not_replace_the_region_s_and_both_counts_are_told(
    held: World,
) -> None:
    intake = held.pull("vpr_protocols", in_sandbox=True)
    by_name = {file.name: file for file in intake.taken}
    assert by_name[WHOLE].state == "unchanged"
    assert (by_name[PART].state, by_name[PART].code) == ("refused", "COVERS_LESS")
    assert by_name[PART].messages == (
        "Файл не заменил прежние сведения: в нём заметно меньше. "
        f"Файл «{PART}»: строк 3 вместо 30, школ 1 вместо 10, муниципалитетов 1 вместо 10. "
        "Решите, что с ним делать: запустите «Файл меньше прежнего: решить», "
        f"код {code_of_the_held(held)}. "
        "Действуют прежние сведения от 20.03.2021.",
    )
    assert len(in_force(held)) == 10
    pull(held)
    assert len(held.rows(load_batch)) == 2, "remembered once"


def test_a_file_put_over_the_one_in_force_is_held_as_well(world: World) -> None:
    world.put(f"vpr/protocols/{WHOLE}", protocol(*range(10)))
    pull(world)
    world.put(f"vpr/protocols/{WHOLE}", protocol(1))
    assert pull(world) == {WHOLE: ("refused", "COVERS_LESS")}
    assert len(in_force(world)) == 10


def test_replaced_by_decision_the_small_file_is_in_force(held: World) -> None:
    pull(held)
    assert decided(held, "replace").is_new
    assert not decided(held, "replace").is_taken
    assert pull(held)[PART] == ("accepted", None)
    assert list(in_force(held)) == ["440101"]
    assert pull(held) == {WHOLE: ("unchanged", None), PART: ("unchanged", None)}
    assert decided(held, "replace").is_taken, "deciding the same again waits for no file"


def test_added_by_decision_the_small_file_speaks_for_its_schools_and_the_old_one_for_the_others(
    held: World,
) -> None:
    pull(held)
    held.put(f"vpr/protocols/{PART}", protocol(1, 20, pupils=2))
    before = in_force(held)
    assert pull(held)[PART] == ("refused", "COVERS_LESS")
    (code,) = [one.batch_id for one in held.rows(load_batch) if one.rows_read == 4]
    decide(
        held.engine, code, "add", actor="ivanova", reason="досланы две школы", now_ms=held.now_ms
    )
    assert pull(held)[PART] == ("accepted", None)
    after = in_force(held)
    assert {key for key in after if after[key] != before.get(key)} == {"440101", "440120"}
    assert after["440101"][0] == after["440120"][0] == 2
    assert len(after) == 11
    assert any("осталось строк: 27 из 30" in row.message for row in held.rows(load_warning))
    assert pull(held) == {WHOLE: ("unchanged", None), PART: ("unchanged", None)}


def test_rows_that_an_added_file_replaces_are_not_counted_twice(held: World) -> None:
    """Else a whole file that comes later would cover «clearly less» than there ever was."""
    pull(held)
    decided(held, "add")
    taken = {file.name: file for file in held.pull("vpr_protocols", in_sandbox=True).taken}
    assert taken[PART].rows_accepted == 30


def test_left_aside_by_decision_the_file_is_not_asked_about_again(held: World) -> None:
    pull(held)
    decided(held, "keep")
    assert pull(held) == {WHOLE: ("unchanged", None), PART: ("unchanged", None)}
    held.put(f"vpr/protocols/{WHOLE}", protocol(*range(10), pupils=4))
    assert pull(held) == {WHOLE: ("accepted", None), PART: ("unchanged", None)}
    assert len(in_force(held)) == 10


def test_a_held_file_makes_no_conflict_with_a_whole_new_one(held: World) -> None:
    pull(held)
    held.put(f"vpr/protocols/{WHOLE}", protocol(*range(10), pupils=4))
    assert pull(held) == {WHOLE: ("accepted", None), PART: ("refused", "COVERS_LESS")}


def test_a_decision_is_kept_with_who_when_and_why_and_the_same_again_changes_nothing(
    held: World,
) -> None:
    pull(held)
    assert decided(held, "keep").is_new
    assert not decided(held, "keep", reason="ещё раз").is_new
    (row,) = held.rows(held_file_decision)
    assert (row.decision, row.actor, row.reason) == ("keep", "ivanova", "сверено со школой")
    assert row.decided_ms == held.now_ms
    assert decided(held, "replace").is_new, "the last decision counts"
    assert pull(held)[PART] == ("accepted", None)


def test_nothing_is_decided_without_a_reason_or_of_an_unknown_file(held: World) -> None:
    pull(held)
    with pytest.raises(DecisionRefused, match="причину"):
        decided(held, "replace", reason=" — ")
    with pytest.raises(DecisionRefused, match="файла с таким кодом нет"):
        decide(held.engine, "0" * 8, "keep", actor="a", reason="причина", now_ms=held.now_ms)
    assert held.rows(held_file_decision) == []


def test_a_decision_against_what_is_no_longer_in_force_is_refused(held: World) -> None:
    pull(held)
    held.put(f"vpr/protocols/{WHOLE}", protocol(*range(10), pupils=4))
    code = code_of_the_held(held)
    pull(held)
    with pytest.raises(DecisionRefused, match="с тех пор действуют другие сведения"):
        decide(held.engine, code, "replace", actor="a", reason="причина", now_ms=held.now_ms)


def test_after_adding_another_decision_is_refused_and_the_way_to_go_on_is_told_and_leads_there(
    held: World,
) -> None:
    pull(held)
    decided(held, "add")
    pull(held)
    for other in ("replace", "keep"):
        with pytest.raises(
            DecisionRefused, match="уже принят, решение было «дополнить»"
        ) as refused:
            decided(held, other)
        assert "с пустой строкой в конце, положите снова" in str(refused.value)
    held.put(f"vpr/protocols/{PART}", protocol(1, score=16) + b"\r\n")
    assert pull(held)[PART] == ("refused", "COVERS_LESS")
    code = held.rows(load_batch)[-1].batch_id
    decide(held.engine, code, "replace", actor="ivanova", reason="только она", now_ms=held.now_ms)
    assert pull(held)[PART] == ("accepted", None)
    assert list(in_force(held)) == ["440101"]
    held.put(f"vpr/protocols/{WHOLE}", protocol(*range(10)) + b"\r\n")
    assert pull(held)[WHOLE] == ("accepted", None)
    assert len(in_force(held)) == 10


def test_a_file_received_before_what_is_in_force_is_decided_about_as_well(world: World) -> None:
    rows = {"a.csv": 9, "b.csv": 1, "c.csv": 8}
    for number, (name, many) in enumerate(rows.items()):
        acts = [["buyskiy", "приказ", f"{number}{n}", "25.03.2021", None, "адресные рекомендации"]
                for n in range(many)]  # fmt: skip
        world.put(f"acts/{name}", table_csv([ACTS, *acts]))
    world.receipts({f"acts/{name}": f"2021-03-0{n}T10:00+03:00" for n, name in enumerate(rows, 1)})
    assert [file.code for file in world.pull().taken] == [None, "COVERS_LESS", None]
    assert decided(world, "keep").is_new
    assert [file.state for file in world.pull().taken] == ["unchanged"] * 3


WRONG = "Проведение работы по математике, 5 класс. ВПР 2021.csv"


def papers_in_force(world: World) -> list[str]:
    with world.engine.connect() as conn:
        batches = batches_in_force(conn, "2021", world.now_ms)
    return sorted(batch.scope for batch in batches if batch.rows_accepted)


def test_the_same_bytes_under_two_papers_are_refused_under_both_names(world: World) -> None:
    for name in (WHOLE, WRONG):
        world.put(f"vpr/protocols/{name}", protocol(1))
    assert pull(world) == {WHOLE: ("refused", "SAME_FILE"), WRONG: ("refused", "SAME_FILE")}
    (told, _) = world.pull("vpr_protocols", in_sandbox=True).messages
    assert told == (
        f"Один и тот же файл назван как разные работы: «{WHOLE}» (ВПР, весна 2021, 4 класс, "
        f"математика) и "
        f"«{WRONG}» (ВПР, весна 2021, 5 класс, математика). Оставьте в папке тот, что назван верно."
    )
    world.remove(f"vpr/protocols/{WRONG}")
    assert pull(world) == {WHOLE: ("accepted", None)}
    world.put(f"vpr/protocols/{WRONG}", protocol(1))
    assert pull(world) == {WHOLE: ("unchanged", None), WRONG: ("refused", "SAME_FILE")}
    assert papers_in_force(world) == ["vpr/2021/spring/4/математика"]


def test_a_renamed_protocol_is_one_paper_and_what_it_was_before_is_in_force_no_more(
    world: World,
) -> None:
    world.put(f"vpr/protocols/{WRONG}", protocol(1))
    pull(world)
    assert papers_in_force(world) == ["vpr/2021/spring/5/математика"]
    for name, other, paper in ((WHOLE, WRONG, 4), (WRONG, WHOLE, 5)):
        world.remove(f"vpr/protocols/{other}")
        world.put(f"vpr/protocols/{name}", protocol(1))
        assert pull(world) == {other: ("withdrawn", None), name: ("accepted", None)}
        assert papers_in_force(world) == [f"vpr/2021/spring/{paper}/математика"]
        assert pull(world) == {name: ("unchanged", None)}


def test_the_operator_is_told_that_what_a_renamed_file_said_is_in_force_no_more(
    world: World,
) -> None:
    world.put(f"vpr/protocols/{WRONG}", protocol(1))
    pull(world)
    world.remove(f"vpr/protocols/{WRONG}")
    world.put(f"vpr/protocols/{WHOLE}", protocol(1))
    pull(world)
    (told,) = troubles(world.engine, batches_to_mend(world.engine))
    assert (told.file_name, told.is_withdrawn, told.is_refused) == (WRONG, True, False)
    assert told.messages[0].startswith(
        "Сведения «ВПР, весна 2021, 5 класс, математика» больше не действуют"
    )


def test_while_a_renamed_file_waits_for_a_person_its_old_paper_stays_in_force(
    world: World,
) -> None:
    world.put(f"vpr/protocols/{WHOLE}", protocol(*range(10)))
    world.put(f"vpr/protocols/{WRONG}", protocol(1))
    pull(world)
    both = papers_in_force(world)
    world.remove(f"vpr/protocols/{WRONG}")
    world.put(f"vpr/protocols/{PART}", protocol(1))
    assert pull(world) == {WHOLE: ("unchanged", None), PART: ("refused", "COVERS_LESS")}
    assert papers_in_force(world) == both
    decided(world, "replace")
    assert pull(world)[WRONG] == ("withdrawn", None)
    assert papers_in_force(world) == ["vpr/2021/spring/4/математика"]


def test_a_register_may_lose_two_rows_and_not_a_third_of_its_schools(world: World) -> None:
    def schools(*numbers: int) -> bytes:
        rows = [
            [f"SH-{n}", f"Школа № {n}", "buyskiy", "", "", "", "", "01.01.2021", ""]
            for n in numbers
        ]
        return table_csv([SCHOOLS, *rows])

    world.put("registry/schools.csv", schools(*range(9)))
    world.pull("registry_schools")
    world.put("registry/schools.csv", schools(*range(7)))
    assert world.pull("registry_schools").accepted == 1
    world.put("registry/schools.csv", schools(*range(4)))
    (file,) = world.pull("registry_schools").taken
    assert file.code == "COVERS_LESS"
    assert "строк 4 вместо 7, школ 4 вместо 7" in file.messages[0]


def test_adding_to_a_register_puts_the_new_row_in_the_place_of_the_old_one_of_the_same_thing(
    world: World,
) -> None:
    def contacts(*rows: list[Any]) -> bytes:
        return table_csv([CONTACTS, *([*row, "01.01.2021", ""] for row in rows)])

    world.put(
        "contacts/contacts.csv", contacts(*([f"bu{n}", f"{n}@example.org"] for n in "abcdefgh"))
    )
    assert world.pull("contacts").accepted == 1
    # The mailbox of the first now serves the second: it may not stay with both.
    world.put("contacts/contacts.csv", contacts(["bub", "a@example.org"]))
    assert world.pull("contacts").refused == 1
    decided(world, "add")
    assert world.pull("contacts").accepted == 1
    contact = metadata.tables["contact"]
    with world.engine.connect() as conn:
        batch = next(
            one
            for one in batches_in_force(conn, "2021", world.now_ms + HOUR)
            if one.dataset == "contacts"
        )
        found = conn.execute(
            select(contact.c.municipality_id, contact.c.address)
            .where(contact.c.batch_id == batch.batch_id)
            .order_by(contact.c.address)
        ).all()
    assert [tuple(row) for row in found] == [
        ("bub", "a@example.org"),
        *((f"bu{n}", f"{n}@example.org") for n in "bcdefgh"),
    ]


def exams(physics: int) -> bytes:
    """Two exams in one file, the second of that many schools."""
    heading = "№;Код ОО;Первичный балл;Балл"
    rows = [f"{n};1110{n:02};21;50" for n in range(1, 11)]
    lines = ["01 - Русский язык 2020.07.06", heading, *rows,
             "03 - Физика 2020.07.13", heading, *rows[:physics]]  # fmt: skip
    return "\r\n".join(lines).encode("cp1251")


def test_of_a_file_about_two_exams_the_smaller_one_alone_waits_for_a_person(world: World) -> None:
    world.put("ege/all.csv", exams(10))
    assert world.pull("ege_protocols", in_sandbox=True).accepted == 2
    world.put("ege/all.csv", exams(2))
    taken = world.pull("ege_protocols", in_sandbox=True).taken
    assert {(one.name, one.state, one.code) for one in taken} == {
        ("all.csv", "accepted", None), ("all.csv (физика)", "refused", "COVERS_LESS"),
    }  # fmt: skip
    assert decided(world, "replace").is_new
    taken = world.pull("ege_protocols", in_sandbox=True).taken
    assert {(one.name, one.state) for one in taken} == {
        ("all.csv", "unchanged"), ("all.csv (физика)", "accepted"),
    }  # fmt: skip
