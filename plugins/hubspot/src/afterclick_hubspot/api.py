"""HubSpot's addresses, the only place that knows them; every call returns the answer as it came.

Source: HubSpot, "Contacts", "Properties" and "Account information" references. The version stands
in the path (`/crm/objects/2026-09/contacts`), the same host serves every region.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from afterclick.plugin import Answer, Http
from afterclick_hubspot import limits

BASE_URL = "https://api.hubapi.com"
BATCH = 100
"""Inputs that a batch may hold; a batch counts as one call."""
CORRELATION_HEADER = "X-HubSpot-Correlation-Id"


class Api:
    """The calls of one account, with one token. Raises `CallFailed` where no answer came."""

    def __init__(self, http: Http, *, token: str, version: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token.strip()}", "Accept": "application/json"}
        self._contacts = f"/crm/objects/{version}/contacts"
        self._properties = f"/crm/properties/{version}/contacts"
        self._account = f"/account-info/{version}/details"

    async def read_contacts(
        self, values: Sequence[str], properties: Sequence[str], *, by: str | None = None
    ) -> Answer:
        """Read contacts by record id, or by the unique property `by`; never through the search index."""
        body: dict[str, Any] = {
            "properties": list(properties),
            "propertiesWithHistory": [],
            "inputs": [{"id": value} for value in values],
        }
        if by is not None:
            body["idProperty"] = by
        return await self._call("POST", f"{self._contacts}/batch/read", json=body, reads=True)

    async def read_contact(self, value: str, properties: Sequence[str], *, by: str | None = None) -> Answer:
        """Read one contact; `value` stands in the address, so it must not be personal."""
        params = {"properties": ",".join(properties)}
        if by is not None:
            params["idProperty"] = by
        return await self._call("GET", f"{self._contacts}/{quote(value, safe='')}", params=params)

    async def search_contacts(self, query: Mapping[str, Any]) -> Answer:
        """Search contacts; the index is some moments behind, and all tools of the account share its limit."""
        return await self._call(
            "POST", f"{self._contacts}/search", json=query, reads=True, also={limits.SEARCH: 1.0}
        )

    async def any_contact(self) -> Answer:
        """Read the id of one contact, whichever it is: shows whether contacts may be read."""
        return await self._call("GET", self._contacts, params={"limit": "1", "properties": "hs_object_id"})

    async def upsert_contacts(self, inputs: Sequence[Mapping[str, Any]]) -> Answer:
        """Create contacts by a unique property, or update the ones that are there."""
        return await self._call("POST", f"{self._contacts}/batch/upsert", json={"inputs": list(inputs)})

    async def update_contacts(self, inputs: Sequence[Mapping[str, Any]]) -> Answer:
        """Update contacts by record id."""
        return await self._call("POST", f"{self._contacts}/batch/update", json={"inputs": list(inputs)})

    async def create_contacts(self, inputs: Sequence[Mapping[str, Any]]) -> Answer:
        """Create contacts; one whose e-mail address or unique value is taken comes back as an error item."""
        return await self._call("POST", f"{self._contacts}/batch/create", json={"inputs": list(inputs)})

    async def archive_contacts(self, ids: Sequence[str]) -> Answer:
        """Put contacts into the bin, where people can restore them; unknown ids are passed over."""
        inputs = [{"id": id} for id in ids]
        return await self._call("POST", f"{self._contacts}/batch/archive", json={"inputs": inputs})

    async def merge_contacts(self, primary: str, other: str) -> Answer:
        """Unite two contacts for good; the answer is the survivor, in most accounts under a new id."""
        body = {"primaryObjectId": primary, "objectIdToMerge": other}
        return await self._call("POST", f"{self._contacts}/merge", json=body)

    async def erase_contact(self, id: str) -> Answer:
        """Delete a contact for good, as a person may ask for."""
        return await self._call("POST", f"{self._contacts}/gdpr-delete", json={"objectId": id})

    async def properties(self, *, archived: bool = False) -> Answer:
        """List all definitions of contact properties."""
        return await self._call("GET", self._properties, params={"archived": str(archived).lower()})

    async def create_properties(self, inputs: Sequence[Mapping[str, Any]]) -> Answer:
        """Create properties; those that are there already come back as error items."""
        return await self._call("POST", f"{self._properties}/batch/create", json={"inputs": list(inputs)})

    async def group(self, name: str) -> Answer:
        """Read a property group."""
        return await self._call("GET", f"{self._properties}/groups/{quote(name, safe='')}")

    async def create_group(self, name: str, label: str) -> Answer:
        """Create a property group."""
        return await self._call("POST", f"{self._properties}/groups", json={"name": name, "label": label})

    async def account(self) -> Answer:
        """Read the account's id, time zone and address."""
        return await self._call("GET", self._account)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        reads: bool | None = None,
        also: Mapping[str, float] | None = None,
    ) -> Answer:
        answer = await self._http.request(
            method,
            path,
            json=json,
            params=params,
            headers=self._headers,
            bucket=limits.BURST,
            also=also,
            reads=reads,
        )
        for reading in limits.readings(answer.headers):
            self._http.learn(
                reading.bucket, amount=reading.amount, seconds=reading.seconds, remaining=reading.remaining
            )
        return answer
