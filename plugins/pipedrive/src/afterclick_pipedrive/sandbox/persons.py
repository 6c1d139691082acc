"""The endpoints of persons: `/api/v2/persons`.

Sources: the v2 specification; pipedrive.readme.io "API v2 migration guide". There is no upsert, no unique
field and no filter by e-mail address or custom field.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from afterclick.sandbox import Answer, Call, Refused, Row
from afterclick_pipedrive.sandbox import bodies, counts, paging
from afterclick_pipedrive.sandbox.company import Company
from afterclick_pipedrive.sandbox.counts import Tally
from afterclick_pipedrive.sandbox.limits import Caller
from afterclick_pipedrive.sandbox.times import instant, read

MAX_WANTED = 15
"""How many custom fields a read may ask for by name."""
MAX_IDS = 100
EVERYONE = 3
"""The visibility of a new record: the whole company."""

Visibility = Literal[1, 3, 5, 7]


class Contactable(msgspec.Struct, forbid_unknown_fields=True):
    """An e-mail address or a phone number. A bare string is refused."""

    value: str
    primary: bool = False
    label: str = "work"


class PersonInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a create and an update may send. `im`, `notes`, `birthday` and the like need a contact sync."""

    name: str | UnsetType = UNSET
    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    owner_id: int | UnsetType = UNSET
    org_id: int | UnsetType | None = UNSET
    add_time: str | UnsetType = UNSET
    emails: list[Contactable] | UnsetType = UNSET
    phones: list[Contactable] | UnsetType = UNSET
    visible_to: Visibility | UnsetType = UNSET
    label_ids: list[int] | UnsetType = UNSET
    marketing_status: Literal["no_consent", "unsubscribed", "subscribed", "archived"] | UnsetType = UNSET
    custom_fields: dict[str, Any] | UnsetType = UNSET


