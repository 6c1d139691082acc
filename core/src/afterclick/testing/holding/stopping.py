"""When every lead has to wait: the credential, the limit, and what was done by then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import NamedTuple

from afterclick.host.caller import Called
from afterclick.plugin import LaneStop, NotAuthorized, Throttled
from afterclick.testing.account import Account
from afterclick.testing.holding.claims import changed_as_claimed, created_as_claimed, several
from afterclick.testing.rules import rule
from afterclick.testing.strikes import On
from afterclick.testing.verdicts import require

PAUSE = 147.0
"""Seconds that the CRM asks for: no plugin's own guess."""


class Stopped(NamedTuple):
    """A call that was refused, with these headers, and what came of it."""

    hook: str
    called: Called
    headers: Mapping[str, str]


async def stopped(
    account: Account, status: int, headers: Callable[[], dict[str, str]] = dict
) -> list[Stopped]:
    """Let one call of each hook be refused; check what the stops claim, and return them."""
    found = []
    new, changes = await several(account, 3)
    for hook, inputs in (("match", new), ("create", new), ("enrich", changes)):
        on: On = "read" if hook == "match" else "write"
        told = headers()
        account.strike("status", on=on, times=None, same=True, status=status, headers=told)
        called = await account.call(hook, *inputs)
        found.append(Stopped(hook, called, told))
        account.peace()
        # All is well again: refusals in a row may mean something else to a plugin.
        await account.match(*new)
        if hook == "create":
            await created_as_claimed(account, new, called.outcomes)
        if hook == "enrich":
            await changed_as_claimed(account, changes, called.outcomes)
    return found


@rule(
    "401 raises NotAuthorized, in every hook.",
    "The lane then waits for a better credential; anything else costs every lead a try, or claims something.",
    breaks=True,
)
async def a_refused_credential_stops_the_lane(account: Account) -> None:
    for hook, called, _ in await stopped(account, 401):
        seen = called.stop or called.outcomes
        require(
            isinstance(called.stop, NotAuthorized), f"{hook} is answered with 401 and makes of it {seen!r}"
        )


@rule(
    "403 stops the lane: NotAuthorized, or another stop where the CRM means something else by it.",
    "A right that is missing concerns every lead, not the one that met it first.",
    breaks=True,
)
async def a_missing_right_stops_the_lane(account: Account) -> None:
    for hook, called, _ in await stopped(account, 403):
        seen = called.stop or called.outcomes
        require(isinstance(called.stop, LaneStop), f"{hook} is answered with 403 and makes of it {seen!r}")


async def throttled(account: Account, retry_after: Callable[[], str]) -> None:
    """Check that every hook that is answered with 429 stops for as long as the CRM asks."""
    for hook, called, headers in await stopped(account, 429, lambda: {"Retry-After": retry_after()}):
        stop = called.stop
        require(isinstance(stop, Throttled), f"{hook} is answered with 429 and makes of it {stop!r}")
        after = getattr(stop, "after", 0.0)
        # A date has no parts of seconds, and the plugin's own pacing takes some before the answer.
        right = PAUSE - 10 <= after <= PAUSE + 2
        asked = f"the CRM asks for {PAUSE:g} s (`Retry-After: {headers['Retry-After']}`)"
        require(right, f"{hook}: {asked}, the stop says {after:g} s")


@rule(
    "429 raises Throttled with the time that the CRM asks for, in seconds.",
    "Whoever comes back earlier is refused again, and some CRMs block for that.",
    breaks=True,
)
async def a_limit_in_seconds_is_kept(account: Account) -> None:
    await throttled(account, lambda: f"{PAUSE:g}")


@rule(
    "429 raises Throttled with the time that the CRM asks for, as an HTTP date.",
    "`Retry-After` has two forms, and gateways in front of a CRM use the other one.",
    breaks=True,
)
async def a_limit_as_a_date_is_kept(account: Account) -> None:
    await throttled(account, lambda: formatdate(account.clock.now() / 1000 + PAUSE, usegmt=True))


@rule(
    "A stop carries the outcomes of what was done before it, and claims nothing else.",
    "An input without an outcome counts as not sent: it is sent again at once, and doubled.",
    breaks=True,
)
async def a_stop_carries_what_was_done(account: Account) -> None:
    for status in (401, 429):
        new, changes = await several(account)
        account.strike("status", status=status, skip=1, times=None)
        called = await account.call("create", *new)
        account.peace()
        await created_as_claimed(account, new, called.outcomes)
        account.strike("status", status=status, skip=1, times=None)
        called = await account.call("enrich", *changes)
        account.peace()
        await changed_as_claimed(account, changes, called.outcomes)
