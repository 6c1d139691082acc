"""What Acme says on a bad day, which its emulator does not."""

import asyncio
from collections.abc import Sequence

import pytest
from afterclick_acme import plugin

from afterclick.plugin import CallFailed, Lead, Outcome
from afterclick.testing import open_context
from afterclick.testing.answers import Answers

ADA = Lead(ref="lead-1", keys=("user:0123456789abcdef0123456789abcdef",), values={"surname": "Lovelace"})


async def create(lead: Lead) -> Sequence[Outcome]:
    async with open_context(plugin, {"api_key": "hush"}) as ctx:
        return await plugin.create([lead], ctx)


def test_page_of_a_proxy_leaves_it_open_whether_somebody_was_made() -> None:
    with Answers() as acme:
        acme.reply("https://api.acme.example/people", "<html>Please log in</html>")
        with pytest.raises(CallFailed) as failure:
            asyncio.run(create(ADA))

    assert failure.value.sent
    assert acme.sent[0].body["people"] == [{"ref": "lead-1", "values": {"surname": "Lovelace"}}]
