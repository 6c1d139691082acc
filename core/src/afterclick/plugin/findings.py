"""What an operator should know, as data: kinds that the docs are made from, and findings of a kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

Level = Literal["error", "warning", "info"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""From the worst on."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something an operator should know, with the remedy. `code` is stable and documented.

    Make it from its `FindingKind`, so that no code goes without documentation. `subject` tells
    several findings of one code apart: a field, a lead, a source.
    """

    code: str
    message: str
    remedy: str
    level: Level = "warning"
    subject: str = ""


class FindingKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of finding: what the docs say of it, and the maker of its findings.

    `meaning` and `remedy` are whole sentences for the docs; `ends` says when a finding of this kind is
    over. A `blind` one says that the account could not be looked at: while it stands, nothing
    else that was found there counts as mended.
    """

    code: str
    meaning: str
    remedy: str
    level: Level = "warning"
    ends: str = "a check no longer finds it"
    blind: bool = False

    def found(self, message: str, *, remedy: str = "", subject: str = "") -> Finding:
        """Return a finding; without a `remedy` of its own it has that of its kind."""
        return Finding(
            code=self.code,
            message=message,
            remedy=remedy or self.remedy,
            level=self.level,
            subject=subject,
        )

    def combined(self, found: Sequence[Finding]) -> Finding:
        """Return one finding of this kind that says what several say; of one, that one itself.

        A lane stops with one, and an operator wants to know of all.
        """
        if len(found) == 1:
            return found[0]
        return self.found(
            "; ".join(finding.message for finding in found),
            remedy=" ".join(dict.fromkeys(finding.remedy for finding in found)),
        )
