"""Leads that a sales team might have typed in before Afterclick came."""

from __future__ import annotations

from collections.abc import Iterator

SALES = (("Robin", "Robin Vega"), ("Dana", "Dana Okafor"))
"""The sales people: first name and whole name."""

_PEOPLE = (
    ("Maya", "Lindqvist", "Northlight Studio", "Working - Contacted"),
    ("Tom", "Okonkwo", "Harbor Freight Apps", "Open - Not Contacted"),
    ("Ines", "Duarte", "Duarte & Filhos", "Working - Contacted"),
    ("Yusuf", "Demir", "Ankara Mobil", "Open - Not Contacted"),
    ("Claire", "Beaumont", "Atelier Beaumont", "Closed - Not Converted"),
    ("Ravi", "Menon", "Coastline Travel", "Open - Not Contacted"),
)


def people(count: int) -> Iterator[dict[str, str]]:
    """Go through `count` Leads; each has an e-mail address of its own."""
    for index in range(count):
        first, last, company, status = _PEOPLE[index % len(_PEOPLE)]
        again = index // len(_PEOPLE)
        yield {
            "FirstName": first,
            "LastName": last,
            "Email": f"{first}.{last}{again or ''}@example.com".lower(),
            "Phone": f"+1 555 01{index % 100:02d}",
            "Company": f"{company} {again}" if again else company,
            "Status": status,
        }
