"""The fold lane: takes new events, decides whose they are, stores what follows.

Events are picked by their state, never by an id that was seen last: a store may hand out ids out of
order. A batch that fails is halved down to the event at fault, which is set aside; the others go on.

What is learned late of a code that thousands came through is told to them in steps, between batches.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager

from afterclick.clock import Clock
from afterclick.errors import LedgerError
from afterclick.folding.batch import Destination, Rules, build, touched
from afterclick.folding.findings import IDENTITY_REFUSED
from afterclick.folding.forgetting import Forgetting
from afterclick.ledger.api import Ledger, Views
from afterclick.ledger.lease import Lease
from afterclick.ledger.rows import EventState, Fence, FoldCommit, StoredEvent, as_event
from afterclick.ledger.signal import EVENTS
from afterclick.ledger.steps import Steps
from afterclick.ledger.told import FindingRow
from afterclick.model.decode import decode
from afterclick.model.event import REGISTRATION, Event
from afterclick.model.journey import Policy
from afterclick.model.registration import decode_registration
from afterclick.model.resolution import resolve, tell
from afterclick.model.view import needs_of
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger
from afterclick.observe.metrics import LaneState, Metrics

LANE = "fold"
LOOK_AGAIN = 1.0
"""Seconds after which the lane looks even without a signal."""

SMALLEST, LARGEST = 64, 1024
"""Events of a batch.

