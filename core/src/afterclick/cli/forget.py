"""`afterclick forget`: erase a person, here and in the CRMs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from afterclick.cli.bundles import bundled
from afterclick.cli.operating import Manner, Words, given, operate


@bundled
def forget(
    lead: int = typer.Argument(..., help="The lead's number; `afterclick leads --search` finds it."),
    *,
    keep_records: bool = typer.Option(False, "--keep-records", help="Leave the records in the CRMs alone."),
    manner: Manner,
) -> None:
    """Erase a person: their records in the CRMs, their events, and all that is known of them here.

    It tells first what there is, and cannot be undone.
    Leads that joined this one are the same person, and go with it.
    """
    wish = {"kind": "forget", "selection": given(lead=lead, keep_records=keep_records)}
    operate(wish, Words("erase", "events", plan=_plan), manner)


def _plan(counts: Sequence[Mapping[str, Any]]) -> str:
    """Return `1 lead, 12 events, 2 records in hubspot`."""
    return ", ".join(_part(one) for one in counts)


def _part(one: Mapping[str, Any]) -> str:
    things = one["what"] if one["count"] != 1 else one["what"].removesuffix("s")
    where = f" in {one['connection']}" if one["connection"] else ""
    note = f" ({one['note']})" if one.get("note") else ""
    return f"{one['count']:,} {things}{where}{note}"
