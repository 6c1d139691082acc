"""Makes what leads need in an account: a property group and the properties, the second time nothing.

HubSpot's batch reports a property that is there already as an error of its item. Making an archived
one again brings it back with its old definition, so all are read and compared afterwards.
Source: HubSpot, "Properties" guide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from afterclick.plugin import FieldSpec, Kind, Plan
from afterclick_hubspot import answers, definitions, planning, problem
from afterclick_hubspot.api import BATCH, Api
from afterclick_hubspot.client import Ctx, decoded, open_api
from afterclick_hubspot.connecting import read_properties
from afterclick_hubspot.planning import Survey


async def provision(apply: bool, ctx: Ctx) -> Plan:
    """Return what is missing and, with `apply`, make it.

    Raises:
        NotAuthorized: the token lacks a scope, which the reason names.
        CallFailed: HubSpot has a fault; what was made until then is found in place the next time.

    """
    api = open_api(ctx, provisioning=True)
    survey = await _survey(ctx, api)
    plan = planning.plan(survey)
    if not apply or not plan.missing:
        return plan
    if not survey.group_there:
        await _create_group(ctx, api)
    lacking = survey.to_create()
    refusals: dict[str, str] = {}
    for start in range(0, len(lacking), BATCH):
        refusals |= await _create(ctx, api, lacking[start : start + BATCH])
    return planning.done(await _survey(ctx, api), plan, refusals)


async def _survey(ctx: Ctx, api: Api) -> Survey:
    return Survey(
        fields=ctx.fields,
        stages=ctx.stages,
        group=ctx.settings.group,
        group_label=ctx.settings.group_label,
        group_there=await _has_group(ctx, api),
        there=await read_properties(ctx, api),
        archived=await read_properties(ctx, api, archived=True),
    )


async def _has_group(ctx: Ctx, api: Api) -> bool:
    answer = await api.group(ctx.settings.group)
    if answer.status == 404 and problem.NOT_FOUND in problem.of_answer(answer).codes:
        return False
    decoded(ctx, answer, dict[str, Any])
    return True


async def _create_group(ctx: Ctx, api: Api) -> None:
    answer = await api.create_group(ctx.settings.group, ctx.settings.group_label)
    if answer.status != 409:  # 409: somebody else was first
        decoded(ctx, answer, dict[str, Any])


async def _create(ctx: Ctx, api: Api, specs: Sequence[FieldSpec]) -> dict[str, str]:
    """Create properties; return the reasons by name for those that HubSpot refused."""
    answer = await api.create_properties([_input(spec, ctx.settings.group) for spec in specs])
    if answer.status == 409:
        return {}
    made = decoded(ctx, answer, answers.PropertyBatch)
    refusals: dict[str, str] = {}
    for item in made.errors or []:
        found = problem.of_item(item)
        if problem.NAME_TAKEN not in found.codes:
            refusals |= dict.fromkeys(found.fields, found.category or "refused")
    return refusals


def _input(spec: FieldSpec, group: str) -> dict[str, Any]:
    form = definitions.FORMS[spec.kind]
    made: dict[str, Any] = {
        "name": spec.name,
        "label": spec.title,
        "description": spec.description,
        "groupName": group,
        "type": form.type,
        "fieldType": form.field_type,
        "hasUniqueValue": spec.unique,
        # A visitor's form must not overwrite what the service knows.
        "formField": False,
    }
    if spec.kind is Kind.CHOICE:
        made["options"] = [
            {"value": value, "label": value, "displayOrder": place, "hidden": False}
            for place, value in enumerate(spec.order)
        ]
    return made
