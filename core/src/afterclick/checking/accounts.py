"""Looks at one CRM account: the plugin's own check, limits and clocks. Paced as all calls are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from afterclick.checking import findings as kinds
from afterclick.checking.look import Look
from afterclick.host.answers import checked_findings
from afterclick.host.caller import Caller
from afterclick.host.connection import Connected
from afterclick.host.limits import BUDGET, DAY
from afterclick.observe.events import Said
from afterclick.plugin.errors import CallFailed, LaneStop, Throttled, WriteRefused
from afterclick.plugin.findings import Finding, FindingKind

_KINDS = (
    kinds.ACCOUNT_UNREACHABLE,
    kinds.ACCOUNT_REFUSED,
    kinds.CHECK_FAILED,
    kinds.UNDECLARED,
    kinds.LIMIT_TOO_HIGH,
    kinds.BUDGET_TOO_HIGH,
    kinds.BUDGET_SPENT,
    kinds.CLOCK_SKEW,
)
MOST_SKEW = 60.0
"""Seconds by which clocks may differ: a Date header counts whole seconds and an answer takes a few."""

_LITTLE_LEFT = 0.1


async def at_account(connected: Connected, *, serving: bool = False) -> Look:
    """Ask the plugin, then compare what the CRM's answers told of limits and time.

    `serving` says that the lane draws on the same limiter, so that its count of the budget means
    something.
    """
    declared = {kind.code: kind for kind in (*_KINDS, *connected.plugin.info.findings)}
    caller = connected.beside()
    found = [_declared(one, declared) for one in await _asked(caller)]
    blind = any(declared[one.code].blind for one in found)
    judged = [kind for kind in declared.values() if kind.blind or not blind]
    return Look.of(
        judged, [*found, *_limits(connected, serving=serving), *_clocks(caller)], connection=connected.name
    )


async def _asked(caller: Caller) -> Sequence[Finding]:
    try:
        found, problem = checked_findings(await caller.single("check"))
        return found if problem is None else [*found, kinds.CHECK_FAILED.found(problem)]
    except WriteRefused as stop:
        return [kinds.CHECK_FAILED.found(stop.reason)]
    except Throttled as stop:
        return [kinds.ACCOUNT_UNREACHABLE.found(f"the CRM asks to wait: {stop.reason}")]
    except LaneStop as stop:
        return [stop.finding or kinds.ACCOUNT_REFUSED.found(stop.reason)]
    except CallFailed as failure:
        return [kinds.ACCOUNT_UNREACHABLE.found(str(failure.reason))]
    except TimeoutError:
        return [kinds.ACCOUNT_UNREACHABLE.found("the check did not end in time")]
    except Exception as failure:
        caller.ctx.log.warning(
            Said.HOOK_FAILED, hook="check", failure=type(failure).__name__, exc_info=failure
        )
        return [kinds.CHECK_FAILED.found(f"the plugin's check failed: {type(failure).__name__}")]


def _declared(found: Finding, declared: dict[str, FindingKind]) -> Finding:
    """Return a finding under a code that the docs have."""
    if found.code in declared:
        return found
    return kinds.UNDECLARED.found(
        f"{found.code}: {found.message}", remedy=found.remedy, subject=found.subject or found.code
    )


def _limits(connected: Connected, *, serving: bool) -> Iterator[Finding]:
    resolved, told = connected.resolved, connected.pacer.told()
    usual = {limit.bucket: limit.amount for limit in resolved.info.limits}
    for limit in resolved.limits:
        allowed = told.get(limit.bucket)
        if allowed is not None and limit.amount > max(allowed, usual[limit.bucket]):
            yield kinds.LIMIT_TOO_HIGH.found(
                f"{limit.amount:g} calls of {limit.bucket} in {limit.seconds:g} s are configured, the CRM "
                f"allows {allowed:g}",
                subject=limit.bucket,
            )
    budget = resolved.daily_budget
    if budget is None:
        return
    for limit in resolved.limits:
        allowed = told.get(limit.bucket)
        if limit.seconds == DAY and allowed is not None and budget > allowed:
            yield kinds.BUDGET_TOO_HIGH.found(
                f"the budget is {budget:g} calls a day, the CRM allows the account {allowed:g}"
            )
    if serving and connected.pacer.headroom()[BUDGET] < _LITTLE_LEFT:
        yield kinds.BUDGET_SPENT.found(f"less than a tenth of the day's {budget:g} calls is left")


def _clocks(caller: Caller) -> Iterator[Finding]:
    skew = caller.ctx.http.clock_skew()
    if skew is not None and abs(skew) > MOST_SKEW:
        where = "behind" if skew > 0 else "ahead of"
        yield kinds.CLOCK_SKEW.found(f"this machine's clock is {abs(skew):.0f} s {where} the CRM's")
