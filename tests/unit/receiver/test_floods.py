"""Hundreds of slow clients, and none of them keeps a sender out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.support.clock import FakeClock, settle
from tests.support.wire import Wire, payload, request_bytes

from .conftest import Receiver, Start
from .test_connections import cuts, open_now

ROOM = 100
CROWD = 300
DELIVERIES = 20
ROUNDS = 4

HEAD = request_bytes(payload()).partition(b"\r\n\r\n")[0]
SLOW: dict[str, Callable[[int], bytes]] = {
    "silent": lambda number: b"",
    "slow head": lambda number: HEAD[: 1 + number % len(HEAD)],
    "slow body": lambda number: request_bytes(payload())[: -1 - number % 20],
    "slow chunks": lambda number: (
        request_bytes(headers={"Content-Length": "", "Transfer-Encoding": "chunked"})
        + b"5\r\nhello\r\n" * (number % 3)
    ),
    "endless headers": lambda number: HEAD + b"\r\nX-More: %d" % number,
    "asks first": lambda number: request_bytes(headers={"Expect": "100-continue", "Content-Length": "50"}),
}


async def crowd(receiver: Receiver, slow: Callable[[int], bytes], size: int = CROWD) -> list[Wire]:
    """Open many connections that send a little and then nothing."""
    wires = []
    for number in range(size):
        wire = await receiver.wire()
        wires.append(wire)
        await wire.send(slow(number))
    await settle()
    return wires


@pytest.mark.parametrize("slow", SLOW.values(), ids=SLOW)
async def test_slow_clients_keep_no_sender_out(start: Start, slow: Callable[[int], bytes]) -> None:
    receiver = await start(limits={"max_connections": ROOM})
    sender = await receiver.wire()
    await sender.send(request_bytes(payload(token="first")))
    assert (await sender.answer()).status == 200
    await crowd(receiver, slow)
    assert open_now(receiver) == ROOM

    for number in range(DELIVERIES):
        # Over the connection it has, and over a new one.
        await sender.send(request_bytes(payload(token=f"old {number}")))
        assert (await sender.answer()).status == 200
        assert await receiver.deliver(payload(token=f"new {number}")) == 200
    assert len(receiver.ledger.events) == 1 + 2 * DELIVERIES


async def test_flood_of_connections_keeps_no_sender_out(start: Start) -> None:
    """A stranger has time for a request until others have asked for all the room that senders leave."""
    receiver = await start(limits={"max_connections": ROOM})
    for number in range(ROUNDS):
        data = request_bytes(payload(token=str(number)))
        sender = await receiver.wire()
        await sender.send(data[:-20])
        await crowd(receiver, SLOW["slow head"], ROOM - ROUNDS)
        await sender.send(data[-20:])
        assert (await sender.answer()).status == 200

    assert open_now(receiver) == ROOM
    assert cuts(receiver, "full") > 2 * ROOM


async def test_slow_clients_go_in_the_end(start: Start, clock: FakeClock) -> None:
    receiver = await start(limits={"max_connections": ROOM})
    wires = await crowd(receiver, SLOW["slow head"])
    await clock.advance(20)

    assert [await wire.closed() for wire in wires] == [True] * CROWD
    assert open_now(receiver) == 0
    assert cuts(receiver, "slow_head") == ROOM
