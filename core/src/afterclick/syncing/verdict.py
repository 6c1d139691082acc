"""From an outcome to what is stored of it. No I/O: the pass carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from afterclick.ledger.rows import Settle, SyncState
from afterclick.ledger.told import FindingRow
from afterclick.model.fields import Scalar
from afterclick.plugin.findings import FindingKind
from afterclick.plugin.types import (
    Ambiguous,
    Exists,
    Gone,
    NoMatch,
    NotYet,
    Record,
    Rejected,
    RetryLater,
    Synced,
    Uncertain,
)
from afterclick.syncing import findings
from afterclick.syncing.person import Person, as_known
from afterclick.syncing.retry import NOT_YET, RetryRules, aside, later, sensible, uncertain, untried

SOONEST_LOOK = 60.0
LATEST_LOOK = 86_400.0
"""Seconds until a lead is looked for again where the connection may not create records: at least, at most."""

NEXT_STEP = 1000
"""Milliseconds until a further step is tried by a pass of its own, should this one not get to it."""

DELETED = "the record was deleted in the CRM"
STUB_STAYS = "nobody knows who it is, and `leads` in the configuration keeps such out"
EXPIRED = "nobody ever said who it is, and `leads.expire_stubs` is over"
KEYED_MEANWHILE = "the record that the lead was given has somebody else's key by now"
CREATES_NONE = "no record yet, and this connection creates none"


def until_next_look(unheard: float) -> float:
    """Return the seconds until a record that another system makes is looked for again.

    Half of the time in which nothing was heard of the lead: what that system brings within minutes is met
    within minutes, and a lead that it never brings costs one read a day.
    """
    return min(max(unheard / 2, SOONEST_LOOK), LATEST_LOOK)


@dataclass(slots=True)
class Write:
    """A person with the write that is due: `item` is the hook's input, `values` what it sends."""

    hook: str
    person: Person
    values: Mapping[str, Scalar]
    item: Any

    @classmethod
    def create(cls, person: Person) -> Write:
        """Return the write that makes a record."""
        lead = person.lead(creating=True)
        return cls("create", person, lead.values, lead)

    @classmethod
    def enrich(cls, person: Person) -> Write | None:
        """Return the write that the record lacks, or None."""
        change = person.change()
        return None if change is None else cls("enrich", person, change.fields, change)

    @classmethod
    def retire(cls, person: Person) -> Write:
        """Return the write that takes the record away."""
        return cls("retire", person, {}, person.record)

    @classmethod
    def absorb(cls, person: Person) -> Write | None:
        """Return the step that brings a double into the record, or None if there is no double of ours."""
        absorption = person.absorption()
        return None if absorption is None else cls("absorb", person, {}, absorption)


