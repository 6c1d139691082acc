"""Records that other code made, in the words in which leads are compared with them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from afterclick.clock import MILLISECONDS_PER_DAY, from_iso
from afterclick.ledger.claims import Claim
from afterclick.ledger.rows import KnownRecord
from afterclick.model.fields import FieldSpec, Kind, Scalar
from afterclick.model.identity import IdentityKind, normalise
from afterclick.model.traces import MOMENTS, Suitor, Trace, plain
from afterclick.plugin.types import Stray


class Foundling(msgspec.Struct, frozen=True, kw_only=True):
    """A record without a key: what it says of its person, and what a lead gets that it is given to."""

    trace: Trace
    claim: Claim

    @property
    def place(self) -> tuple[str, str]:
        """Return its kind and id."""
        return self.claim.record.kind, self.claim.record.id


def foundling(stray: Stray, fields: Sequence[FieldSpec]) -> Foundling:
    """Return what is known of a stray, read by the connection's fields."""
    record = stray.record
    known = KnownRecord(kind=record.kind, id=record.id, url=record.url, related=record.related)
    said = {spec.attribute: record.values[spec.name] for spec in fields if spec.name in record.values}
    return Foundling(trace=_trace(stray, said, fields), claim=Claim(record=known, values=stray.stand_ins))


def _trace(stray: Stray, said: Mapping[str, Scalar], fields: Sequence[FieldSpec]) -> Trace:
    text = {name: plain(name, str(value)) for name, value in said.items()}
    emails = {normalise(IdentityKind.EMAIL, email) for email in (*stray.emails, text.get("email", ""))}
    by_day = {spec.attribute for spec in fields if spec.kind is Kind.DATE}
    times = {name: at for name in MOMENTS if (at := _moment(said.get(name))) is not None}
    return Trace(
        id=f"{stray.record.kind} {stray.record.id}",
        token=text.get("token") or stray.token,
        campaign=text.get("campaign"),
        prefix=text.get("prefix"),
        platform=text.get("platform"),
        emails=frozenset(emails - {""}),
        user=text.get("user_id"),
        moments={name: at for name, at in times.items() if name not in by_day},
        days={name: at + MILLISECONDS_PER_DAY // 2 for name, at in times.items() if name in by_day},
        made_at=_moment(stray.record.created_at),
    )


def _moment(value: Scalar | None) -> int | None:
    """Return the moment that a value in canonical form tells, of a day its beginning; None for any other."""
    if not isinstance(value, str):
        return None
    try:
        return from_iso(f"{value}T00:00:00Z" if len(value) == len("2026-05-21") else value)
    except ValueError:
        return None


class Names:
    """Which leads can be compared with some records at all: the others need not be kept."""

    def __init__(self, traces: Sequence[Trace]) -> None:
        self._names = {name for trace in traces for name in _names_of_trace(trace)}

    def has(self, lead: Suitor) -> bool:
        """Tell whether a lead shares a link, an address or a user id with any of the records."""
        return not self._names.isdisjoint(_names_of_lead(lead))


def _names_of_trace(trace: Trace) -> Iterator[tuple[str, str]]:
    link = (("token", trace.token), ("campaign", trace.campaign), ("user", trace.user))
    yield from ((kind, value) for kind, value in link if value is not None)
    yield from (("email", email) for email in trace.emails)


def _names_of_lead(lead: Suitor) -> Iterator[tuple[str, str]]:
    for kind, values in (
        ("token", lead.tokens),
        ("campaign", lead.campaigns),
        ("user", lead.users),
        ("email", lead.emails),
    ):
        yield from ((kind, value) for value in values)
