"""A client of an emulated org that knows nothing of Salesforce."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
import yarl

from afterclick.sandbox import Row
from afterclick.testing import StillClock
from afterclick_salesforce.sandbox import SalesforceSandbox

START = 1_779_354_840_000
"""21 May 2026, 09:14 UTC."""

KEY = "Deep_Link_Key__c"
COLLECTIONS = "/composite/sobjects"
ALL_LEADS = "SELECT LastName FROM Lead"


class Reply(msgspec.Struct):
    """Status, headers and the decoded body of an answer."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def code(self) -> str:
        """The code of the first error."""
        code: str = self.body[0]["errorCode"]
        return code

    @property
    def message(self) -> str:
        message: str = self.body[0]["message"]
        return message


class Account:
    """A running org. Paths are below `/services/data/v68.0` unless they start with `//`."""

    def __init__(self, sandbox: SalesforceSandbox, session: aiohttp.ClientSession, clock: StillClock) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self.version = "68.0"
        self.token = ""
        self._session = session

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **params: str,
    ) -> Reply:
        below = "" if path.startswith("//") else f"/services/data/v{self.version}"
        url = self.sandbox.base_url + below + path.removeprefix("/" if path.startswith("//") else "")
        sent = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            **(headers or {}),
        }
        data = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
        target = yarl.URL(url, encoded=True)
        async with self._session.request(method, target, data=data, headers=sent, params=params) as response:
            raw = await response.read()
            is_json = response.content_type == "application/json" and raw
            decoded = msgspec.json.decode(raw) if is_json else raw.decode()
            return Reply(response.status, {k.lower(): v for k, v in response.headers.items()}, decoded)

    async def get(self, path: str, **params: str) -> Reply:
        return await self.send("GET", path, None, None, **params)

    async def query(self, soql: str) -> Reply:
        return await self.send("GET", "/query", q=soql)

    async def found(self, soql: str) -> list[dict[str, Any]]:
        """Return the records of a query that must be good."""
        reply = await self.query(soql)
        assert reply.status == 200, reply.body
        records: list[dict[str, Any]] = reply.body["records"]
        return records

    async def names(self, where: str) -> list[str]:
        """Return the sorted last names of the Leads that a condition selects."""
        return sorted(one["LastName"] for one in await self.found(" ".join([ALL_LEADS, "WHERE", where])))

    async def post(self, path: str, body: Any, **headers: str) -> Reply:
        return await self.send("POST", path, body, _spelled(headers))

    async def patch(self, path: str, body: Any, **headers: str) -> Reply:
        return await self.send("PATCH", path, body, _spelled(headers))

    async def token_for(self, form: Mapping[str, str], **headers: str) -> Reply:
        """Ask for a token with a form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": ""}
        encoded = str(yarl.URL.build(query=dict(form)).raw_query_string).encode()
        return await self.send("POST", "//services/oauth2/token", encoded, {**kind, **headers})

    async def log_in(self) -> None:
        options = self.sandbox.options
        reply = await self.token_for(
            {
                "grant_type": "client_credentials",
                "client_id": options.client_id,
                "client_secret": options.client_secret,
            }
        )
        assert reply.status == 200, reply.body
        self.token = reply.body["access_token"]

    async def create(self, sobject: str = "Lead", /, **values: Any) -> str:
        """Make a record through the API and return its id."""
        defaults = {"LastName": "L", "Company": "C"} if sobject == "Lead" else {"LastName": "L"}
        reply = await self.post(f"/sobjects/{sobject}", {**defaults, **values})
        assert reply.status == 201, reply.body
        record_id: str = reply.body["id"]
        return record_id

    async def insert(self, *records: dict[str, Any], **headers: str) -> Reply:
        return await self.post(COLLECTIONS, {"records": list(records)}, **headers)

    async def update(self, *records: dict[str, Any], **headers: str) -> Reply:
        return await self.patch(COLLECTIONS, {"records": list(records)}, **headers)

    def row(self, record_id: str) -> Row:
        found = self.sandbox.org.by_id(record_id)
        assert found is not None
        return found[1]

    def values(self, record_id: str) -> dict[str, Any]:
        return self.row(record_id).values


def _spelled(headers: Mapping[str, str]) -> dict[str, str]:
    """Return `sforce_auto_assign` as the header that it stands for."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


def lead(key: str = "", /, **values: Any) -> dict[str, Any]:
    """Return a record of a Collections request."""
    keyed = {KEY: key} if key else {}
    made = {"attributes": {"type": "Lead"}, "LastName": f"Lead {key}", "Company": "Unknown", **keyed}
    return {**made, **values}
