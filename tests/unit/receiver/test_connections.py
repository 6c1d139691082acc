"""How many connections there may be, how long a client may be slow, and who has to make room."""

from __future__ import annotations

import asyncio
import gc
import io
from contextlib import suppress
from unittest.mock import AsyncMock, Mock

import aiohttp
import pytest
from aiohttp import web
from tests.support.clock import FakeClock, settle, until
from tests.support.wire import Wire, payload, request_bytes

from afterclick.observe.metrics import Metrics
from afterclick.receiver.connections import LOOK_EVERY, BoundedServer
from afterclick.receiver.limits import Limits

from .conftest import Receiver, Start, logged

PATIENCE = Limits().body_timeout
MUCH = 30_000_000
HEAD = b"POST /webhooks/tolinku HTTP/1.1\r\nHost: a\r\n"


def cuts(receiver: Receiver, why: str, face: str = "public") -> float:
    """Return how many connections were ended for a reason."""
    labels = {"face": face, "why": why}
    return receiver.metrics.registry.get_sample_value("afterclick_connections_cut_total", labels) or 0.0


def open_now(receiver: Receiver, face: str = "public") -> float:
    """Return how many connections there are."""
    name = "afterclick_open_connections"
    return receiver.metrics.registry.get_sample_value(name, {"face": face}) or 0.0


async def opened(receiver: Receiver, data: bytes = b"") -> Wire:
    """Open a connection, send something, and return when the receiver has it."""
    before = open_now(receiver)
    wire = await receiver.wire()
    await until(lambda: open_now(receiver) > before)
    await wire.send(data)
    return wire


async def proven(receiver: Receiver, token: str) -> Wire:
    """Open a connection that has delivered something."""
    wire = await receiver.wire()
    await wire.send(request_bytes(payload(token=token)))
    assert (await wire.answer()).status == 200
    return wire


async def answers(wire: Wire, token: str) -> bool:
    """Tell whether a connection still serves."""
    await wire.send(request_bytes(payload(token=token)))
    return (await wire.answer()).status == 200


# Slow clients


async def test_head_that_comes_too_slowly_is_cut(receiver: Receiver, clock: FakeClock) -> None:
    wire = await opened(receiver)
    await clock.advance(PATIENCE)
    for byte in (HEAD[:1], HEAD[1:2], HEAD[2:3]):
        await wire.send(byte)
        # What was sent on loopback is there to be read at once.
        await settle()
        await clock.advance(PATIENCE / 2)

    assert await wire.closed()
    assert cuts(receiver, "slow_head") == 1


async def test_silent_connection_is_left_to_its_idle_time(receiver: Receiver, clock: FakeClock) -> None:
    wire = await opened(receiver)
    await clock.advance(2 * PATIENCE)

    assert await answers(wire, "late")


async def test_connection_between_requests_may_be_silent(receiver: Receiver, clock: FakeClock) -> None:
    wire = await proven(receiver, "a")
    await clock.advance(2 * PATIENCE)

    assert await answers(wire, "b")


async def test_slow_body_is_no_slow_head(receiver: Receiver, clock: FakeClock) -> None:
    """A body has a deadline of its own, and is told what was wrong."""
    data = request_bytes(payload(token="slow"))
    wire = await opened(receiver)
    for piece in (data[:-20], data[-20:-10], data[-10:]):
        await clock.advance(PATIENCE)
        await wire.send(piece)
        await settle()

    assert (await wire.answer()).status == 200
    await clock.advance(2 * PATIENCE)
    assert await answers(wire, "next")


async def test_client_that_reads_no_answers_is_cut(start: Start) -> None:
    """What it does not read would be kept for it, without end."""

    async def much(request: web.BaseRequest) -> web.Response:
        return web.Response(body=b"x" * 100_000)

    receiver = await start(further={"/much": much})
    wire = await opened(receiver)
    # Full buffers of ours stop the client's reading of the system's.
    wire.pause()
    with suppress(ConnectionError):
        while not cuts(receiver, "unread"):
            await wire.send(request_bytes(path="/much"))
            await settle()

    await until(lambda: open_now(receiver) == 0)


async def much(request: web.Request) -> web.Response:
    """Answer with more than all buffers on the way take."""
    return web.Response(body=b"x" * MUCH)


def api() -> web.Application:
    """Return an admin API whose answers are long."""
    app = web.Application()
    app.router.add_get("/much", much)
    return app


