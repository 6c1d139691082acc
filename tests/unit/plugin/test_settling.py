"""Hooks of several requests: what was answered goes along, and nothing is claimed that is not so."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pytest

from afterclick.plugin import (
    BatchRefused,
    CallFailed,
    Finding,
    FindingKind,
    Misconfigured,
    NotAuthorized,
    Outcome,
    PlanStep,
    Record,
    RetryLater,
    Synced,
    Uncertain,
    carrying,
    in_turn,
    parts,
    unanswered,
)

DONE = Synced(Record(kind="person", id="1"))
KIND = FindingKind(code="acme-fields", meaning="Fields are missing.", remedy="Make them.")


async def call(outcome: Outcome | Exception, *places: int) -> Mapping[int, Outcome]:
    if isinstance(outcome, Exception):
        raise outcome
    return dict.fromkeys(places, outcome)


@pytest.mark.parametrize(("sent", "outcome"), [(True, Uncertain("x")), (False, RetryLater("x"))])
def test_silence_is_uncertain_once_a_write_has_left(sent: bool, outcome: Outcome) -> None:
    assert unanswered(CallFailed("x", sent=sent)) == outcome


def test_parts_keep_every_input_and_their_order() -> None:
    assert list(parts({3: "c", 1: "a", 2: "b"}, 2)) == [{3: "c", 1: "a"}, {2: "b"}]
    assert list(parts({}, 2)) == []


def test_stop_carries_what_was_settled_by_then_and_keeps_its_own() -> None:
    settled: dict[int, Outcome] = {}
    stop = NotAuthorized("x", outcomes={1: DONE})

    def work() -> None:
        with carrying(settled):
            settled.update({0: DONE, 1: RetryLater("older")})
            raise stop

    with pytest.raises(NotAuthorized):
        work()
    assert stop.outcomes == {0: DONE, 1: DONE}


async def test_outcomes_of_all_calls_come_together() -> None:
    calls = [([0, 1], partial(call, DONE, 0, 1)), ([2], partial(call, Uncertain("x"), 2))]

    assert await in_turn(calls) == {0: DONE, 1: DONE, 2: Uncertain("x")}


async def test_stop_in_a_later_call_carries_the_calls_before() -> None:
    with pytest.raises(NotAuthorized) as stop:
        await in_turn([([0], partial(call, DONE, 0)), ([1], partial(call, NotAuthorized("x")))])

    assert stop.value.outcomes == {0: DONE}


async def test_first_call_refused_means_that_nothing_was_applied() -> None:
    with pytest.raises(BatchRefused):
        await in_turn([([0], partial(call, BatchRefused("x"))), ([1], partial(call, DONE, 1))])


async def test_later_call_refused_is_put_off_since_something_was_applied() -> None:
    calls = [
        ([0], partial(call, DONE, 0)),
        ([1, 2], partial(call, BatchRefused("x"))),
        ([3], partial(call, DONE, 3)),
    ]

    assert await in_turn(calls) == {0: DONE, 1: RetryLater("x"), 2: RetryLater("x"), 3: DONE}


def found(message: str, remedy: str = "") -> Finding:
    return KIND.found(message, remedy=remedy, subject=message)


def test_several_findings_become_one_with_each_remedy_once() -> None:
    both = KIND.combined([found("a is missing"), found("b is missing"), found("c is no text", "Change it.")])

    assert both == KIND.found("a is missing; b is missing; c is no text", remedy="Make them. Change it.")
    assert KIND.combined([found("a is missing")]) == found("a is missing")


def test_stop_and_step_say_what_their_finding_says() -> None:
    one = found("a is missing")

    assert (Misconfigured.by(one).reason, Misconfigured.by(one).finding) == ("a is missing", one)
    assert PlanStep.conflict("field a", one).detail == "a is missing. Make them."