class Persons:
    """The endpoints of single persons and of their list."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def create(self, call: Call) -> Answer:
        """Make a person, whether or not there is one like it."""
        call.inputs = 1
        wanted = self._company.body(call, PersonInput)
        given = read_person(self._company, wanted)
        if not given.get("name"):
            raise Refused(bodies.invalid(("name", "Required")))
        if wanted.add_time is not UNSET:
            given["add_time"] = _added(wanted.add_time)
        caller: Caller = call.notes["caller"]
        row = add_person(self._company, given, self._company.origin(call), owner_id=caller.user_id)
        return Answer(self._company.options.created_status, _one(as_object(self._company, row)))

    def read(self, call: Call) -> Answer:
        """Return a person; with `include_fields`, also how many notes and deals hang on it."""
        row = self._company.read(self._company.persons, call.params["id"], "Person")
        wanted = paging.several(call, "custom_fields", MAX_WANTED)
        tally = Tally(self._company, counts.wanted(call), only=int(row.id))
        return Answer(200, _one({**as_object(self._company, row, wanted), **tally.of(row)}))

    def list(self, call: Call) -> Answer:
        """Return a page of persons. The list is no search: it shows writes at once."""
        ids = paging.several(call, "ids", MAX_IDS)
        owner_id, org_id = paging.whole(call, "owner_id"), paging.whole(call, "org_id")
        since, until = paging.moment(call, "updated_since"), paging.moment(call, "updated_until")
        wanted = paging.several(call, "custom_fields", MAX_WANTED)
        deal_id = paging.whole(call, "deal_id")
        of_deal = self._person_of(deal_id)
        found = (
            row
            for row in self._company.listed(self._company.persons, ids)
            if owner_id in (None, row.values["owner_id"])
            and org_id in (None, row.values.get("org_id"))
            and (deal_id is None or row.id == of_deal)
            and changed_within(row, since, until)
        )
        tally = Tally(self._company, counts.wanted(call))

        def show(row: Row) -> dict[str, Any]:
            return {**as_object(self._company, row, wanted), **tally.of(row)}

        return paging.page(call, found, paging.ROWS, show)

    def update(self, call: Call) -> Answer:
        """Write to a person: only what is sent changes, a list of addresses as a whole."""
        call.inputs = 1
        wanted = self._company.body(call, PersonInput)
        row = self._company.live(self._company.persons, call.params["id"], "Person")
        if wanted.add_time is not UNSET:
            raise Refused(bodies.invalid(("add_time", "Unrecognized key")))
        given = read_person(self._company, wanted)
        if given.get("name") == "":
            raise Refused(bodies.invalid(("name", "String must contain at least 1 character(s)")))
        change_person(self._company, row, given, self._company.origin(call))
        return Answer(200, _one(as_object(self._company, row)))

    def delete(self, call: Call) -> Answer:
        """Mark a person as deleted; it is gone for good 30 days later."""
        call.inputs = 1
        row = self._company.live(self._company.persons, call.params["id"], "Person")
        self._company.persons.archive(row, self._company.clock.now())
        return Answer(200, _one({"id": int(row.id)}))

    def _person_of(self, deal_id: int | None) -> str | None:
        row = None if deal_id is None else self._company.deals.get(str(deal_id))
        return None if row is None else str(row.values.get("person_id"))


def read_person(company: Company, wanted: PersonInput) -> dict[str, Any]:
    """Return what is to be stored of a body.

    Raises:
        Refused: a value cannot be.

    """
    given = {
        name: value
        for name, value in msgspec.structs.asdict(wanted).items()
        if value is not UNSET and name not in ("custom_fields", "first_name", "last_name", "add_time")
    }
    if wanted.name is UNSET:
        parts = (wanted.first_name, wanted.last_name)
        name = " ".join(part for part in parts if part is not UNSET and part)
        given |= {"name": name} if name else {}
    for name in ("emails", "phones"):
        if name in given:
            given[name] = _with_primary(name, given[name])
    org_id = given.get("org_id")
    if org_id is not None and org_id not in company.organizations:
        raise Refused(bodies.invalid(("org_id", "Organization not found")))
    if wanted.custom_fields is not UNSET:
        given |= company.custom("person", wanted.custom_fields)
    return given


def add_person(
    company: Company, given: dict[str, Any], origin: str, *, owner_id: int, at: int | None = None
) -> Row:
    """Store a new person, made now or `at` (milliseconds since 1970)."""
    defaults = {"owner_id": owner_id, "visible_to": EVERYONE, "emails": [], "phones": [], "label_ids": []}
    made = company.clock.now() if at is None else at
    return company.persons.add(str(company.new_id()), {**defaults, **given}, made, origin)


def change_person(company: Company, row: Row, given: dict[str, Any], origin: str) -> None:
    """Write to a stored person."""
    company.persons.change(row, given, company.clock.now(), origin)


def as_object(company: Company, row: Row, wanted: list[str] | None = None) -> dict[str, Any]:
    """Return a person as v2 returns it; `wanted` are the custom fields asked for, None for all."""
    given = row.values
    first, _, last = given["name"].partition(" ")
    return {
        "id": int(row.id),
        "name": given["name"],
        "first_name": first,
        "last_name": last or None,
        "owner_id": given["owner_id"],
        "org_id": given.get("org_id"),
        "add_time": instant(given.get("add_time", row.created)),
        "update_time": instant(row.updated),
        "emails": given["emails"],
        "phones": given["phones"],
        "is_deleted": row.archived,
        "visible_to": given["visible_to"],
        "label_ids": given["label_ids"],
        "picture_id": None,
        "custom_fields": company.custom_of("person", row, wanted),
    }


def changed_within(row: Row, since: int | None, until: int | None) -> bool:
    """Tell whether a record was changed from `since` on and before `until`, in whole seconds."""
    changed = row.updated - row.updated % 1000
    return (since is None or changed >= since) and (until is None or changed < until)


def _with_primary(path: str, given: list[Contactable]) -> list[dict[str, Any]]:
    """Return addresses or numbers with one of them the primary one: the first, unless another says so."""
    if sum(one.primary for one in given) > 1:
        raise Refused(bodies.invalid((path, "Only one item can be primary")))
    if given and not any(one.primary for one in given):
        given[0].primary = True
    return [{"value": one.value, "primary": one.primary, "label": one.label} for one in given]


def _added(text: str) -> int:
    try:
        return read(text)
    except ValueError as bad:
        raise Refused(bodies.invalid(("add_time", str(bad)))) from bad


def _one(data: dict[str, Any]) -> dict[str, Any]:
    return {"success": True, "data": data}
