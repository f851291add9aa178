"""The migrations make exactly the tables that the code describes, once, on both engines."""

from __future__ import annotations

import ast
import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, column, insert, inspect, select, table, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from conftest import create_all
from roadmap.delivery.ledger import moves
from roadmap.store import migrate
from roadmap.store.engine import open_engine
from roadmap.store.tables import TRANSITIONS, control, metadata, transition

VERSIONS = sorted((migrate.MIGRATIONS / "versions").glob("*.py"))


def described(engine: Engine) -> dict[str, Any]:
    """Every table with all that the database itself knows of it, in an order of its own."""
    look = inspect(engine)
    tables = {}
    for name in sorted(look.get_table_names()):
        if name == migrate.VERSION_TABLE:
            continue
        tables[name] = {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in look.get_columns(name)
            ],
            "primary key": look.get_pk_constraint(name)["constrained_columns"],
            "foreign keys": sorted(
                (key["constrained_columns"], key["referred_table"], key["referred_columns"])
                for key in look.get_foreign_keys(name)
            ),
            "unique": sorted(key["column_names"] for key in look.get_unique_constraints(name)),
            "checks": sorted(
                (check["name"] or "", check["sqltext"])
                for check in look.get_check_constraints(name)
            ),
            "indexes": sorted(
                (
                    index["name"] or "",
                    index["column_names"],
                    index["unique"],
                    str(index.get("dialect_options", {}).get(f"{engine.name}_where")),
                )
                for index in look.get_indexes(name)
            ),
        }
    return tables


def test_migrated_tables_are_those_of_the_code(bare_engine: Engine) -> None:
    create_all(bare_engine)
    of_the_code = described(bare_engine)
    metadata.drop_all(bare_engine)
    migrate.upgrade(bare_engine)
    migrated = described(bare_engine)
    assert set(migrated) == set(metadata.tables)
    for name, expected in of_the_code.items():
        assert migrated[name] == expected, name
    assert any(found["checks"] for found in migrated.values())
    with bare_engine.connect() as db:
        assert migrate.difference(db) == ""


def test_the_ledger_may_be_used_at_once(bare_engine: Engine) -> None:
    migrate.upgrade(bare_engine)
    with bare_engine.connect() as db:
        assert set(map(tuple, db.execute(select(transition)))) == set(TRANSITIONS)
        assert db.execute(select(control)).all() == [("sending_enabled", "1")]


def test_a_second_upgrade_changes_nothing(bare_engine: Engine) -> None:
    migrate.upgrade(bare_engine)
    with bare_engine.begin() as db:
        db.execute(control.update().values(v="0"))
    migrate.upgrade(bare_engine)
    with bare_engine.connect() as db:
        assert db.execute(select(control.c.v)).scalar_one() == "0"
        assert migrate.version(db) == VERSIONS[-1].stem[1:5]


def _insert(db: Connection, name: str, **row: Any) -> None:
    db.execute(insert(table(name, *map(column, row))).values(row))


def test_a_run_frozen_before_references_had_days_reads_its_results_as_it_did(
    bare_engine: Engine,
) -> None:
    migrate.upgrade(bare_engine, "0004")
    with bare_engine.begin() as db:
        _insert(
            db, "load_batch", batch_id="b", plan_year=2021, dataset="vpr_marks", scope="s",
            file_name="f", sha256="0", size_bytes=1, received_ms=1, loaded_ms=1,
            state="accepted", rows_read=2, rows_accepted=2, rows_rejected=0,
        )  # fmt: skip
        _insert(
            db, "phase_run", run_id="r", plan_year=2021, phase="p", occasion="o", mode="dry",
            as_of="2021-03-31", known_at_ms=1, started_ms=1, plan_sha256="0",
            templates_sha256="0", code_version="v", requested_by="t",
        )  # fmt: skip
        _insert(db, "run_batch", run_id="r", batch_id="b")
        _insert(db, "municipality_alias", batch_id="b", municipality_id="buy", alias="буй")
        for ref in ("1", "2", "3"):
            _insert(
                db, "run_school_ref", run_id="r", scheme="vpr_login", ref=ref, school_id=f"s{ref}"
            )
        _insert(
            db, "run_foreign_ref", run_id="r", scheme="vpr_login", ref="2", municipality_ref="буй"
        )
        for ref, year in (("1", 2020), ("1", 2021), ("2", 2021)):
            _insert(
                db, "mark_result", batch_id="b", kind="vpr", year=year, wave="autumn", grade=5,
                subject="физика", level="school", school_scheme="vpr_login", school_ref=ref,
                municipality_ref="буй", participants=0, mark_2=0, mark_3=0, mark_4=0, mark_5=0,
                restored=0,
            )  # fmt: skip
    migrate.upgrade(bare_engine)
    with bare_engine.connect() as db:
        refs = db.execute(text("select kind, year, wave, ref, school_id from run_school_ref"))
        assert sorted(map(tuple, refs)) == [
            ("vpr", 2020, "autumn", "1", "s1"),
            ("vpr", 2021, "autumn", "1", "s1"),
            ("vpr", 2021, "autumn", "2", "s2"),
        ]
        foreign = db.execute(text("select year, ref, municipality_ref from run_foreign_ref"))
        assert list(map(tuple, foreign)) == [(2021, "2", "буй")]
        spelt = db.execute(text("select alias, valid_from, valid_to from municipality_alias"))
        assert list(map(tuple, spelt)) == [("буй", "0001-01-01", None)]


