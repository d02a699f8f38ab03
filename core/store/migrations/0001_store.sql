-- What has changed, for the caches of other processes (store/db.h, epochs).
CREATE TABLE store_epoch (
    name TEXT PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
