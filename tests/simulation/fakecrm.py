"""A CRM in memory and its plugin: unique keys or none, lagging lists, and every way a network can fail."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from afterclick.clock import Clock
from afterclick.plugin import (
    CONTRACT_VERSION,
    Absorption,
    BatchRefused,
    CallFailed,
    Change,
    Context,
    Exists,
    FieldSpec,
    Gone,
    Kind,
    Lead,
    Match,
    MatchOutcome,
    NoMatch,
    Outcome,
    PluginInfo,
    Record,
    Rejected,
    Rule,
    Scalar,
    Synced,
    Uncertain,
    hookimpl,
)
from afterclick.plugin.http import DEADLINE

T = TypeVar("T")

FIELDS = (
    FieldSpec(attribute="key", name="key", title="Key", rule=Rule.KEY, unique=True),
    FieldSpec(
        attribute="name", name="name", title="Name", rule=Rule.CREATE, placeholder="Lead {token} {short}"
    ),
    FieldSpec(attribute="token", name="token", title="Token"),
    FieldSpec(attribute="campaign", name="campaign", title="Campaign"),
    FieldSpec(attribute="platform", name="platform", title="Platform", rule=Rule.FILL),
    FieldSpec(attribute="install_date", name="installed", title="Installed", kind=Kind.DATETIME),
    FieldSpec(attribute="conversion_date", name="converted", title="Converted", kind=Kind.DATETIME),
    FieldSpec(attribute="referral_source", name="referrer", title="Referrer"),
    FieldSpec(attribute="milestone", name="milestone", title="Milestone"),
    FieldSpec(
        attribute="stage",
        name="stage",
        title="Stage",
        rule=Rule.FORWARD,
        order=("lead", "qualified", "customer"),
    ),
)


LATE_EFFECT = 8.0
"""Seconds after our deadline for which a write may still land."""


class NoSettings(msgspec.Struct):
    """This CRM needs none."""


def info(name: str = "fake", **changes: Any) -> PluginInfo:
    """Return what the plugin says of itself."""
    given: dict[str, Any] = {
        "title": "Fake CRM",
        "contract": CONTRACT_VERSION,
        "settings": NoSettings,
        "fields": FIELDS,
        "batch_size": 10,
        "call_deadline": 10.0,
        "late_effect": LATE_EFFECT,
        "list_lag": 4.0,
    }
    return PluginInfo(name=name, **(given | changes))


@dataclass(slots=True)
class Row:
    """A record of the CRM. `ref` is the lead it was made for, `sent_at` when that request left."""

    id: str
    values: dict[str, Scalar]
    key: str
    ref: str
    sent_at: float
    shown_at: float
    merged_into: str | None = None
    deleted: bool = False
    typed: dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """How one request goes: seconds until it takes effect (None: never) and until its answer (None: none)."""

    unsent: bool = False
    effect: float | None = 0.0
    answer: float | None = 0.0
    broken: str = ""
    lag: float = 0.0


FINE = Fault()
Script = Callable[[Sequence[Any]], Any]


class FakeCrm:
    """The CRM's side: `plan` decides how each request goes, `rejected` holds (field, value) never taken."""

    def __init__(self, clock: Clock, *, keyed: bool = True) -> None:
        self.clock = clock
        self.keyed = keyed
        self.rows: dict[str, Row] = {}
        self.rejected: set[tuple[str, Scalar]] = set()
        self.poison: set[Scalar] = set()
        self.plan: Callable[[str, Sequence[str]], Fault] = lambda hook, refs: FINE
        self.calls: list[tuple[str, tuple[str, ...]]] = []
        self.scripts: defaultdict[str, deque[Script]] = defaultdict(deque)
        self.busy: defaultdict[str, int] = defaultdict(int)
        self.requests: set[asyncio.Task[Any]] = set()
        self.merges = False
        self._ids = itertools.count(1)

    # What people and tests do.

    def named(self, hook: str) -> list[tuple[str, ...]]:
        """Return the inputs of all calls of a hook."""
        return [refs for name, refs in self.calls if name == hook]

    def answers(self, hook: str, *scripts: Script) -> None:
        """Let functions of their inputs answer the next calls of a hook; they may raise or be awaitable."""
        self.scripts[hook].extend(scripts)

    def living(self) -> list[Row]:
        """Return the records that are there."""
        return [row for row in self.rows.values() if not row.deleted and row.merged_into is None]

    def edit(self, id: str, name: str, value: Scalar) -> None:
        """Do what a person does who types a value."""
        self.rows[id].values[name] = value
        self.rows[id].typed[name] = value

    def add(
        self, key: str, values: Mapping[str, Scalar], *, ref: str = "", sent_at: float = 0.0, lag: float = 0.0
    ) -> Row:
        """Make a record."""
        row = Row(
            id=f"r{next(self._ids)}",
            values=dict(values),
            key=key,
            ref=ref,
            sent_at=sent_at,
            shown_at=self.clock.elapsed() + lag,
        )
        self.rows[row.id] = row
        return row

    # What requests do.

    def read(self, id: str) -> Row | None:
        """Return a record by its id, following merges, or None if it was deleted."""
        row = self.rows.get(id)
        while row is not None and row.merged_into is not None:
            row = self.rows.get(row.merged_into)
        return None if row is None or row.deleted else row

    def find(self, keys: Sequence[str]) -> list[Row]:
        """Return the records of any of these keys; where keys are not unique the list lags."""
        now = self.clock.elapsed()
        found = [row for row in self.rows.values() if row.key in keys and (self.keyed or row.shown_at <= now)]
        living = {row.id: row for one in found if (row := self.read(one.id)) is not None}
        return sorted(living.values(), key=lambda row: row.sent_at)

    def refused_field(self, values: Mapping[str, Scalar]) -> str | None:
        """Return the field with a value that this CRM never takes."""
        return next((name for name, value in values.items() if (name, value) in self.rejected), None)

    def poisoned(self, values: Mapping[str, Scalar]) -> bool:
        """Tell whether a value makes the CRM refuse the whole request."""
        return any(value in self.poison for value in values.values())

    async def exchange(self, hook: str, refs: Sequence[str], work: Callable[[Fault, float], T]) -> T:
        """Send a request: its effect and its answer come as the plan says, whoever still listens."""
        self.calls.append((hook, tuple(refs)))
        deadline = DEADLINE.get()
        now = self.clock.elapsed()
        fault = self.plan(hook, refs)
        if fault.unsent or (deadline is not None and now >= deadline):
            raise CallFailed("cannot connect", sent=False)
        if fault == FINE:
            return work(fault, now)
        if fault.effect is not None and deadline is not None:
            # What a plugin says of its CRM holds: nothing lands later than that after the deadline.
            latest = deadline + LATE_EFFECT - 0.1 - now
            fault = dataclasses.replace(fault, effect=min(fault.effect, latest))
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        request = asyncio.create_task(self._serve(refs, work, fault, now, answered))
        self.requests.add(request)
        request.add_done_callback(self.requests.discard)
        timer = asyncio.create_task(self.clock.sleep(1e9 if deadline is None else deadline - now))
        try:
            await asyncio.wait([answered, timer], return_when=asyncio.FIRST_COMPLETED)
            if not answered.done():
                raise CallFailed("no answer: timed out", sent=True)
            result: T = answered.result()
            return result
        finally:
            timer.cancel()
            if not answered.done():
                answered.cancel()

    async def _serve(
        self,
        refs: Sequence[str],
        work: Callable[[Fault, float], T],
        fault: Fault,
        sent_at: float,
        answered: asyncio.Future[T],
    ) -> None:
        result: T | None = None
        failure: Exception | None = None
        if fault.effect is not None:
            for ref in refs:
                self.busy[ref] += 1
            try:
                await self.clock.sleep(fault.effect)
                result = work(fault, sent_at)
            except Exception as raised:  # noqa: BLE001 - the plugin gets it, if it still listens
                failure = raised
            finally:
                for ref in refs:
                    self.busy[ref] -= 1
        if fault.answer is None:
            return
        await self.clock.sleep(fault.answer)
        if fault.broken == "cut" or result is None:
            failure = failure or CallFailed("no answer: connection reset", sent=True)
        if answered.done():
            return
        if failure is not None:
            answered.set_exception(failure)
        else:
            assert result is not None
            answered.set_result(result)

    def write(self, lead: Lead, fault: Fault, sent_at: float) -> Outcome:
        """Make a record for a lead, or say that its key is taken."""
        taken = self.find(lead.keys[:1]) if self.keyed else []
        if taken:
            return Exists(self.record(taken[0]))
        wrong = self.refused_field(lead.values)
        if wrong is not None:
            return Rejected("the value is not allowed", wrong)
        values = {name: value for name, value in lead.values.items() if name != "key"}
        row = self.add(lead.keys[0], values, ref=lead.ref, sent_at=sent_at, lag=fault.lag)
        return Synced(self.record(row))

    def update(self, change: Change) -> Outcome:
        """Write a record's fields."""
        row = self.read(change.record.id)
        if row is None:
            return Gone("deleted")
        wrong = self.refused_field(change.fields)
        if wrong is not None:
            return Rejected("the value is not allowed", wrong)
        row.values.update(change.fields)
        return Synced(self.record(row))

    def retire(self, one: Absorption) -> Outcome:
        """Bring a double into its survivor, in two steps, or by a merge under a new id."""
        survivor, double = self.read(one.survivor.id), self.read(one.double.id)
        if survivor is None:
            return Gone("deleted")
        if double is None or double is survivor:
            return Synced(self.record(survivor))
        if not double.ref:
            return Rejected("somebody typed it in")
        if self.merges:
            united = self.add(survivor.key, {**double.values, **survivor.values}, ref=survivor.ref)
            united.typed = {**double.typed, **survivor.typed}
            survivor.merged_into = double.merged_into = united.id
            return Synced(self.record(united))
        if not one.pending:
            return Synced(self.record(survivor), pending=("retire",))
        double.deleted = True
        return Synced(self.record(survivor))

    def record(self, row: Row) -> Record:
        """Return a record as the plugin shows it."""
        return Record(
            kind="contact", id=row.id, values=dict(row.values), key=row.key, touched=bool(row.typed)
        )


