"""The fields that Afterclick adds to an org: for orgs in which somebody has already made them."""

from __future__ import annotations

from afterclick_salesforce.sandbox.schema import Field

SOBJECTS = ("Lead", "Contact")
PERMISSION_SET = "Deep_Link_Sync"


def fields() -> list[Field]:
    """Return new fields, none of which anybody may see yet."""
    texts = {
        "Deep_Link_Token__c": 255,
        "Deep_Link_Prefix__c": 255,
        "Deep_Link_Campaign__c": 255,
        "Deep_Link_Platform__c": 40,
        "Referral_Source__c": 255,
        "Deep_Link_Merged_Into__c": 18,
    }
    times = ("Install_Date__c", "Referral_Date__c", "Conversion_Date__c", "Deep_Link_Claimed_At__c")
    key = custom("Deep_Link_Key__c", length=64, unique=True, external_id=True)
    minutes = custom("Deep_Link_Minutes_To_Convert__c", "double")
    return [
        key,
        *(custom(name, length=size, external_id="Token" in name) for name, size in texts.items()),
        *(custom(name, "datetime") for name in times),
        minutes,
    ]


def custom(
    name: str, kind: str = "string", *, length: int = 0, unique: bool = False, external_id: bool = False
) -> Field:
    """Return a custom field; its label is made from its name."""
    label = name.removesuffix("__c").replace("_", " ")
    return Field(
        name=name,
        label=label,
        type=kind,
        length=length or (255 if kind == "string" else 0),
        unique=unique,
        external_id=external_id,
        custom=True,
        precision=18 if kind == "double" else 0,
    )
