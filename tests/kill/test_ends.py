"""What the judge at the end of a story must not overlook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import apsw
import pytest
from tests.kill.ends import is_at_rest, judge

ANN = {"deep_link_token": "ann", "lifecyclestage": "lead"}
BODY = b"a body"


@pytest.fixture
def db() -> Iterator[apsw.Connection]:
    """Return a ledger, as far as the judge looks, with one event and one lead, all well."""
    db = apsw.Connection(":memory:")
    db.execute(
        """
        CREATE TABLE events (id INTEGER PRIMARY KEY, body, state, reason);
        CREATE TABLE leads (id INTEGER PRIMARY KEY, joined_into);
        CREATE TABLE syncs (lead, wanted, synced, sending, state, reason);
        INSERT INTO leads VALUES (1, NULL);
        INSERT INTO syncs VALUES (1, 2, 2, NULL, 'active', NULL);
        """
    )
    db.execute("INSERT INTO events VALUES (1, ?, 'folded', NULL)", (BODY,))
    yield db
    db.close()


def wrong(
    db: apsw.Connection, *, sent: Sequence[bytes] = (BODY,), contacts: Sequence[Mapping[str, str]] = (ANN,)
) -> list[str]:
    return list(judge(db, acknowledged=sent, expected=[ANN], contacts=contacts).wrong())


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


@pytest.mark.parametrize(
    ("contacts", "kind"),
    [
        ((), "leads_missing"),
        ((ANN, ANN), "leads_doubled"),
        ((ANN, {"deep_link_token": "somebody"}), "leads_doubled"),
        (({**ANN, "lifecyclestage": "customer"},), "contacts_wrong"),
        (({**ANN, "install_date": "2026-05-21T12:00:00.000Z"},), "contacts_wrong"),
    ],
)
def test_a_person_has_one_contact_with_the_right_values(
    db: apsw.Connection, contacts: Sequence[Mapping[str, str]], kind: str
) -> None:
    assert wrong(db, contacts=contacts) == [kind]


@pytest.mark.parametrize("change", ["wanted = 3", "sending = 'create'", "state = 'parked'"])
def test_a_lead_that_is_not_settled_is_left_due(db: apsw.Connection, change: str) -> None:
    db.execute(f"UPDATE syncs SET {change}")  # noqa: S608 - the texts are above

    assert wrong(db) == ["left_due"]
    assert is_at_rest(db) == change.startswith("state")
