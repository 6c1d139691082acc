"""Writing changes to contacts that are there: by record id, never the key, never anything empty."""

from __future__ import annotations

import pytest

from afterclick.plugin import BatchRefused, Exists, Gone, Rejected, RetryLater, Synced, Uncertain
from afterclick_hubspot import plugin

from .support import EVENT, UPDATE, absent, batch, bench, change, contact, error, item, taken_message

STAGE = {"lifecyclestage": "customer"}


async def test_change_is_written_by_record_id() -> None:
    async with bench() as b:
        b.hub.reply(UPDATE, batch([contact("7", STAGE)]))
        (found,) = await plugin.enrich(
            [change("a", "7", {**STAGE, "deep_link_key": EVENT, "phone": ""})], b.ctx
        )
    assert b.hub.sent[0].body == {
        "inputs": [{"id": "7", "objectWriteTraceId": "a", "properties": {"lifecyclestage": "customer"}}]
    }
    assert isinstance(found, Synced)


async def test_record_keeps_what_the_answer_leaves_out() -> None:
    before = {"email": "ada@example.com", "lifecyclestage": "lead"}
    async with bench() as b:
        b.hub.reply(UPDATE, batch([contact("7", {"lastname": "King", "lifecyclestage": "customer"})]))
        changes = [change("a", "7", {**STAGE, "deep_link_token": "t"}, before)]
        (found,) = await plugin.enrich(changes, b.ctx)
    assert isinstance(found, Synced)
    assert found.record.values == {
        "email": "ada@example.com",
        "lifecyclestage": "customer",
        "deep_link_token": "t",
        "lastname": "King",
    }
    assert found.record.named


async def test_stage_that_hubspot_kept_shows_in_the_record() -> None:
    async with bench() as b:
        b.hub.reply(UPDATE, batch([contact("7", {"lifecyclestage": "evangelist"})]))
        (found,) = await plugin.enrich([change("a", "7", STAGE)], b.ctx)
    assert isinstance(found, Synced)
    assert found.record.values["lifecyclestage"] == "evangelist"


async def test_property_that_came_back_empty_is_left_out() -> None:
    async with bench() as b:
        b.hub.reply(UPDATE, batch([contact("7", {"phone": None, "lifecyclestage": "customer"})]))
        (found,) = await plugin.enrich([change("a", "7", STAGE, {"phone": "1"})], b.ctx)
    assert isinstance(found, Synced)
    assert "phone" not in found.record.values


async def test_results_in_another_order_are_told_apart_by_id() -> None:
    async with bench() as b:
        b.hub.reply(UPDATE, batch([contact("8"), contact("7")]))
        found = await plugin.enrich([change("a", "7", STAGE), change("b", "8", STAGE)], b.ctx)
    assert [outcome.record.id for outcome in found if isinstance(outcome, Synced)] == ["7", "8"]


async def test_merged_record_comes_back_under_its_new_id() -> None:
    async with bench() as b:
        b.hub.reply(UPDATE, batch([contact("99", objectWriteTraceId="a")]))
        (found,) = await plugin.enrich([change("a", "7", STAGE)], b.ctx)
    assert isinstance(found, Synced)
    assert found.record.id == "99"


async def test_deleted_records_are_gone_and_the_others_written() -> None:
    async with bench() as b:
        b.hub.reply(UPDATE, batch([contact("7")], [absent("8", "9")]), 207)
        changes = [change("a", "8", STAGE), change("b", "7", STAGE), change("c", "9", STAGE)]
        found = await plugin.enrich(changes, b.ctx)
    assert [type(outcome) for outcome in found] == [Gone, Synced, Gone]


async def test_single_update_of_a_deleted_record_is_gone() -> None:
    async with bench() as b:
        b.hub.reply(UPDATE, error("OBJECT_NOT_FOUND"), 404)
        (found,) = await plugin.enrich([change("a", "7", STAGE)], b.ctx)
    assert isinstance(found, Gone)


async def test_batch_refused_for_a_deleted_record_is_halved() -> None:
    async with bench() as b:
        b.hub.reply(UPDATE, error("OBJECT_NOT_FOUND"), 404)
        with pytest.raises(BatchRefused):
            await plugin.enrich([change("a", "7", STAGE), change("b", "8", STAGE)], b.ctx)


async def test_address_of_another_contact_names_that_contact() -> None:
    fault = item("CONFLICT", "Contact already exists. Existing ID: 55", trace="a", existingId=["55"])
    async with bench() as b:
        b.hub.reply(UPDATE, batch([], [fault]), 207)
        (found,) = await plugin.enrich([change("a", "7", {"email": "ada@example.com"})], b.ctx)
    assert isinstance(found, Exists)
    assert found.record.id == "55"


async def test_conflict_of_a_record_with_itself_drops_the_field() -> None:
    fault = item("VALIDATION_ERROR", taken_message("email", "ada@example.com", "7"), trace="a")
    async with bench() as b:
        b.hub.reply(UPDATE, batch([], [fault]), 207)
        (found,) = await plugin.enrich([change("a", "7", {"email": "ada@example.com"})], b.ctx)
    assert isinstance(found, Rejected)
    assert found.field == "email"


async def test_change_without_a_value_makes_no_call() -> None:
    async with bench() as b:
        changes = [change("a", "7", {"deep_link_key": EVENT}), change("b", "8", {})]
        found = await plugin.enrich(changes, b.ctx)
    assert found == [Synced(changes[0].record), Synced(changes[1].record)]
    assert b.hub.sent == []


async def test_one_record_of_two_leads_is_written_once() -> None:
    async with bench() as b:
        b.hub.reply(UPDATE, batch([contact("7")]))
        found = await plugin.enrich([change("a", "7", STAGE), change("b", "7", STAGE)], b.ctx)
    assert [type(outcome) for outcome in found] == [Synced, RetryLater]


async def test_fault_of_hubspot_leaves_the_change_open() -> None:
    async with bench() as b:
        b.hub.reply(UPDATE, "", 524)
        (found,) = await plugin.enrich([change("a", "7", STAGE)], b.ctx)
    assert isinstance(found, Uncertain)
