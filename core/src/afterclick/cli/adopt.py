"""`afterclick adopt`: give leads the records that other code made for them. Shows first, does when told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import typer
from rich.text import Text

from afterclick.cli.admin import AdminUrl, administering
from afterclick.cli.common import run
from afterclick.cli.output import AsJson, ConfigFile, console, print_json, print_table

PATIENCE = 3600.0
"""Seconds for the whole of it: an account is read within its limits, so many records take their time."""

SHOWN = 50
"""Rows of a table that people read; --json has all."""


def adopt(
    connection: str = typer.Argument(..., help="The connection, such as `hubspot`."),
    apply: bool = typer.Option(False, "--apply", help="Do it; without this only the plan is shown."),
    calls: int = typer.Option(100, "--calls", min=1, help="How many calls to the CRM it may take to look."),
    admin: AdminUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show which records, made by code that was there before, belong to which leads; with --apply they do.

    It looks for records that have a link's token or campaign and no key.
    A record is given to a lead only where each is the only one for the other, and nothing speaks against it.
    All others are shown with the reason, and left.
    """
    wish = {"connection": connection, "apply": apply, "calls": calls}
    found = run(_asked(config, admin, wish))
    if as_json:
        print_json(found)
    else:
        _print(found)


async def _asked(config: str | None, url: str | None, wish: Mapping[str, Any]) -> Any:
    async with administering(config, url) as admin:
        return await admin.post("adoptions", wish, patience=PATIENCE)


def _print(found: Mapping[str, Any]) -> None:
    name, pairs, doubts = found["connection"], found["pairs"], found["doubts"]
    if pairs:
        rows = [(_record(one), one["lead"], _state(one, applied=found["applied"])) for one in pairs[:SHOWN]]
        print_table(f"{name}: records and their leads", ("Record", "Lead", "Because"), rows, empty="")
        _more(pairs)
    if doubts:
        rows = [(_record(one), ", ".join(map(str, one["leads"])), one["reason"]) for one in doubts[:SHOWN]]
        print_table(f"{name}: records in doubt", ("Record", "Leads", "Why they stay"), rows, empty="")
        _more(doubts)
    for line in _told(found):
        console().print(Text(line))
    if pairs and not found["applied"] and not found["stopped"]:
        line = f"{_many(len(pairs), 'record')} to give away: afterclick adopt {name} --apply"
        console().print(Text(line, style="bold"))


def _record(one: Mapping[str, Any]) -> str:
    return f"{one['kind']} {one['id']}"


def _state(one: Mapping[str, Any], *, applied: bool) -> Text:
    if one["refused"] is not None:
        return Text(f"not given away: {one['refused']}", style="red")
    return Text(", ".join(one["because"]), style="green" if applied else "")


def _more(rows: Sequence[Any]) -> None:
    if len(rows) > SHOWN:
        console().print(Text(f"… and {len(rows) - SHOWN:,} more: --json shows all.", style="dim"))


def _told(found: Mapping[str, Any]) -> list[str]:
    """Return in sentences what was looked at, what was found and what was done."""
    costs = ", ".join(f"{bucket} {cost:,.0f}" for bucket, cost in sorted(found["costs"].items()))
    cost = f" ({costs})" if costs else ""
    lines = [f"{_many(found['looked'], 'record')} read in {_many(found['calls'], 'call')}{cost}."]
    if found["stopped"]:
        lines.append(f"Not all of them: {found['stopped']}. Allow more with --calls.")
    if found["given"]:
        lines.append(f"{_many(found['given'], 'record')} without a key, given to a lead before.")
    if found["strangers"]:
        lines.append(f"{_many(found['strangers'], 'record')} of links by which no lead came.")
    if not (found["pairs"] or found["doubts"]):
        lines.append("Nothing to adopt.")
    if found["applied"] and (found["pairs"] or found["doubts"]):
        given = sum(one["refused"] is None for one in found["pairs"])
        lines.append(f"{_many(given, 'record')} given to their leads.")
    if found["observes"] and found["pairs"]:
        lines.append(f"{found['connection']} only observes: the CRM learns of it once it is live.")
    return lines


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
