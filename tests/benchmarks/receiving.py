"""`afterclick serve` whose events stay unfolded, to measure receiving by itself: all else is on."""

from __future__ import annotations

import asyncio
from typing import cast

from tests.benchmarks.serving import serve

from afterclick.folding.lane import FoldLane
from afterclick.service import Service


class Idle:
    """Stands in for the fold lane and leaves every event where it is; others may have its turn."""

    def __init__(self, lane: FoldLane) -> None:
        self.turn = lane.turn

    async def run(self) -> None:
        """Wait for the end."""
        await asyncio.Event().wait()


class Receiving(Service):
    """The service with that lane."""

    def _fold_lane(self) -> FoldLane:
        return cast("FoldLane", Idle(super()._fold_lane()))


if __name__ == "__main__":
    serve(Receiving)
