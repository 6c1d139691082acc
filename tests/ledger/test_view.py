"""Journeys that a ledger must find although others crowd around them: a limit must not hide the right one."""

from __future__ import annotations

from tests.ledger.harness import Bench
from tests.support.clock import moment
from tests.support.events import make_event, make_registration

from afterclick.model.event import CLAIM, COMPLETED, INSTALL, Event
from afterclick.model.journey import Policy
from afterclick.model.view import View, needs_of

AUTUMN = {"prefix": "menu", "token": "autumn"}
IP = "198.51.100.7"


def taps(count: int, *, start: str = "09:00", ip: str | None = None, **link: str) -> list[Event]:
    """Return installs, one every minute."""
    first = moment(start)
    return [make_event(INSTALL, at=first + n * 60_000, ip=ip, **link) for n in range(count)]


async def seen(bench: Bench, *events: Event) -> View:
    return await bench.ledger.view(needs_of(list(events), Policy()))


async def lead_of(bench: Bench, event: Event) -> int | None:
    found = [row for row in await bench.ledger.events(limit=1_000) if row.tie == event.tie]
    return found[0].lead


async def test_other_prefix_of_a_token_hides_no_journey(bench: Bench) -> None:
    """`table/autumn` is another link than `menu/autumn`, however much it is tapped."""
    [mine] = taps(1, start="08:00", **AUTUMN)
    person = make_registration(at="10:30", user="ann", **AUTUMN)
    await bench.fold(mine)
    await bench.fold(*taps(60, prefix="table", token="autumn"))
    await bench.fold(person)

    assert await lead_of(bench, person) == await lead_of(bench, mine)


async def test_event_that_knows_no_prefix_sees_every_prefix(bench: Bench) -> None:
    await bench.fold(*taps(1, **AUTUMN), *taps(1, start="09:30", prefix="table", token="autumn"))
    view = await seen(bench, make_event(CLAIM, at="10:00", token="autumn"))

    assert {journey.prefix for journey in view.journeys} == {"menu", "table"}


async def test_late_event_in_a_batch_sees_what_came_before_it(bench: Bench) -> None:
    """A retry of an hour ago, in one batch with an event of now, on a link that is tapped all the time."""
    await bench.fold(*taps(60, start="08:00", prefix="ref", token="CODE"))
    await bench.fold(*taps(60, start="09:00", prefix="ref", token="CODE"))
    retry = make_event(COMPLETED, at="08:30:30", referral_code="CODE", referred_user_id="ann")
    fresh = make_event(COMPLETED, at="09:59:30", referral_code="CODE", referred_user_id="ben")
    await bench.fold(retry, fresh)
    rows = await bench.ledger.lead_states([await lead_of(bench, one) or 0 for one in (retry, fresh)])
    installs = [row.state.install.at for row in rows.values() if row.state.install is not None]

    assert sorted(installs) == [moment("08:30"), moment("09:59")]


async def test_address_is_looked_for_when_it_was_seen(bench: Bench) -> None:
    """Somebody has waited for days, the claim brought the address: the install follows within minutes."""
    waits = make_event(COMPLETED, at="2026-05-18T09:00:00Z", referral_code="CODE", referred_user_id="ann")
    claim = make_event(CLAIM, at="2026-05-21T09:00:00Z", ip=IP, deep_link_path="/ref/CODE")
    install = make_event(INSTALL, at="2026-05-21T09:05:00Z", ip=IP, campaign="spring")
    for event in (waits, claim, install):
        await bench.fold(event)

    assert await lead_of(bench, install) == await lead_of(bench, waits)


async def test_addresses_crowd_nobody_out_of_two_hours(bench: Bench) -> None:
    """A whole office taps from one address; a claim finds the newest install before it."""
    office = taps(60, ip=IP, campaign="spring")
    claim = make_event(CLAIM, at="09:30:30", ip=IP, deep_link_path="/menu/autumn")
    await bench.fold(*office)
    await bench.fold(claim)

    assert await lead_of(bench, claim) == await lead_of(bench, office[30])


async def test_filled_slots_are_not_offered(bench: Bench) -> None:
    [install] = taps(1, **AUTUMN)
    await bench.fold(install, make_event(CLAIM, at="09:05", **AUTUMN))
    claim, person = make_event(CLAIM, at="09:10", **AUTUMN), make_registration(user="ann", **AUTUMN)

    assert (await seen(bench, claim)).journeys == []
    assert [journey.key for journey in (await seen(bench, person)).journeys] == [install.name]
    await bench.fold(person)
    assert (await seen(bench, make_registration(user="ben", **AUTUMN))).journeys == []
