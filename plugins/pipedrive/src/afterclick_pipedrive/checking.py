"""Compares an account with what the plugin needs, for `afterclick check`; writes nothing.

What a user may write cannot be seen without writing; a right that is missing shows at the first write.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isinf

from afterclick.plugin import CallFailed, Finding, LaneStop, Misconfigured, NotAuthorized, Throttled
from afterclick_pipedrive import findings, tables
from afterclick_pipedrive.answers import User
from afterclick_pipedrive.api import Api
from afterclick_pipedrive.budget import Budget
from afterclick_pipedrive.client import Ctx, decoded, list_fields, open_api
from afterclick_pipedrive.connecting import field_faults, find_desk

_LITTLE_LEFT = 0.1


async def check(ctx: Ctx) -> list[Finding]:
    """Return what an operator should know; for an account that cannot be read, why."""
    budget = Budget(ctx.clock.now, ctx.settings, beside=True)
    await budget.load(ctx.state)
    try:
        api = await open_api(ctx, budget=budget)
        found = await _account(ctx, api)
    except Throttled as stop:
        found = [findings.limited(stop.reason)]
    except CallFailed as failure:
        found = [findings.unreachable(failure.reason)]
    except (Misconfigured, NotAuthorized) as stop:
        found = [_told(stop)]
    await budget.store(ctx.state)
    return [*found, *_tokens(budget)]


def _told(stop: LaneStop) -> Finding:
    return stop.finding or findings.credentials(stop.reason)


async def _account(ctx: Ctx, api: Api) -> list[Finding]:
    decoded(ctx, await api.me(), User)
    resolved = tables.resolve(ctx.fields, await list_fields(ctx, api, "person"), ctx.stages)
    desk = await find_desk(ctx, api)
    found = [*field_faults(ctx, resolved), *desk.faults]
    if resolved.table is not None:
        found += tables.unknown_labels(resolved.table, ctx.stages)
    if ctx.settings.provisioning_token and not found:
        found.append(findings.provisioning_left())
    return found


def _tokens(budget: Budget) -> Iterator[Finding]:
    left, amount, spent = budget.left, budget.amount, budget.total
    if isinf(amount):
        return
    if left < amount * _LITTLE_LEFT:
        yield findings.tokens_low(left, amount)
    if spent.people:
        yield findings.tokens(spent.tokens, amount, spent.people, spent.per_person)
