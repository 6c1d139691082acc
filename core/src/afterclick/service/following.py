"""The persons that a fold makes due at a connection, as a lane would take them from the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from afterclick.ledger.rows import Due, FoldCommit, LeadRow, SyncRow, SyncState, Want
from afterclick.ledger.sqlite import SqliteReader
from afterclick.service.previewed import LeadPreview


async def following(
    ledger: SqliteReader, commit: FoldCommit, connection: str, *, blank: bool
) -> tuple[list[Due], list[LeadPreview]]:
    """Return the persons that become due, and of everybody what is known before a CRM is asked.

    `blank` leaves out what the ledger knows of the connection's records.
    """
    wants = {want.lead: want for want in commit.wants if want.connection == connection}
    groups = await _groups(ledger, commit, list(wants))
    everyone = [*wants, *(id for group in groups.values() for id in group)]
    leads = {**await ledger.lead_states(everyone), **{row.id: row for row in commit.leads}}
    rows = {} if blank else await _rows(ledger, connection, everyone)
    due: list[Due] = []
    told: list[LeadPreview] = []
    for lead, want in wants.items():
        row = rows.get(lead) or _new(leads[lead], want)
        held = row.state is SyncState.HELD
        note = f"held for a person to decide: {row.reason or 'no reason is kept'}" if held else None
        told.append(LeadPreview(lead=lead, due_in=want.due_at - commit.now, note=note))
        if not held:
            wanted = msgspec.structs.replace(row, wanted=leads[lead].version, state=SyncState.ACTIVE)
            behind = [leads[id] for id in groups[lead] if id in leads]
            due.append(Due.of(leads[lead], wanted, behind, rows))
    return due, told


async def _groups(ledger: SqliteReader, commit: FoldCommit, wanted: Sequence[int]) -> dict[int, list[int]]:
    """Return the leads behind each lead, those that join it just now included."""
    joins = commit.resolution.joins
    before = await ledger.behind([*wanted, *joins])
    groups: dict[int, list[int]] = {lead: [] for lead in wanted}
    for id, root in [*joins.items(), *((id, joins.get(root, root)) for id, root in before.items())]:
        if root in groups:
            groups[root].append(id)
    return groups


async def _rows(ledger: SqliteReader, connection: str, leads: Sequence[int]) -> Mapping[int, SyncRow]:
    return {row.lead: row for row in await ledger.syncs_of(leads) if row.connection == connection}


def _new(lead: LeadRow, want: Want) -> SyncRow:
    return SyncRow(
        connection=want.connection, lead=lead.id, wanted=lead.version, synced=0, due_at=want.due_at
    )
