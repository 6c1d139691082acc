"""Queries over a socket: what they find, how they page, and what is said of bad ones."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afterclick_salesforce.sandbox.soql import QueryError, parse

from .client import KEY, Account, lead
from .conftest import OpenAccount


@pytest.fixture
async def people(account: Account) -> Account:
    """An org with three Leads."""
    await account.create(
        LastName="Ada", Email="Ada@Example.com", Company="Engines", Install_Date__c="2026-05-01T10:00:00Z"
    )
    await account.create(LastName="Bob", Email="bob@example.com", Deep_Link_Minutes_To_Convert__c=5)
    await account.create(LastName="Cy", Deep_Link_Minutes_To_Convert__c=70, HasOptedOutOfEmail=True)
    return account


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Email = 'ada@example.COM'", ["Ada"]),
        ("Email != 'ada@example.com'", ["Bob", "Cy"]),
        ("Email <> 'ada@example.com'", ["Bob", "Cy"]),
        ("Email = null", ["Cy"]),
        ("Email != NULL", ["Ada", "Bob"]),
        ("Email IN ('bob@example.com', 'ada@example.com', 'x')", ["Ada", "Bob"]),
        ("Email NOT IN ('bob@example.com')", ["Ada", "Cy"]),
        ("Email LIKE '%@example.com'", ["Ada", "Bob"]),
        ("LastName LIKE '_y'", ["Cy"]),
        ("LastName >= 'b'", ["Bob", "Cy"]),
        ("Deep_Link_Minutes_To_Convert__c > 5", ["Cy"]),
        ("Deep_Link_Minutes_To_Convert__c >= 5.0 AND LastName < 'c'", ["Bob"]),
        ("HasOptedOutOfEmail = TRUE", ["Cy"]),
        ("HasOptedOutOfEmail = false AND IsConverted = false", ["Ada", "Bob"]),
        ("Install_Date__c = 2026-05-01T12:00:00+02:00", ["Ada"]),
        ("Install_Date__c < 2026-05-01T10:00:01Z", ["Ada"]),
        ("CreatedDate = 2026-05-21T09:14:00Z", ["Ada", "Bob", "Cy"]),
        ("CreatedDate < TODAY", []),
        ("CreatedDate > LAST_N_DAYS:3", ["Ada", "Bob", "Cy"]),
        ("(LastName = 'Ada' OR LastName = 'Bob') AND NOT Email LIKE 'a%'", ["Bob"]),
        ("NOT (LastName = 'Ada' OR LastName = 'Bob')", ["Cy"]),
        ("(Email = 'bob@example.com' OR LastName = 'Cy')", ["Bob", "Cy"]),
        ("Owner.Name = 'Afterclick Integration'", []),
        ("Owner.Name LIKE '%a%'", ["Ada", "Bob", "Cy"]),
        ("email in ('ada@example.com')", ["Ada"]),
    ],
)
async def test_condition_selects(people: Account, where: str, found: list[str]) -> None:
    assert await people.names(where) == found


async def test_ids_are_found_in_both_lengths(people: Account) -> None:
    [record] = await people.found("SELECT Id FROM Lead WHERE LastName = 'Ada'")

    assert await people.names(f"Id = '{record['Id']}'") == ["Ada"]
    assert await people.names(f"Id IN ('{record['Id'][:15]}')") == ["Ada"]


async def test_records_have_the_form_of_the_reference(people: Account) -> None:
    reply = await people.query(
        "SELECT Id, LastName, Owner.Name, Email, Install_Date__c, IsConverted FROM Lead"
        " WHERE LastName = 'Ada'"
    )

    [record] = reply.body["records"]
    assert reply.body.keys() == {"totalSize", "done", "records"}
    assert (reply.body["totalSize"], reply.body["done"]) == (1, True)
    assert record == {
        "attributes": {"type": "Lead", "url": f"/services/data/v68.0/sobjects/Lead/{record['Id']}"},
        "Id": record["Id"],
        "LastName": "Ada",
        "Owner": {
            "attributes": {"type": "User", "url": record["Owner"]["attributes"]["url"]},
            "Name": record["Owner"]["Name"],
        },
        "Email": "Ada@Example.com",
        "Install_Date__c": "2026-05-01T10:00:00.000+0000",
        "IsConverted": False,
    }
    assert record["Owner"]["Name"] in ("Robin Vega", "Dana Okafor")


async def test_order_limit_and_offset(people: Account) -> None:
    async def names(rest: str) -> list[str]:
        return [one["LastName"] for one in await people.found(f"SELECT LastName FROM Lead {rest}")]  # noqa: S608

    assert await names("ORDER BY LastName DESC") == ["Cy", "Bob", "Ada"]
    assert await names("ORDER BY Email") == ["Cy", "Ada", "Bob"]
    assert await names("ORDER BY Email DESC NULLS LAST LIMIT 2") == ["Bob", "Ada"]
    assert await names("ORDER BY IsConverted, LastName ASC LIMIT 1 OFFSET 1") == ["Bob"]
    assert await names("LIMIT 0") == []


async def test_ids_are_ordered_as_they_are_compared(people: Account) -> None:
    """By their case: whoever goes on behind the last id of a page misses none and sees none twice."""
    for number in range(70):
        await people.create(LastName=f"L{number}", Company="x")
    ids = [one["Id"] for one in await people.found("SELECT Id FROM Lead ORDER BY Id")]
    middle = ids[len(ids) // 2]

    assert ids == sorted(ids)
    behind = await people.found(f"SELECT Id FROM Lead WHERE Id > '{middle}' ORDER BY Id")  # noqa: S608
    assert [one["Id"] for one in behind] == ids[len(ids) // 2 + 1 :]


async def test_count_has_no_records(people: Account) -> None:
    reply = await people.query("SELECT COUNT() FROM Lead WHERE Email != null")

    assert reply.body == {"totalSize": 2, "done": True, "records": []}


async def test_names_are_found_whatever_their_case(people: Account) -> None:
    [record] = await people.found("select lastname from lead where LASTNAME = 'ada'")

    assert record["lastname"] == "Ada"


async def test_contact_of_a_converted_lead_is_reached_by_its_relationship(people: Account) -> None:
    [record] = await people.found("SELECT Id FROM Lead WHERE LastName = 'Ada'")
    contact_id = people.sandbox.people.convert(record["Id"])

    soql = "SELECT ConvertedContact.Id, ConvertedContact.Owner.Name FROM Lead WHERE IsConverted = true"
    [found] = await people.found(soql)

    assert found["ConvertedContact"]["Id"] == contact_id
    assert found["ConvertedContact"]["Owner"]["Name"]
    [other] = await people.found("SELECT ConvertedContact.Id FROM Lead WHERE LastName = 'Bob'")
    assert other["ConvertedContact"] is None


# Strings.


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r"O\'Hara", "O'Hara"),
        (r"back\\slash", r"back\slash"),
        (r"tab\tnew\nline", "tab\tnew\nline"),
        (r"\u00e9", "é"),
        (r"say \"hi\"", 'say "hi"'),
        ("100%_", "100%_"),
    ],
)
async def test_escapes_mean_what_the_reference_says(account: Account, literal: str, value: str) -> None:
    lead_id = await account.create(Company=value)

    [found] = await account.found(f"SELECT Id FROM Lead WHERE Company = '{literal}'")  # noqa: S608

    assert found["Id"] == lead_id


async def test_like_takes_wildcards_and_their_escapes(account: Account) -> None:
    for name in ("50% off", "50 off", "a_b", "axb", "back\\slash"):
        await account.create(LastName=name)

    assert await account.names(r"LastName LIKE '50\% %'") == ["50% off"]
    assert await account.names(r"LastName LIKE 'a\_b'") == ["a_b"]
    assert await account.names("LastName LIKE 'a_b'") == ["a_b", "axb"]
    assert await account.names(r"LastName LIKE 'back\\%'") == ["back\\slash"]


async def test_quote_after_an_escaped_backslash_ends_the_string(people: Account) -> None:
    r"""The hole of clients that escape `'` and not `\`: their `\\'` ends the string."""
    assert await people.names(r"(LastName = '\\' OR LastName != 'x')") == ["Ada", "Bob", "Cy"]
    assert await people.names(r"LastName = '\\\' OR LastName != \'x'") == []


