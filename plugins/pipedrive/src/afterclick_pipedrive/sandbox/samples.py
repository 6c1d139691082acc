"""People whom a sales team might have typed in before Afterclick came."""

from __future__ import annotations

from collections.abc import Iterator

from afterclick.sandbox import made_up
from afterclick_pipedrive.sandbox.options import Typed


def people(count: int) -> Iterator[Typed]:
    """Go through `count` people; each has an e-mail address of its own."""
    for person in made_up(count):
        name = f"{person.first_name} {person.last_name}"
        yield Typed(name, person.email, person.phone, person.company)
