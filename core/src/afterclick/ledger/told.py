"""The rows of findings: what an operator should know, and when it is over."""

from __future__ import annotations

import msgspec

from afterclick.plugin.findings import Finding, Level


class FindingRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something for the operator, counted by (code, connection, subject).

    `connection` is empty for what is about none of them. It is open from `first_at` until
    `closed_at`; one that comes back after that begins anew.
    """

    code: str
    connection: str
    subject: str
    message: str
    remedy: str
    level: Level
    first_at: int
    last_at: int
    count: int = 1
    closed_at: int | None = None

    @classmethod
    def of(cls, finding: Finding, *, connection: str = "", now: int) -> FindingRow:
        """Return the row of a finding that was just made."""
        return cls(
            code=finding.code,
            connection=connection,
            subject=finding.subject,
            message=finding.message,
            remedy=finding.remedy,
            level=finding.level,
            first_at=now,
            last_at=now,
        )


class FindingChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What became open and what was closed."""

    opened: tuple[FindingRow, ...] = ()
    closed: tuple[FindingRow, ...] = ()


class Outdated(msgspec.Struct, frozen=True, kw_only=True):
    """How to tell from the ledger alone that findings are over, by their codes.

    Those of `parked`, `held` and `doubled` are about a lead, and over when its sync is no longer so;
    those of `rejected` about a field, and over when no lead has a refused value of it; those of
    `passing` are over if they were last seen before `since`. What is told of a connection that is
    not in `connections` is over.
    """

    parked: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    doubled: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    passing: frozenset[str] = frozenset()
    since: int = 0
    connections: frozenset[str] = frozenset()
