"""A CRM in a story: its emulator on a bad day, and what it shows of people, in the words of leads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from tests.kill.holding import HeldFaults

from afterclick.plugin import PluginInfo
from afterclick.sandbox import Call, Emulator, Rule, preset


class Record(NamedTuple):
    """What a CRM holds of somebody: values by the attributes of a lead, as the CRM writes them."""

    id: str
    values: Mapping[str, str]


class Deal(NamedTuple):
    """Something to sell, of the person whose record has the id `person`."""

    id: str
    person: str
    status: str


class Crm(ABC):
    """One CRM account; `info` is what the plugin says of itself."""

    info: ClassVar[PluginInfo]
    fields: ClassVar[Mapping[str, str]]
    """Where it shows the attributes that are compared."""
    more_faults: ClassVar[tuple[Rule, ...]] = ()
    """What goes wrong with this CRM beyond what goes wrong with all of them."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.faults = emulator.faults = HeldFaults(emulator, self.writes)

    @property
    def name(self) -> str:
        """Return the name of the plugin and of its connection."""
        return self.info.name

    @property
    def latest(self) -> float:
        """Return how many seconds after it came a write may take effect.

        What the plugin reckons with is counted from our deadline, and a write may be sent just before it.
        """
        return self.info.late_effect

    @abstractmethod
    def writes(self, call: Call) -> bool:
        """Tell whether a call changes what is known of people."""

    @abstractmethod
    def records(self) -> Sequence[Record]:
        """Return what is there of people, without what was retired in favour of something else."""

    def deals(self) -> Sequence[Deal] | None:
        """Return what there is to sell, or None where the CRM is not told of it."""
        return None

    def settings(self) -> Mapping[str, str]:
        """Return the settings of the connection beyond those that open the account."""
        return {}

    def environment(self) -> dict[str, str]:
        """Return the variables of the connection."""
        given = {**self.emulator.settings(), **self.settings()}
        prefix = f"AFTERCLICK_CONNECTIONS__{self.name.upper()}__"
        return {prefix + name.upper(): value for name, value in given.items()}

    def expected(self, person: Mapping[str, str]) -> Mapping[str, str]:
        """Return how a person has to look here at rest."""
        return {name: self.written(name, value) for name, value in person.items() if name in self.fields}

    def written(self, attribute: str, value: str) -> str:
        """Return how the CRM writes a value; moments are given as `2026-05-21T09:30:00Z`."""
        return value

    def go_wrong(self, seed: int) -> None:
        """Begin the bad day."""
        # One call in a hundred outlasts our deadline, and takes effect.
        hang = Rule(kind="delay", seconds=self.latest, probability=0.01)
        self.faults.start((*preset("rough"), hang, *self.more_faults), seed=seed)

    def go_well(self) -> None:
        """End the bad day."""
        self.faults.clear()

    def _record(self, id: object, values: Mapping[str, Any]) -> Record:
        shown = {name: values.get(field) for name, field in self.fields.items()}
        return Record(str(id), {name: _text(value) for name, value in shown.items() if value is not None})


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
