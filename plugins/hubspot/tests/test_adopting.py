"""Contacts of other code: which are listed, from where to where, and that nothing is changed by it."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.plugin import CallFailed, Throttled, WriteRefused
from afterclick.plugin.http import Outgoing
from afterclick_hubspot import plugin
from afterclick_hubspot.fields import DEFAULT_FIELDS

from .emulated import VALUES, Account, account
from .support import CONTACTS, READ, USER, absent, batch, bench, contact, error, lead

SEARCH = f"{CONTACTS}/search"
TOKEN, CAMPAIGN = "deep_link_token", "first_touch_campaign"


def found(*ids: str) -> dict[str, Any]:
    """Return the answer of a search."""
    return {"total": len(ids), "results": [contact(id) for id in ids]}


async def listed(a: Account) -> list[str]:
    """Return the ids of all strays, part by part."""
    ids: list[str] = []
    after: str | None = None
    while True:
        part = await plugin.strays(after, a.ctx)
        ids += [one.record.id for one in part.strays]
        after = part.after
        if after is None:
            return ids


async def test_the_search_goes_on_behind_an_id() -> None:
    async with bench() as b:
        b.hub.reply(SEARCH, found())
        part = await plugin.strays("41", b.ctx)
    query = b.hub.sent[0].body
    assert (part.strays, part.after) == ((), None)
    assert [group["filters"] for group in query["filterGroups"]] == [
        [
            {"propertyName": name, "operator": "HAS_PROPERTY"},
            {"propertyName": "deep_link_key", "operator": "NOT_HAS_PROPERTY"},
            {"propertyName": "hs_object_id", "operator": "GT", "value": "41"},
        ]
        for name in (TOKEN, CAMPAIGN)
    ]
    assert query["sorts"] == [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
    assert b.reports[0].costs == {"burst": 1.0, "search": 1.0}


async def test_what_a_contact_holds_is_read_by_its_id() -> None:
    values = {TOKEN: "may", "email": "Ada@example.com", "hs_additional_emails": "a@b.io;c@d.io"}
    async with bench() as b:
        b.hub.reply(SEARCH, found("7"))
        b.hub.reply(READ, batch([contact("7", values)]))
        (stray,) = (await plugin.strays(None, b.ctx)).strays
    assert stray.record.values == {TOKEN: "may", "email": "Ada@example.com"}
    assert (stray.record.id, stray.record.key) == ("7", None)
    assert stray.emails == ("a@b.io", "ada@example.com", "c@d.io")
    assert stray.record.created_at == "2026-05-01T08:00:00.000Z"


async def test_what_the_index_does_not_know_yet_is_seen_all_the_same() -> None:
    async with bench() as b:
        b.hub.reply(SEARCH, found("1", "2", "3", "4"))
        keyed = contact("1", {TOKEN: "may", "deep_link_key": USER})
        emptied, merged = contact("2"), contact("9", {TOKEN: "may", "hs_merged_object_ids": "3"})
        b.hub.reply(READ, batch([keyed, emptied, merged], [absent("4")]), 207)
        part = await plugin.strays(None, b.ctx)
    assert (part.strays, part.looked) == ((), 4)


async def test_an_account_without_such_fields_has_none() -> None:
    async with bench(fields=[spec for spec in DEFAULT_FIELDS if spec.name not in (TOKEN, CAMPAIGN)]) as b:
        assert (await plugin.strays(None, b.ctx)).strays == ()
        assert b.hub.sent == []


@pytest.mark.parametrize(
    ("answer", "status", "raised"),
    [
        (error("RATE_LIMITS", policyName="SECONDLY"), 429, Throttled),
        ("no JSON", 200, CallFailed),
        (error("INTERNAL"), 500, CallFailed),
    ],
)
async def test_no_part_is_left_out_without_a_word(answer: Any, status: int, raised: type[Exception]) -> None:
    async with bench() as b:
        b.hub.reply(SEARCH, answer, status)
        with pytest.raises(raised):
            await plugin.strays(None, b.ctx)


async def test_a_contact_that_cannot_be_read_is_not_passed_over() -> None:
    async with bench() as b:
        b.hub.reply(SEARCH, found("7"))
        b.hub.reply(READ, error("INTERNAL"), 500)
        with pytest.raises(CallFailed):
            await plugin.strays(None, b.ctx)


def reading_only(request: Outgoing) -> None:
    if not request.reads and "/contacts" in request.url and "/properties/" not in request.url:
        raise WriteRefused(request.url)


async def test_an_account_lists_what_other_code_made() -> None:
    async with account(gate=reading_only) as a:
        made = [
            a.hub.add_contact({TOKEN: "may", "lastname": "Lead may"}),
            a.hub.add_contact({CAMPAIGN: "spring"}),
        ]
        a.hub.add_contact({"email": "typed@example.com"})
        a.hub.add_contact({TOKEN: "may", "deep_link_key": USER})
        before = a.hub.contacts()

        assert sorted(await listed(a)) == sorted(made)
        assert a.hub.contacts() == before


async def test_more_than_a_page_is_listed_once_each() -> None:
    async with account() as a:
        made = {a.hub.add_contact({TOKEN: "may"}) for _ in range(120)}
        ids = await listed(a)

        assert (len(ids), set(ids)) == (120, made)


async def test_a_contact_that_got_a_key_is_none_of_them() -> None:
    async with account(search_lag=30.0) as a:
        await a.create(lead(values=VALUES))

        assert await listed(a) == []
