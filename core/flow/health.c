/*
 * health.c - what may be wrong with processes: instances, tokens, visits and
 * tasks that contradict each other (the legal states are those of step.c,
 * decide.c, submit.c and withdraw.c), and records that say another state.
 *
 * Where only one of two rows can be right and it says so itself the other one
 * is mended; a process that nobody can continue is an administrator's
 * decision.
 */
#include "base/banned.h"

#include "flow/health.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "base/value.h"
#include "access/access.h"
#include "flow/definition.h"
#include "flow/engine.h"
#include "flow/health_internal.h"
#include "form/record.h"
#include "store/db.h"
#include "store/health.h"

#define ENDED "('approved', 'rejected')"
#define NAMED "CAST(i.id AS TEXT) || ' ' || i.form || ' ' || i.title"

/* ---- definitions and places ---- */

static int64_t *read_ids(size_t *count, struct ctx *ctx, const char *sql)
{
    QUERY_AUTO *query = NULL;
    struct vector list;
    int rc = db_query(&query, ctx, sql, "");

    vector_init(&list, ctx->arena);
    while (!rc && (rc = query_next(query)) == 1) {
        int64_t *id = arena_alloc(ctx->arena, sizeof *id);

        *id = query_int(query, 0);
        vector_add(&list, id);
        rc = 0;
    }
    if (rc)
        return NULL;
    *count = list.count;
    int64_t *ids = arena_array(ctx->arena, list.count + 1, sizeof *ids);

    for (size_t i = 0; i < list.count; i++)
        ids[i] = *(int64_t *)list.items[i];
    return ids;
}

/* A token stands at an element of its process, and came by one of its
 * flows; only a parallel gateway lets it wait for others. */
static const char *place_wrong(const struct graph *graph, const char *node,
                               const char *flow, const char *state)
{
    int at = graph_node_find(graph, node);

    if (at < 0)
        return node;
    if (flow && graph_flow_find(graph, flow) < 0)
        return flow;
    if (text_equal(state, "join") && graph->nodes[at].kind != NODE_PARALLEL)
        return node;
    return NULL;
}

static int look_at_places(struct health *health, struct ctx *ctx,
                          const struct graph *graph, int64_t definition)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT t.id, t.node, t.flow, t.state, t.instance"
                      " FROM flow_token t JOIN flow_instance i"
                      " ON i.id = t.instance WHERE i.definition = ?1",
                      "i", definition);

    while (!rc && (rc = query_next(query)) == 1) {
        const char *wrong =
            place_wrong(graph, query_text(query, 1), query_text(query, 2),
                        query_text(query, 3));

        if (wrong)
            health_found(health, "flow.health.token_place",
                         arena_printf(ctx->arena, "%lld %s",
                                      (long long)query_int(query, 4), wrong));
        rc = 0;
    }
    return rc;
}

static int look(struct health *health, struct ctx *ctx)
{
    size_t count, i;
    int64_t *ids =
        read_ids(&count, ctx,
                 "SELECT id FROM flow_definition d WHERE executable <> 0 OR"
                 " EXISTS (SELECT 1 FROM flow_instance i"
                 " WHERE i.definition = d.id) ORDER BY id");
    int rc = ids ? 0 : E_STORE;

    for (i = 0; !rc && i < count; i++) {
        const struct graph *graph;

        if (graph_load(&graph, ctx, ids[i])) {
            health_found(health, "flow.health.definition",
                         arena_printf(ctx->arena, "%lld: %s", (long long)ids[i],
                                      ctx_error(ctx)));
            ctx_clear(ctx);
        } else {
            rc = look_at_places(health, ctx, graph, ids[i]);
        }
    }
    return rc ? rc : flow_look_at_records(health, ctx);
}

/* ---- mending ---- */

