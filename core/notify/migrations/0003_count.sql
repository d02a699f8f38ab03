-- How often the same thing was told before it was read: one line all the same.
ALTER TABLE notify_message ADD COLUMN count INTEGER NOT NULL DEFAULT 1;
