"""The rules of the kit: each a sentence, a reason, and a function that tries it on an account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from afterclick.testing.account import Account

Trial = Callable[[Account], Awaitable[None]]


@dataclass(frozen=True)
class Rule:
    """One thing that every plugin must do.

    `says` is the rule, `why` what goes wrong in the core without it. One that `breaks` the CRM on purpose
    needs a sandbox. `bare` wants the account as it was made: nothing provisioned, nobody connected.
    """

    name: str
    says: str
    why: str
    trial: Trial
    breaks: bool = False
    bare: bool = False


RULES: dict[str, Rule] = {}
"""All rules, by name, in the order in which an author should look at them."""


def rule(says: str, why: str, *, breaks: bool = False, bare: bool = False) -> Callable[[Trial], Trial]:
    """Make a rule of a function; its name is the function's, with dashes."""

    def register(trial: Trial) -> Trial:
        name = getattr(trial, "__name__", "").replace("_", "-")
        RULES[name] = Rule(name, says, why, trial, breaks, bare)
        return trial

    return register
