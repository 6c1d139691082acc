"""Orgs that run on a free port of the loopback for one test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Protocol

import aiohttp
import pytest

from afterclick.sandbox import serve
from afterclick.testing import StillClock
from afterclick_salesforce.sandbox import Options, SalesforceSandbox

from .client import START, Account
from .soap import Soap


class OpenAccount(Protocol):
    async def __call__(self, **options: Any) -> Account: ...


@pytest.fixture
async def open_account() -> AsyncIterator[OpenAccount]:
    """Return a function that starts an org with some options, and logs in; Afterclick's fields are there."""
    async with AsyncExitStack() as stack:

        async def open_account(**options: Any) -> Account:
            clock = StillClock(START)
            sandbox = SalesforceSandbox(Options(**{"provisioned": True, **options}), clock=clock)
            await stack.enter_async_context(serve(sandbox))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            account = Account(sandbox, session, clock)
            await account.log_in()
            return account

        yield open_account


@pytest.fixture
async def account(open_account: OpenAccount) -> Account:
    """Return an org with the default options."""
    return await open_account()


@pytest.fixture
async def soap(open_account: OpenAccount) -> Soap:
    """Return a client of the Metadata API of an org as it comes."""
    return Soap(await open_account(provisioned=False))
