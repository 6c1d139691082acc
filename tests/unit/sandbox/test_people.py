"""People whom an emulator makes up."""

from __future__ import annotations

from afterclick.sandbox import made_up


def test_nobody_is_made_up_twice() -> None:
    people = list(made_up(30))

    assert len({person.email for person in people}) == 30
    # Some CRMs take equal names at one company for a duplicate.
    assert len({(person.first_name, person.last_name, person.company) for person in people}) == 30
