"""What the tests of a ledger share. They know the protocol only, never which store is behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import msgspec
from tests.support.clock import FakeClock
from tests.support.events import body_of, make_event, make_registration

from afterclick.folding.batch import Destination, Rules, build, touched
from afterclick.ledger.api import Ledger
from afterclick.ledger.rows import Due, Fence, NewEvent, Sending, Settle, SyncRow
from afterclick.model.event import COMPLETED, Event
from afterclick.model.journey import Policy
from afterclick.model.resolution import resolve
from afterclick.model.view import Resolution, needs_of

OpenLedger = Callable[[], Awaitable[Ledger]]
"""Opens the test's ledger again, as a process would that was started anew."""

FOLD, CRM, OTHER = "fold", "crm", "other"
LEASE = 10_000
WAIT = 50_000
"""How long a write may land after it was sent (ms)."""


def as_delivery(event: Event) -> NewEvent:
    """Return a delivery that stands for an event; its body says what a bare touch can say."""
    said = {"hostname": event.facts.host, "platform": event.facts.platform}
    return NewEvent(
        space=event.space,
        source=event.source,
        type=event.type,
        bucket=event.bucket,
        tie=event.tie,
        occurred_at=event.occurred_at,
        received_at=event.received_at,
        body=body_of(event.type, event.occurred_at, said),
        ip_hash=event.ip_hash,
    )


class Bench:
    """Does with a ledger what the lanes do."""

    def __init__(
        self,
        ledger: Ledger,
        clock: FakeClock,
        *,
        policy: Policy | None = None,
        connections: Sequence[str] = (CRM,),
    ) -> None:
        self.ledger = ledger
        self.clock = clock
        self.policy = policy or Policy()
        self.places = [Destination(connection=name) for name in connections]
        self.rules = Rules(linger=1_000)

    async def hold(self, lane: str, holder: str = "one") -> Fence:
        """Take a lane, from whoever has it: every lease taken here has run out at once."""
        row = await self.ledger.acquire(lane, holder, now=self.clock.now(), lease_ms=0)
        assert row is not None
        return Fence(lane, row.epoch)

    async def store(self, *events: Event) -> list[Event]:
        """Store events; return those that are new, with the ids they got."""
        await asyncio.gather(*(self.ledger.append(as_delivery(event)) for event in events))
        given = {(row.bucket, row.tie): row.id for row in await self.ledger.unfolded(10_000)}
        fresh = {event.name: event for event in events if (event.bucket, event.tie) in given}
        return [msgspec.structs.replace(one, id=given[one.bucket, one.tie]) for one in fresh.values()]

    async def fold(self, *events: Event, fence: Fence | None = None) -> Resolution:
        """Store events and fold them in one batch, as the fold lane does."""
        fresh = await self.store(*events)
        if fence is None:
            fence = await self.hold(FOLD)
        resolution = resolve(fresh, await self.ledger.view(needs_of(fresh, self.policy)), self.policy)
        commit = build(
            resolution,
            await self.ledger.lead_states(sorted(touched(resolution))),
            destinations=self.places,
            rules=self.rules,
            fence=fence,
            now=self.clock.now(),
        )
        await self.ledger.commit_fold(commit)
        return resolution

    async def people(self, *users: str) -> None:
        """Fold one lead for each user; their syncs are due in a second. The first is lead 1."""
        await self.fold(*(person(user, second) for second, user in enumerate(users)))

    async def take(self, fence: Fence, **changes: Any) -> list[Due]:
        """Take what is due now."""
        now = changes.get("now", self.clock.now())
        asked: dict[str, Any] = {"now": now, "horizon": now, "limit": 100, "besides": (), "wait_ms": WAIT}
        asked |= changes
        return list(await self.ledger.take(fence, asked.pop("connection", CRM), **asked))

    async def taken(self, fence: Fence, **changes: Any) -> list[int]:
        """Take what is due now; return the leads."""
        return [due.lead.id for due in await self.take(fence, **changes)]

    async def send(self, fence: Fence, *leads: int, **values: Any) -> list[int]:
        """Mark leads as about to be written."""
        sent = {lead: Sending(values=values) for lead in leads}
        marked = await self.ledger.note_sending(fence, CRM, sent, operation="create", now=self.clock.now())
        return list(marked)

    async def settle(self, fence: Fence, lead: int, **learned: Any) -> bool:
        """Settle one lead."""
        settled = await self.ledger.settle(fence, [Settle(connection=CRM, lead=lead, **learned)], [])
        return settled.standing

    async def sync(self, lead: int = 1, connection: str = CRM) -> SyncRow:
        """Return a sync row."""
        [row] = [one for one in await self.ledger.syncs_of([lead]) if one.connection == connection]
        return row


def person(user: str, second: int = 0, **more: str) -> Event:
    """Return the completion of a referral by a user, on a code of their own."""
    at = f"09:00:{second:02d}"
    return make_event(
        COMPLETED, at=at, **({"referral_code": f"code-{user}", "referred_user_id": user} | more)
    )


def milestone(user: str, name: str) -> Event:
    """Return a change of a lead that `person` made."""
    return make_event(
        COMPLETED, at="10:00", referral_code=f"code-{user}", referred_user_id=user, milestone=name
    )


def two_halves(user: str, email: str) -> list[Event]:
    """Return registrations that found two leads, and one that joins them."""
    return [
        make_registration(at="09:00", user=user),
        make_registration(at="09:01", email=email),
        make_registration(at="09:02", user=user, email=email),
    ]


def leads_of(due: Iterable[Due]) -> list[int]:
    """Return the leads that were taken."""
    return [one.lead.id for one in due]
