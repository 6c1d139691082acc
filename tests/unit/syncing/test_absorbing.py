"""Which of several records of a person lives on, and what becomes of the others."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.unit.syncing.people import MAPPED, converted, due, known, sync_row

from afterclick.ledger.rows import KnownRecord, SyncRow
from afterclick.plugin import Match, Record, Rejected, RetryLater, Synced
from afterclick.syncing.person import Person
from afterclick.syncing.retry import RetryRules
from afterclick.syncing.verdict import Judge, Write

NOW = 1_779_364_800_000


def record(id: str, *, named: bool = False, created: str | None = None, **values: Any) -> Record:
    key = values.pop("held", "event:" + id.ljust(32, "0"))
    return Record(kind="contact", id=id, values=values, key=key, named=named, created_at=created)


def ours(id: str, **more: Any) -> KnownRecord:
    return known(id, created_by_us=True, **more)


def person(row: KnownRecord | None = None, *joined: SyncRow, **sync: Any) -> Person:
    """Return a person whose own row holds `row`."""
    return Person(due(converted(), joined=joined, record=row, **sync), MAPPED, absorbs=True)


def test_a_plugin_is_told_which_doubles_are_known() -> None:
    one = person(ours("a"), sync_row(2, record=ours("b")), synced=1)

    assert [double.id for double in one.lead(known=False).doubles] == ["b"]


@pytest.fixture
def judge() -> Judge:
    return Judge("fake", RetryRules(), 50.0, absorbs=True)


# The survivor.


def test_a_record_that_somebody_typed_in_lives_on() -> None:
    one = person(ours("s"), synced=1)

    chosen = one.choose(Match(record("s", named=True, created="2020"), (record("c", created="2026"),)))

    assert [chosen.record.id, *(double.id for double in chosen.doubles)] == ["c", "s"]


def test_of_our_own_the_one_with_an_address_or_an_owner_lives_on_then_the_older_one() -> None:
    behind = [sync_row(2, record=ours("b")), sync_row(3, record=ours("c"))]
    one = person(ours("a"), *behind)
    named = (record("b", named=True, created="2026-03"), record("c", named=True, created="2026-02"))

    assert one.choose(Match(record("a", created="2026-01"), named)).record.id == "c"


def test_a_record_that_is_written_to_and_not_ours_stays_the_one() -> None:
    one = person(known("c"))

    assert one.choose(Match(record("c"), (record("d", named=True, created="1999"),))).record.id == "c"


def test_a_double_that_was_refused_does_not_come_back_as_the_survivor() -> None:
    one = person(ours("a"), doubles=(ours("b", kept=True),))

    assert one.choose(Match(record("a"), (record("b", named=True),))).record.id == "a"


def test_what_we_wrote_to_another_record_says_nothing_about_the_survivor() -> None:
    """A campaign that sales typed may equal what we wrote to the stub: it is theirs all the same."""
    one = person(ours("s"), values={"campaign": "may"})
    one.found(one.choose(Match(record("s", campaign="may"), (record("c", campaign="may"),))))

    assert one.base.get("campaign") is None


def test_what_we_wrote_to_a_joined_leads_record_counts_where_it_lives_on() -> None:
    behind = sync_row(2, record=ours("b"), values={"milestone": "first"})
    one = person(ours("a"), behind)
    one.found(one.choose(Match(record("a"), (record("b", named=True, milestone="first"),))))

    change = one.change()
    assert change is not None
    assert change.fields["milestone"] == "won"


# The key.


def test_a_record_without_a_key_gets_one_that_no_other_record_holds() -> None:
    one = person(ours("s"))
    strongest, *others = one.keys
    match = one.choose(Match(record("s", held=strongest), (record("c", held=None),)))
    one.found(match)
    adoption = one.adoption(match)
    assert adoption is not None
    one.adopted(adoption.records)

    change = one.change()
    assert change is not None
    assert change.fields["key"] in others


def test_a_key_is_not_guessed_while_a_double_was_not_read() -> None:
    one = person(known("c"), doubles=(ours("s"),))
    one.found(Match(record("c", held=None)))

    assert "key" not in one.change().fields  # type: ignore[union-attr]


def test_our_own_record_and_one_with_a_key_keep_theirs() -> None:
    for row, held in ((ours("a"), None), (known("a"), "user:" + "0" * 32)):
        one = person(row)
        one.found(Match(record("a", held=held)))

        assert "key" not in one.change().fields  # type: ignore[union-attr]


def test_a_refused_key_is_dropped_like_any_other_field(judge: Judge) -> None:
    one = person(known("c"))
    one.found(Match(record("c", held=None)))
    write = Write.enrich(one)
    assert write is not None

    settle = judge.written("enrich", write, Rejected("taken", "key"), NOW, "")

    assert settle.state is None
    assert settle.rejected is not None
    assert "key" in settle.rejected


# The doubles.


def right(one: Person, id: str = "c") -> Record:
    """Let the survivor be as it should be."""
    wanted = one.wanted(creating=False)
    found = Record(kind="contact", id=id, values=wanted, key=one.keys[0])
    one.found(Match(found))
    return found


def test_a_record_is_not_done_while_a_double_of_ours_is_left(judge: Judge) -> None:
    one = person(known("c"), doubles=(ours("s"), known("t")))

    settle = judge.done(one, right(one), NOW)

    assert settle.synced is None
    (write,) = judge.take_again()
    assert write.hook == "absorb"
    assert (write.item.survivor.id, write.item.double.id, write.item.created_by_us) == ("c", "s", True)


def test_an_absorbed_double_is_forgotten_and_what_others_made_is_kept(judge: Judge) -> None:
    one = person(known("c"), doubles=(ours("s"), known("t")))
    found = right(one)
    judge.done(one, found, NOW)

    settle = judge.written("absorb", judge.take_again()[0], Synced(found), NOW, "")

    assert settle.synced is not None
    assert [double.id for double in settle.doubles or ()] == ["t"]
    assert settle.seen == {"s", "t"}


def test_steps_that_remain_are_kept_with_the_double(judge: Judge) -> None:
    one = person(known("c"), doubles=(ours("s"),))
    found = right(one)
    judge.done(one, found, NOW)

    settle = judge.written("absorb", judge.take_again()[0], Synced(found, pending=("retire",)), NOW, "")

    assert settle.synced is None
    assert [double.pending for double in settle.doubles or ()] == [("retire",)]
    assert [write.item.pending for write in judge.take_again()] == [("retire",)]


def test_a_merge_that_gives_a_new_id_is_followed_and_completed(judge: Judge) -> None:
    one = person(known("c"), doubles=(ours("s"),))
    found = right(one)
    judge.done(one, found, NOW)
    merged = msgspec.structs.replace(found, id="n", values={**found.values, "milestone": ""})
    merged = msgspec.structs.replace(
        merged, values={name: value for name, value in merged.values.items() if value}
    )

    settle = judge.written("absorb", judge.take_again()[0], Synced(merged), NOW, "")

    assert settle.record is not None
    assert settle.record.id == "n"
    assert settle.synced is None
    assert [(write.hook, write.item.record.id) for write in judge.take_again()] == [("enrich", "n")]


def test_a_double_that_has_to_stay_is_told_and_left_alone(judge: Judge) -> None:
    one = person(known("c"), doubles=(ours("s"),))
    found = right(one)
    judge.done(one, found, NOW)

    settle = judge.written("absorb", judge.take_again()[0], Rejected("it has an owner"), NOW, "")

    assert settle.synced is not None
    assert [(double.id, double.kept) for double in settle.doubles or ()] == [("s", True)]
    assert [finding.code for finding in judge.findings] == ["record-double"]
    assert "it has an owner" in judge.findings[0].message


def test_a_double_that_cannot_be_absorbed_now_leaves_the_person_due(judge: Judge) -> None:
    one = person(known("c"), doubles=(ours("s"),))
    judge.done(one, right(one), NOW)

    settle = judge.written("absorb", judge.take_again()[0], RetryLater("busy"), NOW, "")

    assert settle.synced is None
    assert settle.doubles is None
    assert settle.due_at is not None
    assert settle.due_at > NOW


def test_without_the_hook_doubles_are_the_operators(judge: Judge) -> None:
    judge.absorbs = False
    one = person(known("c"), doubles=(ours("s"),))
    judge.doubled(one, NOW)

    settle = judge.done(one, right(one), NOW)

    assert settle.synced is not None
    assert judge.take_again() == []
    assert [finding.code for finding in judge.findings] == ["record-double"]
