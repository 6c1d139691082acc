"""Contacts that a sales team might have typed in before Afterclick came."""

from __future__ import annotations

from collections.abc import Iterator

from afterclick.sandbox import made_up

OWNERS = {"71001": "Robin Vega", "71002": "Dana Okafor"}
"""The sales people, by owner id."""

_STAGES = (
    "opportunity",
    "lead",
    "customer",
    "subscriber",
    "salesqualifiedlead",
    "lead",
    "marketingqualifiedlead",
    "opportunity",
)


def people(count: int) -> Iterator[dict[str, str]]:
    """Go through `count` contacts; each has an e-mail address of its own, a stage and an owner."""
    owners = list(OWNERS)
    for index, person in enumerate(made_up(count)):
        yield {
            "firstname": person.first_name,
            "lastname": person.last_name,
            "email": person.email,
            "phone": person.phone,
            "company": person.company,
            "lifecyclestage": _STAGES[index % len(_STAGES)],
            "hubspot_owner_id": owners[index % len(owners)],
        }
