"""What holds for every order of events and every way they fall into batches (design, section 4).

The store checks after each batch: no event is lost, no journey is claimed twice, each takes at most
one install, claim and person, a lead has at most one journey of its own choosing and one user id,
and identities point to living leads.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import moment
from tests.support.events import make_event, make_registration
from tests.support.friends import ORDERS, Friends
from tests.support.memory_store import MemoryStore
from tests.support.strategies import PERSONAL, batched, deliveries, more, stories

from afterclick.model.event import CLAIM, CLICK, COMPLETED, CREATED, INSTALL, REGISTRATION, Event
from afterclick.model.identity import Identity, IdentityKind, exact_identities, names_somebody
from afterclick.model.journey import Policy, Role, role_of

POLICY = Policy(personal_prefixes=PERSONAL)
Batches = list[list[Event]]


def folded(batches: Batches) -> MemoryStore:
    return MemoryStore(POLICY).fold_all(batches)


@more(5)
@given(deliveries())
def test_ledger_stays_sound(batches: Batches) -> None:
    folded(batches)


@given(deliveries())
def test_every_event_has_its_decision(batches: Batches) -> None:
    store = folded(batches)

    assert store.decisions.keys() == {event.name for batch in batches for event in batch}


# People


def stated(event: Event) -> set[Identity]:
    people = role_of(event, POLICY) in (Role.TOUCH, Role.PERSON)
    return set(exact_identities(event, PERSONAL)) if people else set()


def guesses(events: Sequence[Event]) -> set[Identity]:
    """Return the friends of codes who are named by nobody in some event, and may be somebody registered.

    That is a guess, like a journey that is claimed: what is stated exactly later cannot undo it.
    """
    nameless = {
        name
        for event in events
        for name in stated(event)
        if name.kind == IdentityKind.REF and not names_somebody(stated(event))
    }
    registered = {event.facts.code for event in events if event.type == REGISTRATION and stated(event)}
    return {name for name in nameless if name.value in registered}


def people(events: Sequence[Event]) -> list[tuple[list[Event], set[Identity]]]:
    """Group the events that state who, as far as shared identities reach; with the users of each group."""
    groups: list[tuple[list[Event], set[Identity]]] = []
    guessed = guesses(events)
    for event in events:
        names = stated(event) - guessed
        if not names:
            continue
        together = [group for group in groups if group[1] & names]
        groups = [group for group in groups if group not in together]
        groups.append(
            (
                [*(one for group in together for one in group[0]), event],
                names.union(*(g[1] for g in together)),
            )
        )
    return groups


def users_in(names: set[Identity]) -> set[str]:
    return {name.value for name in names if name.kind == IdentityKind.USER}


@more(3)
@given(deliveries())
def test_named_person_is_never_split(batches: Batches) -> None:
    store = folded(batches)
    for events, names in people([event for batch in batches for event in batch]):
        if len(users_in(names)) <= 1:
            assert len({store.lead_of(event) for event in events}) == 1


@more(3)
@given(deliveries())
def test_user_id_is_one_lead_and_two_are_two(batches: Batches) -> None:
    store = folded(batches)
    found: dict[str, set[int]] = {}
    for event in store.events.values():
        for name in exact_identities(event, PERSONAL):
            if name.kind == IdentityKind.USER:
                found.setdefault(name.value, set()).add(store.lead_of(event))

    assert all(len(leads) == 1 for leads in found.values())
    assert len(set.union(set(), *found.values())) == len(found)


@more(2)
@given(deliveries())
def test_identity_is_refused_only_between_two_users(batches: Batches) -> None:
    store = folded(batches)
    refused = {name for name, _, _ in store.refused}
    events = list(store.events.values())

    assert refused <= store.identities.keys()
    for _, names in people(events):
        assert not refused & names or len(users_in(names)) > 1


# Repeats


@given(deliveries(), st.randoms(use_true_random=False))
def test_repeats_change_nothing(batches: Batches, chance: random.Random) -> None:
    once = folded(batches)
    twice = MemoryStore(POLICY)
    seen: list[Event] = []
    for batch in batches:
        again = chance.choices(seen, k=2) if seen else []
        mixed = [*batch, *again, *batch]
        twice.fold(*mixed)
        seen += batch

    assert (twice.states, twice.identities, twice.journeys) == (once.states, once.identities, once.journeys)
    assert (twice.links, twice.codes) == (once.links, once.codes)


@given(stories(), st.randoms(use_true_random=False))
def test_order_within_a_batch_does_not_matter(story: list[Event], chance: random.Random) -> None:
    other = list(story)
    chance.shuffle(other)
    one, two = folded([story]), folded([other])

    assert (one.living, one.identities, one.journeys) == (two.living, two.identities, two.journeys)


# Links and codes


@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=12, unique=True), st.data())
def test_taps_on_one_link_are_as_many_people(times: list[int], data: st.DataObject) -> None:
    taps = [
        make_event(INSTALL, at=moment("06:00") + at, prefix="menu", token="autumn", campaign="spring")
        for at in times
    ]
    store = folded(data.draw(batched(data.draw(st.permutations(taps)))))

    assert len(store.living) == len(taps)
    assert not any(state.named for state in store.living.values())


def crowd(size: int) -> list[Event]:
    """Return as many installs, claims and completions of one code, all alike but for user and time."""
    at = moment("09:00")
    events: list[Event] = []
    for number in range(size):
        second = at + number * 1_000
        code = {"prefix": "ref", "token": "CODE"}
        events += [
            make_event(INSTALL, at=second, **code),
            make_event(CLAIM, at=second + 300, **code),
            make_registration(at=second + 600, user=f"user-{number}", **code, referral_code="CODE"),
        ]
    return events


@given(st.integers(1, 4), st.data())
def test_strangers_on_one_link_stay_as_many(size: int, data: st.DataObject) -> None:
    store = folded(data.draw(batched(data.draw(st.permutations(crowd(size))))))

    assert len(store.living) == size
    assert all(len(state.users) == 1 and state.install and state.claim for state in store.living.values())
    assert Counter(journey.lead for journey in store.journeys.values()) == Counter(
        dict.fromkeys(store.living, 1)
    )


def check_two_friends(store: MemoryStore, story: Sequence[Event]) -> None:
    """Raise unless two people came of it, each with one journey."""
    ann, ben, completed = story[4:]
    assert store.lead_of(ann) == store.lead_of(completed) != store.lead_of(ben)
    assert set(store.living) == {store.lead_of(ann), store.lead_of(ben)}
    assert all(state.claim is not None for state in store.living.values())
    assert set(Counter(journey.lead for journey in store.journeys.values()).values()) == {1}


def test_two_friends_are_two_in_every_order_of_seven() -> None:
    """And after all seven came once more, in another order."""
    story = [said.event for said in Friends().said]
    for order in ORDERS:
        arrived = [story[index] for index in order]
        store = MemoryStore().fold_all([event] for event in arrived)
        check_two_friends(store, story)
        before = (store.states, store.identities, store.journeys)
        store.fold(*arrived[::-1])
        assert (store.states, store.identities, store.journeys) == before


@given(st.data())
def test_what_a_code_says_reaches_everybody_in_any_order(data: st.DataObject) -> None:
    code = {"prefix": "ref", "token": "CODE"}
    story = [
        make_event(CREATED, at="08:00", referral_code="CODE", referrer_id="host"),
        make_event(CREATED, at="08:30", referral_code="CODE", referrer_id="other"),
        make_event(INSTALL, at="09:00", **code),
        make_event(CLAIM, at="09:10", url="https://go.example.com/menu/autumn", referral_code="CODE"),
        make_event(COMPLETED, at="09:20", referral_code="CODE", referred_user_id="ann"),
        # Has a journey of her own elsewhere, and still came through the code.
        make_registration(at="09:30", user="ben", prefix="menu", token="autumn"),
        make_registration(at="09:40", user="ben", referral_code="CODE"),
        make_event(CLICK, at="08:50", **code),
    ]
    store = folded(data.draw(batched(data.draw(st.permutations(story)))))

    for event in story:
        if event.facts.code == "CODE" and event.type not in (CLICK, CREATED):
            assert store.shown(event)["referral_source"] == "host"
            assert store.shown(event)["referral_date"] == "2026-05-21T08:00:00.000Z"
