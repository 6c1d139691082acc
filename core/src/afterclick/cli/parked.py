"""`afterclick parked`: leads that were set aside, by reason."""

from __future__ import annotations

import typer

from afterclick.cli.common import reading, run
from afterclick.cli.output import AsJson, ConfigFile, moment, print_json, print_table
from afterclick.console.grouping import Group, grouped


def parked(
    connection: str = typer.Option(None, "--connection", help="Only this connection."),
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show leads that wait for a change (parked), for a person (held) or for the next try (failing).

    Leads with one reason are one line, with one of them as an example.
    """
    groups = run(_groups(config, connection))
    if as_json:
        print_json(groups)
        return
    print_table(
        "Set aside",
        ("Connection", "State", "Leads", "Since", "Code", "Reason", "Such as lead"),
        [_line(one) for one in groups],
        empty="No lead is set aside.",
    )


async def _groups(config: str | None, connection: str | None) -> list[Group]:
    async with reading(config) as ledger:
        known = [row.name for row in await ledger.connections()]
        return await grouped(ledger.set_aside, known if connection is None else [connection])


def _line(one: Group) -> tuple[object, ...]:
    return (
        one.connection,
        one.trouble.value,
        f"{one.count:,}",
        moment(one.oldest_at),
        one.code,
        one.reason,
        one.lead,
    )
