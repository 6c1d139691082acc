"""The endpoints of leads: `/v1/leads` and what belongs to it. v2 has none of it.

Sources: the v1 specification; n8n's recorded call for custom fields, which stand at the top level under the
codes of deal fields. A value that is not set does not appear.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from afterclick.sandbox import Answer, Call, Refused, Row
from afterclick_pipedrive.sandbox import bodies, paging, values
from afterclick_pipedrive.sandbox.company import Company
from afterclick_pipedrive.sandbox.deals import check_cap, check_links
from afterclick_pipedrive.sandbox.limits import Caller
from afterclick_pipedrive.sandbox.times import precise

SOURCES = ("API", "Import", "Live chat", "Manually created", "Prospector", "Web forms")
"""The fixed list of where leads come from."""

Color = Literal["blue", "brown", "dark-gray", "gray", "green", "orange", "pink", "purple", "red", "yellow"]


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amount: float
    currency: str


class LeadPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an update may send, custom fields aside; what is a number in v2 may be a text here."""

    title: str | UnsetType = UNSET
    owner_id: int | UnsetType = UNSET
    label_ids: list[uuid.UUID] | UnsetType = UNSET
    person_id: int | UnsetType | None = UNSET
    organization_id: int | UnsetType | None = UNSET
    is_archived: bool | UnsetType = UNSET
    value: Money | UnsetType | None = UNSET
    expected_close_date: str | UnsetType | None = UNSET
    visible_to: Literal["1", "3", "5", "7"] | UnsetType = UNSET
    was_seen: bool | UnsetType = UNSET
    channel: int | UnsetType | None = UNSET
    channel_id: str | UnsetType | None = UNSET


class LeadInput(LeadPatch, frozen=True, forbid_unknown_fields=True):
    """Only a create takes `origin_id`."""

    origin_id: str | UnsetType | None = UNSET


class LabelInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    color: Color


