"""Compares an account with what the plugin needs, for `afterclick check`; writes nothing.

Whether the token may write cannot be seen without writing: HubSpot tells the scopes of a service key
to nobody, so a missing write scope shows at the first write.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from afterclick.plugin import Answer, CallFailed, Finding, Misconfigured, Throttled
from afterclick_hubspot import definitions, findings, limits, problem, versions
from afterclick_hubspot.answers import Properties
from afterclick_hubspot.client import Ctx, decoded, open_api
from afterclick_hubspot.connecting import by_name

_LITTLE_LEFT = 0.1
_NOTICE = timedelta(days=90)


async def check(ctx: Ctx) -> list[Finding]:
    """Return what an operator should know; for an account that cannot be read, why."""
    today = datetime.fromtimestamp(ctx.clock.now() / 1000, UTC).date()
    return [*await _account(ctx), *_version(ctx.settings.api_version, today)]


async def _account(ctx: Ctx) -> list[Finding]:
    try:
        answer = await open_api(ctx).properties()
        if answer.status == 401:
            return [findings.credentials()]
        if answer.status == 403:
            return [findings.scopes(problem.of_answer(answer).scopes)]
        properties = by_name(decoded(ctx, answer, Properties))
    except Misconfigured as failure:
        return [failure.finding or findings.unreachable(failure.reason)]
    except (CallFailed, Throttled) as failure:
        return [findings.unreachable(failure.reason)]
    return [*_fields(ctx, properties), *_daily(answer)]


def _fields(ctx: Ctx, properties: definitions.Properties) -> list[Finding]:
    found = definitions.compare(ctx.fields, properties, ctx.connection)
    if definitions.key_property(ctx.fields) is None:
        found.append(findings.no_key())
    if definitions.lacks_room(ctx.fields, properties):
        found.append(findings.unique_limit(definitions.count_unique(properties), definitions.MOST_UNIQUE))
    return found + definitions.stage_faults(ctx.fields, properties, ctx.stages)


def _daily(answer: Answer) -> list[Finding]:
    for bucket, amount, _, remaining in limits.readings(answer.headers):
        if bucket != limits.DAILY or amount is None or remaining is None:
            continue
        if remaining < amount * _LITTLE_LEFT:
            return [findings.daily_limit(int(remaining), int(amount))]
    return []


def _version(version: str, today: date) -> list[Finding]:
    ends = versions.SUPPORT[version].ends
    return [findings.api_version(version, ends.isoformat())] if today > ends - _NOTICE else []
