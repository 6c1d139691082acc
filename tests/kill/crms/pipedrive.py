"""Pipedrive, deals on: the hard case, where nothing refuses a second one and lists and searches are late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.kill.crms.base import Crm, Deal, Record

from afterclick.sandbox import Call, Clock
from afterclick_pipedrive.plugin import INFO
from afterclick_pipedrive.sandbox import Options, PipedriveSandbox

SEARCH_LAG, LIST_LAG = 30.0, 10.0

FIELDS = {
    "token": "Deep link token",
    "prefix": "Deep link prefix",
    "campaign": "Deep link campaign",
    "platform": "Deep link platform",
    "install_date": "Deep link install date",
    "conversion_date": "Deep link conversion date",
    "minutes_to_convert": "Deep link minutes to convert",
    "referral_source": "Deep link referral source",
}


class Pipedrive(Crm):
    """A company that opens a deal for each conversion."""

    info = INFO
    fields = FIELDS

    def __init__(self, clock: Clock, seed: int) -> None:
        options = Options(unlimited=True, seed=seed, search_lag=SEARCH_LAG, list_lag=LIST_LAG)
        self.company = PipedriveSandbox(options, clock=clock)
        self._doubles = ("delete", "merge")[seed % 2]
        super().__init__(self.company)

    def settings(self) -> Mapping[str, str]:
        """Turn deals on, and return what becomes of doubles: it differs from story to story."""
        return {"deals": "deal", "doubles": self._doubles}

    def writes(self, call: Call) -> bool:
        """Tell whether a call writes to persons or deals."""
        return call.method in {"PATCH", "PUT", "DELETE"} or (
            call.method == "POST" and call.path.endswith(("/persons", "/deals"))
        )

    def records(self) -> Sequence[Record]:
        """Return the persons."""
        return [self._record(one["id"], one) for one in self.company.persons()]

    def deals(self) -> Sequence[Deal]:
        """Return the deals."""
        return [Deal(str(one["id"]), str(one["person_id"]), one["status"]) for one in self.company.deals()]

    def written(self, attribute: str, value: str) -> str:
        """Return the day of a moment."""
        return value[:10] if attribute.endswith("_date") else value
