"""`afterclick sandbox`: run an emulator of a CRM, to try everything without an account."""

from __future__ import annotations

import asyncio
import shlex
import signal
import ssl
from pathlib import Path
from typing import Any

import typer
from rich.text import Text

from afterclick.cli.common import run
from afterclick.cli.output import console
from afterclick.errors import AfterclickError
from afterclick.host.discovery import Plugin, discover
from afterclick.sandbox import PRESETS, FaultOrder, Faults, parse_rule, serve, told


def sandbox(  # noqa: PLR0913, PLR0917 - typer makes an option of each
    plugin: str = typer.Argument(..., help="The plugin whose CRM to emulate, such as `hubspot`."),
    port: int = typer.Option(9100, "--port", "-p", help="The port on loopback; 0 takes a free one."),
    option: list[str] = typer.Option([], "--option", "-o", help="An option of the emulator, as name=value."),
    faults: str = typer.Option("", "--faults", help=f"What goes wrong, by name: {', '.join(PRESETS)}."),
    fault: list[str] = typer.Option(
        [], "--fault", help="One fault more, such as `kind=status,status=429,probability=0.1`."
    ),
    seed: int | None = typer.Option(
        None, "--seed", help="Which calls are met; the same seed, the same ones."
    ),
    host: str = typer.Option(
        "127.0.0.1",
        "--host",
        help="The address to listen on. It asks nobody who they are: leave it on loopback.",
    ),
    public_url: str = typer.Option("", "--public-url", help="Where others reach it, if that differs."),
    tls: Path | None = typer.Option(
        None, "--tls", help="Speak HTTPS, with the certificate and its private key in this PEM file."
    ),
) -> None:
    """Run a CRM's emulator until Ctrl-C."""
    options = _options(option)
    order = _order(faults, fault, seed)
    context = None if tls is None else _context(tls)
    run(_serve(plugin, options, order, host=host, port=port, public_url=public_url, tls=context))


def _context(pem: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(pem)
    except OSError as wrong:
        raise typer.BadParameter(f"{pem} cannot be used: {wrong}", param_hint="--tls") from wrong
    return context


def _options(pairs: list[str]) -> dict[str, str]:
    options = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise typer.BadParameter(f"{pair!r} is not of the form name=value")
        options[name.strip()] = value.strip()
    return options


def _order(preset: str, texts: list[str], seed: int | None) -> FaultOrder:
    try:
        return FaultOrder(rules=tuple(map(parse_rule, texts)), preset=preset, seed=seed)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--fault") from wrong


def emulator_of(name: str, options: dict[str, str], found: dict[str, Plugin]) -> Any:
    """Return a plugin's emulator.

    Raises:
        AfterclickError: the plugin is not installed or has none, or an option is wrong.

    """
    plugin = found.get(name)
    if plugin is None or not plugin.has("sandbox"):
        known = ", ".join(sorted(other for other, one in found.items() if one.has("sandbox"))) or "none"
        raise AfterclickError(f"there is no sandbox for {name!r}", hint=f"Installed with one: {known}.")
    try:
        return plugin.call("sandbox", options=options)
    except ValueError as wrong:
        raise AfterclickError(f"the sandbox of {name!r} cannot be set up: {wrong}") from wrong


def break_on_purpose(faults: Faults, order: FaultOrder) -> None:
    """Put what was ordered in force, beside what the emulator's own options did.

    Raises:
        AfterclickError: there is no such preset, or the CRM has no such reason.

    """
    try:
        ordered = order.all() if order.preset or order.rules else ()
        faults.start((*faults.rules, *ordered), seed=faults.seed if order.seed is None else order.seed)
    except ValueError as wrong:
        raise AfterclickError(f"these faults cannot be: {wrong}") from wrong


async def _serve(
    name: str,
    options: dict[str, str],
    order: FaultOrder,
    *,
    host: str,
    port: int,
    public_url: str,
    tls: ssl.SSLContext | None,
) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    found = discover().plugins
    emulator = emulator_of(name, options, found)
    break_on_purpose(emulator.faults, order)
    async with serve(emulator, host, port, public_url=public_url, tls=tls) as running:
        out = console()
        out.print(Text(f"{emulator.title} sandbox at {running.url} (Ctrl-C ends it)", style="bold"))
        out.print(Text("Point a connection at it:"))
        variables = {setting: variable for variable, setting in found[name].info.environment.items()}
        for setting, value in running.settings().items():
            variable = variables.get(setting, f"AFTERCLICK_CONNECTIONS__{name.upper()}__{setting.upper()}")
            out.print(Text(f"  export {variable}={shlex.quote(value)}"))
        if emulator.faults.rules:
            out.print(Text(f"What goes wrong, repeatable with --seed {emulator.faults.seed}:"))
        for rule in emulator.faults.rules:
            out.print(Text(f"  {told(rule)}"))
        await stopped.wait()
