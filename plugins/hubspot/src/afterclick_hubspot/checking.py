"""Compares an account with what the plugin needs, for `afterclick check`; writes nothing.

Whether a key may write cannot be seen without writing: HubSpot tells the scopes of a service key to
nobody, so a missing write scope shows at the first write, and then as a finding of the lane.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from afterclick.plugin import Answer, CallFailed, Finding, Misconfigured, Throttled
from afterclick_hubspot import definitions, findings, kinds, limits, problem, versions
from afterclick_hubspot.answers import Properties
from afterclick_hubspot.client import Ctx, decoded, open_api
from afterclick_hubspot.connecting import by_name

_LITTLE_LEFT = 0.1
_NOTICE = timedelta(days=90)


async def check(ctx: Ctx) -> list[Finding]:
    """Return what an operator should know; for an account that cannot be read, why."""
    today = datetime.fromtimestamp(ctx.clock.now() / 1000, UTC).date()
    try:
        found = await _account(ctx)
    except Misconfigured as failure:
        found = [failure.finding or findings.unreachable(failure.reason)]
    except (CallFailed, Throttled) as failure:
        found = [findings.unreachable(failure.reason)]
    return [*found, *_version(ctx.settings.api_version, today)]


async def _account(ctx: Ctx) -> list[Finding]:
    api = open_api(ctx)
    # Definitions may be read with a key for schemas only, so contacts are asked for too.
    contact = await api.any_contact()
    refusal = _refusal(contact)
    if refusal is not None:
        return [refusal]
    decoded(ctx, contact, dict[str, Any])
    answer = await api.properties()
    refusal = _refusal(answer)
    if refusal is not None:
        return [refusal]
    properties = by_name(decoded(ctx, answer, Properties))
    found = [*_fields(ctx, properties), *_limits(ctx, answer)]
    return [*found, *await _provisioning(ctx, done=not any(map(_is_missing, found)))]


def _refusal(answer: Answer) -> Finding | None:
    if answer.status == 401:
        return findings.credentials()
    return findings.scopes(problem.of_answer(answer).scopes) if answer.status == 403 else None


def _fields(ctx: Ctx, properties: definitions.Properties) -> list[Finding]:
    found = definitions.compare(ctx.fields, properties, ctx.connection)
    if definitions.key_property(ctx.fields) is None:
        found.append(findings.no_key())
    if definitions.lacks_room(ctx.fields, properties):
        found.append(findings.unique_limit(definitions.count_unique(properties), definitions.MOST_UNIQUE))
    found += definitions.stage_faults(ctx.fields, properties, ctx.stages)
    return found + definitions.stage_order_faults(ctx.fields, properties, ctx.stages)


def _is_missing(finding: Finding) -> bool:
    return finding.code == kinds.FIELD_MISSING.code


async def _provisioning(ctx: Ctx, *, done: bool) -> list[Finding]:
    """Look at the second key. Reading a group takes the scopes for schemas, or those for contacts."""
    if not ctx.settings.provisioning_token:
        return []
    answer = await open_api(ctx, provisioning=True).group(ctx.settings.group)
    if answer.status in (401, 403):
        return [findings.provisioning_key(problem.of_answer(answer).scopes)]
    return [findings.provisioning_left()] if done else []


def _limits(ctx: Ctx, answer: Answer) -> Iterator[Finding]:
    plan = ctx.settings.plan
    for bucket, amount, _, remaining in limits.readings(answer.headers):
        if amount is None:
            continue
        if bucket == limits.BURST and amount < limits.PLAN_BURST[plan]:
            yield findings.plan(plan, limits.PLAN_BURST[plan], amount)
        if bucket == limits.DAILY and remaining is not None and remaining < amount * _LITTLE_LEFT:
            yield findings.daily_limit(int(remaining), int(amount))


def _version(version: str, today: date) -> list[Finding]:
    ends = versions.SUPPORT[version].ends
    return [findings.api_version(version, ends.isoformat())] if today > ends - _NOTICE else []
