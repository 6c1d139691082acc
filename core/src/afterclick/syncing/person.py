"""One person in a pass: what the plugin is shown, what the record should hold, what differs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from afterclick.ledger.rows import Adoption, Due, KnownRecord, SyncRow
from afterclick.model.fields import FieldSpec, Kept, Rule, Scalar, differences, kept, render
from afterclick.model.identity import IdentityKind, strongest_first
from afterclick.model.lead import PERSON_FIELDS, attributes
from afterclick.plugin.types import Absorption, Change, Lead, Match, Record

_PERSONAL = frozenset({*PERSON_FIELDS, "name"})
_NEVER = "9"
"""Later than any time in ISO 8601: a record whose age nobody knows is not the older one."""


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """How a connection shows leads: its fields, its words for stages, which stage a milestone is."""

    fields: tuple[FieldSpec, ...]
    stages: Mapping[str, str] = {}
    milestones: Mapping[str, str] = {}
    zone: str = "UTC"
    pepper: str = ""


class Person:
    """A due lead, the leads behind it, and what the pass has learned of it."""

    def __init__(
        self,
        due: Due,
        mapped: Mapped,
        *,
        absorbs: bool = False,
        referrer: Mapping[str, Scalar] | None = None,
    ) -> None:
        self.due = due
        self.id = due.lead.id
        self.sync = due.sync
        self._mapped = mapped
        known = attributes(due.lead.state, stages=mapped.milestones or None, pepper=mapped.pepper)
        self.attributes = {**known, **(referrer or {})}
        self.keys = strongest_first((*due.lead.keys, *due.joined_keys))
        self.known = due.sync.record or next((row.record for row in due.joined if row.record), None)
        self.doubles = _further(self.known, due)
        self._last: SyncRow | None = self._row_of(self.known)
        self.uncertain = self._uncertain_since()
        self._creating = [
            row for row in (self.sync, *due.joined) if row.sending == "create" and row.record is None
        ]
        self.may_have_more = self.known is not None and (
            bool(self._creating) or (absorbs and any(double.retirable for double in self.doubles))
        )
        """Whether to look by key beside the known record: for what a create of unknown fate may have made,
        and for doubles, which have to be read before one of them is chosen to live on."""
        self.rejected: dict[str, Scalar] = dict(due.sync.rejected)
        self._rendered: dict[bool, dict[str, Scalar]] = {}
        self.record: Record | None = None
        self._others: tuple[Record, ...] = ()
        self.seen = frozenset(double.id for double in self.doubles)
        self.pending: tuple[str, ...] = ()
        self.base: dict[str, Scalar] = {}

    @property
    def is_new_stub(self) -> bool:
        """Tell whether a record of it would be a further one without a name."""
        return not self.due.lead.state.named and self.known is None and self.uncertain is None

    @property
    def retiring(self) -> frozenset[int]:
        """Return the leads with a write under way that takes the known record away."""
        rows = (self.sync, *self.due.joined)
        return frozenset(
            row.lead
            for row in rows
            if row.sending == "retire" and row.record is not None and row.record == self.known
        )

    def unnamed_since(self, moment: int) -> bool:
        """Tell whether nobody has a name for it, nor has anything been heard of it since a moment (ms)."""
        return not self.due.lead.state.named and self.due.lead.changed_at <= moment

    @property
    def only_ours(self) -> bool:
        """Tell whether we made the record that was found, and nobody else has done anything with it."""
        record, known = self.record, self.known
        if record is None or known is None or not known.created_by_us or self.doubles:
            return False
        if record.named or record.touched is not False:
            return False
        values = {name: value for name, value in record.values.items() if not self.is_key(name)}
        return values == {name: value for name, value in self.base.items() if not self.is_key(name)}

    def is_key(self, name: str) -> bool:
        """Tell whether a CRM field holds the key: a record without it would be found by nobody."""
        return any(spec.name == name and spec.rule is Rule.KEY for spec in self._mapped.fields)

    def is_anothers(self, record: Record) -> bool:
        """Tell whether a record that an operator gave to the person got somebody else's key before ours."""
        return self._row_of(self.known).claimed and record.key is not None and record.key not in self.keys

    @property
    def holder(self) -> int:
        """Return the lead whose row has the known record: its own, or one that joined it."""
        return self._row_of(self.known).lead

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
            doubles=tuple(map(as_record, self.doubles)),
        )

    def wanted(self, *, creating: bool) -> dict[str, Scalar]:
        """Return what the record should hold, without values that the CRM refused before."""
        if creating not in self._rendered:
            mapped = self._mapped
            self._rendered[creating] = render(
                mapped.fields,
                {**self.attributes, "key": self.keys[0]},
                zone=mapped.zone,
                creating=creating,
                stages=mapped.stages,
            )
        values = self._rendered[creating]
        return {name: value for name, value in values.items() if self.rejected.get(name) != value}

    def choose(self, match: Match) -> Match:
        """Put first, of several records of the person, the one that lives on.

        One that somebody else made goes before ours, then one with an e-mail address or an owner,
        then the oldest. A record that we write to already and did not make stays the one.
        """
        records = (match.record, *match.doubles)
        if len(records) == 1 or (self.known is not None and not self._made_by_us(match.record)):
            return match
        kept = {double.id for double in self.doubles if double.kept}
        chosen = min(
            (one for one in records if one.id not in kept or one is match.record),
            key=lambda one: (self._made_by_us(one), not one.named, one.created_at or _NEVER),
        )
        if chosen is match.record:
            return match
        self._last = self._row_holding(chosen)
        others = tuple(one for one in records if one is not chosen)
        return Match(chosen, others, match.pending)

    def _row_holding(self, record: Record) -> SyncRow | None:
        rows = (self.sync, *self.due.joined)
        return next((row for row in rows if row.record is not None and row.record.id == record.id), None)

    def found(self, match: Match) -> None:
        """Take in what `match` found: the record with its current values."""
        self.record = match.record
        self._others = match.doubles
        self.pending = tuple(step for step in match.pending if step not in self.rejected)
        current = match.record.values
        # What a write of unknown fate was to set, and what the CRM now holds: then it was ours.
        base = {} if self._last is None else dict(self._last.values)
        maybe_ours = self._creating if match.record.key in self.keys else ()
        for row in (*maybe_ours, *(() if self._last is None else (self._last,))):
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
        fields |= self._missing_key()
        if not fields and not self.pending:
            return None
        return Change(lead=self.lead(), record=self.record, fields=fields, pending=self.pending)

    def _missing_key(self) -> dict[str, Scalar]:
        """Return a key for a record that somebody else made and that has none: it is found by it again.

        No key moves from one record to another: what a double holds stays there.
        """
        spec = next((spec for spec in self._mapped.fields if spec.rule is Rule.KEY), None)
        record = self.record
        if spec is None or record is None or record.key is not None or self._made_by_us(record):
            return {}
        if any(double.id not in {one.id for one in self._others} for double in self.doubles):
            return {}  # nobody has looked which key that one holds
        taken = {self.rejected.get(spec.name), *(double.key for double in self._others)}
        free = next((key for key in self.keys if key not in taken), None)
        return {} if free is None else {spec.name: free}

    def kept(self) -> dict[str, Kept]:
        """Return the fields of the record that differ and are left alone, with the reason."""
        if self.record is None:
            return {}
        change = self.change()
        return kept(
            self._mapped.fields,
            self.wanted(creating=False),
            self.record.values,
            {} if change is None else change.fields,
            record_kind=self.record.kind,
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
        survivor = as_known(found.record, self.sync, created=self._made_by_us(found.record))
        # A record that was known and is not read among these is what the survivor came from by a merge.
        read = {one.id for one in found.doubles}
        before = [self.known] if self.known is not None and self.known.id in read else []
        others = [as_known(one, self.sync, created=self._made_by_us(one)) for one in found.doubles]
        records = (survivor, *_without(survivor, [*before, *self.doubles, *others]))
        row = self.sync
        stored = () if row.record is None else (row.record, *row.doubles)
        # With a create behind it that is cleared up now, the marks of joined leads have to go too.
        if not self._creating and [(one.kind, one.id) for one in stored] == [
            (one.kind, one.id) for one in records
        ]:
            return None
        return Adoption(records=records, values=self.base, joined=tuple(row.lead for row in self.due.joined))

    def adopted(self, records: Sequence[KnownRecord]) -> None:
        """Take in whose the records are by now: the survivor, and what is left to absorb."""
        self.known, *doubles = records
        self.doubles = tuple(doubles)
        self.seen |= {double.id for double in doubles}

    def absorption(self) -> Absorption | None:
        """Return the next double that is to go into the record, or None if there is none."""
        double = next((one for one in self.doubles if one.retirable), None)
        if double is None or self.record is None:
            return None
        return Absorption(
            lead=self.lead(),
            survivor=self.record,
            double=as_record(double),
            created_by_us=double.created_by_us,
            pending=double.pending,
        )

    def absorbed(self, double: str, record: Record, pending: tuple[str, ...]) -> None:
        """Take in a step of an absorption: with nothing pending the double is no more.

        A CRM that merges may give the survivor another id; it is then read anew.
        """
        self.doubles = tuple(
            msgspec.structs.replace(one, pending=pending) if one.id == double else one
            for one in self.doubles
            if one.id != double or pending
        )
        self.record = record
        if self.known is not None and self.known.id != record.id:
            self.known = as_known(record, self.sync, created=self.known.created_by_us)
            self.found(Match(record))

    def keep(self, double: str) -> None:
        """Leave a double alone from now on."""
        self.doubles = tuple(
            msgspec.structs.replace(one, kept=True) if one.id == double else one for one in self.doubles
        )

    def _made_by_us(self, record: Record) -> bool:
        known = () if self.known is None else (self.known, *self.doubles)
        before = next((one for one in known if one.id == record.id), None)
        if before is not None:
            return before.created_by_us
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
