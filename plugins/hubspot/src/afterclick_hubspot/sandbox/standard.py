"""The contact properties that every account has, as far as Afterclick and its users meet them.

Names, types and stages from developers.hubspot.com "Contacts" and "Properties"; a real account has
several hundred more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""What an internal name may look like."""

GROUPS = {
    "contactinformation": "Contact information",
    "emailinformation": "Email information",
    "analyticsinformation": "Analytics history",
    "conversioninformation": "Conversion information",
}

STAGES = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
)
"""The default lifecycle stages in the order in which they only move forward."""

LEAD_STATUSES = (
    ("NEW", "New"),
    ("OPEN", "Open"),
    ("IN_PROGRESS", "In Progress"),
    ("OPEN_DEAL", "Open Deal"),
    ("UNQUALIFIED", "Unqualified"),
    ("ATTEMPTED_TO_CONTACT", "Attempted to Contact"),
    ("CONNECTED", "Connected"),
    ("BAD_TIMING", "Bad Timing"),
)

SOURCES = (
    ("ORGANIC_SEARCH", "Organic Search"),
    ("PAID_SEARCH", "Paid Search"),
    ("EMAIL_MARKETING", "Email Marketing"),
    ("SOCIAL_MEDIA", "Organic Social"),
    ("REFERRALS", "Referrals"),
    ("OTHER_CAMPAIGNS", "Other Campaigns"),
    ("DIRECT_TRAFFIC", "Direct Traffic"),
    ("OFFLINE", "Offline Sources"),
    ("PAID_SOCIAL", "Paid Social"),
)

YES_NO = (("true", "Yes"), ("false", "No"))

_WRITABLE = """
    email            Email                  string      text
    firstname        First Name             string      text
    lastname         Last Name              string      text
    phone            Phone Number           string      phonenumber
    mobilephone      Mobile Phone Number    string      phonenumber
    company          Company Name           string      text
    jobtitle         Job Title              string      text
    website          Website URL            string      text
    address          Street Address         string      text
    city             City                   string      text
    state            State/Region           string      text
    zip              Postal Code            string      text
    country          Country/Region         string      text
    message          Message                string      textarea
    salutation       Salutation             string      text
    date_of_birth    Date of birth          string      text
    numemployees     Number of Employees    enumeration select
    annualrevenue    Annual Revenue         string      text
    hubspot_owner_id Contact owner          enumeration select
    lifecyclestage   Lifecycle Stage        enumeration radio
    hs_lead_status   Lead Status            enumeration radio
    hs_analytics_source  Original Traffic Source  enumeration  select
    hs_latest_source     Latest Traffic Source    enumeration  select
    hs_language      Preferred language     string      text
    closedate        Close Date             datetime    date
    first_conversion_date First Conversion Date datetime date
"""

_READ_ONLY = """
    hs_object_id                 Record ID                       number      number
    createdate                   Create Date                     datetime    date
    lastmodifieddate             Last Modified Date              datetime    date
    hs_object_source             Record creation source ID       string      text
    hs_object_source_id          Record source detail ID         string      text
    hs_object_source_label       Record source                   enumeration select
    hs_object_source_detail_1    Record source detail 1          string      text
    hs_all_contact_vids          All vids for a contact          enumeration checkbox
    hs_additional_emails         Additional email addresses      enumeration checkbox
    hs_email_domain              Email Domain                    string      text
    hs_full_name_or_email        Full name or email              string      text
    hs_is_contact                Is a contact                    bool        booleancheckbox
    hs_is_unworked               Contact unworked                bool        booleancheckbox
    hs_pipeline                  Pipeline                        enumeration select
    hs_merged_object_ids         Merged record IDs               enumeration checkbox
    hs_calculated_merged_vids    Merged vids with timestamps     enumeration checkbox
    hs_analytics_source_data_1   Original Traffic Source Drill-Down 1  string  text
    hs_analytics_source_data_2   Original Traffic Source Drill-Down 2  string  text
    notes_last_updated           Last Activity Date              datetime    date
    num_notes                    Number of Sales Activities      number      number
    num_associated_deals         Number of Associated Deals      number      number
    num_conversion_events        Number of Form Submissions      number      number
    hs_updated_by_user_id        Updated by user ID              number      number
"""

_OPTIONS = {
    "lifecyclestage": STAGES,
    "hs_lead_status": LEAD_STATUSES,
    "hs_analytics_source": SOURCES,
    "hs_latest_source": SOURCES,
    "hs_is_contact": YES_NO,
    "hs_is_unworked": YES_NO,
    "numemployees": (("1-5", "1-5"), ("5-25", "5-25"), ("25-50", "25-50"), ("50-100", "50-100")),
}

OPEN_CHOICE = frozenset({"hubspot_owner_id"})
"""Enumerations whose options lie elsewhere: owners are users, and any number is taken as one."""


def properties() -> Iterator[dict[str, Any]]:
    """Go through the standard properties in the form in which the API returns them."""
    for line in _WRITABLE.strip().splitlines():
        yield _property(line, read_only=False)
    for line in _READ_ONLY.strip().splitlines():
        yield _property(line, read_only=True)
    for stage, label in STAGES:
        line = f"hs_lifecyclestage_{stage}_date  Became a {label} Date  datetime  date"
        yield _property(line, read_only=True)


def _property(line: str, *, read_only: bool) -> dict[str, Any]:
    name, *label, kind, field_type = line.split()
    options = [
        {"label": text, "value": value, "displayOrder": order, "hidden": False}
        for order, (value, text) in enumerate(_OPTIONS.get(name, ()))
    ]
    return {
        "name": name,
        "label": " ".join(label),
        "type": kind,
        "fieldType": field_type,
        "groupName": "contactinformation",
        "options": options,
        "calculated": read_only,
        "externalOptions": name in OPEN_CHOICE,
        # A contact's e-mail address is unique although the property does not say so.
        "hasUniqueValue": False,
        "hubspotDefined": True,
        "formField": not read_only,
        "modificationMetadata": {
            "archivable": False,
            "readOnlyDefinition": True,
            "readOnlyValue": read_only,
        },
    }