def test_letters_of_a_ledger_in_use_may_be_claimed_as_before(bare_engine: Engine) -> None:
    migrate.upgrade(bare_engine, "0016")
    with bare_engine.begin() as db:
        _insert(
            db, "phase_run", run_id="r", plan_year=2021, phase="p", occasion="o", mode="live",
            as_of="2021-03-31", known_at_ms=1, started_ms=1, plan_sha256="0",
            templates_sha256="0", code_version="v", requested_by="t",
        )  # fmt: skip
        db.execute(text("insert into municipality values ('buy', 'Буй')"))
        _insert(
            db, "recipient", recipient_id="buy-1", municipality_id="buy", addr="buy@example.org"
        )
        _insert(
            db, "message", message_id="<1@example.org>", municipality_id="buy", sha256="0" * 64,
            rfc822=b"x", created_ms=1,
        )  # fmt: skip
        _insert(
            db, "delivery", delivery_id="d" * 64, occasion="o", mode="live",
            municipality_id="buy", recipient_id="buy-1", revision=1, content_sha256="0" * 64,
            message_id="<1@example.org>", payload_sha256="0" * 64, state="ready", version=1,
            not_before_ms=1, expires_ms=9**15, updated_ms=5, run_id="r",
        )  # fmt: skip
        _insert(
            db, "delivery_event", delivery_id="d" * 64, seq=1, from_state="new",
            to_state="ready", send_epoch=1, at_ms=5, actor="planning",
        )  # fmt: skip
    migrate.upgrade(bare_engine)
    held = moves.claim(bare_engine, moves.ClaimScope(), "sender")
    assert held is not None
    assert held.delivery_id == "d" * 64


def test_names_of_sheets_that_may_be_persons_are_forgotten(bare_engine: Engine) -> None:
    migrate.upgrade(bare_engine, "0008")
    named = "Файл не принят: нет столбца «Балл». Файл «f.xlsx», лист «{}», строка 3. Исправьте."
    with bare_engine.begin() as db:
        for number, sheet in enumerate(("Примеров Пример", "Лист1")):
            _insert(
                db, "load_batch", batch_id=str(number), plan_year=2021, dataset="contacts",
                scope="-", file_name="f.xlsx", sha256="0", size_bytes=1, received_ms=1,
                loaded_ms=1, state="refused", rows_read=1, rows_accepted=0, rows_rejected=1,
                refusal_code="HEADER", refusal_message=named.format(sheet),
            )  # fmt: skip
            _insert(
                db, "rejected_row", batch_id=str(number), sheet=sheet, row=3, rule="R",
                message=named.format(sheet),
            )  # fmt: skip
    migrate.upgrade(bare_engine)
    with bare_engine.connect() as db:
        rejected = db.execute(text("select sheet, message from rejected_row order by batch_id"))
        told = db.execute(text("select refusal_message from load_batch order by batch_id"))
        without = named.replace(", лист «{}»", "")
        assert list(map(tuple, rejected)) == [
            (None, without),
            ("Лист1", named.format("Лист1")),
        ]
        assert list(told.scalars()) == [without, named.format("Лист1")]


