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


def pipedrive(search: str) -> Crm:
    return Crm(
        plugin=plugin,
        sandbox=lambda clock: PipedriveSandbox(clock=clock),
        settings={"search": search},
        edit=edit,
        delete=delete,
        values=values,
        poison=("Deep link install date", "no day at all"),
    )


LISTS = (
    "searches and lists answer with what they find and do not repeat what was asked for; an uncertain "
    "create is looked for twice, in a list"
)

test_pipedrive = hold(pipedrive("always"), without={"an-unanswered-look-up-decides-nothing": LISTS})
test_by_default = hold(
    pipedrive("auto"),
    without=dict.fromkeys(
        (
            "a-refused-credential-stops-the-lane",
            "a-missing-right-stops-the-lane",
            "a-limit-in-seconds-is-kept",
            "a-limit-as-a-date-is-kept",
            "cancellation-leaves-no-socket",
        ),
        "in an account of this ledger alone, match knows without a call who is new: there is none to refuse",
    ),
)
