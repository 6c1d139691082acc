"""The configuration: an optional file, then the environment over it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from afterclick.config.connection import CONNECTION_KEYS, OWN
from afterclick.config.decode import Decoder
from afterclick.config.environment import CONFIG_FILE, Tree, overlay
from afterclick.config.model import DEFAULT_STAGES, Settings
from afterclick.config.secrets import conceal
from afterclick.config.signing import check_sources
from afterclick.errors import ConfigurationError, Fault

DEFAULT_FILE = Path("afterclick.toml")
WEBHOOK_SECRET = "WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
DEFAULT_SOURCE = "tolinku"
_VENDOR_PREFIX = "whsec_"


def load(path: str | Path | None, environ: Mapping[str, str]) -> Settings:
    """Return the settings of the file at `path` and of the environment.

    Without a path the file is the one that AFTERCLICK_CONFIG names, else `afterclick.toml` in the
    working directory if it is there.

    Raises:
        ConfigurationError: with every fault, its path and its remedy.

    """
    tree = _read(_file(path, environ))
    origins = overlay(tree, environ)
    _add_webhook_secret(tree, environ, origins)
    _set_aside_plugin_settings(tree)
    if isinstance(tree.get("stages", {}), dict):
        tree["stages"] = {**DEFAULT_STAGES, **tree.get("stages", {})}
    decoder = Decoder(environ)
    settings = decoder.struct(Settings, tree, "")
    if settings is not None:
        _check_together(settings, decoder)
    if settings is None or decoder.faults:
        raise ConfigurationError([_with_origin(fault, origins) for fault in decoder.faults])
    return settings


def _file(path: str | Path | None, environ: Mapping[str, str]) -> Path | None:
    named = path or environ.get(CONFIG_FILE, "").strip()
    if named:
        return Path(named).expanduser()
    return DEFAULT_FILE if DEFAULT_FILE.is_file() else None


def _read(path: Path | None) -> Tree:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as failure:
        fault = Fault(str(path), f"cannot be read ({failure.strerror})", "Name a file that is there.")
    except UnicodeDecodeError:
        fault = Fault(str(path), "is not UTF-8 text", "Save it as UTF-8.")
    except tomllib.TOMLDecodeError as failure:
        # The parser names line and column and quotes nothing that could be a secret.
        fault = Fault(str(path), f"is not TOML: {failure}", "Mend that line; text needs quotes.")
    raise ConfigurationError([fault])


def _add_webhook_secret(tree: Tree, environ: Mapping[str, str], origins: dict[str, str]) -> None:
    """Let WEBHOOK_SECRET, the article's name, stand for a source `tolinku`."""
    if WEBHOOK_SECRET not in environ:
        return
    raw = environ[WEBHOOK_SECRET]
    parts = [part.strip() for part in raw.split(",")]
    # Several only where that is plain: somebody else's secret may hold a comma.
    several = all(part.startswith((_VENDOR_PREFIX, "env:", "file:")) for part in parts)
    sources = tree.setdefault("sources", {})
    source = sources.setdefault(DEFAULT_SOURCE, {}) if isinstance(sources, dict) else None
    if not isinstance(source, dict):
        return
    already = source.get("secrets", [])
    if isinstance(already, str):
        already = [part.strip() for part in already.split(",")]
    # Both count: one that is left out silently would refuse good deliveries.
    source["secrets"] = [*already, *(parts if several else [raw])]
    origins.setdefault(f"sources.{DEFAULT_SOURCE}.secrets", WEBHOOK_SECRET)


def _set_aside_plugin_settings(tree: Tree) -> None:
    """Move what a connection's plugin will read out of the way of the decoder."""
    connections = tree.get("connections")
    for table in connections.values() if isinstance(connections, dict) else ():
        if isinstance(table, dict):
            own: dict[str, Any] = {key: table.pop(key) for key in [*table] if key not in CONNECTION_KEYS}
            table[OWN] = conceal(own)


def _check_together(settings: Settings, decoder: Decoder) -> None:
    """Note what single settings cannot show: those that do not fit each other."""
    sync, server = settings.sync, settings.server
    if not settings.ledger.url.startswith("sqlite:///") or not settings.ledger.path:
        decoder.fault(
            "ledger.url",
            "is no address of a ledger",
            "Write `sqlite:///` and a path, such as "
            "`sqlite:////var/lib/afterclick/afterclick.db`. PostgreSQL is not available yet.",
        )
    if sync.renew * 2 > sync.lease:
        decoder.fault("sync.renew", "is more than half of sync.lease", "Renew at least twice per lease.")
    if sync.backoff_first > sync.backoff_max:
        decoder.fault("sync.backoff_first", "is longer than sync.backoff_max", "Raise the longest wait.")
    if server.port == server.admin_port != 0:
        decoder.fault("server.admin_port", "is the port of senders too", "Choose another.")
    check_sources(settings.sources, decoder)


def _with_origin(fault: Fault, origins: Mapping[str, str]) -> Fault:
    """Name the variable, where the value at fault came from one."""
    name = origins.get(fault.path) or origins.get(fault.path.partition("[")[0])
    return fault if name is None else Fault(f"{fault.path} ({name})", fault.problem, fault.remedy)
