"""From Pipedrive's answer to the contract: an outcome of one input, or what stops the lane. Pure.

A 429 and a block of the network never get here: `api` raises them. Source: Pipedrive, "HTTP status
codes" and "Responses".
"""

from __future__ import annotations

from collections.abc import Collection

from afterclick.plugin import (
    Gone,
    LaneStop,
    Misconfigured,
    NotAuthorized,
    Outcome,
    Rejected,
    RetryLater,
    Uncertain,
)
from afterclick_pipedrive import findings
from afterclick_pipedrive.problem import Problem

UNREADABLE = "Pipedrive's answer cannot be read"
_INPUT = frozenset({400, 409, 413, 414, 422})
"""Statuses that speak of the input; nothing was applied."""


def lane_stop(found: Problem) -> LaneStop | None:
    """Return what makes the whole connection wait, or None if the fault lies in the input."""
    if found.status in (401, 402):
        what = "the credential" if found.status == 401 else "a company whose account is not open"
        reason = f"{found.reason}: it refuses {what}"
        return NotAuthorized(reason, finding=findings.credentials(reason))
    if found.status == 403:
        return NotAuthorized(found.reason, finding=findings.rights(found.reason))
    if _unexpected(found):
        return Misconfigured.by(findings.unexpected(found.status))
    return None


def _unexpected(found: Problem) -> bool:
    """Tell whether an answer cannot come from the API that we think we talk to.

    A 404 that is not Pipedrive's own means a wrong address; taken for "the person is gone" it would
    let go of everybody.
    """
    if found.status == 404:
        return not found.understood
    return 300 <= found.status < 500 and found.status not in _INPUT | {408, 429}


def of_read(found: Problem) -> RetryLater:
    """Return what a refused read means; ask `lane_stop` first."""
    return RetryLater(found.reason)


def of_write(found: Problem, field: str | None) -> Outcome:
    """Return what a refused write means; ask `lane_stop` first.

    `field` is the one at fault, by our name, if it was sent. 408 and 5xx leave open whether it
    happened, and so does a success that says it failed.
    """
    if found.status == 404:
        # Deleted or merged since it was read: the next match finds out which.
        return RetryLater(found.reason, after=1.0)
    if found.status in _INPUT:
        if not found.understood and found.status == 400:
            return RetryLater(f"{found.reason}, not in Pipedrive's form")
        return Rejected(found.reason, field=field)
    return Uncertain(found.reason)


def gone() -> Gone:
    """Return the outcome of a person that is not there any more."""
    return Gone("Pipedrive has no such person any more, or the user does not see it")


def at_fault(names: Collection[str | None], sent: Collection[str]) -> str | None:
    """Return the first field that a refusal names and that was sent."""
    return next((name for name in names if name in sent), None)
