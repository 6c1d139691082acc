"""An API token in a header, and an OAuth app whose tokens are renewed and kept."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from aioresponses import CallbackResult

from afterclick.plugin import CallFailed, Match, NoMatch, NotAuthorized, RetryLater
from afterclick.testing.answers import StreamlessResponse
from afterclick_pipedrive import plugin
from afterclick_pipedrive.credentials import STATE

from .emulated import account
from .support import BASE, PERSONS, bench, error, lead, ok, person

APP = {"api_token": "", "client_id": "app", "client_secret": "hush", "refresh_token": "first"}
OAUTH = "https://oauth.pipedrive.com/oauth/token"


def given(access: str, refresh: str = "first", **more: object) -> dict[str, object]:
    return {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": 3599,
        "refresh_token": refresh,
        "scope": "base,contacts:full",
        "api_domain": BASE,
        **more,
    }


@pytest.mark.parametrize("rotating", [True, False])
async def test_app_works_against_the_company_whether_or_not_tokens_rotate(rotating: bool) -> None:
    async with account(oauth=True, rotating=rotating, connected=False) as a:
        await a.connect()
        (made,) = await a.create(lead(values={"name": "x"}))
        a.clock.move(4000)
        assert isinstance((await a.match(lead(record_id=made.record.id)))[0], Match)
        # A restart goes on with what the ledger holds.
        await a.connect()
        assert isinstance((await a.match(lead(record_id=made.record.id)))[0], Match)


async def test_tokens_are_asked_for_with_the_app_s_secret_and_kept() -> None:
    async with bench(settings=APP) as b:
        b.pipe.reply(OAUTH, given("one", "second"))
        b.pipe.reply(f"{PERSONS}/5", ok(person(5)), method="GET")
        await plugin.match([lead(record_id="5")], b.ctx)
        asked, read = b.pipe.sent
        assert asked.body == {"grant_type": "refresh_token", "refresh_token": "first"}
        assert asked.headers["Authorization"] == "Basic YXBwOmh1c2g="
        assert read.headers["Authorization"] == "Bearer one"
        assert "x-api-token" not in read.headers
        kept = json.loads(b.state.values[STATE])
        assert (kept["access"], kept["refresh"], kept["domain"]) == ("one", "second", BASE)
        assert "first" not in b.state.values[STATE]


async def test_access_token_is_renewed_before_it_ends_with_the_newest_refresh_token() -> None:
    async with bench(settings=APP) as b:
        b.pipe.reply(OAUTH, given("one", "second"))
        b.pipe.reply(OAUTH, given("two", "third"))
        b.pipe.reply(f"{PERSONS}/5", ok(person(5)), repeat=True, method="GET")
        await plugin.match([lead(record_id="5")], b.ctx)
        b.clock.move(3545)
        await plugin.match([lead(record_id="5")], b.ctx)
        bodies = [sent.body for sent in b.pipe.sent if sent.method == "POST"]
        assert [body["refresh_token"] for body in bodies] == ["first", "second"]


async def test_refused_access_token_is_renewed_once_for_all_who_met_it() -> None:
    async with bench(settings=APP) as b:
        b.pipe.reply(OAUTH, given("one"))
        b.pipe.reply(OAUTH, given("two"))
        met = asyncio.Barrier(3)

        async def answer(url: object, headers: dict[str, str], **more: object) -> CallbackResult:
            if headers["Authorization"] == "Bearer two":
                return CallbackResult(body=json.dumps(ok(person(5))), response_class=StreamlessResponse)
            await met.wait()
            body = json.dumps(error("unauthorized access"))
            return CallbackResult(status=401, body=body, response_class=StreamlessResponse)

        b.pipe.add(re.compile(f"{PERSONS}/5.*"), method="GET", callback=answer, repeat=True)
        one = lead(record_id="5")
        found = await asyncio.gather(*(plugin.match([one], b.ctx) for _ in range(3)))
        assert all(isinstance(outcome, Match) for (outcome,) in found)
        assert [sent.method for sent in b.pipe.sent].count("POST") == 2


async def test_second_refusal_stops_the_lane() -> None:
    async with bench(settings=APP) as b:
        b.pipe.reply(OAUTH, given("one"), repeat=True)
        b.pipe.reply(PERSONS, error("unauthorized access"), 401, repeat=True)
        with pytest.raises(NotAuthorized):
            await plugin.create([lead()], b.ctx)


@pytest.mark.parametrize("status", [400, 401])
async def test_refused_refresh_token_stops_the_lane(status: int) -> None:
    async with bench(settings=APP) as b:
        b.pipe.reply(OAUTH, {"success": False, "error": "invalid_grant"}, status)
        with pytest.raises(NotAuthorized):
            await plugin.create([lead()], b.ctx)


@pytest.mark.parametrize("answer", [("", 503), ("{}", 200), ("no json", 200)])
async def test_token_endpoint_that_fails_leaves_the_write_unsent(answer: tuple[str, int]) -> None:
    async with bench(settings=APP) as b:
        body, status = answer
        b.pipe.reply(OAUTH, body, status)
        (outcome,) = await plugin.create([lead()], b.ctx)
        assert isinstance(outcome, RetryLater)


async def test_silence_of_the_token_endpoint_leaves_the_write_unsent() -> None:
    async with bench(settings=APP) as b:
        b.pipe.fail(OAUTH, TimeoutError())
        (outcome,) = await plugin.create([lead()], b.ctx)
        assert isinstance(outcome, RetryLater)


async def test_newly_configured_refresh_token_goes_before_the_kept_one() -> None:
    async with bench(settings=APP) as b:
        b.pipe.reply(OAUTH, given("one", "second"))
        b.pipe.reply(f"{PERSONS}/5", ok(person(5)), repeat=True, method="GET")
        await plugin.match([lead(record_id="5")], b.ctx)
        state = dict(b.state.values)
    async with bench(settings={**APP, "refresh_token": "another"}) as b:
        b.state.values.update(state)
        b.pipe.reply(OAUTH, given("two"))
        b.pipe.reply(f"{PERSONS}/5", ok(person(5)), repeat=True, method="GET")
        await plugin.match([lead(record_id="5")], b.ctx)
        assert b.pipe.sent[0].body["refresh_token"] == "another"


async def test_account_of_an_app_is_asked_at_the_company_s_own_address() -> None:
    async with bench(settings={**APP, "domain": ""}, connected=False) as b:
        b.ctx.http.base_url = "https://api.pipedrive.com"
        b.pipe.reply(OAUTH, given("one"))
        b.pipe.fail(f"{BASE}/api/v1/users/me", TimeoutError(), method="GET")
        with pytest.raises(CallFailed):
            await plugin.connect(b.ctx)
        assert b.ctx.http.base_url == BASE


async def test_api_token_stands_in_a_header_and_nowhere_else() -> None:
    async with bench(foreign=True) as b:
        b.pipe.reply(f"{BASE}/api/v2/persons", ok([]), method="GET")
        assert await plugin.match([lead()], b.ctx) == [NoMatch()]
        (sent,) = b.pipe.sent
        assert sent.headers["x-api-token"] == "a-secret-token"
        assert "secret" not in str(sent.url)
