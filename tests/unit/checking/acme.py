"""A CRM account that does not exist, connected: the plugin's check is whatever a test says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from tests.plugins.hostile import good
from tests.support.clock import FakeClock

from afterclick.config.connections import ConnectionPlan, resolve_connections
from afterclick.config.load import load
from afterclick.host.connection import Connected, open_connection
from afterclick.host.discovery import Discovery, Plugin
from afterclick.host.discovery import load as load_plugin
from afterclick.observe.metrics import Metrics
from afterclick.plugin import CONTRACT_VERSION, FieldSpec, FindingKind, Limit, PluginInfo

MISSING = FindingKind(
    code="acme-missing", meaning="A field is missing.", remedy="Provision it.", level="error"
)
REFUSED = FindingKind(
    code="acme-refused", meaning="The key is refused.", remedy="Set another.", level="error", blind=True
)
FIELDS = (FieldSpec(attribute="campaign", name="campaign", title="Campaign"),)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an account of Acme needs."""

    api_token: str


INFO = PluginInfo(
    name="acme",
    title="Acme",
    contract=CONTRACT_VERSION,
    settings=Settings,
    secrets=("api_token",),
    environment={"ACME_TOKEN": "api_token"},
    base_url="https://api.acme.example",
    fields=FIELDS,
    limits=(
        Limit(bucket="burst", amount=100, seconds=10),
        Limit(bucket="daily", amount=5000, seconds=86_400, pace=False),
    ),
    call_deadline=5.0,
    findings=(MISSING, REFUSED),
)


def plugin(check: Any = None) -> Plugin:
    """Return the plugin, loaded; `check` is its hook."""
    return load_plugin("acme", good(describe=lambda: INFO, check=check))


def planned(environ: Mapping[str, str], file: Any = None) -> ConnectionPlan:
    """Return what the configuration makes of the plugin."""
    return resolve_connections(load(file, environ), {"acme": INFO}, environ)


def installed(check: Any = None) -> Discovery:
    """Return what is installed: this plugin."""
    return Discovery({"acme": plugin(check)})


@asynccontextmanager
async def connected(clock: FakeClock, check: Any = None, **environ: str) -> AsyncIterator[Connected]:
    """Connect the account; `environ` are further settings of the connection, such as `daily_budget`."""
    prefix = "AFTERCLICK_CONNECTIONS__ACME__"
    given = {"ACME_TOKEN": "t0p-5151", **{prefix + name.upper(): value for name, value in environ.items()}}
    (resolved,) = planned(given).ready
    async with open_connection(resolved, plugin(check), clock=clock, metrics=Metrics()) as found:
        yield found
