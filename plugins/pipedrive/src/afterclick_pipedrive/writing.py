"""Creates and changes persons, one request each, and tells of each what became of it.

Pipedrive takes a second person with the same key as gladly as the first, so a create whose answer did
not come, or cannot be read, is uncertain and never simply repeated.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from afterclick.plugin import (
    Answer,
    CallFailed,
    Change,
    Lead,
    Outcome,
    Record,
    Rejected,
    RetryLater,
    Scalar,
    Synced,
    unanswered,
)
from afterclick_pipedrive import answers, deals, errors, problem
from afterclick_pipedrive.answers import Person
from afterclick_pipedrive.client import Client
from afterclick_pipedrive.mapping import Unfit, body, needs_lists, to_record
from afterclick_pipedrive.parallel import each
from afterclick_pipedrive.reading import read_person


async def create(leads: Sequence[Lead], client: Client) -> list[Outcome]:
    """Make a person per lead, under its first key."""
    return await each(leads, lambda lead: _create(lead, client))


async def enrich(changes: Sequence[Change], client: Client) -> list[Outcome]:
    """Write what differs by record id, or else take the step that is pending."""
    return await each(changes, lambda change: _enrich(change, client))


async def _create(lead: Lead, client: Client) -> Outcome:
    values = {**lead.values, client.shape.table.key.spec.name: lead.keys[0]}
    try:
        made = body(values, client.shape.table)
    except Unfit as unfit:
        return Rejected(unfit.reason, field=unfit.field)
    outcome = await _write(lambda: client.api.create_person(made), values, None, client)
    if isinstance(outcome, Synced):
        client.made.add(outcome.record.id, lead.keys[0])
        return Synced(outcome.record, deals.due(lead, {}, client))
    return outcome


async def _enrich(change: Change, client: Client) -> Outcome:
    values = dict(change.fields)
    if change.record.key is not None:
        values.pop(client.shape.table.key.spec.name, None)
    if not values:
        return await deals.take_step(change, client) if change.pending else Synced(change.record)
    before: Person | None = None
    if needs_lists(values, client.shape.table, change.record):
        found = await read_person(change.record.id, client)
        if isinstance(found, RetryLater):
            return found
        if found is None:
            return RetryLater("the person is not there any more", after=1.0)
        before = found
    try:
        made = body(values, client.shape.table, before)
    except Unfit as unfit:
        return Rejected(unfit.reason, field=unfit.field)
    send = client.api.update_person
    outcome = await _write(lambda: send(change.record.id, made), values, change.record, client)
    return Synced(outcome.record, change.pending) if isinstance(outcome, Synced) else outcome


async def _write(
    send: Callable[[], Awaitable[Answer]],
    values: Mapping[str, Scalar],
    before: Record | None,
    client: Client,
) -> Outcome:
    try:
        answer = await send()
    except CallFailed as failure:
        return unanswered(failure)
    written = answers.read(answer, Person)
    if written is not None:
        client.api.budget.wrote()
        return Synced(to_record(written.data, client.shape, before=before, written=values))
    if answer.ok:
        return errors.of_write(problem.of_answer(answer), None)
    found = client.refused(answer)
    try:
        field = await client.field_at_fault(found, values)
    except CallFailed:
        field = None
    return errors.of_write(found, field)
