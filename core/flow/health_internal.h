/*
 * health_internal.h - what the files of the room's doctor share.
 */
#ifndef FLOW_HEALTH_INTERNAL_H
#define FLOW_HEALTH_INTERNAL_H

struct ctx;
struct health;

/* Ids of tokens that wait for a job although there is none, not even a failed
 * one that an administrator could start again. A job's key is its token. */
#define FLOW_TOKENS_ALONE                                                      \
    "SELECT k.id FROM flow_token k WHERE k.state IN"                           \
    " ('job', 'fault', 'leaving') AND NOT EXISTS (SELECT 1 FROM event_job j"   \
    " WHERE j.kind = 'flow.continue' AND j.key = CAST(k.id AS TEXT))"

/* health_record.c: instances against the records that they are about. */
int flow_look_at_records(struct health *health, struct ctx *ctx);
/* Writes the state of each running process into its record. */
int flow_mend_record_states(struct ctx *ctx);

#endif
