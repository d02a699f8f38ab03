-- Imports by people: what somebody wants to read in, and its rows while they
-- are checked, applied and may be undone (store.md, "Imports"). position: of
-- the rows' text while they are staged, then the last line that was applied.
CREATE TABLE import_job (
    id INTEGER PRIMARY KEY,
    form INTEGER NOT NULL,
    person INTEGER NOT NULL,
    name TEXT NOT NULL,
    hash TEXT,
    rows_hash TEXT,
    size INTEGER NOT NULL,
    state TEXT NOT NULL,
    apply INTEGER NOT NULL DEFAULT 0,
    settings TEXT NOT NULL,
    problem TEXT,
    position INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    undone INTEGER NOT NULL DEFAULT 0,
    conflicts INTEGER NOT NULL DEFAULT 0,
    job INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL,
    finished INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX import_job_person ON import_job (person, id);
CREATE INDEX import_job_at ON import_job (at);
CREATE INDEX import_job_hash ON import_job (hash) WHERE hash IS NOT NULL;
CREATE INDEX import_job_rows ON import_job (rows_hash)
    WHERE rows_hash IS NOT NULL;
-- state: 0 to be applied, 1 refused, 2 created, 3 updated, 4 unchanged,
-- 5 undone, 6 changed later by somebody (not undone). detail: the reasons of a
-- refused one, the old values of an updated one.
CREATE TABLE import_row (
    import INTEGER NOT NULL,
    line INTEGER NOT NULL,
    state INTEGER NOT NULL,
    record INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    cells TEXT NOT NULL,
    detail TEXT,
    PRIMARY KEY (import, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_row_told ON import_row (import, state, line)
    WHERE state IN (1, 6);
-- How somebody mapped the columns of a file with these headers (E34).
CREATE TABLE import_mapping (
    person INTEGER NOT NULL,
    form INTEGER NOT NULL,
    headers TEXT NOT NULL,
    settings TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (person, form, headers)
) STRICT;
