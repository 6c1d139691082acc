"""HubSpot's plugin keeps what every plugin must."""

from __future__ import annotations

from collections.abc import Mapping

from afterclick.plugin import Scalar
from afterclick.testing import Crm, hold
from afterclick_hubspot import plugin
from afterclick_hubspot.sandbox import HubSpotSandbox


def edit(account: HubSpotSandbox, id: str, values: Mapping[str, Scalar]) -> None:
    account.edit_contact(id, {name: str(value) for name, value in values.items()})


HUBSPOT = Crm(
    plugin=plugin,
    sandbox=lambda clock: HubSpotSandbox(clock=clock),
    edit=edit,
    delete=HubSpotSandbox.archive,
    poison=("email", "no address at all"),
)

test_hubspot = hold(HUBSPOT)
