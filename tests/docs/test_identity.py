"""The examples of identity.md come true: every table is folded, row by row, and its leads are compared."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import msgspec
import pytest
from tests.docs.reference import DOCS
from tests.support.clock import STORY_DAY
from tests.support.events import make_event, make_registration
from tests.support.memory_store import MemoryStore

from afterclick.model.event import REGISTRATION, Event
from afterclick.model.identity import IdentityKind, identity, key
from afterclick.model.journey import Policy
from afterclick.model.lead import attributes, keys_of

ROWS = "| time | event | lead | decision | why |"
LEADS = "| lead | keys | shows |"
PLATFORMS = ("ios", "android")


class Row(msgspec.Struct):
    """One line of a story: what arrives, whose it is, and how that was decided."""

    event: Event
    lead: int | None
    decision: str


class Example(msgspec.Struct):
    """One section of the page that tells a story."""

    title: str
    policy: Policy
    rows: list[Row]
    leads: list[list[str]]


def read_event(time: str, text: str) -> Event:
    """Read ``install.tracked` promo/may-sale, ios, campaign may, from A``."""
    type, rest = re.fullmatch(r"`([\w.]+)`\s*(.*)", text).groups()  # type: ignore[union-attr]
    data: dict[str, Any] = {}
    for part in filter(None, rest.split(", ")):
        name, _, value = part.partition(" ")
        if value:
            data[{"from": "ip"}.get(name, name)] = value
        elif name in PLATFORMS:
            data["platform"] = name
        elif name.startswith("/"):
            data["deep_link_path"] = name
        else:
            data["prefix"], data["token"] = name.split("/")
    return make_registration(at=time, **data) if type == REGISTRATION else make_event(type, at=time, **data)


def table(lines: list[str], head: str) -> list[list[str]]:
    """Return the cells of the table under a head, none if there is no such table."""
    if head not in lines:
        return []
    rows = []
    for line in lines[lines.index(head) + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def examples() -> list[Example]:
    """Return every example of the page."""
    text = (DOCS / "identity.md").read_text("utf-8")
    found = []
    for title, body in re.findall(r"^###+ ([^\n]+)\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL):
        lines = body.splitlines()
        rows = [
            Row(read_event(time, event), int(lead) if lead else None, decision)
            for time, event, lead, decision, _ in table(lines, ROWS)
        ]
        if rows:
            personal = re.findall(r"personal_prefixes = \[\"(\w+)\"\]", body)
            policy = Policy(personal_prefixes=frozenset(personal))
            found.append(Example(title, policy, rows, table(lines, LEADS)))
    return found


EXAMPLES = examples()
KEYS = "| identity in the space `main` | key |"


def test_keys_of_the_page_are_computed_as_it_says() -> None:
    rows = table((DOCS / "identity.md").read_text("utf-8").splitlines(), KEYS)
    for named, shown in rows:
        kind, value = re.fullmatch(r"(\w+) `(.+)`", named).groups()  # type: ignore[union-attr]
        assert key(identity("main", IdentityKind(kind), value)) == shown.strip("`")

    assert len(rows) == 3


def test_page_has_its_examples() -> None:
    titles = {example.title for example in EXAMPLES}

    assert len(EXAMPLES) == 11
    assert {"The referral token", "Registration downstream", "Enrichment after the fact"} <= titles


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_example_comes_true(example: Example) -> None:
    store = MemoryStore(example.policy)
    for row in example.rows:
        store.fold(row.event)
        said = store.decisions[row.event.name]
        how = said.how if said.candidates is None else f"{said.how} of {said.candidates}"

        assert (said.lead, how) == (row.lead, row.decision), row.event
    for number, keys, shows in example.leads:
        state = store.living[int(number)]
        found = Counter(one.partition(":")[0] for one in keys_of(state))

        assert found == Counter(keys.split(", "))
        for shown in shows.split(", "):
            name, _, value = shown.partition(" ")
            assert str(attributes(state)[name]) == expected(value), name
    if example.leads:
        assert {int(number) for number, _, _ in example.leads} == set(store.living)


def expected(value: str) -> str:
    """Return what an attribute looks like: a time of the day stands for the moment."""
    return f"{STORY_DAY}T{value}:00.000Z" if re.fullmatch(r"\d\d:\d\d", value) else value


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_example_in_one_batch_makes_the_same_people(example: Example) -> None:
    """Whatever order they arrive in: taken by their own time, the events make as many leads."""
    one_by_one = MemoryStore(example.policy).fold_all([row.event] for row in example.rows)
    together = MemoryStore(example.policy).fold_all([[row.event for row in example.rows]])

    assert len(one_by_one.living) == len(together.living)
