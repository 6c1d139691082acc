"""A toy CRM: one list of notes, enough to try what all emulators share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any, ClassVar

import aiohttp
import msgspec
import pytest

from afterclick.sandbox import (
    Answer,
    Call,
    Card,
    Emulator,
    Field,
    Person,
    RecordView,
    Refused,
    Route,
    RunningEmulator,
    Step,
    Store,
    serve,
)
from afterclick.testing import StillClock

START = 1_779_354_840_000
"""21 May 2026, 09:14 UTC."""


class ToyCrm(Emulator):
    """Notes with a unique name; `POST /api/notes` takes a list of names."""

    name: ClassVar[str] = "toy"
    title: ClassVar[str] = "Toy"
    reasons: ClassVar[dict[int, tuple[str, ...]]] = {429: ("daily", "burst")}

    def __init__(self, clock: StillClock, **more: Any) -> None:
        super().__init__(clock=clock, **more)
        self.store = Store({"name": str.lower})
        self.closed = False

    @property
    def record_path(self) -> str:
        return "/notes/{id}/view"

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        return (("name", "Name of the note"), ("seen", "Seen"))

    def routes(self) -> Iterable[Route]:
        yield Route("POST", "/api/{version}/notes", self.create, "notes")
        yield Route("GET", "/api/{version}/notes/{id}", self.read, params={"kind": "note"})

    def settings(self) -> dict[str, str]:
        return {"base_url": self.base_url}

    def refuse(self, status: int, reason: str = "") -> Answer:
        return Answer(status, {"toy": status, "why": reason})

    def admit(self, call: Call) -> Answer | None:
        return self.refuse(401) if self.closed else None

    def create(self, call: Call) -> Answer:
        names = call.heeded(msgspec.json.decode(call.body, type=list[str]))
        call.inputs = len(names)
        if not names and not call.ignored:
            raise Refused(Answer(422, {"toy": "no names"}))
        made = []
        for name in names:
            self.store.add(f"n{len(self.store)}", {"name": name}, self.clock.now(), "Client")
            made.append(name)
        return Answer(201, {"made": made, "lag": call.lag}, lists=(made,))

    def read(self, call: Call) -> Answer:
        row = self.store.get(call.params["id"])
        return self.refuse(404) if row is None else Answer(200, {**row.values, **call.params})

    def records(self, limit: int | None = None) -> list[dict[str, Any]]:
        return [
            {
                "id": row.id,
                "kind": "note",
                "title": row.values["name"],
                "subtitle": "a note",
                "badge": "new",
                "url": self.record_url(row.id),
                "origin": row.writes[0].origin,
                "created_at": row.created,
                "updated_at": row.updated,
                "properties": {**row.values, "seen": "2026-05-21T09:14:00Z"},
            }
            for row in self.store.newest(limit)
        ]

    def view(self, record_id: str) -> RecordView | None:
        row = self.store.get(record_id)
        if row is None:
            return None
        fields = (Field("Name", "name", row.values["name"], "Client", row.created),)
        return RecordView(
            id=row.id,
            kind="note",
            title=row.values["name"],
            cards=(Card("About", fields), Card("Deep Link Attribution", fields, accent=True)),
            history=(Step(row.created, "Client", f"name: {row.values['name']}"),),
        )

    def type_in(self, person: Person) -> str:
        if not person.last_name:
            raise ValueError("a note needs a last name")
        return self.store.add(f"n{len(self.store)}", {"name": person.last_name}, self.clock.now(), "Sales").id

    def clear(self) -> None:
        self.store = Store({"name": str.lower})


class Client:
    """Talks to a running emulator; `send` returns status and decoded body."""

    def __init__(self, running: RunningEmulator, session: aiohttp.ClientSession) -> None:
        self.running = running
        self.url = running.url
        self._session = session

    async def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else msgspec.json.encode(body)
        async with self._session.request(method, self.url + path, data=data) as response:
            raw = await response.read()
            return response.status, msgspec.json.decode(raw) if raw else None

    async def page(self, path: str) -> tuple[int, str]:
        async with self._session.get(self.url + path) as response:
            assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
            return response.status, await response.text()

    async def make(self, *names: str) -> tuple[int, Any]:
        return await self.send("POST", "/api/v1/notes", list(names))


@pytest.fixture
def still() -> StillClock:
    return StillClock(START)


@pytest.fixture
def toy(still: StillClock) -> ToyCrm:
    return ToyCrm(still)


@pytest.fixture
async def client(toy: ToyCrm) -> AsyncIterator[Client]:
    async with serve(toy) as running, aiohttp.ClientSession() as session:
        yield Client(running, session)
