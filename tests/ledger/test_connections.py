"""What the ledger keeps of a connection besides its leads: its first day, its mapping, its plugin's state."""

from __future__ import annotations

import pytest
from tests.ledger.harness import CRM, OTHER, Bench, OpenLedger
from tests.support.clock import NOON

from afterclick.ledger.rows import ConnectionRow


async def test_connection_is_remembered_with_its_first_day(bench: Bench, open_ledger: OpenLedger) -> None:
    first = ConnectionRow(name=CRM, plugin="fake", first_seen_at=NOON, mapping="a")
    now = ConnectionRow(name=CRM, plugin="fake", first_seen_at=NOON + 5, mapping="b", running=False)
    assert await bench.ledger.remember_connection(first) is None
    assert await bench.ledger.remember_connection(now) == first
    await bench.ledger.close()

    kept = ConnectionRow(name=CRM, plugin="fake", first_seen_at=NOON, mapping="b", running=False)
    assert await (await open_ledger()).connections() == [kept]


@pytest.mark.parametrize("value", ["", "token", "é\x00🍂", "x" * 100_000])
async def test_plugin_state_is_kept(bench: Bench, open_ledger: OpenLedger, value: str) -> None:
    await bench.ledger.set_plugin_state(CRM, "token", "old")
    await bench.ledger.set_plugin_state(CRM, "token", value)
    await bench.ledger.set_plugin_state(OTHER, "token", "theirs")
    await bench.ledger.close()
    again = await open_ledger()

    assert await again.plugin_state(CRM, "token") == value
    assert await again.plugin_state(OTHER, "token") == "theirs"
    assert await again.plugin_state(CRM, "other") is None
