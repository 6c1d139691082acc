"""The sender of a story: it repeats what was not acknowledged, as Tolinku does."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Self

import aiohttp

from afterclick.cli.sending import Delivery, send

AT_A_TIME = 8


class Sender:
    """Sends deliveries, several at a time; `acknowledged` counts the bodies that were answered with 200."""

    def __init__(self) -> None:
        # Connections are not kept: the next process may get the port of the one that was killed.
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        self.waiting: list[Delivery] = []
        self.sent = 0
        self.acknowledged: Counter[bytes] = Counter()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Let these wait to be sent."""
        self.waiting += deliveries

    async def send_all(self, url: str) -> None:
        """Send what waits until it is all acknowledged, or nobody answers."""
        await asyncio.gather(*(self._send(f"{url}/webhooks/tolinku") for _ in range(AT_A_TIME)))

    async def _send(self, url: str) -> None:
        while self.waiting:
            one = self.waiting.pop()
            self.sent += 1
            try:
                status = await send(self._http, url, one)
            except (aiohttp.ClientError, TimeoutError, OSError):
                # Whether it was stored nobody knows: the sender tries again.
                self.waiting.append(one)
                return
            assert status in {200, 503}, f"a delivery was answered with {status}"
            if status == 200:
                self.acknowledged[one.body] += 1
            else:
                self.waiting.append(one)
