"""Lanes: who holds which, and the fence that keeps the writes of a former holder out."""

from __future__ import annotations

from afterclick.errors import FenceLostError
from afterclick.ledger.rows import Fence, LaneRow
from afterclick.ledger.sqlite.database import Database, Row


def check(db: Database, fence: Fence) -> None:
    """Raise unless the fence's epoch is the lane's; call it first in the transaction."""
    if not holds(db, fence):
        raise FenceLostError(f"another process holds the lane {fence.lane!r} now")


def holds(db: Database, fence: Fence) -> bool:
    """Tell whether the fence still stands."""
    row = db.one("fence", (fence.lane,))
    return row is not None and row[0] == fence.epoch and row[1] is not None


def acquire(db: Database, lane: str, holder: str, now: int, lease_ms: int) -> LaneRow | None:
    """Take a lane; None while another holds it."""
    values = {"lane": lane, "holder": holder, "expires": now + lease_ms, "now": now}
    row = db.one("lane_acquire", values)
    return None if row is None else lane_row(row)


def renew(db: Database, fence: Fence, now: int, lease_ms: int) -> bool:
    """Prolong a lease."""
    return bool(db.run("lane_renew", (now + lease_ms, fence.lane, fence.epoch)))


def release(db: Database, fence: Fence) -> None:
    """Give a lane back."""
    db.run("lane_release", (fence.lane, fence.epoch))


def pause(db: Database, fence: Fence, until: int | None, reason: str | None) -> None:
    """Note that a lane waits."""
    db.run("lane_pause", (until, reason, fence.lane, fence.epoch))


def lane_row(row: Row) -> LaneRow:
    """Read a row."""
    name, holder, epoch, expires_at, paused_until, reason = row
    return LaneRow(
        name=name,
        holder=holder,
        epoch=epoch,
        expires_at=expires_at,
        paused_until=paused_until,
        reason=reason,
    )
