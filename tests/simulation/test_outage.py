"""A CRM that is down for hours costs time and nothing else, and the figures tell it all along."""

from __future__ import annotations

import pytest
from tests.simulation.bench import Bench
from tests.simulation.fakecrm import Fault

from afterclick.service.upkeep import show_figures
from afterclick.syncing.breaker import LONGEST_PAUSE, PROBE, TOLERATED
from afterclick.syncing.lane import LaneRules
from afterclick.syncing.retry import RetryRules

HOUR = 3600.0
DOWN = 2 * HOUR
PEOPLE = 120
IN_FLIGHT, BATCH = 2, 50

LONGEST = 600.0
"""The longest back-off of a lead here: how long it may take until the last one is back."""


async def age(bench: Bench) -> float:
    """Return the figure of the oldest due sync, in seconds."""
    await show_figures(bench.ledger, bench.metrics, ["fake"], now=bench.clock.now())
    return float(bench.metrics.oldest_due_sync_age_seconds.labels("fake")._value.get())


async def outage(bench: Bench, people: int, *, seconds: float) -> None:
    """Let the CRM be down, and people convert all the while."""
    bench.crm.plan = lambda hook, refs: Fault(unsent=True)
    rules = LaneRules(in_flight=IN_FLIGHT, lease=600, renew=200)
    bench.lane(batch=BATCH, retry=RetryRules(longest=LONGEST), lane=rules)
    for number in range(people):
        await bench.converts(f"p{number}")
        await bench.clock.advance(seconds / people)


async def test_a_crm_that_is_down_for_hours_is_probed_and_gets_everybody_when_it_is_back(
    bench: Bench,
) -> None:
    await outage(bench, PEOPLE, seconds=DOWN)
    asked = bench.crm.named("match")
    assert all(len(refs) <= PROBE for refs in asked[TOLERATED:])
    assert len(asked) <= DOWN / LONGEST_PAUSE + 15
    assert bench.crm.named("create") == []
    assert await age(bench) == pytest.approx(DOWN, abs=60)

    bench.crm.plan = lambda hook, refs: Fault(effect=1.0, answer=1.0)
    await bench.clock.until(lambda: bool(bench.crm.living()))
    assert [len(refs) <= PROBE for refs in bench.crm.named("create")] == [True], "a probe comes first"

    at_once = 0
    for _ in range(int(1.5 * LONGEST)):
        await bench.clock.advance(1)
        at_once = max(at_once, len(bench.crm.requests))
    assert sorted(row.ref for row in bench.crm.living()) == sorted(f"lead-{n + 1}" for n in range(PEOPLE))
    assert at_once <= IN_FLIGHT
    assert sum(len(refs) for refs in bench.crm.named("create")) == PEOPLE, "each is sent once"
    assert await age(bench) == 0


async def test_an_outage_shows_in_the_figures_also_where_every_lead_waits_for_its_back_off(
    bench: Bench,
) -> None:
    await outage(bench, 1, seconds=HOUR)

    assert await age(bench) == pytest.approx(HOUR, abs=60)
