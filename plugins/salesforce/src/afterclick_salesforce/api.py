"""Salesforce's addresses, the only place that knows them; every call returns the answer as it came.

Source: Salesforce, "REST API Developer Guide" (query, sObject Collections, Composite, describe), "Tooling
API" and "Metadata API Developer Guide".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from xml.etree import ElementTree

from afterclick.plugin import Answer, Context, Throttled
from afterclick_salesforce import limits, metadata, soql
from afterclick_salesforce.limits import Usage
from afterclick_salesforce.settings import SalesforceSettings
from afterclick_salesforce.tokens import Token

ROWS = 200
"""Records that a Collections call takes; it counts as one call."""
PARTS = 5
"""Queries that one Composite call takes; it counts as one call."""

_REMEMBERED = 900.0
"""Seconds for which a reading of the day's calls is believed without asking again."""


class TokenSource(Protocol):
    """Whatever has a token."""

    async def get(self, *, instead_of: Token | None = None) -> Token:
        """Return the token, or a new one instead of one that was refused."""
        ...


class Api:
    """The calls of one org. Raises `CallFailed` where no answer came, and what a login raises."""

    def __init__(self, ctx: Context[SalesforceSettings], tokens: TokenSource) -> None:
        self._ctx = ctx
        self._tokens = tokens
        self._usage: tuple[Usage, float] | None = None
        self.version = ctx.settings.api_version
        self.deprecated = False
        """Whether an answer said that the version will be retired."""

    @property
    def usage(self) -> Usage | None:
        """Return what the last answer said of the day's calls."""
        return None if self._usage is None else self._usage[0]

    async def token(self) -> Token:
        """Return the token that calls are made with."""
        return await self._tokens.get()

    # Reading.

    async def versions(self) -> Answer:
        """List the API versions that the org serves; needs no token and counts for nothing."""
        return await self._ctx.http.request("GET", "/services/data/")

    async def describe(self, object: str) -> Answer:
        """Read the fields of an object that the user may see."""
        return await self._call("GET", f"/sobjects/{soql.name(object)}/describe")

    async def queries(self, texts: Sequence[str]) -> Answer:
        """Run up to `PARTS` queries in one call; deleted records are left out.

        They travel in the body: in an address, e-mails would end up in the logs of what stands between.
        """
        return await self._reads([f"{self._data}/query?q={soql.encoded(text)}" for text in texts])

    async def queries_with_deleted(self, texts: Sequence[str]) -> Answer:
        """Run up to `PARTS` queries that see records in the recycle bin and merged ones too."""
        return await self._reads([f"{self._data}/queryAll?q={soql.encoded(text)}" for text in texts])

    async def pages(self, addresses: Sequence[str]) -> Answer:
        """Read the next pages of up to `PARTS` queries."""
        return await self._reads(addresses)

    async def query(self, text: str) -> Answer:
        """Run one query that holds nothing personal."""
        return await self._call("GET", f"/query?q={soql.encoded(text)}")

    async def tooling(self, text: str) -> Answer:
        """Run a query over the org's own definitions."""
        return await self._call("GET", f"/tooling/query?q={soql.encoded(text)}")

    async def _reads(self, addresses: Sequence[str]) -> Answer:
        parts = [
            {"method": "GET", "url": address, "referenceId": f"part{index}"}
            for index, address in enumerate(addresses)
        ]
        body = {"allOrNone": False, "compositeRequest": parts}
        return await self._call("POST", "/composite", json=body, reads=True)

    # Writing.

    async def insert(self, records: Sequence[Mapping[str, Any]], headers: Mapping[str, str]) -> Answer:
        """Create up to `ROWS` records, each for itself."""
        return await self._collection("POST", records, headers)

    async def update(self, records: Sequence[Mapping[str, Any]], headers: Mapping[str, str]) -> Answer:
        """Update up to `ROWS` records by id, each for itself."""
        return await self._collection("PATCH", records, headers)

    async def _collection(
        self, method: str, records: Sequence[Mapping[str, Any]], headers: Mapping[str, str]
    ) -> Answer:
        # In the body: as a parameter of the address it is heeded for deletes only.
        body = {"allOrNone": False, "records": list(records)}
        return await self._call(method, "/composite/sobjects", json=body, headers=headers)

    async def insert_one(self, object: str, fields: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
        """Create one record; its error tells more than a row's does."""
        return await self._call("POST", f"/sobjects/{soql.name(object)}", json=fields, headers=headers)

    async def update_one(
        self, object: str, id: str, fields: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Answer:
        """Update one record; its error tells more than a row's does."""
        path = f"/sobjects/{soql.name(object)}/{_id(id)}"
        return await self._call("PATCH", path, json=fields, headers=headers)

    async def delete(self, ids: Sequence[str]) -> Answer:
        """Put up to `ROWS` records into the recycle bin, each for itself."""
        listed = ",".join(map(_id, ids))
        return await self._call("DELETE", f"/composite/sobjects?ids={listed}&allOrNone=false")

    async def metadata(self, operation: ElementTree.Element, *, reads: bool = False) -> Answer:
        """Call the Metadata API, which knows SOAP only and wants the token in the envelope."""
        token = await self._tokens.get()
        return await self._ctx.http.request(
            "POST",
            f"{token.instance}/services/Soap/m/{self.version.removeprefix('v')}",
            body=metadata.envelope(operation, token.value),
            headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'},
            bucket=limits.DAILY,
            reads=reads,
        )

    async def _call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        reads: bool | None = None,
    ) -> Answer:
        """Send a call; on 401, which says that nothing was done, once more with a new token."""
        self._leave_some()
        token = await self._tokens.get()
        answer = await self._send(token, method, path, json=json, headers=headers, reads=reads)
        if answer.status != 401:
            return answer
        renewed = await self._tokens.get(instead_of=token)
        return await self._send(renewed, method, path, json=json, headers=headers, reads=reads)

    async def _send(
        self,
        token: Token,
        method: str,
        path: str,
        *,
        json: Any,
        headers: Mapping[str, str] | None,
        reads: bool | None,
    ) -> Answer:
        answer = await self._ctx.http.request(
            method,
            f"{token.instance}{self._data}{path}",
            json=json,
            headers={
                "Authorization": f"Bearer {token.value}",
                "Accept": "application/json",
                **(headers or {}),
            },
            bucket=limits.DAILY,
            reads=reads,
        )
        self._learn(limits.usage(answer.headers.get(limits.HEADER)))
        self._heed(answer.headers.get("Warning", ""))
        asked = answer.retry_after(self._ctx.clock.now())
        if answer.status in (403, 429) and asked is not None:
            # Salesforce itself gives no time; a gateway in front of it does, and lets nothing through.
            raise Throttled("a limit that tells its time", after=asked, scope=limits.GATEWAY)
        return answer

    @property
    def _data(self) -> str:
        return f"/services/data/{self.version}"

    def _learn(self, usage: Usage | None) -> None:
        if usage is None:
            return
        self._usage = usage, self._ctx.clock.elapsed()
        if self._ctx.settings.pacing:
            self._ctx.http.learn(limits.DAILY, amount=usage.allowed, seconds=limits.DAY, remaining=usage.left)

    def _heed(self, warning: str) -> None:
        """Note once that Salesforce warns of the version: `299 - "The API version … is deprecated …"`."""
        if warning.startswith("299") and not self.deprecated:
            self.deprecated = True
            self._ctx.log.warning(
                "salesforce-version-old", connection=self._ctx.connection, version=self.version
            )

    def _leave_some(self) -> None:
        """Leave the rest of the day's calls to others; after a while one call looks how many there are.

        Raises:
            Throttled: the org has used up `quota_share` of them.

        """
        if self._usage is None:
            return
        usage, read_at = self._usage
        age = self._ctx.clock.elapsed() - read_at
        if usage.used < usage.allowed * self._ctx.settings.quota_share or age >= _REMEMBERED:
            return
        raise Throttled(
            f"the org has used {usage.used} of its {usage.allowed} calls in 24 hours; `quota_share` leaves "
            "the rest to others",
            after=_REMEMBERED - age,
            scope=limits.DAILY,
        )


def _id(raw: str) -> str:
    """Return a record id as it is; anything else must not stand in an address."""
    if not (raw.isascii() and raw.isalnum()):
        raise ValueError("no id of a record")
    return raw
