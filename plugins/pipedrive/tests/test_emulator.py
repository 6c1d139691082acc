"""The plugin against the emulated company: a person's life, and what it costs."""

from __future__ import annotations

import msgspec
import pytest

from afterclick.plugin import Gone, Match, NoMatch, NotYet, Record, Scalar, Synced

from .emulated import account, change
from .support import EMAIL, EVENT, USER, lead

VALUES: dict[str, Scalar] = {
    "Deep link key": USER,
    "Deep link token": "summer-promo",
    "Deep link campaign": "summer",
    "Deep link install date": "2026-05-21",
    "Deep link minutes to convert": 42,
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "phone": "+44 20 7946 0000",
}


async def test_person_is_created_as_it_is_read_and_costs_ten_tokens_at_most() -> None:
    async with account() as a:
        new = lead(values=VALUES)
        assert await a.match(new) == [NoMatch()]
        (made,) = await a.create(new)
        assert a.spent <= 10
        assert isinstance(made, Synced)
        assert made.record.values == VALUES
        assert (made.record.key, made.record.named) == (USER, True)
        (found,) = await a.match(lead(record_id=made.record.id))
        assert found == Match(msgspec.structs.replace(made.record, touched=True))


async def test_known_person_costs_six_tokens_at_most() -> None:
    async with account() as a:
        (made,) = await a.create(lead(values=VALUES))
        a.reports.clear()
        known = lead(record_id=made.record.id)
        (found,) = await a.match(known)
        (outcome,) = await a.enrich(change(known, found.record, {"Deep link campaign": "autumn"}))
        assert a.spent <= 6
        assert isinstance(outcome, Synced)
        assert outcome.record.values == {**VALUES, "Deep link campaign": "autumn"}


async def test_known_persons_of_a_batch_are_read_with_one_list() -> None:
    async with account() as a:
        made = await a.create(*(lead(f"lead-{n}", [f"user:{n:032}"], VALUES) for n in range(15)))
        a.reports.clear()
        found = await a.match(*(lead(f"lead-{n}", record_id=made[n].record.id) for n in range(15)))
        assert [one.record.id for one in found] == [one.record.id for one in made]
        assert a.spent == 10


async def test_fresh_account_is_never_looked_through() -> None:
    async with account() as a:
        assert a.client.directory is None
        assert await a.match(lead(keys=[USER, EVENT])) == [NoMatch()]
        assert a.spent == 0


async def test_person_whom_sales_typed_in_is_found_by_address_whatever_its_case() -> None:
    async with account() as a:
        theirs = a.crm.add_person("Ada L", email="Ada@Example.com")
        a.clock.move(60)
        (found,) = await a.match(lead(emails=("ada@example.com",)))
        assert found.record.id == str(theirs)
        assert found.record.named
        assert a.spent <= 21


@pytest.mark.parametrize("search", ["auto", "always"])
async def test_of_two_whom_sales_typed_in_with_one_address_the_older_is_taken_and_both_are_told(
    search: str,
) -> None:
    async with account(settings={"search": search}) as a:
        older, newer = (a.crm.add_person(name, email="ada@example.com") for name in ("Ada", "Ada L"))
        (found,) = await a.match(lead(emails=("ada@example.com",)))
        assert [found.record.id, *(double.id for double in found.doubles)] == [str(older), str(newer)]


async def test_deleted_person_that_the_index_still_has_is_not_believed() -> None:
    async with account() as a:
        theirs = a.crm.add_person("Ada L", email="ada@example.com")
        a.clock.move(60)
        a.crm.delete_person(theirs)
        assert await a.match(lead(emails=("ada@example.com",))) == [NoMatch()]


@pytest.mark.parametrize("answer", ["flag", "gone"])
async def test_deleted_person_is_gone(answer: str) -> None:
    async with account(deleted_answer=answer) as a:
        (made,) = await a.create(lead(values=VALUES))
        a.crm.delete_person(int(made.record.id))
        (found,) = await a.match(lead(record_id=made.record.id))
        assert isinstance(found, Gone)


@pytest.mark.parametrize("lands", [True, False])
async def test_uncertain_create_is_listed_twice_before_it_counts_as_not_made(lands: bool) -> None:
    async with account(search_lag=3600.0) as a:
        since = a.clock.now()
        if lands:
            await a.create(lead(values=VALUES))
        a.clock.move(90)
        unsure = lead(uncertain_since=since)
        (found,) = await a.match(unsure)
        if lands:
            assert isinstance(found, Match)
            return
        assert found == NotYet(30.0, "a second look tells whether the person was made")
        a.clock.move(29)
        assert isinstance((await a.match(unsure))[0], NotYet)
        a.clock.move(1)
        assert await a.match(unsure) == [NoMatch()]


async def test_one_listing_serves_all_uncertain_leads_of_a_batch() -> None:
    async with account() as a:
        made = await a.create(*(lead(f"lead-{n}", [f"user:{n:032}"], VALUES) for n in range(5)))
        a.reports.clear()
        unsure = [lead(f"lead-{n}", [f"user:{n:032}"], uncertain_since=a.clock.now()) for n in range(5)]
        found = await a.match(*unsure)
        assert [one.record.id for one in found] == [one.record.id for one in made]
        assert a.spent == 10


async def test_doubles_that_the_ledger_knows_are_read_by_id_however_far_the_index_is_behind() -> None:
    async with account(search_lag=3600.0) as a:
        (one, two) = await a.create(lead(values=VALUES), lead("lead-2", [EVENT], {"name": "Stub"}))
        known = lead(keys=[USER, EVENT], doubles=(Record(kind="person", id=two.record.id),))
        (found,) = await a.match(known)
        assert found.record.id == two.record.id
        assert one.record.id != two.record.id


async def test_a_further_address_keeps_those_that_sales_added() -> None:
    async with account() as a:
        (made,) = await a.create(lead(values=VALUES))
        id = made.record.id
        emails = [
            {"value": "ada@example.com", "primary": True, "label": "work"},
            {"value": "ada@home.example", "primary": False, "label": "home"},
        ]
        a.crm.edit_person(int(id), emails=emails)
        known = lead(record_id=id)
        (found,) = await a.match(known)
        await a.enrich(change(known, found.record, {"email": "countess@example.com"}))
        shown = a.crm.person(int(id))
        assert shown is not None
        assert [one["value"] for one in shown["emails"]] == ["countess@example.com", "ada@home.example"]
        assert [one["primary"] for one in shown["emails"]] == [True, False]


async def test_keys_by_email_and_user_are_told_apart() -> None:
    async with account(settings={"search": "always"}) as a:
        await a.create(lead(keys=[EMAIL], values={"name": "x"}))
        a.clock.move(60)
        assert await a.match(lead(keys=[USER])) == [NoMatch()]
        (found,) = await a.match(lead(keys=[USER, EMAIL]))
        assert isinstance(found, Match)
