"""Bytes on a socket: right requests are taken in any form, wrong ones harm nobody."""

from __future__ import annotations

from hypothesis import given
from tests.fuzz.requests import Thrown, fresh_body, right_ones, wrong
from tests.fuzz.world import World
from tests.support.clock import settle
from tests.support.strategies import more


@given(right_ones())
def test_right_request_is_taken_in_any_form(service: World, thrown: Thrown) -> None:
    async def example() -> None:
        wire = await service.wire()
        for piece in thrown.pieces:
            await wire.send(piece)
            await settle(4)
        assert [(await wire.answer()).status for _ in thrown.signed] == [200] * len(thrown.signed)
        await wire.close()
        assert len(await service.stored(*thrown.signed)) == len(thrown.signed)

    service.run(example())


@more(2)
@given(wrong())
def test_wrong_request_harms_nobody(service: World, thrown: Thrown) -> None:
    async def example() -> None:
        answers = await service.throw(thrown.pieces)
        probe = fresh_body()
        assert await service.deliver(probe) == 200
        await service.stored(*thrown.signed, probe)
        assert [status for status in answers if status >= 500] == []

    service.run(example())
