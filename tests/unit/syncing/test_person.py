"""What a record should hold, what differs, and which records are a person's."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.syncing.people import (
    converted,
    due,
    found,
    known,
    only,
    person,
    record,
    sync_row,
    tapped,
)

from afterclick.model.fields import FieldSpec, Rule
from afterclick.plugin import Match
from afterclick.syncing.person import Mapped

ONE = only("milestone")


def test_a_plugin_is_shown_all_keys_strongest_first() -> None:
    shown = person(converted(), joined_keys=["event:" + "0" * 32, "ref:" + "f" * 32]).lead()

    assert [key.partition(":")[0] for key in shown.keys] == ["user", "ref", "ref", "event"]
    assert shown.ref == "lead-1"
    assert not shown.stub


def test_an_unnamed_lead_is_a_stub() -> None:
    assert person(tapped()).lead().stub


def test_the_key_and_placeholders_are_for_new_records_only() -> None:
    one = person(tapped())

    assert one.lead(creating=True).values["key"] == one.keys[0]
    assert str(one.lead(creating=True).values["name"]).startswith("Lead summer ")
    assert {"key", "name"}.isdisjoint(one.lead().values)


def test_empty_values_are_never_sent() -> None:
    values = person(converted()).wanted(creating=True)

    assert "campaign" not in values
    assert None not in values.values()
    assert "" not in values.values()


def test_a_value_that_the_crm_refused_is_left_out_until_it_changes() -> None:
    refused = person(converted(milestone="odd"), rejected={"milestone": "odd"})
    changed = person(converted(milestone="even"), rejected={"milestone": "odd"})

    assert "milestone" not in refused.wanted(creating=True)
    assert changed.wanted(creating=True)["milestone"] == "even"


# The three-way merge: what we wrote last, what is there, what should be there.


def test_a_field_that_still_holds_what_we_wrote_takes_our_new_value() -> None:
    one = person(converted(milestone="new"), mapped=ONE, record=known(), values={"milestone": "old"})

    assert found(one, milestone="old") == {"milestone": "new"}


def test_a_field_that_a_person_changed_is_kept() -> None:
    one = person(converted(milestone="new"), mapped=ONE, record=known(), values={"milestone": "old"})

    assert found(one, milestone="typed") == {}


def test_without_a_base_only_an_empty_field_is_filled() -> None:
    assert found(person(converted(), mapped=ONE), milestone="typed") == {}
    assert found(person(converted(), mapped=ONE)) == {"milestone": "won"}


def test_a_value_that_agrees_with_ours_is_ours_from_then_on() -> None:
    one = person(converted(), mapped=ONE)

    assert found(one, milestone="won") == {}
    assert one.base == {"milestone": "won"}


def test_of_a_write_whose_answer_was_lost_what_landed_is_ours() -> None:
    one = person(
        converted(milestone="third"),
        mapped=ONE,
        record=known(),
        values={"milestone": "first"},
        sending="enrich",
        sending_values={"milestone": "second"},
    )

    assert found(one, milestone="second") == {"milestone": "third"}


def test_of_a_write_whose_answer_was_lost_what_did_not_land_changes_nothing() -> None:
    lost = {"sending": "enrich", "sending_values": {"milestone": "second"}}
    row = {"record": known(), "values": {"milestone": "first"}, **lost}
    here = person(converted(milestone="third"), mapped=ONE, **row)
    typed = person(converted(milestone="third"), mapped=ONE, **row)

    assert found(here, milestone="first") == {"milestone": "third"}
    assert found(typed, milestone="typed") == {}


def test_a_create_that_landed_unseen_is_ours_field_by_field() -> None:
    one = person(
        converted(milestone="second"),
        mapped=only("milestone", "referrer"),
        sending="create",
        sending_values={"milestone": "first", "referrer": "bob"},
    )

    assert found(one, milestone="first", referrer="typed") == {"milestone": "second"}
    assert one.base == {"milestone": "first"}


def test_a_create_of_a_joined_lead_that_landed_unseen_is_ours_too() -> None:
    behind = sync_row(2, sending="create", sending_since=1, sending_values={"milestone": "first"})
    one = person(converted(milestone="second"), mapped=ONE, joined=[behind])
    match = Match(msgspec.structs.replace(record(milestone="first"), key=one.keys[0]))
    one.found(match)
    change, adoption = one.change(), one.adoption(match)

    assert change is not None
    assert change.fields == {"milestone": "second"}
    assert adoption is not None
    assert adoption.records[0].created_by_us


def test_a_record_taken_over_from_a_joined_lead_brings_what_was_written_there() -> None:
    behind = sync_row(2, record=known("r2"), values={"milestone": "theirs"})
    one = person(converted(milestone="new"), mapped=ONE, joined=[behind], values={"milestone": "ours"})

    assert one.known == known("r2")
    assert found(one, id="r2", milestone="theirs") == {"milestone": "new"}


def test_a_placeholder_of_ours_is_not_taken_for_a_name_that_was_typed() -> None:
    fields = (FieldSpec(attribute="last_name", name="last", title="Last", placeholder="Lead {token}"),)
    mapped = Mapped(fields=fields)
    one = person(tapped(token="summer"), mapped=mapped, record=known())
    one.attributes = {**one.attributes, "last_name": "Miller"}

    assert found(one, last="Lead summer") == {"last": "Miller"}


@given(
    st.sampled_from([None, "base", "typed", "ours"]),
    st.sampled_from([None, "base", "other"]),
    st.sampled_from([None, "base", "typed", "sent"]),
)
def test_only_an_empty_field_or_our_own_value_is_ever_overwritten(
    there: str | None, base: str | None, sent: str | None
) -> None:
    one = person(
        converted(milestone="ours"),
        mapped=ONE,
        record=known(),
        values={} if base is None else {"milestone": base},
        sending_values={} if sent is None else {"milestone": sent},
    )
    written = found(one, **({} if there is None else {"milestone": there}))

    ours = there is None or there in (base, sent)
    assert written == ({"milestone": "ours"} if ours and there != "ours" else {})


def test_what_a_field_holds_after_a_write_is_what_the_crm_returned() -> None:
    """A CRM that cuts or folds a value would look like a person who edits it."""
    one = person(converted(milestone="Won "), mapped=only("key", "milestone"), record=known())
    found(one)

    assert one.written({"milestone": "Won ", "key": "user:1"}, record(milestone="won")) == {
        "milestone": "won"
    }
    assert one.written({"milestone": "Won "}, record()) == {"milestone": "Won "}


def test_a_record_that_is_right_needs_no_write() -> None:
    one = person(converted(), mapped=ONE, record=known())

    assert found(one, milestone="won") == {}
    assert one.change() is None


def test_a_missing_step_is_a_write_even_if_every_value_is_right() -> None:
    one = person(converted(), mapped=ONE, record=known())
    one.found(Match(record(milestone="won"), pending=("deal",)))
    change = one.change()

    assert change is not None
    assert change.pending == ("deal",)
    assert change.fields == {}


def test_a_step_that_the_crm_refused_is_not_asked_for_again() -> None:
    one = person(converted(), mapped=ONE, record=known(), rejected={"deal": True})
    one.found(Match(record(milestone="won"), pending=("deal",)))

    assert one.change() is None


def test_a_field_that_the_kind_of_record_lacks_is_left_out() -> None:
    fields = tuple(msgspec.structs.replace(spec, kinds=("lead",)) for spec in ONE.fields)

    assert found(person(converted(), mapped=Mapped(fields=fields), record=known())) == {}


# Whose records are these?


def test_a_record_that_the_ledger_knows_is_not_adopted_again() -> None:
    one = person(converted(), record=known())
    one.found(Match(record()))

    assert one.adoption(Match(record())) is None


def test_a_record_that_was_found_is_adopted_and_is_not_ours() -> None:
    one = person(converted())
    one.found(Match(record()))
    adoption = one.adoption(Match(record()))

    assert adoption is not None
    assert [known.id for known in adoption.records] == ["r1"]
    assert not adoption.records[0].created_by_us


@pytest.mark.parametrize("position", [0, -1])
def test_a_record_of_a_lost_create_is_ours_under_whichever_of_our_keys(position: int) -> None:
    one = person(converted(), sending="create", joined_keys=["event:" + "0" * 32])
    match = Match(msgspec.structs.replace(record(), key=one.keys[position]))
    one.found(match)
    adoption = one.adoption(match)

    assert adoption is not None
    assert adoption.records[0].created_by_us


def test_a_record_that_another_followed_in_the_crm_is_adopted_under_its_new_id() -> None:
    """Sales merged the contact: its old id leads to another one."""
    one = person(converted(), record=known("r1", created_by_us=True))
    match = Match(record("r9"))
    one.found(match)
    adoption = one.adoption(match)

    assert adoption is not None
    assert adoption.records[0].id == "r9"


def test_records_of_joined_leads_become_doubles_of_the_first() -> None:
    behind = [sync_row(2, record=known("r2"), doubles=(known("r3"),)), sync_row(3, record=known("r1"))]
    one = person(converted(), record=known("r1"), joined=behind)
    match = Match(record("r1"), doubles=(record("r4"), record("r2")))
    one.found(match)
    adoption = one.adoption(match)

    assert adoption is not None
    first, *others = [record.id for record in adoption.records]
    assert first == "r1"
    assert sorted(others) == ["r2", "r3", "r4"]


def test_what_was_related_to_a_record_stays_related() -> None:
    one = person(converted(), record=known("r1", related={"deal": "d1"}))
    match = Match(record("r1"), doubles=(record("r2"),))
    one.found(match)
    adoption = one.adoption(match)

    assert adoption is not None
    assert adoption.records[0].related == {"deal": "d1"}


def test_a_write_of_unknown_fate_of_any_lead_behind_it_makes_a_person_uncertain() -> None:
    behind = sync_row(2, sending="create", sending_since=50)

    assert person(converted(), joined=[behind], sending_since=70).lead().uncertain_since == 50
    assert person(converted()).lead().uncertain_since is None


def test_only_the_field_with_the_key_rule_is_the_key() -> None:
    one = person(converted())

    assert one.is_key("key")
    assert not one.is_key("token")
    assert not one.is_key("nothing")
    assert any(spec.rule is Rule.KEY for spec in one._mapped.fields)


def test_a_lead_keeps_the_version_it_was_taken_with() -> None:
    assert due(converted()).lead.version == 3
