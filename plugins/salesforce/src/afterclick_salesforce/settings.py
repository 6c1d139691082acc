"""What an operator sets for a Salesforce connection; the README's table is made from these descriptions."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Doubles = Literal["point", "delete", "keep"]
OnDuplicate = Literal["use_match", "save_anyway", "refuse"]
Assignment = Literal["named", "never"]


class SalesforceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one Salesforce org."""

    client_id: Annotated[
        str,
        Meta(min_length=1, description="The consumer key of the External Client App. Required, secret."),
    ]
    client_secret: Annotated[
        str,
        Meta(
            description="The app's consumer secret, for the client credentials flow. Secret. Either this or "
            "`private_key` with `username`."
        ),
    ] = ""
    username: Annotated[
        str,
        Meta(description="The integration user's name, for the JWT bearer flow: `sync@example.com.crm`."),
    ] = ""
    private_key: Annotated[
        str,
        Meta(
            description="The private key (PEM, RSA) whose certificate the app has, for the JWT bearer flow; "
            "best written `file:/run/secrets/salesforce.pem`. Secret."
        ),
    ] = ""
    audience: Annotated[
        str,
        Meta(
            description="Whom the JWT assertion is for. Default: empty, which is "
            "`https://test.salesforce.com` for a sandbox's address and `https://login.salesforce.com` "
            "otherwise."
        ),
    ] = ""
    api_version: Annotated[
        str,
        Meta(
            pattern="^v[0-9]{2,3}[.]0$",
            description="The version of Salesforce's API. Default: `v68.0` (Winter '27).",
        ),
    ] = "v68.0"
    provisioning_token: Annotated[
        str,
        Meta(
            description="An administrator's access token that only `provision` and `check` use, for "
            "instance from the Salesforce CLI; it ends with that session. Default: empty, so that the "
            "integration user's is used. Secret."
        ),
    ] = ""
    on_duplicate: Annotated[
        OnDuplicate,
        Meta(
            description="What happens where a duplicate rule of the org finds somebody: `use_match` "
            "(default) goes over to the record that it names, if it is one; `save_anyway` saves in spite of "
            "rules that allow that; `refuse` leaves the lead to you, with a finding."
        ),
    ] = "use_match"
    assignment: Annotated[
        Assignment,
        Meta(
            description="When Salesforce's lead assignment rules run: `named` (default) once, when a lead "
            "gets a name, an e-mail address or a telephone number; `never` leaves the owner alone."
        ),
    ] = "named"
    doubles: Annotated[
        Doubles,
        Meta(
            description="What becomes of a Lead that Afterclick made for somebody who turns out to have "
            "another record: `point` (default) writes that record's id on it; `delete` puts it into the "
            "recycle bin if nobody else has touched it, and points otherwise; `keep` leaves both and "
            "tells you."
        ),
    ] = "point"
    merged_into: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z][A-Za-z0-9_]*__c$",
            description="The Lead's field for that id. Default: `Deep_Link_Merged_Into__c`.",
        ),
    ] = "Deep_Link_Merged_Into__c"
    quota_share: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            description="The share of the org's daily API calls at which Afterclick stops, whoever used "
            "them: the rest is for others. Default: `0.9`.",
        ),
    ] = 0.9
    pacing: Annotated[
        bool,
        Meta(
            description="Whether calls are spread over the day once more than a few were made. Default: "
            "`true`; `false` for load tests on the emulator."
        ),
    ] = True
    permission_set: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z][A-Za-z0-9_]*$",
            description="The API name of the permission set that `provision` makes. Default: "
            "`Deep_Link_Sync`.",
        ),
    ] = "Deep_Link_Sync"
    layouts: Annotated[
        tuple[str, ...],
        Meta(
            description="Page layouts that `provision` adds a section `Deep Link Attribution` to, as "
            'Salesforce names them: `["Lead-Lead Layout"]`. Default: none.'
        ),
    ] = ()

    @property
    def signs(self) -> bool:
        """Tell whether the JWT bearer flow is used."""
        return bool(self.private_key.strip())

    @property
    def incomplete(self) -> str:
        """Return what the credentials lack, empty where one flow has all that it needs."""
        if self.signs:
            return "" if self.username.strip() else "`username` beside `private_key`"
        return "" if self.client_secret.strip() else "`client_secret`, or `private_key` with `username`"
