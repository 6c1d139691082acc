"""A deal that was opened unseen for somebody who turns out to be somebody else, who has a record."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from afterclick.plugin import Absorption, Lead, Match, NotYet, Record, Synced
from afterclick.testing import NOON
from afterclick_pipedrive import plugin

from .emulated import Account, account, change
from .support import EVENT, USER, lead

CONVERTED = {"conversion_date": "2026-05-20T08:00:00.000Z"}
SELLING = {"deals": "deal", "deal_events": ["conversion"]}


async def two_people(a: Account) -> tuple[Record, Record]:
    """Return two records of ours; the second has a deal that nobody is told of."""
    first, second = lead("lead-1", [USER], {"name": "Ada"}), lead("lead-2", [EVENT], {"name": "Stub"})
    kept, double = [outcome.record for outcome in await a.create(first, second)]
    known = lead("lead-2", [EVENT], record_id=double.id, attributes=CONVERTED)
    await a.enrich(change(known, double, {}, "deal"))
    return kept, double


def joined(kept: Record, double: Record) -> Lead:
    """Return the lead that both are now, with a write of unknown fate behind it."""
    return lead(
        "lead-1",
        [USER, EVENT],
        record_id=kept.id,
        attributes=CONVERTED,
        doubles=(double,),
        uncertain_since=NOON,
    )


async def absorbed(a: Account, one: Lead, survivor: Record, double: Record) -> Record:
    """Absorb, step by step, and return the survivor."""
    part = Absorption(lead=one, survivor=survivor, double=double, created_by_us=True)
    while True:
        (outcome,) = await plugin.absorb([part], a.ctx)
        assert isinstance(outcome, Synced)
        if not outcome.pending:
            return outcome.record
        part = msgspec.structs.replace(part, survivor=outcome.record, pending=outcome.pending)


def owners(a: Account) -> list[str]:
    return [str(deal["person_id"]) for deal in a.crm.deals()]


@pytest.mark.parametrize("doubles", ["delete", "merge"])
async def test_it_is_found_before_a_second_one_is_opened(doubles: str) -> None:
    async with account(settings={**SELLING, "doubles": doubles}) as a:
        kept, double = await two_people(a)
        one = joined(kept, double)
        (found,) = await a.match(one)
        assert isinstance(found, Match)
        assert found.pending == ("conversion",)
        (outcome,) = await a.enrich(change(one, found.record, {}, *found.pending))
        record = await absorbed(a, one, outcome.record, double)
        assert owners(a) == [kept.id]
        assert record.related["deal"] == str(a.crm.deals()[0]["id"])


@pytest.mark.parametrize("doubles", ["delete", "merge"])
async def test_further_one_goes_with_its_person(doubles: str) -> None:
    async with account(settings={**SELLING, "doubles": doubles}) as a:
        kept, double = await two_people(a)
        known = lead("lead-1", [USER], record_id=kept.id, attributes=CONVERTED)
        (opened,) = await a.enrich(change(known, kept, {}, "deal"))
        record = await absorbed(a, joined(kept, double), opened.record, double)
        assert owners(a) == [kept.id]
        assert record.related == opened.record.related


@pytest.mark.parametrize("doubles", ["delete", "merge"])
async def test_one_that_the_survivor_has_is_found_although_the_double_has_one(doubles: str) -> None:
    async with account(settings={**SELLING, "doubles": doubles}) as a:
        double, kept = await two_people(a)
        known = lead("lead-1", [USER], record_id=double.id, attributes=CONVERTED)
        (opened,) = await a.enrich(change(known, double, {}, "deal"))
        one = joined(kept, opened.record)
        (found,) = await a.match(one)
        assert isinstance(found, Match)
        record = await absorbed(a, one, found.record, opened.record)
        assert owners(a) == [kept.id]
        assert record.related["deal"] == str(a.crm.deals()[0]["id"])


@pytest.mark.parametrize("pending", [("conversion",), ("conversion", "more")])
async def test_it_is_closed_where_another_record_lives_on_than_it_was_found_with(
    pending: Sequence[str],
) -> None:
    async with account(settings=SELLING) as a:
        kept, double = await two_people(a)
        deal = a.crm.deals()[0]["id"]
        a.crm.edit_deal(deal, status="open")
        (outcome,) = await a.enrich(change(joined(kept, double), kept, {}, *pending))
        assert isinstance(outcome, Synced)
        assert outcome.pending == pending[1:]
        assert outcome.record.related == {"deal": str(deal), "converted": str(deal)}
        assert a.crm.deals()[0]["status"] == "won"


async def test_nothing_is_closed_where_there_is_none_any_more() -> None:
    async with account(settings=SELLING) as a:
        kept, double = await two_people(a)
        a.crm.delete_deal(a.crm.deals()[0]["id"])
        (outcome,) = await a.enrich(change(joined(kept, double), kept, {}, "conversion"))
        assert outcome == Synced(kept)


async def test_there_is_a_second_look_before_one_is_opened() -> None:
    async with account(settings=SELLING) as a:
        kept, double = await two_people(a)
        a.crm.delete_deal(a.crm.deals()[0]["id"])
        (found,) = await a.match(joined(kept, double))
        assert isinstance(found, NotYet)
