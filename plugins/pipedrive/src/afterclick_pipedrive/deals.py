"""A deal, or a lead of the Leads Inbox, for a person: opened once, closed once, and then a person's.

What was opened is kept with the record (`related`), and its own field holds the person's key. A request
whose fate is unknown is cleared up by lists, twice, never by search; what is archived counts as there.
So what somebody archived or deleted is not opened again. Source: Pipedrive, "Deals" and "Leads"
references; the waiting list for deals beyond the plan's cap in "Usage limits".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from afterclick.plugin import (
    Answer,
    CallFailed,
    Change,
    Lead,
    Misconfigured,
    NotYet,
    Outcome,
    Record,
    Rejected,
    RetryLater,
    Scalar,
    Synced,
    unanswered,
)
from afterclick_pipedrive import answers, errors, findings, problem
from afterclick_pipedrive.answers import Deal, Made
from afterclick_pipedrive.client import Client
from afterclick_pipedrive.fields import DEAL_KEY, NAME, VARCHAR
from afterclick_pipedrive.listing import find
from afterclick_pipedrive.pipelines import Desk

OPEN, CLOSE = "deal", "conversion"
"""The steps: opening it, and what a conversion does to it."""
CLOSED = "converted"
"""In `related`: the deal that a conversion was brought to, so that it is not done again."""

EVENTS = {"referral": "referral_date", "registration": "registration_date", "conversion": "conversion_date"}
_HOLE = re.compile(r"\{(\w+)\}")


def due(lead: Lead, related: Mapping[str, str], client: Client) -> tuple[str, ...]:
    """Return the steps that are missing, by what is known to be `related` to the lead."""
    desk, settings = client.desk, client.ctx.settings
    if desk is None:
        return ()
    if not any(kind in related for kind in ("deal", "lead")):
        # One that is opened after the conversion is closed by the same request.
        return (OPEN,) if any(EVENTS[event] in lead.attributes for event in settings.deal_events) else ()
    closes = "conversion_date" in lead.attributes and CLOSED not in related and "deal" in related
    return (CLOSE,) if closes and _conversion(desk) else ()


def related_to(lead: Lead, record: Record) -> dict[str, str]:
    """Return all that is related to a lead: also what still belongs to a double."""
    return {name: id for one in (*lead.doubles, record) for name, id in one.related.items()}


async def missing(
    lead: Lead, record: Record, others: Iterable[Record], client: Client
) -> tuple[Record, tuple[str, ...]] | NotYet | RetryLater:
    """Return the steps that are missing; looks first, where one may have been taken unseen.

    It may have been for any record of the person: `others` were found beside it, and there are those that
    the ledger knows as doubles. That one of these has a deal says nothing of what the record itself has.
    What is found is related to the record that is returned; where it hangs on another one, absorbing that
    one brings it along.
    """
    steps = due(lead, related_to(lead, record), client)
    if lead.uncertain_since is None or OPEN not in due(lead, record.related, client):
        return record, steps
    people = (record, *others, *lead.doubles)
    found = await find((one for one in people if OPEN in due(lead, one.related, client)), lead, client)
    if isinstance(found, RetryLater):
        return found
    if found is not None:
        record = _with(record, found)
        return record, due(lead, record.related, client)
    wait = client.looks.wait(OPEN, lead.ref, lead.uncertain_since, client.ctx.clock.elapsed())
    return NotYet(wait, "a second look tells whether the deal was opened") if wait else (record, steps)


def _with(record: Record, related: Mapping[str, str]) -> Record:
    return msgspec.structs.replace(record, related={**record.related, **related})


async def take_step(change: Change, client: Client) -> Outcome:
    """Take the first pending step of a change that writes no field."""
    step, rest = change.pending[0], change.pending[1:]
    if client.desk is None or step not in (OPEN, CLOSE):
        return Synced(change.record, rest)
    taken = _open if step == OPEN else _close
    return await taken(change, client.desk, client)


def _synced(change: Change, related: Mapping[str, str]) -> Synced:
    return Synced(_with(change.record, related), change.pending[1:])


async def _open(change: Change, desk: Desk, client: Client) -> Outcome:
    """Open a deal; where another ledger may have done it, unless one with the person's key is there."""
    if client.directory is not None and change.record.id not in client.made:
        found = await find([change.record], change.lead, client)
        if isinstance(found, RetryLater):
            return found
        if found is not None:
            return _synced(change, found)
    kind = client.ctx.settings.deals
    send = client.api.create_lead if kind == "lead" else client.api.create_deal
    try:
        answer = await send(_body(change, desk, client))
    except CallFailed as failure:
        return unanswered(failure)
    body = answers.read(answer, Made)
    if body is None:
        return _refused(answer, OPEN, desk, client)
    id = str(body.data.id)
    closed = kind == "deal" and "conversion_date" in change.lead.attributes and bool(_conversion(desk))
    return _synced(change, {kind: id, CLOSED: id} if closed else {kind: id})


