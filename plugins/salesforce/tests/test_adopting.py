"""Leads of other code: which are listed, part by part, and what in them may be replaced."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from afterclick.plugin import CallFailed, NotAuthorized, Stray, WriteRefused
from afterclick.plugin.http import Outgoing
from afterclick_salesforce import plugin
from afterclick_salesforce.adopting import PART

from .bodies import fault, lead_id, page, row
from .emulated import VALUES, Account, account
from .support import ADA, DATA, KEY, USER, Bench, bench, lead

QUERY = f"{DATA}/query"
TOKEN, CAMPAIGN = "Deep_Link_Token__c", "Deep_Link_Campaign__c"
BY_THE_ARTICLE = {"FirstName": "Deep Link", "LastName": "Lead may", "Company": "Unknown", "Status": "New"}


async def only(b: Bench, **values: Any) -> Stray:
    """Return the stray that a Lead with these values is."""
    b.org.reply(QUERY, page([row(lead_id(1), **values)]), method="GET")
    (stray,) = (await plugin.strays(None, b.ctx)).strays
    return stray


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


async def test_the_query_goes_on_behind_an_id() -> None:
    async with bench() as b:
        b.org.reply(QUERY, page([]), method="GET")
        part = await plugin.strays(lead_id(7), b.ctx)
    asked = b.org.sent[-1].url.query["q"]
    assert (part.strays, part.after) == ((), None)
    assert asked.endswith(
        f" FROM Lead WHERE {KEY} = NULL AND IsConverted = FALSE AND ({TOKEN} != NULL OR {CAMPAIGN} != NULL)"
        f" AND Id > '{lead_id(7)}' ORDER BY Id LIMIT {PART}"
    )


async def test_what_such_code_put_in_for_a_name_may_be_replaced() -> None:
    async with bench() as b:
        stray = await only(b, **{TOKEN: "may", **BY_THE_ARTICLE, "Email": ADA})
    assert (stray.emails, stray.token, stray.record.key) == ((ADA,), None, None)
    assert stray.stand_ins == {name: BY_THE_ARTICLE[name] for name in ("FirstName", "LastName", "Company")}
    assert stray.record.created_at == "2026-05-20T08:00:00.000Z"


async def test_a_lead_that_is_called_by_its_token_has_it() -> None:
    async with bench() as b:
        stray = await only(b, **{CAMPAIGN: "spring", **BY_THE_ARTICLE})
    assert stray.token == "may"


@pytest.mark.parametrize(
    "typed",
    [{"LastName": "Lovelace"}, {"FirstName": "Ada"}, {"LastName": "Lead june"}, {"LastName": "Lead "}],
    ids=["last-name", "first-name", "other-token", "no-token"],
)
async def test_what_people_typed_is_no_stand_in(typed: dict[str, str]) -> None:
    async with bench() as b:
        stray = await only(b, **{TOKEN: "may", **BY_THE_ARTICLE, **typed})
    assert (stray.stand_ins, stray.token) == ({}, None)


@pytest.mark.parametrize(
    ("body", "status", "raised"),
    [
        (page([row(lead_id(1))], total=2), 200, CallFailed),
        (fault("SERVER_UNAVAILABLE"), 503, CallFailed),
        (fault("API_DISABLED_FOR_ORG"), 403, NotAuthorized),
    ],
    ids=["a-row-is-missing", "fault", "refused"],
)
async def test_no_part_is_left_out_without_a_word(body: Any, status: int, raised: type[Exception]) -> None:
    async with bench() as b:
        b.org.reply(QUERY, body, status, method="GET")
        with pytest.raises(raised):
            await plugin.strays(None, b.ctx)


async def test_an_org_without_such_fields_has_none() -> None:
    async with bench() as b:
        shape = b.ctx.client.shape
        fields = tuple(spec for spec in shape.fields if spec.attribute not in ("token", "campaign"))
        b.ctx.client.shape = msgspec.structs.replace(shape, fields=fields)
        assert (await plugin.strays(None, b.ctx)).strays == ()


def reading_only(request: Outgoing) -> None:
    if not request.reads and "/oauth2/" not in request.url:
        raise WriteRefused(request.url)


async def test_an_org_lists_what_other_code_made() -> None:
    async with account(gate=reading_only) as a:
        add = a.org.people.add
        made = [
            add("Lead", {TOKEN: "may", **BY_THE_ARTICLE}),
            add("Lead", {CAMPAIGN: "spring", **BY_THE_ARTICLE}),
        ]
        add("Lead", {"LastName": "Typed", "Company": "In"})
        add("Lead", {TOKEN: "may", KEY: USER, **BY_THE_ARTICLE})
        a.org.people.convert(add("Lead", {TOKEN: "may", **BY_THE_ARTICLE}))
        before = a.held()

        assert sorted(await listed(a)) == sorted(made)
        assert a.held() == before


async def test_more_than_a_part_is_listed_once_each() -> None:
    async with account() as a:
        made = {a.org.people.add("Lead", {TOKEN: "may", **BY_THE_ARTICLE}) for _ in range(PART + 3)}
        ids = await listed(a)

        assert (len(ids), set(ids)) == (PART + 3, made)


async def test_a_lead_that_we_made_is_none_of_them() -> None:
    async with account() as a:
        await a.create(lead(values=VALUES))

        assert await listed(a) == []
