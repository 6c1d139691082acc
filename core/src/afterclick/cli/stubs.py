"""`afterclick stubs`: records without a name, and how many of them would expire."""

from __future__ import annotations

import os
from collections.abc import Sequence

import typer

from afterclick.cli.common import reading, run
from afterclick.cli.output import AsJson, ConfigFile, moment, print_json, print_table
from afterclick.clock import SystemClock
from afterclick.config.load import load
from afterclick.config.units import parse_duration, show_duration
from afterclick.errors import AfterclickError
from afterclick.ledger.steps import Stubs

DAY = 86_400.0


def stubs(
    older_than: str = typer.Option(
        None, "--older-than", help="How long nothing was heard of them; default: leads.expire_stubs, or 30d."
    ),
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show how many records without a name Afterclick made in each CRM, and how many of them are old.

    With leads.expire_stubs set, old ones go; those that people touched stay, which only the CRM can tell.
    """
    age = _age(config, older_than)
    found = run(_counted(config, age))
    if as_json:
        print_json(found)
        return
    print_table(
        "Records without a name",
        ("Connection", "Records", f"Older than {show_duration(age)}", "Unchanged since"),
        [(one.connection, f"{one.records:,}", f"{one.old:,}", moment(one.oldest_at)) for one in found],
        empty="No CRM has a record without a name that Afterclick made.",
    )


def _age(config: str | None, text: str | None) -> float:
    if text is None:
        return load(config, os.environ).leads.expire_stubs or 30 * DAY
    try:
        return parse_duration(text)
    except ValueError as failure:
        raise AfterclickError(f"--older-than: {failure}", hint="Such as 90d or 12h.") from failure


async def _counted(config: str | None, age: float) -> Sequence[Stubs]:
    before = SystemClock().now() - round(age * 1000)
    async with reading(config) as ledger:
        return await ledger.count_stubs(before=before)
