"""Does the same with each input of a hook, a few at a time, and never loses an answer.

Pipedrive takes one person per request, so a batch is many requests; one after the other would leave
most of a larger plan's limit unused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from afterclick.plugin import LaneStop, LimitReached, Throttled

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 8
"""Inputs that are under way at the same time."""


async def each(inputs: Sequence[T], work: Callable[[T], Awaitable[R]]) -> list[R]:
    """Return the result of `work` for each input, in order.

    Raises:
        LaneStop: one input met it. Nothing is begun after it, what is under way is waited for, and all
            results so far go along.

    """
    results: dict[int, R] = {}
    stops: list[LaneStop] = []
    waiting = iter(enumerate(inputs))

    async def worker() -> None:
        for index, one in waiting:
            if stops:
                return
            try:
                results[index] = await work(one)
            except LaneStop as stop:
                stops.append(stop)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(AT_ONCE, len(inputs))):
            group.create_task(worker())
    if stops:
        raise carrying(stops[0], results)
    return [results[index] for index in range(len(inputs))]


def carrying(stop: LaneStop, results: dict[int, R]) -> LaneStop:
    """Return the stop with the results so far.

    A `LimitReached` of one call says that nothing was sent, which is not so for the hook: it becomes a
    plain stop, whose results count.
    """
    if isinstance(stop, LimitReached):
        return Throttled(stop.reason, after=stop.after, scope=stop.scope, outcomes=results)
    stop.outcomes = dict(results)
    return stop
