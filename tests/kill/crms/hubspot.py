"""HubSpot: a unique key refuses a second contact, and writes come in batches that may be answered in part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.kill.crms.base import Crm, Record

from afterclick.sandbox import Call, Clock
from afterclick_hubspot.plugin import INFO
from afterclick_hubspot.sandbox import HubSpotSandbox, Options

WRITES = ("/batch/create", "/batch/update", "/batch/upsert", "/batch/archive", "/merge")
"""How writes end; all calls are POSTs."""

SEARCH_LAG = 10.0

FIELDS = {
    "token": "deep_link_token",
    "prefix": "deep_link_prefix",
    "campaign": "first_touch_campaign",
    "platform": "first_touch_platform",
    "install_date": "install_date",
    "conversion_date": "conversion_date",
    "minutes_to_convert": "deep_link_minutes_to_convert",
    "referral_source": "referral_source",
    "stage": "lifecyclestage",
}


class HubSpot(Crm):
    """A portal."""

    info = INFO
    fields = FIELDS

    def __init__(self, clock: Clock, seed: int) -> None:
        self.portal = HubSpotSandbox(Options(unlimited=True, seed=seed, search_lag=SEARCH_LAG), clock=clock)
        self._doubles = ("archive", "merge")[seed % 2]
        super().__init__(self.portal)

    def settings(self) -> Mapping[str, str]:
        """Return what becomes of doubles: it differs from story to story."""
        return {"doubles": self._doubles}

    def writes(self, call: Call) -> bool:
        """Tell whether a call writes to contacts."""
        return call.path.endswith(WRITES)

    def records(self) -> Sequence[Record]:
        """Return the contacts."""
        return [self._record(one["hs_object_id"], one) for one in self.portal.contacts()]
