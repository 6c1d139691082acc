"""What the tests of the HubSpot plugin share: an open connection without a network, and HubSpot's bodies."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from afterclick.plugin import Change, FieldSpec, Lead, Record, Scalar
from afterclick.plugin.http import CallReport
from afterclick.testing import ListLog, NullPacer, StillClock, open_context
from afterclick.testing.answers import Answers
from afterclick_hubspot import plugin
from afterclick_hubspot.client import Client, Ctx, open_api
from afterclick_hubspot.fields import DEFAULT_FIELDS, LIFECYCLE
from afterclick_hubspot.limits import DayClock
from afterclick_hubspot.mapping import Shape

BASE = "https://api.hubapi.test"
VERSION = "2026-09"
CONTACTS = f"{BASE}/crm/objects/{VERSION}/contacts"
PROPERTIES = f"{BASE}/crm/properties/{VERSION}/contacts"
GROUPS = f"{PROPERTIES}/groups"
ACCOUNT = f"{BASE}/account-info/{VERSION}/details"
READ = f"{CONTACTS}/batch/read"
UPSERT = f"{CONTACTS}/batch/upsert"
CREATE = f"{CONTACTS}/batch/create"
UPDATE = f"{CONTACTS}/batch/update"
TOKEN = "pat-na1-secret"

USER = "user:11111111111111111111111111111111"
EMAIL = "email:22222222222222222222222222222222"
EVENT = "event:33333333333333333333333333333333"

Json = dict[str, Any]


class Bench(NamedTuple):
    """A connection under test and everything that stands in for the world around it."""

    ctx: Ctx
    hub: Answers
    clock: StillClock
    pacer: NullPacer
    log: ListLog
    reports: list[CallReport]


@asynccontextmanager
async def bench(
    *,
    settings: Mapping[str, str] | None = None,
    fields: Iterable[FieldSpec] = DEFAULT_FIELDS,
    stages: Mapping[str, str] | None = None,
    connected: bool = True,
    zone: str = "US/Eastern",
) -> AsyncIterator[Bench]:
    """Open a connection to a HubSpot that only answers what the test says; `connected` skips `connect`."""
    clock, pacer, log = StillClock(), NullPacer(), ListLog()
    reports: list[CallReport] = []
    with Answers() as hub:
        async with open_context(
            plugin,
            {"base_url": BASE, "access_token": TOKEN, **dict(settings or {})},
            clock=clock,
            pacer=pacer,
            log=log,
            report=reports.append,
        ) as ctx:
            ctx.fields = tuple(fields)
            ctx.stages = dict(ctx.stages if stages is None else stages)
            if connected:
                shape = Shape(fields=ctx.fields, key="deep_link_key", portal="4242")
                ctx.client = Client(ctx, open_api(ctx), shape, DayClock(zone))
            yield Bench(ctx, hub, clock, pacer, log, reports)


# Leads and changes.


def lead(
    ref: str = "lead-1",
    keys: Sequence[str] = (USER,),
    values: Mapping[str, Scalar] | None = None,
    record_id: str | None = None,
    **more: Any,
) -> Lead:
    """Return a lead; with `record_id` it has a record already."""
    record = None if record_id is None else Record(kind="contact", id=record_id)
    return Lead(ref=ref, keys=tuple(keys), values=dict(values or {}), record=record, **more)


def change(
    ref: str, record_id: str, fields: Mapping[str, Scalar], values: Mapping[str, Scalar] | None = None
) -> Change:
    """Return a change of a record that holds `values`."""
    record = Record(kind="contact", id=record_id, values=dict(values or {}), key=USER)
    return Change(lead=lead(ref, record_id=record_id), record=record, fields=dict(fields))


# HubSpot's bodies.


def contact(id: str, properties: Mapping[str, str | None] | None = None, **more: Any) -> Json:
    """Return a contact as HubSpot shows it."""
    return {
        "id": id,
        "properties": {"hs_object_id": id, "createdate": "2026-05-01T08:00:00.000Z", **(properties or {})},
        "createdAt": "2026-05-01T08:00:00.000Z",
        "updatedAt": "2026-05-20T08:00:00.000Z",
        "archived": False,
        "url": f"https://app.hubspot.com/contacts/4242/record/0-1/{id}",
        **more,
    }


def batch(results: Iterable[Json] = (), errors: Iterable[Json] = ()) -> Json:
    """Return a batch answer; its errors, if any, make it a 207."""
    body: Json = {
        "status": "COMPLETE",
        "startedAt": "2026-05-21T12:00:00.000Z",
        "completedAt": "2026-05-21T12:00:00.100Z",
        "results": list(results),
    }
    faults = list(errors)
    if faults:
        body |= {"errors": faults, "numErrors": len(faults)}
    return body


def item(category: str, message: str = "", *, trace: str | None = None, **context: list[str]) -> Json:
    """Return an entry of a batch's `errors`."""
    if trace is not None:
        context["objectWriteTraceId"] = [trace]
    return {"status": "error", "category": category, "message": message, "context": context}


