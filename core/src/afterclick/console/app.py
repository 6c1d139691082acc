"""The admin API: which route is answered by what. `core/docs/admin-api.md` describes each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from afterclick.config.secrets import Secret
from afterclick.console.access import guard
from afterclick.console.answers import in_one_shape, said
from afterclick.console.status import Watch
from afterclick.errors import RequestError

MOST_ROWS = 1000
"""The most rows that one answer holds."""


def console_app(watch: Watch, *, token: Secret | None = None) -> web.Application:
    """Return the application that answers everything under `/api/`."""
    app = web.Application(middlewares=[in_one_shape, guard(token)])
    app.router.add_get("/status", _answering(watch.status))
    app.router.add_get("/findings", _listing(watch.ledger.findings))
    return app


def _answering(read: Callable[[], Awaitable[Any]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        return said(await read())

    return handler


def _listing(read: Callable[..., Awaitable[Any]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        return said(await read(limit=limit_of(request)))

    return handler


def limit_of(request: web.Request) -> int:
    """Return how many rows are asked for.

    Raises:
        RequestError: it is no number that makes sense.

    """
    text = request.query.get("limit", "100")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_ROWS:
        raise RequestError("`limit` is no number of rows", hint=f"Ask for 1 to {MOST_ROWS}.")
    return int(text)
