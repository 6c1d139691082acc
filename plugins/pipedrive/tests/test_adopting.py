"""Persons of other code: which are listed, what that costs, and what in them may be replaced."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from afterclick.plugin import CallFailed, NotAuthorized, Stray, Throttled, WriteRefused
from afterclick.plugin.http import Outgoing
from afterclick_pipedrive import plugin
from afterclick_pipedrive.budget import BESIDE, LANE, Spent

from .emulated import Account, account
from .support import PERSONS, USER, Bench, bench, error, lead, ok, person

TOKEN, CAMPAIGN, KEY = "Deep link token", "Deep link campaign", "Deep link key"
BY_THE_ARTICLE = "Deep Link Lead (may)"


async def only(b: Bench, custom: dict[str, str], **more: Any) -> Stray:
    """Return the stray that a person is."""
    b.pipe.reply(PERSONS, ok([person(7, custom, **more)]), method="GET")
    (stray,) = (await plugin.strays(None, b.ctx)).strays
    return stray


def made_in(a: Account, name: str, custom: dict[str, Any]) -> int:
    """Make a person in the emulated company."""
    return a.crm.add_person(name, **custom)


async def listed(a: Account) -> list[int]:
    """Return the ids of all strays, page by page."""
    ids: list[int] = []
    after: str | None = None
    while True:
        part = await plugin.strays(after, a.ctx)
        ids += [int(one.record.id) for one in part.strays]
        after = part.after
        if after is None:
            return ids


async def test_all_persons_are_read_page_by_page() -> None:
    async with bench() as b:
        b.pipe.reply(PERSONS, ok([person(1), person(2, {TOKEN: "may"})], "further"), method="GET")
        part = await plugin.strays("here", b.ctx)
    asked = b.pipe.sent[0].url.query
    assert [one.record.id for one in part.strays] == ["2"]
    assert (part.after, part.looked) == ("further", 2)
    assert (asked["sort_by"], asked["sort_direction"], asked["cursor"]) == ("id", "asc", "here")


async def test_what_such_code_called_a_person_may_be_replaced_and_tells_the_token() -> None:
    emails = [{"value": "Ada@example.com", "primary": True}, {"value": "a@b.io", "primary": False}]
    async with bench() as b:
        stray = await only(b, {CAMPAIGN: "spring"}, name=BY_THE_ARTICLE, emails=emails)
    assert (stray.token, stray.stand_ins) == ("may", {"name": BY_THE_ARTICLE})
    assert stray.emails == ("a@b.io", "ada@example.com")
    assert stray.record.created_at == "2026-05-01T08:00:00.000Z"


async def test_a_person_that_only_its_name_tells_of_is_one() -> None:
    async with bench() as b:
        assert (await only(b, {}, name=BY_THE_ARTICLE)).token == "may"


async def test_the_token_in_its_field_goes_before_the_name() -> None:
    async with bench() as b:
        stray = await only(b, {TOKEN: "june"}, name=BY_THE_ARTICLE)
    assert stray.token is None
    assert stray.record.values[TOKEN] == "june"


async def test_a_name_that_people_typed_is_no_stand_in() -> None:
    async with bench() as b:
        assert (await only(b, {TOKEN: "may"})).stand_ins == {}


@pytest.mark.parametrize(
    "one",
    [person(1), person(1, {TOKEN: "may", KEY: USER}), person(1, {TOKEN: "may"}, is_deleted=True)],
    ids=["typed-in", "keyed", "deleted"],
)
async def test_others_are_left_out(one: dict[str, Any]) -> None:
    async with bench() as b:
        b.pipe.reply(PERSONS, ok([one]), method="GET")
        assert (await plugin.strays(None, b.ctx)).strays == ()


@pytest.mark.parametrize(
    ("body", "status", "raised"),
    [
        ("no JSON", 200, CallFailed),
        (error("Internal"), 500, CallFailed),
        (error("unauthorized access"), 401, NotAuthorized),
    ],
    ids=["unreadable", "fault", "refused"],
)
async def test_no_page_is_left_out_without_a_word(body: Any, status: int, raised: type[Exception]) -> None:
    async with bench() as b:
        b.pipe.reply(PERSONS, body, status, method="GET")
        with pytest.raises(raised):
            await plugin.strays(None, b.ctx)


async def test_what_it_spends_is_counted_beside_the_lane() -> None:
    async with bench() as b:
        b.pipe.reply(PERSONS, ok([]), method="GET")
        await plugin.strays(None, b.ctx)
        assert msgspec.json.decode(b.state.values[BESIDE], type=Spent).tokens == 10
        assert LANE not in b.state.values


async def test_it_does_not_begin_where_the_share_is_spent() -> None:
    async with bench(settings={"daily_tokens": 5}) as b:
        with pytest.raises(Throttled, match="our share"):
            await plugin.strays(None, b.ctx)
        assert b.pipe.sent == []


def reading_only(request: Outgoing) -> None:
    if not request.reads and "Fields" not in request.url:
        raise WriteRefused(request.url)


async def test_an_account_lists_what_other_code_made() -> None:
    async with account(gate=reading_only) as a:
        made = [
            made_in(a, BY_THE_ARTICLE, {CAMPAIGN: "spring"}),
            made_in(a, "Ann", {TOKEN: "may"}),
        ]
        a.crm.add_person("Typed In", email="typed@example.com")
        made_in(a, "Keyed", {TOKEN: "may", KEY: USER})

        assert await listed(a) == made
        assert a.spent == 10


async def test_more_than_a_page_is_listed_once_each() -> None:
    async with account() as a:
        made = [made_in(a, "x", {TOKEN: "may"}) for _ in range(503)]

        assert await listed(a) == made
        assert a.spent == 20


async def test_a_person_whom_we_made_is_none_of_them() -> None:
    async with account() as a:
        await a.create(lead(values={"name": "Deep Link Lead (may) 3f9c0d", TOKEN: "may", KEY: USER}))

        assert await listed(a) == []
