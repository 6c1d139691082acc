"""Whose the records of a CRM are: no two persons share one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from afterclick.ledger.rows import KnownRecord
from afterclick.ledger.sqlite.database import Database

SHARED = "the record {kind} {id} belongs to another person (lead {lead})"

Claim = tuple[str, int, KnownRecord]
"""A record that a lead is to get: connection, lead, record."""

Standing = tuple[KnownRecord | None, tuple[KnownRecord, ...]]
"""The record of a lead, and the doubles of it."""

_encoder = msgspec.json.Encoder()
_doubles = msgspec.json.Decoder(tuple[KnownRecord, ...])
_related = msgspec.json.Decoder(dict[str, str])


class Holders:
    """Who holds records that some leads are to get: what the ledger says, and what was given since."""

    def __init__(self, db: Database, claims: Iterable[Claim]) -> None:
        asked = [(connection, record.kind, record.id, lead) for connection, lead, record in claims]
        self._roots: dict[int, int | None] = {}
        self._holders: dict[tuple[str, str, str], int | None] = {}
        for connection, kind, id, lead, holder, root in db.run_rows("record_holders", asked):
            self._holders[connection, kind, id] = holder
            self._roots[lead] = root

    def clash(self, claim: Claim) -> str | None:
        """Return why a record is not the lead's, if another person has it."""
        connection, lead, record = claim
        holder = self._holders[connection, record.kind, record.id]
        if holder is None or holder == self._roots[lead]:
            return None
        return SHARED.format(kind=record.kind, id=record.id, lead=holder)

    def give(self, claim: Claim) -> None:
        """Note that a lead gets a record."""
        connection, lead, record = claim
        self._holders[connection, record.kind, record.id] = self._roots[lead]


def clash_of(db: Database, claim: Claim) -> str | None:
    """Return why a record is not the lead's, if another person has it."""
    return Holders(db, [claim]).clash(claim)


def standing_of(db: Database, leads: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Standing]:
    """Return what is known of some leads' records, by connection and lead."""
    return {
        (connection, lead): (read_record(record), read_doubles(doubles))
        for connection, lead, *record, doubles in db.run_rows("records_known", leads)
    }


def put(db: Database, claims: Sequence[Claim], doubles: Sequence[Sequence[KnownRecord]]) -> None:
    """Write down the record of each lead, with its doubles."""
    db.run_rows("set_record", [_values(*one) for one in zip(claims, doubles, strict=True)])


def put_holders(db: Database, claims: Iterable[Claim]) -> None:
    """Write down whose some records are from now on."""
    rows = [(connection, record.kind, record.id, lead) for connection, lead, record in claims]
    db.run_rows("put_record", rows)


def _values(claim: Claim, doubles: Sequence[KnownRecord]) -> tuple[object, ...]:
    connection, lead, record = claim
    return (
        connection,
        lead,
        record.kind,
        record.id,
        record.url,
        _pack(record.related),
        int(record.created_by_us),
        _pack(doubles) if doubles else None,
    )


def _pack(value: object) -> str:
    return _encoder.encode(value).decode()


def read_record(columns: Sequence[Any]) -> KnownRecord | None:
    """Read kind, id, url, related and created_by_us."""
    kind, id, url, related, created_by_us = columns
    if id is None:
        return None
    return KnownRecord(
        kind=kind,
        id=id,
        url=url,
        related={} if related is None else _related.decode(related),
        created_by_us=bool(created_by_us),
    )


def read_doubles(text: str | None) -> tuple[KnownRecord, ...]:
    """Read a column of doubles."""
    return () if text is None else _doubles.decode(text)


def same(one: KnownRecord, other: KnownRecord) -> bool:
    """Tell whether two are one record."""
    return (one.kind, one.id) == (other.kind, other.id)
