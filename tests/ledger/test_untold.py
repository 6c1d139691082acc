"""What is learned late of a code that many came through reaches all of them, a few at a time."""

from __future__ import annotations

from tests.ledger.harness import CRM, FOLD, Bench, OpenLedger
from tests.support.clock import FakeClock
from tests.support.events import make_event, make_registration

from afterclick.folding.batch import Destination
from afterclick.folding.lane import FoldLane
from afterclick.ledger.api import Ledger
from afterclick.ledger.lease import Lease
from afterclick.ledger.rows import LeadRow
from afterclick.model.event import CREATED, Event
from afterclick.model.view import TOLD_AT_ONCE
from afterclick.observe.metrics import Metrics

LATE = 20
"""Leads that one batch leaves for later."""

MANY = TOLD_AT_ONCE + LATE


def came(number: int, **more: str) -> Event:
    """Return the registration of somebody who came through the code."""
    who = {"user": f"u{number}", "referral_code": "CODE"} | more
    at = f"{10 + number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}"
    return make_registration(at=at, **who)


def described(referrer: str = "host", at: str = "08:00") -> Event:
    return make_event(CREATED, at=at, referral_code="CODE", referrer_id=referrer)


async def living(bench: Bench) -> dict[int, LeadRow]:
    return {row.id: row for row in await bench.ledger.leads(limit=1_000) if row.joined_into is None}


async def told(bench: Bench, referrer: str = "host") -> set[int]:
    """Return the leads that know whose the code is."""
    known = {id: row.state.referrer for id, row in (await living(bench)).items()}
    return {id for id, stamp in known.items() if stamp is not None and stamp.value == referrer}


async def tell(ledger: Ledger, clock: FakeClock, *, most: int = 1_000) -> int:
    """Tell leads as the fold lane does, in at most so many steps; return how many it took."""
    lane = FoldLane(
        ledger,
        clock,
        policy=Bench(ledger, clock).policy,
        rules=Bench(ledger, clock).rules,
        destinations=lambda: [Destination(connection=CRM)],
        metrics=Metrics(),
    )
    async with Lease(ledger, clock, FOLD, ledger.holder) as lease:
        for step in range(most):
            lane._steps.size = 8
            if not await lane.tell_once(lease):
                return step
    return most


async def test_one_batch_tells_so_many_and_steps_the_rest(bench: Bench, clock: FakeClock) -> None:
    await bench.fold(*(came(number) for number in range(MANY)))
    await bench.fold(described())
    assert await told(bench) == set(range(LATE + 1, MANY + 1))

    steps = await tell(bench.ledger, clock)

    assert steps == LATE // 8 + 1
    assert await told(bench) == set(range(1, MANY + 1))
    assert [(await bench.sync(lead)).wanted for lead in (1, MANY)] == [2, 2]


async def test_few_leads_are_told_at_once(bench: Bench, clock: FakeClock) -> None:
    await bench.fold(came(1), came(2))
    await bench.fold(described())

    assert await told(bench) == {1, 2}
    assert await tell(bench.ledger, clock) == 0


async def test_codes_of_one_batch_share_what_it_tells_at_once(bench: Bench, clock: FakeClock) -> None:
    await bench.fold(*(came(number) for number in range(TOLD_AT_ONCE)))
    await bench.fold(came(TOLD_AT_ONCE, referral_code="OTHER"))
    await bench.fold(described(), make_event(CREATED, at="08:01", referral_code="OTHER", referrer_id="host"))
    assert len(await told(bench)) == TOLD_AT_ONCE

    await tell(bench.ledger, clock)

    assert len(await told(bench)) == TOLD_AT_ONCE + 1


async def test_telling_goes_on_after_a_restart(
    ledger: Ledger, open_ledger: OpenLedger, clock: FakeClock
) -> None:
    bench = Bench(ledger, clock)
    await bench.fold(*(came(number) for number in range(MANY)))
    await bench.fold(described())
    await tell(ledger, clock, most=1)
    await ledger.close()

    again = Bench(await open_ledger(), clock)
    assert await told(again) == set(range(LATE + 1 - 8, MANY + 1))
    await tell(again.ledger, clock)

    assert await told(again) == set(range(1, MANY + 1))
    await again.ledger.close()


async def test_leads_that_join_meanwhile_are_told_too(bench: Bench, clock: FakeClock) -> None:
    halves = [make_registration(at="09:00", email=f"u{number}@x.test") for number in range(3)]
    await bench.fold(*halves)
    await bench.fold(*(came(number) for number in range(MANY)))
    await bench.fold(described())
    # The first three never came through the code; the persons they turn out to be did, and some are told.
    joins = [came(number, email=f"u{index}@x.test") for index, number in enumerate((0, 10, MANY - 1))]
    await bench.fold(*joins)

    await tell(bench.ledger, clock)

    assert await told(bench) == set(await living(bench))
    assert len(await living(bench)) == MANY


async def test_newer_news_reach_those_who_wait_for_older(bench: Bench, clock: FakeClock) -> None:
    await bench.fold(*(came(number) for number in range(MANY)))
    await bench.fold(described("second", at="08:00"))
    await tell(bench.ledger, clock, most=1)
    await bench.fold(described("first", at="07:00"))

    await tell(bench.ledger, clock)

    assert await told(bench, "first") == set(range(1, MANY + 1))


async def test_description_that_says_nothing_new_changes_nobody(bench: Bench, clock: FakeClock) -> None:
    await bench.fold(*(came(number) for number in range(MANY)))
    await bench.fold(described("first", at="07:00"))
    await tell(bench.ledger, clock)
    before = await living(bench)

    await bench.fold(described("second", at="08:00"))

    assert await tell(bench.ledger, clock) == 0
    assert await living(bench) == before
