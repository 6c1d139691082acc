"""Whatever is well signed is stored and answered with 200, and nothing that is stored stops the fold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.bodies import bodies
from tests.fuzz.world import World

HOUR, DAY = 3_600_000, 86_400_000
YEAR = 365 * DAY

leaps = st.sampled_from(
    [sign * by for sign in (-1, 1) for by in (1, 999, HOUR, DAY, 32 * DAY, YEAR, 70 * YEAR)]
)


@given(st.lists(bodies, min_size=1, max_size=4))
def test_any_signed_body_is_taken_and_folded(service: World, sent: list[bytes]) -> None:
    async def example() -> None:
        assert [await service.deliver(body) for body in sent] == [200] * len(sent)
        await service.stored(*sent)

    service.run(example())


@given(st.lists(bodies | leaps, min_size=2, max_size=5))
def test_clock_that_leaps_stops_nothing(service: World, steps: list[bytes | int]) -> None:
    async def example() -> None:
        for step in steps:
            if isinstance(step, int):
                service.clock.leap(step)
            else:
                assert await service.deliver(step) == 200
        await service.stored(*(step for step in steps if isinstance(step, bytes)))
        service.clock.right()

    service.run(example())
