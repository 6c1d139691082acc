"""What the judge at the end of a story must not overlook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import apsw
import pytest
from tests.kill.crms import Crm, Deal, Record
from tests.kill.ends import is_at_rest, judge

from afterclick.sandbox import Call
from afterclick_pipedrive.plugin import INFO

KNOWN = {"token": "ann", "conversion_date": "2026-05-21"}
ANN = Record("7", KNOWN)
SOLD = Deal("1", person="7", status="won")
BODY = b"a body"
FIELDS = {name: name for name in (*KNOWN, "campaign")}


class Shown(Crm):
    """A CRM that shows these records and deals."""

    info = INFO
    fields = FIELDS

    def __init__(self, records: Sequence[Record], deals: Sequence[Deal] | None) -> None:
        self._records, self._deals = records, deals

    def writes(self, call: Call) -> bool:
        return True

    def records(self) -> Sequence[Record]:
        return self._records

    def deals(self) -> Sequence[Deal] | None:
        return self._deals


@pytest.fixture
def db() -> Iterator[apsw.Connection]:
    """Return a ledger, as far as the judge looks, with one event and one lead, all well."""
    db = apsw.Connection(":memory:")
    db.execute(
        """
        CREATE TABLE events (id INTEGER PRIMARY KEY, body, state, reason);
        CREATE TABLE leads (id INTEGER PRIMARY KEY, joined_into);
        CREATE TABLE syncs (connection, lead, wanted, synced, sending, state, reason, record_id);
        INSERT INTO leads VALUES (1, NULL);
        INSERT INTO syncs VALUES ('pipedrive', 1, 2, 2, NULL, 'active', NULL, '7');
        """
    )
    db.execute("INSERT INTO events VALUES (1, ?, 'folded', NULL)", (BODY,))
    yield db
    db.close()


def wrong(
    db: apsw.Connection,
    *,
    sent: Sequence[bytes] = (BODY,),
    records: Sequence[Record] = (ANN,),
    deals: Sequence[Deal] | None = (SOLD,),
) -> list[str]:
    return list(judge(db, acknowledged=sent, people=[KNOWN], crms=[Shown(records, deals)]).wrong())


def test_nothing_is_wrong_where_all_is_well(db: apsw.Connection) -> None:
    assert wrong(db) == []
    assert is_at_rest(db)


def test_an_event_that_was_acknowledged_and_is_not_stored_is_lost(db: apsw.Connection) -> None:
    assert wrong(db, sent=(BODY, b"another")) == ["events_lost"]


def test_an_event_that_is_stored_twice_is_doubled(db: apsw.Connection) -> None:
    db.execute("INSERT INTO events VALUES (2, ?, 'folded', NULL)", (BODY,))

    assert wrong(db) == ["events_doubled"]


def test_an_event_that_failed_is_told(db: apsw.Connection) -> None:
    db.execute("UPDATE events SET state = 'failed', reason = 'a bug'")

    assert wrong(db) == ["events_unfolded"]


@pytest.mark.parametrize("values", [KNOWN, {"token": "somebody"}, {}])
def test_a_second_record_of_a_person_is_doubled(db: apsw.Connection, values: Mapping[str, str]) -> None:
    assert wrong(db, records=[ANN, Record("8", values)], deals=None) == ["people_doubled", "ids_wrong"]


def test_a_person_without_a_record_is_missing(db: apsw.Connection) -> None:
    assert wrong(db, records=[], deals=[]) == ["people_missing", "ids_wrong"]


@pytest.mark.parametrize("change", [{"conversion_date": "2026-05-22"}, {"campaign": "spring"}])
def test_a_record_has_the_right_values_and_no_others(db: apsw.Connection, change: Mapping[str, str]) -> None:
    assert wrong(db, records=[Record("7", {**KNOWN, **change})]) == ["values_wrong"]


def test_a_record_that_the_ledger_does_not_name_is_told(db: apsw.Connection) -> None:
    db.execute("UPDATE syncs SET record_id = '8'")

    assert wrong(db) == ["ids_wrong"]


@pytest.mark.parametrize(
    "deals", [[], [SOLD, Deal("2", "7", "won")], [SOLD, Deal("2", "8", "won")], [Deal("1", "7", "open")]]
)
def test_who_converted_has_one_deal_that_is_won(db: apsw.Connection, deals: Sequence[Deal]) -> None:
    assert wrong(db, deals=deals) == ["deals_wrong"]


@pytest.mark.parametrize("change", ["wanted = 3", "sending = 'create'", "state = 'parked'"])
def test_a_lead_that_is_not_settled_is_left_due(db: apsw.Connection, change: str) -> None:
    db.execute(f"UPDATE syncs SET {change}")  # noqa: S608 - the texts are above

    assert wrong(db) == ["left_due"]
    assert is_at_rest(db) == change.startswith("state")
