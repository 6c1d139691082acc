"""One account, opened as the service would open it, and what a rule does with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from afterclick.clock import Clock
from afterclick.host.caller import Called, Caller
from afterclick.host.discovery import Plugin
from afterclick.observe.metrics import Metrics
from afterclick.plugin import (
    Absorption,
    Change,
    Context,
    Lead,
    Match,
    Record,
    Rejected,
    Rule,
    Scalar,
    Synced,
    Throttled,
    canonical,
)
from afterclick.plugin.http import CallReport
from afterclick.sandbox import Emulator, RunningEmulator
from afterclick.sandbox import Rule as Fault
from afterclick.testing.clock import HoldingClock
from afterclick.testing.crm import Crm
from afterclick.testing.notes import Notes
from afterclick.testing.people import People
from afterclick.testing.strikes import On, Strike, Strikes
from afterclick.testing.verdicts import Broken, DoesNotApply, require

INPUTS = {
    "match": "leads",
    "create": "leads",
    "enrich": "changes",
    "absorb": "absorptions",
    "erase": "records",
}


class Row(NamedTuple):
    """A record as the CRM itself holds it: values by field name, in canonical form."""

    id: str
    key: str | None
    values: Mapping[str, Scalar]


@dataclass
class Account:
    """An open connection, and the sandbox behind it if there is one."""

    crm: Crm
    caller: Caller
    clock: Clock
    strikes: Strikes
    notes: Notes
    people: People
    sandbox: RunningEmulator | None = None
    time: HoldingClock | None = None
    reports: list[CallReport] = field(default_factory=list)
    made: list[Record] = field(default_factory=list)
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)
    said: list[str] = field(default_factory=list)
    """What came of every call, for the rules on what may be told."""

    @property
    def ctx(self) -> Context[Any]:
        """Return the context that the hooks are given."""
        return self.caller.ctx

    @property
    def emulator(self) -> Emulator:
        """Return the sandbox's account."""
        if self.sandbox is None:
            raise DoesNotApply("a real account cannot be broken or looked into from behind")
        return self.sandbox.emulator

    def strike(
        self,
        kind: str,
        *,
        on: On = "write",
        skip: int = 0,
        times: int | None = 1,
        same: bool = False,
        **rule: Any,
    ) -> Strike:
        """Let the next write (or read, or call) of the plugin fail in this way."""
        fault = msgspec.convert({"kind": kind, **rule}, Fault)
        strike = Strike(fault, on, skip, times, same)
        self.strikes.waiting.append(strike)
        return strike

    def peace(self) -> None:
        """Let nothing fail any more."""
        self.strikes.waiting.clear()
        self.emulator.faults.clear()

    async def call(self, hook: str, *inputs: Any) -> Called:
        """Call a hook as the core does, with whatever comes of it."""
        named: dict[str, Any] = {INPUTS[hook]: list(inputs)}
        called = await self.caller.batch(hook, **named)
        self.reports += called.calls
        self.made += [one.record for one in called.outcomes if hook == "create" and isinstance(one, Synced)]
        self.said.append(f"{called.outcomes!r} {called.stop!r} {called.refused!r} {called.broken!r}")
        if called.stop is not None:
            self.said.append(f"{called.stop.reason} {called.stop.finding!r}")
        return called

    async def write(self, hook: str, *inputs: Any, waits: int = 5) -> list[Any]:
        """Call a hook, and wait or take a batch apart as the core does; return an outcome per input."""
        called = await self.call(hook, *inputs)
        if called.refused is not None:
            if len(inputs) == 1:
                return [Rejected(called.refused.reason, called.refused.field)]
            middle = len(inputs) // 2
            return await self.write(hook, *inputs[:middle]) + await self.write(hook, *inputs[middle:])
        if called.stop is None:
            return called.outcomes
        waiting = [place for place, outcome in enumerate(called.outcomes) if outcome is None]
        if not isinstance(called.stop, Throttled) or waits == 0:
            raise Broken(f"{hook} stopped the lane: {type(called.stop).__name__}({called.stop.reason})")
        await self.clock.sleep(called.stop.after)
        rest = [inputs[place] for place in waiting]
        again = await self.write(hook, *rest, waits=waits - 1) if rest else []
        more = dict(zip(waiting, again, strict=True))
        return [more.get(place, outcome) for place, outcome in enumerate(called.outcomes)]

    async def match(self, *leads: Lead) -> list[Any]:
        """Return what `match` answers for each lead."""
        return await self.write("match", *leads)

    async def created(self, *leads: Lead) -> list[Record]:
        """Return new records of these leads, which nothing stands in the way of."""
        outcomes = await self.write("create", *leads)
        for lead, outcome in zip(leads, outcomes, strict=True):
            require(
                isinstance(outcome, Synced), f"create answered {outcome!r} for {lead.ref}, all being well"
            )
        return await self._finished(leads, [outcome.record for outcome in outcomes], outcomes)

    async def _finished(
        self, leads: Sequence[Lead], records: list[Record], outcomes: Sequence[Any]
    ) -> list[Record]:
        """Do the further steps that a create asked for."""
        for place, (lead, outcome) in enumerate(zip(leads, outcomes, strict=True)):
            if outcome.pending:
                change = Change(
                    lead=self.known(lead, outcome.record),
                    record=outcome.record,
                    fields={},
                    pending=outcome.pending,
                )
                (step,) = await self.write("enrich", change)
                require(isinstance(step, Synced), f"enrich answered {step!r} to the steps {outcome.pending}")
                records[place] = step.record
        return records

    async def found(self, lead: Lead) -> Match:
        """Return the match of somebody who has a record."""
        (outcome,) = await self.match(lead)
        require(isinstance(outcome, Match), f"match answered {outcome!r} for {lead.ref}, who has a record")
        match: Match = outcome
        return match

    def known(self, lead: Lead, record: Record, **changes: Any) -> Lead:
        """Return a lead whose record the ledger knows."""
        bare = Record(kind=record.kind, id=record.id, url=record.url, related=record.related)
        return self.people.again(lead, record=bare, **changes)

    def change(self, lead: Lead, record: Record, fields: Mapping[str, Scalar], **more: Any) -> Change:
        """Return a write of some fields, the record being as it was read."""
        return Change(lead=self.known(lead, record), record=record, fields=dict(fields), **more)

    async def enriched(self, lead: Lead, record: Record, fields: Mapping[str, Scalar]) -> Record:
        """Return the record after a write that nothing stands in the way of."""
        (outcome,) = await self.write("enrich", self.change(lead, record, fields))
        require(isinstance(outcome, Synced), f"enrich answered {outcome!r}, all being well")
        done: Record = outcome.record
        return done

    def absorption(self, lead: Lead, survivor: Record, double: Record, **more: Any) -> Absorption:
        """Return two records of one person, the second to go into the first."""
        return Absorption(lead=lead, survivor=survivor, double=double, **more)

    # What the CRM itself holds.

    def rows(self) -> list[Row]:
        """Return what the CRM holds, read past the plugin."""
        return [self._row(row["id"], self.crm.values(self.emulator, row)) for row in self.emulator.records()]

    async def rows_of(self, lead: Lead) -> list[Row]:
        """Return the records that carry one of a lead's keys; a real account is asked through the plugin."""
        if self.sandbox is not None:
            return [row for row in self.rows() if row.key in lead.keys]
        (outcome,) = await self.match(self.people.again(lead, record=None, emails=()))
        records = (outcome.record, *outcome.doubles) if isinstance(outcome, Match) else ()
        return [self._row(one.id, one.values) for one in records]

    async def row(self, lead: Lead, record: Record) -> Row:
        """Return one record as the CRM holds it."""
        found = next((row for row in await self.rows_of(lead) if row.id == record.id), None)
        if found is None:
            raise Broken(f"the CRM has no {record.kind} {record.id} with a key of {lead.ref}")
        return found

    def _row(self, id: str, raw: Mapping[str, Any]) -> Row:
        read = {spec.name: canonical(spec.kind, raw.get(spec.name)) for spec in self.ctx.fields}
        values = {name: value for name, value in read.items() if value is not None}
        key = next((values.get(spec.name) for spec in self.ctx.fields if spec.rule is Rule.KEY), None)
        return Row(str(id), None if key is None else str(key), values)

    # What people and time do.

    def edit(self, record: Record, values: Mapping[str, Scalar]) -> None:
        """Let somebody of the sales team change a record."""
        if self.crm.edit is None:
            raise Broken("the kit cannot edit a record as a person does: give `Crm(edit=…)`")
        self.crm.edit(self.emulator, record.id, values)

    def delete(self, record: Record) -> None:
        """Let somebody of the sales team delete a record."""
        if self.crm.delete is None:
            raise Broken("the kit cannot delete a record as a person does: give `Crm(delete=…)`")
        self.crm.delete(self.emulator, record.id)

    async def close(self) -> None:
        """Close the connection; the sandbox goes on."""
        await self.closing.aclose()

    async def hurry(self, seconds: float) -> None:
        """Shorten the time that a call may take, once its limits have room."""
        await self.clock.sleep(60)
        plugin, ctx = self.caller.plugin, self.caller.ctx
        info = msgspec.structs.replace(plugin.info, call_deadline=seconds)
        hurried = Plugin(plugin.name, info, plugin.manager)
        self.caller = Caller(hurried, ctx, HoldingClock(self.clock), Metrics())

    async def settle(self) -> None:
        """Let the time pass in which a write may still land, and a read not show it."""
        info = self.caller.plugin.info
        await self.clock.sleep(info.call_deadline + info.late_effect + info.list_lag)

    def needs(self, hook: str) -> None:
        """Leave the rule if the plugin does without an optional hook."""
        if not self.caller.plugin.has(hook):
            raise DoesNotApply(f"the plugin has no hook `{hook}`, and the contract says what happens then")
