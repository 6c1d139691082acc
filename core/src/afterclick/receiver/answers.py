"""What the public port says: as little as possible."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from afterclick.observe.metrics import Delivery
from afterclick.receiver.limits import RETRY_AFTER

SERVER = "afterclick"
_HEADERS = {"Server": SERVER, "Content-Type": "text/plain"}
_OK = b"ok"

_REFUSALS: Mapping[Delivery, tuple[int, str]] = {
    Delivery.UNVERIFIED: (401, "the signature does not match"),
    Delivery.TOO_LARGE: (413, "the body is too large"),
    Delivery.INCOMPLETE: (400, "the body is incomplete"),
    Delivery.UNKNOWN_SOURCE: (404, "nothing here"),
    Delivery.UNAVAILABLE: (503, "not stored; try again"),
    Delivery.BAD_METHOD: (405, "only POST"),
}
_FURTHER: Mapping[Delivery, Mapping[str, str]] = {
    Delivery.UNAVAILABLE: {"Retry-After": RETRY_AFTER},
    Delivery.BAD_METHOD: {"Allow": "POST"},
}
_CLOSING = frozenset({Delivery.TOO_LARGE, Delivery.INCOMPLETE})


def answer() -> web.Response:
    """Return the 200 of a delivery that is stored."""
    return web.Response(body=_OK, headers=_HEADERS)


def refusal(result: Delivery) -> web.Response:
    """Return the answer to a request that is not taken."""
    status, text = _REFUSALS[result]
    response = web.Response(status=status, text=text, headers={"Server": SERVER, **_FURTHER.get(result, {})})
    if result in _CLOSING:
        # What is left of the body would be taken for the next request.
        response.force_close()
    return response
