"""Salesforce: a unique key refuses a second Lead, rows fail one by one, and sessions run out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.kill.crms.base import Crm, Record

from afterclick.sandbox import Call, Clock, Rule
from afterclick_salesforce.plugin import INFO
from afterclick_salesforce.sandbox import Options, RowFault, SalesforceSandbox

POINTER = "Deep_Link_Merged_Into__c"
SESSION = 90.0
"""Seconds after its last call for which a session lives."""

ROW_FAULTS = (
    RowFault(sobject="Lead", probability=0.05),
    RowFault(sobject="Lead", code="CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", probability=0.02),
)
"""Locks held by somebody else, met by a row itself or by a trigger of the org."""

STAGES = {"lead": "Open - Not Contacted", "customer": "Working - Contacted"}

FIELDS = {
    "token": "Deep_Link_Token__c",
    "prefix": "Deep_Link_Prefix__c",
    "campaign": "Deep_Link_Campaign__c",
    "platform": "Deep_Link_Platform__c",
    "install_date": "Install_Date__c",
    "conversion_date": "Conversion_Date__c",
    "minutes_to_convert": "Deep_Link_Minutes_To_Convert__c",
    "referral_source": "Referral_Source__c",
    "stage": "Status",
}


class Salesforce(Crm):
    """An org whose stages are mapped, with rows that are locked now and then."""

    info = INFO
    fields = FIELDS
    more_faults = (Rule(kind="status", status=401, probability=0.01),)

    def __init__(self, clock: Clock, seed: int) -> None:
        options = Options(unlimited=True, seed=seed, session_seconds=SESSION)
        self.org = SalesforceSandbox(options, clock=clock)
        self._doubles = ("point", "delete")[seed % 2]
        super().__init__(self.org)

    def settings(self) -> Mapping[str, str]:
        """Return the words for stages, and what becomes of doubles: it differs from story to story."""
        return {"doubles": self._doubles} | {f"stages__{name}": word for name, word in STAGES.items()}

    def writes(self, call: Call) -> bool:
        """Tell whether a call writes to Leads: a POST that names no kind creates, one that does reads."""
        return "/composite/sobjects" in call.path and (
            call.method != "POST" or call.path.endswith("/sobjects")
        )

    def records(self) -> Sequence[Record]:
        """Return the Leads, except those that point to one that is there."""
        rows = {row.id: row.values for row in self.org.org.tables["Lead"]}
        return [self._record(id, row) for id, row in rows.items() if row.get(POINTER) not in rows]

    def written(self, attribute: str, value: str) -> str:
        """Return a moment with its milliseconds and offset, a stage in the org's word."""
        if attribute == "stage":
            return STAGES[value]
        return value.replace("Z", ".000+0000") if attribute.endswith("_date") else value

    def go_wrong(self, seed: int) -> None:
        """Begin the bad day, for rows as well."""
        super().go_wrong(seed)
        self.org.org.row_faults.add(*ROW_FAULTS)

    def go_well(self) -> None:
        """End the bad day, for rows as well."""
        super().go_well()
        self.org.org.row_faults.clear()
