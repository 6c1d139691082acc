"""What a CRM plugin is written against; a plugin imports this package and `afterclick.sandbox`, nothing else.

A plugin is a distribution with one entry point::

    [project.entry-points."afterclick.crms"]
    acme = "afterclick_acme.plugin"

and a module in which functions marked with `hookimpl` answer the hooks of
`afterclick.plugin.hookspecs`. Four are required: `describe`, `match`, `create`, `enrich`.
`core/docs/plugin-authors.md` walks through a whole one.
"""

from __future__ import annotations

import pluggy

from afterclick.model.fields import FieldSpec, Kind, Rule, Scalar, canonical
from afterclick.model.lead import STAGES
from afterclick.plugin.errors import (
    BatchRefused,
    CallFailed,
    LaneStop,
    LimitReached,
    Misconfigured,
    NotAuthorized,
    Throttled,
    WriteRefused,
)
from afterclick.plugin.findings import Finding, FindingKind
from afterclick.plugin.http import Answer, Http
from afterclick.plugin.settling import Outcomes, carrying, in_turn, parts, unanswered
from afterclick.plugin.types import (
    STRAY_MARKS,
    Absorption,
    Ambiguous,
    Change,
    Context,
    Exists,
    Gone,
    Lead,
    Limit,
    Match,
    MatchOutcome,
    NoMatch,
    NotYet,
    Outcome,
    Plan,
    PlanStep,
    PluginInfo,
    Record,
    Rejected,
    RetryLater,
    State,
    Stray,
    Strays,
    Synced,
    Uncertain,
)

CONTRACT_VERSION = 1
"""The contract this core speaks; a plugin states the one it was written for in `PluginInfo.contract`."""

PROJECT = "afterclick"
hookimpl = pluggy.HookimplMarker(PROJECT)

__all__ = [
    "CONTRACT_VERSION",
    "PROJECT",
    "STAGES",
    "STRAY_MARKS",
    "Absorption",
    "Ambiguous",
    "Answer",
    "BatchRefused",
    "CallFailed",
    "Change",
    "Context",
    "Exists",
    "FieldSpec",
    "Finding",
    "FindingKind",
    "Gone",
    "Http",
    "Kind",
    "LaneStop",
    "Lead",
    "Limit",
    "LimitReached",
    "Match",
    "MatchOutcome",
    "Misconfigured",
    "NoMatch",
    "NotAuthorized",
    "NotYet",
    "Outcome",
    "Outcomes",
    "Plan",
    "PlanStep",
    "PluginInfo",
    "Record",
    "Rejected",
    "RetryLater",
    "Rule",
    "Scalar",
    "State",
    "Stray",
    "Strays",
    "Synced",
    "Throttled",
    "Uncertain",
    "WriteRefused",
    "canonical",
    "carrying",
    "hookimpl",
    "in_turn",
    "parts",
    "unanswered",
]
