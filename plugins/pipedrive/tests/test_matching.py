"""Finding persons: what is asked, what an answer means, and when nothing may be concluded."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.plugin import (
    CallFailed,
    Gone,
    Match,
    Misconfigured,
    NoMatch,
    NotAuthorized,
    Record,
    RetryLater,
    Throttled,
)
from afterclick.testing import NOON
from afterclick_pipedrive import plugin

from .support import (
    EMAIL_SEARCH,
    EVENT,
    PERSONS,
    SEARCH,
    USER,
    bench,
    code,
    error,
    lead,
    ok,
    person,
)

KEY = code("Deep link key")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            500,
            error("Internal Server Error", code="ERR_UNKNOWN"),
            RetryLater("Pipedrive answered 500 (ERR_UNKNOWN)"),
        ),
        (503, "", RetryLater("Pipedrive answered 503")),
        (200, error("no"), RetryLater("Pipedrive's answer cannot be read")),
        (200, b'{"success": true, "data"', RetryLater("Pipedrive's answer cannot be read")),
    ],
)
async def test_read_that_fails_says_nothing_of_the_person(status: int, body: Any, expected: Any) -> None:
    async with bench() as b:
        b.pipe.reply(f"{PERSONS}/5", body, status, method="GET")
        assert await plugin.match([lead(record_id="5")], b.ctx) == [expected]


async def test_silence_says_nothing_of_the_person() -> None:
    async with bench() as b:
        b.pipe.fail(f"{PERSONS}/5", TimeoutError(), method="GET")
        assert await plugin.match([lead(record_id="5")], b.ctx) == [RetryLater("no answer: timed out")]


async def test_page_that_is_not_pipedrive_s_lets_go_of_nobody() -> None:
    async with bench() as b:
        b.pipe.reply(f"{PERSONS}/5", "<html>404</html>", 404, method="GET")
        with pytest.raises(Misconfigured):
            await plugin.match([lead(record_id="5")], b.ctx)


async def test_stop_carries_what_was_found_before_it() -> None:
    async with bench(foreign=True) as b:
        b.pipe.reply(f"{PERSONS}/5", ok(person(5, {"Deep link key": USER})), method="GET")
        b.pipe.reply(PERSONS, error("Scope and URL mismatch"), 403, method="GET")
        with pytest.raises(NotAuthorized) as stop:
            await plugin.match([lead(record_id="5"), lead("lead-2", [EVENT])], b.ctx)
        assert isinstance(stop.value.outcomes[0], Match)
        assert 1 not in stop.value.outcomes


@pytest.mark.parametrize("status", [404, 200], ids=["gone", "there"])
async def test_stop_amid_reads_of_known_persons_takes_none_of_them_for_an_answer(status: int) -> None:
    """What a hook reads on its way is nobody's outcome: the core would call it a wrong one, a try lost."""
    async with bench() as b:
        read = ok(person(5)) if status == 200 else error("Person not found")
        b.pipe.reply(f"{PERSONS}/5", read, status, method="GET")
        b.pipe.reply(f"{PERSONS}/6", error("request over limit", errorCode=429), 429, method="GET")
        with pytest.raises(Throttled) as stop:
            await plugin.match([lead(record_id="5"), lead("lead-2", record_id="6")], b.ctx)
        assert stop.value.outcomes == {}


async def test_person_that_was_merged_is_followed_by_key_and_keeps_what_is_related() -> None:
    async with bench() as b:
        b.pipe.reply(f"{PERSONS}/5", error("Person not found"), 404, method="GET")
        b.pipe.reply(SEARCH, ok([{"id": 9, "name": "Ada"}]), method="GET")
        b.pipe.reply(f"{PERSONS}/9", ok(person(9, {"Deep link key": USER})), method="GET")
        (found,) = await plugin.match([lead(record_id="5", related={"deal": "77"})], b.ctx)
        assert isinstance(found, Match)
        assert (found.record.id, found.record.related) == ("9", {"deal": "77"})


async def test_person_that_nobody_has_any_more_is_gone() -> None:
    async with bench() as b:
        b.pipe.reply(f"{PERSONS}/5", ok(person(5, is_deleted=True)), method="GET")
        b.pipe.reply(SEARCH, ok([]), method="GET")
        (found,) = await plugin.match([lead(record_id="5", emails=("ada@example.com",))], b.ctx)
        assert isinstance(found, Gone)
        assert len(b.pipe.sent) == 2


async def test_hit_with_another_key_is_not_believed() -> None:
    async with bench() as b:
        b.pipe.reply(f"{PERSONS}/5", error("Person not found"), 404, method="GET")
        b.pipe.reply(
            SEARCH, ok({"items": [{"result_score": 0.3, "item": {"id": 9, "type": "person"}}]}), method="GET"
        )
        b.pipe.reply(f"{PERSONS}/9", ok(person(9, {"Deep link key": USER.upper()})), method="GET")
        assert isinstance((await plugin.match([lead(record_id="5")], b.ctx))[0], Gone)
        assert b.pipe.sent[1].url.query == {
            "entity_type": "person",
            "field": KEY,
            "term": USER,
            "match": "exact",
            "limit": "100",
        }


async def test_failed_search_lets_go_of_nobody_and_never_becomes_a_create() -> None:
    async with bench() as b:
        b.pipe.reply(f"{PERSONS}/5", error("Person not found"), 404, method="GET")
        b.pipe.reply(SEARCH, error("x"), 500, method="GET")
        assert await plugin.match([lead(record_id="5")], b.ctx) == [RetryLater("Pipedrive answered 500")]
    async with bench() as b:
        b.pipe.fail(EMAIL_SEARCH, TimeoutError(), method="GET")
        (found,) = await plugin.match([lead(emails=("ada@example.com",))], b.ctx)
        assert isinstance(found, RetryLater)


