"""The plugin against the emulator, over a socket: the whole way, and faults that need a memory."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.plugin import (
    Ambiguous,
    Exists,
    Gone,
    Match,
    Misconfigured,
    NoMatch,
    Rejected,
    RetryLater,
    Synced,
    Throttled,
    Uncertain,
)
from afterclick.sandbox import Rule
from afterclick_salesforce import plugin
from afterclick_salesforce.sandbox import RowFault

from .emulated import PERSON, STUB, VALUES, account
from .support import ADA, EVENT, KEY, USER, lead, named


async def test_lead_is_created_found_and_enriched() -> None:
    async with account() as a:
        assert await a.match(lead(keys=(USER, EVENT))) == [NoMatch()]
        (made,) = await a.create(lead(keys=(USER, EVENT), values=VALUES, attributes=PERSON))
        assert isinstance(made, Synced)
        assert dict(made.record.values) == VALUES
        (found,) = await a.match(lead(keys=(EVENT, USER)))
        assert isinstance(found, Match)
        assert found.record.id == made.record.id
        assert dict(found.record.values) == {**VALUES, "Status": "Open - Not Contacted"}
        changed = await a.enrich(made.record.id, {"Deep_Link_Campaign__c": "autumn"})
        assert isinstance(changed, Synced)
        (again,) = await a.match(lead(record=made.record.id))
        assert again.record.values == changed.record.values


@pytest.mark.parametrize("flow", ["client_credentials", "jwt"])
async def test_both_flows_log_in(flow: str) -> None:
    async with account(flow=flow) as a:
        assert await a.match(lead()) == [NoMatch()]


async def test_create_that_is_repeated_makes_no_second_lead() -> None:
    async with account() as a:
        (made,) = await a.create(lead(values=STUB))
        (again,) = await a.create(lead(values=STUB))
        assert isinstance(again, Exists)
        assert again.record.id == made.record.id
        assert len(a.held()) == 1


async def test_two_hundred_people_cost_two_calls() -> None:
    people = [
        lead(f"p{n}", keys=(f"user:{n:032x}", f"ref:{n:032x}", f"event:{n:032x}"), values=STUB)
        for n in range(200)
    ]
    async with account() as a:
        before = a.org.calls.total
        assert set(await a.match(*people)) == {NoMatch()}
        assert set(map(type, await a.create(*people))) == {Synced}
        assert a.org.calls.total - before == 2
        found = await a.match(*people)
        assert set(map(type, found)) == {Match}
        assert len(a.held()) == 200


async def test_answer_that_was_cut_off_is_uncertain_and_doubles_nothing() -> None:
    async with account() as a:
        a.org.faults.add(Rule(kind="cut_after", path="/composite/sobjects", times=1))
        (lost,) = await a.create(lead(values=STUB))
        assert isinstance(lost, Uncertain)
        (found,) = await a.match(lead())
        assert isinstance(found, Match)
        (again,) = await a.create(lead(values=STUB))
        assert isinstance(again, Exists)
        assert len(a.held()) == 1


async def test_session_that_ended_is_renewed_unseen() -> None:
    async with account() as a:
        a.org.sessions.expire()
        assert await a.match(lead()) == [NoMatch()]
        (made,) = await a.create(lead(values=STUB))
        a.org.sessions.expire()
        assert isinstance(await a.enrich(made.record.id, {"Phone": "1"}), Synced)


async def test_converted_lead_is_followed_and_its_contact_written_to() -> None:
    async with account() as a:
        (made,) = await a.create(lead(values=VALUES, attributes=PERSON))
        contact = a.org.people.convert(made.record.id)
        assert contact is not None
        (found,) = await a.match(lead(record=made.record.id))
        assert (found.record.kind, found.record.id) == ("Contact", contact)
        outcome = await a.enrich(contact, {"Deep_Link_Campaign__c": "may", "Company": "no field of it"})
        assert isinstance(outcome, Synced)
        (held,) = a.held("Contact")
        assert held["Deep_Link_Campaign__c"] == "may"


async def test_lead_that_is_converted_between_read_and_write_is_read_again() -> None:
    async with account() as a:
        (made,) = await a.create(lead(values=VALUES, attributes=PERSON))
        (found,) = await a.match(lead(record=made.record.id))
        a.org.people.convert(made.record.id)
        (outcome,) = await plugin.enrich([_change(found, {"Phone": "1"})], a.ctx)
        assert isinstance(outcome, RetryLater)


def _change(found: Any, fields: dict[str, Any]) -> Any:
    from afterclick.plugin import Change

    return Change(lead=lead(record=found.record.id), record=found.record, fields=fields)


async def test_person_account_is_for_somebody_to_decide() -> None:
    async with account() as a:
        (made,) = await a.create(lead(values=STUB))
        a.org.people.convert(made.record.id, contact=False)
        (found,) = await a.match(lead(record=made.record.id))
        assert isinstance(found, Ambiguous)


async def test_merged_and_deleted_leads() -> None:
    async with account() as a:
        (made,) = await a.create(lead(values=STUB))
        other = a.org.people.add("Lead", {"LastName": "Lovelace", "Company": "Analytical"})
        a.org.people.merge(other, made.record.id)
        (found,) = await a.match(lead(record=made.record.id))
        assert found.record.id == other
        a.org.people.delete(other)
        (gone,) = await a.match(lead(record=other))
        assert isinstance(gone, Gone)


@pytest.mark.parametrize("reserve", [True, False])
async def test_key_in_the_recycle_bin(reserve: bool) -> None:
    async with account(reserve_deleted=reserve) as a:
        (made,) = await a.create(lead(values=STUB))
        a.org.people.delete(made.record.id)
        assert await a.match(lead()) == [NoMatch()]
        (again,) = await a.create(lead(values=STUB))
        if reserve:
            assert isinstance(again, Exists)
            assert again.record.id == made.record.id
            (gone,) = await a.match(lead(record=made.record.id))
            assert isinstance(gone, Gone)
        else:
            assert isinstance(again, Synced)


async def test_person_that_sales_typed_in_is_found_by_address() -> None:
    async with account(contacts=({"LastName": "Lovelace", "Email": ADA},)) as a:
        (found,) = await a.match(named(emails=(ADA.upper(),)))
        assert isinstance(found, Match)
        assert (found.record.kind, found.record.named, found.record.key) == ("Contact", True, None)


@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize("misspelled", [True, False])
async def test_duplicate_rule_leads_to_the_record_that_it_found(rows: bool, misspelled: bool) -> None:
    typed = {"LastName": "Lovelace", "Email": ADA}
    async with account(contacts=(typed,), duplicate_rows=rows, misspelled_duplicates=misspelled) as a:
        (outcome,) = await a.create(lead(values=VALUES, attributes=PERSON))
        assert isinstance(outcome, Exists)
        assert outcome.record.kind == "Contact"
        assert a.held() == []


async def test_duplicate_rule_may_be_overruled_unless_it_blocks() -> None:
    typed = {"LastName": "Lovelace", "Email": ADA}
    anyway = {"on_duplicate": "save_anyway"}
    async with account(contacts=(typed,), settings=anyway) as a:
        (outcome,) = await a.create(lead(values=VALUES, attributes=PERSON))
        assert isinstance(outcome, Synced)
    async with account(contacts=(typed,), settings=anyway, duplicate_rule="block") as a:
        (outcome,) = await a.create(lead(values=VALUES, attributes=PERSON))
        assert isinstance(outcome, Rejected)


async def test_stubs_that_look_alike_do_not_meet_the_duplicate_rule() -> None:
    async with account() as a:
        outcomes = await a.create(*(lead(str(n), keys=(f"event:{n:032x}",), values=STUB) for n in range(3)))
        assert set(map(type, outcomes)) == {Synced}


async def test_assignment_rule_runs_once_when_the_name_arrives() -> None:
    async with account() as a:
        (made,) = await a.create(lead(values=STUB))
        assert a.org.counts()["assignments"] == 0
        await a.enrich(made.record.id, {"Deep_Link_Campaign__c": "may"})
        assert a.org.counts()["assignments"] == 0
        await a.enrich(made.record.id, {"Email": ADA, "LastName": "Lovelace"}, PERSON)
        assert a.org.counts()["assignments"] == 1
        await a.enrich(made.record.id, {"Conversion_Date__c": "2026-05-21T09:14:00.000Z"}, PERSON)
        assert a.org.counts()["assignments"] == 1


@pytest.mark.parametrize("parse_errors", ["batch", "row"])
async def test_bad_value_costs_its_own_lead(parse_errors: str) -> None:
    from afterclick.plugin import BatchRefused

    bad = {**STUB, "Install_Date__c": "21 May"}
    leads = [lead("a", values=STUB), lead("b", keys=(EVENT,), values=bad)]
    async with account(parse_errors=parse_errors) as a:
        if parse_errors == "batch":
            with pytest.raises(BatchRefused):
                await a.create(*leads)
            assert a.held() == []
        else:
            assert list(map(type, await a.create(*leads))) == [Synced, Rejected]


async def test_locked_row_is_tried_again_and_the_others_are_written() -> None:
    fault = RowFault(code="UNABLE_TO_LOCK_ROW", field=KEY, text=USER, times=1)
    async with account(row_faults=(fault,)) as a:
        outcomes = await a.create(lead("a", values=STUB), lead("b", keys=(EVENT,), values=STUB))
        assert list(map(type, outcomes)) == [RetryLater, Synced]
        assert list(map(type, await a.create(lead("a", values=STUB)))) == [Synced]


@pytest.mark.parametrize(
    ("reason", "scope"), [("daily", "daily"), ("concurrent", "concurrent"), ("long", "concurrent")]
)
async def test_both_kinds_of_exceeded_limits(reason: str, scope: str) -> None:
    async with account() as a:
        a.org.faults.add(Rule(kind="status", status=403, reason=reason))
        with pytest.raises(Throttled) as stop:
            await a.match(lead())
        assert stop.value.scope == scope


async def test_days_limit_feeds_our_own() -> None:
    async with account(daily=1000) as a:
        await a.match(lead())
        bucket, amount, _, remaining = a.pacer.learnt[-1]
        assert (bucket, amount) == ("daily", 1000)
        assert remaining is not None
        assert 990 < remaining < 1000


@pytest.mark.parametrize("hidden", ["Lead.Email", "Lead.LastName"])
async def test_hidden_field_stops_the_lane_by_name(hidden: str) -> None:
    async with account(hidden_fields=(hidden,), connected=False) as a:
        if hidden == "Lead.LastName":  # Salesforce hides no field that is required
            await plugin.connect(a.ctx)
            return
        with pytest.raises(Misconfigured, match="Email"):
            await plugin.connect(a.ctx)
