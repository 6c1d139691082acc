"""The rules of the kit: each a sentence, a reason, and a function that tries it on an account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from afterclick.testing.account import Account

Trial = Callable[["Account"], Awaitable[None]]


class Broken(Exception):  # noqa: N818 - what the kit says of a plugin: it broke the rule
    """A plugin does not keep a rule; the text says what was seen."""


class DoesNotApply(Exception):  # noqa: N818 - a fact about the plugin
    """A rule asks for something that the contract leaves open; the text says what."""


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


def require(condition: object, seen: str) -> None:
    """Hold the plugin to something.

    Raises:
        Broken: it is not so; `seen` says what was seen instead.

    """
    if not condition:
        raise Broken(seen)
