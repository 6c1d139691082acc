"""Plugins that write too much, too little or twice, lose doubles, or change text."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from afterclick_acme import plugin as acme
from tests.conformance.breaking import answers, asks, breaker, to, with_values

from afterclick.plugin import (
    Gone,
    Match,
    Rejected,
    RetryLater,
    Synced,
)

asks(
    "create-holds-what-it-was-given",
    "campaign is None",
    "create",
    lambda lead: msgspec.structs.replace(
        lead, values={name: value for name, value in lead.values.items() if name != "campaign"}
    ),
)


@breaker("create-repeated-makes-one-record", "more than before")
async def create_again(leads: Any, ctx: Any) -> Any:
    outcomes = await acme.create(leads, ctx)
    for lead, outcome in zip(leads, outcomes, strict=True):
        if not isinstance(outcome, Synced):
            values = {name: value for name, value in lead.values.items() if name != "afterclick_key"}
            await acme.create([msgspec.structs.replace(lead, values=values)], ctx)
    return outcomes


def fields(change: Any, more: Mapping[str, Any]) -> Any:
    return msgspec.structs.replace(change, fields={**more, **change.fields})


asks(
    "enrich-never-blanks",
    "other fields are",
    "enrich",
    lambda one: fields(
        one, {name: "" for name in one.record.values if name not in ("email", "afterclick_key")}
    ),
)
asks(
    "enrich-keeps-a-persons-value",
    "link_token is",
    "enrich",
    lambda one: fields(one, one.lead.values),
)
answers(
    "enrich-does-nothing-the-second-time",
    "match shows {'installed_at'",
    "match",
    lambda _, out: with_values(
        out,
        installed_at=str(out.record.values["installed_at"]).replace("Z", "+00:00")
        if isinstance(out, Match)
        else "",
    ),
)
answers(
    "enrich-answers-with-the-whole-record",
    "the answer has",
    "enrich",
    lambda one, out: Synced(msgspec.structs.replace(out.record, values=one.fields)),
)
asks(
    "the-key-stays",
    "the key is 'user:",
    "enrich",
    lambda one: fields(one, {"afterclick_key": one.lead.keys[0]}),
)
answers("enrich-notices-a-deleted-record", "Synced", "enrich", to(Gone, lambda one: Synced(one.record)))


@breaker("a-full-batch-is-taken", "create answered RetryLater")
async def create_some(leads: Any, ctx: Any) -> Any:
    return [*await acme.create(leads[:20], ctx), *(RetryLater("too many") for _ in leads[20:])]


@breaker("absorb-survives-every-crash", "all being well, absorb answers Rejected")
async def absorb_once(absorptions: Any, ctx: Any) -> Any:
    ids = [one.double.id for one in absorptions]
    found = await acme.call(ctx, "POST", "/people/find", {"values": ids}, reads=True)
    outcomes: Sequence[Any] = await acme.absorb(absorptions, ctx)
    there = {result["value"] for result in found if result["people"]}
    return [
        outcome if id in there else Rejected("no such double")
        for id, outcome in zip(ids, outcomes, strict=True)
    ]


@breaker("absorb-leaves-no-double-behind", "match finds")
async def absorb_in_good_faith(absorptions: Any, ctx: Any) -> Any:
    await acme.absorb(absorptions, ctx)
    return [Synced(one.survivor) for one in absorptions]


@breaker("absorb-spares-what-is-not-ours", "for a record that is not ours")
async def absorb_anything(absorptions: Any, ctx: Any) -> Any:
    return await acme.absorb([msgspec.structs.replace(one, created_by_us=True) for one in absorptions], ctx)


@breaker("erase-is-for-good", "still found")
async def erase_nothing(records: Any, ctx: Any) -> Any:
    return [Gone() for _ in records]


def escaped(lead: Any) -> Any:
    values = {
        name: html.escape(value) if name == "campaign" else value for name, value in lead.values.items()
    }
    return msgspec.structs.replace(lead, values=values)


asks("hostile-text-arrives", "quotes: the CRM holds", "create", escaped)
asks(
    "a-hostile-address-finds-nobody",
    "leads to the record",
    "match",
    lambda lead: msgspec.structs.replace(
        lead, emails=tuple(email.rpartition(",")[2].partition("\0")[0] for email in lead.emails)
    ),
)
