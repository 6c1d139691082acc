"""Lists persons that carry a link's token or campaign and no key: other code made them.

No list of Pipedrive's chooses by a custom field, and a search has to know the token, costs 20 and lags. So
all persons are read, 500 for 10 tokens: less than a search for each token. What it spends counts as spent
beside the lane. Source: Pipedrive, "Persons v2" and its token costs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from afterclick.plugin import STRAY_MARKS, Answer, Scalar, Stray, Strays
from afterclick_pipedrive.answers import Person
from afterclick_pipedrive.budget import Budget
from afterclick_pipedrive.client import Client, decoded, open_api
from afterclick_pipedrive.fields import NAME
from afterclick_pipedrive.mapping import addresses, key_of, to_record

_CALLED = re.compile(r"Deep Link Lead \((.+)\)")
"""How code after Tolinku's article calls a person: its token stands in the name, and nowhere else."""


async def strays(after: str | None, client: Client) -> Strays:
    """Return the strays on the page at a cursor.

    Raises:
        CallFailed: Pipedrive did not answer.
        LaneStop: the credential, a right, a limit or our share of the day is the reason.

    """
    body = decoded(client.ctx, await _page(after, client), list[Person])
    found = (_stray(person, client) for person in body.data if not person.is_deleted)
    return Strays(
        strays=tuple(one for one in found if one is not None),
        after=body.cursor or None,
        looked=len(body.data),
    )


async def _page(cursor: str | None, client: Client) -> Answer:
    budget = Budget(client.ctx.clock.now, client.ctx.settings, beside=True)
    await budget.load(client.ctx.state)
    api = await open_api(client.ctx, budget=budget)
    try:
        return await api.all_persons(columns=client.shape.table.codes, cursor=cursor)
    finally:
        await budget.store(client.ctx.state)


def _stray(person: Person, client: Client) -> Stray | None:
    table = client.shape.table
    if key_of(person, table) is not None:
        return None
    record = to_record(person, client.shape)
    marks = {column.spec.attribute for column in table.columns if column.spec.name in record.values}
    called = _CALLED.fullmatch((person.name or "").strip())
    if called is None and marks.isdisjoint(STRAY_MARKS):
        return None
    stand_ins: Mapping[str, Scalar] = {}
    if called is not None and NAME in record.values:
        stand_ins = {NAME: record.values[NAME]}
    return Stray(
        record=record,
        emails=tuple(sorted(addresses(person))),
        token=None if called is None or "token" in marks else called[1],
        stand_ins=stand_ins,
    )
