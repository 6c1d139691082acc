"""What every ledger does: SQLite embedded, PostgreSQL for several replicas.

Everything is asynchronous and in batches. Writes that belong to a lane carry its `Fence` and raise
`FenceLostError` where another process took the lane over. A write has committed, durably, when the
call returns.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from afterclick.ledger.claims import Claims
from afterclick.ledger.observations import Asked, Observation, ObservationCount
from afterclick.ledger.operating import Operations
from afterclick.ledger.reads import Reads, Referrers
from afterclick.ledger.rows import (
    Adoption,
    Attempt,
    ConnectionRow,
    Due,
    EventState,
    Fence,
    FoldCommit,
    LaneRow,
    LeadRow,
    NewEvent,
    Sending,
    Settle,
    Settled,
    StoredEvent,
    Untold,
)
from afterclick.ledger.signal import Signals
from afterclick.ledger.steps import Expiring, Pruned
from afterclick.ledger.told import FindingChanges, FindingRow, Outdated
from afterclick.model.view import Needs, View


class Ingest(Protocol):
    """What the receiver needs."""

    async def append(self, event: NewEvent) -> bool:
        """Store a delivery durably, together with whoever waits just now.

        Returns False where its dedupe key was seen before: nothing is stored then.

        Raises:
            LedgerError: it could not be stored.

        """
        ...

    async def stored(self, tie: bytes) -> StoredEvent | None:
        """Return the event of a dedupe key in bucket 0, or None if it is not kept (any more)."""
        ...

    async def ready(self) -> bool:
        """Tell whether a delivery could be stored now, by storing something."""
        ...

    async def secret(self, name: str) -> bytes:
        """Return 32 random bytes, made once per ledger: the key of the address hashes."""
        ...


class Lanes(Protocol):
    """Who does which job in the cluster."""

    async def acquire(self, lane: str, holder: str, *, now: int, lease_ms: int) -> LaneRow | None:
        """Take a lane that is free or expired and raise its epoch; None while another holds it."""
        ...

    async def renew(self, fence: Fence, *, now: int, lease_ms: int) -> bool:
        """Prolong a lease; False if the lane is another's by now."""
        ...

    async def release(self, fence: Fence) -> None:
        """Give a lane back at once."""
        ...

    async def pause(self, fence: Fence, *, until: int | None, reason: str | None) -> None:
        """Note that a lane waits, and why; None ends the pause."""
        ...

    async def lanes(self) -> Sequence[LaneRow]:
        """Return all lanes."""
        ...


class Views(Protocol):
    """What is known already when events are folded."""

    async def view(self, needs: Needs) -> View:
        """Return what a batch has to know before it can be resolved."""
        ...

    async def lead_states(self, leads: Sequence[int]) -> Mapping[int, LeadRow]:
        """Return leads by id; unknown ids are left out."""
        ...


class Folds(Views, Protocol):
    """What the fold lane needs."""

    async def unfolded(self, limit: int) -> Sequence[StoredEvent]:
        """Return new events, oldest first."""
        ...

    async def commit_fold(self, commit: FoldCommit) -> float:
        """Store a batch: events, leads, identities, journeys, memories and syncs, in one transaction.

        Returns the seconds that its statements kept other writers out. What the disk takes to commit
        is left out: a smaller batch takes as long.

        Raises:
            FenceLostError: another process folds now; nothing was stored.

        """
        ...

    async def untold(self, limit: int) -> Untold | None:
        """Return leads that do not know yet what was learned of a code they came through, if there are."""
        ...

    async def mark_events(self, fence: Fence, ids: Sequence[int], state: EventState, reason: str) -> None:
        """Set events aside, such as one that cannot be folded."""
        ...

    async def drop_stubs(self, fence: Fence, *, before: int, after: int, look: int) -> Pruned:
        """Look at the next `look` stubs by id from the one after `after`; drop those that are over.

        Over is one that has not changed since `before` (ms), has no open journey and no record in a CRM.
        Its events stay and are nobody's. In the fold's own lane, so that none is dropped while an event
        is being given to it.
        """
        ...


