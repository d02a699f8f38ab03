-- Full text of all forms' records (store/fulltext.h): the tokens of tokens.c
-- as lexemes, one row a record.
CREATE TABLE search_index (
    rowid BIGINT PRIMARY KEY,
    tokens tsvector NOT NULL
);
CREATE INDEX search_index_tokens ON search_index USING gin (tokens);
-- What of a form is in it: records above `cursor`; 0: all. stale: the column
-- "search" of those below may hold texts of fields that are hidden by now.
CREATE TABLE search_form (
    form BIGINT PRIMARY KEY,
    cursor BIGINT NOT NULL,
    stale BIGINT NOT NULL,
    signature TEXT NOT NULL
);
