/*
 * history.c - what happened to an application, and where it stands: the
 * timeline, and the path walked and to come.
 */
#include "base/banned.h"

#include "flow/flow.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/value.h"
#include "flow/engine.h"
#include "org/person.h"
#include "store/db.h"

/* ---- timeline ---- */

static struct value *entry_of(struct ctx *ctx, const struct graph *graph,
                              struct query *query)
{
    struct value *entry = value_map(ctx->arena);
    const char *node = query_copy(query, 3);
    int index = node ? graph_node_find(graph, node) : -1;
    int64_t actor = query_int(query, 1);

    value_set_int(entry, "at", query_int(query, 0));
    value_set_id(entry, "actor", actor);
    value_set_text(entry, "name", actor ? person_name(ctx, actor) : "");
    value_set_text(entry, "action", query_copy(query, 2));
    value_set_text(entry, "node", node);
    value_set_text(entry, "node_name",
                   index < 0 ? ""
                             : graph_node_title(ctx, &graph->nodes[index]));
    value_set_int(entry, "round", query_int(query, 4));
    value_set_text(entry, "reason", query_copy(query, 5));
    value_set_text(entry, "comment", query_copy(query, 6));
    return entry;
}

int flow_history(struct value **out, struct ctx *ctx, int64_t record)
{
    QUERY_AUTO *query = NULL;
    struct instance *instance;
    int rc = instance_of_record(&instance, ctx, record);

    *out = value_list(ctx->arena);
    if (rc)
        return rc == E_NOT_FOUND ? 0 : rc;
    rc = db_query(&query, ctx,
                  "SELECT at, actor, action, node, round, reason, comment"
                  " FROM flow_event WHERE instance = ?1 ORDER BY seq",
                  "i", instance->id);
    while (!rc && (rc = query_next(query)) == 1) {
        value_append(*out, entry_of(ctx, instance->graph, query));
        rc = 0;
    }
    return rc;
}

/* ---- the path ---- */

struct path {
    struct step step; /* never written */
    struct value *nodes;
    bool *seen; /* of the nodes to come */
};

static void add_person(struct ctx *ctx, struct value *people, int64_t id)
{
    struct value *person = value_map(ctx->arena);

    value_set_id(person, "id", id);
    value_set_text(person, "name", person_name(ctx, id));
    value_append(people, person);
}

static struct value *add_node(struct path *path, int node, const char *status)
{
    struct ctx *ctx = path->step.ctx;
    const struct graph_node *at = &path->step.graph->nodes[node];
    struct value *map = value_map(ctx->arena);
    const char *kind = at->kind == NODE_START  ? "start"
                       : at->kind == NODE_USER ? "user"
                                               : "end";

    value_set_text(map, "id", at->id);
    value_set_text(map, "name", graph_node_title(ctx, at));
    value_set_text(map, "kind", kind);
    value_set_text(map, "status", status);
    value_set(map, "people", value_list(ctx->arena));
    value_append(path->nodes, map);
    return map;
}

/* Visits of this round, each with those who decided, or who are asked. */
static int add_walked(struct path *path)
{
    struct instance *instance = path->step.instance;
    struct ctx *ctx = path->step.ctx;
    QUERY_AUTO *query = NULL;
    struct value *map = NULL;
    int64_t last = 0;
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT v.id, v.node, v.state, v.rule, v.closed_at,"
                  " t.holder, t.actor FROM flow_visit v JOIN flow_task t"
                  " ON t.instance = v.instance AND t.visit = v.id"
                  " WHERE v.instance = ?1 AND v.round = ?2"
                  " ORDER BY v.id, t.id",
                  "ii", instance->id, (int64_t)instance->round);
    while (!rc && (rc = query_next(query)) == 1) {
        const char *state = query_copy(query, 2);
        bool open = text_equal(state, "open");
        int node = graph_node_find(path->step.graph, query_text(query, 1));

        rc = 0;
        if (node < 0)
            continue;
        /* Back at the start: said by the first node already. */
        if (path->step.graph->nodes[node].kind == NODE_START)
            continue;
        if (query_int(query, 0) != last) {
            map = add_node(path, node, open ? "current" : "passed");
            value_set_text(map, "outcome", open ? NULL : state);
            value_set_text(map, "rule", query_copy(query, 3));
            if (!open)
                value_set_int(map, "at", query_int(query, 4));
        }
        last = query_int(query, 0);
        if (open || !query_is_null(query, 6))
            add_person(ctx, value_get(map, "people"), query_int(query, 5));
    }
    return rc;
}

static void look_ahead(struct path *path, int node);

static void follow_flow(struct path *path, int flow)
{
    look_ahead(path, path->step.graph->flows[flow].target);
}

/* The way that the record's values lead now; a condition that fails gives
 * none. */
