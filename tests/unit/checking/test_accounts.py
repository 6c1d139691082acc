"""What a look at an account finds, and what it does not dare to judge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Any

import pytest
from aiohttp import web
from tests.support.clock import NOON, FakeClock
from tests.unit.checking.acme import FIELDS, MISSING, REFUSED, connected

from afterclick.checking.accounts import at_account
from afterclick.checking.look import Look
from afterclick.plugin import CallFailed, Context, Finding, Misconfigured, NotAuthorized, Throttled


async def look(clock: FakeClock, check: Any, **settings: str) -> Look:
    async with connected(clock, check, **settings) as one:
        return await at_account(one)


def codes(found: Look) -> list[str]:
    return [finding.code for finding in found.findings]


async def test_an_account_that_is_right_has_no_findings(clock: FakeClock) -> None:
    async def check(ctx: Context[Any]) -> list[Finding]:
        return []

    found = await look(clock, check)

    assert (found.connection, found.findings) == ("acme", ())
    assert {"acme-missing", "acme-refused", "account-unreachable", "clock-skew"} <= found.codes


async def test_a_plugin_without_a_check_is_no_fault(clock: FakeClock) -> None:
    assert codes(await look(clock, None)) == []


async def test_what_the_plugin_finds_is_told(clock: FakeClock) -> None:
    async def check(ctx: Context[Any]) -> list[Finding]:
        return [MISSING.found("no campaign", subject="campaign")]

    (finding,) = (await look(clock, check)).findings

    assert (finding.code, finding.level, finding.subject) == ("acme-missing", "error", "campaign")


async def test_a_blind_look_judges_nothing_else(clock: FakeClock) -> None:
    async def check(ctx: Context[Any]) -> list[Finding]:
        return [REFUSED.found("401")]

    found = await look(clock, check)

    assert codes(found) == ["acme-refused"]
    assert "account-unreachable" in found.codes
    assert found.codes.isdisjoint({"acme-missing", "clock-skew", "limit-too-high"})


async def test_a_code_that_is_not_declared_is_told_under_one_that_is(clock: FakeClock) -> None:
    async def check() -> list[Finding]:
        return [Finding(code="made-up", message="odd", remedy="Look.")]

    (finding,) = (await look(clock, check)).findings

    assert (finding.code, finding.message, finding.remedy) == ("plugin-finding", "made-up: odd", "Look.")


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Throttled("slow down", after=60, scope="burst"), "account-unreachable"),
        (CallFailed("no answer", sent=False), "account-unreachable"),
        (NotAuthorized("401"), "account-refused"),
        (Misconfigured("no field", finding=MISSING.found("no campaign")), "acme-missing"),
        (RuntimeError("a fault"), "check-failed"),
        (SystemExit(3), "check-failed"),
    ],
)
async def test_a_check_that_fails_is_a_finding(clock: FakeClock, failure: Any, code: str) -> None:
    async def check() -> list[Finding]:
        raise failure

    assert codes(await look(clock, check)) == [code]


@pytest.mark.parametrize("answer", [7, "fine", [7], [Finding(code=1, message="m", remedy="r")]])  # type: ignore[arg-type]
async def test_an_answer_that_is_no_list_of_findings_is_one(clock: FakeClock, answer: Any) -> None:
    async def check() -> Any:
        return answer

    (finding,) = (await look(clock, check)).findings

    assert finding.code == "check-failed"
    assert "check returned" in finding.message


async def test_a_check_that_never_ends_is_cut_off(clock: FakeClock) -> None:
    async def check() -> list[Finding]:
        await asyncio.Event().wait()
        return []

    task = asyncio.ensure_future(look(clock, check))
    await clock.advance(60)

    assert codes(await task) == ["account-unreachable"]


async def test_a_check_sees_the_fields_as_configured_and_no_client(clock: FakeClock) -> None:
    seen: list[Context[Any]] = []

    async def check(ctx: Context[Any]) -> list[Finding]:
        seen.append(ctx)
        return []

    async with connected(clock, check) as one:
        # As the lane's `connect` leaves them.
        one.caller.ctx.fields, one.caller.ctx.client = (), "a client"
        await at_account(one)

    assert seen[0].fields == FIELDS
    assert seen[0].client is None


# What the CRM's answers tell


@pytest.fixture
async def crm(clock: FakeClock) -> AsyncIterator[list[web.BaseRequest]]:
    """Return the requests that reached a CRM of this machine, whose address is `crm.url`."""

    class Requests(list[web.BaseRequest]):
        url = ""

    seen = Requests()

    async def answer(request: web.BaseRequest) -> web.Response:
        seen.append(request)
        return web.json_response({}, headers={"Date": formatdate(NOON / 1000 + 90, usegmt=True)})

    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    seen.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield seen
    await runner.cleanup()


async def test_clocks_that_differ_are_found(clock: FakeClock, crm: Any) -> None:
    async def check(ctx: Context[Any]) -> list[Finding]:
        await ctx.http.request("GET", "/")
        return []

    (finding,) = (await look(clock, check, base_url=crm.url)).findings

    assert finding.code == "clock-skew"
    assert "90 s behind" in finding.message
    clock.set_wall(NOON + 90_000)
    assert codes(await look(clock, check, base_url=crm.url)) == []


async def test_a_check_cannot_write(clock: FakeClock, crm: Any) -> None:
    async def check(ctx: Context[Any]) -> list[Finding]:
        await ctx.http.request("POST", "/people", json={"name": "Ada"})
        return []

    (finding,) = (await look(clock, check, base_url=crm.url)).findings

    assert finding.code == "check-failed"
    assert crm == []


async def told(ctx: Context[Any]) -> list[Finding]:
    """Tell what a CRM's headers say: 80 calls in a burst, 4,000 a day."""
    ctx.http.learn("burst", amount=80, remaining=79)
    ctx.http.learn("daily", amount=4000, remaining=4000)
    return []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, []),
        ({"limits": '{"burst": 90}'}, []),
        ({"limits": '{"burst": 190}'}, ["limit-too-high"]),
        ({"daily_budget": "4000"}, []),
        ({"daily_budget": "4001"}, ["budget-too-high"]),
        ({"daily_budget": "0"}, []),
    ],
)
async def test_settings_beyond_what_the_crm_allows_are_found(
    clock: FakeClock, settings: dict[str, str], expected: list[str]
) -> None:
    assert codes(await look(clock, told, **settings)) == expected


async def test_a_budget_that_is_nearly_spent_is_found(clock: FakeClock) -> None:
    async with connected(clock, told, daily_budget="20") as one:
        assert codes(await at_account(one, serving=True)) == []
        for _ in range(19):
            await one.pacer.acquire({"daily": 1.0}, None)
        assert codes(await at_account(one, serving=True)) == ["budget-spent"]
        # A limiter of one's own has counted nobody's calls.
        assert codes(await at_account(one)) == []


async def test_a_budget_of_nothing_is_spent(clock: FakeClock) -> None:
    async with connected(clock, told, daily_budget="0") as one:
        assert codes(await at_account(one, serving=True)) == ["budget-spent"]