def _body(change: Change, desk: Desk, client: Client) -> dict[str, Any]:
    settings = client.ctx.settings
    key = change.record.key or change.lead.keys[0]
    attributes = {**change.lead.attributes, "person": change.record.values.get(NAME, "")}
    body: dict[str, Any] = {
        "title": title(settings.deal_title, attributes),
        "person_id": int(change.record.id),
    }
    if settings.deals == "lead":
        return body | {desk.key: key, "origin_id": key}
    body |= {"stage_id": desk.stage, "custom_fields": {desk.key: key}}
    return body | (_conversion(desk) if "conversion_date" in change.lead.attributes else {})


def _conversion(desk: Desk) -> dict[str, Any]:
    """Return what a conversion writes to a deal; nothing where it leaves it alone."""
    if desk.wins:
        return {"status": "won"}
    return {} if desk.moved_to is None else {"stage_id": desk.moved_to}


def title(template: str, attributes: Mapping[str, Scalar]) -> str:
    """Return the title with its holes filled in; what is not known leaves nothing."""
    filled = _HOLE.sub(lambda hole: str(attributes.get(hole[1], "")), template)
    return " ".join(filled.split()).strip(" :-")[:VARCHAR] or "Deep link"


async def _close(change: Change, desk: Desk, client: Client) -> Outcome:
    """Win or move the deal, once; one that somebody closed, archived or deleted stays as it is."""
    id = related_to(change.lead, change.record).get("deal")
    if id is None:
        # It was found, and another record of the person than the one that it was told with lives on.
        found = await find((change.record, *change.lead.doubles), change.lead, client)
        if isinstance(found, RetryLater):
            return found
        id = None if found is None else found.get("deal")
        if id is None:
            return Synced(change.record, change.pending[1:])
    try:
        answer = await client.api.deal(id)
        body = answers.read(answer, Deal)
        if body is None and not problem.is_gone(answer):
            return RetryLater(errors.UNREADABLE if answer.ok else client.refused(answer).reason)
        if body is not None and _is_open(body.data):
            answer = await client.api.update_deal(id, _conversion(desk))
            if answers.read(answer, Deal) is None:
                return _refused(answer, CLOSE, desk, client)
    except CallFailed as failure:
        return unanswered(failure)
    return _synced(change, {"deal": id, CLOSED: id})


def _is_open(deal: Deal) -> bool:
    return not deal.is_deleted and not deal.is_archived and deal.status in (None, "open")


def _refused(answer: Answer, step: str, desk: Desk, client: Client) -> Outcome:
    """Return what a refusal means for a step: one that will not be taken is never tried again.

    Beyond a plan's cap a repeated request may put further copies on Pipedrive's waiting list, and a
    right that is missing for deals must not hold up persons.

    Raises:
        Misconfigured: the field that holds the key is gone.

    """
    found = problem.of_answer(answer)
    if answer.ok:
        return errors.of_write(found, None)
    if found.understood and answer.status in (403, 404):
        what = "the plan allows no more" if found.capped else "a right is missing, or it is gone"
        return Rejected(f"{found.reason}: {what}", field=step)
    if desk.key in found.hashes:
        raise Misconfigured.by(findings.missing([DEAL_KEY], "deal", client.ctx.connection))
    return errors.of_write(client.refused(answer), step)
