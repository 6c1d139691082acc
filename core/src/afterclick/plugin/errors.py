"""How a hook fails as a whole, sorted by what the core does next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from afterclick.plugin.findings import Finding


class LaneStop(Exception):  # noqa: N818 - read as an instruction: raise NotAuthorized
    """The whole connection has to wait; `outcomes` carries the answers known so far, by input index.

    An input without an outcome counts as **not** sent: it stays due and costs no try.
    """

    def __init__(
        self, reason: str, *, finding: Finding | None = None, outcomes: Mapping[int, Any] | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.finding = finding
        self.outcomes = dict(outcomes or {})


class NotAuthorized(LaneStop):
    """The credential is refused or lacks a permission: the lane pauses until that changes."""


class Throttled(LaneStop):
    """The CRM asks to wait: the lane pauses for `after` seconds.

    `scope` names the limit (`burst`, `daily`, …) in logs and metrics.
    """

    def __init__(
        self, reason: str, *, after: float, scope: str, outcomes: Mapping[int, Any] | None = None
    ) -> None:
        super().__init__(reason, outcomes=outcomes)
        self.after = after
        self.scope = scope


class LimitReached(Throttled):
    """Raised by `ctx.http` where a limit leaves no room before the hook's deadline; nothing was sent."""


class Misconfigured(LaneStop):
    """The account lacks something every lead needs, such as a field: the lane pauses with a finding."""

    @classmethod
    def by(cls, finding: Finding) -> Self:
        """Return the stop that says what its finding says."""
        return cls(finding.message, finding=finding)


class WriteRefused(LaneStop):
    """Raised by `ctx.http` where the connection may only read; nothing was sent.

    A request is a write unless its method is GET or HEAD, or the plugin declares it with `reads=True`.
    """


class BatchRefused(Exception):  # noqa: N818 - the CRM's answer, not a fault of ours
    """The CRM refused the call as a whole and applied **nothing** of it.

    The core sends the halves, down to the single culprit, which then counts as `Rejected`.
    `field` names the CRM field at fault, if the CRM says so.
    """

    def __init__(self, reason: str, *, field: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


class CallFailed(Exception):  # noqa: N818 - read as a fact: the call failed
    """No answer came. `sent` tells whether the request may have reached the CRM."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


class WriteHeld(CallFailed):
    """Raised by `ctx.http` where a write is only shown to somebody: it was taken down and never sent.

    A `CallFailed`, so that a plugin goes on with its next input and all of its writes are seen.
    """

    def __init__(self) -> None:
        super().__init__("held back: it is only shown", sent=False)
