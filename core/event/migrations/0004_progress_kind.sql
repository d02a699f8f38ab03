-- Whose job it was, when its row in event_job is gone.
ALTER TABLE event_progress ADD COLUMN kind TEXT;
