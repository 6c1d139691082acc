"""Plugins that list records of other code wrongly; Acme's own lists none."""

from __future__ import annotations

from typing import Any

from afterclick_acme import plugin as acme
from tests.conformance.breaking import breaker, breaks

from afterclick.plugin import Stray, Strays
from afterclick.testing.holding.adopting import ADDRESS


async def strays(after: Any, ctx: Any) -> Any:
    """List those that have the kit's address: as much as Acme can be asked for."""
    (found,) = await acme.call(ctx, "POST", "/people/find", {"values": [ADDRESS]}, reads=True)
    records = [acme.to_record(one, ctx) for one in found["people"]]
    return Strays(strays=tuple(Stray(record=one) for one in records if one.key is None))


@breaker("strays-finds-what-other-code-made", "it finds ['p1']")
async def strays_with_an_address(after: Any, ctx: Any) -> Any:
    return await strays(after, ctx)


@breaker("strays-changes-nothing", "WriteRefused")
async def strays_that_write(after: Any, ctx: Any) -> Any:
    await acme.call(ctx, "POST", "/people/find", {"values": []})
    return Strays()


async def enrich_without_key(changes: Any, ctx: Any) -> Any:
    people = [
        {
            "ref": one.lead.ref,
            "id": one.record.id,
            "values": {name: value for name, value in one.fields.items() if name != "afterclick_key"},
        }
        for one in changes
    ]
    return await acme.write(ctx, "PATCH", people)


breaks("a-stray-takes-a-key", "and has None", strays, enrich_without_key)
