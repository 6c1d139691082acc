"""What every emulator offers besides its CRM's API: pages for people and `/_sandbox/` for tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol

import msgspec
from aiohttp import web

from afterclick.clock import Clock
from afterclick.sandbox import page
from afterclick.sandbox.faults import Faults
from afterclick.sandbox.orders import FaultOrder
from afterclick.sandbox.people import Person
from afterclick.sandbox.presets import PRESETS
from afterclick.sandbox.store import UniqueClash
from afterclick.sandbox.traffic import CallLog
from afterclick.sandbox.views import RecordView

PAGE_HEADERS = {
    # A page holds what strangers typed into a CRM: nothing in it may run or be fetched.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
    "Cache-Control": "no-store",
}


class Inspected(Protocol):
    """What these routes need of an emulator."""

    clock: Clock
    faults: Faults
    calls: CallLog

    @property
    def title(self) -> str: ...
    @property
    def record_path(self) -> str: ...
    @property
    def columns(self) -> tuple[tuple[str, str], ...]: ...
    def records(self, limit: int | None = None) -> list[dict[str, Any]]: ...
    def view(self, record_id: str) -> RecordView | None: ...
    def type_in(self, person: Person) -> str: ...
    def counts(self) -> dict[str, Any]: ...
    def reset(self) -> None: ...


def add_control_routes(app: web.Application, emulator: Inspected) -> None:
    """Add the pages and `/_sandbox/` to `app`."""
    routes: list[tuple[str, str, Callable[[Inspected, web.Request], Awaitable[web.Response]]]] = [
        ("GET", "/", _table),
        ("GET", emulator.record_path, _record),
        ("GET", "/_sandbox/records", _records),
        ("POST", "/_sandbox/records", _type_in),
        ("GET", "/_sandbox/calls", _calls),
        ("GET", "/_sandbox/faults", _faults),
        ("POST", "/_sandbox/faults", _add_faults),
        ("DELETE", "/_sandbox/faults", _clear_faults),
        ("POST", "/_sandbox/reset", _reset),
    ]
    for method, path, handler in routes:
        app.router.add_route(method, path, partial(handler, emulator))


async def _table(emulator: Inspected, request: web.Request) -> web.Response:
    records = emulator.records(page.MAX_ROWS)
    html = page.table(
        emulator.title,
        emulator.columns,
        records,
        emulator.calls.total,
        path=emulator.record_path,
        now=emulator.clock.now(),
        refresh=request.query.get("refresh") != "off",
    )
    return web.Response(text=html, content_type="text/html", headers=PAGE_HEADERS)


async def _record(emulator: Inspected, request: web.Request) -> web.Response:
    view = emulator.view(request.match_info["id"])
    html = page.missing(emulator.title) if view is None else page.record(emulator.title, view)
    status = 404 if view is None else 200
    return web.Response(status=status, text=html, content_type="text/html", headers=PAGE_HEADERS)


async def _records(emulator: Inspected, request: web.Request) -> web.Response:
    try:
        limit = int(request.query["limit"]) if "limit" in request.query else None
    except ValueError:
        return _json({"error": "limit must be a whole number"}, 400)
    return _json(emulator.records(limit))


async def _type_in(emulator: Inspected, request: web.Request) -> web.Response:
    try:
        person = msgspec.json.decode(await request.read(), type=Person)
        return _json({"id": emulator.type_in(person)}, 201)
    except UniqueClash as clash:
        return _json({"error": str(clash)}, 409)
    except ValueError as error:
        return _json({"error": str(error)}, 400)


async def _calls(emulator: Inspected, request: web.Request) -> web.Response:
    return _json({**emulator.counts(), "newest": emulator.calls.newest()})


async def _faults(emulator: Inspected, request: web.Request) -> web.Response:
    faults = emulator.faults
    presets = {name: preset.summary for name, preset in PRESETS.items()}
    return _json({"rules": faults.describe(), "seed": faults.seed, "presets": presets})


async def _add_faults(emulator: Inspected, request: web.Request) -> web.Response:
    try:
        order = msgspec.json.decode(await request.read(), type=FaultOrder)
        emulator.faults.add(*order.all(), seed=order.seed)
    except ValueError as error:
        return _json({"error": str(error)}, 400)
    return await _faults(emulator, request)


async def _clear_faults(emulator: Inspected, request: web.Request) -> web.Response:
    emulator.faults.clear()
    return await _faults(emulator, request)


async def _reset(emulator: Inspected, request: web.Request) -> web.Response:
    emulator.reset()
    return _json(emulator.counts())


def _json(body: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")