/* A token that waits for a job gets one. */
static int give_jobs(struct ctx *ctx)
{
    size_t count, i;
    int64_t *ids;
    int rc = tx_begin(ctx, "doctor");

    if (rc)
        return rc;
    ids = read_ids(&count, ctx, FLOW_TOKENS_ALONE);
    rc = ids ? 0 : E_STORE;
    for (i = 0; !rc && i < count; i++) {
        struct instance *instance;
        struct token *token;
        struct step step;
        int64_t owner;

        rc =
            db_int(&owner, ctx, "SELECT instance FROM flow_token WHERE id = ?1",
                   "i", ids[i]);
        if (!rc)
            rc = instance_load(&instance, ctx, owner);
        if (!rc)
            rc = step_open(&step, ctx, instance);
        token = rc ? NULL : step_token(&step, ids[i]);
        if (token)
            rc = retry_add(&step, token, 0);
        /* A process that can't be read has its own line. */
        if (rc && !fault_is_fatal(rc)) {
            ctx_clear(ctx);
            rc = 0;
        }
    }
    return tx_end(ctx, rc);
}

static int give_readers(struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    struct vector rows;
    size_t i;
    int rc = tx_begin(ctx, "doctor");

    if (rc)
        return rc;
    vector_init(&rows, ctx->arena);
    rc = db_query(&query, ctx,
                  "SELECT record, holder FROM flow_task t WHERE"
                  " t.ended_at IS NULL AND EXISTS (SELECT 1 FROM org_user u"
                  " WHERE u.id = t.holder) AND NOT EXISTS (SELECT 1"
                  " FROM access_reader r WHERE r.record = t.record"
                  " AND r.user_id = t.holder)",
                  "");
    while (!rc && (rc = query_next(query)) == 1) {
        int64_t *pair = arena_array(ctx->arena, 2, sizeof *pair);

        pair[0] = query_int(query, 0);
        pair[1] = query_int(query, 1);
        vector_add(&rows, pair);
        rc = 0;
    }
    query_done(query);
    query = NULL;
    for (i = 0; !rc && i < rows.count; i++) {
        const int64_t *pair = rows.items[i];

        rc = access_reader_add(ctx, pair[0], pair[1], "task", 0);
    }
    return tx_end(ctx, rc);
}

