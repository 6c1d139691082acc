"""Writes batches of records and reads, row by row, what became of them.

A create is an insert that carries the unique key: where somebody has it already, Salesforce refuses that
row and names the record, so repeating one makes no second Lead and overwrites nothing. An update goes by
record id. HTTP 200 says nothing about the rows; they come back in the order in which they were sent, and
where their number differs nobody can tell which is which. Source: Salesforce, "sObject Collections".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

from afterclick.plugin import (
    Answer,
    BatchRefused,
    CallFailed,
    Change,
    LaneStop,
    Lead,
    Outcome,
    Outcomes,
    RetryLater,
    Synced,
    Uncertain,
    carrying,
    in_turn,
    parts,
    unanswered,
)
from afterclick_salesforce import answers, conflicts, errors, headers, problem
from afterclick_salesforce.answers import Result
from afterclick_salesforce.api import ROWS
from afterclick_salesforce.client import Client
from afterclick_salesforce.fields import LEAD, OBJECTS
from afterclick_salesforce.headers import Manner
from afterclick_salesforce.mapping import Input, changed, new_lead, same, same_id, written
from afterclick_salesforce.problem import Problem

Inputs = Mapping[int, Input]
"""Rows of a call by their place in the hook's arguments."""
UNREADABLE = "Salesforce's answer cannot be read"
_NOT_IN_LINE = "Salesforce's answer does not line up with what was sent"


async def create(leads: Sequence[Lead], client: Client) -> list[Outcome]:
    """Make a Lead per person, under their first key."""
    settings = client.ctx.settings
    work: dict[Manner, dict[int, Input]] = defaultdict(dict)
    for index, lead in enumerate(leads):
        input = new_lead(lead, client.shape)
        work[headers.of_create(settings, nameless=input.nameless)][index] = input
    outcomes = await _write(work, client)
    return [outcomes[index] for index in range(len(leads))]


async def enrich(changes: Sequence[Change], client: Client) -> list[Outcome]:
    """Update records by id; a change without a value to send needs no call."""
    fields = {spec.attribute: spec for spec in client.shape.of(LEAD)}
    work: dict[Manner, dict[int, Input]] = defaultdict(dict)
    idle: Outcomes = {}
    for index, change in enumerate(changes):
        input = changed(change, client.shape)
        if input.values:
            work[headers.of_change(client.ctx.settings, change, fields)][index] = input
        else:
            idle[index] = Synced(change.record)
    outcomes = idle | await _write(work, client)
    return [outcomes[index] for index in range(len(changes))]


async def _write(work: Mapping[Manner, Inputs], client: Client) -> Outcomes:
    """Send all rows in batches. A lane stop carries the outcomes of the batches before it."""
    put_off: Outcomes = {}
    calls = []
    for manner, inputs in work.items():
        put_off |= _repeated(inputs, client)
        waiting = sorted(
            (index for index in inputs if index not in put_off),
            # A call may change between objects ten times at most.
            key=lambda index: OBJECTS.index(inputs[index].object),
        )
        rows = {index: inputs[index] for index in waiting}
        calls += [(part, partial(_write_batch, part, manner, client)) for part in parts(rows, ROWS)]
    with carrying(put_off):
        return put_off | await in_turn(calls)


def _repeated(inputs: Inputs, client: Client) -> Outcomes:
    """Put off rows whose record or key another one has: Salesforce refuses both."""
    seen: set[str] = set()
    put_off: Outcomes = {}
    for index, input in inputs.items():
        name = same_id(input.id) or same(str(input.values[client.shape.key]))
        if name in seen:
            put_off[index] = RetryLater("the batch holds this record twice")
        seen.add(name)
    return put_off


async def _write_batch(inputs: Inputs, manner: Manner, client: Client) -> Outcomes:
    rows = [input.as_row() for input in inputs.values()]
    creating = not next(iter(inputs.values())).id
    send = client.api.insert if creating else client.api.update
    try:
        answer = await send(rows, manner.headers)
    except CallFailed as failure:
        return dict.fromkeys(inputs, unanswered(failure))
    if not answer.ok:
        return _refused(answer, inputs, client)
    results = answers.read(answer, list[Result])
    if results is None:
        return dict.fromkeys(inputs, Uncertain(UNREADABLE))
    if len(results) != len(inputs):
        return dict.fromkeys(inputs, Uncertain(_NOT_IN_LINE))
    return await _read(dict(zip(inputs, results, strict=True)), inputs, manner, client)


def _refused(answer: Answer, inputs: Inputs, client: Client) -> Outcomes:
    """Return what it means that a whole batch was refused."""
    object = next(iter(inputs.values())).object
    found = client.refused(problem.of_answer(answer), object=object)
    sent = {name for input in inputs.values() for name in input.values} - {client.shape.key}
    verdict = errors.of_call(found, sent, writing=True)
    if isinstance(verdict, BatchRefused):
        raise verdict
    return dict.fromkeys(inputs, verdict)


async def _read(results: Mapping[int, Result], inputs: Inputs, manner: Manner, client: Client) -> Outcomes:
    """Give every row its outcome."""
    outcomes: Outcomes = {}
    faults: dict[int, Problem] = {}
    for index, result in results.items():
        input = inputs[index]
        if result.errors and not result.success:
            faults[index] = problem.of_errors(result.errors)
        elif not result.success or not result.id:
            outcomes[index] = Uncertain(UNREADABLE)
        elif input.id and same_id(result.id) != same_id(input.id):
            outcomes[index] = Uncertain(_NOT_IN_LINE)
        else:
            outcomes[index] = Synced(written(input, result.id, client.shape))
    await _settle_faults(faults, inputs, manner, client, outcomes)
    return outcomes


async def _settle_faults(
    faults: Mapping[int, Problem],
    inputs: Inputs,
    manner: Manner,
    client: Client,
    outcomes: Outcomes,
) -> None:
    """Add the outcomes of errors. Those that stop the lane come last, so that the stop carries all others."""
    one = next(iter(inputs.values()))
    if len(faults) == len(inputs):
        without = errors.all_without_right(list(faults.values()), object=one.object, creating=not one.id)
        if without is not None:
            raise without
    stops: list[LaneStop] = []
    with carrying(outcomes):
        for index, found in faults.items():
            stop = _stop(found, inputs[index], client)
            if stop is None:
                outcomes[index] = await conflicts.settle(found, inputs[index], manner, client)
            else:
                stops.append(stop)
        if stops:
            raise stops[0]


def _stop(found: Problem, input: Input, client: Client) -> LaneStop | None:
    return errors.lane_stop(found, object=input.object, connection=client.ctx.connection)
