"""What goes wrong on purpose, over a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from afterclick.sandbox import Answer, Call, Rule, serve
from afterclick.sandbox.faults import Kind
from afterclick.testing import StillClock

if TYPE_CHECKING:
    from .conftest import Client, ToyCrm


def made(toy: ToyCrm) -> list[str]:
    return [row.values["name"] for row in toy.store]


async def test_cut_before_leaves_nothing_done(client: Client, toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="cut_before", times=1))

    with pytest.raises(aiohttp.ClientConnectionError):
        await client.make("a")

    assert made(toy) == []
    assert await client.make("a") == (201, {"made": ["a"], "lag": 0.0})


async def test_cut_after_leaves_the_work_done(client: Client, toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="cut_after", times=1))

    with pytest.raises(aiohttp.ClientConnectionError):
        await client.make("a")

    assert made(toy) == ["a"]
    assert toy.counts()["routes"] == {"notes": {"0": 1}}


async def test_cut_within_leaves_half_an_answer(client: Client, toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="cut_within", times=1))

    with pytest.raises(aiohttp.ClientPayloadError):
        await client.make("a")

    assert made(toy) == ["a"]
    assert await client.make("b") == (201, {"made": ["b"], "lag": 0.0})


async def test_status_answers_in_the_words_of_the_crm(client: Client, toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="status", status=429, reason="daily", times=1))

    assert await client.make("a") == (429, {"toy": 429, "why": "daily"})
    assert made(toy) == []


async def test_late_status_hides_work_that_was_done(client: Client, toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="status", status=504, late=True, times=1))

    assert await client.make("a") == (504, {"toy": 504, "why": ""})
    assert made(toy) == ["a"]


async def test_status_carries_headers_of_the_rule(toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="status", status=477, headers={"Retry-After": "7"}))

    async with (
        serve(toy) as running,
        aiohttp.ClientSession() as session,
        session.get(running.url + "/api/v1/notes/1") as response,
    ):
        assert response.headers["Retry-After"] == "7"


async def test_delay_waits_on_the_clock(client: Client, toy: ToyCrm, still: StillClock) -> None:
    toy.faults.add(Rule(kind="delay", seconds=30, times=1), Rule(kind="delay", seconds=5, late=True, times=1))

    await client.make("a")

    assert still.seconds == 35
    assert toy.store.newest()[0].created == still.now() - 5000


async def test_forget_leaves_one_item_out(client: Client, toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="forget", times=1))

    _, body = await client.make("a", "b", "c")

    assert len(body["made"]) == 2
    assert made(toy) == ["a", "b", "c"]


async def test_duplicate_gives_one_item_twice(client: Client, toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="duplicate", times=1))

    _, body = await client.make("a", "b")

    assert len(body["made"]) == 3
    assert set(body["made"]) == {"a", "b"}


async def test_shuffle_changes_the_order_only(client: Client, toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="shuffle"))
    names = [f"n{index}" for index in range(30)]

    _, body = await client.make(*names)

    assert names != body["made"]
    assert names == sorted(body["made"], key=names.index)


@pytest.mark.parametrize(("kind", "left"), [("shuffle", 30), ("duplicate", 30), ("forget", 29), ("empty", 0)])
async def test_results_known_by_their_place_alone_keep_it(toy: ToyCrm, kind: Kind, left: int) -> None:
    places = list(range(30))
    toy.faults.add(Rule(kind=kind))
    call = Call("POST", "/rows", {}, {}, b"", {})
    await toy.faults.before(call)

    await toy.faults.after(call, Answer(200, places, ordered=(places,)))

    assert len(places) == left
    assert places == sorted(places)


async def test_empty_keeps_the_status_and_loses_the_items(client: Client, toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="empty", times=1))

    assert await client.make("a") == (201, {"made": [], "lag": 0.0})
    assert made(toy) == ["a"]


async def test_blank_keeps_the_status_and_loses_the_body(toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="blank", times=1))

    async with serve(toy) as running, aiohttp.ClientSession() as session:
        async with session.post(f"{running.url}/api/v1/notes", json=["a"]) as answer:
            assert (answer.status, await answer.read()) == (201, b"")
        assert running.connections == 1

    assert made(toy) == ["a"]


async def test_overlooked_input_is_not_done_and_not_mentioned(client: Client, toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="overlook", times=1))

    _, body = await client.make("a", "b", "c")

    assert len(body["made"]) == 2
    assert made(toy) == body["made"]


async def test_ignored_request_is_answered_as_if_it_were_empty(client: Client, toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="ignore", times=1))

    assert await client.make("a", "b") == (201, {"made": [], "lag": 0.0})
    assert made(toy) == []


async def test_lag_reaches_the_handler(client: Client, toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="lag", seconds=8, times=1))

    assert await client.make("a") == (201, {"made": ["a"], "lag": 8.0})


async def test_errors_are_not_garbled(client: Client, toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="empty"))

    assert await client.make() == (422, {"toy": "no names"})


async def test_rule_meets_matching_calls_only(client: Client, toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="status", method="GET", path="/notes/n0"))
    await client.make("a", "b")

    assert (await client.send("GET", "/api/v1/notes/n0"))[0] == 503
    assert (await client.send("GET", "/api/v1/notes/n1"))[0] == 200


async def test_rule_skips_and_then_strikes_so_often(client: Client, toy: ToyCrm) -> None:
    toy.faults.add(Rule(kind="status", skip=1, times=2))

    statuses = [(await client.make(name))[0] for name in "abcd"]

    assert statuses == [201, 503, 503, 201]
    assert tuple(toy.faults.describe()[0][name] for name in ("matched", "fired")) == (4, 2)
