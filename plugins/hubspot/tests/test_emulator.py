"""The plugin against the emulator, over a socket: the whole way, and faults that need a memory."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from afterclick.plugin import (
    Change,
    Exists,
    Gone,
    Match,
    Misconfigured,
    NoMatch,
    NotAuthorized,
    Rejected,
    RetryLater,
    Synced,
    Throttled,
    Uncertain,
)
from afterclick.sandbox import Rule
from afterclick_hubspot import plugin

from .emulated import VALUES, account
from .support import EMAIL, EVENT, USER, lead


async def test_empty_account_says_what_to_do_and_is_provisioned_once() -> None:
    async with account(provisioned=False) as a:
        with pytest.raises(Misconfigured) as stop:
            await plugin.connect(a.ctx)
        assert stop.value.finding is not None
        assert "deep_link_key" in stop.value.finding.message
        plan = await plugin.provision(True, a.ctx)
        assert plan.steps
        assert not plan.missing
        assert not plan.conflicts
        again = await plugin.provision(True, a.ctx)
        assert {step.action for step in again.steps} == {"keep"}
        assert list(await plugin.check(a.ctx)) == []


async def test_provisioning_needs_the_second_token() -> None:
    async with account(provisioned=False, restricted_token="pat-objects") as a:
        plain = msgspec.structs.replace(a.ctx.settings, provisioning_token="")
        assert (await plugin.provision(False, a.ctx)).missing
        a.ctx.settings = plain
        with pytest.raises(NotAuthorized, match=r"crm\.schemas\.contacts"):
            await plugin.provision(True, a.ctx)


@pytest.mark.parametrize("version", ["2026-03", "2026-09"])
@pytest.mark.parametrize("echo", [True, False])
async def test_lead_is_created_found_and_enriched(version: str, echo: bool) -> None:
    async with account(echo_trace_ids=echo, versions=(version,), provisioned=False) as a:
        a.ctx.settings = msgspec.structs.replace(a.ctx.settings, api_version=version)
        await plugin.provision(True, a.ctx)
        a.ctx.client = await plugin.connect(a.ctx)
        assert await a.match(lead(keys=[USER, EVENT])) == [NoMatch()]
        (made,) = await a.create(lead(keys=[USER, EVENT], values=VALUES))
        assert isinstance(made, Synced)
        assert made.record.values == VALUES
        (found,) = await a.match(lead(keys=[EVENT, USER]))
        assert isinstance(found, Match)
        assert found.record.values == VALUES
        assert found.record.url == made.record.url
        assert found.record.named
        done = await a.enrich(found.record.id, {"lifecyclestage": "customer"})
        assert isinstance(done, Synced)
        assert done.record.values == {**VALUES, "lifecyclestage": "customer"}


async def test_hundred_leads_cost_one_call_to_match_and_one_to_create() -> None:
    async with account() as a:
        leads = [lead(f"lead-{n}", [f"user:{n:032x}", f"event:{n:032x}"]) for n in range(50)]
        a.hub.calls.clear()
        assert set(await a.match(*leads)) == {NoMatch()}
        made = await a.create(*leads)
        assert a.hub.calls.total == 2
        found = await a.match(
            *(lead(one.ref, record_id=out.record.id) for one, out in zip(leads, made, strict=True))
        )
    assert [match.record.key for match in found] == [one.keys[0] for one in leads]


@pytest.mark.parametrize("kind", ["shuffle", "duplicate"])
async def test_order_and_repeats_of_results_do_not_matter(kind: Any) -> None:
    async with account() as a:
        a.hub.faults.add(Rule(kind=kind, path="/batch/"))
        leads = [lead(f"lead-{n}", [f"user:{n:032x}"]) for n in range(20)]
        made = await a.create(*leads)
        found = await a.match(*leads)
    assert [out.record.key for out in made] == [one.keys[0] for one in leads]
    assert [match.record.id for match in found] == [out.record.id for out in made]


async def test_contact_left_out_of_a_read_is_still_found() -> None:
    async with account() as a:
        leads = [lead(f"lead-{n}", [f"user:{n:032x}"]) for n in range(3)]
        await a.create(*leads)
        a.hub.faults.add(Rule(kind="forget", path="/batch/read"))
        found = await a.match(*leads)
    assert all(isinstance(match, Match) for match in found)


@pytest.mark.parametrize("kind", ["forget", "empty", "cut_after"])
@pytest.mark.parametrize("addressed", [True, False])
async def test_create_that_is_not_confirmed_is_found_and_not_doubled(kind: Any, addressed: bool) -> None:
    values = {name: value for name, value in VALUES.items() if addressed or name != "email"}
    async with account() as a:
        a.hub.faults.add(Rule(kind=kind, path="/batch/create" if addressed else "/batch/upsert", times=1))
        (outcome,) = await a.create(lead(values=values))
        assert isinstance(outcome, Uncertain)
        (found,) = await a.match(lead())
        assert isinstance(found, Match)
        (again,) = await a.create(lead(values=values))
        assert isinstance(again, Exists)
        assert again.record.id == found.record.id
        assert len(a.hub.contacts()) == 1


async def test_cut_before_the_work_leaves_nothing() -> None:
    async with account() as a:
        a.hub.faults.add(Rule(kind="cut_before", path="/batch/create", times=1))
        (outcome,) = await a.create(lead(values=VALUES))
        assert isinstance(outcome, Uncertain)
        assert await a.match(lead()) == [NoMatch()]


async def test_address_of_a_contact_of_the_sales_team_names_that_contact() -> None:
    async with account() as a:
        theirs = a.hub.add_contact({"email": "ada@example.com"})
        (outcome, other) = await a.create(lead("a", values=VALUES), lead("b", [EMAIL]))
        assert isinstance(outcome, Exists)
        assert outcome.record.id == theirs
        assert isinstance(other, Synced)


async def test_additional_address_of_another_contact_names_that_contact() -> None:
    async with account() as a:
        theirs = a.hub.add_contact({"email": "work@example.com"}, additional_emails=["ada@example.com"])
        (made,) = await a.create(lead(values={"lastname": "Stub"}))
        outcome = await a.enrich(made.record.id, {"email": "ada@example.com"})
        assert isinstance(outcome, Exists)
        assert outcome.record.id == theirs


async def test_one_bad_value_costs_its_lead_only() -> None:
    async with account() as a:
        found = await a.create(lead("a", values={"email": "not an address"}), lead("b", [EMAIL]))
    assert isinstance(found[0], Rejected)
    assert found[0].field == "email"
    assert isinstance(found[1], Synced)


async def test_rule_of_the_account_binds_the_newer_version_only() -> None:
    async with account(required_fields=("email",)) as a:
        (refused,) = await a.create(lead(values={"lastname": "Stub"}))
        assert isinstance(refused, Rejected)
        assert refused.field is None
        assert "email" in refused.reason
        a.ctx.settings = msgspec.structs.replace(a.ctx.settings, api_version="2026-03")
        a.ctx.client = await plugin.connect(a.ctx)
        (made,) = await a.create(lead(values={"lastname": "Stub"}))
        assert isinstance(made, Synced)


async def test_stage_never_goes_back() -> None:
    async with account() as a:
        (made,) = await a.create(lead(values={**VALUES, "lifecyclestage": "customer"}))
        kept = await a.enrich(made.record.id, {"lifecyclestage": "lead"})
    assert isinstance(kept, Synced)
    assert kept.record.values["lifecyclestage"] == "customer"


async def test_deleted_contact_is_gone() -> None:
    async with account() as a:
        (made,) = await a.create(lead(values=VALUES))
        (found,) = await a.match(lead(record_id=made.record.id))
        a.hub.archive(made.record.id)
        change = Change(lead=lead(), record=found.record, fields={"lastname": "King"})
        (late,) = await plugin.enrich([change], a.ctx)
        assert isinstance(late, Gone)
        assert isinstance((await a.match(lead(record_id=made.record.id)))[0], Gone)


@pytest.mark.parametrize("preserve", [True, False])
async def test_merged_contact_is_followed(preserve: bool) -> None:
    async with account(preserve_primary_id=preserve) as a:
        (made,) = await a.create(lead(values=VALUES))
        theirs = a.hub.add_contact({"email": "work@example.com"})
        merge = {"primaryObjectId": theirs, "objectIdToMerge": made.record.id}
        answer = await a.ctx.http.request(
            "POST",
            "/crm/objects/2026-09/contacts/merge",
            json=merge,
            headers={"Authorization": "Bearer pat-sandbox"},
        )
        assert answer.ok
        (found,) = await a.match(lead(record_id=made.record.id))
        assert isinstance(found, Match)
        assert found.record.id == answer.json()["id"]
        (written,) = await plugin.enrich(
            [Change(lead=lead(), record=found.record, fields={"lastname": "King"})], a.ctx
        )
        assert isinstance(written, Synced)


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        (Rule(kind="status", status=401), NotAuthorized),
        (Rule(kind="status", status=403), NotAuthorized),
        (Rule(kind="status", status=429), Throttled),
        (Rule(kind="status", status=429, reason="daily"), Throttled),
        (Rule(kind="status", status=477, reason="3600"), Throttled),
    ],
)
async def test_refusals_stop_the_lane(rule: Rule, error: type[Exception]) -> None:
    async with account() as a:
        a.hub.faults.add(rule)
        with pytest.raises(error):
            await a.create(lead(values=VALUES))
        assert a.hub.contacts() == []


@pytest.mark.parametrize(("status", "expected"), [(423, RetryLater), (500, Uncertain), (502, Uncertain)])
async def test_faults_are_told_apart(status: int, expected: type) -> None:
    async with account() as a:
        a.hub.faults.add(Rule(kind="status", status=status, path="/batch/create"))
        (outcome,) = await a.create(lead(values=VALUES))
    assert isinstance(outcome, expected)


async def test_headers_teach_the_pacer() -> None:
    async with account(burst=190, daily=1000) as a:
        await a.match(lead())
    buckets = {bucket: amount for bucket, amount, _, _ in a.pacer.learnt}
    assert buckets == {"burst": 190.0, "daily": 1000.0}


async def test_day_property_that_was_there_takes_days() -> None:
    async with account(provisioned=False) as a:
        a.hub.add_property("install_date", "date")
        await plugin.provision(True, a.ctx)
        a.ctx.client = await plugin.connect(a.ctx)
        (made,) = await a.create(lead(values={**VALUES, "install_date": "2026-05-21"}))
        assert isinstance(made, Synced)
        (found,) = await a.match(lead())
    assert found.record.values["install_date"] == "2026-05-21"


async def test_two_contacts_of_one_lead_are_record_and_double() -> None:
    async with account() as a:
        (stub, named) = await a.create(lead("a", [EVENT]), lead("b", [EMAIL], {"email": "ada@example.com"}))
        (found,) = await a.match(lead(keys=[USER, EMAIL, EVENT]))
    assert isinstance(found, Match)
    assert found.record.id == named.record.id
    assert [double.id for double in found.doubles] == [stub.record.id]
