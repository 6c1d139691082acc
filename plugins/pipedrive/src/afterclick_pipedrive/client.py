"""What `connect` makes and the other hooks work with: one account, resolved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import TypeVar

import msgspec

from afterclick.plugin import Answer, CallFailed, Context, Misconfigured
from afterclick_pipedrive import answers, errors, findings, problem, tables
from afterclick_pipedrive.answers import Field
from afterclick_pipedrive.api import BASE_URL, Api
from afterclick_pipedrive.budget import Budget
from afterclick_pipedrive.credentials import OAuthApp, credentials_of
from afterclick_pipedrive.directory import Directory
from afterclick_pipedrive.mapping import Shape
from afterclick_pipedrive.memory import Looks, Made, Seen
from afterclick_pipedrive.pipelines import Desk
from afterclick_pipedrive.problem import Problem
from afterclick_pipedrive.settings import PipedriveSettings

Ctx = Context[PipedriveSettings]
T = TypeVar("T")

_FRESH = 60.0
"""Seconds for which a list of fields counts as new, however many answers complain of a field."""


class Client:
    """One account: its calls, how its persons are read, its desk for deals, and what was looked for."""

    def __init__(
        self, ctx: Ctx, api: Api, shape: Shape, *, desk: Desk | None, directory: Directory | None
    ) -> None:
        self.ctx = ctx
        self.api = api
        self.shape = shape
        self.desk = desk
        self.directory = directory
        """Who is in the account; only where it may hold keys that this ledger did not write."""
        self.looks = Looks()
        self.alone = Seen()
        """E-mail addresses that nobody else in the account has."""
        self.made = Made()
        """Persons that this process made: nothing can belong to them that it does not know."""
        self._listed_at = ctx.clock.elapsed()

    def refused(self, answer: Answer) -> Problem:
        """Read why a call was refused; raises `LaneStop` where every lead has to wait."""
        return refused(self.ctx, answer)

    async def field_at_fault(self, found: Problem, sent: Collection[str]) -> str | None:
        """Return which of the sent fields a refusal speaks of, by our name.

        A code that the answer names may be one that somebody deleted: the fields are listed anew then,
        and what is gone is left out from the next batch on.

        Raises:
            Misconfigured: it is the key that is gone, and without it nobody is found again.

        """
        table = self.shape.table
        ours = [name for code in found.hashes if (name := table.name_of(code)) is not None]
        if ours and self.ctx.clock.elapsed() - self._listed_at >= _FRESH:
            await self._list_fields()
        own = [table.name_of(name) for name in found.names]
        return errors.at_fault([*ours, *own], sent)

    async def _list_fields(self) -> None:
        self._listed_at = self.ctx.clock.elapsed()
        fields = await list_fields(self.ctx, self.api, "person")
        resolved = tables.resolve(self.ctx.fields, fields, self.ctx.stages)
        lost = [*(spec.name for spec in resolved.lacking), *(found.subject for found in resolved.faults)]
        if not lost:
            return
        table = resolved.table
        if table is None:
            raise Misconfigured.by(findings.missing(lost, "person", self.ctx.connection))
        self.ctx.log.warning("pipedrive-fields-lost", connection=self.ctx.connection, fields=lost)
        self.shape = msgspec.structs.replace(self.shape, table=table)
        self.ctx.fields = table.fields


async def open_api(ctx: Ctx, *, provisioning: bool = False, budget: Budget | None = None) -> Api:
    """Return the calls of the account, at the company's own address where it is known.

    Raises:
        Misconfigured: no credential is set.
        NotAuthorized: the OAuth app's refresh token is refused.

    """
    credentials = credentials_of(ctx, provisioning=provisioning)
    if ctx.http.base_url == BASE_URL:
        if ctx.settings.domain:
            ctx.http.base_url = f"https://{ctx.settings.domain}.pipedrive.com"
        elif isinstance(credentials, OAuthApp):
            ctx.http.base_url = await credentials.domain() or BASE_URL
    if budget is None:
        budget = Budget(ctx.clock.now, ctx.settings, beside=provisioning)
        await budget.load(ctx.state)
    return Api(ctx, credentials, budget)


def refused(ctx: Ctx, answer: Answer) -> Problem:
    """Read why a call was refused and log it without any value.

    Raises:
        LaneStop: every lead has to wait.

    """
    found = problem.of_answer(answer)
    ctx.log.info(
        "pipedrive-refused",
        connection=ctx.connection,
        status=found.status,
        code=found.code,
        fields=[*found.names, *found.hashes],
    )
    stop = errors.lane_stop(found)
    if stop is not None:
        raise stop
    return found


def decoded(ctx: Ctx, answer: Answer, type: type[T]) -> answers.Body[T]:
    """Decode the answer of a call that has no leads.

    Raises:
        LaneStop: the credential, a right or the address is the reason.
        CallFailed: Pipedrive has a fault, or its answer cannot be read.

    """
    body = answers.read(answer, type)
    if body is not None:
        return body
    if answer.ok:
        raise CallFailed(errors.UNREADABLE, sent=True)
    found = refused(ctx, answer)
    if answer.status == 404:  # in Pipedrive's form too: what is asked for here is always there
        raise Misconfigured.by(findings.unexpected(404))
    raise CallFailed(found.reason, sent=True)


async def listed(ctx: Ctx, page: Callable[[str | None], Awaitable[Answer]], type: type[T]) -> list[T]:
    """Return all pages of a list; `page` asks for the one at a cursor. Raises what `decoded` raises."""
    found: list[T] = []
    cursor: str | None = None
    while True:
        body = decoded(ctx, await page(cursor), list[type])  # type: ignore[valid-type]
        found += body.data
        cursor = body.cursor
        if not cursor:
            return found


async def list_fields(ctx: Ctx, api: Api, of: str) -> list[Field]:
    """Return all fields of `person` or `deal`."""
    return await listed(ctx, lambda cursor: api.fields(of, cursor=cursor), Field)
