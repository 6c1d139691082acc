"""Giving records that other code made to leads, at an operator's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from afterclick.ledger.rows import Fence, KnownRecord, LeadRow
from afterclick.model.fields import Scalar


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A record that a lead is to have. `values` are those in it that the lead's own may replace."""

    record: KnownRecord
    values: Mapping[str, Scalar] = {}


class Living(msgspec.Struct, frozen=True):
    """A living lead, and whether it has a record at a connection."""

    lead: LeadRow
    has_record: bool


class Claims(Protocol):
    """What is read and written to give records away."""

    async def living(self, connection: str, *, after: int, look: int) -> Sequence[Living]:
        """Return the next `look` living leads by id, from the one after `after`."""
        ...

    async def known_records(
        self, connection: str, records: Sequence[tuple[str, str]]
    ) -> frozenset[tuple[str, str]]:
        """Return which of these records, by kind and id, are somebody's."""
        ...

    async def claim(
        self, fence: Fence, connection: str, claims: Mapping[int, Claim], *, now: int
    ) -> Mapping[int, str]:
        """Give living leads records that nobody has, and make them due.

        Returns, for the leads that were refused, the reason: nothing is taken from anybody, and a lead that
        has a record, or of which a write may have made one, gets none.

        Raises:
            FenceLostError: another process has the lane; nothing was stored.

        """
        ...
