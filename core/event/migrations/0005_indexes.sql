-- An index for each question, of the rows that it is about alone: who looks for
-- what is next reads it in order, whatever a planner knows of the table, and
-- what begins or ends leaves the others' as they are.
DROP INDEX event_job_next;
DROP INDEX event_job_due;
CREATE INDEX event_job_waiting ON event_job (priority, due) WHERE state = 0;
CREATE INDEX event_job_due ON event_job (due) WHERE state = 0;
CREATE INDEX event_job_running ON event_job (id) WHERE state = 1;
CREATE INDEX event_job_failed ON event_job (id) WHERE state = 2;
DROP INDEX event_delivery_due;
CREATE INDEX event_delivery_waiting ON event_delivery (due) WHERE state = 0;
CREATE INDEX event_delivery_running ON event_delivery (lease) WHERE state = 1;
CREATE INDEX event_delivery_failed ON event_delivery (id) WHERE state = 2;
