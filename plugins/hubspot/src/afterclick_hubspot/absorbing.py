"""Takes contacts away: a double of ours, a stub that expired, a person who is to be forgotten.

For a double, the core has written to the survivor what it lacked; what is left is the double itself. It
goes into the bin, or is merged where the operator wants that. No key moves from one contact to the other,
so a crash between any two steps leaves nothing to put right, and each step is safe to repeat. Source:
HubSpot, "Contacts" guide (archive, merge) and the changelog on merging.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from afterclick.plugin import (
    Absorption,
    Answer,
    CallFailed,
    Outcome,
    Outcomes,
    Record,
    Rejected,
    RetryLater,
    Synced,
    Uncertain,
    carrying,
    unanswered,
)
from afterclick_hubspot import answers, errors
from afterclick_hubspot.answers import Contact
from afterclick_hubspot.client import Client
from afterclick_hubspot.lookup import Seen, Unanswered, look_up
from afterclick_hubspot.mapping import EMAIL, OWNER, is_touched, same, to_record

_NOT_SEEN = "HubSpot archived contacts and does not show that this one is gone"


async def absorb(absorptions: Sequence[Absorption], client: Client) -> list[Outcome]:
    """Retire each double; a lane stop carries what was settled before it."""
    outcomes: Outcomes = {}
    with carrying(outcomes):
        doubles = await look_up((one.double.id for one in absorptions), client)
        open = {
            index: contact
            for index, one in enumerate(absorptions)
            if (contact := _settle(index, one, doubles[same(one.double.id)], client, outcomes)) is not None
        }
        if client.ctx.settings.doubles == "merge":
            for index in open:
                outcomes[index] = await _merge(absorptions[index], client)
        elif open:
            await _archive(
                {index: (absorptions[index].double, absorptions[index].survivor) for index in open},
                client,
                outcomes,
            )
    return [outcomes[index] for index in range(len(absorptions))]


def _settle(index: int, one: Absorption, seen: Seen, client: Client, outcomes: Outcomes) -> Contact | None:
    """Settle what needs no call; return the contact that is to be retired."""
    if isinstance(seen, Unanswered | RetryLater):
        outcomes[index] = RetryLater(seen.reason)
    elif seen is None or same(str(seen.id)) == same(one.survivor.id):
        # In the bin, or merged, by an earlier try or by a person.
        outcomes[index] = Synced(one.survivor)
    elif reason := _objection(one, seen, client):
        outcomes[index] = Rejected(reason)
    else:
        return seen
    return None


def _objection(one: Absorption, double: Contact, client: Client) -> str | None:
    """Return why a double has to stay, or None."""
    if not one.created_by_us:
        return "somebody else made it"
    if client.ctx.settings.doubles == "keep":
        return "the setting `doubles` keeps it"
    if client.ctx.settings.doubles == "archive" and (double.text(EMAIL) or double.text(OWNER)):
        return "it has an e-mail address or an owner; merge it in HubSpot"
    return None


async def _archive(records: dict[int, tuple[Record, Record]], client: Client, outcomes: Outcomes) -> None:
    """Archive records; each is given with the one that is the answer.

    The answer names nobody, so it says nothing of any one contact: what is still there afterwards is not
    known to be archived.
    """
    ids = [record.id for record, _ in records.values()]
    answer = await _sent(client.api.archive_contacts(ids))
    archived = not isinstance(answer, CallFailed) and answer.ok
    left = await look_up(ids, client) if archived else {}
    for index, (record, one) in records.items():
        there = left.get(same(record.id)) is not None
        outcomes[index] = Uncertain(_NOT_SEEN) if there else _outcome(answer, one, client)


async def _merge(one: Absorption, client: Client) -> Outcome:
    answer = await _sent(client.api.merge_contacts(one.survivor.id, one.double.id))
    if isinstance(answer, CallFailed) or not answer.ok:
        return _outcome(answer, one.survivor, client)
    merged = answers.contact(answer)
    if merged is None:
        return Uncertain("HubSpot's answer cannot be read")
    # Its answer does not hold all properties, and what is missing would look empty.
    seen = (await look_up([str(merged.id)], client))[same(str(merged.id))]
    if not isinstance(seen, Contact):
        return Uncertain("HubSpot merged two contacts and does not show the survivor yet")
    return Synced(to_record(seen, client.shape))


async def _sent(call: Awaitable[Answer]) -> Answer | CallFailed:
    try:
        return await call
    except CallFailed as failure:
        return failure


def _outcome(answer: Answer | CallFailed, survivor: Record, client: Client) -> Outcome:
    """Return what a call without results of its own means."""
    if isinstance(answer, CallFailed):
        return unanswered(answer)
    if answer.ok:
        return Synced(survivor)
    verdict = errors.of_call(client.refused(answer), (), writing=True)
    return verdict if isinstance(verdict, RetryLater | Uncertain) else Rejected(str(verdict))


async def retire(records: Sequence[Record], client: Client) -> list[Outcome]:
    """Archive contacts that nobody but Afterclick has touched, by what HubSpot says of them now."""
    outcomes: Outcomes = {}
    with carrying(outcomes):
        seen = await look_up((record.id for record in records), client)
        for index, record in enumerate(records):
            found = seen[same(record.id)]
            if isinstance(found, Unanswered | RetryLater):
                outcomes[index] = RetryLater(found.reason)
            elif found is None:
                outcomes[index] = Synced(record)
            elif is_touched(found) is not False:
                outcomes[index] = Rejected("somebody has worked with it")
        idle = {index: (one, one) for index, one in enumerate(records) if index not in outcomes}
        if idle:
            await _archive(idle, client, outcomes)
    return [outcomes[index] for index in range(len(records))]


async def erase(records: Sequence[Record], client: Client) -> list[Outcome]:
    """Delete contacts for good; one that is gone counts as deleted."""
    outcomes: Outcomes = {}
    with carrying(outcomes):
        for index, record in enumerate(records):
            answer = await _sent(client.api.erase_contact(record.id))
            missing = not isinstance(answer, CallFailed) and answer.status == 404
            outcomes[index] = Synced(record) if missing else _outcome(answer, record, client)
    return [outcomes[index] for index in range(len(records))]
