"""The few calls of Airflow's public API that `make run` needs; loopback only."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

TIMEOUT_SECONDS = 30
BUSY_SECONDS = 60
CONFLICT = 409


class AirflowApi:
    """A client of one API server; `base` is like `http://127.0.0.1:8080`."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._token: str | None = None

    def is_healthy(self) -> bool:
        """Whether the server answers and its scheduler and DAG processor are alive."""
        try:
            health = self._call("GET", "/api/v2/monitor/health", authorised=False)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return all(health[part]["status"] == "healthy" for part in ("scheduler", "dag_processor"))

    def get(self, path: str) -> Any:
        """The answer; a server too busy to give one is asked again for a minute."""
        return self._patiently("GET", path, None)

    def send(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """The answer to a change; None where an earlier try, seen as failed, had made it."""
        return self._patiently(method, path, body)

    def _patiently(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        give_up = time.monotonic() + BUSY_SECONDS
        is_again = False
        while True:
            try:
                return self._call(method, f"/api/v2{path}", body)
            except (urllib.error.URLError, ConnectionError, TimeoutError) as failed:
                code = failed.code if isinstance(failed, urllib.error.HTTPError) else 500
                if code == CONFLICT and is_again:
                    return None
                if code < 500 or time.monotonic() > give_up:
                    raise
            is_again = True
            time.sleep(1)

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, authorised: bool = True
    ) -> Any:
        headers = {"Content-Type": "application/json"}
        if authorised:
            if self._token is None:
                answer = self._call("GET", "/auth/token", authorised=False)
                self._token = answer["access_token"]
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(  # noqa: S310 - the base is ours
            self.base + path,
            method=method,
            headers=headers,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return json.load(answer)


def wait_until(condition: Callable[[], bool], seconds: float, every: float = 1.0) -> bool:
    """Whether `condition` became true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(every)
    return False
