"""The composition root: builds every part, starts them in order, stops them so that nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from afterclick import __version__
from afterclick.clock import Clock
from afterclick.config.addresses import reachable
from afterclick.config.connections import ResolvedConnection
from afterclick.config.model import Settings
from afterclick.console.adopting import Account, Adoptions
from afterclick.console.app import console_app
from afterclick.console.feeding import Feeder, Route
from afterclick.console.forgetting import Forgetter
from afterclick.console.operating import Operator
from afterclick.console.status import Watch
from afterclick.folding.batch import Destination
from afterclick.folding.lane import FoldLane
from afterclick.folding.refolding import Refolder
from afterclick.host.connection import Connected, open_connection
from afterclick.host.discovery import Discovery, discover
from afterclick.ledger.api import Ledger
from afterclick.ledger.operations import Kind
from afterclick.ledger.rows import ConnectionRow
from afterclick.ledger.sqlite import SqliteLedger
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger
from afterclick.observe.metrics import Metrics
from afterclick.receiver.admin import admin_app
from afterclick.receiver.app import PublicApp
from afterclick.receiver.intake import IP_SECRET, Intake
from afterclick.receiver.limits import Limits
from afterclick.receiver.serving import Serving
from afterclick.service.connections import (
    LedgerState,
    account,
    destination,
    fold_rules,
    lane_rules,
    mapped,
    pass_rules,
    planned,
    route,
    tell_plugins,
)
from afterclick.service.stalls import StallWatch
from afterclick.service.upkeep import background, keep_arrivals, prune, show_figures, tidy
from afterclick.service.watch import RegularChecks
from afterclick.syncing.erasing import Eraser
from afterclick.syncing.lane import SyncLane


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
        self.plan = planned(settings, self.found, environ)
        self.lanes: list[SyncLane] = []
        self._erasers: dict[str, Eraser] = {}
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
        return f"http://{reachable(self.settings.server.host)}:{self._serving.ports().public}"

    @property
    def admin_url(self) -> str:
        """Return where metrics and health are."""
        return f"http://{reachable(self.settings.server.admin_host)}:{self._serving.ports().admin}"

    async def _start(self) -> None:
        self._log.info(Said.STARTING, version=__version__)
        self.metrics.info.labels(__version__).set(1)
        tell_plugins(self.plan, self.found, self.metrics, self._log)
        self.ledger = await self._open_ledger()
        await self._open_admin()
        for resolved in self.plan.ready:
            await self._add_connection(resolved)
        await self._remember()
        self._run("fold", self._fold.run())
        self._run("tidy", tidy(self.ledger, self.clock, self._log))
        self._run("operations", self._feeder.run())
        for lane in self.lanes:
            self._run(lane.name, lane.run())
        self._stack.push_async_callback(self._stop_lanes)
        await self._beside("stalls", StallWatch(self.metrics, self._log).run())
        await self._beside("checks", self._checks().run())
        await self._beside("arrivals", keep_arrivals(self.ledger, self.clock, self._log))
        if (keep := self.settings.retention.events) is not None:
            await self._beside("retention", prune(self.ledger, self.clock, self._log, keep=keep))
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
            refresh=self.refresh_metrics,
            api=console_app(self._watch(), self._operator(), self._adoptions(), token=server.admin_token),
        )
        self._serving = Serving(server, public, admin)
        self._stack.push_async_callback(self._serving.stop)
        await self._serving.start_admin()

    def _watch(self) -> Watch:
        return Watch(
            ledger=self.ledger,
            clock=self.clock,
            metrics=self.metrics,
            sources=self.settings.sources,
            running=lambda: [lane.connection for lane in self.lanes],
            started_at=self.clock.now(),
        )

    def _operator(self) -> Operator:
        self._fold = self._fold_lane()
        self._feeder = Feeder(
            self.ledger,
            self.clock,
            self._routes,
            works={Kind.REFOLD: self._refolder().step, Kind.FORGET: self._forgetter().step},
        )
        return Operator(ledger=self.ledger, clock=self.clock, feeder=self._feeder, routes=self._routes)

    def _adoptions(self) -> Adoptions:
        def accounts() -> dict[str, Account]:
            lanes = {lane.connection: lane for lane in self.lanes}
            return {one.name: account(self.settings, one, lanes[one.name].claim) for one in self._connected}

        return Adoptions(self.ledger, self.clock, accounts)

    def _routes(self) -> dict[str, Route]:
        return {one.name: route(self.settings, one) for one in self._connected}

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

    def _checks(self) -> RegularChecks:
        return RegularChecks(
            self.ledger,
            self.clock,
            settings=self.settings,
            plan=self.plan,
            found=self.found,
            connected=self._connected,
            metrics=self.metrics,
            log=self._log,
        )

    async def _beside(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        await self._stack.enter_async_context(background(name, work))

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
                state=LedgerState(self.ledger, resolved.name),
            )
        )
        self._connected.append(connected)
        lane = self._sync_lane(connected)
        self.lanes.append(lane)
        self._erasers[lane.connection] = Eraser(self.ledger, self.clock, lane, self.metrics)
        self._log.info(
            Said.CONNECTION_READY,
            connection=resolved.name,
            mode=resolved.mode,
            base_url=resolved.base_url,
        )

    def _sync_lane(self, connected: Connected) -> SyncLane:
        return SyncLane(
            self.ledger,
            self.clock,
            connected.caller,
            mapped=mapped(self.settings, connected.resolved),
            rules=pass_rules(self.settings, connected),
            lane=lane_rules(self.settings, connected.resolved),
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
            destination(row.name, running.get(row.name)) for row in await self.ledger.connections()
        ]

    # Folding.

    def _fold_lane(self) -> FoldLane:
        settings = self.settings
        return FoldLane(
            self.ledger,
            self.clock,
            policy=settings.policy(),
            rules=fold_rules(settings, self.plan),
            destinations=lambda: self._destinations,
            metrics=self.metrics,
            lease_seconds=settings.sync.lease,
            renew_seconds=settings.sync.renew,
        )

    def _refolder(self) -> Refolder:
        return Refolder(
            self.ledger,
            self.clock,
            self._fold,
            rules=fold_rules(self.settings, self.plan),
            destinations=lambda: self._destinations,
        )

    def _forgetter(self) -> Forgetter:
        return Forgetter(self.ledger, self.clock, turn=self._fold.turn, erasers=lambda: self._erasers)

    # Figures and stopping.

    async def refresh_metrics(self) -> None:
        """Bring the gauges that tell of the ledger up to date; called at each scrape."""
        names = [row.connection for row in self._destinations]
        await show_figures(self.ledger, self.metrics, names, now=self.clock.now())

    async def _stop_lanes(self) -> None:
        """Let batches in flight end within the grace period, then cut them off: their marks stay."""
        for lane in self.lanes:
            lane.stop()
        fold, tidying, feeding, *syncs = self._tasks
        for task in (fold, tidying, feeding):
            task.cancel()
        if syncs:
            await asyncio.wait(syncs, timeout=self.settings.server.stop_grace)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
