"""Writes batches of contacts and reads, input by input, what became of them.

Every input carries a trace id: with it HubSpot applies the good ones and reports the others, without it
one bad value refuses a whole batch. The order of an answer means nothing, and what it does not
mention is uncertain, never done. Source: HubSpot, "Error handling" (multi-status errors).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

from afterclick.plugin import (
    Answer,
    BatchRefused,
    CallFailed,
    Change,
    Exists,
    Lead,
    Outcome,
    Outcomes,
    Rejected,
    RetryLater,
    Synced,
    Uncertain,
    carrying,
    in_turn,
    parts,
    unanswered,
)
from afterclick_hubspot import answers, errors, problem
from afterclick_hubspot.api import BATCH
from afterclick_hubspot.client import Client
from afterclick_hubspot.conflicts import holder
from afterclick_hubspot.correlation import Inputs, Places, faults_of
from afterclick_hubspot.mapping import EMAIL, Input, changed_contact, new_contact, same, to_record
from afterclick_hubspot.problem import Problem

Verb = Literal["create", "upsert", "update"]


async def create(leads: Sequence[Lead], client: Client) -> list[Outcome]:
    """Make a contact per lead, in a way that makes no second one where it is repeated.

    Under its unique key by an upsert; with an e-mail address, which HubSpot warns not to mix into one, by a
    create, which refuses an address or a key that a contact has already.
    """
    inputs = {index: new_contact(lead, client.shape) for index, lead in enumerate(leads)}
    addressed = {index: input for index, input in inputs.items() if EMAIL in input.properties}
    keyed = {index: input for index, input in inputs.items() if index not in addressed}
    outcomes = await _write({"upsert": keyed, "create": addressed}, client)
    return [outcomes[index] for index in range(len(leads))]


async def enrich(changes: Sequence[Change], client: Client) -> list[Outcome]:
    """Update contacts by record id; a change without a value to send needs no call."""
    inputs = {index: changed_contact(change, client.shape) for index, change in enumerate(changes)}
    idle: Outcomes = {i: Synced(changes[i].record) for i, input in inputs.items() if not input.properties}
    busy = {index: input for index, input in inputs.items() if index not in idle}
    outcomes = idle | await _write({"update": busy}, client)
    return [outcomes[index] for index in range(len(changes))]


async def _write(work: Mapping[Verb, Inputs], client: Client) -> Outcomes:
    """Send all inputs in batches. A lane stop carries the outcomes of the batches before it."""
    put_off: Outcomes = {}
    calls = []
    for verb, inputs in work.items():
        put_off |= _repeated(inputs)
        waiting = {index: input for index, input in inputs.items() if index not in put_off}
        calls += [(part, partial(_write_batch, part, client, verb)) for part in parts(waiting, BATCH)]
    with carrying(put_off):
        return put_off | await in_turn(calls)


def _repeated(inputs: Inputs) -> Outcomes:
    """Put off inputs whose id another one has: HubSpot refuses the whole batch for that."""
    seen: set[str] = set()
    put_off: Outcomes = {}
    for index, input in inputs.items():
        if same(input.id) in seen:
            put_off[index] = RetryLater("the batch holds this contact twice")
        seen.add(same(input.id))
    return put_off


async def _write_batch(inputs: Inputs, client: Client, verb: Verb) -> Outcomes:
    try:
        answer = await _send(list(inputs.values()), client, verb)
    except CallFailed as failure:
        return dict.fromkeys(inputs, unanswered(failure))
    if not answer.ok:
        return await _refused(answer, inputs, client, verb)
    batch = answers.batch(answer)
    if batch is None:
        return {index: Uncertain("HubSpot's answer cannot be read") for index in inputs}
    return await _read(batch, inputs, client, verb)


async def _send(inputs: Sequence[Input], client: Client, verb: Verb) -> Answer:
    if verb == "update":
        return await client.api.update_contacts([input.as_update() for input in inputs])
    if verb == "upsert":
        return await client.api.upsert_contacts([input.as_upsert(client.shape.key) for input in inputs])
    return await client.api.create_contacts([input.as_create() for input in inputs])


async def _refused(answer: Answer, inputs: Inputs, client: Client, verb: Verb) -> Outcomes:
    """Return what it means that a whole batch was refused; a single input may be named as the fault."""
    found = client.refused(answer)
    sent = {name for input in inputs.values() for name in input.properties} - {client.shape.key}
    verdict = errors.of_call(found, sent, writing=True)
    if not isinstance(verdict, BatchRefused):
        return dict.fromkeys(inputs, verdict)
    if len(inputs) == 1 and (found.duplicate or problem.NOT_FOUND in found.codes):
        return {i: await _fault(found, input, client, verb) for i, input in inputs.items()}
    raise verdict


async def _read(batch: answers.Batch, inputs: Inputs, client: Client, verb: Verb) -> Outcomes:
    """Give every input its outcome: by results, then by errors, and what is left over is uncertain."""
    places = Places(inputs, client.shape.key)
    outcomes: Outcomes = {}
    for contact in batch.results or []:
        index = places.of_contact(contact)
        if index is not None:
            record = to_record(contact, client.shape, inputs[index])
            met = verb == "upsert" and not contact.new
            outcomes[index] = Exists(record) if met else Synced(record)
    faults = faults_of(batch, places, [index for index in inputs if index not in outcomes])
    for index in inputs:
        if index not in outcomes and index not in faults:
            outcomes[index] = Uncertain("HubSpot's answer does not mention it")
    await _settle_faults(faults, inputs, client, outcomes, verb)
    return outcomes


async def _settle_faults(
    faults: Mapping[int, Problem], inputs: Inputs, client: Client, outcomes: Outcomes, verb: Verb
) -> None:
    """Add the outcomes of errors. Those that stop the lane come last, so that the stop carries all others."""
    place = errors.Place(connection=client.ctx.connection, now=client.ctx.clock.now(), day=client.day)
    stops = {index: errors.lane_stop(found, place) for index, found in faults.items()}
    with carrying(outcomes):
        for index, found in faults.items():
            if stops[index] is None:
                outcomes[index] = await _fault(found, inputs[index], client, verb)
        for first in stops.values():
            if first is not None:
                raise first


async def _fault(found: Problem, input: Input, client: Client, verb: Verb) -> Outcome:
    """Return the outcome of one input's error; a duplicate is traced to the contact in the way."""
    creating, key = verb != "update", client.shape.key
    droppable = input.properties.keys() - ({key} if creating else set())
    if not found.duplicate:
        return errors.of_input(found, droppable, creating=creating)
    if not creating and key in found.fields and key in input.properties:
        # A key that somebody's contact was to get as well: it does without.
        return Rejected(errors.reason(found), field=key)
    other = await holder(found, input, client, creating=creating)
    if other is None:
        return errors.taken(found, droppable)
    return other if isinstance(other, RetryLater) else Exists(other)