def test_warnings_of_before_are_mailed_of_like_those_of_today(bare_engine: Engine) -> None:
    migrate.upgrade(bare_engine, "0013")
    said = (
        ("without_marks", 1, "Нет шкалы отметок на 2021 год для работы «математика, 9 класс»: …"),
        ("about_another", 1, "Файл прежде был о другом: теперь «b», было «a». Файл «f.xlsx»."),
        ("withdrawn", 0, "Сведения «a» больше не действуют. Файл «f.xlsx»."),
        (None, 1, "Без отметки по журналу: 22 участника. Файл «f.xlsx»."),
    )
    with bare_engine.begin() as db:
        for number, (_, size_bytes, message) in enumerate(said):
            _insert(
                db, "load_batch", batch_id=str(number), plan_year=2021, dataset="vpr_protocols",
                scope="a", file_name="f.xlsx", sha256="0", size_bytes=size_bytes, received_ms=1,
                loaded_ms=1, state="accepted", rows_read=1, rows_accepted=1, rows_rejected=0,
            )  # fmt: skip
            _insert(db, "load_warning", batch_id=str(number), message=message)
    migrate.upgrade(bare_engine)
    with bare_engine.connect() as db:
        codes = db.execute(text("select code from load_warning order by batch_id")).scalars()
        assert list(codes) == [code for code, _, _ in said]


def test_a_failed_upgrade_leaves_nothing_behind(bare_engine: Engine) -> None:
    with bare_engine.begin() as db:
        metadata.tables["control"].create(db)  # in the way of the migration
    with pytest.raises(DBAPIError, match="control"):
        migrate.upgrade(bare_engine)
    assert inspect(bare_engine).get_table_names() == ["control"]


def test_a_database_of_a_newer_program_is_refused(bare_engine: Engine) -> None:
    migrate.upgrade(bare_engine)
    with bare_engine.begin() as db:
        version = table(migrate.VERSION_TABLE, column("version_num"))
        db.execute(update(version).values(version_num="9999"))
    with pytest.raises(migrate.UnknownVersion, match="более новой версией программы"):
        migrate.upgrade(bare_engine)


def test_a_missing_column_is_seen(any_engine: Engine) -> None:
    """The comparison is not blind: it says what a next migration would have to do."""
    with any_engine.begin() as db:
        db.execute(text("alter table approval drop column reason"))
    with any_engine.connect() as db:
        assert "add_column(sa.Column('reason'" in migrate.difference(db)


def _upgrade(url: str) -> None:
    engine = open_engine(url)
    migrate.upgrade(engine)
    engine.dispose()


