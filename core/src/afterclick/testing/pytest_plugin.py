"""The kit in pytest: a test per rule, failures that read as sentences, and a summary of what was left out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from afterclick.testing.crm import Crm
from afterclick.testing.holding import RULES
from afterclick.testing.rules import Rule
from afterclick.testing.running import try_rule
from afterclick.testing.verdicts import Broken, DoesNotApply

OPTION = "--real-account"
LEFT_OUT = "afterclick-left-out"


def hold(crm: Crm, *, without: Mapping[str, str] | None = None) -> Callable[..., None]:
    """Return a test function that pytest runs once per rule.

    `without` leaves rules out, each with the reason in words.

    Raises:
        ValueError: a rule that does not exist is left out, or one without a reason.

    """
    left_out = _reasons(without or {})

    @pytest.mark.parametrize("rule", [pytest.param(rule, id=name) for name, rule in RULES.items()])
    def test_rule(rule: Rule, request: pytest.FixtureRequest) -> None:
        __tracebackhide__ = True
        if rule.name in left_out:
            _leave_out(request, rule, left_out[rule.name])
        real = request.config.getoption(OPTION, default=False)
        try:
            try_rule(rule, crm, dict(os.environ) if real else None)
        except DoesNotApply as reason:
            pytest.skip(f"does not apply: {reason}")
        except Broken as seen:
            broken = verdict(rule, str(seen))
        else:
            return
        # Outside of the handler, so that the sentences stand alone.
        pytest.fail(broken, pytrace=False)

    return test_rule


def verdict(rule: Rule, seen: str) -> str:
    """Return what a failed test says."""
    return f"The rule {rule.name} is broken.\n  Rule: {rule.says}\n  Why:  {rule.why}\n  Seen: {seen}"


def _reasons(without: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(without.keys() - RULES.keys())
    if unknown:
        raise ValueError(f"there are no rules {', '.join(unknown)}; there are: {', '.join(RULES)}")
    silent = sorted(name for name, reason in without.items() if len(reason.split()) < 3)
    if silent:
        raise ValueError(f"{', '.join(silent)}: a rule is left out only with a reason, in words")
    return dict(without)


def _leave_out(request: pytest.FixtureRequest, rule: Rule, reason: str) -> None:
    request.node.user_properties.append((LEFT_OUT, f"{rule.name}: {reason}"))
    pytest.skip(f"left out: {reason}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to hold a plugin against a real account."""
    parser.getgroup("afterclick").addoption(
        OPTION,
        action="store_true",
        help="run the conformance kit against the test account that the plugin's variables lead to; it is "
        "provisioned, and records are made in it",
    )


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Repeat which rules were left out, and why: nobody should have to look for that."""
    skipped = terminalreporter.stats.get("skipped", [])
    left_out = [text for report in skipped for name, text in report.user_properties if name == LEFT_OUT]
    if left_out:
        terminalreporter.section("conformance rules left out")
        for text in left_out:
            terminalreporter.line(text)
