"""A reader may die, hang, eat memory or fail: the file is refused, the caller lives."""

from __future__ import annotations

import json
import logging
import re
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from bench.intake import protocol_inbox
from roadmap.evidence.files import sandbox
from roadmap.evidence.files.limits import Limits
from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext, Rejected
from roadmap.evidence.recognise import how_to_read
from roadmap.evidence.sources import load_sources
from support.evidence_files import PLAN
from support.workbooks import csv_bytes, one_sheet, with_parts, with_sheet

HEAD = ["Код ОО", "Муниципалитет", "Предмет", "Класс", "Дата", "Кол-во участников", 2, 3, 4, 5]
WORK = [HEAD, ["1001", "г. Буй", "Математика", 10, "24.09.2020", 10, 1, 2, 3, 4]]
CONTEXT = ReaderContext("dr10.xlsx", 2021, {"wave": "autumn"})
WIDE = Limits()
FEW = Limits(memory_bytes=256 << 20, cpu_seconds=2)


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """Puts a reader made of these lines where the worker finds it; gives the reader's name."""

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


def parse(content: bytes, reader: str, context: ReaderContext, limits: Limits = WIDE) -> Parsed:
    """A pull of one file."""
    with sandbox.reading() as read:
        return read(content, reader, context, limits)


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
        rows = [{"a": 1, "b": "Буй ёЁ"}, {"a": None, "b": "x", "c": True}]
        return Parsed("x", {"t": rows, "none": []}, 2, 2)
        """
    )
    assert parse(one_sheet(WORK), name, CONTEXT).facts == {
        "t": [{"a": 1, "b": "Буй ёЁ", "c": None}, {"a": None, "b": "x", "c": True}],
        "none": [],
    }


def test_what_all_rows_have_in_common_comes_back_in_every_row_and_of_its_kind(reader):
    name = reader(
        """
        from roadmap.evidence.parsed import Parsed
        rows = [{"same": "Буй", "none": None, "mixed": value} for value in (1, True, 1.0, 1)]
        return Parsed("x", {"t": rows, "one": [{"a": 1}]}, 4, 4)
        """
    )
    facts = parse(one_sheet(WORK), name, CONTEXT).facts
    assert [(row["same"], row["none"]) for row in facts["t"]] == [("Буй", None)] * 4
    assert [repr(row["mixed"]) for row in facts["t"]] == ["1", "True", "1.0", "1"]
    assert facts["one"] == [{"a": 1}]


RELATIONS = "xl/worksheets/_rels/sheet1.xml.rels"
SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("part", "begun", "again"),
    [
        (RELATIONS, b"", b"<"),
        (RELATIONS, b"<", b'a TargetMode="External" '),
        (SHEET, b"", b"<c "),
        (SHEET, b"<worksheet><sheetData>", b'<c r="A1" t="e">'),
        (SHEET, b"<worksheet><sheetData>", b"<row><c><f>"),
        (SHEET, b"", b"<row hidden "),
        (SHEET, b"<row ", b"hidden = "),
        (SHEET, b"<x:worksheet><x:", b"row x:row "),
    ],
)
def test_no_part_of_a_workbook_takes_time_by_the_square_of_its_size(part, begun, again):
    # Each was looked at from every place to its end: 300,000 such places took hours.
    hostile = with_parts(one_sheet(WORK), {part: begun + again * (4_000_000 // len(again))})
    limits = Limits(cpu_seconds=15)
    refused = refusal("diagnostic_works", hostile, limits)
    assert refused.code in ("CORRUPT", "HEADER", "SHEET_EXTENT")


def test_a_readers_refusal_comes_back_with_its_words():
    refused = refusal("diagnostic_works", one_sheet([["Код ОО"], ["1"]]), WIDE)
    assert refused.code == "HEADER"
    assert "«Муниципалитет»" in refused.message


def test_a_sheet_that_is_no_xml_is_a_damaged_file():
    """Taken apart for its errors, too: that parser may be the first to meet the damage."""
    content = with_sheet(b'<row r="1"><c r="A1" t="e"><v>#N/A</v></row>')
    assert refusal("diagnostic_works", content, WIDE).code == "CORRUPT"


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
    assert "состояние -6" in caplog.text
    assert "Иванов" not in caplog.text


def test_an_answer_without_end_is_cut_off(reader, monkeypatch):
    name = reader(
        """
        from roadmap.evidence.parsed import Parsed
        return Parsed("x" * 70_000_000, {}, 0, 0)
        """
    )
    assert refusal(name, limits=Limits()).code == "READER_FAILED"


def test_a_reader_cannot_speak_to_the_parent_in_the_workers_name(reader):
    name = reader(
        """
        import os, sys
        from roadmap.evidence.parsed import Parsed
        os.write(1, b"2\\n{}")
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
    assert folder.name.startswith("roadmap-read-")
    assert not folder.exists()


