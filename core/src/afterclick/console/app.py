"""The admin API: which route is answered by what. `core/docs/admin-api.md` describes each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from afterclick.config.secrets import Secret
from afterclick.console.access import guard
from afterclick.console.adopting import Adoptions
from afterclick.console.adoption import AdoptionWish
from afterclick.console.answers import asked, in_one_shape, said
from afterclick.console.grouping import grouped
from afterclick.console.operating import Operator, Wish
from afterclick.console.status import Watch
from afterclick.errors import RequestError

MOST_ROWS = 1000
"""The most rows that one answer holds."""

Handler = Callable[[web.Request], Awaitable[web.Response]]


def console_app(
    watch: Watch, operator: Operator, adoptions: Adoptions, *, token: Secret | None = None
) -> web.Application:
    """Return the application that answers everything under `/api/`."""

    async def set_aside(request: web.Request) -> web.Response:
        named = request.query.get("connection")
        known = [row.name for row in await watch.ledger.connections()]
        return said(await grouped(watch.ledger.set_aside, known if named is None else [named]))

    async def count(request: web.Request) -> web.Response:
        return said(await operator.count(await asked(request, Wish)))

    async def begin(request: web.Request) -> web.Response:
        return said(await operator.begin(await asked(request, Wish)), 202)

    async def adopt(request: web.Request) -> web.Response:
        wish = await asked(request, AdoptionWish)
        await operator.must_run(wish.connection)
        return said(await adoptions.adopt(wish))

    app = web.Application(middlewares=[in_one_shape, guard(token)])
    for method, path, handler in (
        ("GET", "/status", _answering(watch.status)),
        ("GET", "/findings", _listing(watch.ledger.findings)),
        ("GET", "/set-aside", set_aside),
        ("GET", "/operations", _listing(operator.listed)),
        ("POST", "/operations", begin),
        ("POST", "/operations/count", count),
        ("POST", "/adoptions", adopt),
        ("GET", r"/operations/{id:\d{1,15}}", _about_one(operator.find)),
        ("DELETE", r"/operations/{id:\d{1,15}}", _about_one(operator.cancel)),
    ):
        app.router.add_route(method, path, handler)
    return app


def _answering(read: Callable[[], Awaitable[Any]]) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return said(await read())

    return handler


def _listing(read: Callable[..., Awaitable[Any]]) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return said(await read(limit=limit_of(request)))

    return handler


def _about_one(work: Callable[[int], Awaitable[Any]]) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return said(await work(int(request.match_info["id"])))

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
