-- What is to be told after a commit. state: 0 new, 1 has deliveries.
CREATE TABLE event_outbox (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    subject INTEGER NOT NULL,
    data TEXT,
    at INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX event_outbox_new ON event_outbox (id) WHERE state = 0;

-- One row per event and subscriber. state: 0 waits, 1 runs, 2 failed.
CREATE TABLE event_delivery (
    id INTEGER PRIMARY KEY,
    outbox INTEGER NOT NULL REFERENCES event_outbox (id),
    subscriber TEXT NOT NULL,
    due INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    lease INTEGER NOT NULL DEFAULT 0,
    owner INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    UNIQUE (outbox, subscriber)
) STRICT;
CREATE INDEX event_delivery_due ON event_delivery (state, due);

-- Background work. state: 0 waits, 1 runs, 2 failed.
CREATE TABLE event_job (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    data TEXT,
    key TEXT,
    due INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    every INTEGER NOT NULL DEFAULT 0,
    lease INTEGER NOT NULL DEFAULT 0,
    owner INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX event_job_due ON event_job (state, due);
CREATE UNIQUE INDEX event_job_key ON event_job (kind, key)
    WHERE state = 0 AND key IS NOT NULL;

-- What an administrator has to look at. state: 0 open, 1 closed.
CREATE TABLE event_incident (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    module TEXT,
    number TEXT,
    data TEXT,
    job INTEGER,
    delivery INTEGER,
    at INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    closed_at INTEGER
) STRICT;
CREATE INDEX event_incident_state ON event_incident (state, id);
CREATE INDEX event_incident_number ON event_incident (number);
