"""The base of every CRM emulator: one way for all calls, from the socket to the handler and back."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from afterclick.clock import Clock, SystemClock
from afterclick.sandbox.control import add_control_routes
from afterclick.sandbox.faults import Cut, Faults, Rule
from afterclick.sandbox.people import Person
from afterclick.sandbox.traffic import Answer, Call, CallLog, LoggedCall, Refused, Route
from afterclick.sandbox.views import RecordView

MAX_BODY = 32 * 1024 * 1024
_encode = msgspec.json.Encoder().encode


class Emulator(ABC):
    """One CRM account, held in memory.

    A subclass says what the CRM answers (`routes`, `admit`, `refuse`) and what people see (`records`,
    `view`). It holds no thread and no task; run it with `serve`. `seed` makes faults repeatable, and
    everything random of the emulator's own.
    """

    name: ClassVar[str]
    """The plugin's name: `hubspot`."""
    title: ClassVar[str]
    """What people call the CRM: `HubSpot`."""
    reasons: ClassVar[Mapping[int, Collection[str]]] = {}
    """The words that `refuse` knows for a status; a status that is not here takes any."""

    def __init__(self, *, clock: Clock | None = None, seed: int = 0, faults: Iterable[Rule] = ()) -> None:
        self.clock = clock or SystemClock()
        self.faults = Faults(self.clock, self.refuse, seed, faults, reasons=self.reasons)
        self.calls = CallLog()
        self.base_url = ""

    @property
    @abstractmethod
    def record_path(self) -> str:
        """Return the path of the CRM's own page of a record, with `{id}`; the emulator's lies there too."""

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Return which properties the table of records shows: (name, heading)."""
        return ()

    @abstractmethod
    def routes(self) -> Iterable[Route]:
        """Return the CRM's endpoints."""

    @abstractmethod
    def settings(self) -> dict[str, str]:
        """Return the plugin settings that open this account, `base_url` included once it runs."""

    @abstractmethod
    def refuse(self, status: int, reason: str = "") -> Answer:
        """Return the CRM's own error answer for `status`; `reason` chooses between several."""

    @abstractmethod
    def records(self, limit: int | None = None) -> list[dict[str, Any]]:
        """Return what the account holds, the record changed last first, in a form that JSON can hold.

        Each has `id`, `kind`, `title`, `subtitle`, `badge` (its stage, for people), `url`, `origin` (who
        made it), `created_at` and `updated_at` (milliseconds since 1970) and `properties` by the CRM's
        own names.
        """

    @abstractmethod
    def view(self, record_id: str) -> RecordView | None:
        """Return the page of one record, or None."""

    @abstractmethod
    def type_in(self, person: Person) -> str:
        """Let the sales team type in a person; return the record's id.

        Raises:
            ValueError: the CRM does not take it.
            afterclick.sandbox.UniqueClash: another record has a value that must be unique.

        """

    @abstractmethod
    def clear(self) -> None:
        """Go back to the starting data and full limits."""

    def admit(self, call: Call) -> Answer | None:
        """Check credentials and limits; return an answer to refuse the call."""
        return None

    def finish(self, call: Call, answer: Answer) -> Answer:
        """Return `answer` with what every answer of the CRM carries, such as rate-limit headers."""
        return answer

    def violations(self) -> dict[str, int]:
        """Return how often each limit was exceeded."""
        return {}

    def counts(self) -> dict[str, Any]:
        """Return `total` and `open` calls, `routes` (by route and status) and `violations` (by limit)."""
        return {
            "total": self.calls.total,
            "open": self.calls.open,
            "routes": self.calls.by_route(),
            "violations": self.violations(),
        }

    def reset(self) -> None:
        """Start again: data, limits, faults and counts."""
        self.clear()
        self.faults.reset()
        self.calls.clear()

    def record_url(self, record_id: str) -> str:
        """Return the address of a record's page, which opens while the emulator runs."""
        return self.base_url + self.record_path.format(id=record_id)

    def application(self) -> web.Application:
        """Return a new application with the CRM's endpoints, `/_sandbox/` and the pages for people."""
        app = web.Application(client_max_size=MAX_BODY)
        add_control_routes(app, self)
        for route in self.routes():
            app.router.add_route(route.method, route.path, self._entry(route))
        unknown = Route("*", "/{tail:.*}", self._unknown, label="unknown")
        app.router.add_route("*", unknown.path, self._entry(unknown))
        return app

    def _unknown(self, call: Call) -> Answer:
        return self.refuse(404)

    def _entry(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        return partial(self._serve, route, route.label or f"{route.method} {route.path}")

    async def _serve(self, route: Route, label: str, request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        call = Call(
            method=request.method,
            path=request.path,
            query=request.query,
            headers=request.headers,
            body=await request.read(),
            params={**route.params, **request.match_info},
            target=request.raw_path,
        )
        self.calls.open += 1
        try:
            answer = await self.faults.before(call) or self._answer(route, call)
            answer = await self.faults.after(call, answer)
        except Cut as cut:
            self._note(label, call, 0, started)
            return await _cut(request, cut.answer and self.finish(call, cut.answer))
        finally:
            self.calls.open -= 1
        answer = self.finish(call, answer)
        self._note(label, call, answer.status, started)
        return _response(answer)

    def _answer(self, route: Route, call: Call) -> Answer:
        try:
            return self.admit(call) or route.handler(call)
        except Refused as refused:
            return refused.answer

    def _note(self, label: str, call: Call, status: int, started: float) -> None:
        took = round((time.perf_counter() - started) * 1000, 3)
        self.calls.note(
            label, LoggedCall(self.clock.now(), call.method, call.path, status, call.inputs, took)
        )


async def _cut(request: web.Request, answer: Answer | None) -> web.StreamResponse:
    """Drop the connection: at once with a reset, or after half of an answer.

    What is returned is for the server only.
    """
    if request.transport is None:
        return web.Response()
    if answer is None:
        request.transport.abort()
        return web.Response()
    whole = _response(answer)
    body = whole.body if isinstance(whole.body, bytes) else b""
    half = web.StreamResponse(status=whole.status, headers=whole.headers)
    half.content_length = len(body) + 1
    # The client may have gone by itself meanwhile.
    with suppress(ConnectionResetError):
        await half.prepare(request)
        await half.write(body[: len(body) // 2])
    request.transport.close()
    return half


def _response(answer: Answer) -> web.Response:
    if isinstance(answer.body, bytes):
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
    if answer.body is None:
        return web.Response(status=answer.status, headers=answer.headers)
    headers = {"Content-Type": "application/json;charset=utf-8", **answer.headers}
    return web.Response(status=answer.status, body=_encode(answer.body), headers=headers)
