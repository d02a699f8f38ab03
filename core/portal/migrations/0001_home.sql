-- What a person changed on the home page: widget is the name of a registered
-- one, or "view:FORM:KEY". place: NULL where it stands by default.
CREATE TABLE home_widget (
    person INTEGER NOT NULL,
    widget TEXT NOT NULL,
    place INTEGER,
    hidden INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (person, widget)
) STRICT;
