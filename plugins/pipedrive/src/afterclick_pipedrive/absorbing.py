"""Brings a person that Afterclick made into the one that somebody turns out to have.

The core has written to the survivor what it lacked. What is left is the double: its deal goes over,
then it is deleted, or merged where the operator wants that. Deleting is the gentler way: it can be
undone for 30 days and costs a third. What somebody took up stays. Source: Pipedrive, "Persons" and
"Merging two persons".
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from afterclick.plugin import (
    Absorption,
    Answer,
    CallFailed,
    Outcome,
    Record,
    Rejected,
    RetryLater,
    Synced,
    Uncertain,
    unanswered,
)
from afterclick_pipedrive import answers, errors, problem
from afterclick_pipedrive.answers import Made, Person
from afterclick_pipedrive.client import Client
from afterclick_pipedrive.deals import CLOSED
from afterclick_pipedrive.fields import EMAIL
from afterclick_pipedrive.listing import find
from afterclick_pipedrive.mapping import (
    addresses,
    has_deals,
    is_owned,
    is_touched,
    is_worked_with,
    same_address,
    to_record,
)
from afterclick_pipedrive.parallel import each
from afterclick_pipedrive.reading import read_person

RETIRE = "retire"
"""The step that is left once the double's deal belongs to the survivor."""


async def absorb(absorptions: Sequence[Absorption], client: Client) -> list[Outcome]:
    """Retire each double; a lane stop carries what was settled before it."""
    return await each(absorptions, lambda one: _absorb(one, client))


async def _absorb(one: Absorption, client: Client) -> Outcome:
    double = await read_person(one.double.id, client)
    if isinstance(double, RetryLater):
        return double
    if double is None or one.double.id == one.survivor.id:
        # Deleted, or merged, by an earlier try or by a person.
        return Synced(one.survivor)
    known = await _with_deal(one, double, client)
    if isinstance(known, RetryLater):
        return known
    one = known
    objection = _objection(one, double, client)
    if objection is not None:
        return Rejected(objection)
    try:
        if RETIRE not in one.pending and _opened(one.double) is not None:
            return await _move_deal(one, client)
        if client.ctx.settings.doubles == "merge":
            return await _merge(one, client)
        return _settled(await client.api.delete_person(one.double.id), Synced(one.survivor), client)
    except CallFailed as failure:
        return unanswered(failure)


async def _with_deal(one: Absorption, double: Person, client: Client) -> Absorption | RetryLater:
    """Relate to the double what was opened for it and nobody saw: its answer was lost with a process."""
    if _opened(one.double) is not None or not has_deals(double):
        return one
    found = await find([one.double], one.lead, client)
    if isinstance(found, RetryLater) or found is None:
        return found or one
    return msgspec.structs.replace(one, double=msgspec.structs.replace(one.double, related=found))


def _objection(one: Absorption, double: Person, client: Client) -> str | None:
    """Return why a double has to stay, or None."""
    if not one.created_by_us:
        return "somebody else made it"
    doubles = client.ctx.settings.doubles
    if doubles == "keep":
        return "the setting `doubles` keeps it"
    if doubles == "merge":
        return None
    if is_owned(double, client.shape):
        return "somebody owns it; merge it in Pipedrive"
    if addresses(double) - {same_address(str(one.survivor.values.get(EMAIL, "")))}:
        return "it has an e-mail address of its own; merge it in Pipedrive"
    if is_worked_with(double, one.double.related):
        return "it has notes, activities, files, messages or deals of others; merge it in Pipedrive"
    return None


def _opened(double: Record) -> tuple[str, str] | None:
    """Return the kind and id of what we opened for the double."""
    return next(((kind, double.related[kind]) for kind in ("deal", "lead") if kind in double.related), None)


async def _move_deal(one: Absorption, client: Client) -> Outcome:
    """Give the double's deal to the survivor; where that has one, the further one is deleted."""
    kind, id = _opened(one.double) or ("", "")
    api = client.api
    owned = one.survivor.related.get(kind)
    record = one.survivor
    if owned in (None, id):
        related = {name: one.double.related[name] for name in (kind, CLOSED) if name in one.double.related}
        record = msgspec.structs.replace(record, related={**record.related, **related})
        update = api.update_lead if kind == "lead" else api.update_deal
        answer = await update(id, {"person_id": int(record.id)})
    else:
        answer = await (api.delete_lead if kind == "lead" else api.delete_deal)(id)
    return _settled(answer, Synced(record, (RETIRE,)), client, step=True)


async def _merge(one: Absorption, client: Client) -> Outcome:
    answer = await client.api.merge_person(one.double.id, one.survivor.id)
    merged = _settled(answer, Synced(one.survivor), client)
    if not isinstance(merged, Synced):
        return merged
    # Its answer has the shape of version 1, and what is missing from a record would look empty.
    survivor = await read_person(one.survivor.id, client)
    if not isinstance(survivor, Person):
        return Uncertain("Pipedrive merged two persons and does not show the survivor yet")
    return Synced(to_record(survivor, client.shape, before=one.survivor))


def _settled(answer: Answer, done: Outcome, client: Client, *, step: bool = False) -> Outcome:
    """Return what an answer means; what is gone, archived or never was needs no further work.

    A `step` that Pipedrive refuses, as it does for an archived deal, must not keep the double.
    """
    if answers.read(answer, Made) is not None or problem.is_gone(answer):
        return done
    found = problem.of_answer(answer) if answer.ok else client.refused(answer)
    if step and found.status == 400 and found.understood:
        return done
    verdict = errors.of_write(found, None)
    return verdict if isinstance(verdict, RetryLater | Uncertain) else Rejected(found.reason)


async def retire(records: Sequence[Record], client: Client) -> list[Outcome]:
    """Delete persons whom nobody but Afterclick has touched, by what Pipedrive says of them now."""
    return await each(records, lambda record: _retire(record, client))


async def _retire(record: Record, client: Client) -> Outcome:
    person = await read_person(record.id, client, whole=True)
    if isinstance(person, RetryLater):
        return person
    if person is None:
        return Synced(record)
    if _opened(record) is not None or is_touched(person, client.shape, {}) or _has_foreign(person, client):
        return Rejected("somebody took it up")
    try:
        return _settled(await client.api.delete_person(record.id), Synced(record), client)
    except CallFailed as failure:
        return unanswered(failure)


def _has_foreign(person: Person, client: Client) -> bool:
    """Tell whether a custom field that is not ours is filled in: Pipedrive does not say by whom."""
    ours = set(client.shape.table.codes)
    return any(value is not None for code, value in (person.custom_fields or {}).items() if code not in ours)


async def erase(records: Sequence[Record], client: Client) -> list[Outcome]:
    """Delete persons and what was opened for them; Pipedrive purges them after 30 days."""
    return await each(records, lambda record: _erase(record, client))


async def _erase(record: Record, client: Client) -> Outcome:
    api = client.api
    try:
        opened = _opened(record)
        if opened is not None:
            kind, id = opened
            answer = await (api.delete_lead if kind == "lead" else api.delete_deal)(id)
            settled = _settled(answer, Synced(record), client, step=True)
            if not isinstance(settled, Synced):
                return settled
        return _settled(await api.delete_person(record.id), Synced(record), client)
    except CallFailed as failure:
        return unanswered(failure)
