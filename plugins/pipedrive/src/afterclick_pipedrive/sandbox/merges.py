"""Merging and converting: what takes a record away for good and leaves another.

Sources: pipedrive.readme.io "Merging two persons"; the v1 specification of both merges and the v2 one of
conversions. The record in the path is the one that goes; nothing undoes it.
"""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from afterclick.sandbox import Answer, Call, Refused, Row, Store
from afterclick_pipedrive.sandbox import bodies
from afterclick_pipedrive.sandbox.company import Company, Conversion
from afterclick_pipedrive.sandbox.deals import add_deal
from afterclick_pipedrive.sandbox.times import plain
from afterclick_pipedrive.sandbox.users import called


class Merge(msgspec.Struct, frozen=True):
    merge_with_id: int


class Destination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the deal is to be; without either, in the first stage of the default pipeline."""

    stage_id: int | None = None
    pipeline_id: int | None = None


class Merges:
    """`/v1/persons/{id}/merge` and `/v1/deals/{id}/merge`."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def persons(self, call: Call) -> Answer:
        """Unite two persons: addresses, deals, leads and notes move, empty fields are filled, no more."""
        loser, winner = self._pair(call, self._company.persons, "Person")
        gained = _filled(winner, loser)
        for name in ("emails", "phones"):
            gained[name] = _united(winner.values[name], loser.values[name])
        self._carry_out(call, self._company.persons, loser, winner, gained)
        for store in (self._company.deals, self._company.leads, self._company.notes):
            self._move(call, store, "person_id", loser, winner)
        return Answer(200, {"success": True, "data": self._person(winner, loser)})

    def deals(self, call: Call) -> Answer:
        """Unite two deals in the same way."""
        loser, winner = self._pair(call, self._company.deals, "Deal")
        self._carry_out(call, self._company.deals, loser, winner, _filled(winner, loser))
        self._move(call, self._company.notes, "deal_id", loser, winner)
        given = winner.values
        data = {
            "id": int(winner.id),
            "title": given["title"],
            "creator_user_id": given["creator_user_id"],
            "user_id": given["owner_id"],
            "person_id": given.get("person_id"),
            "org_id": given.get("org_id"),
            "stage_id": given["stage_id"],
            "pipeline_id": given["pipeline_id"],
            "value": given["value"],
            "currency": given["currency"],
            "status": given["status"],
            "add_time": plain(winner.created),
            "update_time": plain(winner.updated),
            "active": given["status"] == "open",
            "deleted": False,
            "visible_to": str(given["visible_to"]),
            "merge_what_id": int(loser.id),
        }
        return Answer(200, {"success": True, "data": data})

    def _pair(self, call: Call, store: Store, what: str) -> tuple[Row, Row]:
        call.inputs = 2
        wanted = self._company.body(call, Merge)
        loser = self._company.live(store, call.params["id"], what)
        winner = self._company.live(store, wanted.merge_with_id, what)
        if loser is winner:
            raise Refused(bodies.error(400, f"{what} cannot be merged with itself"))
        return loser, winner

    def _carry_out(self, call: Call, store: Store, loser: Row, winner: Row, gained: dict[str, Any]) -> None:
        now = self._company.clock.now()
        store.change(winner, gained, now, self._company.origin(call))
        store.archive(loser, now)

    def _move(self, call: Call, store: Store, link: str, loser: Row, winner: Row) -> None:
        now, origin = self._company.clock.now(), self._company.origin(call)
        for row in store:
            if row.values.get(link) == int(loser.id):
                store.change(row, {link: int(winner.id)}, now, origin)

    def _person(self, winner: Row, loser: Row) -> dict[str, Any]:
        """Return a person in v1's shape, which a merge still has."""
        given = winner.values
        first, _, last = given["name"].partition(" ")
        org_id = given.get("org_id")
        return {
            "id": int(winner.id),
            "company_id": self._company.options.company_id,
            "owner_id": given["owner_id"],
            "owner_name": called(given["owner_id"]),
            "org_id": org_id,
            "org_name": None if org_id is None else self._company.organizations[org_id],
            "name": given["name"],
            "first_name": first,
            "last_name": last or None,
            "email": given["emails"],
            "phone": given["phones"],
            "first_char": given["name"][0].lower(),
            "active_flag": True,
            "visible_to": str(given["visible_to"]),
            "label_ids": given["label_ids"],
            "add_time": plain(winner.created),
            "update_time": plain(winner.updated),
            "merge_what_id": int(loser.id),
        }


class Conversions:
    """`/api/v2/leads/{id}/convert/deal` and the poll that follows."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def convert(self, call: Call) -> Answer:
        """Turn a lead into a deal, with its notes, its fields and its source."""
        call.inputs = 1
        wanted = self._company.body(call, Destination)
        lead = self._company.live(self._company.leads, call.params["id"], "Lead")
        pipelines = self._company.pipelines
        stage = (
            pipelines.first_stage(wanted.pipeline_id)
            if wanted.stage_id is None
            else pipelines.stage(wanted.stage_id)
        )
        if stage is None:
            raise Refused(bodies.invalid(("stage_id", "Stage not found or not visible")))
        own = {field.field_code for field in self._company.fields["deal"].custom()}
        kept = own | {"title", "person_id", "org_id", "channel_id", "expected_close_date"}
        given = {name: value for name, value in lead.values.items() if name in kept}
        money = lead.values.get("value")
        if money:
            given |= {"value": money["amount"], "currency": money["currency"]}
        origin, owner_id = self._company.origin(call), lead.values["owner_id"]
        deal = add_deal(self._company, given, stage, origin, owner_id=owner_id, source_lead_id=lead.id)
        self._follow(lead, deal, origin)
        conversion_id = str(uuid.UUID(int=self._company.rng.getrandbits(128), version=4))
        self._company.conversions[conversion_id] = Conversion(lead.id, int(deal.id))
        body = {"success": True, "data": {"conversion_id": conversion_id}, "additional_data": None}
        return Answer(200, body)

    def status(self, call: Call) -> Answer:
        """Return how far a conversion is: `running` at the first look, `completed` from the next one on."""
        found = self._company.conversions.get(call.params["conversion_id"])
        if found is None or found.lead_id != call.params["id"]:
            return bodies.not_found("Conversion")
        found.polls += 1
        data: dict[str, Any] = {"lead_id": found.lead_id, "conversion_id": call.params["conversion_id"]}
        done = {"status": "completed", "deal_id": found.deal_id} if found.polls > 1 else {"status": "running"}
        return Answer(200, {"success": True, "data": {**data, **done}, "additional_data": None})

    def _follow(self, lead: Row, deal: Row, origin: str) -> None:
        """Let the notes of a lead follow it, and mark it as deleted."""
        now = self._company.clock.now()
        for note in self._company.notes:
            if note.values.get("lead_id") == lead.id:
                self._company.notes.change(note, {"lead_id": None, "deal_id": int(deal.id)}, now, origin)
        self._company.leads.archive(lead, now)


def _filled(winner: Row, loser: Row) -> dict[str, Any]:
    """Return what the winner lacks and the loser has."""
    return {name: value for name, value in loser.values.items() if name not in winner.values}


def _united(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the addresses of both, each once; the primary one is the first's, if it has any."""
    known = {one["value"].lower() for one in first}
    added = [one for one in second if one["value"].lower() not in known]
    return [*first, *({**one, "primary": one["primary"] and not first} for one in added)]
