"""Settings in the environment: `AFTERCLICK_SERVER__PORT` is `server.port`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PREFIX = "AFTERCLICK_"
SEPARATOR = "__"
CONFIG_FILE = "AFTERCLICK_CONFIG"

Tree = dict[str, Any]


def variable(path: str) -> str:
    """Return the variable of a setting."""
    return PREFIX + SEPARATOR.join(path.upper().replace("-", "_").split("."))


def overlay(tree: Tree, environ: Mapping[str, str]) -> dict[str, str]:
    """Put the variables' values into the tree of a file, over the file's own.

    Returns, by path, the variable that a setting came from. An empty variable counts as not set:
    compose files and unit files write one for "no value".
    """
    origins: dict[str, str] = {}
    for name in sorted(environ):
        # Without `__` it is not ours: a cluster makes AFTERCLICK_PORT for a service called afterclick.
        if not name.startswith(PREFIX) or SEPARATOR not in name:
            continue
        parts = name.removeprefix(PREFIX).split(SEPARATOR)
        if all(parts) and (environ[name].strip() or parts[-1] == "SECRETS"):
            _put(tree, parts, environ[name], name, origins)
    return origins


def _put(tree: Tree, parts: list[str], value: str, name: str, origins: dict[str, str]) -> None:
    table = tree
    path = ""
    for part in parts[:-1]:
        key = _key(table, part)
        path = f"{path}.{key}" if path else key
        if key not in table:
            table[key] = {}
            origins[path] = name
        if not isinstance(table[key], dict):
            # A shorter form of the same setting, such as `fields.campaign = "utm"`; the longer one wins.
            table[key] = {}
        table = table[key]
    key = _key(table, parts[-1])
    table[key] = value
    origins[f"{path}.{key}" if path else key] = name


def _key(table: Tree, part: str) -> str:
    """Return the key that a part of a variable means: the file's own spelling where there is one."""
    folded = part.lower().replace("-", "_")
    for key in table:
        if key.lower().replace("-", "_").replace(" ", "_") == folded:
            return key
    return part.lower()
