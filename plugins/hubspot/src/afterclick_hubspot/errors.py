"""From HubSpot's answer to the contract: an outcome of one input, or what stops the lane. Pure.

Reasons are built from categories and property names, never from a message of HubSpot's: those may
quote values. Source: HubSpot, "Error handling" and "API usage guidelines".
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from afterclick.plugin import (
    Answer,
    BatchRefused,
    Gone,
    LaneStop,
    Misconfigured,
    NotAuthorized,
    Outcome,
    Rejected,
    RetryLater,
    Throttled,
    Uncertain,
)
from afterclick_hubspot import findings, limits, problem
from afterclick_hubspot.problem import Problem

_REFUSED = frozenset({400, 404, 409, 413, 414, 422})
"""Statuses that speak of the inputs; nothing was applied, and a smaller batch may pass."""

EMAIL = "email"
_REQUIRED = ": a rule of the account requires it; see `api_version` in the README"
_TRY_AGAIN = frozenset({"RATE_LIMITS", "RATE_LIMIT", "LOCKED", "SERVICE_UNAVAILABLE"})
_UNCLEAR = frozenset({"INTERNAL_ERROR", "SERVER_ERROR", "TIMEOUT", "GATEWAY_TIMEOUT"})


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when an answer came: connection, wall time (milliseconds), the account's day."""

    connection: str
    now: int
    day: limits.DayClock = limits.DayClock()


def reason(found: Problem) -> str:
    """Say what went wrong in categories and property names."""
    parts = [f"HubSpot answered {found.status}" if found.status else "HubSpot refused it"]
    codes = sorted(found.codes - {found.category.upper()})
    words = ([found.category] if found.category else []) + codes
    if words:
        parts.append(f"({', '.join(words)})")
    if found.fields:
        parts.append(f"on {', '.join(found.fields)}")
    return " ".join(parts)


def lane_stop(found: Problem, place: Place, answer: Answer | None = None) -> LaneStop | None:
    """Return what makes the whole connection wait, or None if the fault lies in the inputs.

    `answer` is the whole call's answer, None for the error of one input.
    """
    if found.status == 401:
        return NotAuthorized(f"{reason(found)}: the access token is not valid")
    if found.status == 403 or "MISSING_SCOPES" in found.codes:
        scopes = f": the service key lacks {', '.join(found.scopes)}" if found.scopes else ""
        return NotAuthorized(reason(found) + scopes)
    if answer is not None and found.status in (429, 477):
        after, scope = limits.pause(
            found.policy,
            retry_after=answer.retry_after(place.now),
            migrating=found.status == 477,
            now=place.now,
            day=place.day,
        )
        return Throttled(f"HubSpot's {scope} limit", after=after, scope=scope)
    if problem.NO_PROPERTY in found.codes:
        return Misconfigured.by(findings.missing(found.fields, place.connection))
    if found.not_unique:
        return Misconfigured.by(findings.not_unique(found.fields))
    if found.status and _unexpected(found):
        return Misconfigured.by(findings.unexpected(found.status))
    return None


def _unexpected(found: Problem) -> bool:
    """Tell whether an answer cannot come from the API that we think we talk to.

    A 404 without HubSpot's own category means a wrong address; taken for "the record is gone" it would
    let go of every lead.
    """
    if found.status == 404:
        return problem.NOT_FOUND not in found.codes
    return found.status < 500 and found.status not in _REFUSED | {408, 423}


def of_call(found: Problem, sent: Collection[str], *, writing: bool) -> Outcome | BatchRefused:
    """Return what a refused call means for each of its inputs, or that its halves should be tried.

    Ask `lane_stop` first. `sent` are the properties that could be dropped. 408 and 5xx leave open
    whether a write happened: 524 comes after HubSpot has worked on it for 100 seconds.
    """
    why = reason(found)
    if found.status == 423:
        return RetryLater(why, after=limits.LOCKED)
    if found.status == 408 or found.status >= 500:
        return Uncertain(why) if writing else RetryLater(why)
    if not found.understood and found.status == 400:
        # Something between us and HubSpot: the inputs are not to blame.
        return RetryLater(f"{why}, not in HubSpot's form")
    if found.codes & problem.REQUIRED_CODES:
        return BatchRefused(why + _REQUIRED)
    return BatchRefused(why, field=_droppable(found, sent))


def of_input(found: Problem, sent: Collection[str], *, creating: bool) -> Outcome:
    """Return what the error of one input means; duplicates and lane stops are settled before.

    `sent` are the properties of the input: only one of those can be dropped. What HubSpot does not
    say clearly is tried again, since an input with an error was not applied.
    """
    why = reason(found)
    if found.codes & problem.REQUIRED_CODES:
        # The property is one that we did not send; an administrator has to change the rule.
        return Rejected(why + _REQUIRED)
    if problem.NOT_FOUND in found.codes:
        return RetryLater(why) if creating else Gone(why)
    if found.codes & _UNCLEAR:
        return Uncertain(why)
    if found.codes & _TRY_AGAIN:
        return RetryLater(why, after=limits.WINDOW)
    if "VALIDATION_ERROR" in found.codes or any(name in sent for name in found.fields):
        return Rejected(why, field=_droppable(found, sent))
    return RetryLater(why)


def taken(found: Problem, sent: Collection[str]) -> Outcome:
    """Return the outcome of a duplicate whose other record cannot be read.

    Without a property to drop it is tried again: the record in the way may be seconds old.
    """
    why = f"{reason(found)}: another contact has that value"
    name = _droppable(found, sent)
    if name is None and not found.unique_conflict and EMAIL in sent:
        name = EMAIL
    return RetryLater(why) if name is None else Rejected(why, field=name)


def _droppable(found: Problem, sent: Collection[str]) -> str | None:
    return next((name for name in found.fields if name in sent), None)
