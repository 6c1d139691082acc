"""`afterclick health`: ask the running service how it is, without curl (a container's health check)."""

from __future__ import annotations

import os
from http.client import HTTPConnection, HTTPException

import typer

from afterclick.cli.output import ConfigFile
from afterclick.config.addresses import reachable
from afterclick.config.load import load
from afterclick.config.model import Server
from afterclick.errors import AfterclickError

PATIENCE = 4.0
"""Seconds for the answer: the service itself gives the ledger two."""


def health(
    live: bool = typer.Option(False, "--live", help="Ask only whether it runs, not whether it can store."),
    config: ConfigFile = None,
) -> None:
    """Ask the service of this configuration whether it can store a delivery now; 0 if so."""
    server = load(config, os.environ).server
    path = "/healthz/live" if live else "/healthz/ready"
    if _status(server, path) != 200:
        raise AfterclickError(
            "the service runs, and nothing can be stored now",
            hint="See its log, and check the disk of the ledger: free space, permissions.",
        )
    typer.echo("ok")


def _status(server: Server, path: str) -> int:
    host = reachable(server.admin_host)
    connection = HTTPConnection(host, server.admin_port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException) as failure:
        raise AfterclickError(
            f"nobody answers at http://{host}:{server.admin_port}{path} ({type(failure).__name__})",
            hint="Start the service with `afterclick serve`, with this configuration.",
        ) from failure
    finally:
        connection.close()
