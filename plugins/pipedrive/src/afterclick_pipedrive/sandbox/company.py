"""One company put together: its fields and records, and the small helpers that endpoints share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from random import Random
from typing import Any, TypeVar

import msgspec

from afterclick.sandbox import MILLISECONDS_PER_DAY, Call, Clock, Refused, Row, Store
from afterclick_pipedrive.sandbox import bodies, values
from afterclick_pipedrive.sandbox.fields import Entity, Fields
from afterclick_pipedrive.sandbox.limits import Caller, caps
from afterclick_pipedrive.sandbox.options import Options
from afterclick_pipedrive.sandbox.pipelines import Pipelines
from afterclick_pipedrive.sandbox.users import called

PURGED_DAYS = 30
"""After so many days a deleted record is gone for good."""

SALES = "Sales team"

B = TypeVar("B")


class Conversion(msgspec.Struct):
    """A lead that became a deal. The work is done at once, what is told of it is a poll behind."""

    lead_id: str
    deal_id: int
    polls: int = 0


class Company:
    """The state of one company."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self.options = options
        self.clock = clock
        self.reset()

    def reset(self) -> None:
        """Start with an empty company; whoever holds this one sees the new one."""
        self.rng = Random(self.options.seed)
        self.caps = caps(self.options)
        self.fields: dict[Entity, Fields] = {
            "person": Fields("person", self.rng),
            "deal": Fields("deal", self.rng),
        }
        self.pipelines = Pipelines(self.options, self.rng)
        self.persons = Store()
        self.deals = Store()
        self.leads = Store()
        self.notes = Store()
        self.organizations: dict[int, str] = {}
        self.lead_labels: list[dict[str, str]] = []
        self.conversions: dict[str, Conversion] = {}
        self.waitlist: list[str] = []
        """Titles of the deals that the plan's cap kept out: Pipedrive lets people import them later."""
        self._last_id = self.rng.randrange(1_000, 9_000)

    def new_id(self) -> int:
        """Return an id that no record has; ids rise, with gaps."""
        self._last_id += self.rng.randrange(1, 5)
        return self._last_id

    def organization(self, name: str) -> int:
        """Return the id of the organization of that name, which is made if there is none."""
        for known_id, known in self.organizations.items():
            if known == name:
                return known_id
        made = self.new_id()
        self.organizations[made] = name
        return made

    def find(self, store: Store, record_id: str | int, what: str) -> Row:
        """Return a record by id, a deleted one included as long as it is kept.

        Raises:
            Refused: there is none.

        """
        row = store.get(str(record_id))
        if row is None or (row.archived and self._purged(row)):
            raise Refused(bodies.not_found(what))
        return row

    def read(self, store: Store, record_id: str | int, what: str) -> Row:
        """Return a record as a read by id finds it (see `Options.deleted_answer`).

        Raises:
            Refused: there is none.

        """
        row = self.find(store, record_id, what)
        if row.archived and self.options.deleted_answer == "gone":
            raise Refused(bodies.not_found(what))
        return row

    def live(self, store: Store, record_id: str | int, what: str) -> Row:
        """Return a record that may be changed.

        Raises:
            Refused: there is none, or it is deleted: nobody can edit it before it is restored.

        """
        row = self.find(store, record_id, what)
        if row.archived:
            raise Refused(bodies.not_found(what))
        return row

    def listed(self, store: Store, ids: Iterable[str] | None = None) -> Iterator[Row]:
        """Go through the records that lists show, or those of `ids` among them (see `Options.list_lag`)."""
        moment = self.clock.now() - round(self.options.list_lag * 1000)
        rows = store if ids is None else filter(None, map(store.get, dict.fromkeys(ids)))
        return (row for row in rows if not row.archived and row.created <= moment)

    def indexed(self, call: Call, store: Store) -> Iterator[tuple[Row, Mapping[str, Any]]]:
        """Go through the records as the search index knows them: behind, and with deleted ones."""
        now = self.clock.now()
        moment = now - round((self.options.search_lag + call.lag) * 1000)
        forgotten = now - round(self.options.deleted_hits * 1000)
        deleted = (row for row in store.archived() if row.updated > forgotten)
        for row in chain(store, deleted):
            if row.created <= moment:
                yield row, row.values_at(moment)

    def custom(self, entity: Entity, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of custom fields as they are stored.

        Raises:
            Refused: a field is unknown, which fails the whole write, or does not take its value.

        """
        taken: dict[str, Any] = {}
        for code, value in given.items():
            path = f"custom_fields.{code}"
            field = self.fields[entity].get(code)
            if field is None or not field.is_custom_field:
                raise Refused(bodies.invalid((path, "Custom field does not exist")))
            if value is None and not self.options.takes_null:
                raise Refused(bodies.invalid((path, "Expected a value, received null")))
            try:
                taken[code] = values.kept(field, value)
            except values.BadValue as bad:
                raise Refused(bodies.invalid((path, str(bad)))) from bad
        return taken

    def custom_of(self, entity: Entity, row: Row, wanted: Iterable[str] | None = None) -> dict[str, Any]:
        """Return every custom field of a record, null where unset; or those `wanted`."""
        codes = [field.field_code for field in self.fields[entity].custom()]
        if wanted is not None:
            asked = set(wanted)
            codes = [code for code in codes if code in asked]
        return {code: values.shown(row.values.get(code)) for code in codes}

    def origin(self, call: Call) -> str:
        """Return who writes, for the record's history."""
        caller: Caller = call.notes["caller"]
        return called(caller.user_id)

    def body(self, call: Call, of: type[B]) -> B:
        """Decode the body of a v2 call, strictly.

        Raises:
            Refused: it is not JSON (415 if it does not claim to be), or has another form.

        """
        if not call.headers.get("Content-Type", "").startswith("application/json"):
            raise Refused(bodies.refused(415))
        try:
            return msgspec.json.decode(call.body, type=of)
        except msgspec.DecodeError as fault:
            raise Refused(bodies.misshapen(fault)) from fault

    def _purged(self, row: Row) -> bool:
        return self.clock.now() - row.updated > PURGED_DAYS * MILLISECONDS_PER_DAY
