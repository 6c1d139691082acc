"""Where deals go: the field that holds their key, and the stage that they begin in or move to.

Ids differ from account to account, and a stage with the id 1 need not exist or be visible: all are found
by name. Source: Pipedrive, "Pipelines" and "Stages" references.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from afterclick.plugin import Finding
from afterclick_pipedrive import findings, tables
from afterclick_pipedrive.answers import Field, Pipeline, Stage
from afterclick_pipedrive.fields import DEAL_KEY
from afterclick_pipedrive.settings import WON, PipedriveSettings

DEAL_KEY_TYPES = ("varchar", "varchar_auto", "text")


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """How deals are opened. `moved_to` is the stage of a conversion; `wins` closes the deal instead.

    For leads of the Leads Inbox only `key` counts, since they inherit the deal fields.
    """

    key: str
    stage: int | None = None
    moved_to: int | None = None
    wins: bool = False


class DeskFound(msgspec.Struct, frozen=True, kw_only=True):
    """What came of looking for a desk: it, or what is in the way."""

    desk: Desk | None = None
    faults: tuple[Finding, ...] = ()


def key_field(fields: Sequence[Field], connection: str) -> Field | Finding:
    """Return the deal field that holds the key, or what is wrong."""
    found = tables.named(DEAL_KEY, fields)
    if not found:
        return findings.missing([DEAL_KEY], "deal", connection)
    if len(found) > 1:
        return findings.twice(DEAL_KEY, [field.field_code for field in found])
    if found[0].field_type not in DEAL_KEY_TYPES:
        return findings.wrong_type(DEAL_KEY, found[0].field_type, DEAL_KEY_TYPES)
    return found[0]


def desk_of(
    settings: PipedriveSettings,
    key: Field | Finding,
    pipelines: Sequence[Pipeline],
    stages: Sequence[Stage],
) -> DeskFound:
    """Return where deals go, by the names that are configured."""
    faults = [key] if isinstance(key, Finding) else []
    code = "" if isinstance(key, Finding) else key.field_code
    if settings.deals == "lead":
        return DeskFound(desk=None if faults else Desk(key=code), faults=tuple(faults))
    pipeline = _first(pipelines, settings.deal_pipeline)
    if pipeline is None:
        return DeskFound(faults=(*faults, findings.no_pipeline(settings.deal_pipeline)))
    inside = [stage for stage in stages if stage.pipeline_id == pipeline.id]
    begins = _first(inside, settings.deal_stage)
    if begins is None:
        faults.append(findings.no_stage(settings.deal_stage, pipeline.name))
    wins = settings.deal_on_conversion.strip().casefold() == WON
    moves = bool(settings.deal_on_conversion.strip()) and not wins
    moved_to = _first(inside, settings.deal_on_conversion) if moves else None
    if moves and moved_to is None:
        faults.append(findings.no_stage(settings.deal_on_conversion, pipeline.name))
    if faults or begins is None:
        return DeskFound(faults=tuple(faults))
    target = None if moved_to is None else moved_to.id
    return DeskFound(desk=Desk(key=code, stage=begins.id, moved_to=target, wins=wins))


def _first(among: Sequence[Pipeline] | Sequence[Stage], name: str) -> Pipeline | Stage | None:
    """Return the one of that name, or the first in the account's order where no name is given."""
    wanted = name.strip().casefold()
    living = [
        one for one in among if not one.is_deleted and (not wanted or one.name.strip().casefold() == wanted)
    ]
    return min(living, key=lambda one: (one.order_nr, one.id), default=None)
