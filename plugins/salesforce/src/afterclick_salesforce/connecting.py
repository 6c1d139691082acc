"""Opens an org: logs in, and reads whether it has the fields that leads are written to."""

from __future__ import annotations

from afterclick.plugin import (
    Finding,
    Misconfigured,
)
from afterclick_salesforce import definitions, findings, kinds, limits, problem
from afterclick_salesforce.answers import Description
from afterclick_salesforce.api import Api
from afterclick_salesforce.client import Client, Ctx, decoded, deletes, open_api
from afterclick_salesforce.definitions import Org
from afterclick_salesforce.fields import LEAD, OBJECTS
from afterclick_salesforce.mapping import Shape


async def connect(ctx: Ctx) -> Client:
    """Return the client of the org, and fit `ctx.fields` to what its fields can hold.

    Raises:
        NotAuthorized: the login is refused, or the user may not use the API.
        Misconfigured: the address is wrong; fields are missing, of another type, or the key is not unique.
        CallFailed: Salesforce did not answer.

    """
    if not ctx.settings.pacing:
        ctx.http.learn(limits.DAILY, amount=limits.UNPACED, seconds=limits.DAY)
    api = open_api(ctx)
    org = await read_org(ctx, api)
    key = _check(ctx, org)
    ctx.fields = definitions.narrowed(ctx.fields, org)
    pointer = ctx.settings.merged_into
    shape = Shape(
        fields=ctx.fields,
        key=key,
        instance=(await api.token()).instance,
        visible=definitions.visible(org),
        pointer=pointer if definitions.has_pointer(pointer, org) else "",
    )
    return Client(ctx, api, shape)


async def read_org(ctx: Ctx, api: Api) -> Org:
    """Read what the user may do with Leads and Contacts; raises what `decoded` raises."""
    # The first one logs in; the second one would wait for the same login.
    return {object: await _read(ctx, api, object) for object in OBJECTS}


async def _read(ctx: Ctx, api: Api, object: str) -> Description:
    answer = await api.describe(object)
    found = problem.of_answer(answer) if answer.status == 404 else None
    if found is not None and found.has("NOT_FOUND"):
        # An object that the user may not even see is not there for them; so is an unknown API version.
        await require_version(ctx, api)
        raise Misconfigured.by(findings.object_access(object, ["read"]))
    return decoded(ctx, answer, Description, object=object)


async def require_version(ctx: Ctx, api: Api) -> None:
    """Make sure that the org serves the API version.

    Raises:
        Misconfigured: it does not.

    """
    served = decoded(ctx, await api.versions(), list[dict[str, str]])
    wanted = ctx.settings.api_version
    if f"/services/data/{wanted}" not in [one.get("url") for one in served]:
        raise Misconfigured.by(findings.version(wanted))


def _check(ctx: Ctx, org: Org) -> str:
    """Return the field that holds the key.

    Raises:
        Misconfigured: writes would be refused; one finding names every field.

    """
    found = faults(ctx, org)
    errors = [finding for finding in found if finding.level == "error"]
    key = definitions.key_field(ctx.fields)
    if errors or key is None:
        raise Misconfigured.by(kinds.FIELDS.combined(errors))
    for finding in found:
        ctx.log.warning("salesforce-org", connection=ctx.connection, code=finding.code, field=finding.subject)
    return key


def faults(ctx: Ctx, org: Org) -> list[Finding]:
    """Return what is wrong, as far as the user itself can see."""
    absent = definitions.absent(ctx.fields, org, LEAD)
    found = [findings.absent(LEAD, absent, ctx.connection)] if absent else []
    return [*found, *other_faults(ctx, org)]


def other_faults(ctx: Ctx, org: Org) -> list[Finding]:
    """Return what is wrong besides absent fields of Lead."""
    found = definitions.compare(ctx.fields, org)
    found += definitions.contact_faults(ctx.fields, org)
    found += definitions.pointer_faults(ctx.settings.merged_into, org, needed=ctx.settings.doubles != "keep")
    found += definitions.delete_faults(org, needed=deletes(ctx))
    return found
