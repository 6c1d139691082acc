"""Making what an org lacks: a plan first, everything once, and nothing that exists is changed."""

from __future__ import annotations

import msgspec
import pytest

from afterclick.plugin import Misconfigured, NotAuthorized, Plan, Synced, WriteRefused
from afterclick.plugin.http import Outgoing
from afterclick_salesforce import metadata, plugin
from afterclick_salesforce.fields import DEFAULT_FIELDS
from afterclick_salesforce.sandbox.schema import Field

from .bodies import POINTER
from .emulated import STUB, Account, account
from .support import KEY, lead

LAYOUT = "Lead-Lead Layout"


def actions(plan: Plan) -> dict[str, str]:
    return {step.what: step.action for step in plan.steps}


async def provision(a: Account, apply: bool = True) -> Plan:
    plan: Plan = await plugin.provision(apply, a.ctx)
    return plan


async def test_bare_org_gets_all_that_leads_need_and_then_works() -> None:
    async with account(provisioned=False, object_permissions=(), settings={"layouts": [LAYOUT]}) as a:
        with pytest.raises(Misconfigured):
            await plugin.connect(a.ctx)
        made = await provision(a)
        assert made.missing == ()
        assert made.conflicts == ()
        assert {step.what for step in made.steps} >= {
            f"field Lead.{KEY}",
            f"field Contact.{KEY}",
            f"field Lead.{POINTER}",
            "value Deep Link of LeadSource",
            "permission set Deep_Link_Sync",
            "rights on Lead",
            "rights on Contact",
            "access to fields",
            "permission set Deep_Link_Sync for the integration user",
            f"section on layout {LAYOUT}",
        }
        assert all(step.done for step in made.steps if step.action == "create")
        a.ctx.client = await plugin.connect(a.ctx)
        (created,) = await a.create(lead(values={**STUB, "LeadSource": "Deep Link"}))
        (found,) = await a.match(lead(record=created.record.id))
        assert found.record.values["Deep_Link_Token__c"] == "summer-promo"
        codes = {finding.code for finding in await plugin.check(a.ctx)}
        assert codes == {"salesforce-provisioning-left"}


async def test_second_time_nothing_is_done() -> None:
    async with account(provisioned=False, settings={"layouts": [LAYOUT]}) as a:
        await provision(a)
        writes = a.org.calls.total
        again = await provision(a)
        assert set(actions(again).values()) == {"keep"}
        reads = a.org.calls.total - writes
        await provision(a, apply=False)
        assert a.org.calls.total - writes == 2 * reads


async def test_plan_writes_nothing() -> None:
    def reads_only(request: Outgoing) -> None:
        if not request.reads:
            raise WriteRefused(f"{request.method} {request.url}")

    async with account(provisioned=False, gate=reads_only, settings={"layouts": [LAYOUT]}) as a:
        plan = await provision(a, apply=False)
        assert "create" in actions(plan).values()
        assert not any(step.done for step in plan.steps)
        (key,) = [step for step in plan.steps if step.what == f"field Lead.{KEY}"]
        assert key.detail == "Text(64), External ID, Unique"


async def test_field_of_another_type_is_a_conflict_and_stays() -> None:
    async with account(provisioned=False) as a:
        a.org.people.define("Lead", "Install_Date__c", "double")
        plan = await provision(a)
        assert actions(plan)["field Lead.Install_Date__c"] == "conflict"
        assert plan.missing == ()
        assert a.org.org.tables["Lead"].sobject.fields["Install_Date__c"].type == "double"


async def test_fields_that_are_there_and_hidden_are_granted_and_not_made_anew() -> None:
    async with account(provisioned=False) as a:
        a.org.people.define("Lead", "Deep_Link_Campaign__c", length=77, granted=False)
        plan = await provision(a)
        assert actions(plan)["field Lead.Deep_Link_Campaign__c"] == "keep"
        assert plan.conflicts == ()
        assert a.org.org.tables["Lead"].sobject.fields["Deep_Link_Campaign__c"].length == 77
        await plugin.connect(a.ctx)
        (campaign,) = [spec for spec in a.ctx.fields if spec.attribute == "campaign"]
        assert campaign.max_length == 77


