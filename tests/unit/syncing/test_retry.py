"""When to try again: the waits, and when a lead is parked."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterclick.ledger.rows import SyncRow, SyncState
from afterclick.syncing.breaker import FIRST_PAUSE, LONGEST_PAUSE, PROBE, TOLERATED, Breaker
from afterclick.syncing.retry import (
    LONGEST_ASKED,
    NOT_YET,
    RetryRules,
    aside,
    backoff,
    later,
    sensible,
    uncertain,
    untried,
)

NOW = 1_779_364_800_000
RULES = RetryRules()


def sync(**changes: object) -> SyncRow:
    values: dict[str, object] = {"connection": "hubspot", "lead": 7, "wanted": 2, "synced": 1, "due_at": NOW}
    return SyncRow(**(values | changes))  # type: ignore[arg-type]


@given(st.integers(0, 10_000), st.text(max_size=8))
def test_a_back_off_lies_within_half_and_the_whole_of_its_step(tries: int, seed: str) -> None:
    wait = backoff(tries, RULES, seed=seed)
    step = min(RULES.longest, RULES.first * 2.0 ** min(max(tries - 1, 0), 40))

    assert step / 2 <= wait < step


@given(st.integers(1, 60), st.text(max_size=8))
def test_a_back_off_never_shrinks_from_one_try_to_the_next_but_one(tries: int, seed: str) -> None:
    if tries < 12:
        assert backoff(tries, RULES, seed=seed) < backoff(tries + 2, RULES, seed=seed)


def test_a_back_off_begins_with_seconds_and_ends_with_hours() -> None:
    assert 2.5 <= backoff(1, RULES, seed="a") < 5
    assert 3 * 3600 <= backoff(50, RULES, seed="a") < 6 * 3600


def test_leads_that_fail_together_do_not_come_back_together() -> None:
    waits = {round(backoff(5, RULES, seed=f"hubspot:{lead}"), 3) for lead in range(100)}

    assert len(waits) > 60


def test_the_same_try_waits_the_same_time() -> None:
    assert backoff(3, RULES, seed="a") == backoff(3, RULES, seed="a")


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        (None, None),
        (0.0, None),
        (-5.0, None),
        (math.nan, None),
        (-math.inf, None),
        (math.inf, LONGEST_ASKED),
        (1e300, LONGEST_ASKED),
        (0.25, 0.25),
        (90.0, 90.0),
    ],
)
def test_only_a_sensible_wait_is_taken_from_a_plugin(asked: float | None, taken: float | None) -> None:
    assert sensible(asked) == taken


def test_what_the_crm_asks_for_goes_before_our_back_off() -> None:
    settle = later(sync(tries=9), now=NOW, reason="busy", after=12.5, rules=RULES, clear=True)

    assert settle.due_at == NOW + 12_500
    assert settle.tries is None
    assert settle.reason == "busy"


def test_the_first_failure_is_remembered_until_it_works() -> None:
    first = later(sync(tries=1), now=NOW, reason="busy", after=None, rules=RULES, clear=True)
    second = later(
        sync(tries=2, first_failed_at=NOW - 5000), now=NOW, reason="busy", after=None, rules=RULES, clear=True
    )

    assert first.first_failed_at == NOW
    assert second.first_failed_at == NOW - 5000


@pytest.mark.parametrize(("failing_for", "parked"), [(0, False), (3 * 86_400 - 1, False), (3 * 86_400, True)])
def test_one_that_fails_for_three_days_is_parked(failing_for: int, parked: bool) -> None:
    row = sync(tries=20, first_failed_at=NOW - failing_for * 1000)
    again = later(row, now=NOW, reason="busy", after=None, rules=RULES, clear=True)
    unclear = uncertain(row, now=NOW, reason="lost", settle_seconds=50, rules=RULES)

    assert again.state is (SyncState.PARKED if parked else None)
    assert unclear.state is (SyncState.PARKED if parked else None)


def test_an_unclear_write_keeps_its_mark_and_waits_until_it_can_land_no_more() -> None:
    settle = uncertain(
        sync(tries=1, sending="create"), now=NOW, reason="lost", settle_seconds=50, rules=RULES
    )

    assert settle.due_at == NOW + 50_000
    assert not settle.clear_sending


def test_a_write_that_is_unclear_again_and_again_waits_ever_longer() -> None:
    settle = uncertain(sync(tries=8), now=NOW, reason="lost", settle_seconds=50, rules=RULES)

    assert settle.due_at is not None
    assert settle.due_at >= NOW + 320_000


@pytest.mark.parametrize(("tries", "left"), [(0, 0), (1, 0), (4, 3)])
def test_what_was_not_tried_costs_no_try(tries: int, left: int) -> None:
    settle = untried(sync(tries=tries, first_failed_at=5), now=NOW, reason="not sent", after=7)

    assert settle.tries == left
    assert settle.due_at == NOW + 7000
    assert settle.first_failed_at == 5


def test_what_was_not_tried_comes_back_at_once_unless_told_otherwise() -> None:
    assert untried(sync(tries=1), now=NOW, reason="").due_at == NOW
    assert untried(sync(tries=1), now=NOW, reason="", after=math.nan).due_at == NOW + int(NOT_YET * 1000)


@pytest.mark.parametrize("state", [SyncState.PARKED, SyncState.HELD])
def test_one_that_is_set_aside_is_no_longer_due(state: SyncState) -> None:
    settle = aside(sync(tries=3), state=state, code="record-gone", reason="deleted")

    assert settle.state is state
    assert settle.synced is None
    assert settle.clear_sending


# The breaker: a whole CRM that fails.


def test_a_few_failed_calls_are_tolerated() -> None:
    breaker = Breaker()

    assert [breaker.failed() for _ in range(TOLERATED - 1)] == [0.0] * (TOLERATED - 1)
    assert breaker.batch(100) == 100
    assert breaker.failed() == FIRST_PAUSE


def test_pauses_double_up_to_the_longest() -> None:
    breaker = Breaker()
    pauses = [breaker.failed() for _ in range(40)][TOLERATED - 1 :]

    assert pauses[:4] == [FIRST_PAUSE * factor for factor in (1, 2, 4, 8)]
    assert pauses[-1] == LONGEST_PAUSE


def test_after_a_pause_a_small_batch_tries_whether_it_works() -> None:
    breaker = Breaker(failures=TOLERATED)
    assert breaker.batch(100) == PROBE
    assert breaker.batch(2) == 2

    breaker.succeeded()
    assert breaker.batch(100) == 100
    assert breaker.failed() == 0.0
