"""Pipedrive's addresses and prices, the only place that knows them; every call returns its answer.

Persons, deals, fields and searches exist in version 2 only; leads, merging and `users/me` in version 1
only, whose path differs by host: the shared one answers 404 below `/api/v1`. A price is flat per call,
whatever its `limit`. Source: Pipedrive's OpenAPI documents of 18 August 2026 (`x-token-cost`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from afterclick.plugin import Answer, Context, Throttled
from afterclick_pipedrive import limits
from afterclick_pipedrive.answers import COUNTS
from afterclick_pipedrive.budget import Budget
from afterclick_pipedrive.credentials import Credentials
from afterclick_pipedrive.settings import PipedriveSettings

BASE_URL = "https://api.pipedrive.com"
CORRELATION_HEADER = "x-correlation-id"
V2 = "/api/v2"
IDS = 100
"""Persons that a list takes by id."""
KEYS = 15
"""Custom fields that a read can be narrowed to."""
PAGE = "500"
TERM = 200
"""Characters of a search term that are surely taken: a very long one was seen to give a 400."""
_COUNTS = ",".join(COUNTS)

Json = Mapping[str, Any]


class Api:
    """The calls of one account.

    Each raises `CallFailed` where no answer came, and `Throttled` where Pipedrive or our share of the
    day's tokens asks to wait; after that nothing more is sent until the time is over.
    """

    def __init__(self, ctx: Context[PipedriveSettings], credentials: Credentials, budget: Budget) -> None:
        self._http = ctx.http
        self._clock = ctx.clock
        self._plan = ctx.settings.plan
        self._credentials = credentials
        self.budget = budget
        self._v1 = "/v1" if urlsplit(ctx.http.base_url).hostname == "api.pipedrive.com" else "/api/v1"
        self._refusals = limits.Refusals()
        self._closed: tuple[float, Throttled] | None = None

    # Persons.

    async def person(self, id: str, *, columns: Sequence[str] = ()) -> Answer:
        """Read one person, with what belongs to it counted; without `columns` with all custom fields."""
        params = {"include_fields": _COUNTS} | _narrowed(columns)
        return await self._call("GET", f"{V2}/persons/{id}", 1, params=params)

    async def persons(self, ids: Sequence[str], *, columns: Sequence[str] = ()) -> Answer:
        """List persons by id, as `person` reads them; those that were deleted are left out."""
        params = {"ids": ",".join(ids), "limit": PAGE, "include_fields": _COUNTS} | _narrowed(columns)
        return await self._call("GET", f"{V2}/persons", 10, params=params)

    async def changed_persons(
        self, since: str | None, *, columns: Sequence[str], cursor: str | None
    ) -> Answer:
        """List persons that were written since a moment (`2026-05-21T09:14:00Z`, or ever), newest first."""
        params = {"sort_by": "update_time", "sort_direction": "desc", "limit": PAGE} | _narrowed(columns)
        params |= {} if since is None else {"updated_since": since}
        return await self._call("GET", f"{V2}/persons", 10, params=_paged(params, cursor))

    async def all_persons(self, *, columns: Sequence[str], cursor: str | None) -> Answer:
        """List all persons, the oldest first."""
        params = {"sort_by": "id", "sort_direction": "asc", "limit": PAGE} | _narrowed(columns)
        return await self._call("GET", f"{V2}/persons", 10, params=_paged(params, cursor))

    async def create_person(self, body: Json) -> Answer:
        """Create a person; Pipedrive takes any number of persons that are alike."""
        return await self._call("POST", f"{V2}/persons", 5, json=body)

    async def update_person(self, id: str, body: Json) -> Answer:
        """Change what the body names; a list in it replaces the whole list."""
        return await self._call("PATCH", f"{V2}/persons/{id}", 5, json=body)

    async def delete_person(self, id: str) -> Answer:
        """Delete a person; it can be restored for 30 days."""
        return await self._call("DELETE", f"{V2}/persons/{id}", 3)

    async def merge_person(self, loser: str, winner: str) -> Answer:
        """Merge one person into another for good; the winner's own values stay."""
        body = {"merge_with_id": int(winner)}
        return await self._call("PUT", f"{self._v1}/persons/{loser}/merge", 40, json=body)

    async def search_field(self, field: str, term: str, *, match: str = "exact") -> Answer:
        """Search persons by one custom field; the index is seconds behind and keeps deleted persons."""
        params = {"entity_type": "person", "field": field, "term": term, "match": match, "limit": "100"}
        return await self._call("GET", f"{V2}/itemSearch/field", 20, params=params, search=True)

    async def search_email(self, email: str) -> Answer:
        """Search persons by e-mail address, whatever its case."""
        params = {"term": email, "fields": "email", "exact_match": "true", "limit": "100"}
        return await self._call("GET", f"{V2}/persons/search", 20, params=params, search=True)

    # Deals, and leads of the Leads Inbox.

    async def deal(self, id: str) -> Answer:
        """Read one deal."""
        return await self._call("GET", f"{V2}/deals/{id}", 1)

    async def deals_of(
        self, person: str, *, column: str, cursor: str | None, archived: bool = False
    ) -> Answer:
        """List a person's deals, open and closed, or those that were archived."""
        params = _paged({"person_id": person, "custom_fields": column, "limit": PAGE}, cursor)
        if archived:
            return await self._call("GET", f"{V2}/deals/archived", 20, params=params)
        return await self._call("GET", f"{V2}/deals", 10, params=params)

    async def create_deal(self, body: Json) -> Answer:
        """Create a deal."""
        return await self._call("POST", f"{V2}/deals", 5, json=body)

    async def update_deal(self, id: str, body: Json) -> Answer:
        """Change a deal; one that was archived cannot be changed."""
        return await self._call("PATCH", f"{V2}/deals/{id}", 5, json=body)

    async def delete_deal(self, id: str) -> Answer:
        """Delete a deal; it can be restored for 30 days."""
        return await self._call("DELETE", f"{V2}/deals/{id}", 3)

    async def leads_of(self, person: str, *, start: int, archived: bool = False) -> Answer:
        """List a person's leads, or those that were archived."""
        params = {"person_id": person, "limit": PAGE, "start": str(start)}
        path, price = ("/leads/archived", 40) if archived else ("/leads", 20)
        return await self._call("GET", f"{self._v1}{path}", price, params=params)

    async def create_lead(self, body: Json) -> Answer:
        """Create a lead in the Leads Inbox; custom fields stand at the top of its body."""
        return await self._call("POST", f"{self._v1}/leads", 10, json=body)

    async def update_lead(self, id: str, body: Json) -> Answer:
        """Change a lead."""
        return await self._call("PATCH", f"{self._v1}/leads/{id}", 10, json=body)

    async def delete_lead(self, id: str) -> Answer:
        """Delete a lead."""
        return await self._call("DELETE", f"{self._v1}/leads/{id}", 6)

    # The account.

    async def me(self) -> Answer:
        """Read whose credential it is, and of which company."""
        return await self._call("GET", f"{self._v1}/users/me", 2)

    async def fields(self, of: str, *, cursor: str | None = None) -> Answer:
        """List the fields of `person` or `deal`."""
        return await self._call("GET", f"{V2}/{of}Fields", 10, params=_paged({"limit": PAGE}, cursor))

    async def create_field(self, of: str, body: Json) -> Answer:
        """Create a custom field of `person` or `deal`; a second one of the same name is taken as well."""
        return await self._call("POST", f"{V2}/{of}Fields", 5, json=body)

    async def pipelines(self, *, cursor: str | None = None) -> Answer:
        """List the pipelines that the user sees."""
        return await self._call("GET", f"{V2}/pipelines", 5, params=_paged({"limit": PAGE}, cursor))

    async def stages(self, *, cursor: str | None = None) -> Answer:
        """List the stages of all pipelines."""
        return await self._call("GET", f"{V2}/stages", 5, params=_paged({"limit": PAGE}, cursor))

    # The way out.

    async def _call(
        self,
        method: str,
        path: str,
        price: int,
        *,
        json: Json | None = None,
        params: Mapping[str, str] | None = None,
        search: bool = False,
    ) -> Answer:
        headers = await self._credentials.headers()
        answer = await self._send(method, path, price, headers, json, params, search)
        # 401 means that nothing was applied, so that a write may be repeated too.
        if answer.status == 401 and await self._credentials.renew(headers):
            headers = await self._credentials.headers()
            answer = await self._send(method, path, price, headers, json, params, search)
        return answer

    async def _send(
        self,
        method: str,
        path: str,
        price: int,
        headers: Mapping[str, str],
        json: Json | None,
        params: Mapping[str, str] | None,
        search: bool,
    ) -> Answer:
        self._heed()
        costs = {limits.TOKENS: float(price)} | ({limits.SEARCH: 1.0} if search else {})
        with self.budget.spending(price):
            answer = await self._http.request(
                method,
                path,
                json=json,
                params=params,
                headers={"Accept": "application/json", **headers},
                bucket=limits.BURST,
                also=costs,
            )
        self._learn(answer, search=search)
        stop = self._refusals.read(answer, now=self._clock.now(), elapsed=self._clock.elapsed())
        if stop is not None:
            self._closed = self._clock.elapsed() + stop.after, stop
            raise stop
        self._refusals.passed()
        return answer

    def _heed(self) -> None:
        """Send nothing while a refusal lasts: who goes on after one is blocked for a while."""
        if self._closed is None:
            return
        left = self._closed[0] - self._clock.elapsed()
        if left <= 0:
            self._closed = None
            return
        stop = self._closed[1]
        raise Throttled(stop.reason, after=left, scope=stop.scope)

    def _learn(self, answer: Answer, *, search: bool) -> None:
        headers = answer.headers
        amount = limits.number(headers, "x-ratelimit-limit")
        if search and amount is not None:
            # It may be that of all requests: nobody says which window a search's answer tells of.
            amount = min(amount, limits.PLANS[self._plan].searches)
        self._http.learn(
            limits.SEARCH if search else limits.BURST,
            amount=amount,
            seconds=limits.WINDOW,
            remaining=limits.number(headers, "x-ratelimit-remaining"),
        )
        self.budget.told(
            limits.number(headers, "x-daily-ratelimit-token-limit"),
            limits.number(headers, "x-daily-ratelimit-token-remaining"),
        )
        self._http.learn(limits.TOKENS, amount=self.budget.amount, remaining=self.budget.left)


def _narrowed(columns: Sequence[str]) -> dict[str, str]:
    """Return what narrows a read to some custom fields, if they are few enough to be asked for."""
    return {"custom_fields": ",".join(columns)} if 0 < len(columns) <= KEYS else {}


def _paged(params: Mapping[str, str], cursor: str | None) -> dict[str, str]:
    return {**params, "cursor": cursor} if cursor else dict(params)
