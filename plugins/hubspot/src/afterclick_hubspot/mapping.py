"""From leads to HubSpot's inputs and from contacts to records. Pure.

All values travel as text. Source: HubSpot, "Contacts" and "Properties" guides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from afterclick.plugin import Change, FieldSpec, Kind, Lead, Record, Scalar, canonical
from afterclick_hubspot.answers import Contact

KIND = "contact"
OBJECT_TYPE = "0-1"
"""How HubSpot names contacts in the address of a record."""

EMAIL = "email"
FURTHER_EMAILS = "hs_additional_emails"
OWNER = "hubspot_owner_id"
CREATED = "createdate"
UPDATED_BY = "hs_updated_by_user_id"
WORKED_WITH = ("notes_last_updated", "num_notes", "num_associated_deals", "num_conversion_events")
"""What people leave on a contact beside its values: activities, deals, forms that were filled in."""
MERGED = ("hs_merged_object_ids", "hs_calculated_merged_vids")
"""Ids that went into a contact by merging: `1;2`, and `1:1762212973632;2:…` with times."""
_TRACES = (OWNER, CREATED, UPDATED_BY, *WORKED_WITH)


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How a contact is read: the fields, the property that holds the key, where the record is shown."""

    fields: tuple[FieldSpec, ...]
    key: str
    portal: str = ""
    ui_domain: str = "app.hubspot.com"

    @property
    def properties(self) -> tuple[str, ...]:
        """Return all properties that a read asks for, each once."""
        names = [spec.name for spec in self.fields]
        return tuple(dict.fromkeys([*names, self.key, EMAIL, FURTHER_EMAILS, *_TRACES, *MERGED]))

    def url(self, id: str) -> str | None:
        """Return where people see a contact, if the account is known."""
        return (
            f"https://{self.ui_domain}/contacts/{self.portal}/record/{OBJECT_TYPE}/{id}"
            if self.portal
            else None
        )


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One input of a batch write.

    `trace` makes HubSpot report faults per input and names it in the answer. `before` is the record
    as it was read, for an update.
    """

    trace: str
    id: str
    properties: dict[str, str]
    values: Mapping[str, Scalar]
    before: Record | None = None

    def as_upsert(self, key: str) -> dict[str, Any]:
        """Return the input for an upsert by the property `key`."""
        return {
            "id": self.id,
            "idProperty": key,
            "objectWriteTraceId": self.trace,
            "properties": self.properties,
        }

    def as_create(self) -> dict[str, Any]:
        """Return the input for a create, which refuses an e-mail address that somebody has."""
        return {"objectWriteTraceId": self.trace, "properties": self.properties}

    def as_update(self) -> dict[str, Any]:
        """Return the input for an update by record id, where HubSpot wants no `idProperty`."""
        return {"id": self.id, "objectWriteTraceId": self.trace, "properties": self.properties}


def new_contact(lead: Lead, shape: Shape) -> Input:
    """Return the input that creates a lead's contact under its first key."""
    key = lead.keys[0]
    values = {**lead.values, shape.key: key}
    return Input(trace=lead.ref, id=key, properties=dict(_texts(values)), values=values)


def changed_contact(change: Change, shape: Shape) -> Input:
    """Return the input that writes a change; a key that the contact has is never written again."""
    values = {
        name: value for name, value in change.fields.items() if name != shape.key or change.record.key is None
    }
    return Input(
        trace=change.lead.ref,
        id=change.record.id,
        properties=dict(_texts(values)),
        values=values,
        before=change.record,
    )


def _texts(values: Mapping[str, Scalar]) -> Iterator[tuple[str, str]]:
    """Yield each value as text, leaving out empty ones: `""` would clear the property."""
    for name, value in values.items():
        text = str(value).lower() if isinstance(value, bool) else str(value).strip()
        if text:
            yield name, text


def to_record(contact: Contact, shape: Shape, written: Input | None = None) -> Record:
    """Return a contact as a record.

    A write answers with some properties only. The others are taken as they were read before and
    then written; whatever the answer says wins, so a stage that HubSpot did not take back shows.
    """
    before = written.before if written is not None else None
    values: dict[str, Scalar] = {}
    if before is not None:
        values |= before.values
    if written is not None:
        values |= written.values
    for spec in shape.fields:
        if spec.name in (contact.properties or {}):
            value = canonical(spec.kind, (contact.properties or {})[spec.name])
            if value is None:
                values.pop(spec.name, None)
            else:
                values[spec.name] = value
    id = str(contact.id)
    email = contact.text(EMAIL) or str(values.get(EMAIL, ""))
    created = canonical(Kind.DATETIME, contact.text(CREATED) or contact.created_at)
    return Record(
        kind=KIND,
        id=id,
        url=contact.url or shape.url(id),
        values=values,
        key=contact.text(shape.key) or (before.key if before else None) or _key(values, shape),
        named=bool(email or contact.text(OWNER) or (before is not None and before.named)),
        touched=is_touched(contact) if written is None else None,
        created_at=str(created) if created is not None else (before.created_at if before else None),
    )


def is_touched(contact: Contact) -> bool | None:
    """Tell whether people have worked with a contact, None where it was read without what tells that.

    It counts who has an e-mail address or an owner, was changed last by a user, was merged, or has
    activities, deals or filled in forms.
    """
    if UPDATED_BY not in (contact.properties or {}):
        return None
    traces = (contact.text(name) for name in (EMAIL, OWNER, UPDATED_BY, *WORKED_WITH, *MERGED))
    return any(text not in ("", "0") for text in traces)


def _key(values: Mapping[str, Scalar], shape: Shape) -> str | None:
    return str(values[shape.key]) if shape.key in values else None


def bare_record(id: str, shape: Shape) -> Record:
    """Return a record of which only the id is known; the core reads the rest."""
    return Record(kind=KIND, id=id, url=shape.url(id))


def merged_ids(contact: Contact) -> frozenset[str]:
    """Return the ids that now lead to this contact because it took them in."""
    entries = (entry for name in MERGED for entry in contact.text(name).split(";"))
    return frozenset(entry.partition(":")[0].strip() for entry in entries) - {"", str(contact.id)}


def addresses(contact: Contact) -> frozenset[str]:
    """Return all e-mail addresses of a contact, in the form in which they are compared."""
    further = contact.text(FURTHER_EMAILS).split(";")
    return frozenset(same(text) for text in (contact.text(EMAIL), *further)) - {""}


def same(text: str) -> str:
    """Return the form in which keys and ids are compared: HubSpot may change case and blanks."""
    return text.strip().lower()
