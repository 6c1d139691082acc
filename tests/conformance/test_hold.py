"""What an author meets: a test per rule, reasons for what is left out, verdicts that read as sentences."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from afterclick_acme.sandbox import API_KEY, AcmeSandbox
from tests.conformance.breaking import ACME

from afterclick.clock import Clock
from afterclick.sandbox import serve
from afterclick.testing import RULES, DoesNotApply, hold, try_rule

TEMPLATE = Path(__file__).parents[1] / "template"

AUTHORS_FILE = """
from dataclasses import replace
from test_conformance import ACME
from afterclick.testing import hold
from afterclick_acme import plugin

blind = type("Plugin", (), {name: staticmethod(hook) for name, hook in vars(plugin).items()
                            if hasattr(hook, "afterclick_impl") and name != "erase"})()

test_right = hold(ACME, without={"erase-is-for-good": "Acme keeps its records for the tax office"})
test_blind = hold(replace(ACME, plugin=blind, poison=None))
"""


def test_author_reads_what_was_left_out_and_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(AUTHORS_FILE)
    chosen = "the-description-is-sound or erase-is-for-good or a-poison-row"
    places = [str(TEMPLATE / "src"), str(TEMPLATE / "tests")]

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-k", chosen, tmp_path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
        capture_output=True,
        text=True,
        check=False,
    )

    said = done.stdout
    assert "1 failed, 3 passed, 2 skipped" in said, said + done.stderr
    assert "The rule a-poison-row-costs-only-itself is broken." in said
    assert (
        "Seen: the kit does not know a value that the CRM refuses: give `Crm(poison=(field, value))`" in said
    )
    assert "does not apply: the plugin has no hook `erase`" in said
    _, _, summary = said.partition("conformance rules left out")
    assert "erase-is-for-good: Acme keeps its records for the tax office" in summary


@pytest.mark.parametrize("reason", ["", "  ", "no"])
def test_rule_is_not_left_out_without_a_reason(reason: str) -> None:
    with pytest.raises(ValueError, match="erase-is-for-good: a rule is left out only with a reason"):
        hold(ACME, without={"erase-is-for-good": reason})


def test_rule_that_is_not_there_cannot_be_left_out() -> None:
    with pytest.raises(ValueError, match="there are no rules erase-it; there are: the-description-is-sound"):
        hold(ACME, without={"erase-it": "Acme keeps every record"})


@pytest.mark.parametrize("name", ["match-only-reads", "create-holds-what-it-was-given", "erase-is-for-good"])
async def test_real_account_is_held_without_breaking_it(name: str) -> None:
    acme = AcmeSandbox()
    async with serve(acme) as running:
        real = replace(ACME, sandbox=no_sandbox, settings={"base_url": running.url})
        await asyncio.to_thread(try_rule, RULES[name], real, {"ACME_API_KEY": API_KEY})

    assert acme.records() == []


def test_real_account_is_not_broken_on_purpose() -> None:
    breaking = [rule for rule in RULES.values() if rule.breaks]
    real = replace(ACME, sandbox=no_sandbox)

    assert len(breaking) > 20
    for rule in breaking:
        with pytest.raises(DoesNotApply, match="a real account does not allow"):
            try_rule(rule, real, {"ACME_API_KEY": API_KEY})


def no_sandbox(clock: Clock) -> AcmeSandbox:
    raise AssertionError("a real account needs no sandbox")
