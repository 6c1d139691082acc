"""What the public port says: as little as possible."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from afterclick.clock import Clock
from afterclick.observe.metrics import Delivery
from afterclick.receiver.connections import know_sender
from afterclick.receiver.limits import RETRY_AFTER

SERVER = "afterclick"
_OK = "ok"

_REFUSALS: Mapping[Delivery, tuple[int, str]] = {
    Delivery.UNVERIFIED: (401, "the signature does not match"),
    Delivery.INVALID: (422, "nothing is stored: see what is wrong with the body"),
    Delivery.CONFLICT: (409, "another registration came under this webhook-id"),
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


class Stored(web.StreamResponse):
    """The 200 of every delivery that is stored, written as bytes that are made once a second.

    Making a response anew for each request, headers and all, took a quarter of the whole time of one.
    There is nothing of the request in it, so one serves them all.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._made_in = -1
        self._bytes = b""

    @property
    def keep_alive(self) -> bool:
        """Tell aiohttp to leave the connection open."""
        return True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write the whole answer.

        Raises:
            ConnectionResetError: the client has gone; aiohttp takes notice.

        """
        transport = request.transport
        if transport is None:
            raise ConnectionResetError
        second = self._clock.now() // 1000
        if second != self._made_in:
            self._made_in = second
            self._bytes = _ok_bytes(second)
        transport.write(self._bytes)
        know_sender(request)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: `prepare` wrote all there is."""


def _ok_bytes(second: int) -> bytes:
    lines = (
        "HTTP/1.1 200 OK",
        f"Server: {SERVER}",
        f"Date: {formatdate(second, usegmt=True)}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(_OK)}",
        # For clients that speak 1.0 and asked for it.
        "Connection: keep-alive",
        "",
        _OK,
    )
    return "\r\n".join(lines).encode()


def last_ok() -> web.Response:
    """Return that answer for a client that wants the connection closed after it."""
    response = web.Response(text=_OK, headers={"Server": SERVER})
    response.force_close()
    return response


def words(result: Delivery) -> str:
    """Return what a person is told of a request that is not taken."""
    return _REFUSALS[result][1]


def refusal(result: Delivery, json: bytes | None = None) -> web.Response:
    """Return the answer to a request that is not taken: its words, or JSON that tells more."""
    status, text = _REFUSALS[result]
    response = answer(status, text.encode() if json is None else json, json=json is not None)
    response.headers.update(_FURTHER.get(result, {}))
    if result in _CLOSING:
        # What is left of the body would be taken for the next request.
        response.force_close()
    return response


def answer(status: int, body: bytes, *, json: bool) -> web.Response:
    """Return an answer with no more headers than it needs."""
    kind = "application/json" if json else "text/plain"
    return web.Response(
        status=status,
        body=body,
        content_type=kind,
        charset=None if json else "utf-8",
        headers={"Server": SERVER},
    )
