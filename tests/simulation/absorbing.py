"""The fake CRM's plugin with a hook more: doubles go into their survivors."""

from __future__ import annotations

from collections.abc import Sequence

from tests.simulation.fakecrm import FakePlugin

from afterclick.plugin import Absorption, Outcome, hookimpl


class AbsorbingPlugin(FakePlugin):
    """What `FakePlugin` does, and `absorb`."""

    @hookimpl
    async def absorb(self, absorptions: Sequence[Absorption]) -> Sequence[Outcome]:
        refs = [one.lead.ref for one in absorptions]
        return await self._write("absorb", absorptions, refs, [one.fields for one in absorptions])
