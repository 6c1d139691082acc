"""Reads persons by id, and those written lately: from the database, so that what is missing is not there.

Source: Pipedrive's OpenAPI documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from afterclick.plugin import Answer, CallFailed, RetryLater
from afterclick_pipedrive import answers, errors
from afterclick_pipedrive.answers import Person
from afterclick_pipedrive.api import IDS
from afterclick_pipedrive.client import Client, decoded
from afterclick_pipedrive.mapping import key_of
from afterclick_pipedrive.parallel import gathered

Read = Person | RetryLater | None
"""A person, that nothing is known now, or that there is none."""

_LIST_PAYS = 10
"""From so many persons on one list costs no more than single reads."""
_SLACK = 60.0
_NO_SKEW_SLACK = 600.0
"""Seconds before a write that a list of changes begins with; more, where their clock is not known."""


async def read_persons(ids: Iterable[str], client: Client) -> dict[str, Read]:
    """Return what each id leads to."""
    wanted = list(dict.fromkeys(ids))
    seen: dict[str, Read] = {}
    if len(wanted) >= _LIST_PAYS:
        for start in range(0, len(wanted), IDS):
            seen |= await _list(wanted[start : start + IDS], client)
    # What a list leaves out may be deleted, merged or hidden: a status of its own tells.
    left = [id for id in wanted if id not in seen]
    seen |= dict(zip(left, await gathered(left, lambda id: read_person(id, client)), strict=True))
    return seen


async def _list(ids: Sequence[str], client: Client) -> dict[str, Read]:
    try:
        answer = await client.api.persons(ids, columns=client.shape.table.codes)
    except CallFailed as failure:
        return dict.fromkeys(ids, RetryLater(failure.reason))
    body = answers.read(answer, list[Person])
    if body is None:
        return dict.fromkeys(ids, unread(answer, client))
    return {str(person.id): person for person in body.data if not person.is_deleted}


async def read_person(id: str, client: Client, *, whole: bool = False) -> Read:
    """Return one person, None where it was deleted or never was; `whole` with all custom fields."""
    try:
        answer = await client.api.person(id, columns=() if whole else client.shape.table.codes)
    except CallFailed as failure:
        return RetryLater(failure.reason)
    body = answers.read(answer, Person)
    if body is not None:
        return None if body.data.is_deleted else body.data
    refusal = unread(answer, client)
    return None if answer.status == 404 else refusal


def unread(answer: Answer, client: Client) -> RetryLater:
    """Return what an answer without a person or a list means for whom it was asked for."""
    return RetryLater(errors.UNREADABLE) if answer.ok else errors.of_read(client.refused(answer))


async def recent_by_key(since: int, client: Client) -> Mapping[str, list[Person]]:
    """Return the persons that were written since a moment (milliseconds), by the key they carry.

    Raises:
        CallFailed: no page may be missing, since a write is taken not to have happened by it.

    """
    found: dict[str, list[Person]] = {}
    cursor: str | None = None
    while True:
        answer = await client.api.changed_persons(
            _moment(since, client), columns=(client.shape.table.key.code,), cursor=cursor
        )
        body = decoded(client.ctx, answer, list[Person])
        for person in body.data:
            key = key_of(person, client.shape.table)
            if key is not None and not person.is_deleted:
                found.setdefault(key, []).append(person)
        cursor = body.cursor
        if not cursor:
            return found


def _moment(since: int, client: Client) -> str:
    """Return the moment, in whole seconds: a fraction is refused.

    Where their clock is behind ours it is earlier; where it is ahead, the list is only longer.
    """
    skew = client.ctx.http.clock_skew()
    seconds = since / 1000 - (_NO_SKEW_SLACK if skew is None else _SLACK - min(skew, 0.0))
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
