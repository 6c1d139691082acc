"""What the fold stores comes back as it was: a ledger decides as the plain store in memory does."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from tests.ledger.harness import FOLD, Bench, OpenLedger, milestone, person, two_halves
from tests.support.clock import NOON, STORY_DAY, FakeClock, moment
from tests.support.events import make_delivery, make_event, make_registration
from tests.support.memory_store import MemoryStore
from tests.support.strategies import PERSONAL, deliveries

from afterclick.ledger.api import Ledger
from afterclick.ledger.rows import EventState
from afterclick.ledger.sqlite import SqliteLedger
from afterclick.model.event import CLAIM, CLICK, COMPLETED, CREATED, INSTALL, TEST, Event
from afterclick.model.identity import Identity
from afterclick.model.journey import DAY, Policy
from afterclick.model.lead import attributes, keys_of
from afterclick.model.view import needs_of

POLICY = Policy(personal_prefixes=PERSONAL)
Batches = list[list[Event]]


async def open_store(name: str, folder: Path, clock: FakeClock) -> Ledger:
    # One for each example: a fixture would give all examples the same one.
    return await {"sqlite": SqliteLedger.open}[name](folder / "ledger.db", clock)


async def compare(ledger: Ledger, clock: FakeClock, batches: Batches) -> None:
    """Fold the same batches into the ledger and in memory; whatever is decided and kept must agree."""
    bench, memory = Bench(ledger, clock, policy=POLICY), MemoryStore(POLICY)
    for batch in batches:
        got, expected = await bench.fold(*batch), memory.fold(*batch)
        assert sorted(map(str, got.decisions.values())) == sorted(map(str, expected.decisions.values()))
        for name in ("joins", "journeys", "closed", "identities", "links", "codes", "refused"):
            assert getattr(got, name) == getattr(expected, name), name
        assert dict(got.contributions) == dict(expected.contributions)
    await compare_leads(ledger, memory)
    await compare_views(ledger, memory)


async def compare_leads(ledger: Ledger, memory: MemoryStore) -> None:
    rows = await ledger.lead_states(sorted(memory.states))
    assert rows.keys() == memory.states.keys()
    living = memory.living
    for lead, row in rows.items():
        assert row.joined_into == memory.joined_into.get(lead)
        if lead in living:
            assert row.state == living[lead]
            assert row.keys == keys_of(row.state)
    assert {row.id for row in await ledger.leads(limit=1000)} == set(living)


async def compare_views(ledger: Ledger, memory: MemoryStore) -> None:
    # Everything that was ever stored, asked for as the events that made it would ask for it.
    needs = needs_of(list(memory.events.values()), POLICY)
    needs.described |= needs.codes
    got, expected = await ledger.view(needs), memory.view(needs)
    for name in ("next_lead", "identities", "leads", "links", "codes"):
        assert getattr(got, name) == getattr(expected, name), name
    assert {name: set(leads) for name, leads in got.through.items()} == {
        name: set(leads) for name, leads in expected.through.items()
    }


@pytest.mark.parametrize("store", ["sqlite"])
@given(deliveries(most=12))
def test_ledger_decides_and_keeps_what_memory_does(store: str, batches: Batches) -> None:
    async def run(folder: Path) -> None:
        clock = FakeClock()
        ledger = await open_store(store, folder, clock)
        try:
            await compare(ledger, clock, batches)
        finally:
            await ledger.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


async def test_fold_goes_on_where_it_stood_after_a_restart(
    ledger: Ledger, open_ledger: OpenLedger, clock: FakeClock
) -> None:
    link = {"prefix": "ref", "token": "CODE"}
    first = [make_event(INSTALL, at="09:14", **link), make_event(CLICK, at="09:10", **link, campaign="may")]
    then = [make_event(CLAIM, at="09:16", **link), make_event(COMPLETED, at="09:32", **link)]
    memory = MemoryStore().fold_all([first, then])
    await Bench(ledger, clock).fold(*first)
    await ledger.close()
    again = await open_ledger()
    await Bench(again, clock).fold(*then)

    [lead] = await again.leads(limit=10)
    assert lead.state == memory.only


# Events


async def test_folded_event_knows_its_lead_and_decision(bench: Bench) -> None:
    link = {"prefix": "ref", "token": "CODE"}
    await bench.fold(
        make_event(INSTALL, at="09:14", **link),
        make_event(COMPLETED, at="09:32", **link),
        make_event(TEST, at="09:33"),
    )
    last, completed, install = await bench.ledger.events(limit=10)

    assert (last.state, last.lead) == (EventState.IGNORED, None)
    assert (completed.state, completed.lead) == (EventState.FOLDED, 1)
    assert completed.decision is not None
    assert (completed.decision.how, completed.decision.candidates) == ("probable", 1)
    assert install.decision is not None
    assert (install.decision.how, install.decision.journey) == ("founded", completed.decision.journey)
    assert await bench.ledger.unfolded(10) == []


async def test_events_of_a_lead_are_those_of_the_leads_that_joined_it_too(bench: Bench) -> None:
    await bench.fold(*two_halves("ann", "ann@example.com")[:2])
    await bench.fold(two_halves("ann", "ann@example.com")[2])
    found = await bench.ledger.events(limit=10, lead=1)

    assert [event.occurred_at for event in found] == [moment("09:00"), moment("09:01"), moment("09:02")]


async def test_touch_without_a_home_becomes_folded_when_it_finds_one(bench: Bench) -> None:
    ip = "198.51.100.1"
    await bench.fold(
        make_event(INSTALL, at="09:00", ip=ip, platform="ios"),
        make_event(INSTALL, at="09:01", ip="198.51.100.2"),
    )
    other, install = await bench.ledger.events(limit=10)
    assert (install.state, other.state) == (EventState.UNATTRIBUTED, EventState.UNATTRIBUTED)
    await bench.fold(make_event(CLAIM, at="09:05", ip=ip, prefix="menu", token="autumn"))
    claim, other, install = await bench.ledger.events(limit=10)

    assert (claim.lead, install.lead, other.lead) == (1, 1, None)
    assert (install.state, other.state) == (EventState.FOLDED, EventState.UNATTRIBUTED)
    assert install.decision is not None
    assert (install.decision.how, install.decision.candidates) == ("probable", 1)
    [lead] = await bench.ledger.leads(limit=10)
    shown = attributes(lead.state)
    assert (shown["install_date"], shown["platform"]) == (f"{STORY_DAY}T09:00:00.000Z", "iOS")


async def test_touch_without_a_home_says_as_much_as_when_it_came(bench: Bench) -> None:
    ip = "198.51.100.1"
    await bench.ledger.append(make_delivery(INSTALL, at="09:00", ip=ip, device={"model": "Pixel 9"}))
    [install] = await bench.ledger.unfolded(10)
    await bench.ledger.mark_events(await bench.hold(FOLD), [install.id], EventState.UNATTRIBUTED, "")
    claim = make_event(CLAIM, at="09:05", ip=ip, prefix="menu", token="autumn")
    view = await bench.ledger.view(needs_of([claim], Policy(), ["data.device.model"]))

    [left] = view.homeless
    assert (left.id, left.tie) == (install.id, install.tie)
    assert left.facts.further == {"data.device.model": '"Pixel 9"'}


async def test_fold_without_events_is_no_fault(bench: Bench) -> None:
    await bench.fold()

    assert await bench.ledger.leads(limit=1) == []


# Joins


async def test_joined_lead_points_to_its_root_whoever_joined_it_when(bench: Bench) -> None:
    await bench.fold(make_registration(at="09:00", user="ann"))
    await bench.fold(make_registration(at="09:01", email="ann@example.com"))
    await bench.fold(make_event(COMPLETED, at="09:02", referral_code="CODE"))
    await bench.fold(make_registration(at="09:03", email="ann@example.com", referral_code="x"))
    await bench.fold(make_registration(at="09:04", user="ann", email="ann@example.com"))
    await bench.fold(make_event(COMPLETED, at="09:05", referral_code="CODE", referred_user_id="ann"))
    rows = await bench.ledger.lead_states([1, 2, 3])

    assert [rows[lead].joined_into for lead in (1, 2, 3)] == [None, 1, 1]
    assert {name.value for name in rows[1].state.identities} == {"ann", "ann@example.com", "CODE"}


async def test_identities_and_code_of_a_joined_lead_become_its_roots(bench: Bench) -> None:
    one, two, join = two_halves("ann", "ann@example.com")
    await bench.fold(
        one, make_registration(at="09:00:30", email="ann@example.com", referral_code="CODE"), two
    )
    await bench.fold(join)
    described = make_event(CREATED, at="08:00", referral_code="CODE", referrer_id="host")
    needs = needs_of([one, two, described], Policy())
    view = await bench.ledger.view(needs)

    assert set(view.identities.values()) == {1}
    assert view.identities.keys() >= {Identity("main", "email", "ann@example.com")}
    assert view.through == {("main", "CODE"): [1]}


async def test_every_milestone_that_was_passed_is_remembered_once(bench: Bench) -> None:
    await bench.people("ann")
    await bench.fold(milestone("ann", "paid"), milestone("ann", "signed_up"))
    await bench.fold(make_event(COMPLETED, at="11:00", referral_code="x", milestone="paid"))

    assert await bench.ledger.milestones() == ["completed", "paid", "signed_up"]


async def test_unknown_lead_is_left_out(bench: Bench) -> None:
    await bench.people("ann")

    assert list(await bench.ledger.lead_states([1, 2, 99])) == [1]


# Journeys


async def test_view_has_the_nearest_journeys_of_a_busy_link(bench: Bench) -> None:
    link = {"prefix": "menu", "token": "autumn"}
    start = moment("06:00")
    await bench.fold(*(make_event(INSTALL, at=start + n * 1_000, **link) for n in range(60)))
    claim = make_event(CLAIM, at=start + 30_500, **link)
    view = await bench.ledger.view(needs_of([claim], Policy()))
    seconds = sorted((journey.opened_at - start) // 1_000 for journey in view.journeys)

    assert len(seconds) <= 2 * (1 + 8)
    assert seconds == list(range(seconds[0], seconds[-1] + 1))
    assert {30, 31} <= set(seconds)


async def test_view_asks_for_journeys_in_the_window_only(bench: Bench) -> None:
    link = {"prefix": "menu", "token": "autumn"}
    claim_at = NOON
    inside = [claim_at - 7 * DAY, claim_at - 1, claim_at, claim_at + 1, claim_at + 7 * DAY]
    times = [claim_at - 7 * DAY - 1, *inside, claim_at + 7 * DAY + 1]
    await bench.fold(*(make_event(INSTALL, at=at, **link) for at in times))
    view = await bench.ledger.view(needs_of([make_event(CLAIM, at=claim_at, **link)], Policy()))

    assert sorted(journey.opened_at for journey in view.journeys) == inside


async def test_view_never_mixes_spaces(bench: Bench) -> None:
    link = {"prefix": "ref", "token": "CODE"}
    await bench.fold(
        make_event(INSTALL, at="09:14", ip="198.51.100.1", **link),
        make_event(COMPLETED, at="09:30", referral_code="OTHER", referred_user_id="ann"),
        make_event(CREATED, at="09:00", referral_code="CODE", referrer_id="host"),
    )
    events = [
        make_event(CLAIM, at="09:15", space="shop", ip="198.51.100.1", **link),
        make_event(COMPLETED, at="09:30", space="shop", referral_code="CODE", referred_user_id="ann"),
        make_event(CREATED, at="09:00", space="shop", referral_code="CODE", referrer_id="host"),
    ]
    view = await bench.ledger.view(needs_of(events, Policy()))

    assert (view.identities, view.leads, view.journeys, view.links, view.codes) == ({}, {}, [], {}, {})
    assert view.through == {("shop", "CODE"): []}


# Reading


async def test_lead_is_found_by_identity_key_or_number(bench: Bench) -> None:
    await bench.fold(*two_halves("ann", "ann@example.com"))
    await bench.fold(person("ben"))
    [ben] = await bench.ledger.leads(limit=10, search="ben")

    async def found(text: str) -> list[int]:
        return [row.id for row in await bench.ledger.leads(limit=10, search=text)]

    assert ben.id == 3
    assert await found("ANN@example.com") == [1]
    assert await found("code-ben") == [3]
    assert await found(ben.keys[0]) == [3]
    assert await found("2") == await found("1") == [1]
    for nothing in ("", "nobody", "be", "user:", "user", "3x", "-1", "' OR 1=1 --"):
        assert await found(nothing) == []


async def test_leads_come_newest_change_first(bench: Bench, clock: FakeClock) -> None:
    await bench.people("ann", "ben")
    await clock.advance(5)
    await bench.fold(make_event(COMPLETED, at="10:00", referral_code="code-ann", milestone="order"))

    assert [row.id for row in await bench.ledger.leads(limit=10)] == [1, 2]
    assert [row.id for row in await bench.ledger.leads(limit=1)] == [1]


async def test_holding_the_fold_lane_is_all_a_commit_needs(bench: Bench) -> None:
    fence = await bench.hold(FOLD)
    await bench.fold(person("ann"), fence=fence)
    await bench.fold(person("ben"), fence=fence)

    assert len(await bench.ledger.leads(limit=10)) == 2
