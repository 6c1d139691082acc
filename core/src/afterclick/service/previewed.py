"""What a preview tells: of each webhook, of each lead at each connection, and of each call."""

from __future__ import annotations

import msgspec

from afterclick.host.showing import Shown


class EventPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of a webhook: its state, and the lead that it would be given to.

    `how` is the decision (`model.view.Decision`), `new` whether the lead would be a new one.
    """

    type: str
    state: str
    how: str | None = None
    lead: int | None = None
    new: bool = False
    candidates: int | None = None
    reason: str | None = None


class CallPreview(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a CRM: for which hook and which leads, and the request itself."""

    hook: str
    leads: tuple[int, ...]
    request: Shown


class LeadPreview(msgspec.Struct, frozen=True, kw_only=True):
    """A lead at a connection: in how many milliseconds it is due, what is written, else why nothing is."""

    lead: int
    due_in: int
    writes: tuple[str, ...] = ()
    note: str | None = None


class ConnectionPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection would do. `problem` tells why its CRM could not be asked."""

    connection: str
    mode: str
    leads: tuple[LeadPreview, ...] = ()
    calls: tuple[CallPreview, ...] = ()
    problem: str | None = None
