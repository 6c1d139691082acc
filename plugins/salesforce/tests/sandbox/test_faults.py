"""What goes wrong on purpose, over a socket: Salesforce's own bodies, and what was done."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from afterclick.sandbox import PRESETS, Rule
from afterclick_salesforce.sandbox import make

from .client import COLLECTIONS, KEY, Account, Reply, lead
from .conftest import OpenAccount


async def inserted(account: Account, *faults: Rule, rows: int = 4) -> Reply:
    """Return the answer to an insert that meets some faults."""
    account.sandbox.faults.add(*faults)
    return await account.insert(*(lead(f"k{number}") for number in range(rows)))


def keys(account: Account) -> list[str]:
    return sorted(record["properties"][KEY] for record in account.sandbox.records())


# Refusals.


@pytest.mark.parametrize(
    ("status", "reason", "code", "message"),
    [
        (401, "", "INVALID_SESSION_ID", "Session expired or invalid"),
        (401, "rest", "INVALID_SESSION_ID", "This session is not valid for use with the REST API"),
        (401, "header", "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"),
        (403, "", "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        (403, "daily", "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        (
            403,
            "concurrent",
            "REQUEST_LIMIT_EXCEEDED",
            "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
        ),
        (403, "long", "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
        (403, "disabled", "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner"),
        (403, "storage", "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded"),
        (404, "", "NOT_FOUND", "The requested resource does not exist"),
        (410, "", "UNSUPPORTED_API_VERSION", "The requested API version has been retired"),
        (500, "", "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId"),
        (503, "", "SERVER_UNAVAILABLE", "Server too busy"),
    ],
)
async def test_refusal_has_salesforces_body(
    account: Account, status: int, reason: str, code: str, message: str
) -> None:
    reply = await inserted(account, Rule(kind="status", status=status, reason=reason))

    assert (reply.status, reply.body) == (status, [{"message": message, "errorCode": code}])
    assert "retry-after" not in reply.headers
    assert account.sandbox.records() == []


async def test_too_many_calls_are_a_403_also_where_others_say_429(account: Account) -> None:
    reply = await inserted(account, Rule(kind="status", status=429))

    assert reply.status == 403
    assert reply.message.startswith("ConcurrentRequests")


@pytest.mark.parametrize(("status", "reason"), [(420, ""), (502, ""), (504, ""), (503, "html")])
async def test_routing_in_front_answers_in_html(account: Account, status: int, reason: str) -> None:
    reply = await inserted(account, Rule(kind="status", status=status, reason=reason))

    assert reply.status == status
    assert reply.headers["content-type"].startswith("text/html")
    assert "<html>" in reply.body
    assert "sforce-limit-info" not in reply.headers


async def test_gateway_that_gives_up_hides_what_was_done(account: Account) -> None:
    reply = await inserted(account, Rule(kind="status", status=502, late=True), rows=1)

    assert (reply.status, keys(account)) == (502, ["k0"])


@pytest.mark.parametrize("rule", [{"status": 403, "reason": "dialy"}, {"status": 401, "reason": "daily"}])
async def test_reason_that_salesforce_does_not_know_is_refused(
    account: Account, rule: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="has no reason"):
        account.sandbox.faults.add(Rule(kind="status", **rule))


@pytest.mark.parametrize("name", PRESETS)
def test_every_set_of_faults_can_be_put_in_force(name: str) -> None:
    sandbox = make({})

    sandbox.faults.start(PRESETS[name].rules, seed=1)

    assert sandbox.faults.rules == PRESETS[name].rules


async def test_calls_at_a_time_can_be_limited(open_account: OpenAccount) -> None:
    account = await open_account(concurrent=1)
    both_there = asyncio.Barrier(2)

    class Meeting(type(account.clock)):  # type: ignore[misc] # the clock of this test
        async def sleep(self, seconds: float) -> None:
            await both_there.wait()

    account.sandbox.faults._clock = Meeting()
    account.sandbox.faults.add(Rule(kind="delay", seconds=20))

    replies = await asyncio.gather(account.get("/sobjects"), account.get("/sobjects"))

    assert sorted(reply.status for reply in replies) == [200, 403]
    assert account.sandbox.violations()["concurrent"] == 1


# Connections.


@pytest.mark.parametrize(
    ("kind", "error", "done"),
    [
        ("cut_before", aiohttp.ClientConnectionError, []),
        ("cut_after", aiohttp.ClientConnectionError, ["k0"]),
        ("cut_within", aiohttp.ClientPayloadError, ["k0"]),
    ],
)
async def test_connection_is_cut_around_the_work(
    account: Account, kind: Any, error: type[Exception], done: list[str]
) -> None:
    with pytest.raises(error):
        await inserted(account, Rule(kind=kind, path=COLLECTIONS, times=1), rows=1)

    assert keys(account) == done
    assert (await account.insert(lead("k0"))).status == 200


async def test_work_begins_or_answers_late(account: Account) -> None:
    await inserted(account, Rule(kind="delay", seconds=40), Rule(kind="delay", seconds=7, late=True), rows=1)

    [record] = account.sandbox.records()
    assert account.clock.seconds == 47
    assert record["created_at"] == account.clock.now() - 7_000


# Answers of batches.


async def test_forgotten_row_is_done_and_not_in_the_answer(account: Account) -> None:
    reply = await inserted(account, Rule(kind="forget", path=COLLECTIONS))

    assert (reply.status, len(reply.body)) == (200, 3)
    assert keys(account) == ["k0", "k1", "k2", "k3"]


async def test_overlooked_row_is_not_done_and_not_in_the_answer(account: Account) -> None:
    reply = await inserted(account, Rule(kind="overlook", path=COLLECTIONS))

    ids = {record["id"] for record in account.sandbox.records()}
    assert (reply.status, len(reply.body)) == (200, 3)
    assert {row["id"] for row in reply.body} == ids


async def test_every_batch_can_overlook_a_row(open_account: OpenAccount) -> None:
    powers = ("Read", "Create", "Edit", "Delete")
    account = await open_account(object_permissions=powers, duplicate_rule="off")
    ids = [await account.create(LastName=str(number), **{KEY: f"k{number}"}) for number in range(4)]
    account.sandbox.faults.add(Rule(kind="overlook", path=COLLECTIONS))

    await account.update(*(lead(Id=lead_id, FirstName="updated") for lead_id in ids))
    records = [lead(f"k{number}", Title="upserted") for number in range(4)]
    await account.patch(f"{COLLECTIONS}/Lead/{KEY}", {"records": records})
    read = await account.post(f"{COLLECTIONS}/Lead", {"ids": ids, "fields": ["LastName"]})
    await account.send("DELETE", COLLECTIONS, ids=",".join(ids))

    rows = [account.row(lead_id) for lead_id in ids]
    assert sum(row.values.get("FirstName") == "updated" for row in rows) == 3
    assert sum(row.values.get("Title") == "upserted" for row in rows) == 3
    assert len(read.body) == 3
    assert sum(row.archived for row in rows) == 3


@pytest.mark.parametrize(("kind", "done"), [("empty", ["k0", "k1"]), ("ignore", [])])
async def test_2xx_with_an_empty_list_may_mean_either(account: Account, kind: Any, done: list[str]) -> None:
    reply = await inserted(account, Rule(kind=kind, path=COLLECTIONS, times=1), rows=2)

    assert (reply.status, reply.body) == (200, [])
    assert keys(account) == done


async def test_results_of_a_batch_keep_the_order_of_the_request(account: Account) -> None:
    reply = await inserted(account, Rule(kind="shuffle"), Rule(kind="duplicate"), rows=30)

    assert [account.row(row["id"]).values[KEY] for row in reply.body] == [f"k{row}" for row in range(30)]


async def test_found_records_come_shuffled_and_doubled(account: Account) -> None:
    await inserted(account, rows=30)
    account.sandbox.faults.add(Rule(kind="shuffle"), Rule(kind="duplicate"))

    ids = [record["Id"] for record in await account.found("SELECT Id FROM Lead")]

    made = sorted(record["id"] for record in account.sandbox.records())
    assert len(ids) == 31
    assert sorted(set(ids)) == made
    assert ids[:30] != made


async def test_query_can_leave_out_a_record_that_is_there(account: Account) -> None:
    await account.create()
    account.sandbox.faults.add(Rule(kind="overlook", path="/query", times=1))

    for found in (0, 1):
        assert len(await account.found("SELECT Id FROM Lead")) == found


async def test_faults_reach_the_parts_of_a_composite_call(account: Account) -> None:
    await account.create()
    account.sandbox.faults.add(Rule(kind="overlook", path="/composite", times=1))
    query = {
        "method": "GET",
        "url": "/services/data/v68.0/query?q=SELECT+Id+FROM+Lead",
        "referenceId": "part0",
    }

    for found in (0, 1):
        reply = await account.post("/composite", {"compositeRequest": [query]})
        [part] = reply.body["compositeResponse"]
        assert len(part["body"]["records"]) == found


async def test_faults_are_counted_and_reset(account: Account) -> None:
    await inserted(account, Rule(kind="status", times=1))

    [described] = account.sandbox.faults.describe()
    assert described["fired"] == 1
    account.sandbox.reset()
    assert account.sandbox.faults.describe() == []
