"""`afterclick refold`: compute leads anew from their stored events, after a rule of reading has changed."""

from __future__ import annotations

import typer

from afterclick.cli.bundles import bundled
from afterclick.cli.operating import Chosen, Manner, Words, given, operate


@bundled
def refold(
    lead: int = typer.Option(None, "--lead", help="Only this lead."),
    *,
    which: Chosen,
    manner: Manner,
) -> None:
    """Compute leads anew from their stored events, after the mapping or an update reads events otherwise.

    Whose an event is stays as it was decided; what the events say is read again.
    A lead that comes out the same is left alone, and no CRM hears of it.
    Without a choice it is for all leads.
    """
    selection = which.selection() | given(lead=lead)
    words = Words("compute anew", looks=True)
    operate({"kind": "refold", "selection": selection}, words, manner)
