"""What an operator sets for a HubSpot connection; the README's table is made from these descriptions."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from afterclick_hubspot import versions

Doubles = Literal["archive", "merge", "keep"]
Plan = Literal["free", "starter", "professional", "enterprise", "unlimited"]


class HubSpotSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one HubSpot account."""

    access_token: Annotated[
        str,
        Meta(
            min_length=1,
            description="The service key (`pat-…`) with the scopes `crm.objects.contacts.read` and "
            "`crm.objects.contacts.write`. Required, secret.",
        ),
    ]
    provisioning_token: Annotated[
        str,
        Meta(
            description="A second service key that only `provision` uses, with `crm.schemas.contacts.read` "
            "and `crm.schemas.contacts.write`; revoke it afterwards. Default: empty, so that the access "
            "token is used. Secret.",
        ),
    ] = ""
    api_version: Annotated[
        versions.Version,
        Meta(
            description="The dated version of HubSpot's API: `2026-09` (default), or `2026-03` for an "
            "account whose rules on required fields refuse contacts without an e-mail address.",
        ),
    ] = versions.DEFAULT
    plan: Annotated[
        Plan,
        Meta(
            description="The account's HubSpot plan: how many calls per 10 seconds are tried until HubSpot's "
            "first answer tells the real limit (`free`, `starter`: 100; `professional`, `enterprise`: 190; "
            "`unlimited`: no pacing, for load tests on the emulator). Default: `free`.",
        ),
    ] = "free"
    doubles: Annotated[
        Doubles,
        Meta(
            description="What becomes of a contact that Afterclick made for somebody who turns out to have "
            "another one: `archive` (default) puts it into the bin, unless it has an e-mail address or an "
            "owner; `merge` unites both in HubSpot, which cannot be undone, gives the survivor a new id and "
            "takes it out of its workflows; `keep` leaves both and tells you."
        ),
    ] = "archive"
    group: Annotated[
        str,
        Meta(
            pattern="^[a-z][a-z0-9_]*$",
            description="Internal name of the property group that `provision` makes and puts new properties "
            "in. Default: `deep_link_attribution`.",
        ),
    ] = "deep_link_attribution"
    group_label: Annotated[
        str,
        Meta(
            min_length=1,
            description="What people read as the name of that group. Default: `Deep Link Attribution`.",
        ),
    ] = "Deep Link Attribution"
