"""Airflow's web server answers under its own names only, by the app that it really serves."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from roadmap_airflow.hosts import own_hosts
from roadmap_cli.components import hostname


@pytest.fixture(scope="module")
def server() -> TestClient:
    from airflow.api_fastapi.app import create_app
    from airflow.utils import db

    db.initdb()
    return TestClient(create_app(), follow_redirects=False)


TOKEN = ("/auth/token", "/auth/token/login", "/", "/api/v2/version", "/execution/health")


@pytest.mark.parametrize("host", ["127.0.0.1:18080", "localhost", "LOCALHOST:1", "[::1]:18080"])
def test_this_machines_own_names_are_answered(server: TestClient, host: str):
    answer = server.get("/auth/token", headers={"Host": host})
    assert answer.status_code == 201
    assert answer.json()["access_token"]


@pytest.mark.parametrize("path", TOKEN)
@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:18080", "127.0.0.1.evil.example", "evil@127.0.0.1",
        "localhost.evil.example", "0", "127.0.0.1:18080:80", "",
    ],
)  # fmt: skip
def test_under_another_name_nothing_is_answered_and_no_token_given(
    server: TestClient, host: str, path: str
):
    answer = server.get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert "token" not in answer.text
    assert "set-cookie" not in answer.headers
    assert "AIRFLOW__API__BASE_URL" in answer.text  # what to set where the name is right


def test_two_names_at_once_are_none(server: TestClient):
    both = [("Host", "localhost"), ("Host", "evil.example")]
    assert server.get("/auth/token", headers=both).status_code == 400


def test_a_servers_own_names_are_those_of_its_settings(monkeypatch):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://Roadmap.Example:8443/airflow")
    monkeypatch.setenv(
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "http://api-server:8080/execution/"
    )
    assert own_hosts() == {"127.0.0.1", "localhost", "::1", "roadmap.example", "api-server"}


def test_the_log_of_a_running_task_is_asked_for_on_the_loopback():
    from airflow.utils.net import get_hostname

    assert os.environ["AIRFLOW__CORE__HOSTNAME_CALLABLE"] == "roadmap_cli.components.hostname"
    assert get_hostname() == hostname()
    assert socket.gethostbyname(hostname()).startswith("127.")


def test_no_process_of_airflow_makes_files_that_others_may_read(tmp_path: Path):
    import airflow_local_settings  # noqa: F401 - as each of them does at its start

    (tmp_path / "report").write_text("address")
    assert (tmp_path / "report").stat().st_mode & 0o077 == 0
