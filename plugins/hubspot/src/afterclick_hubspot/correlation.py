"""Tells which input of a batch a result or an error speaks of. Pure.

HubSpot documents no order of results. Errors name the trace id, or the id where a record is missing;
results may leave the trace id out. Source: HubSpot, "Error handling" (multi-status errors), and recordings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from afterclick_hubspot import problem
from afterclick_hubspot.answers import Batch, Contact
from afterclick_hubspot.mapping import Input, same
from afterclick_hubspot.problem import Problem

Inputs = Mapping[int, Input]
"""Inputs of a call by their place in the hook's arguments."""


class Places:
    """Finds the input that a result or an error speaks of."""

    def __init__(self, inputs: Inputs, key: str) -> None:
        self._key = key
        self._by_trace = {input.trace: index for index, input in inputs.items()}
        self._by_id = {same(input.id): index for index, input in inputs.items()}

    def of_contact(self, contact: Contact) -> int | None:
        """Return the input by its trace id, which is not always sent back, else by key or record id."""
        if contact.object_write_trace_id in self._by_trace:
            return self._by_trace[contact.object_write_trace_id]
        for name in (contact.text(self._key), str(contact.id)):
            if same(name) in self._by_id:
                return self._by_id[same(name)]
        return None

    def of_problem(self, found: Problem) -> list[int]:
        """Return the inputs an error names."""
        traced = [self._by_trace[trace] for trace in found.traces if trace in self._by_trace]
        return traced or [self._by_id[same(id)] for id in found.ids if same(id) in self._by_id]


def faults_of(batch: Batch, places: Places, open: Sequence[int]) -> dict[int, Problem]:
    """Tell which error belongs to which input that has no result."""
    faults: dict[int, Problem] = {}
    stray: list[Problem] = []
    for item in batch.errors or []:
        found = problem.of_item(item)
        indexes = places.of_problem(found)
        faults |= {index: found for index in indexes if index in open}
        if not indexes:
            stray.append(found)
    left = [index for index in open if index not in faults]
    if len(stray) == 1 and len(left) == 1:  # nobody else can be meant
        faults[left[0]] = stray[0]
    return faults
