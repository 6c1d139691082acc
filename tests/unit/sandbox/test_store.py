"""The record store: unique values, aliases, the bin, and who wrote what."""

from __future__ import annotations

import pytest

from afterclick.sandbox import Store, UniqueClash


@pytest.fixture
def store() -> Store:
    store = Store({"email": str.lower})
    store.add("1", {"email": "ada@example.com", "name": "Ada", "empty": "", "none": None}, 100, "Sales")
    return store


def test_empty_values_are_not_kept(store: Store) -> None:
    row = store.get("1")

    assert row is not None
    assert row.values == {"email": "ada@example.com", "name": "Ada"}


def test_row_is_found_by_the_normalised_value(store: Store) -> None:
    assert store.find("email", "ADA@example.com") is store.get("1")


def test_second_holder_of_a_value_is_refused_and_nothing_stored(store: Store) -> None:
    with pytest.raises(UniqueClash) as caught:
        store.add("2", {"email": "Ada@Example.com"}, 200, "Client")

    assert (caught.value.field, caught.value.holder.id) == ("email", "1")
    assert store.get("2") is None
    assert len(store) == 1


def test_refused_change_leaves_the_row_as_it_was(store: Store) -> None:
    other = store.add("2", {"email": "bob@example.com"}, 200, "Client")

    with pytest.raises(UniqueClash):
        store.change(other, {"email": "ada@example.com", "name": "Bob"}, 300, "Client")

    assert other.values == {"email": "bob@example.com"}
    assert other.updated == 200


def test_row_may_keep_its_own_value(store: Store) -> None:
    row = store.get("1")
    assert row is not None

    store.change(row, {"email": "ada@example.com"}, 200, "Client")

    assert store.find("email", "ada@example.com") is row


@pytest.mark.parametrize("empty", ["", None])
def test_cleared_value_is_free_for_others(store: Store, empty: str | None) -> None:
    row = store.get("1")
    assert row is not None

    store.change(row, {"email": empty}, 200, "Client")
    other = store.add("2", {"email": "ada@example.com"}, 300, "Client")

    assert "email" not in row.values
    assert store.find("email", "ada@example.com") is other


def test_changed_value_frees_the_old_one(store: Store) -> None:
    row = store.get("1")
    assert row is not None

    store.change(row, {"email": "lovelace@example.com"}, 200, "Client")

    assert store.find("email", "ada@example.com") is None
    assert store.find("email", "lovelace@example.com") is row


def test_claimed_value_finds_the_row_and_blocks_others(store: Store) -> None:
    row = store.get("1")
    assert row is not None

    store.claim("email", "second@example.com", row)

    assert store.find("email", "Second@example.com") is row
    with pytest.raises(UniqueClash):
        store.add("2", {"email": "second@example.com"}, 200, "Client")
    store.release("email", "second@example.com", row)
    assert store.find("email", "second@example.com") is None


def test_archived_row_is_out_of_sight_and_gives_up_its_values(store: Store) -> None:
    row = store.get("1")
    assert row is not None
    store.claim("email", "second@example.com", row)

    store.archive(row, 500)
    store.archive(row, 600)

    assert (0, [], [row]) == (len(store), list(store), list(store.archived()))
    assert row.updated == 500
    assert store.find("email", "ada@example.com") is None
    store.add("2", {"email": "second@example.com"}, 700, "Client")


def test_row_that_is_restored_holds_its_values_again(store: Store) -> None:
    row = store.get("1")
    assert row is not None
    store.claim("email", "second@example.com", row)
    store.archive(row, 500)

    store.restore(row)
    store.restore(row)

    assert (len(store), list(store)) == (1, [row])
    for value in ("ADA@example.com", "second@example.com"):
        assert store.find("email", value) is row


def test_archived_row_can_keep_its_values_from_others(store: Store) -> None:
    row = store.get("1")
    assert row is not None

    store.archive(row, 500, keep_values=True)

    assert store.find("email", "ada@example.com") is None
    with pytest.raises(UniqueClash):
        store.add("2", {"email": "ada@example.com"}, 600, "Client")


def test_alias_of_an_alias_leads_to_the_last_row(store: Store) -> None:
    for old, new in (("1", "2"), ("2", "3")):
        row = store.get(old)
        assert row is not None
        store.remove(row)
        store.add(new, row.values, 900, "Merge")
        store.alias(old, new)

    survivor = store.get("1")
    assert survivor is not None
    assert survivor.id == "3"
    assert len(store) == 1


def test_field_made_unique_later_holds_what_is_there(store: Store) -> None:
    store.make_unique("name")
    store.make_unique("name")

    with pytest.raises(UniqueClash):
        store.add("2", {"name": "Ada"}, 200, "Client")
    assert store.is_unique("name")


def test_origin_is_the_newest_writer_of_a_field(store: Store) -> None:
    row = store.get("1")
    assert row is not None
    store.change(row, {"name": "Augusta"}, 200, "Client")

    assert [(write.origin, write.at) for write in (row.origin("name"), row.origin("email")) if write] == [
        ("Client", 200),
        ("Sales", 100),
    ]
    assert row.origin("phone") is None


def test_values_at_an_earlier_moment_are_the_old_ones(store: Store) -> None:
    row = store.get("1")
    assert row is not None
    store.change(row, {"name": "", "phone": "1"}, 200, "Client")

    assert row.values_at(199) == {"email": "ada@example.com", "name": "Ada"}
    assert row.values_at(200) == {"email": "ada@example.com", "phone": "1"}


def test_history_keeps_the_first_and_the_newest_writes(store: Store) -> None:
    row = store.get("1")
    assert row is not None
    for moment in range(200, 300):
        store.change(row, {"name": str(moment)}, moment, "Client")

    assert len(row.writes) == 50
    assert (row.writes[0].origin, row.writes[-1].values["name"]) == ("Sales", "299")


def test_newest_lists_the_row_changed_last_first(store: Store) -> None:
    store.add("2", {"name": "Bob"}, 200, "Client")
    row = store.get("1")
    assert row is not None
    store.change(row, {"name": "Augusta"}, 300, "Client")

    assert [found.id for found in store.newest()] == ["1", "2"]
    assert [found.id for found in store.newest(1)] == ["1"]
