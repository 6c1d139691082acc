"""Opens an account: whose it is, which of its fields are ours, where deals go, whose keys it holds.

All names become ids and codes here, once. A look costs tokens that the whole company shares, so an
account that is not ready is not asked again for some minutes.
"""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo

from afterclick.plugin import Finding, Misconfigured
from afterclick_pipedrive import findings, kinds, limits, origin, pipelines, tables
from afterclick_pipedrive.answers import Pipeline, Stage, User
from afterclick_pipedrive.api import CORRELATION_HEADER, Api
from afterclick_pipedrive.client import Client, Ctx, decoded, list_fields, listed, open_api
from afterclick_pipedrive.directory import Directory
from afterclick_pipedrive.mapping import Shape
from afterclick_pipedrive.pipelines import DeskFound
from afterclick_pipedrive.tables import Resolved, Table

HALT = 300.0
"""Seconds until an account that lacks something is asked again; the lane itself asks every 30."""


class Halted(NamedTuple):
    """What stands in for a client while the account is not ready."""

    until: float
    finding: Finding


async def connect(ctx: Ctx) -> Client:
    """Return the client of the account, and fit `ctx.fields` and `ctx.zone` to it.

    Raises:
        NotAuthorized: the credential is refused or lacks a right.
        Misconfigured: fields, pipeline or stage are missing or of another kind.
        CallFailed: Pipedrive did not answer.

    """
    _heed(ctx)
    ctx.http.correlation_header = CORRELATION_HEADER
    _learn_limits(ctx)
    api = await open_api(ctx)
    try:
        return await _open(ctx, api)
    finally:
        await api.budget.store(ctx.state)


async def _open(ctx: Ctx, api: Api) -> Client:
    user = decoded(ctx, await api.me(), User).data
    resolved = tables.resolve(ctx.fields, await list_fields(ctx, api, "person"), ctx.stages)
    found = await find_desk(ctx, api)
    faults = [*field_faults(ctx, resolved), *found.faults]
    table = resolved.table
    if faults or table is None:
        finding = kinds.FIELDS.combined(faults or [findings.missing(["key"], "person", ctx.connection)])
        ctx.client = Halted(ctx.clock.elapsed() + HALT, finding)
        raise Misconfigured.by(finding)
    # A label that the account lacks costs that label, not the lane.
    for warning in tables.unknown_labels(table, ctx.stages):
        ctx.log.warning("pipedrive-label-unknown", connection=ctx.connection, message=warning.message)
    foreign = await origin.holds_others(ctx, api, table)
    ctx.fields = table.fields
    _take_zone(ctx, user.timezone_name)
    url = f"https://{user.company_domain}.pipedrive.com" if user.company_domain else ""
    shape = Shape(table=table, url=url, user=user.id)
    directory = _directory(ctx, table) if foreign else None
    return Client(ctx, api, shape, desk=found.desk, directory=directory)


def _directory(ctx: Ctx, table: Table) -> Directory:
    """Return the directory of an earlier connecting, if that went by the same field: a new one costs."""
    before = ctx.client
    if isinstance(before, Client) and before.shape.table.key.code == table.key.code:
        return before.directory or Directory()
    return Directory()


def _heed(ctx: Ctx) -> None:
    """Stop again, without a call, as long as nobody can have put things right."""
    halted = ctx.client
    if isinstance(halted, Halted) and ctx.clock.elapsed() < halted.until:
        raise Misconfigured.by(halted.finding)


def _learn_limits(ctx: Ctx) -> None:
    """Tell the limiter what the plan allows; what the operator set holds all the same."""
    ctx.http.learn(limits.BURST, amount=limits.burst(ctx.settings), seconds=limits.WINDOW)
    ctx.http.learn(limits.SEARCH, amount=limits.PLANS[ctx.settings.plan].searches, seconds=limits.WINDOW)


def _take_zone(ctx: Ctx, zone: str | None) -> None:
    """Let days be those of the account, unless the operator named another zone than UTC."""
    if ctx.zone != "UTC" or not zone:
        return
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        ctx.log.warning("pipedrive-zone-unknown", connection=ctx.connection, zone=zone)
    else:
        ctx.zone = zone


def field_faults(ctx: Ctx, resolved: Resolved) -> list[Finding]:
    """Return what keeps the fields from being written."""
    lacking = [spec.name for spec in resolved.lacking]
    found = [findings.missing(lacking, "person", ctx.connection)] if lacking else []
    return [*found, *resolved.faults]


async def find_desk(ctx: Ctx, api: Api) -> DeskFound:
    """Return where deals go; nothing is asked while they are off."""
    if ctx.settings.deals == "off":
        return DeskFound()
    key = pipelines.key_field(await list_fields(ctx, api, "deal"), ctx.connection)
    if ctx.settings.deals == "lead":
        return pipelines.desk_of(ctx.settings, key, (), ())
    lines = await listed(ctx, lambda cursor: api.pipelines(cursor=cursor), Pipeline)
    stages = await listed(ctx, lambda cursor: api.stages(cursor=cursor), Stage)
    return pipelines.desk_of(ctx.settings, key, lines, stages)
