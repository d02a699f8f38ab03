-- API tokens of people (S10). The store has only their hashes; scopes are
-- bits of org/api_token.h, forms the names they are for, NULL: all.
CREATE TABLE org_api_token (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    user_id INTEGER NOT NULL REFERENCES org_user (id),
    name TEXT NOT NULL,
    scopes INTEGER NOT NULL,
    forms TEXT,
    created_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    used_day INTEGER
) STRICT;
CREATE INDEX org_api_token_user ON org_api_token (user_id);
