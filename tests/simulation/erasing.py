"""The fake CRM's plugin with another hook more: records are erased for good."""

from __future__ import annotations

from collections.abc import Sequence

from tests.simulation.absorbing import AbsorbingPlugin
from tests.simulation.fakecrm import Fault

from afterclick.plugin import Outcome, Record, Rejected, Synced, Uncertain, hookimpl


class ErasingPlugin(AbsorbingPlugin):
    """What `AbsorbingPlugin` does, and `erase`."""

    @hookimpl
    async def erase(self, records: Sequence[Record]) -> Sequence[Outcome]:
        def work(fault: Fault, sent_at: float) -> list[Outcome]:
            if fault.broken == "error":
                return [Uncertain("the CRM answered 502")] * len(records)
            if fault.broken == "refused":
                return [Rejected("the record is locked")] * len(records)
            for record in records:
                row = self.crm.read(record.id)
                if row is not None:
                    row.deleted = True
            return [Synced(record) for record in records]

        return await self.crm.exchange("erase", [record.id for record in records], work)
