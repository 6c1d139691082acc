"""The contact properties that leads are shown in, unless the configuration says otherwise.

Source of types and limits: HubSpot, "Properties" guide and "Property field types"; the order of
the lifecycle stages: "Contacts" guide. A single property name may be changed per connection.
"""

from __future__ import annotations

from afterclick.plugin import FieldSpec, Kind, Rule

TEXT_LIMIT = 65_536
"""Characters that HubSpot keeps of a text property."""

LIFECYCLE = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
"""HubSpot's own stages in order; `connect` replaces them with those of the account."""

STAGES = {"lead": "lead", "customer": "customer"}
"""What a lead's stages are called in HubSpot, where the configuration does not say."""


def _text(
    attribute: str,
    name: str,
    title: str,
    description: str = "",
    *,
    placeholder: str | None = None,
    standard: bool = False,
) -> FieldSpec:
    return FieldSpec(
        attribute=attribute,
        name=name,
        title=title,
        max_length=TEXT_LIMIT,
        placeholder=placeholder,
        standard=standard,
        description=description,
    )


def _moment(attribute: str, title: str, description: str) -> FieldSpec:
    return FieldSpec(
        attribute=attribute, name=attribute, title=title, kind=Kind.DATETIME, description=description
    )


KEY = FieldSpec(
    attribute="key",
    name="deep_link_key",
    title="Deep Link Key",
    rule=Rule.KEY,
    unique=True,
    description="Names the person in Afterclick; how a contact is found again. Do not edit.",
)

DEFAULT_FIELDS: tuple[FieldSpec, ...] = (
    KEY,
    _text("token", "deep_link_token", "Deep Link Token", "Token of the first link that was followed."),
    _text("prefix", "deep_link_prefix", "Deep Link Prefix", "Prefix (path) of that link."),
    _text("campaign", "first_touch_campaign", "First Touch Campaign", "Campaign of the first touch."),
    _text("platform", "first_touch_platform", "First Touch Platform", "Platform of the first touch."),
    _moment("install_date", "Install Date", "When the app was first installed through a link."),
    _moment("referral_date", "Referral Date", "When the referral that brought the person was made."),
    _moment("conversion_date", "Conversion Date", "When the person first completed a referral."),
    _text("referral_source", "referral_source", "Referral Source", "Who referred the person."),
    FieldSpec(
        attribute="minutes_to_convert",
        name="deep_link_minutes_to_convert",
        title="Deep Link Minutes to Convert",
        kind=Kind.NUMBER,
        description="Minutes from the install to the conversion.",
    ),
    FieldSpec(
        attribute="stage",
        name="lifecyclestage",
        title="Lifecycle Stage",
        kind=Kind.CHOICE,
        rule=Rule.FORWARD,
        order=LIFECYCLE,
        standard=True,
    ),
    _text(
        "lead_source", "deep_link_lead_source", "Deep Link Lead Source", "What brought the person: Deep Link."
    ),
    # Never cut: half an address is somebody else's.
    FieldSpec(attribute="email", name="email", title="Email", standard=True),
    _text("first_name", "firstname", "First Name", standard=True),
    _text("last_name", "lastname", "Last Name", placeholder="Deep Link Lead {token} {short}", standard=True),
    _text("phone", "phone", "Phone Number", standard=True),
    _text("company", "company", "Company Name", standard=True),
)
