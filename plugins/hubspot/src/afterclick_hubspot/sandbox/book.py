"""The contacts of one account: how they are found, written, merged and removed.

Sources: developers.hubspot.com "Contacts" and "Using object APIs"; HubSpot's knowledge base on merges;
what live recordings add is told where it is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random

from afterclick.sandbox import Clock, Row, Store
from afterclick_hubspot.sandbox.bodies import Problem
from afterclick_hubspot.sandbox.options import Options
from afterclick_hubspot.sandbox.schema import Schema

FIRST_ID = 171_590_000_001
MAX_IDENTITIES = 250
"""How many records one record may have swallowed."""

INTEGRATION = "Integration"
SALES = "Sales team"
USER_ID = "71001"

_SOURCES = {
    INTEGRATION: {
        "hs_object_source": "INTEGRATION",
        "hs_object_source_id": "19083857",
        "hs_object_source_label": "INTEGRATION",
    },
    SALES: {
        "hs_object_source": "CRM_UI",
        "hs_object_source_id": f"userId:{USER_ID}",
        "hs_object_source_label": "CRM_UI",
    },
}


class Book:
    """The contacts, live and archived, and the rules that hold whoever writes."""

    def __init__(self, schema: Schema, options: Options, clock: Clock, rng: Random) -> None:
        self.schema = schema
        self.store = Store({"email": address})
        self.portal = options.portal_id
        self._options = options
        self._clock = clock
        self._rng = rng
        self._last_id = FIRST_ID

    def new_id(self) -> str:
        """Return an id that no contact has; ids rise, with gaps."""
        self._last_id += self._rng.randrange(1, 12)
        return str(self._last_id)

    def not_a_key(self, name: str) -> Problem | None:
        """Return why `name` cannot be an `idProperty`, or None if it can (action-destinations#3957)."""
        if self.store.is_unique(name) and name in self.schema.active:
            return None
        message = f"Unable to perform update/upsert by non-unique 0-1 property {name}"
        return Problem(400, "VALIDATION_ERROR", f"{message} in portal ID {self.portal}")

    def locate(self, key: str, id_property: str | None = None, *, archived: bool = False) -> Row | None:
        """Return the contact with this id or unique value; the old id of a merged one leads to it.

        An e-mail address also finds the contact that has it as an *additional* one.
        """
        if id_property is not None:
            return None if archived else self.store.find(id_property, key)
        row = self.store.get(key)
        return row if row is not None and row.archived == archived else None

    def add(self, row_id: str, values: Mapping[str, str], origin: str = INTEGRATION) -> Row:
        """Make a contact.

        Raises:
            afterclick.sandbox.UniqueClash: another contact has one of the unique values.

        """
        now = self._clock.now()
        stage = values.get("lifecyclestage")
        dated = _dated(stage, now) if stage else {}
        return self.store.add(row_id, {**_SOURCES[origin], **dated, **values}, now, origin)

    def change(self, row: Row, values: Mapping[str, str], origin: str = INTEGRATION) -> None:
        """Write `values` to a contact; empty ones clear, a lifecycle stage only moves forward.

        Raises:
            afterclick.sandbox.UniqueClash: another contact has one of the unique values.

        """
        now = self._clock.now()
        kept = dict(values)
        stage = kept.get("lifecyclestage")
        if stage:
            current = row.values.get("lifecyclestage")
            if self._is_behind(stage, current):
                # HubSpot answers 200 and keeps the stage it has.
                del kept["lifecyclestage"]
            elif stage != current:
                kept |= _dated(stage, now)
        email = kept.get("email")
        self.store.change(row, kept, now, origin)
        if email and email in additional_emails(row):
            # An additional address that becomes the primary one is no longer additional.
            left = [given for given in additional_emails(row) if given != email]
            row.claims = tuple(("email", given) for given in left)
            self.store.change(row, {"hs_additional_emails": ";".join(left)}, now, origin)

    def add_emails(self, row: Row, addresses: Iterable[str]) -> None:
        """Give a contact additional e-mail addresses; other contacts cannot have them any more."""
        before = additional_emails(row)
        added = [given for given in map(address, addresses) if given not in before]
        for given in added:
            self.store.claim("email", given, row)
        if added:
            values = {"hs_additional_emails": ";".join([*before, *added])}
            self.store.change(row, values, self._clock.now(), row.writes[-1].origin)

    def archive(self, row: Row) -> None:
        """Put a contact into the bin."""
        self.store.archive(row, self._clock.now(), keep_values=self._options.reserve_archived)

    def erase(self, row: Row) -> None:
        """Delete a contact for good."""
        self.store.remove(row)

    def merge(self, primary: Row, other: Row) -> Row | Problem:
        """Unite two contacts in one, which has a new id; both old ids lead to it.

        The primary's values win and the other's fill what is empty; the stage further down the funnel
        stays, and the other's e-mail addresses become additional ones. Irreversible.
        """
        merged = [*_listed(primary, "hs_merged_object_ids"), *_listed(other, "hs_merged_object_ids")]
        merged += [primary.id, other.id]
        if len(merged) > MAX_IDENTITIES:
            message = f"Cannot have more than {MAX_IDENTITIES} identities on a profile"
            return Problem(400, "VALIDATION_ERROR", message)
        now = self._clock.now()
        values = {**other.values, **primary.values}
        stages = [r.values["lifecyclestage"] for r in (primary, other) if "lifecyclestage" in r.values]
        if len(stages) > 1 and self._is_behind(stages[0], stages[1]):
            values["lifecyclestage"] = stages[1]
        values["hs_merged_object_ids"] = ";".join(merged)
        values["hs_calculated_merged_vids"] = ";".join(f"{row_id}:{now}" for row_id in merged)
        values.pop("hs_additional_emails", None)
        emails = [e for r in (primary, other) for e in (r.values.get("email"), *additional_emails(r)) if e]

        new_id = primary.id if self._options.preserve_primary_id else self.new_id()
        for row in (primary, other):
            self.store.remove(row)
        survivor = self.store.add(new_id, values, now, f"Merge of {primary.id} and {other.id}")
        survivor.created = min(primary.created, other.created)
        for row in (primary, other):
            self.store.alias(row.id, new_id)
        self.add_emails(survivor, [e for e in emails if e != survivor.values.get("email")])
        return survivor

    def _is_behind(self, stage: str, current: str | None) -> bool:
        order = [option.value for option in self.schema.active["lifecyclestage"].options]
        if current not in order or stage not in order:
            return False
        return order.index(stage) < order.index(current)


def address(text: str) -> str:
    """Return an e-mail address as HubSpot keeps and compares it."""
    return text.strip().lower()


def additional_emails(row: Row) -> list[str]:
    """Return a contact's additional e-mail addresses."""
    return _listed(row, "hs_additional_emails")


def _listed(row: Row, name: str) -> list[str]:
    text: str = row.values.get(name, "")
    return text.split(";") if text else []


def _dated(stage: str, now: int) -> dict[str, str]:
    """Return when the stage was entered, in milliseconds: what HubSpot's own date property holds."""
    return {f"hs_lifecyclestage_{stage}_date": str(now)}
