"""The fields of Lead and Contact that leads are shown in, unless the configuration says otherwise.

Source of types and lengths: Salesforce, "Object Reference" (Lead, Contact) and "Custom Field Types".
A single name may be changed per connection. Fields without `kinds` belong to both objects, since a
converted Lead is read-only and its Contact takes over.
"""

from __future__ import annotations

from afterclick.plugin import FieldSpec, Kind, Rule

LEAD = "Lead"
CONTACT = "Contact"
OBJECTS = (LEAD, CONTACT)
CUSTOM = "__c"
"""The ending of every field that an org adds itself."""

KEY_LENGTH = 64
TEXT_LIMIT = 255
ID_LENGTH = 18


def _text(
    attribute: str, name: str, title: str, description: str = "", *, length: int = TEXT_LIMIT
) -> FieldSpec:
    return FieldSpec(attribute=attribute, name=name, title=title, max_length=length, description=description)


def _moment(attribute: str, name: str, title: str, description: str) -> FieldSpec:
    return FieldSpec(attribute=attribute, name=name, title=title, kind=Kind.DATETIME, description=description)


def _own(
    attribute: str,
    name: str,
    title: str,
    *,
    length: int | None = None,
    placeholder: str | None = None,
    kinds: tuple[str, ...] = (),
) -> FieldSpec:
    """Return a field that every org has."""
    return FieldSpec(
        attribute=attribute,
        name=name,
        title=title,
        max_length=length,
        placeholder=placeholder,
        standard=True,
        kinds=kinds,
    )


KEY = FieldSpec(
    attribute="key",
    name="Deep_Link_Key__c",
    title="Deep Link Key",
    rule=Rule.KEY,
    max_length=KEY_LENGTH,
    unique=True,
    description="Names the person in Afterclick; how the record is found again. Do not edit.",
)

DEFAULT_FIELDS: tuple[FieldSpec, ...] = (
    KEY,
    _text("token", "Deep_Link_Token__c", "Deep Link Token", "Token of the first link that was followed."),
    _text("prefix", "Deep_Link_Prefix__c", "Deep Link Prefix", "Prefix (path) of that link."),
    _text("campaign", "Deep_Link_Campaign__c", "Deep Link Campaign", "Campaign of the first touch."),
    _text(
        "platform",
        "Deep_Link_Platform__c",
        "Deep Link Platform",
        "Platform of the first touch.",
        length=40,
    ),
    _moment(
        "install_date", "Install_Date__c", "Install Date", "When the app was first installed through a link."
    ),
    _moment(
        "referral_date", "Referral_Date__c", "Referral Date", "When the referral that brought them was made."
    ),
    _moment(
        "conversion_date",
        "Conversion_Date__c",
        "Conversion Date",
        "When the person first completed a referral.",
    ),
    _text("referral_source", "Referral_Source__c", "Referral Source", "Who referred the person."),
    FieldSpec(
        attribute="minutes_to_convert",
        name="Deep_Link_Minutes_To_Convert__c",
        title="Deep Link Minutes to Convert",
        kind=Kind.NUMBER,
        description="Minutes from the install to the conversion.",
    ),
    # Written only where `stages` maps a stage: the values differ from org to org.
    FieldSpec(
        attribute="stage",
        name="Status",
        title="Lead Status",
        kind=Kind.CHOICE,
        rule=Rule.FORWARD,
        standard=True,
        kinds=(LEAD,),
    ),
    FieldSpec(
        attribute="lead_source",
        name="LeadSource",
        title="Lead Source",
        kind=Kind.CHOICE,
        rule=Rule.CREATE,
        standard=True,
    ),
    # Never cut: half an address is somebody else's.
    _own("email", "Email", "Email"),
    _own("first_name", "FirstName", "First Name", length=40, placeholder="Deep Link"),
    _own("last_name", "LastName", "Last Name", length=80, placeholder="Lead {token} {short}"),
    _own("phone", "Phone", "Phone", length=40),
    # Without the key's digits: matching rules that compare name and company would take stubs for one.
    _own("company", "Company", "Company", length=TEXT_LIMIT, placeholder="Unknown", kinds=(LEAD,)),
)
