"""Opens an account for one trial: a sandbox of its own, or a real test account."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from afterclick.clock import SystemClock
from afterclick.config.connection import Connection
from afterclick.config.connections import ConnectionPlan, ResolvedConnection, resolve_connections
from afterclick.config.model import Settings
from afterclick.host.caller import Caller
from afterclick.host.connection import open_connection
from afterclick.host.discovery import Plugin, load
from afterclick.observe.metrics import Metrics
from afterclick.plugin import Gone, Synced
from afterclick.sandbox import serve
from afterclick.testing.account import Account
from afterclick.testing.clock import HoldingClock, JumpingClock
from afterclick.testing.crm import Crm
from afterclick.testing.notes import Notes
from afterclick.testing.people import People
from afterclick.testing.rules import Broken, require
from afterclick.testing.strikes import Strikes


def loaded(crm: Crm) -> Plugin:
    """Load the plugin as the host does.

    Raises:
        Broken: the host refuses it.

    """
    described = getattr(crm.plugin, "describe", None)
    try:
        name = described().name if callable(described) else ""
        return load(name, crm.plugin)
    except Exception as failure:
        raise Broken(f"it is refused: {type(failure).__name__}: {failure}") from failure


def planned(plugin: Plugin, table: Mapping[str, Any], environ: Mapping[str, str]) -> ConnectionPlan:
    """Return what the configuration makes of these settings."""
    own = dict(table)
    connection = Connection(base_url=own.pop("base_url", ""), own=own)
    tables = {plugin.name: connection} if table else {}
    return resolve_connections(Settings(connections=tables), {plugin.name: plugin.info}, environ)


def resolved(plan: ConnectionPlan) -> ResolvedConnection:
    """Return the one connection of a plan.

    Raises:
        Broken: there is none, and why.

    """
    if not plan.ready:
        lacking = [name for one in plan.half_set for name in one.missing] + [one.hint for one in plan.idle]
        faults = [f"{fault.path} {fault.problem}" for fault in plan.faults]
        raise Broken(f"the connection cannot be made: {'; '.join(faults or lacking)}")
    return plan.ready[0]


@asynccontextmanager
async def open_account(
    crm: Crm,
    *,
    environ: Mapping[str, str] | None = None,
    ready: bool = True,
) -> AsyncIterator[Account]:
    """Open a fresh sandbox, or with `environ` the real account that its variables lead to.

    `ready` provisions and connects it.
    """
    plugin = loaded(crm)
    notes = Notes()
    async with AsyncExitStack() as stack:
        root = logging.getLogger()
        root.addHandler(notes)
        stack.callback(root.removeHandler, notes)
        running, held = None, None
        jumping = JumpingClock()
        clock = jumping if environ is None else SystemClock()
        strikes = Strikes(None)
        if environ is None:
            held = HoldingClock(jumping)
            emulator = crm.sandbox(held)
            running = await stack.enter_async_context(serve(emulator))
            stack.callback(held.release)
            strikes = Strikes(emulator.faults.add)
            plan = planned(plugin, {**running.settings(), **crm.settings}, {})
        else:
            plan = planned(plugin, crm.settings, environ)
        closing = await stack.enter_async_context(AsyncExitStack())
        connected = await closing.enter_async_context(
            open_connection(resolved(plan), plugin, clock=clock, metrics=Metrics(), gate=strikes)
        )
        ctx = connected.caller.ctx
        ctx.log = notes
        # Nobody's time runs out by itself: a wait of the kit's clock is over at once.
        patient = clock if environ is not None else HoldingClock(jumping)
        account = Account(
            crm=crm,
            caller=Caller(plugin, ctx, patient, Metrics()),
            clock=clock,
            strikes=strikes,
            notes=notes,
            people=People(ctx, secrets.token_hex(4)),
            sandbox=running,
            time=held,
            closing=closing,
        )
        if ready:
            await make_ready(account)
        if environ is not None:
            closing.push_async_callback(_clean_up, account)
        yield account


async def _clean_up(account: Account) -> None:
    """Erase what was made in a real account, if the plugin can.

    Raises:
        Broken: something is left there.

    """
    account.strikes.only_reads = False
    if not account.made or not account.caller.plugin.has("erase"):
        return
    outcomes = await account.write("erase", *account.made)
    pairs = zip(account.made, outcomes, strict=True)
    left = [record.id for record, outcome in pairs if not isinstance(outcome, Synced | Gone)]
    require(not left, f"the kit could not erase what it made in the account: {', '.join(left)}")


async def make_ready(account: Account) -> None:
    """Provision the account and connect to it.

    Raises:
        Broken: the plugin cannot.

    """
    try:
        await account.caller.single("provision", apply=True)
        account.ctx.client = await account.caller.single("connect")
    except Exception as failure:
        raise Broken(f"it does not connect: {type(failure).__name__}: {failure}") from failure
