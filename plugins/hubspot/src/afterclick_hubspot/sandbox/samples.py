"""Contacts that a sales team might have typed in before Afterclick came."""

from __future__ import annotations

from collections.abc import Iterator

OWNERS = {"71001": "Robin Vega", "71002": "Dana Okafor"}
"""The sales people, by owner id."""

_PEOPLE = (
    ("Maya", "Lindqvist", "Northlight Studio", "opportunity"),
    ("Tom", "Okonkwo", "Harbor Freight Apps", "lead"),
    ("Ines", "Duarte", "Duarte & Filhos", "customer"),
    ("Yusuf", "Demir", "Ankara Mobil", "subscriber"),
    ("Claire", "Beaumont", "Atelier Beaumont", "salesqualifiedlead"),
    ("Ravi", "Menon", "Coastline Travel", "lead"),
    ("Hanna", "Virtanen", "Sisu Fitness", "marketingqualifiedlead"),
    ("Leo", "Martins", "Porto Wheels", "opportunity"),
)


def people(count: int) -> Iterator[dict[str, str]]:
    """Go through `count` contacts; each has an e-mail address of its own, a stage and an owner."""
    owners = list(OWNERS)
    for index in range(count):
        first, last, company, stage = _PEOPLE[index % len(_PEOPLE)]
        again = index // len(_PEOPLE)
        address = f"{first}.{last}{again or ''}@example.com".lower()
        yield {
            "firstname": first,
            "lastname": last,
            "email": address,
            "phone": f"+1 555 01{index % 100:02d}",
            "company": company,
            "lifecyclestage": stage,
            "hubspot_owner_id": owners[index % len(owners)],
        }
