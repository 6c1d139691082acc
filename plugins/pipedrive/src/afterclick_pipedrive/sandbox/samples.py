"""People whom a sales team might have typed in before Afterclick came."""

from __future__ import annotations

from collections.abc import Iterator

from afterclick_pipedrive.sandbox.options import Typed

_PEOPLE = (
    ("Maya Lindqvist", "Northlight Studio"),
    ("Tom Okonkwo", "Harbor Freight Apps"),
    ("Ines Duarte", "Duarte & Filhos"),
    ("Yusuf Demir", "Ankara Mobil"),
    ("Claire Beaumont", "Atelier Beaumont"),
    ("Ravi Menon", "Coastline Travel"),
    ("Hanna Virtanen", "Sisu Fitness"),
    ("Leo Martins", "Porto Wheels"),
)


def people(count: int) -> Iterator[Typed]:
    """Go through `count` people; each has an e-mail address of its own."""
    for index in range(count):
        name, company = _PEOPLE[index % len(_PEOPLE)]
        again = index // len(_PEOPLE)
        address = name.lower().replace(" ", ".")
        email = f"{address}{again or ''}@example.com"
        yield Typed(name, email, f"+1 555 01{index % 100:02d}", company)
