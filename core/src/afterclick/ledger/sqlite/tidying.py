"""Forgetting, in small steps: deliveries are never kept waiting for it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from afterclick.clock import MILLISECONDS_PER_DAY
from afterclick.ledger.rows import Fence
from afterclick.ledger.sqlite import lanes
from afterclick.ledger.sqlite.database import Database
from afterclick.ledger.sqlite.folds import ids
from afterclick.ledger.sqlite.operating import up_to
from afterclick.ledger.steps import Expiring, Pruned, Stubs

ADDRESSES = 2 * MILLISECONDS_PER_DAY
SEEN = 30 * MILLISECONDS_PER_DAY
"""The sender's last retry comes after 37 minutes; a month costs little and survives a replay by hand."""

ATTEMPTS = 30 * MILLISECONDS_PER_DAY
FINDINGS = 30 * MILLISECONDS_PER_DAY
OBSERVATIONS = 30 * MILLISECONDS_PER_DAY


def steps(now: int) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return the statements that forget up to a few hundred rows of each kind: a turn of the writer each."""
    old = now - ADDRESSES
    seen = now - SEEN
    return (
        ("forget_addresses", (old,)),
        ("forget_journey_addresses", (old, old)),
        ("drop_journeys", (now,)),
        # By the bucket first, which is the index; those without a readable time are few and stay.
        ("drop_seen", (seen // MILLISECONDS_PER_DAY, seen)),
        ("drop_attempts", (now - ATTEMPTS,)),
        ("drop_findings", (now - FINDINGS,)),
        ("drop_old_observations", (now - OBSERVATIONS,)),
    )


def prune(db: Database, before: int, after: int, look: int) -> Pruned:
    """Drop the old ones among the next events, up to the first that is not old."""
    started = time.perf_counter()
    picked = db.run("pick_old_events", {"before": before, "after": after, "look": look})
    old = [(id, done) for id, done, is_old in picked if is_old]
    dropped = [id for id, done in old if done]
    if dropped:
        db.run("drop_events", (ids(dropped),))
    # Events lie in the order of their arrival, so behind one that is not old there is none that is.
    whole = len(old) < look
    return Pruned(
        looked=len(picked),
        dropped=len(dropped),
        after=None if whole else old[-1][0],
        seconds=time.perf_counter() - started,
    )


UNCLAIMED = "nobody claimed its journey, and `leads.stubs` is `none`"

_OF_A_LEAD = (
    "drop_lead_identities",
    "drop_lead_codes",
    "drop_lead_observations",
    "drop_lead_syncs",
    "drop_leads",
)


def drop_leads(db: Database, leads: Sequence[int]) -> None:
    """Drop leads with all that is only theirs."""
    for statement in _OF_A_LEAD:
        db.run(statement, (ids(leads),))


def drop_stubs(db: Database, fence: Fence, before: int, after: int, look: int) -> Pruned:
    """Drop, of the next stubs, those that are over, with all that is theirs; their events stay."""
    started = time.perf_counter()
    with db.transaction():
        lanes.check(db, fence)
        picked = db.run("pick_stubs", {"before": before, "after": after, "look": look})
        dropped = [id for id, is_over in picked if is_over]
        if dropped:
            db.run("leave_events", (UNCLAIMED, ids(dropped)))
            drop_leads(db, dropped)
    return Pruned(
        looked=len(picked),
        dropped=len(dropped),
        after=None if len(picked) < look else picked[-1][0],
        seconds=time.perf_counter() - started,
    )


def expire_stubs(
    db: Database, connection: str, *, expire: int, after: int, look: int, most: int, now: int
) -> Expiring:
    """Make up to `most` of the next stubs due whose record has been nobody's for long."""
    started = time.perf_counter()
    names: dict[str, Any] = {"connection": connection, "expire": expire, "after": after, "now": now}
    with db.transaction():
        picked = db.run("pick_expired", {**names, "look": look})
        passed, due = up_to(most, picked)
        if due:
            db.run("apply_resync", {**names, "ids": ids(due)})
    whole = len(passed) == len(picked) < look
    return Expiring(
        looked=len(passed),
        due=len(due),
        after=None if whole else passed[-1],
        seconds=time.perf_counter() - started,
    )


def count_stubs(db: Database, before: int) -> list[Stubs]:
    """Count the records of stubs, and those whose lead has not changed since `before`."""
    return [
        Stubs(connection=row[0], records=row[1], old=row[2], oldest_at=row[3])
        for row in db.run("count_stubs", (before,))
    ]
