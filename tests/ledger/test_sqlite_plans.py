"""The plans of what runs all the time: a table is never read from end to end, however old the ledger."""

from __future__ import annotations

import re
from typing import Any

import pytest

from afterclick.ledger.queries import statements
from afterclick.ledger.rows import EventState
from afterclick.ledger.sqlite import SqliteLedger
from afterclick.ledger.sqlite.folds import _FREE
from afterclick.ledger.sqlite.values import spread
from afterclick.model.journey import Slot


def plan(ledger: SqliteLedger, sql: str) -> list[str]:
    bindings: Any = dict.fromkeys(re.findall(r":(\w+)", sql))
    if not bindings:
        bindings = (None,) * sql.count("?")
    return [str(row[3]) for row in ledger._write._db.execute(f"EXPLAIN QUERY PLAN {sql}", bindings)]


def over_rows(sql: str, columns: int) -> str:
    return spread(sql, [(0,) * columns] * 3)[0]


def journeys(name: str, slot: Slot) -> str:
    return statements("sqlite")[name].format(free=_FREE[slot])


INDEXES = {
    Slot.INSTALL: "journeys_without_install",
    Slot.CLAIM: "journeys_without_claim",
    Slot.PERSON: "journeys_without_person",
}


@pytest.mark.parametrize("slot", Slot)
@pytest.mark.parametrize("name", ["journeys_before", "journeys_after"])
async def test_journeys_of_a_link_are_found_by_index(sqlite: SqliteLedger, name: str, slot: Slot) -> None:
    [step] = plan(sqlite, journeys(name, slot))

    assert f"SEARCH journeys USING INDEX {INDEXES[slot]} (space=? AND token=? AND opened_at>?" in step


