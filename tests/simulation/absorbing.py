"""The fake CRM's plugin with two hooks more: doubles go into their survivors, and records go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.simulation.fakecrm import FakePlugin, Fault

from afterclick.plugin import Absorption, Outcome, Record, Rejected, Synced, hookimpl


class AbsorbingPlugin(FakePlugin):
    """What `FakePlugin` does, and `absorb` and `retire`."""

    @hookimpl
    async def absorb(self, absorptions: Sequence[Absorption]) -> Sequence[Outcome]:
        refs = [one.lead.ref for one in absorptions]
        return await self._write("absorb", absorptions, refs, [{} for _ in absorptions])

    @hookimpl
    async def retire(self, records: Sequence[Record]) -> Sequence[Outcome]:
        return await self._write("retire", records, [one.id for one in records], [{} for _ in records])

    def _do(self, hook: str, one: Any, fault: Fault, sent_at: float) -> Outcome:
        return self._take_away(one) if hook == "retire" else super()._do(hook, one, fault, sent_at)

    def _take_away(self, record: Record) -> Outcome:
        row = self.crm.read(record.id)
        if row is not None and row.typed:
            return Rejected("somebody took it up")
        if row is not None:
            row.deleted = True
        return Synced(record)
