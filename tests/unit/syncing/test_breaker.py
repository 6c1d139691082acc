"""When a lane stops asking a CRM that fails, and how it looks again."""

from __future__ import annotations

import itertools

from afterclick.syncing.breaker import FIRST_PAUSE, LONGEST_PAUSE, PROBE, TOLERATED, Breaker


def test_a_few_failures_in_a_row_are_borne() -> None:
    breaker = Breaker()

    assert [breaker.failed() for _ in range(TOLERATED - 1)] == [0.0] * (TOLERATED - 1)
    assert breaker.batch(100) == 100


def test_pauses_grow_up_to_the_longest() -> None:
    breaker = Breaker(failures=TOLERATED - 1)
    pauses = [breaker.failed() for _ in range(2000)]

    assert pauses[0] == FIRST_PAUSE
    assert all(later == min(LONGEST_PAUSE, 2 * sooner) for sooner, later in itertools.pairwise(pauses))
    assert pauses[-1] == LONGEST_PAUSE


def test_after_a_pause_a_small_batch_tries_whether_the_crm_is_back() -> None:
    breaker = Breaker(failures=TOLERATED)

    assert breaker.batch(100) == PROBE
    assert breaker.batch(2) == 2


def test_an_answer_ends_it_at_once() -> None:
    breaker = Breaker(failures=50)
    breaker.succeeded()

    assert breaker.batch(100) == 100
    assert breaker.failed() == 0.0
