"""What an operator sets of one CRM connection, besides the plugin's own settings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from afterclick.config.types import Count, Space
from afterclick.model.fields import Kind, Scalar


class FieldOverride(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one field differs from the plugin's default, or a further field."""

    name: Annotated[str | None, Meta(description="The CRM's name of the field.")] = None
    attribute: Annotated[
        str | None,
        Meta(
            description="The lead attribute it shows, if the table is not named after it: so one "
            "attribute can fill two fields. Also a path: `properties.plan` is that property of the last "
            "registration that has it, `data.reward_type` what the last of the sender's events says there, "
            "of those that come from now on; `afterclick refold` reads the older ones. `referrer_name`, "
            "`referrer_record` and `referrer_referrals` tell of a referrer who is a lead too, as they are "
            "when the lead is written."
        ),
    ] = None
    rule: Annotated[
        Literal["merge", "fill", "create", "forward"] | None,
        Meta(
            description="When it is written: `merge` (unless a person changed it), `fill` (only where it "
            "is empty), `create` (only on a new record), `forward` (a choice that only moves on)."
        ),
    ] = None
    kind: Annotated[
        Kind | None,
        Meta(description="What the CRM's field holds: `text`, `number`, `datetime`, `date`, `choice`."),
    ] = None
    title: Annotated[str | None, Meta(description="What people read as its name.")] = None
    max_length: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Characters that it holds; longer text is cut."),
    ] = None
    placeholder: Annotated[
        str | None,
        Meta(
            description="What a new record gets while the lead lacks the attribute; `{token}` and other "
            "attributes are filled in."
        ),
    ] = None
    off: Annotated[bool, Meta(description="Do not write it.")] = False


FieldSetting = FieldOverride | str | bool
"""A table, the CRM's name of the field, or `false` to switch it off."""


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One CRM account, named by its table; what is not listed here belongs to its plugin."""

    plugin: Annotated[
        str,
        Meta(description="The plugin that knows this CRM. Default: the connection's own name."),
    ] = ""
    base_url: Annotated[
        str,
        Meta(
            description="Where the CRM's API is, for a region, a proxy or a sandbox. Default: the "
            "plugin's own."
        ),
    ] = ""
    allow_http: Annotated[
        bool,
        Meta(
            description="Take a `base_url` without TLS beyond loopback: credentials and people's data "
            "then cross the network in the clear."
        ),
    ] = False
    mode: Annotated[
        Literal["live", "observe"],
        Meta(
            description="`live` writes. `observe` reads, works out what it would write, and writes "
            "nothing: see `afterclick observe`."
        ),
    ] = "live"
    spaces: Annotated[
        tuple[Space, ...] | None,
        Meta(description="The spaces whose leads it gets. Default: all."),
    ] = None
    creates: Annotated[
        bool,
        Meta(description="Make records that are missing; `false` for a CRM that another system fills."),
    ] = True
    time_zone: Annotated[
        str,
        Meta(
            description="The time zone (like `Europe/Berlin`) in which a moment becomes a day, for date "
            "fields."
        ),
    ] = "UTC"
    daily_budget: Annotated[
        Count | None,
        Meta(
            description="The most calls a day, so that others who share the account's limit keep theirs. "
            "Default: no budget."
        ),
    ] = None
    limits: Annotated[
        dict[str, float],
        Meta(
            description="The CRM's limits where the plugin's defaults are not yours: by bucket, how much "
            "in the bucket's own time."
        ),
    ] = {}
    fields: Annotated[
        dict[str, FieldSetting],
        Meta(
            description="By lead attribute: the CRM's name of the field, `false` to switch it off, or a "
            "table (see below). A name that the plugin does not know adds a field."
        ),
    ] = {}
    set_on_create: Annotated[
        dict[str, Scalar],
        Meta(
            description="Constants for new records, by the CRM's name of the field: an owner, a record type."
        ),
    ] = {}
    stages: Annotated[
        dict[str, str],
        Meta(
            description="The CRM's words for the stages `lead`, `qualified`, `opportunity`, `customer`. "
            'Default: the plugin\'s; `""` leaves a stage out.'
        ),
    ] = {}
    own: dict[str, Any] = {}


OWN = "own"
"""Where the plugin's settings are kept, concealed, until the plugin's settings type reads them."""

CONNECTION_KEYS = tuple(name for name in Connection.__struct_fields__ if name != OWN)
