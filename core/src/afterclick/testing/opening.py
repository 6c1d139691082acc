"""Opens an account for one trial: a sandbox of its own, or a real test account."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, NamedTuple

from afterclick.clock import Clock, SystemClock
from afterclick.config.connection import Connection
from afterclick.config.connections import ConnectionPlan, ResolvedConnection, resolve_connections
from afterclick.config.model import Settings
from afterclick.host.caller import Caller
from afterclick.host.connection import open_connection
from afterclick.host.discovery import Plugin, load
from afterclick.observe.metrics import Metrics
from afterclick.plugin import Gone, Synced
from afterclick.sandbox import RunningEmulator, serve
from afterclick.testing.account import Account
from afterclick.testing.clock import HoldingClock, StillClock
from afterclick.testing.crm import Crm
from afterclick.testing.notes import Notes
from afterclick.testing.people import People
from afterclick.testing.strikes import Strikes
from afterclick.testing.verdicts import Broken, require


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


class World(NamedTuple):
    """What is around a connection: its time, its gate, what it is made of, and the sandbox if there is one.

    `patience` is the clock of the host's deadlines.
    """

    clock: Clock
    patience: Clock
    strikes: Strikes
    plan: ConnectionPlan
    sandbox: RunningEmulator | None = None
    held: HoldingClock | None = None


async def _sandbox(crm: Crm, plugin: Plugin, stack: AsyncExitStack) -> World:
    """Start a sandbox on a clock that nobody has to wait for."""
    clock = StillClock()
    held = HoldingClock(clock)
    emulator = crm.sandbox(held)
    running = await stack.enter_async_context(serve(emulator))
    stack.callback(held.release)
    plan = planned(plugin, {**running.settings(), **crm.settings}, {})
    # A wait of the plugin's is over at once, so no deadline may run out by waiting for it.
    return World(clock, HoldingClock(clock), Strikes(emulator.faults.add), plan, running, held)


def _real(crm: Crm, plugin: Plugin, environ: Mapping[str, str]) -> World:
    clock = SystemClock()
    return World(clock, clock, Strikes(None), planned(plugin, crm.settings, environ))


@asynccontextmanager
async def open_account(
    crm: Crm, *, environ: Mapping[str, str] | None = None, ready: bool = True
) -> AsyncIterator[Account]:
    """Open a fresh sandbox, or with `environ` the real account that its variables lead to.

    `ready` provisions and connects it.
    """
    plugin = loaded(crm)
    async with AsyncExitStack() as stack:
        notes = stack.enter_context(_listening())
        world = await _sandbox(crm, plugin, stack) if environ is None else _real(crm, plugin, environ)
        closing = await stack.enter_async_context(AsyncExitStack())
        connected = await closing.enter_async_context(
            open_connection(
                resolved(world.plan), plugin, clock=world.clock, metrics=Metrics(), gate=world.strikes
            )
        )
        ctx = connected.caller.ctx
        ctx.log = notes
        account = Account(
            crm=crm,
            caller=Caller(plugin, ctx, world.patience, Metrics()),
            clock=world.clock,
            strikes=world.strikes,
            notes=notes,
            people=People(ctx, secrets.token_hex(4)),
            sandbox=world.sandbox,
            time=world.held,
            closing=closing,
        )
        if ready:
            await make_ready(account)
            closing.push_async_callback(account.caller.single, "disconnect")
        if environ is not None:
            closing.push_async_callback(_clean_up, account)
        yield account


@contextmanager
def _listening() -> Iterator[Notes]:
    """Take down what Python's own log is told."""
    notes, root = Notes(), logging.getLogger()
    root.addHandler(notes)
    try:
        yield notes
    finally:
        root.removeHandler(notes)


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
