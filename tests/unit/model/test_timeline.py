"""What happened to a lead, in order, and where each value came from."""

from __future__ import annotations

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import make_event

from afterclick.model.event import Event
from afterclick.model.lead import LeadState, Stamp, contribution, inherited, merge
from afterclick.model.memory import LinkMemory
from afterclick.model.timeline import Origin, origins, timeline
from afterclick.model.view import Decision

MINUTE = 60_000
AT = 1_779_354_840_000


def folded(*events: Event, inferred_campaign: str | None = None) -> LeadState:
    said = [contribution(one, journey="j", inferred_campaign=inferred_campaign) for one in events]
    return reduce(merge, said, LeadState())


INSTALL = make_event("install.tracked", at=AT, prefix="promo", token="may", platform="ios")
COMPLETED = make_event("referral.completed", at=AT + 18 * MINUTE, referral_code="A1", milestone="won")


def test_moments_stand_in_order_with_the_time_between() -> None:
    shown = timeline(folded(COMPLETED, INSTALL), {})

    assert [(one.what, one.at, one.after) for one in shown] == [
        ("installed", AT, None),
        ("converted: won", AT + 18 * MINUTE, 18 * MINUTE),
    ]


@given(
    st.permutations([INSTALL, COMPLETED, make_event("deferred_link.claimed", at=AT + MINUTE, token="may")])
)
def test_the_order_of_arrival_does_not_matter(events: list[Event]) -> None:
    shown = timeline(folded(*events), {})

    assert [one.what for one in shown] == ["installed", "link opened", "converted: won"]
    assert all(one.after is None or one.after >= 0 for one in shown)


def test_the_last_click_before_the_first_touch_is_inferred_from_the_link() -> None:
    link = LinkMemory().seen("may", AT - 5 * MINUTE).seen("june", AT + MINUTE)

    first = timeline(folded(INSTALL), {}, link)[0]

    assert (first.what, first.at, first.origin) == ("clicked", AT - 5 * MINUTE, Origin(how="inferred"))


def test_a_link_that_was_only_clicked_later_tells_no_click() -> None:
    link = LinkMemory().seen("june", AT + MINUTE)

    assert [one.what for one in timeline(folded(INSTALL), {}, link)] == ["installed"]


def test_an_origin_tells_how_it_was_said_and_how_its_event_was_matched() -> None:
    decisions = {
        INSTALL.tie: Decision(how="founded", lead=1),
        COMPLETED.tie: Decision(how="probable", lead=1, candidates=3),
    }

    known = origins(folded(INSTALL, COMPLETED), decisions)

    assert str(known["platform"]) == "observed, exact"
    assert str(known["conversion_date"]) == "observed, probable of 3"


def test_what_a_link_or_a_code_says_is_inferred() -> None:
    described = Stamp(True, AT - MINUTE, b"c")
    named = Stamp(True, AT - MINUTE, b"c", "alice")
    state = merge(
        folded(INSTALL, inferred_campaign="may-sale"), inherited(described=described, referrer=named)
    )

    known = origins(state, {})

    assert (known["campaign"].how, known["token"].how) == ("inferred", "observed")
    assert (known["referral_source"].how, known["referral_date"].how) == ("inferred", "inferred")


def test_a_forgotten_event_leaves_what_it_said_and_not_how_it_was_matched() -> None:
    assert str(origins(folded(INSTALL), {})["install_date"]) == "observed"


def test_a_lead_without_a_touch_has_no_journey_and_no_fault() -> None:
    assert timeline(LeadState(), {}, LinkMemory().seen("may", AT)) == ()
    assert origins(LeadState(), {}) == {}
