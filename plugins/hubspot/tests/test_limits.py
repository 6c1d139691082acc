"""How long a refusal lasts and what the headers tell of HubSpot's limits."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterclick.plugin import Throttled
from afterclick.testing import NOON
from afterclick_hubspot import limits, plugin
from afterclick_hubspot.limits import DayClock, readings, until_midnight

from .support import UPSERT, Json, bench, lead

HOUR = 3600.0


def moment(zone: str, *parts: int) -> int:
    return int(datetime(*parts, tzinfo=ZoneInfo(zone)).timestamp() * 1000)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("body", "after", "scope"),
    [
        ({"policyName": "SECONDLY"}, 1.0, "secondly"),
        ({"policyName": "TEN_SECONDLY_ROLLING", "errorType": "RATE_LIMIT"}, 10.0, "burst"),
        ({"message": "You have reached your ten_secondly_rolling limit."}, 10.0, "burst"),
        ({"message": "You have reached your secondly limit."}, 1.0, "secondly"),
        ({"category": "RATE_LIMITS"}, 10.0, "burst"),
        ({"policyName": "SOMETHING_NEW"}, 10.0, "burst"),
        ({}, 10.0, "burst"),
        ("<html>Too Many Requests</html>", 10.0, "burst"),
        # 12:00 UTC is 08:00 in US/Eastern in May.
        ({"policyName": "DAILY"}, 16 * HOUR, "daily"),
        ({"message": "You have reached your daily limit."}, 16 * HOUR, "daily"),
    ],
)
async def test_limit_lasts_as_long_as_its_policy(body: Json | str, after: float, scope: str) -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, body, 429)
        with pytest.raises(Throttled) as stop:
            await plugin.create([lead()], b.ctx)
    assert (stop.value.after, stop.value.scope) == (after, scope)
    assert stop.value.outcomes == {}


@pytest.mark.parametrize(
    ("status", "header", "after"),
    [
        (429, "3", 3.0),
        (429, "Thu, 21 May 2026 12:00:30 GMT", 30.0),
        (429, "0", 1.0),
        (429, "999999", 86_400.0),
        (429, "soon", 10.0),
        (477, "1200", 1200.0),
        (477, "999999", 86_400.0),
        (477, "", 600.0),
    ],
)
async def test_stated_wait_wins_within_a_day(status: int, header: str, after: float) -> None:
    async with bench() as b:
        b.hub.reply(UPSERT, {"policyName": "TEN_SECONDLY_ROLLING"}, status, headers={"Retry-After": header})
        with pytest.raises(Throttled) as stop:
            await plugin.create([lead()], b.ctx)
    assert stop.value.after == after
    assert (stop.value.scope == "migration") is (status == 477)


@pytest.mark.parametrize(
    ("now", "day", "expected"),
    [
        (NOON, DayClock("UTC"), 12 * HOUR),
        (NOON, DayClock("Asia/Tokyo"), 3 * HOUR),
        # An unknown zone falls back to the offset, a senseless offset to UTC.
        (NOON, DayClock("Mars/Olympus", -4 * 3_600_000), 16 * HOUR),
        (NOON, DayClock("", 10**12), 12 * HOUR),
        # The clocks change that night: the day has 23 or 25 hours.
        (moment("Europe/Berlin", 2026, 3, 29, 1), DayClock("Europe/Berlin"), 22 * HOUR),
        (moment("Europe/Berlin", 2026, 10, 25, 1), DayClock("Europe/Berlin"), 24 * HOUR),
        # Just after midnight our clock is ahead, rather than a day used up.
        (moment("UTC", 2026, 5, 21, 0, 0, 1), DayClock("UTC"), 600.0),
    ],
)
def test_day_ends_at_the_accounts_midnight(now: int, day: DayClock, expected: float) -> None:
    assert until_midnight(now, day) == expected


@given(
    now=st.integers(min_value=0, max_value=4_000_000_000_000),
    zone=st.sampled_from(["UTC", "US/Eastern", "Asia/Kathmandu", "Pacific/Apia", "", "nowhere"]),
    retry_after=st.none() | st.floats(min_value=0, allow_nan=False),
    policy=st.sampled_from(["DAILY", "SECONDLY", "TEN_SECONDLY_ROLLING", ""]),
)
def test_wait_is_never_senseless(now: int, zone: str, retry_after: float | None, policy: str) -> None:
    after, _ = limits.pause(policy, retry_after=retry_after, migrating=False, now=now, day=DayClock(zone))
    assert 1.0 <= after <= 86_400.0


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-HubSpot-RateLimit-Max": ""}, {"X-HubSpot-RateLimit-Max": "many"}, {"Retry-After": "1"}],
)
def test_answers_without_limits_teach_nothing(headers: dict[str, str]) -> None:
    assert readings(headers) == []


def test_headers_may_come_in_part() -> None:
    (found,) = readings({"X-HubSpot-RateLimit-Remaining": "5"})
    assert found == ("burst", None, None, 5.0)
