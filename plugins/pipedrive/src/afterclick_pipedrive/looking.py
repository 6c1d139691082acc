"""Looks for persons by key and by e-mail address, once a batch in the directory, or by search.

The search index is seconds behind and keeps what was deleted. So every hit is read, and a search that
finds nothing proves nothing. Source: Pipedrive's OpenAPI documents; the index as live clients report it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from urllib.parse import quote

from afterclick.plugin import Answer, CallFailed, NotYet, RetryLater
from afterclick_pipedrive import answers
from afterclick_pipedrive.answers import Body, Hit, Hits, Person
from afterclick_pipedrive.api import TERM
from afterclick_pipedrive.client import Client
from afterclick_pipedrive.directory import Directory
from afterclick_pipedrive.mapping import addresses, key_of, same_address
from afterclick_pipedrive.origin import hits
from afterclick_pipedrive.reading import read_person, unread

Ids = Sequence[str] | NotYet | RetryLater
"""Who has to be read, or why that cannot be told now."""
Found = list[Person] | NotYet | RetryLater
"""The living persons that fit, the oldest first, or why that cannot be told now."""


class Look:
    """The look for the persons of one batch."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._updating = asyncio.Lock()
        self._updated = False

    async def by_keys(self, keys: Sequence[str], *, lost: bool, besides: Collection[str]) -> Found:
        """Return the persons that carry one of the keys, `besides` these.

        Of a `lost` lead a record was known that is not there any more.
        """
        people: list[Person] = []
        for key in keys:
            ids = await self._under(key, lost=lost)
            found = await self._read(ids, partial(self._carries, key), besides)
            if not isinstance(found, list):
                return found
            people += found
        return people

    async def by_address(self, email: str, *, besides: Collection[str]) -> Found:
        """Return the persons that have an address, `besides` these."""
        directory = self._client.directory
        if directory is None:
            if len(quote(email)) > TERM:
                # Refused, it would keep the lead for ever; longer ones are hardly anybody's.
                return []
            ids = await self._searched(self._client.api.search_email(email))
        else:
            ids = await self._listed(same_address(email), directory)
        return await self._read(ids, lambda person: same_address(email) in addresses(person), besides)

    async def _under(self, key: str, *, lost: bool) -> Ids:
        """Return who may carry a key; without other ledgers, this one knows all but what was just made."""
        client = self._client
        if client.directory is not None:
            return await self._listed(key, client.directory)
        if lost:
            return await self._searched(client.api.search_field(client.shape.table.key.code, key))
        return client.made.under(key)

    def _carries(self, key: str, person: Person) -> bool:
        return key_of(person, self._client.shape.table) == key

    async def _read(self, ids: Ids, fits: Callable[[Person], bool], besides: Collection[str]) -> Found:
        if isinstance(ids, NotYet | RetryLater):
            return ids
        people: list[Person] = []
        for id in (id for id in ids if id not in besides):
            person = await read_person(id, self._client)
            if isinstance(person, RetryLater):
                return person
            if person is not None and fits(person):
                people.append(person)
        return people

    async def _listed(self, word: str, directory: Directory) -> Ids:
        """Return who stands in the directory under a word, once that is up to date."""
        async with self._updating:
            if not self._updated:
                stuck = await directory.update(self._page, self._client.shape.table)
                if stuck is not None:
                    return stuck
                self._updated = True
        return directory[word]

    async def _page(self, since: str | None, cursor: str | None) -> Body[list[Person]] | RetryLater:
        columns = (self._client.shape.table.key.code,)
        try:
            answer = await self._client.api.changed_persons(since, columns=columns, cursor=cursor)
        except CallFailed as failure:
            return RetryLater(failure.reason)
        return answers.read(answer, list[Person]) or unread(answer, self._client)

    async def _searched(self, search: Awaitable[Answer]) -> Ids:
        try:
            answer = await search
        except CallFailed as failure:
            return RetryLater(failure.reason)
        body = answers.read(answer, list[Hit] | Hits)  # type: ignore[arg-type]
        return unread(answer, self._client) if body is None else sorted(set(hits(body.data)), key=int)
