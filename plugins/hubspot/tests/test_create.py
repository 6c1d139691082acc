"""Creating contacts: the upsert, its answer read input by input, and everything that can go wrong."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from afterclick.plugin import (
    BatchRefused,
    Exists,
    LimitReached,
    Misconfigured,
    NotAuthorized,
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
    TOKEN,
    UPSERT,
    USER,
    Json,
    bad_values,
    batch,
    bench,
    contact,
    error,
    item,
    lead,
)

VALUES: dict[str, Scalar] = {
    "lastname": "Deep Link Lead",
    "deep_link_minutes_to_convert": 12,
    "email": "ada@example.com",
}

OTHER = {**VALUES, "email": "bob@example.com"}
NAMELESS = {name: value for name, value in VALUES.items() if name != "email"}


def new(id: str, key: str, **more: Any) -> Json:
    return contact(id, {"deep_link_key": key}, new=True, **more)


async def test_contact_is_upserted_under_the_first_key() -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, batch([new("7", USER)]))
        (found,) = await plugin.create([lead(keys=[USER, EVENT], values=NAMELESS)], b.ctx)
    (sent,) = b.hub.sent
    assert sent.body == {
        "inputs": [
            {
                "id": USER,
                "idProperty": "deep_link_key",
                "objectWriteTraceId": "lead-1",
                "properties": {
                    "lastname": "Deep Link Lead",
                    "deep_link_minutes_to_convert": "12",
                    "deep_link_key": USER,
                },
            }
        ]
    }
    assert sent.headers["Authorization"] == f"Bearer {TOKEN}"
    assert isinstance(found, Synced)
    assert found.record.id == "7"
    assert found.record.key == USER
    assert found.record.values == {**NAMELESS, "deep_link_key": USER}
    assert not found.record.named


async def test_hundred_people_cost_one_call() -> None:
    leads = [lead(f"lead-{n}", [f"user:{n:032x}"]) for n in range(100)]
    async with bench() as b:
        b.hub.reply(UPSERT, batch([new(str(n), f"user:{n:032x}") for n in range(100)]))
        found = await plugin.create(leads, b.ctx)
    assert len(b.hub.sent) == 1
    assert all(isinstance(outcome, Synced) for outcome in found)


async def test_empty_values_are_never_sent() -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, batch([new("7", USER)]))
        await plugin.create([lead(values={"firstname": " ", "opted_in": True})], b.ctx)
    assert b.hub.sent[0].body["inputs"][0]["properties"] == {"opted_in": "true", "deep_link_key": USER}


async def test_answers_are_told_apart_by_trace_id_in_any_order() -> None:
    results = [
        contact("2", {}, new=True, objectWriteTraceId="b"),
        contact("1", {}, new=True, objectWriteTraceId="a"),
    ]
    async with bench() as b:
        b.hub.reply(UPSERT, batch(results))
        found = await plugin.create([lead("a"), lead("b", [EMAIL])], b.ctx)
    assert [outcome.record.id for outcome in found if isinstance(outcome, Synced)] == ["1", "2"]


async def test_answers_without_trace_id_are_told_apart_by_key() -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, batch([new("2", EMAIL.upper()), new("1", USER)]))
        found = await plugin.create([lead("a"), lead("b", [EMAIL])], b.ctx)
    assert [outcome.record.id for outcome in found if isinstance(outcome, Synced)] == ["1", "2"]


@pytest.mark.parametrize("more", [{"new": False}, {}, {"new": None}])
async def test_contact_that_was_there_already_exists(more: Json) -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, batch([contact("7", {"deep_link_key": USER}, **more)]))
        (found,) = await plugin.create([lead()], b.ctx)
    assert isinstance(found, Exists)
    assert found.record.id == "7"


async def test_input_that_is_not_mentioned_is_uncertain() -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, batch([new("1", USER)]))
        found = await plugin.create([lead("a"), lead("b", [EMAIL])], b.ctx)
    assert isinstance(found[0], Synced)
    assert isinstance(found[1], Uncertain)


async def test_success_without_results_is_uncertain() -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, batch())
        found = await plugin.create([lead("a"), lead("b", [EMAIL])], b.ctx)
    assert all(isinstance(outcome, Uncertain) for outcome in found)


@pytest.mark.parametrize("body", ["<html></html>", '{"results": [{"id"', "null", '{"results": {"id": "7"}}'])
async def test_success_that_cannot_be_read_is_uncertain(body: str) -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, body)
        (found,) = await plugin.create([lead()], b.ctx)
    assert isinstance(found, Uncertain)


async def test_one_bad_value_leaves_the_others_written() -> None:
    fault = item("VALIDATION_ERROR", "not valid", trace="b")
    fault["errors"] = [
        {
            "message": "bad",
            "code": "INVALID_EMAIL",
            "context": {"propertyName": ["email"]},
        }
    ]
    async with bench() as b:
        b.hub.reply(CREATE, batch([new("1", USER)], [fault]), 207)
        found = await plugin.create([lead("a", values=OTHER), lead("b", [EMAIL], VALUES)], b.ctx)
    assert isinstance(found[0], Synced)
    assert isinstance(found[1], Rejected)
    assert found[1].field == "email"
    assert "INVALID_EMAIL" in found[1].reason


async def test_bad_value_named_in_the_message_only_is_found() -> None:
    text = bad_values(("email", "INVALID_DATE"))["message"]
    async with bench() as b:
        b.hub.reply(CREATE, batch([], [item("VALIDATION_ERROR", text, trace="lead-1")]), 207)
        (found,) = await plugin.create([lead(values=VALUES)], b.ctx)
    assert found == Rejected("HubSpot refused it (VALIDATION_ERROR, INVALID_DATE) on email", field="email")


@pytest.mark.parametrize("code", ["MISSING_REQUIRED_PROPERTY", "MISSING_CONDITIONAL_REQUIRED_PROPERTY"])
async def test_rule_of_the_account_rejects_the_whole_lead(code: str) -> None:
    """The property is one that was not sent, so dropping it would help nobody."""
    fault = item("VALIDATION_ERROR", "required", trace="lead-1")
    fault["errors"] = [{"message": "email is required", "code": code, "context": {"propertyName": ["email"]}}]
    async with bench() as b:
        b.hub.reply(CREATE, batch([], [fault]), 207)
        (found,) = await plugin.create([lead(values=VALUES)], b.ctx)
    assert isinstance(found, Rejected)
    assert found.field is None
    assert code in found.reason
    assert "api_version" in found.reason


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("RATE_LIMITS", RetryLater),
        ("LOCKED", RetryLater),
        ("INTERNAL_ERROR", Uncertain),
        ("NEW_ONE", RetryLater),
    ],
)
async def test_passing_fault_of_one_input_is_not_final(category: str, expected: type) -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, batch([], [item(category, trace="lead-1")]), 207)
        (found,) = await plugin.create([lead()], b.ctx)
    assert isinstance(found, expected)


async def test_error_that_names_nobody_belongs_to_the_only_one_left() -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, batch([new("1", USER)], [item("VALIDATION_ERROR")]), 207)
        found = await plugin.create([lead("a"), lead("b", [EMAIL])], b.ctx)
    assert isinstance(found[1], Rejected)


async def test_error_that_names_nobody_of_several_leaves_them_uncertain() -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, batch([], [item("VALIDATION_ERROR")]), 207)
        found = await plugin.create([lead("a"), lead("b", [EMAIL])], b.ctx)
    assert all(isinstance(outcome, Uncertain) for outcome in found)


async def test_create_asked_twice_in_one_batch_is_sent_once() -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, batch([new("1", USER)]))
        found = await plugin.create([lead("a"), lead("b", [USER.upper()])], b.ctx)
    assert [type(outcome) for outcome in found] == [Synced, RetryLater]
    assert len(b.hub.sent[0].body["inputs"]) == 1


# The whole call fails.


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526])
async def test_fault_of_hubspot_leaves_the_write_open(status: int) -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, "<html>error</html>", status)
        found = await plugin.create([lead("a"), lead("b", [EMAIL])], b.ctx)
    assert all(isinstance(outcome, Uncertain) for outcome in found)


async def test_lock_waits_longer_than_it_lasts() -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, error("LOCKED"), 423)
        (found,) = await plugin.create([lead()], b.ctx)
    assert isinstance(found, RetryLater)
    assert found.after is not None
    assert found.after >= 2


@pytest.mark.parametrize(
    ("failure", "expected"),
    [(aiohttp.ServerDisconnectedError(), Uncertain), (TimeoutError(), Uncertain), (OSError(), Uncertain)],
)
async def test_write_without_an_answer_is_uncertain(failure: Exception, expected: type) -> None:
    async with bench() as b:
        b.hub.fail(UPSERT, failure)
        (found,) = await plugin.create([lead()], b.ctx)
    assert isinstance(found, expected)


async def test_write_without_room_in_the_limit_is_not_sent_and_pauses_the_lane() -> None:
    async with bench() as b:
        b.pacer.open = False
        with pytest.raises(LimitReached) as full:
            await plugin.create([lead()], b.ctx)
    assert full.value.after == 60.0
    assert full.value.outcomes == {}


@pytest.mark.parametrize("nested", [True, False])
async def test_batch_with_a_bad_value_is_halved(nested: bool) -> None:
    async with bench() as b:
        b.hub.reply(CREATE, bad_values(("email", "INVALID_EMAIL"), nested=nested), 400)
        with pytest.raises(BatchRefused) as refusal:
            await plugin.create([lead(values=VALUES)], b.ctx)
    assert refusal.value.field == "email"


async def test_batch_refused_for_a_field_that_was_not_sent_names_none() -> None:
    async with bench() as b:
        b.hub.reply(CREATE, bad_values(("state", "MISSING_REQUIRED_PROPERTY")), 400)
        with pytest.raises(BatchRefused) as refusal:
            await plugin.create([lead(values=VALUES)], b.ctx)
    assert refusal.value.field is None
    assert "state" in refusal.value.reason


@pytest.mark.parametrize("status", [413, 414, 422])
async def test_batch_that_is_too_much_is_halved(status: int) -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, "", status)
        with pytest.raises(BatchRefused):
            await plugin.create([lead()], b.ctx)


async def test_repeated_ids_are_refused_as_a_batch() -> None:
    message = f"Duplicate IDs found in batch input: [{USER}]. IDs must be unique"
    async with bench() as b:
        b.hub.reply(UPSERT, error("VALIDATION_ERROR", message, context={"ids": [USER]}), 400)
        with pytest.raises(BatchRefused):
            await plugin.create([lead()], b.ctx)


async def test_refusal_that_is_not_hubspots_is_tried_later() -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, "<html>Bad Request</html>", 400)
        (found,) = await plugin.create([lead()], b.ctx)
    assert isinstance(found, RetryLater)


async def test_second_batch_that_is_refused_keeps_the_first() -> None:
    leads = [lead(f"lead-{n}", [f"user:{n:032x}"]) for n in range(150)]
    async with bench() as b:
        b.hub.reply(UPSERT, batch([new(str(n), f"user:{n:032x}") for n in range(100)]))
        b.hub.reply(UPSERT, error("VALIDATION_ERROR"), 400)
        found = await plugin.create(leads, b.ctx)
    assert [type(outcome) for outcome in found] == [Synced] * 100 + [RetryLater] * 50


async def test_second_batch_that_is_throttled_carries_the_first() -> None:
    leads = [lead(f"lead-{n}", [f"user:{n:032x}"]) for n in range(150)]
    async with bench() as b:
        b.hub.reply(UPSERT, batch([new(str(n), f"user:{n:032x}") for n in range(100)]))
        b.hub.reply(UPSERT, {}, 429)
        with pytest.raises(Throttled) as stop:
            await plugin.create(leads, b.ctx)
    assert set(stop.value.outcomes) == set(range(100))


# What stops the lane.


@pytest.mark.parametrize("category", ["INVALID_AUTHENTICATION", "EXPIRED_AUTHENTICATION"])
async def test_refused_token_stops_the_lane(category: str) -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, error(category), 401)
        with pytest.raises(NotAuthorized, match=category):
            await plugin.create([lead()], b.ctx)


async def test_missing_scopes_are_named() -> None:
    detail = {"context": {"requiredGranularScopes": ["crm.objects.contacts.write"]}}
    async with bench() as b:
        b.hub.reply(UPSERT, error("MISSING_SCOPES", errors=[detail]), 403)
        with pytest.raises(NotAuthorized, match=r"lacks crm\.objects\.contacts\.write"):
            await plugin.create([lead()], b.ctx)


@pytest.mark.parametrize("nested", [True, False])
async def test_missing_property_stops_the_lane_with_the_remedy(nested: bool) -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, bad_values(("deep_link_token", "PROPERTY_DOESNT_EXIST"), nested=nested), 400)
        with pytest.raises(Misconfigured) as stop:
            await plugin.create([lead()], b.ctx)
    assert stop.value.finding is not None
    assert stop.value.finding.subject == "deep_link_token"
    assert stop.value.finding.remedy.startswith("Run `afterclick provision hubspot`")


async def test_missing_property_of_one_input_carries_the_others() -> None:
    fault = item("VALIDATION_ERROR", trace="b")
    fault["errors"] = [{"code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["deep_link_token"]}}]
    async with bench() as b:
        b.hub.reply(UPSERT, batch([new("1", USER)], [fault]), 207)
        with pytest.raises(Misconfigured) as stop:
            await plugin.create([lead("a"), lead("b", [EMAIL]), lead("c", [EVENT])], b.ctx)
    assert {index: type(found) for index, found in stop.value.outcomes.items()} == {0: Synced, 2: Uncertain}


async def test_key_that_is_not_unique_stops_the_lane() -> None:
    message = "Unable to perform update/upsert by non-unique 0-1 property deep_link_key"
    async with bench() as b:
        b.hub.reply(UPSERT, error("VALIDATION_ERROR", message), 400)
        with pytest.raises(Misconfigured) as stop:
            await plugin.create([lead()], b.ctx)
    assert stop.value.finding is not None
    assert stop.value.finding.code == "hubspot-key-not-unique"


@pytest.mark.parametrize("status", [302, 402, 404, 405, 415])
async def test_answer_of_something_else_stops_the_lane(status: int) -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, "<html></html>", status)
        with pytest.raises(Misconfigured, match=str(status)):
            await plugin.create([lead()], b.ctx)


async def test_not_found_of_one_create_is_tried_later() -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, error("OBJECT_NOT_FOUND"), 404)
        (found,) = await plugin.create([lead()], b.ctx)
    assert isinstance(found, RetryLater)
