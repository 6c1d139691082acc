"""Finding somebody's record: by id, keys and address, and following what it became."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.plugin import (
    Ambiguous,
    BatchRefused,
    CallFailed,
    Gone,
    Match,
    Misconfigured,
    NoMatch,
    NotAuthorized,
    Throttled,
)
from afterclick_salesforce import plugin
from afterclick_salesforce.answers import Row
from afterclick_salesforce.mapping import to_record

from .bodies import BASE, OURS, POINTER, SALES, composite, contact_id, fault, lead_id, page, row
from .support import ADA, COMPOSITE, EVENT, KEY, USER, Bench, bench, lead, named, shape


async def only(b: Bench, one: Any) -> Any:
    (outcome,) = await plugin.match([one], b.ctx)
    return outcome


async def test_known_record_is_read_by_its_id_with_all_its_values() -> None:
    found = row(
        lead_id(1),
        Email=ADA,
        LastName=" Lovelace ",
        Install_Date__c="2026-05-21T09:14:00.000+0000",
        Deep_Link_Minutes_To_Convert__c=42.0,
        Deep_Link_Campaign__c=None,
        **{KEY: USER},
    )
    async with bench() as b:
        b.org.reads([found])
        outcome = await only(b, lead(record=lead_id(1)))
    assert isinstance(outcome, Match)
    record = outcome.record
    assert (record.kind, record.id, record.key, record.named) == ("Lead", lead_id(1), USER, True)
    assert record.url == f"{BASE}/{lead_id(1)}"
    assert record.created_at == "2026-05-20T08:00:00.000Z"
    assert record.values == {
        KEY: USER,
        "Email": ADA,
        "LastName": "Lovelace",
        "Install_Date__c": "2026-05-21T09:14:00.000Z",
        "Deep_Link_Minutes_To_Convert__c": 42,
    }


async def test_whole_batch_costs_one_call_and_no_address_stands_in_a_url() -> None:
    leads = [named(f"lead-{n}", keys=(f"user:{n:032x}",), emails=(f"p{n}@example.com",)) for n in range(200)]
    async with bench() as b:
        b.org.reads([], [], [], [])
        outcomes = await plugin.match(leads, b.ctx)
    assert set(map(type, outcomes)) == {NoMatch}
    login, call = b.org.sent
    assert login.url.path.endswith("/token")
    assert (call.method, call.url.path) == ("POST", "/services/data/v68.0/composite")
    assert "example.com" not in str(call.url)


async def test_all_keys_are_asked_for_and_the_strongest_wins() -> None:
    async with bench() as b:
        b.org.reads([row(lead_id(2), **{KEY: EVENT}), row(lead_id(1), **{KEY: USER})], [])
        outcome = await only(b, lead(keys=(USER, EVENT)))
    assert isinstance(outcome, Match)
    assert (outcome.record.id, [one.id for one in outcome.doubles]) == (lead_id(1), [lead_id(2)])
    assert [query.partition(" FROM ")[2] for query in b.org.queries] == [
        f"Lead WHERE {KEY} IN ('{USER}','{EVENT}')",
        f"Contact WHERE {KEY} IN ('{USER}','{EVENT}')",
    ]


async def test_converted_lead_leads_to_its_contact() -> None:
    converted = row(lead_id(1), IsConverted=True, ConvertedContactId=contact_id(1))
    async with bench() as b:
        b.org.reads([converted])
        b.org.reads([row(contact_id(1), Email=ADA)])
        outcome = await only(b, lead(record=lead_id(1)))
    assert isinstance(outcome, Match)
    assert (outcome.record.kind, outcome.record.id, outcome.doubles) == ("Contact", contact_id(1), ())


async def test_lead_that_was_converted_without_a_contact_is_for_a_person_to_decide() -> None:
    async with bench() as b:
        b.org.reads([row(lead_id(1), IsConverted=True)])
        outcome = await only(b, lead(record=lead_id(1)))
    assert isinstance(outcome, Ambiguous)
    assert "without a contact" in outcome.reason


async def test_retired_lead_leads_to_the_record_in_its_place() -> None:
    async with bench() as b:
        b.org.reads([row(lead_id(1), **{KEY: EVENT, POINTER: contact_id(7)[:15]})], [])
        b.org.reads([row(contact_id(7))])
        outcome = await only(b, lead(keys=(EVENT,)))
    assert isinstance(outcome, Match)
    assert outcome.record.id == contact_id(7)


@pytest.mark.parametrize("target", [lead_id(9), "001000000000001AAA", lead_id(1)])
async def test_pointer_that_leads_nowhere_leaves_the_lead_as_it_is(target: str) -> None:
    async with bench() as b:
        b.org.reads([row(lead_id(1), **{POINTER: target})])
        b.org.reads([])
        outcome = await only(b, lead(record=lead_id(1)))
    assert isinstance(outcome, Match)
    assert outcome.record.id == lead_id(1)


async def test_merged_lead_leads_to_its_master() -> None:
    async with bench() as b:
        b.org.reads([])
        b.org.reads([{"Id": lead_id(1), "IsDeleted": True, "MasterRecordId": lead_id(2)}])
        b.org.reads([row(lead_id(2))])
        outcome = await only(b, lead(record=lead_id(1)))
    assert isinstance(outcome, Match)
    assert outcome.record.id == lead_id(2)
    assert "queryAll" in b.org.sent[2].body["compositeRequest"][0]["url"]


async def test_deleted_lead_is_gone_unless_another_has_one_of_the_keys() -> None:
    async with bench() as b:
        b.org.reads([])
        b.org.reads([{"Id": lead_id(1), "IsDeleted": True, "MasterRecordId": None}])
        b.org.reads([], [])
        assert isinstance(await only(b, lead(record=lead_id(1))), Gone)
    async with bench() as b:
        b.org.reads([])
        b.org.reads([])
        b.org.reads([row(lead_id(2), **{KEY: USER})], [])
        outcome = await only(b, lead(record=lead_id(1)))
        assert isinstance(outcome, Match)
        assert outcome.record.id == lead_id(2)


async def test_contact_with_the_address_goes_before_a_lead_with_it() -> None:
    async with bench() as b:
        # Lead by key, Contact by key, Contact by address, Lead by address.
        b.org.reads([], [], [row(contact_id(1), Email="Ada@Example.com")], [row(lead_id(5), Email=ADA)])
        outcome = await only(b, named(emails=(ADA,)))
    assert isinstance(outcome, Match)
    assert (outcome.record.id, [one.id for one in outcome.doubles]) == (contact_id(1), [lead_id(5)])
    assert b.org.queries[3].endswith(f"Lead WHERE Email IN ('{ADA}') AND IsConverted = false")


async def test_stub_whose_address_is_known_now_finds_whom_sales_typed_in() -> None:
    async with bench() as b:
        b.org.reads([row(lead_id(1), **{KEY: EVENT})])
        b.org.reads([row(lead_id(1), **{KEY: EVENT})], [], [], [row(lead_id(5), Email=ADA)])
        outcome = await only(b, named(keys=(USER, EVENT), record=lead_id(1), emails=(ADA,)))
    assert isinstance(outcome, Match)
    assert (outcome.record.id, [one.id for one in outcome.doubles]) == (lead_id(1), [lead_id(5)])


async def test_lead_that_has_the_address_is_looked_for_no_further() -> None:
    async with bench() as b:
        b.org.reads([row(lead_id(1), Email=ADA.upper())])
        outcome = await only(b, named(record=lead_id(1), emails=(ADA,)))
    assert isinstance(outcome, Match)
    assert outcome.doubles == ()


@pytest.mark.parametrize("object", ["Contact", "Lead"])
async def test_several_people_with_one_address_are_nobodys_guess(object: str) -> None:
    ids = [contact_id(1), contact_id(2)] if object == "Contact" else [lead_id(1), lead_id(2)]
    typed = [row(id, Email=ADA) for id in ids]
    async with bench() as b:
        b.org.reads([], [], *([typed, []] if object == "Contact" else [[], typed]))
        outcome = await only(b, named(emails=(ADA,)))
    assert isinstance(outcome, Ambiguous)
    assert [one.id for one in outcome.candidates] == ids
    assert ADA not in outcome.reason


async def test_records_that_lead_in_a_circle_end() -> None:
    async with bench() as b:
        b.org.reads([row(lead_id(1), **{POINTER: lead_id(2)})])
        b.org.reads([row(lead_id(2), **{POINTER: lead_id(1)})])
        outcome = await only(b, lead(record=lead_id(1)))
    assert isinstance(outcome, Match)


@pytest.mark.parametrize(
    ("status", "body", "raised"),
    [
        (
            400,
            fault("INVALID_FIELD", "No such column 'Deep_Link_Key__c' on sobject of type Lead"),
            Misconfigured,
        ),
        (400, fault("INVALID_TYPE", "sObject type 'Contact' is not supported."), Misconfigured),
        (400, fault("MALFORMED_QUERY", "unexpected token"), BatchRefused),
        (403, fault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), Throttled),
        (500, fault("QUERY_TIMEOUT", "Your query request was running for too long."), CallFailed),
    ],
)
@pytest.mark.parametrize("whole", [True, False])
async def test_refused_read_says_who_has_to_wait(
    whole: bool, status: int, body: Any, raised: type[Exception]
) -> None:
    async with bench() as b:
        if whole:
            b.org.reply(COMPOSITE, body, status)
        else:
            b.org.reply(COMPOSITE, composite(body, body, status=status))
        with pytest.raises(raised):
            await only(b, lead())


@pytest.mark.parametrize(
    ("status", "body", "raised"),
    [
        (503, "<html>We are down for maintenance.</html>", CallFailed),
        (503, fault("SERVER_UNAVAILABLE"), CallFailed),
        (502, "", CallFailed),
        (420, "<html></html>", CallFailed),
        (200, "<html></html>", CallFailed),
        (200, {"compositeResponse": []}, CallFailed),
        (200, composite("no page", "no page"), CallFailed),
        (414, "", BatchRefused),
        (403, fault("API_DISABLED_FOR_ORG", "API is not enabled"), NotAuthorized),
        (404, fault("NOT_FOUND", "The requested resource does not exist"), Misconfigured),
        (410, fault("UNSUPPORTED_API_VERSION"), Misconfigured),
        (405, fault("METHOD_NOT_ALLOWED"), Misconfigured),
        (300, ["/services/data/v68.0/sobjects/Lead/00Q1"], Misconfigured),
    ],
)
async def test_answers_that_are_no_answer(status: int, body: Any, raised: type[Exception]) -> None:
    async with bench() as b:
        b.org.reply(COMPOSITE, body, status)
        with pytest.raises(raised):
            await only(b, lead())


async def test_half_of_the_days_calls_are_learnt_and_the_last_ones_left_to_others() -> None:
    async with bench(quota_share=0.9) as b:
        b.org.reply(
            COMPOSITE, composite(page([]), page([])), headers={"Sforce-Limit-Info": "api-usage=18/15000"}
        )
        await only(b, lead())
        assert b.pacer.learnt == [("daily", 15000, 86_400, 14982)]
        b.org.reply(
            COMPOSITE,
            composite(page([]), page([])),
            headers={"Sforce-Limit-Info": "api-usage=13500/15000; per-app-api-usage=17/250(appName=sync)"},
        )
        await only(b, lead())
        with pytest.raises(Throttled, match="13500 of its 15000") as stop:
            await only(b, lead())
        assert (stop.value.after, stop.value.scope) == (900, "daily")
        calls = len(b.org.sent)
        b.clock.move(901)
        b.org.reads([], [])
        await only(b, lead())
        assert len(b.org.sent) == calls + 1


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, False),
        ({"Email": ADA}, True),
        ({"OwnerId": SALES}, True),
        ({"OwnerId": OURS[:15]}, False),
    ],
)
def test_record_is_somebodys_by_address_or_by_another_owner(values: dict[str, Any], named: bool) -> None:
    assert to_record(Row("Lead", row(lead_id(1), **values)), shape()).named is named
