"""The story of kills told with Pipedrive, deals on: the hard case, where nothing refuses a second one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import apsw
from tests.acceptance.running import environment
from tests.kill.crm import HeldPipedrive
from tests.kill.ends import Ending, judge
from tests.kill.people import Contact
from tests.kill.story import Story, settings

_SHOWN = {
    "conversion_date": "Deep link conversion date",
    "deep_link_token": "Deep link token",
    "first_touch_campaign": "Deep link campaign",
    "first_touch_platform": "Deep link platform",
    "install_date": "Deep link install date",
}
"""What HubSpot calls the compared values, and where Pipedrive shows them; a moment is a day there."""


class PipedriveStory(Story):
    """A story whose CRM is Pipedrive."""

    def sandbox(self) -> HeldPipedrive:
        """Return the CRM."""
        return HeldPipedrive(self.clock, self.seed)

    def environment(self, url: str) -> dict[str, str]:
        """Return what processes are started with."""
        common = environment(self.folder, url, **settings(self.folder))
        given = {
            "PIPEDRIVE_API_TOKEN": "sandbox-api-token",
            "AFTERCLICK_CONNECTIONS__PIPEDRIVE__BASE_URL": url,
            "AFTERCLICK_CONNECTIONS__PIPEDRIVE__PLAN": "unlimited",
            "AFTERCLICK_CONNECTIONS__PIPEDRIVE__DEALS": "deal",
        }
        return {name: value for name, value in common.items() if "HUBSPOT" not in name} | given

    def judge(self, db: apsw.Connection) -> Ending:
        """Return what is wrong at rest, with people and with their deals."""
        assert isinstance(self.crm, HeldPipedrive)
        people, deals = self.crm.persons(), self.crm.deals()
        ending = judge(
            db,
            acknowledged=self.acknowledged,
            expected=[_expected(person.contact) for person in self.people],
            contacts=[_contact(person) for person in people],
        )
        count = Counter(deal["person_id"] for deal in deals)
        for person in people:
            wanted = 1 if person.get("Deep link conversion date") else 0
            found = count.pop(person["id"], 0)
            if found != wanted:
                ending.leads_doubled.append(f"{_contact(person)}: {found} deals, not {wanted}")
        ending.leads_doubled += [f"{found} deals of nobody ({id})" for id, found in count.items()]
        ending.contacts_wrong += [
            f"{deal['title']} is {deal['status']}" for deal in deals if deal["status"] != "won"
        ]
        return ending


def _expected(contact: Contact) -> Contact:
    return {
        name: value[:10] if name.endswith("_date") else value
        for name, value in contact.items()
        if name in _SHOWN
    }


def _contact(person: Mapping[str, Any]) -> Contact:
    return {name: str(value) for name, field in _SHOWN.items() if (value := person.get(field)) is not None}
