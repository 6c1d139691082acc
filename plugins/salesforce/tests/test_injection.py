"""No value breaks out of a query: the emulator's own parser reads what was asked for, and nothing else.

Tokens and campaigns stand in no query at all; keys, addresses and ids do. The parser is not ours: it knows
SOQL's literals and escapes from Salesforce's documentation.
"""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterclick.plugin import Match, NoMatch
from afterclick_salesforce import soql
from afterclick_salesforce.sandbox.soql import parse
from afterclick_salesforce.sandbox.soql.tree import Compare, Logic

from .emulated import VALUES, account
from .support import ADA, KEY, USER, lead, named

ATTACKS = (
    "' OR Id != '",
    "\\' OR Id != '",
    "\\\\' OR Id != '",
    "\\",
    "'",
    "') OR (Email != '",
    "x' ORDER BY Id LIMIT 1",
    "%' AND Id != '",
    "'\n OR Id != '",
    "\\u0027 OR Id != \\u0027",
    "' OR Id != '",
    "ада' OR Id != '",
    "a+b@example.com&q=SELECT+Id+FROM+User",
    "x#fragment?q=1",
    "\u2028' OR Id != '",
    "\x00' OR Id != '",
)
hostile = st.text(st.sampled_from("'\\\"()=!%_&+#?; \n\r\t\x00ORor1,u0027é"), max_size=40)
values = st.lists(st.sampled_from(ATTACKS) | hostile | st.text(max_size=40), min_size=1, max_size=20)


def _is_text(value: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


@given(values)
def test_parser_reads_the_values_that_were_meant(values: list[str]) -> None:
    read: list[str] = []
    for query in soql.queries(("Id", "Email"), "Lead", "Email", values, also="IsConverted = false"):
        # As the address carries it, and as a server takes it out again.
        (arrived,) = parse_qs(f"q={soql.encoded(query)}", strict_parsing=True)["q"]
        found = parse(arrived)
        assert (found.sobject, [path.text for path in found.paths]) == ("Lead", ["Id", "Email"])
        assert (found.order, found.limit) == ((), None)
        where = found.where
        assert isinstance(where, Logic)
        assert (where.operator, len(where.parts)) == ("AND", 2)
        condition, converted = where.parts
        assert isinstance(converted, Compare)
        assert isinstance(condition, Compare)
        assert (condition.path.text, condition.operator) == ("Email", "IN")
        read += [literal.text for literal in condition.values]
    assert read == [value for value in values if _is_text(value)]


@pytest.mark.parametrize("attack", ATTACKS)
async def test_attack_finds_nobody_and_hides_nobody(attack: str) -> None:
    async with account(leads=({"LastName": "Okafor", "Company": "Acme", "Email": ADA},)) as a:
        (made,) = await a.create(lead(values={**VALUES, "Email": "eve@example.com"}))
        found = await a.match(
            named("eve", keys=(attack, f"x{attack}"), emails=(attack,)),
            lead("known", keys=(USER,)),
            named("typed", keys=("user:2",), emails=(ADA,)),
        )
        assert found[0] == NoMatch()
        assert isinstance(found[1], Match)
        assert found[1].record.id == made.record.id
        assert isinstance(found[2], Match)
        assert found[2].record.values["LastName"] == "Okafor"


async def test_hostile_values_are_stored_as_they_are() -> None:
    token = "summer' OR Name != '\\"
    async with account() as a:
        (made,) = await a.create(lead(values={**VALUES, "Deep_Link_Token__c": token, KEY: USER}))
        (found,) = await a.match(lead(record=made.record.id))
        assert found.record.values["Deep_Link_Token__c"] == token
