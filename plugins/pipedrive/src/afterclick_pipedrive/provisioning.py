"""Makes the custom fields that leads need, the second time nothing; the plan comes first.

Pipedrive takes a second field of the same name as gladly as a first, so the account is read right
before and right after. Source: Pipedrive, "Fields API v2".
"""

from __future__ import annotations

from afterclick.plugin import Plan
from afterclick_pipedrive import planning, problem
from afterclick_pipedrive.answers import Field, read
from afterclick_pipedrive.api import Api
from afterclick_pipedrive.client import Ctx, decoded, list_fields, open_api
from afterclick_pipedrive.planning import Making, Survey


async def provision(apply: bool, ctx: Ctx) -> Plan:
    """Return what is missing and, with `apply`, make it.

    Raises:
        NotAuthorized: the credential is refused.
        CallFailed: Pipedrive has a fault; what was made until then is found in place the next time.

    """
    api = await open_api(ctx, provisioning=True)
    try:
        return await _provision(apply, ctx, api)
    finally:
        await api.budget.store(ctx.state)


async def _provision(apply: bool, ctx: Ctx, api: Api) -> Plan:
    survey = await _survey(ctx, api)
    plan = planning.plan(survey)
    if not apply or not plan.missing:
        return plan
    refusals: dict[str, str] = {}
    for making in planning.to_make(survey):
        reason = await _make(ctx, api, making)
        if reason is not None:
            refusals[making.what] = reason
    return planning.done(await _survey(ctx, api), plan, refusals)


async def _survey(ctx: Ctx, api: Api) -> Survey:
    deals = ctx.settings.deals != "off"
    return Survey(
        specs=ctx.fields,
        stages=ctx.stages,
        plan=ctx.settings.plan,
        person=await list_fields(ctx, api, planning.PERSON),
        deal=await list_fields(ctx, api, planning.DEAL) if deals else None,
    )


async def _make(ctx: Ctx, api: Api, making: Making) -> str | None:
    """Make one field; return why Pipedrive does not want it."""
    answer = await api.create_field(making.of, making.body)
    if read(answer, Field) is not None:
        return None
    if answer.status in (400, 403, 422):
        found = problem.of_answer(answer)
        hint = (
            ": the right to make fields is missing, or the plan allows no more"
            if answer.status == 403
            else ""
        )
        return found.reason + hint
    decoded(ctx, answer, Field)
    return None
