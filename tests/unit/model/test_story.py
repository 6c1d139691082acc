"""The story that the demo tells comes out as it is told, whatever order its events arrive in."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import make_event, make_registration
from tests.support.memory_store import MemoryStore
from tests.support.strategies import batched, more

from afterclick.cli.demo.people import PEOPLE
from afterclick.cli.demo.story import ADA, BEN, CLEO, DORA, ENZO, STRANGERS, TEST, Told
from afterclick.model.event import REGISTRATION, Event
from afterclick.model.lead import attributes

CAST: dict[str, tuple[tuple[Told, ...], tuple[str, ...]]] = {
    "Ada": (ADA, ("Ada",)),
    "Ben": (BEN, ("Ben",)),
    "Cleo": (CLEO, ("Cleo",)),
    "Dora": (DORA, ("Dora",)),
    "Enzo": (ENZO, ("Enzo",)),
    "strangers": (STRANGERS, ("a stranger", "another stranger")),
}
EXPECTED: dict[str, Mapping[str, object]] = {one.who: one.attributes for one in PEOPLE}


def told(events: Sequence[Told]) -> list[Event]:
    return [
        make_registration(at=one.at, **one.data)
        if one.event == REGISTRATION
        else make_event(one.event, at=one.at, **one.data)
        for one in events
    ]


EVERYTHING = told([*ADA, *BEN, *CLEO, *DORA, *ENZO, *STRANGERS, TEST])


def check(store: MemoryStore, names: Sequence[str]) -> None:
    """Raise unless the leads are these people and nobody else."""
    shown = [attributes(state) for state in store.living.values()]
    for name in names:
        matching = [
            one for one in shown if all(one.get(key) == value for key, value in EXPECTED[name].items())
        ]
        assert len(matching) == 1, name
    assert len(shown) == len(names)


@pytest.mark.parametrize("who", CAST)
def test_each_person_comes_out_right_in_every_order(who: str) -> None:
    story, names = CAST[who]
    for order in itertools.permutations(told(story)):
        check(MemoryStore().fold_all([event] for event in order), names)
        for cut in range(1, len(order) + 1):
            check(MemoryStore().fold_all([order[:cut], order[cut:]]), names)


@more(3)
@given(st.permutations(EVERYTHING), st.data())
def test_whole_story_comes_out_right_in_any_order_and_any_batches(
    arrived: list[Event], data: st.DataObject
) -> None:
    check(MemoryStore().fold_all(data.draw(batched(arrived))), list(EXPECTED))


@given(st.permutations(EVERYTHING), st.randoms(use_true_random=False))
def test_story_with_repeats_is_the_same_story(arrived: list[Event], chance: random.Random) -> None:
    twice = [one for event in arrived for one in (event, *chance.choices(arrived, k=2))]

    check(MemoryStore().fold_all([one] for one in twice), list(EXPECTED))
