"""Salesforce's bodies, as its documentation and field reports show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from afterclick.plugin import Rule
from afterclick_salesforce.answers import Description, Field
from afterclick_salesforce.fields import CONTACT, DEFAULT_FIELDS, LEAD

BASE = "https://acme.my.salesforce.com"
SESSION = "00Dx0000!AQ.session"
POINTER = "Deep_Link_Merged_Into__c"
OURS = "005000000000001AAA"
SALES = "005000000000002AAA"

Json = dict[str, Any]


def lead_id(number: int) -> str:
    """Return the id of a Lead."""
    return f"00Q{number:012d}AAA"


def contact_id(number: int) -> str:
    """Return the id of a Contact."""
    return f"003{number:012d}AAA"


def login(**more: str) -> Json:
    """Return the answer to a login."""
    return {
        "access_token": SESSION,
        "signature": "c2lnbmF0dXJl",
        "scope": "api",
        "instance_url": BASE,
        "id": f"https://login.salesforce.com/id/00D000000000001AAA/{OURS}",
        "token_type": "Bearer",
        "issued_at": "1700000000000",
        **more,
    }


def fault(code: str, message: str = "", fields: Sequence[str] | None = None) -> list[Json]:
    """Return the body of a refused call."""
    return [{"message": message, "errorCode": code, **({} if fields is None else {"fields": list(fields)})}]


def saved(id: str) -> Json:
    """Return the result of a row that was written."""
    return {"id": id, "success": True, "errors": []}


def refused(code: str, message: str = "", fields: Sequence[str] = (), **more: Any) -> Json:
    """Return the result of a row that was not."""
    return {
        "success": False,
        "errors": [{"statusCode": code, "message": message, "fields": list(fields), **more}],
    }


def duplicates(*found: tuple[str, str], name: str = "duplicateResult") -> list[Json]:
    """Return the body of a duplicate rule that found records, (object, id) each."""
    results = [
        {
            "entityType": object,
            "matchEngine": "FuzzyMatchEngine",
            "rule": f"Standard_{object}_Match_Rule_v1_0",
            "size": 1,
            "success": True,
            "matchRecords": [
                {"matchConfidence": 100.0, "record": {"attributes": {"type": object, "url": ""}, "Id": id}}
            ],
        }
        for object, id in found
    ]
    body = {
        "allowSave": True,
        "duplicateRule": "Standard_Lead_Duplicate_Rule",
        "duplicateRuleEntityType": "Lead",
        "errorMessage": "Use one of these records?",
        "matchResults": results,
    }
    return [{"errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", name: body}]


def row(id: str, **values: Any) -> Json:
    """Return a Lead or Contact as a query shows it."""
    object = CONTACT if id.startswith("003") else LEAD
    return {
        "attributes": {"type": object, "url": f"/services/data/v68.0/sobjects/{object}/{id}"},
        "Id": id,
        "OwnerId": OURS,
        "CreatedById": OURS,
        "LastModifiedById": OURS,
        "CreatedDate": "2026-05-20T08:00:00.000+0000",
        **({"IsConverted": False, "ConvertedContactId": None, POINTER: None} if object == LEAD else {}),
        **values,
    }


def page(rows: Iterable[Json], following: str | None = None, *, total: int | None = None) -> Json:
    """Return a page of a query that has `total` rows, by default only these."""
    listed = list(rows)
    more = {} if following is None else {"nextRecordsUrl": following}
    size = len(listed) if total is None else total
    return {"totalSize": size, "done": following is None, "records": listed, **more}


def composite(*bodies: Any, status: int = 200) -> Json:
    """Return the answers of a Composite call."""
    return {
        "compositeResponse": [
            {"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": f"part{index}"}
            for index, body in enumerate(bodies)
        ]
    }


_TYPES = {"text": "string", "number": "double", "datetime": "datetime", "choice": "picklist"}


def descriptions() -> dict[str, Description]:
    """Return what a provisioned org says of both objects."""
    return {object: msgspec.convert(describe(object), Description) for object in (LEAD, CONTACT)}


def describe(object: str, *leave_out: str, **instead: Json) -> Json:
    """Return a provisioned object's description, without some fields, with others in their place."""
    names = ("Id", "OwnerId", "CreatedById", "LastModifiedById", "CreatedDate")
    fields = {name: definition(name, "reference") for name in names}
    if object == LEAD:
        fields["IsConverted"] = definition("IsConverted", "boolean", createable=False, updateable=False)
        fields["ConvertedContactId"] = definition("ConvertedContactId", "reference")
        fields[POINTER] = definition(POINTER, length=18)
    for spec in DEFAULT_FIELDS:
        if spec.kinds and object not in spec.kinds:
            continue
        key = spec.rule is Rule.KEY
        fields[spec.name] = definition(
            spec.name,
            _TYPES[spec.kind.value],
            length=spec.max_length or 255,
            unique=key,
            externalId=key or spec.attribute == "token",
            picklistValues=[{"value": value, "active": True} for value in _CHOICES.get(spec.name, ())],
        )
    fields |= instead
    listed = [field for name, field in fields.items() if name not in leave_out]
    return {"name": object, "createable": True, "updateable": True, "queryable": True, "fields": listed}


_CHOICES = {
    "LeadSource": ("Web", "Other", "Deep Link"),
    "Status": ("Open - Not Contacted", "Working - Contacted", "Closed - Converted"),
}


def definition(name: str, type: str = "string", **more: Any) -> Json:
    """Return the definition of a field."""
    return {"name": name, "type": type, "length": 255, "createable": True, "updateable": True, **more}


def field(name: str, type: str = "string", **more: Any) -> Field:
    """Return the definition of a field as the plugin reads it."""
    return msgspec.convert(definition(name, type, **more), Field)
