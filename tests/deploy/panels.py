"""What the dashboard shows, in the order in which an operator asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.deploy.queries import Query, added, crm, highest, lowest, one, quantiles, rate, risen, share

MINUTE, HOUR = 60, 3600


class Look(StrEnum):
    """How a panel shows its queries."""

    VALUE = "value"
    LINES = "lines"
    AREAS = "areas"
    TABLE = "table"


@dataclass(frozen=True)
class Panel:
    """One panel. Its width is in 24ths; a value is orange from `warn` on and red from `alarm` on."""

    title: str
    says: str
    queries: Sequence[Query]
    look: Look = Look.LINES
    unit: str = "short"
    width: int = 8
    warn: float | None = None
    alarm: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: Sequence[Panel]


_OLDEST_DUE = highest(crm("oldest_due_sync_age_seconds"), "connection")
_SIGNED = 'result=~"accepted|duplicate|ignored|invalid"'

FIRST = Row(
    "Is anything lost or late?",
    (
        Panel(
            "Oldest due lead",
            "How long the oldest lead that a CRM should have has been due. Small: all are in their CRM.",
            [_OLDEST_DUE],
            Look.VALUE,
            "s",
            width=6,
            warn=15 * MINUTE,
            alarm=4 * HOUR,
        ),
        Panel(
            "Not stored",
            "Deliveries that were answered with 503. The sender repeats each for about 37 minutes.",
            [risen(one("deliveries_total", 'result="unavailable"'), "source")],
            Look.VALUE,
            width=4,
            warn=1,
            alarm=10,
        ),
        Panel(
            "Refused signatures",
            "Deliveries that were signed by nobody we know: a rotated secret, or a stranger.",
            [risen(one("deliveries_total", 'result="unverified"'), "source")],
            Look.VALUE,
            width=4,
            warn=1,
            alarm=20,
        ),
        Panel(
            "Silence",
            "Since when a source has sent nothing that was well signed.",
            [
                Query(
                    f"time() - ({highest(one('last_delivery_timestamp_seconds'), 'source').expr} > 0)",
                    "{{source}}",
                )
            ],
            Look.VALUE,
            "s",
            width=5,
            warn=6 * HOUR,
            alarm=24 * HOUR,
        ),
        Panel(
            "Set aside",
            "Leads that wait for a change of the lead or the mapping (parked), or for a person (held).",
            [added(crm("set_aside_syncs"), "connection", "state")],
            Look.VALUE,
            width=5,
            warn=1,
            alarm=100,
        ),
    ),
)

RECEIVING = Row(
    "What comes in",
    (
        Panel(
            "Deliveries by result",
            "Requests to the public port a second, by what became of them.",
            [rate(one("deliveries_total"), "source", "result")],
            Look.AREAS,
            "reqps",
        ),
        Panel(
            "Duplicates",
            "The part of well signed deliveries that was stored before: repeats of the sender.",
            [
                share(
                    one("deliveries_total", 'result="duplicate"'), one("deliveries_total", _SIGNED), "source"
                )
            ],
            unit="percentunit",
            most=1,
        ),
        Panel(
            "Time to answer",
            "From a request's arrival to its answer, the commit included.",
            quantiles(one("delivery_seconds_bucket"), "source"),
            unit="s",
        ),
        Panel(
            "Open connections",
            "Of senders and fronts, by port.",
            [added(one("open_connections"), "face")],
        ),
        Panel(
            "Connections cut",
            "Ended by us a second, and why: a client that was too slow, or a port that was full.",
            [rate(one("connections_cut_total"), "face", "why")],
            unit="cps",
        ),
    ),
)

FOLDING = Row(
    "Events become leads",
    (
        Panel(
            "Events by what became of them",
            "Events a second that the fold dealt with. `failed` ones are kept and wait for a person.",
            [rate(one("events_folded_total"), "result")],
            Look.AREAS,
            "eps",
        ),
        Panel(
            "Fold lag",
            "Age of the oldest event that waits, and of the oldest in the last batch.",
            [
                Query(one("oldest_unfolded_age_seconds"), "waiting"),
                Query(one("fold_lag_seconds"), "last batch"),
            ],
            unit="s",
        ),
        Panel(
            "Waiting for the fold",
            "Events that are stored and not yet folded; counted up to 20,000.",
            [Query(one("unfolded_events"), "events")],
            width=4,
        ),
        Panel(
            "Time of a fold batch",
            "It is kept short, so that deliveries go first.",
            quantiles(one("fold_seconds_bucket"), shares=(0.95,)),
            unit="s",
            width=4,
        ),
    ),
)

SYNCING = Row(
    "Leads reach the CRMs",
    (
        Panel(
            "Age of the oldest due lead",
            "It grows while a CRM is away or slower than leads come, and falls to 0 afterwards.",
            [_OLDEST_DUE],
            unit="s",
        ),
        Panel(
            "Due leads",
            "The backlog of each CRM; counted up to 20,000.",
            [highest(crm("due_syncs"), "connection")],
        ),
        Panel(
            "Synced",
            "Leads a second whose newest state a CRM got.",
            [rate(crm("leads_synced_total"), "connection")],
            unit="cps",
        ),
        Panel(
            "Lanes",
            "The state of each lane: running, paused, waiting for another process, or stopped.",
            [Query(f"{highest(one('lane_state'), 'lane', 'state').expr} > 0", "{{lane}} {{state}}")],
            most=1,
        ),
        Panel(
            "Calls by status",
            "Calls a second to each CRM; `none` if no answer came.",
            [rate(crm("crm_calls_total"), "connection", "status")],
            Look.AREAS,
            "reqps",
        ),
        Panel(
            "Time of a call",
            "The wait for a limit left out.",
            quantiles(crm("crm_call_seconds_bucket"), "connection", shares=(0.5, 0.95)),
            unit="s",
        ),
        Panel(
            "Taken from limits",
            "What calls take from each limit a second: requests, or a CRM's own tokens.",
            [rate(crm("crm_cost_total"), "connection", "bucket")],
            unit="cps",
        ),
        Panel(
            "Room in limits and budget",
            "What is left of each limit, by the CRM's own word where it gives one. At 0 leads wait.",
            [lowest(crm("limit_headroom_ratio"), "connection", "bucket")],
            unit="percentunit",
            most=1,
        ),
        Panel(
            "Outcomes of hooks",
            "What the plugin answered, per lead and second.",
            [rate(crm("hook_outcomes_total"), "connection", "hook", "outcome")],
            Look.AREAS,
            "cps",
        ),
        Panel(
            "What observing connections would do",
            "Leads that a connection in observe mode looked at, per second, by what a live one would do.",
            [rate(crm("observations_total"), "connection", "operation")],
            Look.AREAS,
            "cps",
        ),
        Panel(
            "Time of a hook",
            "Per batch, the wait for limits included.",
            quantiles(crm("hook_seconds_bucket"), "connection", "hook", shares=(0.95,)),
            unit="s",
        ),
    ),
)

KNOWING = Row(
    "What an operator should know",
    (
        Panel(
            "Open findings",
            "`afterclick findings` lists them with their remedies.",
            [added(one("open_findings"), "level", "code", "connection")],
            Look.TABLE,
            width=10,
        ),
        Panel(
            "New findings",
            "How often each was found in the time that is shown.",
            [risen(one("findings_total"), "connection", "code")],
            Look.VALUE,
        ),
        Panel(
            "Plugins",
            "What is installed, and what became of it.",
            [highest(one("plugins"), "plugin", "state")],
            Look.TABLE,
            width=6,
        ),
    ),
)

LEDGER = Row(
    "The ledger and the process",
    (
        Panel(
            "Size and room",
            "The ledger with its write-ahead log, and what is free on its disk.",
            [Query(one("ledger_size_bytes"), "ledger"), Query(one("ledger_free_bytes"), "free")],
            unit="bytes",
            width=6,
        ),
        Panel(
            "Time of a commit",
            "A delivery is answered after it, so it is the disk that senders wait for.",
            quantiles(one("ledger_commit_seconds_bucket")),
            unit="s",
            width=6,
        ),
        Panel(
            "Deliveries in a commit",
            "Many share one when many come at once.",
            quantiles(one("ledger_commit_rows_bucket"), shares=(0.5,)),
            width=4,
        ),
        Panel(
            "Lateness of the loop",
            "Everything waits for it; far above 0.1 s, the log's `loop-blocked` names the code.",
            quantiles(one("loop_lag_seconds_bucket"), shares=(0.99,)),
            unit="s",
            width=4,
        ),
        Panel(
            "Version",
            "What runs.",
            [Query(one("info"), "{{version}}")],
            Look.VALUE,
            width=4,
        ),
    ),
)

ROWS = (FIRST, RECEIVING, FOLDING, SYNCING, KNOWING, LEDGER)
