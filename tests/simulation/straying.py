"""A CRM in which other code made records without a key, and the plugin that lists them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from tests.simulation.bench import Bench, make_caller
from tests.simulation.fakecrm import FakeCrm, FakePlugin, Row

from afterclick.console.adopting import Account
from afterclick.console.feeding import Route
from afterclick.host.strays import reading
from afterclick.ledger.operations import Terms
from afterclick.plugin import Change, Outcome, Record, Scalar, Stray, Strays, hookimpl
from afterclick.syncing.lane import SyncLane

PART = 2
"""Records that the plugin lists at a time."""


class StrayCrm(FakeCrm):
    """What `FakeCrm` does; a record may have no key, and gets one by an update."""

    def stray(self, token: str, **values: Scalar) -> Row:
        """Let other code make a record."""
        row = self.add("", {"token": token, "name": f"Lead {token}", **values})
        row.ref = f"other code's {row.id}"
        return row

    def update(self, change: Change) -> Outcome:
        row = self.read(change.record.id)
        if row is not None and "key" in change.fields:
            assert row.key == "", "a key moved"
            row.key = str(change.fields["key"])
        return super().update(change)

    def record(self, row: Row) -> Record:
        found = super().record(row)
        return found if row.key else Record(kind=found.kind, id=found.id, values=found.values)


class StrayPlugin(FakePlugin):
    """What `FakePlugin` does, and `strays`."""

    @hookimpl
    async def strays(self, after: str | None) -> Strays:
        rows = [row for row in self.crm.living() if int(row.id[1:]) > int(after or 0)]
        part = rows[:PART]
        return Strays(
            strays=tuple(_stray(self.crm.record(row)) for row in part if not row.key),
            after=part[-1].id[1:] if len(rows) > PART else None,
            looked=len(part),
        )


def _stray(record: Record) -> Stray:
    return Stray(record=record, stand_ins={"name": record.values["name"]})


def account(bench: Bench, lane: SyncLane, *, plugin: type[FakePlugin] = StrayPlugin) -> Account:
    """Return the account of a lane, as the service hands it to whoever adopts."""
    caller = make_caller(bench.crm, bench.clock, metrics=bench.metrics, plugin=plugin)
    connected: Any = SimpleNamespace(plugin=caller.plugin, beside=lambda: caller)
    return Account(
        open=lambda: reading(cast("Any", connected)),
        claim=lane.claim,
        route=Route(Terms(), 100, lambda: 1.0),
        observes=False,
    )
