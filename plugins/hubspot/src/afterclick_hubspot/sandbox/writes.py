"""From what a client wishes to what is written: all checks first, then all writes.

One order for single calls and batches, so that a batch without trace ids can be refused as a whole
before anything was done.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from afterclick.sandbox import Row
from afterclick_hubspot.sandbox.bodies import (
    NOT_FOUND_IN_BATCH,
    Problem,
    bad_values,
    email_taken,
    missing_required,
    value_taken,
)
from afterclick_hubspot.sandbox.book import Book
from afterclick_hubspot.sandbox.options import Options
from afterclick_hubspot.sandbox.values import Checker

ENFORCES_RULES = "2026-09"
"""The first version on which the account's rules on required fields bind API writes."""


class Wish(msgspec.Struct, frozen=True):
    """One record as a client wants it. `key` is an id, or a value of `id_property`."""

    verb: Literal["create", "update", "upsert"]
    properties: Mapping[str, str]
    key: str | None = None
    id_property: str | None = None
    trace_id: str | None = None


class Draft(msgspec.Struct):
    """A wish that was looked at: what will be written to which record, or why it cannot be.

    `row` is None before a new contact is made; `row_id` is known at once. `sent` are the properties
    that the client gave, the key among them.
    """

    wish: Wish
    row_id: str = ""
    row: Row | None = None
    new: bool = False
    values: dict[str, str] = {}
    sent: tuple[str, ...] = ()
    problem: Problem | None = None


class Writer:
    """Checks wishes and carries them out."""

    def __init__(self, book: Book, checker: Checker, options: Options) -> None:
        self._book = book
        self._checker = checker
        self._options = options

    def plan(self, wishes: Sequence[Wish], version: str) -> list[Draft]:
        """Look at every wish, in order; a unique value goes to the first that asks for it."""
        pending: dict[tuple[str, Hashable], str] = {}
        drafts = [self._draft(wish) for wish in wishes]
        for draft in drafts:
            if draft.problem is None:
                draft.problem = self._missing(draft, version) or self._clash(draft, pending)
        return drafts

    def carry_out(self, draft: Draft) -> Row:
        """Write a draft without a problem."""
        if draft.row is None:
            draft.row = self._book.add(draft.row_id, draft.values)
        else:
            self._book.change(draft.row, draft.values)
        return draft.row

    def _draft(self, wish: Wish) -> Draft:
        values, bad = self._checker.read(wish.properties)
        draft = Draft(wish, values=values, sent=tuple(wish.properties))
        if bad:
            draft.problem = bad_values(bad)
        elif wish.key is not None:
            self._find(draft, wish.key)
        else:
            self._make(draft)
        return draft

    def _find(self, draft: Draft, key: str) -> None:
        """Find the record of an update or upsert; an upsert by a unique value makes it if need be."""
        name = draft.wish.id_property
        if name is not None:
            draft.problem = self._book.not_a_key(name)
            if draft.problem is not None:
                return
        draft.row = self._book.locate(key, name)
        if draft.row is not None:
            draft.row_id = draft.row.id
            draft.sent = draft.sent if name is None or name in draft.sent else (*draft.sent, name)
        elif draft.wish.verb == "upsert" and name is not None:
            kept, bad = self._checker.read({name: key})
            draft.values = {**kept, **draft.values}
            draft.problem = bad_values(bad) if bad else None
            self._make(draft)
        else:
            draft.problem = Problem(404, "OBJECT_NOT_FOUND", NOT_FOUND_IN_BATCH, {"ids": [key]})

    def _make(self, draft: Draft) -> None:
        draft.new = True
        # The id is taken before uniqueness is looked at: HubSpot's messages name such half-made ones.
        draft.row_id = self._book.new_id()
        stage = self._options.default_stage
        if stage and not draft.values.get("lifecyclestage"):
            draft.values["lifecyclestage"] = stage

    def _missing(self, draft: Draft, version: str) -> Problem | None:
        demands = self._options.required_fields or self._options.conditional_fields
        if version < ENFORCES_RULES or not demands:
            return None
        will_be = {**(draft.row.values if draft.row else {}), **draft.values}
        if draft.new:
            absent = [name for name in self._options.required_fields if not will_be.get(name)]
            if absent:
                messages = {name: f"A value for {name} must be provided" for name in absent}
                return missing_required("MISSING_REQUIRED_PROPERTY", messages)
        messages = {
            name: f"{name} is required because of a conditional property rule based on [{other}]"
            for name, (other, value) in self._options.conditional_fields.items()
            if will_be.get(other) == value and not will_be.get(name)
        }
        return missing_required("MISSING_CONDITIONAL_REQUIRED_PROPERTY", messages) if messages else None

    def _clash(self, draft: Draft, pending: dict[tuple[str, Hashable], str]) -> Problem | None:
        clash = next(self._book.store.clashes(draft.values, draft.row), None)
        if clash is not None:
            return self._taken(draft, clash.field, clash.value, clash.holder.id)
        for name, value, normalised in self._unique_values(draft.values):
            holder_id = pending.setdefault((name, normalised), draft.row_id)
            if holder_id != draft.row_id:
                return self._taken(draft, name, value, holder_id)
        return None

    def _unique_values(self, values: Mapping[str, str]) -> Iterator[tuple[str, str, Hashable]]:
        store = self._book.store
        for name, value in values.items():
            if value and store.is_unique(name):
                yield name, value, store.normalised(name, value)

    def _taken(self, draft: Draft, name: str, value: str, holder_id: str) -> Problem:
        holder = self._book.store.get(holder_id)
        primary = holder is None or holder.values.get("email") == value
        if name == "email" and draft.new and primary:
            return email_taken(holder_id)
        # A taken additional address, and any taken address on an update, were recorded as a 400.
        return value_taken(self._book.portal, name, value, draft.row_id, holder_id)
