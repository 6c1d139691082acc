"""What a lane does is in the log: that it is held, and what it finds about leads, each kind once a pass."""

from __future__ import annotations

from structlog.testing import capture_logs
from tests.simulation.bench import Bench

from afterclick.plugin import Rejected


async def test_leads_that_are_parked_are_told_as_one_line(bench: Bench) -> None:
    refused = Rejected("Ada Lovelace has no company")
    bench.crm.answers("create", *[lambda leads: [refused] * len(leads)] * 3)
    with capture_logs() as lines:
        for number in range(3):
            await bench.converts(f"p{number}")
        await bench.clock.advance(3)
        bench.lane()
        await bench.clock.advance(3)
    told = [line for line in lines if line["event"] in {"lane-held", "finding"}]

    assert [(line["event"], line.get("code"), line.get("leads")) for line in told] == [
        ("lane-held", None, None),
        ("finding", "lead-rejected", 3),
    ]
    assert told[1]["first"].startswith("lead ")
    assert "Ada" not in str(lines)
