"""What leaves for a CRM where nothing may be written, over a socket: reads, and what is declared as one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
import pytest
from aiohttp import web
from tests.support.clock import FakeClock

from afterclick.host.gates import Taken, anything, gate_of, read_only
from afterclick.plugin import CallFailed, Http, LaneStop, WriteRefused
from afterclick.plugin.http import CallReport, Gate


class Pacer:
    """Counts what is drawn from the limits."""

    def __init__(self) -> None:
        self.drawn = 0

    async def acquire(self, costs: Mapping[str, float], deadline: float | None) -> tuple[float, str]:
        self.drawn += 1
        return 0.0, ""

    def learn(self, *_: Any, **__: Any) -> None:
        return


class Line(NamedTuple):
    """A connection to a server of this machine, and what reached it."""

    http: Http
    seen: list[str]
    pacer: Pacer
    reports: list[CallReport]


@asynccontextmanager
async def line(gate: Gate | None, clock: FakeClock) -> AsyncIterator[Line]:
    seen: list[str] = []

    async def serve(request: web.BaseRequest) -> web.Response:
        seen.append(request.method)
        return web.Response(body=b"{}")

    runner = web.ServerRunner(web.Server(serve), shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    pacer, reports = Pacer(), list[CallReport]()
    try:
        async with aiohttp.ClientSession() as session:
            base_url = "http://{}:{}/api".format(*runner.addresses[0][:2])
            http = Http(
                session,
                connection="acme",
                base_url=base_url,
                pacer=pacer,
                clock=clock,
                report=reports.append,
                gate=gate,
            )
            yield Line(http, seen, pacer, reports)
    finally:
        await runner.cleanup()


READS = [("GET", None), ("HEAD", None), ("get", None), ("POST", True), ("DELETE", True)]
WRITES = [("POST", None), ("PUT", None), ("PATCH", None), ("DELETE", None), ("QUERY", None), ("GET", False)]


@pytest.mark.parametrize(("method", "reads"), READS)
@pytest.mark.parametrize("gate", [read_only, Taken()], ids=["read only", "taken"])
async def test_a_read_leaves(clock: FakeClock, gate: Gate, method: str, reads: bool | None) -> None:
    async with line(gate, clock) as acme:
        answer = await acme.http.request(method, "/contacts", reads=reads)

        assert answer.ok
        assert acme.seen == [method.upper()]


@pytest.mark.parametrize(("method", "reads"), WRITES)
async def test_what_is_not_declared_as_a_read_does_not_leave(
    clock: FakeClock, method: str, reads: bool | None
) -> None:
    async with line(read_only, clock) as acme:
        with pytest.raises(WriteRefused) as raised:
            _ = await acme.http.request(method, "/contacts?token=secret", json={"a": 1}, reads=reads)

        assert isinstance(raised.value, LaneStop)
        assert f"{method} /api/contacts is not declared as a read" in raised.value.reason
        assert "secret" not in raised.value.reason
        assert (acme.seen, acme.pacer.drawn, acme.reports) == ([], 0, [])


@pytest.mark.parametrize(("method", "reads"), WRITES)
async def test_a_write_that_is_only_shown_is_taken_down_and_certainly_not_sent(
    clock: FakeClock, method: str, reads: bool | None
) -> None:
    gate = Taken()
    async with line(gate, clock) as acme:
        with pytest.raises(CallFailed) as raised:
            _ = await acme.http.request(
                method, "/contacts", json={"a": 1}, params={"x": "1"}, headers={"X-Y": "z"}, reads=reads
            )

        assert not raised.value.sent
        assert (acme.seen, acme.pacer.drawn) == ([], 0)
        (taken,) = gate.requests
        assert (taken.method, taken.url, taken.reads) == (method, acme.http.base_url + "/contacts", False)
        assert (taken.body, dict(taken.params)) == (b'{"a":1}', {"x": "1"})
        assert dict(taken.headers) == {"X-Y": "z", "Content-Type": "application/json"}


async def test_a_form_is_taken_down_as_one(clock: FakeClock) -> None:
    gate = Taken()
    async with line(gate, clock) as acme:
        await acme.http.request("POST", "/oauth/token", form={"grant_type": "refresh"}, reads=True)

        (taken,) = gate.requests
        assert (taken.form, taken.body) == ({"grant_type": "refresh"}, None)
        assert acme.seen == ["POST"]


@pytest.mark.parametrize("gate", [None, anything, gate_of("live")], ids=["none", "anything", "live"])
async def test_without_a_gate_everything_leaves(clock: FakeClock, gate: Gate | None) -> None:
    async with line(gate, clock) as acme:
        assert (await acme.http.request("DELETE", "/contacts/1")).ok


@pytest.mark.parametrize("mode", ["observe", "", "Live", "anything else"])
def test_only_a_connection_that_is_live_may_write(mode: str) -> None:
    assert gate_of(mode) is read_only
