"""One pass over a batch of persons: match, adopt, create, enrich, settle.

Three rules keep it right under every crash. A write is marked in the ledger immediately before it
is sent, and unmarked only when its fate is known. Every write follows a read of the same record in
the same pass. What was learned is settled, even while stopping.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from afterclick.clock import MILLISECONDS_PER_DAY, Clock
from afterclick.host.caller import Called, Caller
from afterclick.ledger.api import Passes
from afterclick.ledger.lease import Held
from afterclick.ledger.rows import Attempt, Due, Sending, Settle
from afterclick.ledger.told import FindingRow
from afterclick.model.lead import REFERRER_FIELDS, referrer_attributes
from afterclick.observe.events import Said
from afterclick.observe.metrics import Metrics
from afterclick.plugin.types import Ambiguous, Gone, Lead, Match, NoMatch, Rejected, RetryLater, Uncertain
from afterclick.syncing.person import Mapped, Person
from afterclick.syncing.report import Report
from afterclick.syncing.retry import RetryRules, untried
from afterclick.syncing.turns import give_way
from afterclick.syncing.verdict import Judge, Write

T = TypeVar("T")

ROUNDS = 8
"""Writes of one person in one pass: each dropped field and each further step takes another."""

_INPUTS = {
    "match": "leads",
    "create": "leads",
    "enrich": "changes",
    "retire": "records",
    "absorb": "absorptions",
}
_WRITES = ("create", "enrich", "retire", "absorb")
_TROUBLE = (RetryLater, Rejected, Uncertain, Gone, Ambiguous)


@dataclass(frozen=True, slots=True)
class PassRules:
    """What a pass goes by.

    `settle` is for how many seconds a write may still land. `absorbs` tells that the plugin brings
    doubles into their survivors; without it they are told to the operator. Without `stubs` nobody gets a
    record before they have a name; with it, `stubs_per_day` is how many such records a day (UTC) may see,
    None for any number. A stub of which nothing was heard for `expire` (ms) gets none, and loses the one
    that it has if the plugin `retires` records and nobody but us touched it.
    """

    retry: RetryRules
    settle: float
    batch: int
    creates: bool = True
    absorbs: bool = False
    stubs: bool = True
    stubs_per_day: int | None = None
    expire: int | None = None
    retires: bool = False

    def keep_out(self, person: Person, now: int) -> bool:
        """Tell whether a person gets no record as long as nobody knows who it is."""
        return person.is_new_stub and (not self.stubs or self._is_over(person, now))

    def let_go(self, person: Person, now: int) -> bool:
        """Tell whether the record that was found of a person may go."""
        return self.retires and self._is_over(person, now) and person.only_ours

    def _is_over(self, person: Person, now: int) -> bool:
        return self.expire is not None and person.unnamed_since(now - self.expire)


class Pass:
    """Brings one batch of due persons into the CRM."""

    def __init__(
        self,
        ledger: Passes,
        clock: Clock,
        caller: Caller,
        lease: Held,
        *,
        mapped: Mapped,
        rules: PassRules,
        metrics: Metrics,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._caller = caller
        self._lease = lease
        self._mapped = mapped
        self._rules = rules
        self._metrics = metrics
        self._connection = caller.ctx.connection
        self._judge = Judge(self._connection, rules.retry, rules.settle, absorbs=rules.absorbs)
        self.report = Report()

    async def run(self, due: Sequence[Due]) -> Report:
        """Do the whole pass. Raises what the ledger raises, and cancellation."""
        creates, changes = await self._match(await self._within_stubs(await self._people(due)))
        writes = [*creates, *changes, *self._judge.take_again()]
        for hook in _WRITES:
            for size, group in _by_tries([one for one in writes if one.hook == hook], self._rules.batch):
                for start in range(0, len(group), size):
                    await self._write(hook, group[start : start + size])
        if self._judge.findings:
            await self._ledger.note_findings(self._judge.findings)
            self._tell(self._judge.findings)
        self.report.synced = self._judge.synced
        return self.report

    def _tell(self, findings: Sequence[FindingRow]) -> None:
        """Count each finding, and log each kind once; what one says of its lead is in the ledger."""
        for found in findings:
            self._metrics.finding(found.code, self._connection)
        for code, leads in Counter(found.code for found in findings).items():
            first = next(found.subject for found in findings if found.code == code)
            self._caller.ctx.log.info(Said.FINDING, code=code, leads=leads, first=first)

    async def _people(self, due: Sequence[Due]) -> list[Person]:
        """Return the persons; who referred them is looked up only where a field shows it."""
        names = {
            one.lead.id: (one.lead.space, referrer.value)
            for one in due
            if (referrer := one.lead.state.referrer) is not None
        }
        shown = any(spec.attribute in REFERRER_FIELDS for spec in self._mapped.fields)
        known = await self._ledger.referrers(list(names.values())) if shown and names else {}
        referrers = {
            lead: referrer_attributes(
                found.state, record=found.records.get(self._connection), referrals=found.referrals
            )
            for lead, name in names.items()
            if (found := known.get(name)) is not None
        }
        people: list[Person] = []
        for number, one in enumerate(due):
            await give_way(number)
            shown_of = referrers.get(one.lead.id)
            people.append(Person(one, self._mapped, absorbs=self._rules.absorbs, referrer=shown_of))
        return people

    async def _within_stubs(self, people: list[Person]) -> list[Person]:
        """Leave out new stubs that are not wanted or that today has no room for, before asking about them."""
        limit, now = self._rules.stubs_per_day, self._clock.now()
        kept_out = [person for person in people if self._rules.keep_out(person, now)]
        await self._settle([self._judge.kept_out(person, now) for person in kept_out], [])
        people = [person for person in people if person not in kept_out]
        stubs = [person for person in people if person.is_new_stub]
        if limit is None or not stubs or not self._rules.creates:
            return people
        day = now // MILLISECONDS_PER_DAY
        granted = await self._ledger.grant_stubs(
            self._lease.fence, self._connection, day=day, wanted=len(stubs), limit=limit
        )
        waiting = stubs[granted:]
        if waiting:
            tomorrow = ((day + 1) * MILLISECONDS_PER_DAY - now) / 1000
            reason = f"{limit} stubs a day are allowed"
            self._judge.waiting(reason, now)
            settles = [untried(one.sync, now=now, reason=reason, after=tomorrow) for one in waiting]
            await self._settle(settles, [])
        put_off = {person.id for person in waiting}
        return [person for person in people if person.id not in put_off]

    async def _match(self, people: Sequence[Person]) -> tuple[list[Write], list[Write]]:
        """Return the creates and changes that are due; everybody else is settled."""
        people, leads = await self._rendered(people)
        if not people:
            return [], []
        called = await self._call("match", leads)
        if (called.broken or called.refused) and len(people) > 1:
            # A read is safe to repeat: halve down to the lead that breaks it.
            middle = len(people) // 2
            first = await self._match(people[:middle])
            second = await self._match(people[middle:])
            return first[0] + second[0], first[1] + second[1]
        if called.refused is not None:
            called.outcomes = [RetryLater(called.refused.reason)] * len(people)
        await self._look_further(people, called.outcomes)
        return await self._sort(people, called)

    async def _sort(self, people: Sequence[Person], called: Called) -> tuple[list[Write], list[Write]]:
        """Return the creates and changes that follow from what `match` found; settle everybody else."""
        why, now = why_of(called), self._clock.now()
        found: list[tuple[Person, Match]] = []
        creates: list[Write] = []
        settles: list[Settle] = []
        for person, outcome in zip(people, called.outcomes, strict=True):
            if isinstance(outcome, Match) and person.is_anothers(outcome.record):
                settles += self._judge.was_keyed(person, now)
            elif isinstance(outcome, Match):
                chosen = person.choose(outcome)
                person.found(chosen)
                found.append((person, chosen))
            elif isinstance(outcome, NoMatch) and person.known is None and self._rules.creates:
                creates.append(Write.create(person))
            elif isinstance(outcome, Gone | NoMatch) and person.retiring:
                settles += self._judge.was_retired(person, now)
            else:
                settles.append(self._judge.unmatched(person, outcome, now, why))
        changes = await self._adopt(found, settles)
        await self._settle(settles, self._attempts("match", called, people))
        return creates, changes

    async def _look_further(self, people: Sequence[Person], outcomes: list[Any]) -> None:
        """Look by key for what a create of unknown fate made of a person who has a record by now."""
        further = [
            index
            for index, person in enumerate(people)
            if person.may_have_more and isinstance(outcomes[index], Match)
        ]
        if not further or self.report.stop is not None:
            for index in further:
                outcomes[index] = None
            return
        asked = [people[index] for index in further]
        called = await self._call("match", [person.lead(known=False) for person in asked])
        if called.refused is not None:
            called.outcomes = [RetryLater(called.refused.reason)] * len(asked)
        for index, outcome in zip(further, called.outcomes, strict=True):
            match = outcomes[index]
            if isinstance(outcome, Match):
                others = [one for one in (outcome.record, *outcome.doubles) if one.id != match.record.id]
                outcomes[index] = msgspec.structs.replace(match, doubles=(*match.doubles, *others))
            elif not isinstance(outcome, NoMatch):
                outcomes[index] = outcome
        await self._settle([], self._attempts("match", called, asked))

    async def _rendered(self, people: Sequence[Person]) -> tuple[list[Person], list[Lead]]:
        """Return who can be shown to the plugin; a lead that breaks the mapping fails alone."""
        shown: list[tuple[Person, Lead]] = []
        settles: list[Settle] = []
        now = self._clock.now()
        for number, person in enumerate(people):
            await give_way(number)
            try:
                shown.append((person, person.lead(creating=True)))
            except Exception as failure:
                refusal = RetryLater(f"the mapping cannot show it: {type(failure).__name__}: {failure}")
                settles.append(self._judge.unmatched(person, refusal, now, ""))
        await self._settle(settles, [])
        return [person for person, _ in shown], [person.lead() for person, _ in shown]

    async def _adopt(self, found: Sequence[tuple[Person, Match]], settles: list[Settle]) -> list[Write]:
        """Store whose the records are, then work out what each of them lacks."""
        now = self._clock.now()
        new = {person.id: adoption for person, match in found if (adoption := person.adoption(match))}
        refused: Mapping[int, str] = {}
        if new:
            refused = await self._ledger.adopt(self._lease.fence, self._connection, new)
        changes: list[Write] = []
        for person, match in found:
            if person.id in refused:
                self._judge.shared(person.id, refused[person.id], now)
                continue
            if person.id in new:
                person.adopted(new[person.id].records)
                self._judge.doubled(person, now)
            leaves = self._rules.let_go(person, now)
            change = Write.retire(person) if leaves else Write.enrich(person)
            if change is None:
                settles.append(self._judge.done(person, match.record, now))
            else:
                changes.append(change)
        return changes

    async def _write(self, hook: str, writes: Sequence[Write], *, round: int = 1) -> None:
        """Mark, call, settle. A batch that the CRM refuses as a whole is sent in halves."""
        if self.report.stop is not None:
            now = self._clock.now()
            await self._settle([untried(one.person.sync, now=now, reason="not sent") for one in writes], [])
            return
        # How long the write may still land is counted from its mark, and storing that may take a while:
        # so is the time for the call, and by now the lease may have run out.
        since = self._clock.elapsed()
        writes = await self._mark(hook, writes)
        if not writes:
            return
        _ = self._lease.fence
        called = await self._call(hook, [write.item for write in writes], since=since)
        if called.refused is not None:
            if len(writes) > 1:
                middle = len(writes) // 2
                await self._write(hook, writes[:middle], round=round)
                await self._write(hook, writes[middle:], round=round)
                return
            called.outcomes = [Rejected(called.refused.reason, called.refused.field)]
        why, now = why_of(called), self._clock.now()
        settles = [
            self._judge.written(hook, write, outcome, now, why)
            for write, outcome in zip(writes, called.outcomes, strict=True)
        ]
        people = [write.person for write in writes]
        await self._settle(settles, self._attempts(hook, called, people))
        again = self._judge.take_again()
        if round < ROUNDS:
            for kind in _WRITES:
                rest = [write for write in again if write.hook == kind]
                if rest:
                    await self._write(kind, rest, round=round + 1)

    async def _mark(self, hook: str, writes: Sequence[Write]) -> list[Write]:
        """Note the write in the ledger; leave out a lead that joined another since it was taken."""
        values = {write.person.id: Sending(values=write.values, base=write.person.base) for write in writes}
        marked = set(
            await self._ledger.note_sending(
                self._lease.fence, self._connection, values, operation=hook, now=self._clock.now()
            )
        )
        return [write for write in writes if write.person.id in marked]

    async def _call(self, hook: str, inputs: Sequence[Any], *, since: float | None = None) -> Called:
        called = await self._caller.batch(hook, since=since, **{_INPUTS[hook]: inputs})
        self.report.note(called, len(inputs))
        return called

    async def _settle(self, settles: Sequence[Settle], attempts: Sequence[Attempt]) -> None:
        # With the fence this pass began with: one that comes too late is refused there, and what it
        # learned is kept.
        if settles or attempts:
            settled = await _see_through(self._ledger.settle(self._lease.last_fence, settles, attempts))
            for lead, reason in settled.shared.items():
                self._judge.shared(lead, reason, self._clock.now())

    def _attempts(self, hook: str, called: Called, people: Sequence[Person]) -> list[Attempt]:
        """Return the rows of one call: itself, and each lead for which it failed."""
        whole = called.stop or called.refused
        call = Attempt(
            at=self._clock.now(),
            connection=self._connection,
            hook=hook,
            leads=len(people),
            result=type(whole).__name__ if whole else "broken" if called.broken else "ok",
            status=called.calls[-1].status if called.calls else None,
            correlation=called.calls[-1].correlation if called.calls else None,
            duration_ms=int(called.seconds * 1000),
            reason=why_of(called) or None,
        )
        return [call] + [
            Attempt(
                at=call.at,
                connection=call.connection,
                hook=hook,
                leads=1,
                lead=person.id,
                result=type(outcome).__name__,
                status=call.status,
                correlation=call.correlation,
                duration_ms=call.duration_ms,
                reason=outcome.reason,
            )
            for person, outcome in zip(people, called.outcomes, strict=True)
            if isinstance(outcome, _TROUBLE)
        ]


def why_of(called: Called) -> str:
    """Return why a call failed as a whole; empty if it did not."""
    return str(called.stop or called.refused or called.broken or "")


def _by_tries(writes: Sequence[Write], batch: int) -> list[tuple[int, list[Write]]]:
    """Group writes so that those which failed before travel in ever smaller company."""
    groups: dict[int, list[Write]] = {}
    for write in writes:
        size = max(1, batch >> (2 * max(0, write.person.sync.tries - 1)))
        groups.setdefault(size, []).append(write)
    return sorted(groups.items(), key=lambda group: -group[0])


async def _see_through(work: Awaitable[T]) -> T:
    """Finish a write although we are being cancelled, then let the cancellation go on."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
