"""What a lead shows of what its events said."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest
from tests.support.events import make_event, make_registration

from afterclick.model.event import Event
from afterclick.model.identity import Identity, founding_identity, key
from afterclick.model.lead import (
    LeadState,
    Stamp,
    Touch,
    attributes,
    contribution,
    decode_state,
    encode_state,
    inherited,
    merge,
    stage,
)

USER = Identity("main", "user", "ann")
LINK = {"prefix": "menu", "token": "autumn"}


def fold(*said: LeadState) -> LeadState:
    return reduce(merge, said, LeadState())


def one(event: Event, **options: Any) -> LeadState:
    return contribution(event, **{"journey": "j", **options})


def shown(*said: LeadState, **options: Any) -> dict[str, object]:
    return dict(attributes(fold(*said), **options))


INSTALL = one(make_event("install.tracked", at="09:14", campaign="spring", platform="ios", **LINK))
CLAIM = one(make_event("deferred_link.claimed", at="09:16", url="https://go.example.com/menu/autumn"))
COMPLETED = one(make_event("referral.completed", at="09:32", referral_code="CODE", milestone="first_order"))


def test_nothing_said_shows_a_nameless_lead() -> None:
    assert shown() == {"lead_source": "Deep Link", "stage": "lead"}


def test_conversion_is_timed_from_the_install() -> None:
    found = shown(INSTALL, CLAIM, COMPLETED)

    assert found["install_date"] == "2026-05-21T09:14:00.000Z"
    assert found["claim_date"] == "2026-05-21T09:16:00.000Z"
    assert found["conversion_date"] == "2026-05-21T09:32:00.000Z"
    assert found["minutes_to_convert"] == 18


@pytest.mark.parametrize(
    ("installed", "completed", "minutes"),
    [
        ("09:14", "09:14:59", 0),
        ("09:14", "09:15", 1),
        ("09:14:01", "09:16", 1),
        ("2026-05-01T09:00:00Z", "2026-05-21T09:00:00Z", 20 * 24 * 60),
        ("09:14", "09:14", 0),
        ("09:14", "09:13:59", None),
    ],
)
def test_minutes_are_whole_and_never_negative(installed: str, completed: str, minutes: int | None) -> None:
    install = one(make_event("install.tracked", at=installed, **LINK))
    completion = one(make_event("referral.completed", at=completed, referral_code="CODE"))

    assert shown(install, completion).get("minutes_to_convert") == minutes


def test_minutes_need_both_ends() -> None:
    assert "minutes_to_convert" not in shown(INSTALL)
    assert "minutes_to_convert" not in shown(COMPLETED)


def test_earliest_of_several_installs_counts() -> None:
    again = one(make_event("install.tracked", at="09:00", **LINK))

    assert shown(INSTALL, again)["install_date"] == "2026-05-21T09:00:00.000Z"


# First and last touch


def test_first_touch_is_one_thing() -> None:
    """A later touch does not lend its campaign to an earlier one that had none."""
    first = one(make_event("install.tracked", at="09:00", prefix="menu", token="autumn"), journey="a")
    later = one(make_event("install.tracked", at="10:00", token="winter", campaign="c"), journey="b")
    found = shown(first, later)

    assert (found["prefix"], found["token"]) == ("menu", "autumn")
    assert "campaign" not in found
    assert (found["last_touch_token"], found["last_touch_campaign"]) == ("winter", "c")
    assert "last_touch_prefix" not in found


def test_late_click_keeps_first_campaign() -> None:
    late = one(make_event("install.tracked", at="09:00", campaign="winter", **LINK), journey="b")

    assert shown(INSTALL, late)["campaign"] == "winter"
    assert shown(INSTALL, late)["last_touch_campaign"] == "spring"


def test_events_of_one_journey_complete_each_other() -> None:
    bare = one(make_event("install.tracked", at="09:00", campaign="spring"))
    found = shown(bare, CLAIM)

    assert (found["campaign"], found["token"], found["host"]) == ("spring", "autumn", "go.example.com")


def test_touch_without_link_or_campaign_comes_first_only_if_alone() -> None:
    bare = one(make_event("install.tracked", at="08:00", platform="android", country="PT"), journey="a")

    assert shown(bare)["platform"] == "Android"
    assert shown(bare, INSTALL)["platform"] == "iOS"
    assert shown(bare, INSTALL)["last_touch_platform"] == "iOS"
    assert "country" not in shown(bare, INSTALL)


def test_equal_times_are_ordered_by_the_events_hash() -> None:
    both = [
        one(make_event("install.tracked", at="09:00", token=token), journey=token) for token in ("a", "b")
    ]
    first, last = sorted(both, key=lambda state: state.founded or Stamp(False, 0, b""))
    found = shown(*both)

    assert found == shown(*reversed(both))
    assert found["token"] == next(iter(first.touches))
    assert found["last_touch_token"] == next(iter(last.touches))


@pytest.mark.parametrize(
    ("platform", "shows"),
    [("ios", "iOS"), ("IOS", "iOS"), ("Android", "Android"), ("web", "Web"), ("symbian", "symbian")],
)
def test_platform_is_shown_as_people_write_it(platform: str, shows: str) -> None:
    assert shown(one(make_event("install.tracked", platform=platform, **LINK)))["platform"] == shows


# Observed beats inferred


def test_observed_campaign_beats_an_earlier_inferred_one() -> None:
    claim = one(
        make_event("deferred_link.claimed", at="09:00", deep_link_path="/menu/autumn"),
        inferred_campaign="guess",
    )

    assert shown(claim)["campaign"] == "guess"
    assert shown(claim, INSTALL)["campaign"] == "spring"
    assert fold(claim).touches["j"].fields["campaign"].inferred


def test_own_campaign_is_never_replaced_by_a_guess() -> None:
    event = make_event("install.tracked", campaign="spring", **LINK)

    assert one(event, inferred_campaign="guess") == one(event)


def test_own_referral_beats_what_the_code_says() -> None:
    code = inherited(described=Stamp(True, 1, b""), referrer=Stamp(True, 1, b"", "host of the code"))
    event = make_event("referral.created", at="09:20", prefix="ref", token="CODE", referrer_token="host")
    found = shown(code, one(event))

    assert found["referral_date"] == "2026-05-21T09:20:00.000Z"
    assert found["referral_source"] == "host"
    assert shown(code)["referral_source"] == "host of the code"


# Milestones and stages


def test_milestone_is_the_latest_and_conversion_the_earliest() -> None:
    signup = one(make_event("referral.completed", at="09:20", referral_code="CODE", milestone="signup"))
    found = shown(COMPLETED, signup)

    assert found["milestone"] == "first_order"
    assert found["conversion_date"] == "2026-05-21T09:20:00.000Z"


def test_repeated_milestone_keeps_its_first_time() -> None:
    again = one(make_event("referral.completed", at="09:50", referral_code="CODE", milestone="first_order"))
    order = one(make_event("referral.completed", at="09:40", referral_code="CODE", milestone="second"))

    assert shown(COMPLETED, order, again)["milestone"] == "second"


def test_completion_without_a_milestone_is_called_completed() -> None:
    assert shown(one(make_event("referral.completed", referral_code="CODE")))["milestone"] == "completed"


STAGES = {"signup": "qualified", "first_order": "customer", "odd": "no such stage"}


@pytest.mark.parametrize(
    ("milestones", "stages", "expected"),
    [
        ([], STAGES, "lead"),
        (["signup"], STAGES, "qualified"),
        (["first_order", "signup"], STAGES, "customer"),
        (["unknown"], STAGES, "lead"),
        (["unknown"], {**STAGES, "*": "opportunity"}, "opportunity"),
        (["odd"], STAGES, "lead"),
    ],
)
def test_stage_is_the_furthest_reached(milestones: list[str], stages: dict[str, str], expected: str) -> None:
    state = LeadState(milestones={name: Stamp(False, 1, b"") for name in milestones})

    assert stage(state, stages) == expected


def test_completion_makes_a_customer_unless_told_otherwise() -> None:
    assert shown(COMPLETED)["stage"] == "customer"
    assert shown(COMPLETED, stages=STAGES)["stage"] == "customer"
    assert shown(COMPLETED, stages={"signup": "qualified"})["stage"] == "lead"


# The person


def test_latest_word_about_a_person_counts() -> None:
    before = one(make_registration(at="09:30", user="ann", first_name="Anne", phone="1"))
    after = one(make_registration(at="09:40", user="ann", first_name="Ann", last_name="Ho"))
    found = shown(after, before)

    assert (found["first_name"], found["phone"], found["name"]) == ("Ann", "1", "Ann Ho")
    assert found["registration_date"] == "2026-05-21T09:30:00.000Z"


def test_strongest_identity_is_the_key() -> None:
    event = make_event("install.tracked", **LINK)
    stub = one(event, identities=frozenset({founding_identity(event)}))
    found = shown(stub, one(event, identities=frozenset({USER})))

    assert not fold(stub).named
    assert shown(stub)["key"] == key(founding_identity(event))
    assert (found["key"], found["user_id"]) == (key(USER), "ann")


def test_short_mark_of_a_stub_stays_when_it_gets_a_name() -> None:
    event = make_event("install.tracked", **LINK)
    stub = one(event, identities=frozenset({founding_identity(event)}))

    assert shown(stub)["short"] == shown(stub, one(event, identities=frozenset({USER})))["short"]


def test_pepper_changes_keys() -> None:
    state = one(make_event("install.tracked", **LINK), identities=frozenset({USER}))

    assert shown(state, pepper="salt")["key"] == key(USER, "salt") != shown(state)["key"]


@pytest.mark.parametrize(
    ("kind", "named"), [("user", True), ("email", True), ("ref", True), ("link", False), ("event", False)]
)
def test_only_people_are_named(kind: str, named: bool) -> None:
    assert LeadState(identities=frozenset({Identity("main", kind, "x")})).named is named


def test_install_or_claim_is_a_journey() -> None:
    assert INSTALL.journeyed
    assert CLAIM.journeyed
    assert not COMPLETED.journeyed


# Frozen: states are stored for years. A release that cannot read this one has lost every lead.
AT = Stamp(False, 1, b"\x01")
KNOWN = LeadState(
    founded=AT,
    touches={"j": Touch(AT, AT, {"campaign": Stamp(True, 1, b"\x01", "spring")})},
    install=AT,
    milestones={"m": AT},
    person={"email": Stamp(False, 1, b"\x01", "a@b")},
    identities=frozenset({USER, Identity("main", "event", "20594:01")}),
    claims={"j": 2},
)
STORED = bytes.fromhex(
    "87a7666f756e64656494c201c40101a0a7746f756368657381a16a9394c201c40101a094c201c40101a081a863616d706169"
    "676e94c301c40101a6737072696e67a7696e7374616c6c94c201c40101a0aa6d696c6573746f6e657381a16d94c201c40101"
    "a0a6706572736f6e81a5656d61696c94c201c40101a3614062aa6964656e7469746965739283a57370616365a46d61696ea4"
    "6b696e64a56576656e74a576616c7565a832303539343a303183a57370616365a46d61696ea46b696e64a475736572a57661"
    "6c7565a3616e6ea6636c61696d7381a16a02"
)


def test_stored_form_is_frozen() -> None:
    assert encode_state(KNOWN) == STORED
    assert decode_state(STORED) == KNOWN


def test_state_of_an_older_release_lacks_fields() -> None:
    assert decode_state(b"\x80") == LeadState()


def test_state_of_a_newer_release_has_more_fields() -> None:
    newer = b"\x88\xa3new\x01" + STORED[1:]

    assert decode_state(newer) == KNOWN
