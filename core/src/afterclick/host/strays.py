"""Reading what an account has of records that other code made: part by part, beside the lane, no write."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec

from afterclick.errors import ConflictError
from afterclick.host.answers import checked_strays
from afterclick.host.caller import Caller
from afterclick.host.connection import Connected
from afterclick.model.fields import FieldSpec
from afterclick.observe.events import Said
from afterclick.plugin.errors import CallFailed, LaneStop
from afterclick.plugin.http import CALLS, CallReport
from afterclick.plugin.types import Stray


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an account's strays. `after` is where the next one begins, None at the end.

    `calls` and `costs` (by limit) are what it took, `looked` how many records were read for it.
    """

    strays: Sequence[Stray]
    after: str | None
    looked: int
    calls: int
    costs: Mapping[str, float]


class Reading:
    """An account that is open for reading, with a client of its own."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @property
    def fields(self) -> Sequence[FieldSpec]:
        """Return the fields that the account has."""
        return self._caller.ctx.fields

    async def part(self, after: str | None) -> Part:
        """Return the next part.

        Raises:
            ConflictError: the CRM or the plugin does not do it now.

        """
        calls: list[CallReport] = []
        CALLS.set(calls)
        right, wrong = checked_strays(await _asked(self._caller, "strays", after=after))
        if right is None:
            raise ConflictError(wrong, hint="Tell the plugin's author.")
        costs: Counter[str] = Counter()
        for call in calls:
            costs.update(call.costs)
        return Part(
            strays=right.strays,
            after=right.after,
            looked=max(right.looked, len(right.strays)),
            calls=len(calls),
            costs=costs,
        )


@asynccontextmanager
async def reading(connected: Connected) -> AsyncIterator[Reading]:
    """Open an account for reading: within the limits that its lane has, and nothing can be written.

    Raises:
        ConflictError: the plugin cannot list strays, or does not connect.

    """
    if not connected.plugin.has("strays"):
        raise ConflictError(
            f"the plugin {connected.plugin.name} does not offer it: it cannot list records without a key",
            hint="Records are found by their key and by e-mail address all the same.",
        )
    caller = connected.beside()
    caller.ctx.client = await _asked(caller, "connect")
    try:
        yield Reading(caller)
    finally:
        with suppress(Exception):
            await caller.single("disconnect")


async def _asked(caller: Caller, hook: str, **arguments: Any) -> Any:
    name = caller.ctx.connection
    try:
        return await caller.single(hook, **arguments)
    except LaneStop as stop:
        raise ConflictError(f"{name} refused: {stop.reason}", hint="Try again once that is over.") from stop
    except (CallFailed, TimeoutError) as failure:
        reason = getattr(failure, "reason", "it did not answer in time")
        raise ConflictError(f"{name} cannot be reached: {reason}", hint="Try again later.") from failure
    except Exception as failure:
        caller.ctx.log.warning(Said.HOOK_FAILED, hook=hook, failure=type(failure).__name__, exc_info=failure)
        reason = f"the plugin's {hook} failed: {type(failure).__name__}"
        raise ConflictError(reason, hint="The service's log has more; tell the plugin's author.") from failure
