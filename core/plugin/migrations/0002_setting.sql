-- What administrators set of a module's settings.json: a JSON map by field.
CREATE TABLE module_setting (
    module TEXT PRIMARY KEY,
    data TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
