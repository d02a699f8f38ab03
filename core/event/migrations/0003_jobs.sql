-- priority: 1 first, 9 last. host and owner say which process of which
-- machine runs it. begun: when its attempt began (0: claimed only). cancel: 1
-- somebody wants it to end. cron, zone: of a schedule by the calendar (zone
-- NULL: the site's).
ALTER TABLE event_job ADD COLUMN priority INTEGER NOT NULL DEFAULT 5;
ALTER TABLE event_job ADD COLUMN module TEXT;
ALTER TABLE event_job ADD COLUMN cron TEXT;
ALTER TABLE event_job ADD COLUMN zone TEXT;
ALTER TABLE event_job ADD COLUMN host TEXT NOT NULL DEFAULT '';
ALTER TABLE event_job ADD COLUMN begun INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event_job ADD COLUMN cancel INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event_delivery ADD COLUMN host TEXT NOT NULL DEFAULT '';
ALTER TABLE event_progress ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0;
CREATE INDEX event_job_next ON event_job (state, priority, due, kind);