class Leads:
    """The endpoints of leads, their labels and their sources."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def create(self, call: Call) -> Answer:
        """Make a lead for a person or an organization: 201."""
        call.inputs = 1
        given = self._read(call, LeadInput)
        if not given.get("title"):
            raise Refused(bodies.error(400, "title is required"))
        if given.get("person_id") is None and given.get("org_id") is None:
            raise Refused(bodies.error(400, "A lead must be linked to a person or an organization"))
        check_cap(self._company, given["title"])
        caller: Caller = call.notes["caller"]
        defaults: dict[str, Any] = {
            "owner_id": caller.user_id,
            "creator_id": caller.user_id,
            "label_ids": [],
            "visible_to": "3",
            "is_archived": False,
            "was_seen": False,
        }
        lead_id = str(uuid.UUID(int=self._company.rng.getrandbits(128), version=4))
        now = self._company.clock.now()
        row = self._company.leads.add(lead_id, {**defaults, **given}, now, self._company.origin(call))
        return Answer(201, self._one(row))

    def read(self, call: Call) -> Answer:
        """Return a lead."""
        return Answer(200, self._one(self._live(call)))

    def list(self, call: Call) -> Answer:
        """Return leads that are not archived, oldest first. Pages go by `start`."""
        return self._page(call, archived=False)

    def list_archived(self, call: Call) -> Answer:
        """Return leads that are archived."""
        return self._page(call, archived=True)

    def _page(self, call: Call, *, archived: bool) -> Answer:
        links = {
            "owner_id": paging.whole(call, "owner_id"),
            "person_id": paging.whole(call, "person_id"),
            "org_id": paging.whole(call, "organization_id"),
        }
        found = [
            as_object(self._company, row)
            for row in self._company.listed(self._company.leads)
            if row.values["is_archived"] is archived
            and all(value in (None, row.values.get(name)) for name, value in links.items())
        ]
        shown, start, limit = paging.numbered(call, found)
        additional = {
            "start": start,
            "limit": limit,
            "more_items_in_collection": start + limit < len(found),
        }
        return Answer(200, {"success": True, "data": shown, "additional_data": additional})

    def update(self, call: Call) -> Answer:
        """Write to a lead: only what is sent changes, null clears."""
        call.inputs = 1
        given = self._read(call, LeadPatch)
        row = self._live(call)
        if row.values["is_archived"] and given.get("is_archived") is not False:
            return bodies.error(400, "Archived leads cannot be edited")
        self._company.leads.change(row, given, self._company.clock.now(), self._company.origin(call))
        return Answer(200, self._one(row))

    def delete(self, call: Call) -> Answer:
        """Delete a lead."""
        call.inputs = 1
        row = self._live(call)
        self._company.leads.archive(row, self._company.clock.now())
        return Answer(200, {"success": True, "data": {"id": row.id}})

    def labels(self, call: Call) -> Answer:
        """Return all labels, without pages."""
        return Answer(200, {"success": True, "data": list(self._company.lead_labels)})

    def create_label(self, call: Call) -> Answer:
        """Make a label."""
        call.inputs = 1
        wanted = self._company.body(call, LabelInput)
        now = precise(self._company.clock.now())
        made = {
            "id": str(uuid.UUID(int=self._company.rng.getrandbits(128), version=4)),
            "name": wanted.name,
            "color": wanted.color,
            "add_time": now,
            "update_time": now,
        }
        self._company.lead_labels.append(made)
        return Answer(200, {"success": True, "data": made})

    def sources(self, call: Call) -> Answer:
        """Return the fixed list of sources."""
        return Answer(200, {"success": True, "data": [{"name": name} for name in SOURCES]})

    def _live(self, call: Call) -> Row:
        return self._company.live(self._company.leads, call.params["id"], "Lead")

    def _read(self, call: Call, of: type[LeadPatch]) -> dict[str, Any]:
        """Return what is to be stored of a body, whose custom fields stand between its other keys."""
        whole = self._company.body(call, dict[str, Any])
        custom = {name: value for name, value in whole.items() if self._is_custom(name)}
        try:
            wanted = msgspec.convert({n: v for n, v in whole.items() if n not in custom}, of)
        except msgspec.ValidationError as fault:
            raise Refused(_misshapen(fault)) from fault
        given = {n: v for n, v in msgspec.structs.asdict(wanted).items() if v is not UNSET}
        if "organization_id" in given:
            given["org_id"] = given.pop("organization_id")
        if "label_ids" in given:
            given["label_ids"] = self._known_labels(given["label_ids"])
        if given.get("value") is not None:
            given["value"] = msgspec.to_builtins(given["value"])
        check_links(self._company, given)
        return given | self._company.custom("deal", custom)

    def _is_custom(self, name: str) -> bool:
        field = self._company.fields["deal"].get(name)
        return field is not None and field.is_custom_field

    def _known_labels(self, label_ids: Sequence[uuid.UUID]) -> Sequence[str]:
        known = {label["id"] for label in self._company.lead_labels}
        unknown = [str(one) for one in label_ids if str(one) not in known]
        if unknown:
            raise Refused(bodies.error(400, f"Lead label {unknown[0]} not found"))
        return [str(one) for one in label_ids]

    def _one(self, row: Row) -> dict[str, Any]:
        return {"success": True, "data": as_object(self._company, row)}


def as_object(company: Company, row: Row) -> dict[str, Any]:
    """Return a lead as v1 returns it, with the custom fields that are set at the top level."""
    given = row.values
    own = {field.field_code for field in company.fields["deal"].custom()}
    custom: Mapping[str, Any] = {c: values.shown(v) for c, v in given.items() if c in own}
    return {
        "id": row.id,
        "title": given["title"],
        "owner_id": given["owner_id"],
        "creator_id": given["creator_id"],
        "label_ids": given["label_ids"],
        "person_id": given.get("person_id"),
        "organization_id": given.get("org_id"),
        "source_name": "API",
        "origin": "API",
        "origin_id": given.get("origin_id"),
        "channel": given.get("channel"),
        "channel_id": given.get("channel_id"),
        "source_deal_id": None,
        "is_archived": given["is_archived"],
        "was_seen": given["was_seen"],
        "value": given.get("value"),
        "expected_close_date": given.get("expected_close_date"),
        "next_activity_id": None,
        "add_time": precise(row.created),
        "update_time": precise(row.updated),
        "visible_to": given["visible_to"],
        "cc_email": f"{company.options.company}+{company.options.company_id}+lead{row.id}@pipedrivemail.com",
        **custom,
    }


def _misshapen(fault: msgspec.ValidationError) -> Answer:
    """Return v1's 400 about a body, which words it in its own way."""
    text = str(fault)
    if text.startswith("Object contains unknown field `"):
        return bodies.error(400, f"{text.split('`')[1]} is not allowed")
    return bodies.error(400, text.replace("`", "'"))
