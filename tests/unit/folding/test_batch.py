"""From resolved events to rows: versions, and which connections have to follow when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from tests.support.clock import moment
from tests.support.events import in_order, make_event, make_registration
from tests.support.memory_store import MemoryStore

from afterclick.folding.batch import Destination, Rules, build, changed_attributes, touched
from afterclick.ledger.rows import EventState, Fence, FoldCommit, LeadRow, Want
from afterclick.model.event import Event
from afterclick.model.lead import LeadState, keys_of
from afterclick.model.resolution import resolve
from afterclick.model.view import Decision, needs_of

NOW = moment("12:00")
FENCE = Fence("fold", 1)
CODE = {"prefix": "ref", "token": "CODE"}
EVERYTHING = Destination(connection="crm")

INSTALL = make_event("install.tracked", at="09:14", campaign="spring", **CODE)
CLAIM = make_event("deferred_link.claimed", at="09:20", **CODE)
COMPLETED = make_event("referral.completed", at="09:32", referral_code="CODE")


class Lab:
    """Folds batches into rows the way the lane does, with the store of the model tests."""

    def __init__(self, *destinations: Destination, **rules: Any) -> None:
        self.destinations = destinations or (EVERYTHING,)
        self.rules = Rules(**rules)
        self.store = MemoryStore()
        self.rows: dict[int, LeadRow] = {}

    def fold(self, *events: Event, now: int = NOW) -> FoldCommit:
        numbered = in_order(*events)
        store = self.store
        out = resolve(numbered, store.view(needs_of(numbered, store.policy)), store.policy)
        known = {lead: self.rows[lead] for lead in touched(out) if lead in self.rows}
        store.apply(out)
        commit = build(
            out,
            known,
            destinations=self.destinations,
            rules=self.rules,
            fence=FENCE,
            now=now,
        )
        self.rows |= {row.id: row for row in commit.leads}
        return commit


def wants(commit: FoldCommit) -> Mapping[str, Want]:
    return {want.connection: want for want in commit.wants}


# Leads


def test_new_lead_starts_at_version_one() -> None:
    [row] = Lab().fold(INSTALL, CLAIM).leads

    assert (row.id, row.space, row.version, row.created_at, row.changed_at) == (1, "main", 1, NOW, NOW)
    assert row.keys == keys_of(row.state)
    assert row.state.install is not None
    assert row.state.claim is not None


def test_change_raises_the_version_by_one_however_many_events() -> None:
    lab = Lab()
    lab.fold(INSTALL)
    [row] = lab.fold(CLAIM, COMPLETED, now=NOW + 5).leads

    assert (row.version, row.created_at, row.changed_at) == (2, NOW, NOW + 5)


def test_lead_that_did_not_change_is_not_written() -> None:
    lab = Lab()
    described = make_event("referral.created", at="09:00", referral_code="CODE", referrer_id="host")
    lab.fold(INSTALL, described)
    commit = lab.fold(make_event("referral.created", at="10:00", referral_code="CODE", referrer_id="host"))

    assert commit.leads == ()
    assert commit.wants == ()


def test_rows_hold_what_the_reference_store_holds() -> None:
    lab = Lab()
    for batch in ([CLAIM], [COMPLETED, INSTALL], [make_registration(user="ann", **CODE)]):
        lab.fold(*batch)

    assert {lead: row.state for lead, row in lab.rows.items()} == lab.store.states


def test_batch_says_which_rows_it_must_read() -> None:
    lab = Lab()
    lab.fold(make_registration(at="09:00", email="ann@example.com"))
    lab.fold(make_registration(at="09:01", user="ann"))
    bridge = in_order(make_registration(at="09:02", user="ann", email="ann@example.com"))
    out = resolve(bridge, lab.store.view(needs_of(bridge, lab.store.policy)), lab.store.policy)

    assert touched(out) == {1, 2}


# Joins


def joined(**rules: Any) -> tuple[Lab, FoldCommit]:
    lab = Lab(Destination(connection="crm", attributes=frozenset({"phone"})), **rules)
    lab.fold(make_registration(at="09:00", email="ann@example.com", phone="1"))
    lab.fold(make_registration(at="09:01", user="ann", first_name="Ann"))
    return lab, lab.fold(make_registration(at="09:02", user="ann", email="ann@example.com"))


def test_root_of_a_join_holds_both_states() -> None:
    lab, commit = joined()
    [row] = commit.leads

    assert commit.resolution.joins == {2: 1}
    assert row.state.person.keys() == {"email", "phone", "first_name"}
    assert row.version == 2
    assert row.state == lab.store.states[1]


def test_joined_person_is_wanted_though_nothing_mapped_changed() -> None:
    """The two may have a record each: somebody has to look."""
    assert wants(joined()[1])["crm"] == Want("crm", 1, NOW + 1_000, sooner=False)


def test_lead_founded_and_joined_in_one_batch_still_has_its_row() -> None:
    commit = Lab().fold(
        make_registration(at="09:00", email="ann@example.com"),
        make_registration(at="09:01", user="ann"),
        make_registration(at="09:02", user="ann", email="ann@example.com"),
    )

    assert [(row.id, row.version, row.state == LeadState()) for row in commit.leads] == [
        (1, 1, False),
        (2, 1, True),
    ]
    assert [want.lead for want in commit.wants] == [1]
    assert {lead for _, lead, _, _ in commit.events.values()} == {1}


# Events


def test_events_are_marked_with_what_became_of_them() -> None:
    commit = Lab().fold(
        INSTALL,
        make_event("install.tracked", platform="ios"),
        make_event("link.clicked", **CODE),
        make_event("ecommerce.purchase"),
    )
    states = {id: (state, lead) for id, (state, lead, _, _) in commit.events.items()}

    assert states == {
        1: (EventState.FOLDED, 1),
        2: (EventState.UNATTRIBUTED, None),
        3: (EventState.FOLDED, None),
        4: (EventState.IGNORED, None),
    }


def test_decision_is_stored_with_its_event() -> None:
    commit = Lab().fold(INSTALL, COMPLETED)
    raw = commit.events[2][2]

    assert raw is not None
    assert msgspec.msgpack.decode(raw, type=Decision) == Decision(
        how="probable", lead=1, journey=INSTALL.name, candidates=1
    )


# When connections follow


def test_named_lead_is_wanted_after_the_linger() -> None:
    assert Lab(linger=250).fold(COMPLETED).wants == (Want("crm", 1, NOW + 250, sooner=True),)


def test_stub_waits_for_a_name() -> None:
    assert Lab(stub_delay=60_000).fold(INSTALL).wants == (Want("crm", 1, NOW + 60_000, sooner=False),)


def test_stub_waits_from_its_founding_not_from_its_last_change() -> None:
    lab = Lab(stub_delay=60_000)
    lab.fold(INSTALL)

    assert wants(lab.fold(CLAIM, now=NOW + 50_000))["crm"].due_at == NOW + 60_000


def test_late_change_of_a_stub_lingers_only() -> None:
    lab = Lab(stub_delay=60_000)
    lab.fold(INSTALL)

    assert wants(lab.fold(CLAIM, now=NOW + 90_000))["crm"].due_at == NOW + 91_000


def test_stub_that_gets_a_name_is_wanted_sooner() -> None:
    lab = Lab()
    lab.fold(INSTALL)

    assert lab.fold(COMPLETED).wants == (Want("crm", 1, NOW + 1_000, sooner=True),)


def test_next_change_of_a_named_lead_is_not_hurried() -> None:
    lab = Lab()
    lab.fold(COMPLETED)
    change = make_event("referral.completed", at="10:00", referral_code="CODE", milestone="order")

    assert wants(lab.fold(change))["crm"].sooner is False


@pytest.mark.parametrize("stubs", ["ledger", "none"])
def test_stubs_that_stay_in_the_ledger_are_wanted_once_named(stubs: str) -> None:
    lab = Lab(Destination(connection="crm", attributes=frozenset({"campaign"})), stubs=stubs)

    assert lab.fold(INSTALL).wants == ()
    assert [want.lead for want in lab.fold(make_registration(user="ann", **CODE)).wants] == [1]


def test_only_connections_that_show_the_change_follow() -> None:
    lab = Lab(
        Destination(connection="maps", attributes=frozenset({"claim_date", "phone"})),
        Destination(connection="else", attributes=frozenset({"install_date", "phone"})),
        Destination(connection="unknown"),
    )
    lab.fold(INSTALL)

    assert wants(lab.fold(CLAIM)).keys() == {"maps", "unknown"}


def test_name_reaches_every_connection() -> None:
    lab = Lab(Destination(connection="crm", attributes=frozenset()))
    lab.fold(INSTALL)

    assert wants(lab.fold(COMPLETED)).keys() == {"crm"}


def test_connection_takes_its_spaces_only() -> None:
    lab = Lab(
        Destination(connection="all"),
        Destination(connection="shop", spaces=frozenset({"shop"})),
        Destination(connection="main", spaces=frozenset({"main"})),
    )

    assert wants(lab.fold(INSTALL)).keys() == {"all", "main"}
    shop = make_event("install.tracked", space="shop", **CODE)
    assert wants(lab.fold(shop)).keys() == {"all", "shop"}


def test_changed_attributes_are_those_shown_differently() -> None:
    before = Lab().fold(INSTALL).leads[0].state
    after = Lab().fold(INSTALL, CLAIM).leads[0].state

    assert changed_attributes(before, before, Rules()) == frozenset()
    assert changed_attributes(before, after, Rules()) == {"claim_date"}
    assert "campaign" in changed_attributes(LeadState(), before, Rules())
