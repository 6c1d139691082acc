"""Every metric of the service, in one class on one registry.

Names are `afterclick_<thing>_<unit>[_total]`. A label has a bounded set of values: names out of the
configuration, words of an enum, or "other".
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

PREFIX = "afterclick_"
OTHER = "other"
MOST_VALUES = 200
"""Different values of a label that plugins choose; further ones count as "other"."""

# Twice as many series, for times that nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call]

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_CALLS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LAGS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)

_STATUSES = frozenset(
    (200, 201, 202, 204, 207, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 423, 429, 500, 502, 503, 504)
)


class Delivery(enum.StrEnum):
    """What became of one request to the public port."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    INVALID = "invalid"
    IGNORED = "ignored"
    UNVERIFIED = "unverified"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    INCOMPLETE = "incomplete"
    UNKNOWN_SOURCE = "unknown_source"
    UNAVAILABLE = "unavailable"
    BAD_METHOD = "bad_method"


RESULTS: Mapping[Delivery, str] = {
    Delivery.ACCEPTED: "stored, answered 200",
    Delivery.DUPLICATE: "stored before, answered 200",
    Delivery.IGNORED: "a webhook that says nothing of a person, such as a test: stored, answered 200",
    Delivery.INVALID: "well signed and unusable: a webhook is stored with the reason and answered 200, "
    "a registration is not stored and answered 422",
    Delivery.UNVERIFIED: "signed by nobody we know, or malformed headers: 401",
    Delivery.CONFLICT: "a registration under the `webhook-id` of another one: 409",
    Delivery.TOO_LARGE: "a body above `server.max_body`: 413",
    Delivery.INCOMPLETE: "a body that broke off or took too long: 400",
    Delivery.UNKNOWN_SOURCE: "an address that nobody answers: 404",
    Delivery.UNAVAILABLE: "could not be stored, or the service stops: 503",
    Delivery.BAD_METHOD: "another method than POST: 405",
}
"""What the docs say of each."""


class Cut(enum.StrEnum):
    """Why a client's connection was ended: slow heads, unread answers, or room that was needed."""

    SLOW_HEAD = "slow_head"
    UNREAD = "unread"
    FULL = "full"
    TURNED_AWAY = "turned_away"


class LaneState(enum.StrEnum):
    """What a lane of this process does.

    `waiting` means that another process holds it, `observing` that it works and writes nothing.
    """

    RUNNING = "running"
    OBSERVING = "observing"
    WAITING = "waiting"
    PAUSED = "paused"
    STOPPED = "stopped"


class MetricInfo(msgspec.Struct, frozen=True):
    """A metric as the docs show it."""

    name: str
    type: str
    labels: tuple[str, ...]
    help: str


M = TypeVar("M", Counter, Gauge, Histogram)


