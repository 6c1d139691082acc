"""Which contact a lead's ids and keys lead to, with every shape of HubSpot's answer to a read."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from afterclick.plugin import (
    CallFailed,
    Gone,
    Match,
    Misconfigured,
    NoMatch,
    NotAuthorized,
    RetryLater,
    Throttled,
)
from afterclick_hubspot import plugin

from .support import (
    CONTACTS,
    EMAIL,
    EVENT,
    READ,
    USER,
    absent,
    batch,
    bench,
    contact,
    error,
    item,
    lead,
)


def single(value: str) -> str:
    return f"{CONTACTS}/{value}"


async def test_known_record_is_read_by_id() -> None:
    async with bench() as b:
        values = {"email": "ada@example.com", "install_date": "1779364800000", "deep_link_key": USER}
        b.hub.reply(READ, batch([contact("7", values)]))
        (found,) = await plugin.match([lead(record_id="7")], b.ctx)
    body = b.hub.sent[0].body
    assert body["inputs"] == [{"id": "7"}]
    assert "idProperty" not in body
    assert isinstance(found, Match)
    assert found.record.values == {
        "email": "ada@example.com",
        "install_date": "2026-05-21T12:00:00.000Z",
        "deep_link_key": USER,
    }
    assert (found.record.key, found.record.named) == (USER, True)
    assert found.record.created_at == "2026-05-01T08:00:00.000Z"
    assert found.record.url == "https://app.hubspot.com/contacts/4242/record/0-1/7"


async def test_read_asks_for_fields_and_what_survivors_need() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("7")]))
        await plugin.match([lead(record_id="7")], b.ctx)
    asked = b.hub.sent[0].body["properties"]
    assert {"deep_link_key", "lifecyclestage", "email", "hubspot_owner_id", "createdate"} < set(asked)
    assert len(asked) == len(set(asked))


async def test_unknown_record_is_read_by_all_keys_at_once() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("7", {"deep_link_key": EMAIL})], [absent(USER, EVENT)]), 207)
        found = await plugin.match([lead(keys=[USER, EMAIL]), lead("lead-2", keys=[EVENT])], b.ctx)
    body = b.hub.sent[0].body
    assert body["idProperty"] == "deep_link_key"
    assert [entry["id"] for entry in body["inputs"]] == [USER, EMAIL, EVENT]
    assert isinstance(found[0], Match)
    assert found[0].record.id == "7"
    assert found[1] == NoMatch()


async def test_keys_are_asked_once_and_in_hundreds() -> None:
    keys = [f"user:{number:032x}" for number in range(150)]
    async with bench() as b:
        b.hub.reply(READ, batch([], [absent(*keys[:100])]), 207)
        b.hub.reply(READ, batch([], [absent(*keys[100:])]), 207)
        leads = [lead("a", keys), lead("b", [keys[0]])]
        assert await plugin.match(leads, b.ctx) == [NoMatch(), NoMatch()]
    assert [len(sent.body["inputs"]) for sent in b.hub.sent] == [100, 50]


async def test_keys_come_back_in_another_case() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("7", {"deep_link_key": f" {USER.upper()} "})]))
        (found,) = await plugin.match([lead()], b.ctx)
    assert isinstance(found, Match)


async def test_strongest_key_wins_and_the_others_are_doubles() -> None:
    contacts = [
        contact("1", {"deep_link_key": EVENT}),
        contact("2", {"deep_link_key": EMAIL, "hubspot_owner_id": "9"}),
    ]
    async with bench() as b:
        b.hub.reply(READ, batch(contacts, [absent(USER)]), 207)
        (found,) = await plugin.match([lead(keys=[USER, EMAIL, EVENT])], b.ctx)
    assert isinstance(found, Match)
    assert found.record.id == "2"
    assert found.record.named
    assert [double.id for double in found.doubles] == ["1"]


async def test_two_keys_of_one_contact_are_no_double() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("1", {"deep_link_key": USER})]))
        b.hub.reply(single(EMAIL), contact("1", {"deep_link_key": USER}), method="GET")
        (found,) = await plugin.match([lead(keys=[USER, EMAIL])], b.ctx)
    assert isinstance(found, Match)
    assert found.doubles == ()


async def test_lost_record_is_looked_up_by_keys() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([], [absent("7")]), 207)
        b.hub.reply(READ, batch([contact("8", {"deep_link_key": USER})]))
        (found,) = await plugin.match([lead(record_id="7")], b.ctx)
    assert isinstance(found, Match)
    assert found.record.id == "8"


async def test_deleted_record_is_gone() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([], [absent("7")]), 207)
        b.hub.reply(READ, batch([], [absent(USER)]), 207)
        (found,) = await plugin.match([lead(record_id="7")], b.ctx)
    assert isinstance(found, Gone)


async def test_archived_contact_counts_as_absent() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("7", {"deep_link_key": USER}, archived=True)]))
        b.hub.reply(single(USER), error("OBJECT_NOT_FOUND"), 404, method="GET")
        assert await plugin.match([lead()], b.ctx) == [NoMatch()]


@pytest.mark.parametrize(
    "merged",
    [
        {"hs_merged_object_ids": "7;8"},
        {"hs_calculated_merged_vids": "7:1762212973632;8:1762212973640", "hs_merged_object_ids": None},
    ],
)
async def test_merged_record_is_taken_under_its_new_id(merged: dict[str, Any]) -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("99", merged), contact("5")]))
        found = await plugin.match([lead("a", record_id="7"), lead("b", record_id="5")], b.ctx)
    assert [match.record.id for match in found if isinstance(match, Match)] == ["99", "5"]
    assert len(b.hub.sent) == 1


async def test_merge_that_kept_the_primary_serves_both_leads() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("7", {"hs_merged_object_ids": "8"})]))
        found = await plugin.match([lead("a", record_id="7"), lead("b", record_id="8")], b.ctx)
    assert [match.record.id for match in found if isinstance(match, Match)] == ["7", "7"]


async def test_merged_record_that_names_nobody_is_asked_for_alone() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("99")]))
        b.hub.reply(f"{CONTACTS}/7", contact("99"), method="GET")
        (found,) = await plugin.match([lead(record_id="7")], b.ctx)
    assert isinstance(found, Match)
    assert found.record.id == "99"


async def test_silence_about_a_key_is_not_taken_for_absence() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch())
        b.hub.reply(single(USER), contact("7", {"deep_link_key": USER}), method="GET")
        (found,) = await plugin.match([lead()], b.ctx)
    assert isinstance(found, Match)
    query = b.hub.sent[1].url.query
    assert query["idProperty"] == "deep_link_key"
    assert "lifecyclestage" in query["properties"].split(",")


async def test_silence_then_not_found_is_no_match() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch())
        b.hub.reply(single(USER), error("OBJECT_NOT_FOUND", "resource not found"), 404, method="GET")
        assert await plugin.match([lead()], b.ctx) == [NoMatch()]


async def test_key_that_cannot_be_read_keeps_its_lead_waiting() -> None:
    """A record may be hidden behind the one key, so the other must not decide."""
    async with bench() as b:
        b.hub.reply(READ, batch([contact("7", {"deep_link_key": EMAIL})], [item("INTERNAL_ERROR")]), 207)
        b.hub.reply(single(USER), error(""), 500, method="GET")
        b.hub.reply(single(EVENT), error("OBJECT_NOT_FOUND"), 404, method="GET")
        found = await plugin.match([lead(keys=[USER, EMAIL]), lead("b", keys=[EVENT])], b.ctx)
    assert isinstance(found[0], RetryLater)
    assert found[1] == NoMatch()


# HubSpot answers for nobody: the core hears of it as a failed call and pauses the lane after some.


@pytest.mark.parametrize("status", [408, 423, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526])
async def test_fault_of_hubspot_is_a_failed_call(status: int) -> None:
    async with bench() as b:
        b.hub.reply(READ, "<html>error</html>", status)
        with pytest.raises(CallFailed, match=str(status)):
            await plugin.match([lead()], b.ctx)


@pytest.mark.parametrize(
    "body", ["<html></html>", '{"results": [{"id": "7", "pro', "[]", '{"results": 3}', ""]
)
async def test_unreadable_answer_is_a_failed_call(body: str) -> None:
    async with bench() as b:
        b.hub.reply(READ, body)
        with pytest.raises(CallFailed, match="cannot be read"):
            await plugin.match([lead(record_id="7")], b.ctx)


@pytest.mark.parametrize("failure", [aiohttp.ServerDisconnectedError(), TimeoutError(), OSError()])
async def test_read_without_an_answer_is_a_failed_call(failure: Exception) -> None:
    async with bench() as b:
        b.hub.fail(READ, failure)
        with pytest.raises(CallFailed):
            await plugin.match([lead()], b.ctx)


async def test_fault_for_some_leaves_the_others_settled() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("7")]))
        b.hub.reply(READ, "", 503)
        found = await plugin.match([lead("a", record_id="7"), lead("b", keys=[EMAIL])], b.ctx)
    assert isinstance(found[0], Match)
    assert isinstance(found[1], RetryLater)


async def test_single_read_without_an_answer_is_tried_later() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("7", {"deep_link_key": EMAIL})]))
        b.hub.fail(single(USER), TimeoutError(), method="GET")
        found = await plugin.match([lead(), lead("b", keys=[EMAIL])], b.ctx)
    assert isinstance(found[0], RetryLater)
    assert isinstance(found[1], Match)


async def test_single_read_that_cannot_be_read_is_tried_later() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("7", {"deep_link_key": EMAIL})]))
        b.hub.reply(single(USER), "{", method="GET")
        found = await plugin.match([lead(), lead("b", keys=[EMAIL])], b.ctx)
    assert isinstance(found[0], RetryLater)


async def test_throttled_match_carries_what_is_settled() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("7")]))
        b.hub.reply(READ, {"errorType": "RATE_LIMIT", "policyName": "SECONDLY"}, 429)
        with pytest.raises(Throttled) as stop:
            await plugin.match([lead("a", record_id="7"), lead("b", keys=[EMAIL])], b.ctx)
    assert stop.value.after == 1
    assert set(stop.value.outcomes) == {0}
    assert isinstance(stop.value.outcomes[0], Match)


async def test_wrong_address_is_never_read_as_absence() -> None:
    async with bench() as b:
        b.hub.reply(READ, "<html>404</html>", 404)
        with pytest.raises(Misconfigured) as stop:
            await plugin.match([lead(record_id="7")], b.ctx)
    assert stop.value.finding is not None
    assert stop.value.finding.code == "hubspot-address"


async def test_key_property_that_is_not_unique_stops_the_lane() -> None:
    message = "Unable to perform read by non-unique 0-1 property deep_link_key"
    async with bench() as b:
        b.hub.reply(READ, error("VALIDATION_ERROR", message), 400)
        with pytest.raises(Misconfigured) as stop:
            await plugin.match([lead()], b.ctx)
    assert stop.value.finding is not None
    assert stop.value.finding.code == "hubspot-key-not-unique"


async def test_token_that_is_refused_stops_the_lane() -> None:
    async with bench() as b:
        b.hub.reply(READ, error("EXPIRED_AUTHENTICATION"), 401)
        with pytest.raises(NotAuthorized, match="EXPIRED_AUTHENTICATION"):
            await plugin.match([lead()], b.ctx)


async def test_read_that_is_refused_is_halved_down_to_the_culprit() -> None:
    refusal = error("VALIDATION_ERROR", "no")
    async with bench() as b:
        b.hub.reply(READ, refusal, 400)
        b.hub.reply(READ, refusal, 400)
        b.hub.reply(READ, batch([], [absent(EMAIL)]), 207)
        found = await plugin.match([lead("a"), lead("b", keys=[EMAIL])], b.ctx)
        assert isinstance(found[0], RetryLater)
        assert found[1] == NoMatch()
        assert [len(sent.body["inputs"]) for sent in b.hub.sent] == [2, 1, 1]


async def test_match_of_nobody_asks_nothing() -> None:
    async with bench() as b:
        assert await plugin.match([], b.ctx) == []
    assert b.hub.sent == []
