"""What an operator sets for a Pipedrive connection; the README's table is made from these descriptions."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Plan = Literal["lite", "growth", "premium", "ultimate", "unlimited"]
Search = Literal["auto", "always", "never"]
Doubles = Literal["delete", "merge", "keep"]
Deals = Literal["off", "deal", "lead"]
DealEvent = Literal["referral", "registration", "conversion"]

WON = "won"
"""The word in `deal_on_conversion` that closes a deal."""


class PipedriveSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one Pipedrive account."""

    api_token: Annotated[
        str,
        Meta(
            description="The API token of the user who does the work. Secret. Set it, or `client_id`, "
            "`client_secret` and `refresh_token`."
        ),
    ] = ""
    domain: Annotated[
        str,
        Meta(
            pattern="^([a-z0-9][a-z0-9-]{0,62})?$",
            description="The company's domain: `acme` in `https://acme.pipedrive.com`. Default: empty, so "
            "that `api.pipedrive.com` is asked, which is a longer way.",
        ),
    ] = ""
    client_id: Annotated[
        str, Meta(description="The client id of an OAuth app, instead of an API token. Default: empty.")
    ] = ""
    client_secret: Annotated[str, Meta(description="Its client secret. Default: empty. Secret.")] = ""
    refresh_token: Annotated[
        str,
        Meta(
            description="The refresh token that the app's installation gave; newer ones are kept in the "
            "ledger. Default: empty. Secret."
        ),
    ] = ""
    oauth_url: Annotated[
        str,
        Meta(
            pattern="^(https?://[^\\s/]+)?$",
            description="Where tokens of an OAuth app are refreshed. Default: `https://oauth.pipedrive.com`, "
            "or `base_url` where that leads elsewhere.",
        ),
    ] = ""
    provisioning_token: Annotated[
        str,
        Meta(
            description="The API token of an administrator that only `provision` uses; take it away "
            "afterwards. Default: empty, so that the usual credential is used. Secret."
        ),
    ] = ""
    plan: Annotated[
        Plan,
        Meta(
            description="The account's Pipedrive plan: `lite`, `growth`, `premium` or `ultimate`; "
            "`unlimited` is for load tests on the emulator. It sets the burst limit and the tokens of a day "
            "until Pipedrive's answers tell the real ones. Default: `lite`."
        ),
    ] = "lite"
    seats: Annotated[
        int,
        Meta(ge=1, description="How many seats the company pays for; each brings tokens. Default: 1."),
    ] = 1
    daily_token_share: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            description="Which part of the company's daily tokens Afterclick may spend; other tools and "
            "users share them. Default: 0.4.",
        ),
    ] = 0.4
    daily_tokens: Annotated[
        int,
        Meta(
            ge=0,
            description="How many tokens a day Afterclick may spend, instead of a share. Default: 0, which "
            "means the share.",
        ),
    ] = 0
    search: Annotated[
        Search,
        Meta(
            description="Whether to look for persons whom another ledger made, under all keys of a lead, "
            "before one is made: `auto` (default) does it only if the account held keys of another ledger "
            "when this one connected first; `always` is right after a ledger was restored from a backup; "
            "`never` trusts the ledger alone. A look lists what changed in the account (10 tokens for a "
            "batch), the first one everybody (10 for 500 people)."
        ),
    ] = "auto"
    doubles: Annotated[
        Doubles,
        Meta(
            description="What becomes of a person that Afterclick made for somebody who turns out to have "
            "another one: `delete` (default) deletes it, unless somebody took it up, and can be undone for "
            "30 days; `merge` unites both in Pipedrive, which cannot be undone and costs 40 tokens; `keep` "
            "leaves both and tells you."
        ),
    ] = "delete"
    deals: Annotated[
        Deals,
        Meta(
            description="Whether to open something to sell for each person: `off` (default), `deal`, or "
            "`lead` for an entry in the Leads Inbox."
        ),
    ] = "off"
    deal_events: Annotated[
        tuple[DealEvent, ...],
        Meta(
            min_length=1,
            description="What opens it, the first of these: `referral`, `registration`, `conversion`. "
            'Default: `["conversion"]`.',
        ),
    ] = ("conversion",)
    deal_title: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=255,
            description="Its title; `{person}` is the person's name in Pipedrive, `{campaign}` and all other "
            "attributes of the lead are filled in. Default: `{person}: deep link`.",
        ),
    ] = "{person}: deep link"
    deal_pipeline: Annotated[
        str,
        Meta(description="The name of the pipeline that deals go to. Default: the account's first."),
    ] = ""
    deal_stage: Annotated[
        str, Meta(description="The name of the stage that deals begin in. Default: the pipeline's first.")
    ] = ""
    deal_on_conversion: Annotated[
        str,
        Meta(
            description="What a conversion does to the deal: `won` (default) closes it, the name of a stage "
            "moves it there, an empty text leaves it alone."
        ),
    ] = WON