# What is wrong.


@pytest.mark.parametrize(
    ("soql", "words"),
    [
        ("", "unexpected token: '<EOF>'"),
        ("SELECT Id", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Lead WHERE", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Lead WHERE LastName = 'a", "mismatched character '<EOF>' expecting '''"),
        ("SELECT Id FROM Lead WHERE LastName = 'a' OR", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Lead WHERE LastName = 'O'Hara'", "mismatched character '<EOF>'"),
        (r"SELECT Id FROM Lead WHERE LastName = 'a\x'", r"Illegal escape sequence in string literal: \x"),
        (r"SELECT Id FROM Lead WHERE LastName = '\%'", r"Illegal escape sequence in string literal: \%"),
        (r"SELECT Id FROM Lead WHERE LastName = '\u12'", r"Illegal escape sequence in string literal: \u"),
        ("SELECT Id FROM Lead WHERE LastName = 'a' AND Email = 'b' OR Phone = 'c'", "unexpected token: 'OR'"),
        ("SELECT Id FROM Lead WHERE LastName IN ()", "unexpected token: ')'"),
        ("SELECT Id FROM Lead WHERE LastName == 'a'", "unexpected token: '='"),
        ("SELECT Id FROM Lead; DELETE", "unexpected token: ';'"),
        ("SELECT Id FROM Lead LIMIT -1", "unexpected token: '-1'"),
        ("SELECT Id FROM Lead LIMIT 1 garbage", "unexpected token: 'garbage'"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Lead", "unexpected token: '('"),
        ("SELECT Id FROM Lead OFFSET 2001", "OFFSET cannot be higher than 2000"),
        ("SELECT Id FROM Lead WHERE " + "(" * 60, "too complicated"),
        ("SELECT Id FROM Lead WHERE LastName = '" + "a" * 4001 + "'", "longer than 4000"),
    ],
)
async def test_query_that_cannot_be_read(account: Account, soql: str, words: str) -> None:
    reply = await account.query(soql)

    assert (reply.status, reply.code) == (400, "MALFORMED_QUERY")
    assert words in reply.message


def test_query_of_more_than_100000_characters_is_refused() -> None:
    with pytest.raises(QueryError, match="longer than 100000"):
        parse("SELECT Id FROM Lead WHERE Id = '" + "a" * 100_000 + "'")


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("SELECT Nope__c FROM Lead", "INVALID_FIELD", "No such column 'Nope__c' on entity 'Lead'"),
        ("SELECT Id FROM Lead WHERE Nope__c = 'x'", "INVALID_FIELD", "No such column 'Nope__c'"),
        ("SELECT Id FROM Lead ORDER BY Nope__c", "INVALID_FIELD", "No such column 'Nope__c'"),
        ("SELECT Nope.Name FROM Lead", "INVALID_FIELD", "Didn't understand relationship 'Nope'"),
        ("SELECT Owner.Nope FROM Lead", "INVALID_FIELD", "No such column 'Nope' on entity 'User'"),
        ("SELECT Id FROM Nope__c", "INVALID_TYPE", "sObject type 'Nope__c' is not supported"),
        ("SELECT Id FROM PermissionSet", "INVALID_TYPE", "sObject type 'PermissionSet' is not supported"),
        ("SELECT Id FROM Lead WHERE Email = 5", "INVALID_FIELD", "should be enclosed in quotes"),
        ("SELECT Id FROM Lead WHERE Email = TRUE", "INVALID_FIELD", "should be enclosed in quotes"),
        ("SELECT Id FROM Lead WHERE IsConverted = 'false'", "INVALID_FIELD", "must be of type boolean"),
        ("SELECT Id FROM Lead WHERE CreatedDate > '2026-05-21'", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Lead WHERE CreatedDate > 2026-05-21", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Lead WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
        ("SELECT Id FROM Lead WHERE IsConverted LIKE 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid"),
        ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
    ],
)
async def test_query_that_does_not_fit_the_org(account: Account, soql: str, code: str, words: str) -> None:
    reply = await account.query(soql)

    assert (reply.status, reply.code) == (400, code)
    assert words in reply.message


async def test_mark_stands_under_the_place(account: Account) -> None:
    reply = await account.query("SELECT Id FROM Lead WHERE Nope__c = 'x'")

    _, line, mark, place, _ = reply.message.split("\n")
    assert line[mark.index("^") :].startswith("Nope__c")
    assert place == "ERROR at Row:1:Column:27"


# Pages.


async def test_pages_follow_each_other(open_account: OpenAccount) -> None:
    account = await open_account(unlimited=True, duplicate_rule="off")
    for start in range(0, 600, 200):
        await account.insert(*(lead(f"k{start + number}") for number in range(200)))
    small = {"Sforce-Query-Options": "batchSize=1"}

    page = await account.send("GET", "/query", None, small, q="SELECT Id FROM Lead")
    sizes, ids = [], set()
    while True:
        sizes.append(len(page.body["records"]))
        ids |= {one["Id"] for one in page.body["records"]}
        assert page.body["totalSize"] == 600
        if page.body["done"]:
            break
        page = await account.get("/" + page.body["nextRecordsUrl"])

    assert (sizes, len(ids)) == ([200, 200, 200], 600)


async def test_cursor_lives_two_days(open_account: OpenAccount) -> None:
    account = await open_account(unlimited=True, duplicate_rule="off", session_seconds=1e9)
    for start in (0, 200):
        await account.insert(*(lead(f"k{start + number}") for number in range(200)))
    small = {"Sforce-Query-Options": "batchSize=200"}
    page = await account.send("GET", "/query", None, small, q="SELECT Id FROM Lead")

    account.clock.seconds += 2 * 86_400 + 1
    late = await account.get("/" + page.body["nextRecordsUrl"])

    assert (late.status, late.code) == (400, "INVALID_QUERY_LOCATOR")


async def test_deleted_records_show_only_to_query_all(account: Account) -> None:
    winner, loser = await account.create(LastName="W"), await account.create(LastName="X")
    account.sandbox.people.merge(winner, loser)
    soql = "SELECT Id, IsDeleted, MasterRecordId FROM Lead WHERE LastName = 'X'"

    assert await account.found(soql) == []
    [found] = (await account.send("GET", "/queryAll", q=soql)).body["records"]
    assert (found["Id"], found["IsDeleted"], found["MasterRecordId"]) == (loser, True, winner)
    by_id = f"SELECT IsDeleted FROM Lead WHERE Id IN ('{winner}', '{loser}')"  # noqa: S608
    both = (await account.send("GET", "/queryAll", q=by_id)).body["records"]
    assert [one["IsDeleted"] for one in both] == [False, True]


# Whatever a value holds, escaped it is a value and nothing else.


def escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_escaped_values_come_out_as_they_went_in(values: list[str]) -> None:
    literals = ", ".join(f"'{escaped(value)}'" for value in values)

    query = parse(f"SELECT Id FROM Lead WHERE {KEY} IN ({literals}) LIMIT 3")  # noqa: S608

    where: Any = query.where
    assert [literal.text for literal in where.values] == values
    assert query.limit == 3


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for query in (text, f"SELECT Id FROM Lead WHERE LastName = '{text}'"):  # noqa: S608
        with suppress(QueryError):
            parse(query)
