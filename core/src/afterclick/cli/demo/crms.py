"""A CRM of the demo, read through its API by a connection beside the service's, and its sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import aiohttp
import msgspec

from afterclick.cli.demo.people import Expected
from afterclick.cli.provision import provisioned
from afterclick.errors import AfterclickError
from afterclick.host.connection import Connected
from afterclick.ledger.api import Ledger
from afterclick.ledger.rows import LeadRow
from afterclick.model.fields import FieldSpec
from afterclick.model.lead import attributes
from afterclick.plugin.errors import Throttled
from afterclick.plugin.types import Lead, Match, Record
from afterclick.sandbox import Person

TRIES = 5
"""Waits for a CRM's limit until it counts as a fault."""


class Found(NamedTuple):
    """A lead and its record: what the ledger knows of it, and what the CRM shows, by lead attribute."""

    known: Mapping[str, Any]
    record: Record
    shown: dict[str, Any]


@dataclass(slots=True)
class Crm:
    """One CRM; `others` are the ids of records there that somebody else made."""

    connected: Connected
    http: aiohttp.ClientSession
    others: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """Return the connection's name."""
        return self.connected.name

    @property
    def title(self) -> str:
        """Return what people call the CRM."""
        return self.connected.plugin.info.title

    @property
    def url(self) -> str:
        """Return the sandbox's address."""
        return self.connected.resolved.base_url

    @property
    def fields(self) -> Sequence[FieldSpec]:
        """Return the fields that are written."""
        return self.connected.caller.ctx.fields

    async def prepare(self) -> None:
        """Make the fields, connect, and note what is there already."""
        await provisioned(self.connected, apply=True)
        self.connected.caller.ctx.client = await self.connected.caller.single("connect")
        self.others = await self.records()

    async def read(self, ledger: Ledger, who: Expected | None = None) -> list[Found]:
        """Read the record of each lead, or of one person, through the CRM's API."""
        rows = await ledger.leads(limit=1000)
        leads = {f"lead-{row.id}": row for row in rows if who is None or who.has(attributes(row.state))}
        asked = await self._known(ledger, leads)
        outcomes = await self._match(asked) if asked else []
        return [
            Found(attributes(leads[lead.ref].state), outcome.record, self._by_attribute(outcome.record))
            for lead, outcome in zip(asked, outcomes, strict=True)
            if isinstance(outcome, Match)
        ]

    async def _match(self, leads: Sequence[Lead]) -> Sequence[Any]:
        """Ask again where the service leaves no room in the CRM's limit: it spends most of it."""
        caller = self.connected.caller
        called = await caller.batch("match", leads=leads)
        for _ in range(TRIES):
            if not isinstance(called.stop, Throttled):
                break
            await caller.ctx.clock.sleep(called.stop.after)
            called = await caller.batch("match", leads=leads)
        if called.stop is not None:
            raise AfterclickError(f"{self.title} cannot be read: {called.stop.reason}")
        return called.outcomes

    async def _known(self, ledger: Ledger, leads: Mapping[str, LeadRow]) -> list[Lead]:
        rows = await ledger.syncs_of([row.id for row in leads.values()])
        records = {row.lead: row.record for row in rows if row.connection == self.name}
        return [
            Lead(ref=ref, keys=row.keys, record=Record(kind=known.kind, id=known.id))
            for ref, row in leads.items()
            if (known := records.get(row.id)) is not None
        ]

    def _by_attribute(self, record: Record) -> dict[str, Any]:
        written = [spec for spec in self.fields if spec.name in record.values]
        return {spec.attribute: record.values[spec.name] for spec in written}

    # What a sandbox offers besides the CRM's API.

    async def records(self) -> set[str]:
        """Return the ids of all records that the CRM holds."""
        return {str(record["id"]) for record in await self._ask("GET", "records", (200,))}

    async def new(self) -> set[str]:
        """Return the ids of records that nobody else made."""
        return await self.records() - self.others

    async def type_in(self, person: Person) -> None:
        """Let somebody else make a record of a person; one who is there already stays."""
        made = await self._ask("POST", "records", (201, 409), msgspec.json.encode(person))
        if "id" in made:
            self.others.add(str(made["id"]))

    async def go_down(self) -> None:
        """Let every call's connection be cut from now on."""
        await self._ask("POST", "faults", (200,), b'{"preset": "down"}')

    async def come_back(self) -> None:
        """Let calls through again."""
        await self._ask("DELETE", "faults", (200,))

    async def _ask(self, method: str, what: str, right: Iterable[int], body: bytes | None = None) -> Any:
        async with self.http.request(method, f"{self.url}/_sandbox/{what}", data=body) as answer:
            if answer.status not in right:
                raise AfterclickError(
                    f"{self.url} is no sandbox of Afterclick's (status {answer.status})",
                    hint="Start one with `afterclick sandbox`, or leave --sandbox out.",
                )
            return msgspec.json.decode(await answer.read())
