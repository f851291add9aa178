"""A reader may die, hang, eat memory or fail: the file is refused, the caller lives."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from roadmap.evidence.files import sandbox
from roadmap.evidence.files.limits import Limits
from roadmap.evidence.files.sandbox import parse
from roadmap.evidence.parsed import FileRefused, ReaderContext
from support.workbooks import csv_bytes, one_sheet, with_sheet

HEAD = ["Код ОО", "Муниципалитет", "Предмет", "Класс", "Дата", "Кол-во участников", 2, 3, 4, 5]
WORK = [HEAD, ["1001", "г. Буй", "Математика", 10, "24.09.2020", 10, 1, 2, 3, 4]]
CONTEXT = ReaderContext("dr10.xlsx", 2021, {"wave": "autumn"})
FEW = Limits(memory_bytes=256 << 20, cpu_seconds=2)


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """Puts a reader made of these lines where the child finds it; gives the reader's name."""

    def write(body: str) -> str:
        (tmp_path / "bad_readers").mkdir(exist_ok=True)
        (tmp_path / "bad_readers" / "bad.py").write_text(
            "def read(content, context):\n" + textwrap.indent(textwrap.dedent(body), "    "),
            encoding="utf-8",
        )
        monkeypatch.setattr(sandbox, "_import_path", lambda: [*IMPORT_PATH, str(tmp_path)])
        monkeypatch.setattr(
            sandbox, "_START", sandbox._START.replace("sys.exit", f"{POINT_TO_BAD}; sys.exit")
        )
        return "bad"

    return write


IMPORT_PATH = sandbox._import_path()
POINT_TO_BAD = "import roadmap.evidence.files.sandbox_worker as n; n._READERS = 'bad_readers'"


def refusal(reader: str, content: bytes | None = None, limits: Limits = FEW) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        parse(one_sheet(WORK) if content is None else content, reader, CONTEXT, limits)
    assert "Файл «dr10.xlsx»" in caught.value.message
    return caught.value


def test_facts_come_back_as_the_reader_made_them():
    parsed = parse(one_sheet(WORK), "diagnostic_works", CONTEXT)
    assert parsed.scope == "rdr/2020/autumn/10/математика"
    assert (parsed.rows_read, parsed.rows_accepted, parsed.rejected) == (1, 1, ())
    (fact,) = parsed.facts["mark_result"]
    assert fact["municipality_ref"] == "город буй"
    assert [fact[f"mark_{mark}"] for mark in (2, 3, 4, 5)] == [1, 2, 3, 4]


def test_rows_come_back_with_their_own_columns_and_any_text(reader):
    name = reader(
        """
        from roadmap.evidence.parsed import Parsed
        rows = [{"a": 1, "b": "Буй \\ud800"}, {"a": None, "b": "x", "c": True}]
        return Parsed("x", {"t": rows, "none": []}, 2, 2)
        """
    )
    assert parse(one_sheet(WORK), name, CONTEXT).facts == {
        "t": [{"a": 1, "b": "Буй \ud800", "c": None}, {"a": None, "b": "x", "c": True}],
        "none": [],
    }


def test_a_readers_refusal_comes_back_with_its_words():
    refused = refusal("diagnostic_works", one_sheet([["Код ОО"], ["1"]]), Limits())
    assert refused.code == "HEADER"
    assert "«Муниципалитет»" in refused.message


def test_a_quarantined_row_comes_back_with_its_place():
    rows = [*WORK, ["1002", "г. Буй", "Математика", 10, "24.09.2020", 9, 1, 2, 3, 4]]
    parsed = parse(one_sheet(rows), "diagnostic_works", CONTEXT)
    (row,) = parsed.rejected
    assert (row.rule, row.sheet, row.row) == ("TOTAL", "Лист1", 3)
    assert parsed.rows_read == parsed.rows_accepted + row.rows == 2


