"""Contacts of strangers that expire: into the bin, and never one that people have worked with."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.plugin import Match, NotAuthorized, Record, Rejected, RetryLater, Synced, Uncertain
from afterclick.sandbox import Rule
from afterclick_hubspot import plugin

from .emulated import Account, account
from .support import CONTACTS, EVENT, READ, batch, bench, contact, error, item, lead

UNTOUCHED = {"hs_updated_by_user_id": None, "num_notes": "0", "hubspot_owner_id": ""}


async def stub(a: Account) -> Record:
    """Make a contact as the core does, and read it as the core does before it may go."""
    await a.create(lead(keys=[EVENT], values={"lastname": "Deep Link Lead", "deep_link_token": "may"}))
    (found,) = await a.match(lead(keys=[EVENT]))
    assert isinstance(found, Match)
    return found.record


async def touched(a: Account, record: Record) -> bool | None:
    (found,) = await a.match(lead(keys=[EVENT], record_id=record.id))
    assert isinstance(found, Match)
    answer: bool | None = found.record.touched
    return answer


async def test_what_only_we_wrote_goes_into_the_bin_and_once_is_enough() -> None:
    async with account() as a:
        record = await stub(a)
        await a.enrich(record.id, {"deep_link_token": "june"})
        assert await touched(a, record) is False

        first = await plugin.retire([record], a.ctx)
        second = await plugin.retire([record], a.ctx)

        assert [type(one) for one in (*first, *second)] == [Synced, Synced]
        assert a.hub.contacts() == []
        assert a.hub.portal.book.locate(record.id, archived=True) is not None


@pytest.mark.parametrize(
    "change", [{"hubspot_owner_id": "71001"}, {"jobtitle": "Baker"}, {"email": "a@b.example"}]
)
async def test_what_sales_changed_stays_even_where_they_did_it_a_moment_ago(change: dict[str, str]) -> None:
    async with account() as a:
        record = await stub(a)
        a.hub.edit_contact(record.id, change)
        assert await touched(a, record) is True

        (outcome,) = await plugin.retire([record], a.ctx)

        assert isinstance(outcome, Rejected)
        assert len(a.hub.contacts()) == 1


async def test_what_sales_typed_in_is_touched() -> None:
    async with account() as a:
        record = Record(kind="contact", id=a.hub.add_contact({"lastname": "Byron"}))

        assert await touched(a, record) is True


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, False),
        ({"num_notes": "1"}, True),
        ({"notes_last_updated": "2026-05-21T09:00:00Z"}, True),
        ({"num_associated_deals": "2"}, True),
        ({"num_conversion_events": "1"}, True),
        ({"hs_merged_object_ids": "7"}, True),
    ],
)
async def test_traces_of_people_are_seen(properties: dict[str, Any], expected: bool) -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("8", {**UNTOUCHED, **properties})]))

        (found,) = await plugin.match([lead(keys=[EVENT], record_id="8")], b.ctx)

        assert isinstance(found, Match)
        assert found.record.touched is expected


async def test_account_that_does_not_tell_who_changed_a_contact_keeps_it() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("8", {"num_notes": "0"})]))

        (outcome,) = await plugin.retire([Record(kind="contact", id="8")], b.ctx)

        assert isinstance(outcome, Rejected)


async def test_retirement_of_unknown_fate_is_uncertain() -> None:
    async with account() as a:
        record = await stub(a)
        a.hub.faults.add(Rule(kind="cut_after", path="/archive", times=1))

        (outcome,) = await plugin.retire([record], a.ctx)

        assert isinstance(outcome, Uncertain)


async def test_contact_that_cannot_be_read_is_left_for_later() -> None:
    async with bench() as b:
        b.hub.reply(READ, error("INTERNAL_ERROR"), 502)

        (outcome,) = await plugin.retire([Record(kind="contact", id="8")], b.ctx)

        assert isinstance(outcome, RetryLater)


async def test_refused_credential_stops_the_lane_and_keeps_what_is_known() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("8", UNTOUCHED)], [item("OBJECT_NOT_FOUND", ids=["9"])]), 207)
        b.hub.reply(f"{CONTACTS}/batch/archive", error("INVALID_AUTHENTICATION"), 401)

        with pytest.raises(NotAuthorized) as stop:
            await plugin.retire([Record(kind="contact", id=id) for id in ("8", "9")], b.ctx)

        assert list(stop.value.outcomes) == [1]
