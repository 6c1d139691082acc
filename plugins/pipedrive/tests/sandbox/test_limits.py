"""What calls cost, and what Pipedrive answers when there were too many."""

from __future__ import annotations

import pytest

from afterclick.sandbox import Rule

from .conftest import Account, OpenAccount, Reply

ME = "//api/v1/users/me"


def told(reply: Reply) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if "ratelimit" in name or "daily" in name}


async def search(account: Account) -> Reply:
    return await account.get("/persons/search", term="nobody")


async def test_calls_cost_what_the_specification_says(account: Account) -> None:
    person_id = await account.create()
    code = account.code("Campaign")
    calls = [
        (5, account.post("/persons", name="B")),
        (1, account.get(f"/persons/{person_id}")),
        (5, account.patch(f"/persons/{person_id}", name="C")),
        (10, account.get("/persons")),
        (20, search(account)),
        (20, account.get("/itemSearch", term="nobody")),
        (20, account.get("/itemSearch/field", entity_type="person", field=code, term="x")),
        (10, account.get("/personFields")),
        (1, account.get(f"/personFields/{code}")),
        (5, account.post("/dealFields", field_name="X", field_type="varchar")),
        (5, account.get("/pipelines")),
        (5, account.get("/stages")),
        (2, account.get(ME)),
        (3, account.delete(f"/persons/{person_id}")),
        (1, account.get("/persons/1")),
    ]

    for price, call in calls:
        before = account.sandbox.tokens_spent
        await call
        assert account.sandbox.tokens_spent - before == price


async def test_answers_tell_the_limits(account: Account) -> None:
    await account.create()

    assert told(await account.get(ME)) == {
        "x-ratelimit-limit": "20",
        "x-ratelimit-remaining": "18",
        "x-ratelimit-reset": "2",
        "x-daily-requests-left": "9999",
        "x-daily-ratelimit-token-limit": "30000",
        "x-daily-ratelimit-token-remaining": "29993",
    }


async def test_headers_may_be_missing(open_account: OpenAccount) -> None:
    assert told(await (await open_account(tell_burst=False, tell_budget=False)).get(ME)) == {}
    only_burst = told(await (await open_account(tell_budget=False)).get(ME))
    assert not any("token" in name for name in only_burst)
    assert only_burst


@pytest.mark.parametrize(
    ("plan", "seats", "daily", "burst"),
    [
        ("lite", 1, 30_000, 20),
        ("growth", 2, 120_000, 40),
        ("premium", 1, 150_000, 100),
        ("ultimate", 1, 210_000, 120),
    ],
)
async def test_plan_gives_the_budget_and_the_burst(
    open_account: OpenAccount, plan: str, seats: int, daily: int, burst: int
) -> None:
    headers = told(await (await open_account(plan=plan, seats=seats)).get(ME))

    assert (int(headers["x-daily-ratelimit-token-limit"]), int(headers["x-ratelimit-limit"])) == (
        daily,
        burst,
    )


async def test_call_over_the_burst_is_refused_until_the_window_has_room(open_account: OpenAccount) -> None:
    account = await open_account(burst=2)
    await account.get(ME)
    await account.get(ME)

    reply = await account.post("/persons", name="Ada")

    assert (reply.status, reply.body["success"], reply.body["errorCode"]) == (429, False, 429)
    assert reply.headers["x-ratelimit-remaining"] == "0"
    assert int(reply.headers["x-daily-ratelimit-token-remaining"]) > 0
    assert "retry-after" not in reply.headers
    assert account.sandbox.persons() == []
    assert account.sandbox.violations() == {"burst": 1, "search": 0, "daily": 0, "blocked": 0}
    account.clock.seconds = 2
    assert (await account.post("/persons", name="Ada")).status == 200


async def test_searches_have_a_window_of_their_own(account: Account) -> None:
    statuses = [(await search(account)).status for _ in range(11)]

    assert statuses == [200] * 10 + [429]
    assert account.sandbox.violations()["search"] == 1
    assert (await account.get(ME)).status == 200
    refused = await search(account)
    assert refused.headers["x-ratelimit-remaining"] == "0"
    account.clock.seconds = 2
    assert (await search(account)).status == 200


async def test_searches_count_in_the_general_window_too(open_account: OpenAccount) -> None:
    account = await open_account(burst=3)
    for _ in range(3):
        assert (await search(account)).status == 200

    assert (await account.get(ME)).status == 429


