-- Single values that belong to the site as a whole: the mark of the place of
-- its files, where the collector stands.
CREATE TABLE store_fact (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Files that are about to be named or to be deleted (store/blob_collect.c).
CREATE TABLE store_blob (
    hash TEXT PRIMARY KEY,
    put_at INTEGER NOT NULL,    -- somebody announced it; 0: nobody
    unused_at INTEGER NOT NULL, -- since when no row names it; 0: one does
    doomed_at INTEGER NOT NULL, -- it is being deleted; 0: it is not
    doomed_by INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX store_blob_unused ON store_blob (unused_at) WHERE unused_at > 0;