@pytest.mark.parametrize("slot", Slot)
@pytest.mark.parametrize("name", ["journeys_before_at_address", "journeys_after_at_address"])
async def test_journeys_at_an_address_are_found_by_index(sqlite: SqliteLedger, name: str, slot: Slot) -> None:
    [step] = plan(sqlite, journeys(name, slot))

    assert "SEARCH journeys USING INDEX journeys_by_address (space=? AND ip_hash=? AND ip_at>?" in step


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("unfolded", "events_new"),
        ("folded_events", "events_of_lead (lead=?)"),
        ("unattributed_at_address", "events_homeless (space=? AND ip_hash=? AND occurred_at>?"),
        ("stored", "events_timeless (hash16=?)"),
        ("oldest_unfolded", "events_new"),
        ("count_unfolded", "COVERING INDEX events_new"),
        ("due", "syncs_due (connection=? AND due_at<?"),
        ("next_due", "syncs_due (connection=?"),
        ("failing_since", "syncs_failing (connection=?"),
        ("count_due", "COVERING INDEX syncs_due (connection=? AND due_at<?"),
        ("count_set_aside", "COVERING INDEX syncs_set_aside (connection=? AND state=?"),
        ("leads_through", "PRIMARY KEY (space=? AND code=? AND lead<?"),
        ("journeys_of_leads", "journeys_of_lead (lead=?"),
        ("lead_by_ids", "INTEGER PRIMARY KEY (rowid=?"),
        ("next_lead", "SEARCH leads"),
        ("persons", "leads_joined (joined_into=?"),
        ("join_lead", "leads_joined (joined_into=?"),
        ("join_identities", "identities_of_lead (lead=?"),
        ("join_journeys", "journeys_of_lead (lead=?"),
        ("join_syncs", "syncs_of_lead (lead=?"),
        ("syncs_of", "PRIMARY KEY (connection=? AND lead=?"),
        ("syncs_of_leads", "syncs_of_lead (lead=?"),
        ("taken", "PRIMARY KEY (connection=? AND lead=?"),
        ("give_up_record", "PRIMARY KEY (connection=? AND lead=?"),
        ("redo", "PRIMARY KEY (connection=? AND lead=?"),
        ("leads", "leads_recent"),
        ("forget_addresses", "events_with_address (received_at<?"),
        ("forget_journey_addresses", "journeys_with_address (ip_at<?"),
        ("drop_journeys", "journeys_expiring (expires_at<?"),
        ("drop_seen", "PRIMARY KEY (bucket>? AND bucket<?"),
        ("drop_attempts", "attempts_at (at<?"),
        ("pick_old_events", "INTEGER PRIMARY KEY (rowid>?"),
        ("drop_events", "INTEGER PRIMARY KEY (rowid=?"),
        ("pick_stubs", "leads_nameless (id>?"),
        ("pick_stubs", "syncs_of_lead (lead=?"),
        ("pick_stubs", "journeys_of_lead (lead=?"),
        ("pick_expired", "leads_nameless (id>?"),
        ("pick_expired", "PRIMARY KEY (connection=? AND lead=?"),
        ("count_stubs", "syncs_of_lead (lead=?"),
        ("leave_events", "events_of_lead (lead=?"),
        ("count_events_of", "events_of_lead (lead=?"),
        ("records_of", "records_of_lead (connection=? AND lead=?"),
        ("forget_attempts", "attempts_of_lead (lead=?"),
        ("forget_links", "PRIMARY KEY (space=? AND prefix=? AND token=?"),
        ("forget_journeys", "journeys_of_lead (lead=?"),
        ("drop_lead_identities", "identities_of_lead (lead=?"),
        ("drop_lead_codes", "code_leads_of_lead (lead=?"),
        ("drop_lead_observations", "syncs_of_lead (lead=?"),
        ("drop_lead_syncs", "syncs_of_lead (lead=?"),
        ("drop_leads", "INTEGER PRIMARY KEY (rowid=?"),
        ("living_leads", "INTEGER PRIMARY KEY (rowid>?"),
        ("recorded", "records_of_lead (connection=? AND lead=?"),
        ("recorded", "leads_joined (joined_into=?"),
        ("pick_retry", "syncs_in_trouble (connection=? AND lead>?"),
        ("set_aside", "syncs_in_trouble (connection=? AND lead>?"),
        ("apply_retry", "PRIMARY KEY (connection=? AND lead=?"),
        ("drop_gone_records", "records_of_lead (connection=? AND lead=?"),
        ("forget_gone_records", "PRIMARY KEY (connection=? AND lead=?"),
        ("pick_resync", "PRIMARY KEY (connection=? AND lead>?"),
        ("apply_resync", "PRIMARY KEY (connection=? AND lead=?"),
        ("pick_backfill", "INTEGER PRIMARY KEY (rowid>?"),
        ("apply_backfill", "INTEGER PRIMARY KEY (rowid=?"),
        ("pick_events", "events_odd (state=? AND id>?"),
        ("apply_events", "INTEGER PRIMARY KEY (rowid=?"),
        ("running_operations", "operations_running"),
        ("same_operation", "operations_running"),
        ("observed", "PRIMARY KEY (connection=? AND lead=?"),
        ("observed_owner", "observations_of_record (connection=? AND record_kind=? AND record_id=?"),
        ("observed_leads", "syncs_observed (connection=?"),
        ("unobserve", "PRIMARY KEY (connection=? AND lead=?"),
        ("look_again", "syncs_observed (connection=?"),
        ("drop_observations", "PRIMARY KEY (connection=? AND lead=?"),
        ("drop_old_observations", "observations_at (at<?"),
        ("observations", "PRIMARY KEY (connection=?"),
    ],
)
async def test_statement_uses_its_index(sqlite: SqliteLedger, name: str, expected: str) -> None:
    steps = plan(sqlite, statements("sqlite")[name])

    assert any(expected in step for step in steps), steps
    # An index of few rows may be read as a whole, a table never.
    assert not [step for step in steps if re.match(r"SCAN (?!json_each|.subquery)(?!.*USING)", step)], steps


