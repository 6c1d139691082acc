"""A contact is in the way of a create: every shape in which HubSpot says so, and who it is."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.plugin import (
    BatchRefused,
    Exists,
    Rejected,
    RetryLater,
    Scalar,
    Synced,
    Throttled,
    Uncertain,
)
from afterclick_hubspot import plugin

from .support import (
    CREATE,
    EMAIL,
    EVENT,
    READ,
    UPSERT,
    USER,
    Json,
    absent,
    bad_values,
    batch,
    bench,
    contact,
    error,
    item,
    lead,
    taken_message,
)

VALUES: dict[str, Scalar] = {
    "lastname": "Deep Link Lead",
    "deep_link_minutes_to_convert": 12,
    "email": "ada@example.com",
}

OTHER = {**VALUES, "email": "bob@example.com"}


def new(id: str, key: str, **more: Any) -> Json:
    return contact(id, {"deep_link_key": key}, new=True, **more)


CONFLICTS = {
    "item with id": item(
        "CONFLICT", "Contact already exists. Existing ID: 55", trace="lead-1", existingId=["55"]
    ),
    "item with id in the text": item("CONFLICT", "Contact already exists. Existing ID: 55", trace="lead-1"),
    "item of a taken value": item("VALIDATION_ERROR", taken_message("email", "a", "55"), trace="lead-1"),
    "item with a value that looks like an answer": item(
        "VALIDATION_ERROR", taken_message("email", "} on 1. 66 already has that value", "55"), trace="lead-1"
    ),
    "item with tokens": {
        **item("UNIQUE_VALUE_CONFLICT", trace="lead-1"),
        "errorTokens": {"existingObjectId": ["55"]},
    },
}


@pytest.mark.parametrize("name", CONFLICTS)
async def test_contact_in_the_way_of_one_input_exists(name: str) -> None:
    async with bench() as b:
        b.hub.reply(CREATE, batch([new("1", EMAIL)], [CONFLICTS[name]]), 207)
        found = await plugin.create([lead(values=VALUES), lead("b", [EMAIL], OTHER)], b.ctx)
    assert isinstance(found[0], Exists)
    assert found[0].record.id == "55"
    assert found[0].record.url == "https://app.hubspot.com/contacts/4242/record/0-1/55"
    assert isinstance(found[1], Synced)


WHOLE_CONFLICTS: dict[str, tuple[int, Json]] = {
    "category CONFLICT": (409, error("CONFLICT", "Contact already exists. Existing ID: 55")),
    "profile": (
        409,
        error(
            "OBJECT_ALREADY_EXISTS",
            "Contact already exists. Existing ID: 66",
            error="CONTACT_EXISTS",
            identityProfile={"vid": 55, "isNew": False},
            errors=[{"message": "Contact already exists", "in": "email"}],
        ),
    ),
    "id in a nested message": (
        409,
        error("CONFLICT", "Conflict", errors=[{"message": "Contact already exists. Existing ID: 55"}]),
    ),
    "taken key": (400, error("VALIDATION_ERROR", taken_message("deep_link_key", USER, "55"))),
    "tokens": (
        400,
        error("VALIDATION_ERROR", subCategory="UNIQUE_VALUE_CONFLICT", errorTokens={"existingObjectId": 55}),
    ),
}


@pytest.mark.parametrize("name", WHOLE_CONFLICTS)
async def test_contact_in_the_way_of_a_single_create_exists(name: str) -> None:
    status, body = WHOLE_CONFLICTS[name]
    async with bench() as b:
        b.hub.reply(CREATE, body, status)
        (found,) = await plugin.create([lead(values=VALUES)], b.ctx)
    assert isinstance(found, Exists)
    assert found.record.id == "55"


async def test_conflict_of_a_whole_batch_is_halved() -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, error("CONFLICT", "Contact already exists"), 409)
        with pytest.raises(BatchRefused):
            await plugin.create([lead("a"), lead("b", [EMAIL])], b.ctx)


async def test_unnamed_contact_is_looked_up_by_address_in_the_body() -> None:
    """An additional address leads to a contact with another primary one."""
    async with bench() as b:
        b.hub.reply(CREATE, error("CONFLICT", "Contact already exists"), 409)
        b.hub.reply(READ, batch([contact("55", {"email": "other@example.com"})]))
        (found,) = await plugin.create([lead(values=VALUES)], b.ctx)
    look_up = b.hub.sent[1]
    assert look_up.body["idProperty"] == "email"
    assert look_up.body["inputs"] == [{"id": "ada@example.com"}]
    assert "ada" not in str(look_up.url)
    assert isinstance(found, Exists)
    assert found.record.id == "55"


async def test_unnamed_holder_of_the_key_is_looked_up_by_key() -> None:
    listed = bad_values(("deep_link_key", "CONFLICTING_UNIQUE_VALUE"), nested=False)
    async with bench() as b:
        b.hub.reply(CREATE, listed, 400)
        b.hub.reply(READ, batch([contact("55", {"deep_link_key": USER})]))
        (found,) = await plugin.create([lead(values=VALUES)], b.ctx)
    assert b.hub.sent[1].body["idProperty"] == "deep_link_key"
    assert isinstance(found, Exists)


async def test_address_whose_contact_cannot_be_found_is_rejected() -> None:
    async with bench() as b:
        b.hub.reply(CREATE, error("CONFLICT", "Contact already exists"), 409)
        b.hub.reply(READ, batch([], [absent("ada@example.com")]), 207)
        (found,) = await plugin.create([lead(values=VALUES)], b.ctx)
    assert isinstance(found, Rejected)
    assert found.field == "email"


async def test_key_whose_contact_cannot_be_found_is_tried_later() -> None:
    async with bench() as b:
        b.hub.reply(CREATE, error("UNIQUE_VALUE_CONFLICT"), 400)
        b.hub.reply(READ, batch([], [absent(USER)]), 207)
        (found,) = await plugin.create([lead(values=VALUES)], b.ctx)
    assert isinstance(found, RetryLater)


@pytest.mark.parametrize(("status", "body"), [(503, ""), (200, "{")])
async def test_look_up_that_fails_decides_nothing(status: int, body: str) -> None:
    async with bench() as b:
        b.hub.reply(CREATE, error("CONFLICT", "Contact already exists"), 409)
        b.hub.reply(READ, body, status)
        (found,) = await plugin.create([lead(values=VALUES)], b.ctx)
    assert isinstance(found, RetryLater)


async def test_look_up_that_is_throttled_keeps_what_is_settled() -> None:
    faults = [item("CONFLICT", trace="b"), item("VALIDATION_ERROR", trace="c")]
    async with bench() as b:
        b.hub.reply(UPSERT, batch([new("1", USER)], faults[1:]), 207)
        b.hub.reply(CREATE, batch([], faults[:1]), 207)
        b.hub.reply(READ, {"policyName": "TEN_SECONDLY_ROLLING"}, 429)
        leads = [lead("a"), lead("b", [EMAIL], VALUES), lead("c", [EVENT]), lead("d", [f"{EVENT}4"])]
        with pytest.raises(Throttled) as stop:
            await plugin.create(leads, b.ctx)
    kinds = {index: type(outcome) for index, outcome in stop.value.outcomes.items()}
    assert kinds[0] is Synced
    assert kinds[3] is Uncertain
    assert 1 not in kinds
