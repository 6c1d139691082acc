"""What links and codes remember for events that lack a fact."""

from __future__ import annotations

import itertools
from functools import reduce
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import moment
from tests.support.events import make_event

from afterclick.model.memory import MAX_CAMPAIGNS, CodeMemory, Counts, LinkMemory

Sighting = tuple[str, int]
sightings = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=8)


def link(*seen: Sighting) -> LinkMemory:
    return reduce(lambda memory, one: memory.seen(*one), seen, LinkMemory())


def test_campaign_is_the_newest_not_later_than_the_event() -> None:
    memory = link(("spring", 10), ("summer", 20))

    assert [memory.campaign_at(at) for at in (9, 10, 19, 20, 99)] == [
        None,
        "spring",
        "spring",
        "summer",
        "summer",
    ]


def test_campaign_of_the_future_is_never_inherited() -> None:
    assert link(("spring", 10)).campaign_at(9) is None


def test_campaign_that_comes_back_counts_again() -> None:
    assert link(("spring", 10), ("summer", 20), ("spring", 30)).campaign_at(30) == "spring"


@given(sightings)
def test_newest_sighting_of_all_is_inherited(seen: list[Sighting]) -> None:
    newest = max(((at, name) for name, at in seen), default=None)

    assert link(*seen).campaign_at(99) == (newest[1] if newest else None)


@given(sightings, st.randoms(use_true_random=False), st.integers(0, 9))
def test_order_of_sightings_does_not_matter(seen: list[Sighting], chance: Any, at: int) -> None:
    other = list(seen)
    chance.shuffle(other)

    assert link(*seen) == link(*other)
    assert link(*seen).campaign_at(at) == link(*other).campaign_at(at)


def test_only_so_many_campaigns_are_kept() -> None:
    """Anybody can type a campaign into a URL."""
    memory = link(*((f"c{number}", number) for number in range(1000)))

    assert list(memory.campaigns) == [f"c{number}" for number in range(1000 - MAX_CAMPAIGNS, 1000)]


def test_campaign_in_use_outlives_a_flood_of_others() -> None:
    flood = itertools.chain.from_iterable((("real", n), (f"junk{n}", n)) for n in range(100))

    assert "real" in link(*flood).campaigns


def test_counts_add_up() -> None:
    counts = Counts().plus(clicks=2, installs=1).plus(clicks=1, people=1, conversions=1)

    assert counts == Counts(3, 1, 1, 1)


def describe(at: str, **data: Any) -> Any:
    return make_event("referral.created", at=at, referral_code="CODE", **data)


def test_earliest_description_of_a_code_counts() -> None:
    first, later = describe("09:00", referrer_id="ann"), describe("10:00", referrer_id="ben")
    memory = CodeMemory().after(later).after(first)

    assert memory == CodeMemory().after(first).after(later)
    assert memory.referrer == "ann"
    assert memory.described is not None
    assert memory.described.at == moment("09:00")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_descriptions_complete_each_other_in_any_order(order: tuple[int, ...]) -> None:
    """The earliest one need not be the one that names the referrer."""
    said = [
        describe("09:00"),
        describe("10:00", referrer_id="ann"),
        describe("11:00", referrer_id="ben", referral_url="https://go.example.com/ref/CODE"),
    ]
    memory = reduce(CodeMemory.after, [said[index] for index in order], CodeMemory())

    assert memory.described is not None
    assert memory.described.at == moment("09:00")
    assert (memory.referrer, memory.url) == ("ann", "https://go.example.com/ref/CODE")


def test_repeated_description_changes_nothing() -> None:
    event = describe("09:00", referrer_id="ann")
    memory = CodeMemory().after(event)

    assert memory.after(event) == memory


def test_memories_survive_storing() -> None:
    code = CodeMemory().after(describe("09:00", referrer_id="ann"))
    seen = link(("spring", 10))

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(code), type=CodeMemory) == code
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(seen), type=LinkMemory) == seen
