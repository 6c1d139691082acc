"""Several calls in one."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from .client import KEY, Account, Reply
from .conftest import OpenAccount

BASE = "/services/data/v68.0"


def part(name: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    made = {"method": method, "url": BASE + path, "referenceId": name}
    return made if body is None else {**made, "body": body}


def lead(name: str, **values: Any) -> dict[str, Any]:
    return part(name, "POST", "/sobjects/Lead", {"LastName": name, "Company": "C", **values})


async def composite(account: Account, *parts: dict[str, Any], all_or_none: bool = False) -> Reply:
    return await account.post("/composite", {"allOrNone": all_or_none, "compositeRequest": list(parts)})


def statuses(reply: Reply) -> list[int]:
    return [one["httpStatusCode"] for one in reply.body["compositeResponse"]]


async def test_queries_travel_together_and_count_once(account: Account) -> None:
    lead_id = await account.create(Email="o'hara@example.com")
    soql = r"SELECT Id FROM {} WHERE Email = 'o\'hara@example.com'"
    queries = [part(name, "GET", f"/query?q={quote(soql.format(name))}") for name in ("Lead", "Contact")]
    before = account.sandbox.limits.spent

    reply = await composite(account, *queries)

    found = [one["body"]["records"] for one in reply.body["compositeResponse"]]
    assert [[record["Id"] for record in records] for records in found] == [[lead_id], []]
    assert account.sandbox.limits.spent == before + 1


async def test_later_parts_use_what_earlier_ones_answered(account: Account) -> None:
    reply = await composite(
        account,
        lead("first"),
        part("read", "GET", "/sobjects/Lead/@{first.id}?fields=LastName"),
        lead("second", Description="@{read.attributes.type} @{first.id}"),
    )

    first, read, second = (one["body"] for one in reply.body["compositeResponse"])
    assert statuses(reply) == [201, 200, 201]
    assert read["LastName"] == "first"
    assert account.values(second["id"])["Description"] == f"Lead {first['id']}"


async def test_one_that_fails_leaves_the_others_alone(account: Account) -> None:
    reply = await composite(account, lead("a", Nope__c="x"), lead("b"), part("c", "GET", "/nowhere"))

    assert statuses(reply) == [400, 201, 404]
    assert reply.body["compositeResponse"][0]["body"][0]["errorCode"] == "INVALID_FIELD"
    assert len(account.sandbox.records()) == 1


async def test_all_or_none_takes_everything_back(account: Account) -> None:
    rows = {"records": [{"attributes": {"type": "Lead"}, "LastName": "row", "Company": "C", KEY: "k1"}]}
    parts = [lead("a"), part("rows", "POST", "/composite/sobjects", rows), lead("b", Nope__c="x"), lead("c")]

    reply = await composite(account, *parts, all_or_none=True)

    codes = [one["body"][0]["errorCode"] for one in reply.body["compositeResponse"]]
    assert codes == ["PROCESSING_HALTED", "PROCESSING_HALTED", "INVALID_FIELD", "PROCESSING_HALTED"]
    assert account.sandbox.records() == []
    assert statuses(await composite(account, parts[0], parts[1])) == [201, 200]


@pytest.mark.parametrize(
    "parts",
    [
        [lead(f"p{number}") for number in range(26)],
        [part(f"q{number}", "GET", "/query?q=SELECT+Id+FROM+Lead") for number in range(6)],
        [lead("same"), lead("same")],
    ],
)
async def test_too_much_is_refused_as_a_whole(account: Account, parts: list[dict[str, Any]]) -> None:
    reply = await composite(account, *parts)

    assert (reply.status, reply.code) == (400, "INVALID_INPUT")
    assert account.sandbox.records() == []


async def test_reference_that_leads_nowhere_fails_its_part(account: Account) -> None:
    reply = await composite(account, lead("a"), part("b", "GET", "/sobjects/Lead/@{a.nope}"))

    assert statuses(reply) == [201, 400]
    assert reply.body["compositeResponse"][1]["body"][0]["errorCode"] == "PROCESSING_HALTED"


async def test_permissions_that_are_taken_back_open_nothing(open_account: OpenAccount) -> None:
    account = await open_account(object_permissions=("Read",))
    user, user_token = account.sandbox.org.integration.id, account.token
    account.token = account.sandbox.options.admin_token
    rights = {"ParentId": "@{set.id}", "SobjectType": "Lead", "PermissionsRead": True}
    parts = [
        part("set", "POST", "/sobjects/PermissionSet", {"Name": "One", "Label": "One"}),
        part("rights", "POST", "/sobjects/ObjectPermissions", {**rights, "PermissionsCreate": True}),
        part(
            "assigned",
            "POST",
            "/sobjects/PermissionSetAssignment",
            {"AssigneeId": user, "PermissionSetId": "@{set.id}"},
        ),
    ]

    failed = await composite(account, *parts, lead("last", Nope__c="x"), all_or_none=True)
    account.token = user_token
    before = await account.post("/sobjects/Lead", {"LastName": "L", "Company": "C"})
    account.token = account.sandbox.options.admin_token
    done = await composite(account, *parts, all_or_none=True)
    account.token = user_token
    after = await account.post("/sobjects/Lead", {"LastName": "L", "Company": "C"})

    assert (statuses(failed), statuses(done)) == ([400, 400, 400, 400], [201, 201, 201])
    assert (before.status, after.status) == (403, 201)
