"""Reads contacts by id or unique value and tells, for each, what it leads to.

Nothing is concluded from silence: what an answer does not mention is asked for alone, where "not found"
is a status of its own. Merged contacts come back under another id than the one that was asked for;
whether the old value of a unique property still leads to a contact after a merge, no page of HubSpot says.
Source: HubSpot, "Using object APIs" and the changelog on merging.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from afterclick.plugin import Answer, BatchRefused, CallFailed, RetryLater
from afterclick_hubspot import answers, errors, problem
from afterclick_hubspot.answers import Contact
from afterclick_hubspot.api import BATCH
from afterclick_hubspot.client import Client
from afterclick_hubspot.mapping import EMAIL, addresses, merged_ids, same

_UNREADABLE = "HubSpot's answer cannot be read"


class Unanswered(NamedTuple):
    """Nothing is known, because HubSpot did not answer or has a fault of its own."""

    reason: str


Seen = Contact | RetryLater | Unanswered | None
"""What is known of an id or key: its contact, nothing yet, or that there is none."""


async def look_up(values: Iterable[str], client: Client, *, by: str | None = None) -> dict[str, Seen]:
    """Return what each id (or value of the unique property `by`) leads to, by its compared form."""
    wanted = list({same(value): value for value in values})
    seen: dict[str, Seen] = {}
    for start in range(0, len(wanted), BATCH):
        seen |= await _look_up_batch(wanted[start : start + BATCH], client, by)
    return seen


async def _look_up_batch(wanted: list[str], client: Client, by: str | None) -> dict[str, Seen]:
    try:
        answer = await client.api.read_contacts(wanted, client.shape.properties, by=by)
    except CallFailed as failure:
        return dict.fromkeys(wanted, Unanswered(failure.reason))
    if not answer.ok:
        return await _refused(answer, wanted, client, by)
    batch = answers.batch(answer)
    if batch is None:
        return dict.fromkeys(wanted, Unanswered(_UNREADABLE))
    seen = _found(batch.results or [], wanted, by) | _absent(batch, wanted)
    for value in wanted:
        if value not in seen:
            seen[value] = await _ask(value, client, by)
    return seen


async def _refused(answer: Answer, wanted: list[str], client: Client, by: str | None) -> dict[str, Seen]:
    """Return what a refused read means; one value that HubSpot cannot take must not hold up the others."""
    verdict = errors.of_call(client.refused(answer), (), writing=False)
    if not isinstance(verdict, BatchRefused):
        return dict.fromkeys(wanted, Unanswered(errors.reason(problem.of_answer(answer))))
    if len(wanted) == 1:
        return {wanted[0]: RetryLater(verdict.reason)}
    middle = len(wanted) // 2
    first = await _look_up_batch(wanted[:middle], client, by)
    return first | await _look_up_batch(wanted[middle:], client, by)


def _found(contacts: Sequence[Contact], wanted: Sequence[str], by: str | None) -> dict[str, Seen]:
    """Tell which contact each value led to.

    A merged contact comes back under another id than the one that was asked for; it names the ids it
    took in. Its own id goes before those.
    """
    owners: dict[str, Seen] = {}
    for contact in contacts:
        if contact.archived:
            continue
        for id in merged_ids(contact) if by is None else ():
            owners.setdefault(same(id), contact)
    for contact in contacts:
        if not contact.archived:
            owners[same(str(contact.id) if by is None else contact.text(by))] = contact
            if by == EMAIL:
                owners |= dict.fromkeys(addresses(contact), contact)
    return {value: owners[value] for value in wanted if value in owners}


def _absent(batch: answers.Batch, wanted: Sequence[str]) -> dict[str, Seen]:
    """Return the values that HubSpot says it does not have."""
    named = (problem.of_item(item) for item in batch.errors or [])
    missing = {same(id) for found in named if problem.NOT_FOUND in found.codes for id in found.ids}
    return {value: None for value in wanted if value in missing}


async def _ask(value: str, client: Client, by: str | None) -> Seen:
    """Ask for one value alone; keys are digests, so that they may stand in an address. E-mails may not."""
    if by == EMAIL:
        return await _ask_in_body(value, client)
    try:
        answer = await client.api.read_contact(value, client.shape.properties, by=by)
    except CallFailed as failure:
        return Unanswered(failure.reason)
    if answer.status == 404 and problem.NOT_FOUND in problem.of_answer(answer).codes:
        return None
    if not answer.ok:
        return (await _refused(answer, [value], client, by))[value]
    contact = answers.contact(answer)
    if contact is None:
        return Unanswered(_UNREADABLE)
    return None if contact.archived else contact


async def _ask_in_body(email: str, client: Client) -> Seen:
    """Ask for one address; the contact that comes back has it, whatever address it shows."""
    try:
        answer = await client.api.read_contacts([email], client.shape.properties, by=EMAIL)
    except CallFailed as failure:
        return Unanswered(failure.reason)
    if not answer.ok:
        return (await _refused(answer, [email], client, EMAIL))[email]
    batch = answers.batch(answer)
    if batch is None:
        return Unanswered(_UNREADABLE)
    living = [contact for contact in batch.results or [] if not contact.archived]
    if len(living) == 1:
        return living[0]
    return None if email in _absent(batch, [email]) else Unanswered("HubSpot's answer does not mention it")
