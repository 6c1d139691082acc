"""What goes wrong on purpose, over a socket: HubSpot's own bodies and headers, and what was done."""

from __future__ import annotations

import re
from typing import Any

import aiohttp
import msgspec
import pytest

from afterclick.sandbox import Rule
from afterclick_hubspot.sandbox import make

from .conftest import Account, OpenAccount, Reply, keyed

UPSERT = "/batch/upsert"
HEADERS = {
    "x-hubspot-ratelimit-max",
    "x-hubspot-ratelimit-remaining",
    "x-hubspot-ratelimit-interval-milliseconds",
    "x-hubspot-ratelimit-daily",
    "x-hubspot-ratelimit-daily-remaining",
    "x-hubspot-ratelimit-secondly",
    "x-hubspot-ratelimit-secondly-remaining",
}


async def upserted(account: Account, *faults: Rule, people: int = 4) -> Reply:
    """Return the answer to an upsert that meets some faults."""
    account.sandbox.faults.add(*faults)
    return await account.batch("upsert", *(keyed(f"k{n}", f"t{n}") for n in range(people)))


def limits(reply: Reply) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name.startswith("x-hubspot-ratelimit")}


def keys(account: Account) -> list[str]:
    return sorted(contact["deep_link_key"] for contact in account.sandbox.contacts())


# Refusals.


@pytest.mark.parametrize(
    ("reason", "policy", "spent", "left"),
    [
        ("burst", "TEN_SECONDLY_ROLLING", "remaining", "daily-remaining"),
        ("", "TEN_SECONDLY_ROLLING", "remaining", "daily-remaining"),
        ("daily", "DAILY", "daily-remaining", "remaining"),
    ],
)
async def test_both_kinds_of_429_say_what_is_spent(
    account: Account, reason: str, policy: str, spent: str, left: str
) -> None:
    reply = await upserted(account, Rule(kind="status", status=429, reason=reason))

    assert reply.status == 429
    assert reply.body["policyName"] == policy
    assert reply.body["errorType"] == "RATE_LIMIT"
    assert reply.body["message"] == f"You have reached your {policy.lower()} limit."
    assert set(limits(reply)) == HEADERS
    assert reply.headers[f"x-hubspot-ratelimit-{spent}"] == "0"
    assert int(reply.headers[f"x-hubspot-ratelimit-{left}"]) > 0
    assert "retry-after" not in reply.headers
    assert account.sandbox.contacts() == []


async def test_429_on_purpose_looks_like_the_real_one(open_account: OpenAccount) -> None:
    account = await open_account(burst=1)
    await account.get("")
    real = await account.get("")
    on_purpose = await upserted(account, Rule(kind="status", status=429, reason="burst"))

    assert real.status == on_purpose.status == 429
    assert real.body.keys() == on_purpose.body.keys()
    assert real.body["policyName"] == on_purpose.body["policyName"]
    assert limits(real) == limits(on_purpose)


async def test_429_of_the_search_has_no_limits_in_its_headers(account: Account) -> None:
    account.sandbox.faults.add(Rule(kind="status", status=429, reason="search", path="/search"))

    reply = await account.post("/search", {})

    assert (reply.status, reply.body["policyName"]) == (429, "SECONDLY")
    assert limits(reply) == {}


async def test_429_of_an_account_without_limits_has_none_in_its_headers(open_account: OpenAccount) -> None:
    account = await open_account(unlimited=True)

    reply = await upserted(account, Rule(kind="status", status=429, headers={"Retry-After": "3"}))

    assert (reply.status, limits(reply), reply.headers["retry-after"]) == (429, {}, "3")


@pytest.mark.parametrize(
    ("status", "reason", "category", "limited"),
    [
        (401, "", "INVALID_AUTHENTICATION", False),
        (401, "expired", "EXPIRED_AUTHENTICATION", False),
        (403, "", "MISSING_SCOPES", True),
        (404, "", "OBJECT_NOT_FOUND", True),
        (423, "", "LOCKED", True),
        (477, "", "MIGRATION_IN_PROGRESS", True),
        (500, "", None, True),
        (503, "", None, True),
    ],
)
async def test_trouble_is_told_as_hubspot_tells_it(
    account: Account, status: int, reason: str, category: str | None, limited: bool
) -> None:
    reply = await upserted(account, Rule(kind="status", status=status, reason=reason))

    assert (reply.status, reply.body["status"], reply.body.get("category")) == (status, "error", category)
    assert re.fullmatch(r"[0-9a-f-]{36}", reply.body["correlationId"])
    assert reply.headers.get("retry-after") == ("120" if status == 477 else None)
    assert set(limits(reply)) == (HEADERS if limited else set())
    assert account.sandbox.contacts() == []


async def test_403_names_the_scopes_that_are_missing(account: Account) -> None:
    reply = await upserted(account, Rule(kind="status", status=403))

    (detail,) = reply.body["errors"]
    assert detail["context"]["requiredGranularScopes"] == ["crm.objects.contacts.write"]


