"""What can be chosen about the org that the emulator plays."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from afterclick.sandbox import Rule


class RowFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong with single rows: a lock, a flow, a validation rule of the org's own.

    A row is met if it is of the kind `sobject` (empty: any), written by `operation` (empty: any) and
    has `text` somewhere in the value of `field` (empty: whatever it holds), with `probability` and at
    most `times` times. It fails with the status code `code`.
    """

    code: str = "UNABLE_TO_LOCK_ROW"
    message: str = ""
    sobject: str = ""
    operation: Literal["", "insert", "update"] = ""
    field: str = ""
    text: str = ""
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    times: Annotated[int, msgspec.Meta(ge=0)] | None = None


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The org. The defaults are a Developer Edition as it comes, without any custom field."""

    client_id: str = "3MVG9sandbox"
    """The consumer key of the External Client App."""
    client_secret: str = "sandbox-secret"
    username: str = "afterclick@example.com"
    """The integration user, as whom the app runs."""
    admin_token: str = "00D-admin-sandbox"
    """An access token of a System Administrator, to provision with; it does not expire."""
    flow: Literal["client_credentials", "jwt"] = "client_credentials"
    """Which OAuth flow `settings()` hands out; both are answered."""
    certificate: str = ""
    """PEM of the certificate or public key that JWT assertions are checked with; empty: one is made."""
    audiences: tuple[str, ...] = ("https://login.salesforce.com", "https://test.salesforce.com")
    """What the `aud` of an assertion may be; the org's own address always may."""
    session_seconds: float = 7200.0
    """How long a session lives after its last call."""
    logins_per_hour: int = 3600
    """Logins per user in any hour."""

    unlimited: bool = False
    """No limits, for load tests; `Sforce-Limit-Info` tells of a thousand million calls a day."""
    daily: int = 15_000
    """Calls of the org in any 24 hours."""
    per_app: int = 0
    """A second limit for the app alone, told in `Sforce-Limit-Info`; 0 for none."""
    concurrent: int = 0
    """Calls at a time; 0 for any number. Salesforce counts only those that take 20 s and more."""

    provisioned: bool = False
    """Whether Afterclick's fields are there, and the integration user may see them."""
    object_permissions: tuple[str, ...] = ("Read", "Create", "Edit")
    """What the integration user may do with Leads and Contacts without any permission set."""
    view_setup: bool = False
    """Whether the integration user has View Setup and Configuration."""
    edit_converted: bool = False
    """Whether the integration user has View and Edit Converted Leads."""
    view_all_data: bool = False
    """Whether it has View All Data, which an upsert on an External ID that is not unique needs."""
    hidden_fields: tuple[str, ...] = ()
    """Fields that the integration user may not see, such as `Lead.Email`."""
    production: bool = True
    """An active org, in which Tooling does not make fields."""

    duplicate_rule: Literal["off", "alert", "block"] = "alert"
    """The action of the standard rules: equal e-mail address, or equal names and company."""
    duplicate_rows: bool = False
    """Whether rows of Collections carry `duplicateResult` too; the documented example does not."""
    misspelled_duplicates: bool = False
    """Whether it is spelled `duplicateResut`, as some versions do."""
    parse_errors: Literal["batch", "row"] = "batch"
    """Whether a value that cannot be parsed fails its whole Collections request or its row only."""
    reserve_deleted: bool = False
    """Whether records in the recycle bin keep their unique values from others; nobody documents it."""
    mapped_on_conversion: bool = False
    """Whether the admin mapped the custom fields of Leads to Contacts, for conversions."""
    assignment_rule: bool = True
    """Whether an assignment rule is active, which gives each Lead it meets to the next sales person."""
    restricted_lead_source: bool = False
    """Whether LeadSource takes only values it knows."""

    leads: tuple[dict[str, Any], ...] = ()
    """Leads that the sales team typed in before, by field."""
    contacts: tuple[dict[str, Any], ...] = ()
    samples: int = 0
    """How many Leads to make up besides."""
    seed: int = 0
    """Makes ids, samples and faults repeatable."""
    faults: tuple[Rule, ...] = ()
    """What goes wrong with calls from the start."""
    row_faults: tuple[RowFault, ...] = ()
    """What goes wrong with rows from the start."""
