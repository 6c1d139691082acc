"""Forgetting, in small steps: deliveries are never kept waiting for it."""

from __future__ import annotations

from afterclick.clock import MILLISECONDS_PER_DAY
from afterclick.ledger.sqlite.database import Database

ADDRESSES = 2 * MILLISECONDS_PER_DAY
SEEN = 30 * MILLISECONDS_PER_DAY
"""The sender's last retry comes after 37 minutes; a month costs little and survives a replay by hand."""

ATTEMPTS = 30 * MILLISECONDS_PER_DAY
FINDINGS = 30 * MILLISECONDS_PER_DAY
OBSERVATIONS = 30 * MILLISECONDS_PER_DAY


def tidy(db: Database, now: int) -> int:
    """Forget up to a few hundred rows of each kind; return how many."""
    old = now - ADDRESSES
    seen = now - SEEN
    return sum(
        db.change(name, values)
        for name, values in (
            ("forget_addresses", (old,)),
            ("forget_journey_addresses", (old, old)),
            ("drop_journeys", (now,)),
            # By the bucket first, which is the index; those without a readable time are few and stay.
            ("drop_seen", (seen // MILLISECONDS_PER_DAY, seen)),
            ("drop_attempts", (now - ATTEMPTS,)),
            ("drop_findings", (now - FINDINGS,)),
            ("drop_old_observations", (now - OBSERVATIONS,)),
        )
    )
