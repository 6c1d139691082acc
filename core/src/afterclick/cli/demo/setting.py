"""The demo's configuration: an environment of its own, and what it writes into `afterclick.toml`.

Nothing of the shell reaches it, so a real account's credentials cannot be used by accident.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from afterclick.cli.demo.cast import Tables
from afterclick.config.addresses import is_loopback
from afterclick.errors import AfterclickError


class Secrets(msgspec.Struct, frozen=True):
    """What Tolinku signs with, and what the app's backend does."""

    tolinku: str
    app: str

    @classmethod
    def new(cls) -> Secrets:
        """Return secrets that nobody can guess."""
        random = b64encode(secrets.token_bytes(32)).decode()
        return cls(f"whsec_{secrets.token_hex(24)}", f"whsec_{random}")


def environment(
    folder: Path, secret: Secrets, connections: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Return the demo service's whole environment; the shell's is not looked at.

    Raises:
        AfterclickError: a connection leads away from this machine.

    """
    environ = {
        "WEBHOOK_SECRET": secret.tolinku,
        "AFTERCLICK_SOURCES__APP__KIND": "app",
        "AFTERCLICK_SOURCES__APP__SECRETS": secret.app,
        "AFTERCLICK_LEDGER__URL": f"sqlite:///{folder / 'ledger.db'}",
        "AFTERCLICK_SERVER__HOST": "127.0.0.1",
        "AFTERCLICK_SERVER__PORT": "0",
        "AFTERCLICK_SERVER__ADMIN_PORT": "0",
        # Strangers are shown at once; a real service gives them ten minutes to get a name.
        "AFTERCLICK_LEADS__STUB_DELAY": "1s",
    }
    for name, settings in connections.items():
        host = urlsplit(settings.get("base_url", "")).hostname or ""
        if not is_loopback(host):
            raise AfterclickError(
                f"the demo writes to sandboxes on this machine only, not to {host or 'a default address'}",
                hint="Use the address of `afterclick sandbox`, or `afterclick serve` for a real account.",
            )
        for key, value in settings.items():
            environ[f"AFTERCLICK_CONNECTIONS__{name.upper()}__{key.upper()}"] = value
    return environ


def toml(tables: Tables) -> str:
    """Return what stands in `afterclick.toml`."""
    return "\n\n".join("\n".join([f"[connections.{name}]", *lines(one)]) for name, one in tables.items())


def lines(table: Mapping[str, Any]) -> list[str]:
    """Return a table's lines: TOML writes texts and truth values as JSON does."""
    return [f"{key} = {msgspec.json.encode(value).decode()}" for key, value in table.items()]
