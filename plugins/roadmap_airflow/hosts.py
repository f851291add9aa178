"""Airflow's web server answers only where it is called by a name of its own.

A page of any site may let its own name lead to 127.0.0.1 (DNS rebinding); the browser then takes
our server for that site's and lets the page read its answers, in the demo an administrator's
token among them. What the page can't change is the name in the Host header.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Call = Callable[..., Awaitable[Any]]

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_HOST = re.compile(r"(?:\[(?P<ipv6>[0-9a-f:.]+)\]|(?P<name>[^\s:/?#@\[\]]+))(?::\d+)?")
_REFUSED = (
    "Сервер не отвечает под этим именем. Откройте его по адресу из настройки "
    "AIRFLOW__API__BASE_URL; если адрес сервера сменился, администратору нужно вписать туда новый."
)


class OwnHosts:
    """ASGI middleware that answers 400 where the Host header names none of our hosts."""

    def __init__(self, app: Call) -> None:
        self.app = app
        self.hosts = own_hosts()

    async def __call__(self, scope: Scope, receive: Call, send: Call) -> None:
        from starlette.responses import PlainTextResponse

        if scope["type"] in {"http", "websocket"} and _host(scope) not in self.hosts:
            await PlainTextResponse(_REFUSED, status_code=400)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def own_hosts() -> frozenset[str]:
    """This machine's own names, and the hosts by which Airflow's settings say it is called.

    `[api] base_url` is where people open it, `[core] execution_api_server_url` where tasks do.
    """
    from airflow.configuration import conf

    urls = [
        conf.get("api", "base_url", fallback=""),
        conf.get("core", "execution_api_server_url", fallback=""),
    ]
    return _LOOPBACK | {host for url in urls if (host := urlsplit(url or "").hostname)}


def _host(scope: Scope) -> str | None:
    """The one host that is named, without its port; None where there is none, or no such name."""
    given = [value for name, value in scope["headers"] if name == b"host"]
    if len(given) != 1:
        return None
    match = _HOST.fullmatch(given[0].decode("latin-1").casefold())
    return (match["ipv6"] or match["name"].removesuffix(".")) if match else None
