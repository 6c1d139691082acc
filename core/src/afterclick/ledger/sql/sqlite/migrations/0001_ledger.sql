-- The whole ledger. Times are milliseconds since 1970 (UTC) unless a name says otherwise.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- A delivery, verified and decoded. The body never changes; the columns after it are the fold's.
CREATE TABLE events (
    id            INTEGER PRIMARY KEY,
    space         TEXT NOT NULL,
    source        TEXT NOT NULL,
    type          TEXT NOT NULL,
    bucket        INTEGER NOT NULL,
    hash16        BLOB NOT NULL,
    occurred_at   INTEGER NOT NULL,
    received_at   INTEGER NOT NULL,
    time_replaced INTEGER NOT NULL DEFAULT 0,
    ip_hash       BLOB,
    body          BLOB NOT NULL,
    state         TEXT NOT NULL DEFAULT 'new',
    lead          INTEGER,
    decision      BLOB,
    reason        TEXT
);
CREATE INDEX events_new ON events (id) WHERE state = 'new';
CREATE INDEX events_of_lead ON events (lead, occurred_at) WHERE lead IS NOT NULL;
CREATE INDEX events_odd ON events (state, id) WHERE state IN ('invalid', 'failed', 'unattributed');
-- Addresses are forgotten after two days; the index holds only rows that still have one.
CREATE INDEX events_with_address ON events (received_at) WHERE ip_hash IS NOT NULL;

-- What was received before. The bucket is the day of the payload's own time, so that inserts stay in
-- today's part of the index, however old the ledger is.
CREATE TABLE seen (
    bucket      INTEGER NOT NULL,
    hash16      BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (bucket, hash16)
) WITHOUT ROWID;
CREATE TRIGGER events_are_seen AFTER INSERT ON events BEGIN
    INSERT INTO seen (bucket, hash16, received_at) VALUES (NEW.bucket, NEW.hash16, NEW.received_at);
END;

CREATE TABLE leads (
    id          INTEGER PRIMARY KEY,
    space       TEXT NOT NULL,
    state       BLOB NOT NULL,
    keys        TEXT NOT NULL,
    version     INTEGER NOT NULL,
    joined_into INTEGER REFERENCES leads (id),
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL
);
CREATE INDEX leads_joined ON leads (joined_into) WHERE joined_into IS NOT NULL;
CREATE INDEX leads_recent ON leads (changed_at) WHERE joined_into IS NULL;

CREATE TABLE identities (
    space TEXT NOT NULL,
    kind  TEXT NOT NULL,
    value TEXT NOT NULL,
    lead  INTEGER NOT NULL,
    PRIMARY KEY (space, kind, value)
) WITHOUT ROWID;
CREATE INDEX identities_of_lead ON identities (lead);

