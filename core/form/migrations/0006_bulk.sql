-- Work on many records at once, so that it can be told and taken back.
-- content: the values that are set; former, written: those before and after,
-- as JSON; reason: why a record was left as it was, in its person's language.
CREATE TABLE form_bulk (
    id INTEGER PRIMARY KEY,
    form INTEGER NOT NULL REFERENCES form(id),
    person INTEGER NOT NULL,
    action TEXT NOT NULL,
    content TEXT NOT NULL,
    state TEXT NOT NULL,
    job INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE form_bulk_item (
    bulk INTEGER NOT NULL REFERENCES form_bulk(id) ON DELETE CASCADE,
    record INTEGER NOT NULL,
    state TEXT NOT NULL,
    former TEXT,
    written TEXT,
    reason TEXT,
    PRIMARY KEY (bulk, record)
) STRICT;
CREATE INDEX form_bulk_item_state ON form_bulk_item (bulk, state, record);
