"""Finds the contact that holds a value which must be unique: an e-mail address, or our key.

HubSpot names it in some shapes of the error and not in others. Addresses are looked up in the body of
a request, never in its address line. Source: HubSpot, "Error handling"; the shapes as recorded.
"""

from __future__ import annotations

from afterclick.plugin import CallFailed, Record, RetryLater
from afterclick_hubspot import answers, errors
from afterclick_hubspot.client import Client
from afterclick_hubspot.mapping import EMAIL, Input, bare_record, to_record
from afterclick_hubspot.problem import Problem


async def holder(
    found: Problem, input: Input, client: Client, *, creating: bool
) -> Record | RetryLater | None:
    """Return the contact in the way, or None if nobody can tell; it is read before anything is written.

    Raises:
        LaneStop: the look-up has to wait.

    """
    if found.holder is not None:
        itself = not creating and found.holder == input.id
        return None if itself else bare_record(found.holder, client.shape)
    name = next((name for name in found.fields if name in input.properties), None)
    if name is None:
        name = client.shape.key if found.unique_conflict else EMAIL
    value = input.properties.get(name)
    return None if value is None else await _read(value, name, client)


async def _read(value: str, by: str, client: Client) -> Record | RetryLater | None:
    """Read the one contact that a unique value leads to; an additional address leads to its owner."""
    try:
        answer = await client.api.read_contacts([value], client.shape.properties, by=by)
    except CallFailed as failure:
        return RetryLater(failure.reason)
    if not answer.ok:
        verdict = errors.of_call(client.refused(answer), (), writing=False)
        # A value that HubSpot does not take for a look-up leads nowhere.
        return verdict if isinstance(verdict, RetryLater) else None
    batch = answers.batch(answer)
    if batch is None:
        return RetryLater("HubSpot's answer cannot be read")
    contacts = batch.results or []
    return to_record(contacts[0], client.shape) if len(contacts) == 1 else None
