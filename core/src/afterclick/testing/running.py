"""Tries one rule on one plugin."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from afterclick.testing.crm import Crm
from afterclick.testing.opening import open_account
from afterclick.testing.rules import Rule
from afterclick.testing.verdicts import Broken, DoesNotApply

LONGEST = 30.0
"""Seconds that a rule may take in earnest."""


def try_rule(rule: Rule, crm: Crm, environ: Mapping[str, str] | None = None) -> None:
    """Hold a plugin to a rule, on a fresh sandbox, or with `environ` on a real account.

    Raises:
        Broken: the plugin does not keep it.
        DoesNotApply: there is nothing to try, and why.

    """
    if environ is not None and rule.breaks:
        raise DoesNotApply(
            "it breaks the CRM on purpose, or acts as its people, which a real account does not allow"
        )
    asyncio.run(_tried(rule, crm, environ))


async def _tried(rule: Rule, crm: Crm, environ: Mapping[str, str] | None) -> None:
    try:
        async with asyncio.timeout(LONGEST):
            async with open_account(crm, environ=environ, ready=not rule.bare) as account:
                await rule.trial(account)
    except TimeoutError as overdue:
        raise Broken(
            f"the rule was not through after {LONGEST:g} s: a hook does not come to an end"
        ) from overdue
