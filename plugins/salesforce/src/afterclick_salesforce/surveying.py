"""Reads an org for provisioning: what is there, and what our permission set grants.

A field that an API made is seen by nobody, administrators included, before a permission set grants it. So
what is there is asked of Tooling, and how it is defined of the Metadata API. Source:
Salesforce, "Tooling API" (CustomField) and "Object Reference" (PermissionSet and what belongs to it).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar
from xml.etree.ElementTree import Element

from afterclick.plugin import (
    Answer,
    CallFailed,
    LaneStop,
    Misconfigured,
)
from afterclick_salesforce import findings, metadata, problem, soql
from afterclick_salesforce.api import Api
from afterclick_salesforce.client import Ctx, deletes, listed, open_api
from afterclick_salesforce.connecting import read_org
from afterclick_salesforce.definitions import Org
from afterclick_salesforce.fields import CUSTOM, LEAD, OBJECTS
from afterclick_salesforce.planning import DELETE, LEAD_SOURCE, RIGHTS, FieldName, Survey, wanted

Name = TypeVar("Name", str, FieldName)
_POWERS = (*RIGHTS[LEAD], DELETE)


async def survey(ctx: Ctx, api: Api) -> Survey:
    """Read the org with the calls of an administrator.

    Raises:
        NotAuthorized: the token may not look at the org's set-up.
        CallFailed: Salesforce has a fault.

    """
    org = await read_org(ctx, api)
    there = await custom_fields(ctx, api)
    if there is None:
        raise Misconfigured.by(findings.provisioning_token("it may not look at the org's set-up"))
    permission_set = await _permission_set(ctx, api)
    objects = await _object_rows(ctx, api, permission_set)
    granted = await _field_rows(ctx, api, permission_set)
    user = await _integration_user(ctx)
    return Survey(
        settings=ctx.settings,
        deletes=deletes(ctx),
        fields=ctx.fields,
        there=there,
        defined=await _defined(api, wanted(ctx.fields, ctx.settings).keys() & there),
        lead_source=_lead_source(ctx),
        source_there=_has_source(ctx, org),
        permission_set=permission_set,
        objects={object: _powers(row) for object, row in objects.items()},
        granted=frozenset(field for field, row in granted.items() if row.get("PermissionsEdit")),
        rows={**_ids(objects), **_ids(granted)},
        user=user,
        assigned=await _is_assigned(ctx, api, permission_set, user),
        layouts=await layouts(ctx, api),
    )


async def custom_fields(ctx: Ctx, api: Api) -> frozenset[FieldName] | None:
    """Return all custom fields of both objects; None if the user may not look at the org's set-up."""
    text = soql.select(
        ("DeveloperName", "TableEnumOrId", "NamespacePrefix"),
        "CustomField",
        next(soql.any_of("TableEnumOrId", OBJECTS, room=soql.LONGEST)),
    )
    answer = await api.tooling(text)
    if answer.status in (400, 403, 404) and not problem.of_answer(answer).has(problem.LIMIT):
        return None
    return frozenset(
        FieldName(str(row.get("TableEnumOrId")), _api_name(row))
        for row in listed(ctx, answer)
        if row.get("DeveloperName")
    )


async def _defined(api: Api, fields: Collection[FieldName]) -> dict[FieldName, metadata.Defined]:
    """Return how fields are defined; `describe` shows an administrator no more than what is granted."""
    names = sorted(map(str, fields))
    found: dict[FieldName, metadata.Defined] = {}
    for start in range(0, len(names), metadata.MOST):
        asked = metadata.read("CustomField", names[start : start + metadata.MOST])
        for record in components(await api.metadata(asked, reads=True)):
            object, _, name = metadata.full_name(record).partition(".")
            found[FieldName(object, name)] = metadata.defined(record)
    return found


