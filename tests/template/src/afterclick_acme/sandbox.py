"""An emulator of Acme: people with a unique key, fields that have to be made, a limit of calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import msgspec

from afterclick.sandbox import (
    Answer,
    Call,
    Card,
    Emulator,
    Field,
    Person,
    RecordView,
    RollingWindow,
    Route,
    Row,
    Store,
    listed,
)

KEY = "afterclick_key"
API_KEY = "a-key-for-trials"


class AcmeSandbox(Emulator):
    """One account."""

    name: ClassVar[str] = "acme"
    title: ClassVar[str] = "Acme"
    record_path = "/people/{id}"
    columns = (("campaign", "First campaign"),)

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.window = RollingWindow(100, 10, self.clock)
        self.clear()

    def clear(self) -> None:
        self.people = Store({KEY: str})
        self.fields = {"email", "surname"}
        self.number = 0
        self.window.clear()

    def settings(self) -> dict[str, str]:
        return {"base_url": self.base_url, "api_key": API_KEY}

    def routes(self) -> Iterable[Route]:
        yield Route("POST", "/people/find", self._find)
        yield Route("POST", "/people", lambda call: self._each(call, self._create))
        yield Route("PATCH", "/people", lambda call: self._each(call, self._change))
        yield Route("DELETE", "/people", self._delete)
        yield Route("GET", "/fields", lambda call: results(sorted(self.fields)))
        yield Route("POST", "/fields", self._make_field)

    def admit(self, call: Call) -> Answer | None:
        if call.headers.get("Authorization") != f"Bearer {API_KEY}":
            return self.refuse(401)
        return None if self.window.take() else self.refuse(429)

    def refuse(self, status: int, reason: str = "") -> Answer:
        return Answer(status, {"message": reason or f"Acme says {status}"})

    def violations(self) -> dict[str, int]:
        return {"calls": self.window.violations}

    def _find(self, call: Call) -> Answer:
        values = call.heeded(msgspec.json.decode(call.body)["values"])
        return results(
            [{"value": one, "people": [self._show(row) for row in self._rows(one)]} for one in values]
        )

    def _rows(self, value: str) -> list[Row]:
        known = [self.people.get(value), self.people.find(KEY, value)]
        typed = [row for row in self.people if row.values.get("email") == value]
        return [row for row in (*known, *typed) if row is not None]

    def _each(self, call: Call, work: Callable[[dict[str, Any]], Row | None]) -> Answer:
        people = call.heeded(msgspec.json.decode(call.body)["people"])
        return results([{"ref": given["ref"], **self._done(given, work)} for given in people])

    def _done(self, given: dict[str, Any], work: Callable[[dict[str, Any]], Row | None]) -> dict[str, Any]:
        values = given["values"]
        wrong = [
            name
            for name in values
            if name not in self.fields or (name == "email" and "@" not in values[name])
        ]
        if wrong:
            return {"status": "refused", "field": wrong[0]}
        there = self.people.find(KEY, values.get(KEY))
        if there is not None and there.id != given.get("id"):
            return {"status": "exists", "person": self._show(there)}
        row = work(given)
        return {"status": "gone"} if row is None else {"status": "done", "person": self._show(row)}

    def _create(self, given: dict[str, Any]) -> Row:
        return self._add(given["values"], "API")

    def _add(self, values: Mapping[str, Any], origin: str) -> Row:
        self.number += 1
        return self.people.add(f"p{self.number}", values, self.clock.now(), origin)

    def _change(self, given: dict[str, Any], origin: str = "API") -> Row | None:
        row = self.people.get(given["id"])
        if row is not None:
            self.people.change(row, given["values"], self.clock.now(), origin)
        return row

    def _delete(self, call: Call) -> Answer:
        ids = call.heeded(msgspec.json.decode(call.body)["ids"])
        for id in ids:
            self.remove(id)
        return results(ids)

    def _make_field(self, call: Call) -> Answer:
        self.fields.add(msgspec.json.decode(call.body)["name"])
        return results([])

    def _show(self, row: Row) -> dict[str, Any]:
        return {"id": row.id, "url": self.record_url(row.id), "values": dict(row.values)}

    # What people do and see.

    def type_in(self, person: Person) -> str:
        return self._add({"surname": person.last_name, "email": person.email}, "Sales").id

    def edit(self, id: str, values: Mapping[str, Any]) -> None:
        self._change({"id": id, "values": values}, "Sales")

    def remove(self, id: str) -> None:
        row = self.people.get(id)
        if row is not None:
            self.people.remove(row)

    def records(self, limit: int | None = None) -> list[dict[str, Any]]:
        return [
            listed(row, self.record_url(row.id), kind="person", title=row.values.get("surname", ""))
            for row in self.people.newest(limit)
        ]

    def view(self, record_id: str) -> RecordView | None:
        row = self.people.get(record_id)
        if row is None:
            return None
        fields = tuple(Field(name, name, str(value)) for name, value in row.values.items())
        return RecordView(id=row.id, kind="Person", title=row.id, cards=(Card("Person", fields),))


def results(items: list[Any]) -> Answer:
    """Return an answer whose results faults may shuffle, double and forget."""
    return Answer(200, {"results": items}, lists=(items,))
