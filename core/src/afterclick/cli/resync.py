"""`afterclick resync`: compare leads with their records anew, after the mapping or the CRM changed."""

from __future__ import annotations

import typer

from afterclick.cli.bundles import bundled
from afterclick.cli.operating import Chosen, Manner, Words, given, operate


@bundled
def resync(
    connection: str = typer.Argument(..., help="The connection, such as `hubspot`."),
    lead: int = typer.Option(None, "--lead", help="Only this lead."),
    *,
    which: Chosen,
    manner: Manner,
) -> None:
    """Compare leads with their CRM records anew, and write what differs.

    For a field that was added to the mapping: leads that change get it by themselves, this brings it to all.
    A record that is right costs a read and no write; fresh changes go first.
    """
    selection = which.selection() | given(lead=lead)
    operate({"kind": "resync", "connection": connection, "selection": selection}, Words("compare"), manner)
