"""`afterclick config`: the effective settings, without secrets, and the reference of all of them."""

from __future__ import annotations

import os
import tomllib

import typer

from afterclick.cli.output import AsJson, ConfigFile, print_json
from afterclick.config.describe import effective, reference_markdown
from afterclick.config.load import load
from afterclick.host.discovery import discover

app = typer.Typer(help="Show and explain the configuration.", no_args_is_help=True)


@app.command()
def show(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Check the configuration and print what is in force; secrets are masked.

    Exits with 2 and lists every fault if there are any.
    """
    infos = {name: plugin.info for name, plugin in discover().plugins.items()}
    shown = effective(load(config, os.environ), infos)
    if as_json:
        print_json(tomllib.loads(shown))
    else:
        typer.echo(shown)


@app.command()
def describe() -> None:
    """Print the reference of all settings, as Markdown."""
    typer.echo(reference_markdown())