def components(answer: Answer) -> list[Element]:
    """Return the components that a call of the Metadata API read.

    Raises:
        Misconfigured: the token lacks the right to it.
        CallFailed: the answer cannot be read.

    """
    try:
        return metadata.records(answer.body)
    except metadata.FaultError as fault:
        raise Misconfigured.by(findings.provisioning_token(fault.code)) from None
    except ValueError as failure:
        raise CallFailed(f"Metadata API: {failure}", sent=True) from None


def _api_name(row: Mapping[str, Any]) -> str:
    prefix = f"{row['NamespacePrefix']}__" if row.get("NamespacePrefix") else ""
    return f"{prefix}{row['DeveloperName']}{CUSTOM}"


def _lead_source(ctx: Ctx) -> str:
    """Return the value that is written to LeadSource; empty if the field is switched off or renamed."""
    spec = next((one for one in ctx.fields if one.attribute == "lead_source"), None)
    return LEAD_SOURCE if spec is not None and spec.name == metadata.VALUE_SET else ""


def _has_source(ctx: Ctx, org: Org) -> bool | None:
    value, field = _lead_source(ctx), org[LEAD].by_name.get(metadata.VALUE_SET)
    if not value or field is None:
        return None
    return value in field.choices


async def _rows(ctx: Ctx, api: Api, fields: Iterable[str], table: str, where: str) -> list[dict[str, Any]]:
    answer = await api.query(soql.select(tuple(fields), table, where))
    found = problem.of_answer(answer) if answer.status == 400 else None
    if found is not None and found.has("INVALID_TYPE", "INVALID_FIELD"):
        raise Misconfigured.by(findings.provisioning_token(f"it may not read {table}"))
    return listed(ctx, answer, object=table)


async def _permission_set(ctx: Ctx, api: Api) -> str | None:
    where = f"Name = {soql.literal(ctx.settings.permission_set)}"
    rows = await _rows(ctx, api, ["Id"], "PermissionSet", where)
    return str(rows[0]["Id"]) if rows else None


async def _object_rows(ctx: Ctx, api: Api, parent: str | None) -> dict[str, dict[str, Any]]:
    """Return what the permission set grants on objects."""
    if parent is None:
        return {}
    columns = ["Id", "SobjectType", *(f"Permissions{power}" for power in _POWERS)]
    rows = await _rows(ctx, api, columns, "ObjectPermissions", f"ParentId = {soql.literal(parent)}")
    return {str(row["SobjectType"]): row for row in rows}


def _ids(rows: Mapping[Name, Mapping[str, Any]]) -> dict[str | FieldName, str]:
    return {name: str(row["Id"]) for name, row in rows.items()}


def _powers(row: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(one for one in _POWERS if row.get(f"Permissions{one}"))


async def _field_rows(ctx: Ctx, api: Api, parent: str | None) -> dict[FieldName, dict[str, Any]]:
    """Return what the permission set grants on fields."""
    if parent is None:
        return {}
    where = f"ParentId = {soql.literal(parent)}"
    rows = await _rows(ctx, api, ["Id", "Field", "PermissionsEdit"], "FieldPermissions", where)
    return {FieldName(*str(row["Field"]).split(".", 1)): row for row in rows}


async def _integration_user(ctx: Ctx) -> str:
    """Return the id of the user that the connection logs in as; empty if that does not work yet."""
    try:
        return (await open_api(ctx).token()).user
    except (LaneStop, CallFailed):
        return ""


async def _is_assigned(ctx: Ctx, api: Api, permission_set: str | None, user: str) -> bool:
    if permission_set is None or not user:
        return False
    where = f"PermissionSetId = {soql.literal(permission_set)} AND AssigneeId = {soql.literal(user)}"
    return bool(await _rows(ctx, api, ["Id"], "PermissionSetAssignment", where))


async def layouts(ctx: Ctx, api: Api) -> dict[str, bool | None]:
    """Return, per layout that the settings name, whether it has the section; None if there is no such one."""
    found: dict[str, bool | None] = dict.fromkeys(ctx.settings.layouts)
    for name in found:
        answer = await api.metadata(metadata.read("Layout", [name]), reads=True)
        for record in components(answer):
            found[name] = metadata.has_section(record)
    return found
