"""Reading a ledger beside the process that serves from it: what commands and metrics need."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from afterclick.errors import LedgerError, LedgerOutdatedError
from afterclick.ledger.claims import Living
from afterclick.ledger.observations import Asked, Observation, ObservationCount
from afterclick.ledger.operations import Belongings, Kind, Operation, Page, Picked, Selection, Terms
from afterclick.ledger.queries import migrations
from afterclick.ledger.rows import (
    Arrival,
    Attempt,
    ConnectionRow,
    EventState,
    LaneRow,
    LeadRow,
    Referrer,
    StoredEvent,
    SyncRow,
    Totals,
)
from afterclick.ledger.sqlite import (
    claims,
    findings,
    folds,
    forgetting,
    lanes,
    observations,
    operating,
    reads,
    refolding,
    syncs,
    tidying,
)
from afterclick.ledger.sqlite.database import Database
from afterclick.ledger.sqlite.threads import Worker
from afterclick.ledger.steps import Stubs
from afterclick.ledger.told import FindingRow
from afterclick.model.memory import LinkMemory
from afterclick.model.view import Needs, View


class SqliteReader:
    """A ledger that is only read: it takes no lock and can run beside a serving process."""

    def __init__(self, path: Path, *, still: bool = False) -> None:
        self._path = path
        self._read = Database(path, write=False, still=still)
        self._reader = Worker("ledger-reader")

    @classmethod
    async def open_reader(cls, path: Path) -> SqliteReader:
        """Open an existing ledger for reading.

        It writes nothing. Where nobody has the ledger open it makes no file beside it either.

        Raises:
            LedgerError: there is none, or it cannot be read.
            LedgerSchemaError: another version of this program wrote it.

        """
        if not await asyncio.to_thread(path.exists):
            raise LedgerError(
                f"there is no ledger at {path}",
                hint="Start `afterclick serve` first, or name the ledger with AFTERCLICK_LEDGER__URL.",
            )
        still = not await asyncio.to_thread(path.with_name(path.name + "-wal").exists)
        reader = SqliteReader(path, still=still)
        try:
            await reader._reader.do(reader._check)
        except BaseException:
            await reader.close()
            raise
        return reader

    def _check(self) -> None:
        schema, newest = self._read.schema(), migrations("sqlite")[-1][0]
        if schema < newest:
            raise LedgerOutdatedError(
                f"the ledger has schema {schema}, this program works with {newest}",
                hint="Start `afterclick serve`: it brings the ledger up to date.",
            )

    async def view(self, needs: Needs) -> View:
        return await self._reader.do(lambda: folds.view(self._read, needs))

    async def lead_states(self, leads: Sequence[int]) -> Mapping[int, LeadRow]:
        return await self._reader.do(lambda: folds.leads(self._read, leads))

    async def behind(self, leads: Sequence[int]) -> Mapping[int, int]:
        """Return the leads that joined these, each with the living one it joined."""
        return await self._reader.do(lambda: dict(self._read.run("persons", (folds.ids(leads),))))

    async def holder_of(self, connection: str, kind: str, id: str) -> int | None:
        """Return the living lead that a CRM record belongs to, None if it is nobody's."""
        rows = await self._reader.do(lambda: self._read.run("holder_of_record", (connection, kind, id)))
        return rows[0][0] if rows else None

    async def was_received(self, bucket: int, tie: bytes) -> bool:
        """Tell whether a delivery with this dedupe key came before."""
        return bool(await self._reader.do(lambda: self._read.run("was_seen", (bucket, tie))))

    async def known_secret(self, name: str) -> bytes | None:
        """Return the ledger's secret of that name, None if none was made yet."""
        rows = await self._reader.do(lambda: self._read.run("meta", (f"secret:{name}",)))
        return rows[0][0] if rows else None

    async def lanes(self) -> Sequence[LaneRow]:
        return await self._reader.do(lambda: [lanes.lane_row(row) for row in self._read.run("lanes")])

    async def totals(self, connections: Sequence[str], *, now: int) -> Totals:
        return await self._reader.do(lambda: reads.totals(self._read, self._path, connections, now))

    async def count_stubs(self, *, before: int) -> Sequence[Stubs]:
        return await self._reader.do(lambda: tidying.count_stubs(self._read, before))

    async def count_due(self, connection: str, *, now: int, most: int) -> int:
        count: int = (await self._reader.do(lambda: self._read.run("count_due", (connection, now, most))))[0][
            0
        ]
        return count

    async def count_unfolded(self, *, most: int) -> int:
        count: int = (await self._reader.do(lambda: self._read.run("count_unfolded", (most,))))[0][0]
        return count

    async def events(
        self, *, limit: int, state: EventState | None = None, lead: int | None = None
    ) -> Sequence[StoredEvent]:
        return await self._reader.do(lambda: reads.events(self._read, limit=limit, state=state, lead=lead))

    async def event(self, id: int) -> StoredEvent | None:
        rows = await self._reader.do(lambda: self._read.run("event", (id,)))
        return folds.event_row(rows[0]) if rows else None

    async def leads(self, *, limit: int, search: str | None = None) -> Sequence[LeadRow]:
        return await self._reader.do(lambda: reads.leads(self._read, limit=limit, search=search))

    async def syncs_of(self, leads: Sequence[int]) -> Sequence[SyncRow]:
        rows = await self._reader.do(lambda: self._read.run("syncs_of_leads", (folds.ids(leads),)))
        return [syncs.sync_row(row) for row in rows]

    async def referrers(self, users: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Referrer]:
        return await self._reader.do(lambda: reads.referrers(self._read, users))

    async def link(self, space: str, prefix: str, token: str) -> LinkMemory | None:
        return await self._reader.do(lambda: folds.link(self._read, space, prefix, token))

    async def event_counts(self) -> Mapping[tuple[str, str], int]:
        rows = await self._reader.do(lambda: self._read.run("event_counts"))
        return {(type, state): count for type, state, count in rows}

    async def attempts(self, *, limit: int, connection: str | None = None) -> Sequence[Attempt]:
        return await self._reader.do(lambda: reads.attempts(self._read, limit=limit, connection=connection))

    async def arrivals(self) -> Mapping[str, Arrival]:
        return await self._reader.do(lambda: reads.arrivals(self._read))

    async def milestones(self) -> Sequence[str]:
        return await self._reader.do(lambda: [name for (name,) in self._read.run("milestones")])

    async def findings(self, *, limit: int = 10_000) -> Sequence[FindingRow]:
        return await self._reader.do(lambda: findings.every(self._read, limit))

    async def running_operations(self) -> Sequence[Operation]:
        return await self._reader.do(lambda: operating.running(self._read))

    async def operations(self, *, limit: int) -> Sequence[Operation]:
        return await self._reader.do(lambda: operating.newest(self._read, limit))

    async def operation(self, id: int) -> Operation | None:
        return await self._reader.do(lambda: operating.find(self._read, id))

    async def count_operation(
        self, kind: Kind, connection: str, selection: Selection, *, terms: Terms, after: int, look: int
    ) -> tuple[int, int | None]:
        return await self._reader.do(
            lambda: operating.count(
                self._read, kind, connection, selection, terms=terms, after=after, look=look
            )
        )

    async def picked(self, operation: Operation, *, look: int) -> Picked:
        return await self._reader.do(lambda: operating.picked(self._read, operation, look))

    async def folded_events(self, leads: Sequence[int], *, after: int, look: int) -> Sequence[StoredEvent]:
        return await self._reader.do(lambda: refolding.events(self._read, leads, after, look))

    async def belongings(self, lead: int) -> Belongings | None:
        return await self._reader.do(lambda: forgetting.belongings(self._read, lead))

    async def living(self, connection: str, *, after: int, look: int) -> Sequence[Living]:
        return await self._reader.do(lambda: claims.living(self._read, connection, after, look))

    async def known_records(
        self, connection: str, records: Sequence[tuple[str, str]]
    ) -> frozenset[tuple[str, str]]:
        return await self._reader.do(lambda: claims.known_records(self._read, connection, records))

    async def set_aside(self, connection: str, *, after: int, look: int) -> Page:
        return await self._reader.do(
            lambda: operating.set_aside(self._read, connection, after=after, look=look)
        )

    async def observations(self, connection: str, asked: Asked) -> Sequence[Observation]:
        return await self._reader.do(lambda: observations.listed(self._read, connection, asked))

    async def observation_counts(self) -> Sequence[ObservationCount]:
        return await self._reader.do(lambda: observations.counts(self._read))

    async def connections(self) -> Sequence[ConnectionRow]:
        return await self._reader.do(lambda: reads.connections(self._read))

    async def plugin_state(self, connection: str, key: str) -> str | None:
        rows = await self._reader.do(lambda: self._read.run("plugin_state", (connection, key)))
        return rows[0][0] if rows else None

    async def close(self) -> None:
        await self._reader.close()
        self._read.close()
