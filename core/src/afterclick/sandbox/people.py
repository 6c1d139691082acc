"""People as somebody of the sales team types them in."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is typed in, by the names that lead attributes have; the emulator knows the CRM's own."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    company: str = ""

    def by_name(self) -> dict[str, str]:
        """Return what is filled in."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value}


_MADE_UP = (
    ("Maya", "Lindqvist", "Northlight Studio"),
    ("Tom", "Okonkwo", "Harbor Freight Apps"),
    ("Ines", "Duarte", "Duarte & Filhos"),
    ("Yusuf", "Demir", "Ankara Mobil"),
    ("Claire", "Beaumont", "Atelier Beaumont"),
    ("Ravi", "Menon", "Coastline Travel"),
    ("Hanna", "Virtanen", "Sisu Fitness"),
    ("Leo", "Martins", "Porto Wheels"),
)


def made_up(count: int) -> Iterator[Person]:
    """Go through `count` people whom a sales team might have typed in before Afterclick came.

    Each has an e-mail address of its own; after the eighth the names come again, at numbered companies.
    """
    for index in range(count):
        again, place = divmod(index, len(_MADE_UP))
        first, last, company = _MADE_UP[place]
        yield Person(
            first_name=first,
            last_name=last,
            email=f"{first}.{last}{again or ''}@example.com".lower(),
            phone=f"+1 555 01{index % 100:02d}",
            company=f"{company} {again}" if again else company,
        )
