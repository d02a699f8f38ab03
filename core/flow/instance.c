/*
 * instance.c - the rows of instances, their history, and the commands that
 * clients have sent already.
 */
#include "base/banned.h"

#include "flow/engine.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "flow/definition.h"
#include "org/person.h"
#include "store/db.h"

/* Operation ids come from outside: long enough for a UUID with a prefix. */
enum { OPERATION_MAX = 100 };

#define COLUMNS                                                                \
    "id, definition, form, form_version, record, initiator, title, state,"     \
    " version, round, decisions, events, result, outcome, started_at,"         \
    " ended_at"

static int load(struct instance **out, struct ctx *ctx, const char *sql,
                int64_t key)
{
    QUERY_AUTO *query = NULL;
    struct instance *instance;
    int rc;

    *out = NULL;
    rc = db_query(&query, ctx, sql, "i", key);
    if (!rc)
        rc = query_next(query);
    if (rc <= 0)
        return rc ? rc : E_NOT_FOUND;
    instance = arena_alloc(ctx->arena, sizeof(*instance));
    instance->id = query_int(query, 0);
    instance->definition = query_int(query, 1);
    instance->form = query_copy(query, 2);
    instance->form_version = query_int(query, 3);
    instance->record = query_int(query, 4);
    instance->initiator = query_int(query, 5);
    instance->title = query_copy(query, 6);
    instance->state = query_copy(query, 7);
    instance->version = query_int(query, 8);
    instance->round = (int)query_int(query, 9);
    instance->decisions = (int)query_int(query, 10);
    instance->events = query_int(query, 11);
    instance->result = query_copy(query, 12);
    instance->outcome = query_copy(query, 13);
    instance->started_at = query_int(query, 14);
    instance->ended_at = query_int(query, 15);
    query_done(query);
    query = NULL;
    rc = graph_load(&instance->graph, ctx, instance->definition);
    if (!rc)
        *out = instance;
    return rc;
}

int instance_load(struct instance **out, struct ctx *ctx, int64_t id)
{
    return load(out, ctx, "SELECT " COLUMNS " FROM flow_instance WHERE id = ?1",
                id);
}

int instance_of_record(struct instance **out, struct ctx *ctx, int64_t record)
{
    return load(out, ctx,
                "SELECT " COLUMNS " FROM flow_instance WHERE record = ?1",
                record);
}

int instance_insert(struct ctx *ctx, struct instance *instance)
{
    return db_exec(ctx,
                   "INSERT INTO flow_instance (" COLUMNS
                   ") VALUES (?1, ?2, ?3, ?4, ?5,"
                   " ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, NULL)",
                   "iisiiissiiiissi", instance->id, instance->definition,
                   instance->form, instance->form_version, instance->record,
                   instance->initiator, instance->title, instance->state,
                   instance->version, (int64_t)instance->round,
                   (int64_t)instance->decisions, instance->events,
                   instance->result, instance->outcome, instance->started_at);
}

int instance_save(struct ctx *ctx, struct instance *instance)
{
    int rc = db_exec(
        ctx,
        "UPDATE flow_instance SET state = ?3, version = ?2 + 1, round = ?4,"
        " decisions = ?5, events = ?6, result = ?7, outcome = ?8,"
        " ended_at = NULLIF(?9, 0), title = ?10"
        " WHERE id = ?1 AND version = ?2",
        "iisiiissis", instance->id, instance->version, instance->state,
        (int64_t)instance->round, (int64_t)instance->decisions,
        instance->events, instance->result, instance->outcome,
        instance->ended_at, instance->title);

    if (rc)
        return rc;
    if (db_changes(ctx) != 1)
        return fail(ctx, E_CONFLICT, "flow.moved",
                    "the process has moved on meanwhile");
    instance->version++;
    return 0;
}

int history_add(struct ctx *ctx, struct instance *instance,
                const struct history_entry *entry)
{
    int64_t seq = entry->seq ? entry->seq : ++instance->events;

    return db_exec(ctx,
                   "INSERT INTO flow_event (instance, seq, at, actor, action,"
                   " node, round, reason, comment, data) VALUES (?1, ?2, ?3,"
                   " NULLIF(?4, 0), ?5, ?6, ?7, ?8, ?9, ?10)",
                   "iiiississs", instance->id, seq, clock_now(), entry->actor,
                   entry->action, entry->node, (int64_t)instance->round,
                   entry->reason, entry->comment, entry->data);
}

/* By the record, which has one instance at most: so it is there before the
 * first one is. */
int instance_guard(struct ctx *ctx, int64_t record)
{
    return tx_guard(ctx, arena_printf(ctx->arena, "flow:%" PRId64, record));
}

/* ---- commands (I8) ---- */

static int guard_operation(struct ctx *ctx, const char *operation)
{
    if (!tx_active(ctx))
        return 0;
    return tx_guard(ctx, arena_printf(ctx->arena, "command:%" PRId64 ":%s",
                                      person_id(ctx->person), operation));
}

int command_seen(int64_t *answer, struct ctx *ctx, const char *operation,
                 const char *kind, int64_t subject)
{
    QUERY_AUTO *query = NULL;
    int rc;

    *answer = 0;
    if (text_empty(operation))
        return 0;
    if (strlen(operation) > OPERATION_MAX)
        return fail(ctx, E_INVALID, "flow.operation.long",
                    "an operation id has at most %d bytes", OPERATION_MAX);
    rc = guard_operation(ctx, operation);
    if (!rc)
        rc = db_query(&query, ctx,
                      "SELECT kind, subject, answer FROM flow_command"
                      " WHERE person = ?1 AND operation = ?2",
                      "is", person_id(ctx->person), operation);
    if (!rc)
        rc = query_next(query);
    if (rc <= 0)
        return rc;
    if (!text_equal(query_text(query, 0), kind) ||
        query_int(query, 1) != subject)
        return fail(ctx, E_CONFLICT, "flow.operation.reused",
                    "this operation id was used for another command");
    *answer = query_int(query, 2);
    return 1;
}

int command_keep(struct ctx *ctx, const char *operation, const char *kind,
                 int64_t subject, int64_t answer)
{
    if (text_empty(operation))
        return 0;
    return db_exec(ctx,
                   "INSERT INTO flow_command (person, operation, kind, subject,"
                   " answer, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                   "issiii", person_id(ctx->person), operation, kind, subject,
                   answer, clock_now());
}
