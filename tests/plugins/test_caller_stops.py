"""What hooks raise for the whole lane or batch: kept, put right, and never an answer that was not given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.plugins.hostile import HOOKS, RECORD, call, caller, kinds
from tests.support.clock import FakeClock

from afterclick.plugin import (
    BatchRefused,
    CallFailed,
    Finding,
    LaneStop,
    Misconfigured,
    NotAuthorized,
    RetryLater,
    Synced,
    Throttled,
    Uncertain,
)
from afterclick.plugin.errors import LimitReached
from afterclick.plugin.http import CALLS, CallReport

DONE = Synced(RECORD)

# As a plugin without a type checker would use them.
throttled: Any = Throttled
finding: Any = Finding


class OddError(BaseException):
    """Derived from the wrong root, as some frameworks do."""


async def test_a_stop_keeps_the_answers_so_far_and_leaves_the_rest_unsent(clock: FakeClock) -> None:
    stop = Throttled("slow down", after=9, scope="burst", outcomes={1: DONE, 2: "nonsense"})
    called = await call(clock, "create", stop)

    assert called.stop is stop
    assert kinds(called) == [type(None), Synced, Uncertain]


STRANGE_PLACES: list[Any] = [7, -1, "1", 1.0, 2**70, None, (1,)]


@pytest.mark.parametrize("place", STRANGE_PLACES)
async def test_an_answer_for_an_input_that_is_not_there_is_left_out(clock: FakeClock, place: Any) -> None:
    called = await call(clock, "create", NotAuthorized("no", outcomes={place: DONE}))

    assert called.outcomes == [None] * 3
    assert isinstance(called.stop, NotAuthorized)


@pytest.mark.parametrize("outcomes", [None, [DONE], 5])
async def test_a_stop_whose_answers_are_no_mapping_still_stops(clock: FakeClock, outcomes: Any) -> None:
    stop = NotAuthorized("no")
    stop.outcomes = outcomes
    called = await call(clock, "create", stop)

    assert isinstance(called.stop, NotAuthorized)
    assert called.outcomes == [None] * 3


async def test_a_stop_that_was_never_initialised_still_stops(clock: FakeClock) -> None:
    class Bare(NotAuthorized):
        def __init__(self) -> None:
            pass

    called = await call(clock, "match", Bare())

    assert called.stop is not None
    assert isinstance(called.stop.reason, str)
    assert called.outcomes == [None] * 3


@pytest.mark.parametrize("after", [None, "soon", float("nan"), float("inf"), -3.0, 0, True])
async def test_a_stop_always_says_how_long_in_seconds(clock: FakeClock, after: Any) -> None:
    called = await call(clock, "match", throttled("slow down", after=after, scope=7))

    assert isinstance(called.stop, Throttled)
    assert 0 < called.stop.after <= 86_400
    assert isinstance(called.stop.scope, str)


@pytest.mark.parametrize("found", ["text", {"code": "x"}, finding(code=1, message="m", remedy="r")])
async def test_a_stop_with_a_wrong_finding_has_none(clock: FakeClock, found: Any) -> None:
    called = await call(clock, "match", Misconfigured("a field is missing", finding=found))

    assert called.stop is not None
    assert called.stop.finding is None
    assert called.stop.reason == "a field is missing"


async def test_what_connect_raises_for_the_lane_is_put_right_too(clock: FakeClock) -> None:
    async def connect() -> Any:
        raise throttled(None, after="soon", scope="burst")

    with pytest.raises(Throttled) as raised:
        await caller(clock, connect=connect).single("connect")

    assert raised.value.after > 0
    assert isinstance(raised.value.reason, str)


@pytest.mark.parametrize("failure", [SystemExit(1), OddError("odd")])
async def test_a_hook_that_is_called_alone_cannot_end_the_program(
    clock: FakeClock, failure: BaseException
) -> None:
    async def connect() -> Any:
        raise failure

    with pytest.raises(RuntimeError, match=type(failure).__name__):
        await caller(clock, connect=connect).single("connect")


async def test_a_hook_that_is_missing_gives_nothing(clock: FakeClock) -> None:
    assert await caller(clock).single("check") is None


@pytest.mark.parametrize("name", HOOKS)
async def test_a_batch_that_was_refused_says_so_and_nothing_else(clock: FakeClock, name: str) -> None:
    called = await call(clock, name, BatchRefused("bad", field="email"))

    assert called.refused is not None
    assert (called.refused.reason, called.refused.field) == ("bad", "email")
    assert called.outcomes == [None] * 3
    assert not called.failed


async def test_a_refusal_of_wrong_types_is_put_right(clock: FakeClock) -> None:
    called = await call(clock, "create", BatchRefused(None, field=3))  # type: ignore[arg-type]

    assert called.refused is not None
    assert isinstance(called.refused.reason, str)
    assert called.refused.field is None


@pytest.mark.parametrize("name", HOOKS)
async def test_a_call_that_never_left_is_certainly_not_applied(clock: FakeClock, name: str) -> None:
    called = await call(clock, name, CallFailed("cannot connect", sent=False))

    assert kinds(called) == [RetryLater] * 3
    assert called.failed


def _calling(status: int, failure: BaseException, *, reads: bool = False) -> Callable[[Any], Any]:
    def work(inputs: Any) -> Any:
        calls = CALLS.get()
        assert calls is not None
        report = CallReport(
            connection="acme",
            method="POST",
            path="/",
            status=status,
            seconds=0.1,
            bucket="default",
            reads=reads,
        )
        calls.append(report)
        raise failure

    return work


async def test_a_later_call_that_never_left_does_not_undo_an_earlier_one(clock: FakeClock) -> None:
    """The hook sent a first request; that a second could not leave says nothing about the first."""
    called = await call(clock, "create", _calling(201, CallFailed("cannot connect", sent=False)))

    assert kinds(called) == [Uncertain] * 3


async def test_a_write_that_never_left_after_a_read_is_certainly_not_applied(clock: FakeClock) -> None:
    called = await call(clock, "create", _calling(200, CallFailed("cannot connect", sent=False), reads=True))

    assert kinds(called) == [RetryLater] * 3


@pytest.mark.parametrize("status", [201, 0], ids=["answered", "silent"])
async def test_a_limit_met_between_two_calls_leaves_the_writes_unclear(clock: FakeClock, status: int) -> None:
    full = LimitReached("full", after=30, scope="burst")
    write = await call(clock, "create", _calling(status, full))
    match = await call(clock, "match", _calling(status, full))
    read = await call(clock, "create", _calling(status, full, reads=True))
    before = await call(clock, "create", full)

    assert kinds(write) == [Uncertain] * 3
    assert match.outcomes == read.outcomes == before.outcomes == [None] * 3
    assert write.stop is match.stop is read.stop is before.stop is full


async def test_a_limit_keeps_the_answers_that_the_hook_gives_it(clock: FakeClock) -> None:
    """A hook that accounts for its writes has said which of them never left."""
    full = LimitReached("full", after=30, scope="burst", outcomes={0: DONE, 2: "nonsense"})
    called = await call(clock, "create", _calling(201, full))

    assert called.stop is full
    assert kinds(called) == [Synced, type(None), Uncertain]


@pytest.mark.parametrize("name", HOOKS)
async def test_a_plain_stop_pauses_like_the_named_ones(clock: FakeClock, name: str) -> None:
    called = await call(clock, name, LaneStop("closed for today"))

    assert called.stop is not None
    assert called.outcomes == [None] * 3
