"""Settles rows that met a record which is there already: one with the same key, or one that a rule found.

A unique value that is taken names its holder in a sentence, which an org may have in another language; then
the holder is looked up. A duplicate rule names what it found only to a request with a single record, so
the row is sent once more by itself. Source: Salesforce, "Duplicate Rule Header"; the wording of duplicate
values as recorded in the field.
"""

from __future__ import annotations

from collections.abc import Sequence

from afterclick.plugin import (
    Answer,
    BatchRefused,
    CallFailed,
    Exists,
    Outcome,
    Rejected,
    RetryLater,
    Synced,
    Uncertain,
    unanswered,
)
from afterclick_salesforce import answers, errors, problem
from afterclick_salesforce.answers import Result
from afterclick_salesforce.client import Client
from afterclick_salesforce.fields import CONTACT, LEAD
from afterclick_salesforce.headers import Manner
from afterclick_salesforce.lookup import Finder, Pending, Want
from afterclick_salesforce.mapping import Input, bare_record, object_of, same_id, written
from afterclick_salesforce.problem import Met, Problem


async def settle(found: Problem, input: Input, manner: Manner, client: Client) -> Outcome:
    """Return the outcome of a row with an error.

    Raises:
        LaneStop: a further call says that every lead has to wait.

    """
    if found.has(problem.DUPLICATE_VALUE):
        return await _taken(found, input, client)
    if found.has(problem.DUPLICATES_DETECTED):
        return await _detected(found, input, manner, client)
    return errors.of_row(found, _droppable(input, client))


def _droppable(input: Input, client: Client) -> frozenset[str]:
    names = frozenset(input.values)
    return names if input.id else names - {client.shape.key}


async def _taken(found: Problem, input: Input, client: Client) -> Outcome:
    key = client.shape.key
    if input.id:
        # A key that somebody's record was to get as well, or a unique field of the org's own: left out.
        name = key if key in found.fields and key in input.values else errors.droppable(found, input.values)
        return Rejected(errors.reason(found), field=name)
    holder = found.holders[0] if key in found.fields and len(found.holders) == 1 else None
    if holder is not None:
        return _exists(holder, client)
    return await _by_key(found, input, client)


async def _by_key(found: Problem, input: Input, client: Client) -> Outcome:
    """Look for the holder of the key: in the recycle bin too, since nobody says that it is free there."""
    value = str(input.values[client.shape.key])
    finder = Finder(client)
    wants = [Want.having(LEAD, client.shape.key, value, deleted=deleted) for deleted in (False, True)]
    try:
        try:
            finder.all(wants)
        except Pending:
            await finder.read()
        rows = finder.all(wants)
    except (CallFailed, BatchRefused) as failure:
        return RetryLater(failure.reason)
    if rows:
        return _exists(rows[0].id, client)
    # Another unique field of the org's own is in the way.
    return Rejected(errors.reason(found), field=errors.droppable(found, _droppable(input, client)))


def _exists(id: str, client: Client) -> Outcome:
    return Exists(bare_record(object_of(id) or LEAD, id, client.shape))


async def _detected(found: Problem, input: Input, manner: Manner, client: Client) -> Outcome:
    why = errors.reason(found)
    if client.ctx.settings.on_duplicate != "use_match":
        return Rejected(f"{why}: a duplicate rule does not let it be saved")
    if input.nameless:
        return Rejected(f"{why}: a duplicate rule blocks leads without a name")
    if not found.matches:
        told = await _alone(input, manner, client)
        if not isinstance(told, Problem):
            return told
        found = told
    return _choose(found, input, client)


async def _alone(input: Input, manner: Manner, client: Client) -> Problem | Outcome:
    """Send a row by itself; return what the rule found, or what became of it instead."""
    api = client.api
    try:
        if input.id:
            answer = await api.update_one(input.object, input.id, input.values, manner.headers)
        else:
            answer = await api.insert_one(input.object, input.values, manner.headers)
    except CallFailed as failure:
        return unanswered(failure)
    if answer.ok:
        return _saved(answer, input, client)
    found = problem.of_answer(answer)
    if found.has(*errors.AWAY, *errors.NO_RIGHT):
        # Of this record, although the status of a single call looks like one about the org.
        return errors.of_row(found, ())
    client.refused(found, object=input.object)
    if found.has(problem.DUPLICATES_DETECTED):
        return found
    if found.has(problem.DUPLICATE_VALUE):
        return await _taken(found, input, client)
    if found.codes and not errors.is_busy(found):
        return errors.of_row(found, _droppable(input, client))
    verdict = errors.of_call(found, (), writing=True)
    return RetryLater(verdict.reason) if isinstance(verdict, BatchRefused) else verdict


def _saved(answer: Answer, input: Input, client: Client) -> Outcome:
    """Return the outcome of a row that was saved after all: what was in the way is gone."""
    if input.id:
        return Synced(written(input, input.id, client.shape))
    result = answers.read(answer, Result)
    if result is None or not result.id:
        return Uncertain("Salesforce's answer cannot be read")
    return Synced(written(input, result.id, client.shape))


def _choose(found: Problem, input: Input, client: Client) -> Outcome:
    """Go over to the record that was found, a Contact before a Lead; several are nobody's guess."""
    others = [met for met in found.matches if same_id(met.id) != same_id(input.id)]
    for object in (CONTACT, LEAD):
        met = _of(object, others)
        if len(met) == 1:
            return Exists(bare_record(object, met[0].id, client.shape))
        if met:
            ids = ", ".join(one.id for one in met)
            return Rejected(f"a duplicate rule found several {object}s: {ids}")
    return Rejected(f"{errors.reason(found)}: a duplicate rule found a record that is no Lead or Contact")


def _of(object: str, met: Sequence[Met]) -> list[Met]:
    return list({same_id(one.id): one for one in met if one.object == object}.values())