static void look_behind(struct path *path, int index)
{
    const struct graph_node *node = &path->step.graph->nodes[index];
    bool exclusive = node->kind == NODE_EXCLUSIVE, any = false;
    int i;

    for (i = 0; i < node->outgoing_count; i++) {
        const struct graph_flow *flow =
            &path->step.graph->flows[node->outgoing[i]];
        bool yes = node->outgoing[i] != node->default_flow;

        if (flow->condition && condition_test(&yes, &path->step, flow)) {
            ctx_clear(path->step.ctx);
            yes = false;
        }
        if (!yes)
            continue;
        any = true;
        follow_flow(path, node->outgoing[i]);
        if (exclusive)
            return;
    }
    if (!any && node->default_flow >= 0)
        follow_flow(path, node->default_flow);
}

static void look_ahead(struct path *path, int index)
{
    const struct graph_node *node = &path->step.graph->nodes[index];
    struct people people;
    struct value *map;
    size_t i;

    if (path->seen[index])
        return;
    path->seen[index] = true;
    if (node->kind == NODE_USER) {
        map = add_node(path, index, "to_come");
        if (people_resolve(&people, &path->step, node))
            ctx_clear(path->step.ctx);
        for (i = 0; i < people.count; i++)
            add_person(path->step.ctx, value_get(map, "people"), people.ids[i]);
        value_set_text(map, "rule", people.count ? people.rule : NULL);
    }
    if (node->kind == NODE_END)
        (void)add_node(path, index, "to_come");
    look_behind(path, index);
}

static int add_to_come(struct path *path)
{
    struct value *nodes = path->nodes, *ends, *rest;
    struct ctx *ctx = path->step.ctx;
    size_t i;

    /* What comes depends on conditions that see an approval. */
    path->step.instance->result = "approved";
    path->nodes = value_list(ctx->arena);
    path->seen = arena_array(
        ctx->arena, (size_t)path->step.graph->node_count + 1, sizeof(bool));
    for (i = 0; i < path->step.token_count; i++) {
        const struct token *token = &path->step.tokens[i];

        if (token->state == TOKEN_FAULT || token->state == TOKEN_JOB)
            look_ahead(path, token->node);
        else
            look_behind(path, token->node);
    }
    if (!path->step.token_count)
        look_behind(path, path->step.graph->start);
    /* Ends stand last, whichever branch came to them first. */
    rest = path->nodes;
    ends = value_list(ctx->arena);
    for (i = 0; i < value_count(rest); i++)
        value_append(
            text_equal(value_get_text(value_at(rest, i), "kind"), "end")
                ? ends
                : nodes,
            value_at(rest, i));
    for (i = 0; i < value_count(ends); i++)
        value_append(nodes, value_at(ends, i));
    path->nodes = nodes;
    return 0;
}

static int fill_path(struct path *path)
{
    struct instance *instance = path->step.instance;
    struct ctx *ctx = path->step.ctx;
    bool running = text_equal(instance->state, "running");
    bool waits = !running && text_equal(instance->state, "returned");
    struct value *map;
    int rc;

    waits = waits || text_equal(instance->state, "draft");
    map = add_node(path, path->step.graph->start, waits ? "current" : "passed");
    add_person(ctx, value_get(map, "people"), instance->initiator);
    if (!waits)
        value_set_int(map, "at", instance->started_at);
    rc = add_walked(path);
    if (!rc && (running || waits))
        rc = add_to_come(path);
    if (rc || running || waits)
        return rc;
    map = value_map(ctx->arena);
    value_set_text(map, "kind", "end");
    value_set_text(map, "status", "passed");
    value_set_text(map, "outcome", instance->state);
    value_set_int(map, "at", instance->ended_at);
    value_set(map, "people", value_list(ctx->arena));
    value_append(path->nodes, map);
    return 0;
}

static struct value *may_of(struct ctx *ctx, const struct instance *instance)
{
    struct value *may = value_map(ctx->arena);
    bool own = person_id(ctx->person) == instance->initiator;
    bool returned = text_equal(instance->state, "returned");

    value_set_bool(may, "withdraw",
                   own && !instance->decisions &&
                       (returned || text_equal(instance->state, "running")));
    value_set_bool(may, "resubmit",
                   own && (returned || text_equal(instance->state, "draft")));
    return may;
}

int flow_status(struct value **out, struct ctx *ctx, int64_t record)
{
    struct path path = { 0 };
    struct instance *instance;
    int64_t incident = 0;
    int rc = instance_of_record(&instance, ctx, record);

    *out = value_null(ctx->arena);
    if (rc)
        return rc == E_NOT_FOUND ? 0 : rc;
    rc = step_open(&path.step, ctx, instance);
    if (rc)
        return rc;
    path.nodes = value_list(ctx->arena);
    rc = fill_path(&path);
    if (!rc)
        rc = db_int(&incident, ctx,
                    "SELECT COUNT(*) FROM flow_incident WHERE instance = ?1"
                    " AND closed_at IS NULL",
                    "i", instance->id);
    if (rc)
        return rc;
    *out = value_map(ctx->arena);
    value_set_text(*out, "state", instance->state);
    value_set_id(*out, "instance", instance->id);
    value_set_text(*out, "title", instance->title);
    value_set_int(*out, "round", instance->round);
    value_set_int(*out, "started_at", instance->started_at);
    value_set_bool(*out, "incident", incident > 0);
    value_set(*out, "nodes", path.nodes);
    value_set(*out, "may", may_of(ctx, instance));
    return 0;
}
