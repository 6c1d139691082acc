"""Makes what leads need in an org: fields, a picklist's value, a permission set; the second time nothing.

Fields come from the Metadata API, which works in production orgs; everything else are ordinary records.
An administrator's token does it, never the integration user's own rights. Source: Salesforce, "Metadata API
Developer Guide" (upsertMetadata) and "Object Reference" (FieldPermissions: Edit needs Read).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from afterclick.plugin import (
    Answer,
    CallFailed,
    Misconfigured,
    Plan,
)
from afterclick_salesforce import answers, errors, findings, metadata, planning, problem
from afterclick_salesforce.answers import Result
from afterclick_salesforce.api import ROWS, Api
from afterclick_salesforce.client import Ctx, open_api, refused
from afterclick_salesforce.fields import LEAD
from afterclick_salesforce.planning import FieldName, Survey
from afterclick_salesforce.surveying import components, survey

Refusals = dict[str, str]
"""The codes that Salesforce gave, by the step of the plan."""
Send = Callable[[Sequence[Mapping[str, Any]], Mapping[str, str]], Awaitable[Answer]]


async def provision(apply: bool, ctx: Ctx) -> Plan:
    """Return what is missing and, with `apply`, make it.

    Raises:
        Misconfigured: the token lacks rights, which the reason names.
        CallFailed: Salesforce has a fault; what was made until then is found in place the next time.

    """
    api = open_api(ctx, provisioning=True)
    found = await survey(ctx, api)
    plan = planning.plan(found)
    if not apply or not plan.missing:
        return plan
    refusals = await _make_fields(ctx, api, found)
    refusals |= await _add_source(ctx, api, found)
    refusals |= await _grant(ctx, api, found)
    refusals |= await _add_sections(ctx, api, found)
    return planning.done(await survey(ctx, api), plan, refusals)


async def _make_fields(ctx: Ctx, api: Api, found: Survey) -> Refusals:
    missing = list(found.to_create().items())
    refusals: Refusals = {}
    for start in range(0, len(missing), metadata.MOST):
        part = missing[start : start + metadata.MOST]
        made = metadata.upsert(metadata.custom_field(field.object, spec) for field, spec in part)
        for outcome in _outcomes(await api.metadata(made)):
            if outcome.code:
                refusals[f"field {outcome.name}"] = outcome.code
    return refusals


async def _add_source(ctx: Ctx, api: Api, found: Survey) -> Refusals:
    """Add the value to the picklist, which is read whole and written back whole."""
    if found.source_there is not False:
        return {}
    records = components(
        await api.metadata(metadata.read("StandardValueSet", [metadata.VALUE_SET]), reads=True)
    )
    changed = [
        metadata.with_value(record, found.lead_source)
        for record in records
        if found.lead_source not in metadata.values_of(record)
    ]
    step = f"value {found.lead_source} of LeadSource"
    return await _update(api, changed, dict.fromkeys([metadata.VALUE_SET], step))


async def _add_sections(ctx: Ctx, api: Api, found: Survey) -> Refusals:
    fields = [field.name for field in found.wanted if field.object == LEAD]
    refusals: Refusals = {}
    for name, there in found.layouts.items():
        if there is not False:
            continue
        records = components(await api.metadata(metadata.read("Layout", [name]), reads=True))
        changed = [metadata.with_section(record, fields) for record in records]
        refusals |= await _update(api, changed, {name: f"section on layout {name}"})
    return refusals


async def _update(api: Api, changed: Sequence[Any], steps: Mapping[str, str]) -> Refusals:
    if not changed:
        return {}
    found = _outcomes(await api.metadata(metadata.update(changed)))
    return {steps[one.name]: one.code for one in found if one.code and one.name in steps}


async def _grant(ctx: Ctx, api: Api, found: Survey) -> Refusals:
    """Make the permission set, and let it grant what is missing."""
    parent = found.permission_set or await _make_permission_set(ctx, api)
    rights = {f"rights on {object}": _object_row(object, parent, found) for object in found.lacking()}
    access = [_field_row(field, parent, found) for field in found.to_grant()]
    refusals: Refusals = {}
    # Rights on fields need rights on their object first.
    refusals |= await _save(ctx, api, list(rights.values()), list(rights))
    refusals |= await _save(ctx, api, access, ["access to fields"] * len(access))
    if found.user and not found.assigned:
        row = _row("PermissionSetAssignment", AssigneeId=found.user, PermissionSetId=parent)
        step = f"permission set {ctx.settings.permission_set} for the integration user"
        refusals |= await _save(ctx, api, [row], [step])
    return refusals


async def _make_permission_set(ctx: Ctx, api: Api) -> str:
    name = ctx.settings.permission_set
    row = {
        "Name": name,
        "Label": name.replace("_", " "),
        "Description": "What Afterclick's integration user needs.",
    }
    answer = await api.insert_one("PermissionSet", row, {})
    result = answers.read(answer, Result) if answer.ok else None
    if result is None or not result.id:
        found = refused(ctx, problem.of_answer(answer), object="PermissionSet")
        raise CallFailed(f"the permission set was not made: {errors.reason(found)}", sent=True)
    return result.id


def _row(object: str, **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": object}, **values}


def _object_row(object: str, parent: str, found: Survey) -> dict[str, Any]:
    rights = {f"Permissions{right}": True for right in sorted(found.rights(object))}
    if object in found.rows:
        return _row("ObjectPermissions", id=found.rows[object], **rights)
    return _row("ObjectPermissions", ParentId=parent, SobjectType=object, **rights)


def _field_row(field: FieldName, parent: str, found: Survey) -> dict[str, Any]:
    rights = {"PermissionsRead": True, "PermissionsEdit": True}
    if field in found.rows:
        return _row("FieldPermissions", id=found.rows[field], **rights)
    return _row("FieldPermissions", ParentId=parent, SobjectType=field.object, Field=str(field), **rights)


async def _save(ctx: Ctx, api: Api, rows: Sequence[dict[str, Any]], steps: Sequence[str]) -> Refusals:
    """Make rows, and change those that have an id; return the codes of the refused ones, by step."""
    pairs = list(zip(rows, steps, strict=True))
    there = [pair for pair in pairs if "id" in pair[0]]
    refusals = await _send(ctx, api.insert, [pair for pair in pairs if "id" not in pair[0]])
    return refusals | await _send(ctx, api.update, there)


async def _send(ctx: Ctx, send: Send, pairs: Sequence[tuple[dict[str, Any], str]]) -> Refusals:
    """Send rows, each with its step."""
    rows, steps = [row for row, _ in pairs], [step for _, step in pairs]
    refusals: Refusals = {}
    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        answer = await send(part, {})
        results = answers.read(answer, list[Result]) if answer.ok else None
        if results is None:
            found = refused(ctx, problem.of_answer(answer), object=part[0]["attributes"]["type"])
            return refusals | dict.fromkeys(steps, errors.reason(found))
        for step, result in zip(steps[start:], results, strict=False):
            if not result.success:
                refusals[step] = errors.reason(problem.of_errors(result.errors or []))
    return refusals


def _outcomes(answer: Answer) -> list[metadata.Outcome]:
    try:
        return metadata.outcomes(answer.body)
    except metadata.FaultError as fault:
        raise Misconfigured.by(findings.provisioning_token(fault.code)) from None
    except ValueError as failure:
        raise CallFailed(f"Metadata API: {failure}", sent=True) from None
