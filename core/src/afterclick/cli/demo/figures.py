"""What the service tells of itself while the demo runs: its metrics, its admin API, its ledger."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from afterclick.cli.admin import Admin
from afterclick.cli.demo.crms import Crm
from afterclick.cli.demo.stage import Stage
from afterclick.errors import AfterclickError
from afterclick.ledger.observations import Asked, Difference, ObservationCount
from afterclick.ledger.rows import SyncRow
from afterclick.syncing.verdict import CREATES_NONE

PATIENCE = 60.0
"""Seconds until the demo says that something is wrong."""

LOOK_EVERY = 0.1


class Figures:
    """Looks at the stage's service, as an operator would."""

    def __init__(self, set_up: Stage) -> None:
        self._stage = set_up

    @property
    def admin(self) -> Admin:
        """Return the running service's admin API."""
        return Admin(self._stage.session, self._stage.service.admin_url, None)

    async def samples(self, metric: str, label: str, **where: str) -> Counter[str]:
        """Return a metric's samples as `/metrics` shows them, added up by a label."""
        async with self._stage.session.get(f"{self._stage.service.admin_url}/metrics") as answer:
            text = await answer.text()
        sums: Counter[str] = Counter()
        for family in text_string_to_metric_families(text):
            for one in family.samples:
                if one.name == f"afterclick_{metric}" and where.items() <= one.labels.items():
                    sums[one.labels[label]] += int(one.value)
        return sums

    async def failing(self, crm: Crm) -> dict[str, int]:
        """Return how many leads fail for a CRM, by reason."""
        rows: list[dict[str, Any]] = await self.admin.get("set-aside", {"connection": crm.name})
        return {row["reason"]: row["count"] for row in rows if row["trouble"] == "failing"}

    async def fails(self, crm: Crm, leads: int) -> None:
        """Wait until so many leads fail for a CRM."""

        async def noticed() -> bool:
            return sum((await self.failing(crm)).values()) >= leads

        await until(noticed, f"not all {leads} people fail for {crm.title}, which is down")

    async def observed(self, crm: Crm) -> list[ObservationCount]:
        """Return what a connection would do that only observes."""
        counts = await self._stage.service.ledger.observation_counts()
        return [count for count in counts if count.connection == crm.name]

    async def differences(self, crm: Crm, lead: int) -> Sequence[Difference]:
        """Return in which fields a lead's record would change, or stays although it differs."""
        seen = await self._stage.service.ledger.observations(crm.name, Asked(lead=lead))
        return [one for observation in seen for one in observation.differences]

    async def waiting(self, crm: Crm) -> int:
        """Return how many leads wait for a record that another system makes."""
        return sum(waits(row) for row in await self._syncs(crm))

    async def resync(self, crm: Crm) -> None:
        """Do as `afterclick resync` does, and wait for the end."""
        [begun] = await self.admin.post("operations", {"kind": "resync", "connection": crm.name})

        async def ended() -> bool:
            return bool((await self.admin.get(f"operations/{begun['id']}"))["state"] != "running")

        await until(ended, "the resync does not end")

    async def settled(self, crms: Collection[Crm]) -> None:
        """Return when every event is folded and these CRMs have, or were looked at for, the newest state.

        Raises:
            AfterclickError: it takes too long.

        """

        async def at_rest() -> bool:
            if await self._stage.service.ledger.count_unfolded(most=1):
                return False
            for crm in crms:
                if not all(self._at_rest(crm, row) for row in await self._syncs(crm)):
                    return False
            return True

        await until(at_rest, "not every lead is in its CRM")

    def _at_rest(self, crm: Crm, row: SyncRow) -> bool:
        table = self._stage.tables.get(crm.name, {})
        if table.get("creates") is False and waits(row):
            return row.due_at > self._stage.service.clock.now()
        reached = max(row.synced, row.observed) if table.get("mode") == "observe" else row.synced
        return reached >= row.wanted

    async def _syncs(self, crm: Crm) -> list[SyncRow]:
        ledger = self._stage.service.ledger
        leads = [row.id for row in await ledger.leads(limit=1000)]
        return [row for row in await ledger.syncs_of(leads) if row.connection == crm.name]


def waits(row: SyncRow) -> bool:
    """Tell whether a lead waits for a record that this connection does not make."""
    return row.wanted > row.synced and row.tries == 0 and row.reason == CREATES_NONE


async def until(so: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    """Return when it is so.

    Raises:
        AfterclickError: it takes too long; `otherwise` tells what is wrong then.

    """
    for _ in range(int(PATIENCE / LOOK_EVERY)):
        if await so():
            return
        await asyncio.sleep(LOOK_EVERY)
    raise AfterclickError(
        f"after {PATIENCE:g} s {otherwise}",
        hint="Run it again with --log debug and look at what the lanes say.",
    )
