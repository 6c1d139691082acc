"""What an outcome claims, held against what the CRM really holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from afterclick.plugin import Change, Exists, Lead, Record, Rejected, RetryLater, Synced
from afterclick.testing.account import Account
from afterclick.testing.verdicts import require


async def created_as_claimed(account: Account, leads: Sequence[Lead], outcomes: Sequence[Any]) -> None:
    """Hold the outcomes of creates, None for an input that was not sent, to what is there."""
    for lead, outcome in zip(leads, outcomes, strict=True):
        ids = [row.id for row in await account.rows_of(lead)]
        require(len(ids) < 2, f"the CRM holds {len(ids)} records of {lead.ref}")
        if isinstance(outcome, Synced | Exists):
            require(
                outcome.record.id in ids, f"{lead.ref}: {_said(outcome)}, and the CRM holds {ids or 'none'}"
            )
        elif outcome is None or isinstance(outcome, RetryLater | Rejected):
            require(
                not ids,
                f"{lead.ref}: {_said(outcome)}, which claims that nothing was made; the CRM holds {ids}",
            )


async def changed_as_claimed(account: Account, changes: Sequence[Change], outcomes: Sequence[Any]) -> None:
    """Hold the outcomes of enriches to what is there; each change has one field."""
    for change, outcome in zip(changes, outcomes, strict=True):
        ((name, value),) = change.fields.items()
        held = (await account.row(change.lead, change.record)).values.get(name)
        if isinstance(outcome, Synced):
            require(held == value, f"{change.lead.ref}: {_said(outcome)}, and the CRM holds {held!r}")
        elif outcome is None or isinstance(outcome, RetryLater | Rejected):
            sent = f"{change.lead.ref}: {_said(outcome)}, which claims that nothing was written"
            require(held != value, f"{sent}; the CRM holds {held!r}")


async def several(account: Account, count: int = 4) -> tuple[list[Lead], list[Change]]:
    """Return leads without a record, and changes of one field for others that have one."""
    new = [account.people.somebody() for _ in range(count)]
    known = [account.people.somebody() for _ in range(count)]
    records = await account.created(*known)
    name = text_of(account, records[0])
    return new, [
        account.change(lead, record, {name: f"autumn {place}"})
        for place, (lead, record) in enumerate(zip(known, records, strict=True))
    ]


def text_of(account: Account, record: Record) -> str:
    """Return the name of a field that takes any text."""
    texts = account.people.texts(record.kind)
    require(texts, "no field of the plugin takes any text and may change")
    return texts[0].name


def _said(outcome: Any) -> str:
    return "not sent" if outcome is None else f"{type(outcome).__name__}({getattr(outcome, 'reason', '')})"
