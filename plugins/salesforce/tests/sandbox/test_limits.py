"""Versions, and how much of its calls an org has spent."""

from __future__ import annotations

import pytest

from .client import Account
from .conftest import OpenAccount

# Versions.


async def test_versions_are_listed_for_anybody(account: Account) -> None:
    account.token = ""
    for path in ("//services/data", "//services/data/"):
        reply = await account.get(path)
        assert reply.status == 200
        assert reply.body[-3:] == [
            {"label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0"},
            {"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"},
            {"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"},
        ]
        assert "sforce-limit-info" not in reply.headers
    assert account.sandbox.limits.spent == 0


@pytest.mark.parametrize(
    ("version", "status", "warned"),
    [
        ("30.0", 410, False),
        ("31.0", 200, True),
        ("41.0", 200, False),
        ("68.0", 200, False),
        ("69.0", 404, False),
    ],
)
async def test_old_versions_are_retired(account: Account, version: str, status: int, warned: bool) -> None:
    account.version = version

    reply = await account.get("/sobjects")

    assert reply.status == status
    assert ("warning" in reply.headers) is warned
    if warned:
        assert reply.headers["warning"].startswith("299 - ")


async def test_addresses_of_records_have_the_version_asked_for(account: Account) -> None:
    account.version = "66.0"
    lead_id = await account.create()

    [record] = await account.found("SELECT Id FROM Lead")

    assert record["attributes"]["url"] == f"/services/data/v66.0/sobjects/Lead/{lead_id}"


async def test_objects_and_resources_are_listed(account: Account) -> None:
    listed = [one["name"] for one in (await account.get("/sobjects")).body["sobjects"]]

    assert "Lead" in listed
    assert "PermissionSet" not in listed
    basic = (await account.get("/sobjects/Lead")).body["objectDescribe"]
    assert (basic["keyPrefix"], basic["createable"], basic["deletable"]) == ("00Q", True, False)
    assert (await account.get("")).body["query"] == "/services/data/v68.0/query"
    assert (await account.get("/sobjects/Nope")).status == 404


# Limits.


async def test_every_answer_tells_what_is_spent(account: Account) -> None:
    replies = [await account.get("/sobjects"), await account.get("/sobjects/Lead/00Q000000000zzz")]

    assert [reply.headers["sforce-limit-info"] for reply in replies] == [
        "api-usage=1/15000",
        "api-usage=2/15000",
    ]


async def test_app_may_have_a_limit_of_its_own(open_account: OpenAccount) -> None:
    account = await open_account(per_app=250)

    reply = await account.get("/sobjects")

    assert reply.headers["sforce-limit-info"] == (
        "api-usage=1/15000; per-app-api-usage=1/250(appName=Afterclick)"
    )


async def test_day_of_the_limit_rolls(open_account: OpenAccount) -> None:
    account = await open_account(daily=2, session_seconds=1e9)
    first = await account.get("/sobjects")
    account.clock.seconds += 3600
    await account.get("/sobjects")

    refused = await account.get("/sobjects")
    account.clock.seconds += 86_400 - 3600

    assert first.status == 200
    assert refused.status == 403
    assert refused.body == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]
    assert refused.headers["sforce-limit-info"] == "api-usage=2/2"
    assert account.sandbox.violations() == {"daily": 1, "concurrent": 0, "logins": 0}
    assert [(await account.get("/sobjects")).status for _ in range(2)] == [200, 403]


async def test_limits_are_listed_for_those_who_see_setup(open_account: OpenAccount) -> None:
    account = await open_account(view_setup=True)

    reply = await account.get("/limits")

    assert reply.body["DailyApiRequests"] == {"Max": 15_000, "Remaining": 14_999}


async def test_unlimited_org_tells_of_more_than_anybody_calls(open_account: OpenAccount) -> None:
    account = await open_account(unlimited=True, daily=1)

    replies = [await account.get("/sobjects") for _ in range(3)]

    assert [reply.status for reply in replies] == [200] * 3
    assert replies[-1].headers["sforce-limit-info"] == "api-usage=3/1000000000"


@pytest.mark.parametrize(("length", "status"), [(15_500, 400), (16_400, 414)])
async def test_address_may_have_16384_bytes(account: Account, length: int, status: int) -> None:
    assert (await account.get("/query", q="x" * length)).status == status


async def test_headers_count_too(account: Account) -> None:
    headers = {"X-Long": "x" * 2_000}

    reply = await account.send("GET", "/query", None, headers, q="x" * 15_000)

    assert (reply.status, reply.body[0]["errorCode"]) == (431, "HEADERS_TOO_LONG")
