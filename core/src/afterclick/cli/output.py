"""What commands print: tables for people, JSON for programs, complaints on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from afterclick.errors import AfterclickError

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
ConfigFile = Annotated[
    str | None,
    typer.Option(
        "--config", "-c", help="The configuration file; default: ./afterclick.toml if there is one."
    ),
]

WIDTH_OF_A_PIPE = 160


def console() -> Console:
    """Return where people read. A pipe has no width of its own: it gets one that folds few cells."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDTH_OF_A_PIPE
    return Console(highlight=False, soft_wrap=False, width=width)


def print_json(value: Any) -> None:
    """Print a value as indented JSON, and nothing else."""
    encoded = msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2)
    sys.stdout.write(encoded.decode() + "\n")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> None:
    """Print rows as a table, or say that there are none. Cells are text: nothing in them is markup."""
    listed = [[_cell(value) for value in row] for row in rows]
    if not listed:
        console().print(Text(empty))
        return
    table = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in listed:
        table.add_row(*row)
    console().print(table)


def _cell(value: Any) -> Text:
    return value if isinstance(value, Text) else Text("" if value is None else str(value))


def moment(milliseconds: int | None) -> str:
    """Return a time as people read it, in UTC."""
    if milliseconds is None:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def complain(failure: AfterclickError) -> None:
    """Say on standard error what is wrong, where, and what to do."""
    error = Console(stderr=True, highlight=False)
    error.print(Text.assemble(("Error: ", "bold red"), failure.message))
    if failure.hint:
        error.print(Text(f"  → {failure.hint}"))
