"""What is stored for every outcome there is."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from msgspec.structs import replace
from tests.unit.syncing.people import MAPPED, converted, due, found, known, only, person, record

from afterclick.ledger.rows import Settle, SyncState
from afterclick.plugin import (
    Ambiguous,
    Exists,
    Gone,
    Match,
    MatchOutcome,
    NoMatch,
    NotYet,
    Outcome,
    Rejected,
    RetryLater,
    Synced,
    Uncertain,
)
from afterclick.syncing.findings import KINDS
from afterclick.syncing.person import Person
from afterclick.syncing.retry import RetryRules
from afterclick.syncing.verdict import (
    LATEST_LOOK,
    NEXT_STEP,
    Judge,
    Write,
    until_next_look,
)

NOW = 1_779_364_800_000
VERSION = 3
TWO = only("key", "milestone", "referrer")


@pytest.fixture
def judge() -> Judge:
    """Return a judge of a connection whose writes may land for 50 seconds."""
    return Judge("fake", RetryRules(), 50.0)


def codes(judge: Judge) -> list[str]:
    """Return what the operator is told."""
    return [found.code for found in judge.findings]


def creating(**sync: Any) -> Write:
    """Return the create of a new person."""
    return Write.create(person(converted(referrer_id="bob"), mapped=TWO, **sync))


def changing(**sync: Any) -> Write:
    """Return the write of a known person whose record holds an older milestone."""
    old = {"record": known(created_by_us=True), "values": {"milestone": "old"}}
    one = person(converted(referrer_id="bob"), mapped=TWO, **(old | sync))
    found(one, milestone="old")
    write = Write.enrich(one)
    assert write is not None
    return write


# Writes.


@pytest.mark.parametrize("hook", ["create", "enrich"])
def test_what_was_written_is_synced_to_the_version_it_was_taken_with(judge: Judge, hook: str) -> None:
    write = creating() if hook == "create" else changing()
    settle = judge.written(hook, write, Synced(record(milestone="won", referrer="bob")), NOW, "")

    assert settle.synced == VERSION
    assert settle.synced_at == NOW
    assert settle.tries == 0
    assert settle.clear_sending
    assert settle.values == {"milestone": "won", "referrer": "bob"}
    assert settle.record is not None
    assert settle.record.created_by_us
    assert judge.synced == 1


def test_a_record_that_was_found_is_not_ours_after_a_write_either(judge: Judge) -> None:
    write = changing(record=known(created_by_us=False))
    settle = judge.written("enrich", write, Synced(record(milestone="won")), NOW, "")

    assert settle.record is not None
    assert not settle.record.created_by_us


def test_a_further_step_follows_at_once_and_is_not_synced_before(judge: Judge) -> None:
    settle = judge.written("create", creating(), Synced(record(), pending=("deal",)), NOW, "")

    assert settle.synced is None
    assert settle.pending == ("deal",)
    assert settle.due_at == NOW + NEXT_STEP
    (following,) = judge.again
    assert following.item.pending == ("deal",)
    assert judge.synced == 0


def test_a_create_that_met_a_record_costs_no_try_and_is_matched_next(judge: Judge) -> None:
    settle = judge.written("create", creating(tries=4), Exists(record("r9")), NOW, "")

    assert settle.synced is None
    assert settle.tries == 3
    assert settle.due_at == NOW
    assert settle.record is not None
    assert settle.record.id == "r9"
    assert not settle.record.created_by_us
    assert settle.values == {}, "what is there was not written by us"


def test_a_change_that_met_another_record_goes_over_to_it_and_keeps_the_first(judge: Judge) -> None:
    settle = judge.written("enrich", changing(), Exists(record("r9")), NOW, "")

    assert settle.record is not None
    assert settle.record.id == "r9"
    assert [double.id for double in settle.doubles or ()] == ["r1"]


def test_an_unclear_write_keeps_its_mark(judge: Judge) -> None:
    settle = judge.written("create", creating(), Uncertain("cut off"), NOW, "")

    assert not settle.clear_sending
    assert settle.due_at == NOW + 50_000
    assert settle.record is None
    assert settle.reason == "cut off"


@pytest.mark.parametrize("outcome", [RetryLater("busy"), None])
def test_a_write_that_was_certainly_not_applied_loses_its_mark(judge: Judge, outcome: Any) -> None:
    settle = judge.written("create", creating(tries=3), outcome, NOW, "the lane stops")

    assert settle.clear_sending
    assert settle.synced is None
    assert settle.reason in ("busy", "the lane stops")


def test_an_input_that_was_not_sent_costs_no_try(judge: Judge) -> None:
    assert judge.written("create", creating(tries=3), None, NOW, "stop").tries == 2
    assert judge.written("create", creating(tries=3), RetryLater("busy"), NOW, "").tries is None


def test_a_rejected_field_is_remembered_and_the_rest_goes_next(judge: Judge) -> None:
    settle = judge.written("create", creating(), Rejected("too odd", "milestone"), NOW, "")

    assert settle.rejected == {"milestone": "won"}
    assert settle.synced is None
    (rest,) = judge.again
    assert rest.values.keys() == {"key", "referrer"}
    assert codes(judge) == ["field-rejected"]
    assert judge.findings[0].subject == "milestone"


def test_a_change_of_which_nothing_is_left_is_done(judge: Judge) -> None:
    write = changing(values={"milestone": "old", "referrer": "bob"})
    write.person.found(Match(record(milestone="old", referrer="bob")))
    settle = judge.written("enrich", write, Rejected("too odd", "milestone"), NOW, "")

    assert settle.synced == VERSION
    assert settle.rejected == {"milestone": "won"}
    assert settle.values is not None
    assert settle.values["milestone"] == "old", "what we wrote before still stands there"
    assert judge.again == []


@pytest.mark.parametrize("field", [None, "unknown", "key"])
def test_a_lead_that_is_refused_as_a_whole_is_parked(judge: Judge, field: str | None) -> None:
    settle = judge.written("create", creating(), Rejected("a rule", field), NOW, "")

    assert settle.state is SyncState.PARKED
    assert settle.rejected is None
    assert judge.again == []
    assert codes(judge) == ["lead-rejected"]


def test_a_refused_step_is_dropped_like_a_field(judge: Judge) -> None:
    one = person(converted(), mapped=only("milestone"), record=known())
    one.found(Match(record(milestone="won"), pending=("deal",)))
    write = Write.enrich(one)
    assert write is not None
    settle = judge.written("enrich", write, Rejected("no such pipeline", "deal"), NOW, "")

    assert settle.synced == VERSION
    assert settle.rejected == {"deal": True}
    assert codes(judge) == ["field-rejected"]


def test_a_record_that_is_gone_is_held(judge: Judge) -> None:
    settle = judge.written("enrich", changing(), Gone("deleted by sales"), NOW, "")

    assert settle.state is SyncState.HELD
    assert settle.reason == "deleted by sales"
    assert settle.clear_sending
    assert codes(judge) == ["record-gone"]


# Reads.


def test_not_yet_waits_without_a_try_and_keeps_the_mark(judge: Judge) -> None:
    settle = judge.unmatched(person(tries=2, sending="create"), NotYet(12.0, "the list lags"), NOW, "")

    assert settle.tries == 1
    assert settle.due_at == NOW + 12_000
    assert not settle.clear_sending


def test_several_candidates_are_held_and_the_mark_is_kept(judge: Judge) -> None:
    settle = judge.unmatched(person(sending="create"), Ambiguous((), "two Anns"), NOW, "")

    assert settle.state is SyncState.HELD
    assert not settle.clear_sending
    assert codes(judge) == ["record-ambiguous"]


@pytest.mark.parametrize("outcome", [Gone(), Gone("merged away"), NoMatch()])
def test_a_known_record_that_is_not_found_is_held(judge: Judge, outcome: Any) -> None:
    settle = judge.unmatched(person(record=known()), outcome, NOW, "")

    assert settle.state is SyncState.HELD
    assert settle.reason
    assert codes(judge) == ["record-gone"]


@pytest.mark.parametrize("outcome", [NoMatch(), Gone()])
def test_without_a_record_and_without_leave_to_create_one_it_is_looked_for_later(
    judge: Judge, outcome: Any
) -> None:
    taken = due()
    an_hour_ago = replace(taken.lead, changed_at=NOW - 3_600_000)
    settle = judge.unmatched(Person(replace(taken, lead=an_hour_ago), MAPPED), outcome, NOW, "")

    assert settle.state is None
    assert settle.tries == 0
    assert settle.due_at == NOW + 1_800_000


def test_a_record_that_never_comes_is_looked_for_less_and_less() -> None:
    unheard, looks = 0.0, []
    while unheard < 30 * 86_400:
        looks.append(unheard)
        unheard += until_next_look(unheard)

    within = [sum(look < limit for look in looks) for limit in (600, 86_400)]
    assert within == [6, 19]
    assert looks[-1] - looks[-2] == LATEST_LOOK


def test_a_read_that_failed_is_repeated_and_says_nothing_about_an_earlier_write(judge: Judge) -> None:
    settle = judge.unmatched(person(sending="create"), RetryLater("busy", after=4), NOW, "")

    assert settle.due_at == NOW + 4000
    assert not settle.clear_sending


def test_a_lead_that_fails_for_too_long_is_told(judge: Judge) -> None:
    old = NOW - 4 * 86_400_000
    one = person(first_failed_at=old, tries=30)

    assert judge.unmatched(one, RetryLater("busy"), NOW, "").state is SyncState.PARKED
    assert judge.written("create", creating(first_failed_at=old), Uncertain("cut"), NOW, "").state is (
        SyncState.PARKED
    )
    assert codes(judge) == ["lead-parked"] * 2


def test_a_record_that_is_right_is_synced_without_a_write(judge: Judge) -> None:
    one = person(converted(), mapped=only("milestone"), record=known(created_by_us=True))
    match = record(milestone="won")
    one.found(Match(match))
    settle = judge.done(one, match, NOW)

    assert settle.synced == VERSION
    assert settle.values == {"milestone": "won"}
    assert settle.record == known(created_by_us=True)
    assert settle.clear_sending


SAMPLES: dict[type, Any] = {
    NoMatch: NoMatch(),
    Ambiguous: Ambiguous((), "two"),
    NotYet: NotYet(5.0, "lag"),
    Gone: Gone("deleted"),
    RetryLater: RetryLater("busy"),
    Synced: Synced(record()),
    Exists: Exists(record()),
    Rejected: Rejected("no"),
    Uncertain: Uncertain("cut"),
}


@pytest.mark.parametrize("kind", [kind for kind in get_args(MatchOutcome) if kind is not Match])
def test_every_answer_of_match_has_a_verdict(judge: Judge, kind: type) -> None:
    assert_progress(judge.unmatched(person(), SAMPLES[kind], NOW, ""))


@pytest.mark.parametrize("kind", get_args(Outcome))
@pytest.mark.parametrize("hook", ["create", "enrich"])
def test_every_answer_to_a_write_has_a_verdict(judge: Judge, kind: type, hook: str) -> None:
    write = creating() if hook == "create" else changing()

    assert_progress(judge.written(hook, write, SAMPLES[kind], NOW, ""))


def assert_progress(settle: Settle) -> None:
    """Whatever happened, the lead is done, set aside, or due at a stated time."""
    assert (settle.connection, settle.lead) == ("fake", 1)
    assert settle.synced is not None or settle.state is not None or settle.due_at is not None


def test_only_what_is_done_counts_as_synced(judge: Judge) -> None:
    for kind in get_args(Outcome):
        _ = judge.written("create", creating(), SAMPLES[kind], NOW, "")

    assert judge.synced == 1


def test_every_finding_has_a_remedy(judge: Judge) -> None:
    one: Person = person()
    judge.shared(one.id, "r1 is another's", NOW)
    one.adopted([known("r1"), known("r2")])
    judge.doubled(one, NOW)

    remedies = {kind.code: kind.remedy for kind in KINDS}
    assert all(found.remedy == remedies[found.code] for found in judge.findings)
