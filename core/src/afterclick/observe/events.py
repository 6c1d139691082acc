"""The names of log lines: a fixed vocabulary, so that a search or an alert does not break on wording."""

from __future__ import annotations

import enum


class Said(enum.StrEnum):
    """What a log line reports; the values beside it say of what."""

    # service
    STARTING = "service-starting"
    STARTED = "service-started"
    LISTENING = "listening"
    STOPPING = "service-stopping"
    STOPPED = "service-stopped"
    LOOP_BLOCKED = "loop-blocked"

    # receiver
    DELIVERY_ACCEPTED = "delivery-accepted"
    DELIVERY_REFUSED = "delivery-refused"
    REQUEST_UNREADABLE = "request-unreadable"
    REQUEST_FAILED = "request-failed"
    ROTATED = "secret-changed"
    ROTATION_FAILED = "secret-unreadable"
    CONNECTIONS_FULL = "connections-full"
    FILES_SCARCE = "open-files-scarce"

    # ledger
    LEDGER_OPENED = "ledger-opened"
    LEDGER_UNAVAILABLE = "ledger-unavailable"

    # folding
    FOLD_HELD = "fold-held"
    FOLD_INTERRUPTED = "fold-interrupted"
    EVENT_FAILED = "event-failed"
    STUBS_DROPPED = "stubs-dropped"

    # plugins and connections
    PLUGIN_SKIPPED = "plugin-skipped"
    PLUGIN_IDLE = "plugin-idle"
    CONNECTION_READY = "connection-ready"
    CONNECTION_HALF_SET = "connection-half-set"
    CONNECTION_NEW = "connection-new"
    MAPPING_CHANGED = "mapping-changed"

    # lanes and syncs
    LANE_HELD = "lane-held"
    LANE_CONNECTED = "lane-connected"
    OBSERVED_IS_DUE = "observed-is-due"
    CONNECT_FAILED = "connect-failed"
    DISCONNECT_FAILED = "disconnect-failed"
    BATCH_INTERRUPTED = "batch-interrupted"
    BATCH_FAILED = "batch-failed"
    HOOK_DONE = "hook-done"
    HOOK_FELL_SHORT = "hook-fell-short"
    HOOK_FAILED = "hook-failed"
    LANE_PAUSED = "lane-paused"
    LANE_RESUMED = "lane-resumed"
    LANE_INTERRUPTED = "lane-interrupted"
    CHECK_FAILED = "check-failed"
    FINDING = "finding"
    FINDING_CLOSED = "finding-closed"

    EVENTS_PRUNED = "events-pruned"

    # operations
    OPERATION_STARTED = "operation-started"
    OPERATION_ENDED = "operation-ended"
    RECORDS_ADOPTED = "records-adopted"

    # everything that other libraries say
    LIBRARY = "library"
