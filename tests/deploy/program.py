"""What the program really has: commands, settings, paths, ports. Everything in deploy/ is held to it."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import typer
from typer.core import TyperGroup

import afterclick
from afterclick.cli import app
from afterclick.config.connections import ConnectionPlan, resolve_connections
from afterclick.config.describe import sections
from afterclick.config.environment import CONFIG_FILE
from afterclick.config.load import WEBHOOK_SECRET, load
from afterclick.config.model import Server, Settings
from afterclick.host.discovery import Discovery, discover
from afterclick.observe.metrics import Metrics
from afterclick.receiver.admin import admin_app

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
IMAGE = f"afterclick:{afterclick.__version__}"
DEFAULTS = Server()
USER = 10001
LEDGER = "/var/lib/afterclick"

REFERENCE = re.compile(r"file:(/[\w./-]+)")
"""A secret's file, as a setting names it."""


def tool(name: str) -> str:
    """Return the path of a program that came with the pins of the checks."""
    return str(Path(sys.executable).parent / name)


@cache
def installed() -> Discovery:
    """Return the plugins."""
    return discover()


async def _ready() -> bool:
    return True


@cache
def admin_paths() -> frozenset[str]:
    """Return what the admin port answers."""
    application = admin_app(metrics=Metrics(), ready=_ready)
    return frozenset(resource.canonical for resource in application.router.resources())


def parse(arguments: Sequence[str]) -> None:
    """Parse a command line as the program does, running nothing.

    Raises:
        click.UsageError: there is no such command, option or argument.

    """
    command, rest = typer.main.get_command(app), list(arguments)
    context = command.make_context("afterclick", rest)
    while isinstance(command, TyperGroup) and (rest or not command.invoke_without_command):
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command = found
        context = command.make_context(name, [*rest], parent=context)


def unknown_variables(names: Sequence[str]) -> list[str]:
    """Return the variables that set nothing: neither the program nor an installed plugin knows them."""
    ours = [row.variable for section in sections() for row in section.rows]
    patterns = [re.sub(r"<[A-Z]+>", "[A-Z0-9_]+", variable) for variable in ours]
    theirs = {name for plugin in installed().plugins.values() for name in plugin.info.environment}
    known = {CONFIG_FILE, WEBHOOK_SECRET, *theirs}
    return [name for name in names if name not in known and not any(re.fullmatch(p, name) for p in patterns)]


def configured(
    text: str, environ: Mapping[str, str], secrets: Mapping[str, str], folder: Path
) -> tuple[Settings, ConnectionPlan]:
    """Load a configuration as the service would, its secrets' files moved into `folder`.

    `secrets` are the files that are mounted, by their path there; any other one is missing, as it would be.
    """
    moved = {path: folder / path.replace("/", "_") for path in secrets}
    for path, value in secrets.items():
        moved[path].write_text(value)

    def move(value: str) -> str:
        return REFERENCE.sub(lambda found: f"file:{moved.get(found[1], folder / 'missing')}", value)

    file = folder / "afterclick.toml"
    file.write_text(move(text))
    around = {name: move(value) for name, value in environ.items() if name != CONFIG_FILE}
    settings = load(file, around)
    infos = {name: plugin.info for name, plugin in installed().plugins.items()}
    return settings, resolve_connections(settings, infos, around)
