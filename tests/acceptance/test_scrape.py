"""A scrape of a real service: few series, and a zero for what has not happened yet."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from tests.acceptance.running import Running, event, running, unlimited

from afterclick.clock import SystemClock
from afterclick.sandbox import serve

MANY = 2_000
"""Series; Prometheus takes some ten thousand of one target without a thought."""


async def scraped(one: Running) -> list[Sample]:
    """Return the samples that the admin port shows."""
    async with one.http.get(one.service.admin_url + "/metrics") as answer:
        text = await answer.text()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


async def test_a_service_with_three_connections_shows_few_series(tmp_path: Path) -> None:
    now = SystemClock().now()
    async with serve(unlimited()) as second, serve(unlimited()) as third:
        more = {
            f"AFTERCLICK_CONNECTIONS__{name}__{setting}": value
            for name, crm in (("EU", second), ("US", third))
            for setting, value in (
                ("PLUGIN", "hubspot"),
                ("ACCESS_TOKEN", "pat-sandbox"),
                ("BASE_URL", crm.url),
                ("PLAN", "unlimited"),
            )
        }
        async with running(tmp_path, now=now, sandbox=unlimited(), **more) as one:
            await one.deliver(
                event("install.tracked", now - 60_000, prefix="p", token="t", platform="ios"),
                event("referral.completed", now - 30_000, referral_code="c", friend_id="u7"),
            )
            await one.settled()
            samples = await scraped(one)

    synced = {
        one.labels["connection"]: one.value for one in samples if one.name == "afterclick_leads_synced_total"
    }

    assert synced.keys() == {"hubspot", "eu", "us"}
    assert all(synced.values())
    assert len(samples) < MANY


async def test_what_alerts_count_is_there_before_it_happens(tmp_path: Path) -> None:
    async with running(tmp_path) as one:
        samples = {(each.name, *sorted(each.labels.items())): each.value for each in await scraped(one)}

    assert samples["afterclick_events_folded_total", ("result", "failed")] == 0
    for result in ("unavailable", "unverified"):
        assert samples["afterclick_deliveries_total", ("result", result), ("source", "tolinku")] == 0