def test_upgrades_at_one_time_do_not_meet(bare_engine: Engine) -> None:
    url = bare_engine.url.render_as_string(hide_password=False)
    bare_engine.dispose()
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_upgrade, args=(url,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=120)
    assert [process.exitcode for process in processes] == [0, 0]
    with bare_engine.connect() as db:
        assert len(db.execute(select(transition)).all()) == len(TRANSITIONS)


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_a_migration_knows_nothing_of_the_code(path: Path) -> None:
    """A change of tables.py must not change what was done to databases years ago."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"sqlalchemy", "alembic", "__future__"}


def test_the_tests_own_tables_hold_the_rows_of_the_migrations(bare_engine: Engine) -> None:
    create_all(bare_engine)
    with bare_engine.begin() as db:
        assert set(map(tuple, db.execute(select(transition)))) == set(TRANSITIONS)
        db.execute(insert(control), {"k": "another", "v": "1"})


assert VERSIONS, "no migrations found"


def test_kinds_of_acts_of_a_database_in_use_become_words_of_the_plan(bare_engine: Engine) -> None:
    migrate.upgrade(bare_engine, "0018")
    with bare_engine.begin() as db:
        _insert(
            db, "load_batch", batch_id="b", plan_year=2021, dataset="municipal_acts", scope="buy",
            file_name="f", sha256="0", size_bytes=1, received_ms=1, loaded_ms=1,
            state="accepted", rows_read=2, rows_accepted=2, rows_rejected=0,
        )  # fmt: skip
        for kind in ("Муниципальная  Программа", "приказ"):
            _insert(
                db, "municipal_act", batch_id="b", municipality_id="buy", kind=kind, number="1",
                adopted_on="2021-04-01", basis="recommendations",
            )  # fmt: skip
    migrate.upgrade(bare_engine)
    with bare_engine.connect() as db:
        kinds = db.scalars(text("select kind from municipal_act")).all()
    assert sorted(kinds) == ["муниципальная программа", "приказ"]


def test_numbers_of_measures_of_a_ledger_in_use_become_their_texts(bare_engine: Engine) -> None:
    migrate.upgrade(bare_engine, "0025")
    with bare_engine.begin() as db:
        _insert(
            db, "load_batch", batch_id="b", plan_year=2021, dataset="events", scope="all",
            file_name="f", sha256="0", size_bytes=1, received_ms=1, loaded_ms=1,
            state="accepted", rows_read=1, rows_accepted=1, rows_rejected=0,
        )  # fmt: skip
        _insert(
            db, "phase_run", run_id="r", plan_year=2021, phase="p", occasion="o", mode="dry",
            as_of="2021-06-30", known_at_ms=1, started_ms=1, plan_sha256="0",
            templates_sha256="0", code_version="v", requested_by="t",
        )  # fmt: skip
        _insert(
            db, "event", batch_id="b", event_id="e", measure=8, kind="семинар", title="Т",
            held_on="2021-04-01", state="held",
        )  # fmt: skip
        _insert(
            db, "programme", batch_id="b", programme_id="p", measure=9, title="Т", host="Школа",
            state="draft",
        )  # fmt: skip
        _insert(db, "own_schedule_date", batch_id="b", measure=3, due_on="2021-05-01", basis="о")
        _insert(db, "run_rule", run_id="r", measure=11, rule="exclude", value="12")
        _insert(db, "run_recommendation", run_id="r", measure=5, municipality_id="buy", is_whole=1)
        _insert(
            db, "indicator_gap", run_id="r", indicator="12.1", municipality_id="buy",
            unit_kind="measure", measure=5,
        )  # fmt: skip
        _insert(db, "monitoring_scope", run_id="r", monitoring=12, measure=10)
        _insert(
            db, "measure_status", run_id="r", measure=10, municipality_id="buy", status="done",
            is_executed=1,
        )  # fmt: skip
    migrate.upgrade(bare_engine)
    stored = {
        "event": "8", "programme": "9", "own_schedule_date": "3", "run_rule": "11",
        "run_recommendation": "5", "indicator_gap": "5", "monitoring_scope": "10",
        "measure_status": "10",
    }  # fmt: skip
    with bare_engine.connect() as db:
        assert {
            name: db.scalar(select(column("measure")).select_from(table(name))) for name in stored
        } == stored
        assert db.scalar(text("select monitoring from monitoring_scope")) == "12"


def test_plans_of_a_ledger_in_use_are_known_by_their_year_as_text(bare_engine: Engine) -> None:
    migrate.upgrade(bare_engine, "0027")
    with bare_engine.begin() as db:
        _insert(
            db, "load_batch", batch_id="b", plan_year=2021, dataset="vpr_marks", scope="s",
            file_name="f", sha256="0", size_bytes=1, received_ms=1, loaded_ms=1,
            state="accepted", rows_read=2, rows_accepted=2, rows_rejected=0,
        )  # fmt: skip
        _insert(
            db, "phase_run", run_id="r", plan_year=2021, phase="p", occasion="o", mode="dry",
            as_of="2021-03-31", known_at_ms=1, started_ms=1, plan_sha256="0",
            templates_sha256="0", code_version="v", requested_by="t",
        )  # fmt: skip
        _insert(db, "run_batch", run_id="r", batch_id="b")
        _insert(db, "lying_file", plan_year=2021, dataset="d", place="a.csv", batch_id="b")
    migrate.upgrade(bare_engine)
    with bare_engine.begin() as db:
        for name in ("load_batch", "phase_run", "lying_file"):
            kept = f"select plan_code from {name} where plan_code = '2021'"  # noqa: S608
            assert db.execute(text(kept)).all() == [("2021",)]
        with pytest.raises(IntegrityError), db.begin_nested():
            db.execute(text("delete from load_batch"))  # a run and a lying file refer to it
        with pytest.raises(IntegrityError), db.begin_nested():
            _insert(db, "lying_file", plan_code="2021", dataset="d", place="a.csv", batch_id="b")
        if db.dialect.name == "sqlite":
            assert db.execute(text("pragma integrity_check")).scalar() == "ok"
            assert db.execute(text("pragma foreign_key_check")).all() == []


def test_a_ledger_in_use_takes_addressees_of_codes_up_to_40_characters(
    bare_engine: Engine,
) -> None:
    migrate.upgrade(bare_engine, "0028")
    with bare_engine.begin() as db:
        _add(db, "buy")
        _insert(db, "recipient", recipient_id="a", municipality_id="buy", addr="buy@example.org")
        with pytest.raises(IntegrityError), db.begin_nested():
            _add(db, "a" * 17)
    migrate.upgrade(bare_engine)
    with bare_engine.begin() as db:
        _add(db, "a" * 40)
        for refused in ("", "a" * 41):
            with pytest.raises(IntegrityError), db.begin_nested():
                _add(db, refused)
        with pytest.raises(IntegrityError), db.begin_nested():
            db.execute(text("delete from municipality where municipality_id = 'buy'"))
        assert db.scalar(text("select addr from recipient")) == "buy@example.org"


def _add(db: Connection, municipality_id: str) -> None:
    row = {"municipality_id": municipality_id, "name": "Условный район"}
    db.execute(text("insert into municipality values (:municipality_id, :name)"), row)
