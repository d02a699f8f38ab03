/*
 * step.c - the token game: one step of one instance.
 *
 * Tokens that arrive somewhere stand in a FIFO agenda and are taken one after
 * another, in document order where one element sends several (bpmn.md,
 * "step"). A failing element costs its own token only: that one waits before
 * the element with an incident, whatever else could go on went on, and the
 * decision that started the step stands (T7).
 */
#include "base/banned.h"

#include "flow/engine.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "store/db.h"

static const char *const state_names[] = {
    [TOKEN_MOVING] = "fault", [TOKEN_WAIT] = "wait",
    [TOKEN_JOIN] = "join",    [TOKEN_JOB] = "job",
    [TOKEN_FAULT] = "fault",  [TOKEN_LEAVING] = "leaving",
};

static enum token_state state_of(const char *name)
{
    size_t i;

    for (i = TOKEN_WAIT; i < sizeof(state_names) / sizeof(state_names[0]); i++)
        if (text_equal(state_names[i], name))
            return (enum token_state)i;
    return TOKEN_FAULT;
}

bool fault_is_fatal(int code)
{
    return code == E_STORE || code == E_FULL || code == E_BUSY || code == E_IO;
}

/* ---- tokens ---- */

static struct token *token_add(struct step *step)
{
    if (step->token_count == step->token_capacity) {
        size_t old = step->token_capacity * sizeof(*step->tokens);

        step->token_capacity =
            step->token_capacity ? 2 * step->token_capacity : 8;
        step->tokens = arena_grow(step->ctx->arena, step->tokens, old,
                                  step->token_capacity * sizeof(*step->tokens));
    }
    memset(&step->tokens[step->token_count], 0, sizeof(*step->tokens));
    return &step->tokens[step->token_count++];
}

int step_open(struct step *step, struct ctx *ctx, struct instance *instance)
{
    QUERY_AUTO *query = NULL;
    int rc;

    memset(step, 0, sizeof(*step));
    step->ctx = ctx;
    step->instance = instance;
    step->graph = instance->graph;
    buf_init(&step->path, ctx->arena, 64 * 1024);
    rc = db_query(&query, ctx,
                  "SELECT id, scope, node, flow, state FROM flow_token"
                  " WHERE instance = ?1 ORDER BY id",
                  "i", instance->id);
    while (!rc && (rc = query_next(query)) == 1) {
        struct token *token = token_add(step);

        token->id = query_int(query, 0);
        token->scope = step->scope = query_int(query, 1);
        token->node = graph_node_find(step->graph, query_text(query, 2));
        token->flow = query_is_null(query, 3)
                          ? -1
                          : graph_flow_find(step->graph, query_text(query, 3));
        token->state = state_of(query_text(query, 4));
        token->stored = true;
        rc = 0;
        if (token->node < 0)
            return fail(ctx, E_INTERNAL, "flow.token",
                        "instance %lld has a token at no element",
                        (long long)instance->id);
    }
    return rc;
}

int step_begin(struct step *step, struct ctx *ctx, struct instance *instance)
{
    memset(step, 0, sizeof(*step));
    step->ctx = ctx;
    step->instance = instance;
    step->graph = instance->graph;
    buf_init(&step->path, ctx->arena, 64 * 1024);
    step->scope = id_next();
    return db_exec(ctx,
                   "INSERT INTO flow_scope (id, instance, kind, state)"
                   " VALUES (?1, ?2, 'process', 'open')",
                   "ii", step->scope, instance->id);
}

/* The root scope; asked only where no token tells it. */
static int find_scope(struct step *step)
{
    if (step->scope)
        return 0;
    return db_int(&step->scope, step->ctx,
                  "SELECT id FROM flow_scope WHERE instance = ?1"
                  " AND parent IS NULL",
                  "i", step->instance->id);
}

struct token *step_place(struct step *step, int node)
{
    struct token *token;

    if (find_scope(step))
        return NULL;
    token = token_add(step);
    token->id = id_next();
    token->scope = step->scope;
    token->node = node;
    token->flow = -1;
    return token;
}

struct token *step_token(struct step *step, int64_t id)
{
    size_t i;

