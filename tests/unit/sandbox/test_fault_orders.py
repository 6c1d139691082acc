"""Faults as people order them: in words, by name, over HTTP; and that a seed repeats them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
import pytest

from afterclick.sandbox import PRESETS, Rule, parse_rule, preset, serve, told
from afterclick.testing import StillClock

if TYPE_CHECKING:
    from .conftest import Client, ToyCrm

HALF = Rule(kind="status", probability=0.5)


# Seeds.


async def statuses(still: StillClock, seed: int, *rules: Rule) -> list[int]:
    """Return what 24 calls come to, one after the other."""
    from .conftest import Client, ToyCrm

    toy = ToyCrm(still, seed=seed, faults=rules)
    async with serve(toy) as running, aiohttp.ClientSession() as session:
        return [(await Client(running, session).make(str(index)))[0] for index in range(24)]


async def test_same_seed_gives_the_same_faults(still: StillClock) -> None:
    first = await statuses(still, 1, HALF)

    assert set(first) == {201, 503}
    assert first == await statuses(still, 1, HALF)
    assert first != await statuses(still, 2, HALF)


async def test_what_a_rule_does_does_not_depend_on_the_other_rules(still: StillClock) -> None:
    others = Rule(kind="delay", probability=0.5), Rule(kind="shuffle", probability=0.5)

    assert await statuses(still, 1, HALF) == await statuses(still, 1, HALF, *others)


async def test_two_equal_rules_do_not_meet_the_same_calls(still: StillClock) -> None:
    one, both = await statuses(still, 1, HALF), await statuses(still, 1, HALF, HALF)

    assert both.count(503) > one.count(503)


async def test_seed_given_later_repeats_what_follows(client: Client, toy: ToyCrm) -> None:
    seen = []
    for _ in range(2):
        toy.faults.clear()
        toy.faults.add(HALF, seed=5)
        seen.append([(await client.make())[0] for _ in range(24)])

    assert seen[0] == seen[1]
    assert set(seen[0]) == {422, 503}


async def test_reset_repeats_the_faults_of_the_start(client: Client, toy: ToyCrm) -> None:
    toy.faults.start([HALF], seed=3)
    first = [(await client.make())[0] for _ in range(24)]
    toy.faults.add(Rule(kind="cut_before"), seed=9)

    toy.reset()

    assert [(await client.make())[0] for _ in range(24)] == first


# Over HTTP.


async def test_faults_are_set_and_lifted_over_http(client: Client, toy: ToyCrm) -> None:
    order = {"rules": [{"kind": "status", "status": 502, "path": "/notes"}], "seed": 3}

    status, body = await client.send("POST", "/_sandbox/faults", order)
    assert (status, body["seed"]) == (200, 3)
    assert (body["rules"][0]["status"], body["rules"][0]["fired"]) == (502, 0)
    assert (await client.make("a"))[0] == 502
    assert (await client.send("GET", "/_sandbox/faults"))[1]["rules"][0]["fired"] == 1

    _, body = await client.send("DELETE", "/_sandbox/faults")
    assert body["rules"] == []
    assert (await client.make("a"))[0] == 201


async def test_preset_is_set_over_http_before_further_rules(client: Client, toy: ToyCrm) -> None:
    await client.send("POST", "/_sandbox/faults", {"preset": "flaky", "rules": [{"kind": "shuffle"}]})

    assert toy.faults.rules == (*preset("flaky"), Rule(kind="shuffle"))
    assert set((await client.send("GET", "/_sandbox/faults"))[1]["presets"]) == set(PRESETS)


@pytest.mark.parametrize(
    ("order", "told"),
    [
        ({"rules": [{"kind": "earthquake"}]}, "$.rules[0].kind"),
        ({"rules": [{"kind": "status", "probability": 2}]}, "$.rules[0].probability"),
        ({"rules": [{"kind": "status", "typo": 1}]}, "typo"),
        ({"rules": [{"kind": "status", "status": 429, "reason": "dialy"}]}, "burst, daily"),
        ({"preset": "ruff"}, "slow, flaky, rough, down"),
        ({"seed": 1}, "nothing is ordered"),
        ([], "Expected `object`"),
    ],
)
async def test_wrong_order_is_refused_with_the_place(client: Client, order: Any, told: str) -> None:
    status, body = await client.send("POST", "/_sandbox/faults", order)

    assert status == 400
    assert told in body["error"]
    assert (await client.make("a"))[0] == 201


async def test_calls_that_are_worked_on_are_counted_as_open(client: Client, toy: ToyCrm) -> None:
    _, before = await client.send("GET", "/_sandbox/calls")
    seen = []
    toy.admit = lambda call: seen.append(toy.calls.open)  # type: ignore[method-assign]
    await client.make("a")

    assert (before["open"], seen, toy.calls.open) == (0, [1], 0)


# In words.


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("kind=cut_after", Rule(kind="cut_after")),
        (
            "kind=status, status=429, reason=daily, probability=0.1, path=/batch/",
            Rule(kind="status", status=429, reason="daily", probability=0.1, path="/batch/"),
        ),
        ("kind=delay,seconds=40,late=true,times=2", Rule(kind="delay", seconds=40, late=True, times=2)),
        ("kind=status,header.Retry-After=7", Rule(kind="status", headers={"Retry-After": "7"})),
        ('{"kind": "lag", "path": "/a,b"}', Rule(kind="lag", path="/a,b")),
    ],
)
def test_rule_is_read_from_words(text: str, rule: Rule) -> None:
    assert parse_rule(text) == rule


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind=earthquake", "there is no fault 'earthquake'; there are: delay, cut_before"),
        ("status=500", "a fault needs a kind"),
        ("kind=status,statsu=500", "a fault has no statsu; it has: kind, method, path"),
        ("kind=status,probability=often", "probability"),
        ("kind=status,probability=1.5", "probability"),
        ("cut_after", "'cut_after' is not of the form name=value"),
        ('{"kind": ', "it is no JSON object"),
    ],
)
def test_wrong_words_are_told_with_what_there_is(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=r".") as wrong:
        parse_rule(text)

    assert told in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "kind=status,status=429,reason=daily,probability=0.1,path=/batch/",
            "status 429 (daily), 10 % of the calls with /batch/ in their path",
        ),
        ("kind=delay,seconds=2.5,late=true,method=POST", "delay 2.5 s after the work, all POST calls"),
        ("kind=cut_before,skip=3,times=2", "cut_before, all calls, not the first 3, 2 times at most"),
    ],
)
def test_rule_is_told_in_a_line(text: str, line: str) -> None:
    assert told(parse_rule(text)) == line


@pytest.mark.parametrize("name", PRESETS)
async def test_every_preset_meets_calls_and_can_be_lifted(
    client: Client, toy: ToyCrm, name: str, still: StillClock
) -> None:
    toy.faults.start(preset(name), seed=1)
    for number in range(200):
        try:
            await client.make(f"n{number}", f"m{number}")
        except aiohttp.ClientError:
            continue
    assert all(rule["fired"] for rule in toy.faults.describe())

    toy.faults.clear()
    assert (await client.make("last"))[0] == 201


def test_presets_survive_the_way_over_http() -> None:
    for one in PRESETS.values():
        assert msgspec.json.decode(msgspec.json.encode(one.rules), type=tuple[Rule, ...]) == one.rules
