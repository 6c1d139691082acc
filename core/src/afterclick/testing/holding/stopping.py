"""When every lead has to wait: the credential, the limit, and what was done by then."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

from afterclick.host.caller import Called
from afterclick.plugin import LaneStop, NotAuthorized, Throttled
from afterclick.testing.account import Account
from afterclick.testing.holding.claims import changed_as_claimed, created_as_claimed, several
from afterclick.testing.rules import require, rule

PAUSE = 47.0
"""Seconds that the CRM asks for: no plugin's own guess."""


async def stopped(account: Account, **fault: Any) -> list[tuple[str, Called]]:
    """Let one call of each hook be refused; check what the stops claim, and return them."""
    found = []
    new, changes = await several(account, 3)
    for hook, inputs in (("match", new), ("create", new), ("enrich", changes)):
        account.strike("status", on="read" if hook == "match" else "write", times=None, **fault)
        called = await account.call(hook, *inputs)
        account.peace()
        found.append((hook, called))
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
    for hook, called in await stopped(account, status=401):
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
    for hook, called in await stopped(account, status=403):
        seen = called.stop or called.outcomes
        require(isinstance(called.stop, LaneStop), f"{hook} is answered with 403 and makes of it {seen!r}")


async def throttled(account: Account, header: str) -> None:
    for hook, called in await stopped(account, status=429, headers={"Retry-After": header}):
        stop = called.stop
        require(isinstance(stop, Throttled), f"{hook} is answered with 429 and makes of it {stop!r}")
        after = getattr(stop, "after", 0.0)
        # A date has no parts of seconds, and asking may have taken some.
        require(
            PAUSE - 2 <= after <= PAUSE + 2,
            f"{hook}: the CRM asks for {PAUSE:g} s (`Retry-After: {header}`), the stop says {after:g} s",
        )


@rule(
    "429 raises Throttled with the time that the CRM asks for, in seconds.",
    "Whoever comes back earlier is refused again, and some CRMs block for that.",
    breaks=True,
)
async def a_limit_in_seconds_is_kept(account: Account) -> None:
    await throttled(account, f"{PAUSE:g}")


@rule(
    "429 raises Throttled with the time that the CRM asks for, as an HTTP date.",
    "`Retry-After` has two forms, and gateways in front of a CRM use the other one.",
    breaks=True,
)
async def a_limit_as_a_date_is_kept(account: Account) -> None:
    await throttled(account, formatdate(account.clock.now() / 1000 + PAUSE, usegmt=True))


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
