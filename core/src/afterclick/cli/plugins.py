"""`afterclick plugins`: what is installed, what is connected, and what is missing."""

from __future__ import annotations

import os

from rich.text import Text

from afterclick.cli.common import plan
from afterclick.cli.output import AsJson, ConfigFile, print_json, print_table
from afterclick.config.load import load
from afterclick.host.discovery import discover


def plugins(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List the installed CRM plugins and the connections they have."""
    found = discover()
    connections = plan(load(config, os.environ), found)
    versions = {name: plugin.version for name, plugin in found.plugins.items()}
    rows = [
        *(
            (one.plugin, versions[one.plugin], one.name, f"ready: {one.base_url}")
            for one in connections.ready
        ),
        *(
            (
                half.plugin,
                versions[half.plugin],
                half.connection,
                f"half set: {', '.join(half.missing)} missing",
            )
            for half in connections.half_set
        ),
        *((one.plugin, versions[one.plugin], "", f"not connected. {one.hint}") for one in connections.idle),
        *((one.name, "", "", f"cannot be used: {one.reason}") for one in found.refused),
    ]
    if as_json:
        names = ("plugin", "version", "connection", "state")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    print_table(
        "CRM plugins",
        ("Plugin", "Version", "Connection", "State"),
        [(*row[:3], _coloured(row[3])) for row in rows],
        empty="No CRM plugin is installed. Install one, for example `pip install afterclick-hubspot`.",
    )


def _coloured(state: str) -> Text:
    styles = {"ready": "green", "half set": "yellow", "cannot": "red"}
    return Text(state, style=next((styles[word] for word in styles if state.startswith(word)), ""))
