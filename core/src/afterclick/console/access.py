"""Who may use the admin API: who comes from this machine, and who has the token.

"From this machine" is judged by the connection and by the name that was asked for, so that neither a
proxy here nor a page in a browser here can lend its place to others.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from afterclick.config.addresses import is_loopback
from afterclick.config.secrets import Secret
from afterclick.errors import NotAllowedError

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")


def may_use_api(request: web.BaseRequest, token: Secret | None) -> bool:
    """Tell whether a request may use the admin API: by its bearer token, or from this machine."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token is not None:
        expected = token.reveal().encode()
        return hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), expected)
    return _is_from_here(request)


def guard(token: Secret | None) -> Any:
    """Return the middleware that lets in who may; it comes before everything that tells what there is."""

    @web.middleware
    async def guarded(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if not may_use_api(request, token):
            raise NotAllowedError(
                "the admin API answers this machine and who has its token",
                hint="Send server.admin_token as `Authorization: Bearer …`, or ask from this machine.",
            )
        return await handler(request)

    return guarded


def _is_from_here(request: web.BaseRequest) -> bool:
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    if not peer or not is_loopback(str(peer[0])):
        return False
    if any(name in request.headers for name in _FORWARDED):
        return False
    # A page from elsewhere can make its own name point here; it cannot make a browser say "localhost".
    host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
    return is_loopback(_without_port(host)) and origin is None


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
