"""The admin port: metrics and health for everybody who reaches it, and the API, which guards itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from aiohttp import web

from afterclick.errors import LedgerError
from afterclick.observe.metrics import Metrics

API = "/api/"
READY_WITHIN = 2.0
"""Seconds after which a ledger that does not answer counts as not ready."""

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def admin_app(
    *,
    metrics: Metrics,
    ready: Callable[[], Awaitable[bool]],
    refresh: Callable[[], Awaitable[None]] | None = None,
    api: web.Application | None = None,
) -> web.Application:
    """Return the application of the admin port.

    `ready` tells whether a delivery could be stored now. `refresh` is called before metrics are shown, to
    bring gauges up to date. `api` answers everything under `/api/`.
    """

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

    app = web.Application()
    app.router.add_get("/metrics", show_metrics)
    app.router.add_get("/healthz/live", live)
    app.router.add_get("/healthz/ready", is_ready)
    if api is not None:
        app.add_subapp(API, api)
    return app


async def _within(ready: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await ready()
    except (TimeoutError, LedgerError):
        return False
