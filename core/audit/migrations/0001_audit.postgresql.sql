-- The trail. Rows are added, sealed once, and may lose salt and content when
-- a person's data is erased; nothing else is ever changed (the triggers).
CREATE TABLE audit_entry (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor BIGINT,
    module TEXT COLLATE "C",
    address TEXT COLLATE "C",
    subject TEXT COLLATE "C" NOT NULL,
    subject_id BIGINT NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    changes TEXT COLLATE "C",
    salt BYTEA,
    hash BYTEA NOT NULL,
    erased BIGINT REFERENCES audit_entry (id),
    seal BIGINT
);
CREATE INDEX audit_entry_subject ON audit_entry
    (subject NULLS FIRST, subject_id NULLS FIRST, id);
CREATE INDEX audit_entry_unsealed ON audit_entry (id) WHERE seal IS NULL;

-- The chain: each seal hashes the one before and the rows it closes.
CREATE TABLE audit_seal (
    number BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL
);

CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only'
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER audit_entry_stays BEFORE DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_entry_is_sealed_once BEFORE UPDATE OF seal ON audit_entry
    FOR EACH ROW WHEN (old.seal IS NOT NULL OR new.seal IS NULL)
    EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_entry_is_not_changed BEFORE UPDATE OF
    id, at, subject, subject_id, action, hash ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_entry_is_only_erased BEFORE UPDATE OF
    actor, module, address, changes, salt, erased ON audit_entry
    FOR EACH ROW WHEN (
        new.salt IS NOT NULL OR new.changes IS NOT NULL OR
        new.actor IS NOT NULL OR new.address IS NOT NULL OR
        new.erased IS NULL OR old.erased IS NOT NULL OR
        new.module IS DISTINCT FROM old.module)
    EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_seal_stays BEFORE DELETE ON audit_seal
    FOR EACH ROW EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_seal_is_not_changed BEFORE UPDATE ON audit_seal
    FOR EACH ROW EXECUTE FUNCTION audit_stays();
