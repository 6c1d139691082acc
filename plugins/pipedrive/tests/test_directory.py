"""Persons whom another ledger made: found under any key, and what that costs."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.plugin import Match, NoMatch, NotYet, RetryLater
from afterclick_pipedrive import plugin
from afterclick_pipedrive.directory import PAGES

from .emulated import Account, account, change
from .support import EMAIL, EVENT, PERSONS, USER, bench, code, error, lead, ok, person

KEYS = (USER, EMAIL, "ref:" + "4" * 32, "link:" + "5" * 32, EVENT)


async def of_another_ledger(a: Account, *keys: str) -> list[str]:
    """Let another ledger make persons, each under one key; return their ids."""
    made = await a.create(
        *(lead(f"lead-{n}", [key], {"Deep link key": key, "name": "x"}) for n, key in enumerate(keys))
    )
    a.ctx.state.values.clear()  # type: ignore[attr-defined]
    a.clock.move(90)
    await a.connect()
    a.reports.clear()
    return [one.record.id for one in made]


async def test_new_person_with_many_keys_and_an_address_costs_thirty_tokens_at_most() -> None:
    async with account(connected=False) as a:
        await a.connect()
        await of_another_ledger(a, "event:" + "9" * 32)
        new = lead(keys=KEYS, values={"name": "Ada", "email": "ada@example.com"}, emails=("ada@example.com",))
        assert await a.match(new) == [NoMatch()]
        await a.create(new)
        assert a.spent == 10 + 5


async def test_batch_of_new_persons_shares_one_look() -> None:
    async with account(connected=False) as a:
        await a.connect()
        await of_another_ledger(a, "event:" + "9" * 32)
        found = await a.match(*(lead(f"lead-{n}", [f"user:{n:032}", EVENT]) for n in range(20)))
        assert found == [NoMatch()] * 20
        assert a.spent == 10


@pytest.mark.parametrize("key", KEYS)
async def test_person_is_found_under_any_of_its_keys_and_adopted(key: str) -> None:
    async with account(connected=False) as a:
        await a.connect()
        (id,) = await of_another_ledger(a, key)
        (found,) = await a.match(lead(keys=KEYS))
        await a.enrich(change(lead(keys=KEYS), found.record, {"Deep link campaign": "autumn"}))
        assert (found.record.id, found.record.key, found.doubles) == (id, key, ())
        assert a.spent == 10 + 1 + 5


async def test_persons_under_two_keys_of_a_lead_are_both_told() -> None:
    """What was left out would stay for ever: the core unites them, or tells the operator."""
    async with account(connected=False) as a:
        await a.connect()
        ids = await of_another_ledger(a, EVENT, USER)
        (found,) = await a.match(lead(keys=KEYS))
        assert isinstance(found, Match)
        assert [found.record.id, *(double.id for double in found.doubles)] == ids[::-1]


async def test_persons_under_one_key_are_all_told_the_oldest_first() -> None:
    async with account(connected=False) as a:
        await a.connect()
        ids = await of_another_ledger(a, USER, USER)
        (found,) = await a.match(lead())
        assert isinstance(found, Match)
        assert [found.record.id, *(double.id for double in found.doubles)] == ids


async def test_what_appears_later_is_seen_by_the_next_look_however_far_the_index_is_behind() -> None:
    async with account(settings={"search": "always"}, search_lag=3600.0) as a:
        assert await a.match(lead(emails=("ada@example.com",))) == [NoMatch()]
        theirs = a.crm.add_person("Ada L", email="Ada@Example.com")
        (found,) = await a.match(lead(emails=("ada@example.com",)))
        assert found.record.id == str(theirs)


async def test_person_that_was_deleted_or_lost_its_key_since_is_not_believed() -> None:
    async with account(settings={"search": "always"}) as a:
        one, two = await a.create(lead(values={"name": "x"}), lead("lead-2", [EVENT], {"name": "y"}))
        assert isinstance((await a.match(lead()))[0], Match)
        a.crm.delete_person(int(one.record.id))
        a.crm.edit_person(int(two.record.id), **{"Deep link key": "somebody else's"})
        assert await a.match(lead(keys=[USER, EVENT])) == [NoMatch()]


async def test_directory_outlives_a_new_connecting() -> None:
    async with account(settings={"search": "always"}) as a:
        await a.create(lead(values={"name": "x"}))
        await a.match(lead())
        before = a.client.directory
        a.ctx.client = await plugin.connect(a.ctx)
        assert a.client.directory is before


# Pages.


def page(ids: range, cursor: str | None = None) -> Any:
    return ok([person(id, {"Deep link key": f"user:{id:032}"}) for id in ids], cursor)


async def test_large_account_is_listed_over_several_looks_and_nothing_is_concluded_before() -> None:
    async with bench(foreign=True) as b:
        for n in range(PAGES + 1):
            b.pipe.reply(PERSONS, page(range(n, n + 1), "next"), method="GET")
        b.pipe.reply(PERSONS, page(range(90, 91)), method="GET")
        b.pipe.reply(PERSONS, page(range(91, 92)), method="GET")
        b.pipe.reply(f"{PERSONS}/91", ok(person(91, {"Deep link key": f"user:{91:032}"})), method="GET")
        wanted = lead(keys=[f"user:{91:032}"])

        assert await plugin.match([wanted], b.ctx) == [NotYet(1.0, "the account's people are being listed")]
        (found,) = await plugin.match([wanted], b.ctx)
        assert isinstance(found, Match)
        queries = [sent.url.query for sent in b.pipe.sent[:-1]]
        assert [query.get("cursor") for query in queries] == [None, *["next"] * (PAGES + 1), None]
        # What changed while the pages were read: from a minute before what stood first.
        assert [query.get("updated_since") for query in queries] == [
            *[None] * (PAGES + 2),
            "2026-05-20T07:59:00Z",
        ]
        assert queries[0]["custom_fields"] == code("Deep link key")


async def test_page_that_fails_never_becomes_a_create_and_is_asked_for_again_once() -> None:
    async with bench(foreign=True) as b:
        b.pipe.reply(PERSONS, page(range(3), "gone"), method="GET")
        for _ in range(2):
            b.pipe.reply(PERSONS, error("Invalid cursor"), 400, method="GET")
        b.pipe.reply(PERSONS, page(range(3)), method="GET")
        for _ in range(2):
            assert await plugin.match([lead()], b.ctx) == [RetryLater("Pipedrive answered 400")]
        assert await plugin.match([lead()], b.ctx) == [NoMatch()]
        assert [sent.url.query.get("cursor") for sent in b.pipe.sent] == [None, "gone", "gone", None]


async def test_silence_is_no_absence() -> None:
    async with bench(foreign=True) as b:
        b.pipe.fail(PERSONS, TimeoutError(), method="GET")
        assert await plugin.match([lead()], b.ctx) == [RetryLater("no answer: timed out")]
