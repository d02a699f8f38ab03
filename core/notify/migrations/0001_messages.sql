-- What people were told. kind: key of the catalogs; args: JSON.
CREATE TABLE notify_message (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES org_user (id),
    kind TEXT NOT NULL,
    args TEXT NOT NULL,
    link TEXT NOT NULL,
    at INTEGER NOT NULL,
    read_at INTEGER
) STRICT;
CREATE INDEX notify_message_user ON notify_message (user_id, at);
CREATE INDEX notify_message_unread ON notify_message (user_id, link, kind)
    WHERE read_at IS NULL;