async def test_move_between_data_centres_says_how_long_it_takes(account: Account) -> None:
    reply = await upserted(account, Rule(kind="status", status=477, reason="3600"))

    assert reply.headers["retry-after"] == "3600"


@pytest.mark.parametrize("status", [502, 504, 521, 523, 524])
async def test_network_in_front_answers_in_html_and_knows_no_limits(account: Account, status: int) -> None:
    reply = await upserted(account, Rule(kind="status", status=status))

    assert reply.status == status
    assert reply.headers["content-type"].startswith("text/html")
    assert "<html>" in reply.body
    assert limits(reply) == {}


async def test_gateway_that_gives_up_hides_what_was_done(account: Account) -> None:
    reply = await upserted(account, Rule(kind="status", status=524, late=True), people=1)

    assert reply.status == 524
    assert keys(account) == ["k0"]


@pytest.mark.parametrize(
    "rule",
    [
        {"status": 429, "reason": "dialy"},
        {"status": 429, "reason": "expired"},
        {"status": 401, "reason": "x"},
    ],
)
async def test_reason_that_hubspot_does_not_know_is_refused(account: Account, rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="has no reason"):
        account.sandbox.faults.add(Rule(kind="status", **rule))
    with pytest.raises(ValueError, match="has no reason"):
        make({"faults": msgspec.json.encode([{"kind": "status", **rule}]).decode()})


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
        await upserted(account, Rule(kind=kind, path=UPSERT, times=1), people=1)

    assert keys(account) == done
    assert (await account.batch("upsert", keyed("k0", "t"))).status == 200


async def test_work_begins_or_answers_late(account: Account) -> None:
    await upserted(
        account, Rule(kind="delay", seconds=40), Rule(kind="delay", seconds=7, late=True), people=1
    )

    (contact,) = account.sandbox.portal.book.store
    assert account.clock.seconds == 47
    assert contact.created == account.clock.now() - 7_000


# Answers of batches. A 2xx with both lists empty was seen by rudder-transformer (#5167).


async def test_forgotten_input_is_done_and_in_neither_list(account: Account) -> None:
    reply = await upserted(account, Rule(kind="forget", path=UPSERT))

    assert (reply.status, len(reply.body["results"])) == (200, 3)
    assert "errors" not in reply.body
    assert keys(account) == ["k0", "k1", "k2", "k3"]


async def test_overlooked_input_is_not_done_and_in_neither_list(account: Account) -> None:
    reply = await upserted(account, Rule(kind="overlook", path=UPSERT))

    assert (reply.status, len(reply.body["results"])) == (200, 3)
    assert "errors" not in reply.body
    assert keys(account) == sorted(one["properties"]["deep_link_key"] for one in reply.body["results"])


@pytest.mark.parametrize("verb", ["create", "update", "archive"])
async def test_every_batch_can_overlook_an_input(account: Account, verb: str) -> None:
    made = [await account.create(deep_link_key=f"k{n}") for n in range(4)]
    account.sandbox.faults.add(Rule(kind="overlook", path="/batch/"))
    inputs: dict[str, list[dict[str, Any]]] = {
        "create": [{"properties": {"lastname": "new"}}] * 4,
        "update": [{"id": id, "properties": {"lastname": "new"}} for id in made],
        "archive": [{"id": id} for id in made],
    }

    await account.batch(verb, *inputs[verb])

    contacts = account.sandbox.contacts()
    if verb == "archive":
        assert len(contacts) == 1
    else:
        assert [one.get("lastname") for one in contacts].count("new") == 3


async def test_read_can_leave_out_a_contact_that_is_there(account: Account) -> None:
    await account.create(deep_link_key="k0")
    account.sandbox.faults.add(Rule(kind="overlook", path="/batch/read", times=1))

    for found in (0, 1):
        reply = await account.batch("read", {"id": "k0"}, idProperty="deep_link_key")
        assert (reply.status, len(reply.body["results"])) == (200, found)


@pytest.mark.parametrize(("kind", "done"), [("empty", ["k0", "k1"]), ("ignore", [])])
async def test_2xx_with_empty_lists_may_mean_either(account: Account, kind: Any, done: list[str]) -> None:
    reply = await upserted(account, Rule(kind=kind, path=UPSERT, times=1), people=2)

    assert (reply.status, reply.body["status"], reply.body["results"]) == (200, "COMPLETE", [])
    assert "errors" not in reply.body
    assert keys(account) == done


async def test_results_come_shuffled_and_doubled(account: Account) -> None:
    plain = await upserted(account, people=30)
    reply = await upserted(account, Rule(kind="shuffle"), Rule(kind="duplicate"), people=30)

    ids = [one["id"] for one in reply.body["results"]]
    assert len(ids) == 31
    assert set(ids) == {one["id"] for one in plain.body["results"]}
    assert ids[:30] != [one["id"] for one in plain.body["results"]]