@dataclass(slots=True)
class Judge:
    """Turns outcomes into settles, and collects what else follows from them."""

    connection: str
    retry: RetryRules
    settle_seconds: float
    absorbs: bool = False
    again: list[Write] = field(default_factory=list)
    findings: list[FindingRow] = field(default_factory=list)
    synced: int = 0

    def take_again(self) -> list[Write]:
        """Return the writes that follow from what was judged, each once."""
        again, self.again = self.again, []
        return again

    def unmatched(self, person: Person, outcome: Any, now: int, why: str) -> Settle:
        """Return what becomes of a person for whom nothing can be written now."""
        sync = person.sync
        match outcome:
            case NotYet():
                after = sensible(outcome.after) or NOT_YET
                return untried(sync, now=now, reason=outcome.reason, after=after)
            case Ambiguous():
                return self._aside(
                    person, SyncState.HELD, findings.RECORD_AMBIGUOUS, outcome.reason, now, clear=False
                )
            case Gone() | NoMatch() if person.known is not None:
                return self._gone(person, getattr(outcome, "reason", ""), now)
            case NoMatch() | Gone():
                after = until_next_look((now - person.due.lead.changed_at) / 1000)
                return untried(sync, now=now, reason=CREATES_NONE, after=after)
            case RetryLater():
                return self._later(person, outcome, now, clear=False)
        return untried(sync, now=now, reason=why)

    def written(self, hook: str, write: Write, outcome: Any, now: int, why: str) -> Settle:
        """Return what to store of one write."""
        person, sync = write.person, write.person.sync
        match outcome:
            case Synced():
                return self._synced(hook, write, outcome, now)
            case Exists():
                return self._exists(person, outcome.record, now)
            case Rejected():
                return self._rejected(hook, write, outcome, now)
            case Gone():
                return self._gone(person, outcome.reason, now)
            case Uncertain():
                settle = uncertain(
                    sync, now=now, reason=outcome.reason, settle_seconds=self.settle_seconds, rules=self.retry
                )
                return self._told_if_parked(person, settle, outcome.reason, now)
            case RetryLater():
                return self._later(person, outcome, now, clear=True)
        return untried(sync, now=now, reason=why, clear=True)

    def done(self, person: Person, record: Record, now: int) -> Settle:
        """Return the settle of a record that is right; one with doubles to absorb is not done yet."""
        absorption = Write.absorb(person) if self.absorbs else None
        if absorption is not None:
            self.again.append(absorption)
            return self._going_on(person, now)
        self.synced += 1
        created = person.known is not None and person.known.created_by_us
        return Settle(
            connection=self.connection,
            lead=person.id,
            synced=person.due.lead.version,
            synced_at=now,
            record=as_known(record, person.sync, created=created),
            doubles=person.doubles,
            seen=person.seen,
            values=person.base,
            rejected=person.rejected,
            pending=(),
            tries=0,
        )

    def kept_out(self, person: Person, now: int) -> Settle:
        """Return the settle of a stub that gets no record: it is due again once it changes."""
        return Settle(
            connection=self.connection,
            lead=person.id,
            synced=person.due.lead.version,
            synced_at=now,
            tries=0,
            reason=STUB_STAYS,
        )

    def _retired(self, person: Person, now: int) -> Settle:
        """Return the settle of a stub whose record went: should it ever get a name, it gets a new one."""
        return Settle(
            connection=self.connection,
            lead=person.id,
            synced=person.due.lead.version,
            synced_at=now,
            forget_record=True,
            pending=(),
            tries=0,
            reason=EXPIRED,
        )

    def was_retired(self, person: Person, now: int) -> list[Settle]:
        """Return what becomes of a person whose record went by a write of ours that nobody settled.

        It is not gone by a person's hand. Whoever got a name meanwhile gets a new one.
        """
        again = untried(person.sync, now=now, reason=EXPIRED, clear=True)
        rows = {row.lead: row for row in (person.sync, *person.due.joined)}
        return [
            msgspec.structs.replace(again, forget_record=lead in person.retiring)
            if lead == person.id
            else Settle(connection=self.connection, lead=lead, forget_record=True, reason=EXPIRED)
            for lead in rows
            if lead == person.id or lead in person.retiring
        ]

    def was_keyed(self, person: Person, now: int) -> list[Settle]:
        """Return what becomes of a person whose record another one got before we wrote to it: go without."""
        again = untried(person.sync, now=now, reason=KEYED_MEANWHILE, clear=True)
        if person.holder == person.id:
            return [msgspec.structs.replace(again, forget_record=True)]
        given_up = Settle(
            connection=self.connection, lead=person.holder, forget_record=True, reason=KEYED_MEANWHILE
        )
        return [again, given_up]

    def _going_on(self, person: Person, now: int) -> Settle:
        """Return the settle between two steps: the next pass goes on where this one ends."""
        return Settle(
            connection=self.connection,
            lead=person.id,
            record=person.known,
            doubles=person.doubles,
            seen=person.seen,
            values=person.base,
            rejected=person.rejected,
            due_at=now + NEXT_STEP,
        )

    def _absorbed(self, write: Write, outcome: Synced, now: int) -> Settle:
        """Go on with what remains: further steps, what the survivor lacks after a merge, further doubles."""
        person = write.person
        person.absorbed(write.item.double.id, outcome.record, outcome.pending)
        return self._after_absorbing(person, outcome.record, now)

    def _not_absorbed(self, write: Write, outcome: Rejected, now: int) -> Settle:
        """Leave a double that the CRM or its plugin does not want retired to a person."""
        person = write.person
        person.keep(write.item.double.id)
        self._find(person, findings.RECORD_DOUBLE, f"{write.item.double.id} stays: {outcome.reason}", now)
        return self._after_absorbing(person, write.item.survivor, now)

    def _after_absorbing(self, person: Person, record: Record, now: int) -> Settle:
        change = Write.enrich(person)
        if change is None:
            return self.done(person, record, now)
        self.again.append(change)
        return self._going_on(person, now)

    def _synced(self, hook: str, write: Write, outcome: Synced, now: int) -> Settle:
        person = write.person
        if hook == "absorb":
            return self._absorbed(write, outcome, now)
        if hook == "retire":
            return self._retired(person, now)
        created = hook == "create" or (person.known is not None and person.known.created_by_us)
        person.base = person.written(write.values, outcome.record)
        person.known = as_known(outcome.record, person.sync, created=created)
        person.record, person.pending = outcome.record, outcome.pending
        following = Write.enrich(person) if outcome.pending else None
        if following is None:
            return self.done(person, outcome.record, now)
        self.again.append(following)
        return Settle(
            connection=self.connection,
            lead=person.id,
            record=person.known,
            values=person.base,
            pending=outcome.pending,
            due_at=now + NEXT_STEP,
        )

    def _exists(self, person: Person, holder: Record, now: int) -> Settle:
        """Go over to the record that is there; one that was known before becomes its double."""
        settle = untried(person.sync, now=now, reason="the record was there already", clear=True)
        known, doubles = person.known, person.doubles
        if known is not None and known.id != holder.id:
            doubles = (known, *(double for double in doubles if double.id != holder.id))
        record = as_known(holder, person.sync, created=False)
        return msgspec.structs.replace(
            settle, record=record, doubles=tuple(doubles), seen=person.seen, values={}
        )

    def _rejected(self, hook: str, write: Write, outcome: Rejected, now: int) -> Settle:
        """Drop the field that the CRM refuses and send the rest; without one, wait for a change."""
        person, name = write.person, outcome.field
        if hook == "absorb":
            return self._not_absorbed(write, outcome, now)
        if hook == "retire":
            return self.done(person, write.item, now)
        if name is not None and name in person.pending:
            person.rejected[name] = True
            person.pending = tuple(step for step in person.pending if step != name)
            return self._rest(write, outcome, name, now)
        if name is None or name not in write.values or (hook == "create" and person.is_key(name)):
            return self._aside(person, SyncState.PARKED, findings.LEAD_REJECTED, outcome.reason, now)
        person.rejected[name] = write.values[name]
        return self._rest(write, outcome, name, now)

    def _rest(self, write: Write, outcome: Rejected, name: str, now: int) -> Settle:
        """Go on without what was refused."""
        person = write.person
        self._find(person, findings.FIELD_REJECTED, outcome.reason, now, subject=name)
        rest = Write.create(person) if person.record is None else Write.enrich(person)
        if rest is None and person.record is not None:
            return self.done(person, person.record, now)
        if rest is not None:
            self.again.append(rest)
        return Settle(
            connection=self.connection,
            lead=person.id,
            rejected=person.rejected,
            due_at=now + NEXT_STEP,
            reason=outcome.reason,
        )

    def _later(self, person: Person, outcome: RetryLater, now: int, *, clear: bool) -> Settle:
        settle = later(
            person.sync, now=now, reason=outcome.reason, after=outcome.after, rules=self.retry, clear=clear
        )
        return self._told_if_parked(person, settle, outcome.reason, now)

    def _told_if_parked(self, person: Person, settle: Settle, reason: str, now: int) -> Settle:
        if settle.state is SyncState.PARKED:
            self._find(person, findings.LEAD_PARKED, reason, now)
            settle = msgspec.structs.replace(settle, code=findings.LEAD_PARKED.code)
        return settle

    def _gone(self, person: Person, reason: str, now: int) -> Settle:
        return self._aside(person, SyncState.HELD, findings.RECORD_GONE, reason or DELETED, now)

    def _aside(
        self,
        person: Person,
        state: SyncState,
        kind: FindingKind,
        reason: str,
        now: int,
        *,
        clear: bool = True,
    ) -> Settle:
        """Set a person aside, and tell why."""
        self._find(person, kind, reason, now)
        return aside(person.sync, state=state, code=kind.code, reason=reason, clear=clear)

    def _find(self, person: Person, kind: FindingKind, message: str, now: int, *, subject: str = "") -> None:
        found = kind.found(message, subject=subject or f"lead {person.id}")
        self.findings.append(FindingRow.of(found, connection=self.connection, now=now))

    def waiting(self, reason: str, now: int) -> None:
        """Note that a day had no room for further people without a name."""
        found = findings.STUBS_WAITING.found(reason)
        self.findings.append(FindingRow.of(found, connection=self.connection, now=now))

    def shared(self, lead: int, reason: str, now: int) -> None:
        """Note that a record was found, or met by a create, which another person holds."""
        found = findings.RECORD_SHARED.found(reason, subject=f"lead {lead}")
        self.findings.append(FindingRow.of(found, connection=self.connection, now=now))

    def doubled(self, person: Person, now: int) -> None:
        """Note that a person has further records which nobody but a person can unite."""
        others = [one.id for one in person.doubles if not (self.absorbs and one.created_by_us)]
        if others:
            message = f"the person has further records: {', '.join(others)}"
            self._find(person, findings.RECORD_DOUBLE, message, now)
