"""Every status and code that Salesforce documents, where a read and where a write meets it.

What a read meets decides nothing; a write that may have happened is never called undone.
"""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.plugin import (
    BatchRefused,
    CallFailed,
    LaneStop,
    Misconfigured,
    NotAuthorized,
    Outcome,
    RetryLater,
    Throttled,
    Uncertain,
)
from afterclick_salesforce import plugin

from .bodies import fault, lead_id, login, refused
from .support import COMPOSITE, LEADS, ROWS, TOKEN, Bench, bench, change, lead

HTML = "<html>We are down for maintenance.</html>"
Raised = type[BatchRefused] | type[CallFailed] | type[LaneStop]

# status, body, what a read raises, what a write says or raises
ANSWERS: list[tuple[int, Any, Raised, type[Outcome] | Raised]] = [
    (300, ["/services/data/v68.0/sobjects/Lead/00Q000000000001AAA"], Misconfigured, Misconfigured),
    (304, "", Misconfigured, Misconfigured),
    (400, fault("MALFORMED_QUERY", "unexpected token: 'x'"), BatchRefused, BatchRefused),
    (400, fault("JSON_PARSER_ERROR", "Unexpected character"), BatchRefused, BatchRefused),
    (
        400,
        fault("INVALID_FIELD", "cannot specify Id in an insert call", ["Id"]),
        Misconfigured,
        Misconfigured,
    ),
    (401, fault("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"), NotAuthorized, NotAuthorized),
    (403, fault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), Throttled, Throttled),
    (403, fault("LOGIN_RATE_EXCEEDED", "login rate exceeded"), Throttled, Throttled),
    (403, fault("INSUFFICIENT_ACCESS", "insufficient access"), NotAuthorized, NotAuthorized),
    (
        403,
        fault("API_DISABLED_FOR_ORG", "API is not enabled for this Organization"),
        NotAuthorized,
        NotAuthorized,
    ),
    (404, fault("NOT_FOUND", "The requested resource does not exist"), Misconfigured, Misconfigured),
    (405, fault("METHOD_NOT_ALLOWED", "HTTP Method 'POST' not allowed."), Misconfigured, Misconfigured),
    (409, fault("CONFLICT", "a request of the same kind is under way"), BatchRefused, BatchRefused),
    (410, fault("UNSUPPORTED_API_VERSION", "UNSUPPORTED_API_VERSION"), Misconfigured, Misconfigured),
    (410, "GONE", Misconfigured, Misconfigured),
    (412, fault("PRECONDITION_FAILED", ""), BatchRefused, BatchRefused),
    (414, "", BatchRefused, BatchRefused),
    (415, fault("UNSUPPORTED_MEDIA_TYPE", ""), Misconfigured, Misconfigured),
    (420, HTML, CallFailed, Uncertain),
    (428, "", Misconfigured, Misconfigured),
    (429, "", Throttled, Throttled),
    (431, "", BatchRefused, BatchRefused),
    (500, fault("UNKNOWN_EXCEPTION", "An unexpected error occurred"), CallFailed, Uncertain),
    (500, fault("QUERY_TIMEOUT", "Your query request was running for too long."), CallFailed, Uncertain),
    (502, "", CallFailed, Uncertain),
    (503, fault("SERVER_UNAVAILABLE", "Server too busy"), CallFailed, Uncertain),
    (503, fault("REQUEST_RUNNING_TOO_LONG", "running for too long"), CallFailed, Uncertain),
    (503, fault("TOO_MANY_APEX_REQUESTS", "Too many Apex requests"), CallFailed, Uncertain),
    (400, fault("API_CURRENTLY_DISABLED", "API is temporarily disabled"), CallFailed, Uncertain),
    (503, HTML, CallFailed, Uncertain),
    (200, HTML, CallFailed, Uncertain),
]
NAMES = [f"{status} {body if isinstance(body, str) else body[0]}"[:60] for status, body, _, _ in ANSWERS]


@pytest.mark.parametrize(("status", "body", "raised"), [one[:3] for one in ANSWERS], ids=NAMES)
async def test_read_that_is_refused_decides_nothing(status: int, body: Any, raised: type[Exception]) -> None:
    async with bench() as b:
        _answer(b, COMPOSITE, body, status)
        with pytest.raises(raised):
            await plugin.match([lead()], b.ctx)


@pytest.mark.parametrize(
    ("status", "body", "expected"), [(one[0], one[1], one[3]) for one in ANSWERS], ids=NAMES
)
@pytest.mark.parametrize("creating", [True, False])
async def test_write_that_is_refused_is_called_undone_only_where_it_was(
    creating: bool, status: int, body: Any, expected: type[Any]
) -> None:
    async with bench() as b:
        _answer(b, ROWS, body, status, method="POST" if creating else "PATCH")
        if issubclass(expected, Exception):
            with pytest.raises(expected):
                await _write(b, creating=creating)
        else:
            assert isinstance(await _write(b, creating=creating), expected)


async def test_row_that_was_taken_back_keeps_an_id_that_is_none() -> None:
    rolled_back = {"id": lead_id(1), **refused("ALL_OR_NONE_OPERATION_ROLLED_BACK", "rolled back")}
    async with bench() as b:
        b.org.reply(ROWS, [rolled_back])
        assert isinstance(await _write(b, creating=True), RetryLater)


@pytest.mark.parametrize(
    ("code", "status"),
    [("ENTITY_IS_DELETED", 400), ("NOT_FOUND", 404), ("INVALID_CROSS_REFERENCE_KEY", 404)],
)
async def test_record_that_went_away_while_it_was_sent_alone_stops_nobody(code: str, status: int) -> None:
    async with bench() as b:
        b.org.reply(ROWS, [refused("DUPLICATES_DETECTED", "Use one of these records?")], method="PATCH")
        b.org.reply(f"{LEADS}/{lead_id(1)}", fault(code, "gone"), status, method="PATCH")
        assert isinstance(await _write(b, creating=False), RetryLater)


def _answer(b: Bench, url: str, body: Any, status: int, *, method: str = "POST") -> None:
    """Answer a call, after a 401 its repetition with a new session too."""
    b.org.reply(url, body, status, method=method, repeat=True)
    b.org.reply(TOKEN, login(access_token="second"))


async def _write(b: Bench, *, creating: bool) -> Outcome:
    if creating:
        (outcome,) = await plugin.create([lead(values={"LastName": "Lovelace"})], b.ctx)
    else:
        (outcome,) = await plugin.enrich([change(lead_id(1), {"LastName": "Lovelace"})], b.ctx)
    return outcome
