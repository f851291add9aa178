"""`make run`: a whole Airflow, the demo year in its five phases, a mailbox with their letters."""

from __future__ import annotations

import os
import time
from datetime import datetime

from roadmap_cli.airflow_api import AirflowApi, wait_until
from roadmap_cli.arguments import ArgumentParser, number
from roadmap_cli.demo_year import run_year, start_daily, steps
from roadmap_cli.environment import VAR, Ports, demo_environment
from roadmap_cli.processes import (
    AlreadyRuns,
    background,
    interrupt_once,
    is_free,
    only_one,
    python,
)
from roadmap_cli.setup import DEMO_PLAN, DEMO_YEAR, make_ready, put_files

START_SECONDS = 300


def main() -> None:
    parser = ArgumentParser(description="Run the demo with the Airflow UI")
    parser.add_argument("--port", type=number("PORT"), default=8080)
    parser.add_argument("--once", action="store_true", help="stop when the year has been run")
    arguments = parser.parse_args()
    ports = Ports(arguments.port)
    interrupt_once()
    try:
        raise SystemExit(run(ports, once=arguments.once))
    except KeyboardInterrupt:
        print("\nОстановлено. «make run» продолжит с этого места и ничего не отправит повторно.")


def run(ports: Ports, *, once: bool) -> int:
    """Start everything, run the year once, wait until interrupted; 0 when every run is green."""
    try:
        with only_one(VAR / "locks" / "run"):
            return _run(ports, once=once)
    except AlreadyRuns:
        print(f"make run уже работает (папка {VAR}). Остановите его (Ctrl-C) и повторите.")
        return 2


def _run(ports: Ports, *, once: bool) -> int:
    taken = [str(port) for port in ports.all if not is_free(port)]
    if taken:
        print(f"Порты заняты: {', '.join(taken)}. Укажите другой: make run PORT=8180")
        return 2
    env = demo_environment(VAR / "airflow", ports)
    os.environ.update(env)
    make_ready(env)
    show_next_cycle()
    mailbox = python(
        "roadmap_demo.mailbox", "--port", str(ports.mail), "--folder", str(VAR / "mailbox")
    )
    logs = VAR / "logs"
    with (
        background(mailbox, env, logs / "mailbox.log"),
        background(python("roadmap_cli.components"), env, logs / "airflow.log") as airflow,
    ):
        api = AirflowApi(f"http://127.0.0.1:{ports.ui}")
        print("Запускаем Airflow…", flush=True)
        put_files(steps()[0].until)  # while it starts
        started = wait_until(lambda: airflow.poll() is not None or api.is_healthy(), START_SECONDS)
        if not started or airflow.poll() is not None:
            print(f"Airflow не запустился. Журнал: {logs / 'airflow.log'}")
            return 1
        where = (
            f"Airflow:   {api.base} (без пароля, только с этого компьютера)\n"
            f"Письма:    {VAR / 'mailbox'} — файлы .eml открывает любая почтовая программа\n"
        )
        print(where)
        is_green = run_year(api)
        print(f"{DEMO_YEAR} год {'выполнен' if is_green else 'не закончен'}.")
        show_account()
        print(f"\n{where}")
        if once:
            return 0 if is_green else 1
        print("Теперь сами работают, пока команда не остановлена:")
        print("".join(f"  {daily}\n" for daily in start_daily(api)))
        print("Остановить: Ctrl-C", flush=True)
        while airflow.poll() is None:
            time.sleep(1)
        print(f"Airflow остановился сам. Журнал: {logs / 'airflow.log'}")
        return 1


def show_next_cycle() -> None:
    """Draft the cycle that comes next, so that the UI shows when each phase runs."""
    from roadmap.plan.check_file import runs
    from roadmap.plan.zone import home_time
    from roadmap_cli.new_year import draft_next_cycle

    folder = VAR / "plans"
    plan = draft_next_cycle(datetime.now(home_time().zone).date(), folder)
    if plan is not None:
        print(f"Черновик следующего года: {folder / plan.code}.yaml. Он не в силе: письма его")
        print("этапов пойдут только на проверочный адрес оператора.")
        print("\n".join(runs(plan)), flush=True)


def show_account() -> None:
    """Print what became of the year's letters."""
    from roadmap.plan.load import load_plan
    from roadmap_airflow.connections import roadmap_db
    from roadmap_cli.account import account_of_year

    with roadmap_db() as engine:
        for line in account_of_year(engine, load_plan(DEMO_PLAN)):
            print(line)


if __name__ == "__main__":
    main()
