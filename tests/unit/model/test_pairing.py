"""Records that other code made, and whose they are: only what can be nobody else's is given away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import moment
from tests.support.events import make_event, make_registration

from afterclick.model.event import COMPLETED, INSTALL, Event
from afterclick.model.identity import exact_identities
from afterclick.model.lead import LeadState, contribution, merge
from afterclick.model.pairing import MOST_ALIKE, Pairing, pair
from afterclick.model.traces import Suitor, Trace, suitor_of

NINE = moment("09:00")


def lead(number: int = 1, **known: Any) -> Suitor:
    """Return a lead that came by the link `may`, unless it is said otherwise."""
    return Suitor(lead=number, **({"tokens": frozenset({"may"})} | known))


def record(id: str = "r1", **said: Any) -> Trace:
    """Return a record of that link."""
    return Trace(id=id, **({"token": "may"} | said))


def pairs(records: Sequence[Trace], leads: Sequence[Suitor]) -> list[tuple[str, int]]:
    return [(one.record, one.lead) for one in pair(records, leads).pairs]


def reason(records: Sequence[Trace], leads: Sequence[Suitor], *, of: str = "r1") -> str:
    """Return why a record is in doubt; there must be no pair with it."""
    found = pair(records, leads)
    assert of not in {one.record for one in found.pairs}
    return next(one.reason for one in found.doubts if one.record == of)


def test_one_record_and_one_lead_of_a_link_belong_together() -> None:
    (found,) = pair([record()], [lead(), lead(2, tokens=frozenset({"june"}))]).pairs

    assert (found.record, found.lead, found.because) == ("r1", 1, ("token",))


def test_a_link_that_nobody_here_came_by_is_a_strangers() -> None:
    assert pair([record(token="june")], [lead()]) == Pairing(strangers=("r1",))


def test_a_shared_link_alone_decides_nothing() -> None:
    assert reason([record()], [lead(1), lead(2)]) == ("2 leads could be its person, and nothing tells which")
    assert reason([record("r1"), record("r2")], [lead()]) == "lead 1 has 2 records that could be its own"


def test_an_address_decides_on_a_shared_link() -> None:
    ann, ben = frozenset({"ann@example.com"}), frozenset({"ben@example.com"})

    assert pairs(
        [record("r1", emails=ben), record("r2", emails=ann)], [lead(1, emails=ann), lead(2, emails=ben)]
    ) == [("r1", 2), ("r2", 1)]


def test_a_moment_decides_on_a_shared_link() -> None:
    leads = [lead(number, moments={"install_date": NINE + number * 60_000}) for number in (1, 2, 3)]
    records = [record(f"r{number}", moments={"install_date": NINE + number * 60_000}) for number in (3, 1)]

    assert pairs(records, leads) == [("r1", 1), ("r3", 3)]


def test_when_a_record_was_made_decides_too() -> None:
    leads = [lead(number, heard=(NINE + number * 3_600_000,)) for number in (0, 1)]

    assert pairs([record(made_at=NINE + 3_600_000 + 900)], leads) == [("r1", 1)]


def test_two_of_the_same_moment_stay_in_doubt() -> None:
    at = {"install_date": NINE}
    twins = [lead(1, moments=at), lead(2, moments=at)]

    assert "2 leads" in reason([record(moments=at)], twins)


def test_a_day_speaks_against_and_never_for() -> None:
    noon = {"install_date": moment("12:00")}
    other = lead(moments={"install_date": NINE + 3 * 86_400_000})

    assert reason([record(days=noon)], [other]) == "the install_date is not that of lead 1"
    assert "2 leads" in reason([record(days=noon)], [lead(1, moments={"install_date": NINE}), lead(2)])


AGAINST: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
    ({"emails": frozenset({"a@x.io"})}, {"emails": frozenset({"b@x.io"})}, "the e-mail address"),
    ({"user": "u1"}, {"users": frozenset({"u2"})}, "the user id"),
    ({"campaign": "spring"}, {"campaigns": frozenset({"autumn"})}, "the campaign"),
    ({"platform": "ios"}, {"platforms": frozenset({"android"})}, "the platform"),
    ({"prefix": "promo"}, {"prefixes": frozenset({"menu"})}, "the prefix"),
    ({"moments": {"install_date": NINE}}, {"moments": {"install_date": NINE + 60_000}}, "the install_date"),
    ({"made_at": NINE}, {"heard": (NINE + 3_600_000,)}, "the record is older than all that is known"),
)


@pytest.mark.parametrize(("said", "known", "words"), AGAINST, ids=[words for *_, words in AGAINST])
def test_what_contradicts_is_never_given(said: dict[str, Any], known: dict[str, Any], words: str) -> None:
    assert reason([record(**said)], [lead(**known)]).startswith(words)


def test_whoever_contradicts_leaves_the_other_alone_with_it() -> None:
    said: dict[str, Any] = {"moments": {"install_date": NINE}}
    other = lead(2, moments={"install_date": NINE + 60_000})

    assert pairs([record(**said)], [lead(1, **said), other]) == [("r1", 1)]


def test_the_same_person_may_have_followed_another_link() -> None:
    ann = frozenset({"ann@example.com"})

    assert pairs([record(emails=ann, token="june")], [lead(emails=ann)]) == [("r1", 1)]


def test_a_lead_with_a_record_gets_no_other() -> None:
    assert reason([record()], [lead(has_record=True)]) == "lead 1 has a record already"


def test_a_campaign_alone_is_not_enough() -> None:
    spring = frozenset({"spring"})
    known = lead(campaigns=spring, moments={"install_date": NINE}, heard=(NINE,))
    bare = Trace(id="r1", campaign="spring")

    assert reason([bare], [known]) == "only the campaign says so: it is that of lead 1"
    assert pairs([msgspec.structs.replace(bare, made_at=NINE + 2_000)], [known]) == [("r1", 1)]


def test_a_crowd_on_one_link_is_told_apart_by_its_moments_alone() -> None:
    crowd = [lead(number, heard=(NINE + number * 600_000,)) for number in range(MOST_ALIKE + 1)]

    assert pairs([record(made_at=NINE + 7 * 600_000)], crowd) == [("r1", 7)]
    assert pair([record()], crowd).pairs == ()
    assert pair([record()], crowd).strangers == ()


def folded(*events: Event) -> LeadState:
    """Return what events of one journey say."""
    state = LeadState()
    for event in events:
        names = frozenset(exact_identities(event, frozenset()))
        state = merge(state, contribution(event, journey="j", identities=names))
    return state


def test_a_lead_is_compared_by_all_that_its_events_said() -> None:
    state = folded(
        make_event(INSTALL, at=NINE, prefix="/ref/", token="CODE-1", campaign="spring", platform="iOS"),
        make_event(COMPLETED, at=NINE + 60_000, referral_code="CODE-1", referred_user_id="ann"),
        make_registration(at=NINE + 5_000, user_id="ann", email="Ann@Example.com"),
    )

    assert suitor_of(7, state, has_record=True) == Suitor(
        lead=7,
        tokens=frozenset({"CODE-1"}),
        campaigns=frozenset({"spring"}),
        prefixes=frozenset({"ref"}),
        platforms=frozenset({"ios"}),
        emails=frozenset({"ann@example.com"}),
        users=frozenset({"ann"}),
        moments={
            "install_date": NINE,
            "registration_date": NINE + 5_000,
            "conversion_date": NINE + 60_000,
        },
        heard=(NINE, NINE + 5_000, NINE + 60_000),
        has_record=True,
    )


# What holds for every crowd.

names = st.sampled_from(("a", "b", None))
times = st.integers(0, 4).map(lambda number: NINE + number * 90_000)
traces = st.builds(
    Trace,
    id=st.uuids().map(str),
    token=names,
    campaign=names,
    platform=names,
    emails=st.frozensets(st.sampled_from("ab"), max_size=1),
    user=names,
    moments=st.dictionaries(st.just("install_date"), times),
    made_at=st.none() | times,
)


def some(values: st.SearchStrategy[str | None]) -> st.SearchStrategy[frozenset[str]]:
    return values.map(lambda value: frozenset() if value is None else frozenset({value}))


suitors = st.builds(
    Suitor,
    lead=st.integers(1, 10**6),
    tokens=some(names),
    campaigns=some(names),
    platforms=some(names),
    emails=some(names),
    users=some(names),
    moments=st.dictionaries(st.just("install_date"), times),
    heard=st.lists(times, max_size=2).map(lambda found: tuple(sorted(found))),
    has_record=st.booleans(),
)
crowds = st.tuples(
    st.lists(traces, max_size=6, unique_by=lambda one: one.id),
    st.lists(suitors, max_size=6, unique_by=lambda one: one.lead),
)


@given(crowds)
def test_each_record_is_told_of_once_and_each_lead_gets_one(
    crowd: tuple[list[Trace], list[Suitor]],
) -> None:
    records, leads = crowd
    found = pair(records, leads)
    told = [*(one.record for one in found.pairs), *(one.record for one in found.doubts), *found.strangers]
    owners = [one.lead for one in found.pairs]

    assert sorted(told) == sorted(one.id for one in records)
    assert len(set(owners)) == len(owners)
    assert not {one.lead for one in leads if one.has_record} & set(owners)


@given(crowds, st.randoms(use_true_random=False))
def test_order_means_nothing(crowd: tuple[list[Trace], list[Suitor]], random: Any) -> None:
    records, leads = crowd
    found = pair(records, leads)
    random.shuffle(records)
    random.shuffle(leads)

    assert pair(records, leads) == found


@given(crowds)
def test_nobody_gets_what_contradicts_them(crowd: tuple[list[Trace], list[Suitor]]) -> None:
    records, leads = crowd
    said = {one.id: one for one in records}
    known = {one.lead: one for one in leads}
    for one in pair(records, leads).pairs:
        trace, suitor = said[one.record], known[one.lead]
        assert not (trace.emails and suitor.emails) or trace.emails & suitor.emails
        assert not (trace.user and suitor.users) or trace.user in suitor.users


def _twin_of_record(records: list[Trace], leads: list[Suitor], id: str, lead: int) -> None:
    records += [msgspec.structs.replace(one, id=f"{id}-twin") for one in records if one.id == id]


def _twin_of_lead(records: list[Trace], leads: list[Suitor], id: str, lead: int) -> None:
    leads += [msgspec.structs.replace(one, lead=0) for one in leads if one.lead == lead]


@pytest.mark.parametrize("twin", [_twin_of_record, _twin_of_lead])
@given(crowd=crowds)
def test_a_twin_of_either_puts_a_pair_in_doubt(
    twin: Callable[[list[Trace], list[Suitor], str, int], None], crowd: tuple[list[Trace], list[Suitor]]
) -> None:
    records, leads = crowd
    for one in pair(records, leads).pairs:
        more, others = list(records), list(leads)
        twin(more, others, one.record, one.lead)
        after = pair(more, others)
        assert one.record not in {other.record for other in after.pairs}
