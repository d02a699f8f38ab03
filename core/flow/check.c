/*
 * check.c - what must hold for a process as a whole, before it may run (R3).
 */
#include "base/banned.h"

#include "flow/bpmn.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/value.h"
#include "script/script.h"

/* An activity or end event without outgoing flow ends its token (T3). */
static bool is_activity(const struct graph_node *node)
{
    return node->kind == NODE_USER || node->kind == NODE_SERVICE ||
           node->kind == NODE_SCRIPT || node->kind == NODE_MANUAL;
}

static bool is_gateway(const struct graph_node *node)
{
    return node->kind == NODE_EXCLUSIVE || node->kind == NODE_PARALLEL;
}

static void check_start(struct bpmn *bpmn)
{
    struct graph *graph = bpmn->graph;
    int i;

    for (i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];

        if (node->kind != NODE_START)
            continue;
        if (graph->start >= 0)
            bpmn_refuse(bpmn, bpmn->at[i], "flow.bpmn.one_start",
                        "a process has one start event", "");
        else
            graph->start = i;
    }
    if (graph->start < 0)
        bpmn_refuse(bpmn, bpmn->process, "flow.bpmn.one_start",
                    "a process has one start event", "");
}

static void check_ends_of(struct bpmn *bpmn, int i)
{
    const struct graph_node *node = &bpmn->graph->nodes[i];
    const struct xml_element *at = bpmn->at[i];

    if (node->kind == NODE_START && node->incoming_count)
        bpmn_refuse(bpmn, at, "flow.bpmn.into_start",
                    "no flow may lead into a start event", "");
    if (node->kind == NODE_END && node->outgoing_count)
        bpmn_refuse(bpmn, at, "flow.bpmn.out_of_end",
                    "no flow may leave an end event", "");
    if ((node->kind == NODE_START || is_gateway(node)) && !node->outgoing_count)
        bpmn_refuse(bpmn, at, "flow.bpmn.no_way_out",
                    "no flow leaves this element", "");
}

/* <incoming> and <outgoing> repeat what the flows say; they must agree. */
static void check_references(struct bpmn *bpmn, int i)
{
    const struct xml_element *child;

    for (child = bpmn->at[i]->first; child; child = child->next) {
        bool in = xml_is(child, BPMN_SPACE, "incoming");
        const char *id;
        const char *colon;
        int flow;

        if (!in && !xml_is(child, BPMN_SPACE, "outgoing"))
            continue;
        id = xml_text(bpmn->ctx, child);
        colon = strrchr(id, ':');
        flow = graph_flow_find(bpmn->graph, colon ? colon + 1 : id);
        if (flow < 0 || (in ? bpmn->graph->flows[flow].target
                            : bpmn->graph->flows[flow].source) != i)
            bpmn_refuse(
                bpmn, bpmn->at[i], "flow.bpmn.dangling",
                "this refers to nothing: ",
                arena_printf(bpmn->ctx->arena, "%s %s", child->name, id));
    }
}

static void check_default(struct bpmn *bpmn, int i)
{
    struct graph_node *node = &bpmn->graph->nodes[i];
    const char *id = xml_attribute(bpmn->at[i], "", "default");
    int flow;

    if (!id)
        return;
    if (!is_activity(node) && node->kind != NODE_EXCLUSIVE) {
        bpmn_refuse(bpmn, bpmn->at[i], "flow.bpmn.default_place",
                    "only an activity or an exclusive gateway has a default "
                    "flow",
                    "");
        return;
    }
    flow = graph_flow_find(bpmn->graph, id);
    if (flow < 0 || bpmn->graph->flows[flow].source != i) {
        bpmn_refuse(bpmn, bpmn->at[i], "flow.bpmn.dangling",
                    "this refers to nothing: default ", id);
        return;
    }
    if (bpmn->graph->flows[flow].condition)
        bpmn_refuse(bpmn, bpmn->flow_at[flow], "flow.bpmn.default_condition",
                    "a default flow has no condition", "");
    node->default_flow = flow;
}

