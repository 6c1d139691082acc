"""What `connect` makes and the other hooks work with: one account, resolved."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from afterclick.plugin import Answer, CallFailed, Context, Misconfigured
from afterclick_hubspot import errors, findings, problem
from afterclick_hubspot.api import Api
from afterclick_hubspot.limits import DayClock
from afterclick_hubspot.mapping import Shape
from afterclick_hubspot.problem import Problem
from afterclick_hubspot.settings import HubSpotSettings

Ctx = Context[HubSpotSettings]
T = TypeVar("T")


class Client:
    """One account: its calls, its day, and how its contacts are read."""

    def __init__(self, ctx: Ctx, api: Api, shape: Shape, day: DayClock) -> None:
        self.ctx = ctx
        self.api = api
        self.shape = shape
        self.day = day

    def refused(self, answer: Answer) -> Problem:
        """Read why a call was refused; raises `LaneStop` where every lead has to wait."""
        return refused(self.ctx, answer, self.day)


def open_api(ctx: Ctx, *, provisioning: bool = False) -> Api:
    """Return the calls of the account, with the token that the work needs."""
    settings = ctx.settings
    token = (provisioning and settings.provisioning_token) or settings.access_token
    return Api(ctx.http, token=token, version=settings.api_version)


def refused(ctx: Ctx, answer: Answer, day: DayClock | None = None) -> Problem:
    """Read why a call was refused and log it without any value.

    Raises:
        LaneStop: every lead has to wait.

    """
    found = problem.of_answer(answer)
    ctx.log.info(
        "hubspot-refused",
        connection=ctx.connection,
        status=found.status,
        category=found.category,
        properties=list(found.fields),
        correlation=found.correlation,
    )
    place = errors.Place(connection=ctx.connection, now=ctx.clock.now(), day=day or DayClock())
    stop = errors.lane_stop(found, place, answer)
    if stop is not None:
        raise stop
    return found


def decoded(ctx: Ctx, answer: Answer, type: type[T]) -> T:
    """Decode the answer of a call that has no leads.

    Raises:
        LaneStop: the credential, the limit or the address is the reason.
        CallFailed: HubSpot has a fault, or its answer cannot be read.

    """
    if not answer.ok:
        found = refused(ctx, answer)
        if answer.status == 404:  # in HubSpot's form too: what is asked for here is always there
            raise Misconfigured.by(findings.unexpected(404))
        raise CallFailed(errors.reason(found), sent=True)
    try:
        body: T = answer.json(type)
    except msgspec.DecodeError:
        raise CallFailed("HubSpot's answer cannot be read", sent=True) from None
    return body
