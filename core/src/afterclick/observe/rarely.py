"""What anybody can cause any number of times is told now and then, with how often it was meanwhile."""

from __future__ import annotations

from collections.abc import Hashable

from afterclick.clock import Clock


class Rarely:
    """Lets one line of a kind through in `every` seconds, and counts those that it keeps back."""

    def __init__(self, clock: Clock, every: float) -> None:
        self._clock = clock
        self._every = every
        self._told: dict[Hashable, float] = {}
        self._untold: dict[Hashable, int] = {}

    def more(self, kind: Hashable) -> int | None:
        """Return how many lines of a kind were kept back since the last one; None if this one is, too."""
        now = self._clock.elapsed()
        told = self._told.get(kind)
        if told is not None and now - told < self._every:
            self._untold[kind] = self._untold.get(kind, 0) + 1
            return None
        self._told[kind] = now
        return self._untold.pop(kind, 0)
