"""A sync lane: takes what is due for one connection, a few batches at a time.

A lane that cannot go on pauses, says why, and loses nothing: its leads stay due. It holds nobody
else up, since every connection has a lane of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from afterclick.clock import Clock
from afterclick.errors import LedgerError
from afterclick.host.caller import Called, Caller
from afterclick.ledger.api import Ledger
from afterclick.ledger.claims import Claim
from afterclick.ledger.lease import Lease
from afterclick.ledger.rows import Due
from afterclick.ledger.signal import syncs
from afterclick.ledger.told import FindingRow
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger
from afterclick.observe.metrics import LaneState, Metrics
from afterclick.plugin.errors import CallFailed, LaneStop, NotAuthorized, Throttled
from afterclick.plugin.findings import Finding
from afterclick.plugin.types import Record
from afterclick.syncing.batch import Pass, PassRules
from afterclick.syncing.breaker import PROBE, Breaker
from afterclick.syncing.expiry import Expiry
from afterclick.syncing.findings import STOPS, of_stop
from afterclick.syncing.observing import ObservingPass
from afterclick.syncing.person import Mapped
from afterclick.syncing.report import Report

LOOK_AGAIN = 5.0
"""Seconds after which a lane looks even without a signal."""

UNAUTHORIZED_PAUSE, MISCONFIGURED_PAUSE, UNREACHABLE_PAUSE = 60.0, 30.0, 10.0
LONGEST_PAUSE = 86_400.0


@dataclass(frozen=True, slots=True)
class LaneRules:
    """How a lane works: batches at a time, how early (ms) a due lead may travel along, lease in seconds.

    One that `observes` notes what it would write, and writes nothing.
    """

    in_flight: int = 2
    horizon: int = 500
    lease: float = 10.0
    renew: float = 3.0
    observes: bool = False


class SyncLane:
    """The lane of one connection."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        caller: Caller,
        *,
        mapped: Mapped,
        rules: PassRules,
        lane: LaneRules,
        metrics: Metrics,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._caller = caller
        self._mapped = mapped
        self._rules = rules
        self._lane = lane
        self._metrics = metrics
        self.connection = caller.ctx.connection
        self.name = f"sync:{self.connection}"
        self._signal = syncs(self.connection)
        self._log = get_logger("sync", connection=self.connection)
        self._breaker = Breaker()
        self._expiry = self._make_expiry()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flying: dict[int, tuple[int, ...]] = {}
        self._turn = asyncio.Lock()
        self._connected = False
        self._lease: Lease | None = None
        self._active = LaneState.OBSERVING if lane.observes else LaneState.RUNNING
        self._paused_until = 0.0
        self._pause_noted = False
        self._recovered = False
        self._stopping = False

    async def run(self) -> None:
        """Sync until cancelled; take the lane again whenever it was lost."""
        holder, seconds = self._ledger.holder, self._lane.lease
        while not self._stopping:
            try:
                self._show(LaneState.WAITING)
                lease = Lease(self._ledger, self._clock, self.name, holder, seconds=seconds)
                async with lease:
                    self._lease = lease
                    self._log.info(Said.LANE_HELD, epoch=lease.last_fence.epoch)
                    try:
                        await self._serve(lease)
                    finally:
                        self._lease = None
                        await self._end_tasks()
            except LedgerError as failure:
                self._log.warning(Said.LANE_INTERRUPTED, reason=failure.message)
                await self._clock.sleep(1.0)
            except Exception as failure:
                # A fault of ours: a lane that ended would take the whole service with it.
                reason = f"a fault inside Afterclick: {type(failure).__name__}"
                self._log.warning(Said.LANE_INTERRUPTED, reason=reason, exc_info=failure)
                await self._clock.sleep(UNREACHABLE_PAUSE)
            finally:
                self._show(LaneState.STOPPED)

    def stop(self) -> None:
        """Take nothing more; batches in flight are finished."""
        self._stopping = True
        self._ledger.signals.give(self._signal)

    @property
    def settles(self) -> float:
        """Return the seconds after which no write can land any more that was begun before."""
        return self._rules.settle

    @property
    def erases(self) -> bool:
        """Tell whether records can be erased here: the plugin can, and the lane may write."""
        return self._caller.plugin.has("erase") and not self._lane.observes

    async def erase(self, record: Record) -> Called | None:
        """Let the plugin erase a record; None while the lane cannot: it pauses, or is not connected.

        Raises:
            FenceLostError: another process has the lane by now; nothing was sent.

        """
        lease = self._lease
        if lease is None or not self._connected or self._paused_until > self._clock.elapsed():
            return None
        _ = lease.fence
        called = await self._caller.batch("erase", records=[record])
        if called.stop is not None:
            await self._stop_for(lease, called.stop)
        return called

    async def claim(self, claims: Mapping[int, Claim]) -> Mapping[int, str] | None:
        """Give leads records, between two batches; return why some were refused.

        None where another process has the lane. One that a batch is at is refused: it may be making a record.

        Raises:
            FenceLostError: another process has the lane by now; nothing was stored.

        """
        async with self._turn:
            lease = self._lease
            if lease is None:
                return None
            busy = {lead for person in self._flying.values() for lead in person}
            free = {lead: wish for lead, wish in claims.items() if lead not in busy}
            refused = await self._ledger.claim(lease.fence, self.connection, free, now=self._clock.now())
            return {**refused, **dict.fromkeys(claims.keys() & busy, "the lane is at it just now")}

    async def _serve(self, lease: Lease) -> None:
        await self._forget_observations(lease)
        while not self._stopping:
            if not await self._ready(lease):
                continue
            if await self._begin(lease):
                continue
            if self._tasks or self._expiry is None:
                await self._ledger.signals.wait(self._signal, self._clock, await self._until_due())
            elif not await self._expiry.step():
                wait = min(await self._until_due(), self._expiry.wait)
                await self._ledger.signals.wait(self._signal, self._clock, wait)
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _begin(self, lease: Lease) -> bool:
        """Begin a batch; tell whether there was something due."""
        async with self._turn:
            due = await self._take(lease)
            if due:
                self._start(lease, due)
            return bool(due)

    def _make_expiry(self) -> Expiry | None:
        rules = self._rules
        if rules.expire is None or not rules.retires:
            return None
        return Expiry(self._ledger, self._clock, self.connection, expire=rules.expire, most=rules.batch)

    async def _forget_observations(self, lease: Lease) -> None:
        """See to it that a lane that may write finds everything due that was only observed before."""
        if self._lane.observes:
            return
        forgotten = 0
        while count := await self._ledger.forget_observations(lease.fence, self.connection):
            forgotten += count
        if forgotten:
            self._log.info(Said.OBSERVED_IS_DUE, leads=forgotten)

    async def _take(self, lease: Lease) -> Sequence[Due]:
        if len(self._tasks) >= (1 if self._breaker.failures else self._lane.in_flight):
            return ()
        now = self._clock.now()
        return await self._ledger.take(
            lease.fence,
            self.connection,
            now=now,
            horizon=now + self._lane.horizon,
            limit=self._breaker.batch(self._rules.batch),
            besides=[lead for person in self._flying.values() for lead in person],
            wait_ms=int(self._rules.settle * 1000),
        )

    async def _until_due(self) -> float:
        """Return the seconds until there may be work; a batch that ends gives the signal before."""
        due_at = await self._ledger.next_due(self.connection)
        if due_at is None and not self._tasks:
            await self._recover()
        if due_at is None or len(self._tasks) >= self._lane.in_flight:
            return LOOK_AGAIN
        wait = (due_at - self._clock.now()) / 1000
        # What is due already and was not taken is in flight, or waits for a write that may still land.
        return min(LOOK_AGAIN, wait) if wait > 0 else 1.0

    def _start(self, lease: Lease, due: Sequence[Due]) -> None:
        for one in due:
            self._flying[one.lead.id] = (one.lead.id, *(row.lead for row in one.joined))
        task = asyncio.create_task(self._batch(lease, due), name=f"batch {self.connection}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _batch(self, lease: Lease, due: Sequence[Due]) -> None:
        work = (ObservingPass if self._lane.observes else Pass)(
            self._ledger,
            self._clock,
            self._caller,
            lease,
            mapped=self._current(),
            rules=self._rules,
            metrics=self._metrics,
        )
        try:
            await self._heed(lease, await work.run(due))
        except LedgerError as failure:
            self._log.warning(Said.BATCH_INTERRUPTED, reason=failure.message)
        except Exception as failure:
            # A fault of ours: the leads stay due and the lane goes on, more slowly.
            self._log.warning(Said.BATCH_FAILED, failure=type(failure).__name__, exc_info=failure)
            await self._pause(lease, UNREACHABLE_PAUSE, "a batch failed inside Afterclick; see the log")
        finally:
            for one in due:
                self._flying.pop(one.lead.id, None)
            self._ledger.signals.give(self._signal)

    def _current(self) -> Mapped:
        """Return the mapping with the fields as `connect` left them."""
        ctx = self._caller.ctx
        return msgspec.structs.replace(self._mapped, fields=ctx.fields, zone=ctx.zone)

    async def _heed(self, lease: Lease, report: Report) -> None:
        """Count what was synced, and pause if the CRM asks for it or does not work."""
        self._metrics.leads_synced.labels(self.connection).inc(report.synced)
        if report.stop is not None:
            await self._stop_for(lease, report.stop)
        elif report.failed or report.broken >= PROBE:
            seconds = self._breaker.failed()
            if seconds:
                reason = "the CRM does not answer" if report.failed else "the plugin fails for every lead"
                await self._pause(lease, seconds, reason)
        elif report.answered:
            self._breaker.succeeded()
            await self._recover()

    async def _stop_for(self, lease: Lease, stop: LaneStop) -> None:
        if isinstance(stop, Throttled):
            await self._pause(lease, stop.after, f"limit {stop.scope}: {stop.reason}")
            return
        self._connected = False
        unauthorized = isinstance(stop, NotAuthorized)
        await self._pause(lease, UNAUTHORIZED_PAUSE if unauthorized else MISCONFIGURED_PAUSE, stop.reason)
        await self._tell(stop)

    async def _tell(self, stop: LaneStop) -> None:
        """Tell the operator why the lane waits, and what to do."""
        self._recovered = False
        row = FindingRow.of(self._finding(stop), connection=self.connection, now=self._clock.now())
        await self._ledger.note_findings([row])
        self._metrics.finding(row.code, self.connection)
        self._log.warning(Said.FINDING, code=row.code, message=row.message, remedy=row.remedy)

    def _finding(self, stop: LaneStop) -> Finding:
        """Return the plugin's own finding where it declares the kind: then a check can close it."""
        kind, found = of_stop(stop), stop.finding
        if found is None:
            return kind.found(stop.reason)
        if any(known.code == found.code for known in self._caller.plugin.info.findings):
            return msgspec.structs.replace(found, level="error")
        return kind.found(found.message, remedy=found.remedy, subject=found.subject)

    async def _recover(self) -> None:
        """Close what was told of a lane that waits: it is connected, and the CRM takes what it gets."""
        if self._recovered:
            return
        self._recovered = True
        codes = {kind.code for kind in STOPS}
        changes = await self._ledger.replace_findings(self.connection, codes, (), now=self._clock.now())
        for row in changes.closed:
            self._log.info(Said.FINDING_CLOSED, code=row.code, message=row.message)

    # Pausing and connecting.

    async def _ready(self, lease: Lease) -> bool:
        """Wait out a pause and see to it that the plugin is connected."""
        wait = self._paused_until - self._clock.elapsed()
        if wait > 0:
            self._show(LaneState.PAUSED)
            await self._ledger.signals.wait(self._signal, self._clock, min(wait, LOOK_AGAIN))
            return False
        if self._pause_noted:
            self._pause_noted = False
            self._log.info(Said.LANE_RESUMED)
            self._show(self._active)
            await self._ledger.pause(lease.fence, until=None, reason=None)
        return self._connected or await self._connect(lease)

    async def _connect(self, lease: Lease) -> bool:
        # `connect` may narrow the fields to what the account has; it looks again each time.
        self._caller.ctx.fields, self._caller.ctx.zone = self._mapped.fields, self._mapped.zone
        try:
            self._caller.ctx.client = await self._caller.single("connect")
        except LaneStop as stop:
            await self._stop_for(lease, stop)
        except (CallFailed, TimeoutError) as failure:
            self._breaker.failed()
            reason = getattr(failure, "reason", "") or "it did not answer in time"
            await self._pause(lease, UNREACHABLE_PAUSE, f"cannot connect: {reason}")
        except Exception as failure:
            self._log.warning(Said.CONNECT_FAILED, failure=type(failure).__name__, exc_info=failure)
            reason = f"the plugin's connect failed: {type(failure).__name__}"
            await self._pause(lease, UNAUTHORIZED_PAUSE, reason)
        else:
            self._connected = True
            self._log.info(Said.LANE_CONNECTED)
            self._show(self._active)
        return self._connected

    async def _pause(self, lease: Lease, seconds: float, reason: str) -> None:
        seconds = min(seconds, LONGEST_PAUSE)
        until = self._clock.elapsed() + seconds
        if until <= self._paused_until:
            return
        self._paused_until = until
        self._pause_noted = True
        self._show(LaneState.PAUSED)
        self._log.info(Said.LANE_PAUSED, seconds=round(seconds, 3), reason=reason)
        wall = self._clock.now() + int(seconds * 1000)
        await self._ledger.pause(lease.last_fence, until=wall, reason=reason)

    async def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        # A task that was cancelled before its first step could not do that itself.
        self._flying.clear()
        if self._connected:
            self._connected = False
            try:
                await self._caller.single("disconnect")
            except Exception as failure:
                self._log.warning(Said.DISCONNECT_FAILED, failure=type(failure).__name__)

    def _show(self, state: LaneState) -> None:
        self._metrics.lane(self.name, state)
