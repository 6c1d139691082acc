"""Answers of the real HubSpot, cut down to what they always hold, for comparison.

Made from recordings named in the emulator's modules; ids, times and names are our own.
"""

from __future__ import annotations

from typing import Any

NOT_FOUND = "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid."


def without_id(body: dict[str, Any]) -> dict[str, Any]:
    """Return an error body without its correlation id, which must be there and is never the same."""
    assert len(body["correlationId"]) == 36
    return {name: value for name, value in body.items() if name != "correlationId"}


def conflict_of_batch() -> dict[str, Any]:
    """Return the 409 of a batch create without trace ids: it does not say which contact exists."""
    return {"status": "error", "message": "Contact already exists", "category": "CONFLICT"}


def conflict_of_item(trace_id: str, holder_id: str) -> dict[str, Any]:
    """Return the error item of a batch create with trace ids."""
    return {
        "status": "error",
        "category": "CONFLICT",
        "message": f"Contact already exists. Existing ID: {holder_id}",
        "context": {"objectWriteTraceId": [trace_id], "existingId": [holder_id]},
    }


def conflict_of_create(holder_id: str) -> dict[str, Any]:
    """Return the 409 of a single create in its usual shape."""
    message = f"Contact already exists. Existing ID: {holder_id}"
    return {"status": "error", "message": message, "category": "CONFLICT"}


def missing_item(*ids: str) -> dict[str, Any]:
    """Return the one error item that names all missing records of a batch."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": NOT_FOUND,
        "context": {"ids": list(ids)},
    }


def repeated_ids(*ids: str) -> dict[str, Any]:
    """Return the 400 of a batch that names an id twice."""
    return {
        "status": "error",
        "message": f"Duplicate IDs found in batch input: [{', '.join(ids)}]. IDs must be unique",
        "context": {"ids": list(ids)},
        "category": "VALIDATION_ERROR",
    }


def unknown_property(name: str) -> dict[str, Any]:
    """Return an entry of `errors` for a property that does not exist."""
    return {
        "message": f'Property "{name}" does not exist',
        "code": "PROPERTY_DOESNT_EXIST",
        "context": {"propertyName": [name]},
    }


def value_taken(portal: int, name: str, value: str, row_id: str, holder_id: str) -> str:
    """Return the message about a unique value; the holder is the second id in it."""
    return (
        f"Cannot set PropertyValueCoordinates{{portalId={portal}, "
        f"objectTypeId=ObjectTypeId{{legacyObjectType=CONTACT}}, propertyName={name}, value={value}}} "
        f"on {row_id}. {holder_id} already has that value."
    )


def property_exists(name: str) -> dict[str, Any]:
    """Return the error item of a batch create for a property name that is taken."""
    return {
        "status": "error",
        "category": "OBJECT_ALREADY_EXISTS",
        "subCategory": "Properties.PROPERTY_WITH_NAME_EXISTS",
        "message": f"A property named '{name}' already exists.",
        "context": {"name": [name]},
    }
