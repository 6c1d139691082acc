"""`afterclick fields`: which lead attribute goes to which CRM field, under which rule."""

from __future__ import annotations

import os

import typer

from afterclick.cli.common import plan
from afterclick.cli.output import AsJson, ConfigFile, print_json, print_table
from afterclick.config.load import load
from afterclick.config.mapping import CONSTANT
from afterclick.host.discovery import discover
from afterclick.model.fields import FieldSpec


def fields(
    connection: str = typer.Argument(None, help="A connection or plugin; default: all."),
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Print the mapping from leads to CRM fields."""
    found = discover()
    ready = {one.name: one.fields for one in plan(load(config, os.environ), found).ready}
    # A plugin without credentials still has defaults to show.
    defaults = {name: plugin.info.fields for name, plugin in found.plugins.items() if name not in ready}
    shown = {name: specs for name, specs in (ready | defaults).items() if connection in (None, name)}
    if as_json:
        print_json(shown)
        return
    if not shown:
        known = ", ".join(sorted(ready | defaults)) or "none"
        raise typer.BadParameter(f"no connection or plugin {connection!r}; there is: {known}")
    for name, specs in sorted(shown.items()):
        print_table(
            name,
            ("Lead attribute", "CRM field", "Title", "Kind", "Rule"),
            [_row(spec) for spec in specs],
            empty="No field is mapped.",
        )


def _row(spec: FieldSpec) -> tuple[str, str, str, str, str]:
    attribute = f"({spec.placeholder})" if spec.attribute.startswith(CONSTANT) else spec.attribute
    return attribute, spec.name, spec.title, spec.kind.value, spec.rule.value
