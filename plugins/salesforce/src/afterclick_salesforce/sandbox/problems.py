"""What Salesforce says when it refuses: a whole request, or one row of it.

Source: REST API Developer Guide, "Status Codes and Error Responses" and "Use sObject Collections";
StatusCode and ExceptionCode of the Partner WSDL.
"""

from __future__ import annotations

from typing import Any

import msgspec

from afterclick.sandbox import Answer, Refused

SESSION = "Session expired or invalid"


class Problem(msgspec.Struct, frozen=True):
    """One error: its code, the text for people, the fields it is about (None: a body without them).

    `more` is what a body has besides; `status` the HTTP status it comes with where it is a body.
    """

    code: str
    message: str
    fields: tuple[str, ...] | None = None
    status: int = 400
    more: dict[str, Any] = {}

    def body(self) -> dict[str, Any]:
        """Return the error as an item of an error body."""
        found = {"message": self.message, "errorCode": self.code}
        return {**found, **({} if self.fields is None else {"fields": list(self.fields)}), **self.more}

    def row(self) -> dict[str, Any]:
        """Return the error as an item of a row's `errors`."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields or ())}


class RowError(Exception):
    """One row cannot be written."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems[0].code)
        self.problems = problems


class ParseError(RowError):
    """A row cannot even be read; in a batch that fails the whole request."""


def answer(*problems: Problem) -> Answer:
    """Return an error body."""
    return Answer(problems[0].status, [problem.body() for problem in problems])


def refusal(code: str, message: str, status: int = 400) -> Refused:
    """Return what a handler raises to refuse the whole request."""
    return Refused(answer(Problem(code, message, None, status)))


def not_found(message: str = "The requested resource does not exist") -> Problem:
    """Return the answer to a path, an id or an external id that leads nowhere."""
    return Problem("NOT_FOUND", message, None, 404)


def unknown_field(name: str, sobject: str) -> ParseError:
    """Return what a write says of a field that is not there, or not visible: the two look alike."""
    return ParseError(Problem("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject}"))


def read_only(names: list[str]) -> Problem:
    """Return the refusal of fields that may be read and not written."""
    listed = ", ".join(names)
    text = (
        f"Unable to create/update fields: {listed}. Please check the security settings of this field"
        " and verify that it is read/write for your profile or permission set."
    )
    return Problem("INVALID_FIELD_FOR_INSERT_UPDATE", text, tuple(names))


def taken(field: str, holder: str) -> Problem:
    """Return the refusal of a value that must be unique and is held by another record."""
    return Problem(
        "DUPLICATE_VALUE", f"duplicate value found: {field} duplicates value on record with id: {holder}", ()
    )


DELETED = Problem("ENTITY_IS_DELETED", "entity is deleted", (), 404)
CONVERTED = Problem("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ())
ROLLED_BACK = Problem(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
    (),
)

_REFUSALS: dict[tuple[int, str], Problem] = {
    (401, ""): Problem("INVALID_SESSION_ID", SESSION, None, 401),
    (401, "rest"): Problem(
        "INVALID_SESSION_ID", "This session is not valid for use with the REST API", None, 401
    ),
    (401, "header"): Problem("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE", None, 401),
    (403, ""): Problem("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", None, 403),
    (403, "daily"): Problem("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", None, 403),
    (403, "concurrent"): Problem(
        "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", None, 403
    ),
    (403, "long"): Problem("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", None, 403),
    (403, "disabled"): Problem(
        "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner", None, 403
    ),
    (403, "storage"): Problem("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", None, 403),
    (404, ""): not_found(),
    (405, ""): Problem("METHOD_NOT_ALLOWED", "HTTP Method not allowed. Allowed are GET", None, 405),
    (410, ""): Problem("UNSUPPORTED_API_VERSION", "The requested API version has been retired", None, 410),
    (414, ""): Problem("URI_TOO_LONG", "The URI is longer than 16,384 bytes", None, 414),
    (431, ""): Problem("HEADERS_TOO_LONG", "URI and headers are longer than 16,384 bytes", None, 431),
    (500, ""): Problem(
        "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId", None, 500
    ),
    (503, ""): Problem("SERVER_UNAVAILABLE", "Server too busy", None, 503),
}

REASONS = {
    400: ("processing", "domain"),
    401: ("rest", "header"),
    403: ("daily", "concurrent", "long", "disabled", "storage"),
    503: ("html",),
}
"""The words for `reason` in a fault: which of several bodies of one status."""

_HTML = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_OAUTH = {
    "processing": "token request is already being processed",
    "domain": "request not supported on this domain",
}


def refuse(status: int, reason: str) -> Answer:
    """Return the answer of a fault with this status; the routing in front of an org answers in HTML.

    Salesforce knows no 429: what others say with it is its 403 for too many requests at a time.
    """
    if status == 429:
        status, reason = 403, "concurrent"
    if reason in _OAUTH:
        return Answer(400, {"error": "invalid_grant", "error_description": _OAUTH[reason]})
    found = _REFUSALS.get((status, reason))
    if found is not None:
        return answer(found)
    if status >= 500 or status == 420:
        page = _HTML.format("We are down for maintenance." if reason == "html" else f"{status} error")
        return Answer(status, page.encode(), {"Content-Type": "text/html;charset=utf-8"})
    return answer(Problem("UNKNOWN_EXCEPTION", "An unexpected error occurred", None, status))
