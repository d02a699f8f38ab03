-- The finished text by language, of what a module told: its catalog is gone
-- where the module is switched off. JSON; NULL: the core's.
ALTER TABLE notify_message ADD COLUMN texts TEXT;
