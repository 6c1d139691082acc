"""Where nothing may be written: looking works to the end, and no write reaches Pipedrive."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from afterclick.plugin import Absorption, Match, NoMatch, Record, WriteRefused
from afterclick.testing import ReadOnlyGate
from afterclick_pipedrive import plugin

from .emulated import Account, account, change
from .support import EVENT, USER, lead


@asynccontextmanager
async def looking(**options: Any) -> AsyncIterator[Account]:
    """Open an account with one person of ours, and shut the gate."""
    gate = ReadOnlyGate()
    async with account(gate=gate, **options) as a:
        await a.create(lead(values={"name": "x"}))
        a.crm.add_person("Ada L", email="ada@example.com")
        gate.shut = True
        a.reports.clear()
        yield a


async def known(a: Account) -> Record:
    (found,) = await a.match(lead())
    assert isinstance(found, Match)
    return found.record


@pytest.mark.parametrize("search", ["auto", "always"])
@pytest.mark.parametrize("oauth", [False, True], ids=["token", "app"])
async def test_connecting_matching_checking_and_planning_are_reads(search: str, oauth: bool) -> None:
    deals = {"deals": "deal", "deal_events": ["conversion"]}
    async with looking(oauth=oauth, settings={"search": search, **deals}) as a:
        before = a.crm.records()
        a.clock.move(7200)
        a.ctx.client = await plugin.connect(a.ctx)
        (record,) = [row for row in before if row["title"] == "x"]
        again, typed, new, unsure = await a.match(
            lead("lead-1", record_id=str(record["id"])),
            lead("lead-2", [EVENT], emails=("ada@example.com",)),
            lead("lead-3", ["user:" + "9" * 32]),
            lead("lead-4", ["user:" + "8" * 32], uncertain_since=a.clock.now() - 60_000),
        )

        assert isinstance(again, Match)
        assert isinstance(typed, Match)
        assert isinstance(new, NoMatch)
        assert unsure.after == 30.0
        assert {found.level for found in await plugin.check(a.ctx)} <= {"info"}
        assert not (await plugin.provision(False, a.ctx)).missing
        assert a.crm.records() == before


async def _create(a: Account) -> None:
    await a.create(lead("lead-2", [EVENT], {"name": "y"}))


async def _enrich(a: Account) -> None:
    record = await known(a)
    await a.enrich(change(lead(record_id=record.id), record, {"Deep link campaign": "may"}))


async def _absorb(a: Account) -> None:
    record = await known(a)
    survivor = Record(kind="person", id="1", key=USER)
    one = Absorption(lead=lead(), survivor=survivor, double=record, created_by_us=True)
    await plugin.absorb([one], a.ctx)


async def _retire(a: Account) -> None:
    await plugin.retire([await known(a)], a.ctx)


async def _erase(a: Account) -> None:
    await plugin.erase([await known(a)], a.ctx)


async def _provision(a: Account) -> None:
    a.ctx.settings = type(a.ctx.settings)(api_token=a.ctx.settings.api_token, deals="deal")
    await plugin.provision(True, a.ctx)


@pytest.mark.parametrize("write", [_create, _enrich, _absorb, _retire, _erase, _provision])
async def test_a_write_is_refused_and_never_arrives(write: Callable[[Account], Awaitable[None]]) -> None:
    async with looking(settings={"search": "always"}) as a:
        before = a.crm.records()
        with pytest.raises(WriteRefused):
            await write(a)

        assert a.crm.records() == before
        assert {report.method for report in a.reports} <= {"GET"}
