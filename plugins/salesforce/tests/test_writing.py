"""Writing: inserts with the key, updates by id, what each row's answer means, and who is asked to act."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.plugin import (
    BatchRefused,
    Exists,
    Misconfigured,
    NotAuthorized,
    Outcome,
    Rejected,
    RetryLater,
    Scalar,
    Synced,
    Throttled,
    Uncertain,
)
from afterclick_salesforce import plugin

from .bodies import contact_id, fault, lead_id, refused, saved
from .support import ADA, EVENT, KEY, ROWS, USER, Bench, bench, change, lead, named

STUB = {"LastName": "Lead summer-promo 3f9c0d", "FirstName": "Deep Link", "Company": "Unknown"}
DATES: dict[str, Scalar] = {
    "Install_Date__c": "2026-05-21T09:14:00.000Z",
    "Deep_Link_Minutes_To_Convert__c": 42,
}


async def create(b: Bench, result: Any, status: int = 200) -> Outcome:
    b.org.reply(ROWS, result, status)
    (outcome,) = await plugin.create([lead(values=STUB)], b.ctx)
    return outcome


async def enrich(b: Bench, result: Any, status: int = 200) -> Outcome:
    b.org.reply(ROWS, result, status, method="PATCH")
    (outcome,) = await plugin.enrich([change(lead_id(1), {"Phone": "1"})], b.ctx)
    return outcome


def written(b: Bench) -> list[Any]:
    return [one for one in b.org.sent if one.url.path.endswith("/composite/sobjects")]


async def test_create_inserts_with_the_key_and_without_what_is_empty_or_not_a_leads() -> None:
    values: dict[str, Scalar] = {**STUB, **DATES, "Phone": " ", "Title": "no field of ours"}
    async with bench() as b:
        b.org.reply(ROWS, [saved(lead_id(1))])
        (outcome,) = await plugin.create([lead(keys=(USER, EVENT), values=values)], b.ctx)
    assert isinstance(outcome, Synced)
    assert (outcome.record.kind, outcome.record.id, outcome.record.key) == ("Lead", lead_id(1), USER)
    (sent,) = written(b)
    assert sent.body == {
        "allOrNone": False,
        "records": [{"attributes": {"type": "Lead"}, **STUB, **DATES, KEY: USER}],
    }


async def test_stubs_wake_nobody_and_named_leads_are_assigned_once() -> None:
    async with bench() as b:
        b.org.reply(ROWS, [saved(lead_id(1)), saved(lead_id(3))])
        b.org.reply(ROWS, [saved(lead_id(2))])
        leads = [lead("a", values=STUB), named("b", keys=(EVENT,)), lead("c", keys=("ref:3",), values=STUB)]
        outcomes = await plugin.create(leads, b.ctx)
    assert [one.record.id for one in outcomes if isinstance(one, Synced)] == [
        lead_id(1),
        lead_id(2),
        lead_id(3),
    ]
    stubs, people = written(b)
    assert stubs.headers["Sforce-Auto-Assign"] == "FALSE"
    assert stubs.headers["Sforce-Duplicate-Rule-Header"] == "allowSave=true"
    assert people.headers["Sforce-Auto-Assign"] == "TRUE"
    assert "Sforce-Duplicate-Rule-Header" not in people.headers


async def test_owner_is_left_alone_if_the_operator_wants_that() -> None:
    async with bench(assignment="never", on_duplicate="save_anyway") as b:
        b.org.reply(ROWS, [saved(lead_id(1))])
        await plugin.create([named()], b.ctx)
    (sent,) = written(b)
    assert sent.headers["Sforce-Auto-Assign"] == "FALSE"
    assert sent.headers["Sforce-Duplicate-Rule-Header"] == "allowSave=true"


PERSON = {"last_name": "Lovelace", "email": ADA}


@pytest.mark.parametrize(
    ("fields", "before", "attributes", "assigned"),
    [
        ({"Email": ADA, "LastName": "Lovelace"}, STUB, PERSON, "TRUE"),
        ({"LastName": "Lovelace"}, STUB, {"last_name": "Lovelace"}, "TRUE"),
        ({"Phone": "1"}, STUB, {"phone": "1"}, "TRUE"),
        # A stub that only learns of a date is nobody yet.
        ({"Conversion_Date__c": "2026-05-21T09:14:00.000Z"}, STUB, {}, "FALSE"),
        # Somebody already: never a second time.
        ({"Email": "new@example.com"}, {**STUB, "Email": ADA}, PERSON, "FALSE"),
        ({"Email": ADA}, {**STUB, "LastName": "Lovelace"}, PERSON, "FALSE"),
        ({"Email": ADA}, {**STUB, "Phone": "1"}, PERSON, "FALSE"),
        ({"Deep_Link_Campaign__c": "may"}, STUB, PERSON, "FALSE"),
    ],
)
async def test_assignment_rules_run_when_the_name_arrives_and_never_again(
    fields: dict[str, Any], before: dict[str, Any], attributes: dict[str, Any], assigned: str
) -> None:
    async with bench() as b:
        b.org.reply(ROWS, [saved(lead_id(1))], method="PATCH")
        await plugin.enrich([change(lead_id(1), fields, before, attributes=attributes)], b.ctx)
    (sent,) = written(b)
    assert sent.headers["Sforce-Auto-Assign"] == assigned


async def test_update_goes_by_id_leads_before_contacts_and_answers_in_order() -> None:
    changes = [
        change(contact_id(1), {"Deep_Link_Campaign__c": "may", "Company": "no field of a Contact"}, ref="a"),
        change(lead_id(1), {"Deep_Link_Campaign__c": "may", KEY: EVENT}, {"Email": ADA}, ref="b"),
        change(lead_id(2), {KEY: EVENT}, key=None, ref="c"),
    ]
    async with bench() as b:
        b.org.reply(ROWS, [saved(lead_id(1)), saved(lead_id(2)), saved(contact_id(1))], method="PATCH")
        outcomes = await plugin.enrich(changes, b.ctx)
    assert [one.record.id for one in outcomes if isinstance(one, Synced)] == [
        contact_id(1),
        lead_id(1),
        lead_id(2),
    ]
    assert isinstance(outcomes[1], Synced)
    assert outcomes[1].record.values == {"Email": ADA, "Deep_Link_Campaign__c": "may"}
    assert isinstance(outcomes[2], Synced)
    assert outcomes[2].record.key == EVENT
    (sent,) = written(b)
    assert (sent.method, sent.body["allOrNone"]) == ("PATCH", False)
    assert sent.body["records"] == [
        # A key that a record has is never written again.
        {"attributes": {"type": "Lead"}, "id": lead_id(1), "Deep_Link_Campaign__c": "may"},
        {"attributes": {"type": "Lead"}, "id": lead_id(2), KEY: EVENT},
        {"attributes": {"type": "Contact"}, "id": contact_id(1), "Deep_Link_Campaign__c": "may"},
    ]


async def test_change_without_a_value_to_send_needs_no_call() -> None:
    async with bench(logged_in=False) as b:
        (outcome,) = await plugin.enrich([change(contact_id(1), {"Company": "Analytical"})], b.ctx)
    assert isinstance(outcome, Synced)
    assert b.org.sent == []


@pytest.mark.parametrize(
    ("code", "message", "fields", "outcome"),
    [
        ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", (), RetryLater),
        (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "AfterUpdate: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access",
            (),
            RetryLater,
        ),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "Trigger: execution of BeforeInsert", (), RetryLater),
        ("CANNOT_EXECUTE_FLOW_TRIGGER", "the flow failed", (), RetryLater),
        ("TOO_MANY_APEX_REQUESTS", "", (), RetryLater),
        ("ALL_OR_NONE_OPERATION_ROLLED_BACK", "", (), RetryLater),
        ("PROCESSING_HALTED", "", (), RetryLater),
        ("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", (), RetryLater),
        ("ENTITY_IS_DELETED", "entity is deleted", (), RetryLater),
        ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (), RetryLater),
        ("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", (), RetryLater),
        ("UNKNOWN_EXCEPTION", "An unexpected error occurred", (), Uncertain),
        ("A_CODE_OF_TOMORROW", "", (), RetryLater),
        ("REQUIRED_FIELD_MISSING", "Required fields are missing: [Company]", ("Company",), Rejected),
        ("STRING_TOO_LONG", "Phone: data value too large", ("Phone",), Rejected),
        ("INVALID_EMAIL_ADDRESS", "Email: invalid email address", ("Email",), Rejected),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value", ("LeadSource",), Rejected),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No test leads, please", (), Rejected),
        ("FIELD_INTEGRITY_EXCEPTION", "", (), Rejected),
        ("NUMBER_OUTSIDE_VALID_RANGE", "", (), Rejected),
        ("JSON_PARSER_ERROR", "", (), Rejected),
        ("MALFORMED_ID", "", (), Rejected),
    ],
)
async def test_each_code_of_a_row(
    code: str, message: str, fields: tuple[str, ...], outcome: type[Outcome]
) -> None:
    async with bench() as b:
        found = await enrich(b, [refused(code, message, fields)])
    assert isinstance(found, outcome)
    assert isinstance(found, RetryLater | Rejected | Uncertain)
    assert code in found.reason
    assert not message or message not in found.reason
    if isinstance(found, Rejected):
        assert found.field == ("Phone" if fields == ("Phone",) else None)


async def test_one_bad_row_costs_nobody_else_anything() -> None:
    leads = [lead(ref, keys=(f"user:{ref}",), values=STUB) for ref in "abc"]
    async with bench() as b:
        b.org.reply(ROWS, [saved(lead_id(1)), refused("UNABLE_TO_LOCK_ROW"), saved(lead_id(3))])
        outcomes = await plugin.create(leads, b.ctx)
    assert list(map(type, outcomes)) == [Synced, RetryLater, Synced]


@pytest.mark.parametrize(
    ("code", "message", "raised", "told"),
    [
        (
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "Unable to create/update fields: Install_Date__c, Phone. Please check the security settings of "
            "this field and verify that it is read/write for your profile or permission set.",
            Misconfigured,
            "Install_Date__c, Phone",
        ),
        ("INVALID_FIELD", "No such column 'X__c' on sobject of type Lead", Misconfigured, "X__c"),
        ("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", Misconfigured, "no room"),
        ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", Throttled, "daily"),
    ],
)
async def test_row_that_tells_of_the_org_stops_the_lane_with_what_is_known(
    code: str, message: str, raised: type[Exception], told: str
) -> None:
    leads = [lead(ref, keys=(f"user:{ref}",), values=STUB) for ref in "ab"]
    async with bench() as b:
        b.org.reply(ROWS, [refused(code, message), saved(lead_id(2))])
        with pytest.raises(raised, match=told) as stop:
            await plugin.create(leads, b.ctx)
    outcomes = stop.value.outcomes  # type: ignore[attr-defined]
    assert list(outcomes) == [1]
    assert isinstance(outcomes[1], Synced)


async def test_right_that_no_row_has_stops_the_lane_and_one_records_does_not() -> None:
    no = refused("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
    async with bench() as b:
        with pytest.raises(Misconfigured, match="may not create Leads"):
            await create(b, [no])
    async with bench() as b:
        b.org.reply(ROWS, [no, saved(lead_id(2))], method="PATCH")
        outcomes = await plugin.enrich(
            [change(lead_id(n), {"Phone": "1"}, ref=str(n)) for n in (1, 2)], b.ctx
        )
    assert list(map(type, outcomes)) == [RetryLater, Synced]


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (500, fault("UNKNOWN_EXCEPTION", "An unexpected error occurred"), Uncertain),
        (503, fault("SERVER_UNAVAILABLE", "Server too busy"), Uncertain),
        (503, "<html>We are down for maintenance.</html>", Uncertain),
        (502, "", Uncertain),
        (420, "<html></html>", Uncertain),
        (200, "<html></html>", Uncertain),
        (200, '[{"success": tr', Uncertain),
        (200, [], Uncertain),
        (200, [saved(lead_id(1)), saved(lead_id(2))], Uncertain),
        (200, [{"success": True}], Uncertain),
        (200, [{}], Uncertain),
        (400, "<html>bad request</html>", RetryLater),
        (400, fault("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access"), RetryLater),
    ],
)
@pytest.mark.parametrize("write", [create, enrich])
async def test_answer_to_a_whole_call(write: Any, status: int, body: Any, outcome: type[Outcome]) -> None:
    async with bench() as b:
        assert isinstance(await write(b, body, status), outcome)


async def test_update_that_answers_with_another_record_proves_nothing() -> None:
    async with bench() as b:
        assert isinstance(await enrich(b, [saved(lead_id(2))]), Uncertain)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (
            fault(
                "JSON_PARSER_ERROR",
                "Cannot deserialize instance of datetime from VALUE_STRING value 2026-05-21 09:14 or request "
                "may be missing a required field at [line:1, column:99]",
            ),
            None,
        ),
        (fault("REQUIRED_FIELD_MISSING", "Required fields are missing: [Company]", ["Company"]), "Company"),
    ],
)
async def test_refused_batch_is_sent_in_halves_by_the_core(body: Any, field: str | None) -> None:
    async with bench() as b:
        with pytest.raises(BatchRefused) as refusal:
            await create(b, body, 400)
    assert refusal.value.field == field
    assert "2026" not in refusal.value.reason


async def test_second_batch_that_is_refused_does_not_deny_the_first() -> None:
    async with bench() as b:
        b.org.reply(ROWS, [saved(lead_id(1))])
        b.org.reply(ROWS, fault("JSON_PARSER_ERROR"), 400)
        outcomes = await plugin.create([lead(values=STUB), named("b", keys=(EVENT,))], b.ctx)
    assert list(map(type, outcomes)) == [Synced, RetryLater]


@pytest.mark.parametrize(
    ("status", "body", "raised", "told"),
    [
        (403, fault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), Throttled, ("daily", 900)),
        (
            403,
            fault("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
            Throttled,
            ("concurrent", 10),
        ),
        (
            403,
            fault("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
            Throttled,
            ("concurrent", 10),
        ),
        (400, fault("INVALID_FIELD", "No such column 'X__c' on sobject of type Lead"), Misconfigured, None),
        (403, fault("API_DISABLED_FOR_ORG", "API is not enabled"), NotAuthorized, None),
        (403, fault("INSUFFICIENT_ACCESS", ""), NotAuthorized, None),
        (
            404,
            fault("NOT_FOUND", "Provided external ID field does not exist or is not accessible: Key__c"),
            Misconfigured,
            None,
        ),
    ],
)
async def test_answer_that_makes_every_lead_wait(
    status: int, body: Any, raised: type[Exception], told: tuple[str, float] | None
) -> None:
    async with bench() as b:
        with pytest.raises(raised) as stop:
            await create(b, body, status)
    if told is not None:
        assert (getattr(stop.value, "scope", ""), getattr(stop.value, "after", 0)) == told


async def test_lane_stop_keeps_what_the_first_request_did() -> None:
    async with bench() as b:
        b.org.reply(ROWS, [saved(lead_id(1))])
        b.org.reply(ROWS, fault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), 403)
        with pytest.raises(Throttled) as stop:
            await plugin.create([lead(values=STUB), named("b", keys=(EVENT,))], b.ctx)
    assert list(stop.value.outcomes) == [0]


@pytest.mark.parametrize(("sent", "outcome"), [(True, Uncertain), (False, RetryLater)])
async def test_silence_leaves_open_what_happened(sent: bool, outcome: type[Outcome]) -> None:
    async with bench() as b:
        b.org.fail(ROWS, TimeoutError() if sent else _cannot_connect())
        (found,) = await plugin.create([lead(values=STUB)], b.ctx)
    assert isinstance(found, outcome)


def _cannot_connect() -> Exception:
    from unittest.mock import Mock

    import aiohttp

    return aiohttp.ClientConnectorError(Mock(), OSError(111, "refused"))


async def test_key_that_somebody_has_names_the_record() -> None:
    message = f"duplicate value found: {KEY} duplicates value on record with id: {lead_id(7)}"
    async with bench() as b:
        outcome = await create(b, [refused("DUPLICATE_VALUE", message)])
    assert isinstance(outcome, Exists)
    assert (outcome.record.kind, outcome.record.id) == ("Lead", lead_id(7))


async def test_rows_twice_in_a_batch_are_sent_once() -> None:
    async with bench() as b:
        b.org.reply(ROWS, [saved(lead_id(1))])
        outcomes = await plugin.create([lead("a", values=STUB), lead("b", values=STUB)], b.ctx)
    assert list(map(type, outcomes)) == [Synced, RetryLater]
