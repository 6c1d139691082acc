"""A bench for sync lanes: the real fold, the real lanes and the real ledger, on a clock that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self, cast

import structlog
from tests.simulation.absorbing import AbsorbingPlugin
from tests.simulation.clock import START, VirtualClock
from tests.simulation.fakecrm import FIELDS, FakeCrm, FakePlugin, info
from tests.simulation.ledger import InlineLedger, open_ledger
from tests.support.events import make_delivery

from afterclick.folding.batch import Destination, Rules
from afterclick.folding.lane import FoldLane
from afterclick.host.caller import Caller
from afterclick.host.discovery import load
from afterclick.ledger.rows import Attempt, LeadRow, SyncRow
from afterclick.ledger.told import FindingRow
from afterclick.model.journey import Policy
from afterclick.model.lead import STAGES
from afterclick.observe.metrics import Metrics
from afterclick.plugin import Context
from afterclick.syncing.batch import PassRules
from afterclick.syncing.lane import LaneRules, SyncLane
from afterclick.syncing.person import Mapped
from afterclick.syncing.retry import RetryRules

STAGE_WORDS = {name: name for name in STAGES}
DESTINATION_ATTRIBUTES = frozenset(spec.attribute for spec in FIELDS)


class NoState:
    """A plugin's durable state that stays empty."""

    async def get(self, key: str) -> str | None:
        return None

    async def set(self, key: str, value: str) -> None:
        return


def make_caller(
    crm: FakeCrm,
    clock: Any,
    *,
    connection: str = "fake",
    metrics: Metrics | None = None,
    absorbs: bool = False,
    plugin: type[FakePlugin] | None = None,
    **changes: Any,
) -> Caller:
    """Return the caller of a connection to the CRM; `changes` are of its `PluginInfo`."""
    described = info(**changes)
    kind = plugin or (AbsorbingPlugin if absorbs else FakePlugin)
    ctx: Context[Any] = Context(
        connection=connection,
        settings=None,
        http=cast("Any", None),
        clock=clock,
        log=structlog.get_logger(),
        fields=described.fields,
        state=NoState(),
        stages=STAGE_WORDS,
    )
    return Caller(load("fake", kind(crm, described)), ctx, clock, metrics or Metrics())


def make_lane(
    ledger: Any,
    clock: Any,
    caller: Caller,
    *,
    creates: bool = True,
    batch: int | None = None,
    retry: RetryRules | None = None,
    settle: float | None = None,
    stubs: bool = True,
    stubs_per_day: int | None = None,
    expire: int | None = None,
    lane: LaneRules | None = None,
    metrics: Metrics | None = None,
) -> SyncLane:
    """Return a lane with the rules that its plugin's description leads to."""
    described = caller.plugin.info
    waits = described.call_deadline + described.late_effect + described.list_lag
    return SyncLane(
        ledger,
        clock,
        caller,
        mapped=Mapped(fields=described.fields, stages=STAGE_WORDS),
        rules=PassRules(
            retry=retry or RetryRules(),
            settle=waits if settle is None else settle,
            batch=batch or described.batch_size,
            creates=creates,
            absorbs=caller.plugin.has("absorb"),
            stubs=stubs,
            stubs_per_day=stubs_per_day,
            expire=expire,
            retires=caller.plugin.has("retire"),
        ),
        lane=lane or LaneRules(),
        metrics=metrics or Metrics(),
    )


def make_fold(
    ledger: Any, clock: Any, metrics: Metrics, connections: Sequence[str], **rules: Any
) -> FoldLane:
    """Return a fold lane that some connections follow."""
    places = [Destination(connection=name, attributes=DESTINATION_ATTRIBUTES) for name in connections]
    return FoldLane(
        ledger,
        clock,
        policy=Policy(),
        rules=Rules(**({"linger": 1000, "stub_delay": 2000} | rules)),
        destinations=lambda: places,
        metrics=metrics,
    )


class Bench:
    """One process: a fold lane, unless it is not to fold, and sync lanes that a test starts."""

    def __init__(
        self,
        path: Path,
        *,
        connections: Sequence[str] = ("fake", "other"),
        folds: bool = True,
        begins: int = START,
        **rules: Any,
    ) -> None:
        self.clock = VirtualClock(begins)
        self.ledger: InlineLedger = open_ledger(path, self.clock)
        self.crm = FakeCrm(self.clock)
        self.metrics = Metrics()
        self.tasks: list[asyncio.Task[None]] = []
        self.fold = make_fold(self.ledger, self.clock, self.metrics, connections, **rules)
        self.expire: int | None = None
        """After how long (ms) the lanes of a test let stubs expire, for those who judge the end."""
        self._folds = folds

    async def __aenter__(self) -> Self:
        if self._folds:
            _ = self.run(self.fold.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """End everything that was started and let it clean up."""
        for task in [*self.tasks, *self.crm.requests]:
            task.cancel()
        ending = asyncio.gather(*self.tasks, *self.crm.requests, return_exceptions=True)
        await self.clock.until(ending.done, limit=120)
        await self.ledger.close()

    def run(self, work: Any) -> asyncio.Task[None]:
        """Start a task that ends with the bench."""
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self.tasks.append(task)
        return task

    def lane(self, *, crm: FakeCrm | None = None, connection: str = "fake", **rules: Any) -> SyncLane:
        """Make and start a lane; `rules` go to `make_lane`, those of the plugin to its description."""
        names = {"absorbs", "batch_size", "call_deadline", "late_effect", "list_lag", "fields", "findings"}
        described = {name: rules.pop(name) for name in names & rules.keys()}
        caller = make_caller(
            crm or self.crm, self.clock, connection=connection, metrics=self.metrics, **described
        )
        lane = make_lane(self.ledger, self.clock, caller, metrics=self.metrics, **rules)
        _ = self.run(lane.run())
        return lane

    async def happens(self, type: str, *, ago: float = 0.0, **data: Any) -> None:
        """Receive an event of now, or of `ago` seconds before."""
        await self.ledger.append(make_delivery(type, at=self.clock.now() - int(ago * 1000), **data))

    async def converts(self, person: str, *, ago: float = 0.0, **data: Any) -> None:
        """Receive the completion of a referral: a person with a name."""
        given = {"referral_code": f"code-{person}", "referred_user_id": person} | data
        await self.happens("referral.completed", ago=ago, **given)

    async def taps(self, token: str, *, ago: float = 0.0, **data: Any) -> None:
        """Receive an install through a link: somebody without a name."""
        await self.happens("install.tracked", ago=ago, **({"token": token, "prefix": "promo"} | data))

    async def leads(self) -> list[LeadRow]:
        """Return the living leads, oldest first."""
        return sorted(await self.ledger.leads(limit=1000), key=lambda row: row.id)

    async def sync(self, lead: int = 1, connection: str = "fake") -> SyncRow:
        """Return a lead's sync row."""
        rows = await self.ledger.syncs_of([lead])
        return next(row for row in rows if row.connection == connection)

    async def attempts(self) -> list[Attempt]:
        """Return all attempts, oldest first."""
        return list(reversed(await self.ledger.attempts(limit=1000)))

    async def findings(self) -> list[FindingRow]:
        """Return the findings."""
        return list(await self.ledger.findings())

    async def codes(self) -> list[str]:
        """Return the codes of all findings."""
        return sorted(row.code for row in await self.findings())
