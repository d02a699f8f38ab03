-- Types of fields that modules bring, and how their values lie in a column
-- (TEXT, INTEGER): known although the module is away.
CREATE TABLE form_field_type (
    name TEXT PRIMARY KEY,
    storage TEXT NOT NULL
) STRICT, WITHOUT ROWID;
