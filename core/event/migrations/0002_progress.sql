-- What somebody sees of a job that they started. Whether it waits, runs or has
-- failed says event_job; finished: when it was done (0: not yet).
CREATE TABLE event_progress (
    job INTEGER PRIMARY KEY,
    person INTEGER NOT NULL,
    title TEXT NOT NULL,
    arguments TEXT,
    done INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL DEFAULT 0,
    result TEXT,
    result_arguments TEXT,
    link TEXT,
    file_hash TEXT,
    file_name TEXT,
    file_type TEXT,
    problem TEXT,
    at INTEGER NOT NULL,
    finished INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX event_progress_at ON event_progress (at);
CREATE INDEX event_progress_file ON event_progress (file_hash)
    WHERE file_hash IS NOT NULL;
