"""All looks that ask no CRM, together."""

from __future__ import annotations

import asyncio
from pathlib import Path

from afterclick.checking.ledger import at_disk, at_milestones, measure
from afterclick.checking.look import Look
from afterclick.checking.setup import at_setup
from afterclick.checking.sources import at_sources
from afterclick.config.connections import ConnectionPlan
from afterclick.config.model import Settings
from afterclick.host.discovery import Discovery
from afterclick.ledger.reads import Reads


async def at_home(
    settings: Settings, plan: ConnectionPlan, found: Discovery, ledger: Reads | None
) -> list[Look]:
    """Look at everything on this machine; without a `ledger` at what can be seen without one.

    Raises:
        LedgerError: the ledger cannot be read.

    """
    path = Path(settings.ledger.path)
    room = await asyncio.to_thread(measure, path)
    looks = [at_disk(path, room)]
    if ledger is None:
        return [*looks, at_sources(settings.sources, {}), *at_setup(plan, found)]
    return [
        *looks,
        at_sources(settings.sources, await ledger.arrivals()),
        *at_setup(plan, found, await ledger.connections()),
        at_milestones(settings.stages, await ledger.milestones()),
    ]
