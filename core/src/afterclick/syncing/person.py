"""One person in a pass: what the plugin is shown, what the record should hold, what differs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from afterclick.ledger.rows import Adoption, Due, KnownRecord, SyncRow
from afterclick.model.fields import FieldSpec, Rule, Scalar, differences, render
from afterclick.model.identity import IdentityKind, strongest_first
from afterclick.model.lead import PERSON_FIELDS, attributes
from afterclick.plugin.types import Change, Lead, Match, Record

_PERSONAL = frozenset({*PERSON_FIELDS, "name"})


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """How a connection shows leads: its fields, its words for stages, which stage a milestone is."""

    fields: tuple[FieldSpec, ...]
    stages: Mapping[str, str] = {}
    milestones: Mapping[str, str] = {}
    zone: str = "UTC"
    pepper: str = ""


class Person:
    """A due lead, the leads behind it, and what the pass has learned of it."""

    def __init__(self, due: Due, mapped: Mapped) -> None:
        self.due = due
        self.id = due.lead.id
        self.sync = due.sync
        self._mapped = mapped
        self.attributes = attributes(due.lead.state, stages=mapped.milestones or None, pepper=mapped.pepper)
        self.keys = strongest_first((*due.lead.keys, *due.joined_keys))
        self.known = due.sync.record or next((row.record for row in due.joined if row.record), None)
        self.doubles = _further(self.known, due)
        self._last = self._row_of(self.known)
        self.uncertain = self._uncertain_since()
        self._creating = [
            row for row in (self.sync, *due.joined) if row.sending == "create" and row.record is None
        ]
        self.may_have_more = self.known is not None and bool(self._creating)
        """A create of unknown fate beside a known record: what it may have made is found by key only."""
        self.rejected: dict[str, Scalar] = dict(due.sync.rejected)
        self.record: Record | None = None
        self.pending: tuple[str, ...] = ()
        self.base: dict[str, Scalar] = {}

    def is_key(self, name: str) -> bool:
        """Tell whether a CRM field holds the key: a record without it would be found by nobody."""
        return any(spec.name == name and spec.rule is Rule.KEY for spec in self._mapped.fields)

    def _row_of(self, known: KnownRecord | None) -> SyncRow:
        """Return the row that wrote to the record: a joined lead's, where the person took it over."""
        rows = (self.sync, *self.due.joined)
        return next((row for row in rows if known is not None and row.record == known), self.sync)

    def _uncertain_since(self) -> int | None:
        marks = [row.sending_since for row in (self.sync, *self.due.joined) if row.sending_since is not None]
        return min(marks, default=None)

    def lead(self, *, creating: bool = False, known: bool = True) -> Lead:
        """Return what a hook is shown; without what is `known` it is looked up by its keys."""
        emails = [name.value for name in self.due.lead.state.identities if name.kind == IdentityKind.EMAIL]
        return Lead(
            ref=f"lead-{self.id}",
            keys=self.keys,
            values=self.wanted(creating=creating),
            attributes=self.attributes,
            emails=tuple(sorted(emails)),
            record=None if self.known is None or not known else as_record(self.known),
            stub=not self.due.lead.state.named,
            uncertain_since=self.uncertain,
        )

    def wanted(self, *, creating: bool) -> dict[str, Scalar]:
        """Return what the record should hold, without values that the CRM refused before."""
        mapped = self._mapped
        values = render(
            mapped.fields,
            {**self.attributes, "key": self.keys[0]},
            zone=mapped.zone,
            creating=creating,
            stages=mapped.stages,
        )
        return {name: value for name, value in values.items() if self.rejected.get(name) != value}

    def found(self, match: Match) -> None:
        """Take in what `match` found: the record with its current values."""
        self.record = match.record
        self.pending = tuple(step for step in match.pending if step not in self.rejected)
        current = match.record.values
        # What a write of unknown fate was to set, and what the CRM now holds: then it was ours.
        base = dict(self._last.values)
        for row in (*self._creating, self._last):
            maybe = row.sending_values
            base |= {name: value for name, value in maybe.items() if current.get(name) == value}
        # A placeholder of ours is not something a person typed, even where the ledger was lost.
        base |= {name: value for name, value in self._placeholders().items() if current.get(name) == value}
        wanted = self.wanted(creating=False)
        agreed = {name: value for name, value in current.items() if wanted.get(name) == value}
        self.base = base | agreed

    def _placeholders(self) -> dict[str, Scalar]:
        stand_ins = [spec for spec in self._mapped.fields if spec.placeholder is not None]
        unnamed = {name: value for name, value in self.attributes.items() if name not in _PERSONAL}
        return render(stand_ins, unnamed, zone=self._mapped.zone, creating=True)

    def change(self) -> Change | None:
        """Return the write that the record needs, or None if it is right as it is."""
        if self.record is None:
            return None
        fields = differences(
            self._mapped.fields,
            self.wanted(creating=False),
            self.record.values,
            self.base,
            record_kind=self.record.kind,
        )
        if not fields and not self.pending:
            return None
        return Change(
            lead=self.lead(),
            record=self.record,
            fields=fields,
            written=self.base,
            pending=self.pending,
        )

    def written(self, sent: Mapping[str, Scalar], record: Record) -> dict[str, Scalar]:
        """Return the new base: what we sent, as the CRM returned it."""
        keys = {spec.name for spec in self._mapped.fields if spec.rule is Rule.KEY}
        return {
            **self.base,
            **{name: record.values.get(name, value) for name, value in sent.items() if name not in keys},
        }

    def adoption(self, found: Match) -> Adoption | None:
        """Return which records are the person's, the survivor first; None if the ledger knows that."""
        survivor = as_known(found.record, self.sync, created=self._created_by_us(found.record))
        others = [as_known(one, self.sync, created=self._is_late(one)) for one in found.doubles]
        records = (survivor, *_without(survivor, [*self.doubles, *others]))
        row = self.sync
        stored = () if row.record is None else (row.record, *row.doubles)
        # With a create behind it that is cleared up now, the marks of joined leads have to go too.
        if not self.may_have_more and [(one.kind, one.id) for one in stored] == [
            (one.kind, one.id) for one in records
        ]:
            return None
        return Adoption(records=records, values=self.base, joined=tuple(row.lead for row in self.due.joined))

    def _is_late(self, record: Record) -> bool:
        """Tell whether a further record is what a create of unknown fate made."""
        return self.may_have_more and record.key in self.keys

    def _created_by_us(self, record: Record) -> bool:
        known = self.known
        if known is not None and known.id == record.id:
            return known.created_by_us
        # A create of unknown fate that is found under our key now: it had happened.
        return bool(self._creating) and record.key in self.keys


def _further(survivor: KnownRecord | None, due: Due) -> tuple[KnownRecord, ...]:
    rows: Sequence[SyncRow] = (due.sync, *due.joined)
    records = [record for row in rows for record in ((row.record,) if row.record else ()) + row.doubles]
    return tuple(_without(survivor, records))


def _without(survivor: KnownRecord | None, records: Sequence[KnownRecord]) -> list[KnownRecord]:
    seen = set() if survivor is None else {(survivor.kind, survivor.id)}
    kept = []
    for record in records:
        if (record.kind, record.id) not in seen:
            seen.add((record.kind, record.id))
            kept.append(record)
    return kept


def as_record(known: KnownRecord) -> Record:
    """Return a remembered record in the plugin's words; its values are not known."""
    return Record(kind=known.kind, id=known.id, url=known.url, related=known.related)


def as_known(record: Record, sync: SyncRow, *, created: bool) -> KnownRecord:
    """Return a record as the ledger keeps it; what was related before stays so."""
    before = sync.record.related if sync.record is not None and sync.record.id == record.id else {}
    return KnownRecord(
        kind=record.kind,
        id=record.id,
        url=record.url,
        related={**before, **record.related},
        created_by_us=created,
    )
