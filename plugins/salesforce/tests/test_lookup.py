"""Reading a query to its last row: what an answer counts and does not bring is never taken for not there."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.plugin import CallFailed, Match, RetryLater
from afterclick_salesforce import plugin

from .bodies import Json, composite, contact_id, lead_id, page, refused, row
from .support import COMPOSITE, EVENT, KEY, ROWS, USER, bench, lead

FOLLOWING = "/services/data/v68.0/query/01gD0000002HU6KIAW-2000"
NOBODY: Json = page([])
OURS = row(lead_id(1), **{KEY: USER})
OTHER = row(lead_id(2), **{KEY: EVENT})


async def test_long_answers_are_read_to_the_end() -> None:
    async with bench() as b:
        b.org.reply(COMPOSITE, composite(page([OURS], FOLLOWING, total=2), NOBODY))
        b.org.reply(COMPOSITE, composite(page([OTHER], total=2)))
        (outcome,) = await plugin.match([lead(keys=(USER, EVENT))], b.ctx)
    assert isinstance(outcome, Match)
    assert (outcome.record.id, [one.id for one in outcome.doubles]) == (lead_id(1), [lead_id(2)])
    assert b.org.sent[-1].body["compositeRequest"][0]["url"] == FOLLOWING


async def test_record_of_the_strongest_key_comes_first() -> None:
    weak, strong = row(lead_id(1), **{KEY: EVENT}), row(contact_id(1), **{KEY: USER})
    async with bench() as b:
        b.org.reads([weak], [strong])
        (outcome,) = await plugin.match([lead(keys=(USER, EVENT))], b.ctx)
    assert isinstance(outcome, Match)
    assert (outcome.record.id, [one.id for one in outcome.doubles]) == (contact_id(1), [lead_id(1)])


SHORT: dict[str, Json] = {
    "a row is missing": page([OURS], total=2),
    "all rows are missing": page([], total=1),
    "one row too many": page([OURS, OTHER], total=1),
    "no count": {"done": True, "records": []},
    "not said whether it is all": {"totalSize": 0, "records": []},
    "a next page without an address": {**page([OURS], total=2), "done": False},
    "no rows at all": {"totalSize": 0, "done": True},
}


@pytest.mark.parametrize("short", SHORT)
async def test_answer_that_lacks_rows_decides_nothing(short: str) -> None:
    async with bench() as b:
        b.org.reply(COMPOSITE, composite(SHORT[short], NOBODY))
        with pytest.raises(CallFailed):
            await plugin.match([lead(keys=(USER, EVENT))], b.ctx)


async def test_last_page_that_lacks_rows_decides_nothing() -> None:
    async with bench() as b:
        b.org.reply(COMPOSITE, composite(page([OURS], FOLLOWING, total=3), NOBODY))
        b.org.reply(COMPOSITE, composite(page([OTHER], total=3)))
        with pytest.raises(CallFailed, match="lacks rows"):
            await plugin.match([lead(keys=(USER, EVENT))], b.ctx)


async def test_holder_of_a_key_that_is_counted_and_not_shown_is_looked_for_again() -> None:
    taken: Any = refused("DUPLICATE_VALUE", "in other words")
    async with bench() as b:
        b.org.reply(ROWS, [taken])
        b.org.reply(COMPOSITE, composite(page([], total=1)))
        (outcome,) = await plugin.create([lead()], b.ctx)
    assert isinstance(outcome, RetryLater)
