"""Hooks that do everything wrong: every input gets one right answer, and the core is left in peace."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.plugins.hostile import DEADLINE, HOOKS, RECORD, call, kinds
from tests.support.clock import FakeClock

from afterclick.host import caller as module
from afterclick.host.caller import GRACE
from afterclick.plugin import (
    BatchRefused,
    CallFailed,
    Exists,
    Gone,
    Match,
    NoMatch,
    Record,
    RetryLater,
    Synced,
    Uncertain,
)
from afterclick.plugin.http import DEADLINE as DEADLINE_OF_CALL

UNKNOWN = {"match": RetryLater, "create": Uncertain, "enrich": Uncertain}
"""What becomes of an input that may have been sent: a read is repeated, a write may have happened."""

DONE: dict[str, Any] = {"match": Match(RECORD), "create": Synced(RECORD), "enrich": Synced(RECORD)}


class OddError(BaseException):
    """Derived from the wrong root, as some frameworks do."""


# As a plugin without a type checker would use them.
record: Any = Record
synced: Any = Synced
later: Any = RetryLater

BAD_ANSWERS: dict[str, Any] = {
    "nothing": None,
    "a text": "synced",
    "no outcome": [],
    "one too many": lambda inputs: [NoMatch()] * (len(inputs) + 1),
    "one too few": lambda inputs: [NoMatch()] * (len(inputs) - 1),
    "a generator": lambda inputs: (NoMatch() for _ in inputs),
    "a mapping": lambda inputs: {one: NoMatch() for one in range(len(inputs))},
    "true": lambda inputs: [True for _ in inputs],
    "classes": lambda inputs: [Synced for _ in inputs],
    "one wrong for any hook": lambda inputs: [BatchRefused("bad") for _ in inputs],
    "a record of text": lambda inputs: [synced("r1") for _ in inputs],
    "an id of a number": lambda inputs: [Synced(record(kind="c", id=7)) for _ in inputs],
    "values of a list": lambda inputs: [Synced(record(kind="c", id="1", values={"a": [1]})) for _ in inputs],
    "values of objects": lambda inputs: [
        Synced(record(kind="c", id="1", values={"a": object()})) for _ in inputs
    ],
    "a reason of a number": lambda inputs: [later(reason=3) for _ in inputs],
    "a wait of text": lambda inputs: [later("r", after="soon") for _ in inputs],
    "a bug": RuntimeError("a bug"),
    "its own timeout": TimeoutError(),
    "an exit": SystemExit(1),
    "an odd error": OddError("odd"),
    "its own cancellation": asyncio.CancelledError(),
    "a stop iteration": StopAsyncIteration(),
    "an answer that was lost": CallFailed("cut", sent=True),
}


@pytest.mark.parametrize("name", HOOKS)
@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
async def test_no_bad_answer_counts_as_success(clock: FakeClock, name: str, answer: Any) -> None:
    called = await call(clock, name, answer)

    assert kinds(called) == [UNKNOWN[name]] * 3
    assert all(isinstance(one.reason, str) for one in called.outcomes)
    assert called.broken or called.unreachable, "nothing of it is right, so the lane is to pause"


async def _cancel_itself(_: Any) -> Any:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


@pytest.mark.parametrize("name", HOOKS)
async def test_a_hook_that_cancels_itself_does_not_cancel_us(clock: FakeClock, name: str) -> None:
    called = await call(clock, name, _cancel_itself)

    assert kinds(called) == [UNKNOWN[name]] * 3
    assert "cancelled" in called.outcomes[0].reason
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@pytest.mark.parametrize("name", HOOKS)
async def test_a_wrong_outcome_costs_only_its_own_input(clock: FakeClock, name: str) -> None:
    called = await call(clock, name, [DONE[name], None, DONE[name]])

    assert kinds(called) == [type(DONE[name]), UNKNOWN[name], type(DONE[name])]
    assert not called.broken


def _endless() -> Any:
    values: dict[str, Any] = {}
    values["again"] = values
    return Record(kind="contact", id="1", values=values)


async def test_an_outcome_without_end_costs_only_its_own_input(clock: FakeClock) -> None:
    called = await call(clock, "create", [DONE["create"], Synced(_endless()), DONE["create"]])

    assert kinds(called) == [Synced, Uncertain, Synced]


async def test_a_record_handed_in_as_a_mapping_is_a_record_afterwards(clock: FakeClock) -> None:
    built: Any = {"kind": "contact", "id": "1", "values": {"when": datetime(2026, 5, 21, tzinfo=UTC)}}
    called = await call(clock, "create", [Synced(built), Exists(built), Synced(RECORD)])

    assert isinstance(called.outcomes[0].record, Record)
    assert isinstance(called.outcomes[1].record, Record)
    assert isinstance(called.outcomes[0].record.values["when"], str)


async def _hang(_: Any) -> Any:
    await asyncio.Event().wait()


@pytest.mark.parametrize("name", HOOKS)
async def test_a_hook_that_hangs_is_ended_beyond_its_deadline(clock: FakeClock, name: str) -> None:
    called = asyncio.ensure_future(call(clock, name, _hang))
    await clock.advance(DEADLINE + GRACE - 0.1)
    assert not called.done()

    await clock.advance(0.2)
    assert kinds(await called) == [UNKNOWN[name]] * 3
    assert (await called).failed
    assert "did not end within 5 s" in (await called).outcomes[0].reason


async def test_a_hook_learns_its_deadline(clock: FakeClock) -> None:
    seen: list[float | None] = []

    def look(leads: Any) -> Any:
        seen.append(DEADLINE_OF_CALL.get())
        return [NoMatch()] * len(leads)

    await clock.advance(100)
    _ = await call(clock, "match", look)

    assert seen == [105.0]


async def test_a_hook_may_hand_in_what_it_knows_when_its_time_is_over(clock: FakeClock) -> None:
    async def late(_: Any) -> Any:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return [DONE["create"], RetryLater("not reached"), RetryLater("not reached")]

    called = asyncio.ensure_future(call(clock, "create", late))
    await clock.advance(DEADLINE + GRACE + 0.1)

    assert kinds(await called) == [Synced, RetryLater, RetryLater]


async def test_a_hook_that_ignores_its_end_does_not_block_for_ever(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GRACE", 0.01)
    stop = asyncio.Event()

    async def stubborn(_: Any) -> Any:
        while not stop.is_set():
            try:
                await stop.wait()
            except asyncio.CancelledError:
                continue
        return []

    called = asyncio.ensure_future(call(clock, "create", stubborn))
    await clock.advance(DEADLINE + 1)

    assert kinds(await asyncio.wait_for(called, 5)) == [Uncertain] * 3
    stop.set()
    await clock.advance(0)


async def test_our_own_cancellation_goes_on_and_leaves_no_task(clock: FakeClock) -> None:
    before = asyncio.all_tasks()
    called = asyncio.ensure_future(call(clock, "create", _hang))
    await clock.advance(1.0)

    called.cancel()
    with pytest.raises(asyncio.CancelledError):
        await called
    await clock.advance(0)

    assert asyncio.all_tasks() == before


async def test_a_hook_may_clean_up_while_we_are_cancelled(clock: FakeClock) -> None:
    cleaned = []

    async def tidy(_: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    called = asyncio.ensure_future(call(clock, "create", tidy))
    await clock.advance(1.0)
    called.cancel()
    with pytest.raises(asyncio.CancelledError):
        await called

    assert cleaned == [True]


async def test_right_answers_come_back_as_they_were(clock: FakeClock) -> None:
    answers = [Synced(RECORD, pending=("deal",)), Gone("deleted"), RetryLater("busy", after=3)]
    called = await call(clock, "enrich", answers)

    assert called.outcomes == answers
    assert called.broken is None
    assert not called.failed
