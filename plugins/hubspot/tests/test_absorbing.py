"""People with an e-mail address: found, created and united, against the emulator and HubSpot's own bodies."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from afterclick.plugin import (
    Absorption,
    Exists,
    Match,
    NoMatch,
    NotAuthorized,
    Record,
    Rejected,
    RetryLater,
    Synced,
    Uncertain,
)
from afterclick.sandbox import Rule
from afterclick_hubspot import plugin

from .emulated import VALUES, Account, account
from .support import CONTACTS, CREATE, EVENT, READ, USER, batch, bench, contact, error, item, lead

ADA = "ada@example.com"
TYPED = {"email": ADA, "firstname": "Ada", "lastname": "Byron", "hubspot_owner_id": "71001"}


async def stub(a: Account, *, key: str = EVENT, **values: str) -> Record:
    """Make the contact of a journey, as the core does."""
    (made,) = await a.create(lead(keys=[key], values={"lastname": "Deep Link Lead", **values}))
    assert isinstance(made, Synced)
    return made.record


def into(survivor: str, double: Record, *, ours: bool = True) -> Absorption:
    return Absorption(
        lead=lead(keys=[USER, EVENT], emails=(ADA,)),
        survivor=Record(kind="contact", id=survivor),
        double=double,
        created_by_us=ours,
    )


# Finding.


async def test_a_contact_that_sales_typed_in_is_found_by_its_address() -> None:
    async with account() as a:
        id = a.hub.add_contact(TYPED)

        (found,) = await a.match(lead(keys=[USER, EVENT], emails=("Ada@Example.com",)))

        assert isinstance(found, Match)
        assert (found.record.id, found.record.key, found.record.named) == (id, None, True)


async def test_an_additional_address_leads_to_its_contact_and_its_own_address_stays() -> None:
    async with account() as a:
        id = a.hub.add_contact({**TYPED, "email": "ada@work.example"}, additional_emails=[ADA])

        (found,) = await a.match(lead(keys=[USER], emails=(ADA,)))

        assert isinstance(found, Match)
        assert (found.record.id, found.record.values["email"]) == (id, "ada@work.example")


async def test_a_stub_whose_person_gave_an_address_is_found_with_the_contact_that_has_it() -> None:
    async with account() as a:
        double = await stub(a)
        id = a.hub.add_contact(TYPED)

        (found,) = await a.match(lead(keys=[USER, EVENT], emails=(ADA,), record_id=double.id))

        assert isinstance(found, Match)
        assert [found.record.id, *(one.id for one in found.doubles)] == [double.id, id]


async def test_nobody_looks_for_an_address_that_the_known_contact_has() -> None:
    async with account() as a:
        id = a.hub.add_contact(TYPED)
        before = a.hub.calls.total

        (found,) = await a.match(lead(keys=[USER, EVENT], emails=(ADA,), record_id=id))

        assert isinstance(found, Match)
        assert a.hub.calls.total - before == 1


async def test_an_address_never_stands_in_a_path() -> None:
    """Not even where the answer to a batch does not mention it: access logs keep paths."""
    async with bench() as b:
        b.hub.reply(READ, batch(errors=[item("OBJECT_NOT_FOUND", ids=[USER])]), 207)
        b.hub.reply(READ, batch(), 200)
        b.hub.reply(READ, batch([contact("7", {"email": "other@example.com"})]))

        (found,) = await plugin.match([lead(keys=[USER], emails=(ADA,))], b.ctx)

        assert isinstance(found, Match)
        assert found.record.id == "7"
        assert all(ADA not in str(sent.url) for sent in b.hub.sent)


async def test_an_address_that_hubspot_does_not_answer_for_creates_nobody() -> None:
    async with bench() as b:
        absent = batch(errors=[item("OBJECT_NOT_FOUND", ids=[USER, EVENT])])
        b.hub.reply(READ, absent, 207)
        b.hub.reply(READ, error("INTERNAL_ERROR"), 502)

        found = await plugin.match([lead(keys=[USER], emails=(ADA,)), lead("lead-2", keys=[EVENT])], b.ctx)

        assert isinstance(found[0], RetryLater)
        assert found[1] == NoMatch()


# Creating.


async def test_contact_with_an_address_is_created_and_not_upserted() -> None:
    """HubSpot warns not to mix its own unique property into an upsert by another."""
    async with bench() as b:
        b.hub.reply(CREATE, batch([contact("7", {"deep_link_key": USER})]), 201)
        (found,) = await plugin.create(
            [lead(keys=[USER, EVENT], values={"lastname": "Lead", "email": ADA})], b.ctx
        )
    (sent,) = b.hub.sent
    (input,) = sent.body["inputs"]
    assert set(input) == {"objectWriteTraceId", "properties"}
    assert (input["properties"]["email"], input["properties"]["deep_link_key"]) == (ADA, USER)
    assert isinstance(found, Synced)
    assert found.record.named


async def test_a_person_with_an_address_is_created_once() -> None:
    async with account() as a:
        person = lead(keys=[USER], values=VALUES, emails=(ADA,))

        (made,) = await a.create(person)
        (again,) = await a.create(person)

        assert isinstance(made, Synced)
        assert made.record.values["email"] == ADA
        assert isinstance(again, Exists)
        assert again.record.id == made.record.id
        assert len(a.hub.contacts()) == 1


async def test_a_create_that_meets_a_typed_contact_goes_over_to_it() -> None:
    async with account() as a:
        id = a.hub.add_contact(TYPED)

        (met,) = await a.create(lead(keys=[USER], values=VALUES, emails=(ADA,)))

        assert isinstance(met, Exists)
        assert met.record.id == id


async def test_people_with_and_without_an_address_travel_in_one_batch() -> None:
    async with account() as a:
        bare = {name: value for name, value in VALUES.items() if name not in ("email", "deep_link_key")}

        made = await a.create(lead(keys=[USER], values=VALUES), lead("lead-2", keys=[EVENT], values=bare))

        assert all(isinstance(one, Synced) for one in made)
        assert [one.record.key for one in made] == [USER, EVENT]


# The key of a contact that has none.


async def test_a_typed_contact_gets_a_key_and_one_with_a_key_keeps_it() -> None:
    async with account() as a:
        id = a.hub.add_contact({"lastname": "Byron"})

        first = await a.enrich(id, {"deep_link_key": USER, "deep_link_token": "may"})
        second = await a.enrich(id, {"deep_link_key": EVENT})

        assert isinstance(first, Synced)
        assert isinstance(second, Synced)
        assert a.hub.contact(id)["deep_link_key"] == USER  # type: ignore[index]


async def test_a_key_that_another_contact_holds_is_refused_alone() -> None:
    async with account() as a:
        await a.create(lead(keys=[USER], values={"lastname": "Holder"}))
        id = a.hub.add_contact({"lastname": "Byron"})

        outcome = await a.enrich(id, {"deep_link_key": USER, "deep_link_token": "may"})

        assert isinstance(outcome, Rejected)
        assert outcome.field == "deep_link_key"


# Uniting.


async def test_a_stub_goes_into_the_bin_with_its_key() -> None:
    async with account() as a:
        double = await stub(a)
        id = a.hub.add_contact(TYPED)

        (outcome,) = await plugin.absorb([into(id, double)], a.ctx)

        assert isinstance(outcome, Synced)
        assert outcome.record.id == id
        assert [one["hs_object_id"] for one in a.hub.contacts()] == [id]


@pytest.mark.parametrize("kind", ["overlook", "ignore"])
async def test_a_contact_that_is_still_there_was_not_archived_whatever_the_answer_says(kind: Any) -> None:
    async with account() as a:
        one, other = await stub(a), await stub(a, key=USER)
        survivor = a.hub.add_contact(TYPED)
        a.hub.faults.start((Rule(kind=kind, path="/batch/archive"),), seed=3)
        first = await plugin.absorb([into(survivor, one), into(survivor, other)], a.ctx)
        left = {contact["hs_object_id"] for contact in a.hub.contacts()}

        for double, outcome in zip((one, other), first, strict=True):
            assert isinstance(outcome, Uncertain if double.id in left else Synced)
        assert left - {survivor}
        a.hub.faults.clear()
        again = await plugin.absorb([into(survivor, one), into(survivor, other)], a.ctx)
        assert [type(outcome) for outcome in again] == [Synced, Synced]
        assert [contact["hs_object_id"] for contact in a.hub.contacts()] == [survivor]


async def test_to_absorb_again_changes_nothing() -> None:
    async with account() as a:
        double = await stub(a)
        id = a.hub.add_contact(TYPED)
        await plugin.absorb([into(id, double)], a.ctx)
        calls = a.hub.calls.total

        (outcome,) = await plugin.absorb([into(id, double)], a.ctx)

        assert isinstance(outcome, Synced)
        archive = a.hub.counts()["routes"]["POST /crm/objects/{version}/contacts/batch/archive"]
        assert sum(archive.values()) == 1
        assert a.hub.calls.total > calls, "it looked"


@pytest.mark.parametrize("added", [{"email": "somebody@example.com"}, {"hubspot_owner_id": "71002"}])
async def test_a_stub_that_people_took_up_stays(added: dict[str, str]) -> None:
    async with account() as a:
        double = await stub(a)
        a.hub.edit_contact(double.id, added)
        id = a.hub.add_contact(TYPED)

        (outcome,) = await plugin.absorb([into(id, double)], a.ctx)

        assert isinstance(outcome, Rejected)
        assert len(a.hub.contacts()) == 2


@pytest.mark.parametrize("doubles", ["archive", "merge"])
async def test_what_we_did_not_make_is_never_retired(doubles: str) -> None:
    async with account() as a:
        a.ctx.settings = msgspec.structs.replace(a.ctx.settings, doubles=doubles)
        one, other = a.hub.add_contact(TYPED), a.hub.add_contact({"lastname": "Other"})

        (outcome,) = await plugin.absorb([into(one, Record(kind="contact", id=other), ours=False)], a.ctx)

        assert isinstance(outcome, Rejected)
        assert len(a.hub.contacts()) == 2


async def test_doubles_can_be_kept() -> None:
    async with account() as a:
        a.ctx.settings = msgspec.structs.replace(a.ctx.settings, doubles="keep")
        double = await stub(a)

        (outcome,) = await plugin.absorb([into(a.hub.add_contact(TYPED), double)], a.ctx)

        assert isinstance(outcome, Rejected)
        assert len(a.hub.contacts()) == 2


async def test_a_merge_gives_the_survivor_as_it_is_under_its_new_id() -> None:
    async with account() as a:
        a.ctx.settings = msgspec.structs.replace(a.ctx.settings, doubles="merge")
        double = await stub(a, deep_link_token="may")
        id = a.hub.add_contact(TYPED)

        (outcome,) = await plugin.absorb([into(id, double)], a.ctx)

        assert isinstance(outcome, Synced)
        (left,) = a.hub.contacts()
        assert outcome.record.id == left["hs_object_id"] != id
        assert (outcome.record.values["lastname"], outcome.record.values["deep_link_token"]) == (
            "Byron",
            "may",
        )


async def test_a_merge_whose_answer_was_lost_is_recognised() -> None:
    async with account() as a:
        a.ctx.settings = msgspec.structs.replace(a.ctx.settings, doubles="merge")
        double = await stub(a)
        id = a.hub.add_contact(TYPED)
        a.hub.faults.add(Rule(kind="cut_after", path="/merge", times=1))

        (lost,) = await plugin.absorb([into(id, double)], a.ctx)
        (found,) = await a.match(lead(keys=[USER], record_id=id))
        (again,) = await plugin.absorb([into(found.record.id, double)], a.ctx)

        assert isinstance(lost, Uncertain)
        assert isinstance(again, Synced)
        assert again.record.id == found.record.id
        assert len(a.hub.contacts()) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(423, RetryLater), (502, Uncertain), (400, Rejected), (524, Uncertain)],
)
async def test_every_refusal_of_the_bin_has_its_meaning(status: int, kind: type) -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("8", {"deep_link_key": EVENT})]))
        b.hub.reply(f"{CONTACTS}/batch/archive", error("VALIDATION_ERROR"), status)

        (outcome,) = await plugin.absorb([into("7", Record(kind="contact", id="8"))], b.ctx)

        assert isinstance(outcome, kind)


async def test_a_refused_credential_stops_the_lane_and_keeps_what_is_known() -> None:
    async with bench() as b:
        b.hub.reply(READ, batch([contact("8")], [item("OBJECT_NOT_FOUND", ids=["9"])]), 207)
        b.hub.reply(f"{CONTACTS}/batch/archive", error("INVALID_AUTHENTICATION"), 401)
        both = [into("7", Record(kind="contact", id=id)) for id in ("8", "9")]

        with pytest.raises(NotAuthorized) as stop:
            await plugin.absorb(both, b.ctx)

        assert list(stop.value.outcomes) == [1]


# Erasing.


async def test_a_person_is_erased_for_good_and_once_is_enough() -> None:
    async with account() as a:
        record: Any = Record(kind="contact", id=a.hub.add_contact(TYPED))

        first = await plugin.erase([record], a.ctx)
        second = await plugin.erase([record], a.ctx)

        assert [type(one) for one in (*first, *second)] == [Synced, Synced]
        assert a.hub.contacts() == []


async def test_an_erasure_of_unknown_fate_is_uncertain() -> None:
    async with account() as a:
        record = Record(kind="contact", id=a.hub.add_contact(TYPED))
        a.hub.faults.add(Rule(kind="cut_after", path="/gdpr-delete", times=1))

        (outcome,) = await plugin.erase([record], a.ctx)

        assert isinstance(outcome, Uncertain)
