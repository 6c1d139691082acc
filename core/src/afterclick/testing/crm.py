"""What an author tells the kit of a CRM: one small object, from which everything else follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from afterclick.clock import Clock
from afterclick.plugin import Scalar
from afterclick.sandbox import Emulator


def _properties(account: object, row: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = row["properties"]
    return found


@dataclass(frozen=True, kw_only=True)
class Crm:
    """A plugin, and the CRM that it is held against.

    `sandbox` makes a fresh account on a clock. `settings` are further settings of the connection.

    What only the CRM's people can do is asked of the sandbox: `edit` changes fields of a record (by
    the names that `FieldSpec`s have), `delete` removes a record, both by its id. `poison` is a field
    and a value that the CRM refuses there. `values` reads one of `Emulator.records()` back by those same
    names; it is needed only where the CRM calls its fields otherwise than the plugin's `FieldSpec`s do.
    """

    plugin: ModuleType | object
    sandbox: Callable[[Clock], Emulator]
    settings: Mapping[str, Any] = field(default_factory=dict)
    edit: Callable[[Any, str, Mapping[str, Scalar]], object] | None = None
    delete: Callable[[Any, str], object] | None = None
    poison: tuple[str, Scalar] | None = None
    values: Callable[[Any, Mapping[str, Any]], Mapping[str, Any]] = _properties
