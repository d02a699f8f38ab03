-- Which modules are on, and how loading them went. `surface` (JSON) is what
-- the module registered when it was last loaded: while it is in quarantine
-- its pages still answer, with an incident number.
CREATE TABLE module (
    id TEXT NOT NULL PRIMARY KEY,
    enabled INTEGER NOT NULL,
    state TEXT NOT NULL,
    version TEXT NOT NULL,
    hash TEXT NOT NULL,
    reason TEXT,
    surface TEXT,
    changed_at INTEGER NOT NULL,
    changed_by INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
