-- Full text of all forms' records: rowid is the record's id, tokens are made
-- by store/tokens.c. It keeps no text and no positions: what it finds is
-- looked at again in the record's own table (form/search.c).
CREATE VIRTUAL TABLE search_index USING fts5 (
    tokens, content = '', detail = none, columnsize = 0, tokenize = 'ascii'
);
-- What of a form is in it: records above `cursor`; 0: all. stale: the column
-- "search" of those below may hold texts of fields that are hidden by now.
CREATE TABLE search_form (
    form INTEGER PRIMARY KEY,
    cursor INTEGER NOT NULL,
    stale INTEGER NOT NULL,
    signature TEXT NOT NULL
) STRICT;