class FakePlugin:
    """The plugin's side: it asks the CRM and says what the answers mean."""

    def __init__(self, crm: FakeCrm, info: PluginInfo) -> None:
        self.crm = crm
        self.info = info
        self.connects = 0
        self.disconnects = 0

    @hookimpl
    def describe(self) -> PluginInfo:
        return self.info

    @hookimpl
    async def connect(self, ctx: Context[Any]) -> Any:
        self.connects += 1
        await self._scripted("connect", ())
        return self

    @hookimpl
    async def disconnect(self) -> None:
        self.disconnects += 1

    @hookimpl
    async def match(self, leads: Sequence[Lead]) -> Sequence[MatchOutcome]:
        scripted = await self._scripted("match", leads)
        if scripted is not None:
            return scripted  # type: ignore[no-any-return]

        def work(fault: Fault, sent_at: float) -> list[MatchOutcome]:
            return [self._match(lead) for lead in leads]

        return await self.crm.exchange("match", [lead.ref for lead in leads], work)

    def _match(self, lead: Lead) -> MatchOutcome:
        if lead.record is not None:
            row = self.crm.read(lead.record.id)
            return Gone("deleted") if row is None else Match(self.crm.record(row))
        found = self.crm.find(lead.keys)
        if not found:
            return NoMatch()
        return Match(self.crm.record(found[0]), tuple(self.crm.record(row) for row in found[1:]))

    @hookimpl
    async def create(self, leads: Sequence[Lead]) -> Sequence[Outcome]:
        return await self._write(
            "create", leads, [lead.ref for lead in leads], [lead.values for lead in leads]
        )

    @hookimpl
    async def enrich(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        refs = [change.lead.ref for change in changes]
        return await self._write("enrich", changes, refs, [change.fields for change in changes])

    async def _write(
        self, hook: str, inputs: Sequence[Any], refs: Sequence[str], values: Sequence[Mapping[str, Scalar]]
    ) -> Sequence[Outcome]:
        scripted = await self._scripted(hook, inputs)
        if scripted is not None:
            return scripted  # type: ignore[no-any-return]

        def work(fault: Fault, sent_at: float) -> list[Outcome]:
            if any(self.crm.poisoned(one) for one in values):
                raise BatchRefused("a value is poison")
            done: list[Outcome] = [self._do(hook, one, fault, sent_at) for one in inputs]
            if fault.broken == "forgets":
                done[len(done) // 2] = Uncertain("the answer does not mention it")
            elif fault.broken == "short":
                done.pop()
            elif fault.broken == "error":
                return [Uncertain("the CRM answered 502")] * len(done)
            elif fault.broken == "raises":
                raise KeyError("results")
            return done

        return await self.crm.exchange(hook, refs, work)

    def _do(self, hook: str, one: Any, fault: Fault, sent_at: float) -> Outcome:
        if hook == "create":
            return self.crm.write(one, fault, sent_at)
        return self.crm.retire(one) if hook == "absorb" else self.crm.update(one)

    async def _scripted(self, hook: str, inputs: Sequence[Any]) -> Any:
        if not self.crm.scripts[hook]:
            return None
        self.crm.calls.append(
            (
                hook,
                tuple(one.id if isinstance(one, Record) else getattr(one, "lead", one).ref for one in inputs),
            )
        )
        answer = self.crm.scripts[hook].popleft()(inputs)
        return await answer if isinstance(answer, Awaitable) else answer