def test_the_callers_environment_and_folder_decide_nothing(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", "smtp://secret")
    assert parse(one_sheet(WORK), "diagnostic_works", CONTEXT).rows_read == 1


def test_the_worker_knows_no_secret_of_the_environment(reader, monkeypatch):
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


def test_the_worker_imports_the_reader_and_nothing_heavy():
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


def test_a_regions_largest_protocol_is_read_in_less_than_200_megabytes(tmp_path):
    (content,) = protocol_inbox(tmp_path, rows=25_000, columns=40).files()
    options, limits = how_to_read(load_sources()["vpr_protocols"], PLAN)
    name = "Проведение работы по математика, 5 класс. ВПР 2020.xlsx"
    before = children()
    with sandbox.reading() as read:
        parsed = read(content, "vpr_protocols", ReaderContext(name, 2021, options), limits)
        (worker,) = children() - before
        status = Path(f"/proc/{worker}/status").read_text()
    assert parsed.rows_read == 25_000
    peak_kb = int(re.search(r"VmHWM:\s*(\d+) kB", status)[1])
    assert 50_000 < peak_kb < 200_000


COUNTING = """
    import os
    from pathlib import Path
    from roadmap.evidence.parsed import Parsed
    global seen
    seen = globals().get("seen", 0) + 1
    with open(context.options["log"], "a") as log:
        log.write(f"{context.plan_year} {os.getpid()} {seen}\\n")
    %s
    return Parsed("x", {}, 0, 0)
"""


@pytest.fixture
def read_years(reader, tmp_path):
    """Reads a file of each year in one pull by COUNTING with one more line.

    Gives what became of each file, and for each reading its year, process and number there.
    """

    def read(line: str, *years: int) -> tuple[list[str], list[tuple[str, str, str]]]:
        name, log, became = reader(textwrap.dedent(COUNTING) % line), tmp_path / "log", []
        with sandbox.reading() as parse_one:
            for year in years:
                context = replace(CONTEXT, plan_year=year, options={"log": str(log)})
                try:
                    became.append(parse_one(one_sheet(WORK), name, context, FEW).scope)
                except FileRefused as refused:
                    became.append(refused.code)
        return became, [tuple(told.split()) for told in log.read_text().splitlines()]

    return read


def test_one_worker_reads_all_files_of_a_pull(read_years):
    became, told = read_years("pass", 2020, 2021, 2022)
    assert became == ["x", "x", "x"]
    assert len({process for _, process, _ in told}) == 1
    assert [seen for _, _, seen in told] == ["1", "2", "3"]


def test_only_the_file_that_ends_a_fresh_worker_is_refused(read_years):
    became, told = read_years("os.abort() if context.plan_year == 1 else 0", 2020, 1, 2021, 2022)
    assert became == ["x", "PARSER_DIED", "x", "x"]
    assert [(year, seen) for year, _, seen in told] == [
        ("2020", "1"), ("1", "2"), ("1", "1"), ("2021", "1"), ("2022", "2"),
    ]  # fmt: skip
    assert len({process for _, process, _ in told}) == 3


@pytest.mark.parametrize("harm", ["os.abort()", "bytearray(1 << 30)", "1 / 0"])
def test_no_file_is_refused_for_what_the_files_before_it_left(read_years, harm):
    became, _ = read_years(f"{harm} if seen > 1 else 0", 2020, 2021, 2022)
    assert became == ["x", "x", "x"]


def test_processor_time_is_counted_by_file(read_years):
    busy = "import time; begun = time.process_time()\nwhile time.process_time() < begun + 0.8: pass"
    became, told = read_years(busy, 2020, 2021, 2022, 2023)
    assert became == ["x", "x", "x", "x"]
    assert len({process for _, process, _ in told}) == 1


def test_a_worker_that_was_stopped_by_the_clock_starts_anew(reader, monkeypatch):
    name = reader("import time; time.sleep(60 if context.plan_year == 1 else 0); return 1 / 0")
    with sandbox.reading() as read:
        monkeypatch.setattr(sandbox, "_CLOCK_PER_CPU_SECOND", -4)
        for year, code in ((1, "TIME_LIMIT"), (2021, "READER_FAILED"), (2021, "READER_FAILED")):
            with pytest.raises(FileRefused) as caught:
                read(one_sheet(WORK), name, replace(CONTEXT, plan_year=year), Limits(cpu_seconds=1))
            assert caught.value.code == code


def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next_files(reader):
    name = reader(
        """
        import time
        from roadmap.evidence.parsed import Parsed
        time.sleep(1 if context.plan_year == 1 else 0)
        return Parsed(str(context.plan_year), {}, 0, 0)
        """
    )

    def give_up(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    try:
        with sandbox.reading() as read:
            assert read(one_sheet(WORK), name, CONTEXT, WIDE).scope == "2021"
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(TimeoutError):
                read(one_sheet(WORK), name, replace(CONTEXT, plan_year=1), WIDE)
            assert read(one_sheet(WORK), name, CONTEXT, WIDE).scope == "2021"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_worker_that_answers_nonsense_refuses_the_file(reader, monkeypatch):
    """A worker that hostile bytes have taken over may say anything where its answer is read."""
    speak = (
        "import roadmap.evidence.files.sandbox_worker as n;"
        "n._pipes = lambda: (sys.stdin.buffer, sys.stdout.buffer)"
    )
    name = reader("import os; os.write(1, b'999999999999\\n'); import time; time.sleep(60)")
    monkeypatch.setattr(sandbox, "_START", sandbox._START.replace("sys.exit", f"{speak}; sys.exit"))
    assert refusal(name).code == "PARSER_DIED"


def told_of(rows: int, common: dict[str, int], columns: dict[str, list[int]]) -> str:
    """An answer about one table of so many rows."""
    table = {"rows": rows, "common": common, "columns": columns}
    of_file = {"scope": "", "rows_read": 0, "rows_accepted": 0, "rejected": [], "warnings": []}
    return json.dumps({"parsed": {**of_file, "facts": {"t": table}, "scale": None, "others": []}})


@pytest.mark.parametrize(
    "answer",
    ["[]", "{", '{"parsed": {}}', '{"refused": 1}', '{"parsed": 5}', "[" * 100_000,
     '{"parsed": {"scope": "", "facts": {}, "rows_read": 0, "rows_accepted": 0, "warnings": [],'
     ' "rejected": [{"rule": "", "message": "", "sheet": null, "row": [], "column": null,'
     ' "rows": 1}]}}',
     told_of(1_000_000_000_000, {"a": 1}, {}), told_of(-1, {"a": 1}, {}),
     told_of(3, {}, {"a": [1]}), told_of(1, {"b": 2}, {"a": [1, 2]})],
)  # fmt: skip
def test_an_answer_that_no_worker_gives_refuses_its_file_alone(reader, monkeypatch, answer):
    speak = (
        "import roadmap.evidence.files.sandbox_worker as n;"
        "n._pipes = lambda: (sys.stdin.buffer, sys.stdout.buffer)"
    )
    name = reader(
        f"""
        import os
        if context.plan_year == 1:
            os.write(1, b'{len(answer)}\\n' + {answer!r}.encode())
            import time; time.sleep(60)
        from roadmap.evidence.parsed import Parsed
        return Parsed("good", {{}}, 0, 0)
        """
    )
    monkeypatch.setattr(sandbox, "_START", sandbox._START.replace("sys.exit", f"{speak}; sys.exit"))
    with sandbox.reading() as read:
        with pytest.raises(FileRefused) as caught:
            read(one_sheet(WORK), name, replace(CONTEXT, plan_year=1), FEW)
        assert caught.value.code == "READER_FAILED"
        assert read(one_sheet(WORK), name, CONTEXT, FEW).scope == "good"


def test_signs_that_no_database_stores_are_left_out_wherever_they_stand(reader):
    name = reader(
        r"""
        from roadmap.evidence.parsed import Parsed, Rejected
        row = Rejected("RULE", "\0told", "\0Лист\0", 1, "A\0")
        table = [{"text": "a\0\0b \\u0000 \\\0"}]
        return Parsed("sc\0ope\ud800", {"table": table}, 1, 1, (row,), ("w\0",))
        """
    )
    parsed = parse(one_sheet(WORK), name, CONTEXT)
    assert parsed.rejected == (Rejected("RULE", "told", "Лист", 1, "A"),)
    assert parsed.facts == {"table": [{"text": "ab \\u0000 \\"}]}
    assert parsed.warnings == ("w",)
    assert parsed.scope == "scope"


def test_an_unknown_reader_fails_and_does_not_hang():
    assert refusal("no_such_reader").code == "READER_FAILED"


# -- Two workers side by side ------------------------------------------------------------------

BY_YEAR = """
    import os, time
    from roadmap.evidence.parsed import Parsed
    if context.plan_year == 0:
        os.abort()
    if context.plan_year == 1:
        time.sleep(3600)
    return Parsed(str(context.plan_year), {}, 0, 0)
    """


def test_answers_come_in_the_order_of_the_files_and_a_fatal_file_ends_alone(reader):
    name = reader(BY_YEAR)

    def scope_of(parse: sandbox.Parse, year: int) -> str:
        try:
            return parse(one_sheet(WORK), name, replace(CONTEXT, plan_year=year), FEW).scope
        except FileRefused as refusal:
            return refusal.code

    years = [2030, 0, 2021, 2022, 0, 2023, 2024]
    with sandbox.reading_side_by_side(2) as read_all:
        scopes = read_all(scope_of, years)
    assert scopes == [str(year) if year else "PARSER_DIED" for year in years]


def test_what_ends_the_caller_ends_both_workers_though_one_hangs(reader):
    """As Airflow's time limit does: without it the test would wait for an hour."""
    name = reader(BY_YEAR)

    def work(parse: sandbox.Parse, year: int) -> None:
        if year == 2:
            raise KeyboardInterrupt
        parse(one_sheet(WORK), name, replace(CONTEXT, plan_year=year), WIDE)

    with pytest.raises(KeyboardInterrupt), sandbox.reading_side_by_side(2) as read_all:
        read_all(work, [2, 1, 1, 1])
