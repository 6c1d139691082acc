"""Bodies that Pipedrive is documented to answer with, or was seen to: each is read for what it says.

Those that concern one call alone are tested with it: creates in test_writing.py, deals in test_deals.py,
429 and blocks in test_limits.py, tokens in test_credentials.py, fields in test_provisioning.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from afterclick.plugin import (
    Absorption,
    Gone,
    Match,
    Misconfigured,
    NoMatch,
    NotAuthorized,
    Record,
    Rejected,
    RetryLater,
    Synced,
    Uncertain,
)
from afterclick_pipedrive import plugin
from afterclick_pipedrive.api import TERM

from .support import (
    BASE,
    DEAL_KEY,
    DEALS,
    EMAIL_SEARCH,
    LEADS,
    PERSONS,
    SEARCH,
    USER,
    Json,
    bench,
    change,
    code,
    error,
    lead,
    ok,
    person,
)
from .test_deals import CONVERTED, VALUES, WON

CAMPAIGN = code("Deep link campaign")
ADDRESS = [{"value": "ada@example.com", "primary": True, "label": "work"}]

GATEWAY: Json = {
    "success": False,
    "error": "unauthorized access",
    "errorCode": 401,
    "error_info": "Please check developers.pipedrive.com",
}
"""No `data`, and a number for a code: what stands in front of the API answers in its own way."""


# Errors, whose keys vary.


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (error("x", code="ERR_SCHEMA_VALIDATION_FAILED"), "400 (ERR_SCHEMA_VALIDATION_FAILED)"),
        ({"success": False, "error": "Bad request"}, "400"),
        ({"success": False, "message": "name: is too long"}, "400 on name"),
        ({"success": False, "error": None, "error_info": f"no field {CAMPAIGN}"}, f"400 on {CAMPAIGN}"),
        ({"success": False, "data": {"errors": [{"field_code": CAMPAIGN}]}}, f"400 on {CAMPAIGN}"),
        ({"success": False, "errorCode": 400}, "400"),
        ({}, "400"),
        (
            error(f"Validation failed: {CAMPAIGN}: Unrecognized key", code="ERR_SCHEMA_VALIDATION_FAILED"),
            f"400 (ERR_SCHEMA_VALIDATION_FAILED) on {CAMPAIGN}",
        ),
        (
            error(f"{CAMPAIGN}: Expected 'number' as value for single option custom field"),
            f"400 on {CAMPAIGN}",
        ),
        (error("Validation failed: name: Required; emails[0].value: Expected string"), "400 on name, email"),
    ],
)
async def test_error_is_told_by_code_and_names(body: Any, expected: str) -> None:
    async with bench() as b:
        b.pipe.reply(f"{PERSONS}/5", body, 400, method="PATCH")
        (outcome,) = await plugin.enrich([change("5", {"Deep link campaign": "may"})], b.ctx)
        assert isinstance(outcome, Rejected)
        assert outcome.reason == f"Pipedrive answered {expected}"
        assert outcome.field == ("Deep link campaign" if CAMPAIGN in expected else None)


@pytest.mark.parametrize(
    ("status", "body", "stop", "finding"),
    [
        (401, GATEWAY, NotAuthorized, "pipedrive-credentials"),
        (402, error("Company account is not open"), NotAuthorized, "pipedrive-credentials"),
        (403, error("Scope and URL mismatch"), NotAuthorized, "pipedrive-rights"),
        (403, error("You do not have permissions to do this"), NotAuthorized, "pipedrive-rights"),
        (404, "<html>no such page</html>", Misconfigured, "pipedrive-address"),
        (410, error("This endpoint was removed"), Misconfigured, "pipedrive-address"),
    ],
)
@pytest.mark.parametrize("hook", ["match", "enrich", "step", "absorb", "retire", "erase"])
async def test_what_concerns_everybody_stops_every_hook(
    hook: str, status: int, body: Any, stop: type[NotAuthorized], finding: str
) -> None:
    async with bench(settings={"deals": "deal"}, desk=WON) as b:
        for method in ("GET", "PATCH", "DELETE"):
            b.pipe.reply(f"{PERSONS}/5", body, status, method=method)
        b.pipe.reply(f"{DEALS}/77", body, status, method="GET")
        record = Record(kind="person", id="5", key=USER)
        one = Absorption(lead=lead(), survivor=record, double=record, created_by_us=True)
        closing = change("5", {}, VALUES, "conversion", attributes=CONVERTED, related={"deal": "77"})
        work: dict[str, Callable[[], Awaitable[Any]]] = {
            "match": lambda: plugin.match([lead(record_id="5")], b.ctx),
            "enrich": lambda: plugin.enrich([change("5", {"Deep link campaign": "may"})], b.ctx),
            "step": lambda: plugin.enrich([closing], b.ctx),
            "absorb": lambda: plugin.absorb([one], b.ctx),
            "retire": lambda: plugin.retire([record], b.ctx),
            "erase": lambda: plugin.erase([record], b.ctx),
        }
        with pytest.raises(stop) as raised:
            await work[hook]()
        assert raised.value.finding is not None
        assert raised.value.finding.code == finding


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, ok({"id": 5}), Synced),
        (404, error("Person not found"), Synced),
        (403, error("You do not have permissions to do this"), NotAuthorized),
        (500, error("Internal Server Error", code="ERR_UNKNOWN"), Uncertain),
        (200, error("something"), Uncertain),
        (400, error("Bad request"), Rejected),
    ],
)
async def test_what_an_answer_to_a_deletion_means(status: int, body: Any, expected: type[Any]) -> None:
    async with bench() as b:
        b.pipe.reply(f"{PERSONS}/5", body, status, method="DELETE")
        try:
            (outcome,) = await plugin.erase([Record(kind="person", id="5")], b.ctx)
        except NotAuthorized as stop:
            outcome = stop  # type: ignore[assignment]
        assert isinstance(outcome, expected)


# Deleted, merged, archived.


@pytest.mark.parametrize(
    ("status", "body"), [(200, ok(person(5, is_deleted=True))), (404, error("Person not found"))]
)
async def test_person_that_is_gone_looks_either_way(status: int, body: Any) -> None:
    async with bench() as b:
        b.pipe.reply(f"{PERSONS}/5", body, status, method="GET")
        b.pipe.reply(SEARCH, ok({"items": []}), method="GET")
        assert isinstance((await plugin.match([lead(record_id="5")], b.ctx))[0], Gone)


async def test_merge_answers_in_the_shape_of_version_1_and_the_survivor_is_read() -> None:
    async with bench(settings={"doubles": "merge"}) as b:
        merged = {
            "success": True,
            "data": {
                "id": 9,
                "name": "Ada Lovelace",
                "email": [{"value": "ada@example.com", "primary": True, "label": "work"}],
                "owner_id": {"id": 1, "name": "Afterclick"},
                "active_flag": True,
                "merge_what_id": 5,
            },
        }
        b.pipe.reply(f"{PERSONS}/5", ok(person(5)), method="GET")
        b.pipe.reply(f"{BASE}/api/v1/persons/5/merge", merged, method="PUT")
        b.pipe.reply(f"{PERSONS}/9", ok(person(9, {"Deep link key": USER}, emails=ADDRESS)), method="GET")
        one = Absorption(
            lead=lead(),
            survivor=Record(kind="person", id="9"),
            double=Record(kind="person", id="5"),
            created_by_us=True,
        )
        (outcome,) = await plugin.absorb([one], b.ctx)
        assert isinstance(outcome, Synced)
        assert outcome.record.values["email"] == "ada@example.com"
        assert b.pipe.sent[1].body == {"merge_with_id": 9}


@pytest.mark.parametrize(
    "archived", [error("Archived deals cannot be edited"), error("Deal is archived", code="ERR_ARCHIVED")]
)
async def test_deal_that_was_archived_since_it_was_read_is_left_alone(archived: Any) -> None:
    async with bench(settings={"deals": "deal"}, desk=WON) as b:
        b.pipe.reply(f"{DEALS}/77", ok({"id": 77, "status": "open"}), method="GET")
        b.pipe.reply(f"{DEALS}/77", archived, 400, method="PATCH")
        closing = change("5", {}, VALUES, "conversion", attributes=CONVERTED, related={"deal": "77"})
        (outcome,) = await plugin.enrich([closing], b.ctx)
        assert isinstance(outcome, Rejected)
        assert outcome.field == "conversion"


async def test_leads_are_paged_by_number_without_a_word_of_what_is_next() -> None:
    async with bench(settings={"deals": "lead"}, desk=WON) as b:
        page = [{"id": f"00000000-0000-0000-0000-{n:012}", DEAL_KEY: None} for n in range(500)]
        ours = {"id": "adf21080-0e10-11eb-879b-05d71fb426ec", "origin_id": USER}
        b.pipe.reply(f"{PERSONS}/5", ok(person(5, {"Deep link key": USER})), method="GET")
        b.pipe.reply(LEADS, {"success": True, "data": page, "additional_data": {"start": 0}}, method="GET")
        b.pipe.reply(LEADS, {"success": True, "data": [ours]}, method="GET")
        asked = lead(record_id="5", attributes=CONVERTED, uncertain_since=b.clock.now())
        (found,) = await plugin.match([asked], b.ctx)
        assert isinstance(found, Match)
        assert found.record.related == {"lead": ours["id"]}
        assert [sent.url.query["start"] for sent in b.pipe.sent[1:]] == ["0", "500"]


# Searches.


@pytest.mark.parametrize(
    "found",
    [
        {
            "items": [
                {"result_score": 0.4, "item": {"id": 9, "type": "person", "emails": ["ada@example.com"]}}
            ]
        },
        [{"id": 9, "email": "ada@example.com"}],
    ],
    ids=["schema", "example"],
)
async def test_hits_are_read_in_either_form(found: Any) -> None:
    async with bench() as b:
        b.pipe.reply(EMAIL_SEARCH, ok(found), method="GET")
        b.pipe.reply(f"{PERSONS}/9", ok(person(9, emails=ADDRESS)), method="GET")
        (match,) = await plugin.match([lead(emails=("ada@example.com",))], b.ctx)
        assert isinstance(match, Match)


@pytest.mark.parametrize("data", [None, "nothing", {"items": [{"item": {"id": "x"}}]}, [[]]])
async def test_search_in_another_form_is_no_absence(data: Any) -> None:
    async with bench() as b:
        b.pipe.reply(EMAIL_SEARCH, ok(data), method="GET")
        (found,) = await plugin.match([lead(emails=("ada@example.com",))], b.ctx)
        assert found == RetryLater("Pipedrive's answer cannot be read")


async def test_address_that_is_too_long_to_be_searched_for_holds_nobody_up() -> None:
    async with bench() as b:
        long = "a" * 64 + "@" + "example." * 20 + "com"
        assert len(long) > TERM
        assert await plugin.match([lead(emails=(long,))], b.ctx) == [NoMatch()]
        assert b.pipe.sent == []


# Values.


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("may", "may"),
        ({"value": "may"}, "may"),
        ({"value": "09:14:00", "timezone_name": "Europe/Berlin"}, "09:14:00"),
        ({"value": "12 Main St, Springfield", "country": "US"}, "12 Main St, Springfield"),
        ({"value": None}, None),
        ({}, None),
        ("", None),
        (None, None),
        (7, "7"),
    ],
)
async def test_custom_field_is_read_in_whatever_shape_its_type_has(raw: Any, expected: str | None) -> None:
    async with bench() as b:
        b.pipe.reply(f"{PERSONS}/5", ok(person(5, {"Deep link campaign": raw})), method="GET")
        (found,) = await plugin.match([lead(record_id="5")], b.ctx)
        assert isinstance(found, Match)
        assert found.record.values.get("Deep link campaign") == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2026-05-01T08:00:00Z", "2026-05-01T08:00:00.000Z"),
        ("2026-05-01T08:00:00.125Z", "2026-05-01T08:00:00.125Z"),
        (None, None),
    ],
)
async def test_times_are_read_with_and_without_parts_of_a_second(told: Any, expected: str | None) -> None:
    async with bench() as b:
        b.pipe.reply(f"{PERSONS}/5", ok(person(5, add_time=told)), method="GET")
        (found,) = await plugin.match([lead(record_id="5")], b.ctx)
        assert isinstance(found, Match)
        assert found.record.created_at == expected
