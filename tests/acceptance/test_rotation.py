"""The webhook's secret is rotated at the sender, which stops the old one at once: nothing is lost."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.running import SECRET, running

from afterclick.cli.sending import Delivery, delivery
from afterclick.clock import SystemClock

MINUTE = 60_000
NEW = "whsec_0b7d52c9e1f84a36b5d0c7e2f9a41863"


def install(number: int, secret: str) -> Delivery:
    """Return one person's install."""
    at = SystemClock().now() - number * MINUTE
    return delivery("install.tracked", at, {"prefix": "p", "token": f"t{number}", "platform": "ios"}, secret)


async def test_a_rotation_without_an_overlap_loses_nothing(tmp_path: Path) -> None:
    secrets = tmp_path / "webhook"
    secrets.write_text(f"{SECRET}\n")
    async with running(tmp_path, now=None, sandbox=None, WEBHOOK_SECRET=f"file:{secrets}") as one:
        first, refused, late = install(1, SECRET), install(2, NEW), install(3, SECRET)
        assert await one.deliver(first) == [200]

        # Rotated at the sender; its first try comes before the operator has the new secret.
        assert await one.deliver(refused) == [401]
        secrets.write_text(f"{SECRET}\n{NEW}\n")

        # The sender's next try, and a repeat that it signed before the rotation.
        assert await one.deliver(refused) == [200]
        assert await one.deliver(late) == [200]
        await one.settled()

        assert {row["deep_link_token"] for row in one.sandbox.contacts()} == {"t1", "t2", "t3"}
