"""A pass that only looks: it matches as a live one does, and notes what that one would write.

Whose the records are, what was written and which writes may still land is left as it is, so that a
lane may be switched to live and back at any moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from afterclick.clock import MILLISECONDS_PER_DAY
from afterclick.host.caller import Called
from afterclick.ledger.api import Ledger
from afterclick.ledger.observations import Difference, Observation, Operation
from afterclick.ledger.rows import Settle
from afterclick.model.fields import Scalar
from afterclick.plugin.types import Ambiguous, Gone, Match, NoMatch, Record
from afterclick.syncing.batch import Pass, PassRules, why_of
from afterclick.syncing.person import Person, as_record
from afterclick.syncing.verdict import CREATES_NONE, DELETED, KEYED_MEANWHILE, STUB_STAYS, Write

LOOK_AGAIN = MILLISECONDS_PER_DAY
"""How long an observation is good, if its lead does not change before: people work in the CRM."""

MOST_DIFFERENCES, MOST_FURTHER, LONGEST = 100, 10, 200
"""What is kept of one lead at most: fields, ids of other records, and characters of a text."""


class ObservingPass(Pass):
    """Looks at one batch of due persons and writes to the ledger what it would have written to the CRM."""

    _ledger: Ledger

    async def _within_stubs(self, people: list[Person]) -> list[Person]:
        """Leave nobody out: a stub that is only looked at takes no room from those that are written."""
        return people

    async def _sort(self, people: Sequence[Person], called: Called) -> tuple[list[Write], list[Write]]:
        now, why = self._clock.now(), why_of(called)
        seen: list[Observation] = []
        settles: list[Settle] = []
        for person, outcome in zip(people, called.outcomes, strict=True):
            observation = observe(person, outcome, connection=self._connection, now=now, rules=self._rules)
            if observation is None:
                settles.append(self._judge.unmatched(person, outcome, now, why))
            else:
                seen.append(observation)
        for stored in await self._ledger.note_observations(self._lease.fence, seen, again=now + LOOK_AGAIN):
            self._metrics.observations.labels(self._connection, stored.operation.value).inc()
        await self._settle(settles, self._attempts("match", called, people))
        return [], []


def observe(
    person: Person, outcome: Any, *, connection: str, now: int, rules: PassRules
) -> Observation | None:
    """Return what a live lane would do after this answer of `match`; None where it would ask again."""
    operation, differences, reason = Operation.NONE, list[Difference](), None
    absorbed: Sequence[str] = ()
    record: Record | None = None
    further: Sequence[Record] = ()
    match outcome:
        case Match() if person.is_anothers(outcome.record):
            operation, reason, further = Operation.AMBIGUOUS, KEYED_MEANWHILE, [outcome.record]
        case Match():
            record, further = _found(person, outcome)
            absorbed = [one.id for one in person.doubles if one.retirable] if rules.absorbs else ()
            further = [one for one in further if one.id not in absorbed]
            operation = Operation.CHANGE if absorbed or person.change() is not None else Operation.NONE
            differences = list(_differences(person, record))
            if rules.let_go(person, now):
                operation, differences = Operation.RETIRE, []
        case Gone() | NoMatch() if person.known is not None:
            operation, reason = Operation.GONE, getattr(outcome, "reason", "") or DELETED
        case NoMatch() if rules.keep_out(person, now):
            reason = STUB_STAYS
        case NoMatch() if rules.creates:
            operation = Operation.CREATE
            values = Write.create(person).values
            differences = [Difference(field=name, wanted=_short(value)) for name, value in values.items()]
        case NoMatch() | Gone():
            reason = CREATES_NONE
        case Ambiguous():
            operation, reason, further = Operation.AMBIGUOUS, outcome.reason, outcome.candidates
        case _:
            return None
    known = person.known
    return Observation(
        connection=connection,
        lead=person.id,
        version=person.due.lead.version,
        at=now,
        operation=operation,
        record_kind=record.kind if record else known.kind if known else None,
        record_id=record.id if record else known.id if known else None,
        record_url=record.url if record else known.url if known else None,
        differences=tuple(differences[:MOST_DIFFERENCES]),
        pending=person.pending,
        absorbed=tuple(absorbed[:MOST_FURTHER]),
        further=tuple(one.id for one in further[:MOST_FURTHER]),
        reason=None if reason is None else reason[:LONGEST],
    )


def _found(person: Person, outcome: Match) -> tuple[Record, Sequence[Record]]:
    """Return the record that would live on and the person's others, as an adoption would leave them."""
    chosen = person.choose(outcome)
    person.found(chosen)
    adoption = person.adoption(chosen)
    if adoption is not None:
        person.adopted(adoption.records)
    return chosen.record, [as_record(double) for double in person.doubles]


def _differences(person: Person, record: Record) -> Iterator[Difference]:
    """Go through the fields that a change would write, then those it would leave alone."""
    change = person.change()
    for name, wanted in ({} if change is None else change.fields).items():
        yield Difference(field=name, present=_shown(record, name), wanted=_short(wanted))
    wanted_values = person.wanted(creating=False)
    for name, why in person.kept().items():
        yield Difference(
            field=name, present=_shown(record, name), wanted=_short(wanted_values[name]), kept=why
        )


def _shown(record: Record, name: str) -> Scalar | None:
    value = record.values.get(name)
    return None if value is None else _short(value)


def _short(value: Scalar) -> Scalar:
    if isinstance(value, str) and len(value) > LONGEST:
        return value[: LONGEST - 1] + "…"
    return value