async def test_field_that_every_record_needs_takes_no_grant() -> None:
    async with account(provisioned=False) as a:
        needed = Field(name="Deep_Link_Campaign__c", label="Campaign", length=80, nillable=False, custom=True)
        a.org.org.define("Lead", needed)
        plan = await provision(a)

        assert actions(plan)["field Lead.Deep_Link_Campaign__c"] == "keep"
        assert plan.conflicts == ()
        a.ctx.client = await plugin.connect(a.ctx)
        (created,) = await a.create(lead(values={**STUB, "Deep_Link_Campaign__c": "may"}))
        assert isinstance(created, Synced)


async def test_names_and_switches_of_the_operator_are_followed() -> None:
    fields = [
        msgspec.structs.replace(spec, name="Source_Token__c") if spec.attribute == "token" else spec
        for spec in DEFAULT_FIELDS
        if spec.attribute != "lead_source"
    ]
    async with account(provisioned=False) as a:
        a.ctx.fields = tuple(fields)
        plan = await provision(a)
        assert actions(plan)["field Lead.Source_Token__c"] == "create"
        assert not any("LeadSource" in step.what for step in plan.steps)


@pytest.mark.parametrize(
    ("doubles", "expires", "granted"),
    [("point", False, False), ("delete", False, True), ("point", True, True)],
)
async def test_right_to_delete_is_granted_only_where_it_is_used(
    doubles: str, expires: bool, granted: bool
) -> None:
    settings = {"doubles": doubles}
    async with account(provisioned=False, object_permissions=(), settings=settings, expires=expires) as a:
        await provision(a)
        table = a.org.org.tables["ObjectPermissions"]
        (row,) = [one.values for one in table if one.values["SobjectType"] == "Lead"]
        assert bool(row.get("PermissionsDelete")) is granted


async def test_right_that_is_needed_later_is_added_to_those_that_are_there() -> None:
    async with account(provisioned=False, object_permissions=()) as a:
        await provision(a)
        a.ctx.expires = True
        assert "salesforce-no-delete" in {finding.code for finding in await plugin.check(a.ctx)}
        plan = await provision(a)

        assert {step.what for step in plan.steps if step.done} == {"rights on Lead"}
        assert plan.conflicts == ()
        assert "salesforce-no-delete" not in {finding.code for finding in await plugin.check(a.ctx)}


async def test_field_that_is_granted_to_read_only_is_granted_to_edit() -> None:
    async with account(provisioned=False, object_permissions=()) as a:
        await provision(a)
        table = a.org.org.tables["FieldPermissions"]
        (row,) = [one for one in table if one.values["Field"] == f"Lead.{KEY}"]
        table.change(row, {"PermissionsEdit": False}, a.ctx.clock.now(), "an administrator")
        a.org.org.security.forget()
        plan = await provision(a)

        assert {step.what for step in plan.steps if step.done} == {"access to fields"}
        assert plan.conflicts == ()
        assert row.values["PermissionsEdit"] is True


async def test_integration_user_cannot_provision_and_is_told_so() -> None:
    async with account(provisioned=False, settings={"provisioning_token": ""}) as a:
        with pytest.raises((Misconfigured, NotAuthorized)) as stop:
            await provision(a)
        assert stop.value.finding is not None
        assert stop.value.finding.code == "salesforce-provisioning-token"


async def test_expired_token_of_an_administrator_is_not_renewed() -> None:
    async with account(provisioned=False, settings={"provisioning_token": "00D-ended"}) as a:
        with pytest.raises(NotAuthorized):
            await provision(a)


async def test_login_that_does_not_work_yet_leaves_the_assignment_to_a_person() -> None:
    async with account(provisioned=False, settings={"client_secret": "wrong"}) as a:
        plan = await provision(a)
        step = "permission set Deep_Link_Sync for the integration user"
        assert actions(plan)[step] == "conflict"
        assert plan.missing == ()


async def test_layout_that_is_not_there_is_a_conflict() -> None:
    async with account(provisioned=False, settings={"layouts": ["Lead-No Layout"]}) as a:
        plan = await provision(a)
        assert actions(plan)["section on layout Lead-No Layout"] == "conflict"


@pytest.mark.parametrize("body", [b"<html>down</html", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"])
def test_answer_that_is_no_xml_of_salesforces_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="answer"):
        metadata.outcomes(body)


def test_token_and_values_are_escaped_in_the_envelope() -> None:
    text = metadata.envelope(metadata.read("Layout", ["<&>"]), "a<b").decode()
    assert "a&lt;b" in text
    assert "&lt;&amp;&gt;" in text
