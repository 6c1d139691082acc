"""The promises of identity hold in the ledger too, which reads no more than a batch may need."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.ledger.harness import Bench
from tests.support.clock import moment
from tests.support.events import make_event, make_registration
from tests.support.friends import ORDERS, Friends

from afterclick.ledger.rows import LeadRow
from afterclick.model.event import INSTALL, Event


async def living(bench: Bench) -> dict[int, LeadRow]:
    return {row.id: row for row in await bench.ledger.leads(limit=20_000)}


async def test_two_friends_are_two_in_every_tenth_order_of_seven(bench: Bench) -> None:
    """Each order has friends of its own, so that all of them take their turns together."""
    told = [(Friends(number), order) for number, order in enumerate(ORDERS[::10])]
    for turn in range(7):
        await bench.fold(*(friends.said[order[turn]].event for friends, order in told))
    leads = await living(bench)

    assert len(leads) == 2 * len(told)
    found = Counter(name.value for row in leads.values() for name in row.state.identities)
    assert all(found[friends.ann] == found[friends.ben] == 1 for friends, _ in told)
    for row in leads.values():
        people = {name.value for name in row.state.identities if name.kind in ("user", "email")}
        assert len(people) == 1
        assert row.state.claim is not None
        assert bool(row.state.milestones) == people.pop().startswith("ann")

    await bench.fold(*(said.event for friends, _ in told for said in friends.said))
    assert await living(bench) == leads


TAPS = 10_000


@pytest.mark.parametrize(
    ("link", "who"),
    [({"prefix": "menu", "token": "autumn"}, "email"), ({"prefix": "ref", "token": "CODE"}, "user")],
)
async def test_fifty_registrations_among_ten_thousand_taps_are_fifty_people(
    bench: Bench, link: dict[str, str], who: str
) -> None:
    begin = moment("00:00")
    taps = [make_event(INSTALL, at=begin + 3_000 * n, **link) for n in range(TAPS)]
    names = [{who: f"person-{n}@example.com"} for n in range(50)]
    people: list[Event] = [
        make_registration(at=begin + 3_000 * 200 * n + 1_000, **link, **name) for n, name in enumerate(names)
    ]
    founded: dict[str, int | None] = {}
    for start in range(0, TAPS, 1_000):
        resolution = await bench.fold(*taps[start : start + 1_000])
        founded |= {one.journey: one.lead for one in resolution.decisions.values() if one.journey}
    resolution = await bench.fold(*people)
    leads = await living(bench)

    named = [row for row in leads.values() if row.state.named]
    assert (len(leads), len(named)) == (TAPS, 50)
    claims = [one for one in resolution.decisions.values() if one.how == "probable"]
    assert len({one.journey for one in claims}) == len({one.lead for one in claims}) == 50
    # Each got the newest before it, although all of them asked at once.
    assert {(one.journey, one.lead) for one in claims} == {
        (tap.name, founded[tap.name]) for tap in taps[::200]
    }
