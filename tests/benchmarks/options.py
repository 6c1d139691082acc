"""What a run is asked to measure, and how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from tests.benchmarks.deliveries import bursts, singles, write


class Options:
    """The choices of one run, and the files of requests that its benchmarks share.

    `peers` are other receivers by name, as commands. `people` is how many leads the benchmarks of the
    whole way use; the ledgers that small ones are compared with are `large` or middling.
    """

    def __init__(
        self,
        folder: Path,
        *,
        rounds: int = 3,
        seconds: float = 4.0,
        peers: Mapping[str, Sequence[str]] | None = None,
        crm: str = "hubspot",
        people: int = 4_000,
        large: bool = False,
    ) -> None:
        self.folder = folder
        self.rounds = rounds
        self.seconds = seconds
        self.warm_up = 1.0
        self.peers = dict(peers or {})
        self.crm = crm
        self.people = people
        self.stored, self.due = (10_000_000, 1_000_000) if large else (200_000, 100_000)
        self.identities = 5_000_000 if large else 100_000

    @property
    def shown(self) -> dict[str, object]:
        """Return the choices for the record."""
        names = ("rounds", "seconds", "crm", "people", "stored", "due", "identities")
        return {name: getattr(self, name) for name in names} | {"peers": list(self.peers)}

    @cached_property
    def flood(self) -> Path:
        """Return a file of more deliveries than anything here answers in one run, five a person."""
        enough = int((self.seconds + self.warm_up) * 45_000)
        return write(self.folder / "flood.http", bursts(), enough)

    def burst_file(self, people: int) -> Path:
        """Return a file of five events for each of so many people."""
        return write(self.folder / f"bursts-{people}.http", bursts(), 5 * people)

    def single_file(self, people: int) -> Path:
        """Return a file of one event for each of so many people."""
        return write(self.folder / f"singles-{people}.http", singles(), people)
