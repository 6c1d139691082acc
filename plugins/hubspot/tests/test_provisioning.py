"""Provisioning an account: a plan first, then the group and the properties, the second time nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from afterclick.plugin import CallFailed, FieldSpec, Kind, NotAuthorized, Plan, Rule
from afterclick_hubspot import plugin
from afterclick_hubspot.fields import DEFAULT_FIELDS

from .support import (
    GROUPS,
    PROPERTIES,
    TOKEN,
    Bench,
    Json,
    batch,
    bench,
    definition,
    definitions,
    error,
)

GROUP = f"{GROUPS}/deep_link_attribution"
CREATE = f"{PROPERTIES}/batch/create"
OWN = [spec.name for spec in DEFAULT_FIELDS if not spec.standard]
PRESENT = {"name": "deep_link_attribution", "label": "Deep Link Attribution", "archived": False}


def survey(b: Bench, properties: Json, *, group: bool = True, archived: list[Json] | None = None) -> None:
    """Let the account answer one look at it."""
    if group:
        b.hub.reply(GROUP, PRESENT, method="GET")
    else:
        b.hub.reply(GROUP, error("OBJECT_NOT_FOUND"), 404, method="GET")
    b.hub.reply(PROPERTIES, properties, method="GET")
    b.hub.reply(PROPERTIES, {"results": archived or []}, method="GET")


def taken(name: str) -> Json:
    return {
        "status": "error",
        "category": "OBJECT_ALREADY_EXISTS",
        "subCategory": "Properties.PROPERTY_WITH_NAME_EXISTS",
        "message": f"A property named '{name}' already exists.",
        "context": {"name": [name]},
    }


def actions(plan: Plan) -> dict[str, str]:
    return {step.what: step.action for step in plan.steps}


async def test_plan_of_an_empty_account_writes_nothing() -> None:
    async with bench(connected=False) as b:
        survey(b, definitions(*OWN), group=False)
        plan = await plugin.provision(False, b.ctx)
    assert {sent.method for sent in b.hub.sent} == {"GET"}
    assert [step.what for step in plan.missing] == [
        "group deep_link_attribution",
        *(f"property {name}" for name in OWN),
    ]
    details = {step.what: step.detail for step in plan.steps}
    assert details["property deep_link_key"] == "string/text, unique"
    assert details["property install_date"] == "datetime/date"
    assert not plan.conflicts


async def test_applied_plan_makes_group_and_properties_in_one_call_each() -> None:
    async with bench(connected=False) as b:
        survey(b, definitions(*OWN), group=False)
        b.hub.reply(GROUPS, PRESENT, 201)
        b.hub.reply(CREATE, batch(), 201)
        survey(b, definitions())
        plan = await plugin.provision(True, b.ctx)
    posts = [sent for sent in b.hub.sent if sent.method == "POST"]
    assert posts[0].body == {"name": "deep_link_attribution", "label": "Deep Link Attribution"}
    made = {entry["name"]: entry for entry in posts[1].body["inputs"]}
    assert list(made) == OWN
    key = made["deep_link_key"]
    assert (key["type"], key["fieldType"], key["hasUniqueValue"]) == ("string", "text", True)
    assert key["formField"] is False
    assert key["groupName"] == "deep_link_attribution"
    assert all(not entry["hasUniqueValue"] for name, entry in made.items() if name != "deep_link_key")
    assert not plan.missing
    assert all(step.done for step in plan.steps if step.action == "create")


async def test_second_run_changes_nothing() -> None:
    async with bench(connected=False) as b:
        survey(b, definitions())
        plan = await plugin.provision(True, b.ctx)
    assert {sent.method for sent in b.hub.sent} == {"GET"}
    assert set(actions(plan).values()) == {"keep"}


async def test_property_that_somebody_just_made_counts_as_present() -> None:
    async with bench(connected=False) as b:
        survey(b, definitions("deep_link_token", "deep_link_prefix"))
        b.hub.reply(CREATE, batch([], [taken("deep_link_token")]), 207)
        survey(b, definitions())
        plan = await plugin.provision(True, b.ctx)
    assert not plan.missing
    assert not plan.conflicts


async def test_group_that_somebody_just_made_counts_as_present() -> None:
    async with bench(connected=False) as b:
        survey(b, definitions("deep_link_token"), group=False)
        b.hub.reply(GROUPS, error("OBJECT_ALREADY_EXISTS"), 409)
        b.hub.reply(CREATE, batch(), 201)
        survey(b, definitions())
        plan = await plugin.provision(True, b.ctx)
    assert all(step.done for step in plan.steps if step.action == "create")


@pytest.mark.parametrize(
    ("instead", "text"),
    [
        (definition("deep_link_key"), "unique"),
        (definition("deep_link_key", "number", "number", hasUniqueValue=True), "holds number, not string"),
    ],
)
async def test_property_of_the_wrong_kind_is_a_conflict(instead: Json, text: str) -> None:
    async with bench(connected=False) as b:
        survey(b, definitions(deep_link_key=instead))
        plan = await plugin.provision(True, b.ctx)
    (conflict,) = plan.conflicts
    assert conflict.what == "property deep_link_key"
    assert text in conflict.detail
    assert "Choose another name" in conflict.detail


async def test_archived_property_is_told_to_come_back() -> None:
    async with bench(connected=False) as b:
        survey(b, definitions("deep_link_token"), archived=[definition("deep_link_token")])
        plan = await plugin.provision(False, b.ctx)
    assert actions(plan)["property deep_link_token"] == "create"
    assert "deep_link_token" in plan.notes[0]


async def test_archived_property_of_the_wrong_type_is_not_brought_back() -> None:
    async with bench(connected=False) as b:
        survey(b, definitions("deep_link_token"), archived=[definition("deep_link_token", "number")])
        plan = await plugin.provision(True, b.ctx)
    assert actions(plan)["property deep_link_token"] == "conflict"
    assert {sent.method for sent in b.hub.sent} == {"GET"}


async def test_property_that_came_back_with_an_old_definition_is_a_conflict() -> None:
    async with bench(connected=False) as b:
        survey(b, definitions("deep_link_key"))
        b.hub.reply(CREATE, batch(), 201)
        survey(b, definitions(deep_link_key=definition("deep_link_key")))
        plan = await plugin.provision(True, b.ctx)
    assert actions(plan)["property deep_link_key"] == "conflict"


async def test_property_that_hubspot_refused_says_why() -> None:
    fault = {**taken("deep_link_token"), "category": "VALIDATION_ERROR", "subCategory": "Properties.INVALID"}
    async with bench(connected=False) as b:
        survey(b, definitions("deep_link_token"))
        b.hub.reply(CREATE, batch([], [fault]), 207)
        survey(b, definitions("deep_link_token"))
        plan = await plugin.provision(True, b.ctx)
    (conflict,) = plan.conflicts
    assert conflict.detail == "VALIDATION_ERROR"


async def test_day_property_stays_with_a_note() -> None:
    async with bench(connected=False) as b:
        survey(b, definitions(install_date=definition("install_date", "date", "date", groupName="other")))
        plan = await plugin.provision(True, b.ctx)
    (step,) = [step for step in plan.steps if step.what == "property install_date"]
    assert (step.action, step.detail) == ("keep", "date/date, in another group")
    assert "install_date holds a day only" in plan.notes[0]


async def test_full_account_refuses_the_unique_property_only() -> None:
    used = {f"own_{n}": definition(f"own_{n}", hasUniqueValue=True) for n in range(10)}
    async with bench(connected=False) as b:
        survey(b, definitions("deep_link_key", "deep_link_token", **used))
        plan = await plugin.provision(False, b.ctx)
    assert actions(plan)["property deep_link_key"] == "conflict"
    assert actions(plan)["property deep_link_token"] == "create"


async def test_unknown_stage_is_a_conflict() -> None:
    async with bench(connected=False, stages={"customer": "kunde"}) as b:
        survey(b, definitions())
        plan = await plugin.provision(False, b.ctx)
    (conflict,) = plan.conflicts
    assert conflict.what == "stages of lifecyclestage"


async def test_missing_standard_property_is_a_conflict() -> None:
    async with bench(connected=False) as b:
        survey(b, definitions("company"))
        plan = await plugin.provision(True, b.ctx)
    assert [step.what for step in plan.conflicts] == ["property company"]


@pytest.mark.parametrize(("order", "action"), [(("a", "b"), "create"), ((), "conflict")])
async def test_choice_needs_its_choices(order: tuple[str, ...], action: str) -> None:
    channel = FieldSpec(attribute="channel", name="channel", title="Channel", kind=Kind.CHOICE, order=order)
    async with bench(connected=False, fields=[*DEFAULT_FIELDS, channel]) as b:
        survey(b, definitions())
        plan = await plugin.provision(False, b.ctx)
    assert actions(plan)["property channel"] == action


async def test_choices_are_made_with_their_order() -> None:
    channel = FieldSpec(
        attribute="channel", name="channel", title="Channel", kind=Kind.CHOICE, order=("a", "b")
    )
    made = definition("channel", "enumeration", "select")
    async with bench(connected=False, fields=[*DEFAULT_FIELDS, channel]) as b:
        survey(b, definitions())
        b.hub.reply(CREATE, batch(), 201)
        survey(b, definitions(channel=made))
        await plugin.provision(True, b.ctx)
    (post,) = [sent for sent in b.hub.sent if sent.method == "POST"]
    options: list[Any] = post.body["inputs"][0]["options"]
    assert [(option["value"], option["displayOrder"]) for option in options] == [("a", 0), ("b", 1)]


@pytest.mark.parametrize(("token", "expected"), [("pat-provision", "pat-provision"), ("", TOKEN)])
async def test_provisioning_has_a_token_of_its_own(token: str, expected: str) -> None:
    async with bench(connected=False, settings={"provisioning_token": token}) as b:
        survey(b, definitions())
        await plugin.provision(False, b.ctx)
    assert {sent.headers["Authorization"] for sent in b.hub.sent} == {f"Bearer {expected}"}


async def test_missing_scope_is_named() -> None:
    detail = {"context": {"requiredGranularScopes": ["crm.schemas.contacts.write"]}}
    async with bench(connected=False) as b:
        survey(b, definitions("deep_link_token"))
        b.hub.reply(CREATE, error("MISSING_SCOPES", errors=[detail]), 403)
        with pytest.raises(NotAuthorized, match=r"crm\.schemas\.contacts\.write"):
            await plugin.provision(True, b.ctx)


@pytest.mark.parametrize("status", [400, 500])
async def test_refused_properties_are_an_error(status: int) -> None:
    async with bench(connected=False) as b:
        survey(b, definitions("deep_link_token"))
        b.hub.reply(CREATE, error("VALIDATION_ERROR"), status)
        with pytest.raises(CallFailed):
            await plugin.provision(True, b.ctx)


async def test_group_may_have_another_name() -> None:
    async with bench(connected=False, settings={"group": "marketing", "group_label": "Marketing"}) as b:
        b.hub.reply(f"{GROUPS}/marketing", error("OBJECT_NOT_FOUND"), 404, method="GET")
        b.hub.reply(PROPERTIES, definitions(), method="GET")
        b.hub.reply(PROPERTIES, {"results": []}, method="GET")
        plan = await plugin.provision(False, b.ctx)
    assert [step.what for step in plan.missing] == ["group marketing"]


async def test_property_of_two_attributes_is_made_once() -> None:
    twin = msgspec.structs.replace(DEFAULT_FIELDS[1], attribute="code", rule=Rule.FILL)
    async with bench(connected=False, fields=[*DEFAULT_FIELDS, twin]) as b:
        survey(b, definitions("deep_link_token"))
        plan = await plugin.provision(False, b.ctx)
    assert [step.what for step in plan.missing] == ["property deep_link_token"]
