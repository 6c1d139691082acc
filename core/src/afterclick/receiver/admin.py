"""The admin port: metrics and health for everybody who reaches it, the API for those who may.

Who comes from this machine may, and who has the token. "From this machine" is judged by the
connection and by the name that was asked for, so that neither a proxy here nor a page in a browser
here can lend its place to others.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from afterclick.config.addresses import is_loopback
from afterclick.config.secrets import Secret
from afterclick.errors import LedgerError
from afterclick.observe.metrics import Metrics

API = "/api/"
READY_WITHIN = 2.0
"""Seconds after which a ledger that does not answer counts as not ready."""

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")

Read = Callable[[], Awaitable[Any]]


def may_use_api(request: web.BaseRequest, token: Secret | None) -> bool:
    """Tell whether a request may use the admin API: by its bearer token, or from this machine."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token is not None:
        expected = token.reveal().encode()
        return hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), expected)
    return _is_from_here(request)


def _is_from_here(request: web.BaseRequest) -> bool:
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    if not peer or not is_loopback(str(peer[0])):
        return False
    if any(name in request.headers for name in _FORWARDED):
        return False
    # A page from elsewhere can make its own name point here; it cannot make a browser say "localhost".
    host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
    return is_loopback(_without_port(host)) and origin is None


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def admin_app(
    *,
    metrics: Metrics,
    ready: Callable[[], Awaitable[bool]],
    token: Secret | None = None,
    reads: Mapping[str, Read] | None = None,
    refresh: Callable[[], Awaitable[None]] | None = None,
) -> web.Application:
    """Return the application of the admin port.

    `ready` tells whether a delivery could be stored now. `reads` are what `GET /api/<name>` answers
    with, as JSON. `refresh` is called before metrics are shown, to bring gauges up to date.
    """

    @web.middleware
    async def guard(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path.startswith(API) and not may_use_api(request, token):
            return _json(
                {"error": "not allowed", "hint": "Send the admin token, or ask from this machine."}, 401
            )
        response: web.StreamResponse = await handler(request)
        return response

    async def show_metrics(request: web.Request) -> web.Response:
        if refresh is not None:
            with contextlib.suppress(LedgerError):
                # Old gauges say more than none, and a ledger that fails shows in the other metrics.
                await refresh()
        return web.Response(body=metrics.render(), headers={"Content-Type": _PROMETHEUS})

    async def live(request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def is_ready(request: web.Request) -> web.Response:
        if await _within(ready, READY_WITHIN):
            return web.Response(text="ok")
        return web.Response(status=503, text="nothing can be stored now")

    app = web.Application(middlewares=[guard])
    app.router.add_get("/metrics", show_metrics)
    app.router.add_get("/healthz/live", live)
    app.router.add_get("/healthz/ready", is_ready)
    for name, read in (reads or {}).items():
        app.router.add_get(API + name, _reading(read))
    return app


def _reading(read: Read) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        return _json(await read())

    return handler


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")


async def _within(ready: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await ready()
    except (TimeoutError, LedgerError):
        return False
