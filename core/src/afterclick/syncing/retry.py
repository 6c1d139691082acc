"""When to try again. Pure: an outcome and the past of a sync give a decision, the lane obeys."""

from __future__ import annotations

import hashlib

import msgspec

from afterclick.ledger.rows import Settle, SyncRow, SyncState

FIRST = 5.0
LONGEST = 6 * 3600.0
GIVE_UP_AFTER = 3 * 86_400.0


NOT_YET = 5.0
"""Seconds to wait where a plugin names no sensible time."""

LONGEST_ASKED = 86_400.0
"""The longest wait (s) that a CRM may ask for."""


class RetryRules(msgspec.Struct, frozen=True, kw_only=True):
    """Back-off per lead, in seconds: first wait, longest wait, and after how long a lead is parked."""

    first: float = FIRST
    longest: float = LONGEST
    give_up_after: float = GIVE_UP_AFTER


def backoff(tries: int, rules: RetryRules, *, seed: str) -> float:
    """Return the seconds to wait after `tries` tries: doubling, with up to half of it as jitter.

    The jitter comes from the seed, so that a thousand leads do not come back at once and a test
    sees the same times twice.
    """
    longest = min(rules.longest, rules.first * 2.0 ** min(max(tries - 1, 0), 40))
    digest = hashlib.sha256(f"{seed}:{tries}".encode()).digest()
    return longest * (0.5 + digest[0] / 512)


def sensible(after: float | None) -> float | None:
    """Return a wait that a plugin asked for, capped; None for one that makes no sense."""
    if after is None or not after > 0:
        return None
    return min(after, LONGEST_ASKED)


def later(
    sync: SyncRow, *, now: int, reason: str, after: float | None, rules: RetryRules, clear: bool
) -> Settle:
    """Return the settle of a sync that did not go through and may later.

    `after` is the wait the CRM asked for, None for our back-off. One that fails for too long is
    parked: it waits for a change.
    """
    first_failed = sync.first_failed_at or now
    asked = sensible(after)
    wait = backoff(sync.tries, rules, seed=f"{sync.connection}:{sync.lead}") if asked is None else asked
    return Settle(
        connection=sync.connection,
        lead=sync.lead,
        due_at=now + int(wait * 1000),
        first_failed_at=first_failed,
        state=_parked(first_failed, now, rules),
        reason=reason,
        clear_sending=clear,
    )


def _parked(first_failed: int, now: int, rules: RetryRules) -> SyncState | None:
    return SyncState.PARKED if now - first_failed >= rules.give_up_after * 1000 else None


def untried(sync: SyncRow, *, now: int, reason: str, after: float = 0.0, clear: bool = False) -> Settle:
    """Return the settle of a sync that was not tried after all: it costs no try."""
    return Settle(
        connection=sync.connection,
        lead=sync.lead,
        due_at=now + int((0.0 if after == 0 else sensible(after) or NOT_YET) * 1000),
        tries=max(0, sync.tries - 1),
        first_failed_at=sync.first_failed_at,
        reason=reason,
        clear_sending=clear,
    )


def uncertain(sync: SyncRow, *, now: int, reason: str, settle_seconds: float, rules: RetryRules) -> Settle:
    """Return the settle of a write whose fate is unknown: its mark stays, it is matched again later."""
    first_failed = sync.first_failed_at or now
    wait = backoff(sync.tries, rules, seed=f"{sync.connection}:{sync.lead}")
    return Settle(
        connection=sync.connection,
        lead=sync.lead,
        due_at=now + int(max(settle_seconds, wait) * 1000),
        first_failed_at=first_failed,
        state=_parked(first_failed, now, rules),
        reason=reason,
        clear_sending=False,
    )


def aside(sync: SyncRow, *, state: SyncState, code: str, reason: str, clear: bool = True) -> Settle:
    """Return the settle of a sync that waits for a change (`parked`) or for a person (`held`).

    `code` is the finding that tells why.
    """
    return Settle(
        connection=sync.connection,
        lead=sync.lead,
        state=state,
        code=code,
        reason=reason,
        clear_sending=clear,
    )
