"""How fast the plugin goes at the core's pace, against an account that counts: never over, hardly under."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from afterclick.plugin import NotYet, Synced, Throttled
from afterclick_pipedrive import limits
from afterclick_pipedrive.api import Api
from afterclick_pipedrive.budget import Errand

from .emulated import Account, account, change
from .support import lead

UNBROKEN = {"burst": 0, "search": 0, "daily": 0, "blocked": 0}
SECONDS = 20.0


def called(a: Account, method: str, path: str) -> int:
    return sum(one.method == method and one.path.endswith(path) and one.status < 300 for one in a.reports)


async def stopped(a: Account) -> Throttled:
    """Make persons, as fast as the pace lets them out, until the lane is stopped."""
    for n in count():
        try:
            await a.create(lead(keys=[f"user:{n:032}"], values={"name": "x"}))
        except Throttled as stop:
            return stop
    raise AssertionError


@pytest.mark.parametrize(("plan", "oauth", "window"), [("lite", False, 20), ("growth", True, 160)])
async def test_burst_limit_is_used_up_and_never_exceeded(plan: Any, oauth: bool, window: int) -> None:
    async with account(paced=True, plan=plan, oauth=oauth, daily=10**9, settings={"plan": plan}) as a:
        a.clock.move(10)
        began = a.clock.elapsed()
        for n in count():
            if a.clock.elapsed() - began >= SECONDS:
                break
            (made,) = await a.create(lead(keys=[f"user:{n:032}"], values={"name": "x"}))
            assert isinstance(made, Synced)
        assert called(a, "POST", "/persons") >= 0.9 * window * SECONDS / limits.WINDOW
        assert a.crm.violations() == UNBROKEN


@pytest.mark.parametrize("plan", ["lite", "ultimate"])
async def test_search_limit_is_used_up_and_never_exceeded_whatever_the_plan(plan: Any) -> None:
    """The headers of a search may tell the limit of all requests, which is higher."""
    async with account(paced=True, plan=plan, daily=10**9, settings={"plan": plan}) as a:
        a.clock.move(10)
        began = a.clock.elapsed()
        for n in count():
            if a.clock.elapsed() - began >= SECONDS:
                break
            await a.match(lead(keys=[f"user:{n:032}"], emails=(f"{n}@example.com",)))
        assert called(a, "GET", "/persons/search") >= 0.9 * limits.SEARCHES * SECONDS / limits.WINDOW
        assert a.crm.violations() == UNBROKEN


@pytest.mark.parametrize("told", [True, False], ids=["told", "silent"])
async def test_share_of_the_day_is_used_up_and_never_exceeded(told: bool) -> None:
    async with account(paced=True, daily=4_000, tell_budget=told, settings={"daily_tokens": 1_600}) as a:
        before = a.crm.limits.day.remaining
        share = a.client.api.budget.left
        stop = await stopped(a)
        spent = before - a.crm.limits.day.remaining
        assert (stop.scope, stop.after) == ("daily", limits.PROBE)
        assert share - 5 < spent <= share
        assert a.crm.violations() == UNBROKEN


async def test_with_little_left_conversions_go_before_identities_creates_and_enrichments() -> None:
    async with account(settings={"daily_tokens": 10_000}) as a:
        (one,) = await a.create(lead(values={"name": "x"}))
        errands = {
            Errand.ENRICH: lead("enrich", record_id=one.record.id, stub=True),
            Errand.CREATE: lead("create", ["event:" + "1" * 32], stub=True),
            Errand.IDENTITY: lead("identity", ["user:" + "2" * 32]),
            Errand.CONVERSION: lead("convert", ["ref:" + "3" * 32], attributes={"conversion_date": "x"}),
        }
        turns = []
        for left in (801, 800, 500, 200):
            a.client.api.budget.spent.tokens += int(a.client.api.budget.left) - left
            found = await a.match(*errands.values())
            turns.append(
                [name.name for name, got in zip(errands, found, strict=True) if not isinstance(got, NotYet)]
            )
            a.clock.move(1)
        assert turns == [
            ["ENRICH", "CREATE", "IDENTITY", "CONVERSION"],
            ["CREATE", "IDENTITY", "CONVERSION"],
            ["IDENTITY", "CONVERSION"],
            ["CONVERSION"],
        ]


# Two kinds of 429.


@pytest.mark.parametrize("told", [True, False], ids=["told", "silent"])
async def test_burst_that_others_use_up_costs_seconds(told: bool) -> None:
    async with account(unlimited=False, tell_burst=told, tell_budget=told) as a:
        a.clock.move(5)
        stop = await stopped(a)
        assert (stop.scope, stop.after) == ("burst", 2.0)
        a.clock.move(2)
        assert isinstance((await a.create(lead(values={"name": "x"})))[0], Synced)
        assert a.crm.violations() == {**UNBROKEN, "burst": 1}


@pytest.mark.parametrize(("told", "refusals"), [(True, 1), (False, 3)], ids=["told", "silent"])
async def test_day_that_others_used_up_is_told_from_a_burst(told: bool, refusals: int) -> None:
    """By its header, or, where that is missing, by the third refusal in a row; then nothing is sent."""
    async with account(
        unlimited=False, burst=1000, tell_burst=told, tell_budget=told, settings={"daily_tokens": 10**6}
    ) as a:
        a.crm.limits.day.take(a.crm.limits.day.remaining)
        scopes = []
        for _ in range(refusals):
            scopes.append((await stopped(a)).scope)
            a.clock.move(2)
        assert scopes == ["burst"] * (refusals - 1) + ["daily"]
        a.clock.move(600)
        assert (await stopped(a)).scope == "daily"
        assert called(a, "POST", "/persons") == 0
        assert a.crm.violations() == {**UNBROKEN, "daily": refusals}


async def test_every_call_costs_what_the_account_takes_for_it() -> None:
    """Prices are Pipedrive's own, by its documents; the emulator has a list of its own of them."""
    async with account(settings={"deals": "deal", "deal_events": ["conversion"]}) as a:
        api: Api = a.client.api
        before = a.crm.limits.day.spent
        (made,) = await a.create(lead(values={"name": "x"}))
        known = lead(record_id=made.record.id, attributes={"conversion_date": "2026-05-21"})
        (found,) = await a.match(known)
        await a.enrich(change(known, found.record, {"Deep link campaign": "may"}))
        await a.enrich(change(known, found.record, {}, "deal"))
        id = made.record.id
        for call in (
            api.me(),
            api.persons([id]),
            api.changed_persons(None, columns=(), cursor=None),
            api.search_email("ada@example.com"),
            api.search_field(a.client.shape.table.key.code, "user:1"),
            api.deals_of(id, column="x", cursor=None),
            api.deals_of(id, column="x", cursor=None, archived=True),
            api.leads_of(id, start=0),
            api.leads_of(id, start=0, archived=True),
            api.fields("person"),
            api.pipelines(),
            api.stages(),
            api.delete_person(id),
        ):
            await call
        assert a.crm.limits.day.spent - before == a.spent