static const struct health_kind kinds[] = {
    { "flow.health.definition", HEALTH_BAD, NULL, NULL, NULL },
    { "flow.health.state", HEALTH_BAD,
      "SELECT " NAMED " FROM flow_instance i WHERE i.state NOT IN"
      " ('draft', 'running', 'returned', 'approved', 'rejected')",
      NULL, NULL },
    { "flow.health.record", HEALTH_BAD, NULL, NULL, NULL },
    { "flow.health.record_state", HEALTH_BAD, NULL, NULL,
      flow_mend_record_states },
    /* I3: nobody could ever continue it. */
    { "flow.health.stopped", HEALTH_BAD,
      "SELECT " NAMED " FROM flow_instance i WHERE i.state IN"
      " ('running', 'returned') AND NOT EXISTS (SELECT 1 FROM flow_token t"
      " WHERE t.instance = i.id)",
      NULL, NULL },
    { "flow.health.not_ended", HEALTH_BAD,
      "SELECT " NAMED " FROM flow_instance i WHERE i.state NOT IN " ENDED
      " AND i.ended_at IS NOT NULL",
      "UPDATE flow_instance SET ended_at = NULL WHERE state NOT IN " ENDED
      " AND ended_at IS NOT NULL",
      NULL },
    { "flow.health.no_end", HEALTH_BAD,
      "SELECT " NAMED " FROM flow_instance i WHERE i.state IN " ENDED
      " AND i.ended_at IS NULL",
      "UPDATE flow_instance SET ended_at = coalesce((SELECT max(e.at) FROM"
      " flow_event e WHERE e.instance = flow_instance.id), ?1)"
      " WHERE state IN " ENDED " AND ended_at IS NULL",
      NULL },
    { "flow.health.token_over", HEALTH_BAD,
      "SELECT " NAMED " FROM flow_instance i WHERE i.state IN"
      " ('draft', 'approved', 'rejected') AND EXISTS (SELECT 1"
      " FROM flow_token t WHERE t.instance = i.id)",
      "DELETE FROM flow_token WHERE instance IN (SELECT i.id FROM"
      " flow_instance i WHERE i.state IN ('draft', 'approved', 'rejected'))",
      NULL },
    { "flow.health.token_state", HEALTH_BAD,
      "SELECT CAST(t.instance AS TEXT) || ' ' || t.node || ' ' || t.state"
      " FROM flow_token t WHERE t.state NOT IN"
      " ('wait', 'join', 'job', 'fault', 'leaving')",
      "UPDATE flow_token SET state = 'fault' WHERE state NOT IN"
      " ('wait', 'join', 'job', 'fault', 'leaving')",
      NULL },
    { "flow.health.token_place", HEALTH_BAD, NULL, NULL, NULL },
    { "flow.health.token_scope", HEALTH_BAD,
      "SELECT CAST(t.instance AS TEXT) || ' ' || t.node FROM flow_token t"
      " JOIN flow_scope s ON s.id = t.scope WHERE s.instance <> t.instance",
      NULL, NULL },
    /* It waits for a task that nobody has: it enters its element again. */
    { "flow.health.token_alone", HEALTH_BAD,
      "SELECT CAST(t.instance AS TEXT) || ' ' || t.node FROM flow_token t"
      " WHERE t.state = 'wait' AND NOT EXISTS (SELECT 1 FROM flow_visit v"
      " WHERE v.token = t.id AND v.state = 'open')",
      "UPDATE flow_token SET state = 'fault' WHERE state = 'wait'"
      " AND instance IN (SELECT i.id FROM flow_instance i"
      " WHERE i.state = 'running') AND NOT EXISTS (SELECT 1 FROM flow_visit v"
      " WHERE v.token = flow_token.id AND v.state = 'open')",
      NULL },
    { "flow.health.token_job", HEALTH_BAD,
      "SELECT CAST(instance AS TEXT) || ' ' || node FROM flow_token"
      " WHERE id IN (" FLOW_TOKENS_ALONE ")",
      NULL, give_jobs },
    { "flow.health.visit_over", HEALTH_BAD,
      "SELECT CAST(v.instance AS TEXT) || ' ' || v.node FROM flow_visit v"
      " WHERE v.state = 'open' AND NOT EXISTS (SELECT 1 FROM flow_token t"
      " WHERE t.id = v.token AND t.state = 'wait')",
      "UPDATE flow_visit SET state = 'canceled', closed_at = ?1"
      " WHERE state = 'open' AND NOT EXISTS (SELECT 1 FROM flow_token t"
      " WHERE t.id = flow_visit.token AND t.state = 'wait')",
      NULL },
    { "flow.health.visit_state", HEALTH_BAD,
      "SELECT CAST(v.instance AS TEXT) || ' ' || v.node || ' ' || v.state"
      " FROM flow_visit v WHERE (v.state = 'open') <>"
      " (v.closed_at IS NULL)",
      "UPDATE flow_visit SET closed_at = CASE WHEN state = 'open' THEN NULL"
      " ELSE ?1 END WHERE (state = 'open') <> (closed_at IS NULL)",
      NULL },
    { "flow.health.visit_empty", HEALTH_BAD,
      "SELECT CAST(v.instance AS TEXT) || ' ' || v.node FROM flow_visit v"
      " JOIN flow_token k ON k.id = v.token WHERE v.state = 'open'"
      " AND NOT EXISTS (SELECT 1 FROM flow_task t WHERE t.visit = v.id"
      " AND t.state = 'active')",
      "UPDATE flow_visit SET state = 'canceled', closed_at = ?1"
      " WHERE state = 'open' AND NOT EXISTS (SELECT 1 FROM flow_task t"
      " WHERE t.visit = flow_visit.id AND t.state = 'active')",
      NULL },
    { "flow.health.task_over", HEALTH_BAD,
      "SELECT CAST(t.id AS TEXT) || ' ' || t.title FROM flow_task t"
      " WHERE t.state = 'active' AND NOT EXISTS (SELECT 1 FROM flow_visit v"
      " WHERE v.id = t.visit AND v.state = 'open')",
      "UPDATE flow_task SET state = 'canceled', ended_at = ?1,"
      " version = version + 1, reason = 'doctor' WHERE state = 'active'"
      " AND NOT EXISTS (SELECT 1 FROM flow_visit v"
      " WHERE v.id = flow_task.visit AND v.state = 'open')",
      NULL },
    { "flow.health.task_state", HEALTH_BAD,
      "SELECT CAST(t.id AS TEXT) || ' ' || t.state FROM flow_task t WHERE"
      " t.state NOT IN ('active', 'approved', 'rejected', 'returned',"
      " 'canceled', 'withdrawn') OR (t.state = 'active') <>"
      " (t.ended_at IS NULL)",
      "UPDATE flow_task SET ended_at = CASE WHEN state = 'active' THEN NULL"
      " ELSE ?1 END WHERE (state = 'active') <> (ended_at IS NULL)",
      NULL },
    { "flow.health.task_instance", HEALTH_BAD,
      "SELECT CAST(t.id AS TEXT) || ' ' || t.title FROM flow_task t"
      " JOIN flow_visit v ON v.id = t.visit JOIN flow_instance i"
      " ON i.id = t.instance WHERE v.instance <> t.instance"
      " OR t.record <> i.record OR t.form <> i.form",
      "UPDATE flow_task SET record = (SELECT i.record FROM flow_instance i"
      " WHERE i.id = flow_task.instance), form = (SELECT i.form FROM"
      " flow_instance i WHERE i.id = flow_task.instance) WHERE EXISTS"
      " (SELECT 1 FROM flow_instance i WHERE i.id = flow_task.instance"
      " AND (i.record <> flow_task.record OR i.form <> flow_task.form))",
      NULL },
    { "flow.health.task_person", HEALTH_BAD,
      "SELECT CAST(t.id AS TEXT) || ' ' || t.title FROM flow_task t"
      " WHERE t.ended_at IS NULL AND NOT EXISTS (SELECT 1 FROM org_user u"
      " WHERE u.id = t.holder)",
      NULL, NULL },
    { "flow.health.task_reader", HEALTH_BAD,
      "SELECT CAST(t.id AS TEXT) || ' ' || t.title FROM flow_task t"
      " WHERE t.ended_at IS NULL AND EXISTS (SELECT 1 FROM org_user u"
      " WHERE u.id = t.holder) AND NOT EXISTS (SELECT 1 FROM access_reader"
      " r WHERE r.record = t.record AND r.user_id = t.holder)",
      NULL, give_readers },
    { "flow.health.history", HEALTH_BAD,
      "SELECT " NAMED " FROM flow_instance i WHERE i.events <>"
      " (SELECT count(*) FROM flow_event e WHERE e.instance = i.id"
      " AND e.seq BETWEEN 1 AND i.events) OR EXISTS (SELECT 1 FROM"
      " flow_event e WHERE e.instance = i.id AND e.seq > i.events)",
      "UPDATE flow_instance SET events = (SELECT max(e.seq) FROM flow_event e"
      " WHERE e.instance = flow_instance.id) WHERE EXISTS (SELECT 1 FROM"
      " flow_event e WHERE e.instance = flow_instance.id"
      " AND e.seq > flow_instance.events)",
      NULL },
    { "flow.health.incident", HEALTH_NOTE,
      "SELECT number || ' ' || node FROM flow_incident WHERE closed_at IS"
      " NULL AND NOT EXISTS (SELECT 1 FROM flow_token t"
      " WHERE t.id = flow_incident.token)",
      "UPDATE flow_incident SET closed_at = ?1 WHERE closed_at IS NULL AND"
      " NOT EXISTS (SELECT 1 FROM flow_token t"
      " WHERE t.id = flow_incident.token)",
      NULL },
    { NULL, HEALTH_NOTE, NULL, NULL, NULL },
};

const struct health_room flow_health = { "flow", kinds, look };
