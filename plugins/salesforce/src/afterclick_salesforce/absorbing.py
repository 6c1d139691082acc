"""Brings a Lead that Afterclick made into the person's other record, lets stubs expire, and erases people.

The core has written to the survivor what it lacked; what is left is the double. It keeps its key and gets a
pointer to the survivor, which every later match follows: no key moves, so a crash between any two steps
leaves nothing to put right. Salesforce merges records over SOAP and Apex only, so nothing is merged.
Source: Salesforce, "Merge" and "sObject Collections" (delete).
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence

from afterclick.plugin import (
    Absorption,
    Answer,
    BatchRefused,
    CallFailed,
    Outcome,
    Outcomes,
    Record,
    Rejected,
    RetryLater,
    Synced,
    Uncertain,
    carrying,
    parts,
    unanswered,
)
from afterclick_salesforce import answers, errors, problem
from afterclick_salesforce.answers import Result, Row
from afterclick_salesforce.api import ROWS
from afterclick_salesforce.client import Client
from afterclick_salesforce.fields import LEAD
from afterclick_salesforce.headers import Manner
from afterclick_salesforce.lookup import Finder, Pending, Want
from afterclick_salesforce.mapping import CONVERTED, EMAIL, same_id, taken_up, touched

_GONE = ("ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND")
_RETIRED = Manner(assign=False, allow_duplicates=True)


async def absorb(absorptions: Sequence[Absorption], client: Client) -> list[Outcome]:
    """Retire each double; a lane stop carries what was settled before it."""
    outcomes: Outcomes = {}
    try:
        rows = await _read([one.double for one in absorptions], client)
    except (CallFailed, BatchRefused) as failure:
        return [RetryLater(failure.reason)] * len(absorptions)
    with carrying(outcomes):
        open = {
            index: row
            for index, one in enumerate(absorptions)
            if (row := _settle(index, one, rows, client, outcomes)) is not None
        }
        doomed = {index: absorptions[index].double for index, row in open.items() if _may_delete(row, client)}
        left = {index: absorptions[index].survivor for index in doomed}
        await _delete(doomed, left, client, outcomes)
        rest = {index: absorptions[index] for index in open if index not in doomed}
        await _point(rest, client, outcomes)
    return [outcomes[index] for index in range(len(absorptions))]


async def _read(records: Sequence[Record], client: Client) -> Mapping[str, Row]:
    finder = Finder(client)
    wants = [Want.by_id(record.kind, record.id) for record in records]
    try:
        rows = finder.all(wants)
    except Pending:
        await finder.read()
        rows = finder.all(wants)
    return {same_id(row.id): row for row in rows}


def _settle(
    index: int, one: Absorption, rows: Mapping[str, Row], client: Client, outcomes: Outcomes
) -> Row | None:
    """Settle what needs no call; return the record that is to be retired."""
    row = rows.get(same_id(one.double.id))
    pointer = client.shape.pointer
    if row is None or same_id(one.double.id) == same_id(one.survivor.id):
        # Deleted or merged, by an earlier try or by a person.
        outcomes[index] = Synced(one.survivor)
    elif pointer and same_id(row.text(pointer)) == same_id(one.survivor.id):
        outcomes[index] = Synced(one.survivor)
    elif reason := _objection(one, row, client):
        outcomes[index] = Rejected(reason)
    else:
        return row
    return None


def _objection(one: Absorption, row: Row, client: Client) -> str | None:
    """Return why a double has to stay as it is, or None."""
    if not one.created_by_us:
        return "somebody else made it"
    if client.ctx.settings.doubles == "keep":
        return "the setting `doubles` keeps it"
    if row.object != LEAD or row.flag(CONVERTED):
        return "somebody converted it"
    if row.text(EMAIL) or taken_up(row):
        return "it has an e-mail address or another owner; merge it in Salesforce"
    if not client.shape.pointer:
        return f"Lead has no field {client.ctx.settings.merged_into} that could point to the other record"
    return None


def _may_delete(row: Row, client: Client) -> bool:
    """Tell whether nobody but us has touched a Lead, so that deleting it takes nothing from anybody."""
    return client.ctx.settings.doubles == "delete" and touched(row) is False


async def _point(absorptions: Mapping[int, Absorption], client: Client, outcomes: Outcomes) -> None:
    """Write on each double which record took its place."""
    for part in parts(absorptions, ROWS):
        rows = [
            {"attributes": {"type": LEAD}, "id": one.double.id, client.shape.pointer: one.survivor.id}
            for one in part.values()
        ]
        survivors = {index: one.survivor for index, one in part.items()}
        await _send(survivors, client.api.update(rows, _RETIRED.headers), client, outcomes)


async def retire(records: Sequence[Record], client: Client) -> list[Outcome]:
    """Delete Leads that nobody else has touched; a lane stop carries what was settled."""
    outcomes: Outcomes = {}
    try:
        rows = await _read(records, client)
    except (CallFailed, BatchRefused) as failure:
        return [RetryLater(failure.reason)] * len(records)
    with carrying(outcomes):
        for index, record in enumerate(records):
            row = rows.get(same_id(record.id))
            if row is None:
                outcomes[index] = Synced(record)
            elif touched(row) is not False:
                outcomes[index] = Rejected("somebody works with it")
        open = {index: record for index, record in enumerate(records) if index not in outcomes}
        await _delete(open, open, client, outcomes)
    return [outcomes[index] for index in range(len(records))]


async def erase(records: Sequence[Record], client: Client) -> list[Outcome]:
    """Delete records; one that is gone counts as deleted.

    Salesforce keeps them in its recycle bin for 15 days; REST has no way to empty it.
    """
    outcomes: Outcomes = {}
    all = dict(enumerate(records))
    with carrying(outcomes):
        await _delete(all, all, client, outcomes)
    return [outcomes[index] for index in range(len(records))]


async def _delete(
    doomed: Mapping[int, Record], left: Mapping[int, Record], client: Client, outcomes: Outcomes
) -> None:
    """Delete records; `left` is what each outcome shows."""
    for part in parts(doomed, ROWS):
        ids = [record.id for record in part.values()]
        await _send({index: left[index] for index in part}, client.api.delete(ids), client, outcomes)


async def _send(
    records: Mapping[int, Record], call: Awaitable[Answer], client: Client, outcomes: Outcomes
) -> None:
    """Add the outcome of each row: the record, or what went wrong. A row that is gone has its wish."""
    try:
        answer = await call
    except CallFailed as failure:
        outcomes |= dict.fromkeys(records, unanswered(failure))
        return
    if not answer.ok:
        verdict = errors.of_call(client.refused(problem.of_answer(answer)), (), writing=True)
        refused = Rejected(verdict.reason) if isinstance(verdict, BatchRefused) else verdict
        outcomes |= dict.fromkeys(records, refused)
        return
    results = answers.read(answer, list[Result])
    if results is None or len(results) != len(records):
        outcomes |= dict.fromkeys(records, Uncertain("Salesforce's answer cannot be read"))
        return
    for (index, record), result in zip(records.items(), results, strict=True):
        outcomes[index] = _outcome(record, result, client)


def _outcome(record: Record, result: Result, client: Client) -> Outcome:
    if result.success:
        return Synced(record)
    if not result.errors:
        return Uncertain("Salesforce's answer cannot be read")
    found = problem.of_errors(result.errors)
    if found.has(*_GONE):
        return Synced(record)
    if found.has(*errors.NO_RIGHT):
        return Rejected(f"{errors.reason(found)}: the integration user may not do that")
    stop = errors.lane_stop(found, object=record.kind, connection=client.ctx.connection)
    if stop is not None:
        raise stop
    return errors.of_row(found, ())
