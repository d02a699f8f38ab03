-- Who may do what. who_kind: everyone, user, department, role, head (whoever
-- heads a department); what: the number of enum right; scope: of enum
-- scope_kind; form "*": each.
CREATE TABLE access_grant (
    id INTEGER PRIMARY KEY,
    who_kind TEXT NOT NULL,
    who INTEGER NOT NULL,
    form TEXT NOT NULL,
    what INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    UNIQUE (who_kind, who, form, what, scope)
) STRICT;
-- Single records that somebody may read: a task, a share, a mention.
CREATE TABLE access_reader (
    record INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    why TEXT NOT NULL,
    until INTEGER,
    PRIMARY KEY (record, user_id, why)
) STRICT;
CREATE INDEX access_reader_user ON access_reader (user_id, record, until);
-- Modules whose features are switched off, for everybody (department 0).
CREATE TABLE access_module (
    module TEXT NOT NULL,
    department INTEGER NOT NULL,
    PRIMARY KEY (module, department)
) STRICT;
