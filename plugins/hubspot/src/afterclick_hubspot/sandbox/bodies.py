"""The error bodies of HubSpot's API, as recorded from live accounts.

Sources: developers.hubspot.com "Error handling" and "Usage guidelines"; recordings of the Ampersand
connectors; the issues named at each function. HubSpot promises none of the fields, so a client must
do without any of them.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from afterclick.sandbox import Answer

NOT_FOUND_IN_BATCH = (
    "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid."
)
SCOPES_PAGE = "https://developers.hubspot.com/scopes"
POLICIES = {"burst": "TEN_SECONDLY_ROLLING", "search": "SECONDLY", "daily": "DAILY"}
"""The limits' names in a 429, by the words used here."""

AUTH_PAGE = "https://developers.hubspot.com/docs/methods/auth/oauth-overview"


class BadValue(NamedTuple):
    """One property value that HubSpot does not take."""

    name: str
    code: str
    message: str


class Problem(NamedTuple):
    """Why one record of a request cannot be written: a status of its own, and the parts of its body."""

    status: int
    category: str
    message: str
    context: Mapping[str, list[str]] = {}
    errors: Sequence[Mapping[str, Any]] = ()


class Bodies:
    """Makes answers; every error gets a `correlationId` of its own, drawn from `rng`."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def correlation(self) -> str:
        """Return a new UUID."""
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def error(self, status: int, message: str, category: str = "", **more: Any) -> Answer:
        """Return an error answer; `more` are further fields of the body, empty ones are left out."""
        body: dict[str, Any] = {"status": "error", "message": message, "correlationId": self.correlation()}
        body |= {name: value for name, value in more.items() if value}
        if category:
            body["category"] = category
        return Answer(status, body)

    def problem(self, problem: Problem) -> Answer:
        """Return the answer that refuses a whole request because of one record."""
        return self.error(
            problem.status,
            problem.message,
            problem.category,
            errors=list(problem.errors),
            context=dict(problem.context),
        )

    def invalid(self, message: str, **more: Any) -> Answer:
        """Return a 400 of the category `VALIDATION_ERROR`."""
        return self.error(400, message, "VALIDATION_ERROR", **more)

    def unreadable(self, reason: str) -> Answer:
        """Return the answer to a body that is no JSON of the right form: a 400 without a category."""
        return self.error(400, f"Invalid input JSON on line 1, column 1: {reason}")

    def not_found(self, row_id: str | None = None) -> Answer:
        """Return a 404; with an id that is no number, the one that says so (hubspot-api-nodejs#669)."""
        if row_id is None or row_id.isdecimal():
            return self.error(404, "resource not found", "OBJECT_NOT_FOUND")
        message = "Object not found.  objectId are usually numeric."
        return self.error(404, message, "OBJECT_NOT_FOUND", context={"id": [row_id]})

    def unauthorized(self, *, expired: bool = False) -> Answer:
        """Return the 401 of a missing or wrong token (hubspot-api-nodejs#432), or of an expired one."""
        if expired:
            message = "The OAuth token used to make this call expired 1 day(s) ago."
            return self.error(401, message, "EXPIRED_AUTHENTICATION")
        message = (
            "Authentication credentials not found. This API supports OAuth 2.0 authentication "
            f"and you can find more details at {AUTH_PAGE}"
        )
        return self.error(401, message, "INVALID_AUTHENTICATION")

    def missing_scopes(self, scopes: Sequence[str]) -> Answer:
        """Return the 403 of a token that lacks all of `scopes` (PostHog/posthog#53339)."""
        message = (
            "This app hasn't been granted all required scopes to make this call. "
            f"Read more about required scopes here: {SCOPES_PAGE}."
        )
        detail = {
            "message": "One or more of the following scopes are required.",
            "context": {"requiredGranularScopes": list(scopes)},
        }
        return self.error(403, message, "MISSING_SCOPES", errors=[detail], links={"scopes": SCOPES_PAGE})

    def rate_limited(self, policy: str) -> Answer:
        """Return a 429; it has `errorType` where other errors have `category`, and no `Retry-After`.

        `policy` is `TEN_SECONDLY_ROLLING`, `SECONDLY` (search) or `DAILY` (hubspot-api-python#117,
        mk-node-hubspot#89).
        """
        message = f"You have reached your {policy.lower()} limit."
        return self.error(
            429, message, errorType="RATE_LIMIT", policyName=policy, requestId=self.correlation()
        )

    def trouble(self, status: int, reason: str = "") -> Answer:
        """Return an error that is none of the caller's doing.

        502, 504 and the 52x come from the network in front of HubSpot, as HTML. A 423 passes after 2 s
        ("Error handling"); a 477 is a move between data centres and says in `Retry-After` (`reason`)
        how many seconds it takes.
        """
        if status in (502, 504) or status > 519:
            page = f"<html><head><title>{status}</title></head><body>error code: {status}</body></html>"
            return Answer(status, page.encode(), {"Content-Type": "text/html"})
        if status == 423:
            return self.error(423, "The resource is locked, try again later", "LOCKED")
        if status == 477:
            answer = self.error(477, "The account is being moved, try again later", "MIGRATION_IN_PROGRESS")
            answer.headers = {"Retry-After": reason or "120"}
            return answer
        return self.error(status, "internal error" if status > 499 else "The request was refused")


def bad_values(values: Iterable[BadValue]) -> Problem:
    """Return the problem of wrong property values: all in `message`, and once each in `errors`."""
    found = list(values)
    listed = [{"isValid": False, "message": v.message, "error": v.code, "name": v.name} for v in found]
    details = [
        {"message": v.message, "code": v.code, "context": {"propertyName": [v.name]}}
        for v in dict.fromkeys(found)
    ]
    text = msgspec.json.encode(listed).decode()
    return Problem(400, "VALIDATION_ERROR", f"Property values were not valid: {text}", {}, details)


def missing_required(code: str, missing: Mapping[str, str]) -> Problem:
    """Return the problem of required properties that have no value: messages by property name.

    "CRM API write validation enforcement" (changelog of 2026): on `2026-09` and later only.
    """
    details = [
        {"message": message, "code": code, "context": {"propertyName": [name]}}
        for name, message in missing.items()
    ]
    return Problem(400, "VALIDATION_ERROR", "The property values provided are invalid", {}, details)


def value_taken(portal: int, name: str, value: str, row_id: str, holder_id: str) -> Problem:
    """Return the problem of a unique value that `holder_id` has; `row_id` is the record being written.

    `row_id` may belong to a record that never comes to be: reading the first id as the holder's is the
    mistake that clients make.
    """
    message = (
        f"Cannot set PropertyValueCoordinates{{portalId={portal}, "
        f"objectTypeId=ObjectTypeId{{legacyObjectType=CONTACT}}, propertyName={name}, value={value}}} "
        f"on {row_id}. {holder_id} already has that value."
    )
    return Problem(400, "VALIDATION_ERROR", message)


def email_taken(holder_id: str) -> Problem:
    """Return the problem of a create with an e-mail address that a contact has."""
    message = f"Contact already exists. Existing ID: {holder_id}"
    return Problem(409, "CONFLICT", message, {"existingId": [holder_id]})


def batch_item(problem: Problem, trace_id: str | None) -> dict[str, Any]:
    """Return `problem` as an item of a batch's `errors`; it has no correlation id there."""
    context = dict(problem.context)
    if trace_id is not None:
        context = {"objectWriteTraceId": [trace_id], **context}
    item: dict[str, Any] = {"status": "error", "category": problem.category, "message": problem.message}
    item["context"] = context
    if problem.errors:
        item["errors"] = list(problem.errors)
    return item
