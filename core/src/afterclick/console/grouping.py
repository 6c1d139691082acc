"""What was set aside, by reason: ten thousand leads that fail alike are one line."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable

import msgspec

from afterclick.ledger.operations import Page, SetAside, Trouble

LOOKED_AT_ONCE = 2_000
"""Rows that are read in one go: a few milliseconds of the reading thread."""

MOST_GROUPS = 200
"""Different groups that are told apart; what comes after them is counted under its code alone."""

_OF_ITS_OWN = frozenset({"record-shared", "record-ambiguous", "record-gone"})
"""Codes whose reason names the record at hand: the code alone makes the group."""

# Ids, hashes and times; an HTTP status or a length stays.
_PARTICULAR = re.compile(r"\b(?:[0-9a-f]{8,}|[0-9a-f]{8}-[0-9a-f-]{27}|\d{5,})\b", re.IGNORECASE)


class Group(msgspec.Struct, kw_only=True):
    """Leads that were set aside alike: `reason` and `lead` are an example, `oldest_at` is in milliseconds."""

    connection: str
    trouble: Trouble
    code: str | None
    reason: str | None
    count: int
    oldest_at: int
    lead: int


class Grouping:
    """Gathers groups out of pages."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, Trouble, str | None, str | None], Group] = {}

    def take(self, rows: Iterable[SetAside]) -> None:
        """Count rows in."""
        for row in rows:
            name = (row.connection, row.trouble, row.code, _alike(row))
            if name not in self._groups and len(self._groups) >= MOST_GROUPS:
                name = (*name[:3], None)
            group = self._groups.get(name)
            if group is None:
                self._groups[name] = Group(
                    connection=row.connection,
                    trouble=row.trouble,
                    code=row.code,
                    reason=row.reason,
                    count=1,
                    oldest_at=row.since,
                    lead=row.lead,
                )
            else:
                group.count += 1
                group.oldest_at = min(group.oldest_at, row.since)

    def groups(self) -> list[Group]:
        """Return the groups, the largest of each connection first."""
        return sorted(self._groups.values(), key=lambda one: (one.connection, -one.count, one.lead))


async def grouped(set_aside: Callable[..., Awaitable[Page]], connections: Iterable[str]) -> list[Group]:
    """Return what was set aside for some connections, page by page, so that nobody waits for it."""
    grouping = Grouping()
    for connection in connections:
        after: int | None = 0
        while after is not None:
            page = await set_aside(connection, after=after, look=LOOKED_AT_ONCE)
            grouping.take(page.rows)
            after = page.after
    return grouping.groups()


def _alike(row: SetAside) -> str | None:
    if row.reason is None or row.code in _OF_ITS_OWN:
        return None
    return _PARTICULAR.sub("…", row.reason)
