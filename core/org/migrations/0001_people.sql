-- People, departments, roles, sessions, links. Times are ms UTC; a missing
-- reference is NULL. Users and departments are never deleted: records name
-- them for ever.
CREATE TABLE org_department (
    id INTEGER PRIMARY KEY,
    parent INTEGER REFERENCES org_department (id),
    name TEXT NOT NULL,
    head INTEGER,
    path TEXT NOT NULL,
    closed_at INTEGER
) STRICT;
CREATE INDEX org_department_parent ON org_department (parent);
CREATE INDEX org_department_head ON org_department (head);
CREATE TABLE org_user (
    id INTEGER PRIMARY KEY,
    login TEXT NOT NULL,
    login_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    sort_key BLOB NOT NULL,
    mail TEXT,
    department INTEGER REFERENCES org_department (id),
    manager INTEGER REFERENCES org_user (id),
    locale TEXT,
    zone TEXT,
    theme TEXT,
    enabled INTEGER NOT NULL,
    password TEXT,
    password_at INTEGER,
    mail_wanted INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX org_user_sort ON org_user (sort_key);
CREATE INDEX org_user_department ON org_user (department);
CREATE TABLE org_role (
    id INTEGER PRIMARY KEY,
    role_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL
) STRICT;
CREATE TABLE org_user_role (
    role INTEGER NOT NULL REFERENCES org_role (id),
    user_id INTEGER NOT NULL REFERENCES org_user (id),
    PRIMARY KEY (role, user_id)
) STRICT;
CREATE INDEX org_user_role_user ON org_user_role (user_id);
CREATE TABLE org_session (
    hash TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES org_user (id),
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    confirmed_at INTEGER NOT NULL,
    address TEXT,
    agent TEXT
) STRICT;
CREATE INDEX org_session_user ON org_session (user_id);
CREATE TABLE org_link (
    hash TEXT PRIMARY KEY,
    user_id INTEGER REFERENCES org_user (id),
    purpose TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE TABLE org_throttle (
    subject TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT;
CREATE INDEX org_throttle_last ON org_throttle (last_at);
