"""The errors that people meet.

An error tells what is wrong, where, and what to do about it. Families follow what the program does
next, not where the error arose: a `ConfigurationError` stops the start, a `LedgerError` answers 503, a
`PluginError` costs one CRM and no other.
"""

from __future__ import annotations

from dataclasses import dataclass


class AfterclickError(Exception):
    """The root: `code` is stable, `hint` says what to do about this very one.

    `meaning` and `remedy` are what `core/docs/errors.md` says of all errors of the code; every class
    has its own.
    """

    code = "error"
    meaning = "The general case; the message says what is wrong."
    remedy = "Follow the line behind the arrow."

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
    meaning = "The configuration has faults; all of them are listed. Exit code 2."
    remedy = "Mend each one by its path."

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        lines = "\n".join(f"  - {fault}" for fault in faults)
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(f"The configuration has {count}:\n{lines}")


class LedgerError(AfterclickError):
    """The ledger cannot do what was asked: disk, lock or schema."""

    code = "ledger"
    meaning = "The ledger cannot do what was asked."
    remedy = "Check its folder: free space, permissions, health of the disk."


class LedgerLockedError(LedgerError):
    """Another process serves from the same ledger."""

    code = "ledger-locked"
    meaning = "Another process serves from the same ledger."
    remedy = "Stop it first; one process serves from a SQLite ledger."


class LedgerSchemaError(LedgerError):
    """The ledger's schema is not the one that this program works with."""

    code = "ledger-schema"
    meaning = "The ledger was written by a newer version."
    remedy = "Install the version that wrote it, or a newer one."


class LedgerOutdatedError(LedgerSchemaError):
    """The ledger's schema is older than this program's, and only a serving process brings it up to date."""

    code = "ledger-outdated"
    meaning = "The ledger was written by an older version, and nobody has served from it with this one yet."
    remedy = "Start `afterclick serve`: it brings the ledger up to date."


class FenceLostError(LedgerError):
    """Another process holds the lane now: what this one wanted to write must not count."""

    code = "fence-lost"
    meaning = "Another process took a lane over; nothing wrong was written."
    remedy = "Nothing; the lane is taken again."


class PluginError(AfterclickError):
    """A CRM plugin cannot be used; the other CRMs go on."""

    code = "plugin"
    meaning = "A CRM plugin cannot be used; the others go on."
    remedy = "The message names the fault; update the plugin."


class RequestError(AfterclickError):
    """What was asked of the admin API is not understood, or cannot be."""

    code = "bad-request"
    meaning = "The admin API does not understand what was asked, or it cannot be."
    remedy = "Follow the message."


class NotAllowedError(AfterclickError):
    """Whoever asks may not use the admin API."""

    code = "not-allowed"
    meaning = "The admin API answers this machine and who has its token."
    remedy = "Send `server.admin_token`, or ask from this machine."


class NotFoundError(AfterclickError):
    """There is nothing of that name or number."""

    code = "not-found"
    meaning = "There is nothing of that name or number."
    remedy = "List what there is."


class ConflictError(AfterclickError):
    """What was asked cannot be done as things stand now."""

    code = "conflict"
    meaning = "What was asked cannot be done as things stand now."
    remedy = "Follow the message; ask again later."
