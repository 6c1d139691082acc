"""The service looks around by itself: soon after the start, every hour, and without harm to anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.support.clock import FakeClock, until
from tests.unit.checking.acme import MISSING, connected, installed, planned

from afterclick.config.load import load
from afterclick.errors import LedgerError
from afterclick.ledger.sqlite import SqliteLedger
from afterclick.ledger.told import FindingRow
from afterclick.observe.log import get_logger
from afterclick.observe.metrics import Metrics
from afterclick.plugin import Context, Finding
from afterclick.service.watch import EVERY, FIRST, RegularChecks

SECRET = "whsec_3f9c0d51b7a84e62a0c4d8e1f2b39576"


class Account:
    """What the plugin's check answers, and when it was asked."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.failure: Exception | None = None
        self.hangs = False
        self.asked: list[int] = []

    async def check(self, ctx: Context[Any]) -> list[Finding]:
        """Answer."""
        self.asked.append(ctx.clock.now())
        if self.hangs:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure
        return self.findings


def check_of(account: Account) -> Any:
    """Return the hook of a plugin that looks at an account."""

    async def check(ctx: Context[Any]) -> list[Finding]:
        return await account.check(ctx)

    return check


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
async def ledger(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqliteLedger]:
    ledger = await SqliteLedger.open(tmp_path / "ledger.db", clock)
    yield ledger
    await ledger.close()


@asynccontextmanager
async def watch(
    ledger: SqliteLedger, clock: FakeClock, account: Account, **environ: str
) -> AsyncIterator[RegularChecks]:
    """Make the watch of a service with one source and, with ACME_TOKEN, one connection."""
    environ = {"WEBHOOK_SECRET": SECRET, "AFTERCLICK_LEDGER__URL": f"sqlite:///{ledger._path}", **environ}
    async with connected(clock, check_of(account)) as one:
        yield RegularChecks(
            ledger,
            clock,
            settings=load(None, environ),
            plan=planned(environ),
            found=installed(),
            connected=[one] if "ACME_TOKEN" in environ else [],
            metrics=Metrics(),
            log=get_logger("service"),
        )


async def rows(ledger: SqliteLedger) -> dict[str, FindingRow]:
    return {row.code: row for row in await ledger.findings()}


async def test_what_is_found_is_kept_and_closed_when_it_is_gone(
    ledger: SqliteLedger, clock: FakeClock, account: Account
) -> None:
    async with watch(ledger, clock, account, ACME_TOKEN="t0p") as one:
        account.findings = [MISSING.found("no campaign")]
        await one.look_around()
        assert (await rows(ledger))["acme-missing"].closed_at is None
        clock.jump(60)
        account.findings = []
        await one.look_around()

    assert (await rows(ledger))["acme-missing"].closed_at == clock.now()


async def test_an_account_that_cannot_be_asked_leaves_open_what_was_found(
    ledger: SqliteLedger, clock: FakeClock, account: Account
) -> None:
    async with watch(ledger, clock, account, ACME_TOKEN="t0p") as one:
        account.findings = [MISSING.found("no campaign")]
        await one.look_around()
        account.failure = OSError("the network is down")
        await one.look_around()
    found = await rows(ledger)

    assert {code for code, row in found.items() if row.closed_at is None} >= {"acme-missing", "check-failed"}


async def test_a_start_without_a_connection_says_what_to_do_next(
    ledger: SqliteLedger, clock: FakeClock, account: Account
) -> None:
    async with watch(ledger, clock, account) as one:
        with capture_logs() as lines:
            await one.look_here()
    told = {line["code"]: line for line in lines if line["event"] == "finding"}

    assert told["no-connection"]["remedy"] == "Set ACME_TOKEN."
    assert told["no-connection"]["log_level"] == "warning"
    assert told["source-silent"]["log_level"] == "info"


async def test_an_account_that_hangs_holds_up_no_other(
    ledger: SqliteLedger, clock: FakeClock, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Account()
    other.findings = [MISSING.found("no campaign")]
    account.hangs = True
    async with (
        watch(ledger, clock, account, ACME_TOKEN="t0p") as one,
        connected(clock, check_of(other)) as second,
    ):
        monkeypatch.setattr(one, "_connected", [*one._connected, second])
        with capture_logs() as lines:
            looking = asyncio.create_task(one.look_around())
            await until(lambda: any(line.get("code") == "acme-missing" for line in lines))
        assert not looking.done()
        looking.cancel()
        await asyncio.wait({looking})


async def test_a_finding_is_told_once_and_again_after_it_was_over(
    ledger: SqliteLedger, clock: FakeClock, account: Account
) -> None:
    async with watch(ledger, clock, account, ACME_TOKEN="t0p") as one:
        with capture_logs() as lines:
            for findings in ([MISSING.found("no campaign")],) * 2, ([],), ([MISSING.found("no campaign")],):
                for account.findings in findings:
                    await one.look_around()
    told = [line["event"] for line in lines if line.get("code") == "acme-missing"]

    assert told == ["finding", "finding-closed", "finding"]


async def test_accounts_are_asked_after_the_lanes_and_every_hour(
    ledger: SqliteLedger, clock: FakeClock, account: Account
) -> None:
    async with watch(ledger, clock, account, ACME_TOKEN="t0p") as one:
        started = clock.now()
        task = asyncio.create_task(one.run())
        await until(lambda: clock.sleepers == 1)
        assert "source-silent" in await rows(ledger)
        while len(account.asked) < 3:
            await clock.advance(5)
        task.cancel()
        await asyncio.wait({task})
    first, second, third = account.asked

    assert first - started >= FIRST * 1000
    assert min(second - first, third - second) >= EVERY * 1000


@pytest.mark.parametrize("failure", [LedgerError("the disk is full"), RuntimeError("a fault of ours")])
async def test_a_look_that_fails_costs_that_look_only(
    ledger: SqliteLedger,
    clock: FakeClock,
    account: Account,
    failure: Exception,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise failure

    async with watch(ledger, clock, account, ACME_TOKEN="t0p") as one:
        with monkeypatch.context() as broken:
            broken.setattr(ledger, "replace_findings", fail)
            task = asyncio.create_task(one.run())
            await until(lambda: clock.sleepers == 1)
            await clock.advance(FIRST)
            await until(lambda: clock.sleepers == 1)
        await clock.advance(EVERY)
        await until(lambda: bool(account.asked))
        assert not task.done()
        task.cancel()
        await asyncio.wait({task})