    for (i = 0; i < step->token_count; i++)
        if (step->tokens[i].id == id)
            return &step->tokens[i];
    return NULL;
}

static void set_state(struct token *token, enum token_state state)
{
    token->state = state;
    token->moved = true;
}

void step_enter(struct step *step, struct token *token)
{
    if (step->agenda_tail == step->agenda_capacity) {
        size_t old = step->agenda_capacity * sizeof(*step->agenda);

        step->agenda_capacity =
            step->agenda_capacity ? 2 * step->agenda_capacity : 16;
        step->agenda =
            arena_grow(step->ctx->arena, step->agenda, old,
                       step->agenda_capacity * sizeof(*step->agenda));
    }
    set_state(token, TOKEN_MOVING);
    step->agenda[step->agenda_tail++] = (size_t)(token - step->tokens);
}

/* Sends a token over each flow of the list; the first takes the old one, so
 * that a straight process changes one row. */
static void send(struct step *step, struct token *token, const int *flows,
                 int count)
{
    size_t index = (size_t)(token - step->tokens);
    int64_t scope = token->scope;
    int i;

    for (i = 0; i < count; i++) {
        const struct graph_flow *flow = &step->graph->flows[flows[i]];

        if (i > 0) {
            token = token_add(step);
            token->id = id_next();
            token->scope = scope;
        } else {
            token = &step->tokens[index];
        }
        token->node = flow->target;
        token->flow = flows[i];
        buf_add_char(&step->path, step->path.length ? ',' : '[');
        buf_add_json(&step->path, flow->id, strlen(flow->id));
        step_enter(step, token);
    }
}

/* ---- leaving ---- */

/* T4: every flow whose condition is true, and those without; the default
 * where no condition is. */
static int leave_activity(struct step *step, struct token *token,
                          const struct graph_node *node)
{
    int *taken = arena_array(step->ctx->arena, (size_t)node->outgoing_count + 1,
                             sizeof(int));
    int count = 0, conditions = 0, trues = 0, i;

    if (!node->outgoing_count) { /* T3 */
        token->gone = token->moved = true;
        return 0;
    }
    for (i = 0; i < node->outgoing_count; i++) {
        const struct graph_flow *flow = &step->graph->flows[node->outgoing[i]];
        bool yes = node->outgoing[i] != node->default_flow;

        if (flow->condition) {
            int rc = condition_test(&yes, step, flow);

            if (rc)
                return rc;
            conditions++;
            trues += yes;
        }
        if (yes)
            taken[count++] = node->outgoing[i];
    }
    if (!trues && node->default_flow >= 0)
        taken[count++] = node->default_flow;
    if (!count)
        return fail(step->ctx, E_INVALID, "flow.fault.no_flow",
                    "no condition of the flows behind %s is true", node->id);
    send(step, token, taken, count);
    return 0;
}

/* G1: the first true one in document order, else the default. */
static int leave_exclusive(struct step *step, struct token *token,
                           const struct graph_node *node)
{
    int chosen = -1, i;

    for (i = 0; i < node->outgoing_count && chosen < 0; i++) {
        const struct graph_flow *flow = &step->graph->flows[node->outgoing[i]];
        bool yes = node->outgoing[i] != node->default_flow;
        int rc = 0;

        if (flow->condition)
            rc = condition_test(&yes, step, flow);
        if (rc)
            return rc;
        if (yes)
            chosen = node->outgoing[i];
    }
    if (chosen < 0)
        chosen = node->default_flow;
    if (chosen < 0)
        return fail(step->ctx, E_INVALID, "flow.fault.no_flow",
                    "no condition of the flows behind %s is true", node->id);
    send(step, token, &chosen, 1);
    return 0;
}

int step_leave(struct step *step, struct token *token)
{
    const struct graph_node *node = &step->graph->nodes[token->node];
    size_t index = (size_t)(token - step->tokens);
    int rc;

    if (node->copy_count) {
        rc = copies_send(step, node->copies, node->copy_count, node->id);
        if (rc)
            return fault_is_fatal(rc) ? rc : E_INTERNAL;
    }
    token = &step->tokens[index];
    if (node->kind != NODE_START && node->kind != NODE_PARALLEL) {
        rc = leave_activity(step, token, node);
        if (rc && !fault_is_fatal(rc) && rc != E_INTERNAL)
            return step_fault(step, &step->tokens[index], TOKEN_LEAVING, true);
        return rc;
    }
    send(step, token, node->outgoing, node->outgoing_count);
    return 0;
}

