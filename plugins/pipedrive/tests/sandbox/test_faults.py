"""What goes wrong on purpose, over a socket: what was answered, and what was done."""

from __future__ import annotations

from typing import Any

import aiohttp
import msgspec
import pytest

from afterclick.sandbox import Rule
from afterclick_pipedrive.sandbox import make

from .conftest import Account, OpenAccount


async def post_cut(account: Account, rule: Rule) -> None:
    """Make a person, with a connection that does not last until the end of the answer."""
    account.sandbox.faults.add(rule)
    with pytest.raises(aiohttp.ClientError):
        await account.post("/persons", name="Ada")
    account.sandbox.faults.clear()


@pytest.mark.parametrize("kind", ["cut_after", "cut_within"])
async def test_create_that_is_cut_after_the_write_was_done(account: Account, kind: Any) -> None:
    """The client cannot know; what it can do is look at the list, which shows it at once."""
    await post_cut(account, Rule(kind=kind, method="POST"))

    since = "2026-05-21T09:14:00Z"
    listed = await account.get("/persons", updated_since=since, sort_by="update_time", sort_direction="desc")
    assert [person["name"] for person in listed.data] == ["Ada"]


async def test_create_that_is_cut_before_the_write_was_not_done(account: Account) -> None:
    await post_cut(account, Rule(kind="cut_before", method="POST"))

    assert account.sandbox.persons() == []


async def test_repeated_create_makes_a_double(account: Account) -> None:
    await post_cut(account, Rule(kind="cut_after", method="POST"))
    await account.create("Ada")

    assert len(account.sandbox.persons()) == 2


@pytest.mark.parametrize("status", [200, 500, 502, 503, 504])
async def test_late_error_means_that_it_was_done_all_the_same(account: Account, status: int) -> None:
    account.sandbox.faults.add(Rule(kind="status", status=status, late=True, path="/deals", times=1))

    reply = await account.post("/deals", title="A")

    assert reply.status == status
    assert [deal["title"] for deal in account.sandbox.deals()] == ["A"]


async def test_error_before_the_work_means_that_it_was_not_done(account: Account) -> None:
    account.sandbox.faults.add(Rule(kind="status", status=503))

    assert (await account.post("/deals", title="A")).status == 503
    assert account.sandbox.deals() == []


async def test_rule_may_bring_headers_of_its_own(account: Account) -> None:
    headers = {"Retry-After": "7", "x-ratelimit-reset": "9"}
    account.sandbox.faults.add(Rule(kind="status", status=429, headers=headers))

    reply = await account.get("/persons")

    assert (reply.headers["retry-after"], reply.headers["x-ratelimit-reset"]) == ("7", "9")


async def test_search_may_forget_a_hit_and_a_list_does_not(account: Account) -> None:
    """A list is the only way to settle an uncertain create: nobody saw it leave something out."""
    await account.create("Ada")
    account.sandbox.faults.add(Rule(kind="forget"))

    assert (await account.get("/persons/search", term="Ada")).data["items"] == []
    assert len((await account.get("/persons")).data) == 1


async def test_slow_call_takes_its_time(account: Account) -> None:
    account.sandbox.faults.add(Rule(kind="delay", seconds=3.0))

    await account.get("/persons")

    assert account.clock.seconds == 3.0


async def test_faults_are_ordered_over_http(account: Account) -> None:
    order = {"rules": [{"kind": "status", "status": 429, "reason": "daily", "path": "/persons"}], "seed": 7}
    reply = await account.send("POST", "//_sandbox/faults", msgspec.json.encode(order))

    assert (reply.status, reply.body["seed"]) == (200, 7)
    assert (await account.get("/persons")).headers["x-daily-ratelimit-token-remaining"] == "0"
    wrong = {"rules": [{"kind": "status", "status": 429, "reason": "weekly"}]}
    assert (await account.send("POST", "//_sandbox/faults", msgspec.json.encode(wrong))).status == 400
    await account.send("DELETE", "//_sandbox/faults")
    assert (await account.get("/persons")).status == 200


async def test_same_seed_brings_the_same_faults(open_account: OpenAccount) -> None:
    rule = Rule(kind="status", status=503, probability=0.5)

    async def statuses(seed: int) -> list[int]:
        account = await open_account(seed=seed, faults=(rule,), unlimited=True)
        return [(await account.get("/persons")).status for _ in range(20)]

    assert await statuses(1) == await statuses(1) != await statuses(2)


def test_faults_may_be_set_from_a_command_line() -> None:
    sandbox = make({"faults": '[{"kind": "lag", "seconds": 30}]'})

    assert sandbox.faults.rules == (Rule(kind="lag", seconds=30.0),)
