"""`afterclick backfill`: bring leads into a CRM that were there before its connection."""

from __future__ import annotations

import typer

from afterclick.cli.bundles import bundled
from afterclick.cli.operating import Chosen, Manner, Words, operate


@bundled
def backfill(
    connection: str = typer.Argument(..., help="The connection, such as `hubspot`."),
    *,
    which: Chosen,
    manner: Manner,
) -> None:
    """Bring leads that are older than a connection into its CRM.

    A new connection starts with leads that change from then on.
    This brings the others, as far as `leads.stubs` and the connection's `spaces` let them.
    It goes in chunks and within the connection's limits, and fresh changes go first.
    """
    wish = {"kind": "backfill", "connection": connection, "selection": which.selection()}
    operate(wish, Words("bring"), manner)
