"""`afterclick sandbox`: run an emulator of a CRM, to try everything without an account."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import typer
from rich.text import Text

from afterclick.cli.common import run
from afterclick.cli.output import console
from afterclick.errors import AfterclickError
from afterclick.host.discovery import Plugin, discover
from afterclick.sandbox import serve


def sandbox(
    plugin: str = typer.Argument(..., help="The plugin whose CRM to emulate, such as `hubspot`."),
    port: int = typer.Option(9100, "--port", "-p", help="The port on loopback; 0 takes a free one."),
    option: list[str] = typer.Option([], "--option", "-o", help="An option of the emulator, as name=value."),
) -> None:
    """Run a CRM's emulator until Ctrl-C."""
    with suppress(KeyboardInterrupt):
        run(_serve(plugin, port, _options(option)))


def _options(pairs: list[str]) -> dict[str, str]:
    options = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise typer.BadParameter(f"{pair!r} is not of the form name=value")
        options[name.strip()] = value.strip()
    return options


def emulator_of(name: str, options: dict[str, str], found: dict[str, Plugin]) -> Any:
    """Return a plugin's emulator.

    Raises:
        AfterclickError: the plugin is not installed or has none.

    """
    plugin = found.get(name)
    if plugin is None or not plugin.has("sandbox"):
        known = ", ".join(sorted(other for other, one in found.items() if one.has("sandbox"))) or "none"
        raise AfterclickError(f"there is no sandbox for {name!r}", hint=f"Installed with one: {known}.")
    return plugin.call("sandbox", options=options)


async def _serve(name: str, port: int, options: dict[str, str]) -> None:
    found = discover().plugins
    emulator = emulator_of(name, options, found)
    async with serve(emulator, port=port) as running:
        out = console()
        out.print(Text(f"{emulator.title} sandbox at {running.url} (Ctrl-C ends it)", style="bold"))
        out.print(Text("Point a connection at it:"))
        variables = {setting: variable for variable, setting in found[name].info.environment.items()}
        for setting, value in running.settings().items():
            variable = variables.get(setting, f"AFTERCLICK_CONNECTIONS__{name.upper()}__{setting.upper()}")
            out.print(Text(f"  export {variable}={value}"))
        await asyncio.Event().wait()
