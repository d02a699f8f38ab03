/*
 * health.c - what may be wrong with jobs, deliveries and incidents.
 */
#include "base/banned.h"

#include "event/health.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/str.h"
#include "base/value.h"
#include "store/blob.h"
#include "store/db.h"
#include "store/health.h"

/* Texts that are to be JSON. */
static int look_at_data(struct health *health, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    struct ctx own = *ctx;
    int rc;

    own.arena = arena_new(0);
    rc = db_query(&query, &own,
                  "SELECT CAST(id AS TEXT) || ' ' || kind, data FROM event_job"
                  " WHERE data IS NOT NULL",
                  "");
    while (!rc && (rc = query_next(query)) == 1) {
        const char *text = query_text(query, 1);
        struct value *data;

        if (json_parse(&data, &own, text, strlen(text)))
            health_found(health, "event.health.job_data", query_text(query, 0));
        ctx_clear(&own);
        arena_reset(own.arena);
        rc = 0;
    }
    query_done(query);
    query = NULL;
    arena_free(own.arena);
    return rc;
}

/* Files that a job has left for somebody. */
static int look_at_results(struct health *health, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT file_hash, CAST(job AS TEXT) || ' ' || file_name"
                      " FROM event_progress WHERE file_hash IS NOT NULL",
                      "");

    while (!rc && (rc = query_next(query)) == 1) {
        rc = 0;
        if (!blob_there(ctx, query_text(query, 0)))
            health_found(health, "event.health.result", query_text(query, 1));
    }
    return rc;
}

static int look(struct health *health, struct ctx *ctx)
{
    int rc = look_at_data(health, ctx);

    return rc || !ctx->site ? rc : look_at_results(health, ctx);
}

/* The person is told by the page that the file is gone. */
static int forget_results(struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    struct value *lost = value_list(ctx->arena);
    size_t i;
    int rc = db_query(&query, ctx,
                      "SELECT job, file_hash FROM event_progress"
                      " WHERE file_hash IS NOT NULL",
                      "");

    while (!rc && (rc = query_next(query)) == 1) {
        rc = 0;
        if (!blob_there(ctx, query_text(query, 1)))
            value_append(lost, value_int(ctx->arena, query_int(query, 0)));
    }
    query_done(query);
    query = NULL;
    if (!rc)
        rc = tx_begin(ctx, "doctor");
    if (rc)
        return rc;
    for (i = 0; !rc && i < value_count(lost); i++)
        rc = db_exec(ctx,
                     "UPDATE event_progress SET file_hash = NULL,"
                     " file_name = NULL WHERE job = ?1",
                     "i", value_as_int(value_at(lost, i), 0));
    return tx_end(ctx, rc);
}

static const struct health_kind kinds[] = {
    { "event.health.job_data", HEALTH_BAD, NULL, NULL, NULL },
    /* Its lease ran out an hour ago and nobody took it. */
    { "event.health.job_stuck", HEALTH_NOTE,
      "SELECT CAST(id AS TEXT) || ' ' || kind FROM event_job"
      " WHERE state = 1 AND lease < ?1 - 3600000",
      "UPDATE event_job SET state = 0, due = ?1"
      " WHERE state = 1 AND lease < ?1 - 3600000",
      NULL },
    { "event.health.delivery_stuck", HEALTH_NOTE,
      "SELECT CAST(id AS TEXT) || ' ' || subscriber FROM event_delivery"
      " WHERE state = 1 AND lease < ?1 - 3600000",
      "UPDATE event_delivery SET state = 0, due = ?1"
      " WHERE state = 1 AND lease < ?1 - 3600000",
      NULL },
    /* Its subscribers are known and none of them is left to be told. */
    { "event.health.outbox", HEALTH_NOTE,
      "SELECT CAST(id AS TEXT) || ' ' || topic FROM event_outbox WHERE"
      " state = 1 AND NOT EXISTS (SELECT 1 FROM event_delivery d"
      " WHERE d.outbox = event_outbox.id)",
      "DELETE FROM event_outbox WHERE state = 1 AND NOT EXISTS"
      " (SELECT 1 FROM event_delivery d WHERE d.outbox = event_outbox.id)",
      NULL },
    { "event.health.incident_job", HEALTH_NOTE,
      "SELECT CAST(id AS TEXT) || ' ' || kind FROM event_incident"
      " WHERE state = 0 AND job > 0 AND NOT EXISTS (SELECT 1 FROM event_job j"
      " WHERE j.id = event_incident.job)",
      "UPDATE event_incident SET state = 1, closed_at = ?1 WHERE state = 0"
      " AND job > 0 AND NOT EXISTS (SELECT 1 FROM event_job j"
      " WHERE j.id = event_incident.job)",
      NULL },
    { "event.health.result", HEALTH_NOTE, NULL, NULL, forget_results },
    { NULL, HEALTH_NOTE, NULL, NULL, NULL },
};

const struct health_room event_health = { "event", kinds, look };
