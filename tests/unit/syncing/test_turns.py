"""Others get a turn while a batch is worked out."""

from __future__ import annotations

import asyncio

from afterclick.syncing.turns import AT_ONCE, give_way


async def test_others_act_before_every_few() -> None:
    done, met = 0, []

    async def other() -> None:
        while True:
            met.append(done)
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    for number in range(3 * AT_ONCE):
        await give_way(number)
        done += 1
    beside.cancel()

    assert met == [0, AT_ONCE, 2 * AT_ONCE]