@pytest.mark.parametrize(
    ("name", "columns", "expected"),
    [
        ("seen", 2, "PRIMARY KEY (bucket=? AND hash16=?"),
        ("identities", 3, "PRIMARY KEY (space=? AND kind=? AND value=?"),
        ("links", 3, "PRIMARY KEY (space=? AND prefix=? AND token=?"),
        ("codes", 2, "PRIMARY KEY (space=? AND code=?"),
        ("known_records", 3, "PRIMARY KEY (connection=? AND kind=? AND id=?"),
        ("close_journey", 1, "PRIMARY KEY (key=?"),
        ("fold_event", 5, "SEARCH events USING INTEGER PRIMARY KEY"),
        ("addresses_with_left", 4, "events_homeless (space=? AND ip_hash=? AND occurred_at>?"),
        ("close_finding", 5, "PRIMARY KEY (code=? AND connection=? AND subject=?"),
        ("drop_untold", 2, "PRIMARY KEY (space=? AND code=?"),
        ("want_sooner", 3, "PRIMARY KEY (connection=? AND lead=?"),
        ("record_holders", 4, "PRIMARY KEY (connection=? AND kind=? AND id=?"),
        ("records_known", 2, "PRIMARY KEY (connection=? AND lead=?"),
        ("set_record", 8, "syncs_of_lead (lead=? AND connection=?"),
        ("set_values", 3, "syncs_of_lead (lead=? AND connection=?"),
        ("note_sending", 7, "PRIMARY KEY (connection=? AND lead=?"),
        ("settle", 14, "PRIMARY KEY (connection=? AND lead=?"),
    ],
)
async def test_statement_over_rows_uses_its_index(
    sqlite: SqliteLedger, name: str, columns: int, expected: str
) -> None:
    steps = plan(sqlite, over_rows(statements("sqlite")[name], columns))

    assert any(expected in step for step in steps), steps
    assert not [step for step in steps if re.match(r"SCAN (?!\d+-ROW VALUES)", step)], steps


@pytest.mark.parametrize("slot", Slot)
async def test_link_without_journeys_is_found_by_index(sqlite: SqliteLedger, slot: Slot) -> None:
    steps = plan(sqlite, over_rows(statements("sqlite")["links_asked"].replace("{free}", _FREE[slot]), 2))

    assert any(f"{INDEXES[slot]} (space=? AND token=?" in step for step in steps), steps


@pytest.mark.parametrize("slot", Slot)
async def test_address_without_journeys_is_found_by_index(sqlite: SqliteLedger, slot: Slot) -> None:
    statement = statements("sqlite")["addresses_asked"].replace("{free}", _FREE[slot])
    steps = plan(sqlite, over_rows(statement, 2))

    assert any("journeys_by_address (space=? AND ip_hash=?" in step for step in steps), steps


@pytest.mark.parametrize(
    "name",
    [
        "due",
        "unfolded",
        "next_due",
        "journeys_before",
        "journeys_after",
        "leads_through",
        "leads",
        "pick_retry",
        "pick_resync",
        "pick_backfill",
        "pick_events",
        "pick_old_events",
        "set_aside",
    ],
)
async def test_what_is_limited_is_read_in_order_and_never_sorted(sqlite: SqliteLedger, name: str) -> None:
    steps = plan(
        sqlite, journeys(name, Slot.CLAIM) if name.startswith("journeys") else statements("sqlite")[name]
    )

    assert not [step for step in steps if "TEMP B-TREE" in step], steps


async def test_events_set_aside_are_found_by_index(sqlite: SqliteLedger) -> None:
    assert any(
        "events_odd (state=?" in step for step in plan(sqlite, statements("sqlite")["events_set_aside"])
    )
    [step] = plan(sqlite, statements("sqlite")["events_in_state"].format(state=EventState.NEW))
    assert "events_new" in step
