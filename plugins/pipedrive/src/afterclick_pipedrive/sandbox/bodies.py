"""The error bodies of Pipedrive's API. Which keys there are varies, and a client must do without any.

Sources: pipedrive.readme.io "HTTP status codes", "Responses" and "Rate limiting"; the issues named at
each function. Nobody has published the body of a 429, nor of most 403; what stands here for them has the
usual shape.
"""

from __future__ import annotations

from typing import Any

import msgspec

from afterclick.sandbox import Answer
from afterclick_pipedrive.sandbox.limits import Limit

INFO = "Please check developers.pipedrive.com for more information about Pipedrive API."

DEALS_CAPPED = "feature_capping_deals_limit"
FIELDS_CAPPED = "feature_capping_custom_fields_limit"

_CLASSIC = {
    400: "Bad request",
    402: "Company account is not open",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    410: "The endpoint is gone",
    415: "Unsupported media type",
    422: "Unprocessable entity",
}


def error(status: int, text: str, **more: Any) -> Answer:
    """Return an error in the classic shape; `more` are keys besides, such as `code`."""
    body = {"success": False, "error": text, "error_info": INFO, "data": None, "additional_data": None}
    return Answer(status, {**body, **more})


def invalid(*faults: tuple[str, str]) -> Answer:
    """Return v2's 400 about a body or query, a path and a reason for each fault (client-nodejs#651)."""
    told = "; ".join(f"{path}: {reason}" for path, reason in faults)
    return Answer(400, {"success": False, "error": f"Validation failed: {told}", "code": SCHEMA})


SCHEMA = "ERR_SCHEMA_VALIDATION_FAILED"


def misshapen(fault: msgspec.DecodeError) -> Answer:
    """Return the 400 about a body that is no JSON, or not of the form wanted."""
    text, _, path = str(fault).partition(" - at `$")
    path = path.removesuffix("`").removeprefix(".")
    for told, reason in (("Object contains unknown field `", "Unrecognized key"), (_MISSING, "Required")):
        if text.startswith(told):
            name = text.removeprefix(told).removesuffix("`")
            return invalid((f"{path}.{name}" if path else name, reason))
    return invalid((path, text.replace("`", "'")))


_MISSING = "Object missing required field `"


def unauthorized() -> Answer:
    """Return the gateway's 401."""
    body = {"success": False, "error": "unauthorized access", "errorCode": 401, "error_info": INFO}
    return Answer(401, body)


def missing_scope() -> Answer:
    """Return the 403 of an app that was not granted what the endpoint needs (airbytehq/airbyte)."""
    body = {"success": False, "error": "Scope and URL mismatch", "errorCode": 403, "error_info": INFO}
    return Answer(403, body)


def forbidden(what: str) -> Answer:
    """Return the 403 of a user who may not do `what`."""
    return error(403, f"You do not have permissions to {what}.")


def deals_capped() -> Answer:
    """Return the 403 of a plan that holds no more deals (pipedrive.readme.io "Responses")."""
    return error(403, "Couldn't add the deal. Open deals limit reached.", code=DEALS_CAPPED)


def fields_capped() -> Answer:
    """Return the 403 of a plan that holds no more custom fields."""
    return error(403, "You've reached the custom fields limit.", code=FIELDS_CAPPED)


class OverLimit(Answer):
    """A 429. Its body does not say which limit it was; `limit` does, for the headers."""

    limit: Limit = "burst"


def over_limit(limit: Limit) -> Answer:
    """Return a 429, or the page that follows if it was not heeded."""
    if limit == "blocked":
        return blocked()
    body = {"success": False, "error": "Request over limit", "errorCode": 429, "error_info": INFO}
    return OverLimit(429, body, limit=limit)


def blocked() -> Answer:
    """Return the page of the network in front of Pipedrive, for those who did not heed a 429."""
    page = (
        "<!DOCTYPE html><html><head><title>Access denied</title></head>"
        "<body><h1>Error 1015</h1><p>You are being rate limited.</p></body></html>"
    )
    return Answer(403, page.encode(), {"Content-Type": "text/html; charset=UTF-8"})


def crashed() -> Answer:
    """Return v2's 500 (client-php#234)."""
    return Answer(500, {"success": False, "error": "Internal Server Error", "code": "ERR_UNKNOWN"})


def failed_politely() -> Answer:
    """Return a 200 that is no success; a live client reports it of v1."""
    return error(200, "The request could not be completed")


def not_found(what: str) -> Answer:
    """Return the 404 about a record that is not there, or not to be seen."""
    return error(404, f"{what} not found")


def refused(status: int) -> Answer:
    """Return the usual body of any other status."""
    if status in (502, 503, 504) or status > 519:
        page = f"<html><head><title>{status}</title></head><body>error code: {status}</body></html>"
        return Answer(status, page.encode(), {"Content-Type": "text/html"})
    if status >= 500:
        return Answer(status, crashed().body)
    return error(status, _CLASSIC.get(status, "The request was refused"))


def oauth_error(status: int, name: str, message: str) -> Answer:
    """Return an error of the token endpoint."""
    return Answer(status, {"success": False, "message": message, "error": name})
