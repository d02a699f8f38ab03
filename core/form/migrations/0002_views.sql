-- Views that people have saved. content: JSON of filter, search, sort, columns
-- and what the kind has. shared_with: nobody, department, everyone.
CREATE TABLE form_view (
    id INTEGER PRIMARY KEY,
    form INTEGER NOT NULL REFERENCES form(id),
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    owner INTEGER NOT NULL,
    shared_with TEXT NOT NULL,
    department INTEGER NOT NULL,
    locked INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX form_view_form ON form_view (form, deleted_at, id);
-- What a person has chosen for a view ('': the list without one): columns with
-- widths ("name:240,stage"), the tab's place, which one is the default.
-- Person 0 is everybody.
CREATE TABLE form_view_choice (
    person INTEGER NOT NULL,
    form INTEGER NOT NULL,
    view_key TEXT NOT NULL,
    columns TEXT,
    place INTEGER,
    is_default INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (person, form, view_key)
) STRICT;
INSERT INTO form_view_choice (person, form, view_key, columns)
    SELECT person, form, '', columns FROM form_columns;
