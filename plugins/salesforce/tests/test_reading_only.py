"""Where nothing may be written: looking works to the end, and no write reaches Salesforce."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from afterclick.plugin import Absorption, Change, Match, NoMatch, WriteRefused
from afterclick.testing import ReadOnlyGate
from afterclick_salesforce import plugin

from .emulated import STUB, Account, account
from .support import ADA, EVENT, USER, lead, named

OURS = lead(values=STUB)


@asynccontextmanager
async def looking(**options: Any) -> AsyncIterator[tuple[Account, ReadOnlyGate]]:
    """Open an org with one Lead of ours, and shut the gate."""
    gate = ReadOnlyGate()
    powers = ("Read", "Create", "Edit", "Delete")
    async with account(gate=gate, object_permissions=powers, **options) as a:
        if a.ctx.client is not None:
            await a.create(OURS)
        gate.shut = True
        yield a, gate


async def test_looking_is_all_reads_logins_and_queries_by_post_among_them() -> None:
    typed = {"LastName": "Lovelace", "Email": ADA}
    async with looking(contacts=(typed,)) as (a, gate):
        a.org.sessions.expire()
        a.ctx.client = await plugin.connect(a.ctx)
        ours, theirs, new = await a.match(
            OURS, named("b", keys=("user:b",), emails=(ADA,)), lead("c", keys=(EVENT,))
        )
        (again,) = await a.match(lead(record=ours.record.id))
        a.org.people.convert(ours.record.id)
        (followed,) = await a.match(lead(record=ours.record.id))
        a.org.people.delete(theirs.record.id)
        await a.match(lead(record=theirs.record.id))
        await plugin.check(a.ctx)
        await plugin.provision(False, a.ctx)

        assert isinstance(again, Match)
        assert (theirs.record.kind, followed.record.kind) == ("Contact", "Contact")
        assert isinstance(new, NoMatch)
        assert gate.stopped == []


async def test_bare_org_is_checked_and_planned_for_without_a_write() -> None:
    async with looking(provisioned=False, settings={"layouts": ["Lead-Lead Layout"]}) as (a, gate):
        assert "salesforce-field-missing" in {finding.code for finding in await plugin.check(a.ctx)}
        assert (await plugin.provision(False, a.ctx)).missing
        assert gate.stopped == []
        assert not any(field.custom for field in a.org.org.tables["Lead"].sobject.fields.values())
        assert list(a.org.org.tables["PermissionSet"]) == []


async def _create(a: Account) -> None:
    await a.create(lead("b", keys=(EVENT,), values=STUB))


async def _change(a: Account) -> None:
    (found,) = await a.match(OURS)
    whose = lead(record=found.record.id)
    await plugin.enrich([Change(lead=whose, record=found.record, fields={"Phone": "1"})], a.ctx)


async def _absorb(a: Account) -> None:
    (found,) = await a.match(OURS)
    other = a.org.people.add("Contact", {"LastName": "Lovelace"})
    (survivor,) = await a.match(lead(record=other))
    pair = Absorption(lead=OURS, survivor=survivor.record, double=found.record, created_by_us=True)
    await plugin.absorb([pair], a.ctx)


async def _retire(a: Account) -> None:
    (found,) = await a.match(OURS)
    await plugin.retire([found.record], a.ctx)


async def _erase(a: Account) -> None:
    (found,) = await a.match(OURS)
    await plugin.erase([found.record], a.ctx)


async def _provision(a: Account) -> None:
    (token,) = [spec for spec in a.ctx.fields if spec.attribute == "token"]
    a.ctx.fields = (*a.ctx.fields, msgspec.structs.replace(token, name="Deep_Link_Other__c"))
    await plugin.provision(True, a.ctx)


@pytest.mark.parametrize("write", [_create, _change, _absorb, _retire, _erase, _provision])
async def test_a_write_is_refused_and_never_arrives(write: Callable[[Account], Awaitable[None]]) -> None:
    async with looking() as (a, gate):
        before = a.held()
        with pytest.raises(WriteRefused):
            await write(a)
        assert a.held() == before
        assert len(gate.stopped) == 1
        assert USER not in str(gate.stopped[0].url)
