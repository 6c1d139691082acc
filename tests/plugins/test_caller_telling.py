"""What the log says of a hook: that it fell short, how often, and nothing in the CRM's own words."""

from __future__ import annotations

from typing import Any

from structlog.testing import capture_logs
from tests.plugins.hostile import INPUTS, RECORD, call, caller, hook
from tests.support.clock import FakeClock

from afterclick.host.caller import TELL_EVERY
from afterclick.plugin import Ambiguous, Match, NoMatch, Rejected, Synced, Throttled


def shown(lines: Any) -> list[tuple[str, str, dict[str, int]]]:
    """Return level, event and outcomes of each line."""
    return [(line["log_level"], line["event"], line["outcomes"]) for line in lines]


async def test_what_goes_well_is_told_at_debug_only(clock: FakeClock) -> None:
    with capture_logs() as lines:
        await call(clock, "match", [Match(RECORD), NoMatch(), NoMatch()])

    assert shown(lines) == [("debug", "hook-done", {"match": 1, "no-match": 2})]


async def test_what_falls_short_is_told_without_the_words_of_the_crm(clock: FakeClock) -> None:
    answer = [
        Synced(RECORD),
        Rejected("Ada Lovelace is no e-mail", "email"),
        Rejected("nor is Grace", "email"),
    ]
    with capture_logs() as lines:
        await call(clock, "create", answer)

    assert shown(lines) == [("info", "hook-fell-short", {"synced": 1, "rejected": 2})]
    assert "Ada" not in str(lines)


async def test_a_stop_is_told_with_its_kind(clock: FakeClock) -> None:
    with capture_logs() as lines:
        await call(clock, "match", Throttled("spent", after=60.0, scope="daily"))

    assert shown(lines) == [("info", "hook-fell-short", {"not-sent": 3})]
    assert lines[0]["stop"] == "Throttled"


async def test_the_same_again_and_again_is_told_once_a_minute_with_a_count(clock: FakeClock) -> None:
    one = caller(clock, match=hook([Ambiguous((RECORD,), "two of them")] * 3)["match"])
    with capture_logs() as lines:
        for wait in (0.0, 1.0, 1.0, TELL_EVERY):
            clock.jump(wait)
            await one.batch("match", **INPUTS["match"])

    assert [line["more"] for line in lines] == [0, 2]
