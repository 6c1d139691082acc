"""What an operator asks for who adopts records, what was seen of an account, and what is answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from afterclick.console.foundlings import Foundling
from afterclick.model.pairing import Pairing

CALLS = 100
"""Calls to the CRM that a look may take unless it is told otherwise."""


class AdoptionWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator asks for: to look, with at most so many calls to the CRM, or to `apply` as well."""

    connection: str
    apply: bool = False
    calls: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = CALLS


class Adopted(msgspec.Struct, frozen=True, kw_only=True):
    """A record and its lead: what speaks for it, and why it was not given away in the end, if so."""

    kind: str
    id: str
    url: str | None
    lead: int
    because: Sequence[str]
    refused: str | None = None


class Doubtful(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is given to nobody: leads that come into question, some of them, and why not."""

    kind: str
    id: str
    url: str | None
    leads: Sequence[int]
    reason: str


class Adoption(msgspec.Struct, frozen=True, kw_only=True):
    """What was found and done.

    `looked` records were read for it in `calls` calls, which took `costs` of the account's limits. Of those
    without a key `given` have a lead already, and `strangers` came by links of which no lead is known here.
    `stopped` says why not all were looked at: then nothing is given away, as one that was not seen may be a
    rival. `observes` tells that the CRM learns of it once the connection is live.
    """

    connection: str
    applied: bool
    observes: bool
    looked: int
    calls: int
    costs: Mapping[str, float]
    given: int
    strangers: int
    pairs: Sequence[Adopted]
    doubts: Sequence[Doubtful]
    stopped: str | None = None


@dataclass(slots=True)
class Look:
    """What was read of an account so far."""

    found: dict[str, Foundling] = field(default_factory=dict)
    looked: int = 0
    calls: int = 0
    costs: Counter[str] = field(default_factory=Counter)
    given: int = 0
    stopped: str | None = None


def shown(
    wish: AdoptionWish, observes: bool, look: Look, pairing: Pairing, refused: Mapping[int, str]
) -> Adoption:
    """Return what is told of a look, and of what came of it; `refused` by lead."""
    records = {id: one.claim.record for id, one in look.found.items()}
    return Adoption(
        connection=wish.connection,
        applied=wish.apply,
        observes=observes,
        looked=look.looked,
        calls=look.calls,
        costs=dict(look.costs),
        given=look.given,
        strangers=len(pairing.strangers),
        pairs=[
            Adopted(
                kind=(record := records[one.record]).kind,
                id=record.id,
                url=record.url,
                lead=one.lead,
                because=one.because,
                refused=refused.get(one.lead),
            )
            for one in pairing.pairs
        ],
        doubts=[
            Doubtful(
                kind=(record := records[one.record]).kind,
                id=record.id,
                url=record.url,
                leads=one.leads,
                reason=one.reason,
            )
            for one in pairing.doubts
        ],
        stopped=look.stopped,
    )
