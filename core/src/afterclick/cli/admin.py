"""Asking a running service, over its admin port: commands that change something do it this way.

Exactly one process writes to a ledger. A command never does, not even where no service runs: then it
would hold the ledger's lock for a moment, and a service that starts in that moment would be refused.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
import typer

from afterclick.config.load import load
from afterclick.config.model import Server
from afterclick.errors import AfterclickError

AdminUrl = Annotated[
    str | None,
    typer.Option(
        "--admin", help="The service's admin port, as a URL; default: the one that the configuration names."
    ),
]

PATIENCE = 60.0
"""Seconds that an answer may take."""

_TIMEOUT = aiohttp.ClientTimeout(total=PATIENCE)
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - only compared


class Admin:
    """A running service. Every method raises `AfterclickError` with what the service says is wrong."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str | None) -> None:
        self._http = http
        self.url = url.rstrip("/")
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """Read something."""
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, wish: Mapping[str, Any], *, patience: float = PATIENCE) -> Any:
        """Ask for something, and wait so many seconds for it."""
        timeout = aiohttp.ClientTimeout(total=patience)
        return await self._ask("POST", path, json=wish, timeout=timeout)

    async def delete(self, path: str) -> Any:
        """End something."""
        return await self._ask("DELETE", path)

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        try:
            async with self._http.request(
                method, f"{self.url}/api/{path}", headers=self._headers, **{"timeout": _TIMEOUT, **options}
            ) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, TimeoutError, ValueError) as failure:
            raise AfterclickError(
                f"no service answers at {self.url} ({type(failure).__name__})",
                hint="Start it with `afterclick serve`, or name its admin port with --admin.",
            ) from failure
        return _understood(answer.status, body, self.url)


def _understood(status: int, body: bytes, url: str) -> Any:
    try:
        said = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError) as failure:
        raise AfterclickError(
            f"what answers at {url} is no Afterclick of this version (status {status})",
            hint="Name the admin port of the service with --admin; it is not the port of webhooks.",
        ) from failure
    if status >= 400:
        error = said.get("error", {}) if isinstance(said, dict) else {}
        raise AfterclickError(
            error.get("message", f"the service answers {status}"), hint=error.get("hint", "")
        )
    return said


def admin_url(server: Server) -> str:
    """Return where a service of this configuration has its admin port.

    Raises:
        AfterclickError: the configuration leaves the port to chance.

    """
    if server.admin_port == 0:
        raise AfterclickError(
            "server.admin_port is 0, so only the service knows its port",
            hint="Its log says `listening … face=admin`; name it with --admin http://127.0.0.1:PORT.",
        )
    host = _EVERYWHERE.get(server.admin_host, server.admin_host)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http://{host}:{server.admin_port}"


@asynccontextmanager
async def administering(config: str | None, url: str | None) -> AsyncIterator[Admin]:
    """Open the way to the running service."""
    server = load(config, os.environ).server
    if url is not None and urlsplit(url).scheme not in ("http", "https"):
        raise typer.BadParameter(f"{url!r} is no URL like http://127.0.0.1:9090")
    token = None if server.admin_token is None else server.admin_token.reveal()
    async with aiohttp.ClientSession() as http:
        yield Admin(http, url or admin_url(server), token)