def test_a_refused_prescan_reaches_no_reader(reader, tmp_path):
    name = reader(f"open('{tmp_path}/was-read', 'w').write('x')")
    far = with_sheet(b'<row><c r="XFD1048576"><v>1</v></c></row>')
    assert refusal(name, far).code == "SHEET_EXTENT"
    assert not (tmp_path / "was-read").exists()
    refusal(name)
    assert (tmp_path / "was-read").exists()


def test_a_reader_that_aborts_refuses_the_file(reader):
    assert refusal(reader("import os; os.abort()")).code == "PARSER_DIED"


def test_a_fast_reader_that_is_not_guarded_dies_alone(reader):
    """What the pre-scan keeps away: two far cells make calamine allocate the rectangle."""
    name = reader(
        """
        import io, python_calamine
        far = bytes.fromhex(context.options["far"])
        python_calamine.load_workbook(io.BytesIO(far)).get_sheet_by_index(0)
        """
    )
    far = with_sheet(
        b'<row r="1"><c r="A1"><v>1</v></c></row>'
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    )
    context = replace(CONTEXT, options={"far": far.hex()})
    with pytest.raises(FileRefused) as caught:
        parse(one_sheet(WORK), name, context, Limits())
    assert caught.value.code in ("PARSER_DIED", "MEMORY_LIMIT")


def test_a_reader_that_hangs_is_stopped_by_the_processors_time(reader):
    refused = refusal(reader("while True: pass"), limits=Limits(cpu_seconds=1))
    assert refused.code == "TIME_LIMIT"
    assert "за 1 с" in refused.message


def test_a_reader_that_waits_is_stopped_by_the_clock(reader, monkeypatch):
    monkeypatch.setattr(sandbox, "_CLOCK_PER_CPU_SECOND", -4)
    assert refusal(reader("import time; time.sleep(60)"), limits=Limits(cpu_seconds=1)).code == (
        "TIME_LIMIT"
    )


def test_a_reader_that_eats_memory_is_stopped(reader):
    refused = refusal(reader("return len(bytearray(1 << 30))"))
    assert refused.code == "MEMORY_LIMIT"
    assert "256 МБ" in refused.message


def test_a_reader_that_fails_tells_the_place_and_never_the_cell(reader, caplog):
    name = reader("int('Иванов Иван 0000 123456')")
    with caplog.at_level(logging.WARNING):
        assert refusal(name).code == "READER_FAILED"
    assert "ValueError in" in caplog.text
    assert "bad.py:2 read" in caplog.text
    assert "Иванов" not in caplog.text


def test_what_a_library_prints_by_itself_is_not_logged(reader, caplog):
    name = reader("import sys; print('Иванов', file=sys.stderr); import os; os.abort()")
    with caplog.at_level(logging.WARNING):
        assert refusal(name).code == "PARSER_DIED"
    assert "status -6" in caplog.text
    assert "Иванов" not in caplog.text


def test_an_answer_without_end_is_cut_off(reader, monkeypatch):
    name = reader(
        """
        from roadmap.evidence.parsed import Parsed
        return Parsed("x" * 70_000_000, {}, 0, 0)
        """
    )
    assert refusal(name, limits=Limits()).code == "READER_FAILED"


def test_a_reader_cannot_speak_to_the_parent_in_the_nurserys_name(reader):
    name = reader(
        """
        import os, sys
        from roadmap.evidence.parsed import Parsed
        os.write(1, b'{"status": 0, "size": 2}\\n{}')
        print("Иванов", flush=True)
        return Parsed(str(len(sys.stdin.read())), {}, 0, 0)
        """
    )
    assert parse(one_sheet(WORK), name, CONTEXT).scope == "0"


def test_the_reader_works_in_a_folder_of_its_own_that_is_gone_afterwards(reader):
    name = reader(
        """
        from pathlib import Path
        from roadmap.evidence.parsed import Parsed
        Path("scratch.txt").write_text("x")
        return Parsed(str(Path.cwd()), {}, 0, 0)
        """
    )
    folder = Path(parse(one_sheet(WORK), name, CONTEXT).scope)
    assert folder.parent.name.startswith("roadmap-read-")
    assert not folder.parent.exists()


