"""What the configuration says of connections, in the words of the lanes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from structlog.typing import FilteringBoundLogger

from afterclick.config.connections import ConnectionPlan, ResolvedConnection, resolve_connections
from afterclick.config.model import Settings
from afterclick.console.adopting import Account, Claiming
from afterclick.console.feeding import Route
from afterclick.errors import ConfigurationError
from afterclick.folding.batch import Destination, Rules
from afterclick.host.connection import Connected
from afterclick.host.discovery import Discovery
from afterclick.host.limits import BUDGET
from afterclick.host.strays import reading
from afterclick.ledger.api import Ledger
from afterclick.ledger.operations import Terms
from afterclick.model.further import DATA
from afterclick.observe.events import Said
from afterclick.observe.metrics import Metrics
from afterclick.syncing.batch import PassRules
from afterclick.syncing.lane import LaneRules
from afterclick.syncing.person import Mapped
from afterclick.syncing.retry import RetryRules


class LedgerState:
    """A plugin's durable state, kept in the ledger."""

    def __init__(self, ledger: Ledger, connection: str) -> None:
        self._ledger = ledger
        self._connection = connection

    async def get(self, key: str) -> str | None:
        """Return what was stored under `key`."""
        return await self._ledger.plugin_state(self._connection, key)

    async def set(self, key: str, value: str) -> None:
        """Store durably."""
        await self._ledger.set_plugin_state(self._connection, key, value)


def planned(settings: Settings, found: Discovery, environ: Mapping[str, str]) -> ConnectionPlan:
    """Return which connections there are.

    Raises:
        ConfigurationError: some cannot be understood; all their faults are listed.

    """
    infos = {name: plugin.info for name, plugin in found.plugins.items()}
    broken: Sequence[str] = [refused.name for refused in found.refused]
    plan = resolve_connections(settings, infos, environ, broken=broken)
    if plan.faults:
        raise ConfigurationError(list(plan.faults))
    return plan


def tell_plugins(plan: ConnectionPlan, found: Discovery, metrics: Metrics, log: FilteringBoundLogger) -> None:
    """Tell what became of every installed plugin."""
    for resolved in plan.ready:
        metrics.plugin(resolved.plugin, "ready")
    for idle in plan.idle:
        metrics.plugin(idle.plugin, "idle")
        log.info(Said.PLUGIN_IDLE, plugin=idle.plugin, hint=idle.hint)
    for half in plan.half_set:
        metrics.plugin(half.plugin, "half-set")
        log.warning(Said.CONNECTION_HALF_SET, connection=half.connection, missing=half.missing)
    for refused in found.refused:
        metrics.plugin(refused.name, "refused")
        log.warning(Said.PLUGIN_SKIPPED, plugin=refused.name, reason=refused.reason)


def pepper_of(settings: Settings) -> str:
    """Return what is mixed into the keys; empty without one."""
    pepper = settings.identity.pepper
    return "" if pepper is None else pepper.reveal()


def mapped(settings: Settings, resolved: ResolvedConnection) -> Mapped:
    """Return how a connection shows leads."""
    return Mapped(
        fields=resolved.fields,
        stages=resolved.stages,
        milestones=settings.stages,
        zone=resolved.time_zone,
        pepper=pepper_of(settings),
    )


def pass_rules(settings: Settings, connected: Connected) -> PassRules:
    """Return what a pass goes by."""
    info, sync = connected.plugin.info, settings.sync
    # Where nothing is written nothing is given up: a parked lead would miss the day it goes live.
    give_up_after = sync.give_up_after if connected.resolved.mode == "live" else math.inf
    return PassRules(
        retry=RetryRules(first=sync.backoff_first, longest=sync.backoff_max, give_up_after=give_up_after),
        settle=info.call_deadline + info.late_effect + info.list_lag,
        batch=info.batch_size,
        creates=connected.resolved.creates,
        absorbs=connected.plugin.has("absorb"),
        stubs=settings.leads.stubs == "crm",
        stubs_per_day=settings.leads.max_stubs_per_day,
        expire=None if settings.leads.expire_stubs is None else int(settings.leads.expire_stubs * 1000),
        retires=connected.plugin.has("retire"),
    )


def lane_rules(settings: Settings, resolved: ResolvedConnection) -> LaneRules:
    """Return how a lane works."""
    sync = settings.sync
    return LaneRules(
        in_flight=sync.batches_in_flight,
        horizon=int(sync.linger * 500),
        lease=sync.lease,
        renew=sync.renew,
        observes=resolved.mode != "live",
    )


def route(settings: Settings, connected: Connected) -> Route:
    """Return what operations have to know of a connection."""
    resolved, pacer = connected.resolved, connected.pacer
    quotas = {limit.bucket for limit in resolved.limits if not limit.pace} | {BUDGET}

    def spare() -> float:
        return min((part for name, part in pacer.headroom().items() if name in quotas), default=1.0)

    return Route(
        terms=Terms(spaces=resolved.spaces, stubs=settings.leads.stubs == "crm"),
        # What is in flight is due until it is settled; beyond it one batch that waits.
        most=(settings.sync.batches_in_flight + 1) * connected.plugin.info.batch_size,
        spare=spare,
        erases=connected.plugin.has("erase") and resolved.mode == "live",
    )


def account(settings: Settings, connected: Connected, claim: Claiming) -> Account:
    """Return a connection as the adopting of records sees it; `claim` is its lane's."""
    return Account(
        open=lambda: reading(connected),
        claim=claim,
        route=route(settings, connected),
        observes=connected.resolved.mode != "live",
    )


def fold_rules(settings: Settings, plan: ConnectionPlan) -> Rules:
    """Return when a changed lead becomes due."""
    return Rules(
        linger=int(settings.sync.linger * 1000),
        stubs=settings.leads.stubs,
        stub_delay=int(settings.leads.stub_delay * 1000),
        stages=settings.stages,
        pepper=pepper_of(settings),
        window=settings.policy().window,
        further=_further_data(plan),
    )


def _further_data(plan: ConnectionPlan) -> frozenset[str]:
    """Return the attributes that are paths into the sender's events, of all connections."""
    shown = (spec.attribute for resolved in plan.ready for spec in resolved.fields)
    return frozenset(attribute for attribute in shown if attribute.startswith(DATA))


def destination(name: str, resolved: ResolvedConnection | None) -> Destination:
    """Return a remembered connection as the fold sees it; `resolved` is None for one that is away."""
    if resolved is None:
        return Destination(connection=name)
    return Destination(
        connection=name,
        attributes=frozenset(spec.attribute for spec in resolved.fields),
        spaces=resolved.spaces,
    )
