"""The two commands a newcomer gives, with a real Airflow: `make phase` and `make run`."""

from __future__ import annotations

import http.client
import ipaddress
import itertools
import os
import re
import signal
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from email.message import EmailMessage
from pathlib import Path

import pytest

from roadmap_cli.processes import only_one
from support.march_world import Letters, free_ports

ROOT = Path(__file__).parents[2]
LETTERS = 16
ADDRESSEES = 13
OPERATOR = "operator@example.org"
TITLE = "Комплексный анализ (март 2021 г.)"
PHASES = 5
CORRECTED = 2  # of one municipality and the department
ADDRESS = re.compile(r"(?<!imya)@\w")  # «Впишите один адрес вида imya@example.org»

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]


def command(module: str, *arguments: str, var: Path) -> subprocess.Popen[str]:
    """A command as make gives it, with nothing of the tests' own environment."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW", "ROADMAP_"))
    }
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**env, "PYTHONPATH": "plugins", "ROADMAP_VAR": str(var)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def phase(var: Path, port: int, *more: str) -> tuple[int, str]:
    arguments = ["--phase", "march_analysis", "--plan", "2021", "--port", str(port), *more]
    process = command("roadmap_cli.phase", *arguments, var=var)
    output, _ = process.communicate(timeout=600)
    return process.returncode, output


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("commands") / "var"


@pytest.fixture(scope="module")
def port() -> int:
    return free_ports().ui


@pytest.fixture(scope="module")
def dry(var: Path, port: int) -> tuple[int, str]:
    return phase(var, port, "--mode", "dry")


@pytest.fixture(scope="module")
def live(var: Path, port: int, dry: tuple[int, str]) -> tuple[int, str]:
    return phase(var, port)


def test_a_dry_phase_sends_nothing(var, dry):
    status, output = dry
    assert status == 0, output
    assert _reports(var) == []
    assert _notices(var) == [f"500+: Проверка без отправки прошла для всех {ADDRESSEES} — {TITLE}"]


def test_a_phase_shows_its_progress_and_ends_with_the_reconciliation(var, live):
    status, output = live
    assert status == 0, output
    assert "✓ Приём данных" in output
    assert "Буйский муниципальный район" in output
    assert len(_reports(var)) == LETTERS
    assert _notices(var)[1:] == [f"500+: Отправлено всем {ADDRESSEES} — {TITLE}"]


def test_a_phase_prints_sentences_and_nothing_of_airflow(dry):
    _, output = dry
    assert "Строка не принята: " in output
    english = [line for line in output.splitlines() if re.match(r"[^а-яё]*[a-z]{3}", line, re.I)]
    assert english == []


def test_an_error_of_the_program_goes_to_a_file_that_the_output_names(tmp_path, port):
    var = tmp_path / "var"
    (var / "archive").mkdir(parents=True)
    for number in range(256):
        (var / "archive" / f"{number:02x}").write_text("a file where a folder belongs")
    status, output = phase(var, port, "--mode", "dry", "--municipalities", "buyskiy")
    assert status == 1, output
    assert "✕ Приём данных" in output
    assert "Traceback" not in output
    errors = var / "logs" / "phase-errors.log"
    assert f"Ошибка программы. Перешлите в поддержку файл {errors}" in output
    assert "Traceback" in errors.read_text()


def test_nothing_personal_reaches_the_output_of_a_phase(live):
    _, output = live
    assert ADDRESS.search(output) is None
    assert "Примеров" not in output


def test_airflow_keeps_ids_only(var, live):
    kept, shown = _kept_by_airflow(var / "airflow-phase")
    assert "buyskiy" in kept
    assert re.fullmatch(r'[a-z0-9"\[\], ]+', kept)  # a run's id and addressees' ids, no more
    assert "contacts" in shown
    assert "@" not in shown


def test_a_second_phase_sends_nothing_again(var, port, live):
    status, output = phase(var, port)
    assert status == 0, output
    assert "уже отправлено" in output.lower()
    assert len(_reports(var)) == LETTERS


def test_a_live_phase_on_another_day_is_refused_before_anything_is_begun(var, port, live):
    before = _notices(var)
    status, output = phase(var, port, "--as-of", "2021-03-20")
    assert status == 1, output
    assert "Отчётная дата запуска — не дата плана (31.03.2021)" in output
    assert "Приём данных" not in output
    assert len(_reports(var)) == LETTERS
    assert _notices(var) == before


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        (["--municipality", "Буйский муниципальный район"], 0, "Письмо принято почтовым сервером "),
        (["--municipality", "kostromskoy"], 0, "Письма нет: на 31.03.2021 не участник проекта."),
        (["--municipality", "Буйск"], 0, "Письмо принято почтовым сервером "),
        (["--municipality", "район"], 1, "Нет муниципалитета «район». Похожи: «"),
        ([], 0, "Уже отправлено всем 13: нового нет\n"),
        (["--run", "latest:march_analysis"], 1, "Не указано: MUNICIPALITY=…"),
    ],
    ids=["accepted", "not a participant", "a part of the name", "unknown", "the phase", "not said"],
)
def test_why_answers_in_its_first_line(var, live, asked, status, told):
    process = command("roadmap_cli.why", "--phase", "march_analysis", *asked, var=var)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == status, output
    assert output.startswith(told)
    assert re.search(r"@(?!example\.org>)", output) is None
    assert "Traceback" not in output


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_phase_that_is_interrupted_stops_with_every_process(var, port, live, signal_number):
    arguments = ["--phase", "march_analysis", "--plan", "2021", "--port", str(port)]
    process = command("roadmap_cli.phase", *arguments, "--mode", "dry", var=var)
    assert process.stdout is not None
    while "Приём данных" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal_number)
    output, _ = process.communicate(timeout=60)
    assert "Остановлено" in output
    assert _left_of(var) == []


def test_of_two_commands_for_one_phase_the_second_says_so_and_ends(var, port, live):
    arguments = ["--phase", "march_analysis", "--plan", "2021", "--port", str(port)]
    first = command("roadmap_cli.phase", *arguments, "--mode", "dry", var=var)
    assert first.stdout is not None
    assert "Готовим" in first.stdout.readline()
    status, output = phase(var, port, "--mode", "dry")
    assert first.poll() is None
    assert (status, output.splitlines()) == (1, [
        "Этап «march_analysis» плана 2021 года уже выполняет другая команда (make phase или make"
        " run). Дождитесь, когда она закончит, и повторите."
    ])  # fmt: skip
    rest, _ = first.communicate(timeout=600)
    assert first.returncode == 0, rest


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"--plan": "2022"}, "2022.yaml"),
        ({"--phase": "may"}, "нет этапа «may». Есть: march_analysis («Комплексный"),
        ({"--municipalities": "buyskiy,moscow"}, "нет муниципалитетов с кодами «moscow»"),
        ({"--as-of": "30.02.2021"}, "«30.02.2021»: такого дня нет"),
        ({"--as-of": "2022-03-31"}, "а план — 2021 года"),
        ({"--known-at": "31.06"}, "не понять, какой это день"),
        ({"--mode": "everyone"}, "MODE: «everyone» — нет такого. Есть: live"),
        ({"--sample": "0"}, "не число адресатов от 1"),
    ],
)
def test_what_the_plan_does_not_know_is_said_in_one_line(tmp_path, wrong, told):
    given = {"--phase": "march_analysis", "--plan": "2021"} | wrong
    process = command("roadmap_cli.phase", *itertools.chain(*given.items()), var=tmp_path / "var")
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert told in output
    assert "Traceback" not in output
    assert not (tmp_path / "var").exists()


def test_make_run_listens_to_no_other_machine_and_keeps_its_files_from_other_users(tmp_path):
    var, port = tmp_path / "var", free_ports().ui
    (var / "inbox").mkdir(parents=True)
    (var / "inbox").chmod(0o755)  # as an earlier version made it
    (var / "roadmap.db").touch(0o644)
    process = command("roadmap_cli.run", "--port", str(port), var=var)
    assert process.stdout is not None
    try:
        while not (line := process.stdout.readline()).startswith("Airflow:"):
            assert line, "ended too early"
        started = _descendants(process.pid)
        heard = [where for pid in started for where in _listening(pid)]
        assert {number for _, number in heard} == {port, port + 1, port + 4}
        assert {str(host) for host, _ in heard} == {"127.0.0.1"}
        assert _token(port, "127.0.0.1") == 201
        assert _token(port, "evil.example") == 400
    finally:
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=120)
    assert _left_of(var) == [], output
    assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == []
    assert [path.name for path in var.iterdir() if path.stat().st_mode & 0o077] == []


def test_make_run_beside_make_phase_says_so_and_ends_with_every_process(tmp_path):
    var, port = tmp_path / "var", free_ports().ui
    with only_one(var / "locks" / "2021-march_analysis"):  # as make phase holds it
        process = command("roadmap_cli.run", "--port", str(port), var=var)
        assert process.stdout is not None
        assert "Готовим" in process.stdout.readline()
        again = command("roadmap_cli.run", "--port", str(port + 5), var=var)
        told, _ = again.communicate(timeout=60)
        assert (again.returncode, told.count("\n")) == (2, 1)
        assert "make run уже работает" in told
        output, _ = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "Этап «march_analysis» плана 2021 года уже выполняет другая команда" in output
    assert "Traceback" not in output
    assert _left_of(var) == []
    assert _reports(var) == []


@pytest.mark.timeout(2400)
def test_make_run_runs_the_year_once_and_ctrl_c_stops_every_process(tmp_path):
    port = free_ports().ui
    first = _run_until_ready(tmp_path / "var", port)
    assert f"http://127.0.0.1:{port}" in first
    assert first.count("2021 год: выполнен") == PHASES + 1, first
    assert len(re.findall(f": {LETTERS} писем", first)) == PHASES
    steps = re.findall(r"Этап (\d) из 6\. .*?(, осталось около \d+ минут[ы]?)?\n", first)
    assert [number for number, _ in steps] == list("123456")
    assert [bool(left) for _, left in steps] == [False] + [True] * 5  # measured by the first
    assert "2021 год выполнен." in first
    all_letters = PHASES * LETTERS + CORRECTED
    assert f"Всего {all_letters} письма {ADDRESSEES} адресатам.\n" in first
    assert "Писем больше, чем адресатов: этапов 5, несколько получателей у 3 адресатов, " in first
    summary = first.partition("2021 год выполнен.")[2]
    assert f"http://127.0.0.1:{port}" in summary
    assert str(tmp_path / "var" / "mailbox") in summary
    assert "Доставка: проверка и досылка — каждые 5 минут" in summary
    (correction,) = [line for line in first.splitlines() if "Взамен направленного" in line]
    assert correction.endswith("Кологривский муниципальный район, департамент")

    letters = _reports(tmp_path / "var")
    corrected = [letter for letter in letters if "Взамен" in _text(letter)]
    assert len(letters) == PHASES * LETTERS + len(corrected)
    assert len(corrected) == CORRECTED
    accounts = [subject for subject in _notices(tmp_path / "var") if "Отправлено всем" in subject]
    assert len(accounts) == PHASES
    (told,) = [one for one in _notices(tmp_path / "var") if "Исправления отправлены: 2, " in one]
    assert "без изменений 11" in told

    kept, _ = _kept_by_airflow(tmp_path / "var" / "airflow")
    assert re.fullmatch(r'[a-z0-9"\[\], ]+', kept)
    logs = [file for file in (tmp_path / "var").rglob("*.log") if file.is_file()]
    sent = [file for file in logs if "task_id=send/" in str(file)]
    assert len(sent) == (PHASES + 1) * ADDRESSEES
    assert [file for file in logs if ADDRESS.search(file.read_text("utf-8"))] == []

    second = _run_until_ready(tmp_path / "var", port)
    assert second.count("2021 год: выполнен") == PHASES + 1, second
    assert "Приём данных" not in second  # what is done is not done again
    assert len(_reports(tmp_path / "var")) == len(letters)


def _reports(var: Path) -> list[EmailMessage]:
    """The letters to addressees, without those to the operator."""
    return [x for x in Letters(var / "mailbox").all() if str(x["To"]) != OPERATOR]


def _notices(var: Path) -> list[str]:
    """Subjects of the letters to the operator, in the order in which they came."""
    notices = [x for x in Letters(var / "mailbox").all() if str(x["To"]) == OPERATOR]
    return [str(notice["Subject"]) for notice in notices]


def _text(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def _run_until_ready(var: Path, port: int) -> str:
    """Run until Ctrl-C is offered, press it, and see that nothing of ours is left."""
    process = command("roadmap_cli.run", "--port", str(port), var=var)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    rest, _ = process.communicate(timeout=120)
    output = ("".join(lines) + rest).replace("\xa0", " ")
    assert _left_of(var) == [], output
    return output


def _kept_by_airflow(home: Path) -> tuple[str, str]:
    """All XCom values and all rendered fields of its metadata database."""
    with closing(sqlite3.connect(home / "airflow.db")) as db:
        kept = db.execute("select value from xcom").fetchall()
        shown = db.execute("select rendered_fields from rendered_task_instance_fields").fetchall()
    return "".join(value for (value,) in kept), "".join(fields for (fields,) in shown)


def _token(port: int, host: str) -> int:
    """The status with which the UI's server answers one who asks for a token under that name."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/auth/token", headers={"Host": f"{host}:{port}"})
        return connection.getresponse().status