def test_the_callers_environment_and_folder_decide_nothing(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", "smtp://secret")
    assert parse(one_sheet(WORK), "diagnostic_works", CONTEXT).rows_read == 1


def test_the_child_knows_no_secret_of_the_environment(reader, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", "smtp://secret")
    name = reader(
        """
        import os
        from roadmap.evidence.parsed import Parsed
        return Parsed(",".join(sorted(os.environ)), {}, 0, 0)
        """
    )
    names = parse(one_sheet(WORK), name, CONTEXT).scope
    assert "LC_ALL" in names
    assert "AIRFLOW" not in names


def test_the_child_imports_the_reader_and_nothing_heavy():
    code = (
        "import sys; sys.path.extend(sys.argv[1:]); import roadmap.evidence.files.sandbox;"
        "import roadmap.evidence.readers.vpr_marks, roadmap.evidence.readers.vpr_journal;"
        "import roadmap.evidence.readers.vpr_protocols, roadmap.evidence.readers.ege_protocols;"
        "import roadmap.evidence.readers.diagnostic_works;"
        "print(*sorted({'pandas', 'sqlalchemy', 'pydantic', 'yaml', 'numpy', 'airflow'}"
        " & set(sys.modules)), len(sys.modules) > 20)"
    )
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *IMPORT_PATH],
        capture_output=True, text=True, check=True, env={},
    )  # fmt: skip
    assert result.stdout.strip() == "True"


@pytest.mark.parametrize("name", ["../child", "os;x", "", "roadmap/x", "vpr-marks"])
def test_only_a_readers_name_is_run(name):
    with pytest.raises(ValueError, match="name of a reader"):
        parse(one_sheet(WORK), name, CONTEXT)


def test_a_csv_goes_the_same_way():
    context = replace(CONTEXT, file_name="dr10.csv")
    parsed = parse(csv_bytes(WORK), "diagnostic_works", context)
    assert parsed.facts["mark_result"][0]["sheet"] is None


def test_no_process_is_left_behind(reader):
    name = reader("while True: pass")
    before = children()  # the tests' own PostgreSQL may be one
    refusal(name, limits=Limits(cpu_seconds=1))
    assert children() == before


def children() -> set[str]:
    """Ids of all processes that this one has started and not yet buried."""
    lists = Path("/proc/self/task").glob("*/children")
    return {child for one in lists for child in one.read_text().split()}


def test_one_nursery_reads_many_files_each_in_a_child_of_its_own(reader):
    name = reader(
        """
        import os
        from roadmap.evidence.parsed import Parsed
        global seen
        seen = globals().get("seen", 0) + 1
        if context.plan_year == 1:
            os.abort()
        return Parsed(f"{os.getpid()} {seen}", {}, 0, 0)
        """
    )
    with sandbox.reading() as read:
        answers = []
        for year in (2021, 1, 2022):
            context = replace(CONTEXT, plan_year=year)
            if year == 1:
                with pytest.raises(FileRefused):
                    read(one_sheet(WORK), name, context, FEW)
            else:
                answers.append(read(one_sheet(WORK), name, context, FEW).scope.split())
    assert answers[0][0] != answers[1][0]
    assert [seen for _, seen in answers] == ["1", "1"]


def test_a_nursery_that_was_stopped_by_the_clock_starts_anew(reader, monkeypatch):
    name = reader("import time; time.sleep(60 if context.plan_year == 1 else 0); return 1 / 0")
    with sandbox.reading() as read:
        monkeypatch.setattr(sandbox, "_CLOCK_PER_CPU_SECOND", -4)
        for year, code in ((1, "TIME_LIMIT"), (2021, "READER_FAILED"), (2021, "READER_FAILED")):
            with pytest.raises(FileRefused) as caught:
                read(one_sheet(WORK), name, replace(CONTEXT, plan_year=year), Limits(cpu_seconds=1))
            assert caught.value.code == code


def test_an_unknown_reader_fails_and_does_not_hang():
    assert refusal("no_such_reader").code == "READER_FAILED"
