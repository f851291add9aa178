"""The calls of `make run` to a server that has better things to do."""

from __future__ import annotations

import json
import threading
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from roadmap_cli import airflow_api
from roadmap_cli.airflow_api import AirflowApi


@contextmanager
def server(*codes: int) -> Iterator[AirflowApi]:
    """Answers each call but those for a token with the next of these codes."""
    left = list(codes)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code = 200 if self.path == "/auth/token" else left.pop(0)
            body = json.dumps({"access_token": "t", "left": len(left)}).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            return None

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    try:
        yield AirflowApi(f"http://127.0.0.1:{listening.server_port}")
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def test_a_busy_server_is_asked_again():
    with server(503, 200) as api:
        assert api.get("/dags")["left"] == 0


def test_a_refusal_is_not_asked_again():
    with server(404, 200) as api, pytest.raises(urllib.error.HTTPError):
        api.get("/dags")


def test_a_server_that_stays_away_is_given_up(monkeypatch):
    monkeypatch.setattr(airflow_api, "BUSY_SECONDS", 0)
    with pytest.raises(urllib.error.URLError):
        AirflowApi("http://127.0.0.1:9").get("/dags")