While deliveries arrive at full speed a batch takes as long as its statements wait for the interpreter's
lock, whatever its size: a smaller one keeps nobody waiting for less, it only folds less.
"""


class FoldLane:
    """Folds one ledger's events; `destinations` tells which connections follow."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        *,
        policy: Policy,
        rules: Rules,
        destinations: Callable[[], Sequence[Destination]],
        metrics: Metrics,
        lease_seconds: float = 10.0,
        renew_seconds: float = 3.0,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._policy = policy
        self._rules = rules
        self._destinations = destinations
        self._metrics = metrics
        self._lease_seconds = lease_seconds
        self._renew_seconds = renew_seconds
        self._steps = Steps(64, smallest=SMALLEST, largest=LARGEST)
        self._forgetting = (
            Forgetting(ledger, clock, life=rules.journey_life) if rules.stubs == "none" else None
        )
        self._turn = asyncio.Lock()
        self._lease: Lease | None = None
        self._log = get_logger("fold")
        for state in set(EventState) - {EventState.NEW}:
            # A counter that begins at 1 has not risen yet, and the first failure would alarm nobody.
            metrics.events_folded.labels(state.value)

    async def run(self) -> None:
        """Fold until cancelled; take the lane again whenever it was lost."""
        holder, seconds = self._ledger.holder, self._lease_seconds
        while True:
            try:
                self._metrics.lane(LANE, LaneState.WAITING)
                async with Lease(
                    self._ledger, self._clock, LANE, holder, seconds=seconds, renew=self._renew_seconds
                ) as lease:
                    self._metrics.lane(LANE, LaneState.RUNNING)
                    self._lease = lease
                    self._log.info(Said.FOLD_HELD, epoch=lease.last_fence.epoch)
                    while True:
                        async with self._turn:
                            folded = await self.fold_once(lease)
                            if self._forgetting is not None:
                                await self._forgetting.step(lease)
                            told = await self.tell_once(lease)
                        if not told and not folded:
                            await self._ledger.signals.wait(EVENTS, self._clock, LOOK_AGAIN)
            except LedgerError as failure:
                self._log.warning(Said.FOLD_INTERRUPTED, reason=failure.message)
                await self._clock.sleep(LOOK_AGAIN)
            finally:
                self._lease = None
                self._metrics.lane(LANE, LaneState.STOPPED)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Fence | None]:
        """Keep the lane from folding, for a moment, so that others may change leads.

        Yields the proof of holding the lane, None while this process does not fold.

        Raises:
            FenceLostError: the lease has run out.

        """
        async with self._turn:
            yield None if self._lease is None else self._lease.fence

    async def fold_once(self, lease: Lease) -> int:
        """Fold one batch; return how many events it took."""
        stored = await self._ledger.unfolded(self._steps.size)
        if stored:
            started = time.perf_counter()
            await self._fold(lease, stored)
            self._metrics.fold_seconds.observe(time.perf_counter() - started)
            lag = self._clock.now() - stored[0].received_at
            self._metrics.fold_lag_seconds.set(max(0.0, lag / 1000))
        return len(stored)

    async def tell_once(self, lease: Lease) -> bool:
        """Tell some leads what was learned of a code they came through; return False where all know."""
        untold = await self._ledger.untold(self._steps.size)
        if untold is None:
            return False
        known = await self._ledger.lead_states(untold.leads)
        news = tell(untold.code, untold.memory, known, below=untold.below)
        commit = build(
            news,
            known,
            destinations=self._destinations(),
            rules=self._rules,
            fence=lease.fence,
            now=self._clock.now(),
        )
        self._steps.took(await self._ledger.commit_fold(commit), len(untold.leads))
        return True

    async def _fold(self, lease: Lease, stored: Sequence[StoredEvent]) -> None:
        try:
            await self._fold_batch(lease, stored)
        except LedgerError:
            raise
        except Exception as failure:
            if len(stored) == 1:
                await self._set_aside(lease, stored[0], failure)
                return
            middle = len(stored) // 2
            await self._fold(lease, stored[:middle])
            await self._fold(lease, stored[middle:])

    async def _fold_batch(self, lease: Lease, stored: Sequence[StoredEvent]) -> None:
        commit = await work_out(
            self._ledger,
            stored,
            policy=self._policy,
            rules=self._rules,
            destinations=self._destinations(),
            fence=lease.fence,
            now=self._clock.now(),
        )
        resolution = commit.resolution
        self._steps.took(await self._ledger.commit_fold(commit), len(stored))
        for state, count in Counter(state for state, *_ in commit.events.values()).items():
            self._metrics.events_folded.labels(state.value).inc(count)
        if resolution.refused:
            findings = [self._refusal(*refused) for refused in resolution.refused]
            await self._ledger.note_findings(findings)
            for found in findings:
                self._metrics.finding(found.code, found.connection)

    async def _set_aside(self, lease: Lease, event: StoredEvent, failure: Exception) -> None:
        reason = f"{type(failure).__name__}: {failure}"
        self._log.warning(Said.EVENT_FAILED, id=event.id, type=event.type, failure=type(failure).__name__)
        await self._ledger.mark_events(lease.fence, [event.id], EventState.FAILED, reason)
        self._metrics.events_folded.labels(EventState.FAILED.value).inc()

    def _refusal(self, name: object, holder: int, other: int) -> FindingRow:
        found = IDENTITY_REFUSED.found(
            f"Lead {holder} and {other or 'another person'} state one identity, with two user ids.",
            subject=f"lead {holder}",
        )
        return FindingRow.of(found, now=self._clock.now())


async def work_out(
    ledger: Views,
    stored: Sequence[StoredEvent],
    *,
    policy: Policy,
    rules: Rules,
    destinations: Sequence[Destination],
    fence: Fence,
    now: int,
) -> FoldCommit:
    """Return what follows from events, beside what the ledger knows; nothing is stored.

    Raises:
        ValueError: the body of one of them cannot be read.

    """
    events = [read(row, rules.further) for row in stored]
    needs = needs_of(events, policy, rules.further)
    resolution = resolve(events, await ledger.view(needs), policy)
    known = await ledger.lead_states(sorted(touched(resolution)))
    return build(resolution, known, destinations=destinations, rules=rules, fence=fence, now=now)


def read(row: StoredEvent, further: Collection[str]) -> Event:
    """Return a stored event as the fold sees it, with the attributes `further`.

    Raises:
        ValueError: its body cannot be read.

    """
    registered = row.type == REGISTRATION
    decoded = decode_registration(row.body) if registered else decode(row.body, further)
    if decoded.problem is not None:
        raise ValueError(decoded.problem)
    return as_event(row, decoded.facts)
