"""Salesforce's plugin keeps what every plugin must."""

from __future__ import annotations

from collections.abc import Mapping

from afterclick.plugin import Scalar
from afterclick.testing import Crm, hold
from afterclick_salesforce import plugin
from afterclick_salesforce.sandbox import Options, SalesforceSandbox


def edit(org: SalesforceSandbox, id: str, values: Mapping[str, Scalar]) -> None:
    org.people.edit(id, values)


def delete(org: SalesforceSandbox, id: str) -> None:
    org.people.delete(id)


ORG = Options(object_permissions=("Read", "Create", "Edit", "Delete"))

SALESFORCE = Crm(
    plugin=plugin,
    sandbox=lambda clock: SalesforceSandbox(ORG, clock=clock),
    edit=edit,
    delete=delete,
    poison=("Email", "no address at all"),
)

test_salesforce = hold(SALESFORCE)
