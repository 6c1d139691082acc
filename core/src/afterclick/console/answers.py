"""What the admin API says: JSON, and one shape for every error."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from afterclick.errors import (
    AfterclickError,
    ConflictError,
    LedgerError,
    NotAllowedError,
    NotFoundError,
    RequestError,
)
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger

T = TypeVar("T")

_STATUSES: tuple[tuple[type[AfterclickError], int], ...] = (
    (RequestError, 400),
    (NotAllowedError, 401),
    (NotFoundError, 404),
    (ConflictError, 409),
    (LedgerError, 503),
)
_HTTP = {
    404: ("not-found", "there is no such route", "core/docs/admin-api.md lists them all."),
    405: ("bad-request", "the route takes another method", "Use one of the methods in the header Allow."),
    413: ("bad-request", "the body is too large", "The largest that is needed has a few KiB."),
}


class Problem(msgspec.Struct, frozen=True):
    """What went wrong: a stable code, a sentence, and what to do."""

    code: str
    message: str
    hint: str = ""


def said(value: Any, status: int = 200) -> web.Response:
    """Return a value as JSON."""
    body = msgspec.json.encode(value)
    return web.Response(
        body=body, status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )


async def asked(request: web.Request, type: type[T]) -> T:
    """Return the body of a request as a struct.

    Raises:
        RequestError: it is no JSON, or not what the route takes.

    """
    if request.content_type != "application/json":
        raise RequestError("the body is no JSON", hint="Send it with Content-Type: application/json.")
    try:
        return msgspec.json.decode(await request.read(), type=type)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as failure:
        raise RequestError(f"the body is not what this route takes: {failure}") from failure


@web.middleware
async def in_one_shape(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer whatever is raised as `{"error": {"code", "message", "hint"}}`."""
    try:
        return await handler(request)
    except AfterclickError as failure:
        status = next((status for kind, status in _STATUSES if isinstance(failure, kind)), 500)
        return _error(Problem(failure.code, failure.message, failure.hint), status)
    except web.HTTPException as failure:
        known = _HTTP.get(failure.status, ("error", failure.reason, ""))
        answer = _error(Problem(*known), failure.status)
        if "Allow" in failure.headers:
            answer.headers["Allow"] = failure.headers["Allow"]
        return answer
    except Exception as failure:  # noqa: BLE001 - it is told, with its trace
        get_logger("console").error(Said.REQUEST_FAILED, exc_info=failure)
        return _error(Problem("error", "a fault inside Afterclick", "See the service's log."), 500)


def _error(problem: Problem, status: int) -> web.Response:
    return said({"error": problem}, status)
