"""From Salesforce's answer to the contract: an outcome of one row, or what stops the lane. Pure.

Reasons are built from codes and names of fields, never from a message of Salesforce's: those may quote
values. Source: Salesforce, "REST API Developer Guide" (status codes) and StatusCode of its WSDL.
"""

from __future__ import annotations

from collections.abc import Collection

from afterclick.plugin import (
    BatchRefused,
    LaneStop,
    Misconfigured,
    NotAuthorized,
    Outcome,
    Rejected,
    RetryLater,
    Throttled,
    Uncertain,
)
from afterclick_salesforce import findings, limits, problem
from afterclick_salesforce.problem import Problem

READ_AGAIN = 1.0
"""Seconds until a record is read again that has changed its nature since it was."""

_MISSING = frozenset({"INVALID_FIELD"})
_READ_ONLY = frozenset({"INVALID_FIELD_FOR_INSERT_UPDATE"})
NO_RIGHT = frozenset(
    {
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INSUFFICIENT_ACCESS",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    }
)
_NO_API = frozenset({"API_DISABLED_FOR_ORG", "INVALID_AUTH_HEADER"})
_RETIRED = frozenset({"UNSUPPORTED_API_VERSION"})
_FOLLOW_ON = frozenset({"ALL_OR_NONE_OPERATION_ROLLED_BACK", "PROCESSING_HALTED"})
_BUSY = frozenset(
    {
        "SERVER_UNAVAILABLE",
        "TOO_MANY_APEX_REQUESTS",
        "REQUEST_RUNNING_TOO_LONG",
        "QUERY_TIMEOUT",
        "API_CURRENTLY_DISABLED",
    }
)
_AUTOMATION = frozenset({"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER"})
AWAY = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND"})
_THIS_ROW = frozenset(
    {
        "REQUIRED_FIELD_MISSING",
        "STRING_TOO_LONG",
        "INVALID_EMAIL_ADDRESS",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "FIELD_INTEGRITY_EXCEPTION",
        "JSON_PARSER_ERROR",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "MALFORMED_ID",
    }
)
_UNCLEAR = frozenset({"UNKNOWN_EXCEPTION"})
_REFUSED = frozenset({400, 409, 412, 413, 414, 422, 431})
"""Statuses that speak of what was sent; nothing was applied, and less of it may pass."""
_TOO_LONG = frozenset({413, 414, 431})


def reason(found: Problem) -> str:
    """Say what went wrong in codes and names of fields."""
    parts = [f"Salesforce answered {found.status}" if found.status else "Salesforce refused it"]
    if found.codes:
        parts.append(f"({', '.join(found.codes)})")
    if found.fields:
        parts.append(f"on {', '.join(found.fields)}")
    return " ".join(parts)


def is_busy(found: Problem) -> bool:
    """Tell whether Salesforce has a fault of its own that passes; whether it wrote is open then."""
    return found.status in (408, 420) or found.status >= 500 or (found.has(*_BUSY) and found.status > 0)


def lane_stop(found: Problem, *, object: str, connection: str, version: str = "") -> LaneStop | None:
    """Return what makes the whole connection wait, or None if the fault lies in what was sent.

    `object` is what the call was about.
    """
    return _limit(found) or _org(found, object, connection) or _call(found, version)


def _limit(found: Problem) -> LaneStop | None:
    if found.has(problem.LIMIT):
        after, scope = limits.pause(concurrent=found.concurrent)
        return Throttled(f"Salesforce's {scope} limit", after=after, scope=scope)
    if found.status == 429:
        return Throttled("a gateway's limit", after=limits.CONCURRENT, scope=limits.GATEWAY)
    if found.has("LOGIN_RATE_EXCEEDED"):
        return Throttled("too many logins", after=limits.LOGINS, scope=limits.LOGIN)
    return None


def _org(found: Problem, object: str, connection: str) -> LaneStop | None:
    """Return what the org lacks, whether a row or the whole call says so."""
    if found.has("STORAGE_LIMIT_EXCEEDED"):
        return Misconfigured.by(findings.storage())
    if found.has(*_MISSING) and found.fields:
        return Misconfigured.by(findings.absent(object, found.fields, connection))
    if found.has(*_READ_ONLY) and found.fields:
        return Misconfigured.by(findings.read_only(object, found.fields))
    if found.has("INVALID_TYPE"):
        return Misconfigured.by(findings.object_access(object, ["read"]))
    return None


def _call(found: Problem, version: str) -> LaneStop | None:
    """Return what is wrong with the login, the version or the address."""
    why = reason(found)
    if found.status == 401 or found.has(*_NO_API) or (found.status == 403 and not is_busy(found)):
        return NotAuthorized(why, finding=findings.no_access(why))
    if found.status == 410 or found.has(*_RETIRED):
        return Misconfigured.by(findings.version(version))
    if found.status and found.status not in _REFUSED and not is_busy(found):
        # A 404 too: what is asked for here is always there, and a wrong address must cost no lead.
        return Misconfigured.by(findings.unexpected(found.status))
    return None


def all_without_right(rows: Collection[Problem], *, object: str, creating: bool) -> LaneStop | None:
    """Return what stops the lane where no row could be written for want of a right, not one record's.

    A single record may be hidden by sharing; creating depends on none.
    """
    refused = [found for found in rows if found.has(*NO_RIGHT)]
    if not refused or len(refused) < len(rows) or (len(rows) == 1 and not creating):
        return None
    return Misconfigured.by(findings.object_access(object, ["create"] if creating else ["edit"]))


def of_call(found: Problem, sent: Collection[str], *, writing: bool) -> Outcome | BatchRefused:
    """Return what a refused call means for each of its rows, or that its halves should be tried.

    Ask `lane_stop` first. `sent` are the fields that could be dropped.
    """
    why = reason(found)
    if found.locked:
        return RetryLater(why, after=limits.LOCKED)
    if is_busy(found):
        return Uncertain(why) if writing else RetryLater(why)
    if not found.understood and found.status not in _TOO_LONG:
        # Something between us and Salesforce: what was sent is not to blame.
        return RetryLater(f"{why}, not in Salesforce's form")
    return BatchRefused(why, field=droppable(found, sent))


def of_row(found: Problem, sent: Collection[str]) -> Outcome:
    """Return what the error of one row means; duplicates and lane stops are settled before.

    A row with an error was not applied. What Salesforce does not say clearly is tried again.
    """
    why = reason(found)
    if found.locked:
        return RetryLater(why, after=limits.LOCKED)
    if found.has(*_FOLLOW_ON):
        return RetryLater(why, after=READ_AGAIN)
    if found.has(problem.CONVERTED):
        # It was converted since it was read; the next read follows it.
        return RetryLater(why, after=READ_AGAIN)
    if found.has(*_UNCLEAR):
        return Uncertain(why)
    if found.has(*_AUTOMATION, *_BUSY, *AWAY, *NO_RIGHT):
        return RetryLater(why)
    if found.has(*_THIS_ROW) or droppable(found, sent) is not None:
        return Rejected(why, field=droppable(found, sent))
    return RetryLater(why)


def droppable(found: Problem, sent: Collection[str]) -> str | None:
    """Return the first field at fault that was sent."""
    return next((name for name in found.fields if name in sent), None)
