"""Compares an org with what the plugin needs, for `afterclick check`; writes nothing.

To the integration user a field that is missing and one that is hidden look the same. Whoever may look at the
org's set-up can tell them apart: the integration user, if it has View Setup, or the provisioning token.
"""

from __future__ import annotations

from collections.abc import Iterator

from afterclick.plugin import CallFailed, Finding, LaneStop, Misconfigured, NotAuthorized
from afterclick_salesforce import connecting, definitions, findings, planning, soql
from afterclick_salesforce.api import Api
from afterclick_salesforce.client import Ctx, listed, open_api
from afterclick_salesforce.definitions import Org
from afterclick_salesforce.fields import LEAD
from afterclick_salesforce.planning import FieldName
from afterclick_salesforce.surveying import custom_fields, survey

_LITTLE_LEFT = 0.1


async def check(ctx: Ctx) -> list[Finding]:
    """Return what an operator should know; for an org that cannot be read, why."""
    api = open_api(ctx)
    try:
        return await _org(ctx, api)
    except (Misconfigured, NotAuthorized) as failure:
        return [failure.finding or findings.unreachable(failure.reason)]
    except (CallFailed, LaneStop) as failure:
        return [findings.unreachable(failure.reason)]


async def _org(ctx: Ctx, api: Api) -> list[Finding]:
    org = await connecting.read_org(ctx, api)
    absent = await _absent(ctx, api, org)
    found = [*absent, *connecting.other_faults(ctx, org), *await _choices(ctx, api, org)]
    found += [*_usage(api), *_version(api)]
    return [*found, *await _provisioning(ctx)]


async def _absent(ctx: Ctx, api: Api, org: Org) -> list[Finding]:
    """Tell fields that are missing from those that are hidden, where somebody may look."""
    names = definitions.absent(ctx.fields, org, LEAD)
    if not names:
        return []
    there = await _custom_fields(ctx, api)
    if there is None:
        return [findings.absent(LEAD, names, ctx.connection)]
    hidden = [name for name in names if FieldName(LEAD, name) in there]
    missing = [name for name in names if name not in hidden]
    found = [findings.missing(LEAD, missing, ctx.connection)] if missing else []
    return found + ([findings.hidden(LEAD, hidden)] if hidden else [])


async def _custom_fields(ctx: Ctx, api: Api) -> frozenset[FieldName] | None:
    own = await custom_fields(ctx, api)
    if own is not None or not ctx.settings.provisioning_token:
        return own
    try:
        return await custom_fields(ctx, open_api(ctx, provisioning=True))
    except NotAuthorized:
        return None


async def _choices(ctx: Ctx, api: Api, org: Org) -> list[Finding]:
    """Compare what is written to picklists with their values, and stages with what converts."""
    sources = [planning.LEAD_SOURCE]
    words = {"lead_source": sources, "stage": list(ctx.stages.values())}
    found = definitions.choice_faults(ctx.fields, org, words)
    if not ctx.stages or not any(spec.attribute == "stage" for spec in ctx.fields):
        return found
    answer = await api.query(soql.select(("ApiName",), "LeadStatus", "IsConverted = true"))
    converted = {str(row.get("ApiName")) for row in listed(ctx, answer)}
    bad = [word for word in ctx.stages.values() if word in converted]
    return [*found, *([findings.status_converted(bad)] if bad else [])]


def _usage(api: Api) -> Iterator[Finding]:
    usage = api.usage
    if usage is not None and usage.left < usage.allowed * _LITTLE_LEFT:
        yield findings.daily_limit(usage)


def _version(api: Api) -> Iterator[Finding]:
    if api.deprecated:
        yield findings.version_old(api.version)


async def _provisioning(ctx: Ctx) -> list[Finding]:
    """Look at the provisioning token: it should work, and go once its work is done."""
    if not ctx.settings.provisioning_token:
        return []
    try:
        found = await survey(ctx, open_api(ctx, provisioning=True))
    except (Misconfigured, NotAuthorized) as failure:
        return [findings.provisioning_token(failure.reason)]
    return [] if planning.plan(found).missing else [findings.provisioning_left()]
