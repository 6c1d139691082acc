"""What can be chosen about the account that the emulator plays."""

from __future__ import annotations

import msgspec

from afterclick.sandbox import Rule


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account. The defaults are a Free portal on the two supported versions."""

    portal_id: int = 48_151_623
    """The account's number, part of every record's address."""
    token: str = "pat-sandbox"
    """A service key with the scopes for objects and schemas."""
    restricted_token: str = ""
    """A second key with the object scopes only; `settings()` then hands out this one for the sync."""
    read_only_token: str = ""
    """A further key that may read contacts and nothing else, to look around with."""
    versions: tuple[str, ...] = ("2026-09", "2026-03")
    """The API versions that answer; any other is a 404."""
    account_type: str = "STANDARD"
    time_zone: str = "UTC"
    """Where the day of the daily limit ends, as the IANA names it."""

    unlimited: bool = False
    """No limits and no rate-limit headers, for load tests."""
    burst: int = 100
    """Calls in any 10 seconds, per token: 100 for Free and Starter, 190 above."""
    daily: int = 250_000
    """Calls in a day of the account."""
    search_rate: int = 5
    """Searches in any second, per account."""
    search_lag: float = 0.0
    """Seconds by which the search index is behind. HubSpot: "a few moments", reports of up to 30 s."""

    echo_trace_ids: bool = False
    """Whether results repeat `objectWriteTraceId`: the schema says so, recordings lack it."""
    identity_conflicts: bool = False
    """Whether a single create answers a taken e-mail in the second recorded shape (`identityProfile`)."""
    preserve_primary_id: bool = False
    """Whether a merge keeps the primary's id (a beta) instead of making a new record."""
    reserve_archived: bool = False
    """Whether archived records keep their unique values from others; nobody documents it."""
    default_stage: str = "lead"
    """The lifecycle stage of contacts made through the API that bring none; empty for none."""
    required_fields: tuple[str, ...] = ()
    """Properties that the account's create form demands; enforced from version 2026-09 on."""
    conditional_fields: dict[str, tuple[str, str]] = {}
    """`{"state": ("country", "US")}`: demanded where another property has a value; from 2026-09 on."""

    contacts: tuple[dict[str, str], ...] = ()
    """Contacts that the sales team typed in before, by property."""
    samples: int = 0
    """How many contacts to make up besides, with e-mail address and owner."""
    seed: int = 0
    """Makes ids, samples and faults repeatable."""
    faults: tuple[Rule, ...] = ()
    """What goes wrong from the start."""
