"""Records that are there already: unique values that are taken, and what duplicate rules find."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.plugin import Exists, Outcome, Rejected, RetryLater, Synced, Throttled, Uncertain
from afterclick_salesforce import plugin

from .bodies import contact_id, duplicates, fault, lead_id, refused, saved
from .support import ADA, COMPOSITE, EVENT, KEY, LEADS, ROWS, Bench, bench, change, lead, named

FOUND = refused("DUPLICATES_DETECTED", "Use one of these records?")


def taken(field: str, holder: str) -> str:
    return f"duplicate value found: {field} duplicates value on record with id: {holder}"


async def create(b: Bench, result: Any) -> Outcome:
    b.org.reply(ROWS, [result])
    (outcome,) = await plugin.create([named()], b.ctx)
    return outcome


async def enrich(b: Bench, result: Any, **more: Any) -> Outcome:
    b.org.reply(ROWS, [result], method="PATCH")
    fields = {"Email": ADA, **({KEY: EVENT} if more.get("key", 1) is None else {})}
    (outcome,) = await plugin.enrich([change(lead_id(1), fields, **more)], b.ctx)
    return outcome


async def test_wording_in_another_language_is_not_guessed_at() -> None:
    async with bench() as b:
        b.org.reads([])  # in the recycle bin
        b.org.reply(COMPOSITE, "", 500)
        outcome = await create(b, refused("DUPLICATE_VALUE", f"doppelter Wert: {lead_id(7)}"))
    assert isinstance(outcome, RetryLater)
    async with bench() as b:
        b.org.reads([{"Id": lead_id(7), KEY: "user:11111111111111111111111111111111"}])
        b.org.reads([])
        outcome = await create(b, refused("DUPLICATE_VALUE", "doppelter Wert"))
    assert isinstance(outcome, Exists)
    assert outcome.record.id == lead_id(7)


async def test_key_of_a_lead_in_the_recycle_bin_leads_to_it() -> None:
    async with bench() as b:
        b.org.reads([])
        b.org.reads([{"Id": lead_id(8), "IsDeleted": True, KEY: "user:11111111111111111111111111111111"}])
        outcome = await create(b, refused("DUPLICATE_VALUE", "duplicate value found: unknown"))
    assert isinstance(outcome, Exists)
    assert outcome.record.id == lead_id(8)


@pytest.mark.parametrize(("field", "dropped"), [("Email", "Email"), ("Tax_Number__c", None)])
async def test_another_unique_field_is_not_taken_for_the_key(field: str, dropped: str | None) -> None:
    async with bench() as b:
        b.org.reads([])
        b.org.reads([])
        outcome = await create(b, refused("DUPLICATE_VALUE", taken(field, lead_id(7))))
    assert isinstance(outcome, Rejected)
    assert outcome.field == dropped


async def test_key_that_a_typed_record_was_to_get_and_another_has_is_left_out() -> None:
    async with bench() as b:
        outcome = await enrich(b, refused("DUPLICATE_VALUE", taken(KEY, lead_id(9))), key=None)
    assert isinstance(outcome, Rejected)
    assert outcome.field == KEY


@pytest.mark.parametrize("name", ["duplicateResult", "duplicateResut"])
async def test_rule_that_found_one_record_leads_to_it(name: str) -> None:
    async with bench() as b:
        b.org.reply(LEADS, duplicates(("Contact", contact_id(5)), name=name), 400)
        outcome = await create(b, FOUND)
    assert isinstance(outcome, Exists)
    assert (outcome.record.kind, outcome.record.id) == ("Contact", contact_id(5))
    alone = b.org.sent[-1]
    # Sent again as it was: with the key, and so that the same rules look at it.
    assert alone.body["LastName"] == "Lovelace"
    assert KEY in alone.body
    assert alone.headers["Sforce-Auto-Assign"] == "TRUE"


async def test_row_that_names_the_match_itself_costs_no_further_call() -> None:
    more = {"duplicateResult": duplicates(("Lead", lead_id(5)))[0]["duplicateResult"]}
    async with bench() as b:
        outcome = await create(b, refused("DUPLICATES_DETECTED", **more))
    assert isinstance(outcome, Exists)
    assert outcome.record.id == lead_id(5)


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ([("Lead", lead_id(5)), ("Contact", contact_id(6))], contact_id(6)),
        ([("Lead", lead_id(5)), ("Lead", lead_id(5))], lead_id(5)),
        ([("Contact", contact_id(5)), ("Contact", contact_id(6))], None),
        ([("Lead", lead_id(5)), ("Lead", lead_id(6))], None),
        ([("Account", "001000000000001AAA")], None),
        ([], None),
    ],
)
async def test_contact_goes_before_a_lead_and_several_are_nobodys_guess(
    found: list[tuple[str, str]], chosen: str | None
) -> None:
    async with bench() as b:
        b.org.reply(LEADS, duplicates(*found), 400)
        outcome = await create(b, FOUND)
    if chosen is None:
        assert isinstance(outcome, Rejected)
        assert outcome.field is None
        assert len(found) < 2 or lead_id(6) in outcome.reason or contact_id(6) in outcome.reason
    else:
        assert isinstance(outcome, Exists)
        assert outcome.record.id == chosen


async def test_stub_whose_address_meets_a_rule_goes_over_to_the_other_record() -> None:
    async with bench() as b:
        b.org.reply(
            f"{LEADS}/{lead_id(1)}",
            duplicates(("Lead", lead_id(1)), ("Lead", lead_id(5))),
            400,
            method="PATCH",
        )
        outcome = await enrich(b, FOUND)
    assert isinstance(outcome, Exists)
    assert outcome.record.id == lead_id(5)


@pytest.mark.parametrize(("policy", "told"), [("refuse", "does not let"), ("save_anyway", "does not let")])
async def test_other_policies_leave_it_to_a_person(policy: str, told: str) -> None:
    async with bench(on_duplicate=policy) as b:
        outcome = await create(b, FOUND)
    assert isinstance(outcome, Rejected)
    assert told in outcome.reason
    assert len(b.org.sent) == 2


async def test_rule_that_blocks_stubs_sends_them_nowhere() -> None:
    async with bench() as b:
        b.org.reply(ROWS, [FOUND])
        (outcome,) = await plugin.create([lead(values={"LastName": "Lead x"})], b.ctx)
    assert isinstance(outcome, Rejected)
    assert "without a name" in outcome.reason


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (201, saved(lead_id(3)), Synced),
        (201, "<html>", Uncertain),
        (400, fault("UNABLE_TO_LOCK_ROW"), RetryLater),
        (400, fault("INVALID_EMAIL_ADDRESS", "Email: invalid", ["Email"]), Rejected),
        (400, fault("DUPLICATE_VALUE", taken(KEY, lead_id(3))), Exists),
        (400, "<html>", RetryLater),
        (403, fault("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights"), RetryLater),
        (404, fault("ENTITY_IS_DELETED", "entity is deleted"), RetryLater),
        (503, fault("SERVER_UNAVAILABLE"), Uncertain),
    ],
)
async def test_row_that_is_sent_alone_may_fare_otherwise(
    status: int, body: Any, outcome: type[Outcome]
) -> None:
    async with bench() as b:
        b.org.reply(LEADS, body, status)
        found = await create(b, FOUND)
    assert isinstance(found, outcome)


async def test_update_that_is_sent_alone_may_succeed() -> None:
    async with bench() as b:
        b.org.reply(f"{LEADS}/{lead_id(1)}", "", 204, method="PATCH")
        outcome = await enrich(b, FOUND)
    assert isinstance(outcome, Synced)
    assert outcome.record.values["Email"] == ADA


async def test_limit_in_the_middle_carries_what_is_known() -> None:
    async with bench() as b:
        b.org.reply(ROWS, [saved(lead_id(1)), FOUND])
        b.org.reply(LEADS, fault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), 403)
        with pytest.raises(Throttled) as stop:
            await plugin.create([named("a"), named("b", keys=(EVENT,))], b.ctx)
    assert list(stop.value.outcomes) == [0]
