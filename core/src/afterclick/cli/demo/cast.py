"""Which CRM plays which part in the demo: all parts with three of them, fewer with fewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

FILLER, FILLED = "hubspot", "salesforce"
"""Two that companies connect to each other: the first one's people are copied into the second."""

Tables = Mapping[str, Mapping[str, Any]]
"""What `afterclick.toml` says of connections, by name."""


class Cast(msgspec.Struct, frozen=True):
    """The parts, and None for one that nobody plays.

    `down` fails for a while, `observer` only looks at first, and `filled` gets its people from `filler`
    at first. Whoever has no other part is live all the time, and so is `down`.
    """

    down: str | None = None
    observer: str | None = None
    filler: str | None = None
    filled: str | None = None

    @classmethod
    def of(cls, names: Sequence[str], *, borrowed: bool = False) -> Cast:
        """Give out the parts; a first sandbox that is `borrowed` is not broken."""
        connected = {FILLER, FILLED} <= set(names)
        free = [name for name in sorted(names) if not (connected and name == FILLED)]
        return cls(
            down=None if borrowed else free[0],
            observer=free[-1] if len(free) > 1 else None,
            filler=FILLER if connected else None,
            filled=FILLED if connected else None,
        )

    @property
    def careful(self) -> Tables:
        """Return how the connections begin that do not do everything at once."""
        tables: dict[str, Mapping[str, Any]] = {}
        if self.observer is not None:
            tables[self.observer] = {"mode": "observe"}
        if self.filled is not None:
            tables[self.filled] = {"creates": False}
        return tables

    @property
    def live(self) -> Tables:
        """Return how the same go on."""
        usual = {"mode": "live", "creates": True}
        return {name: {key: usual[key] for key in table} for name, table in self.careful.items()}
