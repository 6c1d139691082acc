"""Leads that a sales team might have typed in before Afterclick came."""

from __future__ import annotations

from collections.abc import Iterator

from afterclick.sandbox import made_up

SALES = (("Robin", "Robin Vega"), ("Dana", "Dana Okafor"))
"""The sales people: first name and whole name."""

_STATUSES = (
    "Working - Contacted",
    "Open - Not Contacted",
    "Working - Contacted",
    "Open - Not Contacted",
    "Closed - Not Converted",
)


def people(count: int) -> Iterator[dict[str, str]]:
    """Go through `count` Leads; each has an e-mail address of its own."""
    for index, person in enumerate(made_up(count)):
        yield {
            "FirstName": person.first_name,
            "LastName": person.last_name,
            "Email": person.email,
            "Phone": person.phone,
            "Company": person.company,
            "Status": _STATUSES[index % len(_STATUSES)],
        }