async def test_look_alike_address_is_not_believed() -> None:
    async with bench() as b:
        b.pipe.reply(
            EMAIL_SEARCH, ok({"items": [{"item": {"id": 9, "emails": ["ada@example.com.au"]}}]}), method="GET"
        )
        shown = person(9, emails=[{"value": "ada@example.com.au", "primary": True, "label": "work"}])
        b.pipe.reply(f"{PERSONS}/9", ok(shown), method="GET")
        assert await plugin.match([lead(emails=("ada@example.com",))], b.ctx) == [NoMatch()]
        assert b.pipe.sent[0].url.query["exact_match"] == "true"


async def test_known_person_without_the_address_is_searched_for_once() -> None:
    async with bench() as b:
        b.pipe.reply(f"{PERSONS}/5", ok(person(5)), repeat=True, method="GET")
        b.pipe.reply(EMAIL_SEARCH, ok({"items": []}), method="GET")
        known = lead(record_id="5", emails=("ada@example.com",))
        for _ in range(2):
            assert isinstance((await plugin.match([known], b.ctx))[0], Match)
        assert [sent.url.path.rsplit("/", 1)[1] for sent in b.pipe.sent] == ["5", "search", "5"]


async def test_known_person_with_the_address_is_not_searched_for() -> None:
    async with bench() as b:
        shown = person(5, emails=[{"value": "ADA@example.com", "primary": True, "label": "work"}])
        b.pipe.reply(f"{PERSONS}/5", ok(shown), method="GET")
        (found,) = await plugin.match([lead(record_id="5", emails=("ada@example.com",))], b.ctx)
        assert isinstance(found, Match)
        assert len(b.pipe.sent) == 1


async def test_person_whom_sales_typed_in_is_a_double_of_the_stub() -> None:
    async with bench() as b:
        b.pipe.reply(f"{PERSONS}/5", ok(person(5, {"Deep link key": EVENT})), method="GET")
        b.pipe.reply(EMAIL_SEARCH, ok({"items": [{"item": {"id": 3}}]}), method="GET")
        theirs = person(
            3, emails=[{"value": "ada@example.com", "primary": True, "label": "work"}], owner_id=8
        )
        b.pipe.reply(f"{PERSONS}/3", ok(theirs), method="GET")
        (found,) = await plugin.match([lead(record_id="5", emails=("ada@example.com",))], b.ctx)
        assert isinstance(found, Match)
        (double,) = found.doubles
        assert (found.record.id, double.id, double.named, double.key) == ("5", "3", True, None)


# Lists.


async def test_list_leaves_nobody_out_without_a_read() -> None:
    async with bench() as b:
        people = [person(n, {"Deep link key": USER}) for n in range(9)]
        b.pipe.reply(PERSONS, ok(people), method="GET")
        b.pipe.reply(f"{PERSONS}/9", error("Person not found"), 404, method="GET")
        b.pipe.reply(SEARCH, ok([]), method="GET")
        found = await plugin.match([lead(f"lead-{n}", record_id=str(n)) for n in range(10)], b.ctx)
        assert [type(one) for one in found] == [Match] * 9 + [Gone]
        assert b.pipe.sent[0].url.query["ids"] == "0,1,2,3,4,5,6,7,8,9"
        assert b.pipe.sent[0].url.query["custom_fields"].count(",") == 10


async def test_list_that_fails_says_nothing_of_anybody() -> None:
    async with bench() as b:
        b.pipe.reply(PERSONS, error("x"), 502, method="GET")
        found = await plugin.match([lead(f"lead-{n}", record_id=str(n)) for n in range(10)], b.ctx)
        assert {type(one) for one in found} == {RetryLater}


@pytest.mark.parametrize(
    ("ahead", "since"),
    [(None, "11:48:20"), (0, "11:57:20"), (600, "11:57:20"), (-300, "11:52:20")],
)
async def test_list_of_recent_persons_begins_before_the_write_by_either_clock(
    ahead: float | None, since: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench() as b:
        monkeypatch.setattr(b.ctx.http, "clock_skew", lambda: ahead)
        b.pipe.reply(PERSONS, ok([], "next"), method="GET")
        b.pipe.reply(PERSONS, ok([person(7, {"Deep link key": USER}), person(8)]), method="GET")
        sent_at = NOON - 99_500
        (found,) = await plugin.match([lead(uncertain_since=sent_at)], b.ctx)
        assert isinstance(found, Match)
        first, second = b.pipe.sent
        assert first.url.query["updated_since"] == f"2026-05-21T{since}Z"
        assert (first.url.query["sort_by"], first.url.query["custom_fields"]) == ("update_time", KEY)
        assert second.url.query["cursor"] == "next"


async def test_page_of_recent_persons_that_is_missing_ends_in_no_conclusion() -> None:
    async with bench() as b:
        b.pipe.reply(PERSONS, ok([], "next"), method="GET")
        b.pipe.reply(PERSONS, error("x"), 500, method="GET")
        with pytest.raises(CallFailed):
            await plugin.match([lead(uncertain_since=NOON)], b.ctx)


async def test_further_look_beside_a_known_record_reads_doubles_by_id() -> None:
    async with bench() as b:
        b.pipe.reply(f"{PERSONS}/6", ok(person(6, {"Deep link key": EVENT})), method="GET")
        doubles = (Record(kind="person", id="6", related={"deal": "77"}),)
        (found,) = await plugin.match([lead(doubles=doubles)], b.ctx)
        assert isinstance(found, Match)
        assert (found.record.id, found.record.key, found.record.related) == ("6", EVENT, {"deal": "77"})
