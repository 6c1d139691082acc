"""Who is in the account, by key and by e-mail address: listed once, then kept up by what changed since.

Another ledger may have made a person under any of its keys, and a search for each of them costs 20
tokens. A list of 500 persons costs 10, and comes from the database, so it is not behind as a search is.
It only tells whom to read: entries are never taken out, and a hit is believed after a read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

from afterclick.plugin import NotYet, RetryLater
from afterclick_pipedrive.answers import Body, Person
from afterclick_pipedrive.mapping import addresses, key_of
from afterclick_pipedrive.tables import Table

PAGES = 10
"""Pages that one look reads: a hook has 30 seconds, so a large account takes several looks."""
_OVERLAP = timedelta(seconds=60)
"""How long before the newest change that was seen the next list begins: a list may be behind."""

Page = Callable[[str | None, str | None], Awaitable[Body[list[Person]] | RetryLater]]
"""Reads persons that changed since a moment (`2026-05-21T09:14:00Z`, or ever), newest first, at a cursor."""


class Directory:
    """The ids of persons by the words that they are looked up by; it is lost with the process."""

    def __init__(self) -> None:
        # By the words' hashes, which take a third of their memory.
        self._ids: dict[int, tuple[int, ...]] = {}
        self._reading = asyncio.Lock()
        self._cursor: str | None = None
        self._failed = False
        self._newest: datetime | None = None
        self._since: datetime | None = None

    def __getitem__(self, word: str) -> tuple[str, ...]:
        """Return the ids of persons that may carry a key or have an address, the oldest first."""
        return tuple(str(id) for id in sorted(self._ids.get(hash(word), ())))

    async def update(self, page: Page, table: Table) -> NotYet | RetryLater | None:
        """Take in who is in the account at this moment; else return why that is not so yet.

        Raises:
            LaneStop: every lead has to wait.

        """
        async with self._reading:
            # A list that an earlier look began does not show what happened since.
            ours = self._cursor is None
            for _ in range(PAGES):
                since = None if self._since is None else f"{self._since - _OVERLAP:%Y-%m-%dT%H:%M:%SZ}"
                body = await page(since, self._cursor)
                if isinstance(body, RetryLater):
                    self._give_up()
                    return body
                self._take(body.data, table)
                self._cursor, self._failed = body.cursor or None, False
                if self._cursor is None:
                    self._since, self._newest = self._newest or self._since, None
                    if ours:
                        return None
                    ours = True
        return NotYet(1.0, "the account's people are being listed")

    def _give_up(self) -> None:
        """Begin anew after a page that failed twice: its cursor may not be good any more."""
        if self._failed:
            self._cursor = self._newest = None
        self._failed = not self._failed

    def _take(self, people: Iterable[Person], table: Table) -> None:
        for person in people:
            # By their clock; what changes while further pages are read comes after it.
            self._newest = self._newest or _moment(person.update_time)
            key = key_of(person, table)
            for word in (*addresses(person), *([key] if key else [])):
                ids = self._ids.get(hash(word), ())
                if person.id not in ids:
                    self._ids[hash(word)] = (*ids, person.id)


def _moment(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None
