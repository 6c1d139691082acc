"""No reason, finding or log line repeats what people typed, an address, a token or a secret."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterclick.plugin import BatchRefused, CallFailed, LaneStop
from afterclick_salesforce import errors, plugin, problem

from .bodies import SESSION, contact_id, duplicates, fault, lead_id, login, refused
from .support import COMPOSITE, LEADS, ROWS, SECRET, TOKEN, USER, Bench, bench, change, lead, named

TYPED = "grace@example.com"
VALUES = {"Email": TYPED, "LastName": "Hopper", "Phone": "+1 555 0100"}
QUOTED = f"{TYPED} Hopper +1 555 0100 {SESSION} {SECRET}"

CALLS: dict[str, tuple[int, Any]] = {
    "message": (400, fault("JSON_PARSER_ERROR", f"Cannot deserialize instance of datetime from {QUOTED}")),
    "code": (400, fault(QUOTED, QUOTED)),
    "fields": (400, fault("REQUIRED_FIELD_MISSING", QUOTED, [TYPED, "Hopper Hopper"])),
    "column": (400, fault("INVALID_FIELD", f"No such column '{TYPED}' on sobject of type Lead")),
    "session": (401, fault("INVALID_SESSION_ID", f"Session expired or invalid: {SESSION}")),
    "right": (403, fault("INSUFFICIENT_ACCESS", QUOTED)),
    "limit": (403, fault("REQUEST_LIMIT_EXCEEDED", QUOTED)),
    "not found": (404, fault("NOT_FOUND", f"not accessible: {TYPED}")),
    "fault": (500, fault("UNKNOWN_EXCEPTION", QUOTED)),
    "page": (503, f"<html>{QUOTED}</html>"),
    "no list": (400, {"error": QUOTED, "error_description": QUOTED}),
    "a list of texts": (400, [QUOTED]),
}
ROW_ERRORS: dict[str, Any] = {
    "too long": refused(
        "STRING_TOO_LONG", f"Email: data value too large: {TYPED} (max length=80)", ["Email"]
    ),
    "address": refused("INVALID_EMAIL_ADDRESS", f"Email: invalid email address: {TYPED}", ["Email"]),
    "rule": refused("FIELD_CUSTOM_VALIDATION_EXCEPTION", QUOTED, [TYPED]),
    "trigger": refused("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"AfterInsert: {QUOTED}"),
    "taken": refused("DUPLICATE_VALUE", f"duplicate value found: Email duplicates value {QUOTED}", ["Email"]),
    "code": refused(QUOTED, QUOTED),
    "right": refused("INVALID_FIELD_FOR_INSERT_UPDATE", f"security settings of fields: {QUOTED}", [TYPED]),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("hook", ["match", "create", "enrich"])
async def test_nothing_typed_leaves_the_plugin_with_a_refused_call(hook: str, name: str) -> None:
    status, body = CALLS[name]
    async with bench() as b:
        for url, method in ((COMPOSITE, "POST"), (ROWS, "POST"), (ROWS, "PATCH")):
            b.org.reply(url, body, status, method=method, repeat=True)
        b.org.reply(TOKEN, login())
        await _hold(b, hook)


@pytest.mark.parametrize("name", ROW_ERRORS)
@pytest.mark.parametrize("hook", ["create", "enrich"])
async def test_nothing_typed_leaves_the_plugin_with_a_refused_row(hook: str, name: str) -> None:
    async with bench() as b:
        b.org.reply(ROWS, [ROW_ERRORS[name]], method="POST" if hook == "create" else "PATCH")
        b.org.reads([], [])
        await _hold(b, hook)


async def test_duplicate_rule_that_quotes_people_is_told_by_ids() -> None:
    found = duplicates(("Contact", contact_id(1)), ("Contact", contact_id(2)))
    found[0]["message"] = found[0]["duplicateResult"]["errorMessage"] = QUOTED
    async with bench() as b:
        b.org.reply(ROWS, [refused("DUPLICATES_DETECTED", QUOTED)])
        b.org.reply(LEADS, found, 400)
        told = await _hold(b, "create")
    assert contact_id(1) in told[0]


@pytest.mark.parametrize("status", [400, 500, 200])
async def test_refused_login_repeats_neither_secret_nor_token(status: int) -> None:
    body = {"error": QUOTED, "error_description": QUOTED, "access_token": None, "id": SESSION}
    async with bench(logged_in=False) as b:
        b.org.reply(TOKEN, body, status)
        await _hold(b, "match")


async def test_quiet_day_logs_one_login_and_nothing_else() -> None:
    async with bench() as b:
        for _ in range(3):
            b.org.reads([], [])
            await plugin.match([named(emails=())], b.ctx)
    assert [event for event, _ in b.log.lines] == ["salesforce-login"]


async def _hold(b: Bench, hook: str) -> list[str]:
    """Run a hook; return what it told, after looking that nothing of it is a secret or was typed."""
    told: list[str] = []
    try:
        told = [getattr(found, "reason", "") for found in await _run(b, hook)]
    except LaneStop as stop:
        told = [stop.reason, str(stop), repr(getattr(stop, "finding", None))]
    except (BatchRefused, CallFailed) as failure:
        told = [failure.reason, str(failure), str(getattr(failure, "field", ""))]
    told.append(repr(b.log.lines))
    for text in told:
        for secret in (TYPED, "Hopper", "555", SESSION, SECRET):
            assert secret not in text
    return told


async def _run(b: Bench, hook: str) -> Any:
    if hook == "match":
        return await plugin.match([lead(emails=(TYPED,))], b.ctx)
    if hook == "create":
        whose = lead(keys=(USER,), values=VALUES, attributes={"email": TYPED, "last_name": "Hopper"})
        return await plugin.create([whose], b.ctx)
    return await plugin.enrich([change(lead_id(1), VALUES)], b.ctx)


_NAMES = [
    "message",
    "errorCode",
    "statusCode",
    "error",
    "fields",
    "duplicateResult",
    "duplicateResut",
    "type",
]
_NAMES += ["allowSave", "matchResults", "matchRecords", "record", "attributes", "Id", "entityType"]
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4),
    max_leaves=15,
)


@given(_json, st.sampled_from([0, 300, 400, 401, 403, 404, 500]))
def test_any_error_body_is_read_without_a_crash(body: Any, status: int) -> None:
    listed = body if isinstance(body, list) else [body]
    found = problem.of_errors([one for one in listed if isinstance(one, dict)], status=status)
    errors.lane_stop(found, object="Lead", connection="crm", version="v68.0")
    errors.of_call(found, {"Email"}, writing=True)
    errors.of_row(found, {"Email"})
    assert errors.reason(found).isascii()
