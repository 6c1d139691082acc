"""Rows that fail on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from afterclick_salesforce.sandbox.options import RowFault
from afterclick_salesforce.sandbox.problems import Problem

_SAID = {
    "UNABLE_TO_LOCK_ROW": "unable to obtain exclusive access to this record or 1 records",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": (
        "Deep_Link_Trigger: execution of AfterUpdate caused by: System.DmlException: Update failed. First"
        " exception on row 0; first error: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access to this"
        " record"
    ),
    "CANNOT_EXECUTE_FLOW_TRIGGER": "We can't save this record because the “Deep Link” process failed.",
}


class RowFaults:
    """The faults of one org, in force until `clear`. `seed` makes what they meet repeatable."""

    def __init__(self, faults: Iterable[RowFault], seed: int) -> None:
        self._rng = Random(f"{seed}/rows")
        self._active = list(faults)
        self._fired = [0] * len(self._active)

    def add(self, *faults: RowFault) -> None:
        """Put further faults in force."""
        self._active.extend(faults)
        self._fired.extend(0 for _ in faults)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._active.clear()
        self._fired.clear()

    def strike(self, sobject: str, operation: str, values: Mapping[str, Any]) -> Problem | None:
        """Return how a row is to fail, or None."""
        for place, fault in enumerate(self._active):
            if self._meets(fault, self._fired[place], sobject, operation, values):
                self._fired[place] += 1
                text = fault.message or _SAID.get(fault.code, fault.code.replace("_", " ").lower())
                return Problem(fault.code, text, ())
        return None

    def _meets(
        self, fault: RowFault, fired: int, sobject: str, operation: str, values: Mapping[str, Any]
    ) -> bool:
        if fault.sobject not in ("", sobject) or fault.operation not in ("", operation):
            return False
        if fault.field and (fault.field not in values or fault.text not in str(values[fault.field])):
            return False
        if fault.times is not None and fired >= fault.times:
            return False
        return fault.probability == 1 or self._rng.random() < fault.probability
