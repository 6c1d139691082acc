"""Where nothing may be written: looking works to the end, and no write reaches HubSpot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from afterclick.plugin import Change, Match, NoMatch, WriteRefused
from afterclick.testing import ReadOnlyGate
from afterclick_hubspot import plugin

from .emulated import VALUES, Account, account
from .support import EVENT, lead


@asynccontextmanager
async def looking(**options: Any) -> AsyncIterator[Account]:
    """Open an account with one contact of ours, and shut the gate."""
    gate = ReadOnlyGate()
    async with account(gate=gate, **options) as a:
        await a.create(lead(values=VALUES))
        gate.shut = True
        a.hub.calls.clear()
        yield a


async def test_connecting_matching_checking_and_planning_are_reads() -> None:
    async with looking() as a:
        a.ctx.client = await plugin.connect(a.ctx)
        known, new = await a.match(lead(), lead(keys=[EVENT]))
        (again,) = await a.match(lead(record_id=known.record.id))

        assert isinstance(known, Match)
        assert isinstance(again, Match)
        assert isinstance(new, NoMatch)
        assert list(await plugin.check(a.ctx)) == []
        assert not (await plugin.provision(False, a.ctx)).missing


async def test_a_key_that_hubspot_lets_read_only_is_enough_to_look() -> None:
    async with looking(read_only_token="pat-reads") as a:
        a.ctx.settings = msgspec.structs.replace(a.ctx.settings, access_token="pat-reads")
        a.ctx.client = await plugin.connect(a.ctx)

        assert isinstance((await a.match(lead()))[0], Match)


async def _create(a: Account) -> None:
    await a.create(lead("lead-2", keys=[EVENT], values={**VALUES, "deep_link_key": EVENT}))


async def _enrich(a: Account) -> None:
    (found,) = await a.match(lead())
    await plugin.enrich([Change(lead=lead(), record=found.record, fields={"lastname": "King"})], a.ctx)


async def _provision(a: Account) -> None:
    a.hub.portal.schema.archive("deep_link_token", a.hub.portal.now())
    await plugin.provision(True, a.ctx)


@pytest.mark.parametrize("write", [_create, _enrich, _provision])
async def test_a_write_is_refused_and_never_arrives(write: Callable[[Account], Awaitable[None]]) -> None:
    async with looking() as a:
        before = a.hub.records()
        with pytest.raises(WriteRefused):
            await write(a)

        assert a.hub.records() == before
        assert not [route for route in a.hub.counts()["routes"] if "read" not in route and "POST" in route]
