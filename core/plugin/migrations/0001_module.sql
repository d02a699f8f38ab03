-- Modules that somebody has ever switched on. required: forms that are not
-- saved while the module does not load (a JSON list); problem: why it did not
-- load; incident: the number of its quarantine.
CREATE TABLE module (
    id TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    hash TEXT NOT NULL,
    kind TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    required TEXT NOT NULL DEFAULT '[]',
    problem TEXT,
    incident TEXT,
    changed_at INTEGER NOT NULL
) STRICT;
