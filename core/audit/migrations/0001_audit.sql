-- The trail. Rows are added, sealed once, and may lose salt and content when
-- a person's data is erased; nothing else is ever changed (the triggers).
CREATE TABLE audit_entry (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor INTEGER,
    module TEXT,
    address TEXT,
    subject TEXT NOT NULL,
    subject_id INTEGER NOT NULL,
    action TEXT NOT NULL,
    changes TEXT,
    salt BLOB,
    hash BLOB NOT NULL,
    erased INTEGER REFERENCES audit_entry (id),
    seal INTEGER
) STRICT;
CREATE INDEX audit_entry_subject ON audit_entry (subject, subject_id, id);
CREATE INDEX audit_entry_unsealed ON audit_entry (id) WHERE seal IS NULL;

-- The chain: each seal hashes the one before and the rows it closes.
CREATE TABLE audit_seal (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;

CREATE TRIGGER audit_entry_stays BEFORE DELETE ON audit_entry
BEGIN
    SELECT raise(ABORT, 'the audit trail is append-only');
END;

CREATE TRIGGER audit_entry_is_sealed_once BEFORE UPDATE OF seal ON audit_entry
WHEN old.seal IS NOT NULL OR new.seal IS NULL
BEGIN
    SELECT raise(ABORT, 'the audit trail is append-only');
END;

CREATE TRIGGER audit_entry_is_not_changed BEFORE UPDATE OF
    id, at, subject, subject_id, action, hash ON audit_entry
BEGIN
    SELECT raise(ABORT, 'the audit trail is append-only');
END;

CREATE TRIGGER audit_entry_is_only_erased BEFORE UPDATE OF
    actor, module, address, changes, salt, erased ON audit_entry
WHEN new.salt IS NOT NULL OR new.changes IS NOT NULL OR
    new.actor IS NOT NULL OR new.address IS NOT NULL OR
    new.erased IS NULL OR old.erased IS NOT NULL OR
    new.module IS NOT old.module
BEGIN
    SELECT raise(ABORT, 'the audit trail is append-only');
END;

CREATE TRIGGER audit_seal_stays BEFORE DELETE ON audit_seal
BEGIN
    SELECT raise(ABORT, 'the audit trail is append-only');
END;

CREATE TRIGGER audit_seal_is_not_changed BEFORE UPDATE ON audit_seal
BEGIN
    SELECT raise(ABORT, 'the audit trail is append-only');
END;