/* ---- arriving ---- */

/* G2: counted per flow; one token of each flow is taken, what is more stays
 * for the next round. */
static void arrive_parallel(struct step *step, struct token *token,
                            const struct graph_node *node)
{
    size_t index = (size_t)(token - step->tokens), i;
    int k;

    set_state(token, TOKEN_JOIN);
    for (k = 0; k < node->incoming_count; k++) {
        bool there = false;

        for (i = 0; i < step->token_count && !there; i++)
            there = !step->tokens[i].gone &&
                    step->tokens[i].state == TOKEN_JOIN &&
                    step->tokens[i].flow == node->incoming[k];
        if (!there)
            return;
    }
    for (k = 0; k < node->incoming_count; k++) {
        if (node->incoming[k] == step->tokens[index].flow)
            continue;
        for (i = 0; i < step->token_count; i++)
            if (!step->tokens[i].gone && step->tokens[i].state == TOKEN_JOIN &&
                step->tokens[i].flow == node->incoming[k]) {
                step->tokens[i].gone = step->tokens[i].moved = true;
                break;
            }
    }
    send(step, &step->tokens[index], node->outgoing, node->outgoing_count);
}

static int arrive_end(struct step *step, struct token *token,
                      const struct graph_node *node)
{
    struct instance *instance = step->instance;
    const char *outcome = node->result ? node->result : instance->result;

    token->gone = token->moved = true;
    /* Of several ends, one that rejects decides. */
    if (!text_equal(instance->outcome, "rejected"))
        instance->outcome =
            text_equal(outcome, "rejected") ? "rejected" : "approved";
    if (!node->copy_count)
        return 0;
    return copies_send(step, node->copies, node->copy_count, node->id);
}

static int arrive_work(struct step *step, struct token *token,
                       const struct graph_node *node)
{
    size_t index = (size_t)(token - step->tokens);
    int rc;

    if (node->async && !step->resumed) {
        set_state(token, TOKEN_JOB);
        return retry_add(step, token, 0);
    }
    step->resumed = false;
    rc = node->kind == NODE_SCRIPT ? script_run(step, node)
                                   : service_run(step, node);
    return rc ? rc : step_leave(step, &step->tokens[index]);
}

static int arrive(struct step *step, struct token *token)
{
    const struct graph_node *node = &step->graph->nodes[token->node];

    switch (node->kind) {
    case NODE_USER:
        return visit_open(step, token, node);
    case NODE_SERVICE:
    case NODE_SCRIPT:
        return arrive_work(step, token, node);
    case NODE_END:
        return arrive_end(step, token, node);
    case NODE_EXCLUSIVE:
        return leave_exclusive(step, token, node);
    case NODE_PARALLEL:
        arrive_parallel(step, token, node);
        return 0;
    case NODE_START:
    case NODE_MANUAL:
        return step_leave(step, token);
    }
    return 0;
}

/* T5: more than a thousand visits and still no rest. */
static int overflow(struct step *step)
{
    struct token *first = &step->tokens[step->agenda[step->agenda_head]];

    for (; step->agenda_head < step->agenda_tail; step->agenda_head++)
        set_state(&step->tokens[step->agenda[step->agenda_head]], TOKEN_FAULT);
    (void)fail(step->ctx, E_INVALID, "flow.fault.loop",
               "more than %d elements in one step: a loop without a task",
               STEP_VISITS_MAX);
    return step_fault(step, first, TOKEN_FAULT, true);
}

/* ---- the loop ---- */

static int run_agenda(struct step *step)
{
    while (step->agenda_head < step->agenda_tail) {
        size_t index = step->agenda[step->agenda_head];
        int rc;

        if (++step->visits > STEP_VISITS_MAX)
            return overflow(step);
        step->agenda_head++;
        step->fault_node = step->graph->nodes[step->tokens[index].node].id;
        rc = arrive(step, &step->tokens[index]);
        if (rc && (fault_is_fatal(rc) || rc == E_INTERNAL))
            return rc;
        if (rc)
            rc = step_fault(step, &step->tokens[index], TOKEN_FAULT, true);
        if (rc)
            return rc;
    }
    return 0;
}

