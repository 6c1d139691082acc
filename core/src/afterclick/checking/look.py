"""What one look found, and what it could judge."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from afterclick.ledger.told import FindingRow
from afterclick.plugin.findings import Finding, FindingKind


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of one look at one connection, or at what is about none (`connection` is empty).

    `codes` are those that it could judge: an open finding under one of them that it did not find is over.
    """

    codes: frozenset[str]
    findings: tuple[Finding, ...] = ()
    connection: str = ""

    @classmethod
    def of(cls, kinds: Iterable[FindingKind], findings: Iterable[Finding], *, connection: str = "") -> Look:
        """Return a look that could judge these kinds."""
        return cls(
            codes=frozenset(kind.code for kind in kinds), findings=tuple(findings), connection=connection
        )

    def rows(self, now: int) -> list[FindingRow]:
        """Return the findings as the ledger keeps them."""
        return [FindingRow.of(found, connection=self.connection, now=now) for found in self.findings]
