"""Clients that hang, each in its own way, and a port that has room for few: senders get through."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.requests import Thrown, fresh_body, right_ones, wrong
from tests.fuzz.world import World, world
from tests.support.clock import settle
from tests.support.strategies import fewer
from tests.support.wire import request_bytes

ROOM = 6


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a service with room for few connections."""
    room = {"AFTERCLICK_SERVER__MAX_CONNECTIONS": str(ROOM)}
    with world(tmp_path_factory.mktemp("world"), more=room) as made:
        yield made


@fewer(3)
@given(st.lists(wrong() | right_ones(), min_size=1, max_size=2 * ROOM))
def test_clients_that_hang_keep_nobody_out(narrow: World, crowd: list[Thrown]) -> None:
    async def example() -> None:
        hanging = []
        for thrown in crowd:
            wire = await narrow.wire()
            hanging.append(wire)
            # No end, nobody who reads, and no farewell.
            wire.pause()
            wire.writer.write(b"".join(thrown.pieces)[: -1 - len(hanging)])
            await settle(4)
        probes = [fresh_body() for _ in range(3)]
        for probe in probes:
            # While everybody's request is being stored nobody goes, and the sender comes back.
            while (status := await delivered(narrow, probe)) == 503:
                await settle()
            assert status == 200
        for wire in hanging:
            wire.writer.transport.abort()
        await narrow.stored(*(body for thrown in crowd for body in thrown.signed), *probes)

    narrow.run(example())


async def delivered(narrow: World, body: bytes) -> int:
    """Deliver over a connection of its own and return the status."""
    sender = await narrow.wire()
    await sender.send(request_bytes(body))
    status = (await sender.answer()).status
    await sender.close()
    return status
