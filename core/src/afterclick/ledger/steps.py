"""How much work one turn of the writer may take: as much as fits into a few milliseconds."""

from __future__ import annotations

import msgspec

MOST_WRITING = 0.005
"""Seconds for which a step may keep deliveries waiting."""


class Steps:
    """The size of the next step, in rows; it follows how long the last one took.

    At most halved or doubled at a time, so that one slow commit of the disk does not count for much.
    """

    def __init__(self, size: int, *, smallest: int, largest: int) -> None:
        self.size = size
        self._smallest = smallest
        self._largest = largest

    def took(self, seconds: float, rows: int) -> None:
        """Learn from a step that went through `rows` rows."""
        ideal = rows * MOST_WRITING / max(seconds, 1e-6)
        self.size = int(min(max(ideal, self.size / 2, self._smallest), self.size * 2, self._largest))


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What a step of pruning did: how many rows it looked at and dropped.

    `after` is where the next step begins, None at the end. `seconds` is for how long it kept others out.
    """

    looked: int
    dropped: int
    after: int | None
    seconds: float = 0.0


class Expiring(msgspec.Struct, frozen=True, kw_only=True):
    """What a step of expiry did: how many stubs it looked at, and how many records of them are to go.

    `after` is where the next step begins, None at the end. `seconds` is for how long it kept others out.
    """

    looked: int
    due: int
    after: int | None
    seconds: float = 0.0


class Stubs(msgspec.Struct, frozen=True, kw_only=True):
    """How many records without a name a connection has that we made, and how many of them are old.

    `oldest_at` (ms) is since when the oldest has not changed.
    """

    connection: str
    records: int
    old: int
    oldest_at: int
