"""The page on sandboxes: all kinds and sets of faults are there, and what it shows can be run."""

from __future__ import annotations

import re
from typing import get_args

import msgspec
import pytest
from msgspec import Struct
from tests.docs.reference import DOCS

from afterclick.sandbox import PRESETS, Emulator, FaultOrder, Person, Rule, parse_rule
from afterclick.sandbox.faults import Kind
from afterclick_hubspot.sandbox import HubSpotSandbox, Options
from afterclick_pipedrive.sandbox import Options as PipedriveOptions
from afterclick_pipedrive.sandbox import PipedriveSandbox
from afterclick_salesforce.sandbox import Options as SalesforceOptions
from afterclick_salesforce.sandbox import SalesforceSandbox

PAGE = (DOCS / "sandbox.md").read_text("utf-8")


def table(heading: str, text: str = PAGE) -> list[str]:
    """Return the first cells of the first table whose first heading this is."""
    _, _, rest = text.partition(f"\n| {heading} |")
    rows = rest.partition("\n\n")[0].splitlines()[2:]
    return [row.split("|")[1].strip() for row in rows]


def test_every_kind_and_every_set_of_faults_is_documented() -> None:
    assert table("kind") == [f"`{kind}`" for kind in get_args(Kind)]
    for name, preset in PRESETS.items():
        assert f"| `{name}` | {preset.summary} |" in PAGE


def test_every_field_of_a_rule_is_named() -> None:
    for name in {*Rule.__struct_fields__} - {"kind", "headers"}:
        assert re.search(rf"`{name}\b", PAGE), name


def test_every_fault_shown_can_be_given() -> None:
    shown = re.findall(r"--fault (?:\"([^\"]+)\"|'([^']+)')", PAGE)

    assert [parse_rule(quoted or single).kind for quoted, single in shown] == ["status", "cut_before"]


def test_every_order_shown_can_be_sent() -> None:
    orders = re.findall(r"/_sandbox/faults -d '([^']+)'", PAGE)

    assert [len(msgspec.json.decode(text, type=FaultOrder).all()) for text in orders] == [4, 1]
    [person] = re.findall(r"/_sandbox/records -d '([^']+)'", PAGE)
    assert HubSpotSandbox().type_in(msgspec.json.decode(person, type=Person))


@pytest.mark.parametrize(
    ("sandbox", "options"),
    [
        (HubSpotSandbox, Options),
        (SalesforceSandbox, SalesforceOptions),
        (PipedriveSandbox, PipedriveOptions),
    ],
)
def test_options_and_reasons_are_there(sandbox: type[Emulator], options: type[Struct]) -> None:
    section = PAGE.partition(f"\n## {sandbox.title}\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", " ".join(table("option", section))))

    assert len(named) > 10
    assert named <= set(options.__struct_fields__)
    for status, reasons in sandbox.reasons.items():
        for reason in reasons:
            assert re.search(rf"^\| ([0-9]+, )*{status}(, [0-9]+)* \| [^|]*`{reason}`", section, re.MULTILINE)
