/*
 * incident.c - what an administrator has to look at: tokens that cannot go
 * on, with the element, the reason and the attempts so far (T7, I3).
 */
#include "base/banned.h"

#include "flow/engine.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/value.h"
#include "event/incident.h"
#include "store/db.h"

static int incident_insert(struct step *step, int64_t token, const char *node,
                           const char *key, const char *message)
{
    struct ctx *ctx = step->ctx;
    int64_t id = id_next();
    const char *number = arena_printf(ctx->arena, "F%lld", (long long)id);
    struct value *data = value_map(ctx->arena);
    int rc;

    value_set_id(data, "instance", step->instance->id);
    value_set_id(data, "record", step->instance->record);
    value_set_text(data, "form", step->instance->form);
    value_set_text(data, "node", node);
    value_set_text(data, "message", message);
    rc = incident_add(ctx, "flow", NULL, number, data);
    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "INSERT INTO flow_incident (id, number, instance, token, node,"
                 " key, message, attempts, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6,"
                 " ?7, 1, ?8)",
                 "isiisssi", id, number, step->instance->id, token, node, key,
                 message, clock_now());
    if (rc)
        return rc;
    return history_add(ctx, step->instance,
                       &(struct history_entry){
                           .action = "incident", .node = node, .reason = key });
}

/* Says of one that is open already that it failed again. */
static int incident_again(struct step *step, int64_t token, const char *key,
                          const char *message)
{
    return db_exec(step->ctx,
                   "UPDATE flow_incident SET attempts = attempts + 1,"
                   " key = ?2, message = ?3"
                   " WHERE token = ?1 AND closed_at IS NULL",
                   "iss", token, key, message);
}

int step_fault(struct step *step, struct token *token, enum token_state state,
               bool retry)
{
    struct ctx *ctx = step->ctx;
    const char *node = step->graph->nodes[token->node].id;
    const char *key = ctx->problems ? ctx->problems->key : "flow.fault";
    const char *message = arena_strdup(ctx->arena, ctx_error(ctx));
    int rc;

    ctx_clear(ctx);
    step->faults++;
    token->state = state;
    token->moved = true;
    rc = incident_again(step, token->id, key, message);
    if (!rc && db_changes(ctx) == 0)
        rc = incident_insert(step, token->id, node, key, message);
    if (!rc && retry && token->id != step->job_token)
        rc = retry_add(step, token, clock_now() + 60000);
    return rc;
}

int incidents_close(struct ctx *ctx, int64_t instance, int64_t token)
{
    QUERY_AUTO *query = NULL;
    struct vector numbers;
    size_t i;
    int rc;

    vector_init(&numbers, ctx->arena);
    rc = db_query(&query, ctx,
                  "SELECT number FROM flow_incident WHERE instance = ?1"
                  " AND closed_at IS NULL AND ?2 IN (0, token)",
                  "ii", instance, token);
    while (!rc && (rc = query_next(query)) == 1) {
        vector_add(&numbers, (void *)query_copy(query, 0));
        rc = 0;
    }
    query_done(query);
    query = NULL;
    for (i = 0; !rc && i < numbers.count; i++)
        rc = incident_close_number(ctx, numbers.items[i]);
    if (rc || !numbers.count)
        return rc;
    return db_exec(ctx,
                   "UPDATE flow_incident SET closed_at = ?3 WHERE instance = ?1"
                   " AND closed_at IS NULL AND ?2 IN (0, token)",
                   "iii", instance, token, clock_now());
}