static void check_conditions(struct bpmn *bpmn, int i)
{
    const struct graph_node *node = &bpmn->graph->nodes[i];
    int k;

    for (k = 0; k < node->outgoing_count; k++) {
        int flow = node->outgoing[k];
        bool condition = bpmn->graph->flows[flow].condition != NULL;

        if (condition &&
            (node->kind == NODE_PARALLEL || node->kind == NODE_START))
            bpmn_refuse(
                bpmn, bpmn->flow_at[flow], "flow.bpmn.condition_place",
                "a flow that leaves this element has no condition: ", node->id);
        if (node->kind == NODE_EXCLUSIVE && node->outgoing_count > 1 &&
            !condition && flow != node->default_flow)
            bpmn_refuse(bpmn, bpmn->flow_at[flow],
                        "flow.bpmn.condition_missing",
                        "a flow that leaves an exclusive gateway has a "
                        "condition or is its default",
                        "");
    }
    if (node->kind == NODE_EXCLUSIVE && node->outgoing_count > 1 &&
        node->default_flow < 0)
        bpmn_warn(bpmn, bpmn->at[i], "flow.bpmn.no_default",
                  "no default flow: where no condition is true, the process "
                  "waits with an incident");
}

/* ---- reachability ---- */

static void spread(const struct graph *graph, bool *seen, int from,
                   bool backwards, int *stack)
{
    int top = 0;

    if (seen[from])
        return;
    seen[from] = true;
    stack[top++] = from;
    while (top) {
        const struct graph_node *node = &graph->nodes[stack[--top]];
        int count = backwards ? node->incoming_count : node->outgoing_count;
        int i;

        for (i = 0; i < count; i++) {
            const struct graph_flow *flow =
                &graph
                     ->flows[backwards ? node->incoming[i] : node->outgoing[i]];
            int next = backwards ? flow->source : flow->target;

            if (seen[next])
                continue;
            seen[next] = true;
            stack[top++] = next;
        }
    }
}

static void check_reach(struct bpmn *bpmn)
{
    const struct graph *graph = bpmn->graph;
    size_t count = (size_t)graph->node_count + 1;
    bool *from_start = arena_array(bpmn->ctx->arena, count, sizeof(bool));
    bool *to_end = arena_array(bpmn->ctx->arena, count, sizeof(bool));
    int *stack = arena_array(bpmn->ctx->arena, count, sizeof(int));
    int i;

    if (graph->start >= 0)
        spread(graph, from_start, graph->start, false, stack);
    for (i = 0; i < graph->node_count; i++)
        if (graph->nodes[i].kind == NODE_END ||
            (is_activity(&graph->nodes[i]) && !graph->nodes[i].outgoing_count))
            spread(graph, to_end, i, true, stack);
    for (i = 0; i < graph->node_count; i++) {
        if (graph->start >= 0 && !from_start[i])
            bpmn_refuse(bpmn, bpmn->at[i], "flow.bpmn.unreachable",
                        "nothing leads from the start to here", "");
        else if (!to_end[i])
            bpmn_refuse(bpmn, bpmn->at[i], "flow.bpmn.no_end",
                        "no way leads from here to an end", "");
    }
}

/* ---- a parallel join that no parallel split feeds ---- */

/* For each node, which incoming flows of `join` (bits) it can reach without
 * passing it. */
static void reach_of(const struct graph *graph, int join, uint64_t *mask,
                     bool *seen, int *stack)
{
    const struct graph_node *node = &graph->nodes[join];
    int k, i;

    for (i = 0; i < graph->node_count; i++)
        mask[i] = 0;
    for (k = 0; k < node->incoming_count; k++) {
        for (i = 0; i < graph->node_count; i++)
            seen[i] = i == join;
        spread(graph, seen, graph->flows[node->incoming[k]].source, true,
               stack);
        for (i = 0; i < graph->node_count; i++)
            if (seen[i] && i != join)
                mask[i] |= UINT64_C(1) << k;
    }
}

/* Incoming flows of the join that one outgoing flow of a split reaches. */
static uint64_t branch_mask(const struct graph *graph, int join, int flow,
                            const uint64_t *mask)
{
    const struct graph_node *node = &graph->nodes[join];
    int k;

    for (k = 0; k < node->incoming_count; k++)
        if (node->incoming[k] == flow)
            return UINT64_C(1) << k;
    return graph->flows[flow].target == join ? 0
                                             : mask[graph->flows[flow].target];
}

