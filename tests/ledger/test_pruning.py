"""Old events: dropped in steps of any size, never before they are folded, and no number is given twice."""

from __future__ import annotations

import pytest
from tests.ledger.harness import FOLD, Bench
from tests.support.clock import NOON
from tests.support.events import make_delivery

from afterclick.ledger.rows import EventState

DAY = 86_400_000
FOLDED, IGNORED, FAILED, NEW = EventState.FOLDED, EventState.IGNORED, EventState.FAILED, EventState.NEW


async def stored(bench: Bench, *days: tuple[int, EventState]) -> None:
    """Store one event for each of `days`: how many days ago it came, and what became of it."""
    fence = await bench.hold(FOLD)
    for number, (age, state) in enumerate(days, 1):
        await bench.ledger.append(make_delivery("test", at=NOON - age * DAY, number=number))
        if state is not NEW:
            await bench.ledger.mark_events(fence, [number], state, "as told")


async def prune(bench: Bench, *, look: int = 100) -> int:
    """Drop what is older than five days; return how many events went."""
    dropped, after = 0, 0
    while True:
        step = await bench.ledger.prune(before=NOON - 5 * DAY, after=after, look=look)
        dropped += step.dropped
        if step.after is None:
            return dropped
        after = step.after


async def kept(bench: Bench) -> list[int]:
    return sorted(event.id for event in await bench.ledger.events(limit=100))


@pytest.mark.parametrize("look", [1, 2, 3, 100])
async def test_old_events_go_in_steps_of_any_size(bench: Bench, look: int) -> None:
    await stored(bench, (9, FOLDED), (9, IGNORED), (8, FOLDED), (6, FOLDED), (4, FOLDED), (0, FOLDED))

    assert await prune(bench, look=look) == 4
    assert await kept(bench) == [5, 6]
    assert await prune(bench, look=look) == 0


@pytest.mark.parametrize("look", [1, 3])
async def test_event_that_is_not_folded_stays_and_holds_nothing_up(bench: Bench, look: int) -> None:
    await stored(bench, (9, NEW), (9, FAILED), (8, FOLDED), (7, NEW), (6, FOLDED), (0, FOLDED))

    assert await prune(bench, look=look) == 2
    assert await kept(bench) == [1, 2, 4, 6]


async def test_number_of_the_newest_event_is_not_given_again(bench: Bench) -> None:
    await stored(bench, (9, FOLDED), (8, FOLDED))
    assert await prune(bench) == 1
    await bench.ledger.append(make_delivery("test", at=NOON))

    assert await kept(bench) == [2, 3]


async def test_repeat_of_an_event_that_is_gone_is_still_a_repeat(bench: Bench) -> None:
    await stored(bench, (9, FOLDED), (0, FOLDED))
    await prune(bench)

    assert not await bench.ledger.append(make_delivery("test", at=NOON - 9 * DAY, number=1))


async def test_empty_ledger_has_nothing_to_drop(bench: Bench) -> None:
    assert await prune(bench) == 0
