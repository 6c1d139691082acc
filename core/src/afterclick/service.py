"""The composition root: builds every part, starts them in order, stops them so that nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType

from afterclick import __version__
from afterclick.clock import Clock
from afterclick.config.connections import ConnectionPlan, ResolvedConnection, resolve_connections
from afterclick.config.model import Settings
from afterclick.errors import ConfigurationError, LedgerError
from afterclick.folding.batch import Destination, Rules
from afterclick.folding.lane import FoldLane
from afterclick.host.connection import Connected, open_connection
from afterclick.host.discovery import Discovery, discover
from afterclick.ledger.api import Ledger
from afterclick.ledger.rows import ConnectionRow
from afterclick.ledger.sqlite import SqliteLedger
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger
from afterclick.observe.metrics import Metrics
from afterclick.receiver.admin import admin_app
from afterclick.receiver.app import PublicApp
from afterclick.receiver.limits import Limits
from afterclick.receiver.serving import Serving
from afterclick.receiver.webhook import IP_SECRET, Intake
from afterclick.syncing.batch import PassRules
from afterclick.syncing.lane import LaneRules, SyncLane
from afterclick.syncing.person import Mapped
from afterclick.syncing.retry import RetryRules

TIDY_EVERY, TIDY_AGAIN = 300.0, 0.2
"""Seconds between two looks for what is to be forgotten, and between two steps of it."""


class Service:
    """The whole service, as an asynchronous context: entered it serves, left it has stopped."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        *,
        clock: Clock,
        found: Discovery | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.metrics = metrics or Metrics()
        self.found = discover() if found is None else found
        self.plan = _planned(settings, self.found, environ)
        self.lanes: list[SyncLane] = []
        self._stack = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._connected: list[Connected] = []
        self._destinations: list[Destination] = []
        self._log = get_logger("service")

    async def __aenter__(self) -> Service:
        """Open the ledger, start the lanes, then let senders in."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Refuse new requests, finish what is in flight within the grace period, close the ledger."""
        self._log.info(Said.STOPPING)
        await self._stack.aclose()
        self._log.info(Said.STOPPED)

    async def run_until(self, stopped: asyncio.Event) -> None:
        """Return when `stopped` is set; raise what ended a lane that should not have ended."""
        waiting = asyncio.create_task(stopped.wait())
        try:
            done, _ = await asyncio.wait({waiting, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            waiting.cancel()

    @property
    def public_url(self) -> str:
        """Return where senders reach the service."""
        return f"http://{_reachable(self.settings.server.host)}:{self._serving.ports().public}"

    @property
    def admin_url(self) -> str:
        """Return where metrics and health are."""
        return f"http://{_reachable(self.settings.server.admin_host)}:{self._serving.ports().admin}"

    async def _start(self) -> None:
        self._log.info(Said.STARTING, version=__version__)
        self.metrics.info.labels(__version__).set(1)
        self._tell_plugins()
        self.ledger = await self._open_ledger()
        await self._open_admin()
        for resolved in self.plan.ready:
            await self._add_connection(resolved)
        await self._remember()
        self._run("fold", self._fold_lane().run())
        self._run("tidy", self._tidy())
        for lane in self.lanes:
            self._run(lane.name, lane.run())
        self._stack.push_async_callback(self._stop_lanes)
        await self._serving.start_public()
        self._stack.push_async_callback(self._serving.stop_public)
        self._log.info(Said.STARTED, public=self.public_url, admin=self.admin_url)

    async def _open_admin(self) -> None:
        """Open the port of metrics and health: first to open, last to close."""
        server = self.settings.server
        intake = Intake(
            self.ledger,
            self.clock,
            self.metrics,
            Limits.of(server),
            ip_secret=await self.ledger.secret(IP_SECRET),
            keep_ip=self.settings.privacy.keep_ip,
        )
        public = PublicApp(self.settings.sources, intake)
        admin = admin_app(
            metrics=self.metrics,
            ready=self.ledger.ready,
            token=server.admin_token,
            refresh=self.refresh_metrics,
        )
        self._serving = Serving(server, public, admin)
        self._stack.push_async_callback(self._serving.stop)
        await self._serving.start_admin()

    async def _open_ledger(self) -> Ledger:
        def committed(rows: int, seconds: float) -> None:
            self.metrics.ledger_commit_rows.observe(rows)
            self.metrics.ledger_commit_seconds.observe(seconds)

        path = Path(self.settings.ledger.path)
        ledger = await SqliteLedger.open(
            path, self.clock, batch=self.settings.ledger.commit_rows, committed=committed
        )
        self._stack.push_async_callback(ledger.close)
        self._log.info(Said.LEDGER_OPENED, path=str(path))
        return ledger

    def _run(self, name: str, work: object) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))  # type: ignore[arg-type]

    # Connections.

    async def _add_connection(self, resolved: ResolvedConnection) -> None:
        plugin = self.found.plugins[resolved.plugin]
        connected = await self._stack.enter_async_context(
            open_connection(
                resolved,
                plugin,
                clock=self.clock,
                metrics=self.metrics,
                state=_LedgerState(self.ledger, resolved.name),
            )
        )
        self._connected.append(connected)
        self.lanes.append(self._sync_lane(connected))
        self._log.info(Said.CONNECTION_READY, connection=resolved.name, base_url=resolved.base_url)

    def _sync_lane(self, connected: Connected) -> SyncLane:
        resolved, info, sync = connected.resolved, connected.plugin.info, self.settings.sync
        return SyncLane(
            self.ledger,
            self.clock,
            connected.caller,
            mapped=Mapped(
                fields=resolved.fields,
                stages=resolved.stages,
                milestones=self.settings.stages,
                zone=resolved.time_zone,
                pepper=self._pepper,
            ),
            rules=PassRules(
                retry=RetryRules(
                    first=sync.backoff_first, longest=sync.backoff_max, give_up_after=sync.give_up_after
                ),
                settle=info.call_deadline + info.late_effect + info.list_lag,
                batch=info.batch_size,
                creates=resolved.creates,
            ),
            lane=LaneRules(
                in_flight=sync.batches_in_flight,
                horizon=int(sync.linger * 500),
                lease=sync.lease,
                renew=sync.renew,
            ),
            metrics=self.metrics,
        )

    async def _remember(self) -> None:
        """Note every connection in the ledger; leads of one that is away keep becoming due for it."""
        now = self.clock.now()
        for resolved in self.plan.ready:
            row = ConnectionRow(
                name=resolved.name,
                plugin=resolved.plugin,
                first_seen_at=now,
                mapping=resolved.mapping_digest,
            )
            before = await self.ledger.remember_connection(row)
            if before is None:
                self._log.info(Said.CONNECTION_NEW, connection=resolved.name)
            elif before.mapping != resolved.mapping_digest:
                woken = await self.ledger.wake(resolved.name, now=now)
                self._log.info(Said.MAPPING_CHANGED, connection=resolved.name, woken=woken)
        running = {resolved.name: resolved for resolved in self.plan.ready}
        self._destinations = [
            _destination(row, running.get(row.name)) for row in await self.ledger.connections()
        ]

    def _tell_plugins(self) -> None:
        for resolved in self.plan.ready:
            self.metrics.plugin(resolved.plugin, "ready")
        for idle in self.plan.idle:
            self.metrics.plugin(idle.plugin, "idle")
            self._log.info(Said.PLUGIN_IDLE, plugin=idle.plugin, hint=idle.hint)
        for half in self.plan.half_set:
            self.metrics.plugin(half.plugin, "half-set")
            self._log.warning(Said.CONNECTION_HALF_SET, connection=half.connection, missing=half.missing)
        for refused in self.found.refused:
            self.metrics.plugin(refused.name, "refused")
            self._log.warning(Said.PLUGIN_SKIPPED, plugin=refused.name, reason=refused.reason)

    # Folding.

    @property
    def _pepper(self) -> str:
        pepper = self.settings.identity.pepper
        return "" if pepper is None else pepper.reveal()

    def _fold_lane(self) -> FoldLane:
        settings = self.settings
        return FoldLane(
            self.ledger,
            self.clock,
            policy=settings.policy(),
            rules=Rules(
                linger=int(settings.sync.linger * 1000),
                stubs=settings.leads.stubs,
                stub_delay=int(settings.leads.stub_delay * 1000),
                stages=settings.stages,
                pepper=self._pepper,
                window=settings.policy().window,
            ),
            destinations=lambda: self._destinations,
            metrics=self.metrics,
            lease_seconds=settings.sync.lease,
            renew_seconds=settings.sync.renew,
        )

    # Figures and stopping.

    async def refresh_metrics(self) -> None:
        """Bring the gauges that tell of the ledger up to date; called at each scrape."""
        now = self.clock.now()
        names = [row.connection for row in self._destinations]
        totals = await self.ledger.totals(names, now=now)
        unfolded_at = totals.oldest_unfolded_at
        self.metrics.backlog(
            unfolded=totals.unfolded,
            oldest_age=0.0 if unfolded_at is None else (now - unfolded_at) / 1000,
            size_bytes=totals.size_bytes,
        )
        for name in names:
            due_at = totals.oldest_due_at.get(name)
            self.metrics.syncs(
                name,
                due=totals.due.get(name, 0),
                oldest_age=0.0 if due_at is None else (now - due_at) / 1000,
                set_aside={"parked": totals.parked.get(name, 0), "held": totals.held.get(name, 0)},
            )

    async def _tidy(self) -> None:
        """Let the ledger forget what it keeps for a time only, a little at a time."""
        while True:
            try:
                forgotten = await self.ledger.tidy()
            except LedgerError as failure:
                self._log.warning(Said.LEDGER_UNAVAILABLE, code=failure.code, reason=failure.message)
                forgotten = 0
            await self.clock.sleep(TIDY_AGAIN if forgotten else TIDY_EVERY)

    async def _stop_lanes(self) -> None:
        """Let batches in flight end within the grace period, then cut them off: their marks stay."""
        for lane in self.lanes:
            lane.stop()
        fold, tidying, *syncs = self._tasks
        fold.cancel()
        tidying.cancel()
        if syncs:
            await asyncio.wait(syncs, timeout=self.settings.server.stop_grace)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class _LedgerState:
    """A plugin's durable state, kept in the ledger."""

    def __init__(self, ledger: Ledger, connection: str) -> None:
        self._ledger = ledger
        self._connection = connection

    async def get(self, key: str) -> str | None:
        return await self._ledger.plugin_state(self._connection, key)

    async def set(self, key: str, value: str) -> None:
        await self._ledger.set_plugin_state(self._connection, key, value)


def _reachable(host: str) -> str:
    """Return a name under which this machine reaches an address that it listens on."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - only compared


def _planned(settings: Settings, found: Discovery, environ: Mapping[str, str]) -> ConnectionPlan:
    infos = {name: plugin.info for name, plugin in found.plugins.items()}
    broken: Sequence[str] = [refused.name for refused in found.refused]
    plan = resolve_connections(settings, infos, environ, broken=broken)
    if plan.faults:
        raise ConfigurationError(list(plan.faults))
    return plan


def _destination(row: ConnectionRow, resolved: ResolvedConnection | None) -> Destination:
    if resolved is None:
        return Destination(connection=row.name)
    return Destination(
        connection=row.name,
        attributes=frozenset(spec.attribute for spec in resolved.fields),
        spaces=resolved.spaces,
    )