/* Can two tokens of this split come to two different flows of the join? */
static bool feeds(const struct graph *graph, int split, int join,
                  const uint64_t *mask)
{
    const struct graph_node *node = &graph->nodes[split];
    uint64_t seen = 0;
    int branches = 0, k;

    if (node->kind == NODE_EXCLUSIVE)
        return false;
    for (k = 0; k < node->outgoing_count; k++) {
        uint64_t one = branch_mask(graph, join, node->outgoing[k], mask);

        seen |= one;
        branches += one != 0;
    }
    return branches > 1 && (seen & (seen - 1)) != 0;
}

static void check_joins(struct bpmn *bpmn)
{
    const struct graph *graph = bpmn->graph;
    size_t count = (size_t)graph->node_count + 1;
    uint64_t *mask = arena_array(bpmn->ctx->arena, count, sizeof(*mask));
    bool *seen = arena_array(bpmn->ctx->arena, count, sizeof(bool));
    int *stack = arena_array(bpmn->ctx->arena, count, sizeof(int));
    int i, split;

    for (i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];
        bool fed = false;

        if (node->kind != NODE_PARALLEL || node->incoming_count < 2 ||
            node->incoming_count > 64)
            continue;
        reach_of(graph, i, mask, seen, stack);
        for (split = 0; split < graph->node_count && !fed; split++)
            fed = split != i && feeds(graph, split, i, mask);
        if (!fed)
            bpmn_warn(bpmn, bpmn->at[i], "flow.bpmn.join_starves",
                      "this parallel join waits for a token on each flow, "
                      "but no parallel split sends them: it would wait for "
                      "ever");
    }
}

void bpmn_check(struct bpmn *bpmn)
{
    int i;

    check_start(bpmn);
    for (i = 0; i < bpmn->graph->node_count; i++) {
        check_ends_of(bpmn, i);
        check_references(bpmn, i);
        check_default(bpmn, i);
        check_conditions(bpmn, i);
    }
    check_reach(bpmn);
    check_joins(bpmn);
}

/* ---- the Lua inside ---- */

const char *flow_script_source(struct ctx *ctx, const char *script)
{
    return arena_printf(
        ctx->arena, "function run(record, variables, result) %s\nend", script);
}

static int check_task_script(struct ctx *ctx, const struct graph_node *node)
{
    const char *source = flow_script_source(ctx, node->script);
    struct script *script = NULL;
    int rc = script_open(&script, ctx, node->id, NULL);

    if (!rc)
        rc = script_load(ctx, script, node->id, source, strlen(source));
    script_close(script);
    return rc;
}

static int check_parameters(struct ctx *trial, struct script *script,
                            const struct parameter *list, int count)
{
    int i, rc = 0;

    for (i = 0; !rc && i < count; i++)
        if (list[i].expression)
            rc = script_check(trial, script, list[i].expression);
    return rc;
}

int graph_check_scripts(struct ctx *ctx, const char *name,
                        const struct graph *graph)
{
    struct script *script;
    struct ctx trial = *ctx; /* each problem is told with its element */
    int rc = script_shared(&script, ctx), result = 0, i, k;

    if (rc)
        return rc;
    for (i = 0; i < graph->flow_count; i++) {
        const struct graph_flow *flow = &graph->flows[i];

        ctx_clear(&trial);
        if (!flow->condition || !script_check(&trial, script, flow->condition))
            continue;
        result = fail_at(ctx, E_INVALID,
                         arena_printf(ctx->arena, "%s:%d", name, flow->line),
                         "flow.bpmn.lua", "line %d, %s: %s", flow->line,
                         flow->id, ctx_error(&trial));
    }
    for (i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];

        ctx_clear(&trial);
        rc = node->script ? check_task_script(&trial, node) : 0;
        if (!rc)
            rc = check_parameters(&trial, script, node->parameters,
                                  node->parameter_count);
        for (k = 0; !rc && k < node->participant_count; k++)
            rc = check_parameters(&trial, script,
                                  node->participants[k].parameters,
                                  node->participants[k].parameter_count);
        for (k = 0; !rc && k < node->copy_count; k++)
            rc = check_parameters(&trial, script, node->copies[k].parameters,
                                  node->copies[k].parameter_count);
        if (rc)
            result =
                fail_at(ctx, E_INVALID,
                        arena_printf(ctx->arena, "%s:%d", name, node->line),
                        "flow.bpmn.lua", "line %d, %s: %s", node->line,
                        node->id, ctx_error(&trial));
    }
    return result;
}
