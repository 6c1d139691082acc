"""The errors that people meet.

An error tells what is wrong, where, and what to do about it. Families follow what the program does
next, not where the error arose: a `ConfigurationError` stops the start, a `LedgerError` answers 503, a
`PluginError` costs one CRM and no other.
"""

from __future__ import annotations

from dataclasses import dataclass


class AfterclickError(Exception):
    """The root: `code` is stable and documented in `core/docs/errors.md`, `hint` says what to do."""

    code = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the message, with the remedy on a line of its own."""
        return f"{self.message}\n  → {self.hint}" if self.hint else self.message


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in the configuration: where it stands, what is wrong, what to do."""

    path: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        """Return one line for a person."""
        return f"{self.path}: {self.problem}. {self.remedy}"


class ConfigurationError(AfterclickError):
    """The configuration has faults; every one of them is listed, not only the first."""

    code = "configuration"

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        lines = "\n".join(f"  - {fault}" for fault in faults)
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(f"The configuration has {count}:\n{lines}")


class LedgerError(AfterclickError):
    """The ledger cannot do what was asked: disk, lock or schema."""

    code = "ledger"


class LedgerLockedError(LedgerError):
    """Another process serves from the same ledger."""

    code = "ledger-locked"


class LedgerSchemaError(LedgerError):
    """The ledger's schema is newer than this program, or damaged."""

    code = "ledger-schema"


class FenceLostError(LedgerError):
    """Another process holds the lane now: what this one wanted to write must not count."""

    code = "fence-lost"


class PluginError(AfterclickError):
    """A CRM plugin cannot be used; the other CRMs go on."""

    code = "plugin"


class RequestError(AfterclickError):
    """What was asked of the admin API is not understood, or cannot be."""

    code = "bad-request"


class NotAllowedError(AfterclickError):
    """Whoever asks may not use the admin API."""

    code = "not-allowed"


class NotFoundError(AfterclickError):
    """There is nothing of that name or number."""

    code = "not-found"


class ConflictError(AfterclickError):
    """What was asked cannot be done as things stand now."""

    code = "conflict"
