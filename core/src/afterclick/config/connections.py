"""Which connections there are: credentials in the environment make one, and so does a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from afterclick.config.addresses import fault_of_base_url, is_time_zone
from afterclick.config.connection import CONNECTION_KEYS, Connection
from afterclick.config.decode import Decoder, did_you_mean, join
from afterclick.config.mapping import digest, fields_of, stages_of
from afterclick.config.model import Settings
from afterclick.config.secrets import SecretFault, single_secret, uncover
from afterclick.errors import Fault
from afterclick.model.fields import FieldSpec
from afterclick.plugin.types import Limit, PluginInfo


class ResolvedConnection:
    """One CRM account, ready to be used; its settings hold secrets, so its repr leaves them out."""

    def __init__(
        self,
        *,
        name: str,
        info: PluginInfo,
        settings: msgspec.Struct,
        connection: Connection,
        fields: tuple[FieldSpec, ...],
        stages: Mapping[str, str],
        limits: tuple[Limit, ...],
        expires: bool = False,
    ) -> None:
        self.name = name
        self.plugin = info.name
        self.info = info
        self.settings = settings
        self.base_url = (connection.base_url or info.base_url).rstrip("/")
        self.spaces = None if connection.spaces is None else frozenset(connection.spaces)
        self.creates = connection.creates
        self.mode = connection.mode
        self.time_zone = connection.time_zone
        self.daily_budget = connection.daily_budget
        self.fields = fields
        self.stages = dict(stages)
        self.limits = limits
        self.expires = expires
        self.mapping_digest = digest(fields, stages, connection.time_zone, creates=connection.creates)

    def __repr__(self) -> str:
        return f"<connection {self.name} of {self.plugin}>"

    def serves(self, space: str) -> bool:
        """Tell whether leads of a space go there."""
        return self.spaces is None or space in self.spaces


class Idle(msgspec.Struct, frozen=True):
    """A plugin that nothing was set for; `hint` says what would make its connection."""

    plugin: str
    hint: str


class HalfSet(msgspec.Struct, frozen=True):
    """A connection that lacks settings; `missing` names them the way a person would set them."""

    connection: str
    plugin: str
    missing: tuple[str, ...]


class ConnectionPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What became of every plugin and every table. `skipped` are tables of plugins that are broken."""

    ready: tuple[ResolvedConnection, ...] = ()
    idle: tuple[Idle, ...] = ()
    half_set: tuple[HalfSet, ...] = ()
    skipped: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def resolve_connections(
    settings: Settings,
    plugins: Mapping[str, PluginInfo],
    environ: Mapping[str, str],
    *,
    broken: Collection[str] = (),
) -> ConnectionPlan:
    """Return the connections of the installed plugins, by name.

    `broken` names plugins that are installed and cannot be used: their tables are skipped, so that
    one broken plugin stops no other. Faults are returned and not raised, to be reported together.
    """
    resolver = _Resolver(environ, expires=settings.leads.expire_stubs is not None)
    tables = dict(settings.connections)
    skipped = []
    for name, connection in settings.connections.items():
        plugin = connection.plugin or name
        if plugin in broken:
            skipped.append(name)
        elif plugin not in plugins:
            resolver.decoder.fault(
                f"connections.{name}",
                f"no plugin `{plugin}` is installed",
                _plugins_there_are(plugin, plugins),
            )
        else:
            continue
        del tables[name]
    for plugin, info in sorted(plugins.items()):
        resolver.add_plugin(info, {n: c for n, c in tables.items() if (c.plugin or n) == plugin})
    return ConnectionPlan(
        ready=tuple(sorted(resolver.ready, key=lambda one: one.name)),
        idle=tuple(resolver.idle),
        half_set=tuple(resolver.half_set),
        skipped=tuple(skipped),
        faults=tuple(resolver.decoder.faults),
    )


def _plugins_there_are(plugin: str, plugins: Mapping[str, PluginInfo]) -> str:
    if not plugins:
        return f"Install one: `pip install afterclick-{plugin}`."
    return f"{did_you_mean(plugin, plugins)} Installed: {', '.join(sorted(plugins))}."


