"""Two users who state one e-mail address: neither is lost or written over, and the operator is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.acceptance.running import Running, running
from tests.support.clock import moment
from tests.support.signing import SECRET, headers_of, report

from afterclick.ledger.rows import SyncState

NOW = moment("10:00")
APP: dict[str, Any] = {"AFTERCLICK_SOURCES__APP__KIND": "app", "AFTERCLICK_SOURCES__APP__SECRETS": SECRET}


async def register(run: Running, **fields: str) -> None:
    """Report somebody, and let the CRM follow."""
    body = report(**fields)
    headers = headers_of(body, id=fields["user_id"], at=NOW)
    assert await run.post("/v1/registrations", body, headers) == 200
    await run.settled()


async def test_second_user_of_an_address_is_held_and_the_first_keeps_the_contact(tmp_path: Path) -> None:
    async with running(tmp_path, now=NOW, **APP) as run:
        await register(run, user_id="u_1", email="home@example.com", first_name="Ada", phone="0123")
        [before] = run.sandbox.contacts()
        await register(run, user_id="u_2", email="HOME@example.com", first_name="Ben", company="Acme")
        [after] = run.sandbox.contacts()
        ledger = run.service.ledger
        first, second = sorted(await ledger.leads(limit=10), key=lambda row: row.id)
        [held] = await ledger.syncs_of([second.id])
        told = {(row.code, row.subject) for row in await ledger.findings()}

    assert after == before
    assert [{name.value for name in row.state.users} for row in (first, second)] == [{"u_1"}, {"u_2"}]
    assert (held.state, held.code, held.record) == (SyncState.HELD, "record-shared", None)
    assert {("identity-refused", f"lead {first.id}"), ("record-shared", f"lead {second.id}")} <= told
