"""What stands in for the world around a plugin in its own tests: limits, log, state, and the context of them.

    async with open_context(plugin, {"api_key": "hush"}) as ctx:
        (outcome,) = await plugin.match([lead], ctx)

Nothing here waits, and nothing is checked that the host would check: that is what the conformance kit is for.
`afterclick.testing.answers` stands in for the CRM where no sandbox should.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
import msgspec

from afterclick.clock import Clock
from afterclick.plugin import Context, Http, WriteRefused
from afterclick.plugin.http import CallReport, Gate, Outgoing, Pacer
from afterclick.plugin.types import Log, PluginInfo, State
from afterclick.testing.clock import StillClock


class Learnt(NamedTuple):
    """What a plugin told its limiter: `remaining` of `amount` in `seconds`, of one bucket."""

    bucket: str
    amount: float | None
    seconds: float | None
    remaining: float | None


class NullPacer:
    """A limiter that lets all pass, or nothing while it is not `open`, and remembers what it was told."""

    def __init__(self) -> None:
        self.open = True
        self.learnt: list[Learnt] = []

    async def acquire(self, costs: Mapping[str, float], deadline: float | None) -> tuple[float, str]:
        """Pass; or ask for a minute, in the name of the bucket `burst`."""
        return (0.0, "") if self.open else (60.0, "burst")

    def learn(
        self, bucket: str, *, amount: float | None, seconds: float | None, remaining: float | None
    ) -> None:
        """Remember what the CRM's headers said."""
        self.learnt.append(Learnt(bucket, amount, seconds, remaining))


class ListLog:
    """A log that keeps its lines, whatever their level, as (event, values)."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def debug(self, event: str, **values: Any) -> None:
        """Keep a line."""
        self.lines.append((event, values))

    info = warning = debug


class DictState:
    """A durable state that a test can look into, and fill."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        """Return what was stored under `key`, or None."""
        return self.values.get(key)

    async def set(self, key: str, value: str) -> None:
        """Store it."""
        self.values[key] = value


class ReadOnlyGate:
    """A gate that lets writes through until it is `shut`, as the core's does where it only looks.

    `stopped` are the writes that met it shut.
    """

    def __init__(self) -> None:
        self.shut = False
        self.stopped: list[Outgoing] = []

    def __call__(self, request: Outgoing) -> None:
        """Let a request pass, or refuse it.

        Raises:
            WriteRefused: it is no read, and the gate is shut.

        """
        if self.shut and not request.reads:
            self.stopped.append(request)
            raise WriteRefused(f"{request.method} {request.url}")


@asynccontextmanager
async def open_context(
    plugin: Any,
    settings: Mapping[str, Any],
    *,
    clock: Clock | None = None,
    pacer: Pacer | None = None,
    log: Log | None = None,
    state: State | None = None,
    report: Callable[[CallReport], None] = lambda call: None,
    gate: Gate | None = None,
) -> AsyncIterator[Context[Any]]:
    """Open what the hooks of a plugin (the module) are given; it calls none of them, not even `connect`.

    `settings` are what an operator would set, or `RunningEmulator.settings` returns, `base_url` among them.
    Give the stand-ins that you want to look into; `ctx.fields` and `ctx.stages` are the plugin's own, and
    may be set to others.

    Raises:
        msgspec.ValidationError: the settings are not those of the plugin.

    """
    info: PluginInfo = plugin.describe()
    given = dict(settings)
    address = given.pop("base_url", info.base_url)
    time = clock or StillClock()
    async with aiohttp.ClientSession() as session:
        yield Context(
            connection=info.name,
            settings=msgspec.convert(given, info.settings, strict=False),
            http=Http(
                session,
                connection=info.name,
                base_url=address,
                pacer=pacer or NullPacer(),
                clock=time,
                report=report,
                gate=gate,
            ),
            clock=time,
            log=log or ListLog(),
            fields=info.fields,
            state=state or DictState(),
            stages=info.stages,
        )
