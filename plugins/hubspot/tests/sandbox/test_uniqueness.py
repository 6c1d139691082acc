"""Unique values in batches: e-mail addresses, additional ones, and the unique key."""

from __future__ import annotations

import re
from typing import Any

import pytest

from . import shapes
from .conftest import KEY, Account, keyed


async def test_taken_address_rejects_a_batch_without_saying_who_has_it(account: Account) -> None:
    await account.create(email="ada@example.com")

    reply = await account.batch(
        "create", {"properties": {"email": "Ada@example.com"}}, {"properties": {"lastname": "L"}}
    )

    assert reply.status == 409
    assert shapes.without_id(reply.body) == shapes.conflict_of_batch()
    assert len(account.sandbox.contacts()) == 1


async def test_taken_address_is_an_item_with_the_holder_where_trace_ids_are(account: Account) -> None:
    holder_id = await account.create(email="ada@example.com")

    reply = await account.batch(
        "create",
        {"properties": {"email": "ada@example.com"}, "objectWriteTraceId": "t0"},
        {"properties": {"email": "bob@example.com"}, "objectWriteTraceId": "t1"},
    )

    assert reply.status == 207
    assert [shapes.conflict_of_item("t0", holder_id)] == reply.body["errors"]
    assert len(reply.body["results"]) == 1


async def test_second_of_two_equal_addresses_in_a_batch_conflicts_with_the_first(account: Account) -> None:
    reply = await account.batch(
        "create",
        {"properties": {"email": "ada@example.com"}, "objectWriteTraceId": "t0"},
        {"properties": {"email": "ada@example.com"}, "objectWriteTraceId": "t1"},
    )

    (made,) = reply.body["results"]
    assert reply.body["errors"] == [shapes.conflict_of_item("t1", made["id"])]


@pytest.mark.parametrize("verb", ["read", "upsert"])
async def test_additional_address_leads_to_its_owner(account: Account, verb: str) -> None:
    owner_id = account.sandbox.add_contact(
        {"email": "ada@example.com"}, additional_emails=["Second@example.com"]
    )
    given: dict[str, Any] = {"id": "second@example.com"}
    more: dict[str, Any] = {"idProperty": "email", "properties": ["email"]} if verb == "read" else {}
    if verb == "upsert":
        given |= {"idProperty": "email", "properties": {"firstname": "Ada"}}

    reply = await account.batch(verb, given, **more)

    (result,) = reply.body["results"]
    assert result["id"] == owner_id
    assert result["properties"]["email"] == "ada@example.com"


async def test_unique_value_of_another_contact_is_named_with_its_holder(account: Account) -> None:
    holder_id = await account.create(lastname="L", deep_link_key="k1")
    other_id = await account.create(lastname="M")

    reply = await account.batch(
        "update", {"id": other_id, "properties": {KEY: "k1"}, "objectWriteTraceId": "t"}
    )

    (error,) = reply.body["errors"]
    portal = account.sandbox.options.portal_id
    assert (reply.status, error["category"]) == (207, "VALIDATION_ERROR")
    assert error["message"] == shapes.value_taken(portal, KEY, "k1", other_id, holder_id)


async def test_refused_create_is_named_with_an_id_that_never_comes_to_be(account: Account) -> None:
    holder_id = await account.create(lastname="L", deep_link_key="k1")

    reply = await account.batch("create", {"properties": {KEY: "k1"}})

    found = re.fullmatch(r".* on (\d+)\. (\d+) already has that value\.", reply.body["message"])
    assert reply.status == 400
    assert found is not None
    assert found[2] == holder_id
    assert account.sandbox.contact(found[1]) is None


async def test_value_cannot_move_from_one_contact_to_another_within_a_batch(account: Account) -> None:
    """A batch promises no order, so the clearing cannot be relied on."""
    from_id = await account.create(lastname="L", deep_link_key="k1")
    to_id = await account.create(lastname="M")

    reply = await account.batch(
        "update", {"id": from_id, "properties": {KEY: ""}}, {"id": to_id, "properties": {KEY: "k1"}}
    )

    assert reply.status == 400
    assert account.contact(from_id)[KEY] == "k1"


async def test_taken_address_in_an_upsert_that_makes_a_contact_is_a_conflict(account: Account) -> None:
    holder_id = await account.create(email="ada@example.com")

    reply = await account.batch("upsert", keyed("k1", "t0", email="ada@example.com"))

    assert reply.body["errors"] == [shapes.conflict_of_item("t0", holder_id)]
    assert account.sandbox.contact_by_key("k1") is None
