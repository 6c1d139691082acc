"""Versions, tokens, scopes, limits and the answers to trouble."""

from __future__ import annotations

import pytest

from afterclick.sandbox import Rule

from .conftest import Account, OpenAccount

PROPERTIES = "//crm/properties/2026-09/contacts"
DETAILS = "//account-info/2026-09/details"


@pytest.mark.parametrize("version", ["2026-09", "2026-03"])
async def test_dated_versions_answer(account: Account, version: str) -> None:
    account.version = version

    assert (await account.get("")).status == 200


@pytest.mark.parametrize("path", ["//crm/v3/objects/contacts", "//crm/objects/2025-09/contacts", "//x"])
async def test_other_versions_and_paths_are_not_found(account: Account, path: str) -> None:
    reply = await account.get(path)

    assert (reply.status, reply.body["status"]) == (404, "error")


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "Basic pat-sandbox", "pat-sandbox"])
async def test_wrong_token_is_refused(account: Account, authorization: str) -> None:
    reply = await account.send("GET", "", headers={"Authorization": authorization})

    assert (reply.status, reply.body["category"]) == (401, "INVALID_AUTHENTICATION")
    assert reply.body["message"].startswith("Authentication credentials not found.")


async def test_expired_token_is_told_apart(account: Account) -> None:
    account.sandbox.faults.add(Rule(kind="status", status=401, reason="expired"))

    assert (await account.get("")).body["category"] == "EXPIRED_AUTHENTICATION"


@pytest.fixture
async def two_tokens(open_account: OpenAccount) -> Account:
    account = await open_account(restricted_token="pat-sync")
    account.token = "pat-sync"
    return account


async def test_restricted_token_syncs_and_reads_definitions(two_tokens: Account) -> None:
    await two_tokens.create(lastname="L")

    for path in ("", PROPERTIES, f"{PROPERTIES}/groups", DETAILS):
        assert (await two_tokens.get(path)).status == 200


async def test_restricted_token_cannot_provision(two_tokens: Account) -> None:
    reply = await two_tokens.post(f"{PROPERTIES}/groups", {"name": "x", "label": "X"})

    assert (reply.status, reply.body["category"]) == (403, "MISSING_SCOPES")
    assert reply.body["errors"][0]["context"] == {"requiredGranularScopes": ["crm.schemas.contacts.write"]}
    two_tokens.token = "pat-sandbox"
    assert (await two_tokens.post(f"{PROPERTIES}/groups", {"name": "x", "label": "X"})).status == 201


async def test_settings_open_the_account(account: Account, two_tokens: Account) -> None:
    url = account.sandbox.base_url

    assert account.sandbox.settings() == {"access_token": "pat-sandbox", "base_url": url}
    assert two_tokens.sandbox.settings() == {
        "access_token": "pat-sync",
        "provisioning_token": "pat-sandbox",
        "base_url": two_tokens.sandbox.base_url,
    }


async def test_body_must_claim_to_be_json(account: Account) -> None:
    reply = await account.send("POST", "", {"properties": {}}, headers={"Content-Type": "text/plain"})

    assert reply.status == 415


async def test_answers_tell_the_limits(open_account: OpenAccount) -> None:
    account = await open_account(burst=190, daily=625_000)

    headers = (await account.get(DETAILS)).headers

    told = {name: value for name, value in headers.items() if name.startswith("x-hubspot-ratelimit")}
    assert told == {
        "x-hubspot-ratelimit-max": "190",
        "x-hubspot-ratelimit-remaining": "189",
        "x-hubspot-ratelimit-interval-milliseconds": "10000",
        "x-hubspot-ratelimit-daily": "625000",
        "x-hubspot-ratelimit-daily-remaining": "624999",
        "x-hubspot-ratelimit-secondly": "19",
        "x-hubspot-ratelimit-secondly-remaining": "18",
    }


async def test_searches_do_not_tell_the_limits(account: Account) -> None:
    reply = await account.post("/search", {})

    assert reply.status == 200
    assert not any(name.startswith("x-hubspot-ratelimit") for name in reply.headers)


async def test_call_over_the_burst_is_refused_until_the_window_has_room(open_account: OpenAccount) -> None:
    account = await open_account(burst=2)
    await account.get("")
    await account.get("")

    reply = await account.post("", {"properties": {"lastname": "L"}})

    assert reply.status == 429
    assert (reply.body["errorType"], reply.body["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")
    assert reply.body["message"] == "You have reached your ten_secondly_rolling limit."
    assert "category" not in reply.body
    assert "retry-after" not in reply.headers
    assert account.sandbox.contacts() == []
    assert account.sandbox.counts()["violations"] == {"burst": 1, "search": 0, "daily": 0}
    account.clock.seconds = 10
    assert (await account.post("", {"properties": {"lastname": "L"}})).status == 201


async def test_each_token_has_a_burst_of_its_own_and_all_share_the_day(open_account: OpenAccount) -> None:
    account = await open_account(burst=1, daily=2, restricted_token="pat-sync")
    assert (await account.get("")).status == 200
    account.token = "pat-sync"
    assert (await account.get("")).status == 200

    account.clock.seconds = 10
    reply = await account.get("")

    assert (reply.status, reply.body["policyName"]) == (429, "DAILY")
    assert reply.body["message"] == "You have reached your daily limit."


async def test_day_ends_at_midnight_of_the_account(open_account: OpenAccount) -> None:
    account = await open_account(daily=1, time_zone="America/New_York")
    await account.get("")
    # From 09:14 UTC to midnight in New York, which is 04:00 UTC.
    account.clock.seconds = 18 * 3600 + 46 * 60 - 1
    assert (await account.get("")).status == 429
    account.clock.seconds += 1

    assert (await account.get("")).status == 200


async def test_searches_have_a_limit_of_their_own(account: Account) -> None:
    statuses = [(await account.post("/search", {})).status for _ in range(6)]

    assert statuses == [200, 200, 200, 200, 200, 429]
    reply = await account.post("/search", {})
    assert (reply.body["policyName"], reply.body["message"]) == (
        "SECONDLY",
        "You have reached your secondly limit.",
    )
    assert (await account.get("")).status == 200
    account.clock.seconds = 1
    assert (await account.post("/search", {})).status == 200


async def test_unlimited_account_refuses_nothing_and_tells_no_limit(open_account: OpenAccount) -> None:
    account = await open_account(unlimited=True)

    replies = [await account.get(DETAILS) for _ in range(150)]

    assert {reply.status for reply in replies} == {200}
    assert not any(name.startswith("x-hubspot") for name in replies[0].headers)
    assert account.sandbox.settings()["plan"] == "unlimited"


async def test_details_tell_whose_account_it_is(open_account: OpenAccount) -> None:
    account = await open_account(portal_id=12345678, time_zone="America/New_York")

    assert (await account.get(DETAILS)).body == {
        "portalId": 12345678,
        "accountType": "STANDARD",
        "timeZone": "America/New_York",
        "companyCurrency": "USD",
        "additionalCurrencies": [],
        "utcOffset": "-04:00",
        "utcOffsetMilliseconds": -14400000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }


async def test_usage_tells_what_is_spent_today(account: Account) -> None:
    await account.get("")

    reply = await account.get("//account-info/2026-09/api-usage/daily/private-apps")

    (usage,) = reply.body["results"]
    assert (usage["currentUsage"], usage["usageLimit"]) == (2, 250_000)
    assert usage["resetsAt"] == "2026-05-22T00:00:00Z"