class Metrics:
    """All metrics; make one per registry."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = CollectorRegistry() if registry is None else registry
        self._catalogue: list[MetricInfo] = []
        self._seen: dict[str, set[str]] = {}
        self._receiving()
        self._folding()
        self._syncing()
        self._standing()

    def _receiving(self) -> None:
        self.deliveries = self._counter(
            "deliveries_total", "Requests to the public port, by what became of them.", "source", "result"
        )
        self.delivery_seconds = self._histogram(
            "delivery_seconds",
            "From a verified request's arrival to its answer, the commit included.",
            "source",
            buckets=_FAST,
        )
        self.last_delivery_timestamp_seconds = self._gauge(
            "last_delivery_timestamp_seconds",
            "When a source last sent something well signed (Unix time).",
            "source",
        )
        self.open_connections = self._gauge("open_connections", "Connections of clients, by port.", "face")
        self.connections_cut = self._counter(
            "connections_cut_total",
            "Connections that were ended to keep a port free: heads that came too slowly, answers that were "
            "not read, no more room (`full` made room for another, `turned_away` found none).",
            "face",
            "why",
        )
        self.ledger_commit_seconds = self._histogram(
            "ledger_commit_seconds", "Duration of a commit that stores deliveries.", buckets=_FAST
        )
        self.ledger_commit_rows = self._histogram(
            "ledger_commit_rows", "Deliveries that shared a commit.", buckets=_ROWS
        )
        self.ledger_size_bytes = self._gauge("ledger_size_bytes", "Size of the ledger.")
        self.ledger_free_bytes = self._gauge("ledger_free_bytes", "Free space on the disk that it lies on.")

    def _folding(self) -> None:
        self.events_folded = self._counter(
            "events_folded_total", "Events that the fold lane has dealt with, by their new state.", "result"
        )
        self.fold_seconds = self._histogram("fold_seconds", "Duration of a fold batch.", buckets=_FAST)
        self.fold_lag_seconds = self._gauge(
            "fold_lag_seconds", "Age of the oldest event of the last fold batch."
        )
        self.unfolded_events = self._gauge("unfolded_events", "Events that wait for the fold.")
        self.oldest_unfolded_age_seconds = self._gauge(
            "oldest_unfolded_age_seconds", "Age of the oldest of them; 0 if there is none."
        )

    def _syncing(self) -> None:
        self.due_syncs = self._gauge("due_syncs", "Leads that are due for a CRM.", "connection")
        self.oldest_due_sync_age_seconds = self._gauge(
            "oldest_due_sync_age_seconds",
            "How long the oldest lead has been due, or has been failing; 0 if none is.",
            "connection",
        )
        self.set_aside_syncs = self._gauge(
            "set_aside_syncs",
            "Leads that wait for a change (`parked`) or for a person (`held`).",
            "connection",
            "state",
        )
        self.leads_synced = self._counter(
            "leads_synced_total", "Leads whose newest state a CRM has.", "connection"
        )
        self.observations = self._counter(
            "observations_total",
            "Leads that a connection in `mode = observe` looked at, by what a live one would do with them: "
            "`create`, `change`, `retire`, `none`, `ambiguous`, `gone`, `shared`.",
            "connection",
            "operation",
        )
        self.hook_seconds = self._histogram(
            "hook_seconds", "Duration of a plugin's hook, per batch.", "connection", "hook", buckets=_CALLS
        )
        self.hook_outcomes = self._counter(
            "hook_outcomes_total", "What hooks answered, per lead.", "connection", "hook", "outcome"
        )
        self.crm_calls = self._counter(
            "crm_calls_total", "Calls to a CRM, by status; `none` if no answer came.", "connection", "status"
        )
        self.crm_call_seconds = self._histogram(
            "crm_call_seconds",
            "Duration of a call to a CRM, the wait for a limit left out.",
            "connection",
            buckets=_CALLS,
        )
        self.crm_cost = self._counter(
            "crm_cost_total",
            "What calls to a CRM took from its limits: requests, or a CRM's own tokens.",
            "connection",
            "bucket",
        )
        self.limit_headroom_ratio = self._gauge(
            "limit_headroom_ratio",
            "What is left of a CRM's limit or of the budget, 0 to 1.",
            "connection",
            "bucket",
        )

    def _standing(self) -> None:
        self.lane_state = self._gauge(
            "lane_state", "1 for the state a lane is in, 0 for the others.", "lane", "state"
        )
        self.findings = self._counter(
            "findings_total", "What was found that an operator should know.", "code", "connection"
        )
        self.open_findings = self._gauge(
            "open_findings",
            "Findings that are not over; a lead's and a field's count each.",
            "code",
            "connection",
            "level",
        )
        self.plugins = self._gauge(
            "plugins",
            "1 for the state of an installed plugin, such as `ready`, `idle`, `skipped`.",
            "plugin",
            "state",
        )
        self.info = self._gauge("info", "Always 1; the label tells what runs.", "version")
        self.loop_lag_seconds = self._histogram(
            "loop_lag_seconds",
            "By how much the event loop came late, looked at four times a second: everything waits for it. "
            "Above a second the log says `loop-blocked`, and where.",
            buckets=_LAGS,
        )

    # How they are set where a plain `labels(…)` would not do.

    def crm_call(
        self, connection: str, status: int, seconds: float, costs: Mapping[str, float] | None = None
    ) -> None:
        """Count a call to a CRM and its cost by bucket; status 0 means that no answer came."""
        self.crm_calls.labels(connection, status_label(status)).inc()
        self.crm_call_seconds.labels(connection).observe(seconds)
        for bucket, cost in (costs or {}).items():
            self.crm_cost.labels(connection, self.bounded("bucket", bucket)).inc(cost)

    def hook(self, connection: str, hook: str, seconds: float, outcomes: Iterable[str] = ()) -> None:
        """Count one call of a hook and what it answered, an outcome per lead."""
        self.hook_seconds.labels(connection, hook).observe(seconds)
        for outcome in outcomes:
            self.hook_outcomes.labels(connection, hook, outcome).inc()

    def finding(self, code: str, connection: str) -> None:
        """Count a finding."""
        self.findings.labels(self.bounded("code", code), connection).inc()

    def standing(self, findings: Mapping[tuple[str, str, str], int]) -> None:
        """Tell which findings are open, by (code, connection, level); those that are not listed are over."""
        self.open_findings.clear()
        for (code, connection, level), count in findings.items():
            self.open_findings.labels(self.bounded("code", code), connection, level).inc(count)

    def headroom(self, connection: str, bucket: str, ratio: float) -> None:
        """Tell what is left of a limit."""
        self.limit_headroom_ratio.labels(connection, self.bounded("bucket", bucket)).set(ratio)

    def lane(self, lane: str, state: LaneState) -> None:
        """Tell what a lane does now."""
        for other in LaneState:
            self.lane_state.labels(lane, other.value).set(other is state)

    def plugin(self, plugin: str, state: str) -> None:
        """Tell what became of a plugin."""
        self.plugins.labels(plugin, state).set(1)

    def backlog(self, *, unfolded: int, oldest_age: float, size_bytes: int, free_bytes: int) -> None:
        """Tell what the ledger holds, and how much room it has."""
        self.unfolded_events.set(unfolded)
        self.oldest_unfolded_age_seconds.set(max(0.0, oldest_age))
        self.ledger_size_bytes.set(size_bytes)
        self.ledger_free_bytes.set(free_bytes)

    def syncs(self, connection: str, *, due: int, oldest_age: float, set_aside: Mapping[str, int]) -> None:
        """Tell what waits for a CRM; `set_aside` by state."""
        self.due_syncs.labels(connection).set(due)
        self.oldest_due_sync_age_seconds.labels(connection).set(max(0.0, oldest_age))
        for state, count in set_aside.items():
            self.set_aside_syncs.labels(connection, state).set(count)

    def bounded(self, label: str, value: str) -> str:
        """Return a value that a plugin chose, or "other" once there are too many of them."""
        seen = self._seen.setdefault(label, set())
        if value in seen or len(seen) < MOST_VALUES:
            seen.add(value)
            return value
        return OTHER

    # How they are read.

    def requests(self) -> list[tuple[str, str, int]]:
        """Return (source, result, count) of every kind of request to the public port that there was."""
        samples = (sample for metric in self.deliveries.collect() for sample in metric.samples)
        return [(one.labels["source"], one.labels["result"], int(one.value)) for one in samples if one.value]

    def render(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        return generate_latest(self.registry)

    def catalogue(self) -> Sequence[MetricInfo]:
        """Return every metric there is, for the docs."""
        return tuple(self._catalogue)

    def _counter(self, name: str, help: str, *labels: str) -> Counter:
        self._note(name, "counter", labels, help)
        return Counter(PREFIX + name, help, labels, registry=self.registry)

    def _gauge(self, name: str, help: str, *labels: str) -> Gauge:
        self._note(name, "gauge", labels, help)
        return Gauge(PREFIX + name, help, labels, registry=self.registry)

    def _histogram(self, name: str, help: str, *labels: str, buckets: Sequence[float]) -> Histogram:
        self._note(name, "histogram", labels, help)
        return Histogram(PREFIX + name, help, labels, registry=self.registry, buckets=buckets)

    def _note(self, name: str, type: str, labels: tuple[str, ...], help: str) -> None:
        self._catalogue.append(MetricInfo(PREFIX + name, type, labels, help))


def status_label(status: int) -> str:
    """Return a status that is well known as it is, another as its class, such as `4xx`."""
    if status in _STATUSES:
        return str(status)
    return f"{status // 100}xx" if 100 <= status < 600 else "none"


def metrics_markdown() -> str:
    """Return the table of all metrics, the generated part of `core/docs/metrics.md`."""
    lines = ["| metric | type | labels | |", "|---|---|---|---|"]
    for metric in Metrics().catalogue():
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        lines.append(f"| `{metric.name}` | {metric.type} | {labels} | {metric.help} |")
    lines += ["", "What `result` says of a request to the public port:", "", "| result | |", "|---|---|"]
    lines += [f"| `{result.value}` | {text} |" for result, text in RESULTS.items()]
    return "\n".join(lines) + "\n"
