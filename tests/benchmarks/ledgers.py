"""Ledgers filled for a measurement: a few people folded for real, then multiplied by SQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import apsw

from afterclick.cli.sending import Delivery
from afterclick.clock import SystemClock
from afterclick.folding.batch import Destination, Rules
from afterclick.folding.lane import LANE, FoldLane
from afterclick.ledger.lease import Lease
from afterclick.ledger.rows import NewEvent
from afterclick.ledger.sqlite import SqliteLedger
from afterclick.model.event import dedupe_key
from afterclick.model.journey import Policy
from afterclick.observe.metrics import Metrics
from afterclick.receiver.blanking import blank
from afterclick.receiver.heading import read_heading
from afterclick.receiver.signature import Key
from afterclick.receiver.webhook import hash_address

SPACE, SOURCE = "main", "tolinku"
_KEY = Key(b"benchmarks")

_HOLD = 3_600.0
"""Seconds for which the lane is held: nobody else wants it, however slow the machine is."""

_AT_ONCE = 50
"""Copies a transaction."""


def as_stored(one: Delivery, received_at: int) -> NewEvent:
    """Return a delivery as the receiver hands it to the ledger."""
    heading = read_heading(one.body)
    bucket, tie = dedupe_key(SPACE, SOURCE, one.body, heading.timestamp)
    return NewEvent(
        space=SPACE,
        source=SOURCE,
        type=heading.type,
        bucket=bucket,
        tie=tie,
        occurred_at=heading.timestamp or received_at,
        received_at=received_at,
        body=blank(one.body),
        ip_hash=None if heading.ip is None else hash_address(_KEY, SPACE, heading.ip),
    )


class Filled:
    """A ledger with a fold lane that is driven by hand."""

    def __init__(self, ledger: SqliteLedger, clock: SystemClock, connections: Sequence[str]) -> None:
        self.ledger = ledger
        self._clock = clock
        self._fold = FoldLane(
            ledger,
            clock,
            policy=Policy(),
            rules=Rules(),
            destinations=lambda: [Destination(connection=name) for name in connections],
            metrics=Metrics(),
        )

    @classmethod
    async def open(cls, file: Path, *, connections: Sequence[str] = ()) -> Filled:
        """Open a ledger, new or filled, that syncs to these connections."""
        clock = SystemClock()
        return cls(await SqliteLedger.open(file, clock), clock, connections)

    async def store(self, deliveries: Iterable[Delivery], count: int) -> None:
        """Store deliveries without folding them."""
        now = self._clock.now()
        await self.append(as_stored(one, now) for one in islice(deliveries, count))

    async def append(self, events: Iterable[NewEvent]) -> None:
        """Store events, a group at a time."""
        left = iter(events)
        while group := list(islice(left, 256)):
            await asyncio.gather(*(self.ledger.append(event) for event in group))

    async def fold(self) -> int:
        """Fold all that is new and return how many events that were."""
        folded = 0
        holder = self.ledger.holder
        async with Lease(self.ledger, self._clock, LANE, holder, seconds=_HOLD, renew=_HOLD) as lease:
            while count := await self._fold.fold_once(lease):
                folded += count
        return folded

    async def living(self) -> int:
        """Return how many leads there are, those left out that joined another."""
        return len(await self.ledger.leads(limit=1_000_000))

    async def close(self) -> None:
        """Close the file."""
        await self.ledger.close()


def multiply(file: Path, copies: int, *more: str) -> None:
    """Make so many copies of every lead in a closed ledger, and of what `more` scripts copy along."""
    here = Path(__file__).parent
    script = "".join((here / name).read_text("utf-8") for name in ("copies.sql", *more))
    db = apsw.Connection(str(file))
    for pragma in ("synchronous = OFF", "cache_size = -500000", "temp_store = MEMORY"):
        db.execute(f"PRAGMA {pragma}")
    for first in range(1, copies + 1, _AT_ONCE):
        with db:
            db.execute(script, {"first": first, "last": min(copies, first + _AT_ONCE - 1)})
    db.close()
