"""No reason, finding or log line repeats what people typed, an address or a token."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterclick.plugin import BatchRefused, LaneStop
from afterclick_hubspot import errors, plugin, problem

from .support import TOKEN, UPSERT, USER, Json, bad_values, batch, bench, error, item, lead, taken_message

SECRET = "ada@example.com"
VALUES = {"email": SECRET, "lastname": "Lovelace"}

BODIES: dict[str, tuple[int, Json]] = {
    "bad values": (400, bad_values(("email", "INVALID_EMAIL"))),
    "old bad values": (400, bad_values(("email", "INVALID_EMAIL"), nested=False)),
    "message": (400, error("VALIDATION_ERROR", f"{SECRET} Lovelace {TOKEN} is not valid")),
    "category": (400, error(f"{SECRET} is bad")),
    "name": (400, error("VALIDATION_ERROR", errors=[{"context": {"propertyName": [SECRET]}, "in": SECRET}])),
    "scopes": (
        403,
        error("MISSING_SCOPES", errors=[{"context": {"requiredScopes": [f"{SECRET} Lovelace"]}}]),
    ),
    "policy": (429, error("RATE_LIMITS", policyName=f"{SECRET}")),
    "correlation": (500, error("INTERNAL_ERROR", correlationId=SECRET)),
    "token as correlation": (500, error("INTERNAL_ERROR", correlationId=TOKEN)),
    "taken": (400, error("VALIDATION_ERROR", taken_message("email", SECRET, "55"))),
    "exists": (409, error("CONFLICT", f"Contact already exists. Existing ID: 55 {SECRET}")),
    "token": (401, error("INVALID_AUTHENTICATION", f"{TOKEN} is not valid")),
    "item": (207, batch([], [item("VALIDATION_ERROR", f"{SECRET} Lovelace", trace="lead-1")])),
    "item context": (207, batch([], [item(SECRET, trace="lead-1", ids=[SECRET], propertyName=[SECRET])])),
    "result": (207, batch([{"id": SECRET, "properties": None}])),
}


@pytest.mark.parametrize("name", BODIES)
async def test_nothing_typed_leaves_the_plugin(name: str) -> None:
    status, body = BODIES[name]
    told: list[str] = []
    async with bench() as b:
        b.hub.reply(UPSERT, body, status)
        try:
            told = [
                getattr(found, "reason", "") for found in await plugin.create([lead(values=VALUES)], b.ctx)
            ]
        except LaneStop as stop:
            told = [stop.reason, str(stop), repr(getattr(stop, "finding", None))]
        except BatchRefused as refusal:
            told = [refusal.reason, str(refusal), refusal.field or ""]
        told.append(repr(b.log.lines))
    for text in told:
        assert SECRET not in text
        assert "Lovelace" not in text
        assert TOKEN not in text


async def test_correlation_id_is_logged() -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, error("INTERNAL_ERROR"), 500)
        await plugin.create([lead()], b.ctx)
    ((event, values),) = b.log.lines
    assert event == "hubspot-refused"
    assert values["correlation"] == "5a52ba5e-1ab7-4c9a-9d5f-3f2f5b0c7a11"
    assert USER not in repr(values)


_NAMES = ["category", "subCategory", "message", "errors", "context", "errorTokens", "identityProfile", "in"]
_NAMES += ["objectWriteTraceId", "existingId", "ids", "vid", "name", "code", "correlationId", "policyName"]
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4),
    max_leaves=15,
)


@given(_json, st.sampled_from([0, 400, 404, 409, 429, 500]), st.booleans())
def test_any_error_body_is_read_without_a_crash(body: Any, status: int, creating: bool) -> None:
    found = problem.of_item({**body, "status": status}) if isinstance(body, dict) else None
    if found is None:
        return
    place = errors.Place(connection="hubspot", now=0)
    errors.lane_stop(found, place)
    errors.of_input(found, {"email"}, creating=creating)
    errors.taken(found, {"email"})
    assert errors.reason(found).isascii()