class _Resolver:
    def __init__(self, environ: Mapping[str, str], *, expires: bool) -> None:
        self.decoder = Decoder(environ)
        self.ready: list[ResolvedConnection] = []
        self.idle: list[Idle] = []
        self.half_set: list[HalfSet] = []
        self._environ = environ
        self._expires = expires

    def add_plugin(self, info: PluginInfo, tables: Mapping[str, Connection]) -> None:
        """Resolve all connections of one plugin."""
        variables = {
            setting: self._environ[variable].strip()
            for variable, setting in info.environment.items()
            if self._environ.get(variable, "").strip()
        }
        if not tables and not variables:
            self.idle.append(Idle(info.name, _hint(info)))
            return
        # The plugin's variables belong to the connection of its name, or to the only one it has.
        receiver = info.name if info.name in tables or len(tables) != 1 else next(iter(tables))
        if variables and receiver not in tables:
            tables = {**tables, receiver: Connection()}
        for name, connection in tables.items():
            self._add(name, connection, info, variables if name == receiver else {})

    def _add(self, name: str, connection: Connection, info: PluginInfo, variables: Mapping[str, str]) -> None:
        path = f"connections.{name}"
        faults_before = len(self.decoder.faults)
        # A table is about this very connection; the variables are what holds otherwise.
        own = {
            **{key: value for key, value in variables.items() if key not in CONNECTION_KEYS},
            **uncover(connection.own),
        }
        connection = _with_variables(connection, variables)
        missing = _missing(info, own, connection.base_url, in_environment=name == info.name)
        if missing:
            self.half_set.append(HalfSet(name, info.name, missing))
            return
        self._reveal(own, info, path)
        settings = self.decoder.struct(info.settings, own, path, besides=CONNECTION_KEYS)
        self._check(connection, info, path)
        fields = fields_of(connection, info.fields, path, self.decoder)
        stages = stages_of(connection, info.stages, path, self.decoder)
        limits = self._limits(connection, info, path)
        if settings is None or len(self.decoder.faults) > faults_before:
            return
        self.ready.append(
            ResolvedConnection(
                name=name,
                info=info,
                settings=settings,
                connection=connection,
                fields=fields,
                stages=stages,
                limits=limits,
                expires=self._expires,
            )
        )

    def _reveal(self, own: dict[str, Any], info: PluginInfo, path: str) -> None:
        """Put the values of `env:` and `file:` secrets in their place."""
        for key in info.secrets:
            raw = own.get(key)
            if not isinstance(raw, str) or not raw.strip():
                continue
            try:
                own[key] = single_secret(raw, self._environ).reveal()
            except SecretFault as fault:
                self.decoder.fault(join(path, key), fault.problem, fault.remedy)

    def _check(self, connection: Connection, info: PluginInfo, path: str) -> None:
        problem = fault_of_base_url(connection.base_url, allow_http=connection.allow_http)
        if problem is not None:
            self.decoder.fault(join(path, "base_url"), *problem)
        if not is_time_zone(connection.time_zone):
            self.decoder.fault(
                join(path, "time_zone"), "is no known time zone", "Write one like `Europe/Berlin`, or `UTC`."
            )

    def _limits(self, connection: Connection, info: PluginInfo, path: str) -> tuple[Limit, ...]:
        buckets = {limit.bucket for limit in info.limits}
        for bucket, amount in connection.limits.items():
            where = join(join(path, "limits"), bucket)
            if bucket not in buckets:
                self.decoder.fault(where, "the plugin has no such limit", did_you_mean(bucket, buckets))
            elif amount <= 0:
                self.decoder.fault(where, "would never let a call through", "Write more than 0.")
        return tuple(
            msgspec.structs.replace(limit, amount=connection.limits.get(limit.bucket, limit.amount))
            for limit in info.limits
        )


def _with_variables(connection: Connection, variables: Mapping[str, str]) -> Connection:
    """Let a plugin's variable set what every connection has: a domain may well be its base URL."""
    base_url = variables.get("base_url", "")
    if connection.base_url or not base_url:
        return connection
    return msgspec.structs.replace(connection, base_url=base_url)


def _required(info: PluginInfo) -> tuple[str, ...]:
    return tuple(field.encode_name for field in msgspec.structs.fields(info.settings) if field.required)


def _missing(
    info: PluginInfo, own: Mapping[str, Any], base_url: str, *, in_environment: bool
) -> tuple[str, ...]:
    """Return the settings that are not there, by their variable where the plugin has one for them."""
    variables = {setting: name for name, setting in info.environment.items()} if in_environment else {}
    needed = [name for name in _required(info) if own.get(name) in (None, "")]
    if not (info.base_url or base_url):
        needed.append("base_url")
    return tuple(variables.get(name, name) for name in needed)


def _hint(info: PluginInfo) -> str:
    required = _required(info)
    # A plugin that takes one credential or another requires none: the first that it names is the usual one.
    names = [name for name, setting in info.environment.items() if setting in required]
    names = names or list(info.environment)[:1]
    if names:
        return f"Set {', '.join(names)}."
    return f"Add a table [connections.{info.name}]."
