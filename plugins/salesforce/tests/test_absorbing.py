"""Two records of one person, stubs that expire, and people who are erased."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.plugin import (
    Absorption,
    Match,
    Outcome,
    Record,
    Rejected,
    RetryLater,
    Synced,
    Throttled,
    Uncertain,
)
from afterclick.sandbox import Rule
from afterclick_salesforce import plugin

from .bodies import POINTER, contact_id, fault, lead_id, refused, row, saved
from .emulated import STUB, Account, account
from .support import ADA, COMPOSITE, EVENT, ROWS, bench, lead

TYPED = {"LastName": "Lovelace", "Email": ADA}


def into(survivor: Record, double: Record, *, ours: bool = True) -> Absorption:
    return Absorption(lead=lead(), survivor=survivor, double=double, created_by_us=ours)


async def pair(a: Account) -> tuple[Record, Record]:
    """Return a Contact that sales typed in, and a stub of ours."""
    (stub,) = await a.create(lead(keys=(EVENT,), values=STUB))
    contact = a.org.people.add("Contact", TYPED)
    return Record(kind="Contact", id=contact), Record(kind="Lead", id=stub.record.id)


async def absorb(a: Account, *absorptions: Absorption) -> list[Outcome]:
    return list(await plugin.absorb(absorptions, a.ctx))


async def test_stub_points_to_the_record_in_its_place_and_keeps_its_key() -> None:
    async with account() as a:
        contact, stub = await pair(a)
        assert await absorb(a, into(contact, stub)) == [Synced(contact)]
        (held,) = a.held()
        assert held[POINTER] == contact.id
        assert held["Deep_Link_Key__c"] == EVENT
        # Whoever looks under the stub's key finds the Contact from now on.
        (found,) = await a.match(lead(keys=(EVENT,)))
        assert isinstance(found, Match)
        assert (found.record.id, found.doubles) == (contact.id, ())
        assert a.org.counts()["assignments"] == 0


async def test_pointing_twice_needs_one_write() -> None:
    async with account() as a:
        contact, stub = await pair(a)
        await absorb(a, into(contact, stub))
        calls = a.org.calls.total
        assert await absorb(a, into(contact, stub)) == [Synced(contact)]
        assert a.org.calls.total == calls + 1


async def test_stub_that_nobody_touched_may_be_deleted() -> None:
    powers = ("Read", "Create", "Edit", "Delete")
    async with account(settings={"doubles": "delete"}, object_permissions=powers) as a:
        contact, stub = await pair(a)
        assert await absorb(a, into(contact, stub)) == [Synced(contact)]
        assert a.held() == []
        assert await absorb(a, into(contact, stub)) == [Synced(contact)]


async def test_stub_that_somebody_edited_is_pointed_instead_of_deleted() -> None:
    powers = ("Read", "Create", "Edit", "Delete")
    async with account(settings={"doubles": "delete"}, object_permissions=powers) as a:
        contact, stub = await pair(a)
        a.org.people.edit(stub.id, {"Title": "Countess"})
        assert await absorb(a, into(contact, stub)) == [Synced(contact)]
        (held,) = a.held()
        assert held[POINTER] == contact.id


@pytest.mark.parametrize(
    ("edit", "told"), [({"Email": "b@example.com"}, "e-mail"), ({"OwnerId": "sales"}, "another owner")]
)
async def test_stub_that_people_took_up_stays_as_it_is(edit: dict[str, str], told: str) -> None:
    async with account() as a:
        contact, stub = await pair(a)
        given = {name: a.org.org.sales[0].id if value == "sales" else value for name, value in edit.items()}
        a.org.people.edit(stub.id, given)
        (outcome,) = await absorb(a, into(contact, stub))
        assert isinstance(outcome, Rejected)
        assert told in outcome.reason


async def test_what_is_not_ours_or_was_converted_stays() -> None:
    async with account() as a:
        contact, stub = await pair(a)
        (strange,) = await absorb(a, into(contact, stub, ours=False))
        assert isinstance(strange, Rejected)
        a.org.people.convert(stub.id)
        (converted,) = await absorb(a, into(contact, stub))
        assert isinstance(converted, Rejected)


async def test_operator_can_keep_both() -> None:
    async with account(settings={"doubles": "keep"}) as a:
        contact, stub = await pair(a)
        (outcome,) = await absorb(a, into(contact, stub))
        assert isinstance(outcome, Rejected)
        assert "doubles" in outcome.reason


async def test_cut_connection_leaves_a_pointer_that_is_found_next_time() -> None:
    async with account() as a:
        contact, stub = await pair(a)
        a.org.faults.add(Rule(kind="cut_after", path="/composite/sobjects", times=1))
        (outcome,) = await absorb(a, into(contact, stub))
        assert isinstance(outcome, Uncertain)
        assert await absorb(a, into(contact, stub)) == [Synced(contact)]


DOUBLE = into(Record(kind="Contact", id=contact_id(1)), Record(kind="Lead", id=lead_id(1)))


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, [saved(lead_id(1))], Synced),
        (200, [refused("ENTITY_IS_DELETED", "entity is deleted")], Synced),
        (200, [refused("UNABLE_TO_LOCK_ROW")], RetryLater),
        (200, [refused("INSUFFICIENT_ACCESS_OR_READONLY")], Rejected),
        (200, [{}], Uncertain),
        (200, [], Uncertain),
        (200, "<html>", Uncertain),
        (400, fault("JSON_PARSER_ERROR"), Rejected),
        (503, fault("SERVER_UNAVAILABLE"), Uncertain),
    ],
)
async def test_answers_to_the_pointer(status: int, body: Any, outcome: type[Outcome]) -> None:
    async with bench() as b:
        b.org.reads([row(lead_id(1))])
        b.org.reply(ROWS, body, status, method="PATCH")
        (found,) = await plugin.absorb([DOUBLE], b.ctx)
    assert isinstance(found, outcome)


async def test_unread_double_is_tried_again() -> None:
    async with bench() as b:
        b.org.reply(COMPOSITE, fault("SERVER_UNAVAILABLE"), 503)
        (found,) = await plugin.absorb([DOUBLE], b.ctx)
    assert isinstance(found, RetryLater)


async def test_limit_carries_what_was_settled() -> None:
    gone = into(Record(kind="Contact", id=contact_id(2)), Record(kind="Lead", id=lead_id(2)))
    async with bench() as b:
        b.org.reads([row(lead_id(1))])
        b.org.reply(
            ROWS, fault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), 403, method="PATCH"
        )
        with pytest.raises(Throttled) as stop:
            await plugin.absorb([DOUBLE, gone], b.ctx)
    assert list(stop.value.outcomes) == [1]


POWERS = ("Read", "Create", "Edit", "Delete")


async def test_stub_that_nobody_touched_expires() -> None:
    async with account(object_permissions=POWERS) as a:
        (stub,) = await a.create(lead(values=STUB))
        (found,) = await a.match(lead(record=stub.record.id))
        assert found.record.touched is False
        assert await plugin.retire([found.record], a.ctx) == [Synced(found.record)]
        assert a.held() == []
        assert await plugin.retire([found.record], a.ctx) == [Synced(found.record)]


@pytest.mark.parametrize("edit", [{"Title": "Countess"}, {"Email": ADA}, {"OwnerId": "sales"}])
async def test_stub_that_somebody_works_with_does_not_expire(edit: dict[str, str]) -> None:
    async with account(object_permissions=POWERS) as a:
        (stub,) = await a.create(lead(values=STUB))
        given = {name: a.org.org.sales[0].id if value == "sales" else value for name, value in edit.items()}
        a.org.people.edit(stub.record.id, given)
        (found,) = await a.match(lead(record=stub.record.id))
        assert found.record.touched is True
        (outcome,) = await plugin.retire([found.record], a.ctx)
        assert isinstance(outcome, Rejected)
        assert len(a.held()) == 1


async def test_right_to_delete_that_is_missing_is_told() -> None:
    async with account() as a:
        (stub,) = await a.create(lead(values=STUB))
        (outcome,) = await plugin.retire([stub.record], a.ctx)
        assert isinstance(outcome, Rejected)
        assert "may not" in outcome.reason


async def test_people_are_erased_once() -> None:
    async with account(object_permissions=POWERS) as a:
        contact, stub = await pair(a)
        assert await plugin.erase([contact, stub], a.ctx) == [Synced(contact), Synced(stub)]
        assert (a.held(), a.held("Contact")) == ([], [])
        assert await plugin.erase([stub], a.ctx) == [Synced(stub)]
