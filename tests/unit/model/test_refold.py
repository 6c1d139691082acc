"""A lead computed anew from its events: by the same rules it is the same, by others what changed is."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import make_event, make_registration
from tests.support.memory_store import MemoryStore
from tests.support.strategies import PERSONAL, deliveries

from afterclick.model.event import CLAIM, COMPLETED, CREATED, INSTALL, Event
from afterclick.model.journey import Policy
from afterclick.model.lead import LeadState, attributes, encode_state
from afterclick.model.refold import refolded
from afterclick.model.view import Decision

POLICY = Policy(personal_prefixes=PERSONAL)
Batches = list[list[Event]]


def own(store: MemoryStore, lead: int) -> list[tuple[Event, Decision]]:
    """Return a lead's events with what was decided of them."""
    return [
        (event, decision)
        for name, event in store.events.items()
        if (decision := store.decisions[name]).lead is not None and store.root(decision.lead) == lead
    ]


def again(
    store: MemoryStore,
    lead: int = 1,
    *,
    reread: Callable[[Event], Event] = lambda event: event,
    kept: Callable[[Event], bool] = lambda event: True,
) -> LeadState:
    """Compute a lead anew, from the events that are `kept`, each as `reread` has it."""
    read = [(reread(event), decision) for event, decision in own(store, lead) if kept(event)]
    return refolded(store.living[lead], read)


def said(event: Event, **facts: object) -> Event:
    """Return the event as other rules read it."""
    return msgspec.structs.replace(event, facts=msgspec.structs.replace(event.facts, **facts))


@given(deliveries())
def test_by_the_same_rules_every_lead_is_the_same(batches: Batches) -> None:
    store = MemoryStore(POLICY).fold_all(batches)
    for lead, state in store.living.items():
        assert encode_state(again(store, lead)) == encode_state(state)


@given(deliveries(), st.sets(st.integers(0, 20)))
def test_events_that_are_gone_take_nothing_with_them(batches: Batches, gone: set[int]) -> None:
    store = MemoryStore(POLICY).fold_all(batches)
    for lead, state in store.living.items():
        assert encode_state(again(store, lead, kept=lambda event: event.id not in gone)) == encode_state(
            state
        )


def test_value_is_what_its_event_says_by_the_new_rules() -> None:
    store = MemoryStore()
    store.fold(make_event(INSTALL, at="09:00", token="summer", campaign="may", prefix="promo"))
    state = again(store, reread=lambda event: said(event, campaign="June", platform="ios"))

    assert attributes(state) | {"campaign": "June", "platform": "iOS"} == attributes(state)


def test_value_that_no_event_says_any_more_is_gone() -> None:
    store = MemoryStore()
    store.fold(make_registration(user="ann", company="Acme"))
    state = again(store, reread=lambda event: said(event, company=None))

    assert "company" not in attributes(state)
    assert attributes(state)["user_id"] == "ann"


def test_earlier_event_wins_that_used_to_say_nothing() -> None:
    store = MemoryStore()
    install = make_event(INSTALL, at="09:00", token="summer", platform="ios")
    store.fold(install, make_event(CLAIM, at="09:05", token="summer", platform="ios", campaign="may"))
    state = again(store, reread=lambda e: said(e, campaign="april") if e.type == INSTALL else e)

    assert attributes(state)["campaign"] == "april"


def test_identities_and_choices_stay_whatever_the_events_say_now() -> None:
    store = MemoryStore()
    store.fold(make_event(CLAIM, at="09:00", deep_link_path="/ref/Q7"))
    store.fold(make_event(COMPLETED, at="10:00", referral_code="Q7", referred_user_id="ann"))
    state = again(store, reread=lambda event: said(event, code=None, referred_user="ben"))

    assert (state.identities, state.claims) == (store.only.identities, store.only.claims)


def test_what_a_code_said_of_its_referrer_stays() -> None:
    store = MemoryStore()
    store.fold(make_event(CREATED, at="08:00", referral_code="Q7", referrer_id="u_1001"))
    store.fold(make_event(CLAIM, at="09:00", deep_link_path="/ref/Q7"))

    assert attributes(again(store))["referral_source"] == "u_1001"


def test_path_that_no_connection_shows_any_more_keeps_its_value() -> None:
    event = said(
        make_event(COMPLETED, referral_code="Q7", referred_user_id="ann"), further={"data.plan": '"x"'}
    )
    store = MemoryStore()
    store.fold(event)
    read = [(said(event, further={}), decision) for event, decision in own(store, 1)]

    assert attributes(refolded(store.only, read))["data.plan"] == "x"
    assert "data.plan" not in attributes(refolded(store.only, read, {"data.plan"}))