def _descendants(pid: int) -> list[int]:
    """A process and all that it and its children started: Airflow's overwrite their environment."""
    found = [pid]
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it has ended
            for child in thread.read_text("ascii").split():
                found += _descendants(int(child))
    return found


def _listening(pid: int) -> set[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]]:
    """Addresses and ports on which a process listens, as Linux tells (proc_pid_net(5))."""
    try:
        held = {str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()}
        tables = [Path(f"/proc/{pid}/net/{name}").read_text("ascii") for name in ("tcp", "tcp6")]
    except OSError:  # it has ended
        return set()
    found = set()
    for table in tables:
        for line in table.splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and f"socket:[{rest[5]}]" in held:
                raw, port = local.split(":")
                words = struct.unpack(f">{len(raw) // 8}I", bytes.fromhex(raw))
                packed = struct.pack(f"<{len(words)}I", *words)
                found.add((ipaddress.ip_address(packed), int(port, 16)))
    return found


def _left_of(var: Path) -> list[str]:
    """Processes that outlive their run, a little time granted."""
    deadline = time.monotonic() + 10
    while (left := _processes_of(var)) and time.monotonic() < deadline:
        time.sleep(0.5)
    return left


def _processes_of(var: Path) -> list[str]:
    """Command lines of processes whose environment names this run's folder."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or folder.name == str(os.getpid()):
            continue
        try:
            environment = (folder / "environ").read_bytes()
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"ROADMAP_VAR={var}".encode() in environment.split(b"\0") and line:
            found.append(line)
    return found
