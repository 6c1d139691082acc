"""How much belongs to a person: what `include_fields` adds to reads and lists of persons.

Source: the v2 specification, which has further names that are not emulated.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from itertools import chain
from typing import Any

from afterclick.sandbox import Call, Refused, Row
from afterclick_pipedrive.sandbox import bodies, paging
from afterclick_pipedrive.sandbox.company import Company

_OF_DEALS = {
    "open": ("open_deals_count",),
    "won": ("won_deals_count", "closed_deals_count"),
    "lost": ("lost_deals_count", "closed_deals_count"),
}
TYPED_IN = ("activities_count", "files_count", "email_messages_count")
"""Numbers of what the emulator does not keep; the team's people may set them."""
NAMES = ("notes_count", *TYPED_IN, *dict.fromkeys(name for names in _OF_DEALS.values() for name in names))


def wanted(call: Call) -> list[str]:
    """Return the counts that a call asks for.

    Raises:
        Refused: it asks for one that is not emulated.

    """
    names = paging.several(call, "include_fields", len(NAMES)) or []
    for name in names:
        if name not in NAMES:
            raise Refused(bodies.invalid(("include_fields", f"Not emulated or unknown: {name}")))
    return names


class Tally:
    """The counts `names` of all persons, or of one `only`; deals and notes are looked through once."""

    def __init__(self, company: Company, names: Collection[str], *, only: int | None = None) -> None:
        self._names = names
        self._counted: defaultdict[Any, Counter[str]] = defaultdict(Counter)
        for row in chain(company.deals, company.notes) if names else ():
            owner = row.values.get("person_id")
            if only is None or owner == only:
                self._counted[owner].update(_OF_DEALS.get(row.values.get("status", ""), ("notes_count",)))

    def of(self, person: Row) -> dict[str, int]:
        """Return the counts of a person."""
        counted = self._counted[int(person.id)]
        return {name: person.values.get(name, 0) + counted[name] for name in self._names}
