"""`afterclick retry`: leads that were set aside, or fail, are tried again, at a person's word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from afterclick.cli.bundles import bundled
from afterclick.cli.operating import Manner, Words, given, operate
from afterclick.ledger.operations import Refoldable, Trouble


@dataclass(frozen=True, slots=True)
class Filters:
    """Which leads."""

    connection: Annotated[str, typer.Option("--connection", help="Only this connection; default: all.")] = ""
    state: Annotated[
        list[Trouble] | None, typer.Option("--state", help="Only leads in this state; may be repeated.")
    ] = None
    reason: Annotated[str, typer.Option("--reason", help="Only where the reason contains this text.")] = ""
    code: Annotated[str, typer.Option("--code", help="Only with this finding, such as `lead-rejected`.")] = ""
    recreate: Annotated[
        bool, typer.Option("--recreate", help="Make records again that somebody deleted in the CRM.")
    ] = False
    everything: Annotated[bool, typer.Option("--all", help="All leads that are set aside or fail.")] = False


@dataclass(frozen=True, slots=True)
class Events:
    """Which events, where it is about events."""

    events: Annotated[
        bool, typer.Option("--events", help="Fold events again that were set aside, instead of leads.")
    ] = False
    event_state: Annotated[
        Refoldable, typer.Option("--event-state", help="With --events: which of them.")
    ] = Refoldable.FAILED
    event: Annotated[int | None, typer.Option("--event", help="With --events: only this one.")] = None


@bundled
def retry(
    lead: int = typer.Argument(None, help="One lead's number.", show_default=False),
    *,
    filters: Filters,
    events: Events,
    manner: Manner,
) -> None:
    """Try leads again that were set aside: `parked`, `held` for a person, or `failing`.

    A held lead waits for a person's word, and this is it.
    Say which: a lead's number, a filter, or --all.
    """
    if events.events:
        chosen = given(events=events.event_state.value, event=events.event)
        operate({"kind": "events", "selection": chosen}, Words("fold again", "events"), manner)
        return
    chosen = given(
        lead=lead,
        states=filters.state,
        reason=filters.reason,
        code=filters.code,
        recreate=filters.recreate,
    )
    if not chosen and not filters.connection and not filters.everything:
        raise typer.BadParameter("say which: a lead's number, a filter such as --state held, or --all")
    wish = {"kind": "retry", "connection": filters.connection, "selection": chosen}
    operate(wish, Words("retry"), manner)
