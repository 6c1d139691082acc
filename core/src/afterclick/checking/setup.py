"""Looks at what is configured and installed; asks nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from afterclick.checking import findings as kinds
from afterclick.checking.look import Look
from afterclick.config.addresses import is_loopback
from afterclick.config.connections import ConnectionPlan, HalfSet, ResolvedConnection
from afterclick.host.discovery import Discovery
from afterclick.ledger.rows import ConnectionRow
from afterclick.plugin.findings import Finding

_OVERALL = (kinds.NO_PLUGIN, kinds.NO_CONNECTION, kinds.PLUGIN_REFUSED, kinds.CONNECTION_AWAY)
_SETTINGS = (kinds.CONNECTION_HALF_SET, kinds.PLAIN_HTTP)


def names(plan: ConnectionPlan) -> set[str]:
    """Return the connections that are configured, whether they can be used or not."""
    return {one.name for one in plan.ready} | {half.connection for half in plan.half_set} | {*plan.skipped}


def at_setup(
    plan: ConnectionPlan, found: Discovery, remembered: Iterable[ConnectionRow] = ()
) -> Iterator[Look]:
    """Look at plugins and connections; `remembered` are those that the ledger knows."""
    yield Look.of(_OVERALL, [*_plugins(plan, found), *_away(plan, remembered)])
    for resolved in plan.ready:
        yield _connection(resolved.name, _insecure(resolved))
    for half in plan.half_set:
        yield _connection(half.connection, [_half_set(half)])


def _connection(name: str, found: Iterable[Finding]) -> Look:
    return Look.of(_SETTINGS, found, connection=name)


def _plugins(plan: ConnectionPlan, found: Discovery) -> Iterator[Finding]:
    for refused in found.refused:
        yield kinds.PLUGIN_REFUSED.found(
            f"the plugin {refused.name} cannot be used: {refused.reason}", subject=refused.name
        )
    if not found.plugins and not found.refused:
        yield kinds.NO_PLUGIN.found("no CRM plugin is installed")
    elif found.plugins and not plan.ready:
        # Half-set connections say themselves what they lack.
        hints = " ".join(idle.hint for idle in plan.idle) if not plan.half_set else ""
        yield kinds.NO_CONNECTION.found("no CRM is connected", remedy=hints)


def _away(plan: ConnectionPlan, remembered: Iterable[ConnectionRow]) -> Iterator[Finding]:
    for row in remembered:
        if row.name not in names(plan):
            yield kinds.CONNECTION_AWAY.found(
                f"leads wait for the connection {row.name} ({row.plugin}), which is not configured",
                subject=row.name,
            )


def _half_set(half: HalfSet) -> Finding:
    missing = ", ".join(half.missing)
    return kinds.CONNECTION_HALF_SET.found(
        f"the connection {half.connection} lacks {missing}", remedy=f"Set {missing}, or take away the rest."
    )


def _insecure(resolved: ResolvedConnection) -> Iterator[Finding]:
    parts = urlsplit(resolved.base_url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        yield kinds.PLAIN_HTTP.found(f"{resolved.base_url} is reached without TLS")
