"""What a connection remembers while it runs; losing it costs tokens or time, and never makes a double."""

from __future__ import annotations

from collections import OrderedDict

MOST = 20_000
APART = 30.0
"""Seconds between two looks of which the second may tell that a write did not happen."""


class Looks:
    """Tells a second look for a write of unknown fate from a first one."""

    def __init__(self) -> None:
        self._first: OrderedDict[tuple[str, str, int], float] = OrderedDict()

    def wait(self, what: str, ref: str, since: int, now: float) -> float:
        """Return the seconds until the second look, 0 if this is it.

        `ref` names the lead, `since` the write, `now` is the clock's seconds.
        """
        first = self._first.setdefault((what, ref, since), now)
        if len(self._first) > MOST:
            self._first.popitem(last=False)
        return max(0.0, first + APART - now)


class Seen:
    """A set of limited size, which forgets what was added first."""

    def __init__(self) -> None:
        self._items: OrderedDict[str, None] = OrderedDict()

    def add(self, item: str) -> None:
        """Take an item in."""
        self._items[item] = None
        if len(self._items) > MOST:
            self._items.popitem(last=False)

    def __contains__(self, item: str) -> bool:
        return item in self._items


class Made:
    """The persons that this process made, by id and by key; of limited size, too."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, str] = OrderedDict()
        self._ids: dict[str, str] = {}

    def add(self, id: str, key: str) -> None:
        """Take a person in."""
        self._keys[id] = key
        self._ids[key] = id
        if len(self._keys) > MOST:
            _, oldest = self._keys.popitem(last=False)
            self._ids.pop(oldest, None)

    def under(self, key: str) -> tuple[str, ...]:
        """Return the id of the person that was made under a key, if there is one."""
        return (self._ids[key],) if key in self._ids else ()

    def __contains__(self, id: str) -> bool:
        return id in self._keys
