"""Opens an account: reads who it is and whether it has the properties that leads are written to."""

from __future__ import annotations

import msgspec

from afterclick.plugin import CallFailed, FieldSpec, Misconfigured
from afterclick_hubspot import definitions, findings, kinds, limits
from afterclick_hubspot.answers import AccountDetails, Properties
from afterclick_hubspot.api import CORRELATION_HEADER, Api
from afterclick_hubspot.client import Client, Ctx, decoded, open_api, refused
from afterclick_hubspot.limits import DayClock
from afterclick_hubspot.mapping import Shape


async def connect(ctx: Ctx) -> Client:
    """Return the client of the account, and fit `ctx.fields` to what its properties can hold.

    Raises:
        NotAuthorized: the token is refused or lacks a scope.
        Misconfigured: properties are missing, of another type, or the key is not unique.
        CallFailed: HubSpot did not answer.

    """
    ctx.http.correlation_header = CORRELATION_HEADER
    burst = limits.PLAN_BURST[ctx.settings.plan]
    if burst != limits.LIMITS[0].amount:  # else it is set already, perhaps lower by the operator
        ctx.http.learn(limits.BURST, amount=burst, seconds=limits.WINDOW)
    api = open_api(ctx)
    account = await read_account(ctx, api)
    properties = await read_properties(ctx, api)
    key = _check_fields(ctx, properties)
    ctx.fields = _fit(ctx, properties)
    shape = Shape(
        fields=ctx.fields,
        key=key,
        portal="" if account.portal_id is None else str(account.portal_id),
        ui_domain=account.ui_domain or "app.hubspot.com",
    )
    return Client(ctx, api, shape, _day(account))


async def read_account(ctx: Ctx, api: Api) -> AccountDetails:
    """Read id and time zone of the account; without them links and the end of a day are unknown, no more."""
    try:
        answer = await api.account()
        if answer.ok:
            return msgspec.convert(answer.json(), AccountDetails, strict=False)
        if answer.status in (401, 429, 477):
            refused(ctx, answer)
    except (CallFailed, msgspec.DecodeError):
        pass
    ctx.log.warning("hubspot-account-unknown", connection=ctx.connection)
    return AccountDetails()


async def read_properties(ctx: Ctx, api: Api, *, archived: bool = False) -> definitions.Properties:
    """Read all definitions of contact properties, by name; raises what `decoded` raises."""
    return by_name(decoded(ctx, await api.properties(archived=archived), Properties))


def by_name(listed: Properties) -> definitions.Properties:
    """Return definitions by internal name."""
    return {found.name: found for found in listed.results}


def _check_fields(ctx: Ctx, properties: definitions.Properties) -> str:
    """Return the property that holds the key.

    Raises:
        Misconfigured: writes would be refused; one finding names every property.

    """
    key = definitions.key_property(ctx.fields)
    if key is None:
        raise Misconfigured.by(findings.no_key())
    found = definitions.compare(ctx.fields, properties, ctx.connection)
    errors = [finding for finding in found if finding.level == "error"]
    if errors:
        raise Misconfigured.by(kinds.FIELDS.combined(errors))
    # A stage that the account lacks costs that stage, not the lane.
    for finding in definitions.stage_faults(ctx.fields, properties, ctx.stages):
        ctx.log.warning("hubspot-stage-unknown", connection=ctx.connection, property=finding.subject)
    return key


def _fit(ctx: Ctx, properties: definitions.Properties) -> tuple[FieldSpec, ...]:
    fitted = definitions.narrowed(ctx.fields, properties)
    for before, after in zip(ctx.fields, fitted, strict=True):
        if before.kind is not after.kind:
            ctx.log.info("hubspot-day-only", connection=ctx.connection, property=after.name)
    return fitted


def _day(account: AccountDetails) -> DayClock:
    return DayClock(account.time_zone or "UTC", account.utc_offset_milliseconds or 0)
