-- heard: forms whose changes the module is told of after the commit, as
-- `required`: what happens to them while it does not load is held for it.
ALTER TABLE module ADD COLUMN heard TEXT NOT NULL DEFAULT '[]';
