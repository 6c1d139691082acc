"""Making custom fields: the plan first, nothing twice, nothing changed, and how much of the allowance."""

from __future__ import annotations

import msgspec
import pytest

from afterclick.plugin import FieldSpec, Kind, Plan
from afterclick_pipedrive import plugin
from afterclick_pipedrive.fields import DEFAULT_FIELDS
from afterclick_pipedrive.settings import PipedriveSettings

from .emulated import Account, account


async def provision(a: Account, apply: bool = False) -> Plan:
    return await plugin.provision(apply, a.ctx)


def steps(plan: Plan) -> dict[str, tuple[str, bool]]:
    return {step.what: (step.action, step.done) for step in plan.steps}


async def test_plan_is_told_before_anything_is_made() -> None:
    async with account(provisioned=False) as a:
        plan = await provision(a)
        assert len(plan.missing) == 11
        assert not plan.conflicts
        assert plan.notes == (
            "11 of the 1000000 custom fields that the plan unlimited allows a company are new; persons have "
            "0 already, and those of other things count too",
        )
        assert a.spent == 10


async def test_fields_are_made_once() -> None:
    async with account(provisioned=False) as a:
        assert all(step.done for step in (await provision(a, apply=True)).steps)
        a.reports.clear()
        again = await provision(a, apply=True)
        assert {step.action for step in again.steps} == {"keep"}
        assert a.spent == 10


async def test_deals_take_one_field_more() -> None:
    async with account(provisioned=False, settings={"deals": "deal"}) as a:
        assert steps(await provision(a))["deal field Deep link key"] == ("create", False)
        made = await provision(a, apply=True)
        assert steps(made)["deal field Deep link key"] == ("create", True)
        assert steps(await provision(a))["deal field Deep link key"] == ("keep", False)


async def test_field_of_the_right_name_and_another_type_is_a_conflict() -> None:
    async with account(provisioned=False) as a:
        a.crm.add_field("Deep link campaign", "date")
        made = await provision(a, apply=True)
        assert steps(made)["person field Deep link campaign"] == ("conflict", False)
        assert [step.what for step in made.conflicts] == ["person field Deep link campaign"]


async def test_two_fields_of_one_name_are_a_conflict() -> None:
    async with account(provisioned=False) as a:
        a.crm.add_field("Deep link campaign")
        a.crm.add_field("deep link campaign")
        assert steps(await provision(a))["person field Deep link campaign"][0] == "conflict"


async def test_deal_field_of_another_type_is_a_conflict() -> None:
    async with account(provisioned=False, settings={"deals": "deal"}) as a:
        a.crm.add_field("Deep link key", "date", entity="deal")
        assert steps(await provision(a))["deal field Deep link key"][0] == "conflict"


async def test_field_of_the_account_s_own_is_taken_only_if_it_is_configured() -> None:
    own = [FieldSpec(attribute="campaign", name="Campaign", title="Campaign")]
    rest = [spec for spec in DEFAULT_FIELDS if spec.attribute != "campaign"]
    async with account(provisioned=False) as a:
        a.crm.add_field("Campaign")
        assert steps(await provision(a))["person field Deep link campaign"] == ("create", False)
        a.ctx.fields = (*rest, *own)
        assert steps(await provision(a))["person field Campaign"] == ("keep", False)
        a.ctx.fields = (*rest, FieldSpec(attribute="campaign", name=a.crm.field_code("Campaign"), title="x"))
        assert (await provision(a)).missing
        assert not (await provision(a)).conflicts


@pytest.mark.parametrize(
    "spec",
    [
        FieldSpec(attribute="campaign", name="c" * 40, title="x"),
        FieldSpec(attribute="milestone", name="Milestone", title="x", kind=Kind.CHOICE),
        FieldSpec(attribute="set_on_create.x", name="job_title", title="x", standard=True),
    ],
)
async def test_what_cannot_be_made_is_a_conflict(spec: FieldSpec) -> None:
    async with account(provisioned=False) as a:
        a.ctx.fields = (*DEFAULT_FIELDS, spec)
        assert [step.what for step in (await provision(a)).conflicts] == [f"person field {spec.name}"]


async def test_allowance_that_does_not_suffice_is_said_before() -> None:
    async with account(provisioned=False, unlimited=False, max_fields=5) as a:
        for number in range(25):
            a.crm.add_field(f"Own {number}")
        assert "there is not enough room" in (await provision(a)).notes[1]


async def test_cap_of_the_plan_is_told_for_each_field_that_was_not_made() -> None:
    async with account(provisioned=False, unlimited=False, max_fields=3, burst=1000) as a:
        made = await provision(a, apply=True)
        done = [step for step in made.steps if step.done]
        assert len(done) == 3
        assert len(made.conflicts) == 8
        assert "the plan allows no more" in made.conflicts[0].detail


async def test_sync_token_needs_no_right_to_make_fields() -> None:
    async with account(restricted_token="of-a-plain-user", connected=False) as a:
        assert not (await provision(a)).missing
        await a.connect()
        a.ctx.settings = _without_provisioning(a)
        a.crm.clear()
        made = await provision(a, apply=True)
        assert made.conflicts
        assert "right to make fields is missing" in made.conflicts[0].detail


def _without_provisioning(a: Account) -> PipedriveSettings:
    return msgspec.structs.replace(a.ctx.settings, provisioning_token="")
