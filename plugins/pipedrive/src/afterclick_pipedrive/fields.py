"""The person fields that leads are shown in, unless the configuration says otherwise.

Pipedrive names a custom field by a random code of 40 digits, so a field is named here by what people
read; `tables` finds its code. Every custom field counts towards the plan's allowance. Source: Pipedrive,
"Custom fields" and "Fields API v2".
"""

from __future__ import annotations

from afterclick.plugin import FieldSpec, Kind, Rule

VARCHAR = 255
"""Characters that a field of the type `varchar` holds."""

NAME, EMAIL, PHONE, LABEL = "name", "email", "phone", "label"
"""Pipedrive's own fields that leads are shown in."""

TOP_LEVEL = frozenset({"owner_id", "org_id", "visible_to", "marketing_status"})
"""Pipedrive's own fields that only `set_on_create` may name: they stand at the top of a body."""


def _text(attribute: str, title: str, description: str = "") -> FieldSpec:
    return FieldSpec(
        attribute=attribute, name=title, title=title, max_length=VARCHAR, description=description
    )


def _day(attribute: str, title: str, description: str) -> FieldSpec:
    return FieldSpec(attribute=attribute, name=title, title=title, kind=Kind.DATE, description=description)


KEY = FieldSpec(
    attribute="key",
    name="Deep link key",
    title="Deep link key",
    rule=Rule.KEY,
    unique=True,
    max_length=VARCHAR,
    description="Names the person in Afterclick; how a person is found again. Do not edit.",
)

DEFAULT_FIELDS: tuple[FieldSpec, ...] = (
    KEY,
    _text("token", "Deep link token", "Token of the first link that was followed."),
    _text("prefix", "Deep link prefix", "Prefix (path) of that link."),
    _text("campaign", "Deep link campaign", "Campaign of the first touch."),
    _text("platform", "Deep link platform", "Platform of the first touch."),
    _day("install_date", "Deep link install date", "When the app was first installed through a link."),
    _day("referral_date", "Deep link referral date", "When the referral that brought the person was made."),
    _day("conversion_date", "Deep link conversion date", "When the person first completed a referral."),
    _text("referral_source", "Deep link referral source", "Who referred the person."),
    FieldSpec(
        attribute="minutes_to_convert",
        name="Deep link minutes to convert",
        title="Deep link minutes to convert",
        kind=Kind.NUMBER,
        description="Minutes from the install to the conversion.",
    ),
    _text("lead_source", "Deep link lead source", "What brought the person: Deep Link."),
    FieldSpec(
        attribute="stage", name=LABEL, title="Label", kind=Kind.CHOICE, rule=Rule.FORWARD, standard=True
    ),
    FieldSpec(
        attribute="name",
        name=NAME,
        title="Name",
        max_length=VARCHAR,
        placeholder="Deep Link Lead ({token}) {short}",
        standard=True,
    ),
    # Never cut: half an address is somebody else's.
    FieldSpec(attribute="email", name=EMAIL, title="Email", standard=True),
    FieldSpec(attribute="phone", name=PHONE, title="Phone", max_length=VARCHAR, standard=True),
)

DEAL_KEY = "Deep link key"
"""The deal field, also of leads, that names the person whose deal it is."""
