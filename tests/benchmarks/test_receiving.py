"""The service that is measured without folding starts, stores and stops as the real one does."""

from __future__ import annotations

from pathlib import Path

import aiohttp
from tests.benchmarks.receiving import Receiving
from tests.support.wire import SECRET, payload, signature

from afterclick.clock import SystemClock
from afterclick.config.load import load
from afterclick.host.discovery import Discovery


async def test_what_is_received_stays_where_it_is(tmp_path: Path) -> None:
    environ = {
        "WEBHOOK_SECRET": SECRET,
        "AFTERCLICK_LEDGER__URL": f"sqlite:///{tmp_path / 'ledger.db'}",
        "AFTERCLICK_SERVER__HOST": "127.0.0.1",
        "AFTERCLICK_SERVER__PORT": "0",
        "AFTERCLICK_SERVER__ADMIN_PORT": "0",
    }
    file = tmp_path / "afterclick.toml"
    file.touch()
    body = payload(prefix="promo", token="may-sale")
    settings = load(file, environ)
    async with (
        Receiving(settings, environ, clock=SystemClock(), found=Discovery({})) as service,
        aiohttp.ClientSession() as session,
        session.post(
            f"{service.public_url}/webhooks/tolinku",
            data=body,
            headers={"X-Webhook-Signature": signature(body)},
        ) as answer,
    ):
        assert answer.status == 200
        assert await service.ledger.count_unfolded(most=10) == 1
