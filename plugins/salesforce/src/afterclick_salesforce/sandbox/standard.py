"""The objects that people work with, as an org has them from the start.

Source: Object Reference (Lead, Contact, Account, LeadStatus, User, Organization), and Salesforce's field
reference for the lengths.
"""

from __future__ import annotations

from typing import Any

from afterclick_salesforce.sandbox.schema import Choice, Field, SObject

STATUSES = (
    ("Open - Not Contacted", False, True),
    ("Working - Contacted", False, False),
    ("Closed - Converted", True, False),
    ("Closed - Not Converted", False, False),
)
"""Stock values of Lead.Status: (name, whether it means converted, whether it is the default)."""

DEFAULT_STATUS = next(name for name, _, default in STATUSES if default)
EDITOR = "LastModifiedById"
"""Who wrote to a record last."""

LEAD_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")


def text(name: str, label: str, length: int = 255, **more: Any) -> Field:
    return Field(name=name, label=label, length=length, **more)


def fixed(name: str, label: str, kind: str, **more: Any) -> Field:
    """Return a field that nobody writes through the API."""
    return Field(name=name, label=label, type=kind, createable=False, updateable=False, **more)


def reference(name: str, label: str, to: str, **more: Any) -> Field:
    relationship = name.removesuffix("Id")
    return Field(
        name=name,
        label=label,
        type="reference",
        length=18,
        refers_to=to,
        relationship=relationship,
        **more,
    )


def system() -> list[Field]:
    return [
        fixed("Id", "Record ID", "id", length=18, nillable=False, defaulted=True),
        fixed("IsDeleted", "Deleted", "boolean", nillable=False, defaulted=True),
        fixed("CreatedDate", "Created Date", "datetime", nillable=False, defaulted=True),
        reference("CreatedById", "Created By ID", "User", createable=False, updateable=False),
        fixed("LastModifiedDate", "Last Modified Date", "datetime", nillable=False, defaulted=True),
        reference("LastModifiedById", "Last Modified By ID", "User", createable=False, updateable=False),
        fixed("SystemModstamp", "System Modstamp", "datetime", nillable=False, defaulted=True),
    ]


def _person() -> list[Field]:
    return [
        text("LastName", "Last Name", 80, nillable=False),
        text("FirstName", "First Name", 40),
        text("Salutation", "Salutation", 40, type="picklist"),
        fixed("Name", "Full Name", "string", length=121, nillable=False),
        text("Title", "Title", 128),
        text("Phone", "Phone", 40, type="phone"),
        text("MobilePhone", "Mobile Phone", 40, type="phone"),
        text("Email", "Email", 80, type="email", id_lookup=True),
        text("Description", "Description", 32_000, type="textarea"),
        text("LeadSource", "Lead Source", type="picklist", choices=_choices(LEAD_SOURCES)),
        reference("OwnerId", "Owner ID", "User", nillable=False, defaulted=True),
        reference("MasterRecordId", "Master Record ID", "Lead", createable=False, updateable=False),
        fixed("LastActivityDate", "Last Activity", "date"),
        Field(
            name="HasOptedOutOfEmail", label="Email Opt Out", type="boolean", nillable=False, defaulted=True
        ),
    ]


def _address(prefix: str = "") -> list[Field]:
    return [
        text(prefix + "Street", "Street", type="textarea"),
        text(prefix + "City", "City", 40),
        text(prefix + "State", "State/Province", 80),
        text(prefix + "PostalCode", "Zip/Postal Code", 20),
        text(prefix + "Country", "Country", 80),
    ]


def _choices(values: tuple[str, ...], default: str = "") -> tuple[Choice, ...]:
    return tuple(Choice(value, value, value == default) for value in values)


def _lead() -> SObject:
    statuses = tuple(Choice(name, name, default) for name, _, default in STATUSES)
    return SObject(
        "Lead",
        "00Q",
        [
            *system(),
            *_person(),
            *_address(),
            text("Company", "Company", nillable=False),
            text("Website", "Website", type="url"),
            text("Industry", "Industry", type="picklist"),
            text("Rating", "Rating", type="picklist"),
            text("Status", "Status", type="picklist", choices=statuses, nillable=False, defaulted=True),
            fixed("IsConverted", "Converted", "boolean", nillable=False, defaulted=True),
            fixed("ConvertedDate", "Converted Date", "date"),
            reference(
                "ConvertedAccountId", "Converted Account ID", "Account", createable=False, updateable=False
            ),
            reference(
                "ConvertedContactId", "Converted Contact ID", "Contact", createable=False, updateable=False
            ),
        ],
    )


def _contact() -> SObject:
    return SObject(
        "Contact",
        "003",
        [
            *system(),
            *_person(),
            *_address("Mailing"),
            text("Department", "Department", 80),
            reference("AccountId", "Account ID", "Account"),
        ],
    )


def objects() -> list[SObject]:
    """Return new objects; each org changes its own."""
    return [
        _lead(),
        _contact(),
        SObject("Account", "001", [*system(), text("Name", "Account Name", nillable=False)]),
        SObject(
            "LeadStatus",
            "01J",
            [
                *system(),
                fixed("ApiName", "API Name", "string", length=255),
                fixed("MasterLabel", "Master Label", "string", length=255),
                fixed("SortOrder", "Sort Order", "int"),
                fixed("IsDefault", "Is Default", "boolean"),
                fixed("IsConverted", "Is Converted", "boolean"),
            ],
        ),
        SObject(
            "User",
            "005",
            [
                *system(),
                fixed("Username", "Username", "string", length=80, id_lookup=True),
                fixed("Name", "Full Name", "string", length=121),
                fixed("Email", "Email", "email", length=128),
                fixed("IsActive", "Active", "boolean"),
            ],
        ),
        SObject(
            "Organization",
            "00D",
            [
                *system(),
                fixed("Name", "Name", "string", length=80),
                fixed("OrganizationType", "Edition", "picklist", length=40),
                fixed("IsSandbox", "Is Sandbox", "boolean"),
            ],
        ),
    ]