/* I3, T5: an instance whose tokens all stand at joins would hang for ever. */
static int find_deadlock(struct step *step)
{
    struct token *join = NULL;
    size_t i, live = 0;

    for (i = 0; i < step->token_count; i++) {
        if (step->tokens[i].gone)
            continue;
        live++;
        if (step->tokens[i].state != TOKEN_JOIN)
            return 0;
        join = &step->tokens[i];
    }
    if (!live)
        return step_finish(step, step->instance->outcome
                                     ? step->instance->outcome
                                     : "approved");
    (void)fail(step->ctx, E_INVALID, "flow.fault.deadlock",
               "the parallel join %s waits for a flow that brings nothing",
               step->graph->nodes[join->node].id);
    return step_fault(step, join, TOKEN_JOIN, false);
}

int step_run(struct step *step)
{
    int rc = run_agenda(step);

    if (!rc)
        rc = find_deadlock(step);
    return rc;
}

static int save_token(struct step *step, struct token *token)
{
    const char *node = step->graph->nodes[token->node].id;
    const char *flow =
        token->flow >= 0 ? step->graph->flows[token->flow].id : NULL;
    const char *state = state_names[token->state];

    if (token->gone && !token->stored)
        return 0;
    if (token->gone)
        return db_exec(step->ctx, "DELETE FROM flow_token WHERE id = ?1", "i",
                       token->id);
    if (token->stored)
        return db_exec(step->ctx,
                       "UPDATE flow_token SET node = ?2, flow = ?3, state = ?4"
                       " WHERE id = ?1",
                       "isss", token->id, node, flow, state);
    token->stored = true;
    return db_exec(step->ctx,
                   "INSERT INTO flow_token (id, instance, scope, node, flow,"
                   " state) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                   "iiisss", token->id, step->instance->id, token->scope, node,
                   flow, state);
}

int step_save(struct step *step)
{
    size_t i;

    for (i = 0; i < step->token_count; i++) {
        int rc;

        if (!step->tokens[i].moved)
            continue;
        rc = save_token(step, &step->tokens[i]);
        if (rc)
            return rc;
        step->tokens[i].moved = false;
    }
    if (step->path.length)
        buf_add_char(&step->path, ']');
    return 0;
}

/* ---- under a savepoint ---- */

static int follow(struct step *step, struct token *token, bool leave)
{
    int rc = 0;

    if (leave)
        rc = step_leave(step, token);
    else
        step_enter(step, token);
    if (!rc)
        rc = step_run(step);
    return rc ? rc : step_save(step);
}

/* The step was undone: reads the tokens anew and lets this one wait. */
static int park(struct step *step, const struct token *lost, bool leave)
{
    struct step fresh;
    struct token *token;
    int rc = step_open(&fresh, step->ctx, step->instance);

    if (rc)
        return rc;
    fresh.told = step->told;
    fresh.told_count = step->told_count;
    fresh.told_capacity = step->told_capacity;
    fresh.scope = fresh.scope ? fresh.scope : step->scope;
    fresh.job_token = step->job_token;
    token = step_token(&fresh, lost->id);
    if (!token) {
        token = step_place(&fresh, lost->node);
        if (!token)
            return E_STORE;
    }
    rc = step_fault(&fresh, token, leave ? TOKEN_LEAVING : TOKEN_FAULT, true);
    if (!rc)
        rc = step_save(&fresh);
    *step = fresh;
    return rc;
}

int step_follow(struct step *step, struct token *token, bool leave)
{
    struct instance before = *step->instance;
    struct token lost = *token;
    /* A savepoint: who calls holds the guard of the instance. */
    int rc = tx_begin_shared(step->ctx, "flow.step");

    if (rc)
        return rc;
    rc = follow(step, token, leave);
    if (!rc || fault_is_fatal(rc))
        return tx_end(step->ctx, rc);
    tx_rollback(step->ctx);
    *step->instance = before;
    return park(step, &lost, leave);
}
