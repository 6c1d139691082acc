"""The SQLite ledger: every method hands its work to the writing or the reading thread."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import apsw

from afterclick.clock import Clock
from afterclick.errors import LedgerError
from afterclick.ledger.claims import Claim
from afterclick.ledger.observations import Observation
from afterclick.ledger.operations import Advance, Kind, Operation, Refold, Selection, Terms
from afterclick.ledger.rows import (
    Adoption,
    Arrival,
    Attempt,
    ConnectionRow,
    Due,
    EventState,
    Fence,
    FoldCommit,
    KnownRecord,
    LaneRow,
    NewEvent,
    Sending,
    Settle,
    Settled,
    StoredEvent,
    SyncState,
    Untold,
)
from afterclick.ledger.signal import EVENTS, OPERATIONS, Signals
from afterclick.ledger.signal import syncs as syncs_signal
from afterclick.ledger.sqlite import claims as claiming
from afterclick.ledger.sqlite import findings as told
from afterclick.ledger.sqlite import (
    folds,
    forgetting,
    ingest,
    lanes,
    observations,
    operating,
    reads,
    refolding,
    syncs,
    tidying,
)
from afterclick.ledger.sqlite.database import Database, FileLock
from afterclick.ledger.sqlite.reader import SqliteReader
from afterclick.ledger.sqlite.threads import Writer
from afterclick.ledger.steps import Expiring, Pruned
from afterclick.ledger.told import FindingChanges, FindingRow, Outdated


class SqliteLedger(SqliteReader):
    """The embedded ledger. Open it with `open`; only one process may serve from a file."""

    # Whoever has the file lock is the only process there is, so it takes over lanes at once.
    holder = "embedded"

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        batch: int = 256,
        committed: Callable[[int, float], None] | None = None,
    ) -> None:
        self._clock = clock
        self.signals = Signals()
        # By source, the newest delivery, and the one that was written down last.
        self._arrived: dict[str, NewEvent] = {}
        self._noted: dict[str, NewEvent] = {}
        self._lock = FileLock(path)
        try:
            self._write = Database(path, write=True)
            self._write.migrate()
        except BaseException:
            self._lock.release()
            raise
        super().__init__(path)
        self._writer = Writer(
            "ledger-writer",
            lambda events: ingest.append(self._write, events),
            batch=batch,
            committed=committed,
        )

    @classmethod
    async def open(
        cls,
        path: Path,
        clock: Clock,
        *,
        batch: int = 256,
        committed: Callable[[int, float], None] | None = None,
    ) -> SqliteLedger:
        """Open or create a ledger. `committed` is told the rows and seconds of every group.

        Raises:
            LedgerLockedError: another process serves from it.
            LedgerSchemaError: a newer program wrote it.

        """
        return cls(path, clock, batch=batch, committed=committed)

    async def append(self, event: NewEvent) -> bool:
        new = await self._writer.append(event)
        self._arrived[event.source] = event
        if new and event.state is EventState.NEW:
            self.signals.give(EVENTS)
        return new

    async def stored(self, tie: bytes) -> StoredEvent | None:
        rows = await self._reader.do(lambda: self._read.run("stored", (tie,)))
        return folds.event_row(rows[0]) if rows else None

    async def ready(self) -> bool:
        now = str(self._clock.now()).encode()
        try:
            await self._writer.do(lambda: self._write.run("touch_meta", ("ready", now)))
        except (LedgerError, apsw.Error):
            return False
        return True

    async def secret(self, name: str) -> bytes:
        def make() -> bytes:
            self._write.run("put_meta", (f"secret:{name}", secrets.token_bytes(32)))
            value: bytes = self._write.run("meta", (f"secret:{name}",))[0][0]
            return value

        return await self._writer.do(make)

    async def acquire(self, lane: str, holder: str, *, now: int, lease_ms: int) -> LaneRow | None:
        return await self._writer.do(lambda: lanes.acquire(self._write, lane, holder, now, lease_ms))

    async def renew(self, fence: Fence, *, now: int, lease_ms: int) -> bool:
        return await self._writer.do(lambda: lanes.renew(self._write, fence, now, lease_ms))

    async def release(self, fence: Fence) -> None:
        await self._writer.do(lambda: lanes.release(self._write, fence))

    async def pause(self, fence: Fence, *, until: int | None, reason: str | None) -> None:
        await self._writer.do(lambda: lanes.pause(self._write, fence, until, reason))

    async def unfolded(self, limit: int) -> Sequence[StoredEvent]:
        return await self._reader.do(lambda: folds.unfolded(self._read, limit))

    async def untold(self, limit: int) -> Untold | None:
        return await self._reader.do(lambda: folds.untold(self._read, limit))

    async def commit_fold(self, commit: FoldCommit) -> float:
        seconds = await self._writer.do(lambda: folds.commit(self._write, commit))
        for connection in {want.connection for want in commit.wants}:
            self.signals.give(syncs_signal(connection))
        return seconds

    async def drop_stubs(self, fence: Fence, *, before: int, after: int, look: int) -> Pruned:
        return await self._writer.do(lambda: tidying.drop_stubs(self._write, fence, before, after, look))

    async def mark_events(self, fence: Fence, ids: Sequence[int], state: EventState, reason: str) -> None:
        await self._writer.do(lambda: folds.mark_events(self._write, fence, ids, state, reason))

    async def take(
        self,
        fence: Fence,
        connection: str,
        *,
        now: int,
        horizon: int,
        limit: int,
        besides: Sequence[int],
        wait_ms: int,
    ) -> Sequence[Due]:
        def take() -> list[Due]:
            return syncs.take(
                self._write,
                fence,
                connection,
                now=now,
                horizon=horizon,
                limit=limit,
                besides=besides,
                wait_ms=wait_ms,
            )

        return await self._writer.do(take)

    async def next_due(self, connection: str) -> int | None:
        def ask() -> int | None:
            at: int | None = self._read.run("next_due", (connection,))[0][0]
            return at

        return await self._reader.do(ask)

    async def grant_stubs(self, fence: Fence, connection: str, *, day: int, wanted: int, limit: int) -> int:
        return await self._writer.do(
            lambda: syncs.grant_stubs(self._write, fence, connection, day, wanted, limit)
        )

    async def expire_stubs(
        self, connection: str, *, expire: int, after: int, look: int, most: int
    ) -> Expiring:
        now = self._clock.now()
        step = partial(tidying.expire_stubs, expire=expire, after=after, look=look, most=most, now=now)
        return await self._writer.do(lambda: step(self._write, connection))

    async def adopt(self, fence: Fence, connection: str, found: Mapping[int, Adoption]) -> Mapping[int, str]:
        return await self._writer.do(lambda: syncs.adopt(self._write, fence, connection, found))

    async def claim(
        self, fence: Fence, connection: str, claims: Mapping[int, Claim], *, now: int
    ) -> Mapping[int, str]:
        refused = await self._writer.do(lambda: claiming.claim(self._write, fence, connection, claims, now))
        self.signals.give(syncs_signal(connection))
        return refused

    async def note_sending(
        self,
        fence: Fence,
        connection: str,
        leads: Mapping[int, Sending],
        *,
        operation: str,
        now: int,
    ) -> Sequence[int]:
        return await self._writer.do(
            lambda: syncs.note_sending(self._write, fence, connection, leads, operation, now)
        )

    async def settle(self, fence: Fence, settles: Sequence[Settle], attempts: Sequence[Attempt]) -> Settled:
        now = self._clock.now()
        return await self._writer.do(lambda: syncs.settle(self._write, fence, settles, attempts, now))

    async def note_attempts(self, attempts: Sequence[Attempt]) -> None:
        rows = [syncs.attempt_values(attempt) for attempt in attempts]
        await self._writer.do(lambda: self._write.run_rows("put_attempt", rows))

    async def wake(self, connection: str, *, now: int) -> int:
        def wake() -> int:
            parked: int = self._write.run("count_set_aside", (connection, SyncState.PARKED.value, -1))[0][0]
            self._write.run("wake", (now, connection))
            for query in ("look_again", "wait_no_longer"):
                self._write.run(query, (now, connection))
            return parked

        return await self._writer.do(wake)

    async def begin_operation(
        self, kind: Kind, connection: str, selection: Selection, *, expected: int | None, now: int
    ) -> Operation:
        operation = await self._writer.do(
            lambda: operating.begin(self._write, kind, connection, selection, expected, now)
        )
        self.signals.give(OPERATIONS)
        return operation

    async def advance(self, id: int, *, look: int, most: int, terms: Terms, now: int) -> Advance | None:
        step = await self._step(
            lambda: operating.advance(self._write, id, look=look, most=most, terms=terms, now=now)
        )
        if step is not None:
            connection = step.operation.connection
            self.signals.give(syncs_signal(connection) if connection else EVENTS)
        return step

    async def commit_refold(self, refold: Refold) -> Advance | None:
        step = await self._step(lambda: refolding.commit(self._write, refold))
        for connection in {want.connection for want in refold.wants}:
            self.signals.give(syncs_signal(connection))
        return step

    async def hold_back(self, lead: int, *, now: int) -> None:
        await self._writer.do(lambda: forgetting.hold_back(self._write, lead, now))

    async def look_up(self, lead: int, *, now: int) -> None:
        await self._writer.do(lambda: forgetting.look_up(self._write, lead, now))
        for row in await self.syncs_of([lead]):
            self.signals.give(syncs_signal(row.connection))

    async def drop_records(self, connection: str, records: Sequence[KnownRecord]) -> None:
        await self._writer.do(lambda: forgetting.drop_records(self._write, connection, records))

    async def forget(self, fence: Fence, id: int, *, lead: int, look: int, now: int) -> Advance | None:
        return await self._step(
            lambda: forgetting.forget(self._write, fence, id, lead=lead, look=look, now=now)
        )

    async def _step(self, work: Callable[[], Operation | None]) -> Advance | None:
        def timed() -> Advance | None:
            started = time.perf_counter()
            after = work()
            return None if after is None else Advance(operation=after, seconds=time.perf_counter() - started)

        return await self._writer.do(timed)

    async def cancel_operation(self, id: int, *, now: int) -> Operation | None:
        def cancel() -> Operation | None:
            self._write.run("cancel_operation", (now, id))
            return operating.find(self._write, id)

        return await self._writer.do(cancel)

    async def note_observations(
        self, fence: Fence, seen: Sequence[Observation], *, again: int
    ) -> Sequence[Observation]:
        return await self._writer.do(lambda: observations.note(self._write, fence, seen, again))

    async def forget_observations(self, fence: Fence, connection: str) -> int:
        now = self._clock.now()
        return await self._writer.do(lambda: observations.forget(self._write, fence, connection, now))

    async def note_findings(self, findings: Sequence[FindingRow]) -> None:
        await self._writer.do(lambda: told.note(self._write, findings))

    async def replace_findings(
        self, connection: str, codes: Collection[str], found: Sequence[FindingRow], *, now: int
    ) -> FindingChanges:
        return await self._writer.do(lambda: told.replace(self._write, connection, codes, found, now))

    async def close_outdated(self, outdated: Outdated, *, now: int) -> Sequence[FindingRow]:
        over: list[FindingRow] = []
        last: FindingRow | None = None
        while page := await self._page(outdated, last):
            last = page[-1][0]
            closing = [row for row, outlived in page if outlived]
            await self._writer.do(partial(told.close, self._write, closing, now))
            over += closing
        return over

    async def _page(self, outdated: Outdated, last: FindingRow | None) -> list[tuple[FindingRow, bool]]:
        return await self._reader.do(lambda: told.page(self._read, outdated, last))

    async def remember_connection(self, row: ConnectionRow) -> ConnectionRow | None:
        def remember() -> ConnectionRow | None:
            before = {known.name: known for known in reads.connections(self._write)}
            values = (row.name, row.plugin, row.first_seen_at, int(row.running), row.mapping)
            self._write.run("put_connection", values)
            return before.get(row.name)

        return await self._writer.do(remember)

    async def set_plugin_state(self, connection: str, key: str, value: str) -> None:
        await self._writer.do(lambda: self._write.run("put_plugin_state", (connection, key, value)))

    async def arrivals(self) -> Mapping[str, Arrival]:
        written = await super().arrivals()
        return {**written, **{name: _arrival(event) for name, event in self._arrived.items()}}

    async def note_arrivals(self) -> None:
        arrived = dict(self._arrived)
        changed = [event for name, event in arrived.items() if self._noted.get(name) is not event]
        if changed:
            rows = [(event.source, event.received_at, event.type) for event in changed]
            await self._writer.do(lambda: self._write.run_rows("put_source", rows))
            self._noted = arrived

    async def tidy(self) -> int:
        steps = tidying.steps(self._clock.now())
        return sum([await self._writer.do(partial(self._write.change, *step)) for step in steps])

    async def prune(self, *, before: int, after: int, look: int) -> Pruned:
        return await self._writer.do(lambda: tidying.prune(self._write, before, after, look))

    async def close(self) -> None:
        with suppress(LedgerError):
            await self.note_arrivals()
        await self._writer.do(self._write.checkpoint)
        await self._writer.close()
        await super().close()
        self._write.close()
        self._lock.release()


def _arrival(event: NewEvent) -> Arrival:
    return Arrival(event.received_at, event.type)
