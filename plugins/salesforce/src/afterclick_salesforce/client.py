"""What `connect` makes and the other hooks work with: one org, resolved."""

from __future__ import annotations

from typing import Any, TypeVar

from afterclick.plugin import Answer, CallFailed, Context
from afterclick_salesforce import answers, errors, problem
from afterclick_salesforce.answers import Page
from afterclick_salesforce.api import Api
from afterclick_salesforce.fields import LEAD
from afterclick_salesforce.mapping import Shape
from afterclick_salesforce.problem import Problem
from afterclick_salesforce.settings import SalesforceSettings
from afterclick_salesforce.tokens import Token, Tokens

Ctx = Context[SalesforceSettings]
T = TypeVar("T")


class Client:
    """One org: its calls, and how its records are read."""

    def __init__(self, ctx: Ctx, api: Api, shape: Shape) -> None:
        self.ctx = ctx
        self.api = api
        self.shape = shape

    def refused(self, found: Problem, *, object: str = LEAD) -> Problem:
        """Log why a call was refused; raises `LaneStop` where every lead has to wait."""
        return refused(self.ctx, found, object=object)


class Lent:
    """An administrator's token that somebody made by hand: nobody can renew it."""

    def __init__(self, token: Token) -> None:
        self._token = token

    async def get(self, *, instead_of: Token | None = None) -> Token:
        """Return the token, the refused one too: the answer says so once more."""
        return self._token


def deletes(ctx: Ctx) -> bool:
    """Tell whether Leads may have to be deleted: doubles, or stubs that expire."""
    return ctx.expires or ctx.settings.doubles == "delete"


def open_api(ctx: Ctx, *, provisioning: bool = False) -> Api:
    """Return the calls of the org, with the token that the work needs."""
    lent = ctx.settings.provisioning_token.strip()
    if provisioning and lent:
        return Api(ctx, Lent(Token(lent, ctx.http.base_url)))
    return Api(ctx, Tokens(ctx))


def refused(ctx: Ctx, found: Problem, *, object: str = LEAD) -> Problem:
    """Log why a call was refused, without any value, and return it.

    Raises:
        LaneStop: every lead has to wait.

    """
    ctx.log.info(
        "salesforce-refused",
        connection=ctx.connection,
        status=found.status,
        codes=list(found.codes),
        fields=list(found.fields),
    )
    stop = errors.lane_stop(found, object=object, connection=ctx.connection, version=ctx.settings.api_version)
    if stop is not None:
        raise stop
    return found


def decoded(ctx: Ctx, answer: Answer, type: type[T], *, object: str = LEAD) -> T:
    """Decode the answer of a call that has no leads.

    Raises:
        LaneStop: the credential, the limit or the address is the reason.
        CallFailed: Salesforce has a fault, or its answer cannot be read.

    """
    if not answer.ok:
        found = refused(ctx, problem.of_answer(answer), object=object)
        raise CallFailed(errors.reason(found), sent=True)
    body = answers.read(answer, type)
    if body is None:
        raise CallFailed("Salesforce's answer cannot be read", sent=True)
    return body


def listed(ctx: Ctx, answer: Answer, *, object: str = LEAD) -> list[dict[str, Any]]:
    """Return all rows of a query whose answer fits one page; raises what `decoded` raises."""
    page = decoded(ctx, answer, Page, object=object)
    if not page.done or len(page.records) != page.total_size:
        raise CallFailed("Salesforce's answer lacks rows that it counts", sent=True)
    return page.records