class Passes(Referrers, Protocol):
    """What a pass over due persons needs."""

    async def grant_stubs(self, fence: Fence, connection: str, *, day: int, wanted: int, limit: int) -> int:
        """Return how many of `wanted` stubs may be made, so that no `day` (since 1970) sees over `limit`.

        What was granted is counted at once, so that no crash lets more through.
        """
        ...

    async def adopt(self, fence: Fence, connection: str, found: Mapping[int, Adoption]) -> Mapping[int, str]:
        """Give leads the records that were found for them.

        Rows of leads joined to it give theirs up. Returns, for the leads that were refused, the
        reason: a record that another person's row holds is never shared.
        """
        ...

    async def note_sending(
        self,
        fence: Fence,
        connection: str,
        leads: Mapping[int, Sending],
        *,
        operation: str,
        now: int,
    ) -> Sequence[int]:
        """Mark leads immediately before a write call.

        Returns those whose row still has that person: a lead that joined another in the meantime
        must not be written.
        """
        ...

    async def settle(self, fence: Fence, settles: Sequence[Settle], attempts: Sequence[Attempt]) -> Settled:
        """Store what a pass learned.

        Where the fence was lost the records are stored all the same and the leads become due again. A
        record that another person has is not taken: its lead is held.
        """
        ...

    async def note_findings(self, findings: Sequence[FindingRow]) -> None:
        """Add findings, or count them again."""
        ...


class Syncs(Passes, Protocol):
    """What a sync lane needs."""

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
        """Return due persons and raise their `tries`.

        Those never tried before count as due up to `horizon`, so that what becomes due within a
        moment goes out in one call.
        `besides` are the leads in flight. A person whose write may still land (marked `sending`
        less than `wait_ms` ago) is not taken but becomes due at that moment.
        """
        ...

    async def expire_stubs(
        self, connection: str, *, expire: int, after: int, look: int, most: int
    ) -> Expiring:
        """Look at the next `look` stubs by id from the one after `after`; make up to `most` of them due.

        Due become those that have not changed for `expire` (ms), have a record that we made, and were not
        looked at since: a pass then decides whether it may go. Whoever is set aside stays so.
        """
        ...

    async def next_due(self, connection: str) -> int | None:
        """Return when the next sync is due, in milliseconds, or None if none is."""
        ...

    async def note_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Store attempts that belong to no settle."""
        ...

    async def wake(self, connection: str, *, now: int) -> int:
        """Make parked syncs of a connection active and due, after its mapping changed.

        What was only observed or put off is looked at again. Returns how many were parked.
        """
        ...


class Observations(Protocol):
    """What a sync lane needs that only observes, and what is shown of it."""

    async def note_observations(
        self, fence: Fence, seen: Sequence[Observation], *, again: int
    ) -> Sequence[Observation]:
        """Store what would have been written, in place of what was seen of the leads before.

        The leads are not due before `again` (milliseconds), unless they changed meanwhile. What the
        CRM has, whose records are and the marks of writes stay as they are. Returns the observations
        as stored: a record that another person has, or would have, makes one `shared`.
        """
        ...

    async def forget_observations(self, fence: Fence, connection: str) -> int:
        """Make leads due that were only observed, and drop what was seen; return how many.

        Does a little at a time. A lane that may write calls it until it is 0.
        """
        ...

    async def observations(self, connection: str, asked: Asked) -> Sequence[Observation]:
        """Return observations of living leads, by lead."""
        ...

    async def observation_counts(self) -> Sequence[ObservationCount]:
        """Return what would be done, counted."""
        ...


class Ledger(Ingest, Lanes, Folds, Syncs, Observations, Operations, Claims, Reads, Protocol):
    """The whole store. `holder` names this process among those that share it; `signals` tell of new work."""

    holder: str
    signals: Signals

    async def remember_connection(self, row: ConnectionRow) -> ConnectionRow | None:
        """Store a connection's row; returns the one that was there before."""
        ...

    async def replace_findings(
        self, connection: str, codes: Collection[str], found: Sequence[FindingRow], *, now: int
    ) -> FindingChanges:
        """Make `found` the only open findings of these codes at a connection, and close the others."""
        ...

    async def close_outdated(self, outdated: Outdated, *, now: int) -> Sequence[FindingRow]:
        """Close what is over by the ledger's own rows, a little at a time; return it."""
        ...

    async def plugin_state(self, connection: str, key: str) -> str | None:
        """Return a value of a plugin's durable state."""
        ...

    async def set_plugin_state(self, connection: str, key: str, value: str) -> None:
        """Store a value of a plugin's durable state."""
        ...

    async def note_arrivals(self) -> None:
        """Write down the newest delivery of each source; call it now and then, and it costs no delivery."""
        ...

    async def tidy(self) -> int:
        """Forget a little of what is kept for a time only; return how many rows. Call until it is 0.

        Address hashes go after 48 hours, journeys when nothing can join them any more, attempts,
        closed findings, observations and the memory of deliveries after 30 days.
        """
        ...

    async def prune(self, *, before: int, after: int, look: int) -> Pruned:
        """Look at the next `look` events by id from the one after `after`; drop those that are old enough.

        Old enough is what was received before `before` (ms). An event that is not folded, or could not
        be, stays, and so does the newest of all, whose number would be given again.
        """
        ...

    async def close(self) -> None:
        """Finish what was accepted and close."""
        ...
