"""What can be chosen about the company that the emulator plays."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from afterclick.sandbox import Rule

Plan = Literal["lite", "growth", "premium", "ultimate"]

Pipelines = Annotated[dict[str, tuple[str, ...]], msgspec.Meta(min_length=1)]

STAGES = ("Qualified", "Contact Made", "Demo Scheduled", "Proposal Made", "Negotiations Started")


class Typed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person whom the sales team typed in before."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    email: str = ""
    phone: str = ""
    company: str = ""


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The company. The defaults are Lite with one seat, opened with an admin's API token."""

    company: str = "acme"
    """The company's domain, the first part of its host name."""
    company_id: int = 7_204_411
    api_token: str = "sandbox-api-token"
    """The API token of an admin."""
    restricted_token: str = ""
    """The token of a user who may not define fields; `settings()` then hands out this one for the sync."""
    time_zone: str = "UTC"
    """The users' time zone, as the IANA names it: what `/users/me` tells."""
    shared_host: bool = False
    """Whether to answer as `api.pipedrive.com`, where leads are a 404 below `/api/v1`."""

    oauth: bool = False
    """Whether `settings()` hands out the credentials of an OAuth app instead of an API token."""
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"
    refresh_token: str = "sandbox-refresh"
    """The refresh token that the app's installation gave."""
    rotating: bool = True
    """Whether each refresh gives a new refresh token and ends the old one; today Pipedrive gives the same."""
    token_seconds: int = 3_599
    """How long an access token lives."""
    scopes: tuple[str, ...] = (
        "base",
        "contacts:full",
        "deals:full",
        "leads:full",
        "search:read",
        "contact-fields:full",
        "deal-fields:full",
    )
    """What the app was granted."""

    plan: Plan = "lite"
    """Chooses the daily budget, the bursts and the caps."""
    seats: int = 1
    unlimited: bool = False
    """No limits, no caps and no headers about them, for load tests."""
    daily: int | None = None
    """Tokens in a day of the company, instead of the plan's."""
    burst: int | None = None
    """Requests in any 2 seconds, per token, instead of the plan's."""
    max_fields: int | None = None
    """Custom fields of the company, instead of the plan's."""
    max_deals: int | None = None
    """Deals and leads of the company together, instead of the plan's."""
    budget_zone: str = "UTC"
    """Where the day of the budget ends; Pipedrive says "the server's time zone" and does not name it."""
    tell_burst: bool = True
    """Whether answers carry `x-ratelimit-*`: documented, and "may be absent"."""
    tell_budget: bool = True
    """Whether answers carry `x-daily-ratelimit-token-*`: undocumented, and missing at times."""
    patience: int = 20
    """How many 429 an API token may provoke in a minute before the network in front blocks the company."""
    block_seconds: float = 900.0
    """How long such a block lasts."""

    search_lag: float = 0.0
    """Seconds by which the search index is behind. Undocumented; seconds are reported."""
    list_lag: float = 0.0
    """Seconds by which lists are behind; nobody promises that they show a write at once."""
    deleted_hits: float = 3_600.0
    """Seconds for which searches still find what was deleted."""
    deleted_answer: Literal["flag", "gone"] = "flag"
    """What a read of a deleted record gives: the record with `is_deleted`, or a 404. Undocumented."""
    nulls: bool = True
    """Whether what a record lacks is null, as clients see it, or is left out, as the documents have it."""
    takes_null: bool = True
    """Whether null clears a custom field: the specification says so, one client saw it refused."""
    field_hits: Literal["item", "plain"] = "item"
    """How `itemSearch/field` lists its hits: as its schema says (`item`), or as its example does."""
    created_status: Literal[200, 201] = 200
    """The status of a v2 create: 200 in the specification, 201 on the page of statuses."""

    pipelines: Pipelines = msgspec.field(default_factory=lambda: {"Pipeline": STAGES})
    """The pipelines in their order, with their stages; the first is the default one."""
    hidden_pipelines: tuple[str, ...] = ()
    """Pipelines of these that the token's user does not see."""

    people: tuple[Typed, ...] = ()
    """People whom the sales team typed in before."""
    samples: int = 0
    """How many people to make up besides, with e-mail address and owner."""
    seed: int = 0
    """Makes ids, keys of fields, samples and faults repeatable."""
    faults: tuple[Rule, ...] = ()
    """What goes wrong from the start."""

    def __post_init__(self) -> None:
        """Check what no type says.

        Raises:
            ValueError: a time zone is unknown to this machine.

        """
        for name in ("time_zone", "budget_zone"):
            zone = getattr(self, name)
            try:
                ZoneInfo(zone)
            except (ZoneInfoNotFoundError, OSError, ValueError) as error:
                raise ValueError(f"{name}: there is no time zone {zone!r}") from error
