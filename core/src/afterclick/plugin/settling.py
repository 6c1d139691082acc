"""For hooks that send more than one request: nothing that was answered gets lost, whatever stops them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from afterclick.plugin.errors import BatchRefused, CallFailed, LaneStop
from afterclick.plugin.types import Outcome, RetryLater, Uncertain

T = TypeVar("T")
Outcomes = dict[int, Outcome]
"""What became of inputs, by their place in the hook's argument."""


def unanswered(failure: CallFailed) -> Uncertain | RetryLater:
    """Return what it means for an input of a write that no answer came."""
    return Uncertain(failure.reason) if failure.sent else RetryLater(failure.reason)


@contextmanager
def carrying(outcomes: Mapping[int, Any]) -> Iterator[None]:
    """Let a lane stop that leaves the block carry these outcomes too, as they are by then."""
    try:
        yield
    except LaneStop as stop:
        stop.outcomes = {**outcomes, **stop.outcomes}
        raise


def parts(inputs: Mapping[int, T], size: int) -> Iterator[dict[int, T]]:
    """Go through inputs in their order, at most `size` at a time."""
    rest = iter(inputs.items())
    while part := dict(islice(rest, size)):
        yield part


async def in_turn(
    calls: Iterable[tuple[Collection[int], Callable[[], Awaitable[Mapping[int, Outcome]]]]],
) -> Outcomes:
    """Make calls one after the other, each for some of the inputs, and return all their outcomes.

    A batch that is refused once an earlier one was sent is put off: `BatchRefused` would claim that nothing
    of the whole hook was applied.

    Raises:
        LaneStop: every lead has to wait; the outcomes of the calls before go along.
        BatchRefused: the CRM refused the first call, and nothing was applied.

    """
    outcomes: Outcomes = {}
    with carrying(outcomes):
        for number, (places, call) in enumerate(calls):
            try:
                outcomes |= await call()
            except BatchRefused as refusal:
                if number == 0:
                    raise
                outcomes |= dict.fromkeys(places, RetryLater(refusal.reason))
    return outcomes