def absent(*ids: str) -> Json:
    """Return the entry for ids or unique values that lead nowhere."""
    return item("OBJECT_NOT_FOUND", "Could not get some CONTACT objects.", ids=list(ids))


def error(category: str, message: str = "", **more: Any) -> Json:
    """Return the body of a refused call."""
    return {
        "status": "error",
        "message": message,
        "correlationId": "5a52ba5e-1ab7-4c9a-9d5f-3f2f5b0c7a11",
        "category": category,
        **more,
    }


def bad_values(*faults: tuple[str, str], nested: bool = True) -> Json:
    """Return the 400 of wrong values, (property, code) each: in `errors`, or in the message as of old."""
    listed = [
        {
            "isValid": False,
            "message": f'"ada@example.com" is not valid for {name}',
            "error": code,
            "name": name,
        }
        for name, code in faults
    ]
    body = error("VALIDATION_ERROR", f"Property values were not valid: {json.dumps(listed)}")
    if nested:
        body["errors"] = [
            {
                "message": entry["message"],
                "code": entry["error"],
                "context": {"propertyName": [entry["name"]]},
            }
            for entry in listed
        ]
    return body


def taken_message(name: str, value: str, holder: str) -> str:
    """Return the sentence of a unique value that another record has."""
    where = f"PropertyValueCoordinates{{portalId=4242, propertyName={name}, value={value}}}"
    return f"Cannot set {where} on 999. {holder} already has that value."


def definition(name: str, type: str = "string", field_type: str = "text", **more: Any) -> Json:
    """Return the definition of a contact property."""
    return {
        "name": name,
        "label": name,
        "type": type,
        "fieldType": field_type,
        "groupName": "deep_link_attribution",
        "options": [],
        "hasUniqueValue": False,
        "hidden": False,
        "modificationMetadata": {"archivable": True, "readOnlyDefinition": False, "readOnlyValue": False},
        **more,
    }


_FORMS = {
    "text": ("string", "text"),
    "number": ("number", "number"),
    "datetime": ("datetime", "date"),
    "choice": ("enumeration", "select"),
}


def definitions(*leave_out: str, **instead: Json) -> Json:
    """Return the list of a provisioned account's properties, without some, with others in their place."""
    found: dict[str, Json] = {}
    for spec in DEFAULT_FIELDS:
        type, field_type = _FORMS[spec.kind.value]
        more: Json = {"hasUniqueValue": spec.unique}
        if spec.standard:
            more |= {"hubspotDefined": True, "groupName": "contactinformation"}
        if spec.attribute == "stage":
            more["options"] = [
                {"value": stage, "label": stage.title(), "displayOrder": place, "hidden": False}
                for place, stage in enumerate(LIFECYCLE)
            ]
        found[spec.name] = definition(spec.name, type, field_type, **more)
    found |= instead
    return {"results": [body for name, body in found.items() if name not in leave_out]}


def account(**more: Any) -> Json:
    """Return what account-info says."""
    return {
        "portalId": 4242,
        "accountType": "STANDARD",
        "timeZone": "US/Eastern",
        "utcOffset": "-04:00",
        "utcOffsetMilliseconds": -14_400_000,
        "uiDomain": "app-eu1.hubspot.com",
        **more,
    }
