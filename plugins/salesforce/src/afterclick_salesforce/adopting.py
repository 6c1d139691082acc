"""Lists Leads that carry a link's token or campaign and no key: other code made them.

The query reads the database and is paged by id, so what changes meanwhile shifts nothing. A converted Lead is
left out: it is read-only, and no key can be written to it. Source: Salesforce, "SOQL and SOSL Reference".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from afterclick.plugin import STRAY_MARKS, Record, Scalar, Stray, Strays
from afterclick_salesforce import soql
from afterclick_salesforce.answers import Row
from afterclick_salesforce.client import Client, listed
from afterclick_salesforce.fields import LEAD
from afterclick_salesforce.lookup import ID
from afterclick_salesforce.mapping import CONVERTED, EMAIL, to_record

PART = 200
"""Leads of one part: so many come in one page, however wide their rows are."""

_FIRST, _LAST = "Deep Link", "Lead "
"""How code after Tolinku's article calls a Lead: `Deep Link`, `Lead <token>`, of the company `Unknown`."""


async def strays(after: str | None, client: Client) -> Strays:
    """Return the strays behind an id.

    Raises:
        CallFailed: Salesforce did not answer, or not with all rows.
        LaneStop: the credential, a permission or a limit is the reason.

    """
    shape = client.shape
    marks = [spec.name for spec in shape.of(LEAD) if spec.attribute in STRAY_MARKS]
    marks = [name for name in marks if name in shape.visible[LEAD]]
    if not marks:
        return Strays()
    where = f"{_condition(marks, shape.key, after)} ORDER BY {ID} LIMIT {PART}"
    answer = await client.api.query(soql.select(shape.columns(LEAD), LEAD, where))
    rows = [Row(LEAD, values) for values in listed(client.ctx, answer)]
    token = next((spec.name for spec in shape.fields if spec.attribute == "token"), "")
    return Strays(
        strays=tuple(_stray(to_record(row, shape), row.text(token)) for row in rows),
        after=rows[-1].id if len(rows) == PART else None,
    )


def _condition(marks: Sequence[str], key: str, after: str | None) -> str:
    """Return what is true of strays behind an id."""
    some = " OR ".join(f"{soql.name(mark)} != NULL" for mark in marks)
    behind = "" if after is None else f" AND {ID} > {soql.literal(after)}"
    return f"{soql.name(key)} = NULL AND {CONVERTED} = FALSE AND ({some}){behind}"


def _stray(record: Record, token: str) -> Stray:
    named = _called_by(record.values) if not token else None
    email = record.values.get(EMAIL)
    return Stray(
        record=record,
        emails=() if email is None else (str(email),),
        token=named,
        stand_ins=dict(_stand_ins(record.values, token or named)),
    )


def _called_by(values: Mapping[str, Scalar]) -> str | None:
    """Return the token that a Lead is called by, None if it has a name of its own."""
    last = str(values.get("LastName", ""))
    if values.get("FirstName") != _FIRST or not last.startswith(_LAST):
        return None
    return last.removeprefix(_LAST).strip() or None


def _stand_ins(values: Mapping[str, Scalar], token: str | None) -> Iterator[tuple[str, Scalar]]:
    """Yield what stands where nothing was known: only in a Lead that such code has named."""
    for name, value in (("FirstName", _FIRST), ("LastName", f"{_LAST}{token}"), ("Company", "Unknown")):
        if token is not None and token == _called_by(values) and values.get(name) == value:
            yield name, value
