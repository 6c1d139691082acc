"""`afterclick provision`: make the fields that a CRM account lacks. Shows first, does when told."""

from __future__ import annotations

import typer
from rich.text import Text

from afterclick.cli.common import run, with_connection
from afterclick.cli.output import AsJson, ConfigFile, console, print_json, print_table
from afterclick.errors import PluginError
from afterclick.host.connection import Connected
from afterclick.host.gates import anything, read_only
from afterclick.plugin.errors import CallFailed, LaneStop
from afterclick.plugin.types import Plan, PlanStep

_STYLES = {"create": "cyan", "keep": "dim", "conflict": "red"}


def provision(
    connection: str = typer.Argument(
        "", help="The connection, such as `hubspot`.", show_default="the only one"
    ),
    apply: bool = typer.Option(False, "--apply", help="Do it; without this only the plan is shown."),
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show which fields a CRM account lacks, and make them with --apply.

    Exits with 1 if something is still missing or in conflict.
    """
    # Made by hand and on demand, so in a connection that only observes as well.
    gate = anything if apply else read_only
    name, plan = run(with_connection(config, connection, lambda one: _asked(one, apply=apply), gate=gate))
    if as_json:
        print_json({"steps": plan.steps, "notes": plan.notes})
    else:
        _print(name, plan, apply=apply)
    if plan.missing or plan.conflicts:
        raise typer.Exit(1)


async def _asked(connected: Connected, *, apply: bool) -> tuple[str, Plan]:
    return connected.name, await provisioned(connected, apply=apply)


async def provisioned(connected: Connected, *, apply: bool) -> Plan:
    """Ask the plugin.

    Raises:
        PluginError: the CRM refused or cannot be reached.

    """
    try:
        plan = await connected.caller.single("provision", apply=apply)
    except LaneStop as stop:
        raise PluginError(f"{connected.name} refused: {stop.reason}") from stop
    except (CallFailed, TimeoutError) as failure:
        reason = getattr(failure, "reason", "it did not answer in time")
        raise PluginError(f"{connected.name} cannot be reached: {reason}") from failure
    return plan or Plan(notes=("This plugin needs no fields of its own.",))


def _print(connection: str, plan: Plan, *, apply: bool) -> None:
    print_table(
        f"{connection}: fields",
        ("Action", "What", "Detail"),
        [(_action(step), step.what, step.detail) for step in plan.steps],
        empty="Nothing to do.",
    )
    for note in plan.notes:
        console().print(Text(note))
    if plan.missing and not apply:
        missing = len(plan.missing)
        console().print(Text(f"{missing} to make: afterclick provision {connection} --apply", style="bold"))


def _action(step: PlanStep) -> Text:
    word = "created" if step.done and step.action == "create" else step.action
    return Text(word, style=_STYLES[step.action])
