"""Plugins that forget limits, tell secrets, or leave sockets open."""

from __future__ import annotations

import copy
import socket
from typing import Any
from urllib.parse import urlsplit

from afterclick_acme import plugin as acme
from tests.conformance.breaking import breaker, key

from afterclick.plugin import (
    LaneStop,
)


class Unpaced:
    """HTTP access that draws on no limit."""

    def __init__(self, http: Any) -> None:
        self.http = http

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        return await self.http.request(*args, **{**kwargs, "bucket": "free"})


@breaker("limits-are-kept", "were exceeded")
async def match_unpaced(leads: Any, ctx: Any) -> Any:
    other = copy.copy(ctx)
    other.http = Unpaced(ctx.http)
    return await acme.match(leads, other)


@breaker("no-secret-is-told", "the setting `api_key` is told")
async def match_loudly(leads: Any, ctx: Any) -> Any:
    try:
        return await acme.match(leads, ctx)
    except LaneStop as stop:
        ctx.log.warning("refused", headers=key(ctx), reason=stop.reason)
        raise


SOCKETS: list[socket.socket] = []
"""What the next breaker leaves open, for the test to close."""


@breaker("cancellation-leaves-no-socket", "1 connections to the CRM are open")
async def match_with_a_socket_of_its_own(leads: Any, ctx: Any) -> Any:
    if not SOCKETS:
        address = urlsplit(ctx.http.base_url)
        SOCKETS.append(socket.create_connection((address.hostname, address.port)))
    return await acme.match(leads, ctx)