async def test_long_answers_of_the_admin_port_may_be_read_slowly(start: Start, clock: FakeClock) -> None:
    receiver = await start(api=api())
    reader, writer = await asyncio.open_connection("127.0.0.1", receiver.serving.ports().admin, limit=1024)
    for _ in range(2):
        writer.write(b"GET /api/much HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await clock.advance(8)
        await reader.readexactly(MUCH)
    await clock.advance(12)

    assert cuts(receiver, "unread", "admin") == 0
    writer.close()


@pytest.mark.parametrize("then", ["keep-alive", "close"])
async def test_long_answer_that_nobody_reads_is_cut(start: Start, clock: FakeClock, then: str) -> None:
    receiver = await start(api=api())
    reader, writer = await asyncio.open_connection("127.0.0.1", receiver.serving.ports().admin, limit=1024)
    writer.write(f"GET /api/much HTTP/1.1\r\nHost: localhost\r\nConnection: {then}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    await clock.advance(12)

    assert cuts(receiver, "unread", "admin") == 1
    await until(lambda: open_now(receiver, "admin") == 0)
    writer.close()


async def test_connection_does_not_close_for_ever(clock: FakeClock) -> None:
    """One that was told to close waits until the client has read the last of what was written."""
    metrics = Metrics()
    server = BoundedServer(AsyncMock(), Limits(), clock, metrics, face="public")
    transport = Mock(is_closing=lambda: True)
    server().connection_made(transport)
    watch = asyncio.create_task(server.watch())
    await clock.advance(LOOK_EVERY)
    assert not transport.abort.called
    await clock.advance(LOOK_EVERY)

    assert transport.abort.called
    watch.cancel()


async def test_connection_that_is_gone_at_once_fails_nothing(clock: FakeClock) -> None:
    """It is lost before its task has begun."""
    failures: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: failures.append(context))
    server = BoundedServer(AsyncMock(), Limits(), clock, Metrics(), face="public")
    connection = server()
    connection.connection_made(Mock(is_closing=lambda: False))
    connection.connection_lost(None)
    await settle()
    del connection
    gc.collect()

    assert failures == []


# Room


async def test_newcomer_takes_the_place_of_the_oldest_stranger(start: Start) -> None:
    receiver = await start(limits={"max_connections": 2})
    oldest = await opened(receiver, HEAD)
    younger = await opened(receiver, HEAD)

    assert await receiver.deliver(payload(token="a")) == 200
    assert await oldest.closed()
    assert cuts(receiver, "full") == 1
    await younger.send(b"Content-Length: 0\r\n\r\n")
    assert (await younger.answer()).status == 401


async def test_who_has_delivered_goes_after_all_who_have_not(start: Start) -> None:
    receiver = await start(limits={"max_connections": 3})
    one, two = await proven(receiver, "a"), await proven(receiver, "b")
    for _ in range(5):
        stranger = await receiver.wire()
        await stranger.send(HEAD)
    await until(lambda: cuts(receiver, "full") == 4)

    assert await answers(one, "c")
    assert await answers(two, "d")


async def test_idle_senders_make_room_for_new_ones(start: Start) -> None:
    """A sender that opens a connection for each delivery and closes none must not lock itself out."""
    receiver = await start(limits={"max_connections": 2})
    first, second = await proven(receiver, "a"), await proven(receiver, "b")
    assert await answers(first, "c")

    assert await receiver.deliver(payload(token="d")) == 200
    assert await second.closed()
    assert await answers(first, "e")


async def test_nobody_is_cut_whose_request_has_come(start: Start, log: io.StringIO) -> None:
    receiver = await start(limits={"max_connections": 2})
    receiver.ledger.gate = asyncio.Event()
    held = [await opened(receiver, request_bytes(payload(token=str(number)))) for number in range(2)]
    await until(lambda: receiver.ledger.waiting == 2)
    for _ in range(3):
        refused = await receiver.wire()
        answer = await refused.answer()
        assert (answer.status, "retry-after" in answer.headers) == (503, True)
        assert await refused.closed()
    receiver.ledger.gate.set()

    assert [(await wire.answer()).status for wire in held] == [200, 200]
    assert cuts(receiver, "turned_away") == 3
    assert len([line for line in logged(log) if line["event"] == "connections-full"]) == 1


async def test_each_time_that_it_is_full_is_told(start: Start, log: io.StringIO) -> None:
    receiver = await start(limits={"max_connections": 1})
    for _ in range(2):
        first, second = await opened(receiver), await receiver.wire()
        assert await first.closed()
        await second.close()
        await until(lambda: open_now(receiver) == 0)

    assert len([line for line in logged(log) if line["event"] == "connections-full"]) == 2


async def test_admin_port_has_room_too(start: Start, http: aiohttp.ClientSession) -> None:
    receiver = await start()
    port = receiver.serving.ports().admin
    idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(70)]
    async with http.get(f"http://127.0.0.1:{port}/healthz/live") as answer:
        assert answer.status == 200
    assert open_now(receiver, "admin") <= 64
    for _, writer in idle:
        writer.close()


async def test_head_may_be_slow_on_the_admin_port_no_longer(start: Start, clock: FakeClock) -> None:
    receiver = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", receiver.serving.ports().admin)
    writer.write(b"GET /me")
    await settle()
    await clock.advance(PATIENCE + 1)

    assert await reader.read() == b""
    writer.close()
