-- Processes and what runs of them. Times are ms UTC. Small rows, changed in
-- the transaction of the command that changes them (bpmn.md T1).
CREATE TABLE flow_definition (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    module TEXT,
    form TEXT,
    title TEXT NOT NULL,
    executable INTEGER NOT NULL,
    xml BLOB NOT NULL,
    hash TEXT NOT NULL,
    warnings TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (key, version)
) STRICT;
-- version: raised by each command; two commits of one version cannot be (T6).
-- decisions: human decisions of this round; events: last seq of flow_event.
CREATE TABLE flow_instance (
    id INTEGER PRIMARY KEY,
    definition INTEGER NOT NULL REFERENCES flow_definition (id),
    form TEXT NOT NULL,
    form_version INTEGER NOT NULL,
    record INTEGER NOT NULL,
    initiator INTEGER NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    round INTEGER NOT NULL,
    decisions INTEGER NOT NULL,
    events INTEGER NOT NULL,
    result TEXT,
    outcome TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX flow_instance_record ON flow_instance (record);
CREATE INDEX flow_instance_initiator ON flow_instance (initiator, started_at);
CREATE TABLE flow_scope (
    id INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL REFERENCES flow_instance (id),
    parent INTEGER,
    kind TEXT NOT NULL,
    node TEXT,
    state TEXT NOT NULL
) STRICT;
CREATE INDEX flow_scope_instance ON flow_scope (instance);
-- state: wait (an open visit), join (counted by `flow`), job (asynchronous),
-- fault (before `node`), leaving (behind it).
CREATE TABLE flow_token (
    id INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL REFERENCES flow_instance (id),
    scope INTEGER NOT NULL REFERENCES flow_scope (id),
    node TEXT NOT NULL,
    flow TEXT,
    state TEXT NOT NULL
) STRICT;
CREATE INDEX flow_token_instance ON flow_token (instance);
CREATE TABLE flow_visit (
    id INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL REFERENCES flow_instance (id),
    token INTEGER NOT NULL,
    node TEXT NOT NULL,
    round INTEGER NOT NULL,
    size INTEGER NOT NULL,
    state TEXT NOT NULL,
    rule TEXT,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER
) STRICT;
CREATE INDEX flow_visit_instance ON flow_visit (instance);
CREATE TABLE flow_task (
    id INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL REFERENCES flow_instance (id),
    visit INTEGER NOT NULL REFERENCES flow_visit (id),
    record INTEGER NOT NULL,
    form TEXT NOT NULL,
    node TEXT NOT NULL,
    holder INTEGER NOT NULL,
    initiator INTEGER NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    round INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    actor INTEGER,
    reason TEXT,
    comment TEXT
) STRICT;
CREATE INDEX flow_task_visit ON flow_task (instance, visit);
CREATE INDEX flow_task_open ON flow_task (holder, created_at)
    WHERE ended_at IS NULL;
CREATE INDEX flow_task_done ON flow_task (actor, ended_at)
    WHERE actor IS NOT NULL;
CREATE TABLE flow_variable (
    instance INTEGER NOT NULL REFERENCES flow_instance (id),
    scope INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (instance, scope, name)
) STRICT;
-- The first answer to each command of a client (I8).
CREATE TABLE flow_command (
    person INTEGER NOT NULL,
    operation TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject INTEGER NOT NULL,
    answer INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (person, operation)
) STRICT;
CREATE TABLE flow_event (
    instance INTEGER NOT NULL REFERENCES flow_instance (id),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor INTEGER,
    action TEXT NOT NULL,
    node TEXT,
    round INTEGER NOT NULL,
    reason TEXT,
    comment TEXT,
    data TEXT,
    PRIMARY KEY (instance, seq)
) STRICT;
CREATE TABLE flow_incident (
    id INTEGER PRIMARY KEY,
    number TEXT NOT NULL,
    instance INTEGER NOT NULL REFERENCES flow_instance (id),
    token INTEGER NOT NULL,
    node TEXT NOT NULL,
    key TEXT NOT NULL,
    message TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    at INTEGER NOT NULL,
    closed_at INTEGER
) STRICT;
CREATE INDEX flow_incident_instance ON flow_incident (instance);
CREATE TABLE flow_copy (
    id INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL REFERENCES flow_instance (id),
    person INTEGER NOT NULL,
    node TEXT,
    at INTEGER NOT NULL,
    UNIQUE (person, instance)
) STRICT;
CREATE INDEX flow_copy_instance ON flow_copy (instance);
CREATE INDEX flow_copy_person ON flow_copy (person, at);
