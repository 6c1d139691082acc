"""What a plugin keeps to while all goes on: limits, silence about secrets, no socket left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from afterclick.plugin import Throttled
from afterclick.testing.account import Account
from afterclick.testing.holding.claims import several
from afterclick.testing.rules import rule
from afterclick.testing.verdicts import DoesNotApply, require

MOST_CALLS = 400
TURNS = 2000
"""How often the loop goes round before something counts as never happening."""


@rule(
    "Every request draws on a limit that the plugin names, and the CRM's own limit is never met.",
    "A 429 costs everybody who shares the account, and some CRMs block for too many of them.",
    breaks=True,
)
async def limits_are_kept(account: Account) -> None:
    paced = [limit for limit in account.caller.plugin.info.limits if limit.pace]
    if not paced:
        raise DoesNotApply("the plugin names no limit that is paced")
    calls = min(MOST_CALLS, round(min(limit.amount for limit in paced) * 1.3) + 5)
    (record,) = await account.created(lead := account.people.somebody())
    asked = account.known(lead, record)
    for place in range(calls):
        called = await account.call("match", asked if place % 2 else lead)
        if isinstance(called.stop, Throttled):
            await account.clock.sleep(called.stop.after)
    exceeded = {limit: count for limit, count in account.emulator.violations().items() if count}
    require(not exceeded, f"in {calls} calls the CRM's limits were exceeded: {exceeded}")
    unnamed = {call.bucket for call in account.reports} - {
        one.bucket for one in account.caller.plugin.info.limits
    }
    require(not unnamed, f"requests draw on {sorted(unnamed)}, which is no limit of the plugin's")


@rule(
    "No secret stands in a log line, a reason, a finding or an error, whatever the CRM answers; and no value "
    "of a person in a reason.",
    "Logs and findings are read by people, and sent to places, that must know neither.",
    breaks=True,
)
async def no_secret_is_told(account: Account) -> None:
    secrets = _secrets(account)
    new, changes = await several(account, 2)
    for fault in _refusals(account, secrets):
        for hook, inputs in (("match", new), ("create", new), ("enrich", changes)):
            account.strike(**fault, on="any", times=None)
            await account.call(hook, *inputs)
            account.peace()
        account.strike(**fault, on="any", times=None)
        for hook, more in (("connect", {}), ("check", {}), ("provision", {"apply": False})):
            await _told(account, hook, **more)
        account.peace()
    said = "\n".join([*account.said, *account.notes.lines])
    for name, value in secrets.items():
        place = said.find(value)
        context = said[max(0, place - 80) : place].replace("\n", " ")
        require(place < 0, f"the setting `{name}` is told after: …{context}")
    await _no_value_in_reasons(account)


async def _no_value_in_reasons(account: Account) -> None:
    if account.crm.poison is None:
        return
    name, value = account.crm.poison
    lead = account.people.somebody()
    bad = msgspec.structs.replace(lead, values={**lead.values, name: value})
    (outcome,) = await account.write("create", bad)
    reason = str(getattr(outcome, "reason", ""))
    require(str(value) not in reason, f"the reason repeats the value of {name}: {reason!r}")


def _secrets(account: Account) -> dict[str, str]:
    settings = account.ctx.settings
    found = {name: getattr(settings, name, None) for name in account.caller.plugin.info.secrets}
    return {name: value for name, value in found.items() if isinstance(value, str) and len(value) > 3}


def _refusals(account: Account, secrets: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Go through refusals; where the sandbox takes any words, it repeats the secrets as a proxy may."""
    echo = " ".join(secrets.values())
    for status in (400, 401, 403, 404, 429, 500, 503):
        reason = "" if status in account.emulator.reasons else echo
        yield {"kind": "status", "status": status, "reason": reason}
    yield {"kind": "cut_before"}
    yield {"kind": "blank"}


async def _told(account: Account, hook: str, **more: Any) -> None:
    """Call a hook, and note what it answers or raises."""
    try:
        account.said.append(repr(await account.caller.single(hook, **more)))
    except Exception as failure:
        finding = getattr(failure, "finding", None)
        account.said.append(f"{type(failure).__name__}: {failure} {finding!r}")


@rule(
    "A hook that is cancelled ends at once, and leaves no socket and no task behind.",
    "A service that stops cancels what is under way; what stays open keeps it from ending.",
    breaks=True,
)
async def cancellation_leaves_no_socket(account: Account) -> None:
    if account.sandbox is None or account.time is None:
        raise DoesNotApply("only a sandbox can be counted from behind")
    new, changes = await several(account, 2)
    before = asyncio.all_tasks()
    for hook, inputs in (("match", new), ("create", new), ("enrich", changes)):
        account.strike("delay", on="any", seconds=86_400.0)
        await _cancelled(account, hook, inputs)
        account.peace()
    await account.close()
    running = account.sandbox
    account.time.release()
    closed = await _comes_true(lambda: running.connections == 0)
    require(closed, f"{running.connections} connections to the CRM are open after everything was closed")
    ended = await _comes_true(lambda: not _left(before))
    require(ended, f"tasks are left: {sorted(task.get_name() for task in _left(before))}")


async def _cancelled(account: Account, hook: str, inputs: Sequence[Any]) -> None:
    """Cancel a hook while the CRM lets it wait."""
    call = asyncio.ensure_future(account.call(hook, *inputs))
    open = account.emulator.calls.open
    await _comes_true(lambda: account.emulator.calls.open > open or call.done())
    require(not call.done(), f"{hook} sent nothing")
    call.cancel()
    await asyncio.wait({call}, timeout=1.0)
    require(call.done(), f"{hook} goes on after it was cancelled")
    require(call.cancelled(), f"{hook} kept its cancellation to itself")


def _left(before: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    return {task for task in asyncio.all_tasks() - before if not task.done()} - {asyncio.current_task()}


async def _comes_true(condition: Callable[[], bool]) -> bool:
    for _ in range(TURNS):
        if condition():
            return True
        await asyncio.sleep(0.0005)
    return False
