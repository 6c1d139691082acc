"""What was set aside, by reason."""

from __future__ import annotations

from typing import Any

from afterclick.console.grouping import MOST_GROUPS, Grouping, grouped
from afterclick.ledger.operations import Page, SetAside, Trouble


def row(lead: int, reason: str | None = "no", **more: Any) -> SetAside:
    known: dict[str, Any] = {
        "connection": "crm",
        "trouble": Trouble.PARKED,
        "code": "lead-rejected",
        "since": lead,
    }
    return SetAside(lead=lead, reason=reason, **{**known, **more})


def counts(*rows: SetAside) -> list[tuple[str | None, int]]:
    grouping = Grouping()
    grouping.take(rows)
    return [(one.reason, one.count) for one in grouping.groups()]


def test_leads_with_one_reason_are_one_group_with_the_oldest_and_an_example() -> None:
    grouping = Grouping()
    grouping.take([row(7, since=50), row(8, since=20), row(9, since=90)])
    [group] = grouping.groups()

    assert (group.count, group.oldest_at, group.lead, group.reason) == (3, 20, 7, "no")


def test_ids_in_a_reason_make_no_difference_and_statuses_do() -> None:
    told = counts(
        row(1, "contact 10112345 is locked"),
        row(2, "contact 10112399 is locked"),
        row(3, "trace 7f3a9c0d51b7e84e failed"),
        row(4, "trace 0c4d8e1f2b39576a failed"),
        row(5, "HTTP 400"),
        row(6, "HTTP 500"),
    )

    assert [count for _, count in told] == [2, 2, 1, 1]


def test_reason_that_is_about_one_record_is_grouped_by_its_code() -> None:
    told = counts(
        row(1, "the record contact 5 belongs to another person (lead 9)", code="record-shared"),
        row(2, "the record contact 6 belongs to another person (lead 8)", code="record-shared"),
        row(3, "deleted", code="record-gone"),
        row(4, None, code="record-gone"),
    )

    assert [count for _, count in told] == [2, 2]


def test_connections_and_states_are_told_apart_and_the_largest_comes_first() -> None:
    grouping = Grouping()
    grouping.take(
        [row(1), row(2, trouble=Trouble.HELD), row(3, trouble=Trouble.HELD), row(4, connection="b")]
    )
    told = [(one.connection, one.trouble, one.count) for one in grouping.groups()]

    assert told == [("b", Trouble.PARKED, 1), ("crm", Trouble.HELD, 2), ("crm", Trouble.PARKED, 1)]


def test_reasons_without_end_are_bounded() -> None:
    told = counts(*(row(number, f"reason {'x' * number}") for number in range(MOST_GROUPS + 50)))

    assert len(told) == MOST_GROUPS + 1
    assert max(count for _, count in told) == 50


async def test_pages_are_read_to_the_end() -> None:
    pages = {
        ("a", 0): Page(rows=[row(1, connection="a")], after=1),
        ("a", 1): Page(rows=[row(2, connection="a")], after=None),
        ("b", 0): Page(rows=[row(3, connection="b")], after=None),
    }

    async def read(connection: str, *, after: int, look: int) -> Page:
        return pages[connection, after]

    assert [(one.connection, one.count) for one in await grouped(read, ["a", "b"])] == [("a", 2), ("b", 1)]
