-- Backups that were made, are being made or failed. state: running, done,
-- failed. seen: when the process that makes it last said so. told: the job
-- has said how it ended. sent: lies in the object store, too. gone: when it
-- was removed (0: it is there).
CREATE TABLE backup_run (
    id INTEGER PRIMARY KEY,
    job INTEGER NOT NULL,
    person INTEGER NOT NULL,
    state TEXT NOT NULL,
    name TEXT,
    begun INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    ended INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    encrypted INTEGER NOT NULL DEFAULT 0,
    verified INTEGER NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 0,
    gone INTEGER NOT NULL DEFAULT 0,
    told INTEGER NOT NULL DEFAULT 0,
    problem TEXT
) STRICT;
CREATE INDEX backup_run_job ON backup_run (job, id);
CREATE INDEX backup_run_begun ON backup_run (begun);
