"""A person of ours whose lead turns out to have another one: retired, with their deal, unless taken up."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from afterclick.plugin import Absorption, Match, Record, Rejected, RetryLater, Synced, Uncertain
from afterclick.sandbox import Rule
from afterclick_pipedrive import plugin

from .emulated import Account, account, change
from .support import EVENT, USER, lead

REFERRED = {"referral_date": "2026-05-20T08:00:00.000Z"}
SELLING = {"deals": "deal", "deal_events": ["referral"]}


async def stub(a: Account, *, deal: bool = False) -> Record:
    """Return a person without a name that we made, perhaps with a deal."""
    attributes = REFERRED if deal else {}
    new = lead("lead-stub", [EVENT], {"name": "Deep Link Lead (x) abc123"}, attributes=attributes)
    (outcome,) = await a.create(new)
    if deal:
        known = lead("lead-stub", [EVENT], record_id=outcome.record.id, attributes=attributes)
        (outcome,) = await a.enrich(change(known, outcome.record, {}, "deal"))
    record: Record = outcome.record
    return record


async def typed(a: Account, **related: str) -> Record:
    """Return a person whom sales typed in, as match finds them."""
    id = a.crm.add_person("Ada Lovelace", email="ada@example.com")
    (found,) = await a.match(lead(record_id=str(id), related=related))
    assert isinstance(found, Match)
    return found.record


async def absorb(a: Account, survivor: Record, double: Record, **more: Any) -> Any:
    """Absorb, step by step, and return the last outcome."""
    one = Absorption(lead=lead(keys=[USER, EVENT]), survivor=survivor, double=double, created_by_us=True)
    one = msgspec.structs.replace(one, **more)
    while True:
        (outcome,) = await plugin.absorb([one], a.ctx)
        if not isinstance(outcome, Synced) or not outcome.pending:
            return outcome
        one = msgspec.structs.replace(one, survivor=outcome.record, pending=outcome.pending)


def ids(a: Account) -> set[str]:
    return {str(person["id"]) for person in a.crm.persons()}


async def test_stub_is_deleted_for_four_tokens() -> None:
    async with account() as a:
        survivor, double = await typed(a), await stub(a)
        a.reports.clear()
        assert await absorb(a, survivor, double) == Synced(survivor)
        assert ids(a) == {survivor.id}
        assert a.spent == 4


async def test_it_is_safe_to_repeat() -> None:
    async with account() as a:
        survivor, double = await typed(a), await stub(a)
        for _ in range(2):
            assert await absorb(a, survivor, double) == Synced(survivor)


async def test_deal_of_the_stub_goes_to_the_survivor_first() -> None:
    async with account(settings=SELLING) as a:
        survivor, double = await typed(a), await stub(a, deal=True)
        a.reports.clear()
        outcome = await absorb(a, survivor, double)
        (deal,) = a.crm.deals()
        assert deal["person_id"] == int(survivor.id)
        assert outcome.record.related == double.related
        assert ids(a) == {survivor.id}
        assert a.spent <= 13


async def test_further_deal_of_one_person_is_deleted() -> None:
    async with account(settings=SELLING) as a:
        survivor, double = await stub(a, deal=True), await stub(a, deal=True)
        outcome = await absorb(a, survivor, double)
        (deal,) = a.crm.deals()
        assert outcome.record.related == survivor.related == {"deal": str(deal["id"])}


async def test_deal_that_somebody_archived_does_not_keep_the_stub() -> None:
    async with account(settings=SELLING) as a:
        survivor, double = await typed(a), await stub(a, deal=True)
        a.crm.edit_deal(int(double.related["deal"]), is_archived=True)
        outcome = await absorb(a, survivor, double)
        assert isinstance(outcome, Synced)
        assert ids(a) == {survivor.id}


async def test_lead_of_the_inbox_goes_along_as_well() -> None:
    async with account(settings={**SELLING, "deals": "lead"}) as a:
        survivor, double = await typed(a), await stub(a, deal=True)
        await absorb(a, survivor, double)
        (shown,) = a.crm.leads()
        assert shown["person_id"] == int(survivor.id)


@pytest.mark.parametrize(
    ("took", "why"),
    [
        ({"owner_id": 2}, "somebody owns it"),
        (
            {"emails": [{"value": "other@example.com", "primary": True, "label": "work"}]},
            "address of its own",
        ),
        ({"activities_count": 1}, "notes, activities"),
    ],
)
async def test_stub_that_somebody_took_up_stays(took: dict[str, Any], why: str) -> None:
    async with account() as a:
        survivor, double = await typed(a), await stub(a)
        a.crm.edit_person(int(double.id), **took)
        outcome = await absorb(a, survivor, double)
        assert isinstance(outcome, Rejected)
        assert why in outcome.reason
        assert ids(a) == {survivor.id, double.id}


async def test_stub_with_the_survivor_s_own_address_goes() -> None:
    async with account() as a:
        survivor, double = await typed(a), await stub(a)
        a.crm.edit_person(
            int(double.id), emails=[{"value": "ADA@example.com", "primary": True, "label": "work"}]
        )
        assert await absorb(a, survivor, double) == Synced(survivor)


async def test_person_that_somebody_else_made_stays() -> None:
    async with account() as a:
        survivor, double = await typed(a), await stub(a)
        outcome = await absorb(a, survivor, double, created_by_us=False)
        assert outcome == Rejected("somebody else made it")


async def test_setting_keeps_doubles() -> None:
    async with account(settings={"doubles": "keep"}) as a:
        survivor, double = await typed(a), await stub(a)
        assert isinstance(await absorb(a, survivor, double), Rejected)


async def test_merge_is_a_choice_and_shows_the_survivor_as_it_is_then() -> None:
    async with account(settings={"doubles": "merge"}) as a:
        survivor, double = await typed(a), await stub(a)
        a.reports.clear()
        outcome = await absorb(a, survivor, double)
        assert isinstance(outcome, Synced)
        assert outcome.record.id == survivor.id
        assert outcome.record.values["name"] == "Ada Lovelace"
        # What the survivor lacked comes from the stub.
        assert outcome.record.key == EVENT
        assert ids(a) == {survivor.id}
        assert a.spent == 42


@pytest.mark.parametrize("doubles", ["delete", "merge"])
@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule(kind="cut_within", method="DELETE"), Uncertain),
        (Rule(kind="cut_within", method="PUT"), Uncertain),
        (Rule(kind="status", status=500, method="DELETE"), Uncertain),
        (Rule(kind="status", status=500, method="PUT"), Uncertain),
        (Rule(kind="status", status=500, method="GET"), RetryLater),
    ],
)
async def test_silence_leaves_it_open(doubles: str, rule: Rule, expected: type[Any]) -> None:
    if rule.method == ("DELETE" if doubles == "merge" else "PUT"):
        return
    async with account(settings={"doubles": doubles}) as a:
        survivor, double = await typed(a), await stub(a)
        a.crm.faults.add(msgspec.structs.replace(rule, times=1))
        assert isinstance(await absorb(a, survivor, double), expected)
        assert isinstance(await absorb(a, survivor, double), Synced)


async def test_person_and_deal_are_erased() -> None:
    async with account(settings=SELLING) as a:
        record = await stub(a, deal=True)
        for _ in range(2):
            assert await plugin.erase([record], a.ctx) == [Synced(record)]
        assert a.crm.persons() == []
        assert a.crm.deals() == []


# Persons without a name that expire.


async def test_stub_that_nobody_touched_is_shown_so_and_retired() -> None:
    async with account() as a:
        record = await stub(a)
        (found,) = await a.match(lead("lead-stub", [EVENT], record_id=record.id))
        assert found.record.touched is False
        for _ in range(2):
            assert await plugin.retire([found.record], a.ctx) == [Synced(found.record)]
        assert a.crm.persons() == []


@pytest.mark.parametrize(
    ("took", "shows"),
    [
        ({"owner_id": 2}, True),
        ({"activities_count": 1}, True),
        ({"files_count": 1}, True),
        ({"email_messages_count": 1}, True),
        ({"emails": [{"value": "a@example.com", "primary": True, "label": "work"}]}, True),
        # A field that is not ours is not among what a match reads.
        ({"Shoe size": "43"}, False),
    ],
)
async def test_stub_that_somebody_touched_never_expires(took: dict[str, Any], shows: bool) -> None:
    async with account() as a:
        a.crm.add_field("Shoe size")
        record = await stub(a)
        a.crm.edit_person(int(record.id), **took)
        (found,) = await a.match(lead("lead-stub", [EVENT], record_id=record.id))
        assert found.record.touched is shows
        assert await plugin.retire([found.record], a.ctx) == [Rejected("somebody took it up")]
        assert ids(a) == {record.id}


async def test_list_of_many_persons_shows_who_was_touched_as_single_reads_do() -> None:
    async with account() as a:
        stubs = [lead(f"stub-{n}", [f"event:{n:032}"], {"name": "x"}) for n in range(12)]
        made = [one.record for one in await a.create(*stubs)]
        a.crm.edit_person(int(made[7].id), activities_count=1)
        known = [msgspec.structs.replace(one, record=record) for one, record in zip(stubs, made, strict=True)]
        a.reports.clear()
        found = await a.match(*known)
        assert [one.record.touched for one in found] == [n == 7 for n in range(12)]
        assert a.spent == 10


async def test_person_that_was_just_written_says_nothing_of_people() -> None:
    async with account() as a:
        assert (await stub(a)).touched is None