async def test_each_token_has_a_burst_and_all_share_the_budget(open_account: OpenAccount) -> None:
    account = await open_account(burst=1, daily=4, restricted_token="sync-token")
    assert (await account.get(ME)).status == 200
    account.headers = {"x-api-token": "sync-token"}
    assert (await account.get(ME)).status == 200

    account.clock.seconds = 2
    reply = await account.get(ME)

    assert reply.status == 429
    assert reply.headers["x-daily-ratelimit-token-remaining"] == "0"
    assert int(reply.headers["x-ratelimit-remaining"]) == 0


async def test_empty_budget_looks_like_a_burst_but_for_two_headers(open_account: OpenAccount) -> None:
    account = await open_account(daily=5)
    await account.create()

    empty = await account.get(ME)
    account.sandbox.faults.add(Rule(kind="status", status=429, reason="burst"))
    burst = await account.get(ME)

    assert empty.status == burst.status == 429
    assert empty.body == burst.body
    assert empty.headers["x-daily-ratelimit-token-remaining"] == "0"
    assert int(empty.headers["x-ratelimit-remaining"]) > 0
    assert burst.headers["x-ratelimit-remaining"] == "0"


async def test_last_call_of_a_day_may_cost_more_than_what_is_left(open_account: OpenAccount) -> None:
    account = await open_account(daily=21)
    await account.get(ME)

    assert (await search(account)).status == 200
    assert (await account.get(ME)).status == 429
    assert account.sandbox.tokens_spent == 21


async def test_budget_is_full_again_at_midnight_of_its_zone(open_account: OpenAccount) -> None:
    account = await open_account(daily=2, budget_zone="America/New_York")
    await account.get(ME)
    # From 09:14 UTC to midnight in New York, which is 04:00 UTC.
    account.clock.seconds = 18 * 3600 + 46 * 60 - 1
    assert (await account.get(ME)).status == 429
    account.clock.seconds += 1

    assert (await account.get(ME)).status == 200


async def test_others_of_the_company_spend_too(open_account: OpenAccount) -> None:
    account = await open_account(daily=100)

    account.sandbox.limits.day.take(90)

    assert (await account.get(ME)).headers["x-daily-ratelimit-token-remaining"] == "8"


async def test_unheeded_429_end_in_a_block_of_the_company(open_account: OpenAccount) -> None:
    account = await open_account(burst=1, patience=3, restricted_token="sync-token")
    await account.get(ME)
    assert [(await account.get(ME)).status for _ in range(4)] == [429] * 4

    reply = await account.get(ME)

    assert (reply.status, reply.headers["content-type"]) == (403, "text/html; charset=UTF-8")
    assert "<html" in reply.body
    assert told(reply) == {}
    account.headers = {"x-api-token": "sync-token"}
    assert (await account.get(ME)).status == 403
    assert account.sandbox.violations()["blocked"] == 2
    account.clock.seconds = 900
    assert (await account.get(ME)).status == 200


async def test_429_now_and_then_does_not_end_in_a_block(open_account: OpenAccount) -> None:
    account = await open_account(burst=1, patience=1)
    for minute in range(3):
        account.clock.seconds = minute * 61
        assert [(await account.get(ME)).status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("reason", "spent", "left"),
    [
        ("", "x-ratelimit-remaining", "x-daily-ratelimit-token-remaining"),
        ("search", "x-ratelimit-remaining", "x-daily-ratelimit-token-remaining"),
        ("daily", "x-daily-ratelimit-token-remaining", "x-ratelimit-remaining"),
    ],
)
async def test_429_on_purpose_says_what_is_spent(
    account: Account, reason: str, spent: str, left: str
) -> None:
    account.sandbox.faults.add(Rule(kind="status", status=429, reason=reason))

    reply = await account.get(ME)

    assert (reply.status, reply.headers[spent]) == (429, "0")
    assert int(reply.headers[left]) > 0


async def test_unlimited_company_refuses_nothing_and_still_counts(open_account: OpenAccount) -> None:
    account = await open_account(unlimited=True)

    replies = [await search(account) for _ in range(50)]

    assert {reply.status for reply in replies} == {200}
    assert told(replies[0]) == {}
    assert account.sandbox.tokens_spent == 1_000
    assert account.sandbox.settings()["plan"] == "unlimited"


async def test_block_is_for_api_tokens_alone(open_account: OpenAccount) -> None:
    account = await open_account(burst=1, patience=0)
    assert [(await account.get(ME)).status for _ in range(3)] == [200, 429, 403]

    account.headers = {"Authorization": "Bearer unknown"}

    assert (await account.get(ME)).status == 401
