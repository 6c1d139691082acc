"""Whether the account may hold keys that this ledger did not write, so that they have to be looked for.

The ledger knows all that it made itself, so only what another ledger made, such as one that was lost,
has to be looked for, and that costs. It is found out once, before this ledger writes anything: do
persons carry keys at all?
"""

from __future__ import annotations

from afterclick_pipedrive.answers import Hit, Hits
from afterclick_pipedrive.api import Api
from afterclick_pipedrive.client import Ctx, decoded
from afterclick_pipedrive.tables import Table

STATE = "origin"
HERE, ELSEWHERE = "here", "elsewhere"
_KINDS = ("event:", "user:", "email:", "ref:", "link:")
"""What keys begin with, the most frequent first."""


async def holds_others(ctx: Ctx, api: Api, table: Table) -> bool:
    """Tell whether a lead without a record has to be looked for by key.

    Raises:
        LaneStop: Pipedrive cannot be asked now.
        CallFailed: it did not answer.

    """
    if ctx.settings.search != "auto":
        return ctx.settings.search == "always"
    known = await ctx.state.get(STATE)
    if known is None:
        known = ELSEWHERE if await _has_keys(ctx, api, table.key.code) else HERE
        await ctx.state.set(STATE, known)
        ctx.log.info("pipedrive-origin", connection=ctx.connection, origin=known)
    return known == ELSEWHERE


async def _has_keys(ctx: Ctx, api: Api, field: str) -> bool:
    for kind in _KINDS:
        answer = await api.search_field(field, kind, match="beginning")
        if hits(decoded(ctx, answer, list[Hit] | Hits).data):  # type: ignore[arg-type]
            return True
    return False


def hits(found: list[Hit] | Hits) -> list[str]:
    """Return the ids of the persons that a search hit, in either form of its answer."""
    listed = found.items if isinstance(found, Hits) else found
    return [id for hit in listed if (id := hit.person) is not None]
