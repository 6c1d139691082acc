"""What the commands that start an operation share: count, ask, begin, and show how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from afterclick.cli.admin import Admin, AdminUrl, administering
from afterclick.cli.common import run
from afterclick.cli.output import AsJson, ConfigFile, console, print_json
from afterclick.clock import Clock, SystemClock
from afterclick.errors import AfterclickError

EVERY = 0.3
"""Seconds between two looks at how far it is."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How an operation is started: the options that all of them have."""

    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how many it would be.")] = False
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for the end.")] = False
    admin: AdminUrl = None
    config: ConfigFile = None
    as_json: AsJson = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which leads of a connection: the options of resync and backfill."""

    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"],
            help="Only leads that changed since this day or time (UTC).",
        ),
    ] = None
    named_only: Annotated[bool, typer.Option("--named-only", help="Only leads with a name, no stubs.")] = (
        False
    )

    def selection(self) -> dict[str, Any]:
        """Return the choice as the admin API takes it."""
        since = None if self.since is None else int(self.since.replace(tzinfo=UTC).timestamp() * 1000)
        return given(since=since, named=self.named_only)


@dataclass(frozen=True, slots=True)
class Words:
    """How a command speaks: `verb` is what it does to its `things`.

    `looks` says that it looks at all of them and changes some; `plan` is how the counts are told where
    they are of several things.
    """

    verb: str
    things: str = "leads"
    looks: bool = False
    plan: Callable[[Sequence[Mapping[str, Any]]], str] | None = None


def given(**chosen: Any) -> dict[str, Any]:
    """Return what was said of a selection; what was left out is left out."""
    return {name: value for name, value in chosen.items() if value}


def operate(wish: Mapping[str, Any], words: Words, manner: Manner) -> None:
    """Carry out a wish through the running service."""
    try:
        run(_operate(wish, words, manner))
    except KeyboardInterrupt:
        told = "It goes on in the service: `afterclick operations` shows it, and can cancel it."
        console().print(Text(told))
        raise typer.Exit(130) from None


async def _operate(wish: Mapping[str, Any], words: Words, manner: Manner) -> None:
    async with administering(manner.config, manner.admin) as admin:
        counts = await admin.post("operations/count", wish)
        if manner.dry_run or not any(one["count"] for one in counts):
            _tell_counts(counts, words, as_json=manner.as_json)
            return
        question = f"{counted(counts, words)} to {words.verb}. Go on?"
        if not manner.yes and not typer.confirm(question, err=True):
            raise typer.Abort
        begun = await admin.post("operations", wish)
        if not manner.detach:
            begun = await follow(admin, begun, SystemClock(), quiet=manner.as_json, looks=words.looks)
    if manner.as_json:
        print_json(begun)
    else:
        _tell_end(begun, words)


def _tell_counts(counts: Sequence[Mapping[str, Any]], words: Words, *, as_json: bool) -> None:
    if as_json:
        print_json(counts)
    elif any(one["count"] for one in counts):
        console().print(Text(f"{counted(counts, words)} to {words.verb}."))
    else:
        console().print(Text(f"There are no {words.things} to {words.verb}."))


def counted(counts: Sequence[Mapping[str, Any]], words: Words) -> str:
    """Return `1,200 leads (hubspot 1,000, pipedrive 200)`."""
    if words.plan is not None:
        return words.plan(counts)
    total = sum(one["count"] for one in counts)
    places = ", ".join(f"{one['connection']} {one['count']:,}" for one in counts if one["connection"])
    return f"{total:,} {_things(total, words)}" + (f" ({places})" if places else "")


def _things(count: int, words: Words) -> str:
    return words.things if count != 1 else words.things.removesuffix("s")


async def follow(
    admin: Admin,
    begun: Sequence[Mapping[str, Any]],
    clock: Clock,
    *,
    quiet: bool = False,
    looks: bool = False,
) -> list[dict[str, Any]]:
    """Show how far operations are until all have ended; return them as they ended."""
    out = Console(stderr=True, quiet=quiet)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[waits]}"), console=out, transient=True) as progress:
        bars = {one["id"]: progress.add_task(_name(one), total=one["expected"], waits="") for one in begun}
        while True:
            now = [dict(await admin.get(f"operations/{id}")) for id in bars]
            for one in now:
                waits = f"waits: {one['waits_for']}" if one["waits_for"] else ""
                progress.update(bars[one["id"]], completed=one["looked" if looks else "changed"], waits=waits)
            if all(one["state"] != "running" for one in now):
                return now
            await clock.sleep(EVERY)


def _name(operation: Mapping[str, Any]) -> str:
    return " ".join(part for part in (operation["kind"], operation["connection"]) if part)


def _tell_end(begun: Sequence[Mapping[str, Any]], words: Words) -> None:
    for one in begun:
        changed = f"{one['changed']:,} {_things(one['changed'], words)}"
        if words.looks:
            changed = f"{one['looked']:,} {_things(one['looked'], words)} read, {one['changed']:,} changed"
        line = f"{_name(one)}: {changed}, {one['state']}"
        console().print(Text(f"{line} (operation {one['id']})"))
    if any(one["state"] == "cancelled" for one in begun):
        hint = "What was done stays done; begin it again for the rest."
        raise AfterclickError("it was cancelled", hint=hint)
