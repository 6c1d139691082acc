"""The CRMs that a story is told with, each a small module beside this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.kill.crms.base import Crm, Deal, Record
from tests.kill.crms.hubspot import HubSpot
from tests.kill.crms.pipedrive import Pipedrive
from tests.kill.crms.salesforce import Salesforce

from afterclick.sandbox import Clock

CRMS: Mapping[str, Callable[[Clock, int], Crm]] = {
    "hubspot": HubSpot,
    "salesforce": Salesforce,
    "pipedrive": Pipedrive,
}
"""By name: what opens a new account, which goes by a clock and repeats itself by a seed."""

__all__ = ["CRMS", "Crm", "Deal", "Record"]
