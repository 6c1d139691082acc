"""The fold is a join: order, repeats and lateness of events cannot matter.

States here are arbitrary, not only those that events can make.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import reduce
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st
from tests.support.strategies import events

from afterclick.model.event import Event
from afterclick.model.identity import Identity, IdentityKind
from afterclick.model.lead import (
    PERSON_FIELDS,
    TOUCH_FIELDS,
    LeadState,
    Stamp,
    Touch,
    attributes,
    contribution,
    decode_state,
    encode_state,
    merge,
)

T = TypeVar("T")

# Few values, so that equal times, hashes and names meet.
stamps = st.builds(
    Stamp,
    st.booleans(),
    st.integers(0, 3),
    st.sampled_from([b"", b"a", b"b"]),
    st.sampled_from(["", "x", "y"]),
)
maybe = st.one_of(st.none(), stamps)


def named(names: tuple[str, ...], values: st.SearchStrategy[T]) -> st.SearchStrategy[dict[str, T]]:
    return st.dictionaries(st.sampled_from(names), values, max_size=3)


touches = st.builds(Touch, stamps, stamps, named(TOUCH_FIELDS, stamps))
identities = st.builds(
    Identity, st.sampled_from(["main", "shop"]), st.sampled_from(list(IdentityKind)), st.sampled_from("ab")
)
states = st.builds(
    LeadState,
    founded=maybe,
    touches=named(("j", "k"), touches),
    install=maybe,
    claim=maybe,
    referral=maybe,
    registered=maybe,
    milestones=named(("signup", "order"), stamps),
    referrer=maybe,
    person=named(PERSON_FIELDS, stamps),
    identities=st.frozensets(identities, max_size=4),
    claims=named(("j", "k"), st.integers(1, 9)),
)


@given(states, states)
def test_merge_is_commutative(one: LeadState, other: LeadState) -> None:
    assert merge(one, other) == merge(other, one)


@given(states, states, states)
def test_merge_is_associative(one: LeadState, two: LeadState, three: LeadState) -> None:
    assert merge(merge(one, two), three) == merge(one, merge(two, three))


@given(states, states)
def test_merge_is_idempotent(one: LeadState, other: LeadState) -> None:
    both = merge(one, other)

    assert merge(one, one) == one
    assert merge(both, other) == both == merge(one, both)


@given(states)
def test_nothing_said_changes_nothing(state: LeadState) -> None:
    assert merge(state, LeadState()) == state == merge(LeadState(), state)


@given(states, states)
def test_merge_leaves_its_inputs_alone(one: LeadState, other: LeadState) -> None:
    before = encode_state(one), encode_state(other)
    merge(one, other)

    assert (encode_state(one), encode_state(other)) == before


def shuffled(values: Mapping[str, T], seed: int) -> dict[str, T]:
    items = list(values.items())
    random.Random(seed).shuffle(items)
    return dict(items)


@given(states, st.integers(0, 5))
def test_equal_states_have_equal_bytes(state: LeadState, seed: int) -> None:
    twin = LeadState(
        founded=state.founded,
        touches=shuffled(
            {
                name: Touch(touch.first, touch.last, shuffled(touch.fields, seed))
                for name, touch in state.touches.items()
            },
            seed,
        ),
        install=state.install,
        claim=state.claim,
        referral=state.referral,
        registered=state.registered,
        milestones=shuffled(state.milestones, seed),
        referrer=state.referrer,
        person=shuffled(state.person, seed),
        identities=frozenset(sorted(state.identities, reverse=bool(seed % 2))),
        claims=shuffled(state.claims, seed),
    )

    assert twin == state
    assert encode_state(twin) == encode_state(state)
    assert attributes(twin) == attributes(state)


@given(states)
def test_stored_state_comes_back(state: LeadState) -> None:
    assert decode_state(encode_state(state)) == state


@given(
    st.lists(
        st.tuples(events(), st.sampled_from("jkl"), st.one_of(st.none(), st.just("guess"))),
        min_size=1,
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_order_and_repeats_of_events_do_not_matter(
    said: list[tuple[Event, str, str | None]], chance: random.Random
) -> None:
    parts = [contribution(event, journey=key, inferred_campaign=guess) for event, key, guess in said]
    again = parts + chance.choices(parts, k=len(parts))
    chance.shuffle(again)
    one, other = reduce(merge, parts, LeadState()), reduce(merge, again)

    assert encode_state(one) == encode_state(other)
    assert attributes(one) == attributes(other)


@given(st.lists(events(), min_size=2, max_size=8), st.integers(1, 7))
def test_parts_folded_apart_give_the_whole(said: list[Event], cut: int) -> None:
    """Two leads that turn out to be one person have lost nothing by having been two."""
    parts = [contribution(event, journey="j") for event in said]
    one, other = reduce(merge, parts[:cut], LeadState()), reduce(merge, parts[cut:], LeadState())

    assert merge(one, other) == reduce(merge, parts)


@given(st.lists(events(), min_size=1, max_size=8))
def test_what_is_known_only_grows(said: list[Event]) -> None:
    state = LeadState()
    known: set[str] = set()
    for event in said:
        state = merge(state, contribution(event, journey="j"))
        now = attributes(state).keys()
        # The span ends in nothing where the conversion turns out to be older than the install.
        assert known - now <= {"minutes_to_convert"}
        known = set(now)
