"""`afterclick serve` with one plugin whose `match` is broken, as the environment says: BREAKS=name=how."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

from tests.benchmarks.serving import serve

from afterclick.host.discovery import Discovery, Plugin, discover
from afterclick.service import Service

BREAKS = "BREAKS"


async def _raises() -> Any:
    raise ZeroDivisionError


async def _hangs() -> Any:
    await asyncio.Event().wait()


async def _garbage() -> Any:
    return [42]


HOW: dict[str, Callable[[], Awaitable[Any]]] = {"raises": _raises, "hangs": _hangs, "garbage": _garbage}


class Broken(Plugin):
    """A plugin like another one, but for `match`."""

    def __init__(self, plugin: Plugin, how: str) -> None:
        super().__init__(plugin.name, plugin.info, plugin.manager, plugin.version)
        object.__setattr__(self, "_match", HOW[how])

    def call(self, hook: str, **arguments: Any) -> Any:
        """Call a hook; `match` does what is asked for instead."""
        if hook == "match":
            return self._match()  # type: ignore[attr-defined]
        return super().call(hook, **arguments)


def broken(name: str, how: str) -> Discovery:
    """Return what is installed, with one plugin broken."""
    found = discover()
    return replace(found, plugins={**found.plugins, name: Broken(found.plugins[name], how)})


if __name__ == "__main__":
    name, _, how = os.environ[BREAKS].partition("=")
    serve(Service, partial(broken, name, how))
