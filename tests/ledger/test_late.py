"""Since when the oldest lead waits for a CRM."""

from __future__ import annotations

from tests.ledger.harness import CRM, Bench
from tests.support.clock import NOON

from afterclick.ledger.rows import Fence

LATER = NOON + 3_600_000


async def test_a_lead_in_back_off_is_late_since_its_first_failure(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.settle(lane, 1, due_at=LATER + 600_000, first_failed_at=NOON + 2_000, reason="it is down")

    assert (await bench.ledger.totals([CRM], now=LATER)).oldest_due_at == {CRM: NOON + 2_000}


async def test_a_lead_that_got_through_in_the_end_is_not_late(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.settle(lane, 1, due_at=LATER, first_failed_at=NOON + 2_000, reason="it is down")
    await bench.settle(lane, 1, synced=(await bench.sync()).wanted, tries=0)

    assert (await bench.ledger.totals([CRM], now=LATER)).oldest_due_at == {}