-- Journeys that may still take an event. A slot is 1 once it is filled.
CREATE TABLE journeys (
    key        TEXT PRIMARY KEY,
    space      TEXT NOT NULL,
    lead       INTEGER NOT NULL,
    opened_at  INTEGER NOT NULL,
    prefix     TEXT,
    token      TEXT,
    ip_hash    BLOB,
    ip_at      INTEGER NOT NULL DEFAULT 0,
    host       TEXT,
    platform   TEXT,
    campaign   TEXT,
    install    INTEGER NOT NULL DEFAULT 0,
    claim      INTEGER NOT NULL DEFAULT 0,
    person     INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
-- A token's journeys under another prefix are passed over inside the index.
CREATE INDEX journeys_without_install ON journeys (space, token, opened_at, prefix) WHERE install = 0;
CREATE INDEX journeys_without_claim ON journeys (space, token, opened_at, prefix) WHERE claim = 0;
CREATE INDEX journeys_without_person ON journeys (space, token, opened_at, prefix)
    WHERE person = 0 AND (install = 1 OR claim = 1);
CREATE INDEX journeys_by_address ON journeys (space, ip_hash, ip_at) WHERE ip_hash IS NOT NULL;
CREATE INDEX journeys_with_address ON journeys (ip_at) WHERE ip_hash IS NOT NULL;
CREATE INDEX journeys_of_lead ON journeys (lead);
CREATE INDEX journeys_expiring ON journeys (expires_at);

CREATE TABLE links (
    space  TEXT NOT NULL,
    prefix TEXT NOT NULL,
    token  TEXT NOT NULL,
    memory BLOB NOT NULL,
    PRIMARY KEY (space, prefix, token)
) WITHOUT ROWID;

CREATE TABLE codes (
    space    TEXT NOT NULL,
    code     TEXT NOT NULL,
    referrer TEXT,
    memory   BLOB NOT NULL,
    PRIMARY KEY (space, code)
) WITHOUT ROWID;
CREATE INDEX codes_of_referrer ON codes (space, referrer) WHERE referrer IS NOT NULL;

-- Who came through a code, so that what is learned of the code later reaches them. Journeys expire, this stays.
CREATE TABLE code_leads (
    space TEXT NOT NULL,
    code  TEXT NOT NULL,
    lead  INTEGER NOT NULL,
    PRIMARY KEY (space, code, lead)
) WITHOUT ROWID;
CREATE INDEX code_leads_of_lead ON code_leads (lead);

CREATE TABLE connections (
    name            TEXT PRIMARY KEY,
    plugin          TEXT NOT NULL,
    first_seen_at   INTEGER NOT NULL,
    running         INTEGER NOT NULL DEFAULT 1,
    mapping         TEXT NOT NULL DEFAULT '',
    backfill_cursor INTEGER
) WITHOUT ROWID;

-- One row per (connection, lead). Due is `wanted > synced AND due_at <= now`, never a stored flag.
CREATE TABLE syncs (
    connection      TEXT NOT NULL,
    lead            INTEGER NOT NULL,
    wanted          INTEGER NOT NULL,
    synced          INTEGER NOT NULL DEFAULT 0,
    due_at          INTEGER NOT NULL,
    record_kind     TEXT,
    record_id       TEXT,
    record_url      TEXT,
    related         TEXT,
    values_written  TEXT,
    rejected        TEXT,
    created_by_us   INTEGER NOT NULL DEFAULT 0,
    doubles         TEXT,
    pending         TEXT,
    tries           INTEGER NOT NULL DEFAULT 0,
    first_failed_at INTEGER,
    sending         TEXT,
    sending_since   INTEGER,
    sending_epoch   INTEGER,
    sending_values  TEXT,
    state           TEXT NOT NULL DEFAULT 'active',
    reason          TEXT,
    synced_at       INTEGER,
    PRIMARY KEY (connection, lead)
) WITHOUT ROWID;
CREATE INDEX syncs_due ON syncs (connection, due_at) WHERE state = 'active' AND wanted > synced;
CREATE INDEX syncs_of_lead ON syncs (lead);
CREATE INDEX syncs_set_aside ON syncs (connection, state) WHERE state <> 'active';

-- Every record that belongs to a person, survivors and doubles: no two persons share one.
CREATE TABLE records (
    connection TEXT NOT NULL,
    kind       TEXT NOT NULL,
    id         TEXT NOT NULL,
    lead       INTEGER NOT NULL,
    PRIMARY KEY (connection, kind, id)
) WITHOUT ROWID;
CREATE INDEX records_of_lead ON records (connection, lead);

CREATE TABLE attempts (
    id          INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    connection  TEXT NOT NULL,
    hook        TEXT NOT NULL,
    leads       INTEGER NOT NULL,
    result      TEXT NOT NULL,
    status      INTEGER,
    correlation TEXT,
    duration_ms INTEGER NOT NULL,
    lead        INTEGER,
    reason      TEXT
);
CREATE INDEX attempts_at ON attempts (at);

CREATE TABLE lanes (
    name         TEXT PRIMARY KEY,
    holder       TEXT,
    epoch        INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    paused_until INTEGER,
    reason       TEXT
) WITHOUT ROWID;

CREATE TABLE findings (
    code       TEXT NOT NULL,
    connection TEXT NOT NULL,
    subject    TEXT NOT NULL,
    message    TEXT NOT NULL,
    remedy     TEXT NOT NULL,
    level      TEXT NOT NULL,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    PRIMARY KEY (code, connection, subject)
) WITHOUT ROWID;

CREATE TABLE plugin_state (
    connection TEXT NOT NULL,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    PRIMARY KEY (connection, key)
) WITHOUT ROWID;
