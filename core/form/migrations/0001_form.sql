CREATE TABLE form (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    module TEXT,
    table_name TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE form_version (
    form INTEGER NOT NULL REFERENCES form(id),
    version INTEGER NOT NULL,
    definition TEXT NOT NULL,
    logic TEXT,
    published_at INTEGER NOT NULL,
    published_by INTEGER NOT NULL,
    PRIMARY KEY (form, version)
) STRICT;
CREATE TABLE form_field (
    form INTEGER NOT NULL REFERENCES form(id),
    parent TEXT NOT NULL,
    field_key TEXT NOT NULL,
    type TEXT NOT NULL,
    scale INTEGER NOT NULL,
    PRIMARY KEY (form, parent, field_key)
) STRICT;
CREATE TABLE form_counter (
    form INTEGER NOT NULL,
    field_key TEXT NOT NULL,
    period TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (form, field_key, period)
) STRICT;
CREATE TABLE form_columns (
    person INTEGER NOT NULL,
    form INTEGER NOT NULL,
    columns TEXT NOT NULL,
    PRIMARY KEY (person, form)
) STRICT;
CREATE TABLE record_comment (
    id INTEGER PRIMARY KEY,
    form INTEGER NOT NULL,
    record INTEGER NOT NULL,
    author INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    content TEXT NOT NULL
) STRICT;
CREATE INDEX record_comment_record ON record_comment (record, id);
CREATE TABLE attachment (
    id INTEGER PRIMARY KEY,
    form TEXT,
    record INTEGER NOT NULL DEFAULT 0,
    field_key TEXT,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    size INTEGER NOT NULL,
    hash TEXT NOT NULL,
    owner INTEGER NOT NULL,
    pages INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX attachment_record ON attachment (record);
CREATE INDEX attachment_hash ON attachment (hash);
CREATE TABLE attachment_page (
    attachment INTEGER NOT NULL REFERENCES attachment(id) ON DELETE CASCADE,
    page INTEGER NOT NULL,
    hash TEXT NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (attachment, page)
) STRICT;
CREATE INDEX attachment_page_hash ON attachment_page (hash);
