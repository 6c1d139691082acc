"""Pipedrive's plugin keeps what every plugin must."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afterclick.plugin import Scalar
from afterclick.testing import Crm, hold
from afterclick_pipedrive import plugin
from afterclick_pipedrive.sandbox import PipedriveSandbox


def edit(company: PipedriveSandbox, id: str, values: Mapping[str, Scalar]) -> None:
    company.edit_person(int(id), **values)


def delete(company: PipedriveSandbox, id: str) -> None:
    company.delete_person(int(id))


def values(company: PipedriveSandbox, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a person's values by the names of fields, which Pipedrive itself calls by codes."""
    told = company.person(int(row["id"])) or {}
    return {**told, "email": row["subtitle"]}


PIPEDRIVE = Crm(
    plugin=plugin,
    sandbox=lambda clock: PipedriveSandbox(clock=clock),
    # A kit has no ledger that knows which records there are.
    settings={"search": "always"},
    edit=edit,
    delete=delete,
    values=values,
    poison=("Deep link install date", "no day at all"),
)

test_pipedrive = hold(
    PIPEDRIVE,
    without={
        "match-tells-of-doubles": "a search costs 20 tokens for each key, so it ends with the first that "
        "finds somebody; further records come from the ledger, as `Lead.doubles`",
        "an-unanswered-look-up-decides-nothing": "searches and lists answer with what they find and do not "
        "repeat what was asked for; an uncertain create is looked for twice, in a list",
    },
)
