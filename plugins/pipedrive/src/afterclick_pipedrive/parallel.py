"""Does the same with each input of a hook, a few at a time, and never loses an answer.

Pipedrive takes one person per request, so a batch is many requests; one after the other would leave
most of a larger plan's limit unused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from afterclick.plugin import LaneStop

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 8
"""Inputs that are under way at the same time."""


async def each(inputs: Sequence[T], work: Callable[[T], Awaitable[R]]) -> list[R]:
    """Return the outcome of each input of a hook, in order.

    Raises:
        LaneStop: one input met it. Nothing is begun after it, what is under way is waited for, and all
            outcomes so far go along.

    """
    results, stop = await _work(inputs, work)
    if stop is not None:
        stop.outcomes = dict(results)
        raise stop
    return [results[index] for index in range(len(inputs))]


async def gathered(inputs: Sequence[T], work: Callable[[T], Awaitable[R]]) -> list[R]:
    """Return what `work` gives for each of what a hook asks for on its way; these are no outcomes.

    Raises:
        LaneStop: one of them met it, and nothing goes along.

    """
    results, stop = await _work(inputs, work)
    if stop is not None:
        raise stop
    return [results[index] for index in range(len(inputs))]


async def _work(
    inputs: Sequence[T], work: Callable[[T], Awaitable[R]]
) -> tuple[dict[int, R], LaneStop | None]:
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
    return results, stops[0] if stops else None
