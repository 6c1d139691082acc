"""`afterclick backup` and `afterclick restore`: the whole ledger, into a file and back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from afterclick.cli.output import ConfigFile
from afterclick.config.load import load
from afterclick.ledger import sqlite as copies


def backup(
    file: Annotated[Path, typer.Argument(help="A new file. It holds personal data, as the ledger does.")],
    config: ConfigFile = None,
) -> None:
    """Copy the ledger as it stands now into a file, beside a service that may be running."""
    copies.backup(_ledger(config), file)
    typer.echo(f"copied and checked: {file}, {file.stat().st_size:,} bytes")


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `afterclick backup` wrote.")],
    config: ConfigFile = None,
) -> None:
    """Put a copy in the ledger's place, while no service runs; what was there is kept beside it."""
    ledger = _ledger(config)
    aside = copies.restore(file, ledger)
    typer.echo(f"put in place: {ledger}")
    if aside is not None:
        typer.echo(f"kept what was there: {aside}")


def _ledger(config: str | None) -> Path:
    return Path(load(config, os.environ).ledger.path)
